//! A freshly installed host below a temporary directory, on which a restore can be tried for real:
//! files, a mounted `/etc/pve` with its `config.db`, and stand-ins for the programs that a restore
//! calls, which remember each call and what it did. `tests/scene/README.md` says what lies where.

use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use proxmox_backup::system::{FIXED_PATH, Live, Root, Runner};

use crate::pmxcfs::{can_mount, program};

mod full;
mod proof;
mod tree;

pub(crate) use full::FullScene;
pub(crate) use tree::{Look, differences};

/// All times of a scene that has just been built.
const TIME: &str = "@1700000000";
/// Programs that are only called, never asked for more than a prepared answer.
const RECORDED: [&str; 16] = [
    "ha-manager",
    "locale-gen",
    "newaliases",
    "proxmox-backup-manager",
    "proxmox-boot-tool",
    "proxmox-tape",
    "pve-firewall",
    "pvenode",
    "pvesh",
    "pvesm",
    "pveum",
    "sysctl",
    "udevadm",
    "update-ca-certificates",
    "update-grub",
    "update-initramfs",
];

/// Below one directory: `root` is the host, `bin` its programs, `calls` what was called, `state`
/// what the programs remember.
pub(crate) struct Scene {
    dir: tempfile::TempDir,
}

impl Scene {
    /// Proxmox VE 8 on its own, just installed: node `pve1`, running, no guests.
    pub(crate) fn pve_standalone() -> Option<Self> {
        Self::build("pve1", "192.0.2.10", &["base", "pve"])
    }

    /// Proxmox Backup Server 3, just installed: `pbs1`, no datastore.
    pub(crate) fn pbs() -> Option<Self> {
        Self::build("pbs1", "192.0.2.20", &["base", "pbs"])
    }

    /// Both on one host, `box`.
    pub(crate) fn dual() -> Option<Self> {
        Self::build("box", "192.0.2.30", &["base", "pve", "pbs"])
    }

    /// `pve1` as one of three nodes of a cluster that lives, with guests 900, 901 and 902.
    pub(crate) fn cluster_member() -> Option<Self> {
        Self::build("pve1", "192.0.2.10", &["base", "pve", "cluster"])
    }

    /// The other nodes are gone: `/etc/pve` can be read and not changed.
    pub(crate) fn without_quorum(self) -> Self {
        std::fs::write(self.path("state/quorum-lost"), "").unwrap();
        self
    }

    /// The host's directory, for `Root::at` and `--root`.
    pub(crate) fn root(&self) -> PathBuf {
        self.path("root")
    }

