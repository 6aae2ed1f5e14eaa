//! The files of `/etc/pve` in memory, and which changes pmxcfs allows.
//!
//! Each change raises one counter, the version of the whole tree. It is the version of the entry,
//! too, and the inode of a new one, so that inodes are never used twice.

use std::collections::BTreeMap;

use nix::errno::Errno;

use crate::guests::{Guest, Guests, guest_at};
use crate::locks::{Locks, is_lock_path};

pub(crate) const ROOT: u64 = 0;
pub(crate) const LARGEST_FILE: u64 = 1024 * 1024;

pub(crate) enum Content {
    Directory(BTreeMap<String, u64>),
    File(Vec<u8>),
}

pub(crate) struct Entry {
    pub(crate) parent: u64,
    pub(crate) version: u64,
    pub(crate) writer: u32,
    pub(crate) mtime: u32,
    pub(crate) name: String,
    pub(crate) content: Content,
}

impl Entry {
    pub(crate) fn size(&self) -> u64 {
        match &self.content {
            Content::Directory(_) => 0,
            Content::File(data) => data.len() as u64,
        }
    }

    fn is_directory(&self) -> bool {
        matches!(self.content, Content::Directory(_))
    }
}

/// Who changes something, and when, in whole seconds.
#[derive(Clone, Copy)]
pub(crate) struct Stamp {
    pub(crate) writer: u32,
    pub(crate) seconds: u32,
}

/// What a change leaves to be written to the database.
#[derive(Default, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) written: Option<u64>,
    pub(crate) removed: Option<u64>,
}

pub(crate) struct Tree {
    entries: BTreeMap<u64, Entry>,
    pub(crate) guests: Guests,
    pub(crate) locks: Locks,
    /// How often a path was changed since the start.
    changes: BTreeMap<String, u32>,
}

impl Tree {
    /// Of entries that are known to hang together.
    pub(crate) fn new(entries: BTreeMap<u64, Entry>, locks: Locks) -> Result<Self, String> {
        let mut tree = Self { entries, guests: Guests::default(), locks, changes: BTreeMap::new() };
        let inodes: Vec<u64> = tree.entries.keys().copied().collect();
        for inode in inodes {
            let path = tree.path(inode);
            if tree.entries[&inode].is_directory() {
                if is_lock_path(&path) {
                    tree.locks.hold(inode);
                }
            } else if let Some(guest) = guest_at(&path) {
                let id = guest.id;
                if !tree.guests.load(guest) {
                    return Err(format!("guest {id} is there twice"));
                }
            }
        }
        tree.guests.loaded();
        Ok(tree)
    }

    pub(crate) fn entry(&self, inode: u64) -> Result<&Entry, Errno> {
        self.entries.get(&inode).ok_or(Errno::ENOENT)
    }

    pub(crate) fn lookup(&self, parent: u64, name: &str) -> Result<u64, Errno> {
        self.names(parent)?.get(name).copied().ok_or(Errno::ENOENT)
    }

    pub(crate) fn names(&self, inode: u64) -> Result<&BTreeMap<String, u64>, Errno> {
        match &self.entry(inode)?.content {
            Content::Directory(names) => Ok(names),
            Content::File(_) => Err(Errno::ENOTDIR),
        }
    }

    pub(crate) fn data(&self, inode: u64) -> Result<&[u8], Errno> {
        match &self.entry(inode)?.content {
            Content::File(data) => Ok(data),
            Content::Directory(_) => Err(Errno::EISDIR),
        }
    }

    /// Relative to the top, which is the empty path.
    pub(crate) fn path(&self, inode: u64) -> String {
        let mut names = Vec::new();
        let mut at = inode;
        while let Some(entry) = self.entries.get(&at).filter(|_| at != ROOT) {
            names.push(entry.name.as_str());
            at = entry.parent;
        }
        names.reverse();
        names.join("/")
    }

    pub(crate) fn root(&self) -> &Entry {
        &self.entries[&ROOT]
    }

    pub(crate) fn times_changed(&self, path: &str) -> u32 {
        // Loading the database counts as a change of everything.
        1 + self.changes.get(path).copied().unwrap_or(0)
    }

