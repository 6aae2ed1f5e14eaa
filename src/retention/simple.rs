//! The newest so many, and none that is too old.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};

use super::Reason;

/// A reason for each of the moments, which come newest first. A limit of 0 limits nothing.
pub(super) fn judge(taken: &[DateTime<FixedOffset>], newest: u32, days: u32, now: DateTime<Utc>) -> Vec<Reason> {
    let is_old = |taken: &DateTime<FixedOffset>| days > 0 && now - taken.to_utc() > TimeDelta::days(days.into());
    let judge = |(number, taken)| match newest {
        1.. if number > newest => Reason::BeyondLimit(newest),
        _ if is_old(taken) => Reason::TooOld(days),
        1.. => Reason::Newest { number, limit: newest },
        0 if days > 0 => Reason::YoungEnough(days),
        0 => Reason::Unlimited,
    };
    (1..).zip(taken).map(judge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Backups of these days and seconds ago.
    fn told(ago: &[(i64, i64)], newest: u32, days: u32) -> Vec<String> {
        let now: DateTime<Utc> = "2026-11-21T02:00:00Z".parse().unwrap();
        let taken: Vec<_> = ago
            .iter()
            .map(|(days, seconds)| (now - TimeDelta::days(*days) - TimeDelta::seconds(*seconds)).fixed_offset())
            .collect();
        judge(&taken, newest, days, now).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn number_and_age_both_limit_and_zero_limits_nothing() {
        let ago = [(0, 0), (7, 0), (7, 1), (9, 0)];
        let cases: [(u32, u32, [&str; 4]); 5] = [
            (0, 0, ["no limit is set"; 4]),
            (2, 0, ["newest 1 of 2", "newest 2 of 2", "beyond the newest 2", "beyond the newest 2"]),
            (0, 7, ["not older than 7 days", "not older than 7 days", "older than 7 days", "older than 7 days"]),
            (3, 7, ["newest 1 of 3", "newest 2 of 3", "older than 7 days", "beyond the newest 3"]),
            (9, 9, ["newest 1 of 9", "newest 2 of 9", "newest 3 of 9", "newest 4 of 9"]),
        ];
        for (newest, days, expected) in cases {
            assert_eq!(told(&ago, newest, days), expected, "{newest} {days}");
        }
    }
}
