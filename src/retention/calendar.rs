//! Grandfather, father and son: each class keeps the newest backup of so many periods of the calendar.
//!
//! The classes are gone through from fine to coarse, the backups from new to old. A period of which an
//! earlier class already keeps a backup takes no place in a coarser one, so that places reach further back.

use std::collections::HashSet;

use chrono::{Datelike, NaiveDate};

use super::Reason;
use crate::config::Gfs;

/// A class of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The newest backups, whatever their date.
    Last,
    /// Days.
    Daily,
    /// ISO weeks: from Monday to Sunday, of the year that has their Thursday.
    Weekly,
    /// Months.
    Monthly,
    /// Years.
    Yearly,
}

/// A day, week, month or year of the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// A day.
    Day(NaiveDate),
    /// An ISO week: its year and number.
    Week(i32, u32),
    /// Year and month.
    Month(i32, u32),
    /// A year.
    Year(i32),
}

/// The period of a date.
type PeriodOf = fn(NaiveDate) -> Period;

/// The classes that look at the calendar, in the order in which they choose.
const CALENDAR: [(Class, PeriodOf); 4] = [
    (Class::Daily, Period::Day),
    (Class::Weekly, |date| Period::Week(date.iso_week().year(), date.iso_week().week())),
    (Class::Monthly, |date| Period::Month(date.year(), date.month())),
    (Class::Yearly, |date| Period::Year(date.year())),
];

impl Class {
    /// All of them, in the order in which they choose.
    pub const ALL: [Self; 5] = [Self::Last, Self::Daily, Self::Weekly, Self::Monthly, Self::Yearly];

    /// How many the rule gives it.
    pub fn limit(self, gfs: &Gfs) -> u32 {
        match self {
            Self::Last => gfs.last,
            Self::Daily => gfs.daily,
            Self::Weekly => gfs.weekly,
            Self::Monthly => gfs.monthly,
            Self::Yearly => gfs.yearly,
        }
    }
}

/// A reason for each of the dates, which come newest first.
pub(super) fn judge(dates: &[NaiveDate], gfs: &Gfs) -> Vec<Reason> {
    let mut kept: Vec<Option<Reason>> = vec![None; dates.len()];
    for (place, number) in kept.iter_mut().zip(1..=gfs.last) {
        *place = Some(Reason::Newest { number, limit: gfs.last });
    }
    for (class, period) in CALENDAR {
        choose(class, class.limit(gfs), &dates.iter().copied().map(period).collect::<Vec<_>>(), &mut kept);
    }
    let represented = Represented::new(dates, gfs, &kept);
    dates.iter().zip(kept).map(|(date, kept)| kept.unwrap_or_else(|| represented.why_not(*date))).collect()
}

/// Keeps the newest of each of `limit` periods that nothing kept so far represents.
fn choose(class: Class, limit: u32, periods: &[Period], kept: &mut [Option<Reason>]) {
    let mut represented = represented(periods, kept);
    let mut numbers = 1..=limit;
    for (period, place) in periods.iter().zip(kept) {
        if place.is_none() && !represented.contains(period) {
            let Some(number) = numbers.next() else { return };
            represented.insert(*period);
            *place = Some(Reason::Represents { class, number, limit, period: *period });
        }
    }
}

fn represented(periods: &[Period], kept: &[Option<Reason>]) -> HashSet<Period> {
    periods.iter().zip(kept).filter(|(_, kept)| kept.is_some()).map(|(period, _)| *period).collect()
}

/// The periods of the classes in use of which a backup is kept.
struct Represented(Vec<(PeriodOf, HashSet<Period>)>);

impl Represented {
    fn new(dates: &[NaiveDate], gfs: &Gfs, kept: &[Option<Reason>]) -> Self {
        let used = CALENDAR.into_iter().filter(|(class, _)| class.limit(gfs) > 0);
        let periods = |period| dates.iter().copied().map(period).collect::<Vec<_>>();
        Self(used.map(|(_, period)| (period, represented(&periods(period), kept))).collect())
    }

