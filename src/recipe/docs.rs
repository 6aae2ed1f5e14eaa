//! `docs/collected.md`, written from the catalog.

use std::fmt::Write;

use super::{Command, Default, Item, Need, Product, Recipe, WayBack, When, catalog};

/// The whole page.
pub fn collected_markdown() -> String {
    let mut page = String::from(
        "# What is collected\n\n\
         Made from the recipe catalog; do not edit (`UPDATE_DOCS=1 cargo test collected` writes it).\n\
         The most specific path wins: what another recipe names is left out of a directory above it.\n\n\
         Below `--root DIR` no command runs, and what only commands tell is missing. `/etc/pve` is empty on a\n\
         disk that does not run: its files come from `/var/lib/pve-cluster/config.db` and its log then, under\n\
         their own paths, with the owners and modes the cluster file system gives them.\n\n\
         The cluster file system is read in one go with its database, again when `.version` changed\n\
         meanwhile, three times at most. Mounts below a directory are left out and named in the report;\n\
         a recipe or `CUSTOM_BACKUP_PATHS` that names one takes it.\n",
    );
    for (product, title) in
        [(Product::Pve, "Proxmox VE"), (Product::Pbs, "Proxmox Backup Server"), (Product::System, "Every host")]
    {
        let _ = write!(
            page,
            "\n## {title}\n\n\
             | Recipe | What | Switch | Paths | Commands | Secrets | Way back |\n\
             |---|---|---|---|---|---|---|\n"
        );
        for recipe in catalog().filter(|recipe| recipe.product == product) {
            row(&mut page, recipe);
        }
    }
    page
}

fn row(page: &mut String, recipe: &Recipe) {
    let _ = writeln!(
        page,
        "| `{}` | {}{} | {} | {} | {} | {} | {} |",
        recipe.id,
        recipe.title,
        condition(recipe.when),
        switch(recipe),
        lines(recipe.items.iter().filter_map(path)),
        lines(recipe.items.iter().filter_map(program)),
        lines(recipe.secrets.iter().map(|path| format!("`{path}`"))),
        way_back(recipe.way_back),
    );
}

fn condition(when: When) -> String {
    match when {
        When::Always => String::new(),
        When::Clustered => " (cluster members)".to_owned(),
        When::PathExists(path) => format!(" (where `{path}` exists)"),
    }
}

pub(super) fn switch(recipe: &Recipe) -> String {
    let Some(switch) = recipe.switch else {
        return "always".to_owned();
    };
    let default = match switch.default {
        Default::On => "on",
        Default::Off => "off",
    };
    format!("`{}` ({default})", switch.key)
}

fn path(item: &Item) -> Option<String> {
    match item {
        Item::File(path, need) => Some(format!("`{path}`{}", required(*need))),
        Item::SmallFiles(path, largest) => Some(format!("`{path}/` (files up to {largest})")),
        Item::Tree(path, need) => Some(format!("`{path}/`{}", required(*need))),
        Item::Database(path, need) => Some(format!("`{path}` (database){}", required(*need))),
        Item::Glob(pattern) => Some(format!("`{pattern}`")),
        Item::Derived(derived) => Some(derived.describe().to_owned()),
        Item::Inventory(what, _) => Some(match what.names() {
            Some(names) => format!("{} of each {}", what.describe(), names.describe()),
            None => what.describe().to_owned(),
        }),
        Item::Sample(what) => Some(format!("{} of each {}", what.describe(), what.names().describe())),
        Item::Command(_) | Item::Each(..) => None,
    }
}

fn required(need: Need) -> &'static str {
    match need {
        Need::Required => " (required)",
        Need::Optional => "",
    }
}

fn program(item: &Item) -> Option<String> {
    match item {
        Item::Command(command) => Some(command_line(command)),
        Item::Each(names, command) => Some(format!("{} for each {}", command_line(command), names.describe())),
        _ => None,
    }
}

fn command_line(command: &Command) -> String {
    format!("`{}`", command.argv.join(" "))
}

/// Table cells have one line; `<br>` is what Markdown viewers agree on.
fn lines(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("<br>")
}

pub(super) fn way_back(way: WayBack) -> &'static str {
    match way {
        WayBack::Files => "in place",
        WayBack::Pmxcfs => "database or `/etc/pve`",
        WayBack::PbsFiles => "in place, daemons stopped",
        WayBack::Merge => "missing entries added",
        WayBack::Network => "last, with a timer",
        WayBack::SameHardware => "same hardware only",
        WayBack::Export => "for reading",
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test reads and writes the repository, not a host")]
mod tests {
    use super::*;

    #[test]
    fn collected_md_says_what_the_catalog_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/collected.md");
        let fresh = collected_markdown();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
            std::fs::write(path, &fresh).unwrap();
        }

        let committed = std::fs::read_to_string(path).unwrap_or_default();

        assert!(committed == fresh, "docs/collected.md is behind the catalog: run UPDATE_DOCS=1 cargo test collected");
    }
}
