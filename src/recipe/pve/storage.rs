//! Storages with their credentials, and what they say of themselves.

use crate::recipe::shorthand::{attempt, attempt_each, command, expected, file, pvesh, tree};
use crate::recipe::{Category, CommandNeed, Inventory, Item, Names, Product, Recipe, Sample, Switch, WayBack, When};

pub(super) const STORAGE: Recipe = Recipe {
    id: "pve-storage",
    title: "Storages",
    product: Product::Pve,
    category: Category::PveStorage,
    switch: None,
    when: When::Always,
    items: &[
        file("/etc/pve/storage.cfg"),
        file("/etc/pve/datacenter.cfg"),
        // Losing an `.enc` file here is losing every backup made with it.
        tree("/etc/pve/priv/storage"),
        tree("/etc/pve/priv/zfs"),
        tree("/etc/pve/priv/import"),
        expected(pvesh!("/storage"), "storage.json"),
        // Asks each disk for its health, and a sleeping one takes its time.
        Item::Command(command(pvesh!("/nodes/localhost/disks/list"), "disks.json", 30, CommandNeed::BestEffort)),
        expected(pvesh!("/nodes/localhost/disks/lvm"), "disks_lvm.json"),
        expected(pvesh!("/nodes/localhost/disks/lvmthin"), "disks_lvmthin.json"),
        attempt(pvesh!("/nodes/localhost/disks/zfs"), "disks_zfs.json"),
        // These activate storages: a dead server must not make a warning of the host's backup.
        attempt(pvesh!("/nodes/localhost/storage"), "storage_status.json"),
        attempt(&["pvesm", "status"], "pvesm_status.txt"),
    ],
    secrets: &["/etc/pve/priv/storage/**", "/etc/pve/priv/zfs/**", "/etc/pve/priv/import/**"],
    way_back: WayBack::Pmxcfs,
};

pub(super) const BACKUP_LISTS: Recipe = Recipe {
    id: "pve-backup-files",
    title: "Lists of guest backups",
    product: Product::Pve,
    category: Category::Info,
    switch: Some(Switch::on("BACKUP_PVE_BACKUP_FILES", &[], "a list of the guest backups on each storage")),
    when: When::Always,
    items: &[
        Item::Inventory(Inventory::BackupFiles, "backup_files_{}.json"),
        attempt_each(Names::PveBackupStorages, &["pvesm", "list", "{}", "--content", "backup"], "backups_{}.txt"),
        // Whoever names backups wants them, whatever their size.
        Item::Sample(Sample::NamedBackups),
    ],
    secrets: &[],
    way_back: WayBack::Export,
};

/// Backups of guests belong to a backup server; a small appliance may have no better place.
pub(super) const SMALL_BACKUPS: Recipe = Recipe {
    id: "pve-small-backups",
    title: "Small guest backups",
    product: Product::Pve,
    category: Category::Info,
    switch: Some(Switch::off("BACKUP_SMALL_PVE_BACKUPS", &[], "copy small guest backups as well")),
    when: When::Always,
    items: &[Item::Sample(Sample::SmallBackups)],
    secrets: &[],
    // A storage that is not mounted must not get its files below the mount point.
    way_back: WayBack::Export,
};
