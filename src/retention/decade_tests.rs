//! Ten years of backups, pruned after each one: what is there afterwards, and that the slow model agrees.

use chrono::{DateTime, FixedOffset};

use super::oracle_tests::{candidate, oracle};
use super::zones_tests::Zone;
use super::{Candidate, Class, Fate, Reason, RetentionPlan, plan};
use crate::config::{Gfs, Policy};

const DAY: i64 = 86_400;
/// 2016-11-21, noon.
const BEGIN: i64 = 1_479_729_600;
const DAYS: i64 = 3653;

const DESIGN: Gfs = Gfs { last: 0, daily: 7, weekly: 4, monthly: 12, yearly: 3 };

/// A tier that is pruned after each backup, as a run does it.
struct Disk {
    zone: Zone,
    policy: Policy,
    files: Vec<Candidate>,
    runs: usize,
}

impl Disk {
    fn new(zone: Zone, policy: Policy) -> Self {
        Self { zone, policy, files: Vec::new(), runs: 0 }
    }

    /// A run at this moment of the machine's clock.
    fn run(&mut self, seconds: i64) -> RetentionPlan {
        let taken = self.zone.at(seconds);
        self.runs += 1;
        self.files.push(Candidate { is_verified: self.runs % 5 != 0, ..candidate("h-backup", taken) });
        let plan = plan(&self.files, &self.policy, &taken).unwrap();
        if self.runs % 31 == 0 {
            self.ask_the_model(&plan, &taken);
        }
        let verified = plan.verdicts.iter().find(|v| v.is_verified && v.reason != Reason::InTheFuture);
        assert!(verified.is_none_or(|verdict| verdict.reason.fate() == Fate::Keep));
        let before = self.files.len();
        for id in plan.removals() {
            self.files.retain(|file| file.id != *id);
        }
        assert_eq!(before - self.files.len(), plan.removals().count());
        plan
    }

    fn ask_the_model(&self, plan: &RetentionPlan, now: &DateTime<FixedOffset>) {
        let expected = oracle(&self.files, &self.policy, now);
        for verdict in &plan.verdicts {
            assert_eq!(verdict.reason.fate() == Fate::Keep, expected[verdict.index], "{now} {}", verdict.id);
        }
    }

    fn dates(&self) -> Vec<String> {
        let mut dates: Vec<String> = self.files.iter().map(|file| file.taken.date_naive().to_string()).collect();
        dates.sort();
        dates.reverse();
        dates
    }
}

/// One backup on most days, two or four on some, none on others, and one every twenty minutes for six
/// hours wherever a clock changes.
fn moments(zone: Zone) -> Vec<i64> {
    let mut all = Vec::new();
    for day in 0..DAYS {
        let noon = BEGIN + day * DAY;
        match day % 11 {
            5 => {}
            3 | 7 => all.extend([noon, noon + 3600 * 9]),
            9 => all.extend((0..4).map(|quarter| noon + quarter * 6 * 3600)),
            _ => all.push(noon),
        }
    }
    for change in (2017..=2026).flat_map(|year| zone.changes(year)) {
        all.extend((-9..=9).map(|third| change.timestamp() + third * 1200));
    }
    all.sort_unstable();
    all.dedup();
    all.retain(|moment| *moment < BEGIN + DAYS * DAY);
    all
}

#[test]
fn ten_years_of_runs_fill_every_place() {
    for zone in [Zone::Utc, Zone::Berlin, Zone::Sydney, Zone::Havana] {
        let mut disk = Disk::new(zone, Policy::Gfs(DESIGN));
        for moment in moments(zone) {
            let plan = disk.run(moment);
            if moment > BEGIN + 5 * 366 * DAY && disk.runs % 4 == 0 {
                for class in Class::ALL {
                    let (kept, limit) = plan.count(class);
                    assert_eq!(kept, limit as usize, "{zone:?} {class} at {}", zone.at(moment));
                }
                // Beside the places: the newest verified one, where a newer one is not verified.
                assert!((26..=27).contains(&disk.files.len()), "{zone:?}: {:?}", disk.dates());
            }
        }
    }
}

#[test]
fn ten_years_by_other_rules() {
    let rules = [
        (Zone::NewYork, Policy::Gfs(Gfs { last: 3, daily: 2, weekly: 0, monthly: 0, yearly: 20 })),
        (Zone::LordHowe, Policy::Gfs(Gfs { last: 0, daily: 0, weekly: 20, monthly: 10, yearly: 0 })),
        (Zone::Kiritimati, Policy::Simple { newest: 20, max_age_days: 12 }),
    ];
    for (zone, rule) in rules {
        let mut disk = Disk::new(zone, rule);
        for moment in moments(zone) {
            disk.run(moment);
        }
        let now = zone.at(BEGIN + DAYS * DAY);
        assert_eq!(plan(&disk.files, &rule, &now).unwrap().removals().count(), disk.too_old_by(&now));
    }
}

impl Disk {
    /// Time passes between the last run and now; only an age notices.
    fn too_old_by(&self, now: &DateTime<FixedOffset>) -> usize {
        let Policy::Simple { max_age_days: days @ 1.., .. } = self.policy else { return 0 };
        self.files.iter().filter(|file| (*now - file.taken).num_seconds() > i64::from(days) * DAY).count()
    }
}

