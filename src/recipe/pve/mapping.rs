//! Resource mappings: names for PCI devices, USB devices and directories.

use crate::recipe::shorthand::{attempt, pvesh, tree};
use crate::recipe::{Category, Product, Recipe, WayBack, When};

/// Since PVE 8, directories since 8.3; on standalone nodes too.
pub(super) const MAPPING: Recipe = Recipe {
    id: "pve-mapping",
    title: "Resource mappings",
    product: Product::Pve,
    category: Category::PveGuests,
    switch: None,
    when: When::Always,
    items: &[
        tree("/etc/pve/mapping"),
        attempt(pvesh!("/cluster/mapping/pci"), "mapping_pci.json"),
        attempt(pvesh!("/cluster/mapping/usb"), "mapping_usb.json"),
        attempt(pvesh!("/cluster/mapping/dir"), "mapping_dir.json"),
        attempt(pvesh!("/nodes/localhost/hardware/pci"), "hardware_pci.json"),
    ],
    secrets: &[],
    way_back: WayBack::Pmxcfs,
};
