//! What restores of host configurations are known to have destroyed, and what a plan does instead.
//! Each test states the fact it was learnt from.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use proxmox_backup::bundle::Backup;
use proxmox_backup::restore::{Deed, Pick, PveAsked, RestorePlan, Selection, Stage, Verdict, explain};
use proxmox_backup::system::{Recorded, Root, Runner, System, digest_hex};
use proxmox_backup::workflow::restore_plan;

use crate::sample::{Sample, files_in, hosts_dir};
use crate::scene::Scene;

const HOSTS: [&str; 7] =
    ["pve-8-single", "pbs-4-s3", "pve-9-cluster-ceph", "pve-pbs-dual", "debian-plain", "pve-7-leftover", "pbs-3"];

fn saved(name: &str) -> Sample {
    let sample = Sample::host(name);
    sample.backup_recorded().unwrap();
    sample
}

fn plan_in(from: &Sample, root: Root, runner: Runner, selection: &Selection) -> RestorePlan {
    let system = System::new(root, runner);
    restore_plan(&Backup::open(&from.newest()).unwrap(), &system, selection).unwrap()
}

fn on_scene(from: &Sample, scene: &Scene, selection: &Selection) -> RestorePlan {
    let (root, runner) = scene.door();
    plan_in(from, root, runner, selection)
}

fn one_by_one() -> Selection {
    Selection { pve: PveAsked::Files, ..Selection::default() }
}

fn text_of(path: &[u8]) -> &str {
    std::str::from_utf8(path).unwrap()
}

/// The file of the sample host, as its backup holds it.
fn file_of(sample: &Sample, path: &str) -> Vec<u8> {
    std::fs::read(sample.root().join(path.trim_start_matches('/'))).unwrap()
}

