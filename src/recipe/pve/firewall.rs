//! The Proxmox firewall: cluster, host, guest and network rules.

use crate::recipe::shorthand::{attempt, expected, pvesh, tree};
use crate::recipe::{Category, Item, Product, Recipe, Switch, WayBack, When};

const SWITCH: Switch = Switch::on("BACKUP_PVE_FIREWALL", &[], "Proxmox VE firewall rules");

pub(super) const RULES: Recipe = Recipe {
    id: "pve-firewall",
    title: "Firewall rules",
    product: Product::Pve,
    category: Category::PveFirewall,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[
        tree("/etc/pve/firewall"),
        tree("/etc/pve/sdn/firewall"),
        Item::Glob("/etc/pve/nodes/*/host.fw"),
        expected(pvesh!("/cluster/firewall/options"), "firewall_options.json"),
        expected(pvesh!("/cluster/firewall/rules"), "firewall_rules.json"),
        expected(pvesh!("/nodes/localhost/firewall/rules"), "firewall_host_rules.json"),
        expected(pvesh!("/nodes/localhost/firewall/options"), "firewall_host_options.json"),
        attempt(&["pve-firewall", "status"], "firewall_status.txt"),
        attempt(&["pve-firewall", "localnet"], "firewall_localnet.txt"),
        // Prints the rule set, changes nothing.
        attempt(&["pve-firewall", "compile"], "firewall_compiled.txt"),
    ],
    secrets: &[],
    way_back: WayBack::Pmxcfs,
};

pub(super) const STATE: Recipe = Recipe {
    id: "pve-firewall-state",
    title: "Firewall state of this node",
    product: Product::Pve,
    category: Category::PveFirewall,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[tree("/var/lib/pve-firewall")],
    secrets: &[],
    way_back: WayBack::Files,
};
