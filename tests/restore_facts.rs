//! What a plan finds on machines that are not well: file systems that hang, databases that are
//! large, clusters without quorum. And that the same facts give the same plan.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use proxmox_backup::bundle::Backup;
use proxmox_backup::restore::{NicMap, Pick, PveAsked, PveWay, RestorePlan, Selection, Verdict};
use proxmox_backup::system::{Recorded, Root, Runner, System};
use proxmox_backup::workflow::{Failure, restore_plan};

use crate::sample::{Sample, hosts_dir};
use crate::scene::{Look, Scene, differences};

/// A sample host with a backup of it.
fn saved(name: &str) -> Sample {
    let sample = Sample::host(name);
    sample.backup_recorded().unwrap();
    sample
}

/// A plan for the newest backup of `from` on a running scene.
fn planned(from: &Sample, scene: &Scene, selection: &Selection) -> RestorePlan {
    let (root, runner) = scene.door();
    let system = System::new(root, runner);
    restore_plan(&Backup::open(&from.newest()).unwrap(), &system, selection).unwrap()
}

fn without(words: &[&str]) -> Selection {
    Selection { exclude: words.iter().map(|word| Pick::parse(word).unwrap()).collect(), ..Selection::default() }
}

fn only(words: &[&str]) -> Selection {
    Selection { only: words.iter().map(|word| Pick::parse(word).unwrap()).collect(), ..Selection::default() }
}

fn verdict(plan: &RestorePlan, path: &str) -> Verdict {
    plan.file(path).unwrap_or_else(|| panic!("{path} has no verdict")).verdict
}

fn why(plan: &RestorePlan) -> Vec<&str> {
    plan.refusals.iter().map(|refusal| refusal.why.as_str()).collect()
}

/// The cluster file system's process, stopped: each call below `/etc/pve` waits for ever.
pub(crate) struct Hung(String);

impl Hung {
    pub(crate) fn new(scene: &Scene) -> Self {
        let hung = Self(std::fs::read_to_string(scene.path("state/pmxcfs.pid")).unwrap().trim().to_owned());
        hung.signal("-STOP");
        hung
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.0]).status().unwrap().success());
    }
}

impl Drop for Hung {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}

/// Longer than the program may wait, shorter than somebody would.
pub(crate) fn in_time<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = work();
    assert!(started.elapsed() < Duration::from_secs(30), "{what}: {:?}", started.elapsed());
    done
}

#[test]
fn a_cluster_file_system_that_hangs_is_said_and_waited_for_once() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let from = saved("pve-8-single");
    let hung = Hung::new(&scene);

    let plan = in_time("plan", || planned(&from, &scene, &Selection::default()));
    assert_eq!(plan.pve, PveWay::Export);
    let refusal = plan.refusals.iter().find(|it| it.what.ends_with("files below /etc/pve")).unwrap();
    assert!(refusal.why.contains("/etc/pve does not answer: the file system gave no answer within"), "{refusal:?}");
    assert!(refusal.instead.contains("systemctl restart pve-cluster"), "{refusal:?}");
    assert_eq!(verdict(&plan, "/etc/pve/storage.cfg"), Verdict::ExportOnly);
    assert_eq!(verdict(&plan, "/etc/ssh/sshd_config"), Verdict::Write);

    let plan = in_time("the rest", || planned(&from, &scene, &without(&["/etc/pve", "pve-cluster"])));
    assert_eq!(why(&plan), [""; 0]);
    assert_eq!(verdict(&plan, "/etc/ssh/sshd_config"), Verdict::Write);
    let whole = Selection { pve: PveAsked::Whole, ..Selection::default() };
    let plan = in_time("whole", || planned(&from, &scene, &whole));
    assert!(why(&plan)[0].contains("does not answer"), "{:?}", plan.refusals);

    drop(hung);
    assert_eq!(planned(&from, &scene, &Selection::default()).pve, PveWay::Whole);
}

/// The program, on this tree as that of a disk: nothing of it can be started, so nothing is refused.
#[test]
fn the_program_plans_beside_a_cluster_file_system_that_hangs() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let from = saved("pve-8-single");
    let _hung = Hung::new(&scene);
    let run = |backup: &str| {
        let mut program = from.program(["restore", backup, "--plan", "--json"]);
        program.arg("--root").arg(scene.root()).output().unwrap()
    };
    let output = in_time("program", || run(from.newest().to_str().unwrap()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&plan["pve"], &plan["refusals"]), (&"export".into(), &serde_json::json!([])));
    assert!(plan["files"].to_string().contains("/etc/pve does not answer"));
}

