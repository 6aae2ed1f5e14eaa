//! The comparison itself: two sets of facts in, changes out.

use std::collections::{BTreeMap, BTreeSet};

use super::{Choice, Fact, Facts, Kind, Text, readable};
use crate::archive::Digest;

/// One path that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it is now; of what is gone, where it was.
    pub path: Vec<u8>,
    /// Other names of the same file.
    pub also: Vec<Vec<u8>>,
    /// What happened to it.
    pub what: What,
    /// What it is: `file`, `directory`, `symlink`.
    pub kind: &'static str,
    /// What differs, when it is on both sides.
    pub details: Vec<Detail>,
    /// Its content may be a secret.
    pub is_secret: bool,
    /// Its lines, when they are wanted.
    pub text: Option<Text>,
}

/// What happened to a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Only the right side has it.
    Added,
    /// Only the left side has it.
    Removed,
    /// Both have it.
    Changed,
    /// The same file had this path on the left side.
    Moved(Vec<u8>),
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What it is.
    Kind(&'static str, &'static str),
    /// The bytes.
    Content,
    /// Rows of a database that belong to these files; none: something else in it.
    Rows(Vec<String>),
    /// Permission bits.
    Mode(u32, u32),
    /// Owner and group.
    Owner(String, String),
    /// Target of a symlink.
    Target(String, String),
    /// Values of extended attributes of these names.
    Attributes(Vec<String>),
}

impl Change {
    fn new(fact: &Fact, what: What, details: Vec<Detail>) -> Self {
        let (path, kind) = (fact.path.clone(), fact.kind.as_str());
        Self { path, also: Vec::new(), what, kind, details, is_secret: false, text: None }
    }

    /// Where it was on the left side.
    pub fn before(&self) -> &[u8] {
        match &self.what {
            What::Moved(from) => from,
            _ => &self.path,
        }
    }

    /// Whether there are bytes that differ.
    pub fn has_content(&self) -> bool {
        match self.what {
            What::Added | What::Removed => self.kind == "file",
            What::Changed => self.details.iter().any(|detail| matches!(detail, Detail::Content | Detail::Kind(..))),
            What::Moved(_) => false,
        }
    }
}

/// What differs, sorted by path.
pub(super) fn diff(left: &Facts, right: &Facts) -> Vec<Change> {
    let mut removed = one_sided(left, right);
    let mut added = one_sided(right, left);
    let mut changes = moves(&mut removed, &mut added, left.has_attributes && right.has_attributes);
    let both = left.iter().filter_map(|before| Some((before, right.get(&before.path)?)));
    // What happens to a file is told once, of its first name.
    let is_other_name = |(before, after): &(&Fact, &Fact)| before.same_as.is_some() && before.same_as == after.same_as;
    let (others, both): (Vec<_>, Vec<_>) = both.partition(is_other_name);
    let mut names: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
    for (fact, _) in others {
        names.entry(fact.same_as.clone().unwrap_or_default()).or_default().push(fact.path.clone());
    }
    changes.extend(both.into_iter().filter_map(|(before, after)| {
        let details = details(before, after, left.has_attributes && right.has_attributes);
        let also = names.remove(&before.path).unwrap_or_default();
        (!details.is_empty()).then(|| Change { also, ..Change::new(after, What::Changed, details) })
    }));
    changes.extend(removed.into_iter().map(|fact| Change::new(fact, What::Removed, Vec::new())));
    changes.extend(added.into_iter().map(|fact| Change::new(fact, What::Added, Vec::new())));
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

/// What only `own` has. A directory stands for itself only when nothing in it says the same.
fn one_sided<'a>(own: &'a Facts, other: &Facts) -> Vec<&'a Fact> {
    let is_stored = |fact: &&Fact| !matches!(fact.kind, Kind::Special(_));
    let only: Vec<&Fact> = own.iter().filter(|fact| other.get(&fact.path).is_none()).filter(is_stored).collect();
    let mut above = BTreeSet::new();
    for fact in &only {
        let slashes = fact.path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        above.extend(slashes.map(|at| &fact.path[..at]));
    }
    only.into_iter().filter(|fact| fact.kind != Kind::Directory || !above.contains(fact.path.as_slice())).collect()
}

