//! A sample host on disk with a place for its backups, and the two ways to run on it: the built
//! program, and the library with recorded commands.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use proxmox_backup::config;
use proxmox_backup::report::RunReport;
use proxmox_backup::system::{Cancel, Clock, Recorded, Root, Runner, System};
use proxmox_backup::workflow::{BackupJob, Failure, backup};

/// Everything lies below one temporary directory: `root`, `backups`, `logs`, `run`.
pub(crate) struct Sample {
    dir: tempfile::TempDir,
    name: String,
}

impl Sample {
    /// Builds the host `name` of `tests/hosts`.
    pub(crate) fn host(name: &str) -> Self {
        let sample = Self::empty(name);
        let script = hosts_dir().join("materialise.sh");
        let built = std::process::Command::new(script).arg(name).arg(sample.root()).output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        sample
    }

    /// No host: only the places.
    pub(crate) fn empty(name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("root")).unwrap();
        let sample = Self { dir, name: name.to_owned() };
        sample.configure("");
        sample
    }

    /// Writes the configuration: the places, and these lines.
    pub(crate) fn configure(&self, lines: &str) {
        let path = |name: &str| self.path(name).display().to_string();
        let text = format!(
            "BACKUP_PATH={}\nLOG_PATH={}\nLOCK_PATH={}\nMIN_DISK_SPACE_PRIMARY_GB=0\n{lines}",
            path("backups"),
            path("logs"),
            path("run")
        );
        std::fs::write(self.path("backup.env"), text).unwrap();
        set_private(&self.path("backup.env"));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.path("root")
    }

    /// The built program with the configuration of this sample and these arguments.
    pub(crate) fn program(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_proxmox-backup"));
        command.arg("--config").arg(self.path("backup.env")).arg("--root").arg(self.root()).args(arguments);
        command.env_clear().env("RUNTIME_DIRECTORY", self.path("run")).env("TZ", "UTC").env("PATH", "/usr/bin:/bin");
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
        self.program(arguments).output().unwrap()
    }

    /// Runs it and demands this exit code; gives standard output.
    pub(crate) fn expect(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A backup by the library, the host's recorded commands answering.
    pub(crate) fn backup_recorded(&self) -> Result<RunReport, Failure> {
        self.backup_with(Runner::Recorded(Recorded::new(hosts_dir().join(&self.name).join("commands"))))
    }

    /// A backup by the library with this runner.
    pub(crate) fn backup_with(&self, runner: Runner) -> Result<RunReport, Failure> {
        let source = config::Source::live(Some(self.path("backup.env")), None).unwrap();
        let loaded = config::load(&source, &BTreeMap::new(), &[]).unwrap();
        let system =
            System { root: Root::at(&self.root()).unwrap(), runner, clock: Clock::System, cancel: Cancel::default() };
        let run_dir = self.path("run");
        let job = BackupJob {
            config: &loaded.config,
            system: Arc::new(system),
            run_dir: &run_dir,
            reason: None,
            issues: Vec::new(),
        };
        backup(&job)
    }

    /// Files of the backup directory, sorted.
    pub(crate) fn backups(&self) -> Vec<PathBuf> {
        files_in(&self.path("backups"))
    }
}

pub(crate) fn hosts_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts")
}

pub(crate) fn files_in(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn set_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
