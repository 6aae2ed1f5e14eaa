//! What runs here.

use crate::recipe::shorthand::{attempt, expected, manager};
use crate::recipe::{Category, Product, Recipe, WayBack, When};

pub(super) const VERSION: Recipe = Recipe {
    id: "pbs-version",
    title: "Version, disks, certificate",
    product: Product::Pbs,
    category: Category::Info,
    switch: None,
    when: When::Always,
    items: &[
        // Without --verbose it names the server package alone, in JSON too.
        expected(manager!("versions", "--verbose"), "versions.json"),
        expected(manager!("disk", "list"), "disks.json"),
        expected(&["proxmox-backup-manager", "cert", "info"], "cert.txt"),
        attempt(manager!("disk", "zpool", "list"), "disks_zpool.json"),
        attempt(manager!("disk", "fs", "list"), "disks_fs.json"),
        // Asks the running daemon.
        attempt(manager!("task", "list", "--limit", "50"), "tasks.json"),
        attempt(manager!("subscription", "get"), "subscription.json"),
        // Since PBS 4.2.
        attempt(manager!("node", "server-identity"), "server_identity.json"),
    ],
    secrets: &[],
    way_back: WayBack::Export,
};
