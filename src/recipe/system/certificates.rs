//! Certificates of the system.

use crate::recipe::shorthand::{file, tree};
use crate::recipe::{Category, Product, Recipe, Switch, WayBack, When};

pub(super) const CERTIFICATES: Recipe = Recipe {
    id: "system-certificates",
    title: "Certificates and authorities",
    product: Product::System,
    category: Category::Ssl,
    switch: Some(Switch::on("BACKUP_SSL_CERTS", &[], "certificates, private keys and local authorities (/etc/ssl)")),
    when: When::Always,
    items: &[
        tree("/etc/ssl"),
        tree("/usr/local/share/ca-certificates"),
        file("/etc/ca-certificates.conf"),
        tree("/etc/ca-certificates"),
        tree("/etc/letsencrypt"),
    ],
    secrets: &["/etc/ssl/private/**", "/etc/letsencrypt/archive/**", "/etc/letsencrypt/accounts/**"],
    way_back: WayBack::Files,
};
