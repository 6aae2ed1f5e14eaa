//! What differs between two backups, or between a backup and this host.
//!
//! ```text
//! members of a backup ─┐
//!                      ├─→ facts ─→ coverage ─→ compare ─→ changes ─→ text
//! entries of the host ─┘  (fact)   what can be told        one a path
//! ```
//!
//! A time alone is no change, nor is which names of one content are hard links. What one side never
//! looked at is no change either: it is counted, with the reason. Digests leave this module only as
//! "the content differs": that of a short secret would give it away.

mod fact;
mod database;
mod choice;
mod read;
mod coverage;
mod compare;
mod text;
mod fingerprint;

use std::borrow::Cow;

pub use choice::{Choice, Content};
pub use compare::{Change, Detail, What};
pub use coverage::{Account, Coverage, HostCoverage, NotCompared};
pub use fact::{Fact, Facts, Kind};
pub use fingerprint::Fingerprint;
pub use read::{read_collection, read_members};
pub use text::Text;

/// One of the two that are compared.
pub struct Side {
    /// What it holds.
    pub facts: Facts,
    /// What can be told of paths it does not hold.
    pub coverage: Coverage,
}

/// All that differs.
#[derive(Debug, Default)]
pub struct Difference {
    /// Sorted by path.
    pub changes: Vec<Change>,
    /// What could not be compared.
    pub not_compared: Vec<NotCompared>,
}

impl Difference {
    /// Whether both sides hold the same, as far as one looked at what the other has.
    pub fn is_same(&self) -> bool {
        self.changes.is_empty() && !self.not_compared.iter().any(|path| path.is_unread)
    }
}

/// Compares; `choice` says what is a secret and whether texts are wanted.
pub fn difference(mut left: Side, mut right: Side, choice: &Choice) -> Difference {
    let mut not_compared = coverage::set_aside(&mut left.facts, &right);
    not_compared.extend(coverage::set_aside(&mut right.facts, &left));
    not_compared.extend(coverage::set_aside_unread(&mut left.facts, &mut right.facts));
    not_compared.extend(coverage::without_owner(&left.facts, &right.facts));
    let mut changes = compare::diff(&left.facts, &right.facts);
    compare::explain_databases(&mut changes, &left.facts, &right.facts, choice);
    for change in &mut changes {
        let before = left.facts.get(change.before());
        let after = right.facts.get(&change.path);
        change.is_secret = before.iter().chain(&after).any(|fact| choice.is_secret(fact));
        if choice.content() != Content::Compared && change.has_content() {
            change.text = Some(text::of(before, after, change, choice));
        }
    }
    Difference { changes, not_compared }
}

/// A path for messages and JSON.
fn readable(path: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(path)
}
