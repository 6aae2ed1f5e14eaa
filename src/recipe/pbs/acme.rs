//! ACME accounts and DNS plugins.

use crate::recipe::shorthand::{attempt, file, manager, tree};
use crate::recipe::{Category, Product, Recipe, Switch, WayBack, When};

pub(super) const ACCOUNTS: Recipe = Recipe {
    id: "pbs-acme-accounts",
    title: "ACME accounts",
    product: Product::Pbs,
    category: Category::PbsNode,
    switch: Some(Switch::on("BACKUP_PBS_ACME_ACCOUNTS", &[], "ACME accounts of the backup server")),
    when: When::Always,
    items: &[
        tree("/etc/proxmox-backup/acme/accounts"),
        attempt(manager!("acme", "account", "list"), "acme_accounts.json"),
    ],
    secrets: &["/etc/proxmox-backup/acme/accounts/**"],
    way_back: WayBack::PbsFiles,
};

pub(super) const PLUGINS: Recipe = Recipe {
    id: "pbs-acme-plugins",
    title: "ACME plugins",
    product: Product::Pbs,
    category: Category::PbsNode,
    switch: Some(Switch::on("BACKUP_PBS_ACME_PLUGINS", &[], "ACME DNS plugins of the backup server")),
    when: When::Always,
    items: &[
        file("/etc/proxmox-backup/acme/plugins.cfg"),
        attempt(manager!("acme", "plugin", "list"), "acme_plugins.json"),
    ],
    // Credentials of DNS providers.
    secrets: &["/etc/proxmox-backup/acme/plugins.cfg"],
    way_back: WayBack::PbsFiles,
};
