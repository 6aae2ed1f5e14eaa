//! What the reader of the page does with each kind of backup, and what must have come of it. No
//! numbers where this machine cannot do it.

use std::collections::BTreeSet;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::page::Step;
use super::run::Desk;
use crate::old::{Bash, Layout, ProxSave, STORAGE, large};
use crate::sample::{Sample, skip};
use crate::scene::Scene;

const PUBLIC: &str = "age1dyplrm9myjlha9f8ndx3t5v8yj28ullcw5le0nw6w35jak92jp9q4n2r7q";
const PRIVATE: &str = "AGE-SECRET-KEY-1SZWR755Q29L2PMLPV4Q2JCQ82780DT7ZLYPK5YYDYA6USYNZSDLS5U9C9U\n";
const PASSPHRASE: &str = "Quartz-Lantern-58-Meadow";

pub(super) fn is_there(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok();
    if !is_there {
        skip(&format!("{program} is not installed"));
    }
    is_there
}

/// A sample host with a backup of it by the program.
pub(super) fn saved(name: &str, lines: &str) -> Sample {
    let sample = Sample::host(name);
    sample.configure(lines);
    let made = sample.run(["backup"]);
    // A sample has nobody to ask about its hardware, which is a warning.
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(matches!(made.status.code(), Some(0 | 1)), "{said}");
    sample
}

fn encrypting(name: &str, recipients: Option<&str>, lines: &str) -> Sample {
    let sample = Sample::host(name);
    let file = sample.path("recipients.txt");
    sample.configure(&format!("ENCRYPT_ARCHIVE=true\nAGE_RECIPIENT_FILE={}\n{lines}", file.display()));
    if let Some(text) = recipients {
        std::fs::write(&file, text).unwrap();
    } else {
        let secret = sample.path("passphrase");
        std::fs::write(&secret, PASSPHRASE).unwrap();
        sample.expect(0, &["key", "new", "--passphrase-file", secret.to_str().unwrap()]);
    }
    assert!(matches!(sample.run(["backup"]).status.code(), Some(0 | 1)));
    sample
}

/// Everything of an entry that has to come back.
fn look(path: &Path) -> String {
    let meta = std::fs::symlink_metadata(path).unwrap();
    let content = match () {
        () if meta.is_symlink() => std::fs::read_link(path).unwrap().display().to_string(),
        () if meta.is_file() => proxmox_backup::system::digest_hex(&std::fs::read(path).unwrap()),
        () => String::new(),
    };
    let time = format!("{}.{:09}", meta.mtime(), meta.mtime_nsec());
    format!("{:o} {}:{} {time} {content}", meta.mode(), meta.uid(), meta.gid())
}

fn below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in crate::sample::files_in(dir) {
        if path.is_dir() && !path.is_symlink() {
            found.extend(below(&path));
        }
        found.push(path);
    }
    found
}

/// What was unpacked is what the host has.
fn assert_same(host: &Path, desk: &Desk) {
    let listed = Command::new("tar").arg("-tf").arg(desk.at("WORK").join("archive.tar")).output().unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    // The first are made by the run, the second is a copy that SQLite makes.
    let is_made = |name: &&str| name.starts_with("var/lib/proxmox-config-backup/") || name.ends_with("/config.db");
    let names: Vec<&str> = names.lines().filter(|name| !is_made(name)).collect();
    for name in &names {
        assert_eq!(look(&desk.file(name)), look(&host.join(name)), "{name}");
    }
    assert!(names.len() > 60, "{names:#?}");
}

fn assert_taken_over(host: &Path, target: &Path) {
    let names = ["etc/hosts", "etc/ssh", "etc/ssh/ssh_host_ed25519_key", "etc/ssh/sshd_config", "etc/sysctl.d"];
    for name in names {
        assert_eq!(look(&target.join(name)), look(&host.join(name)), "{name}");
    }
}

/// A mounted disk with a host of its own.
fn prepare_target(desk: &Desk) {
    std::fs::create_dir_all(desk.at("TARGET").join("etc/ssh")).unwrap();
    std::fs::write(desk.at("TARGET").join("etc/hosts"), "127.0.0.1 localhost\n").unwrap();
}

pub(super) fn files(steps: &[&Step], codec: &str, is_encrypted: bool) -> Option<BTreeSet<usize>> {
    let lines = format!("COMPRESSION_TYPE={codec}\n");
    let sample = match is_encrypted {
        true if !is_there("age") => return None,
        true => encrypting("debian-plain", Some(PUBLIC), &lines),
        false => saved("debian-plain", &lines),
    };
    let desk = Desk::of(&sample.newest());
    std::fs::write(desk.at("KEY"), PRIVATE).unwrap();
    prepare_target(&desk);

    let (ran, said) = desk.run(steps);

    assert!(said.contains("etc/ssh/sshd_config") && said.contains("+127.0.0.1 localhost.localdomain"), "{said}");
    assert_same(&sample.root(), &desk);
    assert_taken_over(&sample.root(), desk.at("TARGET"));
    Some(ran)
}

