//! The plan against a slow model that is written another way: it walks the calendar day by day,
//! has its own weeks and months, and asks for each backup what is newer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{DateTime, FixedOffset};
use proptest::prelude::*;

use super::candidate::moment;
use super::zones_tests::Zone;
use super::{Candidate, Class, Fate, Period, Reason, RetentionError, RetentionPlan, plan};
use crate::bundle::{BackupId, parse_name};
use crate::config::{Gfs, Policy};

const DAY: i64 = 86_400;

/// Number of the month and of the year for each day since 1970, counted by hand.
static MONTHS: LazyLock<Vec<(i64, i64)>> = LazyLock::new(|| {
    let mut days = Vec::new();
    for year in 0..100 {
        let is_leap = (year + 2) % 4 == 0 && year != 130;
        for (month, length) in
            [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].iter().enumerate()
        {
            days.extend((0..*length).map(|_| (year * 12 + i64::try_from(month).unwrap(), year)));
        }
    }
    days
});

/// A backup of the model: all files of one name.
struct Known<'a> {
    name: &'a str,
    seconds: i64,
    day: i64,
    is_verified: bool,
}

/// The candidates that must stay.
pub(super) fn oracle(candidates: &[Candidate], policy: &Policy, now: &DateTime<FixedOffset>) -> Vec<bool> {
    let counts = |candidate: &&Candidate| candidate.is_readable && candidate.taken.timestamp() <= now.timestamp();
    let mut known: BTreeMap<&str, Known<'_>> = BTreeMap::new();
    for candidate in candidates.iter().filter(counts) {
        let seconds = candidate.taken.timestamp();
        let day = (seconds + i64::from(candidate.taken.offset().local_minus_utc())).div_euclid(DAY);
        let name = candidate.id.as_str();
        let one = known.entry(name).or_insert(Known { name, seconds, day, is_verified: false });
        if seconds > one.seconds {
            (one.seconds, one.day) = (seconds, day);
        }
        one.is_verified |= candidate.is_verified;
    }
    let known: Vec<Known<'_>> = known.into_values().collect();
    let mut kept = match policy {
        Policy::Simple { newest, max_age_days } => by_number_and_age(&known, *newest, *max_age_days, now.timestamp()),
        Policy::Gfs(gfs) => by_calendar(&known, gfs),
    };
    kept.extend(newest(&known).map(|one| one.name));
    kept.extend(newest(known.iter().filter(|one| one.is_verified)).map(|one| one.name));
    candidates.iter().map(|candidate| !counts(&candidate) || kept.contains(candidate.id.as_str())).collect()
}

/// Of one second, the name decides.
fn rank<'a>(one: &Known<'a>) -> (i64, &'a str) {
    (one.seconds, one.name)
}

fn newest<'a, 'b: 'a>(known: impl IntoIterator<Item = &'a Known<'b>>) -> Option<&'a Known<'b>> {
    known.into_iter().max_by(|a, b| rank(a).cmp(&rank(b)))
}

fn by_number_and_age<'a>(known: &[Known<'a>], number: u32, days: u32, now: i64) -> BTreeSet<&'a str> {
    let stays = |one: &&Known<'_>| {
        let newer = known.iter().filter(|other| rank(other) > rank(one)).count();
        (number == 0 || newer < number as usize) && (days == 0 || now - one.seconds <= i64::from(days) * DAY)
    };
    known.iter().filter(stays).map(|one| one.name).collect()
}

fn by_calendar<'a>(known: &[Known<'a>], gfs: &Gfs) -> BTreeSet<&'a str> {
    let mut kept = BTreeSet::new();
    for _ in 0..gfs.last {
        kept.extend(newest(known.iter().filter(|one| !kept.contains(one.name))).map(|one| one.name));
    }
    let mut days: BTreeMap<i64, Vec<&Known<'a>>> = BTreeMap::new();
    for one in known {
        days.entry(one.day).or_default().push(one);
    }
    let (Some((first, _)), Some((last, _))) = (days.first_key_value(), days.last_key_value()) else { return kept };
    let month = |day: i64| MONTHS[usize::try_from(day).unwrap()];
    // 1970 began on a Thursday.
    let periods: [(u32, &dyn Fn(i64) -> i64); 4] = [
        (gfs.daily, &|day| day),
        (gfs.weekly, &|day| (day + 3).div_euclid(7)),
        (gfs.monthly, &|day| month(day).0),
        (gfs.yearly, &|day| month(day).1),
    ];
    for (mut places, period_of) in periods {
        let mut day = *last;
        while places > 0 && day >= *first {
            let mut members = Vec::new();
            let period = period_of(day);
            while day >= *first && period_of(day) == period {
                members.extend(days.get(&day).into_iter().flatten().copied());
                day -= 1;
            }
            if members.iter().all(|one| !kept.contains(one.name)) {
                if let Some(newest) = newest(members.iter().copied()) {
                    kept.insert(newest.name);
                    places -= 1;
                }
            }
        }
    }
    kept
}

