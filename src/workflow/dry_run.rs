//! A run that is only thought through.

use super::backup::allowed;
use super::guard::{guard, known_identity};
use super::prepare::{Prepared, prepare};
use super::prune::{TierPlan, plan_tier};
use super::recipients::{Addressees, addressees};
use super::signing::signing_key;
use super::{BackupJob, Failure};
use crate::bundle::{BackupId, SigningKey};
use crate::host::{Host, ServerId};
use crate::issue::{Issue, Stage};
use crate::plan::BackupPlan;
use crate::preflight::{self, Passed, Touch};
use crate::storage::Tier;

/// A run that was only thought through.
pub struct DryRun {
    /// What the machine is.
    pub host: Host,
    /// Pre-checks.
    pub passed: Vec<Passed>,
    /// What would be collected.
    pub plan: BackupPlan,
    /// What retention would do on each tier that answered, the new backup counted.
    pub retention: Vec<TierPlan>,
    /// What the checks have to say besides.
    pub issues: Vec<Issue>,
    /// This server's number, where it has one.
    pub server_id: Option<ServerId>,
}

/// Thinks a run through; changes nothing.
pub fn dry_run(job: &BackupJob<'_>) -> Result<DryRun, Failure> {
    allowed(job.config)?;
    let signing = signing_key(&job.config.encryption)?.map(|key| signs(&key));
    let (secured, mut issues) = guard(job, Touch::DryRun)?;
    let encryption = addressees(&job.config.encryption)?.map(|to| encrypts(&to));
    let (checked, _) = preflight::run(&job.config.local, &job.started, Touch::DryRun)?;
    let passed = secured.into_iter().chain(encryption).chain(signing).chain(checked).collect();
    let Prepared { host, plan } = prepare(job)?;
    let retention = look_at_tiers(job, &host, &mut issues)?;
    let server_id = known_identity(job, &mut issues);
    Ok(DryRun { host, passed, plan, retention, issues, server_id })
}

fn encrypts(to: &Addressees) -> Passed {
    Passed { name: "Encryption", message: format!("would encrypt, keys that open it: {}", to.recipients.len()) }
}

fn signs(key: &SigningKey) -> Passed {
    Passed { name: "Signing Key", message: format!("would sign as {}", key.public()) }
}

/// Whether each tier would take a backup, and what would go then.
fn look_at_tiers(job: &BackupJob<'_>, host: &Host, issues: &mut Vec<Issue>) -> Result<Vec<TierPlan>, Failure> {
    let now = job.system.clock.now();
    let new = BackupId::new(&host.name, &job.started);
    let mut plans = Vec::new();
    for store in job.tiers.all() {
        let looked = store.prepare(&host.name, Touch::DryRun).map_err(Failure::from).and_then(|found| {
            issues.extend(found);
            plan_tier(store, &job.config.retention, host, Some(&new), now)
        });
        match looked {
            Ok(plan) => {
                issues.extend(plan.plan.issues(&plan.place));
                plans.push(plan);
            }
            Err(error) if store.tier() == Tier::Local => return Err(error),
            Err(error) => issues.push(Issue::warning(Stage::Storage, store.place(), error.to_string())),
        }
    }
    Ok(plans)
}
