//! Guest backups in the `dump` directory of one storage: never a walk over the whole storage.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Walk;
use crate::host::cluster_text;
use crate::host::sections::{self, Section};
use crate::system::{Kind, Root};

#[derive(Debug, Serialize)]
pub(super) struct Backups {
    storage: String,
    kind: String,
    directory: PathBuf,
    /// False when the storage is not mounted, or never had a backup.
    is_present: bool,
    /// `entries` or `time` when the list is not complete.
    stopped_by: Option<&'static str>,
    files: Vec<File>,
}

#[derive(Debug, Serialize)]
struct File {
    name: String,
    bytes: u64,
    /// Seconds since 1970.
    mtime: i64,
}

/// `None` for a storage without a directory of its own (PBS, block devices).
pub(super) fn list(mut walk: Walk<'_>, storage: &str) -> Option<Backups> {
    let (section, directory) = place(walk.root, storage)?;
    (walk.step)(&directory);
    let is_present = walk.root.is_dir(&directory);
    let found = walk.list(&directory).into_iter();
    let files = found.filter(|(_, stat)| stat.kind == Kind::File);
    let files = files.map(|(name, stat)| File { name, bytes: stat.size, mtime: stat.mtime }).collect();
    Some(Backups { storage: section.id, kind: section.kind, directory, is_present, stopped_by: walk.stopped_by, files })
}

/// A storage and its `dump` directory.
pub(super) fn place(root: &Root, storage: &str) -> Option<(Section, PathBuf)> {
    let text = cluster_text(root, "/etc/pve/storage.cfg");
    let section = sections::parse(&text).into_iter().find(|section| section.id == storage)?;
    let directory = dump_directory(&section)?;
    Some((section, directory))
}

fn dump_directory(section: &Section) -> Option<PathBuf> {
    let top = directory(section)?;
    // `content-dirs backup=some/where` moves it (since PVE 8).
    let moved = section.get("content-dirs").unwrap_or_default().split(',');
    let moved = moved.filter_map(|part| part.trim().strip_prefix("backup=")).next_back().unwrap_or("dump");
    Some(top.join(moved.trim_start_matches('/')))
}

/// Where a storage's files lie; PVE mounts network storages below `/mnt/pve`.
pub(in crate::host) fn directory(section: &Section) -> Option<PathBuf> {
    match (section.get("path"), section.kind.as_str()) {
        (Some(path), _) if path.starts_with('/') => Some(PathBuf::from(path)),
        (None, "nfs" | "cifs" | "cephfs" | "glusterfs") => Some(Path::new("/mnt/pve").join(&section.id)),
        _ => None,
    }
}
