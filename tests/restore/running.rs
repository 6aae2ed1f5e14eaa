//! Into a node that runs and has work of its own: files below `/etc/pve` come back one by one,
//! nothing else is touched, no service stops.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use proxmox_backup::recipe::Mode;
use proxmox_backup::restore::{GuestPolicy, PveWay, Selection, Verdict};
use proxmox_backup::workflow::{Failure, Left};

use super::{
    agreed, by_files, changed, deeds, everything, host, in_order, only, planned, restored, saved, system, undone,
};
use crate::scene::{Look, Scene, differences};

const GUESTS: &str = "etc/pve/nodes/pve1/qemu-server";
const OWN_STORAGE: &str = "\nzfspool: own\n\tpool own\n\tcontent images\n";
const OWN_USER: &str = "token:root@pam!here:0:0::\n\nacl:1:/:root@pam!here:Administrator:\n";

/// A node with a storage, a guest and a token of its own.
fn used() -> Option<Scene> {
    let scene = Scene::pve_standalone()?;
    let write = |name: &str, text: &str| std::fs::write(scene.on_host(name), text).unwrap();
    write("etc/pve/storage.cfg", &(scene.text("etc/pve/storage.cfg") + OWN_STORAGE));
    write("etc/pve/user.cfg", &(scene.text("etc/pve/user.cfg") + OWN_USER));
    write("etc/pve/priv/token.cfg", "root@pam!here 00000000-0000-0000-0000-00000000beef\n");
    write(&format!("{GUESTS}/500.conf"), "cores: 1\nname: here\nscsi0: own:vm-500-disk-0,size=1G\n");
    Some(scene)
}

/// Restores, demands that exactly these paths have changed and that no service noticed, and takes
/// it back.
fn brings(scene: &Scene, backup: &Path, selection: &Selection, wanted: &[&str], look: impl FnOnce()) {
    let before = host(scene);
    scene.forget_calls();

    let done = restored(&system(scene.door()), backup, selection).unwrap();

    assert_eq!(done.issues, []);
    assert_eq!(changed(&before, scene), wanted);
    assert_eq!(deeds(scene), Vec::<String>::new());
    look();
    undone(&before, scene);
    assert_eq!(deeds(scene), Vec::<String>::new());
}

fn of_sample(sample: &crate::sample::Sample, name: &str) -> String {
    std::fs::read_to_string(sample.root().join(name)).unwrap()
}

#[test]
fn one_guest_comes_back_alone() {
    let (Some(used), Some(fresh)) = (used(), Scene::pve_standalone()) else { return };
    let (sample, backup) = saved("pve-8-single");
    let guest = "etc/pve/nodes/pve1/qemu-server/100.conf";
    for (scene, selection) in [
        (&used, only(&["/etc/pve/nodes/pve1/qemu-server/100.conf"])),
        (&used, by_files(&["/etc/pve/nodes/pve1/qemu-server/100.conf"])),
        // Nobody asked for the database of this one either.
        (&fresh, only(&["/etc/pve/nodes/pve1/qemu-server/100.conf"])),
        (&fresh, by_files(&["/etc/pve/nodes/pve1/qemu-server/100.conf"])),
    ] {
        brings(scene, &backup, &selection, &[guest], || {
            assert_eq!(scene.text(guest), of_sample(&sample, guest));
            assert!(scene.text("etc/pve/.vmlist").contains("\"100\""));
        });
    }
}

#[test]
fn all_guests_come_back_and_those_that_are_here_stay() {
    let Some(scene) = used() else { return };
    let (sample, backup) = saved("pve-8-single");
    let wanted = [
        "etc/pve/mapping/pci.cfg",
        "etc/pve/mapping/usb.cfg",
        "etc/pve/nodes/pve1/lxc/200.conf",
        "etc/pve/nodes/pve1/qemu-server/100.conf",
        "etc/pve/nodes/pve1/qemu-server/101.conf",
        "etc/pve/virtual-guest/cpu-models.conf",
    ];
    // Guests name snippets, which belong to them.
    let snippets = ["var/lib/vz/snippets/hook.sh"];
    brings(&scene, &backup, &only(&["pve-guests"]), &[&wanted[..], &snippets].concat(), || {
        for name in wanted {
            assert_eq!(scene.text(name), of_sample(&sample, name), "{name}");
        }
        assert!(scene.text(&format!("{GUESTS}/500.conf")).contains("name: here"));
    });
    let files = by_files(&["pve-guests"]);
    brings(&scene, &backup, &Selection { exclude: only(&["/var/lib"]).only, ..files }, &wanted, || ());
}

