//! Man pages and completions, made from the command line's definition.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Command as Definition, CommandFactory};
use clap_complete::Shell;

use super::Trouble;
use super::args::Cli;
use super::output::Output;
use crate::config::{Section, Status, keys};
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

/// `proxmox-backup completions SHELL`.
pub(super) fn print_completions(shell: Shell, output: &mut Output) -> Result<ExitCode, Trouble> {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut definition(), "proxmox-backup", &mut bytes);
    output.bytes(&bytes)?;
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
    let _ = man.render_options_section(&mut bytes);
    if command.has_subcommands() {
        let _ = man.render_subcommands_section(&mut bytes);
    }
    let sections = if name == "proxmox-backup" { main_sections() } else { example_section(command) };
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
    text.push_str(".SH \"SEE ALSO\"\n.BR proxmox\\-backup (8)\n");
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
