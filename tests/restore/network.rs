//! The network of a whole restore: armed before a file of it is written, back by itself unless
//! somebody says that it works, whatever became of the process and the machine; and an undo still
//! gives everything back.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use proxmox_backup::apply::{Life, Record};
use proxmox_backup::workflow::Failure;

use super::failures::{Trial, before_program, once, said, secret_backup, wait_for};
use super::killed::program;
use super::{STATE, everything, system, taken_back};
use crate::sample::Sample;

const UNIT: &str = "proxmox-config-backup-network-undo";
const INTERFACES: &str = "etc/network/interfaces";
/// Of everything else that goes back.
const ELSEWHERE: &str = "etc/sudoers.d/ann";

/// A scene whose timer runs the program, and a backup.
struct Errand {
    trial: Trial,
    backup: PathBuf,
    old: String,
    _sample: Sample,
}

impl Errand {
    fn new() -> Option<Self> {
        let trial = Trial::new()?;
        let (scene, sample) = (trial.scene.path(""), secret_backup());
        let text = format!("#!/bin/sh\nexec '{}' '{}' \"$@\"\n", program().display(), scene.display());
        let wrapper = trial.scene.path("program");
        std::fs::write(&wrapper, text).unwrap();
        std::fs::set_permissions(wrapper, PermissionsExt::from_mode(0o755)).unwrap();
        let old = trial.scene.text(INTERFACES);
        Some(Self { trial, backup: sample.1, old, _sample: sample.0 })
    }

    fn restore(&self) -> Output {
        self.words(&[self.backup.to_str().unwrap()])
    }

    fn words(&self, words: &[&str]) -> Output {
        self.trial.start(words).wait_with_output().unwrap()
    }

    fn restored() -> Option<Self> {
        let errand = Self::new()?;
        let output = errand.restore();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(errand.life(), Life::Unconfirmed);
        assert_eq!(errand.trial.scene.timers(), [UNIT]);
        assert_ne!(errand.network(), errand.old);
        Some(errand)
    }

    fn network(&self) -> String {
        self.trial.scene.text(INTERFACES)
    }

    fn fire(&self) {
        let fired = self.trial.scene.fire_timer(UNIT);
        assert!(fired.status.success(), "{}", said(&fired));
    }

    fn record(&self) -> Record {
        Record::list(&self.trial.scene.on_host(STATE)).unwrap().pop().unwrap()
    }

    fn life(&self) -> Life {
        self.record().life().unwrap()
    }

    /// The old network is back and in use, the timer with all of its files gone.
    fn assert_network_back(&self) {
        assert_eq!(self.network(), self.old);
        assert_eq!(self.trial.scene.applied_interfaces(), Some(self.old.clone()));
        self.assert_no_timer();
    }

    fn assert_no_timer(&self) {
        assert_eq!(self.trial.scene.timers(), Vec::<String>::new());
        let units = crate::sample::names_in(&self.trial.scene.on_host("etc/systemd/system"));
        assert!(!units.iter().any(|unit| unit.contains(UNIT)), "{units:?}");
        for dir in [self.record().new_dir(), self.record().old_dir(), self.record().timer_dir()] {
            assert_eq!(crate::sample::names_in(&dir), Vec::<String>::new(), "{}", dir.display());
        }
    }

    fn undo(&self, what: &str) {
        let undone = taken_back(&system(self.trial.scene.door())).unwrap();
        assert_eq!(undone.issues, [], "{what}");
        self.trial.assert_back(what);
        self.assert_no_timer();
    }
}

#[test]
fn the_timer_runs_before_a_file_of_the_network_is_written() {
    let Some(errand) = Errand::new() else { return };
    let scene = &errand.trial.scene;
    // As it is when the timer is seen running, and when the new one is looked at.
    let keep = |name: &str| format!("cp '{}' '{}'", scene.on_host(INTERFACES).display(), scene.path(name).display());
    let asked = format!("if [ \"$*\" = 'is-active {UNIT}.timer' ]; then {}; fi", keep("when-armed"));
    before_program(scene, "systemctl", &asked);
    before_program(scene, "ifreload", &once(scene, "--syntax-check -a", &keep("when-checked")));

    let output = errand.restore();

    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(std::fs::read_to_string(scene.path("when-armed")).unwrap(), errand.old);
    assert_eq!(std::fs::read_to_string(scene.path("when-checked")).unwrap(), errand.network());
    let calls = scene.calls();
    let at = |call: &str| calls.iter().position(|it| it == call).unwrap_or_else(|| panic!("{call}: {calls:#?}"));
    let armed = format!("systemctl start {UNIT}.timer");
    let order = ["pvecm updatecerts", &armed, "ifreload --syntax-check -a", "ifreload -a"].map(at);
    assert!(order.is_sorted(), "{calls:#?}");
    errand.undo("armed");
}

