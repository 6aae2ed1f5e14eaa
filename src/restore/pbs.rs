//! Proxmox Backup Server: owners and modes its daemons insist on, and datastores, which a restore
//! lists and never makes.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::owners::Owners;
use super::planned::Attributes;
use super::source::{Archived, ArchivedKind, Source};
use crate::host::parse_sections;
use crate::pattern::Pattern;

/// Its configuration: the daemons refuse to start when owner or mode differ.
pub(super) const CONFIG: &[u8] = b"/etc/proxmox-backup";
/// Its state.
pub(super) const STATE: &[u8] = b"/var/lib/proxmox-backup";
const DATASTORES: &str = "/etc/proxmox-backup/datastore.cfg";

const ROOT: (&str, u32) = ("root", 0);
/// User and group of the proxy; the numbers are Debian's own (`base-passwd`).
const BACKUP: (&str, u32) = ("backup", 34);

type Row = (&'static str, ArchivedKind, (&'static str, u32), (&'static str, u32), u32);

/// Owners and modes (`proxmox-facts` §5.2); the first row that fits counts.
const ATTRIBUTES: &[Row] = &[
    ("/etc/proxmox-backup", ArchivedKind::Directory, BACKUP, BACKUP, 0o700),
    ("/etc/proxmox-backup/encryption-keys", ArchivedKind::Directory, ROOT, BACKUP, 0o750),
    ("/etc/proxmox-backup/acme", ArchivedKind::Directory, ROOT, ROOT, 0o700),
    ("/etc/proxmox-backup/acme/**", ArchivedKind::Directory, ROOT, ROOT, 0o700),
    ("/etc/proxmox-backup/notifications-priv.cfg", ArchivedKind::File, ROOT, ROOT, 0o600),
    ("/etc/proxmox-backup/tape-encryption-keys.json", ArchivedKind::File, ROOT, ROOT, 0o600),
    ("/etc/proxmox-backup/shadow.json", ArchivedKind::File, ROOT, ROOT, 0o600),
    ("/etc/proxmox-backup/tfa.json", ArchivedKind::File, ROOT, ROOT, 0o600),
    ("/etc/proxmox-backup/ldap_passwords.json", ArchivedKind::File, ROOT, ROOT, 0o600),
    ("/etc/proxmox-backup/authkey.key", ArchivedKind::File, ROOT, ROOT, 0o600),
    ("/etc/proxmox-backup/acme/**", ArchivedKind::File, ROOT, ROOT, 0o600),
    ("/etc/proxmox-backup/token.shadow", ArchivedKind::File, BACKUP, BACKUP, 0o640),
    ("/etc/proxmox-backup/encryption-keys/*", ArchivedKind::File, ROOT, BACKUP, 0o640),
    ("/etc/proxmox-backup/*.cfg", ArchivedKind::File, ROOT, BACKUP, 0o640),
    ("/etc/proxmox-backup/tape-encryption-key-config.json", ArchivedKind::File, ROOT, BACKUP, 0o640),
    ("/etc/proxmox-backup/*.pub", ArchivedKind::File, ROOT, BACKUP, 0o640),
    ("/etc/proxmox-backup/*.key", ArchivedKind::File, ROOT, BACKUP, 0o640),
    ("/etc/proxmox-backup/*.pem", ArchivedKind::File, ROOT, BACKUP, 0o640),
];

/// What an entry must have, whatever the backup says; `None` where the backup decides.
pub(super) fn attributes(entry: &Archived, owners: &Owners) -> Option<Attributes> {
    let kind = if matches!(entry.kind, ArchivedKind::HardLink(_)) { &ArchivedKind::File } else { &entry.kind };
    let row = ATTRIBUTES.iter().find(|(path, of, ..)| of == kind && Pattern::new(path).matches(&entry.path))?;
    Some(owners.named(row.2, row.3, row.4))
}

/// Whether it belongs to the backup server.
pub(super) fn is_of_pbs(entry: &Archived) -> bool {
    entry.is_below(CONFIG) || entry.is_below(STATE)
}

/// What lies under the path of a datastore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreState {
    /// Chunks: it can be used as it is.
    ChunkStore,
    /// Nothing.
    Missing,
    /// A directory without chunks on the system's own disk.
    NotMounted,
    /// A mounted file system without chunks.
    MountedEmpty,
    /// Nobody can tell: its file system does not answer.
    Silent,
}

/// Name, path and whether its chunks lie in an S3 bucket.
pub(super) struct Store {
    pub(super) name: String,
    pub(super) path: PathBuf,
    is_s3: bool,
}

/// The datastores of the backup whose paths are plain.
pub(super) fn stores(source: &Source) -> Vec<Store> {
    let text = source.text(DATASTORES).unwrap_or_default();
    let of_store = |section: &crate::host::Section| {
        let path = PathBuf::from(section.get("path")?);
        let is_s3 = section.get("backend").is_some_and(|backend| backend.contains("type=s3"));
        let is_plain = path.is_absolute() && !path.components().any(|part| part == std::path::Component::ParentDir);
        (section.kind == "datastore" && is_plain).then(|| Store { name: section.id.clone(), path, is_s3 })
    };
    parse_sections(&text).iter().filter_map(of_store).collect()
}

/// Directories of the datastores of the backup.
pub(super) fn store_paths(source: &Source) -> Vec<PathBuf> {
    stores(source).into_iter().map(|store| store.path).collect()
}

/// What a person has to do for each datastore that is not there.
pub(super) fn missing_stores(source: &Source, state: impl Fn(&Path) -> Option<StoreState>) -> Vec<(String, String)> {
    let explain = |store: Store| {
        let place = store.path.display();
        let what = match state(&store.path)? {
            StoreState::ChunkStore => return None,
            _ if store.is_s3 => format!(
                "its chunks are in S3 and its cache {place} is not here: once the endpoint is back, \
                 proxmox-backup-manager datastore create with the same name, --reuse-datastore true \
                 --overwrite-in-use true"
            ),
            StoreState::Missing => format!("{place} does not exist: mount its disk there; a restore never makes it"),
            StoreState::NotMounted => {
                format!("{place} lies on the system's disk and holds no chunks: mount its disk there before it is used")
            }
            StoreState::Silent => format!("{place} does not answer: bring its disk or server back"),
            StoreState::MountedEmpty => format!("{place} is mounted and holds no chunks: is it the right disk?"),
        };
        Some((store.name, what))
    };
    stores(source).into_iter().filter_map(explain).collect()
}
