//! The manifest: what a backup is, in clear, beside the archive.
//!
//! The first block of fields has the names and types of the Go tool's manifest, so that it reads
//! ours and we read its. File names and hashes are not here but in the index inside the archive:
//! the hash of a short secret gives the secret away.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::signature::{PublicKey, SIGNATURE_LENGTH, SigningKey};
use crate::issue::Issue;
use crate::system::digest_hex;

/// Version of the format this program writes.
pub const FORMAT: u32 = 1;

/// Fields that cannot be part of what they come from: there each stands as this many zeros. The
/// signature is made before the self-digest, which covers it: a reader that knows of no signatures
/// still finds a flipped bit.
const DIGEST: (&str, usize) = ("self_sha256", 64);
const SIGNATURE: (&str, usize) = ("signature", SIGNATURE_LENGTH);

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
    /// Whether it would bring the host back, in one sentence, where that was tried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drill: Option<String>,
    /// SHA-256 of the manifest of this host's backup before this one, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Which backup that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_id: Option<String>,
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
    /// Public key of who signed it, in its short form. Says nothing before [`Manifest::signer`] is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// Signature over the SHA-256 of the manifest's bytes with this value and the next as zeros,
    /// base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// SHA-256 of the manifest's bytes with this value as zeros, hex: finds a flipped bit here too.
    pub self_sha256: String,
    /// Whose signature it bears; set by [`Manifest::parse`], which found it valid. Everybody can make
    /// a key: only one that is known from elsewhere proves anything.
    #[serde(skip)]
    pub signer: Option<PublicKey>,

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
    /// The bytes are consistent, but not what the key signed.
    #[error("the manifest's signature is not valid: the manifest or its signature has been changed or damaged")]
    Signature,
    /// It does not fit the space reserved for it.
    #[error("the manifest needs {0} bytes, more than the reserved {1}")]
    TooLarge(usize, usize),
}

impl Manifest {
    /// JSON with the self-digest filled in; with `length`, padded to exactly so many bytes. A
    /// manifest that is rewritten is not signed any more.
    pub fn to_bytes(&self, length: Option<usize>) -> Result<Vec<u8>, ManifestError> {
        self.to_signed_bytes(length, None)
    }

    /// The same, signed by a key.
    pub fn to_signed_bytes(&self, length: Option<usize>, key: Option<&SigningKey>) -> Result<Vec<u8>, ManifestError> {
        let blank = Self {
            self_sha256: zeros(DIGEST),
            signed_by: key.map(|key| key.public().to_string()),
            signature: key.map(|_| zeros(SIGNATURE)),
            ..self.clone()
        };
        let mut text = serde_json::to_string_pretty(&blank)?;
        if let Some(length) = length {
            if text.len() + 1 > length {
                return Err(ManifestError::TooLarge(text.len() + 1, length));
            }
            text.push_str(&" ".repeat(length - text.len() - 1));
        }
        text.push('\n');
        if let Some(key) = key {
            let signature = key.sign(&digest_hex(text.as_bytes()));
            fill(&mut text, SIGNATURE, &signature);
        }
        let digest = digest_hex(text.as_bytes());
        fill(&mut text, DIGEST, &digest);
        Ok(text.into_bytes())
    }

    /// Reads any version; checks self-digest and signature where there is one.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let mut manifest: Self = serde_json::from_slice(bytes)?;
        if manifest.format > FORMAT {
            return Err(ManifestError::TooNew(manifest.format));
        }
        // The digest counts wherever it stands: damage may have made the format look old.
        let has_digest = manifest.format > 0 || !manifest.self_sha256.is_empty() || manifest.is_signed();
        if has_digest {
            let blank = manifest.unsealed(bytes).ok_or(ManifestError::Changed)?;
            manifest.signer = manifest.signer_of(&blank);
        }
        if manifest.is_signed() && manifest.signer.is_none() {
            return Err(ManifestError::Signature);
        }
        Ok(manifest)
    }

    fn is_signed(&self) -> bool {
        self.signed_by.is_some() || self.signature.is_some()
    }

    /// The bytes without their self-digest, when that is right.
    fn unsealed(&self, bytes: &[u8]) -> Option<String> {
        let blank = without(std::str::from_utf8(bytes).ok()?, DIGEST, &self.self_sha256)?;
        (digest_hex(blank.as_bytes()) == self.self_sha256).then_some(blank)
    }

    fn signer_of(&self, unsealed: &str) -> Option<PublicKey> {
        let (key, signature) = (self.signed_by.as_deref()?, self.signature.as_deref()?);
        let key = PublicKey::parse(key).ok()?;
        let signed = digest_hex(without(unsealed, SIGNATURE, signature)?.as_bytes());
        key.has_signed(&signed, signature).then_some(key)
    }
}

