//! Software-defined networks.

use crate::recipe::shorthand::{attempt, file, pvesh, tree};
use crate::recipe::{Category, Product, Recipe, WayBack, When};

pub(super) const SDN: Recipe = Recipe {
    id: "pve-sdn",
    title: "Software-defined networks",
    product: Product::Pve,
    category: Category::PveSdn,
    switch: None,
    when: When::Always,
    items: &[
        tree("/etc/pve/sdn"),
        // Where PVE 7 kept the state of its own address management.
        file("/etc/pve/priv/ipam.db"),
        file("/etc/pve/priv/macs.db"),
        file("/etc/pve/priv/wg-keys.cfg"),
        // A package of its own before PVE 8.1.
        attempt(pvesh!("/cluster/sdn/zones"), "sdn_zones.json"),
        attempt(pvesh!("/cluster/sdn/vnets"), "sdn_vnets.json"),
        attempt(pvesh!("/cluster/sdn/controllers"), "sdn_controllers.json"),
        // Since PVE 9.
        attempt(pvesh!("/cluster/sdn/fabrics/all"), "sdn_fabrics.json"),
    ],
    secrets: &["/etc/pve/sdn/ipams.cfg", "/etc/pve/sdn/dns.cfg", "/etc/pve/priv/wg-keys.cfg"],
    way_back: WayBack::Pmxcfs,
};

/// Written by PVE from the above; `pvesh set /cluster/sdn` makes it again.
pub(super) const GENERATED: Recipe = Recipe {
    id: "pve-sdn-generated",
    title: "Network files made from SDN",
    product: Product::Pve,
    category: Category::PveSdn,
    switch: None,
    when: When::Always,
    items: &[file("/etc/network/interfaces.d/sdn")],
    secrets: &[],
    way_back: WayBack::Export,
};
