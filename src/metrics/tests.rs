//! The text for runs that end in every way; names that stay; the page, alerts and dashboard beside it.

#![expect(clippy::disallowed_methods, reason = "the test reads and writes the repository, not a host")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Local, TimeDelta};

use super::table::Source;
use super::*;
use crate::bundle::Phase;
use crate::drill::{Drill, Outcome, Part};
use crate::host::Host;
use crate::issue::{Issue, Stage};
use crate::report::{ArchiveFacts, Counters, Delivery, Ending, Present, RunReport, TierFacts};
use crate::storage::Tier;
use crate::system::Space;
use crate::units::ByteSize;

const RULES: &str = include_str!("../../etc/prometheus/proxmox-backup.rules.yml");
const DASHBOARD: &str = include_str!("../../etc/grafana/proxmox-backup.json");
const PAGE: &str = "docs/monitoring.md";

/// Of the run before.
const KNOWN: [&str; 2] = ["notification_status{channel=\"gotify\"} 1", "notification_status{channel=\"telegram\"} 0"];

fn at(second: i64) -> DateTime<Local> {
    DateTime::from_timestamp(second, 0).unwrap().with_timezone(&Local)
}

fn phase(name: &str, from: i64, to: i64) -> Phase {
    Phase { name: name.into(), start: at(from).to_rfc3339(), end: at(to).to_rfc3339() }
}

fn part(outcome: Outcome) -> Part {
    Part { path: "/etc/x".into(), what: "x".into(), line: None, outcome, why: String::new() }
}

fn delivery(channel: &str, result: Result<&str, &str>) -> Delivery {
    let result = result.map(str::to_owned).map_err(str::to_owned);
    Delivery { channel: channel.into(), result, took: Duration::from_millis(5) }
}

/// A run of which everything is known.
fn full() -> RunReport {
    let host = Host { name: "pve1".into(), pve: Some("8.4.1".into()), ..Host::default() };
    let present = Present {
        backups: 7,
        bytes: 7000,
        oldest: Some(at(400).fixed_offset()),
        newest: Some(at(1000).fixed_offset()),
    };
    let tier = |tier, copy: Result<&str, &str>, present, room| TierFacts {
        tier,
        place: String::new(),
        copy: copy.map(str::to_owned).map_err(str::to_owned),
        present,
        removed: Vec::new(),
        room,
    };
    let room = Space { free: ByteSize(5000), total: ByteSize(90_000) };
    RunReport {
        finished: at(1012) + TimeDelta::milliseconds(345),
        counters: Counters { files: 500, failed: 1, bytes: 4096, ..Counters::default() },
        archive: Some(ArchiveFacts { bytes: 1024, ..ArchiveFacts::default() }),
        drill: Some(Drill { parts: vec![part(Outcome::Sound), part(Outcome::Mistaken)], ..Drill::default() }),
        tiers: vec![
            tier(Tier::Local, Ok("read back"), Some(present), Some(room)),
            tier(Tier::Cloud, Err("no route"), None, None),
        ],
        issues: vec![Issue::warning(Stage::Storage, "box:", "no route")],
        deliveries: vec![
            delivery("webhook ops", Ok("ok")),
            delivery("gotify", Err("no")),
            delivery("gotify", Ok("ok")),
        ],
        phases: vec![phase("collect", 1000, 1003), phase("verify", 1003, 1004), phase("collect", 1004, 1005)],
        ..RunReport::new(host, at(1000))
    }
}

fn facts(report: &RunReport, moment: Moment) -> Facts<'_> {
    let notifications = [("gotify".to_owned(), 1), ("telegram".to_owned(), 0)].into();
    let before = Before { last_success: Some(77), is_running: Some(true), notifications };
    Facts { report, moment, is_verified: report.archive.as_ref().map(|_| true), before }
}

