//! Tape drives, media pools, their keys and the media catalogue.

use crate::recipe::shorthand::{attempt, file, tree};
use crate::recipe::{Category, Product, Recipe, Switch, WayBack, When};

const SWITCH: Switch =
    Switch::on("BACKUP_TAPE_CONFIGS", &[], "tape drives, pools, encryption keys and media catalogue");

pub(super) const TAPE: Recipe = Recipe {
    id: "pbs-tape",
    title: "Tape backup",
    product: Product::Pbs,
    category: Category::PbsTape,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[
        file("/etc/proxmox-backup/tape.cfg"),
        file("/etc/proxmox-backup/tape-job.cfg"),
        file("/etc/proxmox-backup/media-pool.cfg"),
        file("/etc/proxmox-backup/tape-encryption-keys.json"),
        file("/etc/proxmox-backup/tape-encryption-key-config.json"),
        // Made anew only by reading every tape.
        tree("/var/lib/proxmox-backup/tape"),
    ],
    secrets: &["/etc/proxmox-backup/tape-encryption-keys.json", "/etc/proxmox-backup/tape-encryption-key-config.json"],
    way_back: WayBack::PbsFiles,
};

/// Only what reads the configuration: `scan`, `status` and `inventory` would move drives.
pub(super) const STATE: Recipe = Recipe {
    id: "pbs-tape-state",
    title: "Tape lists",
    product: Product::Pbs,
    category: Category::Info,
    switch: Some(SWITCH),
    when: When::PathExists("/etc/proxmox-backup/tape.cfg"),
    items: &[
        attempt(&["proxmox-tape", "drive", "list", "--output-format", "json"], "tape_drives.json"),
        attempt(&["proxmox-tape", "changer", "list", "--output-format", "json"], "tape_changers.json"),
        attempt(&["proxmox-tape", "pool", "list", "--output-format", "json"], "tape_pools.json"),
        attempt(&["proxmox-tape", "media", "list", "--output-format", "json"], "tape_media.json"),
        attempt(&["proxmox-tape", "key", "list", "--output-format", "json"], "tape_keys.json"),
        attempt(&["proxmox-tape", "backup-job", "list", "--output-format", "json"], "tape_jobs.json"),
    ],
    secrets: &[],
    way_back: WayBack::Export,
};