#[test]
fn a_daemon_that_died_leaves_a_mount_of_no_use() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let from = saved("pve-8-single");
    let pid = std::fs::read_to_string(scene.path("state/pmxcfs.pid")).unwrap();
    assert!(Command::new("kill").args(["-KILL", pid.trim()]).status().unwrap().success());

    let plan = in_time("plan", || planned(&from, &scene, &Selection::default()));
    assert!(why(&plan).iter().any(|why| why.contains("/etc/pve does not answer")), "{:?}", plan.refusals);
    assert!(!plan.files.iter().any(|file| file.path.starts_with(b"/etc/pve") && file.verdict.changes()));
}

#[test]
fn another_mount_that_hangs_is_unreadable_and_the_rest_is_planned() {
    let Some(scene) = Scene::pbs() else { return };
    let from = saved("pbs-3");
    let below = scene.path("below");
    let point = scene.on_host("etc/ssh");
    let Some((_mounted, daemon)) = crate::tiers::hang::daemon(&[], &below, &point) else { return };
    daemon.signal("-STOP");

    let plan = in_time("plan", || planned(&from, &scene, &Selection::default()));
    daemon.signal("-CONT");

    let file = plan.file("/etc/ssh/sshd_config").unwrap();
    assert_eq!(file.verdict, Verdict::ExportOnly);
    assert!(file.reason.contains("cannot be read: the file system gave no answer within"), "{}", file.reason);
    assert_eq!(verdict(&plan, "/etc/proxmox-backup/datastore.cfg"), Verdict::Write);
    assert_eq!(why(&plan), [""; 0]);
}

#[test]
fn a_backup_does_not_wait_for_ever_to_start() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let sample = Sample::empty("hung");
    std::fs::remove_dir(sample.root()).unwrap();
    std::os::unix::fs::symlink(scene.root(), sample.root()).unwrap();
    sample.configure("FS_IO_TIMEOUT=1\n");
    let _hung = Hung::new(&scene);

    let failure = in_time("backup", || sample.backup_with(scene.door().1)).unwrap_err();

    assert!(matches!(failure, Failure::PmxcfsSilent(_)), "{failure}");
    assert!(failure.to_string().contains("/etc/pve does not answer"), "{failure}");
    assert!(failure.hint().unwrap().contains("systemctl restart pve-cluster"));
}

#[test]
fn a_member_without_quorum_is_refused_what_it_cannot_take() {
    let Some(scene) = Scene::cluster_member() else { return };
    let scene = scene.without_quorum();
    let from = saved("pve-9-cluster-ceph");
    let files = Selection { pve: PveAsked::Files, ..Selection::default() };

    let plan = planned(&from, &scene, &files);
    assert!(why(&plan)[0].contains("no quorum") && plan.refusals[0].instead.contains("Quorate"), "{:?}", plan.refusals);
    assert!(!plan.files.iter().any(|file| file.path.starts_with(b"/etc/pve") && file.verdict.changes()));
    for selection in [without(&["/etc/pve", "pve-cluster"]), only(&["ssh"])] {
        assert_eq!(why(&planned(&from, &scene, &selection)), [""; 0], "{selection:?}");
    }
}

#[test]
fn a_member_takes_files_one_by_one_and_its_own_guests_too() {
    let Some(scene) = Scene::cluster_member() else { return };
    let from = saved("pve-9-cluster-ceph");
    let usual = planned(&from, &scene, &Selection::default());
    assert!(usual.refusals.iter().any(|refusal| refusal.instead.contains("pvecm add")), "{:?}", usual.refusals);

    let files = Selection { pve: PveAsked::Files, ..Selection::default() };
    for selection in [files, without(&["pve-cluster"]), without(&["/var/lib/pve-cluster"]), only(&["pve-guests"])] {
        let plan = planned(&from, &scene, &selection);
        assert_eq!((plan.pve, why(&plan).as_slice()), (PveWay::Files, &[][..]), "{selection:?}");
        for guest in ["/etc/pve/nodes/pve1/qemu-server/100.conf", "/etc/pve/nodes/pve1/lxc/200.conf"] {
            assert_eq!(verdict(&plan, guest), Verdict::ThroughApi, "{selection:?}");
        }
        assert!(!plan.file("/var/lib/pve-cluster/config.db").unwrap().verdict.changes());
    }
}

