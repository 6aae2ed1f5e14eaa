//! What every tier can do, whatever it is made of.
//!
//! A store keeps its own time limits: no call waits for a dead mount or a silent server longer than
//! the settings say. It never writes to the log: what is worth telling is a value it returns.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Trouble;
use crate::bundle::{BackupId, Manifest, Origin};
use crate::issue::Issue;
use crate::system::{Cancelled, CommandError, FileError, Space, Unanswered};
use crate::units::Elapsed;

/// Which tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// `BACKUP_PATH`: required.
    Local,
    /// `SECONDARY_PATH`: optional.
    Secondary,
    /// `CLOUD_REMOTE`: optional.
    Cloud,
}

/// A backup that lies on a tier.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Where.
    pub tier: Tier,
    /// Its identity.
    pub id: BackupId,
    /// Bundle or archive: a path, or `remote:path` of rclone.
    pub path: PathBuf,
    /// Names of all its files in the tier's directory: the bundle or archive first, then side files.
    pub files: Vec<String>,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Encrypted, as the name says.
    pub is_encrypted: bool,
    /// Who made it, as far as name and manifest tell.
    pub origin: Option<Origin>,
    /// What the manifest says; `Ok(None)` where there is none or it was not fetched, `Err` says why it cannot be read.
    pub manifest: Result<Option<Box<Manifest>>, String>,
}

/// A backup that lies on the local tier and goes to another.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Its identity.
    pub id: BackupId,
    /// Bundle or archive first, then its side files.
    pub files: Vec<PathBuf>,
}

/// A backup that has been copied, each file hashed or measured where it lies now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Bytes copied.
    pub bytes: u64,
    /// How the copy was checked, in words: `SHA-256 read back`, `SHA-256 told by the remote`, `size only: …`.
    pub how: String,
    /// What is worth knowing and changes no verdict, and what went wrong beside the backup itself.
    pub issues: Vec<Issue>,
}

/// What became of backups that were to be removed.
#[derive(Debug, Default)]
pub struct Removal {
    /// Gone with all side files.
    pub removed: Vec<BackupId>,
    /// Still there, and why.
    pub failed: Vec<(BackupId, StorageError)>,
}

/// A tier.
pub trait Store: Send + Sync {
    /// Which one.
    fn tier(&self) -> Tier;

    /// Where it is, as the log says it: `/mnt/nas/backup [ext4]`, `box:pve/backup`.
    fn place(&self) -> String;

    /// Makes ready to take a backup of `host`: mounted, reachable, writable, what a killed run left swept up.
    /// `Touch::DryRun` looks without changing anything. Gives what is worth a word.
    fn prepare(&self, host: &str, touch: Touch) -> Result<Vec<Issue>, StorageError>;

    /// All backups of all hosts, newest first: one real listing.
    fn list(&self) -> Result<Vec<Stored>, StorageError>;

    /// Copies a backup there. When it is done, every file has its final name and has been checked
    /// where it lies; when it fails, nothing partial can be seen.
    fn put(&self, backup: &Outgoing) -> Result<Placed, StorageError>;

    /// Copies a backup from there into a local directory, checked like [`Store::put`]; gives its bundle or archive.
    fn fetch(&self, stored: &Stored, into: &Path) -> Result<PathBuf, StorageError>;

    /// Removes backups, side files included: renamed first where the tier can, then deleted.
    fn remove(&self, backups: &[&Stored]) -> Removal;

    /// Room, where the tier can tell.
    fn space(&self) -> Result<Option<Space>, StorageError>;

    /// Copies a run's log to the tier's log directory; does nothing where none is set.
    fn put_log(&self, log: &Path) -> Result<(), StorageError>;

    /// Removes logs there: those of `removed` backups of `host`, and all but the newest `keep` (0 = keep all).
    /// Gives how many went.
    fn prune_logs(&self, host: &str, removed: &[BackupId], keep: u32) -> Result<usize, StorageError>;
}

/// Whether anything may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// What is missing is made.
    Really,
    /// Nothing is made and nothing is taken.
    DryRun,
}

/// What went wrong on a tier.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A file or the directory cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The place is there, but not what it is said to be.
    #[error("{path}: {why}")]
    Unusable {
        /// Directory or remote.
        path: String,
        /// Why, in words.
        why: String,
    },
    /// The tier did not answer in time.
    #[error("{what}: no answer within {limit}, given up")]
    TimedOut {
        /// What was tried, on what.
        what: String,
        /// How long was waited.
        limit: Elapsed,
    },
    /// The copy is not what was sent.
    #[error("{file}: the copy is not what was sent: {why}")]
    Different {
        /// The copy.
        file: String,
        /// How it differs.
        why: String,
    },
    /// rclone failed.
    #[error("rclone cannot {action}: {trouble}: {cause}")]
    Rclone {
        /// `list box:pve/backup`, `upload …`.
        action: String,
        /// What kind of failure; it has a hint.
        trouble: Trouble,
        /// What it said.
        cause: CommandError,
    },
    /// Its answer makes no sense.
    #[error("rclone's answer about {about} cannot be understood: {why}")]
    Answer {
        /// What was asked.
        about: String,
        /// What is wrong.
        why: String,
    },
    /// The run was asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<Unanswered> for StorageError {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::TimedOut { what, limit } => Self::TimedOut { what, limit },
            Unanswered::Ended { what } => Self::Unusable { path: what, why: "ended without a result".to_owned() },
            Unanswered::Cancelled(cancelled) => Self::Cancelled(cancelled),
        }
    }
}

impl StorageError {
    /// What the user can do, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Rclone { trouble, .. } => trouble.hint(),
            _ => None,
        }
    }
}

impl Tier {
    /// `local`, `secondary`, `cloud`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Secondary => "secondary",
            Self::Cloud => "cloud",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "Local storage",
            Self::Secondary => "Secondary storage",
            Self::Cloud => "Cloud storage",
        })
    }
}

impl Stored {
    /// Host it is of: the manifest knows, else the name.
    pub fn host(&self) -> &str {
        match &self.manifest {
            Ok(Some(manifest)) if !manifest.hostname.is_empty() => &manifest.hostname,
            _ => self.id.host(),
        }
    }

    /// Whether it is of this host. The older tools wrote the name with its domain; where two hosts
    /// differ in the domain only, both are meant, so this is for showing and never for removing.
    pub fn is_of(&self, host: &str) -> bool {
        self.host() == host || self.host().split_once('.').is_some_and(|(short, _)| short == host)
    }
}
