//! `undo` around the deed itself: the list of restores, which one is meant, the word, and forgetting.

use std::os::unix::fs::symlink;

use chrono::{DateTime, Local};
use proxmox_backup::apply::{Entry, Journal, Reach, Record};
use proxmox_backup::system::{Lock, create_private_dir};
use serde_json::Value;

use crate::keys::{Terminal, is_sane};
use crate::restore_command::{changed, records_dir};
use crate::restore_plan::tree_hash;
use crate::sample::{Sample, names_in};

const BEGAN: &str = "2026-11-21T18:15:00+00:00";

/// A record with this journal; the day is its number, so the last one is the newest.
fn record(sample: &Sample, day: u32, events: &[Entry]) -> Record {
    let state = sample.root().join("var/lib/proxmox-config-backup");
    let at: DateTime<Local> = format!("2026-11-{day:02}T12:00:00Z").parse().unwrap();
    let record = Record::create(&state, &at).unwrap();
    let mut journal = Journal::open(&record).unwrap();
    let begun = Entry::Begun {
        version: "1".into(),
        at: BEGAN.into(),
        backup: "/srv/debian-backup-20261120-020000.tar.zst.bundle.tar".into(),
        steps: 2,
    };
    [&[begun], events].concat().iter().for_each(|entry| journal.add(entry).unwrap());
    record
}

fn step() -> Entry {
    Entry::Step { number: 1, reach: Reach::Files, what: "write files".into(), command: Vec::new() }
}

fn finished() -> Entry {
    Entry::Finished { at: BEGAN.into() }
}

fn undone() -> [Entry; 2] {
    [Entry::UndoBegun { at: BEGAN.into() }, Entry::UndoFinished { at: BEGAN.into() }]
}

/// One of each state, the oldest first.
fn every_state(sample: &Sample) -> Vec<(Record, &'static str)> {
    let armed = Entry::NetworkArmed { until: BEGAN.into() };
    let unreadable = record(sample, 6, &[]);
    std::fs::write(unreadable.journal(), "nonsense\nmore of it\n").unwrap();
    vec![
        (record(sample, 1, &[step(), finished()]), "done"),
        (record(sample, 2, &[step()]), "stopped in the middle"),
        (record(sample, 3, &[step(), armed, finished()]), "done, the network is not confirmed"),
        (record(sample, 4, &[step(), finished(), undone()[0].clone()]), "undo stopped in the middle"),
        (record(sample, 5, &[&[step(), finished()][..], &undone()].concat()), "undone"),
        (unreadable, "its journal cannot be read"),
        (record(sample, 7, &[]), "ended before anything changed"),
    ]
}

#[test]
fn restores_are_listed_with_their_state() {
    let sample = Sample::host("debian-plain");
    assert!(sample.expect(0, &["undo", "--list"]).contains("No restore is written down in"));
    let all = every_state(&sample);

    let text = sample.expect(0, &["undo", "--list"]);
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(lines.len(), all.len(), "{text}");
    for (line, (record, state)) in lines.iter().zip(all.iter().rev()) {
        assert!(line.starts_with(record.id()) && line.ends_with(state), "{line}");
    }
    assert!(text.contains("2026-11-21 18:15:00  debian-backup-20261120-020000.tar.zst.bundle.tar"), "{text}");

    let value: Value = serde_json::from_str(&sample.expect(0, &["undo", "--list", "--json"])).unwrap();
    for (listed, (record, state)) in value["restores"].as_array().unwrap().iter().zip(all.iter().rev()) {
        assert_eq!((&listed["id"], &listed["state"]), (&record.id().into(), &(*state).into()));
        let is_over = ["undone", "ended before anything changed"].contains(state);
        assert_eq!(listed["may_be_undone"], !is_over, "{state}");
    }
}

#[test]
fn a_record_of_a_process_that_was_killed_at_once_does_not_hide_the_others() {
    let sample = Sample::host("debian-plain");
    record(&sample, 1, &[step(), finished()]);
    let state = sample.root().join("var/lib/proxmox-config-backup");
    let empty = Record::create(&state, &"2026-11-30T12:00:00Z".parse().unwrap()).unwrap();
    let text = sample.expect(0, &["undo", "--list"]);
    assert!(text.contains("ended before anything changed") && text.contains("  done"), "{text}");
    sample.expect(0, &["undo", "--forget", empty.id(), "--yes"]);
    assert_eq!(names_in(&records_dir(&sample)).len(), 1);
}

#[test]
fn without_a_terminal_and_a_yes_nothing_is_taken_back() {
    let sample = Sample::host("debian-plain");
    let (done, _) = every_state(&sample).remove(0);
    let before = tree_hash(&sample.root());
    for arguments in [&["undo"][..], &["undo", done.id()], &["undo", "--forget", done.id()]] {
        let output = sample.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("--yes"), "{arguments:?}");
        assert_eq!(sample.run([arguments, &["--json"]].concat()).status.code(), Some(2), "{arguments:?}");
    }
    for arguments in [&["undo", "--list", "--yes"][..], &["undo", "x", "--list"], &["undo", "x", "--forget", "y"]] {
        assert_eq!(sample.run(arguments).status.code(), Some(2), "{arguments:?}");
    }
    for id in ["20200101-000000", "../restore", "/etc", ""] {
        assert_eq!(sample.run(["undo", "--yes", id]).status.code(), Some(3), "{id}");
        assert_eq!(sample.run(["undo", "--yes", "--forget", id]).status.code(), Some(3), "{id}");
    }
    assert_eq!(tree_hash(&sample.root()), before);
}

