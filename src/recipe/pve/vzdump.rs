//! Defaults of guest backups.

use crate::recipe::shorthand::{expected, file, pvesh};
use crate::recipe::{Category, Product, Recipe, Switch, WayBack, When};

pub(super) const VZDUMP: Recipe = Recipe {
    id: "pve-vzdump",
    title: "vzdump defaults",
    product: Product::Pve,
    category: Category::PveStorage,
    switch: Some(Switch::on("BACKUP_VZDUMP_CONFIG", &[], "defaults of guest backups (/etc/vzdump.conf)")),
    when: When::Always,
    items: &[file("/etc/vzdump.conf"), expected(pvesh!("/nodes/localhost/vzdump/defaults"), "vzdump_defaults.json")],
    secrets: &[],
    way_back: WayBack::Files,
};
