//! The whole plan: every path of the backup with its verdict, the steps, and what there is to say.

use std::collections::BTreeMap;

use serde::Serialize;

use super::afterwards::{Afterwards, ByHand, afterwards, by_hand};
use super::decide::{Context, decide, is_same_database};
use super::freshness::Sign;
use super::hostile;
use super::merging::merges;
use super::network::NicPair;
use super::networking::cards;
use super::owners::Owners;
use super::places::unmounted;
use super::planned::{PlannedFile, Stage, Verdict};
use super::selection::Selection;
use super::source::Source;
use super::steps::{Step, steps};
use super::target::Target;
use super::versions::Versions;
use super::way::{PveWay, blocked, choose};
use super::{merging, pbs};
use crate::host::Host;

/// Which backup a plan is of: an apply demands the same one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BackupFacts {
    /// The file.
    pub path: String,
    /// Its identity, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// SHA-256 of the archive, hex, where the backup tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// What could not be checked of it.
    pub unchecked: Vec<String>,
}

/// Something that is asked for and not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// What.
    pub what: String,
    /// In words.
    pub why: String,
    /// What to do.
    pub instead: String,
}

/// A datastore whose path is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissingStore {
    /// Its name.
    pub datastore: String,
    /// What to do.
    pub what: String,
}

/// What a restore would do.
#[derive(Clone, Debug, Serialize)]
pub struct RestorePlan {
    /// Of which backup.
    pub backup: BackupFacts,
    /// The machine it was taken of.
    pub from: Host,
    /// The machine it goes to.
    pub to: Host,
    /// What was asked for.
    pub selection: Selection,
    /// How Proxmox VE's own files go back.
    pub pve: PveWay,
    /// What tells a fresh node from one in use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signs: Vec<Sign>,
    /// Whether it holds what no backup tool writes: the first of the refusals says what. Then there
    /// are no steps, and nothing of it may be restored.
    pub is_hostile: bool,
    /// Not done, and why.
    pub refusals: Vec<Refusal>,
    /// Worth knowing.
    pub remarks: Vec<String>,
    /// How many paths have each verdict.
    pub counts: BTreeMap<Verdict, usize>,
    /// In the order in which they are done.
    pub steps: Vec<Step>,
    /// Every path of the backup, sorted.
    pub files: Vec<PlannedFile>,
    /// Names of network cards that differ.
    pub nic_proposal: Vec<NicPair>,
    /// Datastores that a person has to bring back.
    pub datastores: Vec<MissingStore>,
    /// To be done at the end.
    pub afterwards: Vec<Afterwards>,
    /// What never comes back by a restore.
    pub by_hand: Vec<ByHand>,
}

impl RestorePlan {
    /// What is put aside.
    pub fn exports(&self) -> impl Iterator<Item = &PlannedFile> {
        self.files.iter().filter(|file| file.stage == Stage::Export)
    }

    /// Whether the machine would be another one afterwards.
    pub fn changes_anything(&self) -> bool {
        self.files.iter().any(|file| file.verdict.changes())
    }

    /// The verdict on a path of the backup.
    pub fn file(&self, path: &str) -> Option<&PlannedFile> {
        self.files.iter().find(|file| file.path == path.as_bytes())
    }
}

/// Decides. Pure: the same facts give the same plan.
pub fn plan(source: &Source, target: &Target, selection: &Selection, backup: BackupFacts) -> RestorePlan {
    let versions = Versions::compare(&source.host, &target.host);
    let way = choose(source, target, selection, &versions);
    let merges = merges(source, target, selection);
    let cards = cards(source, target, selection);
    let owners = owners(target, &merges);
    let context = Context {
        source,
        target,
        selection,
        versions: &versions,
        way: &way,
        merges: &merges,
        cards: &cards,
        owners: &owners,
        unmounted: &unmounted(source, target),
        has_same_database: is_same_database(source, target),
    };
    let files: Vec<PlannedFile> = source.entries.iter().map(|entry| decide(entry, &context)).collect();
    let mut counts = BTreeMap::new();
    for file in &files {
        *counts.entry(file.verdict).or_insert(0) += 1;
    }
    let is_written =
        |path: &str| files.iter().any(|file| file.path == path.as_bytes() && file.verdict != Verdict::NotSelected);
    let after = afterwards(&files, target.is_running);
    let hostile = hostile::refusal(source);
    let missing = if is_written("/etc/proxmox-backup/datastore.cfg") && target.host.pbs.is_some() {
        pbs::missing_stores(source, |path| target.stores.get(path).copied())
    } else {
        Vec::new()
    };
    RestorePlan {
        from: source.host.clone(),
        to: target.host.clone(),
        selection: selection.clone(),
        pve: way.way,
        signs: if way.way == PveWay::None { Vec::new() } else { target.pve.signs.clone() },
        remarks: remarks(source, &backup, [&versions.remarks, &way.remarks, &cards.remarks]),
        is_hostile: hostile.is_some(),
        counts,
        steps: if hostile.is_some() { Vec::new() } else { steps(source, &files, &after, target.is_running) },
        refusals: hostile
            .into_iter()
            .chain(way.refusals.iter().cloned())
            .chain(blocked(&way, &files))
            .chain(cards.refusals.clone())
            .collect(),
        nic_proposal: cards.proposal.clone(),
        datastores: missing.into_iter().map(|(datastore, what)| MissingStore { datastore, what }).collect(),
        afterwards: after,
        by_hand: by_hand(source, &files),
        backup,
        files,
    }
}

/// Names as they will be: people who come back own their files.
fn owners(target: &Target, all: &merging::Merges) -> Owners {
    let text = |path: &str| match all.get(path) {
        Some(Ok(merged)) => merged.text.clone(),
        _ => target.text(path).unwrap_or_default(),
    };
    Owners::read(&text("/etc/passwd"), &text("/etc/group"))
}

fn remarks(source: &Source, backup: &BackupFacts, of_stages: [&Vec<String>; 3]) -> Vec<String> {
    let unchecked = backup.unchecked.iter().map(|what| format!("not checked: {what}"));
    let hostile = hostile::remark(source);
    source
        .unknown
        .iter()
        .cloned()
        .chain(hostile)
        .chain(unchecked)
        .chain(of_stages.into_iter().flatten().cloned())
        .collect()
}
