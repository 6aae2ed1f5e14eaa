use std::time::Duration;

use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, TimeDelta, TimeZone};
use serde_json::{Value, json};

use super::{Backups, Facts, Health, Past, Run, State, judge};

const DAY: Duration = Duration::from_secs(26 * 3600);

fn at(hour: i64) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 11, 1).unwrap().and_hms_opt(0, 0, 0).unwrap() + TimeDelta::hours(hour)
}

fn now(hour: i64) -> DateTime<Local> {
    Local.from_local_datetime(&at(hour)).unwrap()
}

/// A run that ended at this hour.
fn told(hour: i64, facts: &Value) -> Run {
    let mut object = json!({
        "status": "success", "end_time": now(hour).to_rfc3339(), "duration_seconds": 12.3456,
        "files_collected": 512, "archive_size": 25_270_682, "issues": [],
        "tiers": [{"tier": "local", "ok": true}], "drill": {"restorable": 44, "of": 44},
    });
    for (name, value) in facts.as_object().unwrap() {
        object[name] = value.clone();
    }
    Run::Told(Box::new(Past::read(object.to_string().as_bytes()).unwrap()))
}

fn failed(hour: i64, why: &str) -> Run {
    told(hour, &json!({"status": "failure", "error": why}))
}

/// The newest backup was taken at this hour; it is hour 10.
fn facts(newest: Option<i64>, runs: Vec<Run>) -> Facts {
    let backups = Backups { count: 7, newest: newest.map(at) };
    Facts { host: "pve1".into(), runs: Ok(runs), is_locked: false, backups: Ok(backups), place: "/backups".into() }
}

fn judged(facts: &Facts) -> Health {
    let health = judge(facts, now(10), DAY);
    let line = health.to_string();
    assert!(line.chars().count() <= 300 && !line.chars().any(char::is_control), "{line:?}");
    assert!(line.matches('|').count() <= 1, "{line}");
    health
}

#[track_caller]
fn assert_judged(facts: &Facts, state: State, words: &[&str]) {
    let health = judged(facts);
    assert_eq!(health.state, state, "{health}");
    for word in words {
        assert!(health.line.contains(word), "`{word}` is not in: {health}");
    }
}

#[test]
fn a_good_run_is_one_line_with_numbers() {
    let health = judged(&facts(Some(8), vec![told(8, &json!({}))]));
    assert_eq!(
        health.to_string(),
        "BACKUP OK: pve1: newest backup 2h 00m old (2026-11-01 08:00:00); 24.1 MiB; restorable 44 of 44 | \
         age=7200s;;93600;0 backups=7 size=25270682B duration=12.346s files=512 warnings=0"
    );
    let object = health.to_json();
    assert_eq!((&object["state"], &object["exit_code"]), (&json!("OK"), &json!(0)));
    assert_eq!(object["perfdata"]["age"], 7200.0);
}

#[test]
fn each_way_to_end_has_its_state() {
    let warnings = json!([
        {"severity": "notice", "stage": "collect", "subject": "x", "reason": "cut"},
        {"severity": "warning", "stage": "notify", "subject": "email", "reason": "refused"},
        {"severity": "warning", "stage": "collect", "subject": "/etc/a", "reason": "permission denied"},
        {"severity": "warning", "stage": "storage", "subject": "box:", "reason": "no route"},
    ]);
    let tiers = json!([{"tier": "local", "ok": true}, {"tier": "cloud", "ok": false}]);
    let warned = told(8, &json!({"status": "warning", "issues": warnings, "tiers": tiers}));
    assert_judged(
        &facts(Some(8), vec![warned]),
        State::Warning,
        &["2 warnings: /etc/a: permission denied", "no copy on cloud", "not told: email"],
    );
    assert_judged(
        &facts(Some(8), vec![failed(9, "disk full")]),
        State::Critical,
        &["failed 1h 00m ago: disk full", "2h 00m old"],
    );
    assert_judged(
        &facts(Some(8), vec![Run::Lost(at(9)), told(8, &json!({}))]),
        State::Critical,
        &["2026-11-01 09:00:00 left no statistics", "killed"],
    );
    let unreadable = Run::Unreadable { file: "/log/x.json".into(), why: "it is empty".into() };
    assert_judged(&facts(Some(8), vec![unreadable]), State::Unknown, &["/log/x.json: it is empty"]);
    assert_judged(&facts(None, Vec::new()), State::Unknown, &["no run is known"]);
    assert_judged(&facts(Some(8), Vec::new()), State::Unknown, &["no run is known", "2h 00m old"]);
}

#[test]
fn what_was_not_told_changes_no_state() {
    let issues = json!([{"severity": "warning", "stage": "notify", "subject": "telegram", "reason": "401"}]);
    assert_judged(&facts(Some(8), vec![told(8, &json!({"issues": issues}))]), State::Ok, &["not told: telegram"]);
}

#[test]
fn a_backup_that_is_too_old_or_gone_is_critical_whatever_the_run_said() {
    let good = || vec![told(8, &json!({}))];
    assert_judged(&facts(Some(-16), good()), State::Ok, &["26h 00m old"]);
    assert_judged(&facts(Some(-17), good()), State::Critical, &["27h 00m old (2026-10-31 07:00:00), 26h 00m allowed"]);
    assert_judged(&facts(Some(-17), Vec::new()), State::Critical, &["27h 00m old"]);
    assert_judged(&facts(None, good()), State::Critical, &["there is no backup in /backups"]);
    assert_judged(&facts(Some(13), good()), State::Warning, &["2026-11-01 13:00:00, which is not yet"]);
    assert_judged(&facts(Some(11), good()), State::Ok, &["0.0s old"]);
}

