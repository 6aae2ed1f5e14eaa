//! What monitoring systems read: the report in Prometheus' text format.
//!
//! What is not known is left out and never 0: a gap in a graph is a gap in what we know. Nothing
//! changes a name that is in the table: dashboards and alerts of users hang on it.

use std::fmt::Write as _;

use chrono::{DateTime, TimeZone};

use crate::drill::Outcome;
use crate::report::{Counters, Ending, RunReport, TierFacts, Verdict};

/// The file's name; `node_exporter` reads all that end like this.
pub const FILE: &str = "proxmox_backup.prom";

/// What the text is made of.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The run.
    pub report: &'a RunReport,
    /// How far it is.
    pub moment: Moment,
    /// Whether what was written is what was read; `None` where the run did not come so far.
    pub is_verified: Option<bool>,
    /// What stays true of the runs before.
    pub before: Before,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It is at work.
    Begun,
    /// It is over.
    Ended,
    /// It is over, because somebody else is at work: a run, or `prune`.
    TurnedAway,
}

/// What the file of the run before says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// When a run last made a backup, seconds since 1970.
    pub last_success: Option<i64>,
    /// Whether a run is at work.
    pub is_running: Option<bool>,
}

/// One row of the table.
struct Metric {
    name: &'static str,
    help: &'static str,
    source: Source,
}

