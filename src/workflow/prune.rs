//! Retention on the local tier: the plan is made, said, then carried out.

use chrono::{DateTime, Local};
use log::info;

use super::Failure;
use crate::bundle::BackupId;
use crate::config::{Config, Policy};
use crate::issue::{Issue, Stage};
use crate::retention::{Candidate, RetentionPlan, plan};
use crate::storage::{Directory, RunLogs, Stored};

/// What retention did.
#[derive(Debug)]
pub struct Pruned {
    /// Backups of this host that are there now.
    pub present: usize,
    /// What was removed.
    pub removed: Vec<String>,
    /// What could not be done.
    pub issues: Vec<Issue>,
}

/// What retention would do now, with the backups it is about.
pub fn retention_plan(
    config: &Config,
    host: &str,
    now: DateTime<Local>,
) -> Result<(RetentionPlan, Vec<Stored>), Failure> {
    let mut stored = Directory::new(&config.local.backups).list()?;
    stored.retain(|backup| backup.host() == host);
    let candidates: Vec<Candidate> = stored.iter().map(candidate).collect();
    Ok((plan(&candidates, limit(config), now.naive_local()), stored))
}

/// What retention would do after a backup of this name.
pub(super) fn preview(config: &Config, new: &BackupId, now: DateTime<Local>) -> Result<RetentionPlan, Failure> {
    let stored = Directory::new(&config.local.backups).list()?;
    let mut candidates: Vec<Candidate> =
        stored.iter().filter(|backup| backup.host() == new.host()).map(candidate).collect();
    candidates.push(Candidate { id: new.clone(), is_readable: true });
    Ok(plan(&candidates, limit(config), now.naive_local()))
}

/// Removes what the plan says; the count afterwards is a real listing.
pub fn prune(config: &Config, host: &str, now: DateTime<Local>) -> Result<Pruned, Failure> {
    let tier = Directory::new(&config.local.backups);
    let (plan, stored) = retention_plan(config, host, now)?;
    info!("Local storage initialized (present {} backups)", stored.len());
    match limit(config) {
        0 => info!("  Policy: simple (keep all)"),
        limit => info!("  Policy: simple (keep the {limit} newest)"),
    }
    let mut removed = Vec::new();
    for id in plan.removals() {
        if let Some(backup) = stored.iter().find(|backup| backup.id == *id) {
            tier.remove(backup)?;
            info!("  Removed {id}");
            removed.push(id.to_string());
        }
    }
    let logs = RunLogs::new(&config.local.logs).prune(host, config.retention.local.logs as usize);
    let issues = logs.err().map(|error| Issue::warning(Stage::Retention, "run logs", error.to_string()));
    let present = tier.list()?.iter().filter(|backup| backup.host() == host).count();
    info!("✓ {present} backups present, {} removed", removed.len());
    Ok(Pruned { present, removed, issues: issues.into_iter().collect() })
}

/// A policy that cannot be carried out yet must not remove what it would keep.
fn limit(config: &Config) -> u32 {
    match config.retention.local.policy {
        Policy::Simple { newest, .. } => newest,
        Policy::Gfs(_) => 0,
    }
}

fn candidate(stored: &Stored) -> Candidate {
    Candidate { id: stored.id.clone(), is_readable: stored.manifest.is_ok() }
}
