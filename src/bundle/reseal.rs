//! A decrypted copy of a backup: a bundle of exactly three members, written in one pass.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ring::digest;

use super::layout::{ARCHIVE_OFFSET, METADATA_BYTES, back, front};
use super::manifest::{Manifest, ManifestError};
use super::open::Backup;
use super::seal::{SealError, write_around};
use crate::system::{FileError, PartialFile, drop_page_cache, hash_file, hex};

/// Suffix of a decrypted bundle.
pub const DECRYPTED: &str = ".decrypted.bundle.tar";

/// Where a decrypted copy in `dir` will lie.
pub fn decrypted_path(backup: &Backup, dir: &Path) -> PathBuf {
    dir.join(format!("{}{DECRYPTED}", plain_name(backup)))
}

/// Name of the archive inside.
pub fn plain_name(backup: &Backup) -> &str {
    backup.archive_name.strip_suffix(super::AGE).unwrap_or(&backup.archive_name)
}

/// Writes the copy from `plain`, the decrypted archive; `describe` gives its manifest when hash
/// and length are known. An existing file is never replaced.
pub fn reseal(
    backup: &Backup,
    plain: &mut dyn Read,
    dir: &Path,
    describe: impl FnOnce(String, u64) -> Manifest,
) -> Result<PathBuf, SealError> {
    let partial = PartialFile::create_over_stale(&decrypted_path(backup, dir))?;
    let mut file = partial.handle()?;
    file.seek(SeekFrom::Start(ARCHIVE_OFFSET)).map_err(FileError::of("write", partial.path()))?;
    let (sha256, length) = copy(plain, &mut file, backup, partial.path())?;
    let manifest = describe(sha256.clone(), length);
    let mtime = u64::try_from(created(&manifest)).unwrap_or(0);
    let front = front(plain_name(backup), &fit(manifest)?, &sha256, length, mtime);
    write_around(&mut file, &front, &back(length), length).map_err(FileError::of("write", partial.path()))?;
    partial.sync()?;
    drop_page_cache(&file);
    if hash_file(&mut file, ARCHIVE_OFFSET, length, partial.path())? != sha256 {
        return Err(SealError::ReadBack(partial.path().to_owned()));
    }
    Ok(partial.publish()?)
}

fn copy(from: &mut dyn Read, to: &mut impl Write, backup: &Backup, path: &Path) -> Result<(String, u64), FileError> {
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut block = vec![0; 128 * 1024];
    let mut length = 0;
    loop {
        let got = match from.read(&mut block) {
            Ok(0) => return Ok((hex(hash.finish().as_ref()), length)),
            Ok(got) => got,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
            Err(cause) => return Err(FileError::of("decrypt", &backup.path)(cause)),
        };
        hash.update(&block[..got]);
        to.write_all(&block[..got]).map_err(FileError::of("write", path))?;
        length += got as u64;
    }
}

/// A manifest of an older tool may be longer than the space: then its own fields alone are kept.
fn fit(manifest: Manifest) -> Result<Vec<u8>, ManifestError> {
    match manifest.to_bytes(Some(METADATA_BYTES)) {
        Err(ManifestError::TooLarge(..)) => {
            let short = Manifest { issues: Vec::new(), other: serde_json::Map::new(), ..manifest };
            short.to_bytes(Some(METADATA_BYTES))
        }
        result => result,
    }
}

fn created(manifest: &Manifest) -> i64 {
    chrono::DateTime::parse_from_rfc3339(&manifest.created_at).map_or(0, |moment| moment.timestamp())
}
