//! The directory of one migration: each change stands in its journal before it happens, with what is
//! needed to take it back.
//!
//! ```text
//! migrate/20261121-181500/   0700
//!   journal                  one line per event, each synced before the event happens
//!   saved/                   what was there before, byte for byte
//! ```

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Local};
use serde::{Deserialize, Serialize};

use super::MigrateError;
use super::deed::Deed;
use crate::system::{
    FileError, Root, create_log, create_new_private_dir, create_private_dir, is_there, local_stamp, open_file,
    sync_dir, write_atomically,
};

/// Below the state directory.
const DIR: &str = "migrate";
/// A journal holds a line per change; a bigger file is none.
const READ_LIMIT: u64 = 16 << 20;
/// Migrations that begin in one second.
const MOST_PER_SECOND: u32 = 100;

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
        let all = state_dir.join(DIR);
        create_private_dir(&all)?;
        let stamp = local_stamp(now);
        let mut names = std::iter::once(stamp.clone()).chain((2..MOST_PER_SECOND).map(|n| format!("{stamp}-{n}")));
        let free = names.find(|name| !is_there(&all.join(name))).unwrap_or(stamp);
        let record = Self { dir: all.join(free) };
        create_new_private_dir(&record.dir)?;
        create_new_private_dir(&record.dir.join("saved"))?;
        sync_dir(&record.dir)?;
        sync_dir(&all)?;
        Ok(record)
    }

    /// Those that are not taken back, newest first.
    pub(super) fn open_ones(state_dir: &Path) -> Result<Vec<(Self, Vec<Event>)>, MigrateError> {
        let all = state_dir.join(DIR);
        if !is_there(&all) {
            return Ok(Vec::new());
        }
        let mut names = Root::at(&all)?.list("/")?;
        names.retain(|name| {
            let name = name.to_string_lossy();
            name.len() >= 15 && name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
        });
        names.sort();
        let records = names.into_iter().rev().map(|name| Self { dir: all.join(name) });
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
        let path = self.journal();
        let ends_cut = is_there(&path) && self.content()?.last().is_some_and(|byte| *byte != b'\n');
        let mut line = if ends_cut { b"\n".to_vec() } else { Vec::new() };
        serde_json::to_writer(&mut line, event).map_err(|cause| self.unusable(cause.to_string()))?;
        line.push(b'\n');
        let mut file: File = create_log(&path)?;
        file.write_all(&line).and_then(|()| file.sync_all()).map_err(FileError::of("write", &path))?;
        Ok(sync_dir(&self.dir)?)
    }

    /// All events. A line that a crash cut short is none.
    fn events(&self) -> Result<Vec<Event>, MigrateError> {
        if !is_there(&self.journal()) {
            return Ok(Vec::new());
        }
        let bytes = self.content()?;
        let mut events = Vec::new();
        for line in bytes.split_inclusive(|byte| *byte == b'\n').filter_map(|line| line.strip_suffix(b"\n")) {
            match serde_json::from_slice(line) {
                Ok(event) => events.push(event),
                Err(cause) if cause.is_eof() => {}
                Err(cause) => return Err(self.unusable(format!("its journal cannot be read: {cause}"))),
            }
        }
        Ok(events)
    }

    fn content(&self) -> Result<Vec<u8>, FileError> {
        let path = self.journal();
        let mut bytes = Vec::new();
        open_file(&path)?.take(READ_LIMIT).read_to_end(&mut bytes).map_err(FileError::of("read", path))?;
        Ok(bytes)
    }

    fn journal(&self) -> PathBuf {
        self.dir.join("journal")
    }

    fn unusable(&self, why: String) -> MigrateError {
        MigrateError::Record { dir: self.dir.clone(), why }
    }
}
