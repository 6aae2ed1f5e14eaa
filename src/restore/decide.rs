//! One verdict for each path: rules in the order in which they ask, the first answer counts.

use std::path::Path;

use super::live::{Live, LiveKind};
use super::merging::Merges;
use super::networking::Cards;
use super::owners::Owners;
use super::places::Unmounted;
use super::planned::{Attributes, PlannedFile, Stage, Verdict, exact};
use super::selection::Selection;
use super::source::{Archived, ArchivedKind, CLUSTER, DATABASE, Database, Source};
use super::target::{ClusterMount, Target};
use super::versions::Versions;
use super::way::Choice;
use super::{cluster, networking, never, pbs, places};
use crate::host::parse_sections;
use crate::recipe::{Product, WayBack};
use crate::system::{digest_hex, hex};

/// Everything that rules may ask.
pub(super) struct Context<'a> {
    pub(super) source: &'a Source,
    pub(super) target: &'a Target,
    pub(super) selection: &'a Selection,
    pub(super) versions: &'a Versions,
    pub(super) way: &'a Choice,
    pub(super) merges: &'a Merges,
    pub(super) cards: &'a Cards,
    pub(super) owners: &'a Owners,
    pub(super) unmounted: &'a [Unmounted],
    /// Whether the cluster database here holds the same files.
    pub(super) has_same_database: bool,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Decision {
    verdict: Verdict,
    reason: String,
    stage: Stage,
    rank: u8,
    is_held_back: bool,
    pub(super) content: Option<Vec<u8>>,
    pub(super) added: Vec<String>,
    left_out: Vec<super::LeftOut>,
}

impl Decision {
    pub(super) fn new(verdict: Verdict, reason: impl Into<String>) -> Self {
        let stage = match verdict {
            Verdict::Write | Verdict::Merge | Verdict::ThroughApi => Stage::Files,
            Verdict::ExportOnly => Stage::Export,
            Verdict::Unchanged | Verdict::Never | Verdict::NotSelected => Stage::Nowhere,
        };
        Self {
            verdict,
            reason: reason.into(),
            stage,
            rank: 0,
            is_held_back: false,
            content: None,
            added: Vec::new(),
            left_out: Vec::new(),
        }
    }

    pub(super) fn export(reason: impl Into<String>) -> Self {
        Self::new(Verdict::ExportOnly, reason)
    }

    /// Another stage than the usual one; what changes nothing has none.
    pub(super) fn at(self, stage: Stage) -> Self {
        if self.verdict.changes() { Self { stage, ..self } } else { self }
    }

    pub(super) fn rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    /// It would go back if the machine took it now.
    pub(super) fn held_back(self) -> Self {
        Self { is_held_back: true, ..self }
    }

    pub(super) fn changes(&self) -> bool {
        self.verdict.changes()
    }
}

