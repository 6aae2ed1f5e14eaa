//! What every command needs: settings, the machine, our run-time directory. Loaded when asked for,
//! so that a command about a file works on any machine, without configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::log::{debug, warn};

use super::global::Global;
use super::log::Logger;
use super::{Trouble, progress};
use crate::bundle::Backup;
use crate::config::{self, Finding, Loaded, Source};
use crate::host::{Host, detect};
use crate::preflight::LOCK_FILE;
use crate::system::{Cancel, FileError, Live, Root, Runner, System, is_root};
use crate::workflow::{BackupJob, Failure, Tiers, find, open_at};

/// Where workspaces and the lock lie; systemd gives its `RuntimeDirectory=` in the environment.
const RUN_DIR: &str = "/run/proxmox-config-backup";

/// Systemd gives its `StateDirectory=` in the environment.
const STATE_DIR: &str = "/var/lib/proxmox-config-backup";

/// The log level that shows every file: nothing is left to draw.
const EVERYTHING: u8 = 5;
/// Systemd gives its `LogsDirectory=` in the environment.
const LOG_DIR: &str = "/var/log/proxmox-config-backup";

/// For one answer of a file system while the host is looked at.
const HOST_LIMIT: Duration = Duration::from_secs(2);

/// What a job borrows: settings, the machine they name, our places on this one.
pub(super) struct Site {
    pub(super) loaded: Loaded,
    pub(super) system: Arc<System>,
    pub(super) tiers: Tiers,
    pub(super) run_dir: PathBuf,
    state_dir: PathBuf,
}

impl Site {
    /// What a run is made of; what there is to say about the settings is part of it.
    pub(super) fn job(&self, reason: Option<String>) -> BackupJob<'_> {
        BackupJob {
            config: &self.loaded.config,
            system: Arc::clone(&self.system),
            tiers: &self.tiers,
            run_dir: &self.run_dir,
            state_dir: &self.state_dir,
            config_file: self.loaded.file.as_deref(),
            started: self.system.clock.now(),
            reason,
            only_if_changed: false,
            issues: self.loaded.findings.iter().filter_map(Finding::issue).collect(),
        }
    }
}

/// A machine whose restores are written down, and where.
pub(super) struct Records {
    pub(super) system: Arc<System>,
    pub(super) state_dir: PathBuf,
    /// What keeps two runs apart.
    pub(super) lock: PathBuf,
}

/// One call of the program.
pub(super) struct Session {
    pub(super) global: Global,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) logger: &'static Logger,
}

impl Session {
    pub(super) fn new(global: Global, environment: BTreeMap<String, String>, logger: &'static Logger) -> Self {
        Self { global, environment, logger }
    }

    /// The settings; the command line goes before environment, file and default.
    pub(super) fn load(&self, overrides: &[(&str, String)]) -> Result<Loaded, Trouble> {
        let mut all: Vec<(&str, String)> = overrides.to_vec();
        if let Some(root) = &self.global.root {
            all.push(("SYSTEM_ROOT_PREFIX", absolute(root)?.display().to_string()));
        }
        let explicit = self.global.config.as_deref().map(absolute).transpose()?;
        let source = Source::live(explicit, std::env::current_exe().ok()).map_err(Trouble::Config)?;
        let loaded = config::load(&source, &self.environment, &all).map_err(Trouble::Config)?;
        self.logger.configure(&self.global, &loaded.config.run);
        if loaded.config.run.log_level >= EVERYTHING {
            progress::stop();
        }
        match &loaded.file {
            Some(file) => debug!("configuration: {}", file.display()),
            None => debug!("configuration: none, defaults apply"),
        }
        Ok(loaded)
    }

    /// The machine the settings name.
    pub(super) fn whole_system(config: &config::Config) -> Result<Arc<System>, Failure> {
        Self::readable(config.run.root.as_deref())
    }

    /// This machine or another one's disk, all of which can be read: a running machine only by root.
    fn readable(root: Option<&Path>) -> Result<Arc<System>, Failure> {
        let (root, runner) = match root {
            Some(dir) => (Root::at(dir)?, Runner::Nobody),
            None => (Root::live()?, Runner::Live(Live::default())),
        };
        if root.is_live() && !is_root() {
            return Err(Failure::NotRoot);
        }
        Ok(Arc::new(System { cancel: cancel()?, ..System::new(root, runner) }))
    }

