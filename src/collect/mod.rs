//! Carries out a plan: an iterator of entries, problems and counts. Knows nothing about archives.
//!
//! Files come first, in plan order, while the commands already run in their pool; then the
//! outputs of the commands, in plan order, so that the archive does not depend on timing.
//!
//! A reader thread does everything that can hang (a dead NFS server, a stopped FUSE). The
//! iterator waits for it with a limit; a reader that does not answer is given up with its source,
//! and another one goes on with the next.

mod accounts;
mod attributes;
mod cluster;
mod commands;
mod content;
mod database;
mod derived;
mod files;
mod inventory;
mod samples;
mod large;
mod reader;
mod steady;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::issue::Issue;
use crate::plan::BackupPlan;
use crate::system::{Cancelled, Kind, Stat, System, Workspace};

pub use attributes::read_xattrs;
pub use content::Content;
pub use large::data_regions;

use commands::Pool;
use reader::Reader;

/// What an issue says of a required path that is not there: it was looked at, and can be new later.
pub const REQUIRED_IS_ABSENT: &str = "does not exist, but every such host has it";

/// One thing for the archive.
#[derive(Debug)]
pub struct Entry {
    /// Absolute path on the host.
    pub path: PathBuf,
    /// What it is.
    pub kind: EntryKind,
    /// Owner, mode, time, attributes.
    pub meta: Metadata,
    /// Logical bytes of a regular file; 0 for everything else.
    pub size: u64,
    /// Data regions `(offset, length)` of a file with holes.
    pub regions: Option<Vec<(u64, u64)>>,
    /// The bytes; of a file with holes its regions one after another.
    pub content: Content,
    /// Recipe id, `index` for generated files.
    pub recipe: &'static str,
}

impl Entry {
    /// An entry without content.
    pub fn new(path: impl Into<PathBuf>, kind: EntryKind, meta: Metadata, recipe: &'static str) -> Self {
        Self { path: path.into(), kind, meta, size: 0, regions: None, content: Content::Empty, recipe }
    }

    /// The same with this content.
    #[must_use]
    pub fn with(self, size: u64, content: Content) -> Self {
        Self { size, content, ..self }
    }
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Regular file.
    File,
    /// Directory.
    Directory,
    /// Symbolic link to this target, as it is.
    Symlink(OsString),
    /// Another name of an entry that came before.
    HardLink(PathBuf),
}

/// What belongs to a name besides its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Permission bits with setuid, setgid, sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Owner's name on the host, empty when it has none.
    pub user: String,
    /// Group's name on the host, empty when it has none.
    pub group: String,
    /// Seconds since 1970, may be negative.
    pub mtime: i64,
    /// Nanoseconds of it.
    pub mtime_ns: u32,
    /// Extended attributes, ACLs in their raw form among them.
    pub xattrs: Vec<(OsString, Vec<u8>)>,
}

impl Metadata {
    fn of(stat: &Stat) -> Self {
        Self {
            mode: stat.mode,
            uid: stat.uid,
            gid: stat.gid,
            mtime: stat.mtime,
            mtime_ns: stat.mtime_ns,
            ..Self::default()
        }
    }

    /// For generated files: root's, private.
    pub fn generated(mode: u32, mtime: i64) -> Self {
        Self { mode, mtime, user: "root".into(), group: "root".into(), ..Self::default() }
    }
}

/// What the iterator yields.
#[derive(Debug)]
pub enum Found {
    /// Something for the archive.
    Entry(Entry),
    /// A problem that does not stop the run.
    Issue(Issue),
    /// Something that is not archived on purpose.
    Skipped {
        /// Where.
        path: PathBuf,
        /// Why.
        why: Skip,
    },
    /// An optional path or program that is not there: only counted.
    Absent(String),
}

/// Why something is not archived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// Not a file, directory or symlink.
    Special(Kind),
    /// Matches an exclude pattern.
    Excluded,
    /// Another file system below a tree.
    OtherFileSystem,
    /// Larger than its recipe takes.
    TooLarge,
}

impl Skip {
    /// For the index and the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Special(kind) => kind.as_str(),
            Self::Excluded => "excluded",
            Self::OtherFileSystem => "other file system",
            Self::TooLarge => "too large",
        }
    }
}

/// How to collect.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long the file system may take for one answer.
    pub io: Duration,
    /// How many commands run at a time.
    pub workers: usize,
}

/// The running collection.
pub struct Collection {
    reader: Reader,
    pool: Pool,
}

/// Starts the reader and the commands.
pub fn start(plan: &Arc<BackupPlan>, system: &Arc<System>, workspace: &Arc<Workspace>, limits: Limits) -> Collection {
    Collection {
        pool: Pool::start(plan, system, workspace, limits.workers),
        reader: Reader::start(plan, system, workspace, limits.io),
    }
}

impl Iterator for Collection {
    type Item = Result<Found, Cancelled>;

    fn next(&mut self) -> Option<Self::Item> {
        self.reader.next().or_else(|| self.pool.next(&|dir| self.reader.has(dir)))
    }
}
