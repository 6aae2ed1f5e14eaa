//! What happened: one value, of which log footer, statistics file and JSON are renderings.

mod line;
mod columns;
mod text;
mod json;
mod html;
mod message;

use std::time::Duration;

use chrono::{DateTime, FixedOffset, Local};

pub use message::Message;

use crate::bundle::{BackupId, Phase};
use crate::drill::Drill;
use crate::host::{Host, ServerId};
use crate::issue::{Issue, Severity, Stage};
use crate::storage::Tier;
use crate::system::{Clock, Space};
use crate::units::Elapsed;

/// Name and version, as messages end with them.
const PROGRAM: &str = concat!("proxmox-config-backup ", env!("CARGO_PKG_VERSION"));

/// Problems in a message: what a run of thousands has is in its log.
const MANY: usize = 100;

/// A run, from start to end.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// What the machine is.
    pub host: Host,
    /// The number of the server it was made on; `None` for another machine's disk.
    pub server_id: Option<ServerId>,
    /// When it began.
    pub started: DateTime<Local>,
    /// When it ended.
    pub finished: DateTime<Local>,
    /// What was counted.
    pub counters: Counters,
    /// The backup, when there is one.
    pub archive: Option<ArchiveFacts>,
    /// Whether it would bring the host back, where that was tried out.
    pub drill: Option<Drill>,
    /// What became of the tiers, the local one first.
    pub tiers: Vec<TierFacts>,
    /// Problems, in the order they arose.
    pub issues: Vec<Issue>,
    /// Start and end of each phase.
    pub phases: Vec<Phase>,
    /// Whether it came to its end.
    pub ending: Ending,
    /// What became of the messages about it; empty until they are sent.
    pub deliveries: Vec<Delivery>,
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The channel: `email`, `webhook ops`.
    pub channel: String,
    /// What the other side said, or why the message did not arrive; without secrets.
    pub result: Result<String, String>,
    /// How long it took.
    pub took: Duration,
}

/// Whether a run came to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// It did, with or without warnings.
    #[default]
    Completed,
    /// Nothing was to be done, on purpose.
    Skipped {
        /// In words.
        reason: String,
        /// The process' exit code.
        exit_code: u8,
    },
    /// It did not.
    Failed {
        /// In words.
        reason: String,
        /// What to do, where something is known.
        hint: Option<String>,
        /// The process' exit code.
        exit_code: u8,
    },
}

/// Counters of the collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Regular files and command outputs, links included.
    pub files: u64,
    /// Directories.
    pub directories: u64,
    /// Problems with files and commands.
    pub failed: u64,
    /// Left out on purpose: excluded, special files, other file systems.
    pub skipped: u64,
    /// Optional paths and programs that are not there.
    pub absent: u64,
    /// Bytes before compression.
    pub bytes: u64,
}

/// The backup that was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchiveFacts {
    /// Its identity.
    pub id: String,
    /// Bundle or archive.
    pub path: String,
    /// Bytes of the archive.
    pub bytes: u64,
    /// Bytes written: archive, side files, frame.
    pub bytes_written: u64,
    /// SHA-256 of the archive.
    pub sha256: String,
    /// Entries.
    pub entries: u64,
    /// Compression: type, mode, level, threads as really used.
    pub codec: String,
    /// Mode.
    pub mode: String,
    /// Level.
    pub level: u8,
    /// Threads.
    pub threads: usize,
}

/// What became of one tier.
#[derive(Clone, Debug)]
pub struct TierFacts {
    /// Which.
    pub tier: Tier,
    /// Where it is.
    pub place: String,
    /// How the copy there was checked, or why there is none.
    pub copy: Result<String, String>,
    /// Backups of this host that are there now; `None` where nobody could look.
    pub present: Option<Present>,
    /// What retention removed.
    pub removed: Vec<BackupId>,
    /// Room once today's backup was there and before retention; `None` where nobody asked or the tier cannot tell.
    pub room: Option<Space>,
}

/// The backups of this host on a tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Present {
    /// How many.
    pub backups: usize,
    /// Bytes of all their files.
    pub bytes: u64,
    /// When the oldest was taken; `None` where there is none.
    pub oldest: Option<DateTime<FixedOffset>>,
    /// When the newest was taken.
    pub newest: Option<DateTime<FixedOffset>>,
}

/// How a run ended, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything asked for is true.
    Ok,
    /// A backup was made, with so many warnings.
    Warnings(usize),
    /// Nothing was to be done, on purpose.
    Skipped,
    /// It did not come to its end.
    Failed,
}

impl Verdict {
    /// `success`, `warning`, `skipped`, `failure`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "success",
            Self::Warnings(_) => "warning",
            Self::Skipped => "skipped",
            Self::Failed => "failure",
        }
    }
}

/// Does something and notes when it began and ended, whether it succeeded or not.
pub fn timed<T>(phases: &mut Vec<Phase>, name: &str, clock: Clock, work: impl FnOnce() -> T) -> T {
    let start = clock.now().to_rfc3339();
    let result = work();
    phases.push(Phase { name: name.to_owned(), start, end: clock.now().to_rfc3339() });
    result
}

impl RunReport {
    /// An empty report.
    pub fn new(host: Host, started: DateTime<Local>) -> Self {
        Self {
            host,
            server_id: None,
            started,
            finished: started,
            counters: Counters::default(),
            archive: None,
            drill: None,
            tiers: Vec::new(),
            issues: Vec::new(),
            phases: Vec::new(),
            ending: Ending::Completed,
            deliveries: Vec::new(),
        }
    }

