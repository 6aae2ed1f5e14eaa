//! Restores that were done here: which there are, which one an undo means, and how one is forgotten.

use std::path::Path;

use super::Failure;
use crate::apply::{ApplyError, Entry, Journal, Life, Record};
use crate::system::{Lock, LockError, System, create_private_dir, is_there};

/// A restore that was begun.
#[derive(Clone, Debug)]
pub struct PastRestore {
    /// Where it is written down.
    pub record: Record,
    /// RFC 3339; empty when its journal does not say.
    pub began_at: String,
    /// The backup's file; empty when its journal does not say.
    pub backup: String,
    /// How far it came; `None` when its journal cannot be read.
    pub life: Option<Life>,
}

impl PastRestore {
    fn of(record: Record) -> Self {
        let (mut began_at, mut backup) = (String::new(), String::new());
        // The journal comes before the first change.
        let entries = if is_there(&record.journal()) { Journal::read(&record).ok() } else { Some(Vec::new()) };
        for entry in entries.iter().flatten() {
            if let Entry::Begun { at, backup: file, .. } = entry {
                (began_at, backup) = (at.clone(), file.clone());
            }
        }
        Self { record, began_at, backup, life: entries.as_deref().map(Life::of) }
    }

    /// Whether there is something to take back, or nobody can tell.
    pub fn may_be_undone(&self) -> bool {
        !matches!(self.life, Some(Life::Undone | Life::Untouched))
    }

    /// How far it came, for people.
    pub fn state(&self) -> &'static str {
        self.life.map_or("its journal cannot be read", Life::as_str)
    }
}

/// All of a state directory, newest first.
pub fn past_restores(state_dir: &Path) -> Result<Vec<PastRestore>, Failure> {
    let all = Record::list(state_dir)?;
    Ok(all.into_iter().rev().map(PastRestore::of).collect())
}

/// Those that were stopped in the middle. What cannot be looked at is none.
pub(super) fn open_restores(state_dir: &Path) -> Vec<PastRestore> {
    let is_open = |past: &PastRestore| matches!(past.life, Some(Life::Halfway | Life::Undoing));
    past_restores(state_dir).unwrap_or_default().into_iter().filter(is_open).collect()
}

/// The one of this ID; without one the newest that may be undone. `Ok(None)` when there is nothing to undo.
pub fn past_restore(state_dir: &Path, id: Option<&str>) -> Result<Option<PastRestore>, Failure> {
    let mut all = past_restores(state_dir)?.into_iter();
    let Some(id) = id else { return Ok(all.find(PastRestore::may_be_undone)) };
    match all.find(|past| past.record.id() == id) {
        Some(past) => Ok(Some(past)),
        // Says where it was looked for.
        None => Ok(Some(PastRestore::of(Record::open(state_dir, id)?))),
    }
}

/// Removes a record with all it holds. A restore at work has the lock, so its record stays.
pub fn forget(system: &System, past: PastRestore, lock: &Path) -> Result<(), Failure> {
    let _alone = alone(system, lock)?;
    // It may have gone on since it was looked at.
    let past = PastRestore::of(past.record);
    if matches!(past.life, Some(Life::Done | Life::Undone | Life::Untouched)) {
        return Ok(past.record.remove()?);
    }
    let why = format!("it is kept: {}; `undo` comes first", past.state());
    Err(ApplyError::Record { dir: past.record.dir().to_owned(), why }.into())
}

/// One at a time, and no backup of a host that is half one and half the other.
pub(super) fn alone(system: &System, lock: &Path) -> Result<Lock, Failure> {
    if let Some(dir) = lock.parent() {
        create_private_dir(dir)?;
    }
    Lock::acquire(lock, &system.clock.now()).map_err(|error| match error {
        LockError::Held { holder, .. } => Failure::Busy(holder.map(|holder| holder.pid)),
        LockError::File(error) => error.into(),
    })
}
