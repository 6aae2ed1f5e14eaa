//! Which files of a backup are looked at, and by which format: one row per file or pattern, the
//! most important first (`proxmox-facts` §5).

use std::sync::LazyLock;

use super::form::Form::{
    self, Colons, Corosync, Guest, Interfaces, Json, Mounts, Permissions, Sections, Settings, Users,
};
use super::records::{GROUP, PASSWD, SHADOW};
use crate::pattern::Pattern;

/// The cluster database, and the log that older tools copied beside it.
pub(super) const DATABASE: &[u8] = b"/var/lib/pve-cluster/config.db";
pub(super) const DATABASE_LOG: &[u8] = b"/var/lib/pve-cluster/config.db-wal";

/// Firewall rules are not here: the firewall itself passes over lines that it does not understand.
pub(super) const TABLE: &[(&str, Form)] = &[
    ("/etc/pve/storage.cfg", Sections),
    ("/etc/pve/user.cfg", Users),
    ("/etc/pve/corosync.conf", Corosync),
    ("/etc/pve/datacenter.cfg", Settings),
    ("/etc/proxmox-backup/datastore.cfg", Sections),
    ("/etc/proxmox-backup/user.cfg", Sections),
    ("/etc/proxmox-backup/acl.cfg", Permissions),
    ("/etc/network/interfaces", Interfaces),
    ("/etc/fstab", Mounts),
    ("/etc/passwd", Colons(&PASSWD)),
    ("/etc/group", Colons(&GROUP)),
    ("/etc/shadow", Colons(&SHADOW)),
    ("/etc/pve/jobs.cfg", Sections),
    ("/etc/pve/domains.cfg", Sections),
    ("/etc/pve/replication.cfg", Sections),
    ("/etc/pve/notifications.cfg", Sections),
    ("/etc/pve/priv/notifications.cfg", Sections),
    ("/etc/pve/status.cfg", Sections),
    ("/etc/pve/priv/acme/plugins.cfg", Sections),
    ("/etc/pve/virtual-guest/cpu-models.conf", Sections),
    ("/etc/pve/ha/resources.cfg", Sections),
    ("/etc/pve/ha/groups.cfg", Sections),
    ("/etc/pve/ha/rules.cfg", Sections),
    ("/etc/pve/sdn/zones.cfg", Sections),
    ("/etc/pve/sdn/vnets.cfg", Sections),
    ("/etc/pve/sdn/subnets.cfg", Sections),
    ("/etc/pve/sdn/controllers.cfg", Sections),
    ("/etc/pve/sdn/ipams.cfg", Sections),
    ("/etc/pve/sdn/dns.cfg", Sections),
    ("/etc/pve/nodes/*/config", Settings),
    ("/etc/vzdump.conf", Settings),
    ("/etc/corosync/corosync.conf", Corosync),
    ("/etc/proxmox-backup/domains.cfg", Sections),
    ("/etc/proxmox-backup/remote.cfg", Sections),
    ("/etc/proxmox-backup/sync.cfg", Sections),
    ("/etc/proxmox-backup/prune.cfg", Sections),
    ("/etc/proxmox-backup/verification.cfg", Sections),
    ("/etc/proxmox-backup/traffic-control.cfg", Sections),
    ("/etc/proxmox-backup/metricserver.cfg", Sections),
    ("/etc/proxmox-backup/notifications.cfg", Sections),
    ("/etc/proxmox-backup/notifications-priv.cfg", Sections),
    ("/etc/proxmox-backup/s3.cfg", Sections),
    ("/etc/proxmox-backup/tape.cfg", Sections),
    ("/etc/proxmox-backup/tape-job.cfg", Sections),
    ("/etc/proxmox-backup/media-pool.cfg", Sections),
    ("/etc/proxmox-backup/acme/plugins.cfg", Sections),
    ("/etc/proxmox-backup/node.cfg", Settings),
    ("/etc/proxmox-backup/shadow.json", Json),
    ("/etc/proxmox-backup/token.shadow", Json),
    ("/etc/proxmox-backup/tfa.json", Json),
    ("/etc/proxmox-backup/ldap_passwords.json", Json),
    ("/etc/proxmox-backup/tape-encryption-keys.json", Json),
    ("/etc/proxmox-backup/tape-encryption-key-config.json", Json),
    ("/etc/network/interfaces.d/*", Interfaces),
    ("/etc/pve/nodes/*/qemu-server/*.conf", Guest),
    ("/etc/pve/nodes/*/lxc/*.conf", Guest),
];

/// Patterns are few and compiled once; most members are told apart by the start of their path.
static PATTERNS: LazyLock<Vec<Option<Pattern>>> =
    LazyLock::new(|| TABLE.iter().map(|(path, _)| Pattern::has_wildcard(path).then(|| Pattern::new(path))).collect());

/// The row of an absolute path: its number, which is its rank, and its format.
pub(super) fn row_of(path: &[u8]) -> Option<(usize, Form)> {
    if !path.starts_with(b"/etc/") {
        return None;
    }
    let is_meant = |rank: usize| match &PATTERNS[rank] {
        Some(pattern) => path.starts_with(Pattern::literal_base(TABLE[rank].0).as_bytes()) && pattern.matches(path),
        None => TABLE[rank].0.as_bytes() == path,
    };
    (0..TABLE.len()).find(|rank| is_meant(*rank)).map(|rank| (rank, TABLE[rank].1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{Item, catalog};

    #[test]
    fn every_row_is_collected_by_a_recipe() {
        let claims: Vec<Pattern> =
            catalog().flat_map(|recipe| recipe.items).filter_map(Item::claim).map(Pattern::new).collect();
        for (path, _) in TABLE {
            let example = path.replace('*', "x");
            assert!(claims.iter().any(|claim| claim.covers(example.as_bytes())), "{path}");
        }
    }

    #[test]
    fn a_path_has_one_row_and_neighbours_have_none() {
        let form = |path: &str| row_of(path.as_bytes()).map(|(_, form)| form);
        assert_eq!(form("/etc/pve/storage.cfg"), Some(Sections));
        assert_eq!(form("/etc/pve/nodes/n-1/qemu-server/100.conf"), Some(Guest));
        assert_eq!(form("/etc/pve/nodes/n1/config"), Some(Settings));
        for path in ["/etc/pve/nodes/n1/qemu-server/100.conf.tmp.7", "/etc/pve/storage.cfg.bak", "/root/etc/fstab"] {
            assert_eq!(form(path), None, "{path}");
        }
        for (path, _) in TABLE {
            let twice = TABLE.iter().filter(|(other, _)| other == path).count();
            assert_eq!(twice, 1, "{path}");
        }
    }
}
