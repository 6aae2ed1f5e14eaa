//! Copying a backup into a directory: nothing of it can be seen before all of it is there.
//!
//! ```text
//! compare    what has the name already: the same content is left alone, another is an error
//! copy       <name>.partial, exclusive, 0600, hashed on its way; synced
//! read back  from the disk, hashed; the source's own digest compared
//! publish    side files first, the archive or bundle last: with it the backup is there
//! ```

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};

use super::super::{Placed, StorageError};
use super::ownership::{Ids, dress_copy};
use super::room;
use crate::bundle::{Backup, verify_around};
use crate::issue::{Issue, Stage};
use crate::system::{
    FileError, Kind, PartialFile, Root, Stat, Steps, drop_page_cache, hex, open_file, remove_file, rename_file,
    sync_dir,
};

const BLOCK: usize = 256 * 1024;
/// So often what is written is forced to the disk: a slow one then answers within the time limit,
/// where one sync of a large file at its end might not.
const SYNC_EVERY: u64 = 8 * 1024 * 1024;

/// Where a copy goes and whose it is.
pub(super) struct Target<'a> {
    pub(super) dir: &'a Path,
    /// `None` = root's.
    pub(super) owner: Option<Ids>,
    /// Modes can be changed there: when that fails, it is worth a word.
    pub(super) has_modes: bool,
}

/// What was read: digest of all, and of the archive inside.
struct Digests {
    bytes: u64,
    whole: String,
    archive: String,
}

/// Copies `files`, the bundle or archive first.
pub(super) fn copy_backup(files: &[PathBuf], to: &Target<'_>, steps: &Steps) -> Result<Placed, StorageError> {
    let Some(main) = files.first() else {
        return Err(unusable(to.dir, "no file was named to be copied there"));
    };
    let sizes = files.iter().map(|file| size_of(file)).collect::<Result<Vec<_>, _>>()?;
    let backup = Backup::open(main).map_err(|error| unusable(main, error.to_string()))?;
    steps.step()?;
    room::check_for(files, &sizes, to.dir)?;
    let mut placed = Placed { bytes: 0, how: "SHA-256 read back".to_owned(), issues: Vec::new() };
    let mut partials = Vec::new();
    for file in files {
        let archive = if file == main { backup.offset..backup.offset + backup.length } else { 0..u64::MAX };
        let target = to.dir.join(name_of(file)?);
        steps.step()?;
        let digests = if Root::live()?.stat(&target)?.is_some() {
            let there = same(file, &target, &archive, steps)?;
            let reason = "lies there already with the same content, not copied again";
            placed.issues.push(Issue::notice(Stage::Storage, target.display().to_string(), reason));
            there
        } else {
            let (partial, digests, issue) = copy_file(file, &target, &archive, to, steps)?;
            placed.bytes += digests.bytes;
            placed.issues.extend(issue);
            partials.push(partial);
            digests
        };
        if file == main {
            check_source(&backup, &digests)?;
        }
    }
    publish(partials, steps)?;
    Ok(placed)
}

/// Copies one file of no backup, over an older copy of it: a log.
pub(super) fn copy_log(log: &Path, to: &Target<'_>, steps: &Steps) -> Result<(), StorageError> {
    let target = to.dir.join(name_of(log)?);
    let (partial, _, _) = copy_file(log, &target, &(0..u64::MAX), to, steps)?;
    steps.step()?;
    rename_file(partial.path(), &target)?;
    steps.step()?;
    Ok(sync_dir(to.dir)?)
}

/// A copy that has no name yet; what is told of it goes with it.
fn copy_file(
    source: &Path,
    target: &Path,
    archive: &Range<u64>,
    to: &Target<'_>,
    steps: &Steps,
) -> Result<(PartialFile, Digests, Option<Issue>), StorageError> {
    let mut from = open_file(source)?;
    let stat = Stat::of(&from, source)?;
    steps.step()?;
    let partial = PartialFile::create_over_stale(target)?;
    let mut file = partial.handle()?;
    steps.step()?;
    let sent = pump(&mut from, source, Some((&mut file, partial.path())), archive, steps)?;
    let issue = dress_copy(&file, partial.path(), to.owner, &stat).filter(|_| to.has_modes);
    steps.step()?;
    partial.sync()?;
    steps.step()?;
    drop_page_cache(&file);
    file.seek(SeekFrom::Start(0)).map_err(FileError::of("read", partial.path()))?;
    let lies_there = pump(&mut file, partial.path(), None, archive, steps)?;
    compare(target, &sent, &lies_there)?;
    Ok((partial, sent, issue))
}

