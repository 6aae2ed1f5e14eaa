//! What is to be done after files went back, and what a backup of a host can never bring back.

use serde::Serialize;

use super::planned::{PlannedFile, Verdict};
use super::source::Source;
use crate::pattern::Pattern;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Afterwards {
    /// Why.
    pub why: String,
    /// The command; words, never a shell line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Who does it.
    pub by: Doer,
}

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doer {
    /// The restore, at its end.
    Restore,
    /// A person, who knows more.
    Person,
}

/// Paths that change, the command that makes it count, who runs it, why.
struct Row(&'static [&'static str], &'static [&'static str], Doer, &'static str);

const ROWS: &[Row] = &[
    Row(
        &["/etc/systemd/system/**", "/etc/fstab"],
        &["systemctl", "daemon-reload"],
        Doer::Restore,
        "units and mounts changed",
    ),
    Row(&["/etc/udev/**"], &["udevadm", "control", "--reload"], Doer::Restore, "device rules changed"),
    Row(&["/etc/sysctl.conf", "/etc/sysctl.d/**"], &["sysctl", "--system"], Doer::Restore, "kernel options changed"),
    Row(&["/etc/aliases"], &["newaliases"], Doer::Restore, "mail aliases changed"),
    Row(
        &["/usr/local/share/ca-certificates/**", "/etc/ca-certificates.conf"],
        &["update-ca-certificates"],
        Doer::Restore,
        "certificate authorities changed",
    ),
    Row(&["/etc/locale.gen"], &["locale-gen"], Doer::Restore, "locales changed"),
    Row(
        &[
            "/etc/hostid",
            "/etc/modprobe.d/**",
            "/etc/modules",
            "/etc/initramfs-tools/**",
            "/etc/crypttab",
            "/etc/zfs/zpool.cache",
            "/etc/mdadm/**",
            "/etc/lvm/lvm.conf",
        ],
        &["update-initramfs", "-u", "-k", "all"],
        Doer::Restore,
        "the start-up image holds a copy of it",
    ),
    Row(
        &["/etc/kernel/**", "/etc/default/grub", "/etc/default/grub.d/**", "/etc/hostid", "/etc/modprobe.d/**"],
        &["proxmox-boot-tool", "refresh"],
        Doer::Restore,
        "the boot partitions hold a copy of it",
    ),
    Row(
        &["/etc/default/grub", "/etc/default/grub.d/**", "/etc/grub.d/**"],
        &["update-grub"],
        Doer::Restore,
        "boot options changed",
    ),
    Row(
        &["/etc/ssh/**"],
        &["systemctl", "reload", "ssh"],
        Doer::Person,
        "SSH takes its settings when it is told; keep this session open",
    ),
    Row(
        &["/etc/postfix/**"],
        &["systemctl", "restart", "postfix"],
        Doer::Person,
        "mail delivery changed; postmap for each table",
    ),
    Row(&["/etc/fstab"], &["mount", "-a"], Doer::Person, "mounts were added"),
    Row(&["/etc/apt/**"], &["apt", "update"], Doer::Person, "package sources changed"),
    Row(
        &["/etc/pve/sdn/**"],
        &["pvesh", "set", "/cluster/sdn"],
        Doer::Person,
        "the software-defined network is applied by hand",
    ),
    Row(&["/etc/sudoers", "/etc/sudoers.d/**"], &["visudo", "-c"], Doer::Person, "sudo rules changed"),
    Row(
        &["/etc/nftables.conf", "/etc/nftables.d/**"],
        &["nft", "-c", "-f", "/etc/nftables.conf"],
        Doer::Person,
        "packet filter files changed",
    ),
    Row(
        &["/etc/iscsi/**"],
        &["systemctl", "restart", "iscsid"],
        Doer::Person,
        "iSCSI takes its settings when it starts",
    ),
];

