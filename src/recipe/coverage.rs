//! `docs/coverage.md`: everything worth having of a host, and which recipe takes it.
//!
//! `wanted.tsv` is written by hand from what Proxmox documents and what older tools took or
//! forgot: a path, `$` and a command line, or `@` and what is computed; behind a tab the reason why
//! it is left out. The rest of the page comes from the catalog, so a gap fails here.

use std::fmt::Write;

use super::docs::{switch, way_back};
use super::{Item, Product, Recipe, catalog};
use crate::pattern::Pattern;

const WANTED: &str = include_str!("wanted.tsv");

/// The recipe that takes something, if one does.
fn taker(wanted: &str, section: &str) -> Option<&'static Recipe> {
    let here = |recipe: &&'static Recipe| match recipe.product {
        Product::Pve => !section.starts_with("Proxmox Backup Server"),
        Product::Pbs => !section.starts_with("Proxmox VE"),
        Product::System => true,
    };
    let recipes = catalog().filter(here);
    if let Some(line) = wanted.strip_prefix("$ ") {
        return recipes.into_iter().find(|recipe| recipe.items.iter().any(|item| runs(item, line)));
    }
    if let Some(derived) = wanted.strip_prefix('@') {
        let is_it = |item: &Item| computed(item).is_some_and(|(name, _)| name == derived);
        return recipes.into_iter().find(|recipe| recipe.items.iter().any(is_it));
    }
    // The most specific claim wins, as in the plan.
    let claims = recipes.flat_map(|recipe| recipe.items.iter().map(move |item| (recipe, item)));
    let takes = claims.filter(|(_, item)| takes(item, wanted));
    takes.max_by_key(|(_, item)| item.claim().map_or(0, str::len)).map(|(recipe, _)| recipe)
}

/// Name and words of a computed item.
fn computed(item: &Item) -> Option<(String, &'static str)> {
    match item {
        Item::Derived(what) => Some((format!("{what:?}"), what.describe())),
        Item::Inventory(what, _) => Some((format!("{what:?}"), what.describe())),
        Item::Sample(what) => Some((format!("{what:?}"), what.describe())),
        _ => None,
    }
}

fn runs(item: &Item, line: &str) -> bool {
    matches!(item, Item::Command(command) | Item::Each(_, command) if command.argv.join(" ") == line)
}

fn takes(item: &Item, path: &str) -> bool {
    match item {
        Item::File(own, _) | Item::Database(own, _) => *own == path,
        Item::Tree(own, _) | Item::SmallFiles(own, _) => {
            path.strip_prefix(own).is_some_and(|below| below.is_empty() || below.starts_with('/'))
        }
        Item::Glob(pattern) => Pattern::new(pattern).covers(path.as_bytes()),
        _ => false,
    }
}

/// The page, and what is wanted but neither taken nor left out for a reason.
fn coverage() -> (String, Vec<String>) {
    let mut page = String::from(
        "# What a host has, and what becomes of it\n\n\
         Made from `src/recipe/wanted.tsv` and the recipe catalog; do not edit\n\
         (`UPDATE_DOCS=1 cargo test coverage` writes it). `{}` stands for each disk, storage, user and so on.\n",
    );
    let (mut section, mut gaps) = ("", Vec::new());
    for line in WANTED.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            section = title;
            let _ = write!(page, "\n## {title}\n\n| What | Recipe | Switch | Way back |\n|---|---|---|---|\n");
            continue;
        }
        let (wanted, reason) = line.split_once('\t').map_or((line, None), |(wanted, reason)| (wanted, Some(reason)));
        let shown = wanted.trim_start_matches("$ ");
        match (reason, taker(wanted, section)) {
            (Some(reason), _) => {
                let _ = writeln!(page, "| `{shown}` | – | | not taken: {reason} |");
            }
            (None, Some(recipe)) => {
                let (switch, way_back) = (switch(recipe), way_back(recipe.way_back));
                let _ = writeln!(page, "| {} | `{}` | {switch} | {way_back} |", title(shown), recipe.id);
            }
            (None, None) => gaps.push(wanted.to_owned()),
        }
    }
    (page, gaps)
}

/// Computed items are shown in words.
fn title(shown: &str) -> String {
    let derived = catalog().flat_map(|recipe| recipe.items).find_map(|item| {
        computed(item).filter(|(name, _)| shown.strip_prefix('@') == Some(name)).map(|(_, words)| words)
    });
    derived.map_or_else(|| format!("`{shown}`"), str::to_owned)
}

#[test]
fn nothing_wanted_is_without_a_recipe_or_a_reason() {
    let (_, gaps) = coverage();
    assert!(gaps.is_empty(), "neither taken nor left out for a reason: {gaps:#?}");
}

/// A tree above may take what has a reason; a recipe of its own contradicts it.
#[test]
fn no_command_is_both_run_and_left_out() {
    for line in WANTED.lines().filter(|line| line.starts_with("$ ")) {
        if let Some((command, _)) = line.split_once('\t') {
            assert!(taker(command, "").is_none(), "{command}");
        }
    }
}

/// The list has the spellings that each release understands; a command beside it is a guess.
#[test]
fn no_command_of_a_product_is_unknown_to_the_list() {
    let own = ["pve", "pvesh", "proxmox-", "qm", "pct", "ha-manager", "ceph"];
    for item in catalog().flat_map(|recipe| recipe.items) {
        if let Item::Command(command) | Item::Each(_, command) = item {
            let line = format!("$ {}", command.argv.join(" "));
            let is_own = own.iter().any(|start| command.argv[0].starts_with(start));
            assert!(!is_own || WANTED.lines().any(|wanted| wanted == line), "{line}");
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test reads and writes the repository, not a host")]
fn coverage_md_says_what_the_catalog_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/coverage.md");
    let (fresh, _) = coverage();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }

    let committed = std::fs::read_to_string(path).unwrap_or_default();

    assert!(committed == fresh, "docs/coverage.md is behind the catalog: run UPDATE_DOCS=1 cargo test coverage");
}
