//! Man pages, made from the command line's definition.

mod roff;
mod synopsis;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Command as Definition, CommandFactory};

use self::roff::{roff, tidy};
use self::synopsis::synopsis;
use super::Trouble;
use super::args::Cli;
use crate::config::{Section, Status, keys};
use crate::recipe::{CATEGORIES, Mode};
use crate::restore::NEVER;
use crate::system::{FileError, create_private_dir, write_public};
use crate::workflow::{EXIT_CODES, ExitCode};

/// When the version was released, which its pages bear: the newest date of CHANGELOG.md.
const RELEASED: &str = "2026-11-21";

/// Hand-written sections before and behind the generated exit status.
const BEFORE: &[&str] = &[include_str!("../../../man/sections/examples.roff")];
const BEHIND: &[&str] = &[
    include_str!("../../../man/sections/files.roff"),
    include_str!("../../../man/sections/manual-restore.roff"),
    include_str!("../../../man/sections/signatures.roff"),
    include_str!("../../../man/sections/see-also.roff"),
];

/// The page of the program.
const MAIN: &str = "proxmox-backup";

/// proxmox-backup-restore(8): what follows its description, and its sections around those that are
/// made from tables.
const RESTORE: &str = "proxmox-backup-restore";
const RESTORE_DESCRIPTION: &str = include_str!("../../../man/sections/restore/description.roff");
const RESTORE_BEFORE: &[&str] = &[include_str!("../../../man/sections/restore/steps.roff")];
const RESTORE_BEHIND: [&str; 4] = [
    include_str!("../../../man/sections/restore/examples.roff"),
    include_str!("../../../man/sections/restore/files.roff"),
    include_str!("../../../man/sections/restore/manual-restore.roff"),
    include_str!("../../../man/sections/restore/see-also.roff"),
];

const EXIT_STATUS: &str = ".SH \"EXIT STATUS\"\n";

/// Commands whose reader may want to know how it goes by hand.
const OPENS_BACKUPS: &[&str] = &["decrypt", "derive", "extract", "fetch", "show"];

/// `proxmox-backup man DIR`: one page per command.
pub(super) fn write_man(dir: &Path) -> Result<ExitCode, Trouble> {
    create_private_dir(dir)?;
    for (name, content) in pages() {
        let path: PathBuf = dir.join(name);
        write_public(&path, content.as_bytes()).map_err(FileError::of("write", &path))?;
    }
    Ok(ExitCode::Done)
}

/// Name and text of each.
fn pages() -> Vec<(String, String)> {
    let mut definition = Cli::command();
    definition.build();
    let mut pages = vec![("proxmox-config-backup.5".to_owned(), tidy(&configuration_page()))];
    collect_pages(&definition, &[MAIN], &mut pages);
    pages
}

/// `words` call the command.
fn collect_pages(command: &Definition, words: &[&str], pages: &mut Vec<(String, String)>) {
    let name = words.join("-");
    let mut text = title(&name, 8, "System Administration");
    let _ = writeln!(text, ".SH NAME\n{} \\- {}", roff(&name), roff(&with_first(&about(command), str::to_lowercase)));
    text += &synopsis(command, &words.join(" "));
    text += &description(command, ![MAIN, RESTORE].contains(&name.as_str()));
    if name == RESTORE {
        text += RESTORE_DESCRIPTION;
    }
    text += &options(command);
    let inner: Vec<_> = documented(command).collect();
    if !inner.is_empty() {
        text.push_str(".SH COMMANDS\n");
    }
    for sub in &inner {
        let _ = writeln!(text, ".TP\n.BR {}\\-{} (8)\n{}", roff(&name), roff(sub.get_name()), roff(&about(sub)));
    }
    text += &match name.as_str() {
        MAIN => main_sections(),
        RESTORE => restore_sections(),
        _ => sections(command, words),
    };
    pages.push((format!("{name}.8"), tidy(&text)));
    for sub in inner {
        collect_pages(sub, &[words, &[sub.get_name()]].concat(), pages);
    }
}

/// The commands below that have a page.
fn documented(command: &Definition) -> impl Iterator<Item = &Definition> {
    command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
}

fn about(command: &Definition) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

