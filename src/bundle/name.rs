//! Names of backups: ours exactly, those of both older tools as far as needed to find them.
//!
//! `<host>-backup-YYYYMMDD-HHMMSS.tar[.gz|.bz2|.xz|.lzma|.zst][.age][.bundle.tar]`, local time.

use std::fmt;

use chrono::{DateTime, Local, NaiveDateTime};

use crate::archive::extension;
use crate::config::Codec;
use crate::system::local_stamp;

/// Suffix of a bundle.
pub const BUNDLE: &str = ".bundle.tar";
/// Suffix of an encrypted archive.
pub const AGE: &str = ".age";
/// Suffixes of the side files of an archive that is not bundled, of all generations of tools; the
/// longer of two that fit stands first.
pub const SIDE_FILES: [&str; 4] = [".metadata.sha256", ".sha256", ".metadata", ".manifest.json"];

/// The archive that a side file belongs to.
pub fn owner_of_side(name: &str) -> Option<&str> {
    SIDE_FILES.iter().find_map(|end| name.strip_suffix(end))
}

/// One backup's identity: host and time. Prints as the stem of its file names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BackupId {
    /// The stem: `pve1-backup-20261121-020000`.
    stem: String,
    host: String,
    taken: NaiveDateTime,
    /// `pve`, `pbs`: names of the Bash tool begin with it.
    product: Option<&'static str>,
}

impl BackupId {
    /// The identity of a backup of `host` taken now.
    pub fn new(host: &str, now: &DateTime<Local>) -> Self {
        let stem = format!("{host}-backup-{}", local_stamp(now));
        Self { stem, host: host.to_owned(), taken: now.naive_local(), product: None }
    }

    /// Host in the name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Time in the name: local time of the host.
    pub fn taken(&self) -> NaiveDateTime {
        self.taken
    }

    /// Product in the name; only the Bash tool's names have one.
    pub fn product(&self) -> Option<&'static str> {
        self.product
    }

    /// The stem of all file names.
    pub fn as_str(&self) -> &str {
        &self.stem
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stem)
    }
}

impl PartialOrd for BackupId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for BackupId {
    /// Oldest first; of one second by name.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.taken, &self.stem).cmp(&(other.taken, &other.stem))
    }
}

/// How an archive is packed, as its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// Compression.
    pub codec: Codec,
    /// Encrypted with age.
    pub is_encrypted: bool,
    /// Archive, checksum and manifest in one file.
    pub is_bundled: bool,
}

/// Name of the archive itself.
pub(super) fn archive_name(id: &BackupId, codec: Codec, is_encrypted: bool) -> String {
    format!("{id}.tar{}{}", extension(codec), if is_encrypted { AGE } else { "" })
}

/// What a file name says; `None` when it names no archive or bundle of any generation.
pub fn parse(name: &str) -> Option<(BackupId, Packing)> {
    let (archive, is_bundled) = match name.strip_suffix(BUNDLE) {
        Some(archive) => (archive.strip_suffix(".decrypted").unwrap_or(archive), true),
        None => (name, false),
    };
    let (plain, is_encrypted) = match archive.strip_suffix(AGE) {
        Some(plain) => (plain, true),
        None => (archive, false),
    };
    let (stem, codec) = split_codec(plain)?;
    let id = parse_stem(stem)?;
    Some((id, Packing { codec, is_encrypted, is_bundled }))
}

fn split_codec(name: &str) -> Option<(&str, Codec)> {
    const CODECS: [Codec; 6] = [Codec::None, Codec::Gzip, Codec::Bzip2, Codec::Xz, Codec::Lzma, Codec::Zstd];
    CODECS.iter().find_map(|codec| {
        let stem = name.strip_suffix(extension(*codec))?.strip_suffix(".tar")?;
        Some((stem, *codec))
    })
}

/// `<host>-backup-<stamp>` (the Go tool and ours) or `{pve,pbs}-backup-<host>-<stamp>` (the Bash tool).
fn parse_stem(stem: &str) -> Option<BackupId> {
    if let Some((host, stamp)) = stem.rsplit_once("-backup-") {
        if let Some(taken) = parse_stamp(stamp, "%Y%m%d-%H%M%S") {
            return valid_host(host).then(|| BackupId {
                stem: stem.to_owned(),
                host: host.to_owned(),
                taken,
                product: None,
            });
        }
    }
    let starts = [("pve-backup-", Some("pve")), ("pbs-backup-", Some("pbs")), ("proxmox-backup-", None)];
    let (rest, product) = starts.iter().find_map(|(start, product)| Some((stem.strip_prefix(start)?, *product)))?;
    // `…-2025-11-05_19-56-22` behind the host.
    let cut = rest.len().checked_sub("YYYY-MM-DD_HH-MM-SS".len())?;
    let taken = parse_stamp(rest.get(cut..)?, "%Y-%m-%d_%H-%M-%S")?;
    let host = rest[..cut].trim_end_matches('-');
    let is_valid = host.is_empty() || valid_host(host);
    is_valid.then(|| BackupId { stem: stem.to_owned(), host: host.to_owned(), taken, product })
}

fn parse_stamp(text: &str, format: &str) -> Option<NaiveDateTime> {
    let taken = NaiveDateTime::parse_from_str(text, format).ok()?;
    // chrono accepts `2025-1-5`; a name of ours never looks like that.
    (taken.format(format).to_string() == text).then_some(taken)
}

fn valid_host(host: &str) -> bool {
    !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) && !host.starts_with('.')
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any moment will do")]
mod tests {
    use super::*;

    #[test]
    fn every_generation_of_names_is_understood() {
        for (name, host, codec, is_encrypted, is_bundled) in [
            ("pve1-backup-20261121-020000.tar.zst.bundle.tar", "pve1", Codec::Zstd, false, true),
            ("pve1.lan-backup-20260101-020000.tar.xz", "pve1.lan", Codec::Xz, false, false),
            ("a-backup-b-backup-20260101-020000.tar.gz.age", "a-backup-b", Codec::Gzip, true, false),
            ("pve1-backup-20260101-020000.tar.age.bundle.tar", "pve1", Codec::None, true, true),
            ("pbs-backup-host-2-2025-11-05_19-56-22.tar.lzma", "host-2", Codec::Lzma, false, false),
            ("pve1-backup-20260101-020000.tar.xz.decrypted.bundle.tar", "pve1", Codec::Xz, false, true),
            ("pve1-backup-20260101-020000.tar.bz2", "pve1", Codec::Bzip2, false, false),
        ] {
            let (id, packing) = parse(name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!((id.host(), packing), (host, Packing { codec, is_encrypted, is_bundled }), "{name}");
        }
    }

    #[test]
    fn other_files_are_not_backups() {
        for name in [
            "pve1-backup-20261121-020000.tar.zst.sha256",
            "pve1-backup-20261121-020000.tar.zst.bundle.tar.partial",
            "pve1-backup-20261321-020000.tar.zst",
            "pve1-backup-2026112-020000.tar",
            "-backup-20261121-020000.tar",
            "../x-backup-20261121-020000.tar",
            "notes.tar.gz",
            ".trash-pve1-backup-20261121-020000.tar",
        ] {
            assert!(parse(name).is_none(), "{name}");
        }
    }

    #[test]
    fn a_new_name_reads_back() {
        let id = BackupId::new("pve1", &Local::now());
        let (back, _) = parse(&(archive_name(&id, Codec::Zstd, true) + BUNDLE)).unwrap();
        assert_eq!(back.as_str(), id.as_str());
    }
}
