//! A sample host on disk with a place for its backups, and the two ways to run on it: the built
//! program, and the library with recorded commands.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use proxmox_backup::bundle::{Backup, verify};
use proxmox_backup::config::{self, Config};
use proxmox_backup::report::RunReport;
use proxmox_backup::storage::Directory;
use proxmox_backup::system::{Cancel, Clock, Recorded, Root, Runner, System};
use proxmox_backup::workflow::{BackupJob, Failure, Tiers, backup};

/// Everything lies below one temporary directory: `root`, `backups`, `logs`, `run`.
pub(crate) struct Sample {
    dir: tempfile::TempDir,
    name: String,
    /// For the program, beside what it always gets.
    pub(crate) environment: BTreeMap<String, String>,
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
        let sample = Self { dir, name: name.to_owned(), environment: BTreeMap::new() };
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
        command
            .env_clear()
            .env("RUNTIME_DIRECTORY", self.path("run"))
            .env("STATE_DIRECTORY", self.path("state"))
            .env("TZ", "UTC")
            .env("LC_ALL", "C.UTF-8")
            .env("PATH", "/usr/bin:/bin")
            .envs(&self.environment);
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
        self.backup_as(&self.config(), runner, Clock::System)
    }

    /// A backup by the library, everything chosen by the caller.
    pub(crate) fn backup_as(&self, config: &Config, runner: Runner, clock: Clock) -> Result<RunReport, Failure> {
        self.with_job(config, runner, clock, backup)
    }

    /// What a run or a dry run is made of, for `work`.
    pub(crate) fn with_job<T>(
        &self,
        config: &Config,
        runner: Runner,
        clock: Clock,
        work: impl FnOnce(&BackupJob<'_>) -> T,
    ) -> T {
        let cancel = Cancel::default();
        let tiers = Tiers::of(config, &self.environment, &cancel);
        let system = System { clock, cancel, ..System::new(Root::at(&self.root()).unwrap(), runner) };
        let (run_dir, state_dir) = (self.path("run"), self.path("state"));
        work(&BackupJob {
            config,
            system: Arc::new(system),
            tiers: &tiers,
            run_dir: &run_dir,
            state_dir: &state_dir,
            config_file: None,
            started: clock.now(),
            reason: None,
            only_if_changed: false,
            issues: Vec::new(),
        })
    }

    /// The checked configuration of this sample, for tests that change a value of it.
    pub(crate) fn config(&self) -> Config {
        config::load(&config::Source::live(Some(self.path("backup.env")), None).unwrap(), &BTreeMap::new(), &[])
            .unwrap()
            .config
    }

    /// The host's recorded commands in a place where they may be changed.
    pub(crate) fn own_commands(&self) -> PathBuf {
        let own = self.path("commands");
        std::fs::create_dir(&own).unwrap();
        for file in files_in(&hosts_dir().join(&self.name).join("commands")) {
            std::fs::copy(&file, own.join(file.file_name().unwrap())).unwrap();
        }
        own
    }

    /// Writes a file of the host, directories above it included.
    pub(crate) fn plant(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root().join(path.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Makes a run last longer: files of noise, which no compressor makes smaller.
    pub(crate) fn enlarge(&self, files: usize, bytes: usize) {
        let mut noise = Random::new(files as u64);
        for number in 0..files {
            self.plant(&format!("etc/cron.d/noise/{}/{number}", number % 20), noise.bytes(bytes));
        }
    }

    /// What lies in the run-time directory; what detection looked at may stay.
    pub(crate) fn left_in_run_dir(&self) -> Vec<String> {
        names_in(&self.path("run")).into_iter().filter(|name| name != "detection.txt").collect()
    }

    /// The newest file that lies in the backup directory under a backup's name.
    pub(crate) fn newest(&self) -> PathBuf {
        Directory::new(&self.path("backups")).list().unwrap().first().unwrap().path.clone()
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

/// The file names of a directory, for messages and comparisons.
pub(crate) fn names_in(dir: &Path) -> Vec<String> {
    files_in(dir).iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

/// A count that a longer test raises by an environment variable.
pub(crate) fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

/// Something this test needs is not there: said loudly, and an error where tests must be complete.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "cannot test: {why}");
    eprintln!("SKIPPED: {why}");
}

/// Programs that speak age's format: `age`, and `rage` as `make deps` builds it.
pub(crate) fn age_programs() -> Vec<String> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin/rage").display().to_string();
    let is_there = |name: &str| {
        let asked = std::process::Command::new(name).arg("--version").output();
        asked.is_ok_and(|done| done.status.success())
    };
    let found = |names: [&str; 2]| names.into_iter().find(|name| is_there(name)).map(str::to_owned);
    let [age, rage] = [found(["age", "age"]), found([&built, "rage"])];
    for (name, program) in [("age", &age), ("rage", &rage)] {
        if program.is_none() {
            skip(&format!("{name} is not installed: make deps"));
        }
    }
    age.into_iter().chain(rage).collect()
}

/// Is this backup whole? The library's answer, a failure to open it included.
pub(crate) fn problems_of(path: &Path) -> Vec<String> {
    match Backup::open(path) {
        Err(error) => vec![error.to_string()],
        Ok(backup) => {
            let found = verify(&backup, &Cancel::default()).unwrap();
            found.problems.iter().map(|problem| format!("{}: {}", problem.part, problem.what)).collect()
        }
    }
}

/// Numbers that are the same for the same seed (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Less than `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).take(length).collect()
    }
}

fn set_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
