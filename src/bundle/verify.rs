//! Is this backup whole? Every byte of the file is looked at, and every problem is named.
//!
//! Parts: the bundle's frame (compared byte by byte with the only form this format has), the
//! manifest (its own digest), the checksum file, the archive (SHA-256), its content (decoded,
//! each entry compared with the index). Damage in one part never hides another.

use std::io::{self, Read, Seek, SeekFrom};

use ring::digest;

use super::content::{compare, read_members};
use super::layout::{ARCHIVE_OFFSET, back, checksum_line, front};
use super::legacy::{digits, sha256_in};
use super::manifest::Manifest;
use super::name::BackupId;
use super::open::Backup;
use crate::archive::{Onlooker, ReadError, decompressor, decrypt, printable, verify_envelope};
use crate::system::{Cancel, Cancelled, FileError, hex, open_file};

/// What a verification found.
#[derive(Debug, Default)]
pub struct Verification {
    /// Checks that passed, in words.
    pub passed: Vec<String>,
    /// What is wrong: part and what it means.
    pub problems: Vec<Problem>,
    /// What could not be checked, and why: backups of older tools say less about themselves.
    pub unchecked: Vec<String>,
    /// Entries decoded.
    pub entries: u64,
    /// How its content was found.
    pub inside: Inside,
}

/// How the content of a backup was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inside {
    /// It was not read to its end: no key, or damage.
    #[default]
    NotRead,
    /// With the index of this program.
    Indexed,
    /// Without one: an older tool's.
    NotIndexed,
    /// An older tool's, which took files apart: its members are not the files of the host.
    TakenApart,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// `bundle`, `name`, `encryption`, `manifest`, `checksum`, `archive`, `content`, `index`,
    /// `signature`, `chain`.
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

    /// The verdict in words.
    pub fn verdict(&self) -> &'static str {
        match () {
            () if self.problems.iter().any(|problem| !["signature", "chain"].contains(&problem.part)) => "DAMAGED",
            () if !self.is_whole() => "NOT PROVEN GENUINE",
            () if self.unchecked.is_empty() => "whole",
            () => "whole as far as can be told",
        }
    }

    pub(super) fn fail(&mut self, part: &'static str, what: impl Into<String>) {
        self.problems.push(Problem { part, what: what.into() });
    }

    pub(super) fn note(&mut self, what: impl Into<String>) {
        self.passed.push(what.into());
    }

    pub(super) fn leave(&mut self, what: impl Into<String>) {
        self.unchecked.push(what.into());
    }
}

/// Looks at everything.
pub fn verify(backup: &Backup, cancel: &Cancel) -> Result<Verification, VerifyError> {
    verify_watched(backup, &mut (), cancel)
}

/// Looks at everything; the onlooker sees the files as they lie in the archive.
pub fn verify_watched(
    backup: &Backup,
    onlooker: &mut dyn Onlooker,
    cancel: &Cancel,
) -> Result<Verification, VerifyError> {
    let name = backup.path.file_name().unwrap_or_default().to_string_lossy();
    let name = backup.id.as_ref().map_or(&*name, BackupId::as_str);
    cancel.meter().begin(format!("Verifying {name}"), Some(backup.length));
    let mut found = Verification::default();
    let manifest = check_manifest(backup, &mut found);
    let sha256 = check_content(backup, onlooker, &mut found, cancel)?;
    check_around(backup, manifest, &sha256, &mut found)?;
    Ok(found)
}

/// Everything but the archive's content, which somebody else has read: `sha256` is what it hashed to.
pub fn verify_around(backup: &Backup, sha256: &str) -> Result<Verification, VerifyError> {
    let mut found = Verification::default();
    let manifest = check_manifest(backup, &mut found);
    check_around(backup, manifest, sha256, &mut found)?;
    Ok(found)
}

