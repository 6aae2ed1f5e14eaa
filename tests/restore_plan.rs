//! Restore plans of whole sample hosts against made-up targets, by the library and by the program.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use proxmox_backup::bundle::Backup;
use proxmox_backup::recipe::CATEGORIES;
use proxmox_backup::restore::{Deed, GuestPolicy, Pick, PveWay, RestorePlan, Selection, Verdict};
use proxmox_backup::system::{Recorded, Root, Runner, System, digest_hex};
use proxmox_backup::workflow::restore_plan;
use serde_json::Value;

use crate::old::{Bash, Layout, ProxSave};
use crate::sample::{Sample, hosts_dir};

/// A sample host with a backup of it.
fn saved(name: &str) -> Sample {
    let sample = Sample::host(name);
    sample.backup_recorded().unwrap();
    sample
}

/// A plan for the newest backup of `from` on the tree of `to`, which runs with recorded commands.
fn planned(from: &Sample, to: &Sample, commands: &str, selection: &Selection) -> RestorePlan {
    let backup = Backup::open(&from.newest()).unwrap();
    let runner = Runner::Recorded(Recorded::new(hosts_dir().join(commands).join("commands")));
    let system = System::new(Root::at(&to.root()).unwrap(), runner);
    restore_plan(&backup, &system, selection).unwrap()
}

/// What a fresh installation of this host would be: its programs, and nothing of its configuration.
fn fresh(name: &str) -> Sample {
    let sample = Sample::host(name);
    let root = sample.root();
    for path in [
        "etc/pve/nodes",
        "etc/pve/priv",
        "etc/pve/ha",
        "etc/pve/firewall",
        "etc/pve/sdn",
        "etc/network",
        "etc/ssh",
        "etc/cron.d",
    ] {
        let _ = std::fs::remove_dir_all(root.join(path));
    }
    for path in ["jobs.cfg", "replication.cfg", "vzdump.cron", ".vmlist", "corosync.conf", "notifications.cfg"] {
        let _ = std::fs::remove_file(root.join("etc/pve").join(path));
    }
    let _ = std::fs::remove_dir_all(root.join("etc/corosync"));
    let _ = std::fs::remove_file(root.join("var/lib/pve-cluster/config.db"));
    let node = std::fs::read_to_string(root.join("etc/hostname")).unwrap();
    let node = node.trim().split('.').next().unwrap().to_owned();
    std::fs::create_dir_all(root.join("etc/pve/nodes").join(&node).join("qemu-server")).unwrap();
    sample.plant("/etc/pve/storage.cfg", "dir: local\n\tpath /var/lib/vz\n");
    sample.plant("/etc/pve/user.cfg", "user:root@pam:1:0:::here@sample.test:::\n");
    mounted(&sample);
    sample
}

/// The cluster file system is mounted.
fn mounted(sample: &Sample) {
    sample.plant("/proc/self/mounts", "/dev/sda1 / ext4 rw 0 0\n/dev/fuse /etc/pve fuse rw 0 0\n");
}

fn of(plan: &RestorePlan, verdict: Verdict) -> Vec<&str> {
    let files = plan.files.iter().filter(|file| file.verdict == verdict);
    files.map(|file| std::str::from_utf8(&file.path).unwrap_or("?")).collect()
}

fn verdict(plan: &RestorePlan, path: &str) -> Verdict {
    plan.file(path).unwrap_or_else(|| panic!("{path} has no verdict")).verdict
}

fn reason<'a>(plan: &'a RestorePlan, path: &str) -> &'a str {
    &plan.file(path).unwrap_or_else(|| panic!("{path} has no verdict")).reason
}

#[test]
fn a_host_that_has_not_changed_gets_nothing_written() {
    for name in
        ["pve-8-single", "pbs-4-s3", "pve-9-cluster-ceph", "pve-pbs-dual", "debian-plain", "pve-7-leftover", "pbs-3"]
    {
        let sample = saved(name);
        let plan = planned(&sample, &sample, name, &Selection::default());
        for wrong in [Verdict::Write, Verdict::Merge, Verdict::ThroughApi] {
            let files: Vec<String> =
                of(&plan, wrong).iter().map(|path| format!("{path}: {}", reason(&plan, path))).collect();
            assert!(files.is_empty(), "{name}: {wrong:?}: {files:#?}");
        }
        assert!(of(&plan, Verdict::Unchanged).len() > 50, "{name}");
        assert!(!plan.changes_anything());
        assert!(plan.steps.iter().all(|step| step.deed == Deed::Export), "{name}: {:?}", plan.steps);
    }
}

