//! What one datastore holds: namespaces and groups with their owners and first and last snapshot.
//! Never a look below `.chunks`, which has 65 536 directories.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Walk;
use crate::host::sections;
use crate::system::Root;

/// `MAX_NAMESPACE_DEPTH` of PBS.
const MOST_NAMESPACES_DEEP: usize = 7;
const KINDS: &[&str] = &["ct", "host", "vm"];

#[derive(Debug, Serialize)]
pub(super) struct Datastore {
    name: String,
    directory: PathBuf,
    /// False when it is not mounted.
    is_present: bool,
    has_chunks: bool,
    /// `entries` or `time` when the list is not complete.
    stopped_by: Option<&'static str>,
    groups: Vec<Group>,
}

#[derive(Debug, Serialize)]
struct Group {
    /// `a/b`; empty for the root namespace.
    namespace: String,
    kind: &'static str,
    id: String,
    owner: Option<String>,
    snapshots: usize,
    oldest: Option<String>,
    newest: Option<String>,
}

/// `None` when the configuration names no directory for it.
pub(super) fn list(mut walk: Walk<'_>, datastore: &str) -> Option<Datastore> {
    let directory = place(walk.root, datastore)?;
    (walk.step)(&directory);
    let mut groups = Vec::new();
    namespace(&mut walk, &directory, "", MOST_NAMESPACES_DEEP, &mut groups);
    Some(Datastore {
        name: datastore.to_owned(),
        is_present: walk.root.is_dir(&directory),
        has_chunks: walk.root.is_dir(directory.join(".chunks")),
        directory,
        stopped_by: walk.stopped_by,
        groups,
    })
}

/// Where a datastore lies; one that no configuration names is told by its path.
pub(super) fn place(root: &Root, datastore: &str) -> Option<PathBuf> {
    if datastore.starts_with('/') {
        return Some(PathBuf::from(datastore));
    }
    let text = root.read_text("/etc/proxmox-backup/datastore.cfg").ok()?;
    let section = sections::parse(&text).into_iter().find(|section| section.id == datastore)?;
    // The path of a removable datastore is relative to the mount point PBS makes for it.
    match (section.get("backing-device"), section.get("path")?) {
        (Some(_), inside) => Some(Path::new("/mnt/datastore").join(&section.id).join(inside.trim_start_matches('/'))),
        (None, path) if path.starts_with('/') => Some(PathBuf::from(path)),
        _ => None,
    }
}

fn namespace(walk: &mut Walk<'_>, dir: &Path, name: &str, depth: usize, groups: &mut Vec<Group>) {
    for kind in KINDS {
        for id in walk.directories(&dir.join(kind)) {
            let group = group(walk, &dir.join(kind).join(&id), name, kind, id);
            groups.push(group);
        }
    }
    if depth == 0 {
        return;
    }
    for child in walk.directories(&dir.join("ns")) {
        let below = if name.is_empty() { child.clone() } else { format!("{name}/{child}") };
        namespace(walk, &dir.join("ns").join(child), &below, depth - 1, groups);
    }
}

/// Snapshots are directories named by their time, so that names sort by time.
fn group(walk: &mut Walk<'_>, dir: &Path, namespace: &str, kind: &'static str, id: String) -> Group {
    let mut snapshots = walk.directories(dir);
    snapshots.retain(|name| name.ends_with('Z') && name.starts_with(|first: char| first.is_ascii_digit()));
    let owner = walk.root.read_text(dir.join("owner")).ok();
    Group {
        namespace: namespace.to_owned(),
        kind,
        id,
        owner: owner.map(|owner| owner.trim().to_owned()),
        snapshots: snapshots.len(),
        oldest: snapshots.first().cloned(),
        newest: snapshots.last().cloned(),
    }
}