/// Everything ten years made, planned at once: many more backups than places.
#[test]
fn ten_years_in_one_list() {
    for zone in [Zone::Berlin, Zone::Havana, Zone::LordHowe] {
        let all: Vec<Candidate> =
            moments(zone).into_iter().map(|moment| candidate("h-backup", zone.at(moment))).collect();
        for gfs in [DESIGN, Gfs { last: 2, daily: 400, weekly: 200, monthly: 60, yearly: 9 }] {
            let disk = Disk { zone, policy: Policy::Gfs(gfs), files: all.clone(), runs: 0 };
            for years in [3, 7, 11] {
                let now = zone.at(BEGIN + years * 365 * DAY);
                disk.ask_the_model(&plan(&disk.files, &disk.policy, &now).unwrap(), &now);
            }
        }
    }
}

/// A clock that is wrong for a week: nothing from before is lost, whichever way it is wrong.
#[test]
fn a_wrong_clock_costs_nothing() {
    for (zone, error) in [(Zone::Berlin, -400 * DAY), (Zone::Utc, -20 * 365 * DAY), (Zone::NewYork, 300 * DAY)] {
        let mut disk = Disk::new(zone, Policy::Gfs(DESIGN));
        let mut noons = (0..DAYS).map(|day| BEGIN + day * DAY);
        for noon in noons.by_ref().take(1500) {
            disk.run(noon);
        }
        let before = disk.files.clone();
        for noon in noons.by_ref().take(7) {
            let plan = disk.run(noon + error);
            let future = plan.verdicts.iter().filter(|verdict| verdict.reason == Reason::InTheFuture).count();
            assert_eq!(plan.issues("Local storage").len(), future);
            assert_eq!(error < 0, future > 0, "{error}");
        }
        let lost: Vec<_> = before.iter().filter(|file| !disk.files.contains(file)).map(|file| &file.id).collect();
        // Set back, the clock makes all of them the future's. Set forward, each wrong day takes a place of a day.
        assert!(if error < 0 { lost.is_empty() } else { lost.len() <= 7 }, "{error}: {lost:?}");
        assert!(disk.files.contains(before.last().unwrap()));
        for noon in noons.take(600) {
            disk.run(noon);
        }
        assert!((26..=27).contains(&disk.files.len()), "{error}: {:?}", disk.dates());
    }
}

#[test]
fn the_example_of_the_documentation_to_the_letter() {
    let zone = Zone::Berlin;
    let last: i64 = "2026-11-21T01:00:00Z".parse::<DateTime<FixedOffset>>().unwrap().timestamp();
    let first: i64 = "2023-03-01T01:00:00Z".parse::<DateTime<FixedOffset>>().unwrap().timestamp();
    let mut disk = Disk::new(zone, Policy::Gfs(DESIGN));
    let moments = (first..=last).step_by(86_400);
    disk.files = moments.map(|moment| candidate("h-backup", zone.at(moment))).collect();
    let now = zone.at(last + 5);
    let doomed = plan(&disk.files, &disk.policy, &now).unwrap();
    disk.files =
        doomed.verdicts.iter().filter(|v| v.reason.fate() == Fate::Keep).map(|v| disk.files[v.index].clone()).collect();

    #[rustfmt::skip]
    assert_eq!(
        disk.dates(),
        [
            "2026-11-21", "2026-11-20", "2026-11-19", "2026-11-18", "2026-11-17", "2026-11-16", "2026-11-15",
            "2026-11-08", "2026-11-01", "2026-10-25", "2026-10-18",
            "2026-09-30", "2026-08-31", "2026-07-31", "2026-06-30", "2026-05-31", "2026-04-30", "2026-03-31",
            "2026-02-28", "2026-01-31", "2025-12-31", "2025-11-30", "2025-10-31",
            "2024-12-31", "2023-12-31",
        ]
    );
    assert_eq!(
        plan(&disk.files, &disk.policy, &now).unwrap().lines("Local storage"),
        [
            "Local storage initialized (present 25 backups)",
            "  Policy: GFS (daily=7, weekly=4, monthly=12, yearly=3)",
            "  Total: 25/-",
            "  Daily: 7/7",
            "  Weekly: 4/4",
            "  Monthly: 12/12",
            "  Yearly: 2/3",
            "GFS classification → daily: 7/7, weekly: 4/4, monthly: 12/12, yearly: 2/3, to_delete: 0",
        ]
    );
}

/// A backup an hour over both ends of summer time: a day of 23 or 25 hours is a day.
#[test]
fn days_of_another_length_are_days() {
    for zone in Zone::ALL {
        for change in zone.changes(2026) {
            let rule = Policy::Gfs(Gfs { daily: 3, ..Gfs::default() });
            let mut disk = Disk::new(zone, rule);
            for hour in -72..=72 {
                disk.run(change.timestamp() + hour * 3600 + 1800);
            }
            disk.run(change.timestamp() + 73 * 3600);
            let mut dates = disk.dates();
            dates.dedup();
            let expected: Vec<String> = (0..3)
                .map(|ago| {
                    (zone.at(change.timestamp() + 73 * 3600).date_naive() - chrono::TimeDelta::days(ago)).to_string()
                })
                .collect();
            assert_eq!(dates, expected, "{zone:?}");
        }
    }
}
