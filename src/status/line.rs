//! The line itself: `BACKUP OK: pve1: … | age=3600s;;93600;0`.

use std::fmt;
use std::time::Duration;

use super::{Health, State};
use crate::foreign::steers_or_hides;
use crate::units::Elapsed;

/// Nagios' own senders cut longer ones, some in the middle of the numbers.
const MOST: usize = 300;

/// No size or time that can be meant is larger.
const MOST_NUMBER: f64 = 1e15;

/// A number with its unit, as monitoring systems draw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// Its name.
    pub label: &'static str,
    /// The number.
    pub value: f64,
    unit: &'static str,
    critical: Option<u64>,
}

impl Measure {
    pub(super) fn seconds(label: &'static str, value: f64) -> Self {
        Self { label, value, unit: "s", critical: None }
    }

    #[expect(clippy::cast_precision_loss, reason = "a curve is drawn of it")]
    pub(super) fn bytes(label: &'static str, bytes: u64) -> Self {
        Self { label, value: bytes as f64, unit: "B", critical: None }
    }

    #[expect(clippy::cast_precision_loss, reason = "a curve is drawn of it")]
    pub(super) fn count(label: &'static str, count: usize) -> Self {
        Self { label, value: count as f64, unit: "", critical: None }
    }

    pub(super) fn critical_above(self, limit: Duration) -> Self {
        Self { critical: Some(limit.as_secs()), ..self }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Three decimals, and none where there are none; what no number of ours is would fill the line.
        let rounded = (self.value.clamp(0.0, MOST_NUMBER) * 1000.0).round() / 1000.0;
        write!(f, "{}={rounded}{}", self.label, self.unit)?;
        self.critical.map_or(Ok(()), |limit| write!(f, ";;{limit};0"))
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)?;
        if self.perfdata.is_empty() { Ok(()) } else { write!(f, "{BEFORE_NUMBERS}{}", numbers(&self.perfdata)) }
    }
}

const BEFORE_NUMBERS: &str = " | ";

fn numbers(measures: &[Measure]) -> String {
    measures.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// The text, cut so that it fits on one line with the numbers.
pub(super) fn line<'a>(
    state: State,
    host: &str,
    said: impl Iterator<Item = &'a String>,
    measures: &[Measure],
) -> String {
    let said: Vec<String> = said.map(|text| plain(text)).collect();
    let host = if host.is_empty() { String::new() } else { format!("{}: ", plain(host)) };
    let whole = format!("BACKUP {}: {host}{}", state.as_str(), said.join("; "));
    let room = MOST.saturating_sub(BEFORE_NUMBERS.len() + numbers(measures).len());
    if whole.chars().count() <= room {
        return whole;
    }
    let kept: String = whole.chars().take(room.saturating_sub(3)).collect();
    format!("{}...", kept.trim_end())
}

/// Names of files and answers of servers must neither end the line nor begin the numbers.
fn plain(text: &str) -> String {
    let safe: String = text
        .chars()
        .map(|c| {
            if steers_or_hides(c) {
                ' '
            } else if c == '|' {
                '/'
            } else {
                c
            }
        })
        .collect();
    safe.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `3h 12m`, from two days on `17d 04h`.
pub(super) fn age(span: Option<Duration>) -> String {
    let span = span.unwrap_or_default();
    let hours = span.as_secs() / 3600;
    if hours < 48 { Elapsed(span).to_string() } else { format!("{}d {:02}h", hours / 24, hours % 24) }
}
