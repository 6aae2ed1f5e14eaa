//! The answers to what the kernel asks: computed places and stored ones, and what each refuses.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use fuser::{FileAttr, FileType, INodeNo, RenameFlags};
use nix::errno::Errno as Refusal;

use crate::attributes::{GID, Quorum, UID, permissions, settable_mode};
use crate::cluster::Cluster;
use crate::store::{Store, stamp};
use crate::tree::{Change, Content, ROOT, Stamp, Tree};
use crate::virtual_files::{Facts, VIRTUAL, Virtual};

pub(crate) const BLOCK: u64 = 4096;
/// Inodes of the table above; a database never counts that far.
const FIRST_VIRTUAL: u64 = 1 << 62;

/// What stays as it is while the file system is mounted.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) cluster: Option<Cluster>,
    pub(crate) no_quorum: bool,
    pub(crate) quorum_lost: Option<PathBuf>,
    pub(crate) started: u32,
}

pub(crate) struct Pmxcfs {
    pub(crate) node: Node,
    pub(crate) store: Mutex<Store>,
    pub(crate) is_debugging: AtomicBool,
}

/// What an inode number of the kernel means. Its root is 1, the database's is 0.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    Stored(u64),
    Virtual(usize),
}

impl Place {
    pub(crate) fn of(inode: INodeNo) -> Self {
        match usize::try_from(inode.0.wrapping_sub(FIRST_VIRTUAL)) {
            Ok(index) if inode.0 >= FIRST_VIRTUAL && index < VIRTUAL.len() => Self::Virtual(index),
            _ => Self::Stored(inode.0.wrapping_sub(1)),
        }
    }

    fn inode(self) -> INodeNo {
        match self {
            Self::Stored(inode) => INodeNo(inode + 1),
            Self::Virtual(index) => INodeNo(FIRST_VIRTUAL + index as u64),
        }
    }

    /// What is computed cannot be changed as stored files can.
    fn stored(self) -> Result<u64, Refusal> {
        match self {
            Self::Stored(inode) => Ok(inode),
            Self::Virtual(_) => Err(Refusal::EACCES),
        }
    }
}

impl Pmxcfs {
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn quorum(&self) -> Quorum {
        let is_lost = self.node.no_quorum || self.node.quorum_lost.as_deref().is_some_and(Path::exists);
        if is_lost { Quorum::Lost } else { Quorum::Here }
    }

    pub(crate) fn virtual_content(&self, index: usize, tree: &Tree) -> String {
        VIRTUAL[index].1.content(&Facts {
            node: &self.node.name,
            cluster: self.node.cluster.as_ref(),
            quorum: self.quorum(),
            started: self.node.started,
            is_debugging: self.is_debugging.load(Ordering::Relaxed),
            tree,
        })
    }

    pub(crate) fn attributes(&self, place: Place, tree: &Tree) -> Result<FileAttr, Refusal> {
        match place {
            Place::Stored(inode) => {
                let entry = tree.entry(inode)?;
                let is_file = matches!(entry.content, Content::File(_));
                let kind = if is_file { FileType::RegularFile } else { FileType::Directory };
                let mode = permissions(&tree.path(inode), kind, self.quorum());
                // The top directory has no row of its own, so no time.
                let mtime = if inode == ROOT { 0 } else { entry.mtime };
                Ok(attributes(place, kind, mode, entry.size(), mtime))
            }
            Place::Virtual(index) => {
                let what = VIRTUAL[index].1;
                let is_link = matches!(what, Virtual::Link(_));
                let kind = if is_link { FileType::Symlink } else { FileType::RegularFile };
                let size = self.virtual_content(index, tree).len() as u64;
                Ok(attributes(place, kind, what.permissions(self.quorum()), size, 0))
            }
        }
    }

    pub(crate) fn find(&self, parent: INodeNo, name: &OsStr, tree: &Tree) -> Result<FileAttr, Refusal> {
        let place = match (parent, VIRTUAL.iter().position(|(virtual_name, _)| name == *virtual_name)) {
            (INodeNo::ROOT, Some(index)) => Place::Virtual(index),
            _ => Place::Stored(tree.lookup(Place::of(parent).stored()?, text(name)?)?),
        };
        self.attributes(place, tree)
    }

    /// Any change of what is stored: only with quorum.
    fn change(&self, change: impl FnOnce(&mut Tree, Stamp) -> Result<Change, Refusal>) -> Result<u64, Refusal> {
        if self.quorum() == Quorum::Lost {
            return Err(Refusal::EACCES);
        }
        let writer = self.node.cluster.as_ref().map_or(0, |cluster| cluster.id_of(&self.node.name));
        let written = self.store().change(|tree| change(tree, stamp(writer)))?;
        Ok(written.unwrap_or(ROOT))
    }

    /// A change that makes an entry, and what that is like.
    pub(crate) fn make(
        &self,
        parent: INodeNo,
        name: &OsStr,
        make: impl FnOnce(&mut Tree, u64, &str, Stamp) -> Result<Change, Refusal>,
    ) -> Result<FileAttr, Refusal> {
        let name = text(name)?;
        let parent = Place::of(parent).stored()?;
        let inode = self.change(|tree, stamp| make(tree, parent, name, stamp))?;
        self.attributes(Place::Stored(inode), &self.store().tree)
    }