/// Everything that follows from what changes.
pub(super) fn afterwards(files: &[PlannedFile], is_running: bool) -> Vec<Afterwards> {
    let mut all: Vec<Afterwards> = Vec::new();
    for Row(patterns, command, by, why) in ROWS {
        let patterns: Vec<Pattern> = patterns.iter().map(|it| Pattern::new(it)).collect();
        let changes = |file: &&PlannedFile| file.verdict.changes() && file.kind != "directory";
        let is_touched = files.iter().filter(changes).any(|file| patterns.iter().any(|it| it.covers(&file.path)));
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        if is_touched && !all.iter().any(|known| known.command == command) {
            // Of a disk that does not run nothing can be started.
            let by = if is_running { *by } else { Doer::Person };
            all.push(Afterwards { why: (*why).to_owned(), command, by });
        }
    }
    all
}

/// What no plan brings back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ByHand {
    /// What is missing.
    pub what: String,
    /// What to do.
    pub do_this: String,
}

/// Paths of the backup that tell it is needed; what; what to do.
const BY_HAND: &[(&str, &str, &str)] = &[
    (
        "/etc/pve/nodes/*/qemu-server/*.conf",
        "disks of virtual machines",
        "restore them from vzdump or Proxmox Backup Server; this backup holds configurations only",
    ),
    (
        "/etc/pve/nodes/*/lxc/*.conf",
        "disks of containers",
        "restore them from vzdump or Proxmox Backup Server; this backup holds configurations only",
    ),
    (
        "/var/lib/*/info/system/dpkg_selections.txt",
        "installed packages",
        "compare the exported list with `dpkg --get-selections` and install what is missing",
    ),
    ("/etc/subscription", "the subscription", "it is bound to the server: enter the key again"),
    (
        "/etc/pve/nodes/*/pve-ssl.pem",
        "the node's own certificate",
        "`pvecm updatecerts --force` makes a new one; custom and ACME certificates come back",
    ),
    ("/etc/pve/corosync.conf", "membership in a cluster", "`pvecm add` on this node"),
    (
        "/etc/pve/priv/ceph.mon.keyring",
        "monitors and disks of Ceph",
        "a living cluster keeps its own keys: remove and create the daemons of this node",
    ),
    (
        "/var/lib/pve-manager/pve-replication-state.json",
        "state of replication",
        "the next run of each job starts from the beginning",
    ),
    (
        "/etc/pve/priv/tfa.cfg",
        "WebAuthn keys",
        "they work under the same host name only: restore network and certificates as well, or register them again",
    ),
    (
        "/etc/proxmox-backup/tfa.json",
        "WebAuthn keys of the backup server",
        "they work under the same host name only, or register them again",
    ),
    (
        "/etc/proxmox-backup/datastore.cfg",
        "content of datastores",
        "mount their disks; the configuration finds the chunks again",
    ),
    (
        "/etc/proxmox-backup/tape.cfg",
        "catalogues of tapes",
        "`proxmox-tape catalog` reads them again where they are missing",
    ),
    ("/etc/machine-id", "the machine id", "each installation has its own"),
];

/// What of it concerns this backup: nothing that is here as it was.
pub(super) fn by_hand(source: &Source, files: &[PlannedFile]) -> Vec<ByHand> {
    let is_open = |file: &PlannedFile| !matches!(file.verdict, Verdict::Unchanged | Verdict::NotSelected);
    let concerns = |pattern: &str| {
        let pattern = Pattern::new(pattern);
        files.iter().any(|file| is_open(file) && pattern.matches(&file.path))
    };
    let mut all: Vec<ByHand> = BY_HAND
        .iter()
        .filter(|(pattern, ..)| concerns(pattern))
        .map(|(_, what, do_this)| ByHand { what: (*what).to_owned(), do_this: (*do_this).to_owned() })
        .collect();
    let lost = source.entries.iter().filter(|entry| entry.lost.is_some()).count();
    if lost > 0 {
        all.push(ByHand {
            what: format!("{lost} files that are not whole in this backup"),
            do_this: "look for them in an older one: `proxmox-backup list`".to_owned(),
        });
    }
    all
}
