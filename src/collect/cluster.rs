//! Files of a disk's cluster file system, which only its database has: under their own paths, so
//! that a backup of a dead disk lists, shows and restores like one of the host when it was alive.

use std::path::Path;

use super::content::Content;
use super::files::Walker;
use super::reader::Gone;
use super::{Entry, EntryKind, Metadata};
use crate::host::{CLUSTER_DIR, ClusterNode};
use crate::pattern::Pattern;
use crate::plan::SourceKind;
use crate::recipe::Need;

/// Group `www-data`, which pmxcfs gives everything to.
const GROUP: u32 = 33;

/// Whether a source lies in the cluster file system.
pub(super) fn is_inside(kind: &SourceKind) -> bool {
    match kind {
        SourceKind::Path(path) => path.starts_with(CLUSTER_DIR),
        SourceKind::Glob(pattern) => Path::new(Pattern::literal_base(pattern)).starts_with(CLUSTER_DIR),
        _ => false,
    }
}

/// Hands on what the walker's source takes of the tree.
pub(super) fn take(walker: &mut Walker<'_>, tree: &[ClusterNode]) -> Result<(), Gone> {
    let pattern = match &walker.source.kind {
        SourceKind::Path(path) => path.to_string_lossy().into_owned(),
        SourceKind::Glob(pattern) => pattern.clone(),
        _ => return Ok(()),
    };
    let (own, is_all) = (Pattern::new(&pattern), pattern == CLUSTER_DIR);
    let is_left_to_others = |path: &[u8]| walker.source.claimed.iter().any(|claim| claim.covers(path));
    let taken = tree.iter().filter(|node| {
        let path = node.path.as_os_str().as_encoded_bytes();
        own.covers(path) && !is_left_to_others(path) && !walker.is_excluded(&node.path)
    });
    let taken: Vec<&ClusterNode> = taken.collect();
    if taken.is_empty() && !is_all {
        return walker.absent(Path::new(&pattern), Need::Optional);
    }
    walker.parents(Path::new(CLUSTER_DIR))?;
    taken.into_iter().try_for_each(|node| emit(walker, tree, node))
}

fn emit(walker: &Walker<'_>, tree: &[ClusterNode], node: &ClusterNode) -> Result<(), Gone> {
    let above = node.path.ancestors().skip(1).collect::<Vec<_>>();
    for dir in above.into_iter().rev() {
        if let Ok(at) = tree.binary_search_by(|other| other.path.as_path().cmp(dir)) {
            emit_one(walker, &tree[at])?;
        }
    }
    emit_one(walker, node)
}

fn emit_one(walker: &Walker<'_>, node: &ClusterNode) -> Result<(), Gone> {
    walker.job.step(&node.path);
    if !walker.job.progress().note(&node.path) {
        return Ok(());
    }
    let kind = if node.content.is_some() { EntryKind::File } else { EntryKind::Directory };
    let meta = Metadata { mode: mode(node), gid: GROUP, mtime: node.mtime, ..Metadata::default() };
    let entry = Entry::new(&node.path, kind, walker.job.accounts.name(meta), walker.source.recipe);
    let content = node.content.clone().unwrap_or_default();
    walker.emit(entry.with(content.len() as u64, Content::bytes(content)))
}

/// The modes pmxcfs computes (`proxmox-facts` §4.1).
fn mode(node: &ClusterNode) -> u32 {
    let is_private = node.path.components().any(|part| part.as_os_str() == "priv");
    match (node.content.is_some(), is_private) {
        (true, false) => 0o640,
        (true, true) => 0o600,
        (false, false) => 0o755,
        (false, true) => 0o700,
    }
}
