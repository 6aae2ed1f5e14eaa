//! Unpacks what is selected below a directory, and never anywhere else.
//!
//! | what | rule |
//! |---|---|
//! | names | relative, no `..`; directories on the way are never symlinks |
//! | hard links | only to what this run has made, known by device and inode |
//! | first name not selected | a second reading gives the content to the link |
//! | devices, FIFOs, unknown types | refused |
//! | owner, setuid, setgid | only as root |
//! | parents not selected | metadata of their members; root's 0755 where the archive has none |
//! | directories | their modes and times last, deepest first |
//!
//! What is refused is an issue and the rest goes on; an unreadable archive and a full disk end it.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::unpacker::{MOST_REMEMBERED, Unpacker};
use super::{ArchiveReader, Limits, MemberSource, ReadError};
use crate::issue::Issue;
use crate::system::{Beneath, FileError, is_root};

/// How to unpack.
#[derive(Clone, Copy, Debug)]
pub struct UnpackOptions {
    /// What the archive may be like.
    pub limits: Limits,
    /// What happens to files that are there.
    pub existing: Existing,
    /// What this process may do.
    pub rights: Rights,
}

/// What happens to files that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// They stay, and are an issue; directories stay as they are.
    Keep,
    /// A temporary name, fsync, rename over them; directories get the archive's metadata.
    Replace,
}

/// Whose rights there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Owners, setuid and setgid are restored.
    Root,
    /// Everything belongs to who unpacks.
    User,
}

impl Default for UnpackOptions {
    fn default() -> Self {
        let rights = if is_root() { Rights::Root } else { Rights::User };
        Self { limits: Limits::default(), existing: Existing::Keep, rights }
    }
}

/// What was unpacked.
#[derive(Debug, Default)]
pub struct Unpacked {
    /// Regular files.
    pub files: u64,
    /// Directories, those made on the way included.
    pub directories: u64,
    /// Symlinks and further names of files.
    pub links: u64,
    /// Logical bytes of the files.
    pub bytes: u64,
    /// What could not be restored: name and why.
    pub issues: Vec<Issue>,
    /// Further ones, only counted.
    pub more_issues: u64,
}

/// Why unpacking ended early.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The archive.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The place it is unpacked to.
    #[error(transparent)]
    File(#[from] FileError),
    /// Names and attributes to be kept in memory.
    #[error("the archive is refused: its directories and links take more than {} MiB of memory", MOST_REMEMBERED >> 20)]
    TooMuch,
}

impl UnpackError {
    /// Whether the disk or a quota is full.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::File(error) if error.is_full())
    }
}

/// Unpacks the members `select` says yes to, below `destination`, which must exist.
///
/// `open` gives the decompressed stream from its start; it is called a second time when a
/// selected hard link's content lies under a name that is not selected.
pub fn unpack<R: Read, E: From<UnpackError>>(
    open: &dyn Fn() -> Result<R, E>,
    destination: &Path,
    select: &dyn Fn(&[u8]) -> bool,
    options: UnpackOptions,
) -> Result<Unpacked, E> {
    unpack_members(&|| open().map(|stream| ArchiveReader::new(stream, options.limits)), destination, select, options)
}

/// As [`unpack`], for members from anywhere.
pub fn unpack_members<M: MemberSource, E: From<UnpackError>>(
    open: &dyn Fn() -> Result<M, E>,
    destination: &Path,
    select: &dyn Fn(&[u8]) -> bool,
    options: UnpackOptions,
) -> Result<Unpacked, E> {
    let beneath = Beneath::open(destination).map_err(UnpackError::from)?;
    let mut unpacker = Unpacker::new(beneath, options);
    unpacker.selected(open()?, select)?;
    if !unpacker.pending.is_empty() {
        unpacker.content_of_links(open()?)?;
    }
    Ok(unpacker.finish())
}

/// A name as a path below a directory: relative, and never upwards.
pub(super) fn safe_path(name: &[u8]) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for component in Path::new(OsStr::from_bytes(name)).components() {
        match component {
            Component::Normal(segment) => path.push(segment),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(path)
}
