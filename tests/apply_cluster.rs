//! Files put below a mounted `/etc/pve`: what the cluster file system takes, and what it refuses.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use proxmox_backup::apply::{
    ApplyError, Attributes, Change, Machine, Wanted, differs_in_cluster, may_write, put_all, put_cluster,
};
use proxmox_backup::system::{Signal, System};
use ring::digest::{SHA256, digest};

use crate::scene::{Look, Scene, differences};

/// A scene, and contents of a backup beside its host.
struct Bench {
    scene: Scene,
    system: System,
}

impl Bench {
    fn of(scene: Scene) -> Self {
        let (root, runner) = scene.door();
        std::fs::create_dir(scene.path("contents")).unwrap();
        Self { scene, system: System::new(root, runner) }
    }

    fn machine(&self) -> Machine<'_> {
        Machine::of(&self.system).unwrap()
    }

    fn file(&self, path: &str, content: impl AsRef<[u8]>) -> Change {
        let content = content.as_ref();
        let digest: [u8; 32] = digest(&SHA256, content).as_ref().try_into().unwrap();
        let kept: PathBuf = self.scene.path("contents").join(path.replace('/', "_"));
        std::fs::write(&kept, content).unwrap();
        change(path, Wanted::File { content: kept, size: content.len() as u64, digest })
    }

    fn put(&self, changes: &[Change]) -> Result<Vec<String>, ApplyError> {
        put_cluster(&self.machine(), changes)
    }

    fn differs(&self, change: &Change) -> Option<String> {
        differs_in_cluster(&self.machine(), change).unwrap()
    }

    /// Nothing has changed since, and nothing of ours lies about.
    fn is_as(&self, before: &std::collections::BTreeMap<String, String>, what: &str) {
        assert_eq!(differences(before, &self.scene.tree(Look::Lasting)), Vec::<String>::new(), "{what}");
    }
}

fn change(path: &str, wanted: Wanted) -> Change {
    Change { path: path.into(), wanted, attributes: None }
}

#[test]
fn files_are_created_replaced_and_removed_and_twice_is_the_same_as_once() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let bench = Bench::of(scene);
    let path = |name: &str| bench.scene.on_host(name);
    std::fs::create_dir_all(path("etc/pve/old/sub")).unwrap();
    std::fs::write(path("etc/pve/old/sub/file"), "x").unwrap();
    std::fs::create_dir(path("etc/pve/kept")).unwrap();
    std::fs::write(path("etc/pve/kept/theirs"), "x").unwrap();
    let changes = [
        bench.file("/etc/pve/storage.cfg", "dir: other\n\tpath /srv\n"),
        bench.file("/etc/pve/priv/token.cfg", [0, 159, 146, 150, 255]),
        bench.file("/etc/pve/nodes/pve1/qemu-server/100.conf", "cores: 2\n"),
        bench.file("/etc/pve/nodes/pve1/lxc/101.conf", "hostname: c\n"),
        bench.file("/etc/pve/empty", ""),
        bench.file("/etc/pve/largest", vec![7; 1024 * 1024]),
        change("/etc/pve/firewall", Wanted::Directory),
        bench.file("/etc/pve/sdn/zones/deep.cfg", "x"),
        change("/etc/pve/old", Wanted::Absent),
        change("/etc/pve/old/sub", Wanted::Absent),
        change("/etc/pve/old/sub/file", Wanted::Absent),
        change("/etc/pve/kept", Wanted::Absent),
        change("/etc/pve/vzdump.cron", Wanted::Absent),
        change("/etc/pve/never/was", Wanted::Absent),
    ];
    may_write(&bench.machine()).unwrap();
    assert_eq!(bench.differs(&changes[0]).unwrap(), "its content is another");

    let remarks = bench.put(&changes).unwrap();

    assert_eq!(remarks, ["/etc/pve/kept is not empty and stays"]);
    for change in changes.iter().filter(|change| change.path != b"/etc/pve/kept") {
        assert_eq!(bench.differs(change), None, "{change:?}");
    }
    assert_eq!(bench.scene.text("etc/pve/storage.cfg"), "dir: other\n\tpath /srv\n");
    assert!(bench.scene.text("etc/pve/.vmlist").contains("\"101\""));
    let once = bench.scene.tree(Look::Lasting);
    assert!(!once.keys().any(|path| path.contains(".proxmox-backup.")), "{:?}", once.keys());
    bench.put(&changes).unwrap();
    bench.is_as(&once, "done twice");

    // The services read what the database has, after a restart as well.
    bench.scene.done(&["systemctl", "restart", "pve-cluster"]);
    bench.is_as(&once, "after a restart");
}

