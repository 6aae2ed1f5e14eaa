//! Which backups go, and why: a pure function of list, policy and time.
//!
//! Whatever the policy says: the newest backup stays, and the newest one known as verified; one dated in
//! the future stays and does not count, nor does one that cannot be read. What stays does not depend on
//! how many of the others are gone already, so an interrupted removal and a second run change nothing.
//! The choices are explained in `docs/decisions/0007-retention.md`.

mod calendar;
mod candidate;
mod explain;
mod simple;

#[cfg(test)]
mod decade_tests;
#[cfg(test)]
mod oracle_tests;
#[cfg(test)]
mod zones_tests;

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset, TimeZone, Utc};

pub use calendar::{Class, Period};
pub use candidate::Candidate;
pub use explain::HEADINGS;

use crate::bundle::BackupId;
use crate::config::{Gfs, Policy};

/// What to do with a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Keep,
    /// It goes.
    Remove,
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The policy keeps all.
    Unlimited,
    /// Number so many of so many newest.
    Newest {
        /// Counted from 1.
        number: u32,
        /// How many are kept.
        limit: u32,
    },
    /// There is a limit of age only, of so many days, and it is within.
    YoungEnough(u32),
    /// The one backup of its period.
    Represents {
        /// Which class chose it.
        class: Class,
        /// Counted from 1, the newest first.
        number: u32,
        /// How many periods the class has.
        limit: u32,
        /// Which period.
        period: Period,
    },
    /// No rule keeps it, and it is the newest.
    NewestOfAll,
    /// No rule keeps it, and no newer one is known as verified.
    NewestVerified,
    /// Its date has not come yet.
    InTheFuture,
    /// It cannot be read.
    Unreadable,
    /// There are so many newer ones.
    BeyondLimit(u32),
    /// Older than so many days.
    TooOld(u32),
    /// Another backup of this period is kept.
    Represented(Period),
    /// None of the classes reaches back so far.
    OlderThanAllRules,
}

/// One backup of the list, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Place in the list that was given.
    pub index: usize,
    /// Its identity.
    pub id: BackupId,
    /// When it was taken.
    pub taken: DateTime<FixedOffset>,
    /// Whether it is known as verified.
    pub is_verified: bool,
    /// Why it stays or goes.
    pub reason: Reason,
}

/// Every backup with its fate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionPlan {
    /// Newest first.
    pub verdicts: Vec<Verdict>,
    /// The rule it was made by.
    pub policy: Policy,
    /// Backups the rule is about: without those from the future and unreadable ones, copies counted once.
    pub counted: usize,
}

/// Why no plan is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RetentionError {
    /// Grandfather, father and son without a single place.
    #[error("RETENTION_POLICY is gfs, and no class keeps a backup: every number is 0")]
    KeepsNothing,
}

/// Decides about every backup of one host on one tier.
pub fn plan<Z: TimeZone>(
    candidates: &[Candidate],
    policy: &Policy,
    now: &DateTime<Z>,
) -> Result<RetentionPlan, RetentionError> {
    if *policy == Policy::Gfs(Gfs::default()) {
        return Err(RetentionError::KeepsNothing);
    }
    let now = now.to_utc();
    let mut newest_first: Vec<(usize, &Candidate)> = candidates.iter().enumerate().collect();
    newest_first.sort_by(|(_, a), (_, b)| (b.taken, &b.id).cmp(&(a.taken, &a.id)));

    let counted = Counted::new(newest_first.iter().map(|(_, candidate)| *candidate), now);
    let reasons = counted.judge(policy, now);
    let verdict = |(index, candidate): (usize, &Candidate)| Verdict {
        index,
        id: candidate.id.clone(),
        taken: candidate.taken,
        is_verified: candidate.is_verified,
        reason: set_aside(candidate, now).unwrap_or_else(|| reasons[counted.places[&candidate.id]]),
    };
    let verdicts = newest_first.into_iter().map(verdict).collect();
    Ok(RetentionPlan { verdicts, policy: *policy, counted: reasons.len() })
}

