//! Services stop and start for real, or it is an error that names them; waits end.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use proxmox_backup::apply::{ApplyError, Machine, UnitState, look, run, start, stop, unmount, wait_for};
use proxmox_backup::system::{Signal, System, mounts_in};

use crate::scene::Scene;

/// The door to a scene.
pub(crate) fn system(scene: &Scene) -> System {
    let (root, runner) = scene.door();
    System::new(root, runner)
}

fn state(unit: &str, was_active: bool) -> UnitState {
    UnitState { unit: unit.to_owned(), was_active }
}

/// A signal for the program behind `/etc/pve`.
pub(crate) fn signal_pmxcfs(scene: &Scene, signal: &str) {
    let pid = std::fs::read_to_string(scene.path("state/pmxcfs.pid")).unwrap();
    assert!(Command::new("kill").args([signal, pid.trim()]).status().unwrap().success());
}

#[test]
fn services_are_seen_stopped_and_started() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let system = system(&scene);
    let machine = Machine::of(&system).unwrap();
    let units = ["pveproxy.service", "corosync.service", "nonsense.service", "pve-cluster.service"];
    let before = look(&machine, &units).unwrap();
    // The scene has no corosync.
    assert_eq!(
        before,
        [true, false, false, true].iter().zip(units).map(|(is, unit)| state(unit, *is)).collect::<Vec<_>>()
    );
    assert_eq!(look(&machine, &[]).unwrap(), []);

    for unit in units {
        stop(&machine, unit).unwrap_or_else(|error| panic!("{unit}: {error}"));
    }
    assert!(look(&machine, &units).unwrap().iter().all(|state| !state.was_active) && !scene.is_mounted());

    start(&machine, "pve-cluster.service").unwrap();
    wait_for(&machine, "/etc/pve/local", 10).unwrap();
    start(&machine, "pveproxy.service").unwrap();
    assert_eq!(look(&machine, &units).unwrap(), before);
    run(&machine, &["pvecm", "updatecerts"], 10).unwrap();
}

#[test]
fn a_unit_that_goes_on_running_or_cannot_start_is_an_error_that_names_it() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let system = system(&scene);
    let machine = Machine::of(&system).unwrap();

    scene.answer("systemctl stop pveproxy.service", "", 0);
    let text = stop(&machine, "pveproxy.service").unwrap_err().to_string();
    assert_eq!(text, "pveproxy.service: it was stopped and is active");
    scene.answer("systemctl stop pvedaemon.service", "", 1);
    let text = stop(&machine, "pvedaemon.service").unwrap_err().to_string();
    assert_eq!(text, "systemctl stop pvedaemon.service: exit status 1");

    stop(&machine, "pvestatd.service").unwrap();
    scene.break_unit("pvestatd");
    let text = start(&machine, "pvestatd.service").unwrap_err().to_string();
    assert!(
        text.starts_with("systemctl start pvestatd.service: exit status 1: Job for pvestatd.service failed"),
        "{text}"
    );
    assert_eq!(look(&machine, &["pvestatd.service"]).unwrap(), [state("pvestatd.service", false)]);
    stop(&machine, "pvestatd.service").unwrap();
    let text = start(&machine, "nonsense.service").unwrap_err().to_string();
    assert!(text.contains("Unit nonsense.service not found"), "{text}");

    let refused = run(&machine, &["pvecm", "nonsense"], 10).unwrap_err();
    assert!(matches!(&refused, ApplyError::Command(error) if error.line == "pvecm nonsense"), "{refused}");
    assert!(run(&machine, &["sleep", "60"], 1).unwrap_err().to_string().contains("no end within"));
}

