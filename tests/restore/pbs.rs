//! The disk of a backup server's system is gone, those of its datastores are not: a fresh
//! installation finds the chunks again, and nothing is made where a disk is missing.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use proxmox_backup::restore::{Deed, Verdict};

use super::{changed, deeds, everything, host, in_order, planned, restored, system, undone};
use crate::sample::{Sample, files_in};
use crate::scene::{Scene, differences};

const CONFIG: &str = "etc/proxmox-backup";
/// One whose disk is not there, one whose disk is not mounted.
const MORE_STORES: &str = "\ndatastore: gone\n\tpath /mnt/datastore/gone\n\ndatastore: offsite\n\tgc-schedule weekly\n\tpath \
                           /mnt/datastore/offsite\n";
/// Somebody took what lies in these as well.
const CUSTOM: &str = "CUSTOM_BACKUP_PATHS=\"/mnt/datastore/gone/notes, /mnt/datastore/offsite/notes\"\n";

/// Files of an older, larger server, so that each row of the table has one.
const MORE_FILES: &[&str] = &[
    "domains.cfg",
    "ldap_passwords.json",
    "media-pool.cfg",
    "tape.cfg",
    "tape-job.cfg",
    "tape-encryption-keys.json",
    "tape-encryption-key-config.json",
    "encryption-keys.cfg",
    "encryption-keys/sync1.enc",
    "s3.cfg",
];
/// Of root alone: passwords, tokens and keys that the proxy must not read.
const ROOT_ONLY: &[&str] = &[
    "notifications-priv.cfg",
    "tape-encryption-keys.json",
    "shadow.json",
    "tfa.json",
    "ldap_passwords.json",
    "authkey.key",
    "acme/plugins.cfg",
    "acme/accounts/default",
];

const STOPPED: &[&str] = &[
    "systemctl stop proxmox-backup-daily-update.timer",
    "systemctl stop proxmox-backup-proxy.service",
    "systemctl stop proxmox-backup.service",
];
const STARTED: &[&str] = &[
    "systemctl start proxmox-backup.service",
    "systemctl start proxmox-backup-proxy.service",
    "systemctl start proxmox-backup-daily-update.timer",
];

/// Owner, group and mode that the daemons want, by the name below their directory.
fn wanted(name: &str, is_directory: bool) -> (u32, u32, u32) {
    match name {
        "" => (34, 34, 0o700),
        "encryption-keys" => (0, 34, 0o750),
        _ if is_directory => (0, 0, 0o700),
        "token.shadow" => (34, 34, 0o640),
        _ if ROOT_ONLY.contains(&name) => (0, 0, 0o600),
        _ => (0, 34, 0o640),
    }
}

/// Everything below a directory, with the directory.
fn below(top: &Path) -> Vec<PathBuf> {
    let mut all = vec![top.to_owned()];
    let mut at = 0;
    while let Some(path) = all.get(at).cloned() {
        if path.symlink_metadata().unwrap().is_dir() {
            all.extend(files_in(&path));
        }
        at += 1;
    }
    all
}

fn has_owners_and_modes(scene: &Scene) {
    let top = scene.on_host(CONFIG);
    for path in below(&top) {
        let name = path.strip_prefix(&top).unwrap().to_str().unwrap();
        let found = path.metadata().unwrap();
        let is = (found.uid(), found.gid(), found.mode() & 0o7777);
        let (uid, gid, mode) = wanted(name, found.is_dir());
        assert_eq!(is, (uid, gid, mode), "{name}: {:o} instead of {mode:o}", is.2);
    }
}

/// A datastore as Proxmox Backup Server leaves it, on its own disk.
fn with_chunks(scene: &Scene, name: &str) {
    let store = scene.on_host("mnt/datastore").join(name);
    std::fs::create_dir_all(store.join(".chunks/0000")).unwrap();
    std::fs::create_dir_all(store.join("vm/100/2023-11-14T22:13:20Z")).unwrap();
    std::fs::write(store.join(".chunks/0000/00ab"), "a chunk").unwrap();
    std::fs::write(store.join("vm/100/2023-11-14T22:13:20Z/index.json.blob"), "a manifest").unwrap();
    for path in below(&store) {
        chown(&path, Some(34), Some(34)).unwrap();
    }
}

