//! How Proxmox VE's own files go back: the whole database on a fresh standalone node, file by file
//! into a running one, or not at all. Each refusal says why and what to do instead.

use std::cmp::Ordering;

use serde::Serialize;

use super::never;
use super::plan::Refusal;
use super::planned::PlannedFile;
use super::selection::{PveAsked, Selection};
use super::source::{CLUSTER, DATABASE, Source};
use super::target::{ClusterMount, Target};
use super::versions::Versions;
use crate::archive::printable;
use crate::recipe::Product;

/// How they go back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PveWay {
    /// There is nothing to bring back, or no Proxmox VE to bring it to.
    #[default]
    None,
    /// The database replaces the one here.
    Whole,
    /// One by one, below the mounted `/etc/pve`.
    Files,
    /// Put aside only.
    Export,
}

/// The way, and what there is to say about it.
#[derive(Debug, Default)]
pub(super) struct Choice {
    pub(super) way: PveWay,
    /// Why files are put aside only.
    pub(super) why_export: String,
    /// What keeps files from going below `/etc/pve` of a machine that runs: `why` and `instead`.
    pub(super) obstacle: Option<Refusal>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) remarks: Vec<String>,
}

/// How a node that is a member of a living cluster gets its place back.
const REJOIN: &str = "the running cluster is the truth. If this node was lost: on another member \
    `pvecm delnode NAME`, install the same release here with the same name and address, \
    `pvecm add ADDRESS-OF-A-MEMBER`, then `pvecm updatecerts`. Single files go back with \
    `--pve files --only PATH`; guests of this node with `--only pve-guests`";

pub(super) fn choose(source: &Source, target: &Target, selection: &Selection, versions: &Versions) -> Choice {
    let has_any = source.entries.iter().any(|entry| entry.path == DATABASE || entry.is_below(CLUSTER));
    if !has_any || !target.host.has(Product::Pve) {
        return Choice::default();
    }
    let against = why_not_whole(source, target, selection, versions);
    let mut choice = Choice::default();
    versions_of_database(source, target, &mut choice.remarks);
    choice.way = match selection.pve {
        PveAsked::Auto | PveAsked::Whole if against.is_empty() => PveWay::Whole,
        PveAsked::Whole => {
            choice.refusals.push(Refusal {
                what: "the whole cluster database".to_owned(),
                why: against.join("; "),
                instead: "leave `--pve whole` out to restore file by file".to_owned(),
            });
            "the whole database was asked for and cannot be used".clone_into(&mut choice.why_export);
            PveWay::Export
        }
        PveAsked::Auto | PveAsked::Files => by_files(target, &mut choice),
    };
    say(source, target, &against, selection, &mut choice);
    choice
}

fn by_files(target: &Target, choice: &mut Choice) -> PveWay {
    let (why, instead) = match (&target.pve.mount, target.pve.has_quorum) {
        (ClusterMount::Mounted, true) => return PveWay::Files,
        (ClusterMount::Mounted, false) => (
            "the cluster has no quorum, so /etc/pve takes no writes".to_owned(),
            "start the other members until `pvecm status` says `Quorate: Yes`; only if they are gone for good: \
             `pvecm expected 1`",
        ),
        (ClusterMount::Silent(why), _) => (
            format!("/etc/pve does not answer: {why}"),
            "`systemctl restart pve-cluster`, and look at `journalctl -u pve-cluster -u corosync`",
        ),
        (ClusterMount::Unmounted, _) => (
            "/etc/pve is not mounted here, and nothing is written into the directory below it".to_owned(),
            "`systemctl start pve-cluster`",
        ),
    };
    choice.why_export.clone_from(&why);
    // Of a disk that does not run nothing can be started: its files are put aside.
    choice.obstacle = target.is_running.then(|| Refusal {
        what: String::new(),
        why,
        instead: format!("{instead}; then plan again, or leave these files out: --exclude {}", printable(CLUSTER)),
    });
    PveWay::Export
}

/// Says what cannot be done before anything is: a restore that stops in its middle is worse.
pub(super) fn blocked(choice: &Choice, files: &[PlannedFile]) -> Option<Refusal> {
    let held_back = files.iter().filter(|file| file.is_held_back).count();
    let obstacle = choice.obstacle.clone().filter(|_| held_back > 0)?;
    let what = if held_back == 1 { "1 file" } else { &format!("{held_back} files") };
    Some(Refusal { what: format!("{what} below /etc/pve"), ..obstacle })
}

