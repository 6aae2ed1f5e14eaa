//! One backup as retention sees it, and when it was taken.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Offset, TimeDelta, TimeZone};

use crate::bundle::BackupId;
use crate::storage::Stored;

/// One backup as retention sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its identity; files with the same one are copies of one backup.
    pub id: BackupId,
    /// The moment for the order, the wall clock of its offset for the calendar.
    pub taken: DateTime<FixedOffset>,
    /// Whether its manifest can be read, or it needs none.
    pub is_readable: bool,
    /// Whether its manifest says that it was verified.
    pub is_verified: bool,
}

impl Candidate {
    /// A backup that lies on a tier. All of a list get the calendar of one zone: that of this host.
    pub fn of<Z: TimeZone>(stored: &Stored, zone: &Z) -> Self {
        let manifest = stored.manifest.as_ref().ok().and_then(Option::as_deref);
        let created_at = manifest.map_or("", |manifest| &manifest.created_at);
        Self {
            id: stored.id.clone(),
            taken: moment(created_at, stored.id.taken(), zone),
            is_readable: stored.manifest.is_ok(),
            is_verified: manifest.is_some_and(|manifest| manifest.verified.is_some()),
        }
    }

    /// The backup that a run would make now: it gets its name only after it was verified.
    pub fn to_come<Z: TimeZone>(id: BackupId, now: &DateTime<Z>) -> Self {
        Self { id, taken: now.fixed_offset(), is_readable: true, is_verified: true }
    }
}

/// What the manifest says, else the name. The file's own times say when it was copied.
pub(super) fn moment<Z: TimeZone>(created_at: &str, name: NaiveDateTime, zone: &Z) -> DateTime<FixedOffset> {
    match DateTime::parse_from_rfc3339(created_at) {
        // A time that was never filled in is written as the year 1 by Go programs.
        Ok(written) if written.timestamp() > 0 => written.with_timezone(zone).fixed_offset(),
        _ => from_name(name, zone),
    }
}

/// A name holds the wall clock without its offset. In an hour that comes twice the first is taken, so
/// that such a backup is never from the future; in one that is leapt over the clock before it counts on.
fn from_name<Z: TimeZone>(name: NaiveDateTime, zone: &Z) -> DateTime<FixedOffset> {
    if let Some(moment) = zone.from_local_datetime(&name).earliest() {
        return moment.fixed_offset();
    }
    let before = zone.offset_from_utc_datetime(&(name - TimeDelta::days(1))).fix();
    DateTime::from_naive_utc_and_offset(name - before, before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{Manifest, Verified, parse_name};
    use crate::retention::zones_tests::Zone;
    use crate::storage::Tier;

    fn name(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    fn stored(manifest: Result<Option<Box<Manifest>>, String>) -> Stored {
        let (id, _) = parse_name("h-backup-20261025-023000.tar.zst").unwrap();
        let path = "/b/h-backup-20261025-023000.tar.zst".into();
        Stored { tier: Tier::Local, id, path, files: Vec::new(), bytes: 0, is_encrypted: false, origin: None, manifest }
    }

    #[test]
    fn the_manifest_tells_the_time_else_the_name() {
        let cases = [
            ("2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+02:00"),
            ("2026-10-25T02:30:00+01:00", "2026-10-25T02:30:00+01:00"),
            // Of the Go tool, and one written in another zone.
            ("2026-10-25T02:30:00.123456+01:00", "2026-10-25T02:30:00.123456+01:00"),
            ("2026-10-25T22:30:00Z", "2026-10-25T23:30:00+01:00"),
            // Nothing that says a time: the name, by the first of the two hours.
            ("", "2026-10-25T02:30:00+02:00"),
            ("yesterday", "2026-10-25T02:30:00+02:00"),
            ("2026-10-25T02:30:00", "2026-10-25T02:30:00+02:00"),
            ("0001-01-01T00:00:00Z", "2026-10-25T02:30:00+02:00"),
            ("1970-01-01T00:00:00Z", "2026-10-25T02:30:00+02:00"),
            ("1970-01-01T00:00:01Z", "1970-01-01T01:00:01+01:00"),
        ];
        for (created_at, expected) in cases {
            let moment = moment(created_at, name("2026-10-25T02:30:00"), &Zone::Berlin);
            let expected = DateTime::parse_from_rfc3339(expected).unwrap();
            assert_eq!((moment, moment.naive_local()), (expected, expected.naive_local()), "{created_at}");
        }
    }

    #[test]
    fn a_name_in_the_hour_that_is_leapt_over_keeps_its_wall_clock() {
        let taken = moment("", name("2026-03-29T02:30:00"), &Zone::Berlin);
        assert_eq!(taken.to_rfc3339(), "2026-03-29T02:30:00+01:00");
        let taken = moment("", name("2026-03-08T00:30:00"), &Zone::Havana);
        assert_eq!(taken.to_rfc3339(), "2026-03-08T00:30:00-05:00");
    }

    #[test]
    fn what_lies_on_a_tier_says_whether_it_can_be_read_and_was_verified() {
        let said = |candidate: Candidate| (candidate.is_readable, candidate.is_verified);
        let of = |manifest| Candidate::of(&stored(manifest), &Zone::Berlin);
        let manifest = Manifest { created_at: "2026-10-25T02:30:00+01:00".into(), ..Manifest::default() };
        let verified = Manifest { verified: Some(Verified::default()), ..manifest.clone() };
        assert_eq!(said(of(Err("damaged".into()))), (false, false));
        assert_eq!(said(of(Ok(None))), (true, false));
        assert_eq!(said(of(Ok(Some(Box::new(manifest.clone()))))), (true, false));
        assert_eq!(said(of(Ok(Some(Box::new(verified))))), (true, true));
        assert_eq!(of(Ok(Some(Box::new(manifest)))).taken.to_rfc3339(), "2026-10-25T02:30:00+01:00");
    }

    #[test]
    fn what_is_to_come_counts_as_verified_and_as_taken_now() {
        let now = Zone::Berlin.timestamp_opt(1_790_000_000, 999_999_999).unwrap();
        let candidate = Candidate::to_come(stored(Ok(None)).id, &now);
        assert_eq!(candidate.taken, now);
        assert!(candidate.is_readable && candidate.is_verified);
    }
}
