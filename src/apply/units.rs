//! Services, mounts and programs. Every call has a limit, and what counts is the state afterwards:
//! a program that says it is done may not be.

use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use super::{ApplyError, Machine, UnitState};
use crate::host::{CLUSTER_DIR, is_cluster_mounted};
use crate::system::{CommandAnswer, CommandError, CommandFailure, CommandSpec, mounts_in};

/// Longer than systemd itself takes: 90 s for `ExecStop`, 90 s after SIGTERM, 90 s after SIGKILL, and
/// as much for a start that fails and is cleared away. A shorter limit would give up on a service that
/// waits for its last tasks, as Proxmox Backup Server does, and which ends all the same. `pve-ha-lrm`
/// alone has no limit of systemd's.
const JOB_LIMIT: Duration = Duration::from_secs(300);
/// PID 1 answers at once, or it does not run.
const ASK_LIMIT: Duration = Duration::from_secs(15);
const UNMOUNT_LIMIT: Duration = Duration::from_secs(30);
const OUTPUT_CAP: u64 = 64 * 1024;
/// How often a path is looked for.
const POLL: Duration = Duration::from_millis(100);
/// How often a wait looks at the cancel flag.
const TICK: Duration = Duration::from_millis(20);
/// Once it ends, nothing holds the hardware watchdog back.
const WATCHDOG: &str = "watchdog-mux";

/// Which of these run; a unit that is not installed does not.
pub fn look(machine: &Machine<'_>, units: &[&str]) -> Result<Vec<UnitState>, ApplyError> {
    let states = states(machine, units)?;
    let with_state = units.iter().zip(states);
    Ok(with_state.map(|(unit, state)| UnitState { unit: (*unit).to_owned(), was_active: state.is_running() }).collect())
}

/// Stops a unit, and makes sure that it has stopped. One that is not installed, or has failed, needs
/// no more than that; one that is masked is stopped as well.
pub fn stop(machine: &Machine<'_>, unit: &str) -> Result<(), ApplyError> {
    if unit.trim_end_matches(".service") == WATCHDOG {
        return Err(differs(unit, "it is never stopped: that resets the machine"));
    }
    let ended = call(machine, &["systemctl", "stop", unit], JOB_LIMIT).ended;
    match (ended, state(machine, unit)) {
        // Also after a failure: status 5 is a unit that is not there, and a job of which another
        // one took the place has stopped it too.
        (_, Ok(state)) if state.is_at_rest() => Ok(()),
        (Err(error), _) => Err(failed(machine, error)),
        (Ok(()), Ok(state)) => Err(differs(unit, &format!("it was stopped and is {}", state.0))),
        (Ok(()), Err(error)) => Err(error),
    }
}

/// Starts a unit, and makes sure that it has not failed. One whose conditions do not hold stays
/// inactive, which is no error for systemd either.
pub fn start(machine: &Machine<'_>, unit: &str) -> Result<(), ApplyError> {
    if state(machine, unit)?.has_failed() {
        // While /etc/pve was away systemd tried again and again, and would now refuse a start "too
        // quickly". Should this fail, the start says why.
        let _ = call(machine, &["systemctl", "reset-failed", unit], ASK_LIMIT);
    }
    let ended = call(machine, &["systemctl", "start", unit], JOB_LIMIT).ended;
    ended.map_err(|error| failed(machine, error))?;
    match state(machine, unit)? {
        state if state.has_failed() => Err(differs(unit, "it was started and has failed; `journalctl -u` says why")),
        _ => Ok(()),
    }
}

/// Runs a program; only status 0 is success.
pub fn run(machine: &Machine<'_>, argv: &[impl AsRef<str>], seconds: u32) -> Result<(), ApplyError> {
    let ended = call(machine, argv, Duration::from_secs(seconds.into())).ended;
    ended.map_err(|error| failed(machine, error))
}

