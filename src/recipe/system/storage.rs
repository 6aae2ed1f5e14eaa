//! What is mounted, decrypted and assembled at boot.

use crate::recipe::shorthand::{attempt, file, installed, tree};
use crate::recipe::{Category, Derived, Item, Product, Recipe, WayBack, When};

/// Root, boot and swap of another disk must never come back.
pub(super) const FSTAB: Recipe = Recipe {
    id: "system-fstab",
    title: "Mounts",
    product: Product::System,
    category: Category::Filesystem,
    switch: None,
    when: When::Always,
    items: &[file("/etc/fstab")],
    secrets: &[],
    way_back: WayBack::Merge,
};

pub(super) const MOUNTS: Recipe = Recipe {
    id: "system-mounts",
    title: "Mount units, credentials, network storage",
    product: Product::System,
    category: Category::StorageStack,
    switch: None,
    when: When::Always,
    items: &[
        // Storages and datastores that Proxmox mounts through units of its own.
        Item::Glob("/etc/systemd/system/*.mount"),
        Item::Glob("/etc/systemd/system/*.automount"),
        Item::Derived(Derived::FstabSecrets),
        file("/etc/autofs.conf"),
        Item::Glob("/etc/auto.*"),
        tree("/etc/auto.master.d"),
        tree("/etc/iscsi"),
        tree("/var/lib/iscsi"),
        file("/etc/multipath.conf"),
        tree("/etc/multipath"),
        file("/etc/nfs.conf"),
        tree("/etc/nfs.conf.d"),
        file("/etc/nfsmount.conf"),
        file("/etc/idmapd.conf"),
        tree("/etc/nvme"),
    ],
    secrets: &["/etc/iscsi/iscsid.conf", "/etc/iscsi/nodes/**"],
    way_back: WayBack::Files,
};

pub(super) const DISKS: Recipe = Recipe {
    id: "system-disk-layout",
    title: "Encrypted disks, RAID, LVM metadata",
    product: Product::System,
    category: Category::StorageStack,
    switch: None,
    when: When::Always,
    items: &[
        file("/etc/crypttab"),
        tree("/etc/cryptsetup-keys.d"),
        tree("/etc/luks-keys"),
        tree("/etc/keys"),
        Item::Derived(Derived::CrypttabKeys),
        tree("/etc/mdadm"),
        tree("/etc/lvm/backup"),
        tree("/etc/lvm/archive"),
        tree("/etc/lvm/devices"),
    ],
    secrets: &["/etc/cryptsetup-keys.d/**", "/etc/luks-keys/**", "/etc/keys/**"],
    way_back: WayBack::SameHardware,
};

pub(super) const LVM: Recipe = Recipe {
    id: "system-lvm",
    title: "LVM options and volumes",
    product: Product::System,
    category: Category::StorageStack,
    switch: None,
    when: When::Always,
    items: &[
        file("/etc/lvm/lvm.conf"),
        file("/etc/lvm/lvmlocal.conf"),
        tree("/etc/lvm/profile"),
        installed(&["pvs", "--reportformat", "json", "--units", "b"], "lvm_pvs.json"),
        installed(&["vgs", "--reportformat", "json", "--units", "b"], "lvm_vgs.json"),
        installed(&["lvs", "-a", "--reportformat", "json", "--units", "b"], "lvm_lvs.json"),
    ],
    secrets: &[],
    way_back: WayBack::Files,
};

pub(super) const EXPORTS: Recipe = Recipe {
    id: "system-exports",
    title: "Shares and targets this host offers",
    product: Product::System,
    category: Category::StorageStack,
    switch: None,
    when: When::Always,
    items: &[
        file("/etc/exports"),
        tree("/etc/exports.d"),
        tree("/etc/samba"),
        tree("/etc/rtslib-fb-target"),
        tree("/etc/target"),
        file("/etc/tgt/targets.conf"),
        tree("/etc/tgt/conf.d"),
    ],
    secrets: &["/etc/samba/**", "/etc/rtslib-fb-target/**", "/etc/target/**"],
    way_back: WayBack::Files,
};

pub(super) const STATE: Recipe = Recipe {
    id: "system-storage-state",
    title: "Mounted file systems",
    product: Product::System,
    category: Category::Info,
    switch: None,
    when: When::Always,
    items: &[
        // Also fails for one stale network mount among many healthy ones.
        attempt(&["df", "-h"], "df.txt"),
        installed(&["mount"], "mount.txt"),
        installed(&["findmnt", "-J"], "findmnt.json"),
        // Files of /proc have no size: a program reads them to their end.
        attempt(&["cat", "/proc/mounts"], "proc_mounts.txt"),
        attempt(&["cat", "/proc/mdstat"], "proc_mdstat.txt"),
        attempt(&["mdadm", "--detail", "--scan"], "mdadm_scan.txt"),
        attempt(&["multipath", "-ll"], "multipath.txt"),
        attempt(&["iscsiadm", "-m", "session"], "iscsi_sessions.txt"),
        attempt(&["nfsstat", "-m"], "nfsstat.txt"),
        attempt(&["dmsetup", "ls", "--tree"], "dmsetup.txt"),
    ],
    secrets: &[],
    way_back: WayBack::Export,
};