/// `user.cfg` has colon records, `token.cfg` and `shadow.cfg` lines, `tfa.cfg` is one JSON object.
/// Read as sections they were written empty: all tokens and second factors were gone, and root
/// could not log in any more.
#[test]
fn no_merge_takes_away_who_may_log_in_here() {
    let name = "pve-pbs-dual";
    let from = saved(name);
    let to = Sample::host(name);
    to.plant("/proc/self/mounts", "/dev/sda1 / ext4 rw 0 0\n/dev/fuse /etc/pve fuse rw 0 0\n");
    let lines = [
        ("/etc/pve/user.cfg", "user:root@pam:1:0:::live@b.test:::\nuser:here@pve:1:0::::::\ntoken:here@pve!ci:0:1::\n"),
        ("/etc/pve/priv/token.cfg", "here@pve!ci 11111111-2222-3333-4444-555555555555\n"),
        ("/etc/pve/priv/shadow.cfg", "here:$5$live$hash:\n"),
        ("/etc/proxmox-backup/user.cfg", "user: root@pam\n\temail live@b.test\n\nuser: here@pbs\n\tenable true\n"),
        ("/etc/proxmox-backup/acl.cfg", "acl:1:/:here@pbs:Admin\n"),
    ];
    let objects = [
        ("/etc/pve/priv/tfa.cfg", r#"{"users":{"here@pve":{"recovery":{"secret":"live"}}}}"#),
        ("/etc/proxmox-backup/tfa.json", r#"{"users":{"here@pbs":{"recovery":{"secret":"live"}}}}"#),
        ("/etc/proxmox-backup/shadow.json", r#"{"here@pbs":"$5$live"}"#),
        ("/etc/proxmox-backup/token.shadow", r#"{"here@pbs!ci":"$5$live"}"#),
    ];
    for (path, text) in lines.iter().chain(&objects) {
        to.plant(path, text);
    }
    let runner = Runner::Recorded(Recorded::new(hosts_dir().join(name).join("commands")));
    let plan = plan_in(&from, Root::at(&to.root()).unwrap(), runner, &Selection::default());

    let mut merged = 0;
    for (path, text) in lines.iter().chain(&objects) {
        let Some(file) = plan.file(path) else { continue };
        assert!(matches!(file.verdict, Verdict::Merge | Verdict::Unchanged), "{path}: {}", file.reason);
        let Some(content) = &file.content else { continue };
        merged += 1;
        let content = text_of(content);
        if lines.iter().any(|(known, _)| known == path) {
            let kept = text.lines().filter(|line| !line.is_empty()).all(|line| content.contains(line));
            assert!(kept, "{path}: {content}");
        } else {
            let (here, new): (serde_json::Value, serde_json::Value) =
                (serde_json::from_str(text).unwrap(), serde_json::from_str(content).unwrap());
            let users = |value: &serde_json::Value| value.get("users").unwrap_or(value).clone();
            for (user, facts) in users(&here).as_object().unwrap() {
                assert_eq!(&users(&new)[user], facts, "{path}: {user}");
            }
        }
    }
    assert!(merged > 3, "the samples have nothing to merge");
}

/// Sent through the API, containers were never made again, notes and snapshots of machines were
/// lost, and guests came before the storages they name.
#[test]
fn guests_come_back_byte_for_byte_after_the_storages() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let from = saved("pve-8-single");
    let plan = on_scene(&from, &scene, &one_by_one());
    for path in ["/etc/pve/nodes/pve1/lxc/200.conf", "/etc/pve/nodes/pve1/qemu-server/100.conf"] {
        let file = plan.file(path).unwrap();
        assert_eq!((file.verdict, file.stage, &file.content), (Verdict::ThroughApi, Stage::Cluster, &None), "{path}");
        assert_eq!(file.sha256, Some(digest_hex(&file_of(&from, path))), "{path}");
    }
    let step = plan.steps.iter().find(|step| step.deed == Deed::PutClusterFiles).unwrap();
    let order: Vec<&str> = step.files.iter().map(|at| text_of(plan.files[*at].destination())).collect();
    let place = |end: &str| order.iter().position(|path| path.ends_with(end)).unwrap_or_else(|| panic!("{end}"));
    assert!(place("/storage.cfg") < place("/lxc/200.conf") && place("/nas.pw") < place("/qemu-server/100.conf"));
    assert!(place("/qemu-server/100.conf") < place("/jobs.cfg"), "{order:#?}");
}

/// Storage passwords, replication, metric servers, CPU models, ACME and node options had no way back.
#[test]
fn everything_below_etc_pve_has_a_way_back_or_a_reason() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let plan = on_scene(&saved("pve-8-single"), &scene, &one_by_one());
    let own = plan.files.iter().filter(|file| file.path.starts_with(b"/etc/pve/") && file.kind == "file");
    for file in own.filter(|file| !file.verdict.changes()) {
        let known = [
            "pvecm",
            "itself",
            "moment",
            "reading",
            "as it was",
            "another node",
            "belongs to the node",
            "old form",
            "here with another",
        ];
        assert!(known.iter().any(|word| file.reason.contains(word)), "{}: {}", file.shown(), file.reason);
    }
}

/// A dry run stopped services and unpacked files over those of the machine.
#[test]
fn looking_calls_nothing_that_changes_anything() {
    for scene in [Scene::cluster_member(), Scene::dual()] {
        let Some(scene) = scene else { return };
        scene.forget_calls();
        for name in ["pve-9-cluster-ceph", "pve-pbs-dual"] {
            on_scene(&saved(name), &scene, &Selection::default());
        }
        assert!(scene.calls().iter().all(|call| call == "pvecm status"), "{:?}", scene.calls());
    }
}

/// Passwords of remotes are base64 in their file and were handed on as plain, `node.cfg` has no
/// sections and was read as if it had, ACME accounts were looked for in a file that does not exist.
#[test]
fn files_of_the_backup_server_go_back_byte_for_byte() {
    let Some(scene) = Scene::pbs() else { return };
    let from = saved("pbs-3");
    let plan = on_scene(&from, &scene, &Selection::default());
    let written: Vec<_> = plan
        .files
        .iter()
        .filter(|file| file.path.starts_with(b"/etc/proxmox-backup/") && file.kind == "file")
        .filter(|file| file.verdict == Verdict::Write)
        .collect();
    assert!(written.len() > 3, "{}", written.len());
    for file in written {
        assert_eq!((&file.content, file.stage), (&None, Stage::Files), "{}", file.shown());
        assert_eq!(file.sha256, Some(digest_hex(&file_of(&from, text_of(&file.path)))), "{}", file.shown());
    }
    let made = |step: &proxmox_backup::restore::Step| step.deed.describe().contains("proxmox-backup-manager");
    assert!(!plan.steps.iter().any(made), "a datastore that is made anew hides its chunks");
}

/// Files of packages were patched, and those of another release written over new ones.
#[test]
fn nothing_of_packages_is_written_on_any_host() {
    let Some(scene) = Scene::dual() else { return };
    for name in HOSTS {
        let plan = on_scene(&saved(name), &scene, &Selection::default());
        for file in plan.files.iter().filter(|file| file.verdict.changes() && file.kind != "directory") {
            let path = text_of(&file.path);
            let is_own = path.starts_with("/usr/local/") || path.starts_with("/usr/share/keyrings/");
            let of_packages = ["/usr/", "/bin/", "/sbin/", "/lib", "/boot/"].iter().any(|dir| path.starts_with(dir));
            assert!(is_own || !of_packages, "{name}: {path}");
        }
    }
}

/// Passwords stood in command lines, where every user of the machine could read them.
#[test]
fn no_step_and_no_word_of_a_plan_holds_a_secret() {
    let Some(scene) = Scene::dual() else { return };
    for name in ["pve-8-single", "pbs-4-s3", "pve-pbs-dual", "pbs-3"] {
        let from = saved(name);
        let secrets = secrets(&from.root());
        assert!(secrets.len() > 2, "{name}: {secrets:?}");
        let plan = on_scene(&from, &scene, &Selection::default());
        let told = serde_json::to_string(&plan).unwrap() + &explain(&plan, proxmox_backup::restore::Detail::Paths);
        for secret in secrets {
            assert!(!told.contains(&secret), "{name}: {secret}");
        }
    }
}

/// Long words of files that hold secrets and little else.
fn secrets(root: &Path) -> Vec<String> {
    let mut files: Vec<PathBuf> = ["etc/pve/priv/storage", "etc/pve/priv/metricserver"]
        .iter()
        .flat_map(|dir| files_in(&root.join(dir)))
        .collect();
    let named = [
        "etc/pve/priv/token.cfg",
        "etc/pve/priv/shadow.cfg",
        "etc/pve/priv/tfa.cfg",
        "etc/proxmox-backup/shadow.json",
        "etc/proxmox-backup/token.shadow",
        "etc/proxmox-backup/tfa.json",
        "etc/proxmox-backup/notifications-priv.cfg",
        "etc/shadow",
    ];
    files.extend(named.iter().map(|name| root.join(name)));
    let texts = files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
    let words = texts.flat_map(|text| {
        text.split(|c: char| c.is_whitespace() || "\":,{}[]".contains(c)).map(str::to_owned).collect::<Vec<_>>()
    });
    let mut words: Vec<String> = words.filter(|word| word.len() >= 12 && !word.contains('@')).collect();
    words.sort();
    words.dedup();
    words
}

/// A small archive that unpacks to terabytes filled the disk.
#[test]
fn an_archive_that_grows_without_end_gives_no_plan() {
    let sample = Sample::empty("bomb");
    sample.plant("/etc/hostname", "target\n");
    let stage = sample.path("stage");
    std::fs::create_dir_all(stage.join("etc")).unwrap();
    std::fs::File::create(stage.join("etc/large")).unwrap().set_len(5 << 40).unwrap();
    let archive = sample.path("evil-backup-20260101-000000.tar");
    let packed = Command::new("tar").arg("-cSf").arg(&archive).args(["-C", stage.to_str().unwrap(), "etc"]).status();
    assert!(packed.unwrap().success());

    let output = sample.run(["restore", archive.to_str().unwrap(), "--plan"]);

    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty() && said.contains("4294967296 are allowed"), "{said}");
}

/// Without the old configuration of the tool itself, its backups could not be opened on a new machine.
#[test]
fn a_plan_needs_no_configuration_of_the_tool() {
    let from = saved("debian-plain");
    let to = Sample::host("debian-plain");
    let mut program = Command::new(env!("CARGO_BIN_EXE_proxmox-backup"));
    program.arg("--root").arg(to.root()).arg("restore").arg(from.newest()).arg("--plan");
    let output = program.env_clear().env("PATH", "/usr/bin:/bin").current_dir(to.path("root")).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && shown.contains("Nothing would change"), "{shown}");
}

