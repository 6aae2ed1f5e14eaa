//! What can be told of a path that one side does not hold: it is gone, or nobody looked.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Fact, Facts, Kind, Side, readable};
use crate::bundle::IndexEntry;
use crate::collect::REQUIRED_IS_ABSENT;
use crate::host::{CLUSTER_DIR, cluster_tree};
use crate::issue::{Issue, Severity};
use crate::plan::LeftOut;
use crate::system::System;

/// What can be told of paths a side does not hold.
pub enum Coverage {
    /// The index of a backup.
    Index(Box<Account>),
    /// A backup without index: which directories it has files of, and what was lost.
    Guess {
        /// Directories that hold files in it.
        directories: BTreeSet<Vec<u8>>,
        /// Why a path is not whole in it.
        lost: BTreeMap<Vec<u8>, String>,
    },
    /// This host: it can be asked.
    Host(HostCoverage),
}

/// What an index says beside its entries' facts.
#[derive(Debug, Default, Deserialize)]
pub struct Account {
    recipes: BTreeSet<String>,
    left_out: Vec<NotTaken>,
    issues: Vec<Issue>,
    skipped: Vec<(String, String)>,
    entries: Vec<IndexEntry>,
}

#[derive(Debug, Deserialize)]
struct NotTaken {
    recipe: String,
    reason: serde_json::Value,
}

impl NotTaken {
    /// Whether the host had nothing of it, rather than nobody looking.
    fn is_absent(&self) -> bool {
        ["product-absent", "path-absent"].iter().any(|kind| self.reason.get(kind).is_some())
            || self.reason == "not-clustered"
    }
}

/// This host.
pub struct HostCoverage {
    system: Arc<System>,
    /// Paths of a disk's cluster file system, which only its database has.
    tree: Option<BTreeSet<Vec<u8>>>,
    left_out: BTreeMap<&'static str, String>,
    issues: Vec<Issue>,
}

impl HostCoverage {
    /// `issues` are those of the collection, `left_out` those of its plan.
    pub fn new(system: &Arc<System>, left_out: &[LeftOut], issues: Vec<Issue>) -> Self {
        let nodes = cluster_tree(&system.root);
        let tree = nodes.map(|nodes| nodes.iter().map(|node| node.path.as_os_str().as_bytes().to_vec()).collect());
        let left_out = left_out.iter().map(|left| (left.recipe, left.reason.to_string())).collect();
        Self { system: Arc::clone(system), tree, left_out, issues }
    }

    fn has(&self, path: &[u8]) -> bool {
        let path = Path::new(OsStr::from_bytes(path));
        if let Some(tree) = self.tree.as_ref().filter(|_| path.starts_with(CLUSTER_DIR)) {
            return tree.contains(path.as_os_str().as_bytes());
        }
        // What cannot be looked at may be there.
        !matches!(self.system.root.stat(path), Ok(None))
    }
}

/// A path that only one side looked at, or that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotCompared {
    /// The path, readable.
    pub path: String,
    /// Why not.
    pub why: String,
    /// It should have been read: the sides cannot be called the same.
    pub is_unread: bool,
}

impl Coverage {
    /// Of a backup with this index. Recipes and gaps of the entries go into its facts.
    pub fn of_index(bytes: &[u8], facts: &mut Facts) -> Result<Self, serde_json::Error> {
        let account: Account = serde_json::from_slice(bytes)?;
        for entry in &account.entries {
            let path = [b"/", entry.name().as_slice()].concat();
            if let Some(fact) = facts.get_mut(&path) {
                fact.recipe.clone_from(&entry.recipe);
                fact.is_whole &= !entry.incomplete;
            }
        }
        facts.has_attributes = true;
        Ok(Self::Index(Box::new(Account { entries: Vec::new(), ..account })))
    }

    /// Of a backup without one.
    pub fn guess(facts: &Facts, lost: BTreeMap<Vec<u8>, String>) -> Self {
        let files = facts.iter().filter(|fact| fact.kind != Kind::Directory);
        Self::Guess { directories: files.map(|fact| parent(&fact.path).to_vec()).collect(), lost }
    }

