//! Network configuration and what the kernel made of it.

use crate::recipe::shorthand::{attempt, attempt_each, file, installed, tree};
use crate::recipe::{Category, Inventory, Item, Names, Need, Product, Recipe, Switch, WayBack, When};

const SWITCH: Switch = Switch::on("BACKUP_NETWORK_CONFIGS", &["BACKUP_NETWORK_CONFIG"], "network configuration");

pub(super) const CONFIG: Recipe = Recipe {
    id: "system-network",
    title: "Network configuration",
    product: Product::System,
    category: Category::Network,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[
        tree("/etc/network"),
        Item::File("/etc/network/interfaces", Need::Required),
        tree("/etc/netplan"),
        tree("/etc/systemd/network"),
        tree("/etc/NetworkManager/system-connections"),
        tree("/etc/cloud/cloud.cfg.d"),
        tree("/etc/dhcp"),
        file("/etc/dnsmasq.conf"),
        tree("/etc/dnsmasq.d"),
        Item::Glob("/etc/default/dnsmasq*"),
        tree("/etc/frr"),
        tree("/etc/openvswitch"),
        tree("/etc/wireguard"),
        tree("/etc/ppp"),
        file("/etc/gai.conf"),
        file("/etc/hosts.allow"),
        file("/etc/hosts.deny"),
        file("/etc/networks"),
        file("/etc/ethers"),
        file("/etc/iproute2/rt_tables"),
        tree("/etc/iproute2/rt_tables.d"),
    ],
    secrets: &[
        "/etc/NetworkManager/system-connections/**",
        "/etc/wireguard/**",
        "/etc/ppp/*-secrets",
        "/etc/netplan/**",
    ],
    way_back: WayBack::Network,
};

/// Names pinned to the MAC addresses of this machine.
pub(super) const NIC_NAMES: Recipe = Recipe {
    id: "system-nic-names",
    title: "Pinned interface names",
    product: Product::System,
    category: Category::Network,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[
        // Where PVE 9 and PBS 4 pin names.
        tree("/usr/local/lib/systemd/network"),
        Item::Glob("/etc/systemd/network/*.link"),
        Item::Glob("/etc/udev/rules.d/*persistent*"),
    ],
    secrets: &[],
    way_back: WayBack::SameHardware,
};

pub(super) const STATE: Recipe = Recipe {
    id: "system-network-state",
    title: "Addresses, routes, bridges",
    product: Product::System,
    category: Category::Info,
    switch: None,
    when: When::Always,
    items: &[
        Item::Inventory(Inventory::Network, "network-inventory.json"),
        installed(&["ip", "addr", "show"], "ip_addr.txt"),
        installed(&["ip", "-j", "addr", "show"], "ip_addr.json"),
        installed(&["ip", "-s", "link"], "ip_link.txt"),
        installed(&["ip", "-j", "link"], "ip_link.json"),
        installed(&["ip", "rule", "show"], "ip_rule.txt"),
        installed(&["ip", "-j", "rule", "show"], "ip_rule.json"),
        installed(&["ip", "route", "show"], "ip_route.txt"),
        installed(&["ip", "-j", "route", "show"], "ip_route.json"),
        installed(&["ip", "-4", "route", "show", "table", "all"], "ip_route_all_v4.txt"),
        // Fails with IPv6 off.
        attempt(&["ip", "-6", "route", "show", "table", "all"], "ip_route_all_v6.txt"),
        installed(&["ip", "neigh", "show"], "ip_neigh.txt"),
        installed(&["ip", "-j", "neigh", "show"], "ip_neigh.json"),
        attempt(&["bridge", "-d", "link", "show"], "bridge_link.txt"),
        attempt(&["bridge", "vlan", "show"], "bridge_vlan.txt"),
        attempt(&["bridge", "fdb", "show"], "bridge_fdb.txt"),
        attempt(&["bridge", "mdb", "show"], "bridge_mdb.txt"),
        attempt_each(Names::NetworkInterfaces, &["ethtool", "-i", "{}"], "ethtool_driver_{}.txt"),
        attempt_each(Names::NetworkInterfaces, &["ethtool", "-P", "{}"], "ethtool_mac_{}.txt"),
        attempt_each(
            Names::NetworkInterfaces,
            &["udevadm", "info", "--query=property", "--path=/sys/class/net/{}"],
            "udev_{}.txt",
        ),
    ],
    secrets: &[],
    way_back: WayBack::Export,
};

pub(super) const FIREWALL: Recipe = Recipe {
    id: "system-firewall",
    title: "Packet filter files",
    product: Product::System,
    category: Category::Services,
    switch: None,
    when: When::Always,
    items: &[
        tree("/etc/iptables"),
        file("/etc/nftables.conf"),
        tree("/etc/nftables.d"),
        tree("/etc/ufw"),
        tree("/etc/firewalld"),
        tree("/etc/fail2ban"),
    ],
    secrets: &[],
    way_back: WayBack::Files,
};

/// Off, because on a Proxmox host the rules are generated and count every packet.
pub(super) const FIREWALL_RULES: Recipe = Recipe {
    id: "system-firewall-rules",
    title: "Packet filter rules in the kernel",
    product: Product::System,
    category: Category::Info,
    switch: Some(Switch::off("BACKUP_FIREWALL_RULES", &[], "dump of the packet filter rules in the kernel")),
    when: When::Always,
    items: &[
        attempt(&["iptables-save"], "iptables.txt"),
        attempt(&["ip6tables-save"], "ip6tables.txt"),
        attempt(&["nft", "list", "ruleset"], "nftables.txt"),
        attempt(&["ufw", "status", "verbose"], "ufw_status.txt"),
        attempt(&["firewall-cmd", "--list-all"], "firewalld.txt"),
    ],
    secrets: &[],
    way_back: WayBack::Export,
};
