//! The restore drill: backups of sample hosts would bring them back, and each thing planted in
//! their way is found once, by name.

use std::path::Path;
use std::process::Command;

use proxmox_backup::report::RunReport;
use proxmox_backup::system::{Clock, Runner};
use serde_json::Value;

use crate::sample::{Sample, skip};

const DATABASE: &str = "var/lib/pve-cluster/config.db";
const PVE: &str = "pve-9-cluster-ceph";

/// A sample host whose files are a day old: nothing of it has changed during a backup.
fn host(name: &str) -> Option<Sample> {
    if name.contains("pve") && Command::new("sqlite3").arg("-version").output().is_err() {
        skip("sqlite3 is not installed, so sample hosts have no database");
        return None;
    }
    let sample = Sample::host(name);
    age(&sample);
    Some(sample)
}

fn age(sample: &Sample) {
    let root = sample.root();
    let find = ["-type", "f", "-exec", "touch", "-d", "yesterday", "{}", "+"];
    assert!(Command::new("find").arg(root).args(find).status().unwrap().success());
}

/// Changes the host's file, and its row in the database where it has one.
fn change(sample: &Sample, path: &str, change: impl FnOnce(String) -> String) {
    let text = change(std::fs::read_to_string(sample.root().join(path)).unwrap());
    sample.plant(path, &text);
    let name = Path::new(path).file_name().unwrap().to_str().unwrap();
    if path.starts_with("etc/pve/") {
        let changed = write_row(sample, "UPDATE tree SET data = CAST(?1 AS BLOB) WHERE name = ?2", &[&text, name]);
        assert_eq!(changed, 1, "{path}");
    }
    age(sample);
}

fn write_row(sample: &Sample, sql: &str, values: &[&str]) -> usize {
    let database = rusqlite::Connection::open(sample.root().join(DATABASE)).unwrap();
    let changed = database.execute(sql, rusqlite::params_from_iter(values)).unwrap();
    database.pragma_update(None, "wal_checkpoint", "truncate").unwrap();
    changed
}

fn run(sample: &Sample) -> RunReport {
    sample.backup_recorded().unwrap()
}

/// What `verify` says of the newest backup: exit code, lines for people, the drill for programs.
fn verify(sample: &Sample, options: &[&str]) -> (i32, String, Value) {
    let newest = sample.newest();
    let arguments = [&["verify", newest.to_str().unwrap()], options].concat();
    let output = sample.run(&arguments);
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let json = sample.run([&["--json"], &arguments[..]].concat());
    let json: Value = serde_json::from_slice(&json.stdout).unwrap_or_else(|cause| panic!("{cause}: {said}"));
    (output.status.code().unwrap(), said, json["backups"][0]["drill"].clone())
}

#[test]
fn backups_of_every_sample_host_would_bring_it_back() {
    for (name, words) in [
        ("debian-plain", "because interfaces, fstab, passwd, group and shadow parse (nothing of Proxmox in it)"),
        ("pbs-3", "because datastore.cfg, user.cfg, acl.cfg, "),
        ("pbs-4-s3", "because datastore.cfg, user.cfg, acl.cfg, "),
        ("pve-7-leftover", "because "),
        ("pve-8-single", "3 guest configurations parse"),
        (PVE, "7 guest configurations parse"),
        ("pve-pbs-dual", "because config.db passes its integrity check and "),
    ] {
        let Some(sample) = host(name) else { continue };
        let report = run(&sample);

        let drill = report.drill.as_ref().unwrap();
        let sentence = drill.to_string();
        assert!(sentence.contains(words), "{name}: {sentence}");
        assert_eq!(drill.restorable(), drill.of(), "{name}: {sentence}");
        assert!(drill.of() >= 4, "{name}: {sentence}");
        assert_eq!(drill.remarks, [""; 0], "{name}");
        assert!(report.issues.iter().all(|issue| issue.stage.to_string() != "verify"), "{name}: {:?}", report.issues);
        assert_eq!(report.to_json()["drill"]["of"], drill.of());

        let (code, said, json) = verify(&sample, &[]);
        assert_eq!(code, 0, "{name}: {said}");
        assert!(said.contains(&sentence), "{name}: {said}");
        assert_eq!(json["summary"], sentence);
        let manifest: Value = serde_json::from_str(&sample.expect(0, &["--json", "show", "latest"])).unwrap();
        assert_eq!(manifest["drill"], sentence);
    }
}

#[test]
fn the_sentence_counts_what_the_host_has() {
    let Some(sample) = host("pve-8-single") else { return };
    let sentence = run(&sample).drill.unwrap().to_string();
    assert!(sentence.starts_with("restorable: "), "{sentence}");
    assert!(sentence.contains("config.db passes its integrity check and its "), "{sentence}");
    assert!(sentence.contains(" files equal /etc/pve, and storage.cfg, user.cfg, datacenter.cfg, "), "{sentence}");
}