#[test]
fn a_fresh_node_gets_its_database_back() {
    let (from, to) = (saved("pve-8-single"), fresh("pve-8-single"));
    let plan = planned(&from, &to, "pve-8-single", &Selection::default());

    assert_eq!(plan.pve, PveWay::Whole, "{:?} {:?}", plan.remarks, plan.signs);
    assert_eq!(verdict(&plan, "/var/lib/pve-cluster/config.db"), Verdict::Write);
    for path in
        ["/etc/pve/nodes/pve1/qemu-server/100.conf", "/etc/pve/nodes/pve1/lxc/200.conf", "/etc/pve/priv/storage/nas.pw"]
    {
        assert_eq!(verdict(&plan, path), Verdict::ThroughApi, "{path}");
    }
    assert_eq!(verdict(&plan, "/etc/pve/nodes/pve1/lrm_status"), Verdict::Never);
    assert_eq!(verdict(&plan, "/etc/ssh/sshd_config"), Verdict::Write);
    assert_eq!(verdict(&plan, "/etc/hostid"), Verdict::Unchanged);
    assert!(plan.steps.iter().any(|step| matches!(step.deed, Deed::PutDatabase { .. })));
}

#[test]
fn a_running_node_keeps_its_guests_unless_told() {
    let from = saved("pve-8-single");
    let to = Sample::host("pve-8-single");
    mounted(&to);
    let (taken, free) = ("/etc/pve/nodes/pve1/qemu-server/100.conf", "/etc/pve/nodes/pve1/lxc/200.conf");
    to.plant(taken, "name: another\n");
    std::fs::remove_file(to.root().join(free.trim_start_matches('/'))).unwrap();
    let policy = |guests| planned(&from, &to, "pve-8-single", &Selection { guests, ..Selection::default() });

    let plan = policy(GuestPolicy::Report);
    assert_eq!(plan.pve, PveWay::Files);
    assert_eq!((verdict(&plan, taken), verdict(&plan, free)), (Verdict::ExportOnly, Verdict::ThroughApi));
    assert_eq!(verdict(&policy(GuestPolicy::Replace), taken), Verdict::ThroughApi);
    assert_eq!(verdict(&plan, "/var/lib/pve-cluster/config.db"), Verdict::Unchanged);
}

#[test]
fn a_member_gets_files_one_by_one_and_nothing_without_quorum() {
    let name = "pve-9-cluster-ceph";
    let from = saved(name);
    let to = Sample::host(name);
    mounted(&to);
    let lost = "/etc/pve/datacenter.cfg";
    std::fs::remove_file(to.root().join(lost.trim_start_matches('/'))).unwrap();

    let plan = planned(&from, &to, name, &Selection::default());
    assert_eq!(plan.pve, PveWay::Files);
    assert_eq!(verdict(&plan, lost), Verdict::ThroughApi);
    assert!(plan.refusals.iter().any(|refusal| refusal.instead.contains("pvecm add")), "{:?}", plan.refusals);

    // pmxcfs takes the write bits away.
    std::fs::set_permissions(to.root().join("etc/pve/nodes"), PermissionsExt::from_mode(0o555)).unwrap();
    let plan = planned(&from, &to, name, &Selection::default());
    assert_eq!(verdict(&plan, lost), Verdict::ExportOnly);
    assert!(reason(&plan, lost).contains("quorum"));
    std::fs::set_permissions(to.root().join("etc/pve/nodes"), PermissionsExt::from_mode(0o755)).unwrap();
    // A command that does not answer is no yes.
    let plan = planned(&from, &to, "debian-plain", &Selection::default());
    assert_eq!(verdict(&plan, lost), Verdict::ExportOnly);
}