#[test]
fn without_quorum_nothing_changes_and_the_reason_is_told() {
    let Some(scene) = Scene::cluster_member() else { return };
    let bench = Bench::of(scene.without_quorum());
    let before = bench.scene.tree(Look::Lasting);
    let cases = [
        bench.file("/etc/pve/storage.cfg", "x"),
        bench.file("/etc/pve/nodes/pve1/qemu-server/100.conf", "x"),
        bench.file("/etc/pve/new/dir/file", "x"),
        change("/etc/pve/new", Wanted::Directory),
        change("/etc/pve/vzdump.cron", Wanted::Absent),
    ];

    let refused = may_write(&bench.machine()).unwrap_err();
    assert!(matches!(refused, ApplyError::NoQuorum(_)), "{refused:?}");
    assert!(refused.to_string().contains("permission denied; has the cluster no quorum?"), "{refused}");
    for change in cases {
        let error = bench.put(std::slice::from_ref(&change)).unwrap_err();
        assert!(matches!(error, ApplyError::NoQuorum(_)), "{change:?}: {error:?}");
        bench.is_as(&before, &format!("{change:?}"));
    }

    std::fs::remove_file(bench.scene.path("state/quorum-lost")).unwrap();
    // Without quorum there are no write bits.
    let before = bench.scene.tree(Look::Lasting);
    may_write(&bench.machine()).unwrap();
    bench.is_as(&before, "asked whether it takes writes");
}

#[test]
fn a_guest_of_another_node_is_never_taken_over() {
    let Some(scene) = Scene::cluster_member() else { return };
    let bench = Bench::of(scene);
    let before = bench.scene.tree(Look::Lasting);
    for path in ["nodes/pve1/qemu-server/900.conf", "nodes/pve1/lxc/901.conf", "nodes/pve1/lxc/902.conf"] {
        let path = format!("/etc/pve/{path}");

        let error = bench.put(&[bench.file(&path, "x")]).unwrap_err();

        let expected = format!("{path}: refused by the cluster, which has a guest of this number elsewhere");
        assert_eq!(error.to_string(), expected);
        // The directory for containers is made on the way, and that may stay: it is empty.
        let after = bench.scene.tree(Look::Lasting);
        let changed = differences(&before, &after);
        assert!(changed.iter().all(|line| line.starts_with("etc/pve/nodes/pve1/lxc: None")), "{changed:?}");
    }
    let own = bench.file("/etc/pve/nodes/pve1/qemu-server/902.conf", "cores: 7\n");
    bench.put(std::slice::from_ref(&own)).unwrap();
    assert_eq!(bench.differs(&own), None);
}

