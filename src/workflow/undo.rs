//! Takes a restore back, keeps its network, or lets the network's time run out.

use std::path::Path;

use log::info;

use super::records::{alone, past_restores};
use super::restore::say_undo;
use super::{Failure, STEP};
use crate::apply::{
    Journal, Life, Machine, Reach, Record, clear, clear_timer, expire, keep, put_back, saved, take_back,
};
use crate::issue::Issue;
use crate::system::{System, is_root};

/// What was taken back.
#[derive(Debug)]
pub struct Undone {
    /// Which restore.
    pub record: Record,
    /// Paths that had changed since; how they were is packed in the record.
    pub kept_aside: Vec<String>,
    /// What did not work.
    pub issues: Vec<Issue>,
}

/// Takes back the restore of this ID, or the newest one that is not taken back yet.
pub fn undo(system: &System, state_dir: &Path, lock: &Path, id: Option<&str>) -> Result<Undone, Failure> {
    if !is_root() {
        return Err(Failure::NotRoot);
    }
    let _alone = alone(system, lock)?;
    let record = wanted(state_dir, id, ("to take back", &|life| !matches!(life, Life::Undone | Life::Untouched)))?;
    if let over @ (Life::Undone | Life::Untouched) = record.life()? {
        // What was put back may have been changed since, and nothing of that is ours.
        let why = format!("there is nothing to take back: the restore {} is {}", record.id(), over.as_str());
        return Err(Failure::NoRestore(why));
    }
    info!(target: STEP, "Taking back the restore {}", record.id());
    // Half a way back would be worse than either end: no signal stops it.
    let system = system.to_the_end();
    let machine = Machine::of(&system)?;
    // What a killed restore left there may be what fills the disk.
    clear(&record)?;
    let mut journal = Journal::open(&record)?;
    let done = take_back(&machine, &record, &mut journal, &|what| say_undo(&system, what));
    clear(&record).and_then(|()| clear_timer(&record))?;
    let done = done?;
    Ok(Undone { record, kept_aside: done.kept_aside, issues: done.issues })
}

/// Somebody says that the network works.
pub fn keep_network(system: &System, state_dir: &Path, id: Option<&str>) -> Result<Record, Failure> {
    let record = wanted(state_dir, id, ("whose network waits for a word", &|life| life == Life::Unconfirmed))?;
    keep(&Machine::of(system)?, &record)?;
    Ok(record)
}

/// Nobody said it in time.
pub fn expire_network(system: &System, state_dir: &Path, id: &str) -> Result<(), Failure> {
    let record = Record::open(state_dir, id)?;
    let system = system.to_the_end();
    let machine = Machine::of(&system)?;
    let old =
        saved::load(&record, &[Reach::Network].into(), record.timer_dir())?.remove(&Reach::Network).unwrap_or_default();
    expire(&machine, &record, &old, &|changes| put_back(&machine, changes).map(drop))?;
    Ok(clear_timer(&record)?)
}

/// What somebody means by a restore: in words, and whether one in this life is one.
type Kind<'a> = (&'a str, &'a dyn Fn(Life) -> bool);

/// The one of this ID, or the newest one whose life is such.
fn wanted(state_dir: &Path, id: Option<&str>, (what, is_such): Kind<'_>) -> Result<Record, Failure> {
    if let Some(id) = id {
        return Ok(Record::open(state_dir, id)?);
    }
    let newest = past_restores(state_dir)?.into_iter().find(|past| past.life.is_some_and(is_such));
    let none = || Failure::NoRestore(format!("there is no restore {what} in {}", state_dir.display()));
    newest.map(|past| past.record).ok_or_else(none)
}
