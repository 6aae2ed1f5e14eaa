//! Logs and statistics of runs: `backup-<host>-<stamp>.log`, `backup-stats-<host>-<stamp>.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Local, NaiveDateTime, TimeDelta};

use super::StorageError;
use crate::bundle::BackupId;
use crate::system::{FileError, PartialFile, Root, local_stamp, remove_file};

const LOG: &str = "backup-";
const STATS: &str = "backup-stats-";
/// Start and end of the names of both kinds.
const KINDS: [(&str, &str); 2] = [(LOG, ".log"), (STATS, ".json")];
/// Of `20260101-000000`; reading alone would take shorter numbers too.
const STAMP_LENGTH: usize = 15;
/// From the start of a log to the time in the name of its backup.
const CHECKS_TAKE: TimeDelta = TimeDelta::minutes(10);

/// The directory they lie in.
#[derive(Clone, Debug)]
pub struct RunLogs {
    dir: PathBuf,
}

impl RunLogs {
    /// The logs in `dir`.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Where the log of a run lies.
    pub fn log_path(&self, host: &str, started: &DateTime<Local>) -> PathBuf {
        self.dir.join(format!("{LOG}{host}-{}.log", local_stamp(started)))
    }

    /// Where its statistics lie.
    pub fn stats_path(&self, host: &str, started: &DateTime<Local>) -> PathBuf {
        self.dir.join(format!("{STATS}{host}-{}.json", local_stamp(started)))
    }

    /// What runs of this host left, the newest first. It is looked at through `root`, which may be a patient one.
    pub fn runs(&self, root: &Root, host: &str) -> Result<Vec<RunFiles>, FileError> {
        let names = match root.list(&self.dir) {
            Err(error) if error.is_absent() => Vec::new(),
            names => names?,
        };
        let mut runs: BTreeMap<NaiveDateTime, RunFiles> = BTreeMap::new();
        for name in names.iter().map(|name| name.to_string_lossy()) {
            for kind in KINDS {
                let Some(began) = stamp_of(&name, kind, host) else { continue };
                let run = runs.entry(began).or_insert(RunFiles { began, log: None, statistics: None });
                let place = if kind.0 == STATS { &mut run.statistics } else { &mut run.log };
                *place = Some(self.dir.join(&*name));
            }
        }
        Ok(runs.into_values().rev().collect())
    }

    /// Keeps the newest `limit` of each kind of this host; 0 keeps all. Gives how many went.
    pub fn prune(&self, host: &str, limit: usize) -> Result<usize, StorageError> {
        let doomed = self.doomed(host, &[], limit)?;
        doomed.logs.iter().chain(&doomed.unfinished).try_for_each(|name| remove_file(&self.dir.join(name)))?;
        Ok(doomed.logs.len())
    }

    /// What is to go: the logs of `removed` backups of this host, and all but the newest `limit` (0 = all stay).
    pub(super) fn doomed(&self, host: &str, removed: &[BackupId], limit: usize) -> Result<Doomed, StorageError> {
        Ok(doomed_of(&self.names()?, host, removed, limit))
    }

    /// All logs and statistics of this host.
    pub(super) fn names_of(&self, host: &str) -> Result<Vec<String>, StorageError> {
        let mut names = self.names()?;
        names.retain(|name| KINDS.iter().any(|kind| stamp_of(name, *kind, host).is_some()));
        Ok(names)
    }

    fn names(&self) -> Result<Vec<String>, StorageError> {
        match Root::live().and_then(|root| root.list(&self.dir)) {
            Ok(names) => Ok(names.iter().map(|name| name.to_string_lossy().into_owned()).collect()),
            Err(error) if error.is_absent() => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }
}

/// What one run left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFiles {
    /// The time in the names.
    pub began: NaiveDateTime,
    /// Its log.
    pub log: Option<PathBuf>,
    /// Its statistics, written at its end.
    pub statistics: Option<PathBuf>,
}

/// Names of files that are to go.
#[derive(Debug)]
pub(super) struct Doomed {
    /// Logs and statistics.
    pub(super) logs: Vec<String>,
    /// What killed runs left of them.
    pub(super) unfinished: Vec<String>,
}