    /// Entries, and bytes in them.
    pub(crate) fn usage(&self) -> (u64, u64) {
        (self.entries.len() as u64, self.entries.values().map(Entry::size).sum())
    }

    pub(crate) fn make_directory(&mut self, parent: u64, name: &str, stamp: Stamp) -> Result<Change, Errno> {
        self.must_be_free(parent, name)?;
        let inode = self.add(parent, name, Content::Directory(BTreeMap::new()), stamp);
        if is_lock_path(&self.path(inode)) {
            self.locks.hold(inode);
        }
        Ok(Change { written: Some(inode), removed: None })
    }

    pub(crate) fn create(&mut self, parent: u64, name: &str, stamp: Stamp) -> Result<Change, Errno> {
        let path = join(&self.path(parent), name);
        let guest = self.guest_that_may_be_at(&path)?;
        self.must_be_free(parent, name)?;
        let inode = self.add(parent, name, Content::File(Vec::new()), stamp);
        if let Some(guest) = guest {
            self.guests.register(guest);
        }
        self.count_change(path);
        Ok(Change { written: Some(inode), removed: None })
    }

    pub(crate) fn write(&mut self, inode: u64, offset: u64, data: &[u8], stamp: Stamp) -> Result<Change, Errno> {
        let start = usize::try_from(offset).map_err(|_| Errno::EFBIG)?;
        let end = start.saturating_add(data.len());
        self.change_data(inode, end as u64, stamp, |content| {
            if content.len() < end {
                content.resize(end, 0);
            }
            content[start..end].copy_from_slice(data);
        })
    }

    pub(crate) fn truncate(&mut self, inode: u64, size: u64, stamp: Stamp) -> Result<Change, Errno> {
        let length = usize::try_from(size).map_err(|_| Errno::EFBIG)?;
        self.change_data(inode, size, stamp, |content| content.resize(length, 0))
    }

    pub(crate) fn set_time(&mut self, inode: u64, seconds: u32, stamp: Stamp) -> Result<Change, Errno> {
        if inode == ROOT {
            return Err(Errno::EACCES);
        }
        let entry = self.entry(inode)?;
        let path = self.path(inode);
        let is_lock = entry.is_directory() && is_lock_path(&path);
        if is_lock {
            if seconds == 0 && self.locks.is_expired(inode) {
                return self.remove(entry.parent, &entry.name.clone(), stamp);
            }
            // A lock is renewed by its holder; the time 0 of others does not shorten it.
            if seconds < entry.mtime || entry.writer != stamp.writer {
                return Err(Errno::EACCES);
            }
            self.locks.hold(inode);
        }
        self.touch(inode, Stamp { seconds, ..stamp });
        self.count_change(path);
        Ok(Change { written: Some(inode), removed: None })
    }

    pub(crate) fn remove(&mut self, parent: u64, name: &str, stamp: Stamp) -> Result<Change, Errno> {
        let inode = self.lookup(parent, name)?;
        let path = self.path(inode);
        self.must_be_removable(inode)?;
        self.detach(inode);
        self.entries.remove(&inode);
        self.locks.forget(inode);
        self.next_version(stamp);
        if let Some(guest) = guest_at(&path) {
            self.guests.forget(guest.id);
        }
        self.count_change(path);
        Ok(Change { written: None, removed: Some(inode) })
    }

    /// `from` and `to` are a directory and a name in it.
    pub(crate) fn rename(&mut self, from: (u64, &str), to: (u64, &str), stamp: Stamp) -> Result<Change, Errno> {
        let inode = self.lookup(from.0, from.1)?;
        let old_path = self.path(inode);
        let new_path = join(&self.path(to.0), to.1);
        let is_directory = self.entry(inode)?.is_directory();
        let old_guest = guest_at(&old_path).filter(|_| !is_directory);
        let new_guest = if is_directory { None } else { self.guest_that_may_move(&new_path, old_guest.as_ref())? };
        if is_directory && is_lock_path(&old_path) {
            return Err(Errno::EACCES);
        }
        let replaced = self.names(to.0)?.get(to.1).copied();
        if replaced == Some(inode) {
            return Ok(Change::default());
        }
        // Only empty directories have a new name: nothing below them is to be written.
        self.must_be_removable(inode)?;
        if let Some(replaced) = replaced {
            self.must_be_removable(replaced)?;
            self.detach(replaced);
            self.entries.remove(&replaced);
        }
        self.detach(inode);
        self.attach(inode, to.0, to.1);
        self.touch(inode, stamp);
        if let Some(guest) = old_guest {
            self.guests.forget(guest.id);
        }
        if let Some(guest) = new_guest {
            self.guests.register(guest);
        }
        self.count_change(old_path);
        self.count_change(new_path);
        Ok(Change { written: Some(inode), removed: replaced })
    }

