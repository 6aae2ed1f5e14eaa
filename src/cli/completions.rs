//! Completions: clap's, of what is meant for people, with IDs of backups.

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use super::Trouble;
use super::args::{Cli, names_backup};
use super::output::Output;
use crate::workflow::ExitCode;

const NAME: &str = "proxmox-backup";
/// Commands that no help lists, and yet somebody types them.
const RARE: [&str; 2] = ["completions", "man"];

const BASH: &str = include_str!("../../completions/sections/backups.bash");
const ZSH: &str = include_str!("../../completions/sections/backups.zsh");
const FISH: &str = include_str!("../../completions/sections/backups.fish");

/// `proxmox-backup completions SHELL`.
pub(super) fn print(shell: Shell, output: &mut Output) -> Result<ExitCode, Trouble> {
    output.bytes(script(shell).as_bytes())?;
    Ok(ExitCode::Done)
}

fn script(shell: Shell) -> String {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut typed(&Cli::command()).version(env!("CARGO_PKG_VERSION")), NAME, &mut bytes);
    let script = String::from_utf8_lossy(&bytes);
    match shell {
        Shell::Bash => bash(&script),
        Shell::Zsh => zsh(&script),
        Shell::Fish => format!("{script}{FISH}"),
        _ => script.into_owned(),
    }
}

/// What a person may type: clap's generators offer hidden commands and options as well.
fn typed(command: &Command) -> Command {
    let is_typed = |inner: &&Command| !inner.is_hide_set() || RARE.contains(&inner.get_name());
    let mut shown = Command::new(command.get_name().to_owned())
        .args(command.get_arguments().filter(|argument| !argument.is_hide_set()))
        .subcommands(command.get_subcommands().filter(is_typed).map(typed));
    // `help` repeats the whole tree; once is enough.
    if command.get_name() != NAME {
        shown = shown.disable_help_subcommand(true);
    }
    match command.get_about() {
        Some(about) => shown.about(about.clone()),
        None => shown,
    }
}

/// Ours is the last line, and it is readline that knows how to complete a file.
fn bash(script: &str) -> String {
    let functions = script.rsplit_once("\nif [[").map_or(script, |(functions, _)| functions);
    // The dash in the name makes clap look for the commands under one name and keep them under another.
    let functions = functions.replace("proxmox__subcmd__backup", "proxmox__backup");
    let functions = functions.replace("COMPREPLY=($(compgen -f \"${cur}\"))", "COMPREPLY=()");
    format!("{functions}\n{BASH}")
}

/// The arguments that name a backup call our function, which wants all the words that were typed.
fn zsh(script: &str) -> String {
    let mut text = String::new();
    for line in script.lines() {
        let line = match line.strip_suffix(":_default' \\").filter(|line| is_backup(line)) {
            Some(line) => format!("{line}:_proxmox-backup_backups' \\"),
            None => line.to_owned(),
        };
        text += &line;
        text.push('\n');
    }
    let text = text.rsplit_once("\nif [ ").map_or(text.as_str(), |(functions, _)| functions);
    let text = text.replacen("#compdef proxmox-backup", "#compdef proxmox-backup proxmox-config-backup", 1);
    let text = text.replacen(
        "    typeset -A opt_args\n",
        "    typeset -A opt_args\n    local -a typed; typed=(\"${(@)words[1,CURRENT-1]}\")\n",
        1,
    );
    format!("{text}\n{ZSH}")
}

/// `'*::backup -- what it is`
fn is_backup(line: &str) -> bool {
    let place = line.trim_start_matches(['\'', '*', ':']).split_once(" -- ");
    place.is_some_and(|(name, _)| names_backup(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_not_offered() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(shell);
            for hidden in ["newkey", "cut-off", "timeout"] {
                assert!(!script.contains(hidden), "{shell}: {hidden}");
            }
        }
    }

    #[test]
    fn each_argument_that_names_a_backup_has_the_function_in_zsh() {
        fn count(command: &Command) -> usize {
            let own = command.get_positionals().filter(|place| names_backup(place.get_id().as_str()));
            own.count() + command.get_subcommands().map(count).sum::<usize>()
        }

        let calls = script(Shell::Zsh).matches(":_proxmox-backup_backups' ").count();

        assert_eq!(calls, count(&Cli::command()));
        assert!(calls > 10);
    }

    #[test]
    fn what_is_changed_in_the_scripts_is_there() {
        let (bash, zsh) = (script(Shell::Bash), script(Shell::Zsh));

        for (label, name) in [("", ""), ("__subcmd__verify", "verify"), ("__subcmd__key__subcmd__verify", "key verify")]
        {
            assert!(bash.contains(&format!("        proxmox__backup{label})\n            opts=")), "{name}");
        }
        assert_eq!(bash.matches("\ncomplete ").count(), 1);
        assert!(!bash.contains("compgen -f \"${cur}\""));
        assert!(zsh.starts_with("#compdef proxmox-backup proxmox-config-backup\n"));
        assert_eq!((zsh.matches("compdef").count(), zsh.matches("local -a typed;").count()), (2, 1));
    }
}
