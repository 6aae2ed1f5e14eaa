//! Usage graphs.

use crate::recipe::shorthand::tree;
use crate::recipe::{Category, Product, Recipe, Switch, WayBack, When};

pub(super) const STATISTICS: Recipe = Recipe {
    id: "pve-statistics",
    title: "Usage statistics",
    product: Product::Pve,
    category: Category::PveNode,
    // Changes every minute: with it no two backups would be the same.
    switch: Some(Switch::off("BACKUP_PVE_STATISTICS", &[], "usage graphs of nodes, guests and storages (large)")),
    when: When::Always,
    items: &[tree("/var/lib/rrdcached/db")],
    secrets: &[],
    way_back: WayBack::Files,
};