type Rule = fn(&Archived, &Context<'_>) -> Option<Decision>;

/// The order matters: what can never be written comes before what somebody chose, what is here
/// already before every way of writing it, the ways of a product before the general ones.
const RULES: &[Rule] = &[
    |entry, _| entry.hostile.map(|hostile| Decision::new(Verdict::Never, hostile.why())),
    |entry, _| never::why(entry).map(|why| Decision::new(Verdict::Never, why)),
    |entry, context| context.selection.why_not(entry).map(|why| Decision::new(Verdict::NotSelected, why)),
    |entry, _| entry.lost.as_ref().map(|why| Decision::export(format!("it is not whole in the backup: {why}"))),
    unchanged,
    |entry, _| entry.is_output().then(|| Decision::export("it is what a command printed, for reading")),
    cluster::whole,
    product,
    |entry, context| context.versions.risk(&entry.path).map(Decision::export),
    names,
    exported,
    places::rule,
    conflict,
    cluster::one_by_one,
    of_pbs,
    packages,
    merged,
    networking::rule,
    hardware,
];

/// The verdict on one path.
pub(super) fn decide(entry: &Archived, context: &Context<'_>) -> PlannedFile {
    let decision = RULES.iter().find_map(|rule| rule(entry, context)).unwrap_or_else(|| write(entry, context));
    let destination = context.target.destination(context.source, &entry.path);
    let is_new = !context.live(&destination).is_some_and(Live::is_there);
    let has_attributes = decision.verdict.changes() && matches!(decision.stage, Stage::Files | Stage::Network);
    let (attributes, said) = context.attributes(entry);
    let is_told = has_attributes && decision.verdict != Verdict::Merge;
    let reason = match said.filter(|_| is_told) {
        Some(said) => format!("{}; owner {said}", decision.reason),
        None => decision.reason,
    };
    let of_text = decision.content.as_deref().map(digest_hex);
    let is_content = decision.verdict.changes() && entry.kind != ArchivedKind::Directory;
    let of_backup = || context.source.digest_of(entry).map(|digest| hex(&digest));
    PlannedFile {
        sha256: of_text.or_else(of_backup).filter(|_| is_content),
        path_hex: exact(&entry.path),
        destination: (destination != entry.path).then_some(destination),
        kind: entry.kind.as_str(),
        link: match &entry.kind {
            ArchivedKind::Symlink(to) | ArchivedKind::HardLink(to) => Some(to.clone()),
            _ => None,
        },
        size: decision.content.as_ref().map_or(context.source.inode(entry).size, |content| content.len() as u64),
        category: entry.category(),
        verdict: decision.verdict,
        reason,
        stage: decision.stage,
        rank: decision.rank,
        is_held_back: decision.is_held_back,
        is_new,
        attributes: has_attributes.then_some(attributes),
        content: decision.content,
        added: decision.added,
        left_out: decision.left_out,
        path: entry.path.clone(),
    }
}

impl Context<'_> {
    /// What lies under a path of the machine.
    pub(super) fn live(&self, path: &[u8]) -> Option<&Live> {
        self.target.live.get(path)
    }

    /// What lies where an entry would go.
    pub(super) fn live_of(&self, entry: &Archived) -> Option<&Live> {
        self.live(&self.target.destination(self.source, &entry.path))
    }

    /// Whether the cluster file system here hangs: then nobody knows what is in it.
    pub(super) fn is_silent(&self) -> bool {
        matches!(self.target.pve.mount, ClusterMount::Silent(_))
    }

    /// Owner and mode it shall have.
    fn attributes(&self, entry: &Archived) -> (Attributes, Option<String>) {
        let xattrs = self.source.inode(entry).xattrs.clone();
        if let Some(fixed) = pbs::attributes(entry, self.owners) {
            return (Attributes { xattrs, ..fixed }, None);
        }
        let (attributes, said) = self.owners.attributes(entry);
        let attributes = Attributes { xattrs, ..attributes };
        let kept = self.live_of(entry).filter(|live| live.kind == LiveKind::File || live.kind == LiveKind::Directory);
        match kept {
            // Merged texts keep owner and mode of the file here; so do those of unknown owner.
            Some(live) if !entry.has_own_owner || self.is_merged(entry) => {
                let xattrs = live.xattrs.clone();
                (Attributes { uid: live.uid, gid: live.gid, mode: live.mode, xattrs, ..attributes }, None)
            }
            None if !entry.has_own_owner => (Attributes { uid: 0, gid: 0, mode: 0o600, ..attributes }, None),
            _ => (attributes, said),
        }
    }

    fn is_merged(&self, entry: &Archived) -> bool {
        std::str::from_utf8(&entry.path).is_ok_and(|path| self.merges.contains_key(path))
    }

    /// The decision for a file that is merged.
    pub(super) fn merged(&self, entry: &Archived) -> Option<Decision> {
        let path = std::str::from_utf8(&entry.path).ok()?;
        let merged = match self.merges.get(path)? {
            Ok(merged) => merged,
            Err(why) => return Some(Decision::export(why)),
        };
        let here = self.target.text(path).unwrap_or_default();
        let verdict = if merged.text.trim_end() == here.trim_end() { Verdict::Unchanged } else { Verdict::Merge };
        let reason = match verdict {
            Verdict::Merge if merged.added.is_empty() => "settings are added, nothing is replaced".to_owned(),
            Verdict::Merge => format!("{} added, nothing is replaced", entries(merged.added.len())),
            _ if merged.left_out.is_empty() => "everything of it is here".to_owned(),
            _ => format!("nothing of it can be added, {} left out", entries(merged.left_out.len())),
        };
        let content = (verdict == Verdict::Merge).then(|| merged.text.clone().into_bytes());
        let (added, left_out) = (merged.added.clone(), merged.left_out.clone());
        Some(Decision { content, added, left_out, ..Decision::new(verdict, reason) })
    }

    /// What a replaced section file has here and the backup has not: it would be gone.
    pub(super) fn lost_sections(&self, entry: &Archived) -> String {
        let Some(path) =
            std::str::from_utf8(&entry.path).ok().filter(|path| Path::new(path).extension() == Some("cfg".as_ref()))
        else {
            return String::new();
        };
        let ids = |text: Option<String>| -> Vec<String> {
            parse_sections(&text.unwrap_or_default())
                .into_iter()
                .map(|section| format!("{} {}", section.kind, section.id))
                .collect()
        };
        let there = ids(self.source.text(path));
        let lost: Vec<String> = ids(self.target.text(path)).into_iter().filter(|id| !there.contains(id)).collect();
        if lost.is_empty() {
            String::new()
        } else {
            format!("; this is not in the backup and goes: {}", lost.join(", "))
        }
    }
}