#[test]
fn datastores_that_are_not_mounted_are_listed() {
    let from = saved("pbs-4-s3");
    let to = Sample::host("pbs-4-s3");
    for place in ["mnt/datastore", "etc/proxmox-backup"] {
        let _ = std::fs::remove_dir_all(to.root().join(place));
    }
    to.plant("/proc/self/mounts", "/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /mnt/datastore/main ext4 rw 0 0\n");
    std::fs::create_dir_all(to.root().join("mnt/datastore/main/.chunks")).unwrap();

    let plan = planned(&from, &to, "pbs-4-s3", &Selection::default());
    let names: Vec<&str> = plan.datastores.iter().map(|store| store.datastore.as_str()).collect();
    assert_eq!(names, ["cloud"]);
    let config = plan.file("/etc/proxmox-backup").unwrap().attributes.clone().unwrap();
    assert_eq!((config.uid, config.gid, config.mode), (34, 34, 0o700));
    assert_eq!(verdict(&plan, "/etc/proxmox-backup/datastore.cfg"), Verdict::Write);

    std::fs::remove_dir_all(to.root().join("mnt/datastore/main/.chunks")).unwrap();
    to.plant("/proc/self/mounts", "/dev/sda1 / ext4 rw 0 0\n");
    let plan = planned(&from, &to, "pbs-4-s3", &Selection::default());
    assert_eq!(plan.datastores.len(), 2);
    assert!(plan.datastores.iter().any(|store| store.what.contains("system's disk")), "{:?}", plan.datastores);
}

#[test]
fn users_of_the_backup_server_are_merged_around_the_root_of_this_one() {
    let from = saved("pbs-4-s3");
    let to = Sample::host("pbs-4-s3");
    let root = "user: root@pam\n\temail live@sample.test\n";
    to.plant("/etc/proxmox-backup/user.cfg", root);
    to.plant("/etc/proxmox-backup/shadow.json", "{}");
    let plan = planned(&from, &to, "pbs-4-s3", &Selection::default());
    let file = plan.file("/etc/proxmox-backup/user.cfg").unwrap();
    let text = String::from_utf8(file.content.clone().unwrap()).unwrap();
    assert!(file.verdict == Verdict::Merge && text.starts_with(root) && text.contains("user: sample@pbs"), "{text}");
    assert!(!text.contains("admin@sample.test"));
    assert_eq!(verdict(&plan, "/etc/proxmox-backup/shadow.json"), Verdict::Merge);
}

#[test]
fn another_release_or_product_exports_what_does_harm() {
    let from = saved("pve-8-single");
    let to = fresh("pve-9-cluster-ceph");
    let plan = planned(&from, &to, "pve-8-single", &Selection::default());
    assert_ne!(plan.pve, PveWay::Whole);
    assert!(plan.remarks.iter().any(|remark| remark.contains("Debian 12, this machine has 13")), "{:?}", plan.remarks);
    for path in ["/etc/pve/ha/groups.cfg", "/etc/vzdump.conf"] {
        let found = verdict(&plan, path);
        assert!(matches!(found, Verdict::ExportOnly | Verdict::Unchanged), "{path}: {found:?}");
    }
    assert_eq!(verdict(&plan, "/etc/pve/nodes/pve1/qemu-server/100.conf"), Verdict::ThroughApi);

    let dual = saved("pve-pbs-dual");
    let plan = planned(&dual, &fresh("pve-8-single"), "pve-8-single", &Selection::default());
    for path in of(&plan, Verdict::Write).iter().chain(&of(&plan, Verdict::Merge)) {
        assert!(!path.starts_with("/etc/proxmox-backup") && !path.starts_with("/var/lib/proxmox-backup"), "{path}");
    }
    assert!(reason(&plan, "/etc/proxmox-backup/datastore.cfg").contains("no Proxmox Backup Server"));

    let nowhere = planned(&from, &Sample::host("debian-plain"), "debian-plain", &Selection::default());
    assert_eq!(nowhere.pve, PveWay::None);
    assert!(of(&nowhere, Verdict::ThroughApi).is_empty());
    assert!(reason(&nowhere, "/etc/pve/storage.cfg").contains("no Proxmox VE"));
}

#[test]
fn every_path_of_every_host_has_one_verdict_under_every_category() {
    for name in ["pve-8-single", "pve-pbs-dual"] {
        let (from, to) = (saved(name), fresh(name));
        let usual = planned(&from, &to, name, &Selection::default());
        let paths: Vec<&[u8]> = usual.files.iter().map(|file| file.path.as_slice()).collect();
        assert!(paths.windows(2).all(|pair| pair[0] < pair[1]), "{name}");
        for facts in CATEGORIES {
            let only = Selection { only: vec![Pick::Category(facts.category)], ..Selection::default() };
            let plan = planned(&from, &to, name, &only);
            assert_eq!(plan.files.iter().map(|file| file.path.as_slice()).collect::<Vec<_>>(), paths);
            for (file, before) in plan.files.iter().zip(&usual.files) {
                assert_eq!(file.verdict == Verdict::Never, before.verdict == Verdict::Never, "{}", file.shown());
                assert!(file.category == facts.category || !file.verdict.changes(), "{}: {}", facts.id, file.shown());
            }
        }
    }
}

