//! Files of the cluster file system, one by one: create and rename below the mounted `/etc/pve`,
//! storages before guests, nothing that the cluster makes itself.

use super::decide::{Context, Decision};
use super::planned::{Stage, Verdict};
use super::selection::GuestPolicy;
use super::source::{Archived, ArchivedKind, CLUSTER, DATABASE, node_of};
use super::target::{ClusterMount, Guest, guest_of};
use super::way::PveWay;
use crate::pattern::Pattern;
use crate::recipe::WayBack;

/// What is put aside when files go back one by one, and why.
const ASIDE: &[(&[&str], &str)] = &[
    (
        &[
            "/etc/pve/nodes/*/pve-ssl.*",
            "/etc/pve/pve-root-ca.*",
            "/etc/pve/priv/pve-root-ca.*",
            "/etc/pve/authkey.*",
            "/etc/pve/priv/authkey.key",
            "/etc/pve/pve-www.key",
        ],
        "the node has its own certificates and keys, which `pvecm updatecerts` makes",
    ),
    (&["/etc/pve/corosync.conf"], "membership in a cluster is made by `pvecm`"),
    (
        &["/etc/pve/priv/authorized_keys", "/etc/pve/priv/known_hosts", "/etc/pve/nodes/*/ssh_known_hosts"],
        "`pvecm updatecerts` keeps the SSH keys of nodes",
    ),
    (&["/etc/pve/vzdump.cron"], "the old form of backup jobs: they would run twice beside those of jobs.cfg"),
];

/// Order in which files are created: guests name storages, jobs and HA name guests.
const RANKS: &[(&[&str], u8)] = &[
    (&["/etc/pve/storage.cfg", "/etc/pve/datacenter.cfg", "/etc/pve/priv/storage/**", "/etc/pve/priv/zfs/**"], 0),
    (&["/etc/pve/domains.cfg", "/etc/pve/user.cfg"], 1),
    (&["/etc/pve/priv/shadow.cfg", "/etc/pve/priv/token.cfg", "/etc/pve/priv/tfa.cfg"], 2),
    (&["/etc/pve/mapping/**"], 3),
    (&["/etc/pve/sdn/**"], 4),
    (&["/etc/pve/nodes/*/qemu-server/**", "/etc/pve/nodes/*/lxc/**"], 6),
    (&["/etc/pve/firewall/**", "/etc/pve/nodes/*/host.fw"], 7),
    (&["/etc/pve/jobs.cfg", "/etc/pve/replication.cfg", "/etc/pve/ha/**"], 8),
];
const USUAL_RANK: u8 = 5;

/// Ceph's shared files, which another running cluster must not get.
const CEPH: &[&str] = &["/etc/pve/ceph.conf", "/etc/pve/ceph/**", "/etc/pve/priv/ceph.*", "/etc/pve/priv/ceph/**"];

fn rank(path: &[u8]) -> u8 {
    let row = RANKS.iter().find(|(patterns, _)| patterns.iter().any(|it| Pattern::new(it).covers(path)));
    row.map_or(USUAL_RANK, |(_, rank)| *rank)
}

/// What comes with the database needs no way of its own.
pub(super) fn whole(entry: &Archived, context: &Context<'_>) -> Option<Decision> {
    if entry.is_below(CLUSTER) && context.has_same_database && context.target.pve.mount == ClusterMount::Unmounted {
        return Some(Decision::new(Verdict::Unchanged, "the cluster database here holds the same files"));
    }
    if context.way.way != PveWay::Whole {
        return None;
    }
    if entry.path == DATABASE {
        return Some(Decision::new(Verdict::Write, "it replaces the database of the fresh node").at(Stage::Database));
    }
    if !entry.is_below(CLUSTER) {
        return None;
    }
    let path = std::str::from_utf8(&entry.path).unwrap_or_default();
    let is_in = |files: &std::collections::BTreeMap<String, Vec<u8>>| {
        files.contains_key(path) || entry.kind == ArchivedKind::Directory
    };
    Some(if context.source.database.as_ref().is_some_and(|database| is_in(&database.files)) {
        Decision::new(Verdict::ThroughApi, "it comes back with the cluster database").at(Stage::Database)
    } else {
        Decision::export("the cluster database of the backup does not hold it")
    })
}