/// Whether both cluster databases hold the same files.
pub(super) fn is_same_database(source: &Source, target: &Target) -> bool {
    let (there, here) = (&source.database, &target.pve.database);
    there.as_ref().zip(here.as_ref()).is_some_and(|(there, here)| lasting(there).eq(lasting(here)))
}

/// What the services write every few seconds makes no other database.
fn lasting(database: &Database) -> impl Iterator<Item = (&String, &Vec<u8>)> {
    database.files.iter().filter(|(path, _)| never::of_path(path.as_bytes()).is_none())
}

fn entries(count: usize) -> String {
    if count == 1 { "1 entry is".to_owned() } else { format!("{count} entries are") }
}

/// Here as it was: content, owner, mode, attributes. Times do not count.
fn unchanged(entry: &Archived, context: &Context<'_>) -> Option<Decision> {
    let same = || Some(Decision::new(Verdict::Unchanged, "it is here as it was"));
    if entry.path == DATABASE {
        return if context.has_same_database { same() } else { None };
    }
    let live = context.live_of(entry).filter(|live| live.behind.is_none())?;
    let is_cluster = entry.is_below(CLUSTER);
    let (attributes, _) = context.attributes(entry);
    let has_attributes =
        is_cluster || (live.uid, live.gid, live.mode) == (attributes.uid, attributes.gid, attributes.mode);
    match (&entry.kind, &live.kind) {
        (ArchivedKind::Directory, LiveKind::Directory) if entry.is_only_above => {
            Some(Decision::new(Verdict::Unchanged, "the directory is here and keeps owner and mode"))
        }
        (ArchivedKind::Directory, LiveKind::Directory) if has_attributes => same(),
        (ArchivedKind::Symlink(there), LiveKind::Symlink(here)) if there == here => same(),
        (ArchivedKind::File | ArchivedKind::HardLink(_), LiveKind::File) => {
            let digest = context.source.digest_of(entry);
            let has_xattrs = is_cluster || !context.source.has_index || same_xattrs(entry, live, context.source);
            if digest.is_some() && digest == live.digest && has_attributes && has_xattrs { same() } else { None }
        }
        _ => None,
    }
}

fn same_xattrs(entry: &Archived, live: &Live, source: &Source) -> bool {
    source.inode(entry).xattrs == live.xattrs
}

/// Files of a product that is not installed here.
fn product(entry: &Archived, context: &Context<'_>) -> Option<Decision> {
    let of_path = match () {
        () if pbs::is_of_pbs(entry) => Some(Product::Pbs),
        () if entry.is_below(CLUSTER) || entry.path == DATABASE => Some(Product::Pve),
        () => entry.recipe.map(|recipe| recipe.product),
    };
    let name = match of_path? {
        Product::Pve if !context.target.host.has(Product::Pve) => "Proxmox VE",
        Product::Pbs if !context.target.host.has(Product::Pbs) => "Proxmox Backup Server",
        _ => return None,
    };
    Some(Decision::export(format!("this machine has no {name}")))
}

