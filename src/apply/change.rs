//! What a path shall be: the common tongue of apply, which takes it from a backup, and of undo,
//! which takes it from what was saved.

use std::path::{Path, PathBuf};

use crate::archive::{Digest, printable};
use crate::system;

/// One path and what it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Absolute path on the machine, as bytes.
    pub path: Vec<u8>,
    /// What shall be there.
    pub wanted: Wanted,
    /// Owner, mode, time; `None` where the file system makes its own (`/etc/pve`), and for nothing.
    pub attributes: Option<Attributes>,
}

/// What shall be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing.
    Absent,
    /// A regular file.
    File {
        /// A file of ours that holds its bytes.
        content: PathBuf,
        /// Logical bytes.
        size: u64,
        /// SHA-256 of them.
        digest: Digest,
    },
    /// A symbolic link to this target.
    Symlink(Vec<u8>),
    /// A directory; what is in it stays.
    Directory,
}

impl Wanted {
    /// The word for messages.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Absent => "nothing",
            Self::File { .. } => "file",
            Self::Symlink(_) => "symlink",
            Self::Directory => "directory",
        }
    }
}

/// What belongs to a path besides its content, as it shall be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission bits with setuid, setgid, sticky.
    pub mode: u32,
    /// Seconds since 1970 and nanoseconds.
    pub mtime: (i64, u32),
    /// Extended attributes, ACLs in their raw form.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Attributes {
    /// As the door to the machine takes them.
    pub fn as_given(&self) -> system::Attributes<'_> {
        system::Attributes {
            owner: Some((self.uid, self.gid)),
            mode: self.mode,
            mtime: self.mtime,
            xattrs: &self.xattrs,
        }
    }
}

impl Change {
    /// Nothing shall be there.
    pub fn absent(path: &[u8]) -> Self {
        Self { path: path.to_vec(), wanted: Wanted::Absent, attributes: None }
    }

    /// For messages.
    pub fn shown(&self) -> String {
        printable(&self.path)
    }

    /// The path below the root.
    pub fn below(&self) -> &Path {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(std::ffi::OsStr::from_bytes(&self.path));
        path.strip_prefix("/").unwrap_or(path)
    }
}
