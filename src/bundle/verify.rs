//! Is this backup whole? Every byte of the file is looked at, and every problem is named.
//!
//! Parts: the bundle's frame (compared byte by byte with the only form this format has), the
//! manifest (its own digest), the checksum file, the archive (SHA-256), its content (decoded,
//! each entry compared with the index). Damage in one part never hides another.

use std::collections::HashMap;
use std::io::{self, Read, Seek, SeekFrom};

use ring::digest;

use super::index::{INDEX_PATH, Index};
use super::layout::{ARCHIVE_OFFSET, back, checksum_line, front};
use super::manifest::Manifest;
use super::name::BackupId;
use super::open::Backup;
use crate::archive::{
    ArchiveReader, Digest, Limits, MemberKind, Piece, ReadError, decompressor, hash_content, printable,
};
use crate::system::{Cancel, Cancelled, FileError, hex, open_file};

/// What a verification found.
#[derive(Debug, Default)]
pub struct Verification {
    /// Checks that passed, in words.
    pub passed: Vec<String>,
    /// What is wrong: part and what it means.
    pub problems: Vec<Problem>,
    /// Entries decoded.
    pub entries: u64,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// `bundle`, `name`, `manifest`, `checksum`, `archive`, `content`, `index`.
    pub part: &'static str,
    /// What.
    pub what: String,
}

/// Why a verification could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The run was asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Verification {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty()
    }

    fn fail(&mut self, part: &'static str, what: impl Into<String>) {
        self.problems.push(Problem { part, what: what.into() });
    }

    fn note(&mut self, what: impl Into<String>) {
        self.passed.push(what.into());
    }
}

/// Looks at everything.
pub fn verify(backup: &Backup, cancel: &Cancel) -> Result<Verification, VerifyError> {
    let mut found = Verification::default();
    let manifest = check_manifest(backup, &mut found);
    let sha256 = check_content(backup, &mut found, cancel)?;
    check_digests(backup, manifest, &sha256, &mut found);
    if backup.packing.is_bundled && manifest.is_none_or(|manifest| manifest.format > 0) {
        check_frame(backup, &sha256, &mut found)?;
    }
    Ok(found)
}

fn check_manifest<'a>(backup: &'a Backup, found: &mut Verification) -> Option<&'a Manifest> {
    match &backup.manifest {
        Some((bytes, Ok(manifest))) => {
            found.note("manifest: readable");
            check_name(backup, manifest, found);
            // The older tools' two files differ by nature; ours are written alike.
            if manifest.format > 0 && backup.twin.as_ref().is_some_and(|twin| twin != bytes) {
                found.fail("manifest", "`.metadata` and `.manifest.json` differ: one has been changed or damaged");
            }
            Some(manifest)
        }
        Some((_, Err(error))) => {
            found.fail("manifest", error.to_string());
            None
        }
        None => {
            found.fail("manifest", "missing: the archive can still be checked by its checksum and opened");
            None
        }
    }
}

/// A whole backup under another backup's name is not what its reader takes it for.
fn check_name(backup: &Backup, manifest: &Manifest, found: &mut Verification) {
    let Some(named) = backup.id.as_ref().map(BackupId::as_str) else { return };
    if !manifest.backup_id.is_empty() && manifest.backup_id != named {
        found.fail("name", format!("the file is called {named}, but is the backup {}", manifest.backup_id));
    }
}

fn check_digests(backup: &Backup, manifest: Option<&Manifest>, sha256: &str, found: &mut Verification) {
    if let Some(manifest) = manifest {
        if manifest.sha256 != sha256 {
            found.fail("archive", format!("SHA-256 is {sha256}, the manifest says {}", manifest.sha256));
        } else if manifest.archive_size != backup.length {
            found.fail("archive", format!("{} bytes, the manifest says {}", backup.length, manifest.archive_size));
        } else {
            found.note("archive: SHA-256 as in the manifest");
        }
    }
    match &backup.checksum {
        // Older files carry an absolute path: only the hash counts there.
        Some(text) if text.split_whitespace().next() != Some(sha256) => {
            found.fail("checksum", "the checksum file does not match the archive");
        }
        Some(text)
            if manifest.is_some_and(|m| m.format > 0) && *text != checksum_line(sha256, &backup.archive_name) =>
        {
            found.fail("checksum", "the checksum file has been changed");
        }
        Some(_) => found.note("checksum file: matches"),
        None => found.fail("checksum", "the checksum file is missing"),
    }
}

