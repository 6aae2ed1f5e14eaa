//! The shipped `etc/backup.env` and `etc/backup.yaml`, and `docs/configuration.md`, written from the table.

use std::fmt::Write;

use super::Format;
use super::keys::{self, Key, Kind, Secrecy, Section, Status};

const HEADER: &str = "\
# Settings of proxmox-backup. Made from the table of keys.
#
# Each line below shows a default: remove the # in front and change the value.
";

const ENV_HEADER: &str = "\
# KEY=value, KEY='as it is', KEY=\"with ${BASE_DIR} filled in\". Nothing here is executed.
# A # after white space starts a comment. Check the file with: proxmox-backup config check
";

const YAML_HEADER: &str = "\
# key: value, key: 'as it is', key: \"with ${BASE_DIR} filled in\". Nothing here is executed.
# Anchors, aliases and tags are refused. Check the file with: proxmox-backup config check
";

/// The commented file, `etc/backup.env` or `etc/backup.yaml`: every key that has an effect, switched
/// off, with its default.
pub fn shipped_file(format: Format) -> String {
    let more = match format {
        Format::Env => ENV_HEADER,
        Format::Yaml => YAML_HEADER,
    };
    let mut text = [HEADER, more].concat();
    for section in Section::ALL {
        let mut used = of(section).filter(|key| key.status == Status::Used && key.name != "BASE_DIR").peekable();
        if used.peek().is_none() {
            continue;
        }
        let _ = match (format, section.name()) {
            (Format::Yaml, Some(name)) => write!(text, "\n{name}:\n"),
            _ => write!(text, "\n### {}\n", section.title()),
        };
        for key in used {
            // Switches say all in one line each; the others get room.
            text.push_str(if key.kind == Kind::Bool { "" } else { "\n" });
            match format {
                Format::Env => shipped_key(&mut text, key),
                Format::Yaml => shipped_key_in_yaml(&mut text, key),
            }
        }
    }
    text
}

/// What stands for a value where the default is an empty list of lines.
fn example(key: &Key) -> Option<&'static str> {
    match key.kind {
        Kind::Paths => Some("/srv/example"),
        Kind::Patterns if key.name == "BACKUP_BLACKLIST" => Some("/root/.cache"),
        _ => None,
    }
}

/// As it may stand in a file, with `NAME` for what the user chooses.
fn name_in_file(key: &Key) -> String {
    key.name.replace('*', "NAME")
}

fn shipped_key(text: &mut String, key: &Key) {
    let name = name_in_file(key);
    let _ = match example(key) {
        Some(example) => write!(text, "# {}\n#{name}=\"\n#{example}\n#\"\n", key.help),
        None => write!(text, "# {}\n#{name}={}\n", key.help, quoted(key.default)),
    };
}

fn shipped_key_in_yaml(text: &mut String, key: &Key) {
    let name = name_in_file(key).to_ascii_lowercase();
    let _ = match example(key) {
        Some(example) => write!(text, "  # {}\n  #{name}:\n  #  - {example}\n", key.help),
        None if key.default.is_empty() => write!(text, "  # {}\n  #{name}:\n", key.help),
        None => write!(text, "  # {}\n  #{name}: {}\n", key.help, quoted(key.default)),
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
         *secret*: masked everywhere; may be given as `<KEY>_FILE=/path` or as a systemd credential of that name.\n\n\
         In `backup.yaml` a key stands in its section, which each heading below names, in small letters:\n\n\
         ```yaml\ngeneral:\n  backup_path: /srv/backups\ncollect:\n  backup_blacklist:\n    - /root/.cache\n    - '*.bak'\n```\n\n\
         A list is a list of YAML. A value in single quotes is taken as it is, any other has `${VAR}` filled in.\n\
         `proxmox-backup config convert` turns either form into the other.\n",
    );
    for section in Section::ALL {
        let _ = write!(page, "\n## {}\n\n", section.title());
        if let Some(name) = section.name() {
            let _ = write!(page, "In `backup.yaml`: `{name}`\n\n");
        }
        if section == Section::Older {
            page.push_str("| Key | Why |\n|---|---|\n");
        } else {
            page.push_str(
                "| Key | In YAML | Value | Default | Meaning | Older names | Status |\n|---|---|---|---|---|---|---|\n",
            );
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
        "| `{}` | `{}` | {} | {default} | {} | {} | {} |",
        key.name,
        key.name.to_ascii_lowercase(),
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
    fn the_shipped_files_keep_up_with_the_table() {
        keeps_up("etc/backup.env", &shipped_file(Format::Env));
        keeps_up("etc/backup.yaml", &shipped_file(Format::Yaml));
    }

    #[test]
    fn the_documentation_keeps_up_with_the_table() {
        keeps_up("docs/configuration.md", &configuration_markdown());
    }
}
