//! Sources that change while they are read: the run ends, says what it saw, and what it stored
//! is a whole backup.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use proxmox_backup::bundle::Backup;
use proxmox_backup::issue::Issue;
use proxmox_backup::report::RunReport;
use proxmox_backup::system::{Cancel, Clock, Runner};
use proxmox_backup::workflow::cat;
use serde_json::Value;

use crate::sample::{Random, Sample, names_in, problems_of, setting, skip};

/// Where the moving things lie.
const PLACE: &str = "/srv/moving";
const INDEX: &str = "/var/lib/proxmox-config-backup/info/index.json";

fn host() -> Sample {
    let sample = Sample::host("debian-plain");
    std::fs::create_dir_all(place(&sample)).unwrap();
    sample
}

fn place(sample: &Sample) -> PathBuf {
    sample.root().join(PLACE.trim_start_matches('/'))
}

/// A run while `meddle` meddles, in a thread of its own, until the run has ended.
fn run_while(sample: &Sample, meddle: impl Fn(&AtomicBool) + Sync) -> RunReport {
    let mut config = sample.config();
    config.collect.custom_paths = vec![PLACE.to_owned()];
    let has_ended = AtomicBool::new(false);
    let started = Instant::now();
    let report = std::thread::scope(|scope| {
        scope.spawn(|| meddle(&has_ended));
        let report = sample.backup_as(&config, Runner::Nobody, Clock::System);
        has_ended.store(true, Ordering::Relaxed);
        report.unwrap()
    });
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert_eq!(problems_of(&sample.newest()), Vec::<String>::new());
    report
}

/// Waits until this process has a file open.
fn until_open(path: &Path, has_ended: &AtomicBool) {
    while !has_ended.load(Ordering::Relaxed) {
        let descriptors = std::fs::read_dir("/proc/self/fd").unwrap();
        if descriptors.flatten().any(|entry| std::fs::read_link(entry.path()).is_ok_and(|target| target == path)) {
            return;
        }
    }
}

fn only_issue(report: &RunReport) -> &Issue {
    let [issue] = report.issues.as_slice() else { panic!("{:#?}", report.issues) };
    issue
}

fn content(sample: &Sample, path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    cat(&Backup::open(&sample.newest()).unwrap(), path, &mut bytes, &Cancel::default()).unwrap();
    bytes
}

fn index(sample: &Sample) -> Value {
    serde_json::from_slice(&content(sample, INDEX)).unwrap()
}

/// Longer than what the reader holds in memory, so that a part of it is unread when it is open.
const LARGE: usize = 24 << 20;

#[test]
fn a_file_that_shrinks_is_stored_in_its_first_length_and_named() {
    let sample = host();
    let path = place(&sample).join("shrinking");
    let before = Random::new(1).bytes(LARGE);
    std::fs::write(&path, &before).unwrap();

    let report = run_while(&sample, |has_ended| {
        until_open(&path, has_ended);
        std::fs::File::options().write(true).open(&path).unwrap().set_len(1000).unwrap();
    });

    let issue = only_issue(&report);
    assert_eq!(issue.subject, format!("{PLACE}/shrinking"));
    assert!(issue.reason.starts_with("shrank while it was being read"), "{issue}");
    let stored = content(&sample, &issue.subject);
    assert_eq!(stored.len(), LARGE);
    let read = stored.iter().rposition(|byte| *byte != 0).unwrap();
    assert!(read >= 999 && stored[..=read] == before[..=read]);
    let index = index(&sample);
    let entry = index["entries"].as_array().unwrap().iter().find(|entry| entry["path"] == "srv/moving/shrinking");
    assert_eq!(entry.unwrap()["incomplete"], true);
}

#[test]
fn a_file_that_grows_is_stored_as_it_was_when_opened_and_named() {
    let sample = host();
    let path = place(&sample).join("growing");
    let before = Random::new(2).bytes(LARGE);
    std::fs::write(&path, &before).unwrap();

    let report = run_while(&sample, |has_ended| {
        until_open(&path, has_ended);
        let mut log = std::fs::File::options().append(true).open(&path).unwrap();
        std::io::Write::write_all(&mut log, b"one line more\n").unwrap();
    });

    let issue = only_issue(&report);
    assert_eq!(issue.subject, format!("{PLACE}/growing"));
    assert!(issue.reason.starts_with("grew while it was being read"), "{issue}");
    assert!(content(&sample, &issue.subject) == before);
}