/// The frame of our own bundles has one form only: what differs was changed or damaged.
fn check_frame(backup: &Backup, sha256: &str, found: &mut Verification) -> Result<(), VerifyError> {
    let fail = FileError::of("read", &backup.path);
    let mut file = open_file(&backup.path)?;
    let (mut head, mut tail) = (vec![0; usize::try_from(ARCHIVE_OFFSET).unwrap_or(0)], Vec::new());
    let read = file.read_exact(&mut head).and_then(|()| {
        file.seek(SeekFrom::Start(backup.offset + backup.length))?;
        file.take(64 * 1024).read_to_end(&mut tail)
    });
    match read {
        Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => {
            found.fail("bundle", "the file is cut off");
            return Ok(());
        }
        other => other.map_err(fail)?,
    };
    let metadata = backup.manifest.as_ref().map_or(&[][..], |(bytes, _)| bytes);
    let mtime = tar::Header::from_byte_slice(&head[..512]).mtime().unwrap_or(0);
    let sound = backup.offset == ARCHIVE_OFFSET
        && head == front(&backup.archive_name, metadata, sha256, backup.length, mtime)
        && tail == back(backup.length);
    if sound {
        found.note("bundle: every byte of the frame as written");
    } else {
        found.fail("bundle", "the frame around the archive has been changed, cut off or extended");
    }
    Ok(())
}

/// Hashes the archive and decodes it in one reading; gives the SHA-256.
fn check_content(backup: &Backup, found: &mut Verification, cancel: &Cancel) -> Result<String, VerifyError> {
    let fail = FileError::of("read", &backup.path);
    let mut raw = Hashing { from: backup.raw()?, hash: digest::Context::new(&digest::SHA256), bytes: 0, cancel };
    if backup.packing.is_encrypted {
        found.note("content: encrypted, not decoded (no key)");
    } else {
        decode(backup, &mut raw, found);
    }
    cancel.check()?;
    // What the decoder left, after an error or behind the end.
    io::copy(&mut raw, &mut io::sink()).map_err(fail)?;
    if raw.bytes < backup.length {
        found.fail("archive", format!("cut off: {} of {} bytes are there", raw.bytes, backup.length));
    }
    Ok(hex(raw.hash.finish().as_ref()))
}

fn decode(backup: &Backup, raw: &mut (impl Read + Send), found: &mut Verification) {
    let decoded = decompressor(backup.packing.codec, io::BufReader::with_capacity(128 * 1024, raw))
        .map_err(ReadError::from)
        .and_then(|stream| read_members(stream, backup.length));
    match decoded {
        Ok(content) => {
            found.entries = content.count;
            compare(content, found);
        }
        Err(error) => found.fail("content", error.to_string()),
    }
}

#[derive(Default)]
struct Content {
    members: Vec<(Vec<u8>, Option<Digest>)>,
    index: Option<Result<Index, serde_json::Error>>,
    count: u64,
}

fn read_members(stream: impl Read, packed: u64) -> Result<Content, ReadError> {
    let limits = Limits { packed_bytes: Some(packed), ..Limits::default() };
    let index_name = INDEX_PATH.trim_start_matches('/').as_bytes();
    let mut content = Content::default();
    let mut reader = ArchiveReader::new(stream, limits);
    while let Some(member) = reader.next_member()? {
        content.count += 1;
        if member.path == index_name {
            let mut bytes = Vec::new();
            reader.read_content(&mut |piece: Piece<'_>| -> Result<(), ReadError> {
                if let Piece::Data(data) = piece {
                    bytes.extend_from_slice(data);
                }
                Ok(())
            })?;
            content.index = Some(serde_json::from_slice(&bytes));
            continue;
        }
        let digest = (member.kind == MemberKind::File).then(|| hash_content(&mut reader)).transpose()?;
        content.members.push((member.path, digest));
    }
    reader.finish()?;
    Ok(content)
}

fn compare(content: Content, found: &mut Verification) {
    let index = match content.index {
        Some(Ok(index)) => index,
        Some(Err(error)) => return found.fail("index", format!("cannot be read: {error}")),
        // Archives of the older tools have none.
        None => return found.note(format!("content: {} entries decode (no index to compare)", content.count)),
    };
    let mut expected: HashMap<Vec<u8>, Option<String>> =
        index.entries.iter().map(|entry| (entry.name(), entry.sha256.clone())).collect();
    for (name, digest) in &content.members {
        match expected.remove(name) {
            Some(sha256) if sha256 == digest.map(|digest| hex(&digest)) => {}
            Some(_) => found.fail("content", format!("{} differs from the index", printable(name))),
            None => found.fail("content", format!("{} is not in the index", printable(name))),
        }
    }
    for name in expected.keys() {
        found.fail("content", format!("{} is in the index but not in the archive", printable(name)));
    }
    if found.problems.iter().all(|problem| problem.part != "content") {
        found.note(format!("content: {} entries decode and match the index", content.count));
    }
}

/// Hashes what passes; ends early when the run is asked to stop.
struct Hashing<'a, R> {
    from: R,
    hash: digest::Context,
    bytes: u64,
    cancel: &'a Cancel,
}

impl<R: Read> Read for Hashing<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.cancel.check().is_err() {
            return Ok(0);
        }
        let got = self.from.read(into)?;
        self.hash.update(&into[..got]);
        self.bytes += got as u64;
        Ok(got)
    }
}
