//! Puts a restore plan into effect on a machine, and takes it back. The decisions are made in
//! `restore`; here are the deeds, and a record of each of them before it happens.
//!
//! ```text
//! backup ──→ staged: contents on disk, each with the digest of the plan; nothing has changed yet
//! plan ────→ journal: a line before and after each step
//!            saved: what is there now, packed and read again ──┐
//!            put · cluster · database · network · units · check │
//! journal ─→ undo: the steps of the way back ←─────────────────┘
//! ```
//!
//! Everything of one restore lies in one directory, its [`Record`].

mod error;
mod change;
mod record;
mod journal;
mod content;
mod staged;
pub mod saved;
mod place;
mod writer;
mod compare;
mod put;
mod cluster;
mod units;
mod database;
mod network;
mod check;
mod run;
mod undo;
#[cfg(test)]
mod put_tests;

pub use change::{Attributes, Change, Wanted};
pub use cluster::{may_write, put_cluster};
pub use compare::{differs, differs_in_cluster};
pub use database::{keep_old, put_new, put_old};
pub use error::ApplyError;
pub use journal::{Entry, Journal, Life, Reach, UnitState};
pub use network::{SERVICE, TIMER, UndoUnits, apply_network, arm, armed_for, disarm, expire, keep, reload_network};
pub use put::{put_all, put_back};
pub use record::Record;
pub use run::{Applied, Work, apply};
pub use staged::{check_space, clear, clear_timer, export, needed, stage};
pub use undo::{TakenBack, take_back};
pub use units::{look, run, start, stop, unmount, wait_for};

use crate::system::{Beneath, FileError, System};

/// The machine that changes.
#[derive(Debug)]
pub struct Machine<'a> {
    /// Files are read and programs run through it.
    pub system: &'a System,
    /// Everything that is written is written through it: below the root, and never elsewhere.
    pub beneath: Beneath,
}

impl<'a> Machine<'a> {
    /// Opens the root of this machine, or of the tree that `--root` names.
    pub fn of(system: &'a System) -> Result<Self, FileError> {
        Ok(Self { system, beneath: Beneath::open(system.root.prefix())? })
    }
}
