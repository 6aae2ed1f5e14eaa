//! What lies in a remote's directory: backups, and what interrupted runs left. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::answers::Entry;
use super::remote::Remote;
use crate::bundle::{BUNDLE, BackupId, Origin, SIDE_FILES, owner_of_side, parse_name};
use crate::storage::run_logs::{Doomed, doomed_of};
use crate::storage::{Stored, Tier};
use crate::system::PartialFile;

/// Beginning of the name of the file that the write test makes.
const WRITE_TEST: &str = ".write-test-";

/// A directory's files by name.
#[derive(Debug, Default)]
pub(super) struct Listing {
    files: BTreeMap<String, Entry>,
    /// Names that the remote holds more than once, as Google Drive can.
    pub(super) doubled: BTreeSet<String>,
}

impl Listing {
    /// Of what was answered; of files with one name the newest counts.
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        let mut listing = Self::default();
        for entry in entries {
            match listing.files.get(&entry.name) {
                Some(other) => {
                    listing.doubled.insert(entry.name.clone());
                    if entry.modified > other.modified {
                        listing.files.insert(entry.name.clone(), entry);
                    }
                }
                None => drop(listing.files.insert(entry.name.clone(), entry)),
            }
        }
        listing
    }

    /// Whether a file is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// A file that is there.
    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.files.get(name)
    }

    /// All names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Backups of all hosts, newest first.
    pub(super) fn backups(&self, dir: &Remote) -> Vec<Stored> {
        let mut all: Vec<Stored> = self.names().filter_map(|name| self.stored(dir, name)).collect();
        all.sort_by(|a, b| b.id.cmp(&a.id));
        all
    }

    fn stored(&self, dir: &Remote, name: &str) -> Option<Stored> {
        let (id, packing) = parse_name(name)?;
        let sides = SIDE_FILES.iter().map(|end| format!("{name}{end}")).filter(|side| self.has(side));
        let files: Vec<String> = std::iter::once(name.to_owned()).chain(sides).collect();
        let bytes =
            files.iter().filter_map(|file| self.get(file)).fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
        Some(Stored {
            tier: Tier::Cloud,
            path: PathBuf::from(dir.file(name)),
            files,
            bytes,
            is_encrypted: packing.is_encrypted,
            origin: id.product().map(|_| Origin::Bash),
            manifest: Ok(None),
            id,
        })
    }

    /// What interrupted runs of a host left: partial files, side files without an archive, a write test.
    pub(super) fn leftovers(&self, host: &str) -> Vec<&str> {
        self.names().filter(|name| *name == write_test(host) || self.is_leftover(name, host)).collect()
    }

    fn is_leftover(&self, name: &str, host: &str) -> bool {
        let is_ours = |archive: &str| parse_name(archive).is_some_and(|(id, _)| id.host() == host);
        if let Some(settled) = name.strip_suffix(PartialFile::SUFFIX) {
            // rclone 1.63 and later put eight digits before the suffix, behind a suffix of ours as well.
            let settled = settled.rsplit_once('.').filter(|(_, tag)| is_tag(tag)).map_or(settled, |(name, _)| name);
            let settled = settled.strip_suffix(PartialFile::SUFFIX).unwrap_or(settled);
            return is_ours(settled) || owner_of_side(settled).is_some_and(is_ours);
        }
        owner_of_side(name)
            .is_some_and(|archive| is_ours(archive) && !self.has(archive) && !self.has(&format!("{archive}{BUNDLE}")))
    }

    /// Logs and statistics of a host to remove: those of removed backups, and all but the newest `keep`; 0 keeps all.
    pub(super) fn logs_to_remove(&self, host: &str, removed: &[BackupId], keep: u32) -> Vec<String> {
        let names: Vec<String> = self.names().map(str::to_owned).collect();
        let Doomed { logs, unfinished } = doomed_of(&names, host, removed, keep as usize);
        logs.into_iter().chain(unfinished).collect()
    }
}

/// The name of a host's write test: always the same, so that one that stays is found.
pub(super) fn write_test(host: &str) -> String {
    format!("{WRITE_TEST}{host}")
}

