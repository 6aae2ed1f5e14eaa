//! One backup, from pre-checks to report. Each step is one line here.

use std::path::Path;
use std::sync::Arc;

use log::info;

use super::drill::Watch;
use super::gather::{Gathered, gather, io_limit};
use super::guard::{guard, known_identity, own_identity};
use super::prepare::{Prepared, explain_detection, pre_checks, prepare, unused_id};
use super::prune::{Pruned, preview, prune};
use super::recipients::{Addressees, addressees};
use super::signing::signing_key;
use super::{Failure, drill, seal_up};
use crate::archive::{Onlooker, PackOptions};
use crate::bundle::{BackupId, Seal, SigningKey};
use crate::collect::{Limits, start};
use crate::config::Config;
use crate::host::{Host, ServerId};
use crate::issue::Issue;
use crate::plan::BackupPlan;
use crate::preflight::{self, Passed, Touch};
use crate::report::{RunReport, timed};
use crate::retention::RetentionPlan;
use crate::system::{Afterwards, Sweep, System, Workspace};

/// What a run is made of.
pub struct BackupJob<'a> {
    /// The settings.
    pub config: &'a Config,
    /// The machine.
    pub system: Arc<System>,
    /// Run-time directory: workspaces lie here.
    pub run_dir: &'a Path,
    /// State directory: what lasts from run to run.
    pub state_dir: &'a Path,
    /// The configuration file that was read; `None` = defaults.
    pub config_file: Option<&'a Path>,
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
    /// What the checks have to say besides.
    pub issues: Vec<Issue>,
    /// This server's number, where it has one.
    pub server_id: Option<ServerId>,
}

/// Makes a backup.
pub fn backup(job: &BackupJob<'_>) -> Result<RunReport, Failure> {
    allowed(job.config)?;
    let clock = job.system.clock;
    let mut report = RunReport::new(Host::default(), clock.now());
    report.issues.clone_from(&job.issues);

    step(1, "Pre-checks");
    // Before anything is made: asked for and not given would be the worst of all.
    let sign_key = signing_key(&job.config.encryption)?;
    report.issues.extend(guard(job, Touch::Really)?.1);
    let addressees = addressees(&job.config.encryption)?;
    let lock = pre_checks(job, Touch::Really)?;
    let workspace = Arc::new(Workspace::create(job.run_dir, afterwards(job.config))?);
    let sweep = Sweep(Arc::clone(&workspace));

    step(2, "Finding out what this host is, planning what to collect");
    let Prepared { host, plan } = prepare(job)?;
    explain_detection(&host, job);
    report.server_id = own_identity(job, &host.name, &mut report.issues);
    report.host = host;
    let plan = Arc::new(plan);
    let id = unused_id(&job.config.local.backups, &report.host.name, clock)?;

    step(3, "Collecting and archiving in one pass");
    let watch = job.config.verification.drills.then(Watch::default);
    let packing = Packing { addressees: addressees.as_ref(), watch: watch.as_ref() };
    let (gathered, seal) =
        timed(&mut report.phases, "collect", clock, || collect(job, &id, &plan, &workspace, &packing))?;
    let Gathered { counters, issues, skipped } = gathered;
    report.counters = counters;
    report.issues.extend(issues);

    step(4, "Verifying: decoded while written, every entry compared");
    let facts = seal_up::Facts {
        id: &id,
        plan: &plan,
        skipped: &skipped,
        addressees: addressees.as_ref(),
        sign_key: sign_key.as_ref(),
        job,
    };
    let sealed = timed_finish(&mut report, seal, &facts)?;
    report.drill = watch.map(|watch| watch.judge(report.started.timestamp()));
    report.issues.extend(report.drill.iter().flat_map(drill::issues));

    step(5, "Reading back from the disk, giving the backup its name");
    report.archive = Some(seal_up::publish(sealed, &mut report, &facts)?);

    step(6, "Storage");
    info!("✓ Local storage: {} (the only tier configured)", job.config.local.backups.display());

    step(7, "Retention");
    let Pruned { present, removed, issues } = prune(job.config, &report.host.name, clock.now())?;
    report.retention.present = present;
    report.retention.removed = removed;
    report.issues.extend(issues);

    step(8, "Report");
    report.finished = clock.now();
    if job.config.run.keeps_workspace {
        info!("Kept until the next run: {}", workspace.path().display());
    }
    drop((sweep, workspace, lock));
    Ok(report)
}

/// Thinks a run through; changes nothing.
pub fn dry_run(job: &BackupJob<'_>) -> Result<DryRun, Failure> {
    allowed(job.config)?;
    let signing = signing_key(&job.config.encryption)?.map(|key| signs(&key));
    let (secured, mut issues) = guard(job, Touch::DryRun)?;
    addressees(&job.config.encryption)?;
    let now = job.system.clock.now();
    let (checked, _) = preflight::run(&job.config.local, &now, Touch::DryRun)?;
    let passed = secured.into_iter().chain(signing).chain(checked).collect();
    let Prepared { host, plan } = prepare(job)?;
    let retention = preview(job.config, &BackupId::new(&host.name, &now), now)?;
    let server_id = known_identity(job, &mut issues);
    Ok(DryRun { host, passed, plan, retention, issues, server_id })
}

fn signs(key: &SigningKey) -> Passed {
    Passed { name: "Signing Key", message: format!("would sign as {}", key.public()) }
}

fn allowed(config: &Config) -> Result<(), Failure> {
    if !config.run.is_enabled {
        return Err(Failure::Disabled);
    }
    Ok(())
}

fn afterwards(config: &Config) -> Afterwards {
    if config.run.keeps_workspace { Afterwards::Keep } else { Afterwards::Remove }
}

fn step(number: u8, what: &str) {
    info!(target: super::STEP, "Step {number}/8: {what}");
}

/// For whom, and who looks on.
struct Packing<'a> {
    addressees: Option<&'a Addressees>,
    watch: Option<&'a Watch>,
}

fn collect(
    job: &BackupJob<'_>,
    id: &BackupId,
    plan: &Arc<BackupPlan>,
    workspace: &Arc<Workspace>,
    packing: &Packing<'_>,
) -> Result<(Gathered, Seal), Failure> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let recipients = packing.addressees.map(|addressees| &addressees.recipients);
    let onlooker = packing.watch.map_or_else(|| Box::new(()) as Box<dyn Onlooker>, Watch::onlooker);
    let options = PackOptions { settings: &job.config.archive, recipients, processors, onlooker };
    let seal = Seal::create(&job.config.local.backups, id, options)?;
    let limits = Limits { io: io_limit(job.config.local.io_limit), workers: job.config.collect.command_workers };
    gather(start(plan, &job.system, workspace, limits), seal)
}

fn timed_finish(
    report: &mut RunReport,
    seal: Seal,
    facts: &seal_up::Facts<'_>,
) -> Result<crate::bundle::SealedArchive, Failure> {
    let mut phases = std::mem::take(&mut report.phases);
    let sealed = timed(&mut phases, "verify", facts.job.system.clock, || seal_up::finish(seal, report, facts));
    report.phases = phases;
    sealed
}