    /// Why nothing can be told of a path that this side does not hold; `None`: it was not there.
    fn why_unknown(&self, fact: &Fact, own: &Facts) -> Option<NotCompared> {
        match self {
            Self::Index(account) => account.why_unknown(fact),
            Self::Guess { directories, lost } => match lost.get(&fact.path) {
                Some(why) => Some(unread(&fact.path, why)),
                None if is_known(&fact.path, directories, own) => None,
                None => Some(not_looked(&fact.path, "the older backup does not say whether it looked there")),
            },
            Self::Host(host) => host.has(&fact.path).then(|| host.why_not_read(fact)),
        }
    }
}

impl Account {
    fn why_unknown(&self, fact: &Fact) -> Option<NotCompared> {
        if let Some(issue) = failure(&self.issues, &fact.path) {
            return Some(unread(&fact.path, &issue.reason));
        }
        if let Some((_, why)) = self.skipped.iter().find(|(path, _)| lies_below(&fact.path, path.as_bytes())) {
            return Some(not_looked(&fact.path, &format!("left out of the backup: {why}")));
        }
        if fact.recipe.is_empty() || self.recipes.contains(&fact.recipe) {
            return None;
        }
        match self.left_out.iter().find(|left| left.recipe == fact.recipe) {
            Some(left) if left.is_absent() => None,
            _ => Some(not_looked(&fact.path, &format!("recipe {} is not in the backup", fact.recipe))),
        }
    }
}

impl HostCoverage {
    fn why_not_read(&self, fact: &Fact) -> NotCompared {
        if let Some(issue) = failure(&self.issues, &fact.path) {
            return unread(&fact.path, &issue.reason);
        }
        match self.left_out.get(fact.recipe.as_str()) {
            Some(why) => not_looked(&fact.path, &format!("recipe {} is left out now: {why}", fact.recipe)),
            None => not_looked(&fact.path, "the settings of today do not collect it"),
        }
    }
}

/// Takes out of `facts` what the other side cannot tell about; gives what and why.
pub(super) fn set_aside(facts: &mut Facts, other: &Side) -> Vec<NotCompared> {
    // Sockets and the like are in no backup: they are facts only against another kind.
    let is_stored = |fact: &&Fact| !matches!(fact.kind, Kind::Special(_));
    let missing = facts.iter().filter(|fact| other.facts.get(&fact.path).is_none()).filter(is_stored);
    let unknown: Vec<(Vec<u8>, NotCompared)> =
        missing.filter_map(|fact| Some((fact.path.clone(), other.coverage.why_unknown(fact, &other.facts)?))).collect();
    take_out(facts, unknown)
}

/// Takes out what was read on both sides, but not to its end.
pub(super) fn set_aside_unread(left: &mut Facts, right: &mut Facts) -> Vec<NotCompared> {
    let broken = left.iter().chain(right.iter()).filter(|fact| !fact.is_whole);
    let paths: BTreeSet<Vec<u8>> = broken.map(|fact| fact.path.clone()).collect();
    let unknown: Vec<_> = paths.into_iter().map(|path| (path.clone(), unread(&path, "was not read whole"))).collect();
    take_out(left, unknown.clone());
    take_out(right, unknown)
}

/// Files whose content alone can be compared.
pub(super) fn without_owner(left: &Facts, right: &Facts) -> Vec<NotCompared> {
    let both = left.iter().filter_map(|fact| Some((fact, right.get(&fact.path)?)));
    let doubtful = both.filter(|(before, after)| !(before.has_own_owner && after.has_own_owner));
    doubtful.map(|(fact, _)| not_looked(&fact.path, "the backup has no owner and mode of its own for it")).collect()
}

fn take_out(facts: &mut Facts, unknown: Vec<(Vec<u8>, NotCompared)>) -> Vec<NotCompared> {
    let take = |(path, why): (Vec<u8>, NotCompared)| {
        facts.remove(&path);
        why
    };
    unknown.into_iter().map(take).collect()
}