#[test]
fn a_masked_unit_stops_and_does_not_start() {
    let Some(scene) = Scene::pbs() else { return };
    let system = system(&scene);
    let machine = Machine::of(&system).unwrap();
    scene.done(&["systemctl", "mask", "proxmox-backup-proxy"]);

    stop(&machine, "proxmox-backup-proxy.service").unwrap();

    assert_eq!(scene.unit("proxmox-backup-proxy"), "inactive");
    let text = start(&machine, "proxmox-backup-proxy.service").unwrap_err().to_string();
    assert!(text.contains("proxmox-backup-proxy.service is masked"), "{text}");
}

#[test]
fn what_failed_too_often_while_etc_pve_was_away_starts_all_the_same() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let system = system(&scene);
    let machine = Machine::of(&system).unwrap();
    scene.tire_unit("pvestatd");
    let refused = scene.run(&["systemctl", "start", "pvestatd"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("too often"));

    start(&machine, "pvestatd.service").unwrap();

    assert_eq!(scene.unit("pvestatd"), "active");
}

#[test]
fn the_watchdog_is_never_touched_and_nothing_but_etc_pve_unmounted() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let system = system(&scene);
    let machine = Machine::of(&system).unwrap();
    for unit in ["watchdog-mux.service", "watchdog-mux"] {
        assert!(stop(&machine, unit).unwrap_err().to_string().contains("never stopped"));
    }
    for path in ["/", "/etc", "/etc/pve/", "/etc/pve/../../"] {
        assert!(unmount(&machine, path).unwrap_err().to_string().contains("nothing else"), "{path}");
    }
    assert_eq!(scene.calls(), Vec::<String>::new());
    assert!(scene.is_mounted());
}

#[test]
fn what_a_killed_pmxcfs_leaves_is_unmounted_though_somebody_stands_in_it() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let system = system(&scene);
    let machine = Machine::of(&system).unwrap();
    let is_mounted =
        || mounts_in(&system.root).iter().any(|mount| mount.point == Path::new("/etc/pve") && mount.kind == "fuse");
    assert!(is_mounted());
    let mut guest = Command::new("sleep").arg("60").current_dir(scene.on_host("etc/pve/nodes")).spawn().unwrap();
    signal_pmxcfs(&scene, "-KILL");
    stop(&machine, "pve-cluster.service").unwrap();
    assert!(is_mounted());

    let unmounted = unmount(&machine, "/etc/pve");

    guest.kill().unwrap();
    guest.wait().unwrap();
    unmounted.unwrap();
    assert!(!is_mounted() && crate::sample::names_in(&scene.on_host("etc/pve")).is_empty());
    unmount(&machine, "/etc/pve").unwrap();
}

#[test]
fn a_wait_ends_when_nothing_comes_when_nobody_answers_and_when_asked() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let system = system(&scene);
    let machine = Machine::of(&system).unwrap();
    let timed = |path: &str, seconds| {
        let started = Instant::now();
        (wait_for(&machine, path, seconds), started.elapsed())
    };

    let (late, _) = timed("/etc/pve/nothing", 1);
    assert_eq!(late.unwrap_err().to_string(), "/etc/pve/nothing is not there after 1 s");
    timed("/etc/pve/local", 0).0.unwrap();

    signal_pmxcfs(&scene, "-STOP");
    let (hung, elapsed) = timed("/etc/pve/nodes/nobody", 1);
    signal_pmxcfs(&scene, "-CONT");
    assert!(matches!(hung, Err(ApplyError::Late { .. })), "{hung:?}");
    assert!(elapsed < Duration::from_secs(4), "{elapsed:?}");

    system.cancel.request(Signal::Interrupt);
    let (asked, elapsed) = timed("/etc/pve/nothing", 60);
    assert!(matches!(asked, Err(ApplyError::Cancelled(_))) && elapsed < Duration::from_secs(2));
    for ended in [stop(&machine, "pveproxy.service"), start(&machine, "pveproxy.service"), run(&machine, &["true"], 9)]
    {
        assert!(matches!(ended, Err(ApplyError::Cancelled(_))), "{ended:?}");
    }
    assert!(!scene.is_mounted() || scene.unit("pveproxy") == "active");
}
