//! Virtual machines and containers.

use crate::recipe::shorthand::{expected, pvesh, tree};
use crate::recipe::{Category, Derived, Item, Product, Recipe, Switch, WayBack, When};

const SWITCH: Switch = Switch::on("BACKUP_VM_CONFIGS", &[], "configuration of virtual machines and containers");

pub(super) const CONFIGS: Recipe = Recipe {
    id: "pve-guests",
    title: "Guest configurations",
    product: Product::Pve,
    category: Category::PveGuests,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[
        Item::Glob("/etc/pve/nodes/*/qemu-server"),
        Item::Glob("/etc/pve/nodes/*/lxc"),
        Item::Glob("/etc/pve/nodes/*/openvz"),
        tree("/etc/pve/virtual-guest"),
        expected(pvesh!("/nodes/localhost/qemu"), "qemu.json"),
        expected(pvesh!("/nodes/localhost/lxc"), "lxc.json"),
    ],
    // Cloud-init password hashes.
    secrets: &["/etc/pve/nodes/*/qemu-server/**"],
    way_back: WayBack::Pmxcfs,
};

/// Hook scripts and cloud-init files that guest configurations name; the only storage content that
/// is configuration.
pub(super) const SNIPPETS: Recipe = Recipe {
    id: "pve-snippets",
    title: "Snippets of storages",
    product: Product::Pve,
    category: Category::PveGuests,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[tree("/var/lib/vz/snippets"), Item::Derived(Derived::StorageSnippets)],
    secrets: &["/var/lib/vz/snippets/**"],
    way_back: WayBack::Files,
};
