//! Backups of guests that are copied along: small ones, named ones, and never a whole storage.

use std::path::Path;

use proxmox_backup::host::detect;
use proxmox_backup::system::Root;

use crate::captured::{Captured, capture_with};
use crate::sample::Sample;

fn capture(sample: &Sample, lines: &str) -> Captured {
    sample.configure(lines);
    let root = Root::at(&sample.root()).unwrap();
    let host = detect(&root);
    capture_with(root, &host, &sample.config().collect)
}

/// Files below a directory, without the directories themselves.
fn taken<'a>(captured: &'a Captured, below: &str) -> Vec<&'a str> {
    let files = captured.files.iter().map(|(path, _)| path.as_path()).filter(|path| path.starts_with(below));
    files.filter(|path| path.extension().is_some()).map(|path| path.to_str().unwrap()).collect()
}

fn virtualisation_host() -> Sample {
    let sample = Sample::host("pve-8-single");
    std::fs::remove_dir_all(sample.root().join("var/lib/vz/dump")).unwrap();
    sample.plant("var/lib/vz/dump/vzdump-lxc-101-2024_01_31-02_00_00.tar.zst", "small");
    sample.plant("var/lib/vz/dump/vzdump-lxc-101-2024_01_31-02_00_00.log", "log");
    sample.plant("var/lib/vz/dump/vzdump-qemu-100-2024_01_31-02_00_00.vma.zst", vec![7; 200_000]);
    sample.plant("var/lib/vz/dump/below/vzdump-lxc-102.tar", "not looked at");
    sample.plant("var/lib/vz/template/iso/vzdump-disc.iso", "not looked at");
    sample.plant("mnt/pve/nas/dump/vzdump-lxc-103.tar", "small");
    sample
}

const SMALL: [&str; 2] = [
    "/var/lib/vz/dump/vzdump-lxc-101-2024_01_31-02_00_00.log",
    "/var/lib/vz/dump/vzdump-lxc-101-2024_01_31-02_00_00.tar.zst",
];
const LARGE: &str = "/var/lib/vz/dump/vzdump-qemu-100-2024_01_31-02_00_00.vma.zst";

#[test]
fn no_guest_backup_is_copied_unless_somebody_says_so() {
    let captured = capture(&virtualisation_host(), "");

    assert!(taken(&captured, "/var/lib/vz/dump").is_empty() && taken(&captured, "/mnt/pve").is_empty());
}

#[test]
fn small_guest_backups_are_copied_and_large_ones_named() {
    let captured = capture(&virtualisation_host(), "BACKUP_SMALL_PVE_BACKUPS=true\nMAX_PVE_BACKUP_SIZE=100K\n");

    assert_eq!(taken(&captured, "/var/lib/vz/dump"), SMALL);
    assert_eq!(taken(&captured, "/mnt/pve"), ["/mnt/pve/nas/dump/vzdump-lxc-103.tar"]);
    assert!(captured.skipped.contains(&(LARGE.into(), "too large")), "{:?}", captured.skipped);
    assert!(captured.issues.is_empty(), "{:?}", captured.issues);
}

#[test]
fn a_named_guest_backup_is_copied_whatever_its_size() {
    let captured = capture(
        &virtualisation_host(),
        "BACKUP_SMALL_PVE_BACKUPS=true\nMAX_PVE_BACKUP_SIZE=100K\nPVE_BACKUP_INCLUDE_PATTERN=qemu-100\n",
    );

    assert_eq!(captured.file(LARGE).map(<[u8]>::len), Some(200_000));
    assert_eq!(taken(&captured, "/var/lib/vz/dump").len(), 3);
    assert!(!captured.skipped.iter().any(|(path, _)| path == Path::new(LARGE)));
}

#[test]
fn named_alone_takes_nothing_else_and_follows_the_switch_of_the_lists() {
    let host = virtualisation_host();
    let named = "PVE_BACKUP_INCLUDE_PATTERN=qemu-100\n";

    assert_eq!(taken(&capture(&host, named), "/var/lib/vz/dump"), [LARGE]);
    let off = capture(&host, &format!("{named}BACKUP_PVE_BACKUP_FILES=false\n"));
    assert!(taken(&off, "/var/lib/vz/dump").is_empty());
}

fn backup_server() -> Sample {
    let sample = Sample::host("pbs-4-s3");
    sample.plant("mnt/datastore/main/vm/100/small.pxar", "small");
    sample.plant("mnt/datastore/main/vm/100/large.pxar", vec![7; 2048]);
    sample.plant("mnt/datastore/main/ct/101/other.pxar", "small");
    sample.plant("mnt/datastore/main/.chunks/0000/chunk.pxar", "not looked at");
    sample.plant("srv/store/own.pxar", "small");
    sample
}

#[test]
fn small_pxar_files_are_copied_from_the_datastores_that_are_looked_at() {
    let server = backup_server();
    let on = "BACKUP_SMALL_PXAR=true\nMAX_PXAR_SIZE=1K\nPXAR_SCAN_ENABLE=true\n";

    let all = capture(&server, &format!("{on}PXAR_FILE_EXCLUDE_PATTERN=ct/*\nPBS_DATASTORE_PATH=/srv/store\n"));
    let own = capture(&server, &format!("{on}AUTO_DETECT_DATASTORES=false\nPBS_DATASTORE_PATH=/srv/store\n"));

    assert_eq!(taken(&all, "/mnt/datastore"), ["/mnt/datastore/main/vm/100/small.pxar"]);
    assert_eq!(taken(&all, "/srv"), ["/srv/store/own.pxar"]);
    assert!(all.skipped.contains(&("/mnt/datastore/main/vm/100/large.pxar".into(), "too large")));
    assert_eq!((taken(&own, "/mnt/datastore").len(), taken(&own, "/srv").len()), (0, 1));
    let info = Path::new("/var/lib/proxmox-config-backup/info/pbs");
    assert!(all.file(info.join("datastore_contents_main.json")).is_some());
    assert!(own.file(info.join("datastore_contents_main.json")).is_none());
    assert!(own.file(info.join("datastore_contents_+srv+store.json")).is_some());
}
