//! Trees whose file systems may not answer: each call of a patient [`Root`] is waited for only so
//! long, and a mount that has kept one waiting is not asked again.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Bounds, Cancel, Cancelled, FileError, Mount, Root, Steps, Unanswered, file_system_of, mounts_in};
use crate::units::Elapsed;

/// What a patient root and its clones share.
#[derive(Debug)]
pub(super) struct Patience {
    limit: Duration,
    cancel: Cancel,
    mounts: Vec<Mount>,
    /// Mount points, and paths that lie on none but the root's.
    silent: Mutex<BTreeSet<PathBuf>>,
}

impl Patience {
    pub(super) fn new(root: &Root, limit: Duration, cancel: &Cancel) -> Self {
        Self { limit, cancel: cancel.clone(), mounts: mounts_in(root), silent: Mutex::default() }
    }

    pub(super) fn ask<T: Send + 'static>(
        &self,
        action: &'static str,
        path: &Path,
        work: impl FnOnce(&Steps) -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, FileError> {
        let path = &Path::new("/").join(path);
        if self.silent().iter().any(|place| path.starts_with(place)) {
            return Err(self.silence(action, path));
        }
        let bounds = Bounds::new(self.limit, &self.cancel);
        match bounds.run(path.display().to_string(), move |steps| Ok::<_, Unanswered>(work(steps))) {
            Ok(answer) => answer,
            Err(Unanswered::TimedOut { .. }) => {
                self.silent().insert(self.place_of(path));
                Err(self.silence(action, path))
            }
            Err(Unanswered::Cancelled(cancelled)) => Err(cancelled.at(action, path)),
            Err(ended @ Unanswered::Ended { .. }) => Err(FileError::of(action, path)(io::Error::other(ended))),
        }
    }

    /// What else does not answer when this path does not: its mount. Of the root's own file system
    /// everything else may still be read.
    fn place_of(&self, path: &Path) -> PathBuf {
        let mount = file_system_of(path, &self.mounts).filter(|mount| mount.point != Path::new("/"));
        mount.map_or_else(|| path.to_owned(), |mount| mount.point.clone())
    }

    fn silence(&self, action: &'static str, path: &Path) -> FileError {
        let why = format!("the file system gave no answer within {}", Elapsed(self.limit));
        FileError::of(action, path)(io::Error::new(io::ErrorKind::TimedOut, why))
    }

    fn silent(&self) -> std::sync::MutexGuard<'_, BTreeSet<PathBuf>> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cancelled {
    /// The same as an error of a file, for work that knows no other.
    pub fn at(self, action: &'static str, path: &Path) -> FileError {
        FileError::of(action, path)(io::Error::new(io::ErrorKind::Interrupted, self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_mount_that_does_not_answer_is_waited_for_once() {
        let mounts = ["/", "/mnt/dead"].map(|point| Mount { point: point.into(), kind: "nfs4".into() }).to_vec();
        let limit = Duration::from_millis(200);
        let patience = Patience { limit, cancel: Cancel::default(), mounts, silent: Mutex::default() };
        let ask = |path: &str, takes: Duration| {
            let work = move |_: &Steps| -> Result<(), FileError> {
                std::thread::sleep(takes);
                Ok(())
            };
            patience.ask("read", Path::new(path), work)
        };
        let (at_once, never) = (Duration::ZERO, Duration::from_secs(2));
        let started = Instant::now();

        let error = ask("mnt/dead/a", never).unwrap_err();
        assert_eq!(error.to_string(), "cannot read /mnt/dead/a: the file system gave no answer within 0.2s");
        assert!(error.is_silent());
        for path in ["/mnt/dead/b", "/mnt/dead"] {
            assert!(ask(path, never).unwrap_err().is_silent(), "{path}");
        }
        assert!(started.elapsed() < limit * 2, "{:?}", started.elapsed());
        assert!(ask("/mnt/deadline", at_once).is_ok());

        assert!(ask("/etc/slow", never).is_err());
        assert!(ask("/etc/slow", at_once).is_err() && ask("/etc/other", at_once).is_ok());
    }
}
