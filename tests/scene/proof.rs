//! The scenes are what they say, and their programs do what a restore is judged by.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use proxmox_backup::host::detect;
use proxmox_backup::system::{Cancel, CommandSpec, Root};
use rusqlite::Connection;

use super::{Look, Scene, differences};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn each_scene_is_detected_as_what_it_is() {
    let Some(pve) = Scene::pve_standalone() else { return };
    let [pbs, dual, member] = [Scene::pbs(), Scene::dual(), Scene::cluster_member()].map(Option::unwrap);
    let facts = |scene: &Scene| {
        let host = detect(&Root::at(&scene.root()).unwrap());
        (host.name, host.pve, host.pbs, host.is_clustered, host.debian)
    };
    let (ve, bs) = (Some("8.4.1".to_owned()), Some("3.4.1-1".to_owned()));
    let debian = "12 bookworm".to_owned();

    assert_eq!(facts(&pve), ("pve1".to_owned(), ve.clone(), None, false, debian.clone()));
    assert_eq!(facts(&pbs), ("pbs1".to_owned(), None, bs.clone(), false, debian.clone()));
    assert_eq!(facts(&dual), ("box".to_owned(), ve.clone(), bs, false, debian.clone()));
    assert_eq!(facts(&member), ("pve1".to_owned(), ve, None, true, debian));
    assert_eq!([&pve, &pbs, &dual, &member].map(Scene::is_mounted), [true, false, true, true]);
    assert!(member.text("etc/pve/.vmlist").contains("\"900\": { \"node\": \"pve2\", \"type\": \"qemu\""));
    assert_eq!(pve.text("etc/pve/local/pve-ssl.pem"), pve.text("etc/pve/nodes/pve1/pve-ssl.pem"));
    let directory = dual.on_host("etc/proxmox-backup").metadata().unwrap();
    assert_eq!((directory.uid(), directory.gid(), directory.mode() & 0o7777), (34, 34, 0o700));
    assert_eq!(pve.calls(), Vec::<String>::new());
}

#[test]
fn the_same_scene_is_built_twice_the_same() {
    let Some(one) = Scene::dual() else { return };
    let two = Scene::dual().unwrap();
    assert_eq!(differences(&one.tree(Look::Lasting), &two.tree(Look::Lasting)), Vec::<String>::new());
    assert_eq!(one.tree_hash(Look::Lasting), two.tree_hash(Look::Lasting));
}

