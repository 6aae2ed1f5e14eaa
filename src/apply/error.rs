//! Why a restore or its undo did not go on.

use std::path::PathBuf;

use crate::archive::{ReadError, UnpackError};
use crate::system::{Cancelled, CommandError, FileError};
use crate::units::ByteSize;

/// Why a restore or its undo did not go on.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The archive of the backup, or of what was saved.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Putting files aside.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// A program that a restore cannot do without.
    #[error("{}: {}", .0.line, .0.reason())]
    Command(CommandError),
    /// Content or state is not what the plan says.
    #[error("{path}: {why}")]
    Differs {
        /// Which, printable.
        path: String,
        /// In words.
        why: String,
    },
    /// Not enough room.
    #[error("{} are needed in {}, and {} are free", ByteSize(*needed), dir.display(), ByteSize(*free))]
    Space {
        /// Where.
        dir: PathBuf,
        /// Bytes.
        needed: u64,
        /// Bytes.
        free: u64,
    },
    /// `/etc/pve` takes no writes.
    #[error("/etc/pve takes no writes: {0}")]
    NoQuorum(String),
    /// It did not come.
    #[error("{what} is not there after {seconds} s")]
    Late {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u32,
    },
    /// The record of a restore cannot be used.
    #[error("the record {} cannot be used: {why}", dir.display())]
    Record {
        /// Where it lies.
        dir: PathBuf,
        /// In words.
        why: String,
    },
    /// The timer that takes the network back.
    #[error("network: {why}")]
    Network {
        /// In words.
        why: String,
    },
    /// The run was asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl ApplyError {
    /// Whether the disk or a quota is full.
    pub fn is_full(&self) -> bool {
        match self {
            Self::File(error) => error.is_full(),
            Self::Unpack(error) => error.is_full(),
            Self::Space { .. } => true,
            _ => false,
        }
    }
}
