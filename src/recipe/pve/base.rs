//! The cluster file system and its database: never switched off, a restore stands or falls with them.

use crate::recipe::shorthand::file;
use crate::recipe::{Category, Item, Need, Product, Recipe, WayBack, When};

/// What no other recipe claims below `/etc/pve`.
pub(super) const TREE: Recipe = Recipe {
    id: "pve-config",
    title: "Cluster file system",
    product: Product::Pve,
    category: Category::PveCluster,
    switch: None,
    when: When::Always,
    items: &[Item::Tree("/etc/pve", Need::Required)],
    secrets: &["/etc/pve/priv/**", "/etc/pve/nodes/*/priv/**"],
    way_back: WayBack::Pmxcfs,
};

/// What pmxcfs tells of itself: which files, members and guests there were. Made up on reading, so
/// there is nothing to write back.
pub(super) const VIEW: Recipe = Recipe {
    id: "pve-cluster-view",
    title: "Members and guests as the cluster file system saw them",
    product: Product::Pve,
    category: Category::Info,
    switch: None,
    when: When::Always,
    items: &[file("/etc/pve/.version"), file("/etc/pve/.members"), file("/etc/pve/.vmlist")],
    secrets: &[],
    way_back: WayBack::Export,
};

/// Without a switch on purpose: a key about clusters must not cost a standalone node its database.
pub(super) const DATABASE: Recipe = Recipe {
    id: "pve-database",
    title: "Cluster database",
    product: Product::Pve,
    category: Category::PveCluster,
    switch: None,
    when: When::Always,
    // The -wal and -shm files beside it are not ours: they belong to the running pmxcfs.
    items: &[Item::Database("/var/lib/pve-cluster/config.db", Need::Required)],
    secrets: &["/var/lib/pve-cluster/config.db"],
    way_back: WayBack::Pmxcfs,
};
