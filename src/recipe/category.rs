//! Categories: what a person chooses when not everything shall go back. One recipe, one category.

use serde::Serialize;

/// What recipes belong together for a person who restores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// The cluster database and what belongs to no other category below `/etc/pve`.
    PveCluster,
    /// Storages, their passwords, options of the datacenter, defaults of guest backups.
    PveStorage,
    /// Guests, their hook scripts and the devices they are given.
    PveGuests,
    /// Backup and replication jobs.
    PveJobs,
    /// Notifications and metric servers.
    PveNotifications,
    /// Users, permissions, realms, tokens.
    PveAccess,
    /// Firewall rules.
    PveFirewall,
    /// High availability.
    PveHa,
    /// Software-defined network.
    PveSdn,
    /// Certificates and ACME.
    PveCertificates,
    /// Membership in a cluster.
    Corosync,
    /// Ceph.
    Ceph,
    /// Options of the node's daemons, subscription, graphs.
    PveNode,
    /// What belongs to no other category of the backup server.
    PbsConfig,
    /// Node options, ACME, metrics, traffic control.
    PbsNode,
    /// Datastores and S3 endpoints.
    PbsDatastore,
    /// Sync, verification and prune jobs.
    PbsJobs,
    /// Remote servers.
    PbsRemotes,
    /// Notifications of the backup server.
    PbsNotifications,
    /// Users, permissions, tokens of the backup server.
    PbsAccess,
    /// Tape libraries, media and keys.
    PbsTape,
    /// `/etc/fstab`.
    Filesystem,
    /// Mounts, encrypted disks, RAID, LVM, iSCSI, shares.
    StorageStack,
    /// Pools, options, identity of ZFS.
    Zfs,
    /// Interfaces, names, name servers.
    Network,
    /// TLS certificates and keys.
    Ssl,
    /// SSH keys and options.
    Ssh,
    /// Local programs.
    Scripts,
    /// Cron tables.
    Crontabs,
    /// Units, options of services, kernel and boot options, package sources, mail.
    Services,
    /// Accounts, sudo and login rules.
    Accounts,
    /// Home directories.
    UserData,
    /// Settings of this tool and of older ones.
    OwnSettings,
    /// What commands said, lists: for reading.
    Info,
    /// Paths that the settings added, and directories above what was taken.
    Custom,
}

/// A choice of categories with a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Everything.
    #[default]
    Full,
    /// What brings storages and datastores back.
    Storage,
    /// What brings the operating system's settings back.
    Base,
    /// What is named.
    Custom,
}

/// Id, what it is, and the modes besides `full` that take it.
pub struct CategoryFacts {
    /// Which one.
    pub category: Category,
    /// The word for the command line.
    pub id: &'static str,
    /// For people.
    pub title: &'static str,
    /// `storage`, `base` or neither.
    pub modes: &'static [Mode],
}

const fn row(category: Category, id: &'static str, title: &'static str, modes: &'static [Mode]) -> CategoryFacts {
    CategoryFacts { category, id, title, modes }
}

const STORAGE: &[Mode] = &[Mode::Storage];
const BASE: &[Mode] = &[Mode::Base];
const BOTH: &[Mode] = &[Mode::Storage, Mode::Base];
const NEITHER: &[Mode] = &[];