#[test]
fn reading_leaves_the_hash_and_each_change_moves_it() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let path = |name: &str| scene.on_host(name);
    let before = scene.tree_hash(Look::Exact);
    assert_eq!(scene.tree_hash(Look::Exact), before);
    let database =
        Connection::open_with_flags(path("var/lib/pve-cluster/config.db"), rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
    database.unwrap().query_row("SELECT count(*) FROM tree", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(scene.tree_hash(Look::Exact), before, "reading the database");

    let mut last = [before, scene.tree_hash(Look::Lasting)];
    let mut must_differ = |what: &str| {
        let now = [scene.tree_hash(Look::Exact), scene.tree_hash(Look::Lasting)];
        assert!(now[0] != last[0] && now[1] != last[1], "{what}");
        last = now;
    };
    std::fs::write(path("etc/fstab"), "x").unwrap();
    must_differ("content");
    std::fs::set_permissions(path("etc/fstab"), std::fs::Permissions::from_mode(0o600)).unwrap();
    must_differ("mode");
    chown(path("etc/fstab"), Some(1), None).unwrap();
    must_differ("owner");
    if xattr::set(path("etc/fstab"), "trusted.test", b"1").is_ok() {
        must_differ("extended attribute");
    }
    std::fs::create_dir(path("etc/new")).unwrap();
    must_differ("new directory");
    std::fs::remove_file(path("etc/localtime")).unwrap();
    symlink("elsewhere", path("etc/localtime")).unwrap();
    must_differ("link");
    std::fs::write(path("etc/pve/user.cfg"), "x").unwrap();
    must_differ("cluster file");
    let file = std::fs::File::open(path("etc/fstab")).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert!(scene.tree_hash(Look::Exact) != last[0] && scene.tree_hash(Look::Lasting) == last[1], "time alone");
}

/// The order of Proxmox's documented recovery, by hand.
#[test]
fn a_node_comes_back_from_its_database() {
    let Some(lost) = Scene::pve_standalone() else { return };
    let config = "cores: 2\nname: web\n";
    std::fs::write(lost.on_host("etc/pve/qemu-server/100.conf"), config).unwrap();
    let saved = lost.path("saved.db");
    let database = Connection::open(lost.on_host("var/lib/pve-cluster/config.db")).unwrap();
    database.execute("VACUUM INTO ?1", [saved.to_str().unwrap()]).unwrap();
    let fresh = Scene::pve_standalone().unwrap();
    let into = fresh.on_host("var/lib/pve-cluster/config.db");

    fresh.done(&["systemctl", "stop", "pveproxy", "pvedaemon", "pve-ha-lrm", "pve-ha-crm"]);
    fresh.done(&["systemctl", "stop", "pve-cluster.service"]);
    assert!(!fresh.is_mounted());
    assert_eq!(crate::sample::names_in(&fresh.on_host("etc/pve")), Vec::<String>::new());
    let early = fresh.run(&["systemctl", "start", "pveproxy"]);
    assert_eq!((early.status.code(), fresh.unit("pveproxy")), (Some(1), "failed".to_owned()));
    std::fs::copy(saved, &into).unwrap();
    fresh.done(&["systemctl", "start", "pve-cluster"]);
    fresh.done(&["pvecm", "updatecerts", "--force"]);
    fresh.done(&["systemctl", "start", "pveproxy"]);

    assert_eq!(fresh.text("etc/pve/local/qemu-server/100.conf"), config);
    assert!(fresh.text("etc/pve/local/pve-ssl.pem").contains("updatecerts"));
    assert!(fresh.done(&["qm", "list"]).contains("100 stopped"));
    assert_eq!((fresh.unit("pve-cluster"), fresh.unit("pveproxy")), ("active".to_owned(), "active".to_owned()));
    assert_eq!(
        fresh.calls(),
        [
            "systemctl stop pveproxy pvedaemon pve-ha-lrm pve-ha-crm",
            "systemctl stop pve-cluster.service",
            "systemctl start pveproxy",
            "systemctl start pve-cluster",
            "pvecm updatecerts --force",
            "systemctl start pveproxy",
            "qm list",
        ]
    );
}

#[test]
fn a_damaged_database_keeps_the_cluster_file_system_away() {
    let Some(scene) = Scene::pve_standalone() else { return };
    scene.done(&["systemctl", "stop", "pve-cluster"]);
    std::fs::write(scene.on_host("var/lib/pve-cluster/config.db"), "half a database".repeat(100)).unwrap();

    let started = scene.run(&["systemctl", "start", "pve-cluster"]);

    assert_eq!(started.status.code(), Some(1));
    assert!(said(&started).contains("not a database"), "{}", said(&started));
    assert_eq!((scene.unit("pve-cluster").as_str(), scene.is_mounted()), ("failed", false));
}

#[test]
fn the_library_runs_the_stand_ins_and_the_mount_outlives_the_call() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let (_, runner) = scene.door();
    let run = |line: &str| {
        let argv = line.split(' ').map(str::to_owned).collect();
        let spec = CommandSpec { argv, limit: Duration::from_secs(20), output_cap: 1 << 20, ..CommandSpec::default() };
        let mut stdout = Vec::new();
        runner.run(&spec, &mut stdout, &Cancel::default()).map(|_| String::from_utf8(stdout).unwrap())
    };

    run("systemctl stop pve-cluster").unwrap();
    assert!(!scene.is_mounted());
    run("systemctl start pve-cluster").unwrap();
    std::thread::sleep(Duration::from_millis(100));

    assert!(scene.is_mounted());
    assert_eq!(run("systemctl is-active pve-cluster").unwrap(), "active\n");
    scene.answer("pvesh get /cluster/status --output-format json", "[]", 0);
    scene.answer("pveum acl list", "", 4);
    assert_eq!(run("pvesh get /cluster/status --output-format json").unwrap(), "[]");
    assert!(run("pveum acl list").unwrap_err().reason().contains("exit status 4"));
    assert_eq!(run("pvesh set /cluster/sdn").unwrap(), "");
    let expected = "pvesh set /cluster/sdn";
    assert_eq!(scene.calls().last().map(String::as_str), Some(expected));
}

#[test]
fn units_have_the_states_that_systemctl_gives_them() {
    let Some(scene) = Scene::dual() else { return };
    let is_active = |unit: &str| {
        let output = scene.run(&["systemctl", "is-active", unit]);
        (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
    };

    scene.done(&["systemctl", "stop", "proxmox-backup-proxy", "proxmox-backup.service"]);
    assert_eq!(is_active("proxmox-backup"), ("inactive\n".to_owned(), 3));
    scene.done(&["systemctl", "mask", "proxmox-backup"]);
    let masked = scene.run(&["systemctl", "start", "proxmox-backup"]);
    assert!(masked.status.code() == Some(1) && said(&masked).contains("is masked"), "{}", said(&masked));
    scene.done(&["systemctl", "unmask", "proxmox-backup"]);
    scene.done(&["systemctl", "daemon-reload"]);
    scene.done(&["systemctl", "--quiet", "start", "proxmox-backup"]);
    assert_eq!(is_active("proxmox-backup.service"), ("active\n".to_owned(), 0));
    assert_eq!(scene.run(&["systemctl", "stop", "nonsense"]).status.code(), Some(5));
    scene.break_unit("proxmox-backup-proxy");
    assert_eq!(scene.run(&["systemctl", "start", "proxmox-backup-proxy"]).status.code(), Some(1));
    assert_eq!(scene.unit("proxmox-backup-proxy"), "failed");
    let proxy = scene.run(&["systemctl", "is-failed", "-q", "proxmox-backup-proxy"]);
    assert!(proxy.status.success() && proxy.stdout.is_empty());
}

/// Proxmox Backup Server looks at its directory when it starts, and ends.
#[test]
fn pbs_starts_only_with_its_directory_as_it_wants_it() {
    let Some(scene) = Scene::pbs() else { return };
    let directory = scene.on_host("etc/proxmox-backup");
    for (owner, mode, starts) in [(34, 0o755, false), (0, 0o700, false), (34, 0o700, true)] {
        chown(&directory, Some(owner), Some(owner)).unwrap();
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(mode)).unwrap();
        scene.done(&["systemctl", "stop", "proxmox-backup"]);
        let started = scene.run(&["systemctl", "start", "proxmox-backup"]);
        assert_eq!(started.status.success(), starts, "{owner} {mode:o} {}", said(&started));
    }
}