/// Everything that speaks against replacing the database.
fn why_not_whole(source: &Source, target: &Target, selection: &Selection, versions: &Versions) -> Vec<String> {
    let mut against = Vec::new();
    match &source.database {
        _ if source.get(DATABASE).is_none_or(|entry| !entry.is_plain_file() || entry.lost.is_some()) => {
            against.push("the backup holds no whole database".to_owned());
        }
        None => against.push("the backup holds no database that can be read".to_owned()),
        Some(database) if !source.has_index => {
            let lacking = plain_files(source).filter(|path| !database.files.contains_key(*path)).count();
            if lacking > 0 {
                against.push(format!(
                    "the database of the backup lacks {lacking} files that /etc/pve had: it was copied without its log"
                ));
            }
        }
        Some(_) => {}
    }
    let signs = target.pve.signs.iter().filter(|sign| !sign.is_fresh);
    against.extend(signs.map(|sign| format!("this is no fresh standalone node: {}", sign.what)));
    if target.pve.signs.is_empty() {
        against.push("nobody can tell whether this is a fresh node".to_owned());
    }
    if let ClusterMount::Silent(why) = &target.pve.mount {
        against.push(format!("/etc/pve does not answer: {why}"));
    }
    let (old, new) = (source.own_node(), target.host.name.as_str());
    if old != new {
        against.push(format!("the node of the backup is called `{old}` and this one `{new}`: set the name (/etc/hostname, /etc/hosts) and restart first"));
    }
    if !versions.has_same_pve {
        against.push("the backup is of another major release of Proxmox VE".to_owned());
    }
    if source.is_clustered() && selection.pve != PveAsked::Whole {
        against.push(
            "the backup is of a member of a cluster: if the cluster lives, join it again; only if all of it is lost, `--pve whole`"
                .to_owned(),
        );
    }
    let selected = |entry: &&super::Archived| selection.why_not(entry).is_some();
    let is_content =
        |entry: &&super::Archived| entry.path == DATABASE || (entry.is_below(CLUSTER) && never::why(entry).is_none());
    if source.entries.iter().filter(is_content).any(|entry| selected(&entry)) {
        against.push("not everything of /etc/pve is selected, and a database comes whole".to_owned());
    }
    against
}

fn plain_files(source: &Source) -> impl Iterator<Item = &str> {
    let files = source.entries.iter().filter(|entry| entry.is_below(CLUSTER) && entry.is_plain_file());
    files.filter(|entry| never::why(entry).is_none()).filter_map(|entry| std::str::from_utf8(&entry.path).ok())
}

/// In a cluster the database with the highest version wins against all others.
fn versions_of_database(source: &Source, target: &Target, remarks: &mut Vec<String>) {
    let version = |database: Option<&super::source::Database>| database.and_then(|database| database.version);
    if let (Some(there), Some(here)) = (version(source.database.as_ref()), version(target.pve.database.as_ref())) {
        // The number here grows with every write: a plan that named it would never be the same again.
        let (relation, winner) = match there.cmp(&here) {
            Ordering::Equal => return,
            Ordering::Less => ("lower than here", "the one here would replace it"),
            Ordering::Greater => ("higher than here", "the one of the backup would replace all others"),
        };
        remarks.push(format!(
            "the cluster database of the backup has version {there}, {relation}; between members of a cluster the \
             highest version wins: {winner}"
        ));
    }
}

fn say(source: &Source, target: &Target, against: &[String], selection: &Selection, choice: &mut Choice) {
    let has_database = source.get(DATABASE).is_some_and(|entry| selection.why_not(entry).is_none());
    // Who asks for single files has not asked for the database.
    if target.host.is_clustered && has_database && selection.pve != PveAsked::Files {
        choice.refusals.push(Refusal {
            what: "the cluster database of a member of a living cluster".to_owned(),
            why: "an old database would be thrown away by the other members, or win against all of them".to_owned(),
            instead: REJOIN.to_owned(),
        });
    } else if choice.way != PveWay::Whole && selection.pve == PveAsked::Auto && has_database {
        choice.remarks.push(format!("the cluster database is not replaced: {}", against.join("; ")));
    }
    if choice.way == PveWay::Whole {
        choice.remarks.push(
            "the database brings root@pam's second factors and API tokens of the backup; the password of root is this \
             machine's. Without the second factor: pveum user tfa delete root@pam, on the console"
                .to_owned(),
        );
        if !target.is_running {
            let after = "after the first start of the machine: pvecm updatecerts";
            choice.remarks.push(after.to_owned());
        }
        if source.is_clustered() {
            choice.remarks.push(
                "this node will be the first of the lost cluster: put /etc/corosync back from the exports, then \
                 `pvecm expected 1`; every other node is installed anew and joins"
                    .to_owned(),
            );
        }
    }
}
