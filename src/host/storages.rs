//! Storages of Proxmox VE that are mounts: without the mount, what is written there lands on the
//! disk below.

use std::path::{Path, PathBuf};

use super::sections::parse;

/// A place where a storage is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageMount {
    /// Id of the storage.
    pub storage: String,
    /// Where.
    pub point: PathBuf,
}

/// Of the text of `/etc/pve/storage.cfg`: `nfs`, `cifs`, `cephfs`, `glusterfs`, and `dir` with
/// `is_mountpoint`; none that is disabled.
pub fn storage_mounts(text: &str) -> Vec<StorageMount> {
    let enabled = parse(text).into_iter().filter(|storage| !storage.has_flag("disable"));
    enabled
        .filter_map(|storage| {
            let own = storage.get("path").map(PathBuf::from);
            let point = match storage.kind.as_str() {
                "nfs" | "cifs" | "cephfs" | "glusterfs" => {
                    own.or_else(|| Some(Path::new("/mnt/pve").join(&storage.id)))
                }
                "dir" => match storage.get("is_mountpoint") {
                    None | Some("0" | "no" | "false" | "off") => None,
                    Some(other) if other.starts_with('/') => Some(PathBuf::from(other)),
                    Some(_) => own,
                },
                _ => None,
            };
            Some(StorageMount { point: point?, storage: storage.id })
        })
        .collect()
}
