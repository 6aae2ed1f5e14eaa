//! The directory of one restore: what was decided, what was done, what was there before.
//!
//! ```text
//! restore/20261121-181500/    0700
//!   plan.json                 what was decided
//!   journal                   one line per event, each synced before the event happens
//!   touched.json, undo.tar    what was there before; GNU tar reads it
//!   database/                 the cluster database as it was, byte for byte
//!   export/                   what was put aside for reading
//!   new/, old/, timer/        contents on their way; empty when it is done
//! ```
//!
//! It lies below the root that is restored, so that a machine that starts again finds it.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Local};

use super::{ApplyError, Journal, Life};
use crate::system::{
    FileError, Root, create_dated_dir, create_new_private_dir, dated_dirs, is_dated_name, is_there, remove_tree,
    rename_file, sync_dir,
};

/// Records below the state directory.
const DIR: &str = "restore";
/// A record that is being removed begins with it, which makes it none.
const GONE: &str = "gone-";

/// The directory of one restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    dir: PathBuf,
}

impl Record {
    /// Begins a new one.
    pub fn create(state_dir: &Path, now: &DateTime<Local>) -> Result<Self, FileError> {
        let record = Self { dir: create_dated_dir(&state_dir.join(DIR), now)? };
        for dir in [record.new_dir(), record.old_dir(), record.database_dir()] {
            create_new_private_dir(&dir)?;
        }
        sync_dir(&record.dir)?;
        Ok(record)
    }

    /// All of a state directory, oldest first.
    pub fn list(state_dir: &Path) -> Result<Vec<Self>, FileError> {
        let dirs = dated_dirs(&state_dir.join(DIR))?;
        Ok(dirs.into_iter().map(|dir| Self { dir }).collect())
    }

    /// The one of this ID.
    pub fn open(state_dir: &Path, id: &str) -> Result<Self, ApplyError> {
        let record = Self { dir: state_dir.join(DIR).join(id) };
        if !is_dated_name(id) || !is_there(&record.journal()) {
            return Err(ApplyError::Record { dir: record.dir, why: "there is no such restore".to_owned() });
        }
        Ok(record)
    }

    /// Removes it with all it holds, contents of secret files among it. It loses its name first: one
    /// that is half removed is no record, and goes with the next one.
    pub fn remove(self) -> Result<(), FileError> {
        let all = self.dir.parent().unwrap_or(Path::new("/"));
        rename_file(&self.dir, &all.join(format!("{GONE}{}", self.id())))?;
        sync_dir(all)?;
        let mut names = Root::at(all)?.list("/")?;
        names.retain(|name| name.to_string_lossy().strip_prefix(GONE).is_some_and(is_dated_name));
        names.iter().try_for_each(|name| remove_tree(&all.join(name)))?;
        sync_dir(all)
    }

    /// How far it came.
    pub fn life(&self) -> Result<Life, ApplyError> {
        Ok(Life::of(&Journal::read(self)?))
    }

    /// Its name: when it began.
    pub fn id(&self) -> &str {
        self.dir.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// The directory itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What was decided, as JSON.
    pub fn plan(&self) -> PathBuf {
        self.dir.join("plan.json")
    }

    /// One line per event.
    pub fn journal(&self) -> PathBuf {
        self.dir.join("journal")
    }

    /// What was there before, as an archive.
    pub fn undo_archive(&self) -> PathBuf {
        self.dir.join("undo.tar")
    }

    /// Paths that change, with what they were and what they become.
    pub fn touched(&self) -> PathBuf {
        self.dir.join("touched.json")
    }

    /// Contents of the backup on their way.
    pub fn new_dir(&self) -> PathBuf {
        self.dir.join("new")
    }

    /// Contents of the undo archive on their way.
    pub fn old_dir(&self) -> PathBuf {
        self.dir.join("old")
    }

    /// The same for the timer of the network, which may fire while an undo is at work.
    pub fn timer_dir(&self) -> PathBuf {
        self.dir.join("timer")
    }

    /// The cluster database as it was.
    pub fn database_dir(&self) -> PathBuf {
        self.dir.join("database")
    }

    /// What was put aside for reading.
    pub fn export_dir(&self) -> PathBuf {
        self.dir.join("export")
    }
}
