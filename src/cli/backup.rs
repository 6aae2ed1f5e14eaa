//! `backup` and `check`.

use ::log::{info, warn};
use serde_json::json;

use super::Trouble;
use super::args::BackupArgs;
use super::key;
use super::output::Output;
use super::session::Session;
use crate::issue::{Issue, Severity, Stage};
use crate::report::{RunReport, Verdict};
use crate::storage::RunLogs;
use crate::system::{create_private_dir, write_atomically};
use crate::workflow::{BackupJob, DryRun, ExitCode, backup, dry_run, tell};

/// `proxmox-backup backup`.
pub(super) fn run(session: &Session, arguments: &BackupArgs, output: &mut Output) -> Result<ExitCode, Trouble> {
    let overrides: &[(&str, String)] = if arguments.dry_run { &[("DRY_RUN", "true".to_owned())] } else { &[] };
    let site = session.site(overrides)?;
    let config = &site.loaded.config;
    if !config.run.is_dry_run {
        key::ensure_recipient(config)?;
    }
    let job = site.job(arguments.reason.clone());
    tell(&job.issues);
    if config.run.is_dry_run {
        return preview(&job, output);
    }
    let logs = RunLogs::new(&config.local.logs);
    let host = Session::host_name(config)?;
    let late = open_log(session, &logs, &host, &job);
    info!("proxmox-backup {} on {host}", env!("CARGO_PKG_VERSION"));
    let mut report = backup(&job)?;
    report.issues.extend(late);
    conclude(&mut report, &logs, output)
}

/// A run without a log file is a run with a warning.
fn open_log(session: &Session, logs: &RunLogs, host: &str, job: &BackupJob<'_>) -> Option<Issue> {
    let path = logs.log_path(host, &job.system.clock.now());
    let opened = path.parent().map_or(Ok(()), create_private_dir).and_then(|()| session.logger.open_file(&path));
    let error = opened.err()?;
    warn!("no log file: {error}");
    Some(Issue::warning(Stage::Preflight, "run log", error.to_string()))
}

fn conclude(report: &mut RunReport, logs: &RunLogs, output: &mut Output) -> Result<ExitCode, Trouble> {
    let stats = logs.stats_path(&report.host.name, &report.started);
    if let Err(error) = write_atomically(&stats, format!("{:#}\n", report.to_json()).as_bytes()) {
        warn!("no statistics file: {error}");
        report.issues.push(Issue::warning(Stage::Preflight, "statistics", error.to_string()));
    }
    for line in report.statistics() {
        info!("{line}");
    }
    let code = match report.verdict() {
        Verdict::Ok => {
            info!("{}", report.summary());
            ExitCode::Done
        }
        Verdict::Warnings(_) => {
            for issue in report.issues.iter().filter(|issue| issue.severity == Severity::Warning) {
                info!("  ⚠ {}: {issue}", issue.stage);
            }
            warn!("{}", report.summary());
            ExitCode::Warnings
        }
    };
    if output.is_json() {
        output.object(&report.to_json())?;
    }
    Ok(code)
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
            "would_remove": retention.removals().map(ToString::to_string).collect::<Vec<_>>(),
        }))?;
        return Ok(verdict_of(job.issues.iter().chain(&issues)));
    }
    output.line("Nothing is written: this is a dry run.\n")?;
    for check in &passed {
        output.line(format!("✓ {}: {}", check.name, check.message))?;
    }
    output.line(format!("\nWould collect on {}:", host.name))?;
    output.line(plan.to_string().trim_end())?;
    let removals: Vec<String> = retention.removals().map(ToString::to_string).collect();
    match removals.as_slice() {
        [] => output.line("\nRetention would remove nothing.")?,
        some => output.line(format!("\nRetention would remove {}.", some.join(", ")))?,
    }
    Ok(verdict_of(job.issues.iter().chain(&issues)))
}

fn verdict_of<'a>(issues: impl IntoIterator<Item = &'a Issue>) -> ExitCode {
    let warns = issues.into_iter().any(|issue| issue.severity == Severity::Warning);
    if warns { ExitCode::Warnings } else { ExitCode::Done }
}

/// `proxmox-backup check`: everything a run would stumble over, without the run.
pub(super) fn check(session: &Session, output: &mut Output) -> Result<ExitCode, Trouble> {
    let site = session.site(&[("DRY_RUN", "true".to_owned())])?;
    let mut job = site.job(None);
    let DryRun { host, passed, plan, issues, server_id, .. } = dry_run(&job)?;
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
    output.remark(format!("✓ Plan: {} recipes, {} commands", plan.recipes.len(), plan.commands.len()))?;
    Ok(verdict_of(&job.issues))
}
