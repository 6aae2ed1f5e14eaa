//! What is there now under the paths of a backup.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};

use super::hostile::above;
use super::source::{Archived, ArchivedKind};
use crate::archive::Digest;
use crate::collect::read_xattrs;
use crate::system::{FileError, Kind, Root, Steps};

/// One path of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// What it is.
    pub kind: LiveKind,
    /// Permission bits with setuid, setgid, sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// SHA-256 of a file's content, where its size is that of the backup.
    pub digest: Option<Digest>,
    /// Extended attributes of a file.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// The symbolic link among the directories above it.
    pub behind: Option<String>,
}

/// What a path of the machine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiveKind {
    /// Nothing.
    Absent,
    /// Regular file.
    File,
    /// Directory.
    Directory,
    /// Symbolic link to this target.
    Symlink(Vec<u8>),
    /// Device, FIFO, socket.
    Special(&'static str),
    /// Nobody can tell, and why.
    Unreadable(String),
}

impl Live {
    /// Of this kind, root's; everything else is filled in.
    pub fn new(kind: LiveKind) -> Self {
        Self { kind, mode: 0, uid: 0, gid: 0, digest: None, xattrs: Vec::new(), behind: None }
    }

    /// Whether something is there.
    pub fn is_there(&self) -> bool {
        self.kind != LiveKind::Absent
    }
}

/// Looks at paths; what lies above several of them is looked at once.
pub(super) struct Looker<'a> {
    root: &'a Root,
    links: HashMap<Vec<u8>, bool>,
}

impl<'a> Looker<'a> {
    pub(super) fn new(root: &'a Root) -> Self {
        Self { root, links: HashMap::new() }
    }

    /// What lies under `path`, where `entry` would go.
    pub(super) fn look(&mut self, path: &[u8], entry: &Archived) -> Live {
        if let Some(link) = self.link_above(path) {
            let behind = Some(String::from_utf8_lossy(&link).into_owned());
            return Live { behind, ..Live::new(LiveKind::Absent) };
        }
        let sizes = sizes_of_equal(entry);
        match self.root.ask("look at", as_path(path), move |root, path, steps| read(root, path, sizes.as_ref(), steps))
        {
            Ok(live) => live,
            Err(error) => Live::new(LiveKind::Unreadable(error.reason())),
        }
    }

    fn link_above(&mut self, path: &[u8]) -> Option<Vec<u8>> {
        above(path).find(|dir| self.is_link(dir)).map(<[u8]>::to_vec)
    }

    fn is_link(&mut self, dir: &[u8]) -> bool {
        if let Some(known) = self.links.get(dir) {
            return *known;
        }
        let is_link = matches!(self.root.stat(as_path(dir)), Ok(Some(stat)) if stat.kind == Kind::Symlink);
        self.links.insert(dir.to_vec(), is_link);
        is_link
    }
}

/// Sizes with which a file may be the same: another size is another content. That of a further name
/// is not told by its entry.
fn sizes_of_equal(entry: &Archived) -> Option<RangeInclusive<u64>> {
    match entry.kind {
        ArchivedKind::File => Some(entry.size..=entry.size),
        ArchivedKind::HardLink(_) => Some(0..=u64::MAX),
        _ => None,
    }
}

fn read(root: &Root, path: &Path, sizes: Option<&RangeInclusive<u64>>, steps: &Steps) -> Result<Live, FileError> {
    let Some(stat) = root.stat(path)? else { return Ok(Live::new(LiveKind::Absent)) };
    let kind = match stat.kind {
        Kind::File => LiveKind::File,
        Kind::Directory => LiveKind::Directory,
        Kind::Symlink => LiveKind::Symlink(root.read_link(path)?.as_bytes().to_vec()),
        other => LiveKind::Special(other.as_str()),
    };
    let mut live = Live { mode: stat.mode, uid: stat.uid, gid: stat.gid, ..Live::new(kind) };
    if live.kind != LiveKind::File {
        return Ok(live);
    }
    let opened = root.open_no_symlink(path);
    if let Ok(file) = &opened {
        let xattrs = read_xattrs(file).into_iter();
        live.xattrs = xattrs.map(|(name, value)| (name.as_bytes().to_vec(), value)).collect();
    }
    if sizes.is_some_and(|sizes| sizes.contains(&stat.size)) {
        live.digest = Some(hash(opened?, path, steps)?);
    }
    Ok(live)
}

fn hash(mut file: File, path: &Path, steps: &Steps) -> Result<Digest, FileError> {
    let mut context = Context::new(&SHA256);
    let mut block = vec![0; 128 * 1024];
    loop {
        match file.read(&mut block).map_err(FileError::of("read", path))? {
            0 => break,
            got => context.update(&block[..got]),
        }
        steps.step().map_err(|cancelled| cancelled.at("read", path))?;
    }
    let mut digest: Digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    Ok(digest)
}

pub(super) fn as_path(path: &[u8]) -> PathBuf {
    PathBuf::from(std::ffi::OsStr::from_bytes(path))
}