/// One file below `/etc/pve`, or the database when it is not used.
pub(super) fn one_by_one(entry: &Archived, context: &Context<'_>) -> Option<Decision> {
    if entry.path == DATABASE {
        return Some(Decision::export(
            "a database goes back whole or not at all, and only on a fresh standalone node; its files can be looked at",
        ));
    }
    if !entry.is_below(CLUSTER) {
        return None;
    }
    if context.way.way != PveWay::Files && context.way.obstacle.is_none() {
        return Some(Decision::export(&context.way.why_export));
    }
    if let Some(aside) = put_aside(entry, context) {
        return Some(aside);
    }
    let decision = guest(entry, context).unwrap_or_else(|| back(entry, context));
    // Of a file system that hangs nobody knows what would change.
    let may_change = decision.changes() || context.is_silent();
    Some(match context.way.obstacle {
        Some(_) if may_change => Decision::export(&context.way.why_export).held_back(),
        _ => decision,
    })
}

fn put_aside(entry: &Archived, context: &Context<'_>) -> Option<Decision> {
    let covers = |patterns: &&[&str]| patterns.iter().any(|it| Pattern::new(it).covers(&entry.path));
    if let Some((_, why)) = ASIDE.iter().find(|(patterns, _)| covers(patterns)) {
        return Some(Decision::export(*why));
    }
    if entry.recipe.is_some_and(|recipe| recipe.way_back == WayBack::Export) {
        return Some(Decision::export("it is for reading and comparing"));
    }
    if covers(&CEPH) && context.live(b"/etc/pve/ceph.conf").is_some_and(super::Live::is_there) {
        return Some(Decision::export("keys and settings of Ceph never go over those of a living cluster"));
    }
    let other = node_of(entry).filter(|node| *node != context.source.own_node())?;
    Some(Decision::export(format!("it belongs to the node `{other}`, which this machine is not")))
}

fn guest(entry: &Archived, context: &Context<'_>) -> Option<Decision> {
    let (number, guest) = guest_of(std::str::from_utf8(&entry.path).ok()?)?;
    let Some(here) = context.target.pve.guests.get(&number) else {
        let why = format!("guest {number} comes back, after the storages; its disks have to be there");
        return Some(Decision::new(Verdict::ThroughApi, why).at(Stage::Cluster).rank(rank(&entry.path)));
    };
    let is_same_place = *here == Guest { node: context.target.host.name.clone(), kind: guest.kind };
    Some(match context.selection.guests {
        // First of all: no policy brings it, and none must be promised to.
        _ if !is_same_place => {
            let Guest { node, kind } = here;
            Decision::export(format!(
                "guest {number} exists as {kind} on node `{node}`: the cluster takes no second one"
            ))
        }
        GuestPolicy::Replace => {
            let why = format!("guest {number} exists here and is replaced: --guests replace");
            Decision::new(Verdict::ThroughApi, why).at(Stage::Cluster).rank(rank(&entry.path))
        }
        GuestPolicy::Skip => Decision::export(format!("guest {number} exists here and stays: --guests skip")),
        GuestPolicy::Report => Decision::export(format!(
            "guest {number} exists here with another configuration: --guests replace takes the backup's"
        )),
    })
}

fn back(entry: &Archived, context: &Context<'_>) -> Decision {
    let rank = rank(&entry.path);
    if let Some(decision) = context.merged(entry) {
        return decision.at(Stage::Cluster).rank(rank);
    }
    if matches!(entry.kind, ArchivedKind::Symlink(_)) {
        return Decision::export("the cluster file system has no symbolic links");
    }
    let at_once = if is_firewall(&entry.path) { "; rules count at once: keep a console open" } else { "" };
    let is_there = context.live_of(entry).is_some_and(super::Live::is_there);
    let why = match (is_there, &entry.kind) {
        (_, ArchivedKind::Directory) => "the directory is made below /etc/pve".to_owned(),
        (true, _) => {
            format!("it replaces the one here, through /etc/pve{}{at_once}", context.lost_sections(entry))
        }
        (false, _) => format!("it is created through /etc/pve{at_once}"),
    };
    Decision::new(Verdict::ThroughApi, why).at(Stage::Cluster).rank(rank)
}

/// Wrong rules lock everybody out within seconds.
fn is_firewall(path: &[u8]) -> bool {
    ["/etc/pve/firewall/**", "/etc/pve/sdn/firewall/**", "/etc/pve/nodes/*/host.fw"]
        .iter()
        .any(|it| Pattern::new(it).covers(path))
}