#[test]
fn a_file_that_is_removed_while_it_is_read_is_stored_whole() {
    let sample = host();
    let path = place(&sample).join("removed");
    let before = Random::new(3).bytes(LARGE);
    std::fs::write(&path, &before).unwrap();

    let report = run_while(&sample, |has_ended| {
        until_open(&path, has_ended);
        std::fs::remove_file(&path).unwrap();
    });

    assert!(report.issues.is_empty(), "{:#?}", report.issues);
    assert!(content(&sample, &format!("{PLACE}/removed")) == before);
}

#[test]
fn files_that_vanish_from_a_directory_are_named_each() {
    let sample = host();
    let large = place(&sample).join("a-large-one-first");
    std::fs::write(&large, Random::new(4).bytes(LARGE)).unwrap();
    let later: Vec<PathBuf> = (0..50).map(|number| place(&sample).join(format!("later-{number:02}"))).collect();
    for path in &later {
        std::fs::write(path, "soon gone").unwrap();
    }

    // The directory is listed before its first file is opened.
    let report = run_while(&sample, |has_ended| {
        until_open(&large, has_ended);
        for path in &later {
            std::fs::remove_file(path).unwrap();
        }
    });

    assert_eq!(report.issues.len(), 50, "{:#?}", report.issues);
    for (issue, path) in report.issues.iter().zip(&later) {
        let name = path.file_name().unwrap().to_string_lossy();
        assert_eq!(issue.to_string(), format!("{PLACE}/{name}: vanished while it was being read"));
    }
}

