//! One backup, from pre-checks to report. Each step is one line here.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Local};
use log::info;

use super::drill::Watch;
use super::gather::{Gathered, gather, io_limit};
use super::guard::{guard, own_identity};
use super::metrics::announce;
use super::prepare::{Prepared, explain_detection, pre_checks, prepare, unused_id};
use super::prune::prune_after;
use super::recipients::{Addressees, addressees};
use super::records::open_restores;
use super::signing::signing_key;
use super::tiers::{Tiers, store};
use super::unchanged::{blank, ensure_changed, remember};
use super::{Failure, PastRestore, drill, seal_up, tell};
use crate::archive::{Onlooker, PackOptions};
use crate::bundle::{BackupId, Seal};
use crate::collect::{Limits, start};
use crate::config::Config;
use crate::host::{Host, detect};
use crate::issue::{Issue, Stage};
use crate::preflight::Touch;
use crate::report::{RunReport, timed};
use crate::system::{Afterwards, Cancel, Sweep, System, Workspace};

/// What a run is made of.
pub struct BackupJob<'a> {
    /// The settings.
    pub config: &'a Config,
    /// The machine.
    pub system: Arc<System>,
    /// Where backups go.
    pub tiers: &'a Tiers,
    /// Run-time directory: workspaces lie here.
    pub run_dir: &'a Path,
    /// State directory: what lasts from run to run.
    pub state_dir: &'a Path,
    /// The configuration file that was read; `None` = defaults.
    pub config_file: Option<&'a Path>,
    /// When it began: the backup, its log and its statistics have this time in their names.
    pub started: DateTime<Local>,
    /// Why it is made, where somebody said.
    pub reason: Option<String>,
    /// `--if-changed`: no backup where nothing differs from the newest one.
    pub only_if_changed: bool,
    /// Problems from before the run: the configuration's.
    pub issues: Vec<Issue>,
}

/// Makes a backup.
pub fn backup(job: &BackupJob<'_>) -> Result<RunReport, Failure> {
    let mut report = RunReport::new(Host::default(), job.started);
    run(job, &mut report).map(|()| report)
}

/// Makes a backup; the report says how it ended, and everything that happened until then.
pub fn backup_and_report(job: &BackupJob<'_>) -> (RunReport, Option<Failure>) {
    let mut report = RunReport::new(Host::default(), job.started);
    let failure = run(job, &mut report).err();
    if let Some(failure) = &failure {
        conclude(job, &mut report, failure);
    }
    (report, failure)
}

/// The report of a run that this failure kept from its work, or from its end.
pub fn turned_away(job: &BackupJob<'_>, failure: &Failure) -> RunReport {
    let mut report = RunReport::new(Host::default(), job.started);
    report.issues.clone_from(&job.issues);
    conclude(job, &mut report, failure);
    report
}

fn conclude(job: &BackupJob<'_>, report: &mut RunReport, failure: &Failure) {
    report.ending = failure.ending();
    report.finished = job.system.clock.now();
    if report.host.name.is_empty() {
        // A cluster file system that hangs would keep the failure from being told.
        let root = job.system.root.patient(job.config.local.io_limit, &Cancel::default());
        report.host = detect(&root);
    }
}