#[test]
fn when_nobody_confirms_the_old_network_is_back_and_everything_else_stays() {
    let Some(errand) = Errand::restored() else { return };
    let new = errand.trial.scene.text(ELSEWHERE);

    errand.fire();

    errand.assert_network_back();
    assert_eq!(errand.trial.scene.text(ELSEWHERE), new);
    assert!(errand.trial.scene.is_mounted());
    assert_eq!(errand.life(), Life::Done);
    let late = errand.words(&["restore", "confirm"]);
    assert_eq!(late.status.code(), Some(3), "{}", said(&late));
    errand.undo("after the expiry");
}

#[test]
fn a_confirmation_keeps_it_over_a_start_of_the_machine() {
    let Some(errand) = Errand::restored() else { return };
    let new = errand.network();

    let confirmed = errand.words(&["restore", "confirm"]);

    assert_eq!(confirmed.status.code(), Some(0), "{}", said(&confirmed));
    assert_eq!((errand.life(), errand.network()), (Life::Done, new.clone()));
    errand.assert_no_timer();
    errand.trial.scene.reboot();
    assert_eq!((errand.network(), errand.trial.scene.timers().len()), (new, 0));
    errand.undo("after the confirmation");
    assert_eq!(errand.trial.scene.applied_interfaces(), Some(errand.old.clone()));
}

/// The process is gone, and with it the connection.
#[test]
fn killed_while_the_network_changes_it_comes_back_and_so_does_the_rest() {
    for call in ["--syntax-check -a", "-a"] {
        let Some(errand) = Errand::new() else { return };
        before_program(&errand.trial.scene, "ifreload", &once(&errand.trial.scene, call, "kill -9 $PPID; sleep 1"));
        let killed = errand.restore();
        assert_eq!(killed.status.signal(), Some(9), "{call}: {}", said(&killed));
        assert_ne!(errand.network(), errand.old, "{call}");

        errand.fire();

        errand.assert_network_back_but_not_cleared();
        assert_eq!(errand.life(), Life::Halfway, "{call}");
        let failure = errand.trial.restore(&errand.backup, &everything()).unwrap_err();
        assert!(matches!(failure, Failure::RestoreOpen { .. }), "{call}: {failure}");
        errand.undo(call);
    }
}

impl Errand {
    /// What the killed restore had unpacked is removed by the undo.
    fn assert_network_back_but_not_cleared(&self) {
        assert_eq!(self.network(), self.old);
        assert_eq!(self.trial.scene.applied_interfaces(), Some(self.old.clone()));
        assert_eq!(self.trial.scene.timers(), Vec::<String>::new());
    }
}

#[test]
fn the_timer_outlives_a_start_of_the_machine() {
    let Some(errand) = Errand::restored() else { return };

    errand.trial.scene.reboot();

    assert_eq!(errand.trial.scene.timers(), [UNIT]);
    errand.fire();
    errand.assert_network_back();
    errand.undo("after a reboot");
}

/// Services take minutes to stop: the three minutes may be over then.
#[test]
fn the_timer_may_fire_while_everything_is_taken_back() {
    for call in ["stop pveproxy.service", "start pve-cluster.service", "start pveproxy.service"] {
        let Some(errand) = Errand::restored() else { return };
        let scene = &errand.trial.scene;
        let id = errand.record().id().to_owned();
        let fire = format!(
            "'{}' restore timeout {id} || : >'{}'",
            scene.path("program").display(),
            scene.path("failed").display()
        );
        before_program(scene, "systemctl", &once(scene, call, &fire));

        let undone = taken_back(&system(scene.door())).unwrap();

        assert!(scene.path("once").exists() && !scene.path("failed").exists(), "{call}");
        assert_eq!(undone.issues, [], "{call}");
        assert_eq!(errand.network(), errand.old, "{call}");
        errand.trial.assert_back(call);
        errand.assert_no_timer();
    }
}

/// The last services start after the network has changed.
#[test]
fn the_timer_may_fire_before_the_restore_has_ended() {
    let Some(errand) = Errand::new() else { return };
    let scene = &errand.trial.scene;
    before_program(scene, "ifreload", &once(scene, "-a", "sleep 3"));
    let child = errand.trial.start(&[errand.backup.to_str().unwrap()]);
    wait_for(&scene.path("once"));
    errand.fire();
    let output = child.wait_with_output().unwrap();

    // What it had written is not there any more, and that is said.
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("/etc/network/interfaces: changed since it was written"), "{said}");
    assert_eq!((errand.network(), errand.life()), (errand.old.clone(), Life::Done));
    errand.undo("fired before the end");
}

#[test]
fn after_an_undo_the_timer_has_nothing_to_do() {
    let Some(errand) = Errand::restored() else { return };
    let id = errand.record().id().to_owned();
    errand.undo("unconfirmed");
    std::fs::write(errand.trial.scene.on_host(INTERFACES), "mine\n").unwrap();

    let late = errand.words(&["restore", "timeout", &id]);

    assert_eq!(late.status.code(), Some(0), "{}", said(&late));
    assert_eq!(errand.network(), "mine\n");
    let unknown = errand.words(&["restore", "timeout", "20200101-000000"]);
    assert_eq!(unknown.status.code(), Some(3), "{}", said(&unknown));
    assert!(!Path::new(&errand.trial.scene.on_host(STATE).join("restore/20200101-000000")).exists());
}
