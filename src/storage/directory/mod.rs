//! A tier that is a directory: a disk of this machine, a mounted disk or share, a mounted remote.
//!
//! | file | what |
//! |---|---|
//! | `site` | each call, step by step |
//! | `listing` | which files are backups, which belong to them, which are left of killed runs |
//! | `copy` | a backup goes in or comes back |
//! | `trash` | backups go |
//! | `mounts` | is something mounted where something should be |
//! | `ownership` | whose the files are |
//! | `room` | is there room |
//!
//! Whatever may hang is done by a thread of its own ([`Bounds`]); the rest of a store is values.

mod copy;
mod listing;
mod mounts;
mod ownership;
mod room;
mod site;
mod trash;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use self::listing::list;
use self::site::Site;
use self::trash::{Doomed, again, tell};
use super::{Outgoing, Placed, Removal, StorageError, Store, Stored, Tier, Touch};
use crate::bundle::BackupId;
use crate::config::{self, Cloud, Owner, Secondary};
use crate::issue::Issue;
use crate::system::{Bounds, Cancel, Root, Space, Steps, free_space};
use crate::units::ByteSize;

pub use listing::Directory;

/// What a run says to all tiers that are directories.
#[derive(Clone, Debug)]
pub struct Terms {
    /// `FS_IO_TIMEOUT`: how long one call may hang; zero = no limit.
    pub io_limit: Duration,
    /// Who gets backups and logs; `None` = they are root's.
    pub owner: Option<Owner>,
    /// Where the keys for encryption lie: never given away.
    pub keys: PathBuf,
    /// Ends everything.
    pub cancel: Cancel,
}

/// A tier that is a directory.
#[derive(Clone, Debug)]
pub struct DirectoryStore {
    site: Arc<Site>,
    bounds: Bounds,
}

impl DirectoryStore {
    /// `BACKUP_PATH`.
    pub fn local(settings: &config::Local, terms: &Terms) -> Self {
        Self::new(Tier::Local, &settings.backups, Some(&settings.logs), settings.min_free, terms)
    }

    /// `SECONDARY_PATH`.
    pub fn secondary(settings: &Secondary, terms: &Terms) -> Self {
        Self::new(Tier::Secondary, &settings.backups, settings.logs.as_deref(), settings.min_free, terms)
    }

    /// `CLOUD_REMOTE` where it is the absolute path of a mounted remote, else `None`.
    pub fn mounted_remote(settings: &Cloud, terms: &Terms) -> Option<Self> {
        let remote = Some(Path::new(&settings.remote)).filter(|remote| remote.is_absolute())?;
        let below = |path: &str| remote.join(path.trim_start_matches('/')).components().collect::<PathBuf>();
        // A full path that is given for the logs means itself.
        let logs = match settings.logs.as_str() {
            "" => None,
            path if path.starts_with('/') => Some(PathBuf::from(path)),
            path => Some(below(path)),
        };
        Some(Self::new(Tier::Cloud, &below(&settings.path), logs.as_deref(), settings.min_free, terms))
    }

    fn new(tier: Tier, dir: &Path, logs: Option<&Path>, min_free: ByteSize, terms: &Terms) -> Self {
        let site = Site {
            tier,
            dir: dir.to_owned(),
            logs: logs.map(Path::to_owned),
            min_free,
            owner: terms.owner.clone(),
            keys: terms.keys.clone(),
            tables: None,
            real: OnceLock::new(),
            abilities: OnceLock::new(),
        };
        Self { site: Arc::new(site), bounds: Bounds::new(terms.io_limit, &terms.cancel) }
    }

    /// The same store that takes fstab, mount units and users from another tree.
    #[must_use]
    pub fn with_tables(&self, tables: &Root) -> Self {
        let site = Site { tables: Some(tables.clone()), ..(*self.site).clone() };
        Self { site: Arc::new(site), bounds: self.bounds.clone() }
    }

