//! Services in the order in which they stop and start (`proxmox-facts` §7).

use super::steps::Deed;

/// The web side first; HA's local manager before the cluster's, so that no node is fenced; pmxcfs
/// and corosync last. `watchdog-mux` is never stopped: that resets the machine.
const PVE_STOP: &[(&str, &str)] = &[
    ("pvescheduler.service", "no job starts meanwhile"),
    ("pveproxy.service", "nobody changes anything meanwhile"),
    ("spiceproxy.service", "it reads the cluster file system"),
    ("pvedaemon.service", "nobody changes anything meanwhile"),
    ("pvestatd.service", "it reads the cluster file system"),
    ("pve-firewall.service", "it reads the cluster file system"),
    ("proxmox-firewall.service", "it reads the cluster file system"),
    ("pve-ha-lrm.service", "before the cluster's manager, or the node is fenced"),
    ("pve-ha-crm.service", "after the local manager"),
    ("pve-cluster.service", "a running pmxcfs would write its own database over the new one"),
    ("corosync.service", "it must not see the database change"),
];

/// The proxy calls the API.
const PBS_STOP: &[(&str, &str)] = &[
    ("proxmox-backup-daily-update.timer", "it writes into the configuration"),
    ("proxmox-backup-proxy.service", "it keeps the old configuration in memory"),
    ("proxmox-backup.service", "it keeps the old configuration in memory"),
];

/// The whole database: all of them.
pub(super) fn stop_pve() -> impl Iterator<Item = (Deed, String)> {
    stop(PVE_STOP)
}

/// The backup server.
pub(super) fn stop_pbs() -> impl Iterator<Item = (Deed, String)> {
    stop(PBS_STOP)
}

fn stop(units: &'static [(&'static str, &'static str)]) -> impl Iterator<Item = (Deed, String)> {
    units.iter().map(|(unit, why)| (Deed::Stop { unit: (*unit).to_owned() }, (*why).to_owned()))
}

/// What starts after pmxcfs, which starts by itself before.
pub(super) fn start_pve() -> impl Iterator<Item = (Deed, String)> {
    let units = PVE_STOP.iter().rev().filter(|(unit, _)| *unit != "pve-cluster.service" && *unit != "corosync.service");
    start(units)
}

/// The API before its proxy.
pub(super) fn start_pbs() -> impl Iterator<Item = (Deed, String)> {
    start(PBS_STOP.iter().rev())
}

fn start<'a>(
    units: impl Iterator<Item = &'a (&'static str, &'static str)> + 'a,
) -> impl Iterator<Item = (Deed, String)> + 'a {
    units.map(|(unit, _)| {
        (Deed::Start { unit: (*unit).to_owned() }, "it was stopped above; one that did not run stays".to_owned())
    })
}
