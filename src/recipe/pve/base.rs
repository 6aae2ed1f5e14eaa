//! The cluster file system and its database: never switched off, a restore stands or falls with them.

use crate::recipe::{Item, Need, Product, Recipe, WayBack, When};

/// What no other recipe claims below `/etc/pve`.
pub(super) const TREE: Recipe = Recipe {
    id: "pve-config",
    title: "Cluster file system",
    product: Product::Pve,
    switch: None,
    when: When::Always,
    items: &[Item::Tree("/etc/pve", Need::Required)],
    secrets: &["/etc/pve/priv/**", "/etc/pve/nodes/*/priv/**"],
    way_back: WayBack::Pmxcfs,
};

/// Without a switch on purpose: a key about clusters must not cost a standalone node its database.
pub(super) const DATABASE: Recipe = Recipe {
    id: "pve-database",
    title: "Cluster database",
    product: Product::Pve,
    switch: None,
    when: When::Always,
    // The -wal and -shm files beside it are not ours: they belong to the running pmxcfs.
    items: &[Item::Database("/var/lib/pve-cluster/config.db", Need::Required)],
    secrets: &["/var/lib/pve-cluster/config.db"],
    way_back: WayBack::Pmxcfs,
};
