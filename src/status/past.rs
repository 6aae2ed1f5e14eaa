//! A run's statistics, read back: what is not there or makes no sense is not known.

use chrono::{DateTime, FixedOffset};
use serde::Deserialize;

/// The part of a run's statistics that tells how it went.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Past {
    status: String,
    error: Option<String>,
    end_time: Option<String>,
    /// The backup that is true still, for which none was made.
    unchanged_since: Option<String>,
    pub(super) duration_seconds: Option<f64>,
    pub(super) files_collected: usize,
    pub(super) archive_size: Option<u64>,
    issues: Vec<Problem>,
    tiers: Vec<Place>,
    drill: Option<Drilled>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    severity: String,
    stage: String,
    subject: String,
    reason: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Place {
    tier: String,
    ok: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Drilled {
    restorable: Option<usize>,
    of: Option<usize>,
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Well,
    /// How many, and the first.
    Warnings(usize, String),
    Skipped(String),
    Failed(String),
}

impl Past {
    /// Reads a statistics file; says why it is none.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.is_empty() {
            return Err("it is empty".to_owned());
        }
        let past: Self = serde_json::from_slice(bytes).map_err(|why| format!("it cannot be understood: {why}"))?;
        match past.status.as_str() {
            "success" | "warning" | "skipped" | "failure" => Ok(past),
            _ => Err("it does not say how the run ended".to_owned()),
        }
    }

    pub(super) fn ended(&self) -> Ended {
        let why = || self.error.clone().unwrap_or_else(|| "for an unknown reason".to_owned());
        match self.status.as_str() {
            "failure" => Ended::Failed(why()),
            "skipped" => Ended::Skipped(why()),
            "warning" => {
                let first = self.warnings().next().map_or_else(String::new, |it| format!("{}: {}", it.0, it.1));
                Ended::Warnings(self.warnings().count(), first)
            }
            _ => Ended::Well,
        }
    }

    /// Whether it had nothing to do, on purpose.
    pub fn is_skipped(&self) -> bool {
        self.status == "skipped"
    }

    pub(super) fn is_unchanged(&self) -> bool {
        self.unchanged_since.is_some()
    }

    pub(super) fn end(&self) -> Option<DateTime<FixedOffset>> {
        DateTime::parse_from_rfc3339(self.end_time.as_deref()?).ok()
    }

    /// Subject and reason of those that count.
    pub(super) fn warnings(&self) -> impl Iterator<Item = (&str, &str)> {
        let counted = |it: &&Problem| it.severity == "warning" && it.stage != "notify";
        self.issues.iter().filter(counted).map(|it| (it.subject.as_str(), it.reason.as_str()))
    }

    /// Channels whose message did not arrive.
    pub(super) fn untold(&self) -> impl Iterator<Item = &str> {
        let failed = |it: &&Problem| it.severity == "warning" && it.stage == "notify";
        self.issues.iter().filter(failed).map(|it| it.subject.as_str())
    }

    /// Tiers without the newest backup.
    pub(super) fn tiers_behind(&self) -> Vec<&str> {
        self.tiers.iter().filter(|it| !it.ok).map(|it| it.tier.as_str()).collect()
    }

    /// What the restore drill found, where there was one.
    pub(super) fn drilled(&self) -> Option<String> {
        let drill = self.drill.as_ref()?;
        Some(format!("restorable {} of {}", drill.restorable?, drill.of.filter(|of| *of > 0)?))
    }
}
