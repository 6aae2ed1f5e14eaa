//! The journal of one restore: an event log, each event on disk before what it says happens.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{ApplyError, Record};
use crate::restore::Deed;
use crate::system::{EventLog, EventLogError};

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Entry {
    /// A restore begins; nothing has changed.
    Begun {
        /// Version of this tool.
        version: String,
        /// RFC 3339.
        at: String,
        /// The backup's file.
        backup: String,
        /// Number of steps.
        steps: usize,
    },
    /// Which services run, before the first of them is stopped.
    Units {
        /// All that the plan stops or starts.
        units: Vec<UnitState>,
    },
    /// A step begins.
    Step {
        /// Its place in the plan, from 1.
        number: usize,
        /// What an undo has to look at from now on.
        reach: Reach,
        /// For people.
        what: String,
        /// The program it runs, where it runs one: an undo runs it again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        command: Vec<String>,
    },
    /// It is done.
    Done {
        /// Its place.
        number: usize,
    },
    /// It did not work.
    Failed {
        /// Its place.
        number: usize,
        /// In words.
        why: String,
    },
    /// The timer that takes the network back runs.
    NetworkArmed {
        /// RFC 3339: then it does.
        until: String,
    },
    /// Somebody said that the network works.
    NetworkKept,
    /// It was taken back.
    NetworkReverted,
    /// All steps are done.
    Finished {
        /// RFC 3339.
        at: String,
    },
    /// The way back begins.
    UndoBegun {
        /// RFC 3339.
        at: String,
    },
    /// Everything is as it was.
    UndoFinished {
        /// RFC 3339.
        at: String,
    },
}

/// A service before the restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitState {
    /// `pveproxy.service`.
    pub unit: String,
    /// Whether it ran.
    pub was_active: bool,
}

/// What a step changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Nothing of the machine.
    Nothing,
    /// Services stop and start, mounts go.
    Services,
    /// Files below the root.
    Files,
    /// The cluster database.
    Database,
    /// Files of the mounted cluster file system.
    Cluster,
    /// The network.
    Network,
}

impl Reach {
    /// Of a step.
    pub fn of(deed: &Deed) -> Self {
        match deed {
            Deed::SaveUndo | Deed::Export | Deed::Check { .. } | Deed::WaitFor { .. } => Self::Nothing,
            Deed::Stop { .. } | Deed::Start { .. } | Deed::Unmount { .. } | Deed::Run { .. } => Self::Services,
            Deed::PutFiles => Self::Files,
            Deed::PutDatabase { .. } => Self::Database,
            Deed::PutClusterFiles => Self::Cluster,
            Deed::PutNetwork { .. } => Self::Network,
        }
    }
}

/// How far a restore came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It ended before anything changed.
    Untouched,
    /// It is at work, or was killed in the middle.
    Halfway,
    /// All steps are done.
    Done,
    /// As well, and the network waits for a word.
    Unconfirmed,
    /// The way back is at work, or was killed in the middle.
    Undoing,
    /// It was taken back.
    Undone,
}

impl Life {
    /// From the events.
    pub fn of(entries: &[Entry]) -> Self {
        let has = |is: fn(&Entry) -> bool| entries.iter().any(is);
        let reached = reached(entries);
        match () {
            () if has(|entry| matches!(entry, Entry::UndoFinished { .. })) => Self::Undone,
            () if has(|entry| matches!(entry, Entry::UndoBegun { .. })) => Self::Undoing,
            () if has(|entry| matches!(entry, Entry::Finished { .. })) => match Self::last_of_network(entries) {
                Some(Entry::NetworkArmed { .. }) => Self::Unconfirmed,
                _ => Self::Done,
            },
            () if reached.is_empty() => Self::Untouched,
            () => Self::Halfway,
        }
    }

    /// What was said of the network last.
    pub(super) fn last_of_network(entries: &[Entry]) -> Option<&Entry> {
        let is_of_network =
            |entry: &&Entry| matches!(entry, Entry::NetworkArmed { .. } | Entry::NetworkKept | Entry::NetworkReverted);
        entries.iter().rev().find(is_of_network)
    }

    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Untouched => "ended before anything changed",
            Self::Halfway => "stopped in the middle",
            Self::Done => "done",
            Self::Unconfirmed => "done, the network is not confirmed",
            Self::Undoing => "undo stopped in the middle",
            Self::Undone => "undone",
        }
    }
}

/// What an undo has to look at: everything that a step began to change.
pub(super) fn reached(entries: &[Entry]) -> BTreeSet<Reach> {
    let reach = |entry: &Entry| match entry {
        Entry::Step { reach, .. } if *reach != Reach::Nothing => Some(*reach),
        _ => None,
    };
    entries.iter().filter_map(reach).collect()
}