    /// Settings and machine for a job, which reads all of it.
    pub(super) fn site(&self, overrides: &[(&str, String)]) -> Result<Site, Trouble> {
        let loaded = self.load(overrides)?;
        let system = Self::whole_system(&loaded.config)?;
        Ok(self.site_on(loaded, system))
    }

    /// Settings for a job on this machine.
    pub(super) fn site_on(&self, loaded: Loaded, system: Arc<System>) -> Site {
        let tiers = Tiers::of(&loaded.config, &self.environment, &system.cancel);
        Site { loaded, system, tiers, run_dir: self.run_dir(), state_dir: self.state_dir() }
    }

    /// This machine as the one that is to tell that the machine of the settings cannot be worked on.
    pub(super) fn teller() -> Result<Arc<System>, Failure> {
        Ok(Arc::new(System { cancel: cancel()?, ..System::new(Root::live()?, Runner::Nobody) }))
    }

    /// Where restores of a machine are written down: below the root that is restored, so that the
    /// machine finds them when it starts again.
    pub(super) fn records(&self, system: &Arc<System>, lock_dir: &Path) -> Records {
        let root = &system.root;
        let state_dir = if root.is_live() { self.state_dir() } else { root.below(STATE_DIR) };
        Records { system: Arc::clone(system), state_dir, lock: lock_dir.join(LOCK_FILE) }
    }

    /// The same for the way back, which must work even where a restore has brought settings back
    /// that are wrong.
    pub(super) fn records_at_hand(&self) -> Result<Records, Trouble> {
        match self.load(&[]) {
            Ok(loaded) => Ok(self.records(&Self::whole_system(&loaded.config)?, &loaded.config.local.lock_dir)),
            Err(Trouble::Config(mistakes)) => {
                for line in mistakes.to_string().lines() {
                    warn!("{line}");
                }
                self.records_without_settings()
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// The same where the settings do not matter.
    pub(super) fn records_without_settings(&self) -> Result<Records, Trouble> {
        let root = self.global.root.as_deref().map(absolute).transpose()?;
        Ok(self.records(&Self::readable(root.as_deref())?, &self.run_dir()))
    }

    /// Workspaces lie here.
    fn run_dir(&self) -> PathBuf {
        self.directory("RUNTIME_DIRECTORY", RUN_DIR)
    }

    /// What lasts from run to run lies here.
    fn state_dir(&self) -> PathBuf {
        self.directory("STATE_DIRECTORY", STATE_DIR)
    }

    /// Logs of runs whose settings could not be read lie here.
    pub(super) fn usual_logs(&self) -> PathBuf {
        self.directory("LOGS_DIRECTORY", LOG_DIR)
    }

    /// A directory that systemd makes for the unit, or the usual one.
    fn directory(&self, variable: &str, usual: &str) -> PathBuf {
        // Of several directories, separated by colons, the first is the one named first in the unit.
        let given = self.environment.get(variable).and_then(|dirs| dirs.split(':').next());
        PathBuf::from(given.filter(|dir| dir.starts_with('/')).unwrap_or(usual))
    }

    /// Opens the backup a user names. A file is opened without looking at any configuration.
    pub(super) fn open(&self, wanted: &str) -> Result<Backup, Trouble> {
        if wanted.contains('/') {
            return Ok(open_at(Path::new(wanted))?);
        }
        let loaded = self.load(&[])?;
        let host = Self::host(&loaded.config)?;
        Ok(find(&self.tiers(&loaded.config)?, &host.name, wanted)?)
    }

    /// Where the settings put backups.
    pub(super) fn tiers(&self, config: &config::Config) -> Result<Tiers, Trouble> {
        Ok(Tiers::of(config, &self.environment, &cancel()?))
    }

    /// The host the settings name. Its name does not need a cluster file system that hangs.
    pub(super) fn host(config: &config::Config) -> Result<Host, Trouble> {
        let root = config.run.root.as_deref().map_or_else(Root::live, Root::at)?;
        Ok(host_of(&root, &cancel()?))
    }
}

/// The flag that this process's signals set.
pub(super) fn cancel() -> Result<Cancel, FileError> {
    let cancel = Cancel::on_signals().map_err(FileError::of("handle", "signals"))?;
    Ok(cancel.watched_by(&progress::meter()))
}

/// What machine this tree is.
pub(super) fn host_of(root: &Root, cancel: &Cancel) -> Host {
    detect(&root.patient(HOST_LIMIT, cancel))
}

/// The path from the root of the file system: the program changes to no directory, but says where things are.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Trouble> {
    Ok(std::path::absolute(path).map_err(FileError::of("resolve", path))?)
}
