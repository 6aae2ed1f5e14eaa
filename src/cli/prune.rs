//! `prune`.

use ::log::warn;
use serde_json::{Value, json};

use super::Trouble;
use super::output::Output;
use super::session::Session;
use crate::bundle::BackupId;
use crate::config::Config;
use crate::host::Host;
use crate::preflight::{self, Touch};
use crate::retention::HEADINGS;
use crate::storage::Tier;
use crate::system::Clock;
use crate::workflow::{ExitCode, Failure, Pruned, TierPlan, Tiers, plan_tier, prune, tell};

/// `proxmox-backup prune [--dry-run]`.
pub(super) fn run(session: &Session, dry_run: bool, output: &mut Output) -> Result<ExitCode, Trouble> {
    let loaded = session.load(&[])?;
    let config = &loaded.config;
    let host = Session::host(config)?;
    let tiers = session.tiers(config)?;
    let now = Clock::System.now();
    if dry_run || config.run.is_dry_run {
        return preview(&tiers, &loaded.config, &host, output);
    }
    // A run that is at work must not lose its place in the count.
    let _lock = preflight::run(&config.local, &now, Touch::Really).map_err(Failure::from)?;
    let done = prune(&tiers, &config.retention, &host, now);
    if output.is_json() {
        let tiers: Vec<Value> = done.iter().map(done_json).collect();
        // The local tier stands at the top as well.
        let local = tiers.first();
        output.object(&json!({
            "present": local.map(|local| &local["present"]),
            "removed": local.map(|local| &local["removed"]),
            "tiers": tiers,
        }))?;
    }
    // What the local tier could not even tell is no warning.
    let is_local_lost = done.iter().any(|one| one.tier == Tier::Local && one.present.is_none());
    Ok(match () {
        () if is_local_lost => ExitCode::Storage,
        () if done.iter().all(|one| one.issues.is_empty()) => ExitCode::Done,
        () => ExitCode::Warnings,
    })
}

fn done_json(pruned: &Pruned) -> Value {
    json!({
        "tier": pruned.tier.as_str(),
        "place": pruned.place,
        "present": pruned.present.map(|present| present.backups),
        "removed": pruned.removed.iter().map(BackupId::as_str).collect::<Vec<_>>(),
        "issues": pruned.issues,
    })
}

fn preview(tiers: &Tiers, config: &Config, host: &Host, output: &mut Output) -> Result<ExitCode, Trouble> {
    let now = Clock::System.now();
    let (mut plans, mut code) = (Vec::new(), ExitCode::Done);
    for store in tiers.all() {
        match plan_tier(store, &config.retention, host, None, now) {
            Ok(plan) => {
                let issues = plan.plan.issues(&plan.place);
                tell(&issues);
                if !issues.is_empty() {
                    code = ExitCode::Warnings;
                }
                plans.push(plan);
            }
            Err(error) if store.tier() == Tier::Local => return Err(error.into()),
            Err(error) => {
                warn!("{}: {error}", store.place());
                code = ExitCode::Warnings;
            }
        }
    }
    if output.is_json() {
        let tiers: Vec<Value> = plans.iter().map(as_json).collect();
        let local = tiers.first().map(|local| &local["backups"]);
        output.object(&json!({ "dry_run": true, "backups": local, "tiers": tiers }))?;
        return Ok(code);
    }
    for TierPlan { tier, plan, stored, .. } in &plans {
        for line in plan.lines(&tier.to_string()) {
            output.line(line)?;
        }
        let rows = plan.rows(&now, |index| stored.get(index).map_or(0, |backup| backup.bytes));
        output.table(&HEADINGS, &rows)?;
    }
    let count: usize = plans.iter().map(|plan| plan.plan.removals().count()).sum();
    output.line(format!("{count} would be removed. Nothing is: this is a dry run."))?;
    Ok(code)
}

fn as_json(plan: &TierPlan) -> Value {
    let verdicts = plan.plan.verdicts.iter();
    json!({
        "tier": plan.tier.as_str(),
        "place": plan.place,
        "backups": verdicts.map(|verdict| json!({
            "id": verdict.id.as_str(),
            "fate": verdict.reason.fate().to_string(),
            "reason": verdict.reason.to_string(),
        })).collect::<Vec<_>>(),
    })
}