/// The journal, open for writing.
#[derive(Debug)]
pub struct Journal {
    log: EventLog,
    record: Record,
}

impl Journal {
    /// Begins or continues the journal of this record.
    pub fn open(record: &Record) -> Result<Self, ApplyError> {
        Ok(Self { log: EventLog::open(&record.journal())?, record: record.clone() })
    }

    /// Writes an event; when this returns, it is on disk.
    pub fn add(&mut self, entry: &Entry) -> Result<(), ApplyError> {
        self.log.add(entry).map_err(|error| unusable(&self.record, error))
    }

    /// All events so far, without one that a crash cut short.
    pub fn read(record: &Record) -> Result<Vec<Entry>, ApplyError> {
        EventLog::read(&record.journal()).map_err(|error| unusable(record, error))
    }
}

fn unusable(record: &Record, error: EventLogError) -> ApplyError {
    let why = match error {
        EventLogError::File(error) => return error.into(),
        EventLogError::Line { number, why } => format!("line {number} of its journal: {why}"),
        EventLogError::Event(why) => why,
    };
    ApplyError::Record { dir: record.dir().to_owned(), why }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real files")]
mod tests {
    use super::*;
    use chrono::Local;

    fn record() -> (tempfile::TempDir, Record) {
        let dir = tempfile::tempdir().unwrap();
        let record = Record::create(dir.path(), &Local::now()).unwrap();
        (dir, record)
    }

    fn step(number: usize, reach: Reach) -> Entry {
        Entry::Step { number, reach, what: "x".into(), command: Vec::new() }
    }

    #[test]
    fn a_line_that_was_cut_is_none_and_the_next_one_counts() {
        let (_dir, record) = record();
        let entries = [step(1, Reach::Nothing), Entry::Done { number: 1 }, step(2, Reach::Files)];
        let mut journal = Journal::open(&record).unwrap();
        for entry in &entries {
            journal.add(entry).unwrap();
        }
        let whole = std::fs::read(record.journal()).unwrap();
        let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;

        for cut in last..whole.len() {
            std::fs::write(record.journal(), &whole[..cut]).unwrap();
            assert_eq!(Journal::read(&record).unwrap(), entries[..2], "cut at {cut}");
            Journal::open(&record).unwrap().add(&Entry::NetworkKept).unwrap();
            let read = Journal::read(&record).unwrap();
            assert_eq!(read.last(), Some(&Entry::NetworkKept), "cut at {cut}");
            assert_eq!(read[..2], entries[..2]);
        }
        std::fs::write(record.journal(), b"{\"event\":\"nonsense\"}\n").unwrap();
        assert!(Journal::read(&record).unwrap_err().to_string().contains("line 1 of its journal"));
    }

    #[test]
    fn a_life_is_told_by_its_events() {
        let at = || "2026-01-01T00:00:00Z".to_owned();
        let begun = Entry::Begun { version: "1".into(), at: at(), backup: "b".into(), steps: 2 };
        let armed = Entry::NetworkArmed { until: at() };
        let life = |more: &[Entry]| Life::of(&[&[begun.clone(), step(1, Reach::Nothing)], more].concat());

        assert_eq!(life(&[]), Life::Untouched);
        assert_eq!(life(&[step(2, Reach::Services)]), Life::Halfway);
        let done = [step(2, Reach::Network), armed, Entry::Finished { at: at() }];
        assert_eq!(life(&done), Life::Unconfirmed);
        assert_eq!(life(&[&done[..], &[Entry::NetworkKept]].concat()), Life::Done);
        assert_eq!(life(&[&done[..], &[Entry::UndoBegun { at: at() }]].concat()), Life::Undoing);
        let undone = [Entry::UndoBegun { at: at() }, Entry::UndoFinished { at: at() }];
        assert_eq!(life(&[&done[..], &undone].concat()), Life::Undone);
    }

    #[test]
    fn two_restores_of_one_second_have_two_records_and_no_id_leads_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let now = Local::now();
        let [one, two] = [(), ()].map(|()| Record::create(dir.path(), &now).unwrap());
        assert_ne!(one.id(), two.id());
        Journal::open(&one).unwrap().add(&Entry::NetworkKept).unwrap();
        assert_eq!(Record::open(dir.path(), one.id()).unwrap(), one);
        for id in [two.id(), "../restore", "20260101-000000", "", "/etc/passwd/20260101-000000"] {
            assert!(Record::open(dir.path(), id).is_err(), "{id}");
        }
        assert_eq!(Record::list(dir.path()).unwrap().len(), 2);
    }
}