/// Older backups do not say what they looked at: where they have files, another one is new. In `/etc`
/// itself and the like they took single files, so that says nothing.
fn is_known(path: &[u8], directories: &BTreeSet<Vec<u8>>, own: &Facts) -> bool {
    let mut above = parent(path);
    while own.get(above).is_none() && !directories.contains(above) && !above.is_empty() {
        above = parent(above);
    }
    let is_deep = parent(above).len() > 1;
    is_deep && directories.contains(above)
}

fn parent(path: &[u8]) -> &[u8] {
    path.iter().rposition(|byte| *byte == b'/').map_or(&[], |slash| &path[..slash])
}

/// What went wrong when a path or a directory above it was read.
fn failure<'a>(issues: &'a [Issue], path: &[u8]) -> Option<&'a Issue> {
    let is_failure = |issue: &&Issue| issue.severity == Severity::Warning && issue.reason != REQUIRED_IS_ABSENT;
    issues.iter().filter(is_failure).find(|issue| lies_below(path, issue.subject.as_bytes()))
}

fn lies_below(path: &[u8], above: &[u8]) -> bool {
    let rest = path.strip_prefix(above).filter(|_| above.starts_with(b"/"));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

fn unread(path: &[u8], why: &str) -> NotCompared {
    NotCompared { path: readable(path).into_owned(), why: why.to_owned(), is_unread: true }
}

fn not_looked(path: &[u8], why: &str) -> NotCompared {
    NotCompared { path: readable(path).into_owned(), why: why.to_owned(), is_unread: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(paths: &[&str]) -> Facts {
        let mut facts = Facts::default();
        for path in paths {
            let (path, kind) = path.strip_suffix('/').map_or((*path, Kind::File), |dir| (dir, Kind::Directory));
            facts.insert(Fact::new(path.into(), kind));
        }
        facts
    }

    fn asked(coverage: &Coverage, own: &Facts, path: &str, recipe: &str) -> Option<String> {
        let fact = Fact { recipe: recipe.to_owned(), ..Fact::new(path.into(), Kind::File) };
        coverage.why_unknown(&fact, own).map(|unknown| unknown.why)
    }

    #[test]
    fn an_index_tells_what_was_looked_at() {
        let index = br#"{"recipes":["a"],"left_out":[{"recipe":"off","reason":{"switched-off":"K"}},
            {"recipe":"gone","reason":{"path-absent":"/x"}}],"skipped":[["/a/cache","excluded"]],
            "issues":[{"severity":"warning","stage":"collect","subject":"/a/hung","reason":"no answer"}],"entries":[]}"#;
        let mut own = Facts::default();
        let coverage = Coverage::of_index(index, &mut own).unwrap();

        assert_eq!(asked(&coverage, &own, "/a/new", "a"), None);
        assert_eq!(asked(&coverage, &own, "/x/new", "gone"), None);
        assert!(asked(&coverage, &own, "/o/new", "off").unwrap().contains("recipe off"));
        assert!(asked(&coverage, &own, "/n/new", "newer").unwrap().contains("recipe newer"));
        assert!(asked(&coverage, &own, "/a/cache/x", "a").unwrap().contains("excluded"));
        assert_eq!(asked(&coverage, &own, "/a/hung/x", "a").unwrap(), "no answer");
        assert_eq!(asked(&coverage, &own, "/a/hungry", "a"), None);
    }

    #[test]
    fn a_backup_without_index_is_believed_where_it_has_files() {
        let own = facts(&["/etc/", "/etc/hosts", "/etc/cron.d/", "/etc/cron.d/a", "/etc/empty/"]);
        let coverage = Coverage::guess(&own, BTreeMap::from([(b"/etc/cron.d/lost".to_vec(), "a piece".to_owned())]));

        assert_eq!(asked(&coverage, &own, "/etc/cron.d/b", ""), None);
        assert_eq!(asked(&coverage, &own, "/etc/cron.d/sub/b", ""), None);
        for path in ["/etc/motd", "/etc/empty/x", "/opt/x/y", "/etc/new/x"] {
            assert!(asked(&coverage, &own, path, "").is_some(), "{path}");
        }
        assert_eq!(asked(&coverage, &own, "/etc/cron.d/lost", "").unwrap(), "a piece");
    }
}
