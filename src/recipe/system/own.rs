//! This tool's own settings, and what administrators put beside the packages.

use crate::recipe::shorthand::{file, tree};
use crate::recipe::{Category, Product, Recipe, Switch, WayBack, When};

pub(super) const SETTINGS: Recipe = Recipe {
    id: "system-own-settings",
    title: "Settings of this tool",
    product: Product::System,
    category: Category::OwnSettings,
    switch: Some(Switch::on("BACKUP_CONFIG_FILE", &[], "settings and recipients of this tool")),
    when: When::Always,
    items: &[
        tree("/etc/proxmox-config-backup"),
        // Where older tools keep theirs.
        file("/opt/proxmox-backup/env/backup.env"),
        file("/opt/proxsave/configs/backup.env"),
        file("/opt/proxsave/env/backup.env"),
    ],
    secrets: &[
        "/etc/proxmox-config-backup/**",
        "/opt/proxmox-backup/env/backup.env",
        "/opt/proxsave/configs/backup.env",
        "/opt/proxsave/env/backup.env",
    ],
    way_back: WayBack::Files,
};

pub(super) const SCRIPTS: Recipe = Recipe {
    id: "system-scripts",
    title: "Local programs",
    product: Product::System,
    category: Category::Scripts,
    switch: Some(Switch::on("BACKUP_SCRIPT_DIR", &[], "local programs (/usr/local/bin, /usr/local/sbin)")),
    when: When::Always,
    items: &[tree("/usr/local/bin"), tree("/usr/local/sbin"), tree("/usr/local/etc")],
    secrets: &["/usr/local/etc/**"],
    way_back: WayBack::Files,
};

pub(super) const REPOSITORY: Recipe = Recipe {
    id: "system-script-repository",
    title: "Older backup tools",
    product: Product::System,
    category: Category::OwnSettings,
    switch: Some(Switch::off("BACKUP_SCRIPT_REPOSITORY", &[], "installations of older backup tools below /opt")),
    when: When::Always,
    // By part: their `backup` and `log` directories hold our input, not configuration.
    items: &[
        tree("/opt/proxmox-backup/script"),
        tree("/opt/proxmox-backup/lib"),
        tree("/opt/proxmox-backup/config"),
        tree("/opt/proxsave/identity"),
    ],
    secrets: &["/opt/proxsave/identity/**"],
    way_back: WayBack::Export,
};