#[test]
fn users_and_permissions_come_back_around_root() {
    let Some(scene) = used() else { return };
    let (_sample, backup) = saved("pve-8-single");
    let wanted = [
        "etc/pve/domains.cfg",
        "etc/pve/priv/shadow.cfg",
        "etc/pve/priv/tfa.cfg",
        "etc/pve/priv/token.cfg",
        "etc/pve/user.cfg",
    ];
    brings(&scene, &backup, &only(&["pve-access"]), &wanted, || {
        let users = scene.text("etc/pve/user.cfg");
        for kept in
            ["user:root@pam:1:0:::admin@fresh.test", "token:root@pam!here", "acl:1:/:root@pam!here:Administrator:"]
        {
            assert!(users.contains(kept), "{kept}: {users}");
        }
        for brought in ["user:ann@pve:", "group:admins:ann@pve:", "acl:1:/:@admins:Administrator:", "token:ann@pve!ci"]
        {
            assert!(users.contains(brought), "{brought}: {users}");
        }
        assert!(!users.contains("admin@sample.test"), "{users}");
        assert!(scene.text("etc/pve/priv/token.cfg").contains("root@pam!here 00000000-0000-0000-0000-00000000beef"));
        assert!(scene.text("etc/pve/priv/token.cfg").contains("ann@pve!ci "));
    });
}

#[test]
fn the_mode_of_storages_brings_storages_and_stops_nothing() {
    let Some(scene) = used() else { return };
    let (sample, backup) = saved("pve-8-single");
    let before = host(&scene);
    scene.forget_calls();
    let system = system(scene.door());
    let selection = Selection { mode: Mode::Storage, ..Selection::default() };
    let plan = planned(&system, &backup, &selection);
    // Whoever has work here loses it only with his eyes open.
    assert!(plan.file("/etc/pve/storage.cfg").unwrap().reason.contains("zfspool own"));

    let done = restored(&system, &backup, &selection).unwrap();

    assert_eq!(done.issues, []);
    let paths = changed(&before, &scene);
    // Files, and the directories that they lie in.
    for path in paths.iter().filter(|path| !scene.on_host(path).is_dir()) {
        let file = plan.file(&format!("/{path}")).unwrap_or_else(|| panic!("{path} is not of the plan"));
        assert!(file.category.is_in(Mode::Storage), "{path} is of {:?}", file.category);
        assert!(file.verdict.changes(), "{path}: {:?}", file.verdict);
    }
    let of_cluster: Vec<&str> = paths.iter().map(String::as_str).filter(|path| path.starts_with("etc/pve")).collect();
    assert_eq!(
        of_cluster,
        [
            "etc/pve/datacenter.cfg",
            "etc/pve/jobs.cfg",
            // The cluster file system without what has a category of its own.
            "etc/pve/nodes/pve1/config",
            "etc/pve/priv/storage",
            "etc/pve/priv/storage/nas.pw",
            "etc/pve/priv/storage/pbs1.enc",
            "etc/pve/priv/storage/pbs1.pw",
            "etc/pve/replication.cfg",
            "etc/pve/storage.cfg",
        ]
    );
    assert_eq!(scene.text("etc/pve/storage.cfg"), of_sample(&sample, "etc/pve/storage.cfg"));
    assert!(
        !deeds(&scene).iter().any(|call| call.contains(" stop ") || call.contains(" start ")),
        "{:?}",
        deeds(&scene)
    );
    assert!(done.network_until.is_none());
    undone(&before, &scene);
}

