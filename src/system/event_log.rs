//! A file of events: a line of JSON for each, on disk before what it says happens. A line that a crash
//! cut short is none.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{FileError, create_log, open_file, sync_dir};

/// It holds a line per step; a bigger file is none.
const READ_LIMIT: u64 = 16 << 20;

/// Why events cannot be read, or one more cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum EventLogError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line in it that is no event.
    #[error("line {number}: {why}")]
    Line {
        /// From 1.
        number: usize,
        /// In words.
        why: String,
    },
    /// An event that JSON has no words for.
    #[error("{0}")]
    Event(String),
}

/// The file, open for writing.
#[derive(Debug)]
pub struct EventLog {
    file: File,
    path: PathBuf,
}

impl EventLog {
    /// Begins or continues it.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let is_cut = ends_in_half_a_line(path)?;
        let mut log = Self { file: create_log(path)?, path: path.to_owned() };
        sync_dir(path.parent().unwrap_or(Path::new("/")))?;
        if is_cut {
            log.write(b"\n")?;
        }
        Ok(log)
    }

    /// Writes an event; when this returns, it is on disk.
    pub fn add(&mut self, event: &impl Serialize) -> Result<(), EventLogError> {
        let mut line = serde_json::to_vec(event).map_err(|cause| EventLogError::Event(cause.to_string()))?;
        line.push(b'\n');
        Ok(self.write(&line)?)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        written.map_err(FileError::of("write", &self.path))
    }

    /// All events so far. A last line without its end was cut by a crash: what it says did not
    /// happen. A line in the middle that cannot be read is an error.
    pub fn read<E: DeserializeOwned>(path: &Path) -> Result<Vec<E>, EventLogError> {
        let bytes = content(path)?;
        let mut events = Vec::new();
        for (at, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let Some(line) = line.strip_suffix(b"\n") else { break };
            match serde_json::from_slice(line) {
                Ok(event) => events.push(event),
                // The end of a line that a crash cut, ended by whoever went on.
                Err(cause) if cause.is_eof() => {}
                Err(cause) => return Err(EventLogError::Line { number: at + 1, why: cause.to_string() }),
            }
        }
        Ok(events)
    }
}

fn content(path: &Path) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    open_file(path)?.take(READ_LIMIT).read_to_end(&mut bytes).map_err(FileError::of("read", path))?;
    Ok(bytes)
}

fn ends_in_half_a_line(path: &Path) -> Result<bool, FileError> {
    match content(path) {
        Ok(bytes) => Ok(bytes.last().is_some_and(|byte| *byte != b'\n')),
        Err(error) if error.is_absent() => Ok(false),
        Err(error) => Err(error),
    }
}
