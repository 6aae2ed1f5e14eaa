//! Every Debian machine.

mod accounts;
mod certificates;
mod hardware;
mod homes;
mod kernel;
mod names;
mod network;
mod own;
mod packages;
mod services;
mod storage;
mod zfs;

use crate::recipe::Recipe;

/// In archive order.
pub(super) const RECIPES: &[&Recipe] = &[
    &names::NAMES,
    &names::RESOLVER,
    &names::MACHINE_ID,
    &names::TIME,
    &network::CONFIG,
    &network::NIC_NAMES,
    &network::STATE,
    &network::FIREWALL,
    &network::FIREWALL_RULES,
    &storage::FSTAB,
    &storage::MOUNTS,
    &storage::DISKS,
    &storage::LVM,
    &storage::EXPORTS,
    &storage::STATE,
    &zfs::CONFIG,
    &zfs::IDENTITY,
    &zfs::STATE,
    &packages::PACKAGES,
    &packages::APT,
    &services::SYSTEMD,
    &services::CRON,
    &services::DEFAULTS,
    &services::MAIL,
    &accounts::ACCOUNTS,
    &accounts::RIGHTS,
    &homes::SSH,
    &homes::ROOT,
    &homes::HOME,
    &certificates::CERTIFICATES,
    &kernel::SYSCTL,
    &kernel::MODULES,
    &kernel::BOOT,
    &kernel::BOOT_DISKS,
    &hardware::HARDWARE,
    &own::SETTINGS,
    &own::SCRIPTS,
    &own::REPOSITORY,
];
