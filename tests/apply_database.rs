//! The cluster database goes and comes back on a host that really mounts it.

use std::path::Path;

use chrono::Local;
use proxmox_backup::apply::{
    ApplyError, Change, Machine, Record, Wanted, keep_old, look, put_new, put_old, start, stop, unmount, wait_for,
};
use proxmox_backup::system::digest_hex;
use rusqlite::Connection;

use crate::apply_units::{signal_pmxcfs, system};
use crate::scene::{Look, Scene, differences};

const DATABASE: &str = "var/lib/pve-cluster/config.db";
const SERVICES: [&str; 10] = [
    "pvescheduler.service",
    "pveproxy.service",
    "spiceproxy.service",
    "pvedaemon.service",
    "pvestatd.service",
    "pve-firewall.service",
    "pve-ha-lrm.service",
    "pve-ha-crm.service",
    "pve-cluster.service",
    "corosync.service",
];
const GUEST: &str = "cores: 2\nname: web\n";

/// The database of a host with a guest, as a backup holds it.
fn of_another_host(dir: &Path) -> Change {
    let lost = Scene::pve_standalone().unwrap();
    std::fs::write(lost.on_host("etc/pve/qemu-server/100.conf"), GUEST).unwrap();
    let saved = dir.join("saved.db");
    let database = Connection::open(lost.on_host(DATABASE)).unwrap();
    database.execute("VACUUM INTO ?1", [saved.to_str().unwrap()]).unwrap();
    change(&saved)
}

fn change(saved: &Path) -> Change {
    let bytes = std::fs::read(saved).unwrap();
    let mut digest = [0; 32];
    digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref());
    let wanted = Wanted::File { content: saved.to_owned(), size: bytes.len() as u64, digest };
    Change { path: format!("/{DATABASE}").into_bytes(), wanted, attributes: None }
}

/// What a plan says.
fn removed() -> Vec<String> {
    ["-wal", "-shm"].map(|end| format!("/{DATABASE}{end}")).to_vec()
}

fn stop_all(machine: &Machine<'_>) {
    for unit in SERVICES {
        stop(machine, unit).unwrap();
    }
    unmount(machine, "/etc/pve").unwrap();
}

fn start_all(machine: &Machine<'_>) {
    start(machine, "pve-cluster.service").unwrap();
    wait_for(machine, "/etc/pve/local", 10).unwrap();
    for unit in SERVICES.iter().rev().filter(|unit| !unit.contains("cluster") && !unit.contains("corosync")) {
        start(machine, unit).unwrap();
    }
}

#[test]
fn the_database_of_another_host_comes_and_the_former_one_comes_back() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let dir = tempfile::tempdir().unwrap();
    let change = of_another_host(dir.path());
    let (system, record) = (system(&scene), Record::create(dir.path(), &Local::now()).unwrap());
    let machine = Machine::of(&system).unwrap();
    let (tree, hash) = (scene.tree(Look::Lasting), scene.tree_hash(Look::Lasting));
    let units = look(&machine, &SERVICES).unwrap();

    stop_all(&machine);
    keep_old(&machine, &record).unwrap();
    let stopped = scene.tree(Look::Exact);
    put_new(&machine, &record, &change, &removed()).unwrap();
    assert_eq!(crate::sample::names_in(&scene.on_host("var/lib/pve-cluster")), [".pmxcfs.lockfile", "config.db"]);
    start_all(&machine);

    assert_eq!(scene.text("etc/pve/local/qemu-server/100.conf"), GUEST);
    assert_eq!(look(&machine, &SERVICES).unwrap(), units);

    // Work goes on, and then somebody wants it back.
    std::fs::write(scene.on_host("etc/pve/qemu-server/101.conf"), GUEST).unwrap();
    stop_all(&machine);
    assert!(put_old(&machine, &record).unwrap());
    let path = |name: &String| name.starts_with("var/lib/pve-cluster/config.db");
    let database = |tree: std::collections::BTreeMap<String, String>| -> Vec<_> {
        tree.into_iter().filter(|(name, _)| path(name)).collect()
    };
    assert_eq!(database(scene.tree(Look::Exact)), database(stopped), "content, mode, owner, time");
    start_all(&machine);

    assert_eq!(differences(&tree, &scene.tree(Look::Lasting)), Vec::<String>::new());
    assert_eq!(scene.tree_hash(Look::Lasting), hash);
    assert_eq!(look(&machine, &SERVICES).unwrap(), units);
}

