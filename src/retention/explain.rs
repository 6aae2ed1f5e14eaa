//! A plan in words: the lines of the log, the table of the preview, what is worth a warning.

use std::fmt;

use chrono::{DateTime, TimeDelta, TimeZone};

use super::{Class, Fate, Period, Reason, RetentionPlan, Verdict};
use crate::config::{Gfs, Policy};
use crate::issue::{Issue, Stage};
use crate::units::ByteSize;

/// Of the columns of [`RetentionPlan::rows`].
pub const HEADINGS: [&str; 6] = ["BACKUP", "AGE", "SIZE", "VERIFIED", "FATE", "REASON"];

impl RetentionPlan {
    /// What the log says before anything is removed. `place` begins the first line: `Local storage`.
    pub fn lines(&self, place: &str) -> Vec<String> {
        let present = self.verdicts.len();
        let backups = if present == 1 { "backup" } else { "backups" };
        let mut lines = vec![
            format!("{place} initialized (present {present} {backups})"),
            format!("  Policy: {}", policy(&self.policy)),
            format!("  Total: {}/{}", self.counted, total(&self.policy)),
        ];
        for (class, kept, limit) in self.counts() {
            lines.push(format!("  {}: {kept}/{limit}", heading(class)));
        }
        lines.extend(self.not_counted());
        lines.push(self.classification());
        lines
    }

    /// `BACKUP AGE SIZE VERIFIED FATE REASON`, newest first. `bytes` tells the size of a backup by its place in the list.
    pub fn rows<Z: TimeZone>(&self, now: &DateTime<Z>, bytes: impl Fn(usize) -> u64) -> Vec<Vec<String>> {
        let now = now.to_utc();
        let row = |verdict: &Verdict| {
            vec![
                verdict.id.to_string(),
                age(now - verdict.taken.to_utc()),
                ByteSize(bytes(verdict.index)).to_string(),
                if verdict.is_verified { "yes" } else { "not said" }.to_owned(),
                verdict.reason.fate().to_string(),
                verdict.reason.to_string(),
            ]
        };
        self.verdicts.iter().map(row).collect()
    }

    /// What somebody should look at: dates that have not come yet, backups that cannot be read.
    pub fn issues(&self, place: &str) -> Vec<Issue> {
        let issue = |verdict: &Verdict| {
            let subject = format!("{place}: {}", verdict.id);
            let date = verdict.taken.format("%Y-%m-%d %H:%M");
            match verdict.reason {
                Reason::InTheFuture => Some(
                    Issue::warning(Stage::Retention, subject, format!("is dated in the future ({date}), so it stays"))
                        .with_hint(
                            "`timedatectl` shows whether the clock is right; if it is, the backup's date is wrong",
                        ),
                ),
                Reason::Unreadable => Some(
                    Issue::warning(Stage::Retention, subject, "cannot be read: it does not count, and it stays")
                        .with_hint("`proxmox-backup verify` says what is wrong with it; if it is of no use, remove it"),
                ),
                _ => None,
            }
        };
        self.verdicts.iter().filter_map(issue).collect()
    }

    /// The classes worth a line: those of the calendar always, the newest ones where the rule has them.
    fn counts(&self) -> Vec<(Class, usize, u32)> {
        let Policy::Gfs(gfs) = &self.policy else { return Vec::new() };
        let shown = Class::ALL.into_iter().filter(|class| *class != Class::Last || gfs.last > 0);
        shown.map(|class| (class, self.count(class))).map(|(class, (kept, limit))| (class, kept, limit)).collect()
    }

    fn not_counted(&self) -> Option<String> {
        let count = |reason| self.verdicts.iter().filter(|verdict| verdict.reason == reason).count();
        let kinds = [(count(Reason::InTheFuture), "dated in the future"), (count(Reason::Unreadable), "unreadable")];
        let some: Vec<String> =
            kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        (!some.is_empty()).then(|| format!("  Not counted: {}", some.join(", ")))
    }

    fn classification(&self) -> String {
        let to_delete = self.removals().count();
        if let Policy::Simple { .. } = self.policy {
            return format!("Simple retention → keep: {}, to_delete: {to_delete}", self.verdicts.len() - to_delete);
        }
        let counts = self.counts().into_iter().map(|(class, kept, limit)| format!("{class}: {kept}/{limit}, "));
        format!("GFS classification → {}to_delete: {to_delete}", counts.collect::<String>())
    }
}

