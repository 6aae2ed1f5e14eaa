//! The full form of a scene: a Debian that systemd boots, with units that record and a mounted
//! `/etc/pve`. Made once per suite by `debootstrap.sh`, which takes minutes and needs a mirror, so
//! its tests run only when asked for: `cargo test --test all full_form -- --ignored`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::data;
use crate::pmxcfs::{can_mount, program};

/// A copy of a suite's root that may be changed.
pub(crate) struct FullScene {
    dir: tempfile::TempDir,
}

impl FullScene {
    /// Debian `bookworm` or `trixie`; host `scene`, whose `/etc/pve` is empty.
    pub(crate) fn of(suite: &str) -> Option<Self> {
        if !can_mount() {
            return None;
        }
        let scene = Self { dir: tempfile::tempdir().unwrap() };
        let mut copy = Command::new(data().join("debootstrap.sh"));
        let copied = copy.args(["copy", suite]).arg(scene.root()).arg(program()).output().unwrap();
        assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
        Some(scene)
    }

    /// The same with this program as the one that is installed, where no `/etc/pve` is mounted; an error
    /// says why this machine cannot boot it.
    pub(crate) fn with_program(suite: &str, installed: &Path) -> Result<Self, String> {
        if !nix::unistd::geteuid().is_root() {
            return Err("needs root".to_owned());
        }
        let scene = Self { dir: tempfile::tempdir().unwrap() };
        let mut copy = Command::new(data().join("debootstrap.sh"));
        let copied = copy.args(["copy", suite]).arg(scene.root()).output().unwrap();
        if !copied.status.success() {
            return Err(String::from_utf8_lossy(&copied.stderr).into_owned());
        }
        let place = scene.root().join("usr/sbin/proxmox-backup");
        std::fs::copy(installed, place).map_err(|cause| cause.to_string())?;
        let tried = scene.boot("true");
        let said = String::from_utf8_lossy(&tried.stderr).into_owned();
        if tried.status.success() { Ok(scene) } else { Err(said) }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    /// Boots, runs this as a shell script, ends. What was written stays for the next boot.
    pub(crate) fn boot(&self, script: &str) -> Output {
        let mut boot = Command::new(data().join("debootstrap.sh"));
        boot.arg("boot").arg(self.root()).args(["sh", "-euc", script]).output().unwrap()
    }

    /// Starts and stops of units, in the order of time, all boots together.
    pub(crate) fn calls(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.root().join("var/log/scene-calls")).unwrap();
        log.lines().map(str::to_owned).collect()
    }
}

fn boots_and_serves(suite: &str) {
    let Some(scene) = FullScene::of(suite) else { return };
    let script = "systemctl is-system-running; mkdir -p /etc/pve/nodes/scene; echo x >/etc/pve/local/config
        systemctl stop pvedaemon pve-cluster; ls -A /etc/pve; systemctl start pve-cluster pvedaemon";

    let first = scene.boot(script);
    let second = scene.boot("cat /etc/pve/nodes/scene/config; systemctl is-active corosync || exit 9");

    assert_eq!(String::from_utf8_lossy(&first.stdout), "running\n", "{}", String::from_utf8_lossy(&first.stderr));
    assert!(first.status.success());
    assert_eq!(String::from_utf8_lossy(&second.stdout), "x\ninactive\n");
    assert_eq!(second.status.code(), Some(9));
    let calls = scene.calls();
    let at = |call: &str| calls.iter().position(|line| line == call).unwrap();
    assert!(at("start pve-cluster") < at("start pvedaemon") && at("stop pvedaemon") < at("stop pve-cluster"));
    assert_eq!(calls.iter().filter(|line| *line == "start pve-cluster").count(), 3);
}

#[test]
#[ignore = "makes a Debian root, which takes minutes and needs a mirror"]
fn the_full_form_boots_debian_12_and_serves_etc_pve() {
    boots_and_serves("bookworm");
}

#[test]
#[ignore = "makes a Debian root, which takes minutes and needs a mirror"]
fn the_full_form_boots_debian_13_and_serves_etc_pve() {
    boots_and_serves("trixie");
}
