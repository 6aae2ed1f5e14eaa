//! One line of the log, and what it is about.

use log::{Level, Record};

use crate::issue::{Issue, Severity};
use crate::report::{RunReport, Verdict};
use crate::system::Clock;
use crate::workflow::{STEP, SUMMARY};

/// By this number every closing line of a backup is found: `journalctl MESSAGE_ID=…`. Random, and
/// never to be changed.
pub(super) const CLOSING_ID: &str = "d2b4637d6ab33adc407fdf112985e268";

/// syslog's numbers.
const ERROR: u8 = 3;
const WARNING: u8 = 4;
const NOTICE: u8 = 5;
const INFO: u8 = 6;
const DEBUG: u8 = 7;

/// One line of the log.
pub(super) struct Line {
    /// How much it weighs on screen and in the run's file.
    pub(super) level: Level,
    /// How much it weighs elsewhere: there, each problem is one line.
    pub(super) priority: u8,
    /// What it is.
    pub(super) kind: Kind,
    /// What it says; control characters are gone.
    pub(super) text: String,
    /// What it is about, by the journal's names.
    pub(super) fields: Vec<(&'static str, String)>,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One of many.
    Usual,
    /// A step begins.
    Step,
    /// How it all ended.
    Closing,
}

impl Line {
    /// What some module had to say.
    pub(super) fn of(record: &Record<'_>) -> Self {
        let level = record.level();
        let kind = if record.target() == STEP { Kind::Step } else { Kind::Usual };
        let priority = if record.target() == SUMMARY { NOTICE.max(priority(level)) } else { priority(level) };
        Self { level, priority, kind, text: harmless(&record.args().to_string()), fields: Vec::new() }
    }

    /// An issue.
    pub(super) fn about(issue: &Issue) -> Self {
        let level = if issue.severity == Severity::Warning { Level::Warn } else { Level::Info };
        let mut fields = vec![
            ("PROXMOX_BACKUP_STAGE", issue.stage.to_string()),
            ("PROXMOX_BACKUP_SUBJECT", harmless(&issue.subject)),
        ];
        fields.extend(issue.hint.as_ref().map(|hint| ("PROXMOX_BACKUP_HINT", harmless(hint))));
        Self { level, priority: priority(level), kind: Kind::Usual, text: harmless(&issue.to_string()), fields }
    }

    /// How a backup ended.
    pub(super) fn closing(report: &RunReport, level: Level, text: &str) -> Self {
        let verdict = report.verdict();
        let mut fields = vec![
            ("MESSAGE_ID", CLOSING_ID.to_owned()),
            ("PROXMOX_BACKUP_STATUS", verdict.as_str().to_owned()),
            ("PROXMOX_BACKUP_EXIT_CODE", report.exit_code().to_string()),
            ("PROXMOX_BACKUP_DURATION_SECONDS", report.elapsed().0.as_secs().to_string()),
            ("PROXMOX_BACKUP_WARNINGS", report.warnings().to_string()),
        ];
        fields.extend(report.archive.as_ref().map(|archive| ("PROXMOX_BACKUP_ID", archive.id.clone())));
        let priority = if verdict == Verdict::Failed { ERROR } else { NOTICE };
        Self { level, priority, kind: Kind::Closing, text: harmless(text), fields }
    }

    /// The same where each reason was a line of its own: this one adds no problem.
    pub(super) fn closing_after(report: &RunReport, level: Level, text: &str) -> Self {
        Self { priority: NOTICE, ..Self::closing(report, level, text) }
    }

    /// How something else ended.
    pub(super) fn ended(text: &str) -> Self {
        Self { level: Level::Info, priority: NOTICE, kind: Kind::Closing, text: harmless(text), fields: Vec::new() }
    }

    /// What stands before the text in files and on screens. The journal has it by itself.
    pub(super) fn head(&self) -> String {
        let stamp = Clock::System.now().format("[%Y-%m-%d %H:%M:%S]");
        format!("{stamp} {:<7} ", word(self.level))
    }
}

/// Names of files and outputs of programs must not steer a terminal or forge a line.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "ERROR",
        Level::Warn => "WARNING",
        Level::Info => "INFO",
        Level::Debug | Level::Trace => "DEBUG",
    }
}

fn priority(level: Level) -> u8 {
    match level {
        Level::Error => ERROR,
        Level::Warn => WARNING,
        Level::Info => INFO,
        Level::Debug | Level::Trace => DEBUG,
    }
}