fn policy(policy: &Policy) -> String {
    match policy {
        Policy::Simple { newest: 0, max_age_days: 0 } => "simple (keep all)".to_owned(),
        Policy::Simple { newest: 0, max_age_days } => format!("simple (keep up to {max_age_days} days)"),
        Policy::Simple { newest, max_age_days: 0 } => format!("simple (keep {newest} newest)"),
        Policy::Simple { newest, max_age_days } => {
            format!("simple (keep {newest} newest, up to {max_age_days} days)")
        }
        Policy::Gfs(Gfs { last, daily, weekly, monthly, yearly }) => {
            let last = if *last > 0 { format!("last={last}, ") } else { String::new() };
            format!("GFS ({last}daily={daily}, weekly={weekly}, monthly={monthly}, yearly={yearly})")
        }
    }
}

fn total(policy: &Policy) -> String {
    match policy {
        Policy::Simple { newest: 0, .. } | Policy::Gfs(_) => "-".to_owned(),
        Policy::Simple { newest, .. } => newest.to_string(),
    }
}

fn age(span: TimeDelta) -> String {
    match (span.num_days(), span.num_hours()) {
        _ if span < TimeDelta::zero() => "future".to_owned(),
        (0, hours) => format!("{hours}h"),
        (days, _) => format!("{days}d"),
    }
}

fn heading(class: Class) -> &'static str {
    match class {
        Class::Last => "Last",
        Class::Daily => "Daily",
        Class::Weekly => "Weekly",
        Class::Monthly => "Monthly",
        Class::Yearly => "Yearly",
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&heading(*self).to_ascii_lowercase())
    }
}