/// A file of the host, what becomes what in it, and where the mistake is then.
type Mistake = (&'static str, &'static str, &'static str, &'static str, &'static str);

const MISTAKES: &[Mistake] = &[
    (PVE, "etc/pve/storage.cfg", "dir: local\n", "", "/etc/pve/storage.cfg:1"),
    (PVE, "etc/pve/user.cfg", "user:root@pam", "usr:root@pam", "/etc/pve/user.cfg:1"),
    (PVE, "etc/pve/corosync.conf", "logging {", "logging {\n  x {", "/etc/pve/corosync.conf:1"),
    (PVE, "etc/pve/datacenter.cfg", "keyboard: ", "keyboard ", "/etc/pve/datacenter.cfg:2"),
    (
        PVE,
        "etc/pve/nodes/pve2/qemu-server/110.conf",
        "agent: 1",
        "\u{1}\u{2}",
        "/etc/pve/nodes/pve2/qemu-server/110.conf:3",
    ),
    (PVE, "etc/pve/nodes/pve3/lxc/220.conf", "swap: 512", "<<<<<<<", "/etc/pve/nodes/pve3/lxc/220.conf:10"),
    (PVE, "etc/network/interfaces", "iface vmbr0 inet static\n", "", "/etc/network/interfaces:7"),
    (PVE, "etc/fstab", "UUID=1A2B-3C4D /boot/efi vfat", "UUID=1A2B-3C4D", "/etc/fstab:3"),
    ("pbs-4-s3", "etc/proxmox-backup/datastore.cfg", "\tpath", "path", "/etc/proxmox-backup/datastore.cfg:5"),
    ("pbs-4-s3", "etc/proxmox-backup/acl.cfg", "acl:1:/datastore", "acl:1", "/etc/proxmox-backup/acl.cfg:1"),
    ("pbs-4-s3", "etc/proxmox-backup/tfa.json", "{", "", "/etc/proxmox-backup/tfa.json:1"),
];

#[test]
fn a_file_that_does_not_parse_is_one_warning_and_no_damage() {
    for (name, path, from, to, place) in MISTAKES {
        let Some(sample) = host(name) else { continue };
        let whole = run(&sample).drill.unwrap();
        change(&sample, path, |text| {
            assert!(text.contains(from), "{path}: {text}");
            text.replacen(from, to, 1)
        });

        let report = run(&sample);

        let drill = report.drill.as_ref().unwrap();
        assert_eq!((drill.of(), drill.restorable()), (whole.of(), whole.of() - 1), "{path}: {drill}");
        let mine: Vec<_> = report.issues.iter().filter(|issue| issue.stage.to_string() == "verify").collect();
        assert_eq!(mine.len(), 1, "{path}: {mine:?}");
        assert_eq!(mine[0].subject, *place, "{mine:?}");
        assert!(mine[0].hint.as_ref().is_some_and(|hint| hint.contains("correct it there")), "{mine:?}");
        let (code, said, json) = verify(&sample, &[]);
        assert_eq!(code, 0, "{path}: {said}");
        assert!(said.contains(": whole\n") && said.contains(&format!("{place}: ")), "{path}: {said}");
        assert_eq!(json["restorable"], whole.of() - 1);
    }
}

#[test]
fn a_run_that_finds_a_mistake_ends_with_warnings() {
    let Some(sample) = host("pbs-3") else { return };
    sample.expect(0, &["backup"]);
    change(&sample, "etc/proxmox-backup/datastore.cfg", |text| text.replacen("datastore: ", "datastore ", 1));

    let output = sample.run(["backup"]);

    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("verify: /etc/proxmox-backup/datastore.cfg:1: not the head of a section"), "{said}");
    let shown = sample.expect(0, &["show", "latest"]);
    assert!(
        shown.contains("Drill         restorable: ")
            && shown.contains("because not /etc/proxmox-backup/datastore.cfg:1"),
        "{shown}"
    );
}

/// Damages the database that a backup holds; the capture itself would refuse to take such a one.
fn with_database(damage: impl FnOnce(&mut Vec<u8>)) -> Option<(Sample, RunReport)> {
    let sample = host("pve-8-single")?;
    let mut bytes = std::fs::read(sample.root().join(DATABASE)).unwrap();
    damage(&mut bytes);
    // Taken as a plain file, as another tool would.
    std::fs::remove_file(sample.root().join(DATABASE)).unwrap();
    sample.plant("/srv/config.db", &bytes);
    age(&sample);
    let mut config = sample.config();
    config.collect.moved.insert("/var/lib/pve-cluster".to_owned(), "/nowhere".into());
    config.collect.custom_paths.push("/var/lib/pve-cluster/config.db".to_owned());
    std::fs::rename(sample.root().join("srv/config.db"), sample.root().join(DATABASE)).unwrap();
    let report = sample.backup_as(&config, Runner::Nobody, Clock::System).unwrap();
    Some((sample, report))
}

