//! What a recipe may loop over. The names become program arguments and file names, so each one is
//! checked: a configuration file must not be able to hand an option or a path to a program.

use std::collections::BTreeMap;
use std::path::Path;

use super::cluster::ClusterFiles;
use super::sections::{self, Section};
use crate::recipe::Names;
use crate::system::Root;

/// More than any real host has of anything; keeps a hostile file from starting endless programs.
const MOST: usize = 256;

/// All loops that have names on this host.
pub(super) fn gather(root: &Root, node: &str) -> BTreeMap<u8, Vec<String>> {
    let cluster = ClusterFiles::of(root);
    let storages = cluster.text("/etc/pve/storage.cfg");
    let of_pbs = |file: &str| root.read_text(Path::new("/etc/proxmox-backup").join(file)).unwrap_or_default();
    [
        (Names::LocalNode, vec![node.to_owned()]),
        (Names::PveNodes, cluster.names("/etc/pve/nodes")),
        (Names::PveStorages, ids(&storages, |_| true)),
        (Names::PveBackupStorages, ids(&storages, holds_backups)),
        (Names::PveUsers, pve_users(&cluster.text("/etc/pve/user.cfg"))),
        (Names::PbsDatastores, ids(&of_pbs("datastore.cfg"), |section| section.kind == "datastore")),
        (Names::PbsUsers, ids(&of_pbs("user.cfg"), |section| section.kind == "user")),
        (Names::Disks, disks(root)),
        (Names::NetworkInterfaces, interfaces(root)),
    ]
    .into_iter()
    .map(|(names, found)| (names as u8, safe(found)))
    .filter(|(_, found)| !found.is_empty())
    .collect()
}

/// Whether a name can stand in an argument and in a file name without meaning anything else there.
fn is_safe(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && !name.starts_with(['-', '.'])
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._@!+-".contains(&b))
}

fn safe(mut names: Vec<String>) -> Vec<String> {
    names.retain(|name| is_safe(name));
    names.sort();
    names.dedup();
    names.truncate(MOST);
    names
}

fn directory(root: &Root, path: &str) -> Vec<String> {
    let names = root.list(path).unwrap_or_default();
    names.into_iter().filter_map(|name| name.into_string().ok()).collect()
}

/// Ids of a section file.
fn ids(text: &str, is_wanted: impl Fn(&Section) -> bool) -> Vec<String> {
    sections::parse(text).into_iter().filter(is_wanted).map(|section| section.id).collect()
}

/// Each list of backups starts Perl and may wait for a server: only storages that can have some.
fn holds_backups(storage: &Section) -> bool {
    storage.lists("content", "backup") && !storage.has_flag("disable")
}

/// Users of `user.cfg`: colon records, `user:NAME@REALM:enabled:…`.
fn pve_users(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.strip_prefix("user:")?.split(':').next()).map(str::to_owned).collect()
}

/// Disks that carry a partition table of this host: no volumes, loops, RAM disks or guests' disks.
fn disks(root: &Root) -> Vec<String> {
    let virtual_kinds = ["loop", "ram", "zram", "dm-", "md", "zd", "rbd", "nbd", "drbd", "sr", "fd"];
    let mut names = directory(root, "/sys/block");
    names.retain(|name| {
        !virtual_kinds.iter().any(|kind| name.starts_with(kind)) && root.is_dir(format!("/sys/block/{name}/device"))
    });
    names
}

/// Interfaces with a device behind them: a host with 30 guests has over a hundred without one.
pub(super) fn interfaces(root: &Root) -> Vec<String> {
    let mut names = directory(root, "/sys/class/net");
    names.retain(|name| root.is_dir(format!("/sys/class/net/{name}/device")));
    names
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;
    use std::fmt::Write;

    fn host(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let root = Root::at(dir.path()).unwrap();
        (dir, root)
    }

    #[test]
    fn ids_come_from_section_and_colon_files() {
        let (_dir, root) = host(&[
            (
                "etc/pve/storage.cfg",
                "dir: local\n\tpath /var/lib/vz\n\tcontent iso: x\n\nzfspool: tank\n\tpool tank\n\n\
                 nfs: off\n\tdisable\n\tcontent backup\nnfs: nas\n\tcontent iso,backup\n",
            ),
            ("etc/pve/user.cfg", "user:root@pam:1:0:::::\nuser:ann@pve:1:0:::::\ntoken:ann@pve!ci:0:1::\n"),
            ("etc/proxmox-backup/datastore.cfg", "datastore: main\n\tpath /mnt/main\n\nother: no\n"),
        ]);

        let names = gather(&root, "pve1");

        assert_eq!(names[&(Names::PveStorages as u8)], ["local", "nas", "off", "tank"]);
        assert_eq!(names[&(Names::PveBackupStorages as u8)], ["nas"]);
        assert_eq!(names[&(Names::PveUsers as u8)], ["ann@pve", "root@pam"]);
        assert_eq!(names[&(Names::PbsDatastores as u8)], ["main"]);
        assert_eq!(names[&(Names::LocalNode as u8)], ["pve1"]);
        assert!(!names.contains_key(&(Names::Disks as u8)));
    }

    #[test]
    fn only_real_disks_and_interfaces_are_named() {
        let (_dir, root) = host(&[
            ("sys/block/sda/device/model", "x"),
            ("sys/block/nvme0n1/device/model", "x"),
            ("sys/block/loop0/size", "0"),
            ("sys/block/dm-0/size", "0"),
            ("sys/class/net/eno1/device/vendor", "x"),
            ("sys/class/net/tap100i0/mtu", "1500"),
        ]);

        let names = gather(&root, "x");

        assert_eq!(names[&(Names::Disks as u8)], ["nvme0n1", "sda"]);
        assert_eq!(names[&(Names::NetworkInterfaces as u8)], ["eno1"]);
    }

    #[test]
    fn a_name_cannot_be_an_option_a_path_or_a_flood() {
        let mut config = String::from("dir: --help\n\ndir: ../x\n\ndir: a b\n\ndir: ..\n\ndir: ok\n");
        for number in 0..1000 {
            let _ = writeln!(config, "dir: s{number}");
        }
        let (_dir, root) = host(&[("etc/pve/storage.cfg", &config)]);

        let names = gather(&root, "-rf");

        let storages = &names[&(Names::PveStorages as u8)];
        assert_eq!(storages.len(), MOST);
        assert!(storages.iter().all(|name| is_safe(name)));
        assert_eq!(storages[0], "ok");
        assert!(!names.contains_key(&(Names::LocalNode as u8)));
    }
}