/// Files that are gone here and new there with the same content. Of several with one content those
/// of the same file name are pairs; the others stay what they are.
fn moves<'a>(removed: &mut Vec<&'a Fact>, added: &mut Vec<&'a Fact>, with_attributes: bool) -> Vec<Change> {
    let (olds, news) = (by_content(removed), by_content(added));
    let mut pairs: Vec<(&Fact, &Fact)> = Vec::new();
    for (digest, olds) in &olds {
        let Some(news) = news.get(digest) else { continue };
        if let ([old], [new]) = (olds.as_slice(), news.as_slice()) {
            pairs.push((old, new));
            continue;
        }
        for old in olds {
            let same = |facts: &[&'a Fact]| {
                let mut named = facts.iter().copied().filter(|fact| file_name(fact) == file_name(old));
                (named.next(), named.next().is_none())
            };
            if let ((Some(_), true), (Some(new), true)) = (same(olds), same(news)) {
                pairs.push((old, new));
            }
        }
    }
    let gone: BTreeSet<&[u8]> = pairs.iter().map(|(old, _)| old.path.as_slice()).collect();
    let come: BTreeSet<&[u8]> = pairs.iter().map(|(_, new)| new.path.as_slice()).collect();
    removed.retain(|fact| !gone.contains(fact.path.as_slice()));
    added.retain(|fact| !come.contains(fact.path.as_slice()));
    let change = |(old, new): (&Fact, &Fact)| {
        Change::new(new, What::Moved(old.path.clone()), details(old, new, with_attributes))
    };
    pairs.into_iter().map(change).collect()
}

fn by_content<'a>(facts: &[&'a Fact]) -> BTreeMap<Digest, Vec<&'a Fact>> {
    let mut found: BTreeMap<Digest, Vec<&'a Fact>> = BTreeMap::new();
    // Empty files have nothing by which to know them.
    for fact in facts.iter().filter(|fact| fact.kind == Kind::File && fact.size > 0) {
        if let Some(digest) = fact.digest {
            found.entry(digest).or_default().push(fact);
        }
    }
    found
}

