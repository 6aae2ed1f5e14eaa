//! The section SYNOPSIS: a form for each way to call a command, its own options by name.

use std::fmt::Write;

use clap::{Arg, ArgAction, Command};

use super::documented;
use super::roff::roff;

/// Those that every command has are named together. Dots at the end of a line would end a sentence.
const OF_EVERY_COMMAND: &str = "[\\fIOPTION\\fR]...\\&";

/// `spoken` is the command as it is typed.
pub(super) fn synopsis(command: &Command, spoken: &str) -> String {
    let mut text = String::from(".SH SYNOPSIS\n");
    if !command.is_subcommand_required_set() {
        let own = command.get_arguments().filter(|argument| !argument.is_hide_set() && is_own(argument));
        let (places, options): (Vec<&Arg>, Vec<&Arg>) = own.partition(|argument| argument.is_positional());
        let words = options.into_iter().chain(places).map(word);
        form(&mut text, spoken, std::iter::once(OF_EVERY_COMMAND.to_owned()).chain(words));
    }
    if documented(command).next().is_some() {
        form(&mut text, spoken, [OF_EVERY_COMMAND.to_owned(), "\\fICOMMAND\\fR ...\\&".to_owned()].into_iter());
    }
    text
}

fn form(text: &mut String, spoken: &str, words: impl Iterator<Item = String>) {
    let _ = writeln!(text, ".SY \"{}\"", roff(spoken));
    for word in words {
        let _ = writeln!(text, "{word}");
    }
    text.push_str(".YS\n");
}

fn is_own(argument: &Arg) -> bool {
    !argument.is_global_set() && !matches!(argument.get_id().as_str(), "help" | "version")
}

/// `[--to DIR]`; no break comes between an option and its value.
fn word(argument: &Arg) -> String {
    let value = argument.get_value_names().unwrap_or_default().join(" ");
    let value = format!("\\fI{}\\fR", roff(&value));
    let bare = match argument.get_long() {
        Some(long) if argument.get_action().takes_values() => format!("\\fB\\-\\-{}\\fR\\ {value}", roff(long)),
        Some(long) => format!("\\fB\\-\\-{}\\fR", roff(long)),
        None => value,
    };
    let is_repeated = matches!(argument.get_action(), ArgAction::Append);
    let dots = if is_repeated { "...\\&" } else { "" };
    if argument.is_required_set() { format!("{bare}{dots}") } else { format!("[{bare}]{dots}") }
}
