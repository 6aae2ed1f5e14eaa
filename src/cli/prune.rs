//! `prune`.

use serde_json::{Value, json};

use super::Trouble;
use super::output::Output;
use super::session::Session;
use crate::bundle::BackupId;
use crate::preflight::{self, Touch};
use crate::retention::{Because, Fate};
use crate::storage::Stored;
use crate::system::Clock;
use crate::units::ByteSize;
use crate::workflow::{ExitCode, Failure, prune, retention_plan};

/// `proxmox-backup prune [--dry-run]`.
pub(super) fn run(session: &Session, dry_run: bool, output: &mut Output) -> Result<ExitCode, Trouble> {
    let loaded = session.load(&[])?;
    let host = Session::host_name(&loaded.config)?;
    let now = Clock::System.now();
    if !(dry_run || loaded.config.run.is_dry_run) {
        // A run that is at work must not lose its place in the count.
        let _lock = preflight::run(&loaded.config.local, &now, Touch::Really).map_err(Failure::from)?;
        let done = prune(&loaded.config, &host, now)?;
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
    let rows: Vec<Vec<String>> =
        plan.verdicts.iter().map(|(id, fate, because)| row(id, *fate, *because, &stored, now.naive_local())).collect();
    output.table(&["BACKUP", "AGE", "SIZE", "VERIFIED", "FATE", "REASON"], &rows)?;
    output.line(format!("{} would be removed. Nothing is: this is a dry run.", plan.removals().count()))?;
    Ok(ExitCode::Done)
}

fn row(id: &BackupId, fate: Fate, because: Because, stored: &[Stored], now: chrono::NaiveDateTime) -> Vec<String> {
    let backup = stored.iter().find(|backup| backup.id == *id);
    let verified =
        backup.is_some_and(|b| b.manifest.as_ref().is_ok_and(|m| m.as_ref().is_some_and(|m| m.verified.is_some())));
    vec![
        id.to_string(),
        age(now - id.taken()),
        backup.map_or_else(String::new, |backup| ByteSize(backup.bytes).to_string()),
        if verified { "yes" } else { "not said" }.to_owned(),
        word(fate).to_owned(),
        because.to_string(),
    ]
}

fn age(span: chrono::TimeDelta) -> String {
    match (span.num_days(), span.num_hours()) {
        (_, hours) if hours < 0 => "future".to_owned(),
        (0, hours) => format!("{hours}h"),
        (days, _) => format!("{days}d"),
    }
}

fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::Keep => "keep",
        Fate::Remove => "remove",
    }
}

fn as_json((id, fate, because): &(BackupId, Fate, Because)) -> Value {
    json!({ "id": id.as_str(), "fate": word(*fate), "reason": because.to_string() })
}
