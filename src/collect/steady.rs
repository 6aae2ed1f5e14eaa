//! The cluster file system as of one version.
//!
//! Its files change under a running cluster, and a copy of them is not taken at one instant. So
//! everything of it, the database as well, is read in one go and held back until `.version` says
//! that nothing changed meanwhile.

use std::path::Path;
use std::sync::mpsc::SyncSender;

use super::Found;
use super::cluster::is_inside;
use super::files::{Out, Walker};
use super::reader::{Gone, Job, send};
use crate::host::CLUSTER_DIR;
use crate::issue::{Issue, Stage};
use crate::plan::{Source, SourceKind};
use crate::system::{file_system_of, read_mounts};

/// So often it is read before it is taken as it comes.
const TRIES: usize = 3;
const VERSION: &str = "/etc/pve/.version";

/// Whether a source is read together with the others of the cluster file system.
pub(super) fn belongs(source: &Source) -> bool {
    match &source.kind {
        SourceKind::Database(path) => path.starts_with("/var/lib/pve-cluster"),
        kind => is_inside(kind),
    }
}

/// Reads all of them. The database comes first: it does not hang with a stopped pmxcfs.
pub(super) fn read(job: &Job, sender: &SyncSender<Found>) -> Result<(), Gone> {
    let all = || job.plan.sources.iter().filter(|source| belongs(source));
    let is_database = |source: &&Source| matches!(source.kind, SourceKind::Database(_));
    let sources = || all().filter(is_database).chain(all().filter(|source| !is_database(source)));
    foreign(job).map_or(Ok(()), |issue| send(sender, Found::Issue(issue)))?;
    if version(job).is_none() {
        // A disk, or a directory that is no pmxcfs: nothing changes, or nothing tells.
        return sources().try_for_each(|source| Walker::new(job, source, Out::Channel(sender)).run());
    }
    let number = job.progress().reader;
    let before = job.progress().clone_known();
    let is_steady = repeat(
        || version(job),
        || {
            if !job.progress().start_over(number, &before) {
                return Err(Gone);
            }
            sources().try_for_each(|source| Walker::new(job, source, Out::Held(job, number)).run())
        },
    )?;
    for found in job.progress().take_held(number) {
        send(sender, found)?;
    }
    if is_steady {
        return Ok(());
    }
    let reason = format!("changed during each of {TRIES} readings; its files may be of different moments");
    send(sender, Found::Issue(Issue::notice(Stage::Collect, CLUSTER_DIR, reason)))
}

/// Whether one of the attempts saw the same version before and after.
fn repeat<V: PartialEq>(
    mut version: impl FnMut() -> V,
    mut attempt: impl FnMut() -> Result<(), Gone>,
) -> Result<bool, Gone> {
    let mut before = version();
    for _ in 0..TRIES {
        attempt()?;
        let after = version();
        if before == after {
            return Ok(true);
        }
        before = after;
    }
    Ok(false)
}

/// What counts changes of files; `kvstore` counts the state that nodes announce every few seconds.
fn version(job: &Job) -> Option<serde_json::Value> {
    job.step(Path::new(VERSION));
    let mut version: serde_json::Value = serde_json::from_slice(&job.system.root.read(VERSION).ok()?).ok()?;
    version.as_object_mut()?.remove("kvstore");
    Some(version)
}

/// Files put below an unmounted `/etc/pve` are not the cluster's.
fn foreign(job: &Job) -> Option<Issue> {
    if !job.system.root.is_live() || !job.system.root.exists("/etc/pve/local") {
        return None;
    }
    let mounts = read_mounts();
    let mount = file_system_of(Path::new(CLUSTER_DIR), &mounts)?;
    let is_pmxcfs = mount.point == Path::new(CLUSTER_DIR) && mount.kind.starts_with("fuse");
    let reason = format!("is no mounted cluster file system but a directory on {}", mount.kind);
    let issue = Issue::warning(Stage::Collect, CLUSTER_DIR, reason);
    (!is_pmxcfs).then(|| issue.with_hint("systemctl restart pve-cluster, and look at what lies below the mount"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempts(versions: &[u32]) -> (bool, usize) {
        let (mut seen, mut count) = (versions.iter(), 0);
        let is_steady = repeat(
            || seen.next(),
            || {
                count += 1;
                Ok(())
            },
        );
        (is_steady.unwrap(), count)
    }

    #[test]
    fn a_change_while_reading_reads_again_up_to_three_times() {
        assert_eq!(attempts(&[1, 1]), (true, 1));
        assert_eq!(attempts(&[1, 2, 2]), (true, 2));
        assert_eq!(attempts(&[1, 2, 3, 4, 5]), (false, 3));
    }
}
