//! Inventories: what a restore on new hardware has to know, computed from files alone, so that a
//! mounted disk gives them as well. JSON, because programs read them.

mod network;
mod backups;
mod datastores;
mod samples;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::recipe::Inventory;
use crate::system::{Kind, Root, Stat};

pub use samples::{SampleFiles, find as sample_files};

/// More than any list somebody reads; a storage server may hold millions of files.
const MOST_ENTRIES: usize = 20_000;
/// For one storage or datastore: a list must not be the slowest part of a backup.
const LONGEST: Duration = Duration::from_secs(10);

/// Computes one inventory; `None` when this host has nothing of the kind.
///
/// `step` is told each path before it is touched: a network storage may hang there.
pub fn take(root: &Root, what: Inventory, name: &str, step: &dyn Fn(&Path)) -> Option<Vec<u8>> {
    let walk = Walk::new(root, step, MOST_ENTRIES, LONGEST);
    match what {
        Inventory::Network => json(&network::interfaces(root)?),
        Inventory::BackupFiles => json(&backups::list(walk, name)?),
        Inventory::Datastore => json(&datastores::list(walk, name)?),
    }
}

fn json(value: &impl Serialize) -> Option<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value).ok()?;
    bytes.push(b'\n');
    Some(bytes)
}

/// A walk that ends in time: so many entries, so long.
struct Walk<'a> {
    root: &'a Root,
    step: &'a dyn Fn(&Path),
    left: usize,
    until: Instant,
    /// What ended it early: `entries` or `time`.
    stopped_by: Option<&'static str>,
}

impl<'a> Walk<'a> {
    fn new(root: &'a Root, step: &'a dyn Fn(&Path), entries: usize, time: Duration) -> Self {
        Self { root, step, left: entries, until: Instant::now() + time, stopped_by: None }
    }

    /// Names and kinds in a directory, sorted; what cannot be read is empty.
    fn list(&mut self, dir: &Path) -> Vec<(String, Stat)> {
        (self.step)(dir);
        let Ok(opened) = self.root.directory(dir) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for entry in opened.entries().unwrap_or_default() {
            if self.is_over() {
                break;
            }
            self.left -= 1;
            (self.step)(dir);
            if let Ok(Some(stat)) = opened.stat_of(&entry.name) {
                found.push((entry.name.to_string_lossy().into_owned(), stat));
            }
        }
        found
    }

    fn directories(&mut self, dir: &Path) -> Vec<String> {
        let found = self.list(dir).into_iter();
        found.filter(|(_, stat)| stat.kind == Kind::Directory).map(|(name, _)| name).collect()
    }

    fn is_over(&mut self) -> bool {
        if self.left == 0 {
            self.stopped_by = Some("entries");
        } else if Instant::now() >= self.until {
            self.stopped_by = Some("time");
        }
        self.stopped_by.is_some()
    }
}

/// The last segment of a symlink in sysfs: the driver's name, the device's address.
fn link_name(root: &Root, path: impl Into<PathBuf>) -> Option<String> {
    let target = root.read_link(path.into()).ok()?;
    Some(Path::new(&target).file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests;