    /// The shortest period whose other backup was chosen.
    fn why_not(&self, date: NaiveDate) -> Reason {
        let shortest = self.0.iter().find(|(period, represented)| represented.contains(&period(date)));
        shortest.map_or(Reason::OlderThanAllRules, |(period, _)| Reason::Represented(period(date)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(texts: &[&str]) -> Vec<NaiveDate> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn told(texts: &[&str], gfs: Gfs) -> Vec<String> {
        judge(&dates(texts), &gfs).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_day_is_one_place_however_many_backups_it_has() {
        let days = ["2026-11-21", "2026-11-21", "2026-11-20", "2026-11-18", "2026-11-18", "2026-11-17"];
        assert_eq!(
            told(&days, Gfs { daily: 3, ..Gfs::default() }),
            [
                "daily 1 of 3 (2026-11-21)",
                "another backup of 2026-11-21 is kept",
                "daily 2 of 3 (2026-11-20)",
                "daily 3 of 3 (2026-11-18)",
                "another backup of 2026-11-18 is kept",
                "older than all rules",
            ]
        );
    }

    #[test]
    fn a_period_that_an_earlier_class_represents_takes_no_place() {
        let days = ["2026-11-21", "2026-11-20", "2026-11-15", "2026-11-02", "2026-10-31", "2026-10-01", "2025-12-31"];
        assert_eq!(
            told(&days, Gfs { last: 1, daily: 1, weekly: 1, monthly: 1, yearly: 1 }),
            [
                "newest 1 of 1",
                "daily 1 of 1 (2026-11-20)",
                "weekly 1 of 1 (2026-W46)",
                "another backup of 2026-11 is kept",
                "monthly 1 of 1 (2026-10)",
                "another backup of 2026-10 is kept",
                "yearly 1 of 1 (2025)",
            ]
        );
    }

    #[test]
    fn a_week_belongs_to_the_year_of_its_thursday() {
        let weekly = Gfs { weekly: 3, ..Gfs::default() };
        let days = ["2027-01-04", "2027-01-03", "2026-12-28", "2026-12-27", "2020-01-01"];
        assert_eq!(
            told(&days, weekly),
            [
                "weekly 1 of 3 (2027-W01)",
                "weekly 2 of 3 (2026-W53)",
                "another backup of 2026-W53 is kept",
                "weekly 3 of 3 (2026-W52)",
                "older than all rules",
            ]
        );
        // The last days of 2024 are of the first week of 2025.
        let days = ["2025-01-05", "2024-12-30", "2024-12-29"];
        assert_eq!(
            told(&days, weekly),
            ["weekly 1 of 3 (2025-W01)", "another backup of 2025-W01 is kept", "weekly 2 of 3 (2024-W52)"]
        );
    }

    #[test]
    fn the_leap_day_is_a_day_of_its_month() {
        let days = ["2028-03-01", "2028-02-29", "2028-02-28"];
        let gfs = Gfs { daily: 2, monthly: 1, ..Gfs::default() };
        assert_eq!(
            told(&days, gfs),
            ["daily 1 of 2 (2028-03-01)", "daily 2 of 2 (2028-02-29)", "another backup of 2028-02 is kept"]
        );
    }

    #[test]
    fn a_class_without_places_keeps_nothing_and_explains_nothing() {
        let days = ["2026-11-21", "2026-11-20", "2026-11-19"];
        assert_eq!(
            told(&days, Gfs { last: 1, ..Gfs::default() }),
            ["newest 1 of 1", "older than all rules", "older than all rules"]
        );
        assert_eq!(
            told(&days, Gfs { yearly: 5, ..Gfs::default() }),
            ["yearly 1 of 5 (2026)", "another backup of 2026 is kept", "another backup of 2026 is kept"]
        );
    }

    #[test]
    fn an_hour_that_falls_back_over_midnight_does_not_open_a_day_twice() {
        let days = ["2026-11-01", "2026-11-02", "2026-11-01"];
        assert_eq!(
            told(&days, Gfs { daily: 3, ..Gfs::default() }),
            ["daily 1 of 3 (2026-11-01)", "daily 2 of 3 (2026-11-02)", "another backup of 2026-11-01 is kept"]
        );
    }
}