    /// Gives the directory, its logs, and what lies there of `host` to `BACKUP_USER`, where that is asked for.
    /// [`Store::prepare`] and [`Store::put`] do it by themselves; the local tier gets its backup from elsewhere.
    pub fn hand_over(&self, host: &str) -> Result<Vec<Issue>, StorageError> {
        let host = host.to_owned();
        self.run("give away the files in", move |site, steps| {
            site.check_mount(steps)?;
            match site.hand_over(&host, steps)? {
                Some(issues) => Ok(issues),
                None => Ok(site.why_kept()?.into_iter().collect()),
            }
        })
    }

    fn run<T: Send + 'static>(
        &self,
        what: &str,
        work: impl FnOnce(&Site, &Steps) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let site = Arc::clone(&self.site);
        self.bounds.run(format!("{what} {}", self.site.dir.display()), move |steps| work(&site, steps))
    }
}

/// Copies a backup that waits in one directory of this machine into another: looked into first,
/// read back, never over another file. Gives its bundle or archive.
pub fn take_in(files: &[PathBuf], into: &Path) -> Result<PathBuf, StorageError> {
    let target = copy::Target { dir: into, owner: None, has_modes: false };
    copy::copy_backup(files, &target, &Steps::unwatched())?;
    Ok(files.first().and_then(|file| file.file_name()).map_or_else(PathBuf::new, |name| into.join(name)))
}

impl Store for DirectoryStore {
    fn tier(&self) -> Tier {
        self.site.tier
    }

    fn place(&self) -> String {
        let path = self.site.dir.display();
        self.site.kind().map_or_else(|| path.to_string(), |kind| format!("{path} [{kind}]"))
    }

    fn prepare(&self, host: &str, touch: Touch) -> Result<Vec<Issue>, StorageError> {
        let host = host.to_owned();
        self.run("prepare", move |site, steps| site.prepare(&host, touch, steps))
    }

    fn list(&self) -> Result<Vec<Stored>, StorageError> {
        self.run("list", |site, steps| {
            site.check_mount(steps)?;
            list(&site.dir, site.tier, steps)
        })
    }

    fn put(&self, backup: &Outgoing) -> Result<Placed, StorageError> {
        let Outgoing { id, files } = backup.clone();
        self.run(&format!("copy {id} to"), move |site, steps| site.put(id.host(), &files, steps))
    }

    fn fetch(&self, stored: &Stored, into: &Path) -> Result<PathBuf, StorageError> {
        let (names, into) = (stored.files.clone(), into.to_owned());
        self.run(&format!("fetch {} from", stored.id), move |site, steps| site.fetch(&names, &into, steps))
    }

    fn remove(&self, backups: &[&Stored]) -> Removal {
        let doomed: Vec<Doomed> = backups.iter().map(|stored| (stored.id.clone(), stored.files.clone())).collect();
        let told = Arc::new(Mutex::new(Removal::default()));
        let telling = Arc::clone(&told);
        let done = self.run("remove backups in", move |site, steps| {
            site.check_mount(steps)?;
            trash::remove(&site.dir, doomed, &telling, steps)
        });
        let mut removal = std::mem::take(&mut *tell(&told));
        if let Err(error) = done {
            let is_told = |id: &BackupId| removal.removed.contains(id) || removal.failed.iter().any(|it| it.0 == *id);
            let untold: Vec<BackupId> =
                backups.iter().map(|stored| &stored.id).filter(|id| !is_told(id)).cloned().collect();
            removal.failed.extend(untold.into_iter().map(|id| (id, again(&error))));
        }
        removal
    }

    fn space(&self) -> Result<Option<Space>, StorageError> {
        self.run("measure the free space of", |site, steps| {
            site.check_mount(steps)?;
            let space = free_space(&site.dir)?;
            Ok(Some(space).filter(|space| space.total.0 > 0))
        })
    }

    fn put_log(&self, log: &Path) -> Result<(), StorageError> {
        let log = log.to_owned();
        self.run("copy the log to", move |site, steps| site.put_log(&log, steps))
    }

    fn prune_logs(&self, host: &str, removed: &[BackupId], keep: u32) -> Result<usize, StorageError> {
        let (host, removed) = (host.to_owned(), removed.to_vec());
        self.run("remove logs in", move |site, steps| site.prune_logs(&host, &removed, keep, steps))
    }
}
