//! `touched.json`: every path that a restore changes, what was there and what comes. It is written
//! last, so that its presence says that the undo archive is complete.
//!
//! Its last member is the SHA-256 of everything before it: a damaged one must not send old
//! contents to other paths.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::looks::{Looks, Shape};
use crate::apply::{ApplyError, Reach, Record};
use crate::system::{FileError, digest_hex, hex, open_file, write_atomically};

/// Of this form; another one is refused.
const FORMAT: u32 = 1;
/// A row has some hundred bytes; a bigger file is none of ours.
const READ_LIMIT: u64 = 256 << 20;
/// Around the digest at the end.
const SEAL: (&[u8], &[u8]) = (b",\"sha256\":\"", b"\"}\n");
const DIGEST_DIGITS: usize = 64;

/// The file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Touched {
    format: u32,
    pub(super) paths: Vec<Row>,
}

/// One path that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "StoredRow", try_from = "StoredRow")]
pub(super) struct Row {
    /// Absolute, as bytes.
    pub(super) path: Vec<u8>,
    /// The kind of step that changes it.
    pub(super) reach: Reach,
    pub(super) was: Looks,
    pub(super) becomes: Looks,
}

#[derive(Serialize, Deserialize)]
struct StoredRow {
    path: String,
    /// The exact bytes, only where the text is not exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    reach: Reach,
    was: Looks,
    becomes: Looks,
}

impl From<Row> for StoredRow {
    fn from(row: Row) -> Self {
        let path = String::from_utf8_lossy(&row.path).into_owned();
        let path_hex = (path.as_bytes() != row.path).then(|| hex(&row.path));
        Self { path, path_hex, reach: row.reach, was: row.was, becomes: row.becomes }
    }
}

impl TryFrom<StoredRow> for Row {
    type Error = String;

    fn try_from(stored: StoredRow) -> Result<Self, String> {
        let path = match &stored.path_hex {
            Some(digits) => from_hex(digits).ok_or_else(|| format!("{digits:?} is no path in hex"))?,
            None => stored.path.into_bytes(),
        };
        if !is_plain(&path) {
            return Err("a path is not absolute and plain".to_owned());
        }
        Ok(Self { path, reach: stored.reach, was: stored.was, becomes: stored.becomes })
    }
}

impl Touched {
    pub(super) fn new(paths: Vec<Row>) -> Self {
        Self { format: FORMAT, paths }
    }

    /// What the undo archive holds.
    pub(super) fn packed(&self) -> BTreeMap<Vec<u8>, Looks> {
        let there = self.paths.iter().filter(|row| row.was.kind != Shape::Absent);
        there.map(|row| (row.path.clone(), row.was.clone())).collect()
    }

    /// Puts it on disk, whole or not at all.
    pub(super) fn write(&self, record: &Record) -> Result<(), ApplyError> {
        let mut bytes = serde_json::to_vec(self).map_err(|cause| unusable(record.dir(), &cause))?;
        // `{…}` becomes `{…,"sha256":"…"}`.
        bytes.pop();
        let digest = digest_hex(&bytes);
        bytes.extend_from_slice(&[SEAL.0, digest.as_bytes(), SEAL.1].concat());
        Ok(write_atomically(&record.touched(), &bytes)?)
    }

    /// `None` where there is none: the restore ended before anything changed.
    pub(super) fn read(record: &Record) -> Result<Option<Self>, ApplyError> {
        let path = record.touched();
        let mut bytes = Vec::new();
        match open_file(&path) {
            Err(error) if error.is_absent() => return Ok(None),
            opened => opened?.take(READ_LIMIT).read_to_end(&mut bytes).map_err(FileError::of("read", &path))?,
        };
        Self::parse(&bytes).map(Some).map_err(|why| unusable(record.dir(), &format!("touched.json: {why}")))
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        if !is_sealed(bytes) {
            return Err("it is damaged".to_owned());
        }
        let touched: Self = serde_json::from_slice(bytes).map_err(|cause| cause.to_string())?;
        if touched.format != FORMAT {
            return Err(format!("its format is {}, and this version reads {FORMAT}", touched.format));
        }
        Ok(touched)
    }
}

/// Whether the digest at the end is that of what stands before it.
fn is_sealed(bytes: &[u8]) -> bool {
    let is_digest_of = |(body, digest): (&[u8], &[u8])| {
        body.strip_suffix(SEAL.0).is_some_and(|body| digest_hex(body).as_bytes() == digest)
    };
    let rest =
        bytes.strip_suffix(SEAL.1).and_then(|rest| rest.split_at_checked(rest.len().checked_sub(DIGEST_DIGITS)?));
    rest.is_some_and(is_digest_of)
}

/// Whether a path is absolute and names one thing in one way.
pub(super) fn is_plain(path: &[u8]) -> bool {
    let is_name = |name: &[u8]| !matches!(name, b"" | b"." | b"..") && !name.contains(&0);
    path.strip_prefix(b"/").is_some_and(|path| path.split(|byte| *byte == b'/').all(is_name))
}

/// The record cannot be used.
pub(super) fn unusable(dir: &Path, why: &impl ToString) -> ApplyError {
    ApplyError::Record { dir: dir.to_owned(), why: why.to_string() }
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits: Vec<u8> = digits.as_bytes().iter().map(digit).collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    pairs.remainder().is_empty().then(|| pairs.map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_absolute_and_plain() {
        for path in ["/etc", "/etc/a b", "/etc/.hidden", "/etc/..x", "/etc/\n"] {
            assert!(is_plain(path.as_bytes()), "{path:?}");
        }
        for path in ["", "/", "etc", "/etc/", "//etc", "/etc/../x", "/./etc", "/etc/.", "/etc\0"] {
            assert!(!is_plain(path.as_bytes()), "{path:?}");
        }
    }

    #[test]
    fn another_format_is_refused_by_its_number() {
        let body = r#"{"format":2,"paths":[]"#;
        let sealed = format!("{body},\"sha256\":\"{}\"}}\n", digest_hex(body.as_bytes()));
        assert_eq!(Touched::parse(sealed.as_bytes()).unwrap_err(), "its format is 2, and this version reads 1");
    }

    #[test]
    fn hex_is_pairs_of_digits() {
        assert_eq!(from_hex("2fFF"), Some(b"/\xff".to_vec()));
        for digits in ["2", "2g", "+1", "é"] {
            assert_eq!(from_hex(digits), None, "{digits}");
        }
    }
}