/// pmxcfs gives each new file the number of its change, so the numbers tell the order.
#[test]
fn everything_below_etc_pve_comes_in_an_order_that_holds_and_the_node_keeps_its_keys() {
    let (Some(used), Some(fresh)) = (used(), Scene::pve_standalone()) else { return };
    let (_sample, backup) = saved("pve-8-single");
    for (scene, selection) in [(&used, only(&["/etc/pve"])), (&fresh, by_files(&["/etc/pve"]))] {
        let before = host(scene);
        scene.forget_calls();
        let system = system(scene.door());
        assert_eq!(planned(&system, &backup, &selection).pve, PveWay::Files);

        let done = restored(&system, &backup, &selection).unwrap();

        assert_eq!(done.issues, []);
        let order = [
            &["storage.cfg", "datacenter.cfg", "priv/storage/nas.pw", "priv/storage/pbs1.enc"][..],
            &["user.cfg", "domains.cfg"],
            &["priv/shadow.cfg", "priv/token.cfg", "priv/tfa.cfg"],
            &["mapping/pci.cfg", "mapping/usb.cfg"],
            &["sdn/zones.cfg"],
            &["nodes/pve1/qemu-server/100.conf", "nodes/pve1/qemu-server/101.conf", "nodes/pve1/lxc/200.conf"],
            &["firewall/101.fw", "firewall/cluster.fw"],
            &["jobs.cfg", "replication.cfg", "ha/resources.cfg"],
        ];
        let number = |name: &&str| scene.on_host("etc/pve").join(name).metadata().unwrap().ino();
        for pair in order.windows(2) {
            let (last, first) = (pair[0].iter().map(number).max(), pair[1].iter().map(number).min());
            assert!(last < first, "{pair:?}: {last:?} {first:?}");
        }
        let own = ["pve-ssl", "pve-root-ca", "authkey", "pve-www", "authorized_keys", "known_hosts", "corosync", "500"];
        for path in changed(&before, scene) {
            assert!(path.starts_with("etc/pve/"), "{path}");
            assert!(!own.iter().any(|part| path.contains(part)), "{path}");
        }
        assert_eq!(deeds(scene), Vec::<String>::new());
        undone(&before, scene);
    }
}

#[test]
fn a_guest_whose_number_is_taken_is_told_left_or_replaced() {
    let Some(scene) = used() else { return };
    let (sample, backup) = saved("pve-8-single");
    let taken = "etc/pve/nodes/pve1/qemu-server/100.conf";
    std::fs::write(scene.on_host(taken), "cores: 8\nname: another\n").unwrap();
    // The same number, another kind: nobody can mean that one.
    std::fs::write(scene.on_host(GUESTS).join("200.conf"), "name: no container\n").unwrap();
    let other = "etc/pve/nodes/pve1/qemu-server/101.conf";
    for (guests, word, is_replaced) in [
        (GuestPolicy::Report, "--guests replace takes the backup's", false),
        (GuestPolicy::Skip, "--guests skip", false),
        (GuestPolicy::Replace, "is replaced", true),
    ] {
        let selection = Selection { guests, ..only(&["/etc/pve/nodes/pve1"]) };
        let plan = planned(&system(scene.door()), &backup, &selection);
        let file = |name: &str| plan.file(&format!("/{name}")).unwrap();
        assert!(file(taken).reason.contains(word), "{guests:?}: {}", file(taken).reason);
        assert_eq!(file(taken).verdict == Verdict::ThroughApi, is_replaced, "{guests:?}");
        let container = file("etc/pve/nodes/pve1/lxc/200.conf");
        assert_eq!(container.verdict, Verdict::ExportOnly, "{guests:?}");
        assert!(container.reason.contains("exists as qemu-server on"), "{container:?}");

        let mut wanted = vec!["etc/pve/nodes/pve1/config", "etc/pve/nodes/pve1/host.fw"];
        wanted.extend(is_replaced.then_some(taken));
        wanted.push(other);
        brings(&scene, &backup, &selection, &wanted, || {
            let left = "cores: 8\nname: another\n".to_owned();
            assert_eq!(scene.text(taken), if is_replaced { of_sample(&sample, taken) } else { left });
        });
    }
}

