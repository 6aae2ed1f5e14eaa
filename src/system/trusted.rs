//! Files whose owner and mode decide whether they may be believed: opened once, checked on what is open.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::stat::fstat;
use nix::unistd::geteuid;

use super::{FileError, Kind, Stat};

impl Stat {
    /// What an open file is, whatever its name means by now.
    pub fn of(file: &File, path: &Path) -> Result<Self, FileError> {
        fstat(file).map(|stat| Self::from(&stat)).map_err(FileError::of("look at", path))
    }

    /// Why root must not believe this file; `None` = it may.
    ///
    /// Run without root, the caller's own files are as good as root's.
    pub fn reason_against_trust(&self) -> Option<&'static str> {
        if self.kind != Kind::File {
            return Some("is not a regular file");
        }
        if self.uid != 0 && self.uid != geteuid().as_raw() {
            return Some("does not belong to root");
        }
        if self.mode & 0o022 != 0 {
            return Some("can be changed by others than its owner");
        }
        None
    }

    /// Whether nobody but the owner can read it.
    pub fn is_private(&self) -> bool {
        let of_others = self.mode & 0o077;
        of_others == 0
    }
}

/// The whole content of an open file; more than `most` bytes is an error.
pub fn read_at_most(file: File, most: usize, path: &Path) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(FileError::of("read", path))?;
    if bytes.len() > most {
        return Err(FileError::of("read", path)(Errno::EFBIG));
    }
    Ok(bytes)
}
