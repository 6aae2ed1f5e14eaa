//! The directory of one migration: each change stands in its journal before it happens, with what is
//! needed to take it back.
//!
//! ```text
//! migrate/20261121-181500/   0700
//!   journal                  one line per event, each synced before the event happens
//!   saved/                   what was there before, byte for byte
//! ```

use std::path::{Path, PathBuf};

use chrono::{DateTime, Local};
use serde::{Deserialize, Serialize};

use super::MigrateError;
use super::deed::Deed;
use crate::system::{
    EventLog, EventLogError, FileError, Root, create_dated_dir, create_new_private_dir, create_private_dir, dated_dirs,
    is_there, sync_dir, write_atomically,
};

/// Below the state directory.
const DIR: &str = "migrate";

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Event {
    /// Nothing has changed.
    Begun {
        /// Version of this tool.
        version: String,
        /// RFC 3339.
        at: String,
        /// The older tool's directory.
        from: PathBuf,
    },
    /// A change is about to happen.
    Step {
        /// With what takes it back.
        deed: Deed,
    },
    /// All changes are done.
    Finished {
        /// RFC 3339.
        at: String,
    },
    /// The way back begins.
    UndoBegun {
        /// RFC 3339.
        at: String,
    },
    /// Everything is as it was.
    UndoFinished {
        /// RFC 3339.
        at: String,
    },
}

/// The directory of one migration.
#[derive(Clone, Debug)]
pub(super) struct MigrationRecord {
    dir: PathBuf,
}

impl MigrationRecord {
    /// Begins a new one.
    pub(super) fn create(state_dir: &Path, now: &DateTime<Local>) -> Result<Self, FileError> {
        let record = Self { dir: create_dated_dir(&state_dir.join(DIR), now)? };
        create_new_private_dir(&record.dir.join("saved"))?;
        sync_dir(&record.dir)?;
        Ok(record)
    }

    /// Those that are not taken back, newest first.
    pub(super) fn open_ones(state_dir: &Path) -> Result<Vec<(Self, Vec<Event>)>, MigrateError> {
        let dirs = dated_dirs(&state_dir.join(DIR))?;
        let records = dirs.into_iter().rev().map(|dir| Self { dir });
        let with_events = records.map(|record| record.events().map(|events| (record, events)));
        let is_open = |events: &[Event]| {
            let is_step = |event: &Event| matches!(event, Event::Step { .. });
            let is_over = |event: &Event| matches!(event, Event::UndoFinished { .. });
            events.iter().any(is_step) && !events.iter().any(is_over)
        };
        with_events.filter(|one| one.as_ref().map_or(true, |(_, events)| is_open(events))).collect()
    }

    /// Its name: when it began.
    pub(super) fn id(&self) -> &str {
        self.dir.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// Keeps bytes; gives the name they have here.
    pub(super) fn save(&self, bytes: &[u8]) -> Result<String, FileError> {
        let saved = self.dir.join("saved");
        let taken = Root::at(&saved)?.list("/")?.len();
        let name = (taken + 1).to_string();
        write_atomically(&saved.join(&name), bytes)?;
        Ok(name)
    }

    /// What was kept.
    pub(super) fn saved(&self, name: &str) -> Result<Vec<u8>, MigrateError> {
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        if !is_name {
            return Err(self.unusable("its journal names a file that is none of it".to_owned()));
        }
        Ok(Root::at(&self.dir.join("saved"))?.read(name)?)
    }

    /// Puts aside what somebody made of a file of ours.
    pub(super) fn put_aside(&self, path: &Path, bytes: &[u8]) -> Result<(), FileError> {
        let dir = self.dir.join("kept");
        create_private_dir(&dir)?;
        write_atomically(&dir.join(path.file_name().unwrap_or_default()), bytes)
    }

    /// Adds an event, which is on disk when this returns.
    pub(super) fn add(&self, event: &Event) -> Result<(), MigrateError> {
        let added = EventLog::open(&self.journal())?.add(event);
        added.map_err(|error| self.unusable_by(error))
    }

    /// All events. A line that a crash cut short is none.
    fn events(&self) -> Result<Vec<Event>, MigrateError> {
        if !is_there(&self.journal()) {
            return Ok(Vec::new());
        }
        EventLog::read(&self.journal()).map_err(|error| self.unusable_by(error))
    }

    fn journal(&self) -> PathBuf {
        self.dir.join("journal")
    }

    fn unusable_by(&self, error: EventLogError) -> MigrateError {
        match error {
            EventLogError::File(error) => error.into(),
            EventLogError::Line { why, .. } => self.unusable(format!("its journal cannot be read: {why}")),
            EventLogError::Event(why) => self.unusable(why),
        }
    }

    fn unusable(&self, why: String) -> MigrateError {
        MigrateError::Record { dir: self.dir.clone(), why }
    }
}
