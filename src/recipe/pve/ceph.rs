//! Ceph, both as a client of foreign clusters and run by PVE itself.

use crate::recipe::shorthand::{attempt, file, pvesh, tree};
use crate::recipe::{Category, Item, Product, Recipe, Switch, WayBack, When};

/// On by default: where there is no Ceph it costs nothing, where there is one the keys are all.
const SWITCH: Switch = Switch::on("BACKUP_CEPH_CONFIG", &[], "Ceph configuration and keyrings");

pub(super) const SHARED: Recipe = Recipe {
    id: "pve-ceph",
    title: "Ceph configuration",
    product: Product::Pve,
    category: Category::Ceph,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[
        file("/etc/pve/ceph.conf"),
        tree("/etc/pve/ceph"),
        file("/etc/pve/priv/ceph.client.admin.keyring"),
        file("/etc/pve/priv/ceph.mon.keyring"),
        tree("/etc/pve/priv/ceph"),
    ],
    secrets: &[
        "/etc/pve/ceph/*.keyring",
        "/etc/pve/priv/ceph.client.admin.keyring",
        "/etc/pve/priv/ceph.mon.keyring",
        "/etc/pve/priv/ceph/**",
    ],
    way_back: WayBack::Pmxcfs,
};

/// Keyrings of daemons are never written over a living cluster.
pub(super) const LOCAL: Recipe = Recipe {
    id: "pve-ceph-node",
    title: "Ceph files of this node",
    product: Product::Pve,
    category: Category::Ceph,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[
        tree("/etc/ceph"),
        file("/etc/default/ceph"),
        Item::Glob("/var/lib/ceph/bootstrap-*/*.keyring"),
        Item::Glob("/var/lib/ceph/*/*/keyring"),
    ],
    secrets: &["/etc/ceph/*.keyring", "/var/lib/ceph/bootstrap-*/*.keyring", "/var/lib/ceph/*/*/keyring"],
    way_back: WayBack::Export,
};

pub(super) const STATE: Recipe = Recipe {
    id: "pve-ceph-state",
    title: "Ceph state",
    product: Product::Pve,
    category: Category::Info,
    switch: Some(SWITCH),
    when: When::PathExists("/etc/pve/ceph.conf"),
    // A cluster without quorum answers nothing; that is its own alarm, not the backup's.
    items: &[
        attempt(&["ceph", "-s"], "ceph_status.txt"),
        attempt(&["ceph", "health", "detail"], "ceph_health.txt"),
        attempt(&["ceph", "osd", "df"], "ceph_osd_df.txt"),
        attempt(&["ceph", "osd", "tree"], "ceph_osd_tree.txt"),
        attempt(&["ceph", "mon", "stat"], "ceph_mon_stat.txt"),
        attempt(&["ceph", "pg", "stat"], "ceph_pg_stat.txt"),
        attempt(pvesh!("/nodes/localhost/ceph/cfg/db"), "ceph_config_db.json"),
        attempt(pvesh!("/nodes/localhost/ceph/pool"), "ceph_pools.json"),
    ],
    secrets: &[],
    way_back: WayBack::Export,
};
