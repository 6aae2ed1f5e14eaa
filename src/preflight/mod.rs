//! Checks before work, in this order: directories → disk space → permissions → lock.
//!
//! The order matters: a missing directory must not show up as a failing lock. Before all of them,
//! by themselves: [`secure`], whether owners and modes are such that a run makes sense, and [`audit()`],
//! what goes on on the machine.

mod audit;
mod security;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Local};

use crate::config;
use crate::system::{
    FileError, Holder, Lock, LockError, Root, create_private_dir, free_space, is_writable_dir, nearest_existing,
};
use crate::units::{ByteSize, Elapsed};

pub use crate::storage::Touch;
pub use audit::audit;
pub use security::{Doubt, Finding, Places, Repair, Scope, Secured, SecurityError, secure};

/// Name of the lock file in its directory; the old tools used the same.
pub const LOCK_FILE: &str = ".backup.lock";

/// A check that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// `Directories`, `Disk Space`, `Permissions`, `Lock File`.
    pub name: &'static str,
    /// What was found.
    pub message: String,
}

/// Why the run does not start.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// A directory is not there and cannot be made.
    #[error("directory check failed: required directory does not exist: {} ({})", path.display(), cause.reason())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why it cannot be made.
        cause: FileError,
    },
    /// Too little room.
    #[error("disk space check failed: Insufficient disk space: {} available, {} required in {}", gb(*free), gb(*required), path.display())]
    Space {
        /// Where.
        path: PathBuf,
        /// What there is.
        free: ByteSize,
        /// `MIN_DISK_SPACE_PRIMARY_GB`.
        required: ByteSize,
    },
    /// The room cannot be measured.
    #[error("disk space check failed: {0}")]
    Measure(FileError),
    /// We cannot write there.
    #[error("permission check failed: {0}")]
    Permission(FileError),
    /// Another run is at work.
    #[error("lock file check failed: Another backup is in progress ({holder})")]
    Busy {
        /// `PID 77, lock age: 5.2s`.
        holder: String,
    },
    /// The lock file cannot be used.
    #[error("lock file check failed: {0}")]
    Lock(FileError),
}

impl PreflightError {
    /// What to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Directory { .. } => "create it, mount what belongs there, or change the setting that names it",
            Self::Space { .. } | Self::Measure(_) => "free some space, or lower MIN_DISK_SPACE_PRIMARY_GB",
            Self::Permission(_) => "run as root, and check that the file system is mounted read-write",
            Self::Busy { .. } => "wait until it has ended; a lock ends with its process, so nothing has to be removed",
            Self::Lock(_) => "check LOCK_PATH",
        }
    }
}

/// All checks; gives the lock.
pub fn run(
    settings: &config::Local,
    now: &DateTime<Local>,
    touch: Touch,
) -> Result<(Vec<Passed>, Option<Lock>), PreflightError> {
    let mut passed = vec![directories(settings, touch)?, space(settings)?];
    if !settings.skip_permission_check {
        passed.push(permissions(settings, touch)?);
    }
    let (lock_passed, lock) = lock(&settings.lock_dir, now, touch)?;
    passed.push(lock_passed);
    Ok((passed, lock))
}

fn directories(settings: &config::Local, touch: Touch) -> Result<Passed, PreflightError> {
    let mut missing = Vec::new();
    for path in [&settings.backups, &settings.logs, &settings.lock_dir] {
        if Root::live().is_ok_and(|root| root.is_dir(path)) {
            continue;
        }
        missing.push(path.display().to_string());
        if touch == Touch::Really {
            create_private_dir(path).map_err(|cause| PreflightError::Directory { path: path.clone(), cause })?;
        }
    }
    let message = match (missing.is_empty(), touch) {
        (true, _) => "All required directories exist".to_owned(),
        (false, Touch::Really) => format!("All required directories exist (created {})", missing.join(", ")),
        (false, Touch::DryRun) => format!("[DRY RUN] Would create {}", missing.join(", ")),
    };
    Ok(Passed { name: "Directories", message })
}

fn space(settings: &config::Local) -> Result<Passed, PreflightError> {
    let existing = nearest_existing(&settings.backups);
    let space = free_space(existing).map_err(PreflightError::Measure)?;
    if space.free < settings.min_free {
        let path = settings.backups.clone();
        return Err(PreflightError::Space { path, free: space.free, required: settings.min_free });
    }
    let message = format!("Sufficient disk space: {} available", gb(space.free));
    Ok(Passed { name: "Disk Space", message })
}

