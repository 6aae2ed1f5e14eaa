//! What a backup holds, as far as a plan needs it.

use std::collections::{BTreeMap, BTreeSet};

use crate::archive::Digest;
use crate::host::{Host, cluster_nodes, open_cluster_database};
use crate::plan::OUTPUT_DIRS;
use crate::recipe::{CATEGORIES, Category, Recipe};

use super::category;
use super::hostile::Hostile;

/// What a path of a backup is.
pub use crate::diff::Kind as ArchivedKind;

/// The cluster database.
pub const DATABASE: &[u8] = b"/var/lib/pve-cluster/config.db";
/// Its top in the file system.
pub(super) const CLUSTER: &[u8] = b"/etc/pve";

/// One path of a backup.
#[derive(Clone, Debug)]
pub struct Archived {
    /// Absolute, as bytes; of a hostile name as it is, with a slash in front.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: ArchivedKind,
    /// Permission bits with setuid, setgid, sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Owner's name, may be empty.
    pub user: String,
    /// Group's name, may be empty.
    pub group: String,
    /// Logical bytes of a file.
    pub size: u64,
    /// SHA-256 of a file's content.
    pub digest: Option<Digest>,
    /// Extended attributes as the kernel takes them.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// The recipe it was taken by, or that would take it.
    pub recipe: Option<&'static Recipe>,
    /// A directory that is only above what was taken.
    pub is_only_above: bool,
    /// Why it can never be written.
    pub hostile: Option<Hostile>,
    /// Why it is not whole in the backup.
    pub lost: Option<String>,
    /// Whether owner, mode and attributes are its own.
    pub has_own_owner: bool,
}

impl Archived {
    /// Of a path of this kind, root's; everything else is filled in.
    pub fn new(path: &[u8], kind: ArchivedKind) -> Self {
        Self {
            path: path.to_vec(),
            kind,
            mode: 0o644,
            uid: 0,
            gid: 0,
            user: "root".to_owned(),
            group: "root".to_owned(),
            size: 0,
            digest: None,
            xattrs: Vec::new(),
            recipe: None,
            is_only_above: false,
            hostile: None,
            lost: None,
            has_own_owner: true,
        }
    }

    /// A file that is no further name of another.
    pub(super) fn is_plain_file(&self) -> bool {
        self.kind == ArchivedKind::File && self.hostile.is_none()
    }

    /// Whether it lies in this directory, or is it.
    pub(super) fn is_below(&self, dir: &[u8]) -> bool {
        is_below(&self.path, dir)
    }

    /// What a command printed.
    pub(super) fn is_output(&self) -> bool {
        OUTPUT_DIRS.iter().any(|dir| self.is_below(dir.as_bytes()))
    }

    /// What it belongs to for somebody who restores.
    pub(super) fn category(&self) -> Category {
        category::of(self.recipe, self.is_output())
    }
}

/// Everything of a backup.
#[derive(Default)]
pub struct Source {
    /// Sorted by path, each path once.
    pub entries: Vec<Archived>,
    /// The machine it was taken of, as far as the backup says.
    pub host: Host,
    /// Whether it has an index: backups of older tools have none.
    pub has_index: bool,
    /// Files that had setuid bits or capabilities which nothing vouches for.
    pub without_rights: Vec<Vec<u8>>,
    /// What cannot be told about it.
    pub unknown: Vec<String>,
    /// Contents that the plan reads, by path.
    pub texts: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The cluster database in it.
    pub database: Option<Database>,
}

/// What a cluster database says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Database {
    /// Paths of its files, absolute.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Version of its root: in a cluster the highest one wins.
    pub version: Option<i64>,
}

impl Database {
    /// Reads the database of these bytes and its log; `None` when it holds nothing.
    pub fn read(file: Vec<u8>, log: &[u8]) -> Option<Self> {
        let database = open_cluster_database(file, log).ok()?;
        let nodes = cluster_nodes(&database).ok().filter(|nodes| !nodes.is_empty())?;
        let version = database.query_row("SELECT version FROM tree WHERE inode = 0", [], |row| row.get(0)).ok();
        let named =
            nodes.into_iter().filter_map(|node| Some((node.path.into_os_string().into_string().ok()?, node.content?)));
        Some(Self { files: named.collect(), version })
    }
}

impl Source {
    /// The entry of a path.
    pub fn get(&self, path: &[u8]) -> Option<&Archived> {
        self.entries.binary_search_by(|entry| entry.path.as_slice().cmp(path)).ok().map(|at| &self.entries[at])
    }

    /// The text of a file that the plan reads; `None` when the backup has no such file, whole.
    pub fn text(&self, path: &str) -> Option<String> {
        let entry = self.get(path.as_bytes()).filter(|entry| entry.hostile.is_none() && entry.lost.is_none())?;
        self.texts.get(&entry.path).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// What there is to choose from, in the order in which it is shown, with the number of paths.
    /// Directories above, and what commands printed, are nothing that anybody chooses.
    pub fn categories(&self) -> Vec<(Category, usize)> {
        let mut counts: BTreeMap<Category, usize> = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| entry.hostile.is_none() && !entry.is_only_above) {
            *counts.entry(entry.category()).or_default() += 1;
        }
        counts.remove(&Category::Info);
        let shown = CATEGORIES.iter().filter_map(|facts| Some((facts.category, *counts.get(&facts.category)?)));
        shown.collect()
    }

    /// The content's digest, that of the first name for a further one.
    pub(super) fn digest_of(&self, entry: &Archived) -> Option<Digest> {
        match &entry.kind {
            ArchivedKind::HardLink(first) => self.get(first)?.digest,
            _ => entry.digest,
        }
    }

    /// The entry whose owner, attributes and content this one has: of a further name the first.
    pub(super) fn inode<'a>(&'a self, entry: &'a Archived) -> &'a Archived {
        match &entry.kind {
            ArchivedKind::HardLink(first) => self.get(first).unwrap_or(entry),
            _ => entry,
        }
    }

    /// The node whose files these are: its folder may be called otherwise than the machine was.
    pub(super) fn own_node(&self) -> &str {
        let nodes: BTreeSet<&str> = self.entries.iter().filter_map(node_of).collect();
        match nodes.iter().next() {
            Some(only) if nodes.len() == 1 => only,
            _ => &self.host.name,
        }
    }

    /// Whether it was taken of a member of a cluster.
    pub(super) fn is_clustered(&self) -> bool {
        self.host.is_clustered || self.get(b"/etc/pve/corosync.conf").is_some()
    }
}

/// The node in `/etc/pve/nodes/NODE/…`.
pub(super) fn node_of(entry: &Archived) -> Option<&str> {
    let path = std::str::from_utf8(&entry.path).ok().filter(|_| entry.hostile.is_none())?;
    path.strip_prefix("/etc/pve/nodes/")?.split('/').next()
}

/// Whether a path lies in this directory, or is it.
pub(super) fn is_below(path: &[u8], dir: &[u8]) -> bool {
    path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}