impl fmt::Display for Period {
    /// `2026-11-18`, `2026-W47`, `2026-11`, `2026`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(date) => date.fmt(f),
            Self::Week(year, week) => write!(f, "{year}-W{week:02}"),
            Self::Month(year, month) => write!(f, "{year}-{month:02}"),
            Self::Year(year) => write!(f, "{year}"),
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keep => "keep",
            Self::Remove => "remove",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => f.write_str("no limit is set"),
            Self::Newest { number, limit } => write!(f, "newest {number} of {limit}"),
            Self::YoungEnough(days) => write!(f, "not older than {days} days"),
            Self::Represents { class, number, limit, period } => write!(f, "{class} {number} of {limit} ({period})"),
            Self::NewestOfAll => f.write_str("the newest: never removed"),
            Self::NewestVerified => f.write_str("the newest that is known as verified: never removed"),
            Self::InTheFuture => f.write_str("dated in the future: check the clock"),
            Self::Unreadable => f.write_str("cannot be read: not counted, not removed"),
            Self::BeyondLimit(limit) => write!(f, "beyond the newest {limit}"),
            Self::TooOld(days) => write!(f, "older than {days} days"),
            Self::Represented(period) => write!(f, "another backup of {period} is kept"),
            Self::OlderThanAllRules => f.write_str("older than all rules"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::oracle_tests::candidate;
    use crate::retention::zones_tests::Zone;
    use crate::retention::{Candidate, plan};

    const DAY: i64 = 86_400;
    /// 2026-11-21, 02:00 in Berlin.
    const NOW: i64 = 1_795_222_800;

    /// Backups of so many seconds ago.
    fn taken(ago: &[i64]) -> Vec<Candidate> {
        ago.iter().map(|ago| candidate("h-backup", Zone::Berlin.at(NOW - ago))).collect()
    }

    fn plan_of(candidates: &[Candidate], policy: Policy) -> RetentionPlan {
        plan(candidates, &policy, &Zone::Berlin.at(NOW)).unwrap()
    }

    fn simple(newest: u32, max_age_days: u32) -> Policy {
        Policy::Simple { newest, max_age_days }
    }

    #[test]
    fn a_simple_rule_is_told_in_the_same_manner() {
        let mut all = taken(&[0, DAY, 2 * DAY, -DAY, -2 * DAY, 3 * DAY]);
        all[1].is_readable = false;
        assert_eq!(
            plan_of(&all, simple(2, 0)).lines("Secondary storage"),
            [
                "Secondary storage initialized (present 6 backups)",
                "  Policy: simple (keep 2 newest)",
                "  Total: 3/2",
                "  Not counted: 2 dated in the future, 1 unreadable",
                "Simple retention → keep: 5, to_delete: 1",
            ]
        );
        let cases = [
            (simple(0, 0), "  Policy: simple (keep all)", "  Total: 1/-"),
            (simple(0, 30), "  Policy: simple (keep up to 30 days)", "  Total: 1/-"),
            (simple(7, 30), "  Policy: simple (keep 7 newest, up to 30 days)", "  Total: 1/7"),
        ];
        for (policy, told, total) in cases {
            let lines = plan_of(&taken(&[0]), policy).lines("Cloud storage");
            let expected = [
                "Cloud storage initialized (present 1 backup)",
                told,
                total,
                "Simple retention → keep: 1, to_delete: 0",
            ];
            assert_eq!(lines, expected);
        }
        assert_eq!(plan_of(&[], simple(7, 0)).lines("x")[0], "x initialized (present 0 backups)");
    }

    #[test]
    fn the_newest_of_grandfather_father_and_son_are_told_where_there_are_any() {
        let gfs = Gfs { last: 2, daily: 1, weekly: 0, monthly: 0, yearly: 4 };
        assert_eq!(
            plan_of(&taken(&[0, 1, 2, DAY, 9 * DAY]), Policy::Gfs(gfs)).lines("Local storage"),
            [
                "Local storage initialized (present 5 backups)",
                "  Policy: GFS (last=2, daily=1, weekly=0, monthly=0, yearly=4)",
                "  Total: 5/-",
                "  Last: 2/2",
                "  Daily: 1/1",
                "  Weekly: 0/0",
                "  Monthly: 0/0",
                "  Yearly: 0/4",
                "GFS classification → last: 2/2, daily: 1/1, weekly: 0/0, monthly: 0/0, yearly: 0/4, to_delete: 2",
            ]
        );
    }

    #[test]
    fn the_preview_has_a_row_for_each_backup() {
        let mut all = taken(&[9 * DAY, 3600 * 5 + 60, 40 * DAY, -1, 0, 2]);
        all[0].is_verified = false;
        all[1].is_verified = false;
        all[5].is_readable = false;
        all[5].is_verified = false;
        all[4].is_verified = false;
        let gfs = Gfs { daily: 1, monthly: 2, ..Gfs::default() };
        let rows = plan_of(&all, Policy::Gfs(gfs)).rows(&Zone::Berlin.at(NOW), |index| 1024 << index);
        let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
        assert_eq!(
            rows,
            [
                [
                    "h-backup-20261121-020001",
                    "future",
                    "8.0 KiB",
                    "yes",
                    "keep",
                    "dated in the future: check the clock"
                ],
                ["h-backup-20261121-020000", "0h", "16.0 KiB", "not said", "keep", "daily 1 of 1 (2026-11-21)"],
                [
                    "h-backup-20261121-015958",
                    "0h",
                    "32.0 KiB",
                    "not said",
                    "keep",
                    "cannot be read: not counted, not removed"
                ],
                [
                    "h-backup-20261120-205900",
                    "5h",
                    "2.0 KiB",
                    "not said",
                    "remove",
                    "another backup of 2026-11 is kept"
                ],
                [
                    "h-backup-20261112-020000",
                    "9d",
                    "1.0 KiB",
                    "not said",
                    "remove",
                    "another backup of 2026-11 is kept"
                ],
                ["h-backup-20261012-030000", "40d", "4.0 KiB", "yes", "keep", "monthly 1 of 2 (2026-10)"],
            ]
        );
    }

    #[test]
    fn the_newest_and_the_newest_verified_stay_beside_every_rule() {
        let mut all = taken(&[40 * DAY, 50 * DAY, 60 * DAY]);
        all[0].is_verified = false;
        let plan_of_age = plan_of(&all, simple(0, 7));
        let reasons: Vec<String> = plan_of_age.verdicts.iter().map(|verdict| verdict.reason.to_string()).collect();
        assert_eq!(
            reasons,
            ["the newest: never removed", "the newest that is known as verified: never removed", "older than 7 days"]
        );
        all[0].is_verified = true;
        let reason = plan_of(&all, simple(0, 7)).verdicts[0].reason;
        assert_eq!(reason.to_string(), "the newest that is known as verified: never removed");
    }

    #[test]
    fn copies_of_one_backup_have_one_place_and_one_fate() {
        let mut all = taken(&[0, 0, DAY, DAY, 2 * DAY]);
        all[0].is_verified = false;
        let plan = plan_of(&all, simple(1, 0));
        assert_eq!(plan.lines("x")[2], "  Total: 3/1");
        assert_eq!(plan.removals_from(&[0, 1, 2, 3, 4]), [&2, &3, &4]);
        let plan = plan_of(&all, Policy::Gfs(Gfs { last: 2, ..Gfs::default() }));
        assert_eq!(plan.count(Class::Last), (2, 2));
        assert_eq!(plan.removals().map(ToString::to_string).collect::<Vec<_>>(), ["h-backup-20261119-020000"]);
    }

    #[test]
    fn what_is_odd_is_an_issue_with_its_place() {
        let mut all = taken(&[-DAY, 0, DAY]);
        all[2].is_readable = false;
        let issues = plan_of(&all, simple(1, 0)).issues("Cloud storage");
        assert_eq!(
            issues.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "Cloud storage: h-backup-20261122-020000: is dated in the future (2026-11-22 02:00), so it stays \
                 (`timedatectl` shows whether the clock is right; if it is, the backup's date is wrong)",
                "Cloud storage: h-backup-20261120-020000: cannot be read: it does not count, and it stays \
                 (`proxmox-backup verify` says what is wrong with it; if it is of no use, remove it)",
            ]
        );
    }
}
