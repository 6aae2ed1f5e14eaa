//! A dead disk mounted somewhere: its cluster file system is empty, its database is not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use proxmox_backup::host::detect;
use proxmox_backup::recipe::Names;
use proxmox_backup::system::Root;

use crate::captured::{Captured, capture_all};

/// The sample host with its `/etc/pve` as it is when nothing is mounted there.
fn dead_disk() -> Option<tempfile::TempDir> {
    Command::new("sqlite3").arg("-version").output().ok()?;
    let disk = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts/materialise.sh");
    Command::new(script).args(["pve-8-single".as_ref(), disk.path().as_os_str()]).output().unwrap();
    std::fs::remove_dir_all(disk.path().join("etc/pve")).unwrap();
    std::fs::create_dir(disk.path().join("etc/pve")).unwrap();
    Some(disk)
}

fn paths(captured: &Captured) -> BTreeSet<PathBuf> {
    captured.files.iter().map(|(path, _)| path.clone()).collect()
}

#[test]
fn the_files_of_a_dead_disk_come_from_its_database() {
    let Some(disk) = dead_disk() else { return };
    let root = Root::at(disk.path()).unwrap();

    let host = detect(&root);
    let captured = capture_all(root, &host);

    assert_eq!(host.names(Names::PveBackupStorages), ["local", "nas", "pbs1"]);
    assert_eq!(host.names(Names::PveNodes), ["pve1"]);
    assert!(captured.issues.is_empty(), "{:?}", captured.issues);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts/pve-8-single/root");
    for file in ["etc/pve/nodes/pve1/qemu-server/100.conf", "etc/pve/priv/token.cfg", "etc/pve/storage.cfg"] {
        assert_eq!(captured.file(Path::new("/").join(file)), Some(&*std::fs::read(source.join(file)).unwrap()));
    }
    let taken = paths(&captured);
    assert!(taken.contains(Path::new("/var/lib/pve-cluster/config.db")));
    assert!(!taken.iter().any(|path| path.starts_with("/etc/pve/priv/lock")));
    assert_eq!(taken.len(), captured.files.len(), "something is in the archive twice");
}

#[test]
fn a_dead_disk_gives_inventories() {
    let Some(disk) = dead_disk() else { return };
    let root = Root::at(disk.path()).unwrap();
    let host = detect(&root);
    let captured = capture_all(root, &host);

    let info = Path::new("/var/lib/proxmox-config-backup/info");
    let text = |path: &str| String::from_utf8_lossy(captured.file(info.join(path)).unwrap()).into_owned();
    assert!(text("system/network-inventory.json").contains("\"permanent_mac\": \"02:00:00:00:00:01\""));
    assert!(text("pve/backup_files_local.json").contains("vzdump-qemu-100-2024_01_31-02_00_00.vma.zst"));
    assert!(text("pve/backup_files_nas.json").contains("\"is_present\": false"));
}
