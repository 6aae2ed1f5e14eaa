//! The index: the last entry of every archive, with one line of facts per entry.
//!
//! Written as JSON, one array element per line, so that it can be made and read piece by piece.

use std::io::Write;

use serde::{Deserialize, Serialize};

use crate::archive::Digest;
use crate::collect::{Entry, EntryKind};
use crate::host::Host;
use crate::issue::Issue;
use crate::plan::LeftOut;
use crate::system::hex;

/// Where it lies in the archive.
pub const INDEX_PATH: &str = "/var/lib/proxmox-config-backup/info/index.json";

/// The head of the index: everything but the entries.
#[derive(Debug, Serialize)]
pub struct IndexHead<'a> {
    /// Version of the format.
    pub format: u32,
    /// Version of the tool.
    pub tool_version: &'a str,
    /// RFC 3339.
    pub created_at: String,
    /// What the machine is.
    pub host: &'a Host,
    /// Recipes that took part.
    pub recipes: &'a [&'static str],
    /// Recipes that did not, and why.
    pub left_out: &'a [LeftOut],
    /// Problems of the run.
    pub issues: &'a [Issue],
    /// What is not in the archive on purpose: path and why.
    pub skipped: &'a [(String, &'static str)],
}

/// One entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexEntry {
    /// Name in the archive; of names that are not UTF-8 the readable part.
    pub path: String,
    /// The exact bytes in hex, only where `path` is not exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
    /// `file`, `directory`, `symlink`, `hardlink`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Octal, with setuid, setgid and sticky.
    pub mode: String,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Logical bytes.
    pub size: u64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Nanoseconds of it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub mtime_ns: u32,
    /// SHA-256 of a regular file's content, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Target of a symlink, first name of a hard link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Names of extended attributes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub xattrs: Vec<String>,
    /// Id of the recipe.
    pub recipe: String,
    /// Zeros stand in for bytes the source did not give.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What a reader needs of an index.
#[derive(Debug, Default, Deserialize)]
pub struct Index {
    /// Version of the format.
    pub format: u32,
    /// One element per entry, the index itself not among them.
    pub entries: Vec<IndexEntry>,
}

impl IndexEntry {
    /// The facts of an entry that was written under `name`.
    pub fn of(entry: &Entry, name: &[u8], digest: Option<&Digest>) -> Self {
        let (kind, link) = match &entry.kind {
            EntryKind::File => ("file", None),
            EntryKind::Directory => ("directory", None),
            EntryKind::Symlink(target) => ("symlink", Some(target.to_string_lossy().into_owned())),
            EntryKind::HardLink(first) => {
                ("hardlink", Some(first.to_string_lossy().trim_start_matches('/').to_owned()))
            }
        };
        let name = name.strip_suffix(b"/").unwrap_or(name);
        let path = String::from_utf8_lossy(name).into_owned();
        Self {
            path_hex: (path.as_bytes() != name).then(|| hex(name)),
            path,
            kind: kind.to_owned(),
            mode: format!("{:04o}", entry.meta.mode),
            uid: entry.meta.uid,
            gid: entry.meta.gid,
            size: entry.size,
            mtime: entry.meta.mtime,
            mtime_ns: entry.meta.mtime_ns,
            sha256: digest.map(|digest| hex(digest)),
            link,
            xattrs: entry.meta.xattrs.iter().map(|(name, _)| name.to_string_lossy().into_owned()).collect(),
            recipe: entry.recipe.to_owned(),
            incomplete: entry.content.is_incomplete(),
        }
    }

    /// The exact name in the archive.
    pub fn name(&self) -> Vec<u8> {
        let Some(text) = &self.path_hex else { return self.path.as_bytes().to_vec() };
        let digits: Vec<u8> = text.bytes().collect();
        digits.chunks(2).filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
    }
}

/// Takes entries as they are written; bytes only, so that 20,000 entries cost a few MB.
#[derive(Debug, Default)]
pub struct IndexBuilder {
    entries: Vec<u8>,
    count: u64,
}

impl IndexBuilder {
    /// Notes an entry.
    pub fn add(&mut self, entry: &IndexEntry) -> Result<(), serde_json::Error> {
        self.entries.extend_from_slice(if self.count == 0 { b"\n" } else { b",\n" });
        self.count += 1;
        serde_json::to_writer(&mut self.entries, entry)
    }

    /// How many entries it has.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The whole index.
    pub fn finish(self, head: &IndexHead<'_>) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec(head)?;
        // `{…}` becomes `{…,"entries":[…]}`.
        bytes.pop();
        let _ = write!(bytes, ",\"entries\":[");
        bytes.extend_from_slice(&self.entries);
        bytes.extend_from_slice(b"\n]}\n");
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::Metadata;

    #[test]
    fn an_index_reads_back_with_names_that_are_not_utf8() {
        let mut builder = IndexBuilder::default();
        let entry = Entry::new("/etc/x", EntryKind::File, Metadata::generated(0o4755, 7), "r");
        for name in [&b"etc/x"[..], b"etc/\xff\xfe"] {
            builder.add(&IndexEntry::of(&entry, name, Some(&[7; 32]))).unwrap();
        }
        let head = IndexHead {
            format: 1,
            tool_version: "0",
            created_at: String::new(),
            host: &Host::default(),
            recipes: &["a"],
            left_out: &[],
            issues: &[],
            skipped: &[("/run/x".into(), "socket")],
        };
        let index: Index = serde_json::from_slice(&builder.finish(&head).unwrap()).unwrap();
        assert_eq!(index.entries.len(), 2);
        assert_eq!(index.entries[0].mode, "4755");
        assert_eq!(index.entries[1].name(), b"etc/\xff\xfe");
    }
}