/// Where the samples of a metric come from.
enum Source {
    /// One sample whose labels say it all.
    Info,
    /// At most one sample.
    Run(fn(&Facts<'_>) -> Option<String>),
    /// One for each phase.
    Phases,
    /// At most one for each tier, `{tier="local"}`.
    Tiers(fn(&TierFacts) -> Option<String>),
}

const LAST_SUCCESS: &str = "proxmox_backup_last_success_timestamp";
const RUNNING: &str = "proxmox_backup_running";

const fn run(name: &'static str, help: &'static str, value: fn(&Facts<'_>) -> Option<String>) -> Metric {
    Metric { name, help, source: Source::Run(value) }
}

const fn tier(name: &'static str, help: &'static str, value: fn(&TierFacts) -> Option<String>) -> Metric {
    Metric { name, help, source: Source::Tiers(value) }
}

const METRICS: &[Metric] = &[
    Metric {
        name: "proxmox_backup_info",
        help: "Always 1; the labels say which program ran, and on what.",
        source: Source::Info,
    },
    run(RUNNING, "1 while a run is at work, else 0. 1 with an old start time is a run that was killed.", |facts| {
        facts.is_running().map(|is_running| u8::from(is_running).to_string())
    }),
    run("proxmox_backup_start_time_seconds", "When the newest run began, seconds since 1970.", |facts| {
        Some(seconds(&facts.report.started))
    }),
    run("proxmox_backup_end_time_seconds", "When it ended, seconds since 1970.", |facts| {
        facts.ended().map(|report| seconds(&report.finished))
    }),
    run("proxmox_backup_duration_seconds", "How long it took.", |facts| {
        facts.ended().map(|report| span(report.elapsed().0.as_secs_f64()))
    }),
    run(
        "proxmox_backup_status",
        "0 a backup was made, 1 a backup was made with warnings, 2 the run failed. None after a run that was skipped.",
        |facts| {
            facts.ended().and_then(|report| match report.verdict() {
                Verdict::Ok => Some("0".to_owned()),
                Verdict::Warnings(_) => Some("1".to_owned()),
                Verdict::Failed => Some("2".to_owned()),
                Verdict::Skipped => None,
            })
        },
    ),
    run("proxmox_backup_exit_code", "Exit code of the program; 16 is a run that was skipped on purpose.", |facts| {
        facts.ended().map(|report| report.exit_code().to_string())
    }),
    run(
        LAST_SUCCESS,
        "When a run last made a backup, with or without warnings, seconds since 1970. Failed and skipped runs leave it.",
        |facts| facts.last_success().map(|moment| moment.to_string()),
    ),
    run("proxmox_backup_errors", "1 when something ended the run before its end, else 0.", |facts| {
        facts.ended().map(|report| u8::from(matches!(report.ending, Ending::Failed { .. })).to_string())
    }),
    run("proxmox_backup_warnings", "Warnings of the run.", |facts| {
        facts.ended().map(|report| report.warnings().to_string())
    }),
    run("proxmox_backup_files_collected", "Files and command outputs that were collected.", |facts| {
        facts.collected().map(|counters| counters.files.to_string())
    }),
    run("proxmox_backup_files_failed", "Files and commands that could not be collected.", |facts| {
        facts.collected().map(|counters| counters.failed.to_string())
    }),
    run("proxmox_backup_collected_bytes", "Bytes collected, before compression.", |facts| {
        facts.collected().map(|counters| counters.bytes.to_string())
    }),
    run("proxmox_backup_size_bytes", "Bytes of the archive.", |facts| {
        facts.ended()?.archive.as_ref().map(|archive| archive.bytes.to_string())
    }),
    run("proxmox_backup_verified", "1 when the archive is what was read, 0 when it is not.", |facts| {
        facts.ended().and(facts.is_verified).map(|is_verified| u8::from(is_verified).to_string())
    }),
    run(
        "proxmox_backup_drill_status",
        "Would the backup bring the host back? 0 yes, 1 with what is wrong on the host itself, 2 the backup is damaged.",
        |facts| facts.drilled().map(|drill| drill.status.to_string()),
    ),
    run("proxmox_backup_drill_parts", "Parts that the restore drill judged.", |facts| {
        facts.drilled().map(|drill| drill.parts.to_string())
    }),
    run("proxmox_backup_drill_restorable", "Those that would come back.", |facts| {
        facts.drilled().map(|drill| drill.restorable.to_string())
    }),
    Metric {
        name: "proxmox_backup_phase_duration_seconds",
        help: "How long each phase of the run took.",
        source: Source::Phases,
    },
    tier(
        "proxmox_backup_tier_status",
        "0 when the tier has today's backup, checked where it lies, 2 when not.",
        |tier| Some(if tier.copy.is_ok() { "0" } else { "2" }.to_owned()),
    ),
    tier("proxmox_backup_tier_backups", "Backups of this host on the tier, after retention.", |tier| {
        tier.present.map(|present| present.backups.to_string())
    }),
    tier("proxmox_backup_tier_removed", "Backups that retention removed there in this run.", |tier| {
        tier.present.map(|_| tier.removed.len().to_string())
    }),
    tier("proxmox_backup_tier_size_bytes", "Bytes of all backups of this host there.", |tier| {
        tier.present.map(|present| present.bytes.to_string())
    }),
    tier(
        "proxmox_backup_tier_free_bytes",
        "Free bytes there, once the backup was stored and before retention. A cloud is asked only where \
         MIN_DISK_SPACE_CLOUD_GB is set.",
        |tier| tier.room.map(|room| room.free.0.to_string()),
    ),
    tier("proxmox_backup_tier_capacity_bytes", "Bytes the tier has in all.", |tier| {
        tier.room.map(|room| room.total.0.to_string())
    }),
    tier("proxmox_backup_tier_oldest_timestamp_seconds", "When the oldest backup there was taken.", |tier| {
        tier.present?.oldest.as_ref().map(seconds)
    }),
    tier("proxmox_backup_tier_newest_timestamp_seconds", "When the newest backup there was taken.", |tier| {
        tier.present?.newest.as_ref().map(seconds)
    }),
];

/// The whole file.
pub fn text(facts: &Facts<'_>) -> String {
    let mut text = String::new();
    for metric in METRICS {
        let samples = metric.samples(facts);
        if samples.is_empty() {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {0} {1}\n# TYPE {0} gauge", metric.name, metric.help);
        for (labels, value) in samples {
            let _ = writeln!(text, "{}{} {value}", metric.name, in_braces(&labels));
        }
    }
    text
}

/// Every name there can be, in the order of the file.
pub fn names() -> impl Iterator<Item = &'static str> {
    METRICS.iter().map(|metric| metric.name)
}

impl Before {
    /// Reads what [`text`] wrote; whatever else stands there counts for nothing, and a success that is
    /// still to come is none.
    pub fn read(text: &str, now: i64) -> Self {
        let value = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(' '));
            lines.find(|(found, _)| *found == name).and_then(|(_, value)| value.trim().parse::<i64>().ok())
        };
        Self {
            last_success: value(LAST_SUCCESS).filter(|moment| (1..=now).contains(moment)),
            is_running: value(RUNNING).map(|running| running == 1),
        }
    }
}

/// What a drill found, where it judged anything.
struct Drilled {
    status: u8,
    parts: usize,
    restorable: usize,
}

impl<'a> Facts<'a> {
    /// The report of a run that is over.
    fn ended(&self) -> Option<&'a RunReport> {
        (self.moment != Moment::Begun).then_some(self.report)
    }

