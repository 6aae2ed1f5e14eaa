//! `status` after runs that end in every way there is: state, line and exit code.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use proxmox_backup::status::State;
use proxmox_backup::system::{Cancel, Clock, Lock};
use proxmox_backup::workflow::status;
use serde_json::Value;

use crate::sample::{Sample, files_in, names_in, skip};

const DAY: Duration = Duration::from_secs(26 * 3600);

fn host() -> Sample {
    Sample::host("debian-plain")
}

/// Demands an exit code and words on one line, and nothing on standard error.
#[track_caller]
fn says(sample: &Sample, arguments: &[&str], code: i32, words: &[&str]) -> String {
    let output = sample.run([&["status"], arguments].concat());
    let line = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(code), "{line}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{line}");
    assert!(line.ends_with('\n') && line.lines().count() == 1 && line.chars().count() <= 301, "{line:?}");
    assert!(line.matches('|').count() <= 1, "{line}");
    for word in words {
        assert!(line.contains(word), "`{word}` is not in: {line}");
    }
    line
}

/// The newest statistics file.
fn statistics(sample: &Sample) -> PathBuf {
    let is_statistics = |file: &PathBuf| file.to_string_lossy().contains("backup-stats-");
    files_in(&sample.path("logs")).into_iter().rfind(is_statistics).unwrap()
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A run that has a log and takes its time.
fn at_work(sample: &Sample) -> Child {
    sample.enlarge(600, 40_000);
    let before = names_in(&sample.path("logs")).len();
    let child = sample.program(["backup"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for("a log", || names_in(&sample.path("logs")).len() > before);
    wait_for("a lock", || Lock::is_held(&sample.path("run").join(".backup.lock")).unwrap());
    child
}

#[test]
fn after_a_good_run_the_line_says_so_and_nothing_was_touched() {
    let sample = host();
    says(&sample, &[], 3, &["BACKUP UNKNOWN: plain", "no run is known"]);
    assert!(!sample.path("logs").exists() && !sample.path("backups").exists());
    sample.expect(0, &["backup"]);

    let line = says(&sample, &[], 0, &["BACKUP OK: plain", "newest backup ", "| age=", ";;93600;0 backups=1 size="]);

    assert!(!line.contains("run is at work"), "{line}");
    let object: Value = serde_json::from_str(&sample.expect(0, &["status", "--json", "--max-age", "3d"])).unwrap();
    assert_eq!((&object["state"], &object["running"]), (&"OK".into(), &false.into()));
    assert!(object["perfdata"]["files"].as_f64().unwrap() > 10.0);
    assert_eq!(names_in(&sample.path("logs")).len(), 2);
    assert!(sample.left_in_run_dir().is_empty());
}

#[test]
fn after_a_run_with_warnings_the_first_is_named() {
    let sample = host();
    std::fs::remove_file(sample.root().join("etc/hosts")).unwrap();
    sample.expect(1, &["backup"]);
    says(&sample, &[], 1, &["BACKUP WARNING", "1 warning: /etc/hosts: does not exist", "warnings=1"]);

    sample.plant("/etc/hosts", "127.0.0.1 localhost\n");
    sample.plant("/afile", "no directory");
    let second = sample.root().join("afile").join("below");
    sample.configure(&format!("SECONDARY_ENABLED=true\nSECONDARY_PATH={}\n", second.display()));
    sample.expect(1, &["backup"]);
    says(&sample, &[], 1, &["BACKUP WARNING", "no copy on secondary"]);
}

#[test]
fn after_a_run_that_failed_the_reason_is_said_and_the_next_good_one_forgets_it() {
    let sample = host();
    sample.expect(0, &["backup"]);
    sample.configure("MIN_DISK_SPACE_PRIMARY_GB=99999999\n");
    wait_for("another second", || {
        let made = sample.run(["backup"]).status.code() == Some(4);
        made && names_in(&sample.path("logs")).len() >= 4
    });
    says(&sample, &[], 2, &["BACKUP CRITICAL", "the last run failed", "Insufficient disk space", "newest backup"]);
    sample.configure("");
    sample.expect(0, &["backup"]);
    says(&sample, &[], 0, &["backups=2"]);
}

#[test]
fn messages_that_did_not_arrive_are_named_and_change_nothing() {
    let sample = host();
    sample.configure("GOTIFY_ENABLED=true\nGOTIFY_SERVER_URL=http://127.0.0.1:9\nGOTIFY_TOKEN=x\n");
    sample.expect(0, &["backup"]);
    says(&sample, &[], 0, &["BACKUP OK", "not told: gotify"]);
}

#[test]
fn a_run_at_work_is_said_and_one_that_was_killed_is_critical() {
    let sample = host();
    sample.expect(0, &["backup"]);
    let mut child = at_work(&sample);
    says(&sample, &[], 0, &["BACKUP OK", "a run is at work for "]);

    child.kill().unwrap();
    child.wait().unwrap();

    says(&sample, &[], 2, &["BACKUP CRITICAL", "left no statistics: it was killed"]);
    sample.expect(0, &["backup"]);
    says(&sample, &[], 0, &["BACKUP OK"]);
}

#[test]
fn looking_at_a_run_never_turns_one_away() {
    let sample = host();
    sample.expect(0, &["backup"]);
    let (until, lock) = (Instant::now() + Duration::from_secs(2), sample.path("run").join(".backup.lock"));
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            while Instant::now() < until {
                Lock::is_held(&lock).unwrap();
            }
        });
        while !looking.is_finished() {
            drop(Lock::acquire(&lock, &Clock::System.now()).unwrap());
        }
    });
}