    fn must_be_free(&self, parent: u64, name: &str) -> Result<(), Errno> {
        if self.names(parent)?.contains_key(name) { Err(Errno::EEXIST) } else { Ok(()) }
    }

    fn must_be_removable(&self, inode: u64) -> Result<(), Errno> {
        match &self.entry(inode)?.content {
            Content::Directory(names) if !names.is_empty() => Err(Errno::ENOTEMPTY),
            _ => Ok(()),
        }
    }

    fn guest_that_may_be_at(&self, path: &str) -> Result<Option<Guest>, Errno> {
        match guest_at(path) {
            Some(guest) if self.guests.is_taken_from(&guest) => Err(Errno::EEXIST),
            guest => Ok(guest),
        }
    }

    /// A guest may move to another node: then the one with its number is itself.
    fn guest_that_may_move(&self, path: &str, from: Option<&Guest>) -> Result<Option<Guest>, Errno> {
        match guest_at(path) {
            Some(guest) if from.is_some_and(|from| from.id == guest.id) => Ok(Some(guest)),
            _ => self.guest_that_may_be_at(path),
        }
    }

    fn change_data(
        &mut self,
        inode: u64,
        end: u64,
        stamp: Stamp,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Change, Errno> {
        if end > LARGEST_FILE {
            return Err(Errno::EFBIG);
        }
        let path = self.path(inode);
        self.data(inode)?;
        if let Some(guest) = self.guest_that_may_be_at(&path)? {
            self.guests.register(guest);
        }
        if let Some(Entry { content: Content::File(data), .. }) = self.entries.get_mut(&inode) {
            change(data);
        }
        self.touch(inode, stamp);
        self.count_change(path);
        Ok(Change { written: Some(inode), removed: None })
    }

    fn add(&mut self, parent: u64, name: &str, content: Content, stamp: Stamp) -> u64 {
        let inode = self.next_version(stamp);
        let (writer, mtime) = (stamp.writer, stamp.seconds);
        let entry = Entry { parent, version: inode, writer, mtime, name: name.to_owned(), content };
        self.entries.insert(inode, entry);
        self.attach(inode, parent, name);
        inode
    }

    fn attach(&mut self, inode: u64, parent: u64, name: &str) {
        if let Some(Entry { content: Content::Directory(names), .. }) = self.entries.get_mut(&parent) {
            names.insert(name.to_owned(), inode);
        }
        if let Some(entry) = self.entries.get_mut(&inode) {
            name.clone_into(&mut entry.name);
            entry.parent = parent;
        }
    }

    fn detach(&mut self, inode: u64) {
        let Some((parent, name)) = self.entries.get(&inode).map(|entry| (entry.parent, entry.name.clone())) else {
            return;
        };
        if let Some(Entry { content: Content::Directory(names), .. }) = self.entries.get_mut(&parent) {
            names.remove(&name);
        }
    }

    /// Gives the entry the next version and this stamp.
    fn touch(&mut self, inode: u64, stamp: Stamp) {
        let version = self.next_version(stamp);
        if let Some(entry) = self.entries.get_mut(&inode) {
            entry.version = version;
            entry.writer = stamp.writer;
            entry.mtime = stamp.seconds;
        }
    }

    fn next_version(&mut self, stamp: Stamp) -> u64 {
        let Some(root) = self.entries.get_mut(&ROOT) else { return 0 };
        root.version += 1;
        root.writer = stamp.writer;
        root.mtime = stamp.seconds;
        root.version
    }

    fn count_change(&mut self, path: String) {
        *self.changes.entry(path).or_default() += 1;
    }
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}
