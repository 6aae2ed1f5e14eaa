//! Inventories of small made-up trees.

use std::path::Path;

use super::*;
use crate::recipe::Sample;

fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
    let dir = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let root = Root::at(dir.path()).unwrap();
    (dir, root)
}

fn taken(root: &Root, what: Inventory, name: &str) -> serde_json::Value {
    serde_json::from_slice(&take(root, what, name, &|_| {}).unwrap()).unwrap()
}

#[test]
fn an_interface_is_told_by_address_driver_and_place_on_the_bus() {
    let (dir, root) = tree(&[
        ("sys/devices/pci0/0000:01:00.0/vendor", "0x8086\n"),
        ("sys/class/net/eno1/address", "02:00:00:00:00:01\n"),
        ("sys/class/net/eno1/addr_assign_type", "0\n"),
        ("sys/class/net/eno1/speed", "-1\n"),
        ("sys/class/net/tap100i0/address", "02:00:00:00:00:09\n"),
        ("sys/class/net/eno2/address", "02:00:00:00:00:01\n"),
        ("sys/class/net/eno2/addr_assign_type", "3\n"),
        ("sys/class/net/eno2/device/vendor", "0x8086\n"),
        (
            "proc/net/bonding/bond0",
            "Currently Active Slave: eno2\n\nSlave Interface: eno2\nMII Status: up\nPermanent HW addr: 02:00:00:00:00:02\n",
        ),
    ]);
    let link = |target: &str, at: &str| std::os::unix::fs::symlink(target, dir.path().join(at)).unwrap();
    link("../../../devices/pci0/0000:01:00.0", "sys/class/net/eno1/device");
    link("../../../bus/pci/drivers/igb", "sys/devices/pci0/0000:01:00.0/driver");

    let found = taken(&root, Inventory::Network, "");

    assert_eq!(found.as_array().unwrap().len(), 2);
    assert_eq!(found[0]["permanent_mac"], "02:00:00:00:00:01");
    assert_eq!(found[0]["driver"], "igb");
    assert_eq!(found[0]["bus_address"], "0000:01:00.0");
    assert_eq!(found[0]["speed_mbits"], serde_json::Value::Null);
    assert_eq!(found[1]["permanent_mac"], "02:00:00:00:00:02");
}

#[test]
fn guest_backups_are_looked_for_in_the_dump_directory_only() {
    let (_dir, root) = tree(&[
        (
            "etc/pve/storage.cfg",
            "dir: local\n\tpath /var/lib/vz\n\tcontent backup\n\nnfs: nas\n\tcontent backup\n\n\
             dir: moved\n\tpath /srv\n\tcontent-dirs backup=a/b,iso=c\n\npbs: pbs1\n\tcontent backup\n",
        ),
        ("var/lib/vz/dump/vzdump-qemu-100.vma.zst", "12345"),
        ("var/lib/vz/dump/below/far", ""),
        ("var/lib/vz/template/iso/x.iso", ""),
        ("srv/a/b/one.tar", ""),
    ]);

    let local = taken(&root, Inventory::BackupFiles, "local");

    assert_eq!(local["files"].as_array().unwrap().len(), 1);
    assert_eq!(local["files"][0]["bytes"], 5);
    assert_eq!(taken(&root, Inventory::BackupFiles, "moved")["files"][0]["name"], "one.tar");
    let nas = taken(&root, Inventory::BackupFiles, "nas");
    assert_eq!((&nas["directory"], &nas["is_present"]), (&"/mnt/pve/nas/dump".into(), &false.into()));
    assert!(take(&root, Inventory::BackupFiles, "pbs1", &|_| {}).is_none());
}

#[test]
fn a_datastore_gives_its_groups_in_all_namespaces() {
    let (_dir, root) = tree(&[
        ("etc/proxmox-backup/datastore.cfg", "datastore: main\n\tpath /mnt/main\n\ndatastore: off\n\tpath /mnt/off\n"),
        ("mnt/main/.chunks/0000/x", ""),
        ("mnt/main/vm/100/owner", "root@pam\n"),
        ("mnt/main/vm/100/2024-01-01T00:00:00Z/index.json.blob", ""),
        ("mnt/main/vm/100/2024-02-01T00:00:00Z/index.json.blob", ""),
        ("mnt/main/ns/a/ns/b/host/web/2024-03-01T00:00:00Z/index.json.blob", ""),
    ]);

    let main = taken(&root, Inventory::Datastore, "main");

    assert_eq!(main["has_chunks"], true);
    assert_eq!(main["groups"][0]["newest"], "2024-02-01T00:00:00Z");
    assert_eq!(main["groups"][0]["owner"], "root@pam");
    assert_eq!((&main["groups"][1]["namespace"], &main["groups"][1]["snapshots"]), (&"a/b".into(), &1.into()));
    assert_eq!(taken(&root, Inventory::Datastore, "off")["is_present"], false);
}

#[test]
fn a_walk_ends_after_so_many_entries_or_so_long_and_says_so() {
    let (_dir, root) = tree(&[("d/a", ""), ("d/b", ""), ("d/c", "")]);

    let mut few = Walk::new(&root, &|_| {}, 2, LONGEST);
    let mut short = Walk::new(&root, &|_| {}, MOST_ENTRIES, Duration::ZERO);

    assert_eq!((few.list(Path::new("/d")).len(), few.stopped_by), (2, Some("entries")));
    assert_eq!((short.list(Path::new("/d")).len(), short.stopped_by), (0, Some("time")));
}

#[test]
fn a_sample_chooses_from_one_dump_directory_or_a_datastore_without_its_chunks() {
    let (dir, root) = tree(&[
        ("etc/pve/storage.cfg", "dir: local\n\tpath /var/lib/vz\n\nnfs: nas\n\tcontent backup\n"),
        ("var/lib/vz/dump/vzdump-qemu-100.vma.zst", ""),
        ("var/lib/vz/dump/below/far", ""),
        ("var/lib/vz/template/iso/x.iso", ""),
        ("etc/proxmox-backup/datastore.cfg", "datastore: main\n\tpath /mnt/main\n"),
        ("mnt/main/.chunks/0000/x.pxar", ""),
        ("mnt/main/top.pxar", ""),
        ("mnt/main/ns/a/ns/b/ns/c/ns/d/ns/e/ns/f/ns/g/host/web/2024-03-01T00:00:00Z/deep.pxar", ""),
        ("mnt/main/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/too-deep.pxar", ""),
        ("other/x.pxar", ""),
    ]);
    std::os::unix::fs::symlink("/other", dir.path().join("mnt/main/link")).unwrap();
    let found = |what, name| {
        let found = sample_files(&root, what, name, &|_| {})?;
        Some(found.files.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect::<Vec<_>>())
    };

    assert_eq!(found(Sample::SmallBackups, "local").unwrap(), ["vzdump-qemu-100.vma.zst"]);
    assert_eq!(found(Sample::NamedBackups, "nas"), None);
    assert_eq!(found(Sample::SmallPxar, "main").unwrap(), ["deep.pxar", "top.pxar"]);
    assert_eq!(found(Sample::SmallPxar, "/other").unwrap(), ["x.pxar"]);
    let few = samples::look(Walk::new(&root, &|_| {}, 2, LONGEST), Sample::SmallPxar, "main").unwrap();
    assert_eq!((few.files.len(), few.stopped_by), (0, Some("entries")));
}
