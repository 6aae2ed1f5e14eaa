//! Entries in, a published backup out: one pass, checked before it gets its name.
//!
//! ```text
//! create     <name>.partial, exclusive, 0600; space for the front reserved
//! append     each entry through the archive pipeline, noted in the index
//! finish     index as last entry; archive decoded and compared
//! publish    front and back filled in, fsync, read back from the disk, rename
//! ```

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::index::{IndexBuilder, IndexEntry};
use super::layout::{ARCHIVE_OFFSET, METADATA_BYTES, back, checksum_line, fits, front};
use super::manifest::{Manifest, ManifestError};
use super::name::{BUNDLE, BackupId, archive_name};
use super::signature::SigningKey;
use crate::archive::{ArchiveError, ArchiveSummary, ArchiveWriter, Digest, PackOptions};
use crate::collect::Entry;
use crate::system::{FileError, PartialFile, drop_page_cache, hash_file, hex, write_atomically};

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A file of ours cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The archive failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The manifest failed.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The index failed.
    #[error("the index cannot be written: {0}")]
    Index(#[from] serde_json::Error),
    /// The disk gives back other bytes than it was given.
    #[error("{} reads back differently from how it was written: the disk or its cable is failing", .0.display())]
    ReadBack(PathBuf),
}

impl SealError {
    /// Whether the disk or a quota is full.
    pub fn is_full(&self) -> bool {
        match self {
            Self::File(error) => error.is_full(),
            Self::Archive(ArchiveError::Write(cause)) => {
                matches!(cause.raw_os_error(), Some(nix::libc::ENOSPC | nix::libc::EDQUOT))
            }
            _ => false,
        }
    }
}

/// A backup being written.
pub struct Seal {
    partial: PartialFile,
    archive_name: String,
    writer: ArchiveWriter,
    index: IndexBuilder,
    packing: Packing,
}

/// Whether the three files become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Bundle,
    Files,
}

impl Seal {
    /// Starts the backup `id` in `dir`; encrypted when there are recipients.
    pub fn create(dir: &Path, id: &BackupId, options: PackOptions<'_>) -> Result<Self, SealError> {
        let PackOptions { settings, recipients, .. } = options;
        let archive_name = archive_name(id, settings.codec, recipients.is_some());
        let packing = if settings.bundle && fits(&archive_name) { Packing::Bundle } else { Packing::Files };
        let target = match packing {
            Packing::Bundle => dir.join(format!("{archive_name}{BUNDLE}")),
            Packing::Files => dir.join(&archive_name),
        };
        let partial = PartialFile::create(&target)?;
        let mut file = partial.handle()?;
        file.seek(SeekFrom::Start(packing.offset())).map_err(FileError::of("write", partial.path()))?;
        let writer = ArchiveWriter::start(file, options)?;
        Ok(Self { partial, archive_name, writer, index: IndexBuilder::default(), packing })
    }

    /// Adds an entry and notes it in the index; gives the SHA-256 of a file's content.
    pub fn append(mut self, entry: &mut Entry) -> Result<(Self, Option<Digest>), SealError> {
        let (writer, name, digest) = self.writer.append(entry)?;
        self.index.add(&IndexEntry::of(entry, &name, digest.as_ref()))?;
        Ok((Self { writer, ..self }, digest))
    }

    /// Adds the index, made by `describe` from what was noted, and ends the archive.
    pub fn finish(
        self,
        describe: impl FnOnce(IndexBuilder) -> Result<Entry, serde_json::Error>,
    ) -> Result<SealedArchive, SealError> {
        let mut entry = describe(self.index)?;
        let (writer, _, _) = self.writer.append(&mut entry)?;
        let summary = writer.finish()?;
        Ok(SealedArchive { partial: self.partial, archive_name: self.archive_name, summary, packing: self.packing })
    }
}

impl Packing {
    fn offset(self) -> u64 {
        if self == Self::Bundle { ARCHIVE_OFFSET } else { 0 }
    }
}

/// A complete archive that has no name yet.
pub struct SealedArchive {
    partial: PartialFile,
    archive_name: String,
    packing: Packing,
    /// Digest, length, number of entries, compression.
    pub summary: ArchiveSummary,
}

/// A published backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Bundle or archive.
    pub path: PathBuf,
    /// Bytes of it and its side files.
    pub bytes: u64,
}