    /// A path of the host, written as the host would.
    pub(crate) fn on_host(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    pub(crate) fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.on_host(path)).unwrap()
    }

    /// A path beside the host.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Where programs are looked for: the stand-ins first.
    pub(crate) fn search_path(&self) -> String {
        search_path(self.dir.path())
    }

    /// For the library: the door to this host's files and programs.
    pub(crate) fn door(&self) -> (Root, Runner) {
        door_of(self.dir.path())
    }

    /// Runs a program as the host would, and gives what it said.
    pub(crate) fn run(&self, argv: &[&str]) -> Output {
        let mut command = Command::new("/usr/bin/env");
        command.args(argv).env_clear().env("PATH", self.search_path()).output().unwrap()
    }

    /// Runs a program that must succeed.
    pub(crate) fn done(&self, argv: &[&str]) -> String {
        let output = self.run(argv);
        assert!(output.status.success(), "{argv:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Each call since the start, in the order of time: `systemctl stop pvedaemon`.
    pub(crate) fn calls(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.path("calls")).unwrap();
        log.lines().map(str::to_owned).collect()
    }

    /// The next calls are the first ones.
    pub(crate) fn forget_calls(&self) {
        std::fs::write(self.path("calls"), "").unwrap();
    }

    /// What a program says to exactly this command line from now on.
    pub(crate) fn answer(&self, line: &str, stdout: &str, status: u8) {
        let name = line.replace('%', "%25").replace('/', "%2F");
        let file = self.path("state/answers").join(name);
        std::fs::write(&file, stdout).unwrap();
        std::fs::write(format!("{}.exit", file.display()), status.to_string()).unwrap();
    }

    /// This unit cannot be started any more.
    pub(crate) fn break_unit(&self, unit: &str) {
        std::fs::write(self.path("state/fails").join(unit), "").unwrap();
    }

    /// This unit has failed so often that systemd starts it no more before it is told to forget that.
    pub(crate) fn tire_unit(&self, unit: &str) {
        std::fs::write(self.path("state/tired").join(unit), "").unwrap();
        std::fs::write(self.path("state/units").join(unit), "failed\n").unwrap();
    }

    /// `active`, `inactive` or `failed`, without a call in the log.
    pub(crate) fn unit(&self, unit: &str) -> String {
        std::fs::read_to_string(self.path("state/units").join(unit)).unwrap().trim_end().to_owned()
    }

    /// Is the cluster file system mounted?
    pub(crate) fn is_mounted(&self) -> bool {
        self.on_host("etc/pve/.version").exists()
    }

    /// Timers that run: those of `systemd-run`, and those with files in `/etc`.
    pub(crate) fn timers(&self) -> Vec<String> {
        crate::sample::names_in(&self.path("state/timers"))
    }

    /// The time of this timer has come: runs its command, or that of its service.
    pub(crate) fn fire_timer(&self, unit: &str) -> Output {
        let timer = self.path("state/timers").join(unit);
        let Ok(service) = std::fs::read_to_string(timer.join("fragment")) else {
            let argv: Vec<String> =
                crate::sample::files_in(&timer).iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
            std::fs::remove_dir_all(timer).unwrap();
            return self.run(&strs(&argv));
        };
        let text = std::fs::read_to_string(service).unwrap();
        let command = text.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        let argv: Vec<String> = command.split(' ').map(|word| word.trim_matches('"').replace("%%", "%")).collect();
        // While it runs its service is at work, and the timer stays until somebody stops it.
        let state = self.path("state/units").join(unit);
        std::fs::write(&state, "activating\n").unwrap();
        let output = self.run(&strs(&argv));
        std::fs::remove_file(state).unwrap();
        output
    }

    /// The network configuration that was reloaded last.
    pub(crate) fn applied_interfaces(&self) -> Option<String> {
        std::fs::read_to_string(self.path("state/interfaces")).ok()
    }

    /// Starts what runs once more. The host's name changes now, not when the file is written. Of the
    /// timers those come back that are linked in `/etc`.
    pub(crate) fn reboot(&self) {
        for timer in self.timers() {
            std::fs::remove_dir_all(self.path("state/timers").join(timer)).unwrap();
        }
        let running: Vec<String> = self.units().into_iter().filter(|unit| self.unit(unit) == "active").collect();
        self.silently(&[&["systemctl", "stop"][..], &strs(&running)].concat());
        let name = self.text("etc/hostname");
        self.write_settings(name.trim().split('.').next().unwrap());
        // The cluster file system comes first, as its unit's order says.
        let (first, rest): (Vec<String>, Vec<String>) = running.into_iter().partition(|unit| unit == "pve-cluster");
        for units in [first, rest].iter().filter(|units| !units.is_empty()) {
            self.silently(&[&["systemctl", "start"][..], &strs(units)].concat());
        }
        let wanted = crate::sample::names_in(&self.on_host("etc/systemd/system/timers.target.wants"));
        for timer in wanted.iter().filter(|timer| self.on_host("etc/systemd/system").join(timer).exists()) {
            self.silently(&["systemctl", "start", timer]);
        }
    }

    fn build(node: &str, address: &str, layers: &[&str]) -> Option<Self> {
        if !can_mount() {
            return None;
        }
        let scene = Self { dir: tempfile::tempdir().unwrap() };
        for dir in
            ["root/var/lib/dpkg", "bin", "state/units", "state/answers", "state/timers", "state/fails", "state/tired"]
        {
            std::fs::create_dir_all(scene.path(dir)).unwrap();
        }
        std::fs::set_permissions(scene.dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let fill_in = |text: &str| text.replace("@NODE@", node).replace("@ADDRESS@", address);
        for layer in layers {
            scene.add_layer(&data().join(layer), &fill_in);
        }
        scene.add_programs();
        scene.write_settings(node);
        set_times(&scene.root());
        if layers.contains(&"pve") {
            scene.make_database(layers, &fill_in);
        }
        for unit in scene.units().iter().filter(|unit| *unit != "pve-cluster") {
            std::fs::write(scene.path("state/units").join(unit), "active\n").unwrap();
        }
        scene.forget_calls();
        if layers.contains(&"pve") {
            scene.silently(&["systemctl", "start", "pve-cluster"]);
        }
        Some(scene)
    }

    fn add_layer(&self, layer: &Path, fill_in: &dyn Fn(&str) -> String) {
        copy(&layer.join("root"), &self.root(), fill_in);
        apply(&std::fs::read_to_string(layer.join("tree.tsv")).unwrap(), &self.root());
        let status = self.on_host("var/lib/dpkg/status");
        let packages = std::fs::read_to_string(layer.join("packages")).unwrap();
        std::fs::write(&status, std::fs::read_to_string(&status).unwrap_or_default() + &packages).unwrap();
        for unit in std::fs::read_to_string(layer.join("units")).unwrap().lines() {
            std::fs::write(self.path("state/units").join(unit), "inactive\n").unwrap();
        }
    }

    fn add_programs(&self) {
        for file in crate::sample::files_in(&data().join("bin")) {
            std::fs::copy(&file, self.path("bin").join(file.file_name().unwrap())).unwrap();
        }
        std::fs::copy(data().join("stub.sh"), self.path("stub.sh")).unwrap();
        symlink("qm", self.path("bin/pct")).unwrap();
        for name in RECORDED {
            symlink("record", self.path("bin").join(name)).unwrap();
        }
    }

    fn write_settings(&self, node: &str) {
        std::fs::write(self.path("settings"), format!("node='{node}'\npmxcfs='{}'\n", program().display())).unwrap();
    }

    fn make_database(&self, layers: &[&str], fill_in: &dyn Fn(&str) -> String) {
        let content = tempfile::tempdir().unwrap();
        for layer in layers.iter().map(|layer| data().join(layer)).filter(|layer| layer.join("etc-pve").exists()) {
            copy(&layer.join("etc-pve"), content.path(), fill_in);
            let empty = std::fs::read_to_string(layer.join("etc-pve.directories")).unwrap();
            for directory in fill_in(&empty).lines() {
                std::fs::create_dir_all(content.path().join(directory)).unwrap();
            }
        }
        set_times(content.path());
        let database = self.on_host("var/lib/pve-cluster/config.db");
        let mut import = Command::new(program());
        import.arg("--db").arg(database).arg("--import").arg(content.path());
        let imported = import.output().unwrap();
        assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    }

    fn units(&self) -> Vec<String> {
        let names = crate::sample::names_in(&self.path("state/units"));
        names.into_iter().filter(|name| !name.ends_with(".enablement")).collect()
    }

    /// A call of the test's own, which is not in the log.
    fn silently(&self, argv: &[&str]) {
        let before = std::fs::read(self.path("calls")).unwrap();
        self.done(argv);
        std::fs::write(self.path("calls"), before).unwrap();
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Ok(pid) = std::fs::read_to_string(self.path("state/pmxcfs.pid")) {
            let _ = Command::new("kill").arg(pid.trim()).output();
        }
        // Before the directory is removed, and with it what would still be mounted there.
        let _ = Command::new("umount").arg("-lq").arg(self.on_host("etc/pve")).output();
    }
}

/// The door to the host of the scene in this directory, from another process.
pub(crate) fn door_of(scene: &Path) -> (Root, Runner) {
    (Root::at(&scene.join("root")).unwrap(), Runner::Live(Live::with_path(&search_path(scene))))
}

fn search_path(scene: &Path) -> String {
    format!("{}:{FIXED_PATH}", scene.join("bin").display())
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scene")
}

fn strs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

/// Files with plain modes, whatever umask the checkout was made with.
fn copy(from: &Path, to: &Path, fill_in: &dyn Fn(&str) -> String) {
    std::fs::create_dir_all(to).unwrap();
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o755)).unwrap();
    for path in crate::sample::files_in(from) {
        let target = to.join(fill_in(path.file_name().unwrap().to_str().unwrap()));
        if path.is_dir() {
            copy(&path, &target, fill_in);
        } else {
            std::fs::write(&target, fill_in(&std::fs::read_to_string(&path).unwrap())).unwrap();
            std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o644)).unwrap();
        }
    }
}

/// The rows of a `tree.tsv`: path, type, mode, owner, time, link target.
fn apply(table: &str, root: &Path) {
    for row in table.lines().filter(|line| !line.starts_with('#')) {
        let [path, kind, mode, owner, _, extra] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let path = root.join(path);
        match kind {
            "dir" => std::fs::create_dir_all(&path).unwrap(),
            "link" => {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                symlink(extra, &path).unwrap();
            }
            _ => assert!(path.is_file(), "{row}"),
        }
        if let Some((uid, gid)) = owner.split_once(':') {
            chown(&path, Some(uid.parse().unwrap()), Some(gid.parse().unwrap())).unwrap();
        }
        if mode != "-" {
            let mode = u32::from_str_radix(mode, 8).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    }
}

fn set_times(tree: &Path) {
    let mut find = Command::new("find");
    let done = find.arg(tree).args(["-exec", "touch", "-h", "-d", TIME, "{}", "+"]).status().unwrap();
    assert!(done.success());
}