    pub(crate) fn remove(&self, parent: INodeNo, name: &OsStr) -> Result<(), Refusal> {
        let parent = Self::stored_name(parent, name)?;
        let name = text(name)?;
        self.change(|tree, stamp| tree.remove(parent, name, stamp)).map(|_| ())
    }

    /// The directory of a name that stands for something stored.
    fn stored_name(parent: INodeNo, name: &OsStr) -> Result<u64, Refusal> {
        let is_virtual = parent == INodeNo::ROOT && VIRTUAL.iter().any(|(virtual_name, _)| name == *virtual_name);
        if is_virtual { Err(Refusal::EACCES) } else { Place::of(parent).stored() }
    }

    pub(crate) fn rename_entry(
        &self,
        from: (INodeNo, &OsStr),
        to: (INodeNo, &OsStr),
        flags: RenameFlags,
    ) -> Result<(), Refusal> {
        if !flags.is_empty() {
            return Err(Refusal::EINVAL);
        }
        let old = (Self::stored_name(from.0, from.1)?, text(from.1)?);
        let new = (Self::stored_name(to.0, to.1)?, text(to.1)?);
        self.change(|tree, stamp| tree.rename(old, new, stamp)).map(|_| ())
    }

    pub(crate) fn set_attributes(&self, place: Place, wanted: &Wanted) -> Result<(), Refusal> {
        let path = match place {
            Place::Stored(inode) => self.store().tree.path(inode),
            Place::Virtual(index) => VIRTUAL[index].0.to_owned(),
        };
        if wanted.mode.is_some_and(|mode| mode & 0o7777 != settable_mode(&path)) {
            return Err(Refusal::EPERM);
        }
        if wanted.uid.is_some_and(|uid| uid != UID) || wanted.gid.is_some_and(|gid| gid != GID) {
            return Err(Refusal::EPERM);
        }
        if let Some(size) = wanted.size {
            match place {
                Place::Stored(inode) => {
                    self.change(|tree, stamp| tree.truncate(inode, size, stamp))?;
                }
                Place::Virtual(index) if VIRTUAL[index].1 == Virtual::Debug => {}
                Place::Virtual(_) => return Err(Refusal::EIO),
            }
        }
        if let Some(seconds) = wanted.seconds {
            let inode = place.stored()?;
            self.change(|tree, stamp| tree.set_time(inode, seconds, stamp))?;
        }
        Ok(())
    }

    pub(crate) fn write_data(&self, place: Place, offset: u64, data: &[u8]) -> Result<usize, Refusal> {
        match place {
            Place::Stored(inode) => {
                self.change(|tree, stamp| tree.write(inode, offset, data, stamp))?;
                Ok(data.len())
            }
            Place::Virtual(index) if VIRTUAL[index].1 == Virtual::Debug && offset == 0 => {
                let is_on = match data {
                    [b'0', b'\n', ..] => false,
                    [b'1', b'\n', ..] => true,
                    _ => return Err(Refusal::EIO),
                };
                self.is_debugging.store(is_on, Ordering::Relaxed);
                Ok(2)
            }
            Place::Virtual(_) => Err(Refusal::EIO),
        }
    }

    pub(crate) fn entries(&self, inode: INodeNo) -> Result<Vec<(INodeNo, FileType, String)>, Refusal> {
        let store = self.store();
        let directory = Place::of(inode).stored()?;
        let parent = Place::Stored(store.tree.entry(directory)?.parent).inode();
        let mut entries =
            vec![(inode, FileType::Directory, ".".to_owned()), (parent, FileType::Directory, "..".to_owned())];
        if directory == ROOT {
            for (index, (name, _)) in VIRTUAL.iter().enumerate() {
                let attributes = self.attributes(Place::Virtual(index), &store.tree)?;
                entries.push((attributes.ino, attributes.kind, (*name).to_owned()));
            }
        }
        for (name, inode) in store.tree.names(directory)? {
            if directory != ROOT || !VIRTUAL.iter().any(|(virtual_name, _)| name == virtual_name) {
                let attributes = self.attributes(Place::Stored(*inode), &store.tree)?;
                entries.push((attributes.ino, attributes.kind, name.clone()));
            }
        }
        Ok(entries)
    }
}

/// What `chmod`, `chown`, `truncate` and `utimens` ask for.
pub(crate) struct Wanted {
    pub(crate) mode: Option<u32>,
    pub(crate) uid: Option<u32>,
    pub(crate) gid: Option<u32>,
    pub(crate) size: Option<u64>,
    pub(crate) seconds: Option<u32>,
}

fn attributes(place: Place, kind: FileType, perm: u16, size: u64, mtime: u32) -> FileAttr {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(mtime.into());
    FileAttr {
        ino: place.inode(),
        size,
        blocks: size.div_ceil(BLOCK),
        atime: time,
        mtime: time,
        ctime: time,
        crtime: time,
        kind,
        perm,
        nlink: if kind == FileType::Directory { 2 } else { 1 },
        uid: UID,
        gid: GID,
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

fn text(name: &OsStr) -> Result<&str, Refusal> {
    name.to_str().ok_or(Refusal::EILSEQ)
}
