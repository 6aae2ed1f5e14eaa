//! The manifest: what a backup is, in clear, beside the archive.
//!
//! The first block of fields has the names and types of the Go tool's manifest, so that it reads
//! ours and we read its. File names and hashes are not here but in the index inside the archive:
//! the hash of a short secret gives the secret away.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::issue::Issue;

/// Version of the format this program writes.
pub const FORMAT: u32 = 1;

/// A self-digest stands for itself as this many zeros.
const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One backup's description.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// Where the archive was written, absolute.
    pub archive_path: String,
    /// Bytes of the archive.
    pub archive_size: u64,
    /// SHA-256 of the archive as it lies there, hex.
    pub sha256: String,
    /// RFC 3339.
    pub created_at: String,
    /// `none`, `gz`, `pigz`, `bz2`, `xz`, `lzma`, `zst`: the Go tool's words.
    pub compression_type: String,
    /// Level really used.
    pub compression_level: u8,
    /// `fast`, `standard`, `maximum`, `ultra`.
    pub compression_mode: String,
    /// `pve`, `pbs`, `dual`, `unknown`.
    pub proxmox_type: String,
    /// `pve`, `pbs`.
    pub proxmox_targets: Vec<String>,
    /// `8.4.1`, or `pve=8.4.1,pbs=3.4.2`.
    pub proxmox_version: String,
    /// Version of pve-manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pve_version: Option<String>,
    /// Version of proxmox-backup-server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pbs_version: Option<String>,
    /// Kernel host name.
    pub hostname: String,
    /// Version of the tool that wrote it.
    pub script_version: String,
    /// `none` or `age`.
    pub encryption_mode: String,
    /// `cluster` or `standalone`.
    pub cluster_mode: String,

    /// [`FORMAT`]; 0 in manifests of the Go tool.
    pub format: u32,
    /// Stem of the file names.
    pub backup_id: String,
    /// Digest of the machine id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_id: Option<String>,
    /// Why it was made, where somebody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Threads really used.
    pub compression_threads: usize,
    /// Entries in the archive, the index included.
    pub entries: u64,
    /// Bytes of files and command outputs before compression.
    pub bytes_collected: u64,
    /// Problems of the run, the first of them; all are in the index.
    pub issues: Vec<Issue>,
    /// How many there were.
    pub issue_count: usize,
    /// Start and end of each phase.
    pub phases: Vec<Phase>,
    /// What was checked before the backup got its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
    /// SHA-256 of the manifest of this host's backup before this one, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Public keys it is encrypted for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
    /// Salt of the passphrase that opens it, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passphrase_salt: Option<String>,
    /// All of them, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passphrase_salts: Vec<String>,
    /// Command lines that restore this archive by hand.
    pub restore: Vec<String>,
    /// SHA-256 of the manifest's bytes with this value as zeros, hex: finds a flipped bit here too.
    pub self_sha256: String,

    /// Fields of other versions, kept when the manifest is rewritten.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A phase of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// `collect`, `archive`, `verify`…
    pub name: String,
    /// RFC 3339.
    pub start: String,
    /// RFC 3339.
    pub end: String,
}

/// What was checked, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// In words.
    pub how: String,
    /// RFC 3339.
    pub when: String,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON, or fields of the wrong type.
    #[error("the manifest cannot be read: {0}")]
    Syntax(#[from] serde_json::Error),
    /// Written by a newer version in an incompatible way.
    #[error("the manifest has format {0}, this version knows up to {FORMAT}")]
    TooNew(u32),
    /// The bytes are not those that were written.
    #[error("the manifest has been changed or damaged: its own checksum does not match")]
    Changed,
    /// It does not fit the space reserved for it.
    #[error("the manifest needs {0} bytes, more than the reserved {1}")]
    TooLarge(usize, usize),
}

impl Manifest {
    /// JSON with the self-digest filled in; with `length`, padded to exactly so many bytes.
    pub fn to_bytes(&self, length: Option<usize>) -> Result<Vec<u8>, ManifestError> {
        let mut text = serde_json::to_string_pretty(&Self { self_sha256: NO_DIGEST.to_owned(), ..self.clone() })?;
        if let Some(length) = length {
            if text.len() + 1 > length {
                return Err(ManifestError::TooLarge(text.len() + 1, length));
            }
            text.push_str(&" ".repeat(length - text.len() - 1));
        }
        text.push('\n');
        let digest = digest_of(text.as_bytes());
        Ok(text.replacen(NO_DIGEST, &digest, 1).into_bytes())
    }

    /// Reads any version; checks the self-digest where there is one.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = serde_json::from_slice(bytes)?;
        if manifest.format > FORMAT {
            return Err(ManifestError::TooNew(manifest.format));
        }
        // The digest counts wherever it stands: damage may have made the format look old.
        let has_digest = manifest.format > 0 || !manifest.self_sha256.is_empty();
        if has_digest && !manifest.is_untouched(bytes) {
            return Err(ManifestError::Changed);
        }
        Ok(manifest)
    }

    fn is_untouched(&self, bytes: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        self.self_sha256.len() == NO_DIGEST.len()
            && digest_of(text.replacen(&self.self_sha256, NO_DIGEST, 1).as_bytes()) == self.self_sha256
    }
}

fn digest_of(bytes: &[u8]) -> String {
    crate::system::hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Manifest {
        Manifest { format: FORMAT, hostname: "pve1".into(), sha256: "ab".repeat(32), ..Manifest::default() }
    }

    #[test]
    fn a_manifest_reads_back_padded_or_not() {
        for length in [None, Some(4096)] {
            let bytes = sample().to_bytes(length).unwrap();
            let back = Manifest::parse(&bytes).unwrap();
            assert_eq!(Manifest { self_sha256: String::new(), ..back }, sample());
            assert!(length.is_none_or(|length| bytes.len() == length));
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let bytes = sample().to_bytes(Some(2048)).unwrap();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                assert!(Manifest::parse(&changed).is_err(), "byte {at} bit {bit}");
            }
        }
    }

    #[test]
    fn a_manifest_of_the_go_tool_is_read_and_unknown_fields_are_kept() {
        let old =
            br#"{"archive_path":"/b/x.tar.xz","archive_size":5,"sha256":"aa","created_at":"2026-01-01T02:00:31+01:00",
            "compression_type":"xz","compression_level":9,"proxmox_type":"pve","hostname":"h","passphrase_salt":"s","unheard_of":5}"#;
        let manifest = Manifest::parse(old).unwrap();
        assert_eq!(manifest.format, 0);
        assert_eq!(manifest.passphrase_salt.as_deref(), Some("s"));
        assert_eq!(manifest.other["unheard_of"], 5);
        let again = Manifest::parse(&manifest.to_bytes(None).unwrap()).unwrap();
        assert_eq!(again.other["unheard_of"], 5);
    }

    #[test]
    fn a_newer_format_is_refused_in_words() {
        let error = Manifest::parse(br#"{"format":99}"#).unwrap_err();
        assert!(error.to_string().contains("format 99"));
    }

    #[test]
    fn an_overlong_manifest_is_an_error_and_not_a_broken_bundle() {
        assert!(matches!(sample().to_bytes(Some(64)), Err(ManifestError::TooLarge(..))));
    }
}
