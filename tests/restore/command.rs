//! The built program restores into a tree that does not run, and takes it back.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::failures::said;
use super::{STATE, host, saved};
use crate::sample::{Sample, names_in};
use crate::scene::{Scene, differences};

/// A freshly installed host whose disk is mounted in a rescue system.
pub(super) struct Disk {
    pub(super) scene: Scene,
    before: BTreeMap<String, String>,
    database: Vec<u8>,
}

const DATABASE: &str = "var/lib/pve-cluster/config.db";

impl Disk {
    pub(super) fn new() -> Option<Self> {
        let scene = Scene::pve_standalone()?;
        let active = names_in(&scene.path("state/units")).into_iter().filter(|unit| scene.unit(unit) == "active");
        let active: Vec<String> = active.collect();
        let words: Vec<&str> = active.iter().map(String::as_str).collect();
        scene.done(&[&["systemctl", "stop"][..], &words].concat());
        scene.forget_calls();
        let (before, database) = (host(&scene), std::fs::read(scene.on_host(DATABASE)).unwrap());
        Some(Self { scene, before, database })
    }

    /// The program with this disk as its root; places of its own are those of the sample.
    pub(super) fn run(&self, sample: &Sample, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_proxmox-backup"));
        command.arg("--config").arg(sample.path("backup.env")).arg("--root").arg(self.scene.root()).args(words);
        command.env_clear().env("RUNTIME_DIRECTORY", sample.path("run")).env("STATE_DIRECTORY", sample.path("state"));
        command.env("TZ", "UTC").env("PATH", self.scene.search_path()).output().unwrap()
    }

    pub(super) fn expect(&self, sample: &Sample, code: i32, words: &[&str]) -> String {
        let output = self.run(sample, words);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    pub(super) fn records(&self) -> PathBuf {
        self.scene.on_host(STATE).join("restore")
    }

    /// Times aside; no program of the host was called.
    pub(super) fn assert_back(&self, what: &str) {
        assert_eq!(differences(&self.before, &host(&self.scene)), Vec::<String>::new(), "{what}");
        assert!(std::fs::read(self.scene.on_host(DATABASE)).unwrap() == self.database, "{what}: database");
        assert_eq!(self.scene.calls(), Vec::<String>::new(), "{what}");
    }
}

#[test]
fn a_mounted_disk_is_restored_and_taken_back_by_the_program() {
    let Some(disk) = Disk::new() else { return };
    let (sample, backup) = saved("pve-8-single");
    let backup = backup.to_str().unwrap();

    let text = disk.expect(&sample, 0, &["restore", backup, "--yes", "--nic-map", "auto"]);

    let id = names_in(&disk.records()).pop().unwrap();
    let record = disk.records().join(&id);
    let way_back = format!("Take it back: proxmox-backup --root {} undo {id}", disk.scene.root().display());
    for words in ["Restore plan for", "Restored from", &format!("record: {id} in {}", record.display()), &way_back] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(std::fs::metadata(&record).unwrap().mode() & 0o777, 0o700);
    for name in ["journal", "plan.json", "touched.json", "undo.tar"] {
        assert_eq!(std::fs::metadata(record.join(name)).unwrap().mode() & 0o7777, 0o600, "{name}");
    }
    for name in ["etc/sudoers.d/ann", "usr/local/sbin/trim-guests", "etc/vzdump.conf"] {
        assert_eq!(disk.scene.text(name), std::fs::read_to_string(sample.root().join(name)).unwrap(), "{name}");
    }
    assert_eq!(disk.scene.calls(), Vec::<String>::new(), "its services do not run here");
    assert_eq!(names_in(&disk.scene.on_host("etc/pve")), Vec::<String>::new(), "nothing below the mount point");
    holds_the_cluster_files(&disk, &sample);
    // A second time nothing differs.
    let again = disk.expect(&sample, 0, &["restore", backup, "--yes", "--nic-map", "auto", "--json"]);
    let last: serde_json::Value = serde_json::from_str(again.lines().last().unwrap()).unwrap();
    assert_eq!(last["restored"], false, "{last}");

    let undone = disk.expect(&sample, 0, &["undo", "--yes"]);

    assert!(undone.contains(&format!("The restore {id} is undone.")), "{undone}");
    disk.assert_back("undone");
    let nothing = disk.run(&sample, &["undo", "--yes"]);
    assert_eq!(nothing.status.code(), Some(3), "{}", said(&nothing));
    assert!(disk.expect(&sample, 0, &["undo", &id, "--yes"]).contains("nothing to take back"));
    disk.assert_back("undone twice");
}

/// The machine would start with this `/etc/pve`.
fn holds_the_cluster_files(disk: &Disk, sample: &Sample) {
    let query = "SELECT name FROM tree WHERE type = 8 AND inode <> 0 ORDER BY name";
    let names = |database: &Path| {
        let output = Command::new("sqlite3").arg(database).arg(query).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let database = disk.scene.on_host(DATABASE);
    assert_eq!(std::fs::metadata(&database).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(names(&database), names(&sample.root().join(DATABASE)));
}