/// Content of an encrypted backup was never looked at before it was written over a machine.
#[test]
fn an_encrypted_backup_is_proved_before_it_is_planned() {
    const PUBLIC: &str = "age1dyplrm9myjlha9f8ndx3t5v8yj28ullcw5le0nw6w35jak92jp9q4n2r7q";
    const PRIVATE: &str = "AGE-SECRET-KEY-1SZWR755Q29L2PMLPV4Q2JCQ82780DT7ZLYPK5YYDYA6USYNZSDLS5U9C9U";
    let sample = Sample::host("debian-plain");
    let nobody = sample.path("no-recipients");
    sample
        .configure(&format!("ENCRYPT_ARCHIVE=true\nAGE_RECIPIENT={PUBLIC}\nAGE_RECIPIENT_FILE={}\n", nobody.display()));
    sample.backup_recorded().unwrap();
    let key = sample.path("key.txt");
    std::fs::write(&key, PRIVATE).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let arguments = ["restore", "--plan", "--identity", key.to_str().unwrap()];
    sample.expect(0, &arguments);

    let newest = sample.newest();
    let mut bytes = std::fs::read(&newest).unwrap();
    let place = bytes.len() / 2;
    bytes[place] ^= 1;
    std::fs::write(&newest, bytes).unwrap();

    assert_eq!(sample.expect(8, &arguments), "");
}

