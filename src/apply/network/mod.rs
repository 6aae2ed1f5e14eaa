//! The dead man's timer of the network: unless somebody says that the new network works, the old
//! files come back by themselves, whatever became of the restore, its terminal and the machine.
//!
//! | | before | then | at last |
//! |---|---|---|---|
//! | [`arm`] | journal: armed | unit files, timer started and seen active | the caller writes files |
//! | [`keep`] | timer stopped, seen that it did not fire | journal: kept | unit files gone |
//! | [`expire`] | old files back, network reloaded | journal: reverted | unit files gone |
//!
//! Killed between any two of them, the timer finds after a start of the machine what it has to do
//! in the journal. Transient units would be gone by then, so these are files in `/etc`.

mod units;
mod run;
mod files;
mod reload;

pub use reload::{apply_network, reload_network};
pub use units::{SERVICE, TIMER, UndoUnits};

use std::path::Path;

use chrono::{DateTime, Local};

use super::{ApplyError, Change, Entry, Journal, Life, Machine, Record};
use crate::archive::printable;
use crate::system::{Cancel, CommandError, CommandFailure};
use files::Removed;

/// Starts the timer of this restore: after so many seconds, that is at `until`, the program takes
/// the network back. No file of the network may be written before this has returned `Ok`.
pub fn arm(
    machine: &Machine<'_>,
    record: &Record,
    program: &Path,
    until: DateTime<Local>,
    seconds: u32,
) -> Result<(), ApplyError> {
    let units = UndoUnits::new(program, record.id(), &until, seconds).ok_or_else(|| ApplyError::Network {
        why: format!("systemd cannot be told to start {}", printable(program.as_os_str().as_encoded_bytes())),
    })?;
    must_be_free(machine, record)?;
    // What a killed restore left.
    disarm(machine)?;
    let mut journal = Journal::open(record)?;
    journal.add(&Entry::NetworkArmed { until: until.to_rfc3339() })?;
    let armed = files::write(machine, &units).map_err(ApplyError::from).and_then(|()| start(machine));
    if armed.is_err() {
        // Why it could not be armed says more than why something of it is left; nothing of the
        // network has changed, so nobody is to take it back.
        let _ = disarm(machine);
        journal.add(&Entry::NetworkReverted)?;
    }
    armed
}

/// The restore whose timer runs, or whose units still lie there.
pub fn armed_for(machine: &Machine<'_>) -> Result<Option<String>, ApplyError> {
    let text = files::text(machine, SERVICE)?;
    Ok(text.as_deref().and_then(UndoUnits::id_in).map(str::to_owned))
}

/// Stops the timer and removes all of it; does nothing where there is none. The service may call
/// this: it stays as it is.
pub fn disarm(machine: &Machine<'_>) -> Result<(), ApplyError> {
    let stopped = stop(machine);
    let removed = files::remove_all(machine)?;
    stopped?;
    match removed {
        Removed::Something => systemctl(machine, &["daemon-reload"]),
        Removed::Nothing => Ok(()),
    }
}

/// Somebody says that the network works: the timer goes, the files stay. Too late when it has
/// fired.
pub fn keep(machine: &Machine<'_>, record: &Record) -> Result<(), ApplyError> {
    must_be_free(machine, record)?;
    stop(machine)?;
    if is_going_back(machine) {
        return Err(ApplyError::Network { why: "the previous files are being put back already".to_owned() });
    }
    match last_word(record)? {
        Some(Entry::NetworkReverted) => {
            let why = "the previous files are back already; the restore can be run again".to_owned();
            return Err(ApplyError::Network { why });
        }
        // Before the units go: a timer that comes all the same finds that it has nothing to do.
        Some(Entry::NetworkArmed { .. }) => Journal::open(record)?.add(&Entry::NetworkKept)?,
        _ => {}
    }
    disarm(machine)
}

/// The time is over: puts the old files back with `put` and makes the network so. Does nothing but
/// clean up when the network was kept, is back already, or the restore was undone.
///
/// Without `Ok` of `put` the timer's units stay, and it is tried again; when the files are back and
/// only the reload fails, they go and that is the error.
pub fn expire(
    machine: &Machine<'_>,
    record: &Record,
    old: &[Change],
    put: &dyn Fn(&[Change]) -> Result<(), ApplyError>,
) -> Result<(), ApplyError> {
    must_be_free(machine, record)?;
    let is_undone = record.life()? == Life::Undone;
    if is_undone || !matches!(last_word(record)?, Some(Entry::NetworkArmed { .. })) {
        return disarm(machine);
    }
    put(old)?;
    let reloaded = reload_network(machine);
    Journal::open(record)?.add(&Entry::NetworkReverted)?;
    disarm(machine)?;
    reloaded
}

/// The timer of another restore is not ours to stop: its network would never come back.
fn must_be_free(machine: &Machine<'_>, record: &Record) -> Result<(), ApplyError> {
    match armed_for(machine)? {
        Some(id) if id != record.id() && is_active(machine) => {
            let id = printable(id.as_bytes());
            Err(ApplyError::Network { why: format!("that of the restore {id} waits for `restore confirm` or `undo`") })
        }
        _ => Ok(()),
    }
}

fn last_word(record: &Record) -> Result<Option<Entry>, ApplyError> {
    Ok(Life::last_of_network(&Journal::read(record)?).cloned())
}

fn start(machine: &Machine<'_>) -> Result<(), ApplyError> {
    let cancel = &machine.system.cancel;
    run::must(machine, &["systemctl", "daemon-reload"], cancel)?;
    run::must(machine, &["systemctl", "start", TIMER], cancel)?;
    run::must(machine, &["systemctl", "is-active", TIMER], cancel)
}

fn stop(machine: &Machine<'_>) -> Result<(), ApplyError> {
    match systemctl(machine, &["stop", TIMER]) {
        // systemd does not know it.
        Err(ApplyError::Command(CommandError { how: CommandFailure::Exit(5), .. })) => Ok(()),
        result => result,
    }
}

fn is_active(machine: &Machine<'_>) -> bool {
    machine.system.is_running() && systemctl(machine, &["is-active", TIMER]).is_ok()
}

/// A service that is at work, or waits for its next try, is `activating`.
fn is_going_back(machine: &Machine<'_>) -> bool {
    let state = run::program(machine, &["systemctl", "is-active", SERVICE], &Cancel::default()).text();
    ["activating", "active", "deactivating", "reloading"].contains(&state.trim())
}

/// Taking back and cleaning up are not stopped by the signal that made them necessary.
fn systemctl(machine: &Machine<'_>, words: &[&str]) -> Result<(), ApplyError> {
    if !machine.system.is_running() {
        return Ok(());
    }
    run::must(machine, &[&["systemctl"], words].concat(), &Cancel::default())
}
