//! Storage replication between nodes.

use crate::recipe::shorthand::{expected, file, pvesh};
use crate::recipe::{Category, Product, Recipe, Switch, WayBack, When};

const SWITCH: Switch = Switch::on("BACKUP_PVE_REPLICATION", &[], "storage replication jobs");

pub(super) const JOBS: Recipe = Recipe {
    id: "pve-replication",
    title: "Replication jobs",
    product: Product::Pve,
    category: Category::PveJobs,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[
        file("/etc/pve/replication.cfg"),
        expected(pvesh!("/cluster/replication"), "replication_jobs.json"),
        expected(pvesh!("/nodes/localhost/replication"), "replication_status.json"),
    ],
    secrets: &[],
    way_back: WayBack::Pmxcfs,
};

/// Names snapshots that exist on this node's disks only.
pub(super) const STATE: Recipe = Recipe {
    id: "pve-replication-state",
    title: "Replication state",
    product: Product::Pve,
    category: Category::PveJobs,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[file("/var/lib/pve-manager/pve-replication-state.json")],
    secrets: &[],
    way_back: WayBack::Export,
};
