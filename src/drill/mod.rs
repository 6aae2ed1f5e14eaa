//! The restore drill: would this backup bring the host back? Every file that Proxmox itself has to
//! read is read here by its format, and the cluster database is compared with the files it stands for.
//!
//! ```text
//! members ─→ gather: which (table) ─→ form: sections, guest, corosync, interfaces, records… ─→ part
//!               │                                                                               ├→ Drill
//!               └ config.db, digests of /etc/pve ─→ database ─→ part ───────────────────────────┘
//! ```
//!
//! Nothing is written, and no finding quotes a file: many of them hold secrets.

mod table;
mod form;
mod corosync;
mod guest;
mod interfaces;
mod records;
mod sections;
mod database;
mod gather;
mod sentence;

use serde_json::{Value, json};

pub use database::{Capture, prove_database};
pub use gather::Gatherer;

/// What the drill found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drill {
    /// What was looked at, the most important first.
    pub parts: Vec<Part>,
    /// What is worth knowing and changes no verdict.
    pub remarks: Vec<String>,
    /// Whether there was anything of a Proxmox product.
    pub has_proxmox: bool,
    /// Why there was no drill.
    pub not_done: Option<String>,
}

/// One thing that has to come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its path on the host.
    pub path: String,
    /// What it is, for people: `guest 101`, or the file's name.
    pub what: String,
    /// Line of the mistake, from 1.
    pub line: Option<usize>,
    /// Would it come back?
    pub outcome: Outcome,
    /// Why, in words.
    pub why: String,
}

/// Would a part come back?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Yes.
    Sound,
    /// Not as it should: the host itself has it so, and the backup holds it faithfully.
    Mistaken,
    /// No: the backup does not hold what the host had.
    Damaged,
    /// Nobody can tell.
    NotJudged,
}

impl Drill {
    /// A drill that could not be carried out.
    pub fn not_done(why: impl Into<String>) -> Self {
        Self { not_done: Some(why.into()), ..Self::default() }
    }

    /// How many parts would come back.
    pub fn restorable(&self) -> usize {
        self.parts.iter().filter(|part| part.outcome == Outcome::Sound).count()
    }

    /// How many parts were judged.
    pub fn of(&self) -> usize {
        self.parts.iter().filter(|part| part.outcome != Outcome::NotJudged).count()
    }

    /// The parts that would not come back.
    pub fn failing(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| matches!(part.outcome, Outcome::Mistaken | Outcome::Damaged))
    }

    /// Whether the backup itself is at fault.
    pub fn is_damaged(&self) -> bool {
        self.parts.iter().any(|part| part.outcome == Outcome::Damaged)
    }

    /// For programs; fields are only ever added.
    pub fn to_json(&self) -> Value {
        if let Some(why) = &self.not_done {
            return json!({ "summary": self.to_string(), "not_done": why });
        }
        json!({
            "summary": self.to_string(),
            "restorable": self.restorable(),
            "of": self.of(),
            "parts": self.parts.iter().map(Part::to_json).collect::<Vec<_>>(),
            "remarks": self.remarks,
        })
    }
}

impl Part {
    /// Path, and line where there is one: `/etc/pve/storage.cfg:3`.
    pub fn place(&self) -> String {
        self.line.map_or_else(|| self.path.clone(), |line| format!("{}:{line}", self.path))
    }

    /// What the user can do about it.
    pub fn advice(&self) -> &'static str {
        match self.outcome {
            Outcome::Sound | Outcome::NotJudged => "",
            Outcome::Mistaken => "the backup holds it as the host has it: correct it there, and back up again",
            Outcome::Damaged => "make a new backup; restore single files of /etc/pve from this one, not the database",
        }
    }

    fn to_json(&self) -> Value {
        let is_restorable = match self.outcome {
            Outcome::Sound => Some(true),
            Outcome::Mistaken | Outcome::Damaged => Some(false),
            Outcome::NotJudged => None,
        };
        let mut value = json!({ "path": self.path, "what": self.what, "restorable": is_restorable, "why": self.why });
        if let (Some(fields), Some(line)) = (value.as_object_mut(), self.line) {
            fields.insert("line".to_owned(), json!(line));
        }
        value
    }
}
