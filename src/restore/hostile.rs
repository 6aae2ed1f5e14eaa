//! Names and kinds that are never written, whoever packed them.

use std::collections::BTreeSet;

use super::source::{Archived, ArchivedKind};

/// The longest name of one segment that Linux takes.
const LONGEST_SEGMENT: usize = 255;

/// Why a member of this name can never be a file of the host; the name is that in the archive.
pub(super) fn of_name(name: &[u8]) -> Option<&'static str> {
    let segments = || name.split(|byte| *byte == b'/');
    match () {
        () if name.starts_with(b"/") => Some("its name in the archive is absolute"),
        () if segments().any(|segment| segment == b"..") => Some("its name leads out of the directory"),
        () if segments().any(|segment| segment.is_empty() || segment == b".") => Some("its name is not plain"),
        () if segments().any(|segment| segment.len() > LONGEST_SEGMENT) => Some("its name is too long"),
        () => None,
    }
}

/// What only the whole archive tells: names that occur twice, names below what is no directory,
/// links to nothing. Entries are sorted by path.
pub(super) fn mark(entries: &mut Vec<Archived>) {
    mark_twice(entries);
    let no_directory: BTreeSet<Vec<u8>> =
        entries.iter().filter(|entry| entry.kind != ArchivedKind::Directory).map(|entry| entry.path.clone()).collect();
    let files: BTreeSet<Vec<u8>> =
        entries.iter().filter(|entry| entry.is_plain_file()).map(|entry| entry.path.clone()).collect();
    for entry in entries.iter_mut().filter(|entry| entry.hostile.is_none()) {
        if above(&entry.path).any(|path| no_directory.contains(path)) {
            entry.hostile = Some("it lies below what is no directory in the archive");
        } else if matches!(&entry.kind, ArchivedKind::HardLink(first) if !files.contains(first)) {
            entry.hostile = Some("it is another name of a file that is not in the archive");
        }
    }
}

/// Readers disagree which of two equal names counts.
fn mark_twice(entries: &mut Vec<Archived>) {
    entries.dedup_by(|later, first| {
        let is_same = later.path == first.path;
        if is_same {
            first.hostile = first.hostile.or(Some("the archive holds this name more than once"));
        }
        is_same
    });
}

/// The directories above a path, nearest last.
pub(super) fn above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/').map(|(at, _)| &path[..at])
}
