//! Logs and statistics of runs: `backup-<host>-<stamp>.log`, `backup-stats-<host>-<stamp>.json`.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Local, NaiveDateTime};

use super::StorageError;
use crate::system::{Root, local_stamp, remove_file};

const LOG: &str = "backup-";
const STATS: &str = "backup-stats-";

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

    /// Keeps the newest `limit` of each kind of this host; 0 keeps all. Gives how many went.
    pub fn prune(&self, host: &str, limit: usize) -> Result<usize, StorageError> {
        let Ok(names) = Root::live()?.list(&self.dir) else { return Ok(0) };
        for name in names.iter().map(|name| name.to_string_lossy()).filter(|name| is_unfinished(name, host)) {
            remove_file(&self.dir.join(&*name))?;
        }
        if limit == 0 {
            return Ok(0);
        }
        let mut removed = 0;
        for kind in [(LOG, ".log"), (STATS, ".json")] {
            let mut own: Vec<String> = names
                .iter()
                .map(|name| name.to_string_lossy().into_owned())
                .filter(|name| is_of(name, kind, host))
                .collect();
            // Stamps have a fixed width: the order of names is the order of time.
            own.sort_unstable_by(|a, b| b.cmp(a));
            for name in own.iter().skip(limit) {
                remove_file(&self.dir.join(name))?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

/// `<statistics>.<pid>.tmp`, left by a run that was killed while it wrote them.
fn is_unfinished(name: &str, host: &str) -> bool {
    let settled = name.strip_suffix(".tmp").and_then(|rest| rest.rsplit_once('.')).map(|(stats, _)| stats);
    settled.is_some_and(|stats| is_of(stats, (STATS, ".json"), host))
}

fn is_of(name: &str, (start, end): (&str, &str), host: &str) -> bool {
    let stamp = name
        .strip_prefix(start)
        .and_then(|rest| rest.strip_suffix(end))
        .and_then(|rest| rest.strip_prefix(host))
        .and_then(|rest| rest.strip_prefix('-'));
    stamp.is_some_and(|stamp| NaiveDateTime::parse_from_str(stamp, "%Y%m%d-%H%M%S").is_ok())
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
}
