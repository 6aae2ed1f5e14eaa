//! What no selection writes, and what belongs to packages: two tables.

use super::source::Archived;
use crate::pattern::Pattern;

/// Paths and why they never go back.
pub const NEVER: &[(&[&str], &str)] = &[
    (
        &[
            "/etc/pve/.version",
            "/etc/pve/.members",
            "/etc/pve/.vmlist",
            "/etc/pve/.rrd",
            "/etc/pve/.clusterlog",
            "/etc/pve/.debug",
            "/etc/pve/local",
            "/etc/pve/qemu-server",
            "/etc/pve/lxc",
            "/etc/pve/openvz",
        ],
        "the cluster file system makes it up itself",
    ),
    (
        &[
            "/etc/pve/priv/lock",
            "/etc/pve/sdn/.lock",
            "/etc/pve/ha/manager_status",
            "/etc/pve/ha/crm_commands",
            "/etc/pve/nodes/*/lrm_status",
            "/etc/pve/nodes/*/lrm_status.tmp.*",
            "/etc/pve/corosync.conf.new",
        ],
        "it is state of a moment, which the services make themselves",
    ),
    (
        &[
            "/var/lib/pve-cluster/config.db-wal",
            "/var/lib/pve-cluster/config.db-shm",
            "/var/lib/pve-cluster/.pmxcfs.lockfile",
        ],
        "it belongs to one running cluster file system; beside another database it destroys that",
    ),
    (
        &[
            "/etc/proxmox-backup/*.lck",
            "/etc/proxmox-backup/.*.lck",
            "/etc/proxmox-backup/*.lock",
            "/etc/proxmox-backup/.*.lock",
            "/var/lib/proxmox-backup/lock",
            "/var/lib/proxmox-backup/.clusterlock",
            "/var/lib/proxmox-backup/active-operations",
            "/var/lib/proxmox-backup/notifications",
        ],
        "it is a lock or state of a moment of the backup server",
    ),
    (
        &[
            "/var/lib/proxmox-config-backup",
            "/run",
            "/var/run/proxmox-config-backup",
            // A restore that waited for a word while the backup was made.
            "/etc/systemd/system/proxmox-config-backup-network-undo.*",
            "/etc/systemd/system/timers.target.wants/proxmox-config-backup-network-undo.*",
        ],
        "it is this tool's own journal and state, or lives in memory only",
    ),
    (&["/proc", "/sys", "/dev"], "it is made by the kernel"),
];

/// What packages bring: their paths, and exceptions.
const OF_PACKAGES: &[&str] = &["/usr", "/boot", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
const NOT_OF_PACKAGES: &[&str] = &["/usr/local", "/usr/share/keyrings"];

/// Why a path never goes back.
pub(super) fn why(entry: &Archived) -> Option<&'static str> {
    // What commands said lies among our own state, and is for reading.
    if entry.is_output() {
        return None;
    }
    of_path(&entry.path)
}

/// The same for a path alone.
pub(super) fn of_path(path: &[u8]) -> Option<&'static str> {
    let covers = |patterns: &&[&str]| patterns.iter().any(|pattern| Pattern::new(pattern).covers(path));
    NEVER.iter().find(|(patterns, _)| covers(patterns)).map(|(_, why)| *why)
}

/// Whether packages bring it: then they bring it back as well.
pub(super) fn is_of_packages(entry: &Archived) -> bool {
    let below = |dirs: &[&str]| dirs.iter().any(|dir| entry.is_below(dir.as_bytes()));
    // The directories above what is not theirs.
    let is_above = NOT_OF_PACKAGES.iter().any(|dir| super::source::is_below(dir.as_bytes(), &entry.path));
    below(OF_PACKAGES) && !below(NOT_OF_PACKAGES) && !is_above
}
