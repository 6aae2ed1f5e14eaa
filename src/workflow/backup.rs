//! One backup, from pre-checks to report. Each step is one line here.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Local};
use log::info;

use super::gather::{Gathered, Stop, gather};
use super::prune::{Pruned, prune};
use super::{Failure, seal_up};
use crate::bundle::{BackupId, Seal, parse_name};
use crate::collect::{Limits, start};
use crate::config::Config;
use crate::host::{Host, detect};
use crate::issue::Issue;
use crate::plan::BackupPlan;
use crate::preflight::{self, Passed, Touch};
use crate::recipe::catalog;
use crate::report::RunReport;
use crate::retention::RetentionPlan;
use crate::storage::Directory;
use crate::system::{Lock, System, Workspace, remove_stale_workspaces};

/// What a run is made of.
pub struct BackupJob<'a> {
    /// The settings.
    pub config: &'a Config,
    /// The machine.
    pub system: Arc<System>,
    /// Run-time directory: workspaces lie here.
    pub run_dir: &'a Path,
    /// Why it is made, where somebody said.
    pub reason: Option<String>,
    /// Problems from before the run: the configuration's.
    pub issues: Vec<Issue>,
}

/// A run that was only thought through.
pub struct DryRun {
    /// What the machine is.
    pub host: Host,
    /// Pre-checks.
    pub passed: Vec<Passed>,
    /// What would be collected.
    pub plan: BackupPlan,
    /// What retention would do, the new backup counted.
    pub retention: RetentionPlan,
}

/// Makes a backup.
pub fn backup(job: BackupJob<'_>) -> Result<RunReport, Failure> {
    allowed(job.config)?;
    let clock = job.system.clock;
    let mut report = RunReport::new(Host::default(), clock.now());
    report.issues = job.issues.clone();

    step(1, "Pre-checks");
    let lock = pre_checks(&job)?;
    let workspace = Arc::new(Workspace::create(job.run_dir)?);

    step(2, "Finding out what this host is, planning what to collect");
    report.host = detect(&job.system.root);
    let plan = Arc::new(plan(&job, &report.host)?);
    narrate_plan(&report.host, &plan);
    sweep(&job.config.local.backups, &report.host.name)?;

    step(3, "Collecting and archiving in one pass");
    let (gathered, seal) = phase(&mut report, &job, "collect", || collect(&job, &plan, &workspace))?;
    let Gathered { counters, issues, skipped } = gathered;
    report.counters = counters;
    report.issues.extend(issues);

    step(4, "Verifying: decoded while written, compared entry by entry");
    let sealed = phase(&mut report, &job, "archive", || Ok(()))
        .and_then(|()| seal_up::finish(seal, &plan, &report, &skipped, &job))?;
    step(5, "Reading back from the disk, giving the backup its name");
    report.archive = Some(seal_up::publish(sealed, &mut report, &job)?);

    step(6, "Storage tiers");
    info!("Local storage: {} (the only tier configured)", job.config.local.backups.display());

    step(7, "Retention");
    let Pruned { present, removed } = prune(job.config, &report.host.name, clock.now())?;
    report.retention.present = present;
    report.retention.removed = removed;

    step(8, "Report");
    report.finished = clock.now();
    drop((workspace, lock));
    Ok(report)
}

/// Thinks a run through; changes nothing.
pub fn dry_run(job: &BackupJob<'_>) -> Result<DryRun, Failure> {
    allowed(job.config)?;
    let now = job.system.clock.now();
    let (passed, _) = preflight::run(&job.config.local, &now, Touch::DryRun)?;
    let host = detect(&job.system.root);
    let plan = plan(job, &host)?;
    let retention = super::prune::preview(job.config, &host.name, now)?;
    Ok(DryRun { host, passed, plan, retention })
}
