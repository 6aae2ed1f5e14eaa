//! Into a member of a cluster that lives: the cluster is the truth. Its database is never touched;
//! guests of this node come back one by one, unless another node has their number.

use proxmox_backup::restore::{GuestPolicy, PveWay, Selection, Verdict};
use proxmox_backup::workflow::Failure;

use super::{by_files, changed, deeds, everything, host, only, planned, restored, saved, system, undone};
use crate::sample::Sample;
use crate::scene::{Look, Scene, differences};

const WANTED: &[&str] = &[
    "etc/pve/nodes/pve1/lxc/200.conf",
    "etc/pve/nodes/pve1/qemu-server/100.conf",
    "etc/pve/nodes/pve1/qemu-server/101.conf",
    "etc/pve/virtual-guest/cpu-models.conf",
];

#[test]
fn a_whole_backup_is_refused_with_the_way_to_rejoin() {
    let Some(scene) = Scene::cluster_member() else { return };
    let system = system(scene.door());
    for name in ["pve-9-cluster-ceph", "pve-8-single"] {
        let (_sample, backup) = saved(name);
        let before = scene.tree(Look::Exact);

        let failure = restored(&system, &backup, &everything()).unwrap_err();

        assert!(matches!(failure, Failure::Refused(_)), "{name}: {failure}");
        assert!(failure.to_string().contains("a member of a living cluster"), "{name}: {failure}");
        let plan = planned(&system, &backup, &everything());
        for word in ["pvecm delnode", "pvecm add", "pvecm updatecerts", "--pve files", "--only pve-guests"] {
            assert!(plan.refusals.iter().any(|it| it.instead.contains(word)), "{name}, {word}: {:?}", plan.refusals);
        }
        assert_eq!(differences(&before, &scene.tree(Look::Exact)), Vec::<String>::new(), "{name}");
        assert_eq!(deeds(&scene), ["pvecm status"; 0], "{name}");
    }
}

#[test]
fn guests_of_this_node_come_back_one_by_one() {
    let Some(scene) = Scene::cluster_member() else { return };
    let (sample, backup) = saved("pve-9-cluster-ceph");
    let before = host(&scene);
    let system = system(scene.door());
    let selection = Selection { exclude: only(&["/var/lib"]).only, ..by_files(&["pve-guests"]) };
    let plan = planned(&system, &backup, &selection);
    assert_eq!(plan.pve, PveWay::Files);

    let done = restored(&system, &backup, &selection).unwrap();

    assert_eq!(done.issues, []);
    assert_eq!(changed(&before, &scene), WANTED);
    for name in WANTED {
        assert_eq!(scene.text(name), std::fs::read_to_string(sample.root().join(name)).unwrap(), "{name}");
    }
    for other in ["/etc/pve/nodes/pve2/qemu-server/110.conf", "/etc/pve/nodes/pve3/lxc/220.conf"] {
        let file = plan.file(other).unwrap();
        assert!(file.verdict == Verdict::ExportOnly && file.reason.contains("belongs to the node"), "{file:?}");
    }
    assert!(!deeds(&scene).iter().any(|call| call.starts_with("systemctl")), "{:?}", deeds(&scene));
    undone(&before, &scene);
}

/// The guests have moved since the backup: 900 is on `pve2`, the container 901 on `pve3`.
#[test]
fn a_number_that_another_node_has_is_told_and_never_written() {
    let Some(scene) = Scene::cluster_member() else { return };
    let sample = Sample::host("pve-9-cluster-ceph");
    let moved = ["qemu-server/900.conf", "lxc/901.conf"].map(|name| format!("etc/pve/nodes/pve1/{name}"));
    for name in &moved {
        std::fs::write(sample.root().join(name), "name: as it was\n").unwrap();
    }
    sample.backup_recorded().unwrap();
    for guests in [GuestPolicy::Report, GuestPolicy::Skip, GuestPolicy::Replace] {
        let before = host(&scene);
        let system = system(scene.door());
        let selection = Selection { guests, exclude: only(&["/var/lib"]).only, ..by_files(&["pve-guests"]) };
        let plan = planned(&system, &sample.newest(), &selection);
        for (name, node) in moved.iter().zip(["pve2", "pve3"]) {
            let file = plan.file(&format!("/{name}")).unwrap();
            assert_eq!(file.verdict, Verdict::ExportOnly, "{guests:?}: {file:?}");
            // No flag brings it: none is named.
            assert!(file.reason.contains(&format!("on node `{node}`")), "{guests:?}: {}", file.reason);
            assert!(!file.reason.contains("--guests replace"), "{guests:?}: {}", file.reason);
        }

        let done = restored(&system, &sample.newest(), &selection).unwrap();

        assert_eq!(done.issues, []);
        assert_eq!(changed(&before, &scene), WANTED, "{guests:?}");
        undone(&before, &scene);
    }
}
