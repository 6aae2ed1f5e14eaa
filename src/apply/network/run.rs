//! Programs that the network's way back needs, each with a time limit.

use std::time::Duration;

use crate::apply::{ApplyError, Machine};
use crate::system::{Cancel, CommandAnswer, CommandError, CommandSpec};

/// A reload waits for links and addresses.
const LIMIT: Duration = Duration::from_secs(60);
/// The state of a unit is a word.
const OUTPUT_CAP: u64 = 4096;

pub(super) fn program(machine: &Machine<'_>, words: &[&str], cancel: &Cancel) -> CommandAnswer {
    machine.system.runner.ask(&CommandSpec::new(words, LIMIT, OUTPUT_CAP), cancel)
}

pub(super) fn must(machine: &Machine<'_>, words: &[&str], cancel: &Cancel) -> Result<(), ApplyError> {
    program(machine, words, cancel).ended.map_err(|error| failed(error, cancel))
}

/// Whose fault it was: that of the program, or of a signal.
pub(super) fn failed(error: CommandError, cancel: &Cancel) -> ApplyError {
    match cancel.check() {
        Err(cancelled) => cancelled.into(),
        Ok(()) => ApplyError::Command(error),
    }
}