#[test]
fn a_file_replaced_all_the_time_is_stored_as_one_of_its_versions() {
    let sample = host();
    let versions: Vec<Vec<u8>> = (0..4).map(|seed| Random::new(seed).bytes(40_000)).collect();
    let (path, next) = (place(&sample).join("replaced"), sample.path("next"));
    std::fs::write(&path, &versions[0]).unwrap();
    for _ in 0..setting("REPLACEMENTS", 5) {
        let report = run_while(&sample, |has_ended| {
            for version in versions.iter().cycle() {
                std::fs::write(&next, version).unwrap();
                std::fs::rename(&next, &path).unwrap();
                if has_ended.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        assert!(report.issues.is_empty(), "{:#?}", report.issues);
        assert!(versions.contains(&content(&sample, &format!("{PLACE}/replaced"))));
        std::fs::remove_file(sample.newest()).unwrap();
    }
}

/// File, link to a secret elsewhere, FIFO, directory, nothing: whatever is met is stored as what it
/// is or named, and the link is never followed.
#[test]
fn a_name_that_is_something_else_each_time_is_never_followed_nor_waited_for() {
    let sample = host();
    let secret = sample.path("secret");
    std::fs::write(&secret, "the secret behind the link").unwrap();
    let names: Vec<PathBuf> = (0..40).map(|number| place(&sample).join(format!("name-{number}"))).collect();
    let change = |path: &Path, kind: u64| {
        let _ = std::fs::remove_file(path);
        let _ = std::fs::remove_dir(path);
        match kind {
            0 => std::fs::write(path, "a file").unwrap(),
            1 => symlink(&secret, path).unwrap(),
            2 => fifo(path),
            3 => std::fs::create_dir(path).unwrap(),
            _ => {}
        }
    };
    for path in &names {
        change(path, 0);
    }
    for round in 0..setting("REPLACEMENTS", 5) {
        let report = run_while(&sample, |has_ended| {
            let mut random = Random::new(round as u64);
            while !has_ended.load(Ordering::Relaxed) {
                let at = usize::try_from(random.below(names.len() as u64)).unwrap();
                change(&names[at], random.below(5));
            }
        });
        let strange: Vec<&Issue> = report.issues.iter().filter(|issue| !issue.subject.starts_with(PLACE)).collect();
        assert!(strange.is_empty(), "{strange:#?}");
        let index = index(&sample);
        let stored = index["entries"].as_array().unwrap().iter();
        for entry in stored.filter(|entry| entry["path"].as_str().unwrap().starts_with("srv/moving/name")) {
            let path = format!("/{}", entry["path"].as_str().unwrap());
            if entry["type"] == "file" {
                let bytes = content(&sample, &path);
                assert!(b"a file".starts_with(&bytes), "{path}: {}", String::from_utf8_lossy(&bytes));
            }
        }
        std::fs::remove_file(sample.newest()).unwrap();
    }
}

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

/// A writer at full speed on the database: what is stored is a state that was committed.
#[test]
fn a_database_in_use_is_stored_as_one_of_its_committed_states() {
    let sample = Sample::host("pve-8-single");
    let database = sample.root().join("var/lib/pve-cluster/config.db");
    let counter = rusqlite::Connection::open(&database).unwrap();
    counter.busy_timeout(Duration::from_secs(10)).unwrap();
    counter.execute_batch("CREATE TABLE pair (one INTEGER, two INTEGER); INSERT INTO pair VALUES (0, 0)").unwrap();
    for _ in 0..setting("CAPTURES", 5) {
        let has_ended = AtomicBool::new(false);
        let report = std::thread::scope(|scope| {
            scope.spawn(|| {
                let writer = rusqlite::Connection::open(&database).unwrap();
                writer.busy_timeout(Duration::from_secs(10)).unwrap();
                while !has_ended.load(Ordering::Relaxed) {
                    writer
                        .execute_batch("BEGIN; UPDATE pair SET one = one + 1; UPDATE pair SET two = two + 1; COMMIT")
                        .unwrap();
                }
            });
            let report = sample.backup_recorded();
            has_ended.store(true, Ordering::Relaxed);
            report.unwrap()
        });
        // Below another root two files are copied one after the other; if that met a checkpoint,
        // the run says so and stores nothing.
        if report.issues.is_empty() {
            let copy = sample.path("copy.db");
            std::fs::write(&copy, content(&sample, "/var/lib/pve-cluster/config.db")).unwrap();
            let stored = rusqlite::Connection::open(&copy).unwrap();
            let check: String = stored.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            let is_pair: bool = stored.query_row("SELECT one = two FROM pair", [], |row| row.get(0)).unwrap();
            assert_eq!((check.as_str(), is_pair), ("ok", true));
        } else {
            let issue = only_issue(&report);
            assert_eq!(issue.subject, "/var/lib/pve-cluster/config.db", "{issue}");
        }
        std::fs::remove_file(sample.newest()).unwrap();
    }
}

fn skipped(sample: &Sample) -> BTreeSet<(String, String)> {
    let index = index(sample);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    index["skipped"].as_array().unwrap().iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}

#[test]
fn what_cannot_be_stored_is_passed_over_and_recorded() {
    let sample = host();
    fifo(&place(&sample).join("fifo"));
    let _socket = std::os::unix::net::UnixListener::bind(place(&sample).join("socket")).unwrap();
    let device = Command::new("mknod").arg(place(&sample).join("null")).args(["c", "1", "3"]).status().unwrap();

    let report = run_while(&sample, |_| {});

    assert!(report.issues.is_empty(), "{:#?}", report.issues);
    let names = skipped(&sample);
    let why = |name: &str| {
        let path = format!("{PLACE}/{name}");
        names.iter().find(|(skipped, _)| *skipped == path).map(|(_, why)| why.as_str())
    };
    assert_eq!((why("fifo"), why("socket")), (Some("fifo"), Some("socket")));
    assert_eq!(why("null").is_some(), device.success());
}

/// A mount that goes with the test.
struct Mounted(PathBuf);

impl Mounted {
    fn new(arguments: &[&str], at: &Path) -> Option<Self> {
        let done = Command::new("mount").args(arguments).arg(at).output();
        done.is_ok_and(|output| output.status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

#[test]
fn another_file_system_below_a_tree_is_passed_over_and_recorded() {
    let sample = host();
    let point = place(&sample).join("mounted");
    std::fs::create_dir(&point).unwrap();
    std::fs::write(place(&sample).join("beside"), "on this file system").unwrap();
    let Some(_mounted) = Mounted::new(&["-t", "tmpfs", "none"], &point) else {
        return skip("mounting is not permitted");
    };
    std::fs::write(point.join("inside"), "on another one").unwrap();

    let report = run_while(&sample, |_| {});

    assert!(report.issues.is_empty(), "{:#?}", report.issues);
    let expected = (format!("{PLACE}/mounted"), "other file system".to_owned());
    assert!(skipped(&sample).contains(&expected), "{:?}", skipped(&sample));
    assert_eq!(content(&sample, &format!("{PLACE}/beside")), b"on this file system");
    assert!(!index(&sample).to_string().contains("srv/moving/mounted/inside"));
}

/// `/srv/moving/loop` is `/srv/moving` again. A bind mount of the same file system looks like one of
/// its directories, so it is walked, once.
#[test]
fn a_tree_mounted_into_itself_has_an_end() {
    let sample = host();
    let point = place(&sample).join("loop");
    std::fs::create_dir(&point).unwrap();
    let source = place(&sample).display().to_string();
    let Some(_mounted) = Mounted::new(&["--rbind", &source], &point) else {
        return skip("mounting is not permitted");
    };

    let report = run_while(&sample, |_| {});

    assert!(report.issues.is_empty(), "{:#?}", report.issues);
    assert_eq!(names_in(&place(&sample)), ["loop"]);
}
