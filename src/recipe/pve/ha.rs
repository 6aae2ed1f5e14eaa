//! High availability.

use crate::recipe::shorthand::{attempt, expected, file, pvesh, tree};
use crate::recipe::{Category, Product, Recipe, WayBack, When};

pub(super) const HA: Recipe = Recipe {
    id: "pve-ha",
    title: "High availability",
    product: Product::Pve,
    category: Category::PveHa,
    switch: None,
    when: When::Always,
    items: &[
        tree("/etc/pve/ha"),
        // `/cluster/ha/status` itself is only an index.
        expected(pvesh!("/cluster/ha/status/current"), "ha_status.json"),
        expected(pvesh!("/cluster/ha/status/manager_status"), "ha_manager_status.json"),
        expected(pvesh!("/cluster/ha/resources"), "ha_resources.json"),
        // PVE 9 has rules, 7 and 8 have groups; asking for the other one fails.
        attempt(pvesh!("/cluster/ha/rules"), "ha_rules.json"),
        attempt(pvesh!("/cluster/ha/groups"), "ha_groups.json"),
    ],
    secrets: &[],
    way_back: WayBack::Pmxcfs,
};

pub(super) const DEFAULTS: Recipe = Recipe {
    id: "pve-daemons",
    title: "Options of the PVE daemons",
    product: Product::Pve,
    category: Category::PveNode,
    switch: None,
    when: When::Always,
    items: &[file("/etc/default/pveproxy"), file("/etc/default/pve-ha-manager")],
    secrets: &[],
    way_back: WayBack::Files,
};