fn is_damage(sample: &Sample, report: &RunReport, words: &str) {
    let drill = report.drill.as_ref().unwrap();
    assert_eq!(drill.failing().count(), 1, "{drill}");
    let mine: Vec<_> = report.issues.iter().filter(|issue| issue.stage.to_string() == "verify").collect();
    assert_eq!(mine.len(), 1, "{mine:?}");
    assert_eq!(mine[0].subject, format!("/{DATABASE}"));
    assert!(mine[0].reason.contains(words), "{mine:?}");
    let (code, said, json) = verify(sample, &[]);
    assert_eq!(code, 8, "{said}");
    assert!(said.contains(": DAMAGED\n") && said.contains(words), "{said}");
    assert_eq!(json["of"].as_u64().unwrap(), json["restorable"].as_u64().unwrap() + 1);
}

#[test]
fn a_database_that_is_cut_off_or_overwritten_is_damage() {
    let cuts: [fn(&mut Vec<u8>); 3] =
        [|bytes| bytes.truncate(bytes.len() - 4096), |bytes| bytes.truncate(100), |bytes| bytes[4096..8192].fill(0)];
    for cut in cuts {
        let Some((sample, report)) = with_database(cut) else { return };
        is_damage(&sample, &report, "");
        let why = &report.drill.unwrap().parts[0].why;
        assert!(why.contains("integrity check says") || why.contains("SQLite cannot read it"), "{why}");
    }
}

#[test]
fn a_row_that_differs_is_missing_or_belongs_nowhere_is_damage() {
    for (sql, words) in [
        ("UPDATE tree SET data = 'dir: other' WHERE name = ?1", "/etc/pve/storage.cfg differs from its row"),
        ("DELETE FROM tree WHERE name = ?1", "/etc/pve/storage.cfg has no row"),
        ("UPDATE tree SET parent = 99999 WHERE name = ?1", "1 row(s) belong to no directory"),
    ] {
        let Some(sample) = host("pve-8-single") else { return };
        assert_eq!(write_row(&sample, sql, &["storage.cfg"]), 1);
        age(&sample);
        let report = run(&sample);
        is_damage(&sample, &report, words);
    }
}

#[test]
fn what_changes_during_the_backup_is_a_remark() {
    let Some(sample) = host("pve-8-single") else { return };
    sample.plant("/etc/pve/storage.cfg", "dir: new\n\tpath /new\n");
    let file = sample.root().join("etc/pve/storage.cfg");
    assert!(Command::new("touch").args(["-d", "tomorrow"]).arg(file).status().unwrap().success());

    let report = run(&sample);

    let drill = report.drill.as_ref().unwrap();
    assert_eq!(drill.of(), drill.restorable(), "{drill}");
    assert_eq!(drill.remarks, ["changed during the backup: /etc/pve/storage.cfg"]);
    let (code, said, json) = verify(&sample, &[]);
    assert_eq!((code, json["remarks"][0].as_str()), (0, Some(drill.remarks[0].as_str())), "{said}");
}

#[test]
fn what_is_switched_off_is_no_damage() {
    let Some(sample) = host("pve-8-single") else { return };
    let mut config = sample.config();
    config.collect.switches.insert("BACKUP_VM_CONFIGS".to_owned(), false);
    let report = sample.backup_as(&config, Runner::Nobody, Clock::System).unwrap();
    let drill = report.drill.unwrap();
    assert_eq!(drill.of(), drill.restorable(), "{drill}");
    assert!(drill.remarks[0].contains("of config.db are not in the backup"), "{:?}", drill.remarks);
    assert!(!drill.to_string().contains("guest"), "{drill}");
}