/// An undo left what a restore had added, and followed symbolic links.
#[test]
fn a_plan_says_what_is_new_and_saves_before_the_first_change() {
    let Some(scene) = Scene::dual() else { return };
    let plan = on_scene(&saved("pve-pbs-dual"), &scene, &Selection::default());
    for file in plan.files.iter().filter(|file| file.verdict.changes() && file.stage == Stage::Files) {
        let there = scene.on_host(text_of(file.destination())).symlink_metadata().is_ok();
        assert_eq!(file.is_new, !there, "{}", file.shown());
    }
    let first = plan.steps.iter().find(|step| step.deed != Deed::Export).unwrap();
    assert_eq!(first.deed, Deed::SaveUndo);
}

/// One link to `/dev/null` kept accounts, network and both products from coming back.
#[test]
fn an_absolute_link_keeps_nothing_else_from_coming_back() {
    let from = Sample::host("pve-8-single");
    let link = from.root().join("etc/systemd/network/99-default.link");
    std::fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/dev/null", link).unwrap();
    from.backup_recorded().unwrap();
    let Some(scene) = Scene::pve_standalone() else { return };
    let plan = on_scene(&from, &scene, &one_by_one());
    assert_eq!(plan.file("/etc/systemd/network/99-default.link").unwrap().kind, "symlink");
    for path in ["/etc/pve/storage.cfg", "/etc/ssh/sshd_config"] {
        assert!(plan.file(path).unwrap().verdict.changes(), "{path}");
    }
}

/// Stopping the network in the middle of a restore cut the restore off, too.
#[test]
fn the_network_comes_last_and_can_be_left_out() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let from = saved("pve-8-single");
    let plan = on_scene(&from, &scene, &Selection::default());
    let position = |wanted: fn(&Deed) -> bool| plan.steps.iter().position(|step| wanted(&step.deed));
    if let Some(network) = position(|deed| matches!(deed, Deed::PutNetwork { .. })) {
        assert!(position(|deed| *deed == Deed::PutFiles).is_none_or(|files| files < network));
    }
    let skipping =
        Selection { skip_network: true, exclude: vec![Pick::parse("accounts").unwrap()], ..Selection::default() };
    let plan = on_scene(&from, &scene, &skipping);
    assert!(plan.files.iter().all(|file| file.stage != Stage::Network));
    assert!(!plan.steps.iter().any(|step| matches!(step.deed, Deed::PutNetwork { .. })));
}