    fn is_running(&self) -> Option<bool> {
        match self.moment {
            Moment::Begun => Some(true),
            Moment::Ended => Some(false),
            // Who holds the lock says so at its own end.
            Moment::TurnedAway => self.before.is_running,
        }
    }

    fn last_success(&self) -> Option<i64> {
        let made = self.ended().filter(|report| matches!(report.verdict(), Verdict::Ok | Verdict::Warnings(_)));
        made.map(|report| report.finished.timestamp()).or(self.before.last_success)
    }

    /// Nothing was counted where nothing was collected.
    fn collected(&self) -> Option<&'a Counters> {
        self.ended().map(|report| &report.counters).filter(|counters| **counters != Counters::default())
    }

    fn drilled(&self) -> Option<Drilled> {
        let drill = self.ended()?.drill.as_ref().filter(|drill| drill.not_done.is_none() && drill.of() > 0)?;
        let is_mistaken = drill.parts.iter().any(|part| part.outcome == Outcome::Mistaken);
        let status = if drill.is_damaged() { 2 } else { u8::from(is_mistaken) };
        Some(Drilled { status, parts: drill.of(), restorable: drill.restorable() })
    }
}

type Labels = Vec<(&'static str, String)>;

impl Metric {
    fn samples(&self, facts: &Facts<'_>) -> Vec<(Labels, String)> {
        match self.source {
            Source::Info => vec![(about(facts.report), "1".to_owned())],
            Source::Run(value) => value(facts).map(|value| (Labels::new(), value)).into_iter().collect(),
            Source::Phases => facts.ended().map_or_else(Vec::new, phases),
            Source::Tiers(value) => {
                let tiers = facts.ended().map_or(&[][..], |report| &report.tiers);
                let sample = |tier: &TierFacts| Some((vec![("tier", tier.tier.as_str().to_owned())], value(tier)?));
                tiers.iter().filter_map(sample).collect()
            }
        }
    }
}

/// Labels that are the same from run to run, as long as nobody upgrades.
fn about(report: &RunReport) -> Labels {
    let host = &report.host;
    let known = [
        ("version", Some(env!("CARGO_PKG_VERSION").to_owned())),
        ("host", Some(host.name.clone())),
        ("product", Some(RunReport::proxmox_type(host).to_owned())),
        ("pve", host.pve.clone()),
        ("pbs", host.pbs.clone()),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// A phase that came twice is one sample: two of the same labels would void the whole file.
fn phases(report: &RunReport) -> Vec<(Labels, String)> {
    let mut spans: Vec<(&str, f64)> = Vec::new();
    for phase in &report.phases {
        let [start, end] = [&phase.start, &phase.end].map(|moment| DateTime::parse_from_rfc3339(moment));
        let (Ok(start), Ok(end)) = (start, end) else { continue };
        let took = (end - start).to_std().unwrap_or_default().as_secs_f64();
        match spans.iter_mut().find(|(name, _)| *name == phase.name) {
            Some((_, sum)) => *sum += took,
            None => spans.push((&phase.name, took)),
        }
    }
    spans.into_iter().map(|(name, took)| (vec![("phase", name.to_owned())], span(took))).collect()
}

fn seconds<Z: TimeZone>(moment: &DateTime<Z>) -> String {
    moment.timestamp().to_string()
}

fn span(seconds: f64) -> String {
    format!("{seconds:.3}")
}

/// `{tier="local"}`; nothing where there are no labels.
fn in_braces(labels: &Labels) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

/// The three characters that end a label's value, or its line.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test reads and writes the repository, not a host")]
mod tests {
    use std::path::Path;

    use chrono::{Local, TimeDelta};

    use super::*;
    use crate::bundle::Phase;
    use crate::drill::{Drill, Part};
    use crate::host::Host;
    use crate::issue::{Issue, Stage};
    use crate::report::{ArchiveFacts, Present};
    use crate::storage::Tier;
    use crate::system::Space;
    use crate::units::ByteSize;

    const RULES: &str = include_str!("../etc/prometheus/proxmox-backup.rules.yml");
    const DASHBOARD: &str = include_str!("../etc/grafana/proxmox-backup.json");
    const PAGE: &str = "docs/monitoring.md";

    fn at(second: i64) -> DateTime<Local> {
        DateTime::from_timestamp(second, 0).unwrap().with_timezone(&Local)
    }

    fn phase(name: &str, from: i64, to: i64) -> Phase {
        Phase { name: name.into(), start: at(from).to_rfc3339(), end: at(to).to_rfc3339() }
    }

    fn part(outcome: Outcome) -> Part {
        Part { path: "/etc/x".into(), what: "x".into(), line: None, outcome, why: String::new() }
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
            phases: vec![phase("collect", 1000, 1003), phase("verify", 1003, 1004), phase("collect", 1004, 1005)],
            ..RunReport::new(host, at(1000))
        }
    }

    fn facts(report: &RunReport, moment: Moment) -> Facts<'_> {
        let before = Before { last_success: Some(77), is_running: Some(true) };
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
        assert_eq!(short, run.split(' ').map(str::to_owned).chain(tier).collect::<Vec<_>>());
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
        ];
        let expected: Vec<String> = expected.iter().map(|line| format!("proxmox_backup_{line}")).collect();
        assert_eq!(samples(&full(), Moment::Ended), expected);
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let begun = samples(&full(), Moment::Begun);
        let rest = ["running 1", "start_time_seconds 1000", "last_success_timestamp 77"];
        assert_eq!(begun[1..], rest.map(|line| format!("proxmox_backup_{line}")));

        let ending = Ending::Failed { reason: "lock".into(), hint: None, exit_code: 4 };
        let early = RunReport { ending, ..RunReport::new(Host::default(), at(1000)) };
        let rest = ["end_time_seconds 1000", "duration_seconds 0.000", "status 2", "exit_code 4"];
        let rest = rest.iter().chain(&["last_success_timestamp 77", "errors 1", "warnings 0"]);
        let rest: Vec<String> = rest.map(|line| format!("proxmox_backup_{line}")).collect();
        assert_eq!(samples(&early, Moment::Ended)[3..], rest);
        assert_eq!(samples(&early, Moment::TurnedAway)[1], "proxmox_backup_running 1");

        let nothing_judged = RunReport { drill: Some(Drill::not_done("encrypted")), ..full() };
        assert!(!samples(&nothing_judged, Moment::Ended).iter().any(|line| line.contains("drill")));
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
        assert_eq!(Before::read(&own, 1000), Before { last_success: Some(77), is_running: Some(true) });
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
}