/// With stores and files beside those of the sample.
fn server() -> Sample {
    let sample = Sample::host("pbs-3");
    let at = |name: &str| sample.root().join(name);
    let stores = std::fs::read_to_string(at(CONFIG).join("datastore.cfg")).unwrap() + MORE_STORES;
    std::fs::write(at(CONFIG).join("datastore.cfg"), stores).unwrap();
    std::fs::create_dir(at(CONFIG).join("encryption-keys")).unwrap();
    for name in MORE_FILES {
        std::fs::write(at(CONFIG).join(name), format!("# {name}\n")).unwrap();
    }
    let users = std::fs::read_to_string(at(CONFIG).join("user.cfg")).unwrap();
    std::fs::write(at(CONFIG).join("user.cfg"), users + "\ntoken: root@pam!theirs\n\tenable true\n").unwrap();
    let tokens = r#"{"sample@pbs!pve":"$5$SAMPLE$NOT-A-REAL-HASH","root@pam!theirs":"$5$THEIRS$NOT-A-REAL-HASH"}"#;
    std::fs::write(at(CONFIG).join("token.shadow"), tokens).unwrap();
    for store in ["gone", "offsite"] {
        std::fs::create_dir_all(at("mnt/datastore").join(store)).unwrap();
        std::fs::write(at("mnt/datastore").join(store).join("notes"), "taken along\n").unwrap();
    }
    sample.configure(CUSTOM);
    sample
}