#[test]
fn the_first_run_at_work_is_unknown() {
    let sample = host();
    let mut child = at_work(&sample);
    says(&sample, &[], 3, &["BACKUP UNKNOWN", "the first run is at work"]);
    child.kill().unwrap();
    child.wait().unwrap();
    says(&sample, &[], 2, &["killed"]);
}

#[test]
fn with_time_the_newest_backup_gets_too_old() {
    let sample = host();
    sample.expect(0, &["backup"]);
    let config = sample.config();
    let after = |hours: i64| {
        let now = Clock::System.now() + chrono::TimeDelta::hours(hours);
        status(&config, "plain", now, DAY, &Cancel::default())
    };
    assert_eq!(after(25).state, State::Ok, "{}", after(25));
    assert_eq!(after(27).state, State::Critical, "{}", after(27));
    assert!(after(27).line.contains("27h 00m old") && after(27).line.contains("26h 00m allowed"), "{}", after(27));
    std::thread::sleep(Duration::from_millis(1100));
    says(&sample, &["--max-age", "1s"], 2, &["allowed"]);
    for backup in sample.backups() {
        std::fs::remove_file(backup).unwrap();
    }
    says(&sample, &[], 2, &["there is no backup in"]);
}

#[test]
fn skipped_runs_are_passed_over() {
    let sample = host();
    sample.expect(0, &["backup"]);
    sample.expect(16, &["backup", "--if-changed"]);
    says(&sample, &[], 0, &["BACKUP OK", "unchanged", "skipped: no backup made: nothing has changed"]);
    let config = sample.config();
    let later = Clock::System.now() + chrono::TimeDelta::hours(20);
    assert_eq!(status(&config, "plain", later, DAY, &Cancel::default()).state, State::Ok);

    sample.configure("BACKUP_ENABLED=false\n");
    sample.expect(16, &["backup"]);
    says(&sample, &[], 0, &["skipped: nothing done: BACKUP_ENABLED is false"]);
}