fn run(job: &BackupJob<'_>, report: &mut RunReport) -> Result<(), Failure> {
    allowed(job.config)?;
    let clock = job.system.clock;
    report.issues.clone_from(&job.issues);

    step(job, 1, "Pre-checks");
    // Before anything is made: asked for and not given would be the worst of all.
    let sign_key = signing_key(&job.config.encryption)?;
    report.issues.extend(guard(job, Touch::Really)?.1);
    let addressees = addressees(&job.config.encryption)?;
    let lock = pre_checks(job, Touch::Really)?;
    report.issues.extend(half_restored(job));
    let workspace = Arc::new(Workspace::create(job.run_dir, afterwards(job.config))?);
    let sweep = Sweep(Arc::clone(&workspace));

    step(job, 2, "Finding out what this host is, planning what to collect");
    let Prepared { host, plan } = prepare(job)?;
    explain_detection(&host, job);
    report.server_id = own_identity(job, &host.name, &mut report.issues);
    report.host = host;
    announce(job, report);
    let plan = Arc::new(plan);
    ensure_changed(job, (&report.host.name, &plan), addressees.as_ref(), &workspace)?;
    let id = unused_id(job, &report.host.name)?;

    step(job, 3, "Collecting and archiving in one pass");
    let watch = job.config.verification.drills.then(Watch::default);
    let mut print = blank(job);
    let (gathered, seal) = timed(&mut report.phases, "collect", clock, || {
        let seal = seal(job, &id, addressees.as_ref(), watch.as_ref())?;
        gather(start(&plan, &job.system, &workspace, limits(job.config)), seal, &mut print, job.system.meter())
    })?;
    let Gathered { counters, issues, skipped } = gathered;
    report.counters = counters;
    report.issues.extend(issues);

    step(job, 4, "Verifying: decoded while written, every entry compared");
    let facts = seal_up::Facts {
        id: &id,
        plan: &plan,
        skipped: &skipped,
        addressees: addressees.as_ref(),
        sign_key: sign_key.as_ref(),
        job,
    };
    let sealed = timed_finish(report, seal, &facts)?;
    report.drill = watch.map(|watch| watch.judge(report.started.timestamp()));
    report.issues.extend(report.drill.iter().flat_map(drill::issues));

    step(job, 5, "Reading back from the disk, giving the backup its name");
    report.archive = Some(seal_up::publish(sealed, report, &facts)?);

    step(job, 6, "Storage");
    store(job, &id, report)?;

    step(job, 7, "Retention");
    remember(job, print, &plan, addressees.as_ref(), report);
    prune_after(job, report);
    // What a signal kept from being done is no warning: the run was stopped.
    job.system.cancel.check()?;

    step(job, 8, "Report");
    report.finished = clock.now();
    if job.config.run.keeps_workspace {
        info!("Kept until the next run: {}", workspace.path().display());
    }
    drop((sweep, workspace, lock));
    Ok(())
}

pub(super) fn allowed(config: &Config) -> Result<(), Failure> {
    if !config.run.is_enabled {
        return Err(Failure::Disabled);
    }
    Ok(())
}

/// Of a host that is half one and half the other this is a faithful backup, and hardly a wanted one.
fn half_restored(job: &BackupJob<'_>) -> Vec<Issue> {
    let known = if job.system.root.is_live() { open_restores(job.state_dir) } else { Vec::new() };
    let issue = |past: &PastRestore| {
        let reason = format!("the restore is {}: this backup holds what it left", past.state());
        Issue::warning(Stage::Preflight, format!("restore {}", past.record.id()), reason)
            .with_hint("`proxmox-backup undo` takes it back")
    };
    let issues: Vec<Issue> = known.iter().map(issue).collect();
    tell(&issues);
    issues
}

fn afterwards(config: &Config) -> Afterwards {
    if config.run.keeps_workspace { Afterwards::Keep } else { Afterwards::Remove }
}

fn step(job: &BackupJob<'_>, number: u8, what: &str) {
    info!(target: super::STEP, "Step {number}/8: {what}");
    // What comes behind a comma is worth a line and not one that is drawn over and over.
    let short = what.split([',', ':']).next().unwrap_or_default();
    job.system.meter().begin(format!("Step {number}/8: {short}"), None);
}

fn limits(config: &Config) -> Limits {
    Limits { io: io_limit(config.local.io_limit), workers: config.collect.command_workers }
}

/// For whom, and who looks on.
fn seal(
    job: &BackupJob<'_>,
    id: &BackupId,
    addressees: Option<&Addressees>,
    watch: Option<&Watch>,
) -> Result<Seal, Failure> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let recipients = addressees.map(|addressees| &addressees.recipients);
    let onlooker = watch.map_or_else(|| Box::new(()) as Box<dyn Onlooker>, Watch::onlooker);
    let options = PackOptions { settings: &job.config.archive, recipients, processors, onlooker };
    Ok(Seal::create(&job.config.local.backups, id, options)?)
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