/// Its newest rows are in the log alone.
#[test]
fn what_a_killed_pmxcfs_had_only_in_its_log_comes_back_too() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let dir = tempfile::tempdir().unwrap();
    let change = of_another_host(dir.path());
    let (system, record) = (system(&scene), Record::create(dir.path(), &Local::now()).unwrap());
    let machine = Machine::of(&system).unwrap();
    std::fs::write(scene.on_host("etc/pve/qemu-server/200.conf"), "name: newest\n").unwrap();
    let before = scene.tree(Look::Lasting);
    let log = |dir: &Path| std::fs::read(dir.join("config.db-wal")).unwrap_or_default();
    let live = scene.on_host("var/lib/pve-cluster");
    signal_pmxcfs(&scene, "-KILL");
    let text = keep_old(&machine, &record).unwrap_err().to_string();
    assert_eq!(text, "/etc/pve: the cluster file system is still mounted: stop pve-cluster first");
    stop_all(&machine);
    let whole = log(&live);
    assert!(whole.windows(12).any(|bytes| bytes == b"name: newest"));

    keep_old(&machine, &record).unwrap();
    put_new(&machine, &record, &change, &removed()).unwrap();
    assert_eq!(log(&live), b"");
    start_all(&machine);
    assert!(!scene.on_host("etc/pve/qemu-server/200.conf").exists());
    // It is killed again: now the log belongs to the new database.
    std::fs::write(scene.on_host("etc/pve/qemu-server/300.conf"), "name: lost\n").unwrap();
    signal_pmxcfs(&scene, "-KILL");
    stop_all(&machine);
    put_old(&machine, &record).unwrap();

    assert_eq!(digest_hex(&log(&live)), digest_hex(&whole));
    start_all(&machine);
    assert_eq!(scene.text("etc/pve/qemu-server/200.conf"), "name: newest\n");
    assert_eq!(differences(&before, &scene.tree(Look::Lasting)), Vec::<String>::new());
}

#[test]
fn a_running_or_damaged_database_is_left_alone() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (system, record) = (system(&scene), Record::create(dir.path(), &Local::now()).unwrap());
    let machine = Machine::of(&system).unwrap();
    let change = of_another_host(dir.path());
    let before = scene.tree_hash(Look::Exact);
    let is_refused = |result: Result<(), ApplyError>| {
        assert!(matches!(&result, Err(ApplyError::Differs { path, .. }) if path == "/etc/pve"), "{result:?}");
    };
    is_refused(keep_old(&machine, &record));
    assert!(!put_old(&machine, &record).unwrap(), "nothing was kept: nothing was touched");
    assert_eq!(scene.tree_hash(Look::Exact), before);

    stop_all(&machine);
    keep_old(&machine, &record).unwrap();
    start_all(&machine);
    is_refused(put_new(&machine, &record, &change, &removed()));
    is_refused(put_old(&machine, &record).map(drop));

    stop_all(&machine);
    let stopped = scene.tree_hash(Look::Exact);
    let Wanted::File { content, .. } = &change.wanted else { panic!() };
    let mut bytes = std::fs::read(content).unwrap();
    let length = bytes.len();
    bytes[length / 2..].fill(0x5a);
    std::fs::write(content, bytes).unwrap();
    let text = put_new(&machine, &record, &self::change(content), &removed()).unwrap_err().to_string();
    assert!(text.starts_with("/var/lib/pve-cluster/config.db: the database of the backup: "), "{text}");
    assert_eq!(scene.tree_hash(Look::Exact), stopped);
}
