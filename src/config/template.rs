//! The shipped `etc/backup.env` and `docs/configuration.md`, written from the table.

use std::fmt::Write;

use super::keys::{self, Key, Kind, Secrecy, Section, Status};

/// `etc/backup.env`: every key that has an effect, commented out, with its default.
pub fn shipped_file() -> String {
    let mut text = String::from(
        "# Settings of proxmox-backup. Made from the table of keys.\n\
         #\n\
         # Each line below shows a default: remove the # in front and change the value.\n\
         # KEY=value, KEY='as it is', KEY=\"with ${BASE_DIR} filled in\". Nothing here is executed.\n\
         # A # after white space starts a comment. Check the file with: proxmox-backup config check\n",
    );
    for section in Section::ALL {
        let mut used = of(section).filter(|key| key.status == Status::Used && key.name != "BASE_DIR").peekable();
        if used.peek().is_none() {
            continue;
        }
        let _ = write!(text, "\n### {}\n", section.title());
        for key in used {
            shipped_key(&mut text, key);
        }
    }
    text
}

fn shipped_key(text: &mut String, key: &Key) {
    // Switches say all in one line each; the others get room.
    let gap = if key.kind == Kind::Bool { "" } else { "\n" };
    let _ = match key.kind {
        Kind::Paths => write!(text, "{gap}# {}\n#{}=\"\n#/srv/example\n#\"\n", key.help, key.name),
        Kind::Patterns if key.name == "BACKUP_BLACKLIST" => {
            write!(text, "{gap}# {}\n#{}=\"\n#/root/.cache\n#\"\n", key.help, key.name)
        }
        _ => write!(text, "{gap}# {}\n#{}={}\n", key.help, key.name, quoted(key.default)),
    };
}

fn quoted(value: &str) -> String {
    if value.contains([' ', '#', '$']) { format!("'{value}'") } else { value.to_owned() }
}

fn of(section: Section) -> impl Iterator<Item = &'static Key> {
    keys::all().iter().filter(move |key| key.section == section)
}

/// `docs/configuration.md`: all keys.
pub fn configuration_markdown() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         Made from the table of keys; do not edit (`UPDATE_DOCS=1 cargo test --lib config` writes it).\n\n\
         A value on the command line wins over the environment (`PROXMOX_BACKUP_<KEY>`), that over the file, that\n\
         over the default. An empty value stands for the default; an empty list for an empty list.\n\
         *later*: the value is checked, the feature is not part of this version.\n\
         *secret*: masked everywhere; may be given as `<KEY>_FILE=/path` or as a systemd credential of that name.\n",
    );
    for section in Section::ALL {
        let _ = write!(page, "\n## {}\n\n", section.title());
        if section == Section::Older {
            page.push_str("| Key | Why |\n|---|---|\n");
        } else {
            page.push_str("| Key | Value | Default | Meaning | Older names | Status |\n|---|---|---|---|---|---|\n");
        }
        of(section).for_each(|key| row(&mut page, key));
    }
    page
}

fn row(page: &mut String, key: &Key) {
    if let Status::NoEffect(why) = key.status {
        let _ = writeln!(page, "| `{}` | {why} |", key.name);
        return;
    }
    let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
    let same = key.aliases.iter().map(|name| format!("`{name}`"));
    let opposite = key.opposites.iter().map(|name| format!("`{name}` (the opposite)"));
    let _ = writeln!(
        page,
        "| `{}` | {} | {default} | {} | {} | {} |",
        key.name,
        kind(key.kind),
        key.help,
        same.chain(opposite).collect::<Vec<_>>().join("<br>"),
        status(key),
    );
}

fn status(key: &Key) -> &'static str {
    match (key.status, key.secrecy) {
        (Status::Used, Secrecy::Open) => "used",
        (Status::Used, Secrecy::Secret) => "used, secret",
        (Status::NotYet, Secrecy::Open) => "later",
        (Status::NotYet, Secrecy::Secret) => "later, secret",
        (Status::NoEffect(_), _) => "no effect",
    }
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Bool => "true or false".to_owned(),
        Kind::Number(least, most) => format!("{least} to {most}"),
        Kind::Level => "the codec's levels".to_owned(),
        Kind::Gigabytes => "GiB".to_owned(),
        Kind::Size => "size: `100M`".to_owned(),
        Kind::Seconds(least, most) => format!("{least} to {most} s, or `5m`"),
        Kind::Word(words) => {
            let names =
                words.iter().map(|spellings| spellings.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>());
            names.map(|spellings| spellings.join(" = ")).collect::<Vec<_>>().join(", ")
        }
        Kind::Path => "absolute path".to_owned(),
        Kind::Paths => "absolute paths".to_owned(),
        Kind::Patterns => "patterns".to_owned(),
        Kind::Recipients => "age recipients".to_owned(),
        Kind::Ports => "ports".to_owned(),
        Kind::List => "list".to_owned(),
        Kind::Url => "address".to_owned(),
        Kind::Text => "text".to_owned(),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test reads and writes the repository, not a host")]
mod tests {
    use super::*;

    fn keeps_up(file: &str, fresh: &str) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, fresh).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == fresh, "{file} is behind the table: run UPDATE_DOCS=1 cargo test --lib config");
    }

    #[test]
    fn the_shipped_file_keeps_up_with_the_table() {
        keeps_up("etc/backup.env", &shipped_file());
    }

    #[test]
    fn the_documentation_keeps_up_with_the_table() {
        keeps_up("docs/configuration.md", &configuration_markdown());
    }
}
