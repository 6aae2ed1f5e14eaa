//! `prune`.

use serde_json::{Value, json};

use super::Trouble;
use super::output::Output;
use super::session::Session;
use crate::preflight::{self, Touch};
use crate::retention::{HEADINGS, Verdict};
use crate::system::Clock;
use crate::workflow::{ExitCode, Failure, prune, retention_plan, tell};

/// `proxmox-backup prune [--dry-run]`.
pub(super) fn run(session: &Session, dry_run: bool, output: &mut Output) -> Result<ExitCode, Trouble> {
    let loaded = session.load(&[])?;
    let host = Session::host_name(&loaded.config)?;
    let now = Clock::System.now();
    if !(dry_run || loaded.config.run.is_dry_run) {
        // A run that is at work must not lose its place in the count.
        let _lock = preflight::run(&loaded.config.local, &now, Touch::Really).map_err(Failure::from)?;
        let done = prune(&loaded.config, &host, now)?;
        tell(&done.issues);
        if output.is_json() {
            output.object(&json!({ "present": done.present, "removed": done.removed }))?;
        }
        return Ok(if done.issues.is_empty() { ExitCode::Done } else { ExitCode::Warnings });
    }
    let (plan, stored) = retention_plan(&loaded.config, &host, now)?;
    if output.is_json() {
        let all: Vec<Value> = plan.verdicts.iter().map(as_json).collect();
        output.object(&json!({ "dry_run": true, "backups": all }))?;
        return Ok(ExitCode::Done);
    }
    let rows = plan.rows(&now, |index| stored.get(index).map_or(0, |backup| backup.bytes));
    output.table(&HEADINGS, &rows)?;
    output.line(format!("{} would be removed. Nothing is: this is a dry run.", plan.removals().count()))?;
    Ok(ExitCode::Done)
}

fn as_json(verdict: &Verdict) -> Value {
    let Verdict { id, reason, .. } = verdict;
    json!({ "id": id.as_str(), "fate": reason.fate().to_string(), "reason": reason.to_string() })
}