#[test]
fn statistics_that_cannot_be_believed_are_named() {
    let sample = host();
    sample.expect(0, &["backup"]);
    let file = statistics(&sample);
    let good = std::fs::read(&file).unwrap();
    for (content, word) in [
        (&good[..good.len() / 2], "cannot be understood"),
        (b"", "it is empty"),
        (b"\0\0\0\0\0\0", "cannot be understood"),
        ("[".repeat(300_000).as_bytes(), "cannot be understood"),
        (b"{\"status\":\"|\\n\\u001b[2J\"}", "does not say"),
    ] {
        std::fs::write(&file, content).unwrap();
        says(&sample, &[], 3, &["BACKUP UNKNOWN", "backup-stats-plain", word, "newest backup"]);
    }
    std::fs::File::create(&file).unwrap().set_len(1 << 40).unwrap();
    says(&sample, &[], 3, &["file too large"]);
    for make in ["mkfifo", "mkdir"] {
        std::fs::remove_file(&file).unwrap();
        assert!(Command::new(make).arg(&file).status().unwrap().success());
        says(&sample, &[], 3, &["not a regular file"]);
    }
}

#[test]
fn files_of_other_hosts_are_none_of_ours() {
    let sample = host();
    sample.expect(0, &["backup"]);
    let logs = sample.path("logs");
    std::fs::write(logs.join("backup-other-20990101-000000.log"), "").unwrap();
    std::fs::write(logs.join("backup-stats-other-20990101-000000.json"), "{").unwrap();
    std::fs::write(logs.join("backup-stats-plain-b-20990101-000000.json"), "{").unwrap();
    std::fs::write(sample.path("backups").join("other-backup-20990101-000000.tar"), "").unwrap();
    says(&sample, &[], 0, &["backups=1"]);
}

#[test]
fn what_cannot_be_asked_is_unknown_and_never_critical() {
    let sample = host();
    sample.expect(0, &["backup"]);
    says(&sample, &["--max-age", "soon"], 3, &["BACKUP UNKNOWN: --max-age soon", "26h"]);
    says(&sample, &["--max-age", "0"], 3, &["--max-age 0"]);
    std::fs::write(sample.path("backup.env"), "MAX_LOCAL_BACKUPS=many\n").unwrap();
    says(&sample, &[], 3, &["MAX_LOCAL_BACKUPS", "config check"]);
    std::fs::remove_file(sample.path("backup.env")).unwrap();
    says(&sample, &[], 3, &["backup.env: no such file"]);
    let program = || Command::new(env!("CARGO_BIN_EXE_proxmox-backup"));
    assert_eq!(program().args(["status", "--bogus"]).output().unwrap().status.code(), Some(3));
    assert_eq!(program().args(["status", "--help"]).output().unwrap().status.code(), Some(0));
}

#[test]
fn a_monitoring_user_reads_what_it_may_and_else_learns_what_to_do() {
    let sample = host();
    sample.expect(0, &["backup"]);
    let is_there = Command::new("setpriv").arg("--version").output().is_ok_and(|done| done.status.success());
    if !is_there {
        return skip("setpriv is not installed: make deps");
    }
    // The program lies where only root may go.
    let program = sample.path("program");
    std::fs::copy(env!("CARGO_BIN_EXE_proxmox-backup"), &program).unwrap();
    let open = |path: PathBuf, mode: u32| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    open(program.clone(), 0o755);
    open(sample.path(""), 0o755);
    let ask = || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
        command.arg("--config").arg(sample.path("backup.env")).arg("--root").arg(sample.root()).arg("status");
        let output = command.env_clear().env("TZ", "UTC").output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };

    let (code, line) = ask();
    assert_eq!(code, Some(3), "{line}");
    assert!(line.contains("backup.env: permission denied") && line.contains("NOPASSWD"), "{line}");

    open(sample.path("backup.env"), 0o644);
    let (code, line) = ask();
    assert_eq!(code, Some(3), "{line}");
    assert!(line.contains("logs: permission denied") && line.contains("NOPASSWD"), "{line}");

    for dir in ["logs", "backups", "run"] {
        open(sample.path(dir), 0o755);
    }
    open(statistics(&sample), 0o644);
    let (code, line) = ask();
    assert_eq!(code, Some(0), "{line}");
}