fn check_around(
    backup: &Backup,
    manifest: Option<&Manifest>,
    sha256: &str,
    found: &mut Verification,
) -> Result<(), VerifyError> {
    check_digests(backup, manifest, sha256, found);
    if backup.packing.is_bundled && manifest.is_none_or(|manifest| manifest.format > 0) {
        check_frame(backup, sha256, found)?;
    }
    Ok(())
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
        None if backup.packing.is_bundled => {
            found
                .fail("manifest", "the bundle holds none: the archive can still be checked by its checksum and opened");
            None
        }
        None => {
            found.leave("manifest: there is none beside the archive");
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
    let is_known =
        check_with_manifest(backup, manifest, sha256, found) | check_with_file(backup, manifest, sha256, found);
    if !is_known {
        found.leave("archive: neither a manifest nor a checksum file gives its SHA-256");
    }
}

/// Whether the manifest has a digest at all: the Bash tool's has none.
fn check_with_manifest(backup: &Backup, manifest: Option<&Manifest>, sha256: &str, found: &mut Verification) -> bool {
    let Some(manifest) = manifest else { return false };
    if manifest.format == 0 && manifest.sha256.trim().is_empty() {
        return false;
    }
    // The Go tool trims and lowers what it reads.
    let said = if manifest.format > 0 { Some(manifest.sha256.clone()) } else { digits(&manifest.sha256) };
    if said.as_deref() != Some(sha256) {
        let said = printable(manifest.sha256.as_bytes());
        found.fail("archive", format!("SHA-256 is {sha256}, the manifest says {said}"));
    } else if manifest.archive_size != backup.length && (manifest.format > 0 || manifest.archive_size > 0) {
        found.fail("archive", format!("{} bytes, the manifest says {}", backup.length, manifest.archive_size));
    } else {
        found.note("archive: SHA-256 as in the manifest");
    }
    true
}

/// Whether there is a checksum file.
fn check_with_file(backup: &Backup, manifest: Option<&Manifest>, sha256: &str, found: &mut Verification) -> bool {
    let is_ours = manifest.is_some_and(|manifest| manifest.format > 0);
    let Some(text) = &backup.checksum else {
        if backup.packing.is_bundled || is_ours {
            found.fail("checksum", "the checksum file is missing");
        } else {
            found.leave("checksum file: there is none beside the archive");
        }
        return false;
    };
    match sha256_in(text, &backup.archive_name) {
        None => found.fail("checksum", "the checksum file holds no SHA-256 of the archive"),
        Some(said) if said != sha256 => found.fail("checksum", "the checksum file does not match the archive"),
        Some(_) if is_ours && *text != checksum_line(sha256, &backup.archive_name) => {
            found.fail("checksum", "the checksum file has been changed");
        }
        Some(_) => found.note("checksum file: matches"),
    }
    true
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
fn check_content(
    backup: &Backup,
    onlooker: &mut dyn Onlooker,
    found: &mut Verification,
    cancel: &Cancel,
) -> Result<String, VerifyError> {
    let fail = FileError::of("read", &backup.path);
    let mut raw = Hashing { from: backup.raw()?, hash: digest::Context::new(&digest::SHA256), bytes: 0, cancel };
    match (backup.packing.is_encrypted, &backup.identities) {
        (false, _) => decode(backup, &mut raw, onlooker, found),
        (true, Some(identities)) => match decrypt(&mut raw, identities) {
            Ok(mut plain) => decode(backup, &mut plain, onlooker, found),
            Err(cause) => found.fail("encryption", cause.to_string()),
        },
        (true, None) => check_envelope(backup, &mut raw, found),
    }
    cancel.check()?;
    // What the decoder left, after an error or behind the end.
    io::copy(&mut raw, &mut io::sink()).map_err(fail)?;
    if raw.bytes < backup.length {
        found.fail("archive", format!("cut off: {} of {} bytes are there", raw.bytes, backup.length));
    }
    Ok(hex(raw.hash.finish().as_ref()))
}

/// Without a key: the header's form and the length of what follows it.
fn check_envelope(backup: &Backup, raw: &mut impl Read, found: &mut Verification) {
    match verify_envelope(raw, backup.length) {
        Ok(envelope) => {
            let count = envelope.recipients.len();
            found.note(format!("encryption: a well-formed age file for {count} recipient(s)"));
            found.leave("content: encrypted, not decoded (no key)");
        }
        Err(cause) => found.fail("encryption", cause.to_string()),
    }
}

fn decode(backup: &Backup, raw: &mut (impl Read + Send), onlooker: &mut dyn Onlooker, found: &mut Verification) {
    let decoded = decompressor(backup.packing.codec, io::BufReader::with_capacity(128 * 1024, raw))
        .map_err(ReadError::from)
        .and_then(|stream| read_members(stream, backup, onlooker));
    match decoded {
        Ok(content) => {
            found.entries = content.count;
            found.inside = content.inside();
            compare(content, found);
        }
        Err(error) => found.fail("content", error.to_string()),
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
        self.cancel.meter().advance(got as u64);
        Ok(got)
    }
}