#[test]
fn an_encrypted_backup_is_tried_out_while_it_is_written_and_later_with_its_key() {
    let Some(sample) = host("pve-8-single") else { return };
    let key = age::x25519::Identity::generate();
    let secret = age::secrecy::ExposeSecret::expose_secret(&key.to_string()).to_owned();
    std::fs::write(sample.path("key"), secret).unwrap();
    sample.configure(&format!("ENCRYPT_ARCHIVE=true\nAGE_RECIPIENT={}\n", key.to_public()));

    let sentence = run(&sample).drill.unwrap().to_string();

    assert!(sentence.contains("3 guest configurations parse"), "{sentence}");
    let (code, said, _) = verify(&sample, &["--identity", sample.path("key").to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(&sentence), "{said}");
    let (code, said, json) = verify(&sample, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("not tried out (encrypted, and no key was given)"), "{said}");
    assert_eq!(json["not_done"], "encrypted, and no key was given");
}

#[test]
fn a_run_without_the_drill_says_nothing_of_it_and_verify_does_it_later() {
    let Some(sample) = host("pbs-3") else { return };
    sample.configure("VERIFY_DRILL=false\n");
    let report = run(&sample);
    assert!(report.drill.is_none() && report.to_json().get("drill").is_none());
    let manifest: Value = serde_json::from_str(&sample.expect(0, &["--json", "show", "latest"])).unwrap();
    assert!(manifest.get("drill").is_none());
    let (code, said, json) = verify(&sample, &[]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(json["of"], json["restorable"]);
}

#[test]
fn a_backup_that_cannot_be_read_to_its_end_is_not_tried_out() {
    let Some(sample) = host("debian-plain") else { return };
    run(&sample);
    let newest = sample.newest();
    let mut bytes = std::fs::read(&newest).unwrap();
    let middle = 18 * 1024 + 4000;
    bytes[middle] ^= 0x55;
    std::fs::write(&newest, bytes).unwrap();
    let (code, said, json) = verify(&sample, &[]);
    assert_eq!(code, 8, "{said}");
    assert_eq!(json["not_done"], "its content cannot be read to the end", "{said}");
}

/// An archive as the Bash tool makes it, of this host's files.
fn old_archive(sample: &Sample, names: &[&str]) {
    std::fs::create_dir_all(sample.path("backups")).unwrap();
    let archive = sample.path("backups").join("pve-backup-pve1.lan-2025-11-20_02-00-03.tar.gz");
    let status = Command::new("tar").arg("-czf").arg(archive).arg("-C").arg(sample.root()).args(names).status();
    assert!(status.unwrap().success());
}

#[test]
fn backups_of_older_tools_are_tried_out_as_far_as_they_go() {
    let Some(sample) = host("pve-8-single") else { return };
    old_archive(&sample, &["./etc/pve", "./etc/network", "./var/lib/pve-cluster"]);
    let (code, said, json) = verify(&sample, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("config.db passes its integrity check and its "), "{said}");
    assert_eq!(json["of"], json["restorable"]);

    // Comments stripped, or copied at another moment: not damage of the backup.
    sample.plant("/etc/pve/storage.cfg", "dir: local\n\tpath /var/lib/vz\n");
    old_archive(&sample, &["etc/pve", "var/lib/pve-cluster"]);
    let (code, said, json) = verify(&sample, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("not judged: /var/lib/pve-cluster/config.db"), "{said}");
    assert_eq!(json["parts"][0]["restorable"], Value::Null);
}

#[test]
fn rows_that_are_in_the_log_alone_count() {
    let Some(sample) = host("pve-8-single") else { return };
    let database = rusqlite::Connection::open(sample.root().join(DATABASE)).unwrap();
    database.pragma_update(None, "journal_mode", "wal").unwrap();
    database.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    let storage = "dir: fresh\n\tpath /fresh\n";
    sample.plant("/etc/pve/storage.cfg", storage);
    database.execute("UPDATE tree SET data = CAST(?1 AS BLOB) WHERE name = 'storage.cfg'", [storage]).unwrap();
    old_archive(&sample, &["etc/pve", "var/lib/pve-cluster"]);
    let (_, said, json) = verify(&sample, &[]);
    assert_eq!(json["parts"][0]["restorable"], true, "{said}");
}

#[test]
fn files_that_an_older_tool_replaced_by_links_are_put_together_first() {
    let sample = Sample::empty("old");
    let stage = sample.path("stage");
    let plant = |path: &str, content: &str| {
        let path = stage.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    plant("etc/pve/aaa.cfg", "no: section\nfile\n");
    plant("var/lib/proxsave-info/backup_metadata.txt", "VERSION=1\n");
    let list = r#"[{"path":"etc/pve/storage.cfg"}]"#;
    plant("var/lib/proxsave-info/dedup_manifest.json", list);
    std::os::unix::fs::symlink("aaa.cfg", stage.join("etc/pve/storage.cfg")).unwrap();
    std::fs::create_dir_all(sample.path("backups")).unwrap();
    let archive = sample.path("backups").join("old-backup-20251120-020003.tar");
    let status = Command::new("tar").arg("-cf").arg(archive).arg("-C").arg(stage).arg(".").status();
    assert!(status.unwrap().success());

    let (_, said, json) = verify(&sample, &[]);

    assert_eq!(json["parts"][0]["path"], "/etc/pve/storage.cfg", "{said}");
    assert_eq!(json["parts"][0]["line"], 2, "{said}");
}