pub(super) fn passphrase(steps: &[&Step]) -> Option<BTreeSet<usize>> {
    if !is_there("age") || !is_there("zstd") {
        return None;
    }
    let sample = encrypting("debian-plain", None, "");
    let desk = Desk::of(&sample.newest());

    let ran = desk.run_typing(steps, PASSPHRASE)?;

    assert_same(&sample.root(), &desk);
    let mode = std::fs::metadata(desk.at("KEY")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "the key is for root alone");
    Some(ran)
}

pub(super) fn side_by_side(steps: &[&Step]) -> Option<BTreeSet<usize>> {
    if !is_there("zstd") {
        return None;
    }
    let sample = saved("debian-plain", "BUNDLE_ASSOCIATED_FILES=false\n");
    let desk = Desk::of(&sample.newest());
    prepare_target(&desk);

    let (ran, _) = desk.run(steps);

    assert_taken_over(&sample.root(), desk.at("TARGET"));
    assert!(!desk.at("WORK").exists(), "secrets stay behind");
    assert!(sample.newest().exists());
    Some(ran)
}

pub(super) fn out_of_the_database(steps: &[&Step]) -> Option<BTreeSet<usize>> {
    if !is_there("sqlite3") || !is_there("zstd") {
        return None;
    }
    let sample = saved("pve-8-single", "");
    let desk = Desk::of(&sample.newest());

    let (ran, said) = desk.run(steps);

    assert!(said.contains("\nok\n") && said.contains("\npriv/storage/nas.pw\n"), "{said}");
    let guest = std::fs::read(sample.root().join("etc/pve/nodes/pve1/qemu-server/100.conf")).unwrap();
    assert_eq!(std::fs::read(desk.at("WORK").join("100.conf")).unwrap(), guest);
    assert_same(&sample.root(), &desk);
    Some(ran)
}

pub(super) fn whole_node(steps: &[&Step]) -> Option<BTreeSet<usize>> {
    let scene = Scene::pve_standalone().filter(|_| is_there("zstd"))?;
    // Every installation has this unit; alone, its condition does not hold.
    std::fs::write(scene.path("state/units/corosync"), "inactive\n").unwrap();
    let sample = saved("pve-8-single", "");
    assert!(!scene.on_host("etc/pve/nodes/pve1/qemu-server/100.conf").exists());

    // What a cluster file system leaves that did not end by itself, and what the next one finds.
    let stale = "for end in wal shm; do echo stale >/var/lib/pve-cluster/config.db-$end; done\n";
    let found = "stat -c 'found %n %a %u:%g' /var/lib/pve-cluster/config.db*\n";
    let desk =
        Desk::on_host(&sample.newest()).arranged("install ", stale).arranged("systemctl start pve-cluster", found);

    let (ran, said) = desk.run_on(&scene, steps);

    assert!(said.contains("192.0.2.10 pve1") && said.contains("100 stopped"), "{said}");
    for path in ["nodes/pve1/qemu-server/100.conf", "nodes/pve1/lxc/200.conf", "storage.cfg", "priv/storage/nas.pw"] {
        let before = std::fs::read_to_string(sample.root().join("etc/pve").join(path)).unwrap();
        assert_eq!(scene.text(&format!("etc/pve/{path}")), before, "{path}");
    }
    let found: Vec<&str> = said.lines().filter(|line| line.starts_with("found ")).collect();
    assert_eq!(found, ["found /var/lib/pve-cluster/config.db 600 0:0"]);
    for unit in ["pve-cluster", "pveproxy", "pvedaemon", "pve-ha-lrm", "pve-ha-crm", "watchdog-mux", "pvescheduler"] {
        assert_eq!(scene.unit(unit), "active", "{unit}");
    }
    let calls = scene.calls();
    let at = |call: &str| calls.iter().position(|it| it == call).unwrap_or_else(|| panic!("{call}: {calls:#?}"));
    assert!(at("systemctl stop pve-ha-lrm") < at("systemctl stop pve-ha-crm"));
    assert!(at("systemctl stop pve-ha-crm") < at("systemctl stop pve-cluster"));
    assert!(at("systemctl start pve-cluster") < at("pvecm updatecerts"));
    assert!(at("pvecm updatecerts") < at("systemctl start pve-ha-crm"));
    assert!(!calls.iter().any(|call| call.contains("watchdog-mux")), "{calls:#?}");
    assert_taken_over(&sample.root(), &scene.root());
    assert!(!scene.on_host("root/by-hand").exists());
    Some(ran)
}

