//! What runs here: product versions, node state, subscription.

use crate::recipe::shorthand::{attempt, expected, file, pvesh};
use crate::recipe::{Category, Product, Recipe, WayBack, When};

pub(super) const VERSION: Recipe = Recipe {
    id: "pve-version",
    title: "Version and node state",
    product: Product::Pve,
    category: Category::Info,
    switch: None,
    when: When::Always,
    items: &[
        expected(&["pveversion", "--verbose"], "pveversion.txt"),
        expected(pvesh!("/version"), "version.json"),
        expected(pvesh!("/nodes"), "nodes.json"),
        expected(pvesh!("/nodes/localhost/status"), "node_status.json"),
        expected(pvesh!("/nodes/localhost/services"), "services.json"),
        expected(&["pvenode", "config", "get"], "node_config.txt"),
        expected(pvesh!("/cluster/status"), "cluster_status.json"),
        expected(pvesh!("/cluster/options"), "cluster_options.json"),
        expected(pvesh!("/cluster/resources"), "cluster_resources.json"),
        // Pending changes of the network are only here.
        expected(pvesh!("/nodes/localhost/network"), "network.json"),
        attempt(pvesh!("/nodes/localhost/apt/versions"), "apt_versions.json"),
        attempt(pvesh!("/nodes/localhost/apt/repositories"), "apt_repositories.json"),
    ],
    secrets: &[],
    way_back: WayBack::Export,
};

/// A key is bound to the server id of this hardware.
pub(super) const SUBSCRIPTION: Recipe = Recipe {
    id: "pve-subscription",
    title: "Subscription key",
    product: Product::Pve,
    category: Category::PveNode,
    switch: None,
    when: When::Always,
    items: &[file("/etc/subscription")],
    secrets: &["/etc/subscription"],
    way_back: WayBack::SameHardware,
};