fn is_tag(text: &str) -> bool {
    text.len() == 8 && text.chars().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::super::remote::tests::settings;
    use super::*;

    fn entry(name: &str, modified: &str) -> Entry {
        Entry {
            name: name.to_owned(),
            bytes: 10,
            modified: chrono::DateTime::parse_from_rfc3339(modified).ok(),
            digests: BTreeMap::new(),
        }
    }

    fn listing(names: &[&str]) -> Listing {
        Listing::new(names.iter().map(|name| entry(name, "")).collect())
    }

    fn place() -> Remote {
        Remote::of_backups(&settings("box:pve", "", "")).unwrap()
    }

    #[test]
    fn backups_of_all_hosts_are_found_newest_first() {
        let listing = listing(&[
            "a-backup-20260101-000000.tar.zst",
            "a-backup-20260101-000000.tar.zst.sha256",
            "a-backup-20260101-000000.tar.zst.metadata",
            "a-backup-20260101-000000.tar.zst.metadata.sha256",
            "b-backup-20260201-000000.tar.zst.age.bundle.tar",
            "b-backup-20260301-000000.tar.zst.bundle.tar.partial",
            "pve-backup-c-2025-11-05_19-56-22.tar.xz",
            "b-backup-20260401-000000.tar.zst.sha256",
            "notes.txt",
        ]);
        let found = listing.backups(&place());
        let ids: Vec<String> = found.iter().map(|stored| stored.id.to_string()).collect();
        assert_eq!(ids, ["b-backup-20260201-000000", "a-backup-20260101-000000", "pve-backup-c-2025-11-05_19-56-22"]);
        assert!(found[0].is_encrypted && found[0].files.len() == 1);
        assert_eq!(found[0].path, PathBuf::from("box:pve/b-backup-20260201-000000.tar.zst.age.bundle.tar"));
        assert_eq!((found[1].files.len(), found[1].bytes), (4, 40));
        assert_eq!(found[2].origin, Some(Origin::Bash));
    }

    #[test]
    fn of_two_files_with_one_name_the_newest_counts() {
        let name = "a-backup-20260101-000000.tar";
        let mut old = entry(name, "2026-01-01T00:00:00Z");
        old.bytes = 1;
        for entries in [[old.clone(), entry(name, "2026-01-02T00:00:00Z")], [entry(name, "2026-01-02T00:00:00Z"), old]]
        {
            let listing = Listing::new(entries.to_vec());
            assert_eq!(listing.get(name).unwrap().bytes, 10);
            assert_eq!(listing.backups(&place()).len(), 1);
            assert!(listing.doubled.contains(name));
        }
    }

    #[test]
    fn what_runs_of_this_host_left_is_found_and_nothing_else() {
        let listing = listing(&[
            "a-backup-20260101-000000.tar.zst.partial",
            "a-backup-20260101-000000.tar.zst.1a2b3c4d.partial",
            "a-backup-20260101-000000.tar.zst.partial.1a2b3c4d.partial",
            "a-backup-20260102-000000.tar.zst.sha256",
            "a-backup-20260102-000000.tar.zst.metadata.sha256",
            "a-backup-20260103-000000.tar.zst.manifest.json.partial",
            ".write-test-a",
            ".write-test-b",
            "a-backup-20260104-000000.tar.zst",
            "a-backup-20260104-000000.tar.zst.sha256",
            "a-backup-20260105-000000.tar.zst.sha256",
            "a-backup-20260105-000000.tar.zst.bundle.tar",
            "b-backup-20260101-000000.tar.zst.partial",
            "b-backup-20260101-000000.tar.zst.sha256",
            "notes.partial",
        ]);
        let found = listing.leftovers("a");
        assert_eq!(found.len(), 7, "{found:?}");
        assert!(found.iter().all(|name| name.contains("2026010") || *name == ".write-test-a"));
        assert!(!found.iter().any(|name| name.contains("0104") || name.contains("0105") || name.starts_with('b')));
    }

    #[test]
    fn logs_go_with_their_backups_and_beyond_the_newest() {
        let listing = listing(&[
            "backup-a-20260101-000000.log",
            "backup-a-20260102-000000.log",
            "backup-a-20260103-000000.log",
            "backup-a-20260104-000000.log",
            "backup-stats-a-20260103-000000.json",
            "backup-stats-a-20260104-000000.json",
            "backup-a-b-20260101-000000.log",
            "backup-a-2026131-000000.log",
            "backup-b-20260101-000000.log",
        ]);
        let (gone, _) = parse_name("a-backup-20260103-000002.tar").unwrap();
        let (other, _) = parse_name("b-backup-20260104-000000.tar").unwrap();
        assert_eq!(
            listing.logs_to_remove("a", &[gone, other], 3),
            ["backup-a-20260101-000000.log", "backup-a-20260103-000000.log", "backup-stats-a-20260103-000000.json"]
        );
        assert!(listing.logs_to_remove("a", &[], 0).is_empty());
        assert!(listing.logs_to_remove("c", &[], 1).is_empty());
    }
}