/// The first line. The name stands on both sides of a line of 78 letters, the manual between them
/// where there is room.
fn title(name: &str, section: u8, manual: &str) -> String {
    let has_room = 2 * (name.len() + "(8)".len()) + manual.len() < 78;
    let manual = if has_room { manual } else { "\\&" };
    let version = env!("CARGO_PKG_VERSION");
    format!(".TH {} {section} {} \"proxmox\\-backup {version}\" \"{manual}\"\n", roff(&name.to_uppercase()), RELEASED)
}

fn description(command: &Definition, is_ordinary: bool) -> String {
    let about = command.get_long_about().map_or_else(|| about(command), ToString::to_string);
    // Pages with sections written by hand say it there.
    let below = if is_ordinary { below_help(command) } else { String::new() };
    let said = below.split("\n\n").filter(|paragraph| !paragraph.is_empty() && !paragraph.starts_with("  "));
    let mut text = String::from(".SH DESCRIPTION\n");
    for paragraph in about.split("\n\n").chain(said) {
        let stop = if paragraph.ends_with(['.', ':']) { "" } else { "." };
        let _ = writeln!(text, ".PP\n{}{stop}", roff(&paragraph.replace('\n', " ")));
    }
    text
}

fn options(command: &Definition) -> String {
    let mut bytes = Vec::new();
    // Writing to memory does not fail.
    let _ = clap_mangen::Man::new(command.clone()).render_options_section(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn main_sections() -> String {
    let mut text = BEFORE.concat();
    text.push_str(EXIT_STATUS);
    for (code, meaning) in EXIT_CODES {
        let _ = writeln!(text, ".TP\n\\fB{}\\fR\n{}", code.number(), roff(meaning));
    }
    text + &BEHIND.concat()
}

fn restore_sections() -> String {
    let mut text = RESTORE_BEFORE.concat();
    text.push_str(".SH \"WHAT IS NEVER RESTORED\"\nWhatever is selected, these stay as they are:\n");
    for (paths, why) in NEVER {
        let paths: Vec<String> = paths.iter().map(|path| format!("\\fI{}\\fR", roff(path))).collect();
        let _ = writeln!(text, ".TP\n{}\n{}.", paths.join(", "), sentence(why));
    }
    text.push_str(".SH CATEGORIES\n");
    for facts in CATEGORIES {
        let modes = [(Mode::Storage, "storage"), (Mode::Base, "base")];
        let modes = modes.iter().filter(|(mode, _)| facts.category.is_in(*mode));
        let modes: Vec<String> = modes.map(|(_, name)| format!("\\fB{name}\\fR")).collect();
        let _ = write!(text, ".TP\n\\fB{}\\fR\n{}", roff(facts.id), roff(facts.title));
        let _ = if modes.is_empty() { writeln!(text) } else { writeln!(text, ", in mode {}", modes.join(" and ")) };
    }
    let [examples, behind @ ..] = RESTORE_BEHIND;
    text + examples + &exit_status("restore") + &behind.concat()
}

/// A reason as a sentence of its own.
fn sentence(why: &str) -> String {
    roff(&with_first(why, str::to_uppercase))
}

/// The text with its first letter as `case` has it: behind a name and a dash it is small.
fn with_first(text: &str, case: fn(&str) -> String) -> String {
    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    case(first) + rest
}

/// What a command's numbers mean, where they are not the usual ones.
fn exit_status(command: &str) -> String {
    let own = match command {
        "status" => "0 is OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN, whatever these numbers mean elsewhere.\n",
        "diff" => {
            "0 when nothing differs, 1 when something does or could not be read.\nThe others are listed in\n.BR proxmox\\-backup (8).\n"
        }
        _ => {
            "0 when all that was asked for is true, 1 when it is with warnings.\nThe others are listed in\n.BR proxmox\\-backup (8).\n"
        }
    };
    format!("{EXIT_STATUS}{own}")
}

/// The last ones of an ordinary page.
fn sections(command: &Definition, words: &[&str]) -> String {
    let mut text = String::from(".SH EXAMPLES\n");
    for example in below_help(command).lines().filter_map(|line| line.strip_prefix("  ")) {
        let _ = writeln!(text, ".PP\n.RS 4\n.EX\n{}\n.EE\n.RE", roff(example));
    }
    text += &exit_status(command.get_name());
    text += &see_also(command, words);
    text
}

/// What stands below `--help`: examples behind two blanks, and paragraphs.
fn below_help(command: &Definition) -> String {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    help.split_once('\n').map_or_else(String::new, |(_, below)| below.to_owned())
}

/// The commands above, and what it is about.
fn see_also(command: &Definition, words: &[&str]) -> String {
    let mut pages: Vec<(String, u8)> = (1..words.len()).map(|end| (words[..end].join("-"), 8)).collect();
    if OPENS_BACKUPS.contains(&command.get_name()) {
        pages.push((RESTORE.to_owned(), 8));
    }
    if words.contains(&"config") {
        pages.push(("proxmox-config-backup".to_owned(), 5));
    }
    let pages: Vec<String> = pages.iter().map(|(name, section)| format!(".BR {} ({section})", roff(name))).collect();
    format!(".SH \"SEE ALSO\"\n{}\n", pages.join(",\n"))
}

/// proxmox-config-backup(5): the keys that have an effect.
fn configuration_page() -> String {
    let mut text = title("proxmox-config-backup", 5, "File Formats");
    text += include_str!("../../../man/sections/configuration.roff");
    for section in Section::ALL {
        let mut used = keys().iter().filter(|key| key.section == section && key.status == Status::Used).peekable();
        if used.peek().is_none() {
            continue;
        }
        let _ = writeln!(text, ".SH \"{}\"", roff(&section.title().to_uppercase()));
        for key in used {
            // A long list needs places where its line may be broken and stretched.
            let default = roff(key.default).replace(',', ", ");
            let _ = writeln!(text, ".TP\n\\fB{}\\fR={default}\n{}", roff(key.name), roff(key.help));
        }
    }
    text + include_str!("../../../man/sections/configuration-end.roff")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_has_the_usual_sections_in_their_order() {
        let pages = pages();
        assert!(pages.len() > 30);
        for (name, text) in pages {
            let titles: Vec<String> =
                text.lines().filter_map(|line| line.strip_prefix(".SH ")).map(|title| title.replace('"', "")).collect();
            let wanted: &[&str] = if name.ends_with(".5") {
                &["NAME", "SYNOPSIS", "DESCRIPTION", "GENERAL", "EXAMPLES", "FILES", "SEE ALSO"]
            } else {
                &["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS", "SEE ALSO"]
            };
            let mut rest = titles.iter();
            assert!(wanted.iter().all(|title| rest.any(|other| other == title)), "{name}: {titles:?}");
            assert!(text.starts_with(".TH ") && text.contains(".SY ") | name.ends_with(".5"), "{name}");
        }
    }

    #[test]
    fn a_page_bears_the_date_of_its_version() {
        assert!(chrono::NaiveDate::parse_from_str(RELEASED, "%Y-%m-%d").is_ok(), "{RELEASED}");
        // `## [0.1.0] - 2026-11-21`: the newest that has a date.
        let mut changes = include_str!("../../../CHANGELOG.md").lines();
        let newest = changes.find_map(|line| Some(line.strip_prefix("## [")?.split_once("] - ")?.1));
        assert_eq!(newest, Some(RELEASED));
    }

    #[test]
    fn a_long_name_stands_alone_in_its_line() {
        assert!(title("proxmox-backup", 8, "System Administration").ends_with("\"System Administration\"\n"));
        assert!(title("proxmox-backup-restore-confirm", 8, "System Administration").ends_with("\"\\&\"\n"));
    }

    #[test]
    fn a_synopsis_names_own_options_with_their_values() {
        let pages = pages();
        let (_, text) = pages.iter().find(|(name, _)| name == "proxmox-backup-extract.8").unwrap();
        let synopsis = text.split(".SH SYNOPSIS\n").nth(1).unwrap().split(".SH").next().unwrap();
        assert_eq!(
            synopsis,
            ".SY \"proxmox\\-backup extract\"\n[\\fIOPTION\\fR]...\\&\n\\fB\\-\\-to\\fR\\ \\fIDIR\\fR\n\
             [\\fB\\-\\-identity\\fR\\ \\fIFILE\\fR]...\\&\n[\\fB\\-\\-passphrase\\-file\\fR\\ \\fIFILE\\fR]\n\
             [\\fB\\-\\-salt\\fR\\ \\fISALT\\fR]\n\\fIID\\fR\n[\\fIPATHS\\fR]...\\&\n.YS\n"
        );
    }
}