#[test]
fn without_quorum_nothing_is_begun() {
    let Some(scene) = used().map(Scene::without_quorum) else { return };
    let (_sample, backup) = saved("pve-8-single");
    for selection in [everything(), only(&["pve-guests"]), by_files(&["/etc/pve/storage.cfg"])] {
        let before = scene.tree(Look::Exact);

        let failure = restored(&system(scene.door()), &backup, &selection).unwrap_err();

        assert!(matches!(failure, Failure::Refused(_)), "{failure}");
        assert!(failure.to_string().contains("the cluster has no quorum"), "{failure}");
        assert_eq!(differences(&before, &scene.tree(Look::Exact)), Vec::<String>::new());
    }
}

/// Somebody reads the plan while the other nodes go down.
#[test]
fn a_quorum_lost_after_the_plan_ends_it_before_the_first_write() {
    let (Some(single), Some(member)) = (used(), Scene::cluster_member()) else { return };
    let (_sample, backup) = saved("pve-8-single");
    let selection = by_files(&["/etc/pve", "ssh"]);
    for scene in [single, member] {
        let system = system(scene.door());
        let plan = planned(&system, &backup, &selection);
        assert!(plan.refusals.is_empty() && plan.changes_anything(), "{:?}", plan.refusals);
        let scene = scene.without_quorum();
        let before = host(&scene);

        let failure = agreed(&system, &backup, &selection, &plan).unwrap_err();

        assert!(failure.to_string().contains("the cluster has no quorum"), "{failure}");
        assert_eq!(differences(&before, &host(&scene)), Vec::<String>::new());
        assert!(!scene.on_host(super::STATE).join("restore").exists());
    }
}

/// Files below the root are in place and services stand still when `/etc/pve` takes no more writes:
/// everything goes back, without a write that it would not take.
#[test]
fn a_quorum_lost_in_the_middle_leaves_the_host_as_it_was() {
    let Some(scene) = Scene::dual() else { return };
    let (_sample, backup) = saved("pve-pbs-dual");
    let program = scene.path("bin/systemctl");
    let text = std::fs::read_to_string(&program).unwrap();
    let lost =
        "answer_prepared \"$@\"\ncase \"$*\" in 'stop proxmox-backup.service') : >\"$state/quorum-lost\" ;; esac\n";
    std::fs::write(&program, text.replace("answer_prepared \"$@\"\n", lost)).unwrap();
    let before = host(&scene);

    let failure =
        restored(&system(scene.door()), &backup, &by_files(&["/etc/pve", "pbs-config", "pbs-remotes"])).unwrap_err();

    let Failure::Restore { why, left } = &failure else { panic!("{failure}") };
    assert!(why.to_string().contains("takes no writes"), "{why}");
    assert!(matches!(left, Left::TakenBack { .. }), "{left:?}");
    in_order(&deeds(&scene), &["systemctl stop proxmox-backup.service", "systemctl start proxmox-backup.service"]);
    std::fs::remove_file(scene.path("state/quorum-lost")).unwrap();
    assert_eq!(differences(&before, &host(&scene)), Vec::<String>::new());
    assert_eq!(scene.unit("proxmox-backup-proxy"), "active");
}

#[test]
fn a_guest_made_after_the_plan_is_never_written_over() {
    let Some(scene) = used() else { return };
    let (_sample, backup) = saved("pve-8-single");
    let system = system(scene.door());
    let plan = planned(&system, &backup, &only(&["pve-guests"]));
    std::fs::write(scene.on_host(GUESTS).join("101.conf"), "name: a minute ago\n").unwrap();
    let before = host(&scene);

    let failure = agreed(&system, &backup, &only(&["pve-guests"]), &plan).unwrap_err();

    assert!(matches!(failure, Failure::PlanChanged), "{failure}");
    assert_eq!(differences(&before, &host(&scene)), Vec::<String>::new());
}
