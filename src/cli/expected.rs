//! What the next word of a command line may be, for the completions: an ID of a backup, or one of
//! the words that an argument takes.
//!
//! Somebody is typing: there is an answer at once or none, never a complaint, and nothing is left
//! behind. So only names of the local tier are looked at, without a session, a log or a lock.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, Command, CommandFactory};

use super::Trouble;
use super::args::{Cli, names_backup};
use super::output::Output;
use super::session::absolute;
use crate::config::{Source, load};
use crate::storage::Directory;
use crate::system::{Bounds, Cancel, Unanswered};
use crate::workflow::{ExitCode, LATEST};

/// For the settings and the directory together; longer, and typing would be felt to hang.
const LIMIT: Duration = Duration::from_millis(700);

/// `proxmox-backup complete -- WORDS`: prints nothing where anything may stand, or nothing can be read.
pub(super) fn print(
    words: &[OsString],
    environment: BTreeMap<String, String>,
    output: &mut Output,
) -> Result<ExitCode, Trouble> {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let mut definition = Cli::command();
    definition.build();
    let typed = Typed::of(&definition, words.get(1..).unwrap_or_default());
    let expected = match typed.next {
        Some(argument) if is_backup(argument) => backups(typed.config, environment).unwrap_or_default(),
        Some(argument) => argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect(),
        None => Vec::new(),
    };
    expected.iter().try_for_each(|word| output.line(word))?;
    Ok(ExitCode::Done)
}

/// A directory that does not answer is not waited for.
fn backups(config: Option<&str>, environment: BTreeMap<String, String>) -> Option<Vec<String>> {
    let config = config.and_then(|path| absolute(Path::new(path)).ok());
    let bounds = Bounds::new(LIMIT, &Cancel::default());
    bounds.run("list backups".to_owned(), move |_| Ok::<_, Unanswered>(ids(config, &environment))).ok()?
}

/// Newest first, behind the word that means it; `None` where somebody may not read them.
fn ids(config: Option<PathBuf>, environment: &BTreeMap<String, String>) -> Option<Vec<String>> {
    let source = Source::live(config, std::env::current_exe().ok()).ok()?;
    let loaded = load(&source, environment, &[]).ok()?;
    let ids = Directory::new(&loaded.config.local.backups).ids().ok()?;
    Some(std::iter::once(LATEST.to_owned()).chain(ids.iter().map(ToString::to_string)).collect())
}

fn is_backup(argument: &Arg) -> bool {
    names_backup(argument.get_id().as_str())
}

/// A command line up to the word that is being typed.
#[derive(Default)]
struct Typed<'a> {
    /// The file behind `--config`.
    config: Option<&'a str>,
    /// What stands next, unless it begins with a dash.
    next: Option<&'a Arg>,
}

impl<'a> Typed<'a> {
    fn of(definition: &'a Command, words: &'a [String]) -> Self {
        let (mut command, mut places, mut typed) = (definition, 0, Self::default());
        let mut only_places = false;
        // Bash has `--option=value` as three words.
        let mut words = words.iter().map(String::as_str).filter(|word| *word != "=");
        while let Some(word) = words.next() {
            if only_places || !word.starts_with('-') || word == "-" {
                match command.find_subcommand(word).filter(|_| places == 0 && !only_places) {
                    Some(inner) => command = inner,
                    None => places += 1,
                }
            } else if word == "--" {
                only_places = true;
            } else if let Some((option, value)) = option_with_value(command, word) {
                let Some(value) = value.or_else(|| words.next()) else { return Self::default() };
                if option.get_id() == "config" {
                    typed.config = Some(value);
                }
            }
        }
        let mut all = command.get_positionals();
        let repeated =
            command.get_positionals().last().filter(|last| last.get_num_args().is_some_and(|n| n.max_values() > 1));
        typed.next = all.nth(places).or(repeated);
        typed
    }
}

/// The option that a word ends with, if it takes a value, and that value, if it stands in the same word.
fn option_with_value<'a>(command: &'a Command, word: &'a str) -> Option<(&'a Arg, Option<&'a str>)> {
    let takes_value = |option: &&Arg| option.get_action().takes_values();
    if let Some(long) = word.strip_prefix("--") {
        let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
        let option = command.get_arguments().find(|option| option.get_long() == Some(name)).filter(takes_value)?;
        return Some((option, value));
    }
    word.char_indices().skip(1).find_map(|(at, letter)| {
        let option = command.get_arguments().find(|option| option.get_short() == Some(letter)).filter(takes_value)?;
        let value = &word[at + letter.len_utf8()..];
        Some((option, Some(value).filter(|value| !value.is_empty())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed<T>(line: &str, look: impl FnOnce(Typed<'_>) -> T) -> T {
        let mut definition = Cli::command();
        definition.build();
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        look(Typed::of(&definition, &words))
    }

    fn expects_backup(line: &str) -> bool {
        typed(line, |typed| typed.next.is_some_and(is_backup))
    }

    #[test]
    fn a_backup_is_expected_where_the_definition_has_one() {
        for line in [
            "verify",
            "verify one two",
            "show",
            "diff",
            "diff latest",
            "diff --content latest",
            "cat --identity key",
            "cat --identity = key",
            "cat -vi key",
            "cat -ikey",
            "extract --to /tmp",
            "--config /etc/x restore --only network",
            "restore --plan",
            "key verify",
            "fetch --from cloud",
            "verify --",
        ] {
            assert!(expects_backup(line), "{line}");
        }
    }

    #[test]
    fn elsewhere_none_is_expected() {
        for line in [
            "",
            "list",
            "key",
            "diff one two",
            "cat latest",
            "cat --identity",
            "cat --identity =",
            "verify -i",
            "extract latest /etc",
            "undo",
            "restore confirm",
            "restore latest",
            "--reason verify",
            "hook enable vzdump --job",
            "config convert",
            "nonsense",
        ] {
            assert!(!expects_backup(line), "{line}");
        }
    }

    #[test]
    fn the_configuration_that_is_named_counts() {
        for line in ["-c /x verify", "verify --config /x", "verify --config=/x", "verify -qc/x", "-c /y verify -c /x"] {
            assert_eq!(typed(line, |typed| typed.config.map(str::to_owned)).as_deref(), Some("/x"), "{line}");
        }
    }
}