pub(super) fn single_files(steps: &[&Step], scene: &Scene) -> Option<BTreeSet<usize>> {
    if !is_there("zstd") {
        return None;
    }
    let sample = saved("pve-8-single", "");
    let certificate = scene.text("etc/pve/nodes/pve1/pve-ssl.pem");

    let (ran, said) = Desk::on_host(&sample.newest()).run_on(scene, steps);

    for path in ["nodes/pve1/qemu-server/100.conf", "nodes/pve1/lxc/200.conf", "storage.cfg", "priv/storage/nas.pw"] {
        let before = std::fs::read_to_string(sample.root().join("etc/pve").join(path)).unwrap();
        assert_eq!(scene.text(&format!("etc/pve/{path}")), before, "{path}");
    }
    let secret = scene.on_host("etc/pve/priv/storage/nas.pw").metadata().unwrap();
    assert_eq!((secret.uid(), secret.gid(), secret.mode() & 0o7777), (0, 33, 0o600));
    assert_eq!(scene.text("etc/pve/nodes/pve1/pve-ssl.pem"), certificate);
    let is_clustered = scene.on_host("etc/pve/corosync.conf").exists();
    assert_eq!(said.contains("Quorate:          Yes"), is_clustered, "{said}");
    assert!(!scene.calls().iter().any(|call| call.starts_with("systemctl")), "{:?}", scene.calls());
    Some(ran)
}

pub(super) fn backup_server(steps: &[&Step]) -> Option<BTreeSet<usize>> {
    let scene = Scene::pbs().filter(|_| is_there("zstd"))?;
    let sample = saved("pbs-3", "");
    let (config, before) = (scene.on_host("etc/proxmox-backup"), sample.root().join("etc/proxmox-backup"));
    // As after an unfortunate copy: the services would refuse to start.
    std::fs::set_permissions(&config, PermissionsExt::from_mode(0o755)).unwrap();

    let (ran, _) = Desk::on_host(&sample.newest()).run_on(&scene, steps);

    let directory = config.metadata().unwrap();
    assert_eq!((directory.uid(), directory.gid(), directory.mode() & 0o7777), (34, 34, 0o700));
    let names = ["datastore.cfg", "user.cfg", "shadow.json", "token.shadow", "tfa.json", "remote.cfg", "proxy.pem"];
    for name in names.into_iter().chain(["authkey.key", "acme/plugins.cfg"]) {
        assert_eq!(look(&config.join(name)), look(&before.join(name)), "{name}");
    }
    for unit in ["proxmox-backup", "proxmox-backup-proxy", "proxmox-backup-daily-update.timer"] {
        assert_eq!(scene.unit(unit), "active", "{unit}");
    }
    let calls = scene.calls();
    assert_eq!(calls[1..3], ["systemctl stop proxmox-backup-proxy", "systemctl stop proxmox-backup"]);
    assert_eq!(calls[3..5], ["systemctl start proxmox-backup", "systemctl start proxmox-backup-proxy"]);
    Some(ran)
}

/// Names, links and pieces of the older tools are files again.
fn assert_whole(desk: &Desk) {
    for (name, content) in [("etc/pve/storage.cfg", STORAGE), ("root/twin", STORAGE), ("var/lib/db/large.db", &large())]
    {
        let path = desk.file(name);
        assert!(path.symlink_metadata().unwrap().is_file(), "{name}");
        assert!(std::fs::read(&path).unwrap() == content, "{name}");
    }
    assert_eq!(std::fs::read_link(desk.file("etc/own-link")).unwrap(), Path::new("hostname"));
    let left = below(&desk.file(""));
    assert!(!left.iter().any(|path| path.to_string_lossy().contains("chunk")), "{left:#?}");
}

pub(super) fn bash_tool(steps: &[&Step]) -> Option<BTreeSet<usize>> {
    if !is_there("xz") {
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let archive = Bash::new().optimised().pack(dir.path(), "xz", "-J");
    let desk = Desk::of(&archive);
    let (ran, said) = desk.run(steps);
    assert!(said.contains("tar.xz: OK"), "{said}");
    assert_whole(&desk);
    Some(ran)
}

pub(super) fn proxsave(steps: &[&Step], layout: Layout) -> BTreeSet<usize> {
    let dir = tempfile::tempdir().unwrap();
    let backup = ProxSave::new().optimised().pack(dir.path(), (".gz", "gz", "-z"), layout);
    let desk = Desk::of(&backup);
    let (ran, said) = desk.run(steps);
    assert_eq!(said.matches("tar.gz: OK").count(), 2, "{said}");
    assert_whole(&desk);
    ran
}
