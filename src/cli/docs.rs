//! Man pages, made from the command line's definition.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Command as Definition, CommandFactory};

use super::Trouble;
use super::args::Cli;
use crate::config::{Section, Status, keys};
use crate::recipe::{CATEGORIES, Mode};
use crate::restore::NEVER;
use crate::system::{FileError, create_private_dir, write_public};
use crate::workflow::{EXIT_CODES, ExitCode};

/// Hand-written sections before and behind the generated exit status.
const BEFORE: &[&str] = &[include_str!("../../man/sections/examples.roff")];
const BEHIND: &[&str] = &[
    include_str!("../../man/sections/files.roff"),
    include_str!("../../man/sections/manual-restore.roff"),
    include_str!("../../man/sections/signatures.roff"),
    include_str!("../../man/sections/see-also.roff"),
];

/// proxmox-backup-restore(8): what follows its description, and its sections around those that are
/// made from tables.
const RESTORE: &str = "proxmox-backup-restore";
const RESTORE_DESCRIPTION: &str = include_str!("../../man/sections/restore/description.roff");
const RESTORE_BEFORE: &[&str] = &[include_str!("../../man/sections/restore/steps.roff")];
const RESTORE_BEHIND: &[&str] = &[
    include_str!("../../man/sections/restore/examples.roff"),
    include_str!("../../man/sections/restore/files.roff"),
    include_str!("../../man/sections/restore/manual-restore.roff"),
    include_str!("../../man/sections/restore/see-also.roff"),
];

/// Commands whose reader may want to know how it goes by hand.
const OPENS_BACKUPS: &[&str] = &["decrypt", "derive", "extract", "fetch", "show"];

/// `proxmox-backup man DIR`: one page per command.
pub(super) fn write_man(dir: &Path) -> Result<ExitCode, Trouble> {
    let mut pages = Vec::new();
    collect_pages(&definition(), "proxmox-backup", &mut pages);
    pages.push(("proxmox-config-backup.5".to_owned(), configuration_page().into_bytes()));
    create_private_dir(dir)?;
    for (name, content) in pages {
        let path: PathBuf = dir.join(name);
        write_public(&path, &content).map_err(FileError::of("write", &path))?;
    }
    Ok(ExitCode::Done)
}

fn definition() -> Definition {
    let mut command = Cli::command();
    command.build();
    command
}

fn collect_pages(command: &Definition, name: &str, pages: &mut Vec<(String, Vec<u8>)>) {
    let page = command.clone().name(name.to_owned());
    let man = clap_mangen::Man::new(page).section("8").title(name.to_uppercase()).manual("System Administration");
    let mut bytes = Vec::new();
    // Not `render`: it adds the exit codes of `--help` once more. Writing to memory does not fail.
    let _ = man.render_title(&mut bytes);
    let _ = man.render_name_section(&mut bytes);
    let _ = man.render_synopsis_section(&mut bytes);
    let _ = man.render_description_section(&mut bytes);
    if name == RESTORE {
        bytes.extend_from_slice(RESTORE_DESCRIPTION.as_bytes());
    }
    let _ = man.render_options_section(&mut bytes);
    if command.has_subcommands() {
        let _ = man.render_subcommands_section(&mut bytes);
    }
    let sections = match name {
        "proxmox-backup" => main_sections(),
        RESTORE => restore_sections(),
        _ => example_section(command),
    };
    bytes.extend_from_slice(sections.as_bytes());
    pages.push((format!("{name}.8"), bytes));
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        collect_pages(sub, &format!("{name}-{}", sub.get_name()), pages);
    }
}

fn main_sections() -> String {
    let mut text = BEFORE.concat();
    text.push_str(".SH \"EXIT STATUS\"\n");
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
    text + &RESTORE_BEHIND.concat()
}

/// A reason as a sentence of its own.
fn sentence(why: &str) -> String {
    let mut letters = roff(why).chars().collect::<Vec<_>>();
    if let Some(first) = letters.first_mut() {
        *first = first.to_ascii_uppercase();
    }
    letters.into_iter().collect()
}

/// What stands below the first line of the examples of `--help`: the examples, and text.
fn example_section(command: &Definition) -> String {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut text = String::from(".SH EXAMPLES\n");
    for paragraph in help.split_once('\n').map_or("", |(_, below)| below).split("\n\n") {
        for example in paragraph.lines().filter_map(|line| line.strip_prefix("  ")) {
            let _ = writeln!(text, ".PP\n.RS 4\n\\fB{}\\fR\n.RE", roff(example));
        }
        let said: Vec<&str> = paragraph.lines().filter(|line| !line.starts_with("  ")).collect();
        if !said.is_empty() {
            let _ = writeln!(text, ".PP\n{}", roff(&said.join(" ")));
        }
    }
    text.push_str(".SH \"SEE ALSO\"\n.BR proxmox\\-backup (8)");
    if OPENS_BACKUPS.contains(&command.get_name()) {
        text.push_str(",\n.BR proxmox\\-backup\\-restore (8)");
    }
    text.push('\n');
    text
}

/// proxmox-config-backup(5): the keys that have an effect.
fn configuration_page() -> String {
    let mut text = String::from(include_str!("../../man/sections/configuration.roff"));
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
    text.push_str(".SH \"SEE ALSO\"\n.BR proxmox\\-backup (8),\n.BR proxmox\\-backup\\-config (8)\n");
    text
}

fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}
