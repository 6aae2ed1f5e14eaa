//! The worst day: the disk is gone, a fresh Proxmox VE is installed, everything comes back.

use super::{deeds, everything, host, restored, saved, system, taken_back};
use crate::scene::{Scene, differences};

/// What the cluster makes anew on each node.
const MADE_HERE: &[&str] =
    &["pve-ssl", "lrm_status", "known_hosts", "authorized_keys", "authkey", "/.", "manager_status"];

#[test]
fn a_standalone_node_comes_back_unattended_and_goes_again() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let (sample, backup) = saved("pve-8-single");
    let before = host(&scene);
    let old_fstab = scene.text("etc/fstab");
    let system = system(scene.door());

    let done = restored(&system, &backup, &everything()).unwrap();

    assert_eq!(done.issues, []);
    let mut compared = 0;
    for path in files_below(&sample.root().join("etc/pve")) {
        let name = format!("etc/pve/{path}");
        if MADE_HERE.iter().any(|part| name.contains(part)) {
            continue;
        }
        let theirs = std::fs::read(sample.root().join(&name)).unwrap();
        assert!(std::fs::read(scene.on_host(&name)).unwrap() == theirs, "{name}");
        compared += 1;
    }
    assert!(compared > 35, "{compared} files below /etc/pve compared");
    for name in ["etc/sudoers.d/ann", "usr/local/sbin/trim-guests", "etc/vzdump.conf", "var/spool/cron/crontabs/root"] {
        assert_eq!(scene.text(name), std::fs::read_to_string(sample.root().join(name)).unwrap(), "{name}");
    }
    let fstab = scene.text("etc/fstab");
    for line in old_fstab.lines() {
        assert!(fstab.contains(line), "{line}");
    }
    let media = fstab.lines().find(|line| line.contains("/mnt/media")).unwrap();
    assert!(media.contains("nofail"), "{media}");
    assert!(!fstab.contains("/dev/pve/root"), "{fstab}");
    let services = deeds(&scene);
    let at = |call: &str| services.iter().position(|it| it == call).unwrap_or_else(|| panic!("{call}: {services:#?}"));
    let order = [
        "systemctl stop pveproxy.service",
        "systemctl stop pve-ha-lrm.service",
        "systemctl stop pve-ha-crm.service",
        "systemctl stop pve-cluster.service",
        "systemctl start pve-cluster.service",
        "pvecm updatecerts",
        "systemctl start pve-ha-crm.service",
        "systemctl start pveproxy.service",
    ];
    let places: Vec<usize> = order.iter().map(|call| at(call)).collect();
    assert!(places.is_sorted(), "{services:#?}");
    assert!(!services.iter().any(|call| call.contains("watchdog-mux")));
    assert!(done.network_until.is_some());

    let undone = taken_back(&system).unwrap();

    assert_eq!(undone.issues, []);
    assert_eq!(undone.kept_aside, Vec::<String>::new());
    assert_eq!(differences(&before, &host(&scene)), Vec::<String>::new());
    assert_eq!(scene.timers(), Vec::<String>::new());
}

fn files_below(top: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![top.to_owned()];
    while let Some(dir) = open.pop() {
        for path in crate::sample::files_in(&dir) {
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(top).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found
}