    /// The one place that judges.
    pub fn verdict(&self) -> Verdict {
        match self.ending {
            Ending::Completed => {}
            Ending::Skipped { .. } => return Verdict::Skipped,
            Ending::Failed { .. } => return Verdict::Failed,
        }
        match self.warnings() {
            0 => Verdict::Ok,
            count => Verdict::Warnings(count),
        }
    }

    /// How many warnings count.
    pub fn warnings(&self) -> usize {
        self.counting().count()
    }

    /// The warnings that count. What did not reach somebody who wants to be told makes no backup worse.
    fn counting(&self) -> impl Iterator<Item = &Issue> {
        let counts = |issue: &&Issue| issue.severity == Severity::Warning && issue.stage != Stage::Notify;
        self.issues.iter().filter(counts)
    }

    /// The process' exit code: 0 and 1 for a run that came to its end.
    pub fn exit_code(&self) -> u8 {
        match (&self.ending, self.verdict()) {
            (Ending::Skipped { exit_code, .. } | Ending::Failed { exit_code, .. }, _) => *exit_code,
            (Ending::Completed, Verdict::Ok) => 0,
            (Ending::Completed, _) => 1,
        }
    }

    /// What became of a tier.
    pub fn tier(&self, wanted: Tier) -> Option<&TierFacts> {
        self.tiers.iter().find(|facts| facts.tier == wanted)
    }

    /// How long it took.
    pub fn elapsed(&self) -> Elapsed {
        Elapsed((self.finished - self.started).to_std().unwrap_or_default())
    }

    /// `pve`, `pbs`, `dual` or `unknown`, as the old tools say it.
    pub fn proxmox_type(host: &Host) -> &'static str {
        match (&host.pve, &host.pbs) {
            (Some(_), Some(_)) => "dual",
            (Some(_), None) => "pve",
            (None, Some(_)) => "pbs",
            (None, None) => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(issues: Vec<Issue>) -> RunReport {
        RunReport { issues, ..RunReport::new(Host::default(), DateTime::<Local>::default()) }
    }

    #[test]
    fn notices_and_failed_notifications_do_not_change_the_verdict() {
        let harmless =
            vec![Issue::notice(Stage::Collect, "x", "cut"), Issue::warning(Stage::Notify, "mail", "refused")];
        assert_eq!(report(harmless).verdict(), Verdict::Ok);
        assert_eq!(report(vec![Issue::warning(Stage::Collect, "x", "y")]).verdict(), Verdict::Warnings(1));
    }

    #[test]
    fn a_run_that_failed_is_none_that_warns() {
        let mut report = report(vec![Issue::warning(Stage::Collect, "x", "y")]);
        assert_eq!((report.verdict(), report.exit_code()), (Verdict::Warnings(1), 1));
        report.ending = Ending::Failed { reason: "disk full".into(), hint: None, exit_code: 12 };
        assert_eq!((report.verdict(), report.exit_code()), (Verdict::Failed, 12));
        assert_eq!(report.to_json()["status"], "failure");
        assert_eq!(report.to_json()["error"], "disk full");
        assert_eq!(report.summary(), "✗ Backup of  failed: disk full");
    }

    #[test]
    fn what_became_of_each_message_is_an_answer_or_an_error() {
        let delivery = |channel: &str, result: Result<String, String>| Delivery {
            channel: channel.into(),
            result,
            took: Duration::from_millis(1500),
        };
        let mut report = report(Vec::new());
        report.deliveries = vec![delivery("email", Ok("sent".into())), delivery("ping", Err("no".into()))];
        let expected = serde_json::json!([
            {"channel": "email", "ok": true, "answer": "sent", "seconds": 1.5},
            {"channel": "ping", "ok": false, "error": "no", "seconds": 1.5},
        ]);
        assert_eq!(report.to_json()["notifications"], expected);
    }

    #[test]
    fn the_system_is_named_as_far_as_it_is_known() {
        let text = |text: &str| Some(text.to_owned());
        for (pve, pbs, debian, named) in [
            (None, None, "", None),
            (None, None, "unknown", None),
            (None, None, "Debian GNU/Linux forky/sid", text("Debian GNU/Linux forky/sid")),
            (text("9.0.11"), None, "13 trixie", text("Proxmox VE 9.0.11, Debian 13 trixie")),
            (text("unknown"), text("4.0.1"), "", text("Proxmox VE, Proxmox Backup Server 4.0.1")),
        ] {
            let mut report = report(Vec::new());
            report.host = Host { pve, pbs, debian: debian.into(), ..Host::default() };
            assert_eq!(report.system(), named);
        }
    }

    #[test]
    fn the_statistics_name_what_was_counted() {
        let mut report = report(vec![Issue::warning(Stage::Collect, "/etc/x", "permission denied")]);
        report.counters = Counters { files: 10, bytes: 2048, failed: 1, ..Counters::default() };
        let text = report.statistics().join("\n");
        assert!(text.contains("Files collected: 10") && text.contains("Data collected: 2.0 KiB"), "{text}");
        assert_eq!(report.to_json()["files_collected"], 10);
        assert_eq!(report.to_json()["issues"][0]["subject"], "/etc/x");
    }
}
