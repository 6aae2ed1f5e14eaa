//! Retention on the local tier: the plan is made, said, then carried out.

use chrono::{DateTime, Local};
use log::info;

use super::Failure;
use crate::bundle::BackupId;
use crate::config::Config;
use crate::issue::{Issue, Stage};
use crate::retention::{Candidate, RetentionPlan, plan};
use crate::storage::{Directory, RunLogs, Stored, Tier};

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
    let candidates: Vec<Candidate> = stored.iter().map(|stored| Candidate::of(stored, &now.timezone())).collect();
    Ok((plan(&candidates, &config.retention.local.policy, &now)?, stored))
}

/// What retention would do after a backup of this name.
pub(super) fn preview(config: &Config, new: &BackupId, now: DateTime<Local>) -> Result<RetentionPlan, Failure> {
    let stored = Directory::new(&config.local.backups).list()?;
    let own = stored.iter().filter(|backup| backup.host() == new.host());
    let mut candidates: Vec<Candidate> = own.map(|stored| Candidate::of(stored, &now.timezone())).collect();
    candidates.push(Candidate::to_come(new.clone(), &now));
    Ok(plan(&candidates, &config.retention.local.policy, &now)?)
}

/// Removes what the plan says; the count afterwards is a real listing.
pub fn prune(config: &Config, host: &str, now: DateTime<Local>) -> Result<Pruned, Failure> {
    let tier = Directory::new(&config.local.backups);
    let (plan, stored) = retention_plan(config, host, now)?;
    let place = Tier::Local.to_string();
    plan.lines(&place).iter().for_each(|line| info!("{line}"));
    let mut removed = Vec::new();
    for backup in plan.removals_from(&stored) {
        tier.remove(backup)?;
        info!("  Removed {}", backup.id);
        removed.push(backup.id.to_string());
    }
    let logs = RunLogs::new(&config.local.logs).prune(host, config.retention.local.logs as usize);
    let logs = logs.err().map(|error| Issue::warning(Stage::Retention, "run logs", error.to_string()));
    let issues = plan.issues(&place).into_iter().chain(logs).collect();
    let present = tier.list()?.iter().filter(|backup| backup.host() == host).count();
    info!("✓ {present} backups present, {} removed", removed.len());
    Ok(Pruned { present, removed, issues })
}
