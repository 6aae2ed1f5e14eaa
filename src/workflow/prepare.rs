//! What comes before the first byte: checks, leftovers of killed runs, host, plan, a free name.

use std::path::{Path, PathBuf};
use std::time::Duration;

use log::{debug, info};

use super::{BackupJob, Failure};
use crate::bundle::BackupId;
use crate::config::Config;
use crate::host::{Host, detect, detection_report};
use crate::plan::BackupPlan;
use crate::preflight::{self, Touch};
use crate::recipe::{Product, catalog};
use crate::storage::Directory;
use crate::system::{Lock, Root, System, remove_file, remove_stale_workspaces, write_atomically};

/// In the run-time directory, not in `/tmp`: its content is a description of the host.
const DETECTION: &str = "detection.txt";

/// What to collect, and from what.
pub(super) struct Prepared {
    pub(super) host: Host,
    pub(super) plan: BackupPlan,
}

/// Directories, space, permissions, lock; then what killed runs left is swept away.
pub(super) fn pre_checks(job: &BackupJob<'_>, touch: Touch) -> Result<Option<Lock>, Failure> {
    let (passed, lock) = preflight::run(&job.config.local, &job.system.clock.now(), touch)?;
    for check in &passed {
        info!("✓ {}: {}", check.name, check.message);
    }
    match remove_stale_workspaces(job.run_dir) {
        0 => {}
        count => info!("Removed {count} workspace(s) of interrupted runs"),
    }
    remove_half_written(job.run_dir);
    Ok(lock)
}

/// What a run that was killed while it wrote [`DETECTION`] left.
fn remove_half_written(run_dir: &Path) {
    let names = Root::live().and_then(|root| root.list(run_dir)).unwrap_or_default();
    let names = names.iter().map(|name| name.to_string_lossy());
    for name in names.filter(|name| name.starts_with(DETECTION) && *name != DETECTION) {
        let _ = remove_file(&run_dir.join(&*name));
    }
}

/// Detects and plans.
pub(super) fn prepare(job: &BackupJob<'_>) -> Result<Prepared, Failure> {
    // A cluster file system that hangs would keep the run from ever starting.
    let root = &job.system.root.patient(job.config.local.io_limit, &job.system.cancel);
    let mut host = detect(root);
    host.is_offline = !job.system.is_running();
    narrate_host(&host);
    // An unmounted cluster file system is an empty directory: never a backup of nothing.
    if host.has(Product::Pve) && !host.is_offline {
        match root.stat("/etc/pve/local") {
            Ok(Some(_)) => {}
            Err(error) if error.is_silent() => return Err(Failure::PmxcfsSilent(error.reason())),
            _ => return Err(Failure::PmxcfsMissing),
        }
    }
    job.system.cancel.check()?;
    let mut settings = job.config.collect.clone();
    settings.own_places.extend(own_places(job.config, job.run_dir, &job.system));
    let recipes: Vec<_> = catalog().collect();
    let plan = BackupPlan::new(&settings, &host, &recipes, &|path| may_be_there(root, path));
    info!("Plan: {} recipes, {} commands, {} left out", plan.recipes.len(), plan.commands.len(), plan.left_out.len());
    for left_out in &plan.left_out {
        debug!("left out: {} ({})", left_out.recipe, left_out.reason);
    }
    Ok(Prepared { host, plan })
}

/// What does not answer is collected all the same: then the report says so.
fn may_be_there(root: &Root, path: &str) -> bool {
    root.stat(path).map_or_else(|error| error.is_silent(), |found| found.is_some())
}

/// Our own places as the tree that is looked at names them.
fn own_places(config: &Config, run_dir: &Path, system: &System) -> Vec<PathBuf> {
    let prefix = system.root.prefix();
    let places = [&config.local.backups, &config.local.logs, &config.local.lock_dir, run_dir];
    places
        .into_iter()
        // Whoever opens a backup must not find in it what signs the next one.
        .chain(config.encryption.sign_key.as_deref())
        .filter_map(|place: &Path| place.strip_prefix(prefix).ok())
        .map(|inside| Path::new("/").join(inside))
        .filter(|place| place.as_path() != Path::new("/"))
        .collect()
}

fn narrate_host(host: &Host) {
    let products: Vec<String> = [("Proxmox VE", &host.pve), ("Proxmox Backup Server", &host.pbs)]
        .into_iter()
        .filter_map(|(name, version)| version.as_ref().map(|version| format!("{name} {version}")))
        .collect();
    let cluster = if host.is_clustered { ", member of a cluster" } else { "" };
    if !products.is_empty() {
        info!("Host {}: {} on Debian {}{cluster}", host.name, products.join(" and "), host.debian);
        return;
    }
    info!("Host {}: Debian {}; no Proxmox product found, the system recipes alone apply", host.name, host.debian);
}

/// Whoever expected a product on a host without one finds in this file what was looked at.
pub(super) fn explain_detection(host: &Host, job: &BackupJob<'_>) {
    if host.has(Product::Pve) || host.has(Product::Pbs) {
        return;
    }
    let path = job.run_dir.join(DETECTION);
    match write_atomically(&path, detection_report(&job.system.root).as_bytes()) {
        Ok(()) => info!("What detection looked at: {}", path.display()),
        Err(error) => debug!("{error}"),
    }
}

/// Removes what interrupted runs left and finds a name nobody has; two runs may fall into one second.
pub(super) fn unused_id(job: &BackupJob<'_>, host: &str) -> Result<BackupId, Failure> {
    let (dir, clock) = (&job.config.local.backups, job.system.clock);
    let tier = Directory::new(dir);
    for name in tier.remove_unfinished(host)? {
        info!("Removed what an interrupted run left: {name}");
    }
    let mut id = BackupId::new(host, &job.started);
    for _ in 0..20 {
        if !is_taken(dir, &id) {
            break;
        }
        clock.sleep(Duration::from_millis(100));
        id = BackupId::new(host, &clock.now());
    }
    Ok(id)
}

fn is_taken(dir: &Path, id: &BackupId) -> bool {
    let names = Root::live().and_then(|root| root.list(dir)).unwrap_or_default();
    names.iter().any(|name| name.to_string_lossy().starts_with(&format!("{id}.")))
}
