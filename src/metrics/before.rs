//! What stays true of the runs before, read from the file that the last one wrote.

use super::table::{LAST_SUCCESS, RUNNING};

/// What the file of the run before says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// When a run last made a backup, seconds since 1970.
    pub last_success: Option<i64>,
    /// Whether a run is at work.
    pub is_running: Option<bool>,
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