/// Everything below a tree that a write could change, access times aside.
pub(crate) fn tree_hash(root: &Path) -> String {
    let mut lines = BTreeMap::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(path) = open.pop() {
        let meta = path.symlink_metadata().unwrap();
        let content = match () {
            () if meta.is_dir() => {
                open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                String::new()
            }
            () if meta.is_file() => digest_hex(&std::fs::read(&path).unwrap()),
            () if meta.is_symlink() => std::fs::read_link(&path).unwrap().display().to_string(),
            () => "special".to_owned(),
        };
        let facts = (
            meta.mode(),
            meta.uid(),
            meta.gid(),
            meta.size(),
            meta.mtime(),
            meta.mtime_nsec(),
            meta.ctime_nsec(),
            meta.nlink(),
        );
        lines.insert(path.as_os_str().as_bytes().to_vec(), format!("{facts:?} {content}"));
    }
    digest_hex(format!("{lines:?}").as_bytes())
}

#[test]
fn a_plan_changes_nothing_of_the_machine() {
    let sample = saved("pve-8-single");
    sample.plant("/etc/hosts", "192.0.2.9 other\n");
    std::fs::remove_dir_all(sample.root().join("etc/ssh")).unwrap();
    let before = tree_hash(&sample.root());

    let shown = sample.expect(0, &["restore", "latest", "--plan", "-v"]);
    let saved = sample.path("plan.json");
    sample.expect(0, &["restore", "--plan", "--quiet", "--save", saved.to_str().unwrap()]);

    assert_eq!(tree_hash(&sample.root()), before);
    for words in ["Restore plan for", "SSH: ", "/etc/ssh/sshd_config", "Steps", "Nothing was written"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(std::fs::metadata(&saved).unwrap().permissions().mode() & 0o777, 0o600);
    let plan: Value = serde_json::from_slice(&std::fs::read(&saved).unwrap()).unwrap();
    let hash = plan["files"].as_array().unwrap().iter().find(|file| file["path"] == "/etc/ssh/sshd_config").unwrap();
    assert_eq!((&hash["verdict"], &hash["stage"]), (&"write".into(), &"files".into()));
    assert!(sample.left_in_run_dir().is_empty());
}

#[test]
fn json_is_one_object_without_contents_and_digests() {
    let sample = saved("pve-8-single");
    sample.plant("/etc/shadow", "root:canary-live:1:0:9:7:::\n");
    sample.plant("/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    sample.plant("/etc/group", "root:x:0:\n");
    let text = sample.expect(0, &["restore", "--plan", "--json"]);
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert!(
        plan["files"]
            .as_array()
            .unwrap()
            .iter()
            .any(|file| file["path"] == "/etc/shadow" && file["verdict"] == "merge")
    );
    for secret in ["canary", "NOT-A-REAL-HASH", "00000000-0000-0000-0000-000000000000"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn mistakes_of_the_command_line_are_said() {
    let sample = saved("debian-plain");
    for (arguments, word) in [
        (&["restore", "latest"][..], "there is no terminal to ask on"),
        (&["restore", "--plan", "--only", "netwrok"], "netwrok"),
        (&["restore", "--plan", "--mode", "custom"], "--only"),
        (&["restore", "--plan", "--nic-map", "a"], "OLD=NEW"),
        (&["restore", "--save", "x"], "--plan"),
        (&["restore", "--plan", "--mode", "some"], "some"),
    ] {
        let output = sample.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(word) && output.stdout.is_empty(), "{arguments:?}: {said}");
    }
    sample.expect(4, &["restore", "--plan", "--nic-map", "a=no-such-card"]);
}

#[test]
fn a_damaged_backup_gives_no_plan() {
    let sample = saved("debian-plain");
    let backup = sample.newest();
    let mut bytes = std::fs::read(&backup).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&backup, &bytes).unwrap();
    let output = sample.run(["restore", "--plan"]);
    assert_eq!(output.status.code(), Some(8), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty());
}

#[test]
fn an_encrypted_backup_is_planned_with_its_key_only() {
    const PUBLIC: &str = "age1dyplrm9myjlha9f8ndx3t5v8yj28ullcw5le0nw6w35jak92jp9q4n2r7q";
    const PRIVATE: &str = "AGE-SECRET-KEY-1SZWR755Q29L2PMLPV4Q2JCQ82780DT7ZLYPK5YYDYA6USYNZSDLS5U9C9U";
    let sample = Sample::host("debian-plain");
    let no_file = sample.path("no-recipients");
    sample.configure(&format!(
        "ENCRYPT_ARCHIVE=true\nAGE_RECIPIENT={PUBLIC}\nAGE_RECIPIENT_FILE={}\n",
        no_file.display()
    ));
    sample.backup_recorded().unwrap();
    let key = sample.path("key.txt");
    std::fs::write(&key, PRIVATE).unwrap();

    let wrong = sample.path("wrong.txt");
    std::fs::write(&wrong, "AGE-SECRET-KEY-1NQ9G325TX63D5WLGPHPFK9PTXHC0MYFTU6W9Z5M6684FSFQQYDDQDR4CJ2").unwrap();
    sample.expect(15, &["restore", "--plan", "--identity", wrong.to_str().unwrap()]);
    let shown = sample.expect(0, &["restore", "--plan", "--identity", key.to_str().unwrap()]);

    assert!(shown.contains("Nothing would change"), "{shown}");
}

#[test]
fn backups_of_older_tools_plan_as_far_as_they_tell() {
    let sample = Sample::host("pve-8-single");
    mounted(&sample);
    let dir = sample.path("backups");
    std::fs::create_dir_all(&dir).unwrap();
    let bash = Bash::new().optimised().pack(&dir, "xz", "-J");
    let proxsave = ProxSave::new().optimised().pack(&dir, (".gz", "gz", "-z"), Layout::ManifestFirst);
    for backup in [bash, proxsave] {
        let text = sample.expect(0, &["restore", backup.to_str().unwrap(), "--plan", "--json"]);
        let plan: Value = serde_json::from_str(&text).unwrap();
        let find =
            |path: &str| plan["files"].as_array().unwrap().iter().find(|file| file["path"] == path).cloned().unwrap();
        assert!(plan["remarks"].to_string().contains("no index"), "{}", plan["remarks"]);
        assert_eq!(find("/etc/pve/storage.cfg")["category"], "pve-storage");
        assert_eq!(find("/root/twin")["verdict"], "write");
        assert_eq!(find("/etc/own-link")["type"], "symlink");
        assert_eq!(plan["from"]["name"], "node1");
    }
}

#[test]
fn hostile_names_of_a_strangers_archive_are_never_written() {
    let sample = Sample::empty("hostile");
    let stage = sample.path("stage");
    std::fs::create_dir_all(stage.join("etc/a")).unwrap();
    std::fs::write(stage.join("etc/a/file"), "x").unwrap();
    std::fs::write(stage.join("etc/twice"), "x").unwrap();
    symlink("/root/.ssh", stage.join("etc/ssh")).unwrap();
    let archive = sample.path("evil-backup-20260101-000000.tar");
    let tar = |arguments: &[&str]| {
        let done = std::process::Command::new("tar").args(arguments).current_dir(&stage).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let to: &str = archive.to_str().unwrap();
    tar(&["-cf", to, "etc/a", "etc/twice", "etc/ssh"]);
    tar(&["-rf", to, "etc/twice"]);
    tar(&["-rPf", to, "--transform=s#etc/a/file#etc/../../out#", "etc/a/file"]);
    tar(&["-rPf", to, "--transform=s#etc/a/file#etc/ssh/authorized_keys#", "etc/a/file"]);
    sample.plant("/etc/hostname", "target\n");

    let text = sample.expect(4, &["restore", to, "--plan", "--json"]);
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&plan["is_hostile"], &plan["steps"]), (&Value::Bool(true), &Value::Array(Vec::new())));
    let never: Vec<&str> = plan["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| file["verdict"] == "never")
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    assert_eq!(never, ["/etc/../../out", "/etc/ssh/authorized_keys", "/etc/twice"]);
    assert!(!PathBuf::from("/etc/out").exists());
}
