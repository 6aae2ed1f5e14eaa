//! A problem that does not stop the run: a value carried to the report.
//!
//! What ends the run is an error of its stage. Never both, and never logged where it arises:
//! the workflow narrates each issue once.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where in the run something happened; the order is the order of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Reading the settings.
    Config,
    /// Finding out what this machine is.
    Detect,
    /// Checks before any work.
    Preflight,
    /// Reading files and running commands.
    Collect,
    /// Writing the archive.
    Archive,
    /// Comparing what was written with what was read.
    Verify,
    /// Storing on a tier.
    Storage,
    /// Removing old backups.
    Retention,
    /// Putting a backup back, or taking that back.
    Restore,
    /// Telling people and monitoring systems.
    Notify,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Config => "config",
            Self::Detect => "detect",
            Self::Preflight => "preflight",
            Self::Collect => "collect",
            Self::Archive => "archive",
            Self::Verify => "verify",
            Self::Storage => "storage",
            Self::Retention => "retention",
            Self::Restore => "restore",
            Self::Notify => "notify",
        })
    }
}

/// How much an issue weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a line; changes no verdict.
    Notice,
    /// Something asked for is not true: the run ends with exit code 1.
    Warning,
}

/// One problem: what was touched, and why it did not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// What it weighs.
    pub severity: Severity,
    /// Where it arose.
    pub stage: Stage,
    /// The path, command line or setting concerned.
    pub subject: String,
    /// Why, in one line.
    pub reason: String,
    /// What the user can do about it, where there is something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Issue {
    /// A problem that makes the run end with exit code 1.
    pub fn warning(stage: Stage, subject: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, stage, subject: subject.into(), reason: reason.into(), hint: None }
    }

    /// Something to know that changes no verdict.
    pub fn notice(stage: Stage, subject: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { severity: Severity::Notice, ..Self::warning(stage, subject, reason) }
    }

    /// Adds what the user can do.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.reason)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_names_subject_reason_and_hint() {
        let issue = Issue::warning(Stage::Collect, "/etc/x", "permission denied").with_hint("run as root");
        assert_eq!(issue.to_string(), "/etc/x: permission denied (run as root)");
    }
}
