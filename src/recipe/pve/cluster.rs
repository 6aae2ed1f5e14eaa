//! Membership in a cluster. A standalone node has none of it and loses nothing by the switches.

use crate::recipe::shorthand::{expected, file, pvesh, tree};
use crate::recipe::{Category, Product, Recipe, Switch, WayBack, When};

const SWITCH: Switch = Switch::on(
    "BACKUP_CLUSTER_CONFIG",
    &[],
    "cluster membership: corosync.conf, authkey, pvecm (never config.db, which is always taken)",
);

pub(super) const COROSYNC_SHARED: Recipe = Recipe {
    id: "pve-cluster",
    title: "Cluster membership",
    product: Product::Pve,
    category: Category::Corosync,
    switch: Some(SWITCH),
    when: When::Clustered,
    items: &[
        file("/etc/pve/corosync.conf"),
        file("/etc/pve/corosync.conf.new"),
        expected(&["pvecm", "status"], "pvecm_status.txt"),
        expected(&["pvecm", "nodes"], "pvecm_nodes.txt"),
        expected(pvesh!("/cluster/config/nodes"), "cluster_nodes.json"),
        expected(pvesh!("/cluster/config/totem"), "cluster_totem.json"),
    ],
    secrets: &[],
    way_back: WayBack::Pmxcfs,
};

/// Revives the node's identity, or disturbs a living cluster: a human decides.
pub(super) const AUTHKEY: Recipe = Recipe {
    id: "pve-cluster-authkey",
    title: "Cluster key",
    product: Product::Pve,
    category: Category::Corosync,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[
        file("/etc/corosync/authkey"),
        // Dumps that `pvecm add` leaves behind; they hold every secret of the time.
        tree("/var/lib/pve-cluster/backup"),
    ],
    secrets: &["/etc/corosync/authkey", "/var/lib/pve-cluster/backup/**"],
    way_back: WayBack::Export,
};

pub(super) const COROSYNC_LOCAL: Recipe = Recipe {
    id: "pve-corosync",
    title: "Corosync on this node",
    product: Product::Pve,
    category: Category::Corosync,
    switch: Some(Switch::on("BACKUP_COROSYNC_CONFIG", &[], "corosync files of this node (/etc/corosync)")),
    when: When::Always,
    items: &[tree("/etc/corosync"), file("/etc/default/corosync")],
    secrets: &["/etc/corosync/qdevice/net/**"],
    way_back: WayBack::Export,
};
