//! `backup` and `check`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ::log::{Level, Log, info};
use serde_json::json;

use super::Trouble;
use super::args::BackupArgs;
use super::caught::caught;
use super::output::Output;
use super::session::{Session, cancel, host_of};
use super::{early, key};
use crate::bundle::BackupId;
use crate::issue::{Issue, Severity, Stage};
use crate::report::{RunReport, Verdict};
use crate::storage::{RunLogs, Tier};
use crate::system::{ForeignLock, Root, create_private_dir, open_file, write_atomically};
use crate::workflow::{
    Announcer, BackupJob, DryRun, ExitCode, Failure, TierPlan, backup_and_report, dry_run, publish_metrics, tell,
    turned_away,
};

/// `proxmox-backup backup`.
pub(super) fn run(session: &Session, arguments: &BackupArgs, output: &mut Output) -> Result<ExitCode, Trouble> {
    let overrides: &[(&str, String)] = if arguments.dry_run { &[("DRY_RUN", "true".to_owned())] } else { &[] };
    let loaded = match session.load(overrides) {
        Err(Trouble::Config(mistakes)) if !arguments.dry_run => return early::turned_away(session, mistakes),
        other => other?,
    };
    if loaded.config.run.is_dry_run {
        let system = Session::whole_system(&loaded.config)?;
        let site = session.site_on(loaded, system);
        let job = site.job(arguments.reason.clone());
        tell(&job.issues);
        return preview(&job, output);
    }
    // What keeps a run from its work is told like what ends it.
    let (system, unfit) = match Session::whole_system(&loaded.config) {
        Ok(system) => (system, None),
        Err(failure) => (Session::teller()?, Some(failure)),
    };
    let site = session.site_on(loaded, system);
    let mut job = site.job(arguments.reason.clone());
    job.only_if_changed = arguments.if_changed;
    perform(session, job, unfit, output)
}

fn perform(
    session: &Session,
    mut job: BackupJob<'_>,
    unfit: Option<Failure>,
    output: &mut Output,
) -> Result<ExitCode, Trouble> {
    let config = job.config;
    let logs = RunLogs::new(&config.local.logs);
    let host = host_of(&job.system.root, &job.system.cancel).name;
    let log = own_log(&logs, &host, &mut job);
    let late = open_log(session, &log);
    let _at_work = mark(&log);
    tell(&job.issues);
    info!("proxmox-backup {} on {host}", env!("CARGO_PKG_VERSION"));
    let mut announcer = Announcer::of(&config.notify, &job.system.root).introduced(&job);
    let (mut report, failure) = match unfit.or_else(|| key::ensure_recipient(config).err()) {
        Some(failure) => (turned_away(&job, &failure), Some(failure)),
        None => work(&job, &mut announcer),
    };
    report.issues.extend(late);
    session.logger.flush();
    // A flag of its own: the signal that ended the run does not keep it from being told.
    announcer.announce(&mut report, &log, &cancel()?);
    let stats = logs.stats_path(&host, &job.started);
    let concluded = conclude(session, &mut report, failure.as_ref(), &stats, output);
    if failure.is_none() && concluded.is_ok() {
        session.logger.flush();
        // Last of all: the copy of the log has the verdict in it.
        let uncopied = job.tiers.copy_logs(&report, &[&log, &stats], &config.retention);
        tell(&uncopied);
        report.issues.extend(uncopied);
    }
    tell(&publish_metrics(&job, &report, failure.as_ref()));
    match failure {
        Some(failure) => Ok(close(session, &report, &failure)),
        None => concluded.map(|()| code_of(&report)),
    }
}

/// The run itself, within its time. A panic is one more way to fail.
fn work(job: &BackupJob<'_>, announcer: &mut Announcer) -> (RunReport, Option<Failure>) {
    if job.config.run.is_enabled {
        announcer.begin(&job.system.cancel);
    }
    let _deadline = job.config.run.longest.map(|limit| job.system.cancel.late_after(limit));
    caught(|| backup_and_report(job)).unwrap_or_else(|failure| (turned_away(job, &failure), Some(failure)))
}

/// The last line of a run that made no backup.
fn close(session: &Session, report: &RunReport, failure: &Failure) -> ExitCode {
    let level = if matches!(failure, Failure::Unchanged(_)) { Level::Info } else { Level::Error };
    let text = match failure.hint() {
        Some(hint) if level == Level::Error => format!("{failure} ({hint})"),
        _ => failure.to_string(),
    };
    session.logger.close(report, level, &text);
    failure.exit_code()
}

fn code_of(report: &RunReport) -> ExitCode {
    if matches!(report.verdict(), Verdict::Warnings(_)) { ExitCode::Warnings } else { ExitCode::Done }
}

/// Where this run logs. Of two runs in one second the later one waits for the next: a log belongs to
/// one backup and goes with it.
fn own_log(logs: &RunLogs, host: &str, job: &mut BackupJob<'_>) -> PathBuf {
    let clock = job.system.clock;
    for _ in 0..20 {
        let log = logs.log_path(host, &job.started);
        if !Root::live().is_ok_and(|root| root.exists(&log)) {
            break;
        }
        clock.sleep(Duration::from_millis(100));
        job.started = clock.now();
    }
    logs.log_path(host, &job.started)
}

/// A run without a log file is a run with a warning.
pub(super) fn open_log(session: &Session, path: &Path) -> Option<Issue> {
    let opened = path.parent().map_or(Ok(()), create_private_dir).and_then(|()| session.logger.open_file(path));
    let issue = Issue::warning(Stage::Preflight, "no log file", opened.err()?.to_string());
    tell([&issue]);
    Some(issue)
}

