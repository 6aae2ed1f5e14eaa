//! Backups of the two older tools go back by the same functions and commands as our own.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use proxmox_backup::bundle::Backup;
use proxmox_backup::workflow::restore_plan;

use super::command::Disk;
use super::{deeds, everything, host, restored, system, taken_back};
use crate::old::{Bash, LAYOUTS, ProxSave, STORAGE, large, write};
use crate::sample::Sample;
use crate::scene::{Scene, differences};

const ZSTD: (&str, &str, &str) = (".zst", "zst", "--zstd");
const DATABASE: &str = "var/lib/pve-cluster/config.db";
const CRONTAB: &str = "# of the old tool\n0 3 * * * root true\n";

/// What both tools took of a host besides the few files of their builders.
fn more(stage: &Path) {
    write(stage, "etc/cron.d/own", CRONTAB.as_bytes(), 0o644);
    write(stage, "etc/sudoers.d/own", b"ann ALL=(ALL) ALL\n", 0o440);
}

/// The cluster database of a host with guests, beside it the files that it holds.
fn with_database(stage: &Path) {
    more(stage);
    let sample = Sample::host("pve-8-single");
    std::fs::remove_dir_all(stage.join("etc/pve")).unwrap();
    let from = sample.root().join("etc/pve").display().to_string();
    crate::old::run("cp", &["-a", &from, "etc"], stage);
    write(stage, "etc/hostname", b"pve1\n", 0o644);
    let database = std::fs::read(sample.root().join(DATABASE)).unwrap();
    write(stage, DATABASE, &database, 0o600);
}

/// A backup of each tool, whose staged files `prepare` completes.
fn both(dir: &Path, prepare: fn(&Path)) -> Vec<(String, PathBuf)> {
    let bash = Bash::new();
    prepare(bash.stage.path());
    let mut all = vec![("bash".to_owned(), bash.pack(dir, "xz", "-J"))];
    for layout in LAYOUTS {
        let proxsave = ProxSave::new();
        prepare(proxsave.stage.path());
        let place = dir.join(format!("{layout:?}"));
        std::fs::create_dir(&place).unwrap();
        all.push((format!("proxsave {layout:?}"), proxsave.pack(&place, ZSTD, layout)));
    }
    all
}

fn node_files(scene: &Scene) -> BTreeMap<String, String> {
    host(scene).into_iter().filter(|(path, _)| path.starts_with("etc/pve/nodes/")).collect()
}

#[test]
fn their_files_go_back_one_by_one_and_go_again() {
    let dir = tempfile::tempdir().unwrap();
    for (tool, backup) in both(dir.path(), more) {
        let Some(scene) = Scene::pve_standalone() else { return };
        let (before, guests) = (host(&scene), node_files(&scene));
        let system = system(scene.door());

        let done = restored(&system, &backup, &everything()).unwrap_or_else(|failure| panic!("{tool}: {failure}"));

        assert_eq!(done.issues, [], "{tool}");
        assert_eq!(scene.text("etc/cron.d/own"), CRONTAB, "{tool}");
        assert_eq!(scene.text("etc/sudoers.d/own"), "ann ALL=(ALL) ALL\n", "{tool}");
        let mode = std::fs::metadata(scene.on_host("etc/sudoers.d/own")).unwrap().mode();
        assert_eq!(mode & 0o7777, 0o440, "{tool}");
        assert_eq!(std::fs::read(scene.on_host("etc/pve/storage.cfg")).unwrap(), STORAGE, "{tool}");
        assert_eq!(node_files(&scene), guests, "{tool}");
        // Nothing of the tools' own comes along.
        for name in [".proxmox-backup-marker", ".proxsave-marker", "manifest.json", "chunked_files"] {
            assert!(!scene.on_host(name).exists(), "{tool}: {name}");
        }

        let undone = taken_back(&system).unwrap();

        assert_eq!(undone.issues, [], "{tool}");
        assert_eq!(differences(&before, &host(&scene)), Vec::<String>::new(), "{tool}");
    }
}

#[test]
fn their_database_brings_the_whole_node_back() {
    let dir = tempfile::tempdir().unwrap();
    for (tool, backup) in both(dir.path(), with_database) {
        let Some(scene) = Scene::pve_standalone() else { return };
        let before = host(&scene);
        let system = system(scene.door());

        let done = restored(&system, &backup, &everything()).unwrap_or_else(|failure| panic!("{tool}: {failure}"));

        assert_eq!(done.issues, [], "{tool}");
        // A manifest says that ProxSave's is of another major release: its files go back one by one.
        let is_whole = deeds(&scene).iter().any(|call| call == "systemctl stop pve-cluster.service");
        assert_eq!(is_whole, ["bash", "proxsave Alone"].contains(&tool.as_str()), "{tool}");
        assert!(scene.is_mounted(), "{tool}");
        let guests = crate::sample::names_in(&scene.on_host("etc/pve/nodes/pve1/qemu-server"));
        assert!(!is_whole || guests.len() > 1, "{tool}: {guests:?}");
        assert_eq!(scene.text("etc/cron.d/own"), CRONTAB, "{tool}");

        let undone = taken_back(&system).unwrap();

        assert_eq!(undone.issues, [], "{tool}");
        assert_eq!(differences(&before, &host(&scene)), Vec::<String>::new(), "{tool}");
    }
}

/// Pieces are joined, duplicates are files again, wherever they go.
#[test]
fn what_they_cut_and_linked_is_planned_as_what_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let Some(scene) = Scene::pve_standalone() else { return };
    let system = system(scene.door());
    let bash = Bash::new().optimised().pack(dir.path(), "zst", "--zstd");
    let proxsave = ProxSave::new().optimised().pack(dir.path(), ZSTD, LAYOUTS[0]);
    for backup in [bash, proxsave] {
        let plan = restore_plan(&Backup::open(&backup).unwrap(), &system, &everything()).unwrap();
        let file = plan.file("/var/lib/db/large.db").unwrap();
        assert_eq!((file.kind, file.size), ("file", large().len() as u64));
        let twin = plan.file("/root/twin").unwrap();
        assert_eq!((twin.kind, twin.size), ("file", STORAGE.len() as u64));
        assert!(plan.files.iter().all(|file| !String::from_utf8_lossy(&file.path).contains("chunk")));
    }
}

#[test]
fn the_program_restores_them_into_a_tree_and_takes_them_back() {
    let dir = tempfile::tempdir().unwrap();
    let sample = Sample::empty("old");
    for (tool, backup) in both(dir.path(), more) {
        let Some(disk) = Disk::new() else { return };

        let output = disk.run(&sample, &["restore", backup.to_str().unwrap(), "--yes"]);

        let said = super::failures::said(&output);
        assert_eq!(output.status.code(), Some(0), "{tool}: {said}");
        assert_eq!(disk.scene.text("etc/cron.d/own"), CRONTAB, "{tool}");
        disk.expect(&sample, 0, &["undo", "--yes"]);
        disk.assert_back(&tool);
    }
}
