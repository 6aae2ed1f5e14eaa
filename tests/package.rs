//! The package as dpkg, apt and systemd meet it: installed in a Debian that systemd boots, and looked
//! at by the tests that it brings itself (`debian/tests`) and by some that need more than one package
//! (`tests/package`). The program in it is the one that was just built.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::sample::skip;

/// In this order: the last ones take the package away and bring it back, and make another host of it.
const TESTS: [&str; 11] = [
    "smoke",
    "restore",
    "timer",
    "mail",
    "vzdump-hook",
    "interrupted",
    "apt-hook",
    "upgrade",
    "beside-pbs",
    "removed",
    "sandbox",
];

/// Where the tests look for the package that is installed.
const PACKAGE: &str = "var/cache/apt/archives/proxmox-config-backup.deb";

/// Runs what it is told, test by test, and says how each ended.
const DRIVER: &str = r#"
dpkg -i /var/cache/apt/archives/proxmox-config-backup.deb </dev/null >/tests/install.log 2>&1 || { cat /tests/install.log; exit 1; }
if [ "$(systemctl is-active proxmox-config-backup.service)" != inactive ] || [ -n "$(ls /var/backups)" ]; then
    echo 'installing started a backup'
    exit 1
fi
for name in "$@"; do
    if sh "/tests/$name" >"/tests/$name.log" 2>&1; then
        echo "ok $name"
    else
        echo "FAILED $name"
        tail -n 60 "/tests/$name.log"
    fi
done
"#;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn done(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let said = [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat();
    assert!(output.status.success(), "{command:?}: {said}");
    output
}

/// The package, built once for all tests.
pub(crate) fn package() -> &'static Path {
    static PACKAGE: OnceLock<PathBuf> = OnceLock::new();
    PACKAGE.get_or_init(|| {
        let dist = top().join("target/package-of-tests-dist");
        let _ = std::fs::remove_dir_all(&dist);
        done(
            Command::new("sh")
                .arg(top().join("release/package.sh"))
                .arg(env!("CARGO_BIN_EXE_proxmox-backup"))
                .arg(&dist),
        );
        let is_package = |path: &PathBuf| path.extension().is_some_and(|end| end == "deb");
        std::fs::read_dir(dist).unwrap().map(|entry| entry.unwrap().path()).find(is_package).unwrap()
    })
}

pub(crate) fn is_there(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .is_ok_and(|output| output.status.success())
}

fn holds_in(suite: &str) {
    if !nix::unistd::geteuid().is_root() {
        return skip("the package in a Debian of its own needs root");
    }
    if let Some(missing) = ["mmdebstrap", "dpkg-buildpackage", "dh"].into_iter().find(|program| !is_there(program)) {
        return skip(&format!("the package in a Debian of its own needs {missing}"));
    }
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    let scene = top().join("tests/scene/debootstrap.sh");
    done(Command::new("sh").arg(&scene).args(["bare", suite]).arg(&root));
    std::fs::create_dir(root.join("tests")).unwrap();
    for from in ["debian/tests", "tests/package"] {
        for file in crate::sample::files_in(&top().join(from)) {
            std::fs::copy(&file, root.join("tests").join(file.file_name().unwrap())).unwrap();
        }
    }
    std::fs::copy(package(), root.join(PACKAGE)).unwrap();
    plant_host(&root);

    let mut boot = Command::new("sh");
    let output = boot.arg(scene).arg("boot").arg(&root).args(["sh", "-uc", DRIVER, "driver"]).args(TESTS).output();
    let output = output.unwrap();

    let said = String::from_utf8_lossy(&output.stdout);
    let expected = TESTS.map(|name| format!("ok {name}"));
    assert_eq!(said.lines().collect::<Vec<_>>(), expected, "{}", String::from_utf8_lossy(&output.stderr));
}

/// A sample host with both products for the test of the sandbox, and a real rclone.
fn plant_host(root: &Path) {
    let (hosts, planted) = (top().join("tests/hosts"), root.join("tests/host"));
    done(Command::new("sh").arg(hosts.join("materialise.sh")).arg("pve-pbs-dual").arg(planted.join("root")));
    done(Command::new("cp").arg("-R").arg(hosts.join("pve-pbs-dual/commands")).arg(&planted));
    std::fs::copy("/usr/bin/rclone", root.join("usr/bin/rclone")).unwrap();
}

#[test]
fn the_package_keeps_its_promises_on_debian_12() {
    holds_in("bookworm");
}

#[test]
fn the_package_keeps_its_promises_on_debian_13() {
    holds_in("trixie");
}

/// Every file of the package, against the paths that Proxmox's own packages have or reserve.
#[test]
fn no_path_is_another_products() {
    if !is_there("dpkg-buildpackage") || !is_there("dh") {
        return skip("the files of the package need debhelper");
    }
    let listed = done(Command::new("dpkg-deb").arg("--fsys-tarfile").arg(package()));
    let dir = tempfile::tempdir().unwrap();
    let tar = dir.path().join("files.tar");
    std::fs::write(&tar, listed.stdout).unwrap();
    let names = String::from_utf8(done(Command::new("tar").arg("-tf").arg(&tar)).stdout).unwrap();
    let files: Vec<&str> =
        names.lines().map(|name| name.trim_start_matches('.')).filter(|name| !name.ends_with('/')).collect();

    assert!(files.len() > 40, "{files:?}");
    for file in files {
        assert!(TAKEN.iter().all(|taken| file != *taken && !file.starts_with(&format!("{taken}/"))), "{file}");
    }
}

/// What is or may become Proxmox's: its directories, units, programs, pages and completions.
const TAKEN: [&str; 26] = [
    "/etc/proxmox-backup",
    "/var/lib/proxmox-backup",
    "/var/log/proxmox-backup",
    "/var/cache/proxmox-backup",
    "/run/proxmox-backup",
    "/usr/share/proxmox-backup",
    "/usr/share/javascript/proxmox-backup",
    "/usr/share/doc/proxmox-backup",
    "/usr/lib/x86_64-linux-gnu/proxmox-backup",
    "/lib/systemd/system/proxmox-backup.service",
    "/lib/systemd/system/proxmox-backup.timer",
    "/lib/systemd/system/proxmox-backup-proxy.service",
    "/lib/systemd/system/proxmox-backup-banner.service",
    "/usr/lib/systemd/system/proxmox-backup.service",
    "/usr/lib/systemd/system/proxmox-backup.timer",
    "/usr/lib/systemd/system/proxmox-backup-daily-update.timer",
    "/usr/bin/proxmox-backup-client",
    "/usr/bin/proxmox-file-restore",
    "/usr/sbin/proxmox-backup-manager",
    "/usr/sbin/proxmox-backup-debug",
    "/usr/share/man/man1/proxmox-backup.1.gz",
    "/usr/share/man/man5/proxmox-backup.node.cfg.5.gz",
    "/usr/share/bash-completion/completions/proxmox-backup-client",
    "/usr/share/bash-completion/completions/proxmox-backup-manager",
    "/etc/apt/apt.conf.d/10pveapthook",
    "/etc/apt/apt.conf.d/76pveproxy",
];
