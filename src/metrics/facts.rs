//! A run as far as it is: what is known of it, and what is not.

use std::collections::BTreeMap;

use super::Before;
use crate::drill::Outcome;
use crate::report::{Counters, RunReport, Verdict};

/// What the text is made of.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The run.
    pub report: &'a RunReport,
    /// How far it is.
    pub moment: Moment,
    /// Whether what was written is what was read; `None` where the run did not come so far.
    pub is_verified: Option<bool>,
    /// What stays true of the runs before.
    pub before: Before,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It is at work.
    Begun,
    /// It is over.
    Ended,
    /// It is over, because somebody else is at work: a run, or `prune`.
    TurnedAway,
}

/// What a drill found, where it judged anything.
pub(super) struct Drilled {
    pub(super) status: u8,
    pub(super) parts: usize,
    pub(super) restorable: usize,
}

impl<'a> Facts<'a> {
    /// The report of a run that is over.
    pub(super) fn ended(&self) -> Option<&'a RunReport> {
        (self.moment != Moment::Begun).then_some(self.report)
    }

    pub(super) fn is_running(&self) -> Option<bool> {
        match self.moment {
            Moment::Begun => Some(true),
            Moment::Ended => Some(false),
            // Who holds the lock says so at its own end.
            Moment::TurnedAway => self.before.is_running,
        }
    }

    pub(super) fn last_success(&self) -> Option<i64> {
        let made = self.ended().filter(|report| matches!(report.verdict(), Verdict::Ok | Verdict::Warnings(_)));
        made.map(|report| report.finished.timestamp()).or(self.before.last_success)
    }

    /// Nothing was counted where nothing was collected.
    pub(super) fn collected(&self) -> Option<&'a Counters> {
        self.ended().map(|report| &report.counters).filter(|counters| **counters != Counters::default())
    }

    /// What became of the messages, by channel: 0 arrived, 1 did not. One that was not asked is not in
    /// it; a run that is at work or was turned away leaves what it does not know better.
    pub(super) fn notifications(&self) -> BTreeMap<String, u8> {
        let mut known = match self.moment {
            Moment::Ended => BTreeMap::new(),
            Moment::Begun | Moment::TurnedAway => self.before.notifications.clone(),
        };
        let told = self.ended().map_or(&[][..], |report| &report.deliveries);
        for delivery in told {
            known.remove(&delivery.channel);
        }
        for delivery in told {
            let status = known.entry(delivery.channel.clone()).or_default();
            *status = (*status).max(u8::from(delivery.result.is_err()));
        }
        known
    }

    pub(super) fn drilled(&self) -> Option<Drilled> {
        let drill = self.ended()?.drill.as_ref().filter(|drill| drill.not_done.is_none() && drill.of() > 0)?;
        let is_mistaken = drill.parts.iter().any(|part| part.outcome == Outcome::Mistaken);
        let status = if drill.is_damaged() { 2 } else { u8::from(is_mistaken) };
        Some(Drilled { status, parts: drill.of(), restorable: drill.restorable() })
    }
}
