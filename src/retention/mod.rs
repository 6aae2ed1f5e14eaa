//! Which backups go, and why: a pure function of list, policy and time.
//!
//! Whatever the policy says: the newest backup stays, one dated in the future stays, one that
//! cannot be read stays and does not count.

use std::fmt;

use chrono::NaiveDateTime;

use crate::bundle::BackupId;

/// One backup as retention sees it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its identity.
    pub id: BackupId,
    /// Whether its manifest can be read, or it needs none.
    pub is_readable: bool,
}

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
pub enum Because {
    /// Number so many of so many newest.
    Newest(usize, u32),
    /// The policy keeps all.
    Unlimited,
    /// More than the policy keeps.
    BeyondLimit(u32),
    /// Its date has not come yet.
    InTheFuture,
    /// It cannot be read.
    Unreadable,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest(number, limit) => write!(f, "number {number} of the newest {limit}"),
            Self::Unlimited => f.write_str("no limit is set"),
            Self::BeyondLimit(limit) => write!(f, "more than {limit} newer backups exist"),
            Self::InTheFuture => f.write_str("dated in the future: check the clock"),
            Self::Unreadable => f.write_str("cannot be read: not counted, not removed"),
        }
    }
}

/// Every backup with its fate, newest first.
#[derive(Clone, Debug, Default)]
pub struct RetentionPlan {
    /// In the order of the list that was given.
    pub verdicts: Vec<(BackupId, Fate, Because)>,
}

impl RetentionPlan {
    /// What goes.
    pub fn removals(&self) -> impl Iterator<Item = &BackupId> {
        self.verdicts.iter().filter(|(_, fate, _)| *fate == Fate::Remove).map(|(id, ..)| id)
    }
}

/// Keeps the newest `limit`; 0 keeps all.
pub fn plan(candidates: &[Candidate], limit: u32, now: NaiveDateTime) -> RetentionPlan {
    let mut sorted: Vec<&Candidate> = candidates.iter().collect();
    sorted.sort_by(|a, b| b.id.cmp(&a.id));
    let mut counted = 0;
    let verdicts = sorted.into_iter().map(|candidate| {
        let (fate, because) = judge(candidate, &mut counted, limit, now);
        (candidate.id.clone(), fate, because)
    });
    RetentionPlan { verdicts: verdicts.collect() }
}

fn judge(candidate: &Candidate, counted: &mut usize, limit: u32, now: NaiveDateTime) -> (Fate, Because) {
    if !candidate.is_readable {
        return (Fate::Keep, Because::Unreadable);
    }
    if candidate.id.taken() > now {
        return (Fate::Keep, Because::InTheFuture);
    }
    *counted += 1;
    match limit {
        0 => (Fate::Keep, Because::Unlimited),
        _ if *counted <= limit as usize => (Fate::Keep, Because::Newest(*counted, limit)),
        _ => (Fate::Remove, Because::BeyondLimit(limit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::parse_name;

    fn candidates(days: &[u32]) -> Vec<Candidate> {
        days.iter()
            .map(|day| {
                let (id, _) = parse_name(&format!("h-backup-202601{day:02}-000000.tar")).unwrap();
                Candidate { id, is_readable: true }
            })
            .collect()
    }

    fn now() -> NaiveDateTime {
        parse_name("h-backup-20260120-000000.tar").unwrap().0.taken()
    }

    #[test]
    fn the_newest_stay_and_the_rest_goes() {
        let plan = plan(&candidates(&[1, 5, 3, 4, 2]), 2, now());
        let gone: Vec<String> = plan.removals().map(|id| id.as_str()[9..17].to_owned()).collect();
        assert_eq!(gone, ["20260103", "20260102", "20260101"]);
    }

    #[test]
    fn no_limit_removes_nothing() {
        assert_eq!(plan(&candidates(&[1, 2, 3]), 0, now()).removals().count(), 0);
    }

    #[test]
    fn the_future_and_the_unreadable_neither_count_nor_go() {
        let mut all = candidates(&[1, 2, 3, 25, 26]);
        all[2].is_readable = false;
        let plan = plan(&all, 1, now());
        let gone: Vec<String> = plan.removals().map(|id| id.as_str()[9..17].to_owned()).collect();
        assert_eq!(gone, ["20260101"]);
    }

    #[test]
    fn a_second_run_removes_nothing_more() {
        let all = candidates(&[1, 2, 3, 4]);
        let first = plan(&all, 2, now());
        let gone: Vec<&BackupId> = first.removals().collect();
        let rest: Vec<Candidate> = all.iter().filter(|c| !gone.contains(&&c.id)).cloned().collect();
        assert_eq!(plan(&rest, 2, now()).removals().count(), 0);
    }
}
