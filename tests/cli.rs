//! What a user sees: exit codes, messages, one JSON object, silence, examples.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use proxmox_backup::bundle::BackupId;
use proxmox_backup::config::Policy;
use proxmox_backup::storage::Tier;
use proxmox_backup::system::{Clock, Runner};
use proxmox_backup::workflow::dry_run;
use serde_json::Value;

use crate::sample::{Sample, files_in};

/// A small host with one backup.
fn saved() -> Sample {
    let sample = Sample::host("debian-plain");
    sample.expect(0, &["backup"]);
    sample
}

/// Demands an exit code and words on standard error; nothing but that may come.
fn fails(sample: &Sample, arguments: &[&str], code: i32, words: &[&str]) {
    let output = sample.run(arguments);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?}: `{word}` is not in: {said}");
    }
    assert!(output.stdout.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    assert!(!said.contains("panicked"), "{arguments:?}: {said}");
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_mistake_on_the_command_line_is_exit_code_2() {
    let sample = saved();
    fails(&sample, &["backup", "--bogus"], 2, &["--bogus", "Usage:"]);
    fails(&sample, &["frobnicate"], 2, &["frobnicate"]);
    fails(&sample, &["show"], 2, &["<ID>"]);
    fails(&sample, &["--debug", "9", "list"], 2, &["--debug", "9"]);
    fails(&sample, &["verify", "--all", "latest"], 2, &["--all"]);
}

#[test]
fn a_configuration_that_cannot_be_used_is_exit_code_2() {
    let sample = saved();
    std::fs::rename(sample.path("backup.env"), sample.path("away.env")).unwrap();
    fails(&sample, &["list"], 2, &["backup.env"]);
    std::fs::write(sample.path("backup.env"), "MAX_LOCAL_BACKUPS=many\n").unwrap();
    fails(&sample, &["backup"], 2, &["MAX_LOCAL_BACKUPS"]);
}

#[test]
fn what_is_switched_off_or_cannot_be_done_ends_with_its_own_code_and_makes_no_backup() {
    let sample = Sample::host("debian-plain");
    for (line, code, words) in [
        ("BACKUP_ENABLED=false", 16, ["nothing done", "BACKUP_ENABLED"]),
        ("ENCRYPT_ARCHIVE=true", 15, ["no backup made", "ENCRYPT_ARCHIVE"]),
        ("MIN_DISK_SPACE_PRIMARY_GB=99999999", 4, ["Insufficient disk space", "MIN_DISK_SPACE_PRIMARY_GB"]),
    ] {
        sample.configure(&format!("{line}\n"));
        let output = sample.run(["backup"]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{line}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{line}: {said}");
        assert!(sample.backups().is_empty(), "{line}");
    }
}

#[test]
fn what_is_not_there_is_exit_code_3() {
    let sample = saved();
    fails(&sample, &["cat", "latest", "/etc/nowhere"], 3, &["/etc/nowhere is not in", "list"]);
    fails(&sample, &["cat", "latest", "/etc"], 3, &["/etc is a directory"]);
    fails(&sample, &["ls", "latest", "/etc/nowhere"], 3, &["/etc/nowhere is not in"]);
    fails(&sample, &["show", "/nowhere"], 3, &["cannot open /nowhere: no such file or directory"]);
    fails(&sample, &["show", "99990101-000000"], 3, &["there is no backup `99990101-000000`"]);
    let empty = Sample::host("debian-plain");
    fails(&empty, &["verify"], 3, &["there is no backup in"]);
    fails(&empty, &["verify", "--all"], 3, &["there is no backup in"]);
}

#[test]
fn a_damaged_backup_is_exit_code_8_and_no_backup_at_all_10() {
    let sample = saved();
    let damaged = std::fs::File::options().write(true).open(sample.newest()).unwrap();
    damaged.write_all_at(b"damage", 20_000).unwrap();
    for arguments in [["verify", "latest"], ["verify", "--all"]] {
        let output = sample.run(arguments);
        assert_eq!(output.status.code(), Some(8), "{}", stderr(&output));
        assert!(String::from_utf8_lossy(&output.stdout).contains("DAMAGED"));
        assert!(stderr(&output).contains("archive: SHA-256 is"), "{}", stderr(&output));
    }
    let hosts = sample.root().join("etc/hosts").display().to_string();
    for command in ["verify", "show", "ls"] {
        fails(&sample, &[command, &hosts], 10, &["is not a backup"]);
    }
    fails(&sample, &["verify", "/tmp/"], 3, &["/tmp/ is a directory"]);
}

#[test]
fn one_bad_backup_does_not_hide_the_others() {
    let sample = saved();
    let noise = sample.path("backups/debian-backup-20200101-000000.tar.zst.bundle.tar");
    std::fs::write(noise, vec![7; 2000]).unwrap();

    let output = sample.run(["verify", "--all", "--json"]);

    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(8));
    assert_eq!(value["ok"], false);
    let verdicts: Vec<bool> =
        value["backups"].as_array().unwrap().iter().map(|backup| backup["ok"].as_bool().unwrap()).collect();
    assert_eq!(verdicts, [true, false]);
}

#[test]
fn every_command_gives_one_json_object_and_nothing_else_on_standard_output() {
    let sample = saved();
    for (arguments, key) in [
        (&["backup"][..], "archive_path"),
        (&["backup", "--dry-run"], "would_remove"),
        (&["check"], "configuration"),
        (&["list"], "backups"),
        (&["list", "--all-hosts"], "backups"),
        (&["show", "latest"], "sha256"),
        (&["ls", "latest"], "entries"),
        (&["ls", "latest", "/etc/hosts"], "entries"),
        (&["verify"], "backups"),
        (&["verify", "--all"], "backups"),
        (&["key", "show"], "recipients"),
        (&["prune"], "removed"),
        (&["prune", "--dry-run"], "backups"),
    ] {
        let before = [arguments, &["--json"]].concat();
        let after = [&["--json"], arguments].concat();
        for arguments in [before, after] {
            let said = sample.expect(0, &arguments);
            let value: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
            assert!(value.get(key).is_some(), "{arguments:?}: {value}");
        }
    }
}

#[test]
fn the_json_of_a_backup_names_a_file_that_is_there() {
    let sample = Sample::host("debian-plain");
    let value: Value = serde_json::from_str(&sample.expect(0, &["backup", "--json"])).unwrap();
    let path = PathBuf::from(value["archive_path"].as_str().unwrap());
    assert_eq!(sample.backups(), std::slice::from_ref(&path));
    assert_eq!(value["bytes_written"], std::fs::metadata(path).unwrap().len());
    let listed: Value = serde_json::from_str(&sample.expect(0, &["list", "--json"])).unwrap();
    assert_eq!(listed["backups"][0]["id"], value["backup_id"]);
    assert!(!listed["backups"][0]["verified"].is_null());
}

#[test]
fn quiet_is_silent_on_success_and_names_what_went_wrong() {
    let sample = saved();
    for arguments in [&["backup"][..], &["verify"], &["check"], &["prune"]] {
        let output = sample.run([&["--quiet"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!((stderr(&output), output.stdout), (String::new(), Vec::new()), "{arguments:?}");
    }
    std::fs::remove_file(sample.root().join("etc/hosts")).unwrap();
    let output = sample.run(["backup", "--quiet"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("/etc/hosts: does not exist"), "{}", stderr(&output));
}

/// Everything below a directory, times and content included.
fn snapshot(dir: &Path) -> BTreeMap<PathBuf, String> {
    let mut seen = BTreeMap::new();
    let mut left = vec![dir.to_owned()];
    while let Some(path) = left.pop() {
        let meta = std::fs::symlink_metadata(&path).unwrap();
        let content = if meta.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        let facts = (meta.mode(), meta.uid(), meta.len(), meta.mtime(), meta.mtime_nsec(), meta.ctime_nsec());
        if meta.is_dir() {
            left.extend(files_in(&path));
        }
        seen.insert(path, format!("{facts:?} {content:?}"));
    }
    seen
}

#[test]
fn a_dry_run_writes_nothing() {
    for sample in [Sample::host("pve-8-single"), saved()] {
        let before = snapshot(&sample.path(""));
        for arguments in [
            &["backup", "--dry-run"][..],
            &["-n"],
            &["check"],
            &["prune", "--dry-run"],
            &["list"],
            &["backup", "--dry-run", "--json"],
        ] {
            sample.expect(0, arguments);
            assert!(snapshot(&sample.path("")) == before, "{arguments:?}");
        }
    }
}

#[test]
fn looking_into_a_backup_writes_nothing() {
    let sample = saved();
    let before = snapshot(&sample.path(""));
    for arguments in [&["show", "latest"][..], &["ls", "latest"], &["cat", "latest", "/etc/hosts"], &["verify"]] {
        sample.expect(0, arguments);
        assert!(snapshot(&sample.path("")) == before, "{arguments:?}");
    }
}

#[test]
fn cat_gives_the_bytes_of_the_file() {
    let sample = Sample::host("debian-plain");
    let bytes: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    sample.plant("/etc/cron.d/bytes", &bytes);
    sample.expect(0, &["backup"]);
    assert!(sample.run(["cat", "latest", "/etc/cron.d/bytes"]).stdout == bytes);
    assert!(sample.run(["cat", "latest", "etc/cron.d/bytes"]).stdout == bytes);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let sample = Sample::host("debian-plain");
    sample.enlarge(1500, 10);
    sample.plant("/etc/cron.d/long", "long line\n".repeat(100_000));
    sample.expect(0, &["backup"]);
    for arguments in [
        &["ls", "latest"][..],
        &["ls", "latest", "--json"],
        &["cat", "latest", "/etc/cron.d/long"],
        &["backup", "--dry-run"],
        &["--help"],
    ] {
        let mut child = sample.program(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(!line.is_empty());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {} {}", output.status, stderr(&output));
        assert!(!stderr(&output).contains("ERROR"), "{arguments:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains("panicked"), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn a_full_disk_behind_a_redirection_is_an_error() {
    let sample = saved();
    for arguments in [&["list"][..], &["ls", "latest"], &["cat", "latest", "/etc/hosts"], &["list", "--json"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = sample.program(arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(12), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("standard output: no space left on device"), "{}", stderr(&output));
    }
}

#[test]
fn ls_follows_links_and_is_in_the_order_of_paths() {
    let sample = Sample::host("debian-plain");
    sample.plant("/etc/cron.d/real/one", "x");
    std::os::unix::fs::symlink("real", sample.root().join("etc/cron.d/linked")).unwrap();
    sample.expect(0, &["backup"]);

    let below = sample.expect(0, &["ls", "latest", "/etc/cron.d/linked"]);
    let through = sample.expect(0, &["ls", "latest", "/etc/cron.d/linked/one"]);
    let all = sample.expect(0, &["ls", "latest"]);

    assert!(below.contains("/etc/cron.d/linked -> real\n") && below.ends_with(" /etc/cron.d/real/one\n"), "{below}");
    assert!(through.ends_with(" /etc/cron.d/real/one\n"), "{through}");
    let paths: Vec<&str> = all.lines().map(|line| &line[line.find(" /").unwrap()..]).collect();
    assert!(paths.is_sorted_by_key(|path| path.split(" -> ").next()), "{all}");
}

#[test]
fn a_directory_of_backups_is_said_to_be_one() {
    let sample = Sample::host("debian-plain");
    sample.expect(0, &["backup"]);
    let directory = sample.path("backups");

    fails(&sample, &["verify", directory.to_str().unwrap()], 3, &["is a directory", ".bundle.tar", "BACKUP_PATH"]);
}

#[test]
fn help_of_every_command_has_two_examples() {
    let sample = Sample::empty("help");
    let commands =
        ["", "backup", "check", "list", "show", "ls", "cat", "extract", "verify", "prune", "status", "config"]
            .map(Some);
    let below_config = ["config check", "config show", "config init"].map(Some);
    for command in commands.into_iter().chain(below_config).flatten() {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let text = sample.expect(0, &words);
        let examples = text.split_once("Examples:\n").unwrap_or_else(|| panic!("{command}: {text}")).1;
        let count = examples.lines().take_while(|line| line.starts_with("  proxmox-backup")).count();
        // The page of the program itself shows more than one command.
        assert_eq!(count, 2, "{command}: {examples}");
    }
}

#[test]
fn help_names_every_exit_code_and_version_says_which_program() {
    let sample = Sample::empty("help");
    let help = sample.expect(0, &["--help"]);
    for number in (0..=16).chain([130, 143]) {
        assert!(help.lines().any(|line| line.trim().starts_with(&format!("{number}  "))), "{number}: {help}");
    }
    assert!(sample.expect(0, &["--version"]).starts_with("proxmox-backup 0."));
}

#[test]
fn control_characters_of_names_and_notes_do_not_reach_the_terminal() {
    let sample = Sample::host("debian-plain");
    let evil = "evil\u{1b}]0;owned\u{7}\n2026\u{9b}31m";
    sample.plant(&format!("/etc/cron.d/{evil}"), "x");
    std::os::unix::fs::symlink(evil, sample.root().join("etc/cron.d/zz-link")).unwrap();
    std::os::unix::fs::symlink("dangling", sample.root().join("etc/cron.d/zz-\u{1b}c")).unwrap();
    sample.expect(0, &["backup", "--reason", "\u{1b}[2Jwiped"]);

    for arguments in [
        &["ls", "latest", "/etc/cron.d"][..],
        &["show", "latest"],
        &["list"],
        &["verify", "-v"],
        &["cat", "latest", "/etc/\u{1b}[31mred"],
        &["ls", "latest", "/etc/\u{1b}[31mred"],
        &["show", "\u{1b}[31mred"],
        &["show", "/\u{1b}[31mred"],
        &["backup", "-v"],
    ] {
        let output = sample.run(arguments);
        for text in [String::from_utf8_lossy(&output.stdout).into_owned(), stderr(&output)] {
            let bad: Vec<char> = text.chars().filter(|c| c.is_control() && *c != '\n').collect();
            assert!(bad.is_empty(), "{arguments:?}: {bad:?} in {text:?}");
            assert!(!text.lines().any(|line| line.starts_with("2026\u{fffd}31m")), "{arguments:?}: {text}");
        }
    }
    let listed: Value = serde_json::from_str(&sample.expect(0, &["ls", "latest", "/etc/cron.d", "--json"])).unwrap();
    let exact = format!("/etc/cron.d/{evil}");
    assert!(listed["entries"].as_array().unwrap().iter().any(|entry| entry["path"] == exact), "{listed}");
}

#[test]
fn retention_keeps_the_newest_of_this_host_and_the_preview_says_so_before() {
    let sample = Sample::host("debian-plain");
    let mut config = sample.config();
    config.retention.local.policy = Policy::Simple { newest: 3, max_age_days: 0 };
    let day = |number: i64| {
        let noon = chrono::DateTime::from_timestamp(1_790_000_000 + number * 86_400, 0).unwrap();
        Clock::Fixed(noon.into())
    };
    std::fs::create_dir(sample.path("backups")).unwrap();
    let foreign = sample.path("backups/other-backup-20200101-000000.tar.zst");
    std::fs::write(&foreign, "of another host").unwrap();
    let mut all = Vec::new();
    for number in 0..5 {
        let preview = sample.with_job(&config, Runner::Nobody, day(number), dry_run).unwrap().retention;
        let announced: Vec<BackupId> = preview[0].plan.removals().cloned().collect();
        let report = sample.backup_as(&config, Runner::Nobody, day(number)).unwrap();
        let local = report.tier(Tier::Local).unwrap();
        assert_eq!(local.removed, announced);
        assert_eq!(local.removed.len(), usize::from(number > 2), "{number}");
        all.push(PathBuf::from(&report.archive.as_ref().unwrap().path));
        assert_eq!(local.present.map(|present| present.backups), Some(all.len().min(3)));
    }
    all.drain(..2);
    all.push(foreign);
    let mut left = sample.backups();
    left.sort();
    all.sort();
    assert_eq!(left, all);
}
