//! Options of the node and its network as PBS sees it.

use crate::recipe::shorthand::{expected, file, manager};
use crate::recipe::{Category, Product, Recipe, Switch, WayBack, When};

pub(super) const NODE: Recipe = Recipe {
    id: "pbs-node",
    title: "Node options",
    product: Product::Pbs,
    category: Category::PbsNode,
    switch: Some(Switch::on("BACKUP_PBS_NODE_CONFIG", &[], "node options of the backup server")),
    when: When::Always,
    items: &[file("/etc/proxmox-backup/node.cfg"), expected(manager!("node", "show"), "node.json")],
    secrets: &[],
    way_back: WayBack::PbsFiles,
};

pub(super) const NETWORK: Recipe = Recipe {
    id: "pbs-network",
    title: "Network as the backup server sees it",
    product: Product::Pbs,
    category: Category::Info,
    switch: Some(Switch::on("BACKUP_PBS_NETWORK_CONFIG", &[], "network and DNS as the backup server sees them")),
    when: When::Always,
    items: &[expected(manager!("network", "list"), "network.json"), expected(manager!("dns", "get"), "dns.json")],
    secrets: &[],
    way_back: WayBack::Export,
};

pub(super) const TRAFFIC: Recipe = Recipe {
    id: "pbs-traffic-control",
    title: "Traffic control",
    product: Product::Pbs,
    category: Category::PbsNode,
    switch: Some(Switch::on("BACKUP_PBS_TRAFFIC_CONTROL", &[], "traffic control rules")),
    when: When::Always,
    items: &[
        file("/etc/proxmox-backup/traffic-control.cfg"),
        expected(manager!("traffic-control", "list"), "traffic_control.json"),
    ],
    secrets: &[],
    way_back: WayBack::PbsFiles,
};

pub(super) const METRICS: Recipe = Recipe {
    id: "pbs-metrics",
    title: "External metric servers",
    product: Product::Pbs,
    category: Category::PbsNode,
    switch: Some(Switch::on("BACKUP_PBS_METRIC_SERVERS", &[], "external metric servers")),
    when: When::Always,
    items: &[file("/etc/proxmox-backup/metricserver.cfg")],
    // InfluxDB tokens.
    secrets: &["/etc/proxmox-backup/metricserver.cfg"],
    way_back: WayBack::PbsFiles,
};
