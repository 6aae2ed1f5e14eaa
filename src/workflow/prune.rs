//! Retention on every tier: the plan is made, said, then carried out.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Local};
use log::info;

use super::tiers::{Tiers, kept, side_by_side};
use super::{BackupJob, Failure, tell};
use crate::bundle::BackupId;
use crate::config::Retention;
use crate::host::Host;
use crate::issue::{Issue, Stage};
use crate::report::{Present, RunReport};
use crate::retention::{Candidate, RetentionPlan, plan};
use crate::storage::{Store, Stored, Tier};

/// What retention would do on one tier, and the backups it is about.
pub struct TierPlan {
    /// Which.
    pub tier: Tier,
    /// Where it is.
    pub place: String,
    /// Every backup of this host with its fate.
    pub plan: RetentionPlan,
    /// What lies there of this host.
    pub stored: Vec<Stored>,
}

/// What retention did on one tier.
pub struct Pruned {
    /// Which.
    pub tier: Tier,
    /// Where it is.
    pub place: String,
    /// Backups of this host that are there now; `None` where nobody could look.
    pub present: Option<Present>,
    /// What was removed.
    pub removed: Vec<BackupId>,
    /// What could not be done.
    pub issues: Vec<Issue>,
}

/// What retention would do on a tier now, or once `new` is there.
pub fn plan_tier(
    store: &dyn Store,
    retention: &Retention,
    host: &Host,
    new: Option<&BackupId>,
    now: DateTime<Local>,
) -> Result<TierPlan, Failure> {
    let mut stored = store.list()?;
    stored.retain(|backup| host.is_called(backup.host()));
    let mut candidates: Vec<Candidate> = stored.iter().map(|stored| Candidate::of(stored, &Local)).collect();
    candidates.extend(new.map(|id| Candidate::to_come(id.clone(), &now)));
    let plan = plan(&candidates, &kept(retention, store.tier()).policy, &now)?;
    Ok(TierPlan { tier: store.tier(), place: store.place(), plan, stored })
}

/// Retention on all tiers, side by side, of the logs too; what was done is said in their order.
pub fn prune(tiers: &Tiers, retention: &Retention, host: &Host, now: DateTime<Local>) -> Vec<Pruned> {
    on_each(
        tiers,
        |_| true,
        |store| {
            let mut pruned = prune_tier(store, retention, host, now);
            prune_logs(store, retention, host, &mut pruned);
            pruned
        },
    )
}

fn on_each(tiers: &Tiers, wanted: impl Fn(Tier) -> bool, work: impl Fn(&dyn Store) -> Pruned + Sync) -> Vec<Pruned> {
    let stores: Vec<&dyn Store> = tiers.all().filter(|store| wanted(store.tier())).collect();
    let pruned = side_by_side(&stores, work);
    for one in &pruned {
        narrate(one);
    }
    pruned
}

/// The logs of what was removed, and those beyond `MAX_*_LOGS`. After a run the tiers beside the local
/// one do it when they get the log of that run.
fn prune_logs(store: &dyn Store, retention: &Retention, host: &Host, pruned: &mut Pruned) {
    if store.tier() == Tier::Local || pruned.present.is_none() {
        return;
    }
    if let Err(error) = store.prune_logs(&host.name, &pruned.removed, kept(retention, store.tier()).logs) {
        pruned.issues.push(Issue::warning(Stage::Retention, format!("logs, {}", pruned.place), error.to_string()));
    }
}

/// Retention after a run: on the tiers that received today's backup, and on no other.
pub(super) fn prune_after(job: &BackupJob<'_>, report: &mut RunReport) {
    let received = |report: &RunReport, tier| report.tier(tier).is_some_and(|facts| facts.copy.is_ok());
    let now = job.system.clock.now();
    let pruned = on_each(
        job.tiers,
        |tier| received(report, tier),
        |store| prune_tier(store, &job.config.retention, &report.host, now),
    );
    for Pruned { tier, present, removed, issues, .. } in pruned {
        report.issues.extend(issues);
        if let Some(facts) = report.tiers.iter_mut().find(|facts| facts.tier == tier) {
            (facts.present, facts.removed) = (present, removed);
        }
    }
    let left_alone = report.tiers.iter().filter(|facts| facts.copy.is_err());
    let skipped: Vec<Issue> = left_alone
        .map(|facts| {
            let why = "retention skipped: this tier did not receive today's backup";
            Issue::warning(Stage::Retention, facts.place.clone(), why)
        })
        .collect();
    tell(&skipped);
    report.issues.extend(skipped);
}

fn prune_tier(store: &dyn Store, retention: &Retention, host: &Host, now: DateTime<Local>) -> Pruned {
    let mut pruned =
        Pruned { tier: store.tier(), place: store.place(), present: None, removed: Vec::new(), issues: Vec::new() };
    if let Err(error) = carry_out(store, retention, host, now, &mut pruned) {
        pruned.fail(&error);
    }
    pruned
}

fn carry_out(
    store: &dyn Store,
    retention: &Retention,
    host: &Host,
    now: DateTime<Local>,
    pruned: &mut Pruned,
) -> Result<(), Failure> {
    let TierPlan { plan, stored, .. } = plan_tier(store, retention, host, None, now)?;
    say(&plan.lines(&store.tier().to_string()));
    pruned.issues = plan.issues(&store.place());
    let going = plan.removals_from(&stored);
    if going.is_empty() {
        pruned.present = Some(present(&stored));
        return pruned_logs(store, retention, host, pruned);
    }
    let removal = store.remove(&going);
    pruned.removed = removal.removed;
    for (id, error) in removal.failed {
        pruned.issues.push(Issue::warning(Stage::Retention, id.to_string(), error.to_string()));
    }
    // A real listing, not what should be there.
    let mut stored = store.list()?;
    stored.retain(|backup| host.is_called(backup.host()));
    pruned.present = Some(present(&stored));
    pruned_logs(store, retention, host, pruned)
}

/// What lies on a tier, in figures; times are those that retention goes by.
fn present(stored: &[Stored]) -> Present {
    let taken = || stored.iter().map(|stored| Candidate::of(stored, &Local).taken);
    Present {
        backups: stored.len(),
        bytes: stored.iter().map(|stored| stored.bytes).sum(),
        oldest: taken().min(),
        newest: taken().max(),
    }
}

/// The logs of the other tiers are pruned when this run's log goes there.
fn pruned_logs(store: &dyn Store, retention: &Retention, host: &Host, pruned: &Pruned) -> Result<(), Failure> {
    if store.tier() == Tier::Local {
        store.prune_logs(&host.name, &pruned.removed, retention.local.logs)?;
    }
    Ok(())
}

/// Before anything goes. Tiers work side by side: what one says stays together.
fn say(lines: &[String]) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for line in lines {
        info!("{line}");
    }
}

impl Pruned {
    fn fail(&mut self, error: &Failure) {
        self.issues.push(Issue::warning(Stage::Retention, self.place.clone(), error.to_string()));
    }
}

fn narrate(pruned: &Pruned) {
    for id in &pruned.removed {
        info!("  Removed {id}");
    }
    tell(&pruned.issues);
    if let Some(Present { backups: present, .. }) = pruned.present {
        let backups = if present == 1 { "backup" } else { "backups" };
        info!("✓ {}: {present} {backups} present, {} removed", pruned.tier, pruned.removed.len());
    }
}
