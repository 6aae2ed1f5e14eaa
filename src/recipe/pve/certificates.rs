//! Certificates, keys and ACME.

use crate::recipe::shorthand::{attempt, expected, file, pvesh, tree};
use crate::recipe::{Category, Item, Product, Recipe, WayBack, When};

/// PVE makes these itself: they return with the database, or `pvecm updatecerts` renews them.
pub(super) const OWN: Recipe = Recipe {
    id: "pve-certificates",
    title: "Own certificates and ticket keys",
    product: Product::Pve,
    category: Category::PveCertificates,
    switch: None,
    when: When::Always,
    items: &[
        file("/etc/pve/pve-root-ca.pem"),
        file("/etc/pve/priv/pve-root-ca.key"),
        file("/etc/pve/priv/pve-root-ca.srl"),
        file("/etc/pve/pve-www.key"),
        file("/etc/pve/authkey.pub"),
        file("/etc/pve/authkey.pub.old"),
        file("/etc/pve/priv/authkey.key"),
        Item::Glob("/etc/pve/nodes/*/pve-ssl.*"),
        expected(pvesh!("/nodes/localhost/certificates/info"), "certificates.json"),
    ],
    secrets: &[
        "/etc/pve/priv/pve-root-ca.key",
        "/etc/pve/pve-www.key",
        "/etc/pve/priv/authkey.key",
        "/etc/pve/nodes/*/pve-ssl.key",
    ],
    way_back: WayBack::Export,
};

pub(super) const ACME: Recipe = Recipe {
    id: "pve-acme",
    title: "ACME and custom certificates",
    product: Product::Pve,
    category: Category::PveCertificates,
    switch: None,
    when: When::Always,
    items: &[
        tree("/etc/pve/priv/acme"),
        Item::Glob("/etc/pve/nodes/*/pveproxy-ssl.*"),
        attempt(&["pvenode", "acme", "account", "list"], "acme_accounts.txt"),
        attempt(pvesh!("/cluster/acme/plugins"), "acme_plugins.json"),
    ],
    secrets: &["/etc/pve/priv/acme/**", "/etc/pve/nodes/*/pveproxy-ssl.key"],
    way_back: WayBack::Pmxcfs,
};
