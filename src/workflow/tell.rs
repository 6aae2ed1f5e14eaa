//! Issues as log lines: a warning as a warning, everything else as information.

use std::sync::OnceLock;

use log::{info, warn};

use crate::issue::{Issue, Severity};

/// Who hears issues as they are. A line alone has lost what concerns what.
static LISTENER: OnceLock<fn(&Issue)> = OnceLock::new();

/// From now on this one is told each issue, instead of a plain line in the log. The first one stays.
pub fn listen(listener: fn(&Issue)) {
    let _ = LISTENER.set(listener);
}

/// Says each issue once; the caller keeps it for the report.
pub fn tell<'a>(issues: impl IntoIterator<Item = &'a Issue>) {
    for issue in issues {
        match (LISTENER.get(), issue.severity) {
            (Some(listener), _) => listener(issue),
            (None, Severity::Warning) => warn!("{issue}"),
            (None, Severity::Notice) => info!("{issue}"),
        }
    }
}
