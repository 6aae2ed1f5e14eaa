//! Time zones with their rules, so that no test depends on the machine's.

use std::fmt;

use chrono::{
    DateTime, Datelike, FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Weekday,
};

/// A zone whose rule has been the same for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    Utc,
    Berlin,
    NewYork,
    /// South: summer goes over the new year.
    Sydney,
    /// Clocks go from 01:00 back to 00:00, and leap over the hour after midnight.
    Havana,
    /// Half an hour of summer time.
    LordHowe,
    /// As far ahead as it gets.
    Kiritimati,
}

/// The offset at a moment in a zone.
#[derive(Clone, Copy)]
pub(super) struct Observed(Zone, FixedOffset);

/// A Sunday and the standard time of that day: month, which one (0 = the last), minutes.
type Change = (u32, u8, i64);

impl Zone {
    pub(super) const ALL: [Self; 7] =
        [Self::Utc, Self::Berlin, Self::NewYork, Self::Sydney, Self::Havana, Self::LordHowe, Self::Kiritimati];

    /// Minutes east of Greenwich, minutes of summer time, its begin and end.
    fn rule(self) -> (i32, i32, Option<[Change; 2]>) {
        match self {
            Self::Utc => (0, 0, None),
            Self::Kiritimati => (14 * 60, 0, None),
            Self::Berlin => (60, 60, Some([(3, 0, 120), (10, 0, 120)])),
            Self::NewYork => (-300, 60, Some([(3, 2, 120), (11, 1, 60)])),
            Self::Sydney => (600, 60, Some([(10, 1, 120), (4, 1, 120)])),
            Self::Havana => (-300, 60, Some([(3, 2, 0), (11, 1, 0)])),
            Self::LordHowe => (630, 30, Some([(10, 1, 120), (4, 1, 90)])),
        }
    }

    fn offset_at(self, utc: NaiveDateTime) -> FixedOffset {
        let (standard, summer, changes) = self.rule();
        let offset = |minutes: i32| FixedOffset::east_opt(minutes * 60).unwrap();
        let here = utc + TimeDelta::minutes(standard.into());
        let is_summer = changes.is_some_and(|[begin, end]| {
            let [begin, end] = [begin, end].map(|change| moment_of(change, here.year()));
            if begin < end { begin <= here && here < end } else { here < end || begin <= here }
        });
        offset(if is_summer { standard + summer } else { standard })
    }

    /// Both ends of summer time in this year.
    pub(super) fn changes(self, year: i32) -> Vec<DateTime<FixedOffset>> {
        let (standard, _, changes) = self.rule();
        let moments = changes.into_iter().flatten().map(|change| moment_of(change, year));
        moments.map(|here| self.at((here - TimeDelta::minutes(standard.into())).and_utc().timestamp())).collect()
    }

    /// The moment, with this zone's wall clock.
    pub(super) fn at(self, seconds: i64) -> DateTime<FixedOffset> {
        self.timestamp_opt(seconds, 0).unwrap().fixed_offset()
    }
}

/// In standard time.
fn moment_of((month, which, minutes): Change, year: i32) -> NaiveDateTime {
    let sunday = match which {
        0 => NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Sun, 5)
            .or_else(|| NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Sun, 4)),
        which => NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Sun, which),
    };
    sunday.unwrap().and_hms_opt(0, 0, 0).unwrap() + TimeDelta::minutes(minutes)
}

impl TimeZone for Zone {
    type Offset = Observed;

    fn from_offset(offset: &Observed) -> Self {
        offset.0
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> MappedLocalTime<Observed> {
        self.offset_from_local_datetime(&local.and_hms_opt(12, 0, 0).unwrap())
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<Observed> {
        let (standard, summer, _) = self.rule();
        let fits = |minutes: i32| {
            let offset = FixedOffset::east_opt(minutes * 60).unwrap();
            (self.offset_at(*local - offset) == offset).then_some(Observed(*self, offset))
        };
        // With summer time's offset the same wall clock is the earlier moment.
        match (fits(standard + summer), fits(standard)) {
            (Some(early), Some(late)) if early.1 != late.1 => MappedLocalTime::Ambiguous(early, late),
            (Some(one), _) | (None, Some(one)) => MappedLocalTime::Single(one),
            (None, None) => MappedLocalTime::None,
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> Observed {
        self.offset_from_utc_datetime(&utc.and_hms_opt(12, 0, 0).unwrap())
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> Observed {
        Observed(*self, self.offset_at(*utc))
    }
}

impl Offset for Observed {
    fn fix(&self) -> FixedOffset {
        self.1
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.1.fmt(f)
    }
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.1.fmt(f)
    }
}

/// Wall clocks as they were and will be announced, not as the rules above say.
#[test]
fn the_zones_are_right() {
    let cases = [
        (Zone::Berlin, "2026-03-29T00:59:59Z", "2026-03-29T01:59:59+01:00"),
        (Zone::Berlin, "2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00"),
        (Zone::Berlin, "2026-10-25T00:59:59Z", "2026-10-25T02:59:59+02:00"),
        (Zone::Berlin, "2026-10-25T01:00:00Z", "2026-10-25T02:00:00+01:00"),
        (Zone::NewYork, "2026-03-08T07:00:00Z", "2026-03-08T03:00:00-04:00"),
        (Zone::NewYork, "2026-11-01T05:59:59Z", "2026-11-01T01:59:59-04:00"),
        (Zone::NewYork, "2026-11-01T06:00:00Z", "2026-11-01T01:00:00-05:00"),
        (Zone::Sydney, "2026-01-01T00:00:00Z", "2026-01-01T11:00:00+11:00"),
        (Zone::Sydney, "2026-04-04T16:00:00Z", "2026-04-05T02:00:00+10:00"),
        (Zone::Sydney, "2026-10-03T16:00:00Z", "2026-10-04T03:00:00+11:00"),
        (Zone::Havana, "2026-03-08T05:00:00Z", "2026-03-08T01:00:00-04:00"),
        (Zone::Havana, "2026-11-01T04:59:59Z", "2026-11-01T00:59:59-04:00"),
        (Zone::Havana, "2026-11-01T05:00:00Z", "2026-11-01T00:00:00-05:00"),
        (Zone::LordHowe, "2026-04-04T15:00:00Z", "2026-04-05T01:30:00+10:30"),
        (Zone::LordHowe, "2026-10-03T15:30:00Z", "2026-10-04T02:30:00+11:00"),
        (Zone::Kiritimati, "2026-12-31T10:00:00Z", "2027-01-01T00:00:00+14:00"),
    ];
    for (zone, utc, wall) in cases {
        let moment = DateTime::parse_from_rfc3339(utc).unwrap();
        assert_eq!(zone.at(moment.timestamp()).to_rfc3339(), wall, "{zone:?}");
    }
}

#[test]
fn the_wall_clock_leads_back_to_each_moment() {
    for zone in Zone::ALL {
        for change in [2026, 2028].into_iter().flat_map(|year| zone.changes(year)) {
            for minutes in (-180..=180).step_by(10) {
                let moment = zone.at(change.timestamp() + minutes * 60);
                let found = zone.from_local_datetime(&moment.naive_local());
                let back = [found.earliest(), found.latest()].map(Option::unwrap);
                assert!(back.iter().any(|back| *back == moment), "{zone:?} {moment}");
                assert!(back[0] <= back[1], "{zone:?} {moment}");
            }
        }
    }
}