/// Waits until a path is there. A file system that gives no answer is one that is not there.
pub fn wait_for(machine: &Machine<'_>, path: &str, seconds: u32) -> Result<(), ApplyError> {
    let deadline = Instant::now() + Duration::from_secs(seconds.into());
    let (sender, answer) = sync_channel(1);
    let (root, wanted, cancel) = (machine.system.root.clone(), PathBuf::from(path), machine.system.cancel.clone());
    // A thread that the kernel holds in a dead mount cannot be ended. It is left behind, and changes nothing.
    std::thread::spawn(move || {
        loop {
            if root.exists(&wanted) {
                let _ = sender.send(());
                return;
            }
            if cancel.check().is_err() || Instant::now() >= deadline {
                return;
            }
            std::thread::sleep(POLL);
        }
    });
    loop {
        machine.system.cancel.check()?;
        match answer.recv_timeout(TICK) {
            Ok(()) => return Ok(()),
            // One more look is due at the very end.
            Err(RecvTimeoutError::Timeout) if Instant::now() < deadline + 2 * POLL => {}
            Err(_) => return Err(ApplyError::Late { what: path.to_owned(), seconds }),
        }
    }
}

/// Unmounts `/etc/pve`, if the cluster file system is still there, and makes sure that it is gone.
pub fn unmount(machine: &Machine<'_>, path: &str) -> Result<(), ApplyError> {
    if path != CLUSTER_DIR {
        return Err(differs(path, "a restore unmounts /etc/pve and nothing else"));
    }
    let root = &machine.system.root;
    let point = root.below(path).display().to_string();
    let mut last = Ok(());
    // A shell that stands in it keeps the first from working. pmxcfs has ended, so nothing is lost
    // when the second one detaches what is left of it.
    for argv in [&["umount", &point][..], &["umount", "--lazy", &point]] {
        if !is_cluster_mounted(&mounts_in(root)) {
            return Ok(());
        }
        machine.system.cancel.check()?;
        last = call(machine, argv, UNMOUNT_LIMIT).ended;
    }
    match last {
        _ if !is_cluster_mounted(&mounts_in(root)) => Ok(()),
        Err(error) => Err(failed(machine, error)),
        Ok(()) => Err(differs(path, "it was unmounted and is still mounted")),
    }
}

/// `ActiveState` of a unit, a word of systemd's.
struct State(String);

impl State {
    fn is_running(&self) -> bool {
        matches!(self.0.as_str(), "active" | "activating" | "reloading" | "refreshing")
    }

    fn is_at_rest(&self) -> bool {
        self.0 == "inactive" || self.has_failed()
    }

    fn has_failed(&self) -> bool {
        self.0 == "failed"
    }
}

fn state(machine: &Machine<'_>, unit: &str) -> Result<State, ApplyError> {
    let mut states = states(machine, &[unit])?;
    states.pop().ok_or_else(|| differs(unit, "systemctl does not say whether it runs"))
}

fn states(machine: &Machine<'_>, units: &[&str]) -> Result<Vec<State>, ApplyError> {
    if units.is_empty() {
        return Ok(Vec::new());
    }
    let answer = call(machine, &[&["systemctl", "is-active"], units].concat(), ASK_LIMIT);
    let states: Vec<State> = answer.text().lines().map(|line| State(line.trim().to_owned())).collect();
    // A line for each unit is an answer: the status says only whether some of them are active.
    match answer.ended {
        _ if states.len() == units.len() => Ok(states),
        Err(error) => Err(failed(machine, error)),
        Ok(()) => Err(differs(&units.join(" "), "systemctl does not say whether they run")),
    }
}

fn call(machine: &Machine<'_>, argv: &[impl AsRef<str>], limit: Duration) -> CommandAnswer {
    machine.system.runner.ask(&CommandSpec::new(argv, limit, OUTPUT_CAP), &machine.system.cancel)
}

fn failed(machine: &Machine<'_>, error: CommandError) -> ApplyError {
    match machine.system.cancel.check() {
        Err(cancelled) if matches!(error.how, CommandFailure::Cancelled) => cancelled.into(),
        _ => ApplyError::Command(error),
    }
}

fn differs(path: &str, why: &str) -> ApplyError {
    ApplyError::Differs { path: path.to_owned(), why: why.to_owned() }
}