#[test]
fn when_the_cluster_file_system_does_not_run_its_files_are_refused() {
    let Some(scene) = Scene::cluster_member() else { return };
    scene.done(&["systemctl", "stop", "pve-cluster"]);
    let from = saved("pve-9-cluster-ceph");
    let files = Selection { pve: PveAsked::Files, ..Selection::default() };
    let plan = planned(&from, &scene, &files);
    assert!(why(&plan)[0].contains("not mounted"), "{:?}", plan.refusals);
    assert!(plan.refusals[0].instead.contains("systemctl start pve-cluster"), "{:?}", plan.refusals);
}

/// 24 MiB of what pmxcfs may hold: the limit of other files is 16.
#[test]
fn a_large_database_is_read_on_both_sides() {
    let from = Sample::host("pve-8-single");
    enlarge(&from.root().join("var/lib/pve-cluster/config.db"));
    from.backup_recorded().unwrap();
    let to = Sample::host("pve-8-single");
    enlarge(&to.root().join("var/lib/pve-cluster/config.db"));
    // The cluster file system does not run: what is here is told by the database alone.
    std::fs::remove_dir_all(to.root().join("etc/pve")).unwrap();
    let runner = Runner::Recorded(Recorded::new(hosts_dir().join("pve-8-single/commands")));
    let system = System::new(Root::at(&to.root()).unwrap(), runner);

    let plan = restore_plan(&Backup::open(&from.newest()).unwrap(), &system, &Selection::default()).unwrap();

    let signs: Vec<&str> = plan.signs.iter().map(|sign| sign.what.as_str()).collect();
    assert!(signs.contains(&"its cluster database can be read, or there is none"), "{signs:?}");
    assert!(signs.contains(&"it has 1 guests"), "{signs:?}");
    assert_eq!(verdict(&plan, "/var/lib/pve-cluster/config.db"), Verdict::Unchanged);
}

/// A database of a node with one guest, whose description is long.
fn enlarge(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = std::fs::remove_file(path);
    let database = rusqlite::Connection::open(path).unwrap();
    database
        .execute_batch(
            "CREATE TABLE tree (inode INTEGER PRIMARY KEY, parent INTEGER, version INTEGER, writer INTEGER,
                                mtime INTEGER, type INTEGER, name TEXT, data BLOB);
             INSERT INTO tree VALUES (0, 0, 9, 1, 5, 8, '__version__', NULL), (2, 0, 1, 1, 5, 4, 'nodes', NULL),
                 (3, 2, 1, 1, 5, 4, 'pve1', NULL), (4, 3, 1, 1, 5, 4, 'qemu-server', NULL),
                 (5, 4, 1, 1, 5, 8, '100.conf', 'name: a');
             INSERT INTO tree WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 33)
                 SELECT i, 0, 1, 1, 5, 8, 'large' || i, randomblob(1 << 20) FROM n;",
        )
        .unwrap();
    drop(database);
    // The same bytes on both sides.
    let database = rusqlite::Connection::open(path).unwrap();
    database.execute("UPDATE tree SET data = zeroblob(1 << 20) WHERE name LIKE 'large%'", []).unwrap();
    drop(database);
    assert!(path.metadata().unwrap().len() > 20 << 20);
}

#[test]
fn the_same_facts_give_the_same_plan_to_the_letter() {
    let json = |plan: RestorePlan| serde_json::to_string_pretty(&plan).unwrap();
    let scenes: Vec<Scene> =
        [Scene::pve_standalone(), Scene::pbs(), Scene::dual(), Scene::cluster_member()].into_iter().flatten().collect();
    for name in
        ["pve-8-single", "pbs-4-s3", "pve-9-cluster-ceph", "pve-pbs-dual", "debian-plain", "pve-7-leftover", "pbs-3"]
    {
        let from = saved(name);
        let plan = || from.expect(0, &["restore", "--plan", "--json"]);
        assert!(plan() == plan(), "{name}: two plans differ");
        let auto = Selection { nic_map: NicMap::Auto, ..Selection::default() };
        for scene in &scenes {
            let before = scene.tree(Look::Exact);
            let first = json(planned(&from, scene, &auto));
            assert!(json(planned(&from, scene, &auto)) == first, "{name}: two plans differ");
            assert_eq!(differences(&before, &scene.tree(Look::Exact)), [""; 0], "{name}: a plan changed something");
        }
    }
}
