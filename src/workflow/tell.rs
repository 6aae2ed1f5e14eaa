//! Issues as log lines: a warning as a warning, everything else as information.

use log::{info, warn};

use crate::issue::{Issue, Severity};

/// Says each issue once; the caller keeps it for the report.
pub fn tell<'a>(issues: impl IntoIterator<Item = &'a Issue>) {
    for issue in issues {
        match issue.severity {
            Severity::Warning => warn!("{issue}"),
            Severity::Notice => info!("{issue}"),
        }
    }
}
