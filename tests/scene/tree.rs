//! What a scene's host holds, as text that can be compared: nothing was written, or everything is
//! back.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use ring::digest::{SHA256, digest};

use super::Scene;

/// How closely two moments are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// All there is, times as well: between the two nothing was written.
    Exact,
    /// What a restore and its undo answer for: no times, and not what the cluster file system makes
    /// by itself (its dot files, and the bytes of `config.db`, whose content is below `/etc/pve`).
    Lasting,
}

/// Shared memory of SQLite: reading changes it.
const ALWAYS_CHANGING: &str = "var/lib/pve-cluster/config.db-shm";

impl Scene {
    /// Each path with its type, mode, owner, content and extended attributes.
    pub(crate) fn tree(&self, look: Look) -> BTreeMap<String, String> {
        let top = self.root();
        let mut found = BTreeMap::new();
        let mut open = vec![top.clone()];
        while let Some(directory) = open.pop() {
            found.insert(relative(&directory, &top), describe(&directory, look));
            for path in crate::sample::files_in(&directory) {
                let name = relative(&path, &top);
                if name == ALWAYS_CHANGING || (look == Look::Lasting && is_made_by_daemons(&name)) {
                    continue;
                }
                if path.symlink_metadata().unwrap().is_dir() {
                    open.push(path);
                } else {
                    found.insert(name, describe(&path, look));
                }
            }
        }
        found
    }

    /// One value for the whole host.
    pub(crate) fn tree_hash(&self, look: Look) -> String {
        hex(format!("{:?}", self.tree(look)).as_bytes())
    }
}

/// Paths that are not the same in both, for a message.
pub(crate) fn differences(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let paths: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = paths.into_iter().filter(|path| before.get(*path) != after.get(*path));
    changed.map(|path| format!("{path}: {:?} -> {:?}", before.get(path), after.get(path))).collect()
}

fn relative(path: &Path, top: &Path) -> String {
    path.strip_prefix(top).unwrap().to_str().unwrap().to_owned()
}

fn is_made_by_daemons(path: &str) -> bool {
    let dot_files = [".version", ".members", ".vmlist", ".rrd", ".clusterlog", ".debug"];
    path.strip_prefix("etc/pve/").is_some_and(|name| dot_files.contains(&name))
        || path
            .strip_prefix("var/lib/pve-cluster/")
            .is_some_and(|name| name.contains("config.db") || name.starts_with('.'))
}

fn describe(path: &Path, look: Look) -> String {
    let metadata = path.symlink_metadata().unwrap();
    let kind = metadata.mode() & 0o170_000;
    let mut text = format!("{kind:o} {:o} {}:{}", metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
    if look == Look::Exact {
        write!(text, " {}.{}", metadata.mtime(), metadata.mtime_nsec()).unwrap();
    }
    if metadata.is_symlink() {
        let target = std::fs::read_link(path).unwrap();
        write!(text, " -> {}", target.display()).unwrap();
    } else if metadata.is_file() {
        write!(text, " {}", hex(&std::fs::read(path).unwrap())).unwrap();
    }
    // Some file systems, /etc/pve among them, have none.
    for name in xattr::list(path).into_iter().flatten() {
        let value = xattr::get(path, &name).unwrap().unwrap_or_default();
        write!(text, " {}={}", name.as_bytes().escape_ascii(), hex(&value)).unwrap();
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