fn fill(text: &mut String, field: (&str, usize), value: &str) {
    if let Some(place) = place_of(field, text) {
        text.replace_range(place, value);
    }
}

/// The text with zeros in place of this value, when it is there.
fn without(text: &str, field: (&str, usize), value: &str) -> Option<String> {
    let place = place_of(field, text).filter(|place| text[place.clone()] == *value)?;
    let mut blank = text.to_owned();
    blank.replace_range(place, &zeros(field));
    Some(blank)
}

fn zeros((_, length): (&str, usize)) -> String {
    "0".repeat(length)
}

/// Where the value of a field of the manifest itself stands. Found by its line: no value of a
/// string holds a line break, and what is nested stands further right.
fn place_of((name, length): (&str, usize), text: &str) -> Option<Range<usize>> {
    let line = format!("\n  \"{name}\": \"");
    let start = text.find(&line)? + line.len();
    let rest = text.get(start + length..)?;
    rest.starts_with('"').then_some(start..start + length)
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

    fn key() -> SigningKey {
        SigningKey::parse(SigningKey::generate().unwrap().0.expose()).unwrap()
    }

    #[test]
    fn a_signed_manifest_reads_back_and_says_who_signed_it() {
        let key = key();
        for length in [None, Some(4096)] {
            let bytes = sample().to_signed_bytes(length, Some(&key)).unwrap();
            let back = Manifest::parse(&bytes).unwrap();
            assert_eq!(back.signer, Some(key.public()));
            assert!(length.is_none_or(|length| bytes.len() == length));
            let rewritten = Manifest::parse(&back.to_bytes(length).unwrap()).unwrap();
            assert_eq!((rewritten.signed_by, rewritten.signature), (None, None));
        }
    }

    #[test]
    fn values_that_look_like_the_blanks_are_left_alone() {
        let trap = format!("{} \n  \"signature\": \"{}", zeros(DIGEST), zeros(SIGNATURE));
        let manifest = Manifest { reason: Some(trap), previous: Some(zeros(DIGEST)), ..sample() };
        let back = Manifest::parse(&manifest.to_signed_bytes(None, Some(&key())).unwrap()).unwrap();
        assert_eq!((back.reason, back.previous), (manifest.reason, manifest.previous));
    }

    /// Whoever can write the backup target can compute every digest anew; the signature stays behind.
    #[test]
    fn a_changed_manifest_with_a_new_digest_is_not_signed() {
        let (key, other) = (key(), key());
        let signed = Manifest::parse(&sample().to_signed_bytes(None, Some(&key)).unwrap()).unwrap();
        let text = String::from_utf8(sample().to_signed_bytes(None, Some(&key)).unwrap()).unwrap();
        let recomputed = |mut blank: String| {
            fill(&mut blank, DIGEST, &zeros(DIGEST));
            fill(&mut blank, SIGNATURE, signed.signature.as_ref().unwrap());
            let digest = digest_hex(blank.as_bytes());
            fill(&mut blank, DIGEST, &digest);
            Manifest::parse(blank.as_bytes())
        };
        assert_eq!(recomputed(text.clone()).unwrap().signer, Some(key.public()));
        assert!(matches!(recomputed(text.replace("pve1", "pve2")), Err(ManifestError::Signature)));
        let renamed = text.replace(&key.public().to_string(), &other.public().to_string());
        assert!(matches!(recomputed(renamed), Err(ManifestError::Signature)));
    }

    #[test]
    fn half_a_signature_is_none() {
        let (signature, key) = ("x".repeat(SIGNATURE_LENGTH), key().public());
        for text in [
            format!(r#"{{"signature":"{signature}"}}"#),
            format!(r#"{{"signed_by":"{key}"}}"#),
            format!(r#"{{"signed_by":"{key}","signature":"{signature}"}}"#),
        ] {
            assert!(Manifest::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        for key in [None, Some(&key())] {
            flip_every_bit(&sample().to_signed_bytes(Some(2048), key).unwrap());
        }
    }

    fn flip_every_bit(bytes: &[u8]) {
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.to_vec();
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
