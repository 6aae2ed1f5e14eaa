//! The configuration directory: what no other recipe claims of it, keys and certificates included.

use crate::recipe::shorthand::tree;
use crate::recipe::{Category, Item, Need, Product, Recipe, WayBack, When};

pub(super) const TREE: Recipe = Recipe {
    id: "pbs-config",
    title: "Configuration directory",
    product: Product::Pbs,
    category: Category::PbsConfig,
    switch: None,
    when: When::Always,
    // proxy.pem and proxy.key stay together with this: PVE storages and clients pin its fingerprint.
    items: &[Item::Tree("/etc/proxmox-backup", Need::Required)],
    secrets: &[
        "/etc/proxmox-backup/*.key",
        "/etc/proxmox-backup/proxy.pfx",
        "/etc/proxmox-backup/subscription",
        // Without these the synchronised data cannot be read.
        "/etc/proxmox-backup/encryption-keys/**",
    ],
    way_back: WayBack::PbsFiles,
};

/// When each job ran last.
pub(super) const STATE: Recipe = Recipe {
    id: "pbs-job-state",
    title: "State of scheduled jobs",
    product: Product::Pbs,
    category: Category::PbsJobs,
    switch: None,
    when: When::Always,
    items: &[tree("/var/lib/proxmox-backup/jobstates")],
    secrets: &[],
    way_back: WayBack::PbsFiles,
};