/// A list, a rule and a moment.
#[derive(Clone, Debug)]
struct Case {
    candidates: Vec<Candidate>,
    policy: Policy,
    now: DateTime<FixedOffset>,
}

impl Case {
    fn plan(&self) -> RetentionPlan {
        plan(&self.candidates, &self.policy, &self.now).unwrap()
    }
}

pub(super) fn candidate(start: &str, taken: DateTime<FixedOffset>) -> Candidate {
    let (id, _) = parse_name(&format!("{start}-{}.tar", taken.format("%Y%m%d-%H%M%S"))).unwrap();
    Candidate { id, taken, is_readable: true, is_verified: true }
}

/// Place within the span in millionths, what is odd about it, and how it is.
type Drawn = (i64, u8, u8);

/// Backups of some days up to years; some at changes of the clock and of the year, some at one second,
/// some twice, some without manifest, some damaged; now is somewhere between the first and a while after the last.
fn drawn(zone: Zone, year: i32, span: i64, drawn: &[Drawn]) -> Vec<Candidate> {
    let start = i64::from(year - 1970) * 365 * DAY + 10 * DAY;
    let mut all: Vec<Candidate> = Vec::new();
    for (place, kind, state) in drawn {
        let seconds = start + span / 1000 * place / 1000;
        let near = |moment: i64| zone.at(moment + (place % 7200) * 2 - 7200);
        let changes = zone.changes(year);
        let taken = match (kind, all.last()) {
            (0, _) => zone.at(seconds.div_euclid(DAY) * DAY + DAY / 2),
            (1, _) if !changes.is_empty() => near(changes[usize::from(place % 2 == 0)].timestamp()),
            (2, _) => near((start + 365 * DAY).div_euclid(DAY) * DAY),
            (3 | 4, Some(before)) => before.taken,
            _ => zone.at(seconds),
        };
        let mut one = candidate(if *kind == 3 { "i-backup" } else { "h-backup" }, taken);
        one.is_readable = *state >= 8;
        one.is_verified = *state >= 40 && one.is_readable;
        if (30..40).contains(state) {
            one.taken = moment("", one.id.taken(), &zone);
        }
        all.push(one);
    }
    all
}

fn policies() -> impl Strategy<Value = Policy> {
    let places = || prop_oneof![Just(0), 0..8u32];
    let gfs = (prop_oneof![3 => Just(0), 1 => 1..4u32], places(), places(), places(), places());
    let gfs = gfs.prop_filter_map("keeps nothing", |(last, daily, weekly, monthly, yearly)| {
        let gfs = Gfs { last, daily, weekly, monthly, yearly };
        (gfs != Gfs::default()).then_some(Policy::Gfs(gfs))
    });
    let age = prop_oneof![Just(0), 1..500u32];
    let simple = (0..12u32, age).prop_map(|(newest, max_age_days)| Policy::Simple { newest, max_age_days });
    prop_oneof![3 => gfs, 1 => simple]
}

fn cases() -> impl Strategy<Value = Case> {
    let spans = prop_oneof![Just(2), Just(10), Just(70), Just(300), Just(800)];
    let draws = proptest::collection::vec((0..1_000_000i64, 0..12u8, 0..100u8), 0..32);
    (0..Zone::ALL.len(), 2016..2037, spans, draws, policies(), 0..1200i64).prop_map(
        |(zone, year, days, draws, policy, now)| {
            let zone = Zone::ALL[zone];
            let candidates = drawn(zone, year, days * DAY, &draws);
            let start = i64::from(year - 1970) * 365 * DAY + 10 * DAY;
            Case { candidates, policy, now: zone.at(start + days * DAY * now / 1000) }
        },
    )
}

