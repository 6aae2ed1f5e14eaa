//! A directory held open: names are looked up in it, so a rename above cannot redirect a walk.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, readlinkat};
use nix::sys::stat::{Mode, fstat};
use nix::sys::statfs::{FUSE_SUPER_MAGIC, fstatfs};

use super::root::stat_at;
use super::{FileError, Kind, Stat};

/// An open directory and its path for messages.
#[derive(Debug)]
pub struct Directory {
    pub(super) fd: OwnedFd,
    pub(super) path: PathBuf,
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// The last path segment.
    pub name: OsString,
}

impl Directory {
    pub(super) fn new(fd: OwnedFd, path: PathBuf) -> Self {
        Self { fd, path }
    }

    /// Path inside the root.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory's own metadata.
    pub fn stat(&self) -> Result<Stat, FileError> {
        fstat(&self.fd).map(|stat| Stat::from(&stat)).map_err(FileError::of("look at", &self.path))
    }

    /// Whether a program serves it (FUSE), as `pmxcfs` does `/etc/pve`.
    pub fn is_served(&self) -> Result<bool, FileError> {
        let stat = fstatfs(&self.fd).map_err(FileError::of("look at", &self.path))?;
        Ok(stat.filesystem_type() == FUSE_SUPER_MAGIC)
    }

    /// All names, sorted by bytes: the archive must not depend on the order on disk.
    pub fn entries(&self) -> Result<Vec<DirectoryEntry>, FileError> {
        let fail = |cause: Errno| FileError::of("list", &self.path)(cause);
        // A second descriptor, because reading a directory moves its position.
        let again =
            openat(self.fd.as_fd(), ".", OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())
                .map_err(fail)?;
        let mut entries = Vec::new();
        for entry in Dir::from_fd(again).map_err(fail)?.iter() {
            let name = entry.map_err(fail)?.file_name().to_bytes().to_vec();
            if name != b"." && name != b".." {
                entries.push(DirectoryEntry { name: OsString::from_vec(name) });
            }
        }
        entries.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
        Ok(entries)
    }

    /// `lstat` of a name; `None` when it vanished.
    pub fn stat_of(&self, name: &OsStr) -> Result<Option<Stat>, FileError> {
        match stat_at(&self.fd, name) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::ENOENT) => Ok(None),
            Err(cause) => Err(FileError::of("look at", self.path.join(name))(cause)),
        }
    }

    /// Opens a regular file that [`Directory::stat_of`] has shown; refuses what became something else.
    pub fn open_file(&self, name: &OsStr) -> Result<(File, Stat), FileError> {
        let path = self.path.join(name);
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        // Reading must not change access times; only the owner may ask for that.
        let fd = openat(self.fd.as_fd(), Path::new(name), flags | OFlag::O_NOATIME, Mode::empty())
            .or_else(|cause| match cause {
                Errno::EPERM => openat(self.fd.as_fd(), Path::new(name), flags, Mode::empty()),
                other => Err(other),
            })
            .map_err(FileError::of("open", &path))?;
        let stat = fstat(&fd).map(|stat| Stat::from(&stat)).map_err(FileError::of("look at", &path))?;
        match stat.kind {
            Kind::File => Ok((File::from(fd), stat)),
            _ => Err(FileError::of("open", &path)(Errno::ESTALE)),
        }
    }

    /// Opens a directory below.
    pub fn open_dir(&self, name: &OsStr) -> Result<Self, FileError> {
        let path = self.path.join(name);
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let fd =
            openat(self.fd.as_fd(), Path::new(name), flags, Mode::empty()).map_err(FileError::of("open", &path))?;
        Ok(Self { fd, path })
    }

    /// Where a symlink points, as it is.
    pub fn read_link(&self, name: &OsStr) -> Result<OsString, FileError> {
        readlinkat(self.fd.as_fd(), Path::new(name)).map_err(FileError::of("read the link", self.path.join(name)))
    }

    /// The directory as a file, for its extended attributes.
    pub fn as_file(&self) -> Result<File, FileError> {
        self.fd.try_clone().map(File::from).map_err(FileError::of("look at", &self.path))
    }
}
