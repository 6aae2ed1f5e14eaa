//! Proxmox Virtual Environment 7 to 9.

mod access;
mod base;
mod ceph;
mod certificates;
mod cluster;
mod firewall;
mod guests;
mod ha;
mod jobs;
mod mapping;
mod notifications;
mod replication;
mod schedules;
mod sdn;
mod statistics;
mod storage;
mod version;
mod vzdump;

use crate::recipe::Recipe;

/// In archive order.
pub(super) const RECIPES: &[&Recipe] = &[
    &version::VERSION,
    &version::SUBSCRIPTION,
    &base::TREE,
    &base::VIEW,
    &base::DATABASE,
    &cluster::COROSYNC_SHARED,
    &cluster::AUTHKEY,
    &cluster::COROSYNC_LOCAL,
    &guests::CONFIGS,
    &guests::SNIPPETS,
    &storage::STORAGE,
    &storage::BACKUP_LISTS,
    &storage::SMALL_BACKUPS,
    &access::ACCESS,
    &jobs::JOBS,
    &jobs::STATE,
    &schedules::SCHEDULES,
    &vzdump::VZDUMP,
    &replication::JOBS,
    &replication::STATE,
    &firewall::RULES,
    &firewall::STATE,
    &sdn::SDN,
    &sdn::GENERATED,
    &ha::HA,
    &ha::DEFAULTS,
    &mapping::MAPPING,
    &notifications::NOTIFICATIONS,
    &notifications::METRICS,
    &certificates::OWN,
    &certificates::ACME,
    &ceph::SHARED,
    &ceph::LOCAL,
    &ceph::STATE,
    &statistics::STATISTICS,
];