/// What is to go of these names: the logs of `removed` backups of this host, and all but the newest
/// `limit` (0 = all stay).
pub(super) fn doomed_of(names: &[String], host: &str, removed: &[BackupId], limit: usize) -> Doomed {
    let unfinished = names.iter().filter(|name| is_unfinished(name, host)).cloned().collect();
    let own: Vec<&BackupId> = removed.iter().filter(|id| id.host() == host).collect();
    let mut logs: Vec<String> = own.iter().map(|id| format!("{id}.log")).filter(|log| names.contains(log)).collect();
    for kind in KINDS {
        let mut of_kind: Vec<(NaiveDateTime, &String)> =
            names.iter().filter_map(|name| Some((stamp_of(name, kind, host)?, name))).collect();
        of_kind.sort_unstable_by(|a, b| b.cmp(a));
        let of_removed = own.iter().filter_map(|id| log_of(id, &of_kind));
        let beyond = of_kind.iter().skip(if limit == 0 { usize::MAX } else { limit }).map(|(_, name)| *name);
        logs.extend(of_removed.chain(beyond).cloned());
    }
    logs.sort_unstable();
    logs.dedup();
    Doomed { logs, unfinished }
}

/// The log of a backup is the newest that was begun before it; a run makes its checks in between.
fn log_of<'a>(id: &BackupId, newest_first: &[(NaiveDateTime, &'a String)]) -> Option<&'a String> {
    let (begun, name) = newest_first.iter().find(|(begun, _)| *begun <= id.taken())?;
    (id.taken() - *begun <= CHECKS_TAKE).then_some(*name)
}

/// Left by a run that was killed while it wrote or copied: `<statistics>.<pid>.tmp`, `<log>.partial`.
fn is_unfinished(name: &str, host: &str) -> bool {
    let settled = name.strip_suffix(".tmp").and_then(|rest| rest.rsplit_once('.')).map(|(stats, _)| stats);
    let settled = settled.or_else(|| name.strip_suffix(PartialFile::SUFFIX));
    settled.is_some_and(|log| KINDS.iter().any(|kind| stamp_of(log, *kind, host).is_some()))
}

/// `<start><host>-<stamp><end>`: the stamp.
fn stamp_of(name: &str, (start, end): (&str, &str), host: &str) -> Option<NaiveDateTime> {
    let stamp = name.strip_prefix(start)?.strip_suffix(end)?.strip_prefix(host)?.strip_prefix('-')?;
    NaiveDateTime::parse_from_str(stamp, "%Y%m%d-%H%M%S").ok().filter(|_| stamp.len() == STAMP_LENGTH)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;

    #[test]
    fn the_newest_logs_of_a_host_stay_and_those_of_others_are_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "backup-a-20260101-000000.log",
            "backup-a-20260102-000000.log",
            "backup-a-20260103-000000.log",
            "backup-a-b-20260101-000000.log",
            "backup-stats-a-20260101-000000.json",
            "backup-other.log",
        ] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        assert_eq!(RunLogs::new(dir.path()).prune("a", 2).unwrap(), 1);
        assert!(!dir.path().join("backup-a-20260101-000000.log").exists());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 5);
        assert_eq!(RunLogs::new(dir.path()).prune("a", 0).unwrap(), 0);
    }

    #[test]
    fn logs_go_with_their_backups_whoever_wrote_them_and_only_those_of_this_host() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "backup-a-20260101-020000.log",
            "backup-stats-a-20260101-020000.json",
            "backup-a-20260101-030000.log",
            "backup-b-20260101-020000.log",
            "pve-backup-a-2025-01-01_02-00-00.log",
            "backup-a-20260101-020000.log.partial",
            "backup-stats-a-20260101-020000.json.77.tmp",
            "backup-b-20260101-020000.log.partial",
        ] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let id = |name: &str| crate::bundle::parse_name(&format!("{name}.tar")).unwrap().0;
        // Begun at 02:00:00; the checks took three seconds.
        let removed =
            [id("a-backup-20260101-020003"), id("pve-backup-a-2025-01-01_02-00-00"), id("b-backup-20260101-020001")];
        // Its log has gone long ago.
        let forgotten = [id("a-backup-20260102-020003")];

        let logs = RunLogs::new(dir.path());
        let doomed = logs.doomed("a", &removed, 0).unwrap();

        assert_eq!(
            doomed.logs,
            [
                "backup-a-20260101-020000.log",
                "backup-stats-a-20260101-020000.json",
                "pve-backup-a-2025-01-01_02-00-00.log"
            ]
        );
        assert_eq!(
            doomed.unfinished,
            ["backup-a-20260101-020000.log.partial", "backup-stats-a-20260101-020000.json.77.tmp"]
        );
        assert!(logs.doomed("a", &forgotten, 0).unwrap().logs.is_empty());
        assert_eq!(logs.names_of("a").unwrap().len(), 3);
    }
}