#[test]
fn what_this_file_system_cannot_have_is_refused_before_anything_changes() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let bench = Bench::of(scene);
    let before = bench.scene.tree(Look::Lasting);
    let first = bench.file("/etc/pve/a-first-one", "x");
    let cases = [
        (change("/etc/pve/link", Wanted::Symlink(b"x".to_vec())), "/etc/pve/link: a symlink is wanted"),
        (bench.file("/etc/pve/local/new", "x"), "/etc/pve/local: is a symlink, and a directory is wanted"),
        (bench.file("/etc/pve/local", "x"), "/etc/pve/local: is a symlink that the file system makes itself"),
        (change("/etc/pve/lxc", Wanted::Absent), "/etc/pve/lxc: is a symlink that the file system makes"),
        (bench.file("/etc/pve/nodes", "x"), "/etc/pve/nodes: is a directory, and a file is wanted"),
        (change("/etc/pve/user.cfg", Wanted::Directory), "/etc/pve/user.cfg: is a file, and a directory is wanted"),
        (bench.file("/etc/pve/../hosts", "x"), "/etc/pve/../hosts: refused: this is no absolute path"),
        (bench.file("/etc/hosts", "x"), "/etc/hosts: refused: this is not below /etc/pve"),
        (bench.file("/etc/pvex/y", "x"), "/etc/pvex/y: refused: this is not below /etc/pve"),
        (change("/etc/pve", Wanted::Directory), "/etc/pve: refused: this is not below /etc/pve"),
        (first.clone(), "/etc/pve/a-first-one: is to become two things"),
    ];
    for (change, expected) in cases {
        let error = bench.put(&[first.clone(), change]).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}, not {expected}");
        bench.is_as(&before, expected);
    }
    let mut spoilt = bench.file("/etc/pve/storage.cfg", "planned");
    let Wanted::File { digest, .. } = &mut spoilt.wanted else { unreachable!() };
    digest[0] ^= 1;
    assert!(bench.put(&[spoilt]).unwrap_err().to_string().contains("is not what was planned"));
    bench.is_as(&before, "another content");
    let error = bench.put(&[bench.file("/etc/pve/large", vec![7; 1024 * 1024 + 1])]).unwrap_err();
    assert!(error.to_string().contains("file too large"), "{error}");
    bench.is_as(&before, "more than a file holds");
}

#[test]
fn nothing_is_written_below_a_mount_that_is_not_there() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let bench = Bench::of(scene);
    bench.scene.done(&["systemctl", "stop", "pve-cluster"]);
    let before = bench.scene.tree(Look::Lasting);
    let file = bench.file("/etc/pve/storage.cfg", "x");

    let put = bench.put(std::slice::from_ref(&file)).unwrap_err();
    assert_eq!(put.to_string(), "/etc/pve takes no writes: it is not mounted");
    assert_eq!(may_write(&bench.machine()).unwrap_err().to_string(), put.to_string());
    // Nor by the way that everything else takes.
    let file = Change { attributes: Some(Attributes::default()), ..file };
    let error = put_all(&bench.machine(), &[file]).unwrap_err().to_string();
    assert_eq!(error, "/etc/pve/storage.cfg: refused: it belongs to the cluster file system");
    bench.is_as(&before, "not mounted");
}

#[test]
fn what_a_killed_run_left_is_removed() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let bench = Bench::of(scene);
    let before = bench.scene.tree(Look::Lasting);
    for left in [".proxmox-backup.4711.1.tmp", "nodes/pve1/.proxmox-backup.4711.2.tmp", "priv/.proxmox-backup.1.1.tmp"]
    {
        std::fs::write(bench.scene.on_host("etc/pve").join(left), "half a file").unwrap();
    }

    may_write(&bench.machine()).unwrap();
    let gone = ["/etc/pve/nodes/pve1/x", "/etc/pve/priv/x"].map(|path| change(path, Wanted::Absent));
    bench.put(&gone).unwrap();

    bench.is_as(&before, "tidied up");
}

#[test]
fn a_cluster_file_system_that_does_not_answer_holds_nobody() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let bench = Bench::of(scene);
    let pid = std::fs::read_to_string(bench.scene.path("state/pmxcfs.pid")).unwrap();
    let signal = |name: &str| Command::new("kill").args([name, pid.trim()]).status().unwrap();
    let machine = bench.machine();
    signal("-STOP");

    let cancel = bench.system.cancel.clone();
    let asker = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        cancel.request(Signal::Interrupt);
    });
    let answer = may_write(&machine);

    signal("-CONT");
    asker.join().unwrap();
    assert!(matches!(answer, Err(ApplyError::Cancelled(_))), "{answer:?}");
}