/// The disk of one store is mounted, of another only the mount point is there, of the third nothing.
fn fresh() -> Option<Scene> {
    let scene = Scene::pbs()?;
    with_chunks(&scene, "main");
    std::fs::create_dir(scene.on_host("mnt/datastore/offsite")).unwrap();
    let config = scene.on_host(CONFIG);
    let users = scene.text("etc/proxmox-backup/user.cfg") + "\ntoken: root@pam!here\n\tenable true\n";
    std::fs::write(config.join("user.cfg"), users).unwrap();
    std::fs::write(config.join("token.shadow"), r#"{"root@pam!here":"$5$HERE$NOT-A-REAL-HASH"}"#).unwrap();
    chown(config.join("token.shadow"), Some(34), Some(34)).unwrap();
    std::fs::set_permissions(config.join("token.shadow"), std::fs::Permissions::from_mode(0o640)).unwrap();
    Some(scene)
}

#[test]
fn a_server_comes_back_unattended_onto_the_chunks_it_had() {
    let Some(scene) = fresh() else { return };
    let sample = server();
    sample.backup_recorded().unwrap();
    let before = host(&scene);
    let system = system(scene.door());
    let plan = planned(&system, &sample.newest(), &everything());

    let missing: Vec<(&str, &str)> =
        plan.datastores.iter().map(|it| (it.datastore.as_str(), it.what.as_str())).collect();
    assert!(matches!(missing[..], [("gone", _), ("offsite", _)]), "{missing:?}");
    assert!(missing[0].1.contains("/mnt/datastore/gone does not exist"), "{}", missing[0].1);
    assert!(missing[1].1.contains("mount its disk there"), "{}", missing[1].1);
    for store in ["gone", "offsite"] {
        let notes = plan.file(&format!("/mnt/datastore/{store}/notes")).unwrap();
        assert!(notes.verdict == Verdict::ExportOnly && notes.reason.contains("nothing is mounted"), "{notes:?}");
    }
    // The files are put while nobody reads them.
    let at = |wanted: &dyn Fn(&Deed) -> bool| plan.steps.iter().position(|step| wanted(&step.deed)).unwrap();
    let put = at(&|deed| *deed == Deed::PutFiles);
    let unit = "proxmox-backup.service".to_owned();
    assert!(at(&|deed| *deed == Deed::Stop { unit: unit.clone() }) < put);
    assert!(put < at(&|deed| *deed == Deed::Start { unit: unit.clone() }));

    let done = restored(&system, &sample.newest(), &everything()).unwrap();

    assert_eq!(done.issues, []);
    let theirs = |name: &str| std::fs::read_to_string(sample.root().join(name)).unwrap();
    for name in ["datastore.cfg", "remote.cfg", "prune.cfg", "notifications-priv.cfg", "proxy.key", "authkey.key"] {
        let name = format!("{CONFIG}/{name}");
        assert_eq!(scene.text(&name), theirs(&name), "{name}");
    }
    for name in MORE_FILES {
        assert_eq!(scene.text(&format!("{CONFIG}/{name}")), format!("# {name}\n"));
    }
    has_owners_and_modes(&scene);
    let calls = deeds(&scene);
    in_order(&calls, &[STOPPED, STARTED].concat());
    assert_eq!((scene.unit("proxmox-backup"), scene.unit("proxmox-backup-proxy")), ("active".into(), "active".into()));

    let users = scene.text("etc/proxmox-backup/user.cfg");
    for kept in ["admin@fresh.test", "root@pam!here", "user: sample@pbs", "token: sample@pbs!pve"] {
        assert!(users.contains(kept), "{kept}: {users}");
    }
    let secrets = scene.text("etc/proxmox-backup/token.shadow");
    assert!(secrets.contains("$5$HERE$") && secrets.contains("sample@pbs!pve"), "{secrets}");
    for theirs in ["admin@sample.test", "theirs", "$5$THEIRS$"] {
        assert!(!users.contains(theirs) && !secrets.contains(theirs), "{theirs}: {users}{secrets}");
    }
    assert!(scene.text("etc/proxmox-backup/acl.cfg").contains("sample@pbs!pve:DatastoreBackup"));

    let in_stores: Vec<String> =
        changed(&before, &scene).into_iter().filter(|path| path.starts_with("mnt/datastore")).collect();
    assert_eq!(in_stores, Vec::<String>::new());
    assert!(!scene.on_host("mnt/datastore/gone").exists());

    undone(&before, &scene);
    assert_eq!((scene.unit("proxmox-backup"), scene.unit("proxmox-backup-proxy")), ("active".into(), "active".into()));
}

/// A copy made without care, or a server on which somebody ran `chmod -R`.
#[test]
fn owners_and_modes_are_the_products_whatever_the_backup_says() {
    let Some(scene) = fresh() else { return };
    let sample = server();
    for path in below(&sample.root().join(CONFIG)) {
        chown(&path, Some(0), Some(0)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    sample.backup_recorded().unwrap();
    let before = host(&scene);

    let done = restored(&system(scene.door()), &sample.newest(), &everything()).unwrap();

    assert_eq!(done.issues, []);
    has_owners_and_modes(&scene);
    undone(&before, &scene);
}

/// The older release does not know all that the newer one wrote: its settings are there to read.
#[test]
fn a_server_of_the_next_release_leaves_its_datastores_for_reading() {
    let Some(scene) = Scene::pbs() else { return };
    with_chunks(&scene, "main");
    let (sample, backup) = super::saved("pbs-4-s3");
    let before = host(&scene);
    let system = system(scene.door());
    let plan = planned(&system, &backup, &everything());
    let cloud = plan.datastores.iter().find(|it| it.datastore == "cloud").unwrap();
    assert!(cloud.what.contains("--reuse-datastore true --overwrite-in-use true"), "{}", cloud.what);
    assert_eq!(plan.datastores.len(), 1, "{:?}", plan.datastores);

    let done = restored(&system, &backup, &everything()).unwrap();

    assert_eq!(done.issues, []);
    for name in ["datastore.cfg", "s3.cfg", "node.cfg"] {
        let name = format!("{CONFIG}/{name}");
        assert!(!scene.on_host(&name).exists(), "{name}");
        let aside = done.record.export_dir().join(&name);
        assert_eq!(std::fs::read(&aside).unwrap(), std::fs::read(sample.root().join(&name)).unwrap(), "{name}");
    }
    assert_eq!(done.record.dir().metadata().unwrap().mode() & 0o077, 0, "what was put aside can be read by others");
    has_owners_and_modes(&scene);
    assert!(!scene.on_host("mnt/datastore/cloud-cache").exists());
    undone(&before, &scene);
}

#[test]
fn both_products_on_one_host_come_back_together() {
    let Some(scene) = Scene::dual() else { return };
    with_chunks(&scene, "main");
    let (sample, backup) = super::saved("pve-pbs-dual");
    let before = host(&scene);
    let store = |tree: &std::collections::BTreeMap<String, String>| {
        let mut store = tree.clone();
        store.retain(|path, _| path.starts_with("mnt/datastore"));
        store
    };

    let done = restored(&system(scene.door()), &backup, &everything()).unwrap();

    assert_eq!(done.issues, []);
    for name in [
        "etc/proxmox-backup/datastore.cfg",
        "etc/proxmox-backup/remote.cfg",
        "etc/pve/storage.cfg",
        "etc/pve/priv/storage/pbs1.enc",
        "etc/pve/nodes/box/qemu-server/100.conf",
        "etc/pve/nodes/box/lxc/200.conf",
        "etc/pve/user.cfg",
    ] {
        assert_eq!(scene.text(name), std::fs::read_to_string(sample.root().join(name)).unwrap(), "{name}");
    }
    has_owners_and_modes(&scene);
    let calls = deeds(&scene);
    in_order(&calls, &[STOPPED, STARTED].concat());
    let cluster = ["systemctl stop pve-cluster.service", "systemctl start pve-cluster.service", "pvecm updatecerts"];
    in_order(&calls, &cluster);
    in_order(&calls, &["systemctl stop proxmox-backup.service", "systemctl start pve-cluster.service"]);
    for unit in ["pve-cluster", "pveproxy", "pvedaemon", "proxmox-backup", "proxmox-backup-proxy"] {
        assert_eq!(scene.unit(unit), "active", "{unit}");
    }
    assert_eq!(differences(&store(&before), &store(&host(&scene))), Vec::<String>::new());

    undone(&before, &scene);
    assert_eq!(scene.timers(), Vec::<String>::new());
}