/// Says that this run is at work until all of it is done, which is later than the lock is free:
/// a log without statistics that nobody holds is of a run that was killed.
pub(super) fn mark(log: &Path) -> Option<ForeignLock> {
    // Where the file system has no locks, there is still the run's own.
    ForeignLock::take(open_file(log).ok()?, log).ok()?
}

/// Statistics for whoever asks later.
pub(super) fn keep_statistics(report: &mut RunReport, failure: Option<&Failure>, stats: &Path) {
    let mut object = report.to_json();
    if let Some(Failure::Unchanged(id)) = failure {
        object["unchanged_since"] = json!(id);
    }
    if let Err(error) = write_atomically(stats, format!("{object:#}\n").as_bytes()) {
        let issue = Issue::warning(Stage::Preflight, "no statistics file", error.to_string());
        tell([&issue]);
        report.issues.push(issue);
    }
}

/// Statistics, and the verdict for who looks on. A failure is told last of all.
fn conclude(
    session: &Session,
    report: &mut RunReport,
    failure: Option<&Failure>,
    stats: &Path,
    output: &mut Output,
) -> Result<(), Trouble> {
    keep_statistics(report, failure, stats);
    match report.verdict() {
        Verdict::Ok => {
            say_statistics(report);
            session.logger.close(report, Level::Info, &report.summary());
        }
        Verdict::Warnings(_) => {
            say_statistics(report);
            for issue in report.issues.iter().filter(|issue| issue.severity == Severity::Warning) {
                info!("  ⚠ {}: {issue}", issue.stage);
            }
            session.logger.close(report, Level::Warn, &report.summary());
        }
        Verdict::Skipped | Verdict::Failed => {}
    }
    if output.is_json() {
        output.object(&report.to_json())?;
    }
    Ok(())
}

fn say_statistics(report: &RunReport) {
    for line in report.statistics() {
        info!("{line}");
    }
}

fn preview(job: &BackupJob<'_>, output: &mut Output) -> Result<ExitCode, Trouble> {
    let DryRun { host, passed, plan, retention, issues, .. } = dry_run(job)?;
    tell(&issues);
    if output.is_json() {
        output.object(&json!({
            "dry_run": true,
            "host": host,
            "checks": passed.iter().map(|check| json!({"name": check.name, "message": check.message})).collect::<Vec<_>>(),
            "recipes": plan.recipes,
            "commands": plan.commands.iter().map(|command| command.argv.join(" ")).collect::<Vec<_>>(),
            "left_out": plan.left_out,
            "issues": issues,
            "would_remove": retention.iter().find(|plan| plan.tier == Tier::Local).map_or_else(Vec::new, doomed),
            "tiers": retention.iter().map(|plan| json!({
                "tier": plan.tier.as_str(),
                "place": plan.place,
                "would_remove": doomed(plan),
            })).collect::<Vec<_>>(),
        }))?;
        return Ok(verdict_of(job.issues.iter().chain(&issues)));
    }
    output.line("Nothing is written: this is a dry run.\n")?;
    for check in &passed {
        output.line(format!("✓ {}: {}", check.name, check.message))?;
    }
    output.line(format!("\nWould collect on {}:", host.name))?;
    output.line(plan.to_string().trim_end())?;
    output.line("")?;
    for plan in &retention {
        let doomed = doomed(plan);
        let what = if doomed.is_empty() { "nothing".to_owned() } else { doomed.join(", ") };
        output.line(format!("{} ({}): retention would remove {what}.", plan.tier, plan.place))?;
    }
    Ok(verdict_of(job.issues.iter().chain(&issues)))
}

fn doomed(plan: &TierPlan) -> Vec<&str> {
    plan.plan.removals().map(BackupId::as_str).collect()
}

fn verdict_of<'a>(issues: impl IntoIterator<Item = &'a Issue>) -> ExitCode {
    let warns = issues.into_iter().any(|issue| issue.severity == Severity::Warning);
    if warns { ExitCode::Warnings } else { ExitCode::Done }
}

/// `proxmox-backup check`: everything a run would stumble over, without the run.
pub(super) fn check(session: &Session, output: &mut Output) -> Result<ExitCode, Trouble> {
    let site = session.site(&[("DRY_RUN", "true".to_owned())])?;
    let mut job = site.job(None);
    let DryRun { host, passed, plan, retention, issues, server_id } = dry_run(&job)?;
    job.issues.extend(issues);
    tell(&job.issues);
    let file =
        job.config_file.as_ref().map_or_else(|| "none, defaults apply".to_owned(), |file| file.display().to_string());
    if output.is_json() {
        output.object(&json!({
            "ok": verdict_of(&job.issues) == ExitCode::Done,
            "configuration": file,
            "host": host,
            "server_id": server_id,
            "checks": passed.iter().map(|check| json!({"name": check.name, "message": check.message})).collect::<Vec<_>>(),
            "issues": job.issues,
        }))?;
        return Ok(verdict_of(&job.issues));
    }
    output.remark(format!("✓ Configuration: {file}"))?;
    output.remark(format!("✓ Host: {} ({})", host.name, RunReport::proxmox_type(&host)))?;
    match &server_id {
        Some(id) => output.remark(format!("✓ Server identity: {id}"))?,
        None if job.system.root.is_live() => output.remark("✓ Server identity: none yet, the first backup makes it")?,
        None => {}
    }
    for check in &passed {
        output.remark(format!("✓ {}: {}", check.name, check.message))?;
    }
    for tier in &retention {
        output.remark(format!("✓ {}: {} (backups present: {})", tier.tier, tier.place, tier.stored.len()))?;
    }
    output.remark(format!("✓ Plan: {} recipes, {} commands", plan.recipes.len(), plan.commands.len()))?;
    Ok(verdict_of(&job.issues))
}
