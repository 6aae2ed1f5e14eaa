//! Removing backups: all are renamed first, then deleted, so that an interrupted removal leaves
//! whole backups only.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::bounded::Steps;
use super::super::{Removal, StorageError};
use super::copy::unusable;
use super::listing::TRASH;
use crate::bundle::BackupId;
use crate::system::{remove_file, rename_file, sync_dir};

/// A backup that shall go: identity and names of its files.
pub(super) type Doomed = (BackupId, Vec<String>);

/// Removes them all; what became of each is told as it happens, because the caller may have given up.
pub(super) fn remove(
    dir: &Path,
    doomed: Vec<Doomed>,
    told: &Mutex<Removal>,
    steps: &Steps,
) -> Result<(), StorageError> {
    let mut trashed = Vec::new();
    for (id, files) in doomed {
        steps.step()?;
        match put_in(dir, &files, steps) {
            Ok(files) => trashed.push((id, files)),
            Err(error) => tell(told).failed.push((id, error)),
        }
    }
    steps.step()?;
    sync_dir(dir)?;
    for (id, files) in trashed {
        match empty(&files, steps) {
            Ok(()) => tell(told).removed.push(id),
            Err(error) => tell(told).failed.push((id, error)),
        }
    }
    Ok(())
}

/// Takes away a backup's names, the archive's first: with it the backup is gone for every reader.
/// When one cannot be taken, those that could be are given back. Gives the new names.
pub(super) fn put_in(dir: &Path, files: &[String], steps: &Steps) -> Result<Vec<PathBuf>, StorageError> {
    let mut moved: Vec<(PathBuf, PathBuf)> = Vec::new();
    for name in files {
        let (file, trash) = (dir.join(name), dir.join(format!("{TRASH}{name}")));
        let renamed = steps.step().and_then(|()| Ok(rename_file(&file, &trash)?));
        match renamed {
            Ok(()) => moved.push((file, trash)),
            // A side file that somebody else has removed since the listing.
            Err(StorageError::File(error)) if error.is_absent() && !moved.is_empty() => {}
            Err(error) => {
                give_back(&moved);
                return Err(error);
            }
        }
    }
    Ok(moved.into_iter().map(|(_, trash)| trash).collect())
}

/// Side files first: the archive is what makes them a backup.
fn give_back(moved: &[(PathBuf, PathBuf)]) {
    for (file, trash) in moved.iter().rev() {
        let _ = rename_file(trash, file);
    }
}

/// Deletes what [`put_in`] has renamed.
pub(super) fn empty(trashed: &[PathBuf], steps: &Steps) -> Result<(), StorageError> {
    for file in trashed {
        steps.step()?;
        remove_file(file)?;
    }
    Ok(())
}

/// The same error for one more backup.
pub(super) fn again(error: &StorageError) -> StorageError {
    match error {
        StorageError::TimedOut { what, limit } => StorageError::TimedOut { what: what.clone(), limit: *limit },
        StorageError::Unusable { path, why } => StorageError::Unusable { path: path.clone(), why: why.clone() },
        StorageError::Cancelled(cancelled) => StorageError::Cancelled(*cancelled),
        StorageError::File(error) => unusable(&error.path, format!("cannot {}: {}", error.action, error.reason())),
        other => StorageError::Unusable { path: "the backup".to_owned(), why: other.to_string() },
    }
}

pub(super) fn tell(told: &Mutex<Removal>) -> MutexGuard<'_, Removal> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;

    #[test]
    fn a_backup_that_cannot_go_as_a_whole_stays_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), "").unwrap();
        std::fs::create_dir(dir.path().join("a.sha256")).unwrap();
        // A directory with something in it cannot be replaced.
        std::fs::create_dir_all(dir.path().join(".trash-a.sha256/x")).unwrap();

        put_in(dir.path(), &["a".to_owned(), "a.sha256".to_owned()], &Steps::unwatched()).unwrap_err();

        assert!(dir.path().join("a").exists() && !dir.path().join(".trash-a").exists());
    }

    #[test]
    fn a_side_file_that_is_gone_already_stops_nothing() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), "").unwrap();
        let steps = Steps::unwatched();
        let trashed = put_in(dir.path(), &["a".to_owned(), "a.sha256".to_owned()], &steps).unwrap();
        empty(&trashed, &steps).unwrap();
        assert_eq!(dir.path().read_dir().unwrap().count(), 0);
    }
}
