//! What monitoring systems are told of: looked at, nothing touched, and never waited for long.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Local};

use crate::bundle::{BackupId, DECRYPTED, parse_name};
use crate::config::Config;
use crate::preflight::LOCK_FILE;
use crate::status::{Backups, Facts, Health, Past, Run, judge};
use crate::storage::{RunFiles, RunLogs};
use crate::system::{Cancel, FileError, ForeignLock, Kind, Lock, Root, is_root};

/// For one answer of a file system. Monitoring systems wait ten seconds for everything.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs that are looked at, where all of them were skipped.
const MOST_RUNS: usize = 500;

/// How the last run of this host went, and how old its newest backup is.
pub fn status(config: &Config, host: &str, now: DateTime<Local>, max_age: Duration, cancel: &Cancel) -> Health {
    let root = match Root::live() {
        Ok(root) => root.patient(PATIENCE, cancel),
        Err(error) => return Health::unknown(&said(&error)),
    };
    let local = &config.local;
    let lock = local.lock_dir.join(LOCK_FILE);
    let is_locked = root.ask("look at", &lock, |_, path, _| Lock::is_held(path));
    let facts = Facts {
        host: host.to_owned(),
        runs: runs(&root, &local.logs, host).map_err(|error| said(&error)),
        is_locked: is_locked.unwrap_or(false),
        backups: backups(&root, &local.backups, host).map_err(|error| said(&error)),
        place: local.backups.display().to_string(),
    };
    judge(&facts, now, max_age)
}

fn said(error: &FileError) -> String {
    if error.is_denied() && !is_root() { format!("{error}; {AS_ROOT}") } else { error.to_string() }
}

/// What a monitoring user needs.
pub const AS_ROOT: &str = "let sudo run it: `nagios ALL=(root) NOPASSWD: /usr/sbin/proxmox-backup status`";

/// Down to the last run that counts and one more, which may have ended later.
fn runs(root: &Root, dir: &Path, host: &str) -> Result<Vec<Run>, FileError> {
    let (mut found, mut counted) = (Vec::new(), 0);
    for files in RunLogs::new(dir).runs(root, host)?.into_iter().take(MOST_RUNS) {
        let run = run(root, &files);
        counted += usize::from(!matches!(&run, Run::AtWork(_)) && !is_skipped(&run));
        found.push(run);
        if counted == 2 {
            break;
        }
    }
    Ok(found)
}

fn is_skipped(run: &Run) -> bool {
    matches!(run, Run::Told(past) if past.is_skipped())
}

fn run(root: &Root, files: &RunFiles) -> Run {
    let unreadable = |file: &Path, why: String| Run::Unreadable { file: file.display().to_string(), why };
    if let Some(file) = &files.statistics {
        return match read(root, file) {
            Ok(bytes) => Past::read(&bytes).map_or_else(|why| unreadable(file, why), |past| Run::Told(Box::new(past))),
            Err(error) => unreadable(file, said(&error)),
        };
    }
    let Some(log) = &files.log else { return Run::Lost(files.began) };
    let is_free = root.ask("look at", log, |root, path, _| ForeignLock::take(root.open_no_symlink(path)?, path));
    match is_free {
        Ok(None) => Run::AtWork(files.began),
        Ok(Some(_)) => Run::Lost(files.began),
        Err(error) => unreadable(log, said(&error)),
    }
}

/// The directory may be handed over to another user: only a plain file is read.
fn read(root: &Root, file: &Path) -> Result<Vec<u8>, FileError> {
    match root.stat(file)? {
        Some(stat) if stat.kind == Kind::File => root.read(file),
        _ => Err(FileError::of("read", file)(std::io::Error::other("not a regular file"))),
    }
}

/// By their names, which a backup has only when it is whole.
fn backups(root: &Root, dir: &Path, host: &str) -> Result<Backups, FileError> {
    let names = match root.list(dir) {
        Err(error) if error.is_absent() => Vec::new(),
        names => names?,
    };
    let names = names.iter().map(|name| name.to_string_lossy());
    // An older tool put the domain behind the name.
    let is_own = |id: &BackupId| id.host() == host || id.host().split_once('.').is_some_and(|(short, _)| short == host);
    let ids = names.filter(|name| !name.ends_with(DECRYPTED)).filter_map(|name| Some(parse_name(&name)?.0));
    let taken: Vec<_> = ids.filter(is_own).map(|id| id.taken()).collect();
    Ok(Backups { count: taken.len(), newest: taken.into_iter().max() })
}