/// The samples, without their comments.
fn samples(report: &RunReport, moment: Moment) -> Vec<String> {
    let all = text(&facts(report, moment));
    all.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn names_stay_as_they_are() {
    let short: Vec<&str> = names().map(|name| name.strip_prefix("proxmox_backup_").unwrap()).collect();
    let run = "info running start_time_seconds end_time_seconds duration_seconds status exit_code \
               last_success_timestamp errors warnings files_collected files_failed collected_bytes size_bytes \
               verified drill_status drill_parts drill_restorable phase_duration_seconds";
    let tier = "status backups removed size_bytes free_bytes capacity_bytes oldest_timestamp_seconds \
                newest_timestamp_seconds";
    let tier = tier.split(' ').map(|name| format!("tier_{name}"));
    assert_eq!(
        short,
        run.split(' ').map(str::to_owned).chain(tier).chain(["notification_status".to_owned()]).collect::<Vec<_>>()
    );
}

#[test]
fn everything_that_is_known_is_told() {
    let expected = [
        &format!("info{{version=\"{}\",host=\"pve1\",product=\"pve\",pve=\"8.4.1\"}} 1", env!("CARGO_PKG_VERSION")),
        "running 0",
        "start_time_seconds 1000",
        "end_time_seconds 1012",
        "duration_seconds 12.345",
        "status 1",
        "exit_code 1",
        "last_success_timestamp 1012",
        "errors 0",
        "warnings 1",
        "files_collected 500",
        "files_failed 1",
        "collected_bytes 4096",
        "size_bytes 1024",
        "verified 1",
        "drill_status 1",
        "drill_parts 2",
        "drill_restorable 1",
        "phase_duration_seconds{phase=\"collect\"} 4.000",
        "phase_duration_seconds{phase=\"verify\"} 1.000",
        "tier_status{tier=\"local\"} 0",
        "tier_status{tier=\"cloud\"} 2",
        "tier_backups{tier=\"local\"} 7",
        "tier_removed{tier=\"local\"} 0",
        "tier_size_bytes{tier=\"local\"} 7000",
        "tier_free_bytes{tier=\"local\"} 5000",
        "tier_capacity_bytes{tier=\"local\"} 90000",
        "tier_oldest_timestamp_seconds{tier=\"local\"} 400",
        "tier_newest_timestamp_seconds{tier=\"local\"} 1000",
        "notification_status{channel=\"gotify\"} 1",
        "notification_status{channel=\"webhook ops\"} 0",
    ];
    let expected: Vec<String> = expected.iter().map(|line| format!("proxmox_backup_{line}")).collect();
    assert_eq!(samples(&full(), Moment::Ended), expected);
}

#[test]
fn what_is_not_known_is_left_out() {
    let begun = samples(&full(), Moment::Begun);
    let rest = ["running 1", "start_time_seconds 1000", "last_success_timestamp 77", KNOWN[0], KNOWN[1]];
    assert_eq!(begun[1..], rest.map(|line| format!("proxmox_backup_{line}")));

    let ending = Ending::Failed { reason: "lock".into(), hint: None, exit_code: 4 };
    let early = RunReport { ending, ..RunReport::new(Host::default(), at(1000)) };
    let rest = ["end_time_seconds 1000", "duration_seconds 0.000", "status 2", "exit_code 4"];
    let rest = rest.iter().chain(&["last_success_timestamp 77", "errors 1", "warnings 0"]);
    let rest: Vec<String> = rest.map(|line| format!("proxmox_backup_{line}")).collect();
    assert_eq!(samples(&early, Moment::Ended)[3..], rest);
    let turned_away = samples(&early, Moment::TurnedAway);
    assert_eq!(turned_away[1], "proxmox_backup_running 1");
    assert!(KNOWN.iter().all(|line| turned_away.contains(&format!("proxmox_backup_{line}"))), "{turned_away:?}");

    let nothing_judged = RunReport { drill: Some(Drill::not_done("encrypted")), ..full() };
    assert!(!samples(&nothing_judged, Moment::Ended).iter().any(|line| line.contains("drill")));
}

#[test]
fn a_run_that_was_turned_away_knows_its_own_messages_better() {
    let report = RunReport { deliveries: vec![delivery("gotify", Ok("ok"))], ..RunReport::new(Host::default(), at(1)) };
    let told = samples(&report, Moment::TurnedAway);
    let told: Vec<&String> = told.iter().filter(|line| line.contains("notification")).collect();
    let expected = ["gotify", "telegram"].map(|it| format!("proxmox_backup_notification_status{{channel=\"{it}\"}} 0"));
    assert_eq!(told, expected.iter().collect::<Vec<_>>());
    // What was not asked is not known, whatever it was before.
    assert!(!samples(&RunReport::new(Host::default(), at(1)), Moment::Ended).join("").contains("notification"));
}

#[test]
fn names_of_channels_survive_the_file() {
    for name in ["webhook a\"b", "back\\slash", "a\nb", "\\n", "} 1", "", "ü"] {
        let report =
            RunReport { deliveries: vec![delivery(name, Err("no"))], ..RunReport::new(Host::default(), at(1)) };
        let read = Before::read(&text(&facts(&report, Moment::Ended)), 1000);
        assert_eq!(read.notifications, [(name.to_owned(), 1)].into(), "{name:?}");
    }
    for odd in
        ["{channel=\"a\"} 2", "{channel=\"a\"} x", "{channel=\"a\\\"} 1", "{channel=\"a\"b\"} 1", "{x=\"a\"} 1", " 1"]
    {
        let line = format!("proxmox_backup_notification_status{odd}\n");
        assert_eq!(Before::read(&line, 1000), Before::default(), "{odd}");
    }
}

#[test]
fn a_skipped_run_is_neither_good_nor_bad() {
    let ending = Ending::Skipped { reason: "nothing has changed".into(), exit_code: 16 };
    let skipped = samples(&RunReport { ending, ..RunReport::new(Host::default(), at(1000)) }, Moment::Ended);
    for line in ["exit_code 16", "last_success_timestamp 77", "errors 0", "running 0"] {
        assert!(skipped.contains(&format!("proxmox_backup_{line}")), "{skipped:?}");
    }
    assert!(!skipped.iter().any(|line| line.starts_with("proxmox_backup_status")), "{skipped:?}");
}

#[test]
fn a_drill_tells_a_damaged_backup_from_a_mistaken_host() {
    let status = |parts: &[Outcome]| {
        let parts = parts.iter().copied().map(part).collect();
        let report = RunReport { drill: Some(Drill { parts, ..Drill::default() }), ..full() };
        let line = samples(&report, Moment::Ended).into_iter().find(|line| line.contains("drill_status"));
        line.and_then(|line| line.chars().last())
    };
    assert_eq!(status(&[Outcome::Sound, Outcome::NotJudged]), Some('0'));
    assert_eq!(status(&[Outcome::Mistaken, Outcome::Damaged]), Some('2'));
    assert_eq!(status(&[Outcome::NotJudged]), None);
}

#[test]
fn no_name_of_a_host_ends_its_label() {
    let host = Host { name: "a\"} 1\nb\\".into(), ..Host::default() };
    let first = samples(&RunReport::new(host, at(1)), Moment::Ended).remove(0);
    assert!(first.contains(r#",host="a\"} 1\nb\\",product="unknown"} 1"#), "{first}");
}

#[test]
fn of_the_file_before_only_what_makes_sense_counts() {
    let own = text(&facts(&full(), Moment::Begun));
    assert_eq!(Before::read(&own, 1000), facts(&full(), Moment::Begun).before);
    assert_eq!(Before::read(&own, 76).last_success, None);
    for damaged in
        ["", "\0\u{fffd}", "proxmox_backup_last_success_timestamp", "proxmox_backup_last_success_timestamp x"]
    {
        assert_eq!(Before::read(damaged, 1000), Before::default());
    }
    for odd in ["-5", "0", "99999999999999999999", "NaN", "1e3"] {
        let line = format!("proxmox_backup_last_success_timestamp {odd}\n");
        assert_eq!(Before::read(&line, 1000).last_success, None, "{odd}");
    }
}

#[test]
fn alerts_and_dashboard_ask_for_what_there_is() {
    for text in [RULES, DASHBOARD] {
        let asked: Vec<&str> = text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|word| word.starts_with("proxmox_backup_"))
            .collect();
        assert!(asked.len() > 5);
        for name in asked {
            assert!(names().any(|known| known == name), "{name} is no metric");
        }
    }
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
    let ids = dashboard["panels"].as_array().unwrap().iter().map(|panel| panel["id"].as_u64().unwrap());
    let distinct: std::collections::BTreeSet<u64> = ids.clone().collect();
    assert_eq!(distinct.len(), ids.count());
}

/// The table of the page, as the program would write it.
fn table() -> String {
    let mut table = "| Metric | Label | Meaning |\n|---|---|---|\n".to_owned();
    for metric in METRICS {
        let labels = match metric.source {
            Source::Info => "`version`, `host`, `product`, `pve`, `pbs`",
            Source::Run(_) => "",
            Source::Phases => "`phase`",
            Source::Channels => "`channel`",
            Source::Tiers(_) => "`tier`",
        };
        let _ = writeln!(table, "| `{}` | {labels} | {} |", metric.name, metric.help);
    }
    table
}

#[test]
fn the_page_has_every_metric() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let mut page = std::fs::read_to_string(&path).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let from = page.find("| Metric |").unwrap();
        let to = page[from..].find("\n\n").map_or(page.len(), |end| from + end + 1);
        page.replace_range(from..to, &table());
        std::fs::write(&path, &page).unwrap();
    }
    assert!(page.contains(&format!("\n\n{}\n", table())), "{PAGE} is behind: run make docs");
}