#[test]
fn a_member_without_quorum_is_read_only_until_it_expects_itself_alone() {
    let Some(scene) = Scene::cluster_member().map(Scene::without_quorum) else { return };
    let write = || std::fs::write(scene.on_host("etc/pve/datacenter.cfg"), "keyboard: de\n");

    assert_eq!(write().unwrap_err().raw_os_error(), Some(13));
    assert!(scene.done(&["pvecm", "status"]).contains("Quorate:          No"));
    let refused = scene.run(&["pvecm", "updatecerts"]);
    assert!(!refused.status.success() && said(&refused).contains("no quorum"));
    scene.done(&["pvecm", "expected", "1"]);

    write().unwrap();
    assert!(scene.done(&["pvecm", "status"]).contains("Quorate:          Yes"));
    assert_eq!(scene.done(&["pvecm", "nodes"]).lines().collect::<Vec<_>>(), ["pve1", "pve2", "pve3"]);
    let standalone = Scene::pve_standalone().unwrap().run(&["pvecm", "status"]);
    assert_eq!(standalone.status.code(), Some(2));
}

/// What a change of the network is guarded by: a timer that puts the old one back.
#[test]
fn a_timer_fires_when_the_test_says_so_unless_it_was_stopped() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let interfaces = scene.on_host("etc/network/interfaces");
    let before = std::fs::read_to_string(&interfaces).unwrap();
    let kept = scene.path("interfaces.before");
    std::fs::copy(&interfaces, &kept).unwrap();
    let start = |unit: &str| {
        let command = ["systemd-run", unit, "--on-active=180", "--", "cp"];
        scene.done(&[&command[..], &[kept.to_str().unwrap(), interfaces.to_str().unwrap()]].concat());
    };

    start("--unit=network-back");
    std::fs::write(&interfaces, "auto lo\n").unwrap();
    scene.done(&["ifreload", "-a"]);
    assert_eq!(scene.applied_interfaces().as_deref(), Some("auto lo\n"));
    assert_eq!(scene.timers(), ["network-back"]);
    assert!(scene.run(&["systemctl", "is-active", "network-back.timer"]).status.success());
    assert!(scene.fire_timer("network-back").status.success());
    assert_eq!(std::fs::read_to_string(&interfaces).unwrap(), before);

    start("--unit=network-back");
    scene.done(&["systemctl", "stop", "network-back.timer"]);
    assert_eq!(scene.timers(), Vec::<String>::new());
}

#[test]
fn a_call_is_one_line_whatever_its_arguments_hold() {
    let Some(scene) = Scene::pbs() else { return };
    scene.done(&["pveum", "user", "add", "a b", "two\nlines", "$(x) `y` * \\n %s ' \""]);
    scene.done(&["update-initramfs", "-u", "-k", "all"]);
    assert_eq!(scene.calls(), ["pveum user add a b two lines $(x) `y` * \\n %s ' \"", "update-initramfs -u -k all"]);
}

#[test]
fn a_restored_host_name_counts_after_a_reboot() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let link = || std::fs::read_link(scene.on_host("etc/pve/local")).unwrap();
    std::fs::write(scene.on_host("etc/hostname"), "other\n").unwrap();
    std::fs::write(scene.on_host("etc/hosts"), "192.0.2.10 other.fresh.test other\n").unwrap();
    std::fs::create_dir(scene.on_host("etc/pve/nodes/other")).unwrap();
    assert_eq!(link(), Path::new("nodes/pve1"));
    let without_address = scene.run(&["systemctl", "restart", "pve-cluster"]);
    assert!(said(&without_address).contains("`pve1` has no address"), "{}", said(&without_address));

    std::fs::write(scene.path("state/units/pve-cluster"), "active\n").unwrap();
    scene.reboot();

    assert_eq!(link(), Path::new("nodes/other"));
    assert_eq!(scene.unit("pveproxy"), "active");
}