/// All categories, in the order they are shown.
pub const CATEGORIES: &[CategoryFacts] = &[
    row(Category::PveCluster, "pve-cluster", "Cluster database", STORAGE),
    row(Category::PveStorage, "pve-storage", "Storages", STORAGE),
    row(Category::PveGuests, "pve-guests", "Guests", NEITHER),
    row(Category::PveJobs, "pve-jobs", "Backup and replication jobs", STORAGE),
    row(Category::PveNotifications, "pve-notifications", "Notifications and metrics", NEITHER),
    row(Category::PveAccess, "pve-access", "Users and permissions", NEITHER),
    row(Category::PveFirewall, "pve-firewall", "Firewall", NEITHER),
    row(Category::PveHa, "pve-ha", "High availability", NEITHER),
    row(Category::PveSdn, "pve-sdn", "Software-defined network", NEITHER),
    row(Category::PveCertificates, "pve-certificates", "Certificates and ACME", NEITHER),
    row(Category::Corosync, "corosync", "Cluster membership", NEITHER),
    row(Category::Ceph, "ceph", "Ceph", NEITHER),
    row(Category::PveNode, "pve-node", "Options of the node", NEITHER),
    row(Category::PbsConfig, "pbs-config", "Backup server, everything else", NEITHER),
    row(Category::PbsNode, "pbs-node", "Options of the backup server", NEITHER),
    row(Category::PbsDatastore, "pbs-datastore", "Datastores", STORAGE),
    row(Category::PbsJobs, "pbs-jobs", "Jobs of the backup server", STORAGE),
    row(Category::PbsRemotes, "pbs-remotes", "Remote servers", STORAGE),
    row(Category::PbsNotifications, "pbs-notifications", "Notifications of the backup server", NEITHER),
    row(Category::PbsAccess, "pbs-access", "Users of the backup server", NEITHER),
    row(Category::PbsTape, "pbs-tape", "Tape", NEITHER),
    row(Category::Filesystem, "filesystem", "Mounts in fstab", BOTH),
    row(Category::StorageStack, "storage-stack", "Disks, RAID, LVM, iSCSI, shares", STORAGE),
    row(Category::Zfs, "zfs", "ZFS", STORAGE),
    row(Category::Network, "network", "Network", BASE),
    row(Category::Ssl, "ssl", "TLS certificates", BASE),
    row(Category::Ssh, "ssh", "SSH", BASE),
    row(Category::Scripts, "scripts", "Local programs", NEITHER),
    row(Category::Crontabs, "crontabs", "Cron jobs", NEITHER),
    row(Category::Services, "services", "Services, kernel and package sources", BASE),
    row(Category::Accounts, "accounts", "Accounts", NEITHER),
    row(Category::UserData, "user-data", "Home directories", NEITHER),
    row(Category::OwnSettings, "own-settings", "Settings of this tool", NEITHER),
    row(Category::Info, "info", "Lists and outputs of commands", NEITHER),
    row(Category::Custom, "custom", "Other paths", NEITHER),
];

impl Category {
    fn facts(self) -> Option<&'static CategoryFacts> {
        CATEGORIES.iter().find(|facts| facts.category == self)
    }

    /// The word for the command line.
    pub fn id(self) -> &'static str {
        self.facts().map_or("", |facts| facts.id)
    }

    /// For people.
    pub fn title(self) -> &'static str {
        self.facts().map_or("", |facts| facts.title)
    }

    /// Whether a mode takes it; of `custom` the names decide.
    pub fn is_in(self, mode: Mode) -> bool {
        match mode {
            Mode::Full | Mode::Custom => true,
            Mode::Storage | Mode::Base => self.facts().is_some_and(|facts| facts.modes.contains(&mode)),
        }
    }

    /// The category of this word.
    pub fn named(id: &str) -> Option<Self> {
        CATEGORIES.iter().find(|facts| facts.id == id).map(|facts| facts.category)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::catalog;

    #[test]
    fn every_category_has_one_row_and_a_recipe() {
        let mut ids: Vec<&str> = CATEGORIES.iter().map(|facts| facts.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), CATEGORIES.len());
        for facts in CATEGORIES.iter().filter(|facts| facts.category != Category::Custom) {
            assert!(catalog().any(|recipe| recipe.category == facts.category), "{}", facts.id);
            assert_eq!(Category::named(facts.id), Some(facts.category));
        }
        for recipe in catalog() {
            assert!(!recipe.category.id().is_empty(), "{}", recipe.id);
        }
    }

    #[test]
    fn modes_take_what_the_tools_before_took() {
        let of = |mode| CATEGORIES.iter().filter(move |f| f.category.is_in(mode)).map(|f| f.id).collect::<Vec<_>>();
        assert_eq!(of(Mode::Base), ["filesystem", "network", "ssl", "ssh", "services"]);
        assert_eq!(
            of(Mode::Storage),
            [
                "pve-cluster",
                "pve-storage",
                "pve-jobs",
                "pbs-datastore",
                "pbs-jobs",
                "pbs-remotes",
                "filesystem",
                "storage-stack",
                "zfs"
            ]
        );
        assert_eq!(of(Mode::Full).len(), CATEGORIES.len());
    }
}
