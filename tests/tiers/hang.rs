//! A mount that does not answer: every call ends, and what wakes later does no harm.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use proxmox_backup::config::Owner;
use proxmox_backup::storage::{Outgoing, StorageError, Store, Terms, Touch};

use super::{PATIENT, assert_left, host_with_backup, partial_in, put_disturbed, secondary, terms, through_bindfs};
use crate::foreign_fs::{Mounted, Stopped};
use crate::sample::names_in;

const LIMIT: Duration = Duration::from_millis(400);

/// A bindfs whose process is ours to stop; `None` where there can be none.
pub(crate) fn daemon(options: &[&str], below: &Path, point: &Path) -> Option<(Mounted, Stopped)> {
    // Says loudly why not, and makes the directories.
    drop(through_bindfs(&[], below, point)?);
    let child = Command::new("bindfs").arg("-f").args(options).args([below, point]).spawn().unwrap();
    let guard = (Mounted(point.to_owned()), Stopped(child));
    std::fs::write(below.join("ready"), "").unwrap();
    let end = Instant::now() + PATIENT;
    while !point.join("ready").exists() {
        assert!(Instant::now() < end, "bindfs does not mount");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::fs::remove_file(below.join("ready")).unwrap();
    Some(guard)
}

fn assert_timed_out<T>(what: &str, point: &Path, call: impl FnOnce() -> Result<T, StorageError>) {
    let started = Instant::now();
    let error = call().map(drop).unwrap_err();
    assert!(started.elapsed() < LIMIT * 5, "{what}: {:?}", started.elapsed());
    assert!(matches!(error, StorageError::TimedOut { .. }), "{what}: {error}");
    let text = error.to_string();
    assert!(text.contains(point.to_str().unwrap()) && text.contains("no answer within 0.4s, given up"), "{text}");
}

#[test]
fn no_call_waits_for_a_dead_mount_and_none_does_harm_when_it_wakes() {
    let (sample, backup) = host_with_backup(10, true);
    let (below, point) = (sample.path("below"), sample.path("point"));
    let Some((_mounted, daemon)) = daemon(&[], &below, &point) else { return };
    let store = secondary(&point, &terms(LIMIT));
    store.prepare("tier", Touch::Really).unwrap();
    store.put(&backup).unwrap();
    let owner = Some(Owner { user: "1".to_owned(), group: Some("1".to_owned()) });
    let giving = secondary(&point, &Terms { owner, ..terms(LIMIT) });
    let log = sample.path("backup-tier-20260101-000000.log");
    std::fs::write(&log, "x").unwrap();
    std::fs::write(below.join("logs/backup-tier-20250101-000000.log"), "x").unwrap();
    let stored = store.list().unwrap().remove(0);
    let before = (names_in(&below), names_in(&below.join("logs")));
    let next = Outgoing { id: backup.id.clone(), files: vec![sample.path("tier-backup-20260102-000000.tar.zst")] };
    std::fs::copy(&backup.files[0], &next.files[0]).unwrap();
    let into = sample.path("into");
    std::fs::create_dir(&into).unwrap();

    daemon.signal("-STOP");
    assert_timed_out("prepare", &point, || store.prepare("tier", Touch::Really));
    assert_timed_out("look", &point, || store.prepare("tier", Touch::DryRun));
    assert_timed_out("list", &point, || store.list());
    assert_timed_out("put", &point, || store.put(&next));
    assert_timed_out("fetch", &point, || store.fetch(&stored, &into));
    assert_timed_out("space", &point, || store.space());
    assert_timed_out("put_log", &point, || store.put_log(&log));
    assert_timed_out("prune_logs", &point, || store.prune_logs("tier", std::slice::from_ref(&backup.id), 0));
    assert_timed_out("hand_over", &point, || giving.hand_over("tier"));
    assert_timed_out("remove", &point, || {
        store.remove(&[&stored]).failed.pop().map_or(Ok(()), |(_, error)| Err(error))
    });
    assert!(store.place().contains("[fuse"), "{}", store.place());

    daemon.signal("-CONT");
    // All that waited wakes now.
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!((names_in(&below), names_in(&below.join("logs"))), before);
    assert_eq!(names_in(&into), Vec::<String>::new());
    assert_eq!(store.list().unwrap().len(), 1);
}

#[test]
fn a_mount_that_dies_during_a_copy_ends_it_and_a_late_awakening_cleans_up() {
    let (sample, backup) = host_with_backup(1024, true);
    let (below, point) = (sample.path("below"), sample.path("point"));
    let Some((_mounted, daemon)) = daemon(&["--write-rate=1M"], &below, &point) else { return };
    let store = secondary(&point, &terms(LIMIT));

    let ended = put_disturbed(&store, &backup, || {
        partial_in(&below, 300_000);
        daemon.signal("-STOP");
    });

    assert_timed_out("put", &point, || ended);
    daemon.signal("-CONT");
    assert_left(&below, &[]);
}

#[test]
fn a_long_copy_that_moves_is_no_hang() {
    let (sample, backup) = host_with_backup(1800, true);
    let (below, point) = (sample.path("below"), sample.path("point"));
    let Some(_mounted) = through_bindfs(&["--write-rate=1M"], &below, &point) else { return };
    let limit = Duration::from_secs(1);
    let started = Instant::now();

    secondary(&point, &terms(limit)).put(&backup).unwrap();

    assert!(started.elapsed() > limit, "{:?}", started.elapsed());
    assert_eq!(names_in(&below).len(), 1);
}
