//! Removing backups: all are renamed first, then deleted, so that an interrupted removal leaves
//! whole backups only.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::{Removal, StorageError};
use super::copy::unusable;
use super::listing::TRASH;
use crate::bundle::BackupId;
use crate::system::{Steps, remove_file, rename_file, sync_dir};

/// A backup that shall go: identity and names of its files.
pub(super) type Doomed = (BackupId, Vec<String>);

/// A backup on its way out: its files' names before and now.
pub(super) type Trashed = Vec<(PathBuf, PathBuf)>;

/// Removes them all; what became of each is told as it happens, because the caller may have given up.
/// When nobody waits any more before the last is renamed, all get their names back.
pub(super) fn remove(
    dir: &Path,
    doomed: Vec<Doomed>,
    told: &Mutex<Removal>,
    steps: &Steps,
) -> Result<(), StorageError> {
    let mut trashed: Vec<(BackupId, Trashed)> = Vec::new();
    for (id, files) in doomed {
        match put_in(dir, &files, steps) {
            Ok(files) => trashed.push((id, files)),
            Err(error @ StorageError::Cancelled(_)) => {
                for (_, files) in &trashed {
                    give_back(files);
                }
                return Err(error);
            }
            Err(error) => tell(told).failed.push((id, error)),
        }
    }
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
/// When one cannot be taken, or nobody waits any more, those that were are given back.
pub(super) fn put_in(dir: &Path, files: &[String], steps: &Steps) -> Result<Trashed, StorageError> {
    let mut moved = Trashed::new();
    for name in files {
        let (file, trash) = (dir.join(name), dir.join(format!("{TRASH}{name}")));
        let done = steps.step().map_err(StorageError::from).and_then(|()| match rename_file(&file, &trash) {
            Ok(()) => {
                moved.push((file, trash));
                // A rename that hung has happened all the same.
                Ok(steps.step()?)
            }
            // A side file that somebody else has removed since the listing.
            Err(error) if error.is_absent() && !moved.is_empty() => Ok(()),
            Err(error) => Err(error.into()),
        });
        if let Err(error) = done {
            give_back(&moved);
            return Err(error);
        }
    }
    Ok(moved)
}

/// Side files first: the archive is what makes them a backup.
fn give_back(trashed: &Trashed) {
    for (file, trash) in trashed.iter().rev() {
        let _ = rename_file(trash, file);
    }
}

/// Deletes what [`put_in`] has renamed.
pub(super) fn empty(trashed: &Trashed, steps: &Steps) -> Result<(), StorageError> {
    for (_, trash) in trashed {
        steps.step()?;
        remove_file(trash)?;
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
    use crate::system::{Bounds, Cancel, Signal};
    use std::time::Duration;

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
    fn who_is_cancelled_in_the_middle_gives_all_names_back() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let mut doomed: Vec<Doomed> = ["a", "b"]
            .map(|host| {
                let archive = format!("{host}-backup-20260101-000000.tar");
                std::fs::write(at(&archive), "").unwrap();
                (crate::bundle::parse_name(&archive).unwrap().0, vec![archive])
            })
            .into();
        // So many that are not there that the second takes its time.
        doomed[1].1.extend((0..500_000).map(|number| format!("side-{number}")));
        let cancel = Cancel::default();

        let done = std::thread::scope(|scope| {
            let names = doomed.clone();
            let place = dir.path().to_owned();
            let work = move |steps: &Steps| remove(&place, names, &Mutex::default(), steps);
            let removing = scope.spawn(|| Bounds::new(Duration::ZERO, &cancel).run("remove".to_owned(), work));
            while !at(".trash-b-backup-20260101-000000.tar").exists() {
                std::thread::yield_now();
            }
            cancel.request(Signal::Terminate);
            removing.join().unwrap()
        });

        assert!(matches!(done, Err(StorageError::Cancelled(_))), "{done:?}");
        assert!(doomed.iter().all(|(_, files)| at(&files[0]).exists()));
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