#[test]
fn what_is_undone_or_never_began_has_no_way_back() {
    let sample = Sample::host("debian-plain");
    let over = [record(&sample, 1, &undone()), record(&sample, 2, &[])];
    let before = tree_hash(&sample.root());
    for record in &over {
        assert!(sample.expect(0, &["undo", record.id(), "--yes"]).contains("nothing to take back"));
        let text = sample.expect(0, &["undo", record.id(), "--yes", "--json"]);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["undone"], false);
    }
    let output = sample.run(["undo", "--yes"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no restore to undo"));
    assert_eq!(tree_hash(&sample.root()), before);
}

#[test]
fn only_what_is_over_is_forgotten_and_nothing_else_goes() {
    let sample = Sample::host("debian-plain");
    let all = every_state(&sample);
    sample.plant("/srv/precious", "x");
    for (record, state) in &all {
        std::fs::write(record.dir().join("undo.tar"), "secret").unwrap();
        symlink(sample.root().join("srv"), record.dir().join("elsewhere")).unwrap();
        let may_go = ["done", "undone", "ended before anything changed"].contains(state);
        let output = sample.run(["undo", "--forget", record.id(), "--yes"]);
        assert_eq!(output.status.code(), Some(if may_go { 0 } else { 3 }), "{state}");
        assert_eq!(record.dir().exists(), !may_go, "{state}");
        if !may_go {
            assert!(String::from_utf8_lossy(&output.stderr).contains("it is kept"), "{state}");
        }
    }
    assert!(sample.root().join("srv/precious").exists());
    assert_eq!(names_in(&records_dir(&sample)).len(), 4);
}

#[test]
fn what_a_killed_removal_left_goes_with_the_next_one() {
    let sample = Sample::host("debian-plain");
    let [one, two] = [1, 2].map(|day| record(&sample, day, &[step(), finished()]));
    let gone = records_dir(&sample).join(format!("gone-{}", one.id()));
    std::fs::rename(one.dir(), &gone).unwrap();
    let other = records_dir(&sample).join("gone-fishing");
    std::fs::create_dir(&other).unwrap();
    let text = sample.expect(0, &["undo", "--list"]);
    assert_eq!(text.lines().count(), 2, "{text}");

    let text = sample.expect(0, &["undo", "--forget", two.id(), "--yes", "--json"]);

    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["forgotten"], two.id());
    assert_eq!(names_in(&records_dir(&sample)), ["gone-fishing"]);
}

#[test]
fn a_run_at_work_keeps_its_record() {
    let sample = Sample::host("debian-plain");
    let record = record(&sample, 1, &[]);
    create_private_dir(&sample.path("run")).unwrap();
    let lock = Lock::acquire(&sample.path("run/.backup.lock"), &Local::now()).unwrap();
    let output = sample.run(["undo", "--forget", record.id(), "--yes"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains(&format!("PID {}", std::process::id())) && record.dir().exists(), "{said}");
    drop(lock);
    sample.expect(0, &["undo", "--forget", record.id(), "--yes"]);
}

#[test]
fn settings_that_cannot_be_used_do_not_block_the_way_back() {
    let sample = Sample::host("debian-plain");
    let record = record(&sample, 1, &[step(), finished()]);
    std::fs::write(sample.path("backup.env"), "MAX_LOCAL_BACKUPS=many\n").unwrap();
    let output = sample.run(["undo", "--list"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains(record.id()));
    assert!(String::from_utf8_lossy(&output.stderr).contains("MAX_LOCAL_BACKUPS"));
    sample.expect(0, &["undo", "--forget", record.id(), "--yes"]);
}

#[test]
fn on_a_terminal_the_word_takes_a_restore_back_and_no_other_answer() {
    let sample = changed("debian-plain");
    sample.expect(0, &["restore", "latest", "--yes", "--only", "ssh"]);
    let before = tree_hash(&sample.root());
    for (word, wanted) in [("undo\n", 16), ("\n", 16), ("0\n", 0), ("\x03", 130)] {
        let Some(mut terminal) = Terminal::start(&sample, &["undo"]) else { return };
        terminal.answer("Type UNDO to take it back (0 leaves): ", word);
        let (code, screen) = terminal.end();
        assert_eq!(code, Some(wanted), "{word:?}: {screen}");
        assert!(screen.contains(": done") && is_sane(&screen), "{screen}");
        assert_eq!(tree_hash(&sample.root()), before, "{word:?}");
    }
    let mut terminal = Terminal::start(&sample, &["undo"]).unwrap();
    terminal.answer("Type UNDO to take it back (0 leaves): ", "UNDO\n");
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("is undone."), "{screen}");

    let id = names_in(&records_dir(&sample)).remove(0);
    let mut terminal = Terminal::start(&sample, &["undo", "--forget", &id]).unwrap();
    terminal.answer("Type FORGET to remove what is kept of it, for good (0 leaves): ", "FORGET\n");
    assert_eq!(terminal.end().0, Some(0));
    assert_eq!(names_in(&records_dir(&sample)).len(), 0);
}
