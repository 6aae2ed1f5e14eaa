//! What the kernel asks, handed on and answered.
//!
//! Not there, as in the original: symbolic and hard links, devices, extended attributes, and
//! renaming with flags. Opening a file for writing works without quorum; the write does not.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use fuser::{
    BsdFileFlags, Errno, FileHandle, Filesystem, FopenFlags, Generation, INodeNo, LockOwner, OpenFlags, RenameFlags,
    ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite,
    Request, TimeOrNow, WriteFlags,
};
use nix::errno::Errno as Refusal;

use crate::answers::{BLOCK, Place, Pmxcfs, Wanted};
use crate::store::whole_seconds;
use crate::tree::Tree;

/// The kernel keeps nothing: whoever takes the quorum away changes all modes at once.
const NO_TIME: Duration = Duration::ZERO;
/// What the original says it can hold; it does not hold to it.
const LARGEST_TREE: u64 = 128 * 1024 * 1024;
const MOST_INODES: u64 = 256 * 1024;

impl Filesystem for Pmxcfs {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.find(parent, name, &self.store().tree) {
            Ok(attributes) => reply.entry(&NO_TIME, &attributes, Generation(0)),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn getattr(&self, _: &Request, inode: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.attributes(Place::of(inode), &self.store().tree) {
            Ok(attributes) => reply.attr(&NO_TIME, &attributes),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        inode: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        atime: Option<TimeOrNow>,
        mtime: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        // The original's library passes times on only when both are to be set.
        let seconds = atime.and(mtime).map(|time| match time {
            TimeOrNow::SpecificTime(time) => whole_seconds(time),
            TimeOrNow::Now => whole_seconds(SystemTime::now()),
        });
        let place = Place::of(inode);
        let set = self.set_attributes(place, &Wanted { mode, uid, gid, size, seconds });
        match set.and_then(|()| self.attributes(place, &self.store().tree)) {
            Ok(attributes) => reply.attr(&NO_TIME, &attributes),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn readlink(&self, _: &Request, inode: INodeNo, reply: ReplyData) {
        match Place::of(inode) {
            Place::Virtual(index) => reply.data(self.virtual_content(index, &self.store().tree).as_bytes()),
            Place::Stored(_) => reply.error(Errno::EINVAL),
        }
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        match self.make(parent, name, Tree::make_directory) {
            Ok(attributes) => reply.entry(&NO_TIME, &attributes, Generation(0)),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        reply_empty(reply, self.remove(parent, name));
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        reply_empty(reply, self.remove(parent, name));
    }

    fn symlink(&self, _: &Request, _: INodeNo, _: &OsStr, _: &Path, reply: ReplyEntry) {
        reply.error(Errno::ENOSYS);
    }

    fn link(&self, _: &Request, _: INodeNo, _: INodeNo, _: &OsStr, reply: ReplyEntry) {
        reply.error(Errno::ENOSYS);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        reply_empty(reply, self.rename_entry((parent, name), (new_parent, new_name), flags));
    }

    fn open(&self, _: &Request, inode: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.attributes(Place::of(inode), &self.store().tree) {
            Ok(_) => reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn create(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, _: i32, reply: ReplyCreate) {
        match self.make(parent, name, Tree::create) {
            Ok(attributes) => {
                reply.created(&NO_TIME, &attributes, Generation(0), FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
            }
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn read(
        &self,
        _: &Request,
        inode: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let store = self.store();
        match Place::of(inode) {
            Place::Stored(inode) => match store.tree.data(inode) {
                Ok(data) => reply.data(window(data, offset, size)),
                Err(refusal) => reply.error(errno(refusal)),
            },
            Place::Virtual(index) => {
                reply.data(window(self.virtual_content(index, &store.tree).as_bytes(), offset, size));
            }
        }
    }

    fn write(
        &self,
        _: &Request,
        inode: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.write_data(Place::of(inode), offset, data) {
            // A request holds less than 4 GiB.
            Ok(count) => reply.written(u32::try_from(count).unwrap_or(u32::MAX)),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn readdir(&self, _: &Request, inode: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        match self.entries(inode) {
            Ok(entries) => {
                let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                for ((inode, kind, name), next) in entries.into_iter().zip(1_u64..).skip(offset) {
                    if reply.add(inode, next, kind, name) {
                        break;
                    }
                }
                reply.ok();
            }
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let (count, bytes) = self.store().tree.usage();
        let blocks = LARGEST_TREE / BLOCK;
        let free = blocks.saturating_sub(bytes.div_ceil(BLOCK));
        reply.statfs(blocks, free, free, MOST_INODES, MOST_INODES.saturating_sub(count), 4096, 256, 4096);
    }
}

fn reply_empty(reply: ReplyEmpty, outcome: Result<(), Refusal>) {
    match outcome {
        Ok(()) => reply.ok(),
        Err(refusal) => reply.error(errno(refusal)),
    }
}

fn errno(refusal: Refusal) -> Errno {
    Errno::from_i32(refusal as i32)
}

/// From `offset`, at most `size` bytes, less at the end.
fn window(data: &[u8], offset: u64, size: u32) -> &[u8] {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(data.len());
    let end = start.saturating_add(size as usize).min(data.len());
    &data[start..end]
}
