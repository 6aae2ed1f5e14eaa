//! Kernel: options, modules, boot.

use crate::recipe::shorthand::{attempt, attempt_each, file, installed, tree};
use crate::recipe::{Category, Names, Product, Recipe, Switch, WayBack, When};

pub(super) const SYSCTL: Recipe = Recipe {
    id: "system-sysctl",
    title: "Kernel options",
    product: Product::System,
    category: Category::Services,
    switch: Some(Switch::on("BACKUP_SYSCTL_CONFIG", &[], "kernel options (sysctl)")),
    when: When::Always,
    items: &[
        file("/etc/sysctl.conf"),
        tree("/etc/sysctl.d"),
        // Some keys refuse to be read; the exit code then says nothing about the rest.
        attempt(&["sysctl", "-a"], "sysctl.txt"),
    ],
    secrets: &[],
    way_back: WayBack::Files,
};

pub(super) const MODULES: Recipe = Recipe {
    id: "system-modules",
    title: "Kernel modules and udev rules",
    product: Product::System,
    category: Category::Services,
    switch: Some(Switch::on("BACKUP_KERNEL_MODULES", &[], "kernel modules, their options, udev rules")),
    when: When::Always,
    items: &[
        file("/etc/modules"),
        tree("/etc/modules-load.d"),
        tree("/etc/modprobe.d"),
        tree("/etc/udev/rules.d"),
        tree("/etc/udev/hwdb.d"),
        file("/etc/udev/udev.conf"),
        installed(&["lsmod"], "lsmod.txt"),
    ],
    secrets: &[],
    way_back: WayBack::Files,
};

pub(super) const BOOT: Recipe = Recipe {
    id: "system-boot",
    title: "Boot options",
    product: Product::System,
    category: Category::Services,
    switch: None,
    when: When::Always,
    items: &[
        file("/etc/default/grub"),
        tree("/etc/default/grub.d"),
        tree("/etc/grub.d"),
        tree("/etc/kernel"),
        tree("/etc/initramfs-tools"),
        tree("/etc/dracut.conf.d"),
        attempt(&["cat", "/proc/cmdline"], "proc_cmdline.txt"),
        attempt(&["cat", "/proc/version"], "proc_version.txt"),
        // Fails on hosts that do not boot through EFI.
        attempt(&["efibootmgr", "-v"], "efibootmgr.txt"),
        attempt(&["proxmox-boot-tool", "status"], "boot_tool_status.txt"),
        attempt(&["proxmox-boot-tool", "kernel", "list"], "boot_tool_kernels.txt"),
    ],
    secrets: &[],
    way_back: WayBack::Files,
};

/// Names partitions of these disks; on others `proxmox-boot-tool init` writes it.
pub(super) const BOOT_DISKS: Recipe = Recipe {
    id: "system-boot-disks",
    title: "Boot partitions",
    product: Product::System,
    category: Category::StorageStack,
    switch: None,
    when: When::Always,
    items: &[
        file("/etc/kernel/proxmox-boot-uuids"),
        // A disk without a partition table is normal.
        attempt_each(Names::Disks, &["sfdisk", "--dump", "/dev/{}"], "sfdisk_{}.txt"),
    ],
    secrets: &[],
    way_back: WayBack::SameHardware,
};
