//! What stays true of the runs before, read from the file that the last one wrote.

use std::collections::BTreeMap;

use super::samples::unescaped;
use super::table::{LAST_SUCCESS, NOTIFICATION, RUNNING};

/// More channels than anybody has. The directory may be another user's, and so may the file be.
const MOST_CHANNELS: usize = 100;

/// What the file of the run before says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// When a run last made a backup, seconds since 1970.
    pub last_success: Option<i64>,
    /// Whether a run is at work.
    pub is_running: Option<bool>,
    /// What became of the last messages, by channel: 0 arrived, 1 did not.
    pub notifications: BTreeMap<String, u8>,
}

impl Before {
    /// Reads what [`text`](super::text) wrote; whatever else stands there counts for nothing, and a success
    /// that is still to come is none.
    pub fn read(text: &str, now: i64) -> Self {
        let value = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(' '));
            lines.find(|(found, _)| *found == name).and_then(|(_, value)| value.trim().parse::<i64>().ok())
        };
        Self {
            last_success: value(LAST_SUCCESS).filter(|moment| (1..=now).contains(moment)),
            is_running: value(RUNNING).map(|running| running == 1),
            notifications: text.lines().filter_map(notification).take(MOST_CHANNELS).collect(),
        }
    }
}

/// `…{channel="webhook ops"} 1`.
fn notification(line: &str) -> Option<(String, u8)> {
    let (label, status) = line.strip_prefix(NOTIFICATION)?.strip_prefix("{channel=\"")?.rsplit_once("\"} ")?;
    let status = status.parse().ok().filter(|status| *status <= 1)?;
    Some((unescaped(label)?, status))
}