fn file_name(fact: &Fact) -> &[u8] {
    fact.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

fn details(before: &Fact, after: &Fact, with_attributes: bool) -> Vec<Detail> {
    let mut found = Vec::new();
    match (&before.kind, &after.kind) {
        // Their own facts are in no backup, and each tool has its own words for them.
        (Kind::Special(_), Kind::Special(_)) => return found,
        (Kind::Symlink(old), Kind::Symlink(new)) if old != new => {
            found.push(Detail::Target(readable(old).into_owned(), readable(new).into_owned()));
        }
        (old, new) if old != new => return vec![Detail::Kind(old.as_str(), new.as_str())],
        _ => {}
    }
    if !before.has_content_of(after) {
        found.push(Detail::Content);
    }
    if !(before.has_own_owner && after.has_own_owner) {
        return found;
    }
    let is_link = matches!(after.kind, Kind::Symlink(_));
    // Every symlink has the same mode, which some tools write and others do not.
    if before.mode != after.mode && !is_link {
        found.push(Detail::Mode(before.mode, after.mode));
    }
    if (before.uid, before.gid) != (after.uid, after.gid) {
        found.push(owner(before, after));
    }
    let attributes = differing_attributes(before, after);
    if with_attributes && !is_link && !attributes.is_empty() {
        found.push(Detail::Attributes(attributes));
    }
    found
}

/// By name; by number where two numbers have one name.
fn owner(before: &Fact, after: &Fact) -> Detail {
    let (old, new) = (before.owner(), after.owner());
    if old != new {
        return Detail::Owner(old, new);
    }
    let numbers = |fact: &Fact| format!("{}:{}", fact.uid, fact.gid);
    Detail::Owner(numbers(before), numbers(after))
}

fn differing_attributes(before: &Fact, after: &Fact) -> Vec<String> {
    let names: BTreeSet<&Vec<u8>> = before.xattrs.keys().chain(after.xattrs.keys()).collect();
    let differ = |name: &&Vec<u8>| before.xattrs.get(*name) != after.xattrs.get(*name);
    names.into_iter().filter(differ).map(|name| readable(name).into_owned()).collect()
}

/// A cluster database holds the files below `/etc/pve`: what those say already is not said again.
pub(super) fn explain_databases(changes: &mut Vec<Change>, left: &Facts, right: &Facts, choice: &Choice) {
    let told: BTreeSet<Vec<u8>> =
        changes.iter().flat_map(|change| [change.path.clone(), change.before().to_vec()]).collect();
    for change in changes.iter_mut() {
        let rows = |facts: &Facts| facts.get(&change.path).and_then(|fact| fact.rows.clone());
        let (Some(before), Some(after)) = (rows(left), rows(right)) else { continue };
        let (paths, has_more) = before.differences(&after);
        let paths: Vec<String> = paths
            .into_iter()
            .filter(|path| !choice.is_state(path) && !is_told(path, &told))
            .map(|path| readable(path).into_owned())
            .collect();
        change.details.retain(|detail| *detail != Detail::Content);
        if has_more || !paths.is_empty() {
            change.details.insert(0, Detail::Rows(paths));
        }
    }
    changes.retain(|change| change.what != What::Changed || !change.details.is_empty());
}

/// A directory is told by what lies in it.
fn is_told(path: &[u8], told: &BTreeSet<Vec<u8>>) -> bool {
    let below = [path, b"/"].concat();
    told.contains(path) || told.range(below.clone()..).next().is_some_and(|next| next.starts_with(&below))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, content: u8) -> Fact {
        Fact { size: 1, mode: 0o644, digest: Some([content; 32]), ..Fact::new(path.into(), Kind::File) }
    }

    fn facts(all: &[Fact]) -> Facts {
        let mut facts = Facts::default();
        facts.has_attributes = true;
        all.iter().cloned().for_each(|fact| facts.insert(fact));
        facts
    }

    fn told(left: &[Fact], right: &[Fact]) -> Vec<(String, What, Vec<Detail>)> {
        let changes = diff(&facts(left), &facts(right));
        changes.into_iter().map(|c| (readable(&c.path).into_owned(), c.what, c.details)).collect()
    }

    #[test]
    fn what_is_on_one_side_only_is_added_or_removed() {
        let found = told(&[file("/a", 1), file("/b", 2)], &[file("/b", 2), file("/c", 3)]);
        assert_eq!(found, [("/a".into(), What::Removed, vec![]), ("/c".into(), What::Added, vec![])]);
    }

    #[test]
    fn a_file_of_the_same_content_under_another_name_is_moved() {
        let found = told(&[file("/q/100.conf", 1)], &[Fact { mode: 0o600, ..file("/q/101.conf", 1) }]);
        assert_eq!(
            found,
            [("/q/101.conf".into(), What::Moved("/q/100.conf".into()), vec![Detail::Mode(0o644, 0o600)])]
        );
    }

    #[test]
    fn of_several_with_one_content_those_of_one_name_are_moved() {
        let left = [file("/a/100.conf", 1), file("/a/101.conf", 1), file("/a/x", 1)];
        let right = [file("/b/101.conf", 1), file("/b/100.conf", 1), file("/b/y", 1)];
        let whats: Vec<What> = told(&left, &right).into_iter().map(|(_, what, _)| what).collect();
        assert_eq!(
            whats,
            [What::Removed, What::Moved("/a/100.conf".into()), What::Moved("/a/101.conf".into()), What::Added]
        );
    }

    #[test]
    fn empty_files_are_never_moved() {
        let empty = |path: &str| Fact { size: 0, ..file(path, 1) };
        assert_eq!(told(&[empty("/a")], &[empty("/b")]).len(), 2);
    }

    #[test]
    fn a_directory_is_told_by_what_is_in_it() {
        let dir = |path: &str| Fact::new(path.into(), Kind::Directory);
        let found = told(&[], &[dir("/a"), dir("/a/b"), file("/a/b/c", 1), dir("/d")]);
        let paths: Vec<&str> = found.iter().map(|(path, _, _)| path.as_str()).collect();
        assert_eq!(paths, ["/a/b/c", "/d"]);
    }

    #[test]
    fn each_fact_that_differs_is_a_detail_and_a_time_is_none() {
        let before = file("/a", 1);
        let xattrs = BTreeMap::from([(b"user.x".to_vec(), "1".to_owned())]);
        let after =
            Fact { digest: Some([2; 32]), mode: 0o600, uid: 33, user: "www-data".into(), xattrs, ..before.clone() };
        let details = vec![
            Detail::Content,
            Detail::Mode(0o644, 0o600),
            Detail::Owner("0:0".into(), "www-data:0".into()),
            Detail::Attributes(vec!["user.x".into()]),
        ];
        assert_eq!(told(&[before], &[after]), [("/a".into(), What::Changed, details)]);
    }

    #[test]
    fn another_target_or_kind_is_a_change() {
        let link = |target: &str| Fact::new("/l".into(), Kind::Symlink(target.into()));
        assert_eq!(told(&[link("a")], &[link("b")])[0].2, [Detail::Target("a".into(), "b".into())]);
        assert_eq!(told(&[link("a")], &[file("/l", 1)])[0].2, [Detail::Kind("symlink", "file")]);
        let socket = Fact::new("/l".into(), Kind::Special("socket"));
        assert_eq!(told(&[file("/l", 1)], std::slice::from_ref(&socket))[0].2, [Detail::Kind("file", "socket")]);
        assert_eq!(told(&[], &[socket]), []);
    }

    #[test]
    fn attributes_that_a_backup_never_had_are_not_missing() {
        let after = Fact { xattrs: BTreeMap::from([(b"user.x".to_vec(), "1".to_owned())]), ..file("/a", 1) };
        let mut left = facts(&[file("/a", 1)]);
        left.has_attributes = false;
        assert_eq!(diff(&left, &facts(&[after])), []);
    }
}