/// The name of a node is part of its cluster file system, and must lead to an address.
fn names(entry: &Archived, context: &Context<'_>) -> Option<Decision> {
    let name = &context.target.host.name;
    if !context.target.host.has(Product::Pve) {
        return None;
    }
    match entry.path.as_slice() {
        b"/etc/hostname" => {
            Some(Decision::export(format!("the node is called `{name}`, and Proxmox VE cannot be renamed by a file")))
        }
        b"/etc/hosts" => {
            let text = context.source.text("/etc/hosts").unwrap_or_default();
            let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
            let mut words = lines.flat_map(|line| line.split_whitespace().skip(1));
            let is_named = words.any(|word| word.split('.').next() == Some(name.as_str()));
            let why =
                format!("it does not name this node, `{name}`: without that the cluster file system does not start");
            (!is_named).then(|| Decision::export(why))
        }
        _ => None,
    }
}

/// What is kept for reading.
fn exported(entry: &Archived, _: &Context<'_>) -> Option<Decision> {
    let is_export = entry.recipe.is_some_and(|recipe| recipe.way_back == WayBack::Export);
    // Below /etc/pve there are better words.
    (is_export && !entry.is_below(CLUSTER))
        .then(|| Decision::export("it is for reading and comparing: writing it would disturb what runs here"))
}

/// Something else is in its place.
fn conflict(entry: &Archived, context: &Context<'_>) -> Option<Decision> {
    if entry.is_below(CLUSTER) && context.is_silent() {
        // There are better words, and a refusal.
        return None;
    }
    let live = context.live_of(entry)?;
    if let Some(link) = &live.behind {
        return Some(Decision::export(format!("{link} is a symbolic link here, and a restore follows none")));
    }
    match (&entry.kind, &live.kind) {
        (_, LiveKind::Unreadable(why)) => Some(Decision::export(format!("what is here cannot be read: {why}"))),
        (_, LiveKind::Special(what)) => Some(Decision::export(format!("a {what} is here in its place"))),
        (ArchivedKind::Directory, LiveKind::File | LiveKind::Symlink(_)) => {
            Some(Decision::export("no directory is here in its place"))
        }
        (ArchivedKind::Directory, _) | (_, LiveKind::Absent | LiveKind::File | LiveKind::Symlink(_)) => None,
        (_, LiveKind::Directory) => Some(Decision::export("a directory is here in its place")),
    }
}

fn of_pbs(entry: &Archived, context: &Context<'_>) -> Option<Decision> {
    if !pbs::is_of_pbs(entry) {
        return None;
    }
    if let Some(decision) = context.merged(entry) {
        return Some(decision);
    }
    let why = format!("written with the backup server stopped{}", context.lost_sections(entry));
    Some(Decision::new(Verdict::Write, why))
}

fn packages(entry: &Archived, _: &Context<'_>) -> Option<Decision> {
    never::is_of_packages(entry).then(|| Decision::export("it belongs to packages, which bring their own"))
}

fn merged(entry: &Archived, context: &Context<'_>) -> Option<Decision> {
    let is_merge = entry.recipe.is_some_and(|recipe| recipe.way_back == WayBack::Merge);
    is_merge.then(|| {
        context.merged(entry).unwrap_or_else(|| Decision::export("it cannot be merged, and is never replaced"))
    })
}

/// What names the disks and cards of one machine.
fn hardware(entry: &Archived, context: &Context<'_>) -> Option<Decision> {
    let is_bound = entry.recipe.is_some_and(|recipe| recipe.way_back == WayBack::SameHardware);
    (is_bound && !context.selection.same_hardware)
        .then(|| Decision::export("it belongs to the disks and cards of one machine: --same-hardware writes it"))
}

fn write(entry: &Archived, context: &Context<'_>) -> Decision {
    let live = context.live_of(entry);
    let why = match (live.map(|live| &live.kind), &entry.kind) {
        (None | Some(LiveKind::Absent), ArchivedKind::Directory) => "the directory is not here",
        (None | Some(LiveKind::Absent), _) => "it is not here",
        (Some(LiveKind::Symlink(_)), ArchivedKind::File | ArchivedKind::HardLink(_)) => {
            "a symbolic link is here in its place"
        }
        (_, ArchivedKind::Directory) => "owner or mode differ",
        (_, ArchivedKind::Symlink(_)) => "it leads elsewhere here",
        (Some(live), _) if live == &LiveKind::File => "it differs from the one here",
        _ => "it differs here",
    };
    Decision::new(Verdict::Write, why)
}