impl SealedArchive {
    /// SHA-256 of the archive, hex.
    pub fn sha256(&self) -> String {
        hex(&self.summary.written.sha256)
    }

    /// Name of the archive itself, inside or outside of a bundle.
    pub fn archive_name(&self) -> &str {
        &self.archive_name
    }

    /// Where the backup will lie.
    pub fn target(&self) -> &Path {
        self.partial.target()
    }

    /// Adds manifest, signed where there is a key, and checksum, reads everything back from the
    /// disk, gives it its name.
    pub fn publish(self, manifest: Manifest, key: Option<&SigningKey>, mtime: u64) -> Result<Sealed, SealError> {
        match self.packing {
            Packing::Bundle => self.publish_bundle(manifest, key, mtime),
            Packing::Files => self.publish_files(&manifest, key),
        }
    }

    fn publish_bundle(self, manifest: Manifest, key: Option<&SigningKey>, mtime: u64) -> Result<Sealed, SealError> {
        let length = self.summary.written.bytes;
        let metadata = fit(manifest, key)?;
        let front = front(&self.archive_name, &metadata, &self.sha256(), length, mtime);
        let back = back(length);
        let mut file = self.partial.handle()?;
        let fail = FileError::of("write", self.partial.path());
        write_around(&mut file, &front, &back, length).map_err(fail)?;
        self.read_back(&mut file)?;
        self.compare(&mut file, 0, &front)?;
        self.compare(&mut file, ARCHIVE_OFFSET + length, &back)?;
        let bytes = ARCHIVE_OFFSET + length + back.len() as u64;
        Ok(Sealed { path: self.partial.publish()?, bytes })
    }

    fn publish_files(self, manifest: &Manifest, key: Option<&SigningKey>) -> Result<Sealed, SealError> {
        let mut file = self.partial.handle()?;
        self.read_back(&mut file)?;
        let metadata = manifest.to_signed_bytes(None, key)?;
        let checksum = checksum_line(&self.sha256(), &self.archive_name);
        let archive = self.partial.target().to_owned();
        let mut written = Vec::new();
        let sides: [(&str, &[u8]); 3] =
            [(".sha256", checksum.as_bytes()), (".metadata", &metadata), (".manifest.json", &metadata)];
        // The archive comes last: a backup is there when its archive is.
        let prepared = sides.iter().try_for_each(|(end, content)| {
            let path = PathBuf::from(format!("{}{end}", archive.display()));
            write_atomically(&path, content)?;
            written.push(path);
            Ok(())
        });
        let published = prepared.and_then(|()| self.partial.publish());
        if published.is_err() {
            for path in &written {
                let _ = crate::system::remove_file(path);
            }
        }
        let bytes = self.summary.written.bytes + sides.iter().map(|(_, content)| content.len() as u64).sum::<u64>();
        Ok(Sealed { path: published?, bytes })
    }

    /// What lies on the disk, not in memory, must be what was hashed on its way there.
    fn read_back(&self, file: &mut File) -> Result<(), SealError> {
        self.partial.sync()?;
        drop_page_cache(file);
        let digest = hash_file(file, self.packing.offset(), self.summary.written.bytes, self.partial.path())?;
        if digest == self.sha256() { Ok(()) } else { Err(SealError::ReadBack(self.partial.path().to_owned())) }
    }

    fn compare(&self, file: &mut File, offset: u64, expected: &[u8]) -> Result<(), SealError> {
        let digest = hash_file(file, offset, expected.len() as u64, self.partial.path())?;
        let wanted = hex(ring::digest::digest(&ring::digest::SHA256, expected).as_ref());
        if digest == wanted { Ok(()) } else { Err(SealError::ReadBack(self.partial.path().to_owned())) }
    }
}

pub(super) fn write_around(file: &mut File, front: &[u8], back: &[u8], archive_bytes: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(ARCHIVE_OFFSET + archive_bytes))?;
    file.write_all(back)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(front)
}

/// The manifest in its reserved space; of very many issues the last ones are only counted.
fn fit(mut manifest: Manifest, key: Option<&SigningKey>) -> Result<Vec<u8>, ManifestError> {
    loop {
        match manifest.to_signed_bytes(Some(METADATA_BYTES), key) {
            Err(ManifestError::TooLarge(..)) if !manifest.issues.is_empty() => {
                let keep = manifest.issues.len() / 2;
                manifest.issues.truncate(keep);
            }
            result => return result,
        }
    }
}
