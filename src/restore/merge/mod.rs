//! Files that are never replaced: what is missing is added, what is there stays. Pure: the text as
//! it is and the text of the backup give the new text, what was added, and why the rest was not.

mod fstab;
mod accounts;
mod pve_users;
mod pbs_users;

use serde::Serialize;

pub use accounts::{Accounts, MergedAccounts, merge as merge_accounts, merge_ranges};
pub use fstab::merge as merge_fstab;
pub use pbs_users::{merge_acl as merge_pbs_acl, merge_json_users, merge_sections};
pub use pve_users::{merge_shadow, merge_tokens as merge_pve_tokens, merge_users as merge_pve_users};

/// The user that must always be able to get in: as it is on the machine.
pub(super) const ROOT: &str = "root@pam";

/// The result of a merge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// The new text; it may hold secrets.
    #[serde(skip)]
    pub text: String,
    /// What came in, by name.
    pub added: Vec<String>,
    /// What did not, and why.
    pub left_out: Vec<LeftOut>,
}

/// One line that was not taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Its name: never the line, which may hold a secret.
    pub what: String,
    /// In words.
    pub why: String,
}

impl Merged {
    /// Starts from the text as it is, with an end to its last line.
    fn from(current: &str) -> Self {
        let mut text = current.to_owned();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        Self { text, ..Self::default() }
    }

    fn add(&mut self, what: impl Into<String>, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        self.added.push(what.into());
    }

    fn leave(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.left_out.push(LeftOut { what: what.into(), why: why.into() });
    }
}

/// Whether this is `root@pam` or one of its tokens.
fn is_root(id: &str) -> bool {
    id == ROOT || id.strip_prefix(ROOT).is_some_and(|rest| rest.starts_with('!'))
}

/// A line that would become two, or that a terminal would obey.
fn is_plain(line: &str) -> bool {
    !line.chars().any(|c| c.is_control() && c != '\t')
}