#[test]
fn a_run_at_work_is_said_and_the_one_before_it_judged() {
    let before = || vec![Run::AtWork(at(9)), told(8, &json!({}))];
    assert_judged(&facts(Some(8), before()), State::Ok, &["a run is at work for 1h 00m"]);
    assert_judged(&facts(None, vec![Run::AtWork(at(9))]), State::Unknown, &["the first run is at work"]);
    let killed_before = vec![Run::AtWork(at(9)), Run::Lost(at(8))];
    assert_judged(&facts(Some(7), killed_before), State::Critical, &["killed", "at work"]);

    let unlocked_log = vec![Run::Lost(at(9)), told(8, &json!({}))];
    let locked = Facts { is_locked: true, ..facts(Some(8), unlocked_log) };
    assert_judged(&locked, State::Ok, &["a run is at work for 1h 00m"]);
    let restoring = Facts { is_locked: true, ..facts(Some(8), vec![told(8, &json!({}))]) };
    assert!(judged(&restoring).is_running);
}

#[test]
fn a_run_that_was_turned_away_is_forgotten_when_the_other_has_ended() {
    let turned_away = || failed(7, "another backup is running");
    assert_judged(&facts(Some(8), vec![turned_away(), told(8, &json!({}))]), State::Ok, &[]);
    let at_work = vec![turned_away(), Run::AtWork(at(6)), told(-15, &json!({}))];
    assert_judged(&facts(Some(-15), at_work), State::Critical, &["another backup is running", "at work for 4h 00m"]);
}

#[test]
fn a_skipped_run_is_passed_over_and_one_that_found_nothing_changed_keeps_the_backup_fresh() {
    let skipped = |more: &Value| {
        let mut facts = json!({"status": "skipped", "error": "nothing has changed", "archive_size": null});
        facts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        told(9, &facts)
    };
    let unchanged = || skipped(&json!({"unchanged_since": "pve1-backup-20261030-000000"}));
    let old = Some(-40);
    assert_judged(
        &facts(old, vec![unchanged(), told(-40, &json!({}))]),
        State::Ok,
        &["unchanged 1h 00m ago", "skipped"],
    );
    assert_judged(&facts(old, vec![unchanged()]), State::Ok, &["unchanged 1h 00m ago"]);
    assert_judged(&facts(old, vec![skipped(&json!({})), told(-40, &json!({}))]), State::Critical, &["2d 02h old"]);
    assert_judged(&facts(old, vec![unchanged(), failed(8, "disk full")]), State::Critical, &["disk full"]);
    // What has gone since is not there, whatever had not changed.
    assert_judged(&facts(None, vec![unchanged()]), State::Critical, &["no backup"]);
}

#[test]
fn what_cannot_be_looked_at_is_unknown_and_hides_nothing_worse() {
    let denied = || Err("cannot list /log: permission denied".to_owned());
    let logs = Facts { runs: denied(), ..facts(Some(8), Vec::new()) };
    assert_judged(&logs, State::Unknown, &["cannot list /log", "2h 00m old"]);
    let stale = Facts { runs: denied(), ..facts(Some(-80), Vec::new()) };
    assert_judged(&stale, State::Critical, &["3d 18h old", "cannot list /log"]);
    let why = Err("cannot list /b: the file system gave no answer within 2.0s".to_owned());
    let dead = Facts { backups: why, ..facts(None, vec![told(8, &json!({}))]) };
    assert_judged(&dead, State::Unknown, &["gave no answer"]);
    assert_eq!(Health::unknown("a\nb").to_string(), "BACKUP UNKNOWN: a b");
}

#[test]
fn no_text_ends_the_line_or_begins_the_numbers() {
    let evil = format!("a|b\n\u{1b}[31mc\u{202e}d\0 {}", "é".repeat(500));
    let health = judged(&facts(Some(8), vec![failed(9, &evil)]));
    assert!(health.line.contains("a/b [31mc d é") && health.line.ends_with("..."), "{health}");
    assert!(health.to_string().ends_with("warnings=0"), "{health}");
}

#[test]
fn statistics_that_make_no_sense_are_named_and_never_believed() {
    for (text, why) in [
        ("", "empty"),
        ("{\"status\": \"succ", "cannot be understood"),
        ("\0\0\0\0", "cannot be understood"),
        ("[]", "does not say"),
        ("{}", "does not say"),
        ("{\"status\": \"fine\"}", "does not say"),
        ("{\"status\": 7}", "cannot be understood"),
        ("{\"status\": \"success\", \"files_collected\": -1}", "cannot be understood"),
        ("{\"status\": \"success\", \"tiers\": 3}", "cannot be understood"),
    ] {
        let said = Past::read(text.as_bytes()).map(drop).unwrap_err();
        assert!(said.contains(why), "{text:?}: {said}");
    }
    let deep = "[".repeat(100_000);
    assert!(Past::read(deep.as_bytes()).is_err());
    let odd = json!({"end_time": "yesterday", "duration_seconds": 1e300, "drill": {"of": 0}, "later": [1]});
    assert_judged(&facts(Some(8), vec![told(8, &odd)]), State::Ok, &["2h 00m old"]);
}
