//! Files of one storage or datastore that a sample chooses from, found within the limits of a list.

use std::path::{Path, PathBuf};

use super::{LONGEST, MOST_ENTRIES, Walk, backups, datastores};
use crate::recipe::Sample;
use crate::system::{Kind, Root};

/// A namespace is two directories, and `MAX_NAMESPACE_DEPTH` of PBS is 7; below the last one lie kind,
/// group and snapshot.
const DATASTORE_DEPTH: usize = 2 * 7 + 3;

/// What was found.
#[derive(Debug)]
pub struct SampleFiles {
    /// The directory that was looked at.
    pub top: PathBuf,
    /// Regular files in it, sorted.
    pub files: Vec<PathBuf>,
    /// `entries` or `time` when there may be more.
    pub stopped_by: Option<&'static str>,
}

/// Looks; `None` for what has no directory, or none that is there.
///
/// `step` is told each path before it is touched: a network storage may hang there.
pub fn find(root: &Root, what: Sample, name: &str, step: &dyn Fn(&Path)) -> Option<SampleFiles> {
    look(Walk::new(root, step, MOST_ENTRIES, LONGEST), what, name)
}

pub(super) fn look(mut walk: Walk<'_>, what: Sample, name: &str) -> Option<SampleFiles> {
    let (top, depth) = match what {
        Sample::SmallBackups | Sample::NamedBackups => (backups::place(walk.root, name)?.1, 0),
        Sample::SmallPxar => (datastores::place(walk.root, name)?, DATASTORE_DEPTH),
    };
    (walk.step)(&top);
    let device = walk.root.directory(&top).and_then(|dir| dir.stat()).ok()?.id.0;
    let mut files = Vec::new();
    below(&mut walk, &top, device, depth, &mut files);
    Some(SampleFiles { top, files, stopped_by: walk.stopped_by })
}

/// Hidden directories are the datastore's machinery: `.chunks` alone has 65 536 directories.
fn below(walk: &mut Walk<'_>, dir: &Path, device: u64, depth: usize, files: &mut Vec<PathBuf>) {
    for (name, stat) in walk.list(dir) {
        match stat.kind {
            Kind::File => files.push(dir.join(name)),
            Kind::Directory if depth > 0 && stat.id.0 == device && !name.starts_with('.') => {
                below(walk, &dir.join(name), device, depth - 1, files);
            }
            _ => {}
        }
    }
}
