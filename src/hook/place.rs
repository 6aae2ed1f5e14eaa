//! Our script, and where it is entered.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::system::with_suffix;

/// Our script. A configuration file of the package, so it stays when the package is removed: vzdump
/// fails every job whose script is not there.
pub const HOOK: &str = "/etc/proxmox-config-backup/vzdump-hook";

/// Where a script is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `/etc/vzdump.conf`: all jobs of this node that name no script of their own.
    Node,
    /// One job of `/etc/pve/jobs.cfg`, on all nodes it runs on.
    Job(String),
}

impl Place {
    /// A job's id as `pvesh` takes it in a path: letters, digits, `-`, `_` and `.`, as Proxmox VE allows.
    pub fn job(id: &str) -> Option<Self> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_id = id.starts_with(|c: char| c.is_ascii_alphanumeric()) && id.len() <= 128 && id.chars().all(is_word);
        is_id.then(|| Self::Job(id.to_owned()))
    }

    /// The path that is entered. A job with a script before ours has a name of its own, by which our
    /// script finds that one: vzdump does not tell which job it works on.
    pub fn entry(&self, next: Option<&Path>) -> PathBuf {
        match (self, next) {
            (Self::Job(id), Some(_)) => PathBuf::from(format!("{HOOK}-{id}")),
            _ => PathBuf::from(HOOK),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node => f.write_str("/etc/vzdump.conf"),
            Self::Job(id) => write!(f, "backup job {id}"),
        }
    }
}

/// The file that names the script which is called first.
pub fn next_to(entry: &Path) -> PathBuf {
    with_suffix(entry, ".next")
}

/// The script that this file names: its first line.
pub fn chained_by(text: &str) -> Option<PathBuf> {
    text.lines().next().filter(|line| !line.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_job_with_a_script_before_ours_has_a_name_of_its_own() {
        let job = Place::job("backup-1a2b").unwrap();
        let theirs = Path::new("/opt/theirs");
        assert_eq!(job.entry(None), Path::new(HOOK));
        assert_eq!(Place::Node.entry(Some(theirs)), Path::new(HOOK));
        assert_eq!(job.entry(Some(theirs)), Path::new("/etc/proxmox-config-backup/vzdump-hook-backup-1a2b"));
        assert_eq!(next_to(Path::new(HOOK)), Path::new("/etc/proxmox-config-backup/vzdump-hook.next"));
    }

    #[test]
    fn an_id_is_a_word_and_no_path() {
        for wrong in ["", "../x", "a/b", "-x", ".x", "a b", "ä"] {
            assert_eq!(Place::job(wrong), None, "{wrong}");
        }
    }
}
