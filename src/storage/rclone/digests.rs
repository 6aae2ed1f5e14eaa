//! Digests: which kind to compare, and a local file's own.

use std::io::{self, Read, Write};
use std::path::Path;

use md5::{Digest as _, Md5};
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

use crate::storage::StorageError;
use crate::system::{Cancel, FileError, hex, open_file};

/// Kinds from the best to the worst; those that are not named stand before the last.
const PREFERENCE: [&str; 4] = ["sha256", "sha512", "sha1", "md5"];
const LAST: &str = "crc32";

/// Of what a remote tells, the kind to compare.
pub(super) fn best(kinds: &[String]) -> Option<&str> {
    let rank = |kind: &str| match PREFERENCE.iter().position(|known| *known == kind) {
        Some(place) => place,
        None if kind == LAST => usize::MAX,
        None => PREFERENCE.len(),
    };
    kinds.iter().map(String::as_str).min_by_key(|kind| rank(kind))
}

/// A kind as people write it.
pub(super) fn written(kind: &str) -> String {
    match kind {
        "sha256" => "SHA-256".to_owned(),
        "sha512" => "SHA-512".to_owned(),
        "sha1" => "SHA-1".to_owned(),
        other => other.to_uppercase(),
    }
}

/// A digest that is being made; a sink for bytes.
pub(super) enum Hasher {
    Ring(Box<Context>),
    Md5(Md5),
}

impl Hasher {
    /// For a kind that we know ourselves. MD5 and SHA-1 tell broken copies, not forged ones; forging
    /// is up to age and the manifest.
    pub(super) fn of(kind: &str) -> Option<Self> {
        match kind {
            "sha256" => Some(Self::Ring(Box::new(Context::new(&SHA256)))),
            "sha1" => Some(Self::Ring(Box::new(Context::new(&SHA1_FOR_LEGACY_USE_ONLY)))),
            "md5" => Some(Self::Md5(Md5::new())),
            _ => None,
        }
    }

    /// SHA-256.
    pub(super) fn sha256() -> Self {
        Self::Ring(Box::new(Context::new(&SHA256)))
    }

    /// The digest, in hex.
    pub(super) fn finish(self) -> String {
        match self {
            Self::Ring(context) => hex(context.finish().as_ref()),
            Self::Md5(digest) => hex(&digest.finalize()),
        }
    }
}

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Ring(context) => context.update(bytes),
            Self::Md5(digest) => digest.update(bytes),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The digest of a local file.
pub(super) fn of_file(path: &Path, mut hasher: Hasher, cancel: &Cancel) -> Result<String, StorageError> {
    let mut file = open_file(path)?;
    let mut block = vec![0; 256 * 1024];
    loop {
        cancel.check()?;
        match file.read(&mut block).map_err(FileError::of("read", path))? {
            0 => return Ok(hasher.finish()),
            got => hasher.write_all(&block[..got]).map_err(FileError::of("read", path))?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_kind_is_compared() {
        for (kinds, kind) in [
            (&["md5", "sha1", "sha256"][..], Some("sha256")),
            (&["md5", "sha1"], Some("sha1")),
            (&["crc32", "quickxor"], Some("quickxor")),
            (&["crc32", "md5"], Some("md5")),
            (&["crc32"], Some("crc32")),
            (&[], None),
        ] {
            let kinds: Vec<String> = kinds.iter().map(|&kind| kind.to_owned()).collect();
            assert_eq!(best(&kinds), kind);
        }
    }

    #[test]
    fn digests_are_the_known_ones() {
        for (kind, digest) in [
            ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
        ] {
            let mut hasher = Hasher::of(kind).unwrap();
            hasher.write_all(b"abc").unwrap();
            assert_eq!(hasher.finish(), digest, "{kind}");
        }
        assert!(Hasher::of("quickxor").is_none());
    }
}