/// Reads to the end, hashing, and writes where that is asked for.
fn pump(
    from: &mut File,
    name: &Path,
    mut to: Option<(&mut File, &Path)>,
    archive: &Range<u64>,
    steps: &Steps,
) -> Result<Digests, StorageError> {
    let (mut whole, mut part) = (Context::new(&SHA256), Context::new(&SHA256));
    let is_apart = archive.start > 0;
    let (mut bytes, mut unsynced) = (0, 0);
    let mut block = vec![0; BLOCK];
    loop {
        let got = match from.read(&mut block) {
            Ok(0) => break,
            Ok(got) => got,
            Err(cause) if cause.kind() == ErrorKind::Interrupted => continue,
            Err(cause) => return Err(FileError::of("read", name)(cause).into()),
        };
        steps.step()?;
        steps.advance(got as u64);
        let read = &block[..got];
        whole.update(read);
        if is_apart {
            part.update(within(read, bytes, archive));
        }
        bytes += got as u64;
        if let Some((file, path)) = to.as_mut().map(|(file, path)| (file, *path)) {
            file.write_all(read).map_err(FileError::of("write", path))?;
            unsynced += got as u64;
            steps.step()?;
            if unsynced >= SYNC_EVERY {
                file.sync_data().map_err(FileError::of("sync", path))?;
                unsynced = 0;
                steps.step()?;
            }
        }
    }
    let whole = hex(whole.finish().as_ref());
    let archive = if is_apart { hex(part.finish().as_ref()) } else { whole.clone() };
    Ok(Digests { bytes, whole, archive })
}

/// What of a block, read at `at`, lies in `range`.
fn within<'a>(block: &'a [u8], at: u64, range: &Range<u64>) -> &'a [u8] {
    let place = |offset: u64| usize::try_from(offset.saturating_sub(at)).unwrap_or(usize::MAX).min(block.len());
    &block[place(range.start)..place(range.end)]
}

/// A file that has the name already: good when it is the same.
fn same(source: &Path, there: &Path, archive: &Range<u64>, steps: &Steps) -> Result<Digests, StorageError> {
    size_of(there)?;
    let sent = pump(&mut open_file(source)?, source, None, archive, steps)?;
    let mut file = open_file(there)?;
    drop_page_cache(&file);
    let found = pump(&mut file, there, None, archive, steps)?;
    if (sent.bytes, &sent.whole) != (found.bytes, &found.whole) {
        return Err(unusable(there, "is there already with another content and is not replaced"));
    }
    Ok(sent)
}

fn compare(target: &Path, sent: &Digests, lies_there: &Digests) -> Result<(), StorageError> {
    let why = if sent.bytes != lies_there.bytes {
        format!("{} bytes were sent, {} read back", sent.bytes, lies_there.bytes)
    } else if sent.whole != lies_there.whole {
        format!("SHA-256 {} was sent, {} read back", sent.whole, lies_there.whole)
    } else {
        return Ok(());
    };
    Err(StorageError::Different { file: target.display().to_string(), why })
}

/// A backup that has gone bad since it was made must not be copied as if it were good.
fn check_source(backup: &Backup, read: &Digests) -> Result<(), StorageError> {
    let damaged = |why: String| unusable(&backup.path, format!("is damaged and was not copied: {why}"));
    if read.bytes < backup.offset.saturating_add(backup.length) {
        return Err(damaged("it is cut off".to_owned()));
    }
    let found = verify_around(backup, &read.archive).map_err(|error| damaged(error.to_string()))?;
    match found.problems.first() {
        Some(problem) => Err(damaged(format!("{}: {}", problem.part, problem.what))),
        None => Ok(()),
    }
}

/// Gives the copies their names, the archive's (which comes first) last. When one fails, none is left.
fn publish(partials: Vec<PartialFile>, steps: &Steps) -> Result<(), StorageError> {
    let mut published: Vec<PathBuf> = Vec::new();
    for partial in partials.into_iter().rev() {
        let target = partial.target().to_owned();
        let done = steps.step().map_err(StorageError::from).and_then(|()| Ok(partial.publish()?));
        if let Err(error) = done {
            // It has its name already when only the directory could not be synced.
            let is_named = matches!(&error, StorageError::File(error) if error.action == "sync the directory");
            for path in is_named.then_some(&target).into_iter().chain(published.iter().rev()) {
                let _ = remove_file(path);
            }
            return Err(error);
        }
        published.push(target);
    }
    Ok(())
}

fn size_of(file: &Path) -> Result<u64, StorageError> {
    match Root::live()?.stat(file)? {
        Some(Stat { kind: Kind::File, size, .. }) => Ok(size),
        Some(other) => Err(unusable(file, format!("is a {} and not a file", other.kind.as_str()))),
        None => Err(unusable(file, "is not there")),
    }
}

fn name_of(file: &Path) -> Result<&std::ffi::OsStr, StorageError> {
    file.file_name().ok_or_else(|| unusable(file, "names no file"))
}

pub(super) fn unusable(path: &Path, why: impl Into<String>) -> StorageError {
    StorageError::Unusable { path: path.display().to_string(), why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_inside_is_cut_out_whatever_the_blocks_are() {
        let bytes: Vec<u8> = (0..100).collect();
        for size in [1, 3, 10, 64, 100] {
            let mut found = Vec::new();
            for (number, block) in bytes.chunks(size).enumerate() {
                found.extend_from_slice(within(block, (number * size) as u64, &(7..93)));
            }
            assert_eq!(found, &bytes[7..93], "{size}");
        }
    }
}