/// What no rule is asked about.
fn set_aside(candidate: &Candidate, now: DateTime<Utc>) -> Option<Reason> {
    if !candidate.is_readable {
        return Some(Reason::Unreadable);
    }
    (candidate.taken > now).then_some(Reason::InTheFuture)
}

/// The backups that count, newest first. Copies of one backup (a decrypted one beside the archive) have
/// one place and one fate: as two they would push an older backup out, or the copy would go at once.
struct Counted<'a> {
    backups: Vec<(DateTime<FixedOffset>, bool)>,
    places: HashMap<&'a BackupId, usize>,
}

impl<'a> Counted<'a> {
    fn new(newest_first: impl Iterator<Item = &'a Candidate>, now: DateTime<Utc>) -> Self {
        let mut counted = Self { backups: Vec::new(), places: HashMap::new() };
        for candidate in newest_first.filter(|candidate| set_aside(candidate, now).is_none()) {
            let place = *counted.places.entry(&candidate.id).or_insert(counted.backups.len());
            match counted.backups.get_mut(place) {
                Some((_, is_verified)) => *is_verified |= candidate.is_verified,
                None => counted.backups.push((candidate.taken, candidate.is_verified)),
            }
        }
        counted
    }

    fn judge(&self, policy: &Policy, now: DateTime<Utc>) -> Vec<Reason> {
        let taken: Vec<DateTime<FixedOffset>> = self.backups.iter().map(|(taken, _)| *taken).collect();
        let mut reasons = match policy {
            Policy::Simple { newest, max_age_days } => simple::judge(&taken, *newest, *max_age_days, now),
            Policy::Gfs(gfs) => calendar::judge(&taken.iter().map(DateTime::date_naive).collect::<Vec<_>>(), gfs),
        };
        let verified = self.backups.iter().position(|(_, is_verified)| *is_verified);
        for (place, reason) in [(verified, Reason::NewestVerified), (Some(0), Reason::NewestOfAll)] {
            match place.and_then(|place| reasons.get_mut(place)) {
                Some(judged) if judged.fate() == Fate::Remove => *judged = reason,
                _ => {}
            }
        }
        reasons
    }
}

impl Reason {
    /// What follows from it.
    pub fn fate(self) -> Fate {
        match self {
            Self::Unlimited
            | Self::Newest { .. }
            | Self::YoungEnough(_)
            | Self::Represents { .. }
            | Self::NewestOfAll
            | Self::NewestVerified
            | Self::InTheFuture
            | Self::Unreadable => Fate::Keep,
            Self::BeyondLimit(_) | Self::TooOld(_) | Self::Represented(_) | Self::OlderThanAllRules => Fate::Remove,
        }
    }

    /// The class of grandfather, father and son that chose it.
    fn class(self) -> Option<Class> {
        match self {
            Self::Newest { .. } => Some(Class::Last),
            Self::Represents { class, .. } => Some(class),
            _ => None,
        }
    }
}

impl RetentionPlan {
    /// Names of what goes, newest first.
    pub fn removals(&self) -> impl Iterator<Item = &BackupId> {
        self.doomed().map(|verdict| &verdict.id)
    }

    /// What goes, out of the list that the candidates were made from: `all[i]` is what candidate `i` stands for.
    pub fn removals_from<'a, T>(&self, all: &'a [T]) -> Vec<&'a T> {
        self.doomed().filter_map(|verdict| all.get(verdict.index)).collect()
    }

    /// How many backups the class keeps, and how many it may.
    pub fn count(&self, class: Class) -> (usize, u32) {
        let Policy::Gfs(gfs) = &self.policy else { return (0, 0) };
        let mut chosen: Vec<&BackupId> =
            self.verdicts.iter().filter(|v| v.reason.class() == Some(class)).map(|verdict| &verdict.id).collect();
        // Copies of one backup stand side by side or apart.
        chosen.sort();
        chosen.dedup();
        (chosen.len(), class.limit(gfs))
    }

    fn doomed(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.reason.fate() == Fate::Remove)
    }
}