fn permissions(settings: &config::Local, touch: Touch) -> Result<Passed, PreflightError> {
    let message = match touch {
        Touch::DryRun => "[DRY RUN] Would test writing in the backup and log directories".to_owned(),
        Touch::Really => {
            for path in [&settings.backups, &settings.logs] {
                is_writable_dir(path).map_err(PreflightError::Permission)?;
            }
            "All directories are writable".to_owned()
        }
    };
    Ok(Passed { name: "Permissions", message })
}

fn lock(dir: &Path, now: &DateTime<Local>, touch: Touch) -> Result<(Passed, Option<Lock>), PreflightError> {
    let name = "Lock File";
    if touch == Touch::DryRun {
        return Ok((Passed { name, message: "[DRY RUN] Would take the lock file".to_owned() }, None));
    }
    match Lock::acquire(&dir.join(LOCK_FILE), now) {
        Ok(lock) => Ok((Passed { name, message: "Lock file acquired successfully".to_owned() }, Some(lock))),
        Err(LockError::Held { holder, .. }) => Err(PreflightError::Busy { holder: describe(holder.as_ref(), now) }),
        Err(LockError::File(error)) => Err(PreflightError::Lock(error)),
    }
}

fn describe(holder: Option<&Holder>, now: &DateTime<Local>) -> String {
    let Some(Holder { pid, since }) = holder else { return "its lock file does not say whose".to_owned() };
    let age = u64::try_from(now.timestamp() - since).unwrap_or(0);
    format!("PID {pid}, lock age: {}", Elapsed(std::time::Duration::from_secs(age)))
}

/// Gigabytes as the design prints them: two decimals of 1024³.
fn gb(size: ByteSize) -> String {
    #[expect(clippy::cast_precision_loss, reason = "two decimals are shown")]
    let number = size.0 as f64 / f64::from(1u32 << 30);
    format!("{number:.2} GB")
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests look at real trees and clocks")]
mod tests {
    use super::*;
    use std::time::Duration;

    fn settings(dir: &Path) -> config::Local {
        config::Local {
            backups: dir.join("backup"),
            logs: dir.join("log"),
            lock_dir: dir.join("lock"),
            is_configured: true,
            min_free: ByteSize(1),
            full_percent: 100,
            skip_permission_check: false,
            io_limit: Duration::from_secs(30),
        }
    }

    #[test]
    fn the_checks_pass_in_order_and_make_what_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let (passed, lock) = run(&settings(dir.path()), &Local::now(), Touch::Really).unwrap();
        let names: Vec<_> = passed.iter().map(|check| check.name).collect();
        assert_eq!(names, ["Directories", "Disk Space", "Permissions", "Lock File"]);
        assert!(lock.is_some() && dir.path().join("backup").is_dir());
    }

    #[test]
    fn a_dry_run_makes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (passed, lock) = run(&settings(dir.path()), &Local::now(), Touch::DryRun).unwrap();
        assert!(lock.is_none() && passed[0].message.starts_with("[DRY RUN] Would create"));
        assert_eq!(dir.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn too_little_space_says_how_much_there_is_and_how_much_is_needed() {
        let dir = tempfile::tempdir().unwrap();
        let greedy = config::Local { min_free: ByteSize(u64::MAX), ..settings(dir.path()) };
        let error = run(&greedy, &Local::now(), Touch::Really).unwrap_err().to_string();
        assert!(error.starts_with("disk space check failed: Insufficient disk space: "), "{error}");
        assert!(error.contains("GB available, ") && error.contains(" GB required"), "{error}");
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let bad = config::Local { backups: "/proc/none/backup".into(), ..settings(dir.path()) };
        let error = run(&bad, &Local::now(), Touch::Really).unwrap_err().to_string();
        assert!(
            error.starts_with("directory check failed: required directory does not exist: /proc/none/backup"),
            "{error}"
        );
    }

    #[test]
    fn a_second_run_is_told_about_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(dir.path());
        let first = run(&settings, &Local::now(), Touch::Really).unwrap();
        let error = run(&settings, &Local::now(), Touch::Really).unwrap_err().to_string();
        assert!(error.contains("Another backup is in progress (PID ") && error.contains("lock age: "), "{error}");
        drop(first);
    }
}