/// What is left when the plan, or the part of it that was carried out, is done.
fn left(candidates: &[Candidate], gone: &[&Candidate]) -> Vec<Candidate> {
    candidates.iter().filter(|candidate| !gone.iter().any(|other| std::ptr::eq(*other, *candidate))).cloned().collect()
}

fn kept(plan: &RetentionPlan) -> BTreeSet<BackupId> {
    plan.verdicts
        .iter()
        .filter(|verdict| verdict.reason.fate() == Fate::Keep)
        .map(|verdict| verdict.id.clone())
        .collect()
}

fn period(class: Class, taken: &DateTime<FixedOffset>) -> String {
    taken
        .format(match class {
            Class::Last => "%s",
            Class::Daily => "%Y-%m-%d",
            Class::Weekly => "%G-W%V",
            Class::Monthly => "%Y-%m",
            Class::Yearly => "%Y",
        })
        .to_string()
}

fn class_of(period: Period) -> Class {
    match period {
        Period::Day(_) => Class::Daily,
        Period::Week(..) => Class::Weekly,
        Period::Month(..) => Class::Monthly,
        Period::Year(_) => Class::Yearly,
    }
}

/// Each reason says what can be seen in the table.
fn check_reasons(case: &Case, plan: &RetentionPlan) {
    let mut numbers: BTreeMap<(Class, u32), BTreeSet<&BackupId>> = BTreeMap::new();
    for verdict in &plan.verdicts {
        let taken = &verdict.taken;
        match verdict.reason {
            Reason::Newest { number, limit } => {
                assert!(number <= limit);
                numbers.entry((Class::Last, number)).or_default().insert(&verdict.id);
            }
            Reason::Represents { class, number, limit, period: told } => {
                assert!(number <= limit && told.to_string() == period(class, taken), "{verdict:?}");
                numbers.entry((class, number)).or_default().insert(&verdict.id);
            }
            Reason::Represented(told) => {
                let class = class_of(told);
                assert_eq!(told.to_string(), period(class, taken));
                let other = plan.verdicts.iter().filter(|other| other.reason.class().is_some());
                assert!(other.map(|other| period(class, &other.taken)).any(|other| other == told.to_string()));
            }
            Reason::OlderThanAllRules => {
                for class in Class::ALL {
                    let (kept, limit) = plan.count(class);
                    assert_eq!(kept, limit as usize, "{class} reaches further back than {}", verdict.id);
                }
            }
            Reason::InTheFuture => assert!(*taken > case.now),
            Reason::TooOld(days) => assert!((case.now - taken).num_days() >= days.into()),
            _ => {}
        }
    }
    for (class, number) in numbers.keys() {
        assert_eq!(numbers[&(*class, *number)].len(), 1, "{class} {number}");
        assert!(*number == 1 || numbers.contains_key(&(*class, number - 1)), "{class} {number}");
    }
    if let Policy::Gfs(_) = case.policy {
        for class in Class::ALL {
            let told = numbers.keys().filter(|(other, _)| *other == class).count();
            assert_eq!(plan.count(class).0, told, "{class}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    /// The model agrees; the deed is the preview; a second run and one after an interruption change nothing.
    #[test]
    fn the_plan_is_that_of_the_slow_model(case in cases(), cut in any::<u64>()) {
        let plan = case.plan();
        let expected = oracle(&case.candidates, &case.policy, &case.now);
        prop_assert_eq!(plan.verdicts.len(), case.candidates.len());
        for verdict in &plan.verdicts {
            let fate = if expected[verdict.index] { Fate::Keep } else { Fate::Remove };
            prop_assert_eq!(verdict.reason.fate(), fate, "{:?} {}", verdict.reason, verdict.id);
            prop_assert_eq!(&verdict.id, &case.candidates[verdict.index].id);
        }
        prop_assert!(plan.verdicts.windows(2).all(|pair| pair[0].taken >= pair[1].taken));
        check_reasons(&case, &plan);

        let gone = plan.removals_from(&case.candidates);
        let gone_names: Vec<&BackupId> = gone.iter().map(|candidate| &candidate.id).collect();
        prop_assert_eq!(&gone_names, &plan.removals().collect::<Vec<_>>());
        let rest = Case { candidates: left(&case.candidates, &gone), ..case.clone() };
        let again = rest.plan();
        prop_assert_eq!(again.removals().count(), 0);
        prop_assert_eq!(kept(&again), kept(&plan));
        for class in Class::ALL {
            prop_assert_eq!(again.count(class), plan.count(class));
        }

        let some: Vec<&Candidate> =
            gone.into_iter().enumerate().filter(|(place, _)| cut >> (place % 64) & 1 == 1).map(|(_, one)| one).collect();
        let interrupted = Case { candidates: left(&case.candidates, &some), ..case.clone() };
        prop_assert_eq!(kept(&interrupted.plan()), kept(&plan));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// The order of the list means nothing: a directory has none.
    #[test]
    fn the_order_of_the_list_does_not_matter(case in cases(), turn in 0..32usize) {
        let mut candidates = case.candidates.clone();
        if !candidates.is_empty() {
            let turn = turn % candidates.len();
            candidates.rotate_left(turn);
            candidates.reverse();
        }
        let turned = Case { candidates, ..case.clone() };
        prop_assert_eq!(kept(&turned.plan()), kept(&case.plan()));
    }

    /// What must never go does not, with any offsets in the list and whatever the rule.
    #[test]
    fn what_must_stay_stays(mut case in cases(), offsets in proptest::collection::vec(-14..=14i32, 32)) {
        for (candidate, hours) in case.candidates.iter_mut().zip(offsets) {
            candidate.taken = candidate.taken.with_timezone(&FixedOffset::east_opt(hours * 3600).unwrap());
        }
        let plan = case.plan();
        let gone: BTreeSet<usize> = plan.verdicts.iter()
            .filter(|verdict| verdict.reason.fate() == Fate::Remove).map(|verdict| verdict.index).collect();
        let counted = || case.candidates.iter().enumerate().filter(|(_, one)| one.is_readable && one.taken <= case.now);
        let newest = |all: &[(usize, &Candidate)]| all.iter().max_by_key(|(_, one)| one.taken).map(|(_, one)| one.taken);
        let verified: Vec<_> = counted().filter(|(_, one)| one.is_verified).collect();
        for list in [&counted().collect::<Vec<_>>(), &verified] {
            if let Some(taken) = newest(list) {
                prop_assert!(list.iter().any(|(index, one)| one.taken == taken && !gone.contains(index)));
            }
        }
        for (index, one) in case.candidates.iter().enumerate() {
            prop_assert!((one.is_readable && one.taken <= case.now) || !gone.contains(&index));
        }
        let rest = Case { candidates: left(&case.candidates, &plan.removals_from(&case.candidates)), ..case.clone() };
        prop_assert_eq!(rest.plan().removals().count(), 0);
    }

    /// More places never mean fewer backups. Weeks go over the ends of months, so with them the one backup
    /// that stands for a month may be another; without them all that stayed stays.
    #[test]
    fn a_larger_number_keeps_as_much_or_more(case in cases(), class in 0..5usize, more in 1..5u32) {
        let larger = match case.policy {
            Policy::Simple { newest: 0, .. } => return Ok(()),
            Policy::Simple { newest, max_age_days } => Policy::Simple { newest: newest + more, max_age_days },
            Policy::Gfs(Gfs { mut last, mut daily, mut weekly, mut monthly, mut yearly }) => {
                *[&mut last, &mut daily, &mut weekly, &mut monthly, &mut yearly][class] += more;
                Policy::Gfs(Gfs { last, daily, weekly, monthly, yearly })
            }
        };
        let (before, larger) = (case.plan(), Case { policy: larger, ..case.clone() });
        let after = larger.plan();
        prop_assert!(kept(&before).len() <= kept(&after).len());
        prop_assert!(kept(&before).first() >= kept(&after).first());
        let has_weeks = matches!(larger.policy, Policy::Gfs(gfs) if gfs.weekly > 0 && class < 3);
        if !has_weeks {
            prop_assert!(kept(&before).is_subset(&kept(&after)));
        }
    }
}

#[test]
fn a_rule_that_keeps_nothing_is_refused() {
    let now = Zone::Utc.at(1_790_000_000);
    let list = [candidate("h-backup", now)];
    assert_eq!(plan(&list, &Policy::Gfs(Gfs::default()), &now), Err(RetentionError::KeepsNothing));
    assert_eq!(plan(&[], &Policy::Gfs(Gfs::default()), &now), Err(RetentionError::KeepsNothing));
}
