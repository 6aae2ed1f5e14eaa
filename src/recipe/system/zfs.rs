//! ZFS: options, identity, pools.

use crate::recipe::shorthand::{attempt, file, installed, tree};
use crate::recipe::{Category, Derived, Item, Product, Recipe, Switch, WayBack, When};

const SWITCH: Switch = Switch::on("BACKUP_ZFS_CONFIG", &[], "ZFS configuration and pool layout");

pub(super) const CONFIG: Recipe = Recipe {
    id: "system-zfs",
    title: "ZFS configuration",
    product: Product::System,
    category: Category::Zfs,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[tree("/etc/zfs"), file("/etc/default/zfs"), Item::Derived(Derived::ZfsKeys)],
    secrets: &["/etc/zfs/keys/**"],
    way_back: WayBack::Files,
};

/// Pools refuse a foreign host id, and the cache names devices of this machine.
pub(super) const IDENTITY: Recipe = Recipe {
    id: "system-zfs-identity",
    title: "Host id and pool cache",
    product: Product::System,
    category: Category::Zfs,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[file("/etc/hostid"), file("/etc/zfs/zpool.cache"), tree("/etc/zfs/zfs-list.cache")],
    secrets: &[],
    way_back: WayBack::SameHardware,
};

/// The device appears with the kernel module; without it every command here would fail.
pub(super) const STATE: Recipe = Recipe {
    id: "system-zfs-state",
    title: "ZFS pools and datasets",
    product: Product::System,
    category: Category::Info,
    switch: Some(SWITCH),
    when: When::PathExists("/dev/zfs"),
    items: &[
        installed(&["zpool", "status", "-P"], "zpool_status.txt"),
        installed(&["zpool", "list", "-Hp"], "zpool_list.txt"),
        attempt(&["zpool", "list", "-v", "-Hp"], "zpool_vdevs.txt"),
        attempt(&["zpool", "get", "-Hp", "all"], "zpool_get.txt"),
        // Without snapshots: a host may have a hundred thousand.
        installed(&["zfs", "list", "-Hp", "-t", "filesystem,volume"], "zfs_list.txt"),
        attempt(&["zfs", "get", "-Hp", "-s", "local,received", "-t", "filesystem,volume", "all"], "zfs_get.txt"),
    ],
    secrets: &[],
    way_back: WayBack::Export,
};
