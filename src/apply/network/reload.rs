//! The network as its files say: checked by ifupdown2 or ifupdown, then made so.

use std::time::Duration;

use super::run;
use crate::apply::{ApplyError, Machine};
use crate::system::{Cancel, CommandAnswer, CommandError, CommandFailure};

/// ifupdown2's answer when another of its programs is at work, as while the machine starts.
const IS_BUSY: i32 = 89;
/// How often it is asked again; with the pause two minutes, longer than most machines start.
const BUSY_TRIES: u32 = 40;
const BUSY_PAUSE: Duration = Duration::from_secs(3);
/// ifupdown2, then ifupdown, which has no `ifreload`.
const CHECKS: [&[&str]; 2] = [&["ifreload", "--syntax-check", "-a"], &["ifup", "--no-act", "-a"]];
const RELOADS: [&[&str]; 2] = [&["ifreload", "-a"], &["systemctl", "restart", "networking"]];

/// Makes the network what its files say, unless they cannot be read. In a tree that does not run
/// there is none.
pub fn apply_network(machine: &Machine<'_>) -> Result<(), ApplyError> {
    first_there(machine, &CHECKS, &machine.system.cancel)?;
    first_there(machine, &RELOADS, &machine.system.cancel)
}

/// The same for the way back: what was there before counts, whatever a check says about it, and a
/// signal does not stop it halfway.
pub fn reload_network(machine: &Machine<'_>) -> Result<(), ApplyError> {
    first_there(machine, &RELOADS, &Cancel::default())
}

fn first_there(machine: &Machine<'_>, commands: &[&[&str]], cancel: &Cancel) -> Result<(), ApplyError> {
    if !machine.system.is_running() {
        return Ok(());
    }
    let mut last = Ok(());
    for command in commands {
        last = patiently(machine, command, cancel);
        match &last {
            Err(CommandError { how: CommandFailure::NotFound, .. }) => {}
            _ => break,
        }
    }
    last.map_err(|error| run::failed(error, cancel))
}

fn patiently(machine: &Machine<'_>, command: &[&str], cancel: &Cancel) -> Result<(), CommandError> {
    for _ in 1..BUSY_TRIES {
        match run::program(machine, command, cancel) {
            CommandAnswer { ended: Err(CommandError { how: CommandFailure::Exit(IS_BUSY), .. }), .. } => {
                machine.system.clock.sleep(BUSY_PAUSE);
            }
            answer => return answer.ended,
        }
    }
    run::program(machine, command, cancel).ended
}
