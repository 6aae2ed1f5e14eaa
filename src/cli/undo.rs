//! `undo`: takes a restore back, lists those that were done, forgets one.

use chrono::{DateTime, Local};
use clap::Args;
use serde_json::json;

use super::Trouble;
use super::approval::{Approval, left};
use super::output::{Output, printable};
use super::restored::is_clean;
use super::session::{Records, Session};
use crate::workflow::{ExitCode, Failure, PastRestore, Undone, forget, past_restore, past_restores, tell, undo};

/// Options of `undo`.
#[derive(Args, Clone, Debug)]
pub(super) struct UndoArgs {
    /// Which restore, from `undo --list` [default: the newest that is not undone]
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// List the restores that were done on this machine
    #[arg(long, conflicts_with_all = ["id", "yes", "forget"])]
    list: bool,
    /// Remove what is kept of this restore; it cannot be undone any more
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    forget: Option<String>,
}

impl UndoArgs {
    /// Whether it is about more than looking.
    pub(super) fn changes_something(&self) -> bool {
        !self.list
    }
}

/// `proxmox-backup undo [ID]`.
pub(super) fn run(session: &Session, arguments: &UndoArgs, output: &mut Output) -> Result<ExitCode, Trouble> {
    if arguments.list {
        return list(&session.records_at_hand()?, output);
    }
    let approval = Approval::seek(arguments.yes, output)?;
    let records = session.records_at_hand()?;
    match &arguments.forget {
        Some(id) => remove(&records, id, approval, output),
        None => take_back(&records, arguments.id.as_deref(), approval, output),
    }
}

fn list(records: &Records, output: &mut Output) -> Result<ExitCode, Trouble> {
    let all = past_restores(&records.state_dir)?;
    if output.is_json() {
        let restores: Vec<_> = all.iter().map(as_json).collect();
        output.object(&json!({ "restores": restores }))?;
    } else if all.is_empty() {
        output.line(format!("No restore is written down in {}.", records.state_dir.display()))?;
    } else {
        let rows: Vec<Vec<String>> = all.iter().map(row).collect();
        output.table(&["ID", "BEGAN", "BACKUP", "STATE"], &rows)?;
    }
    Ok(ExitCode::Done)
}

fn as_json(past: &PastRestore) -> serde_json::Value {
    json!({
        "id": past.record.id(),
        "began_at": past.began_at,
        "backup": past.backup,
        "state": past.state(),
        "may_be_undone": past.may_be_undone(),
        "directory": past.record.dir(),
    })
}

fn row(past: &PastRestore) -> Vec<String> {
    let began = DateTime::parse_from_rfc3339(&past.began_at)
        .map_or_else(|_| past.began_at.clone(), |at| at.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string());
    let backup = past.backup.rsplit('/').next().unwrap_or_default();
    let cells = [past.record.id(), &began, backup, past.state()];
    cells.iter().map(|cell| printable(if cell.is_empty() { "?" } else { cell })).collect()
}

fn describe(past: &PastRestore) -> String {
    let [id, began, backup, state] = row(past).try_into().unwrap_or_default();
    format!("Restore {id} of {began} from {backup}: {state}")
}

fn take_back(
    records: &Records,
    id: Option<&str>,
    mut approval: Approval,
    output: &mut Output,
) -> Result<ExitCode, Trouble> {
    let Records { system, state_dir, lock } = records;
    let Some(past) = past_restore(state_dir, id)? else {
        let nothing = format!("there is no restore to undo in {}", state_dir.display());
        return Err(Failure::NoRestore(nothing).into());
    };
    output.remark(describe(&past))?;
    if !past.may_be_undone() {
        if output.is_json() {
            output.object(&json!({ "undone": false, "why": past.state(), "record": past.record.id() }))?;
        }
        output.remark("There is nothing to take back.")?;
        return Ok(ExitCode::Done);
    }
    if let Some(code) = approval.refused("UNDO", "take it back", "done", output)? {
        return Ok(code);
    }
    let done = undo(system, state_dir, lock, Some(past.record.id()))?;
    tell(&done.issues);
    report(&done, output)?;
    Ok(if is_clean(&done.issues) { ExitCode::Done } else { ExitCode::Warnings })
}

fn report(done: &Undone, output: &mut Output) -> Result<(), Trouble> {
    let Undone { record, kept_aside, issues } = done;
    if output.is_json() {
        return output.object(&json!({
            "undone": true,
            "record": record.id(),
            "kept_aside": kept_aside,
            "issues": issues,
        }));
    }
    output.remark(format!("The restore {} is undone.", record.id()))?;
    if !kept_aside.is_empty() {
        output.remark(format!("Changed since the restore, and kept below {}:", record.dir().display()))?;
    }
    kept_aside.iter().try_for_each(|line| output.remark(format!("  - {}", printable(line))))
}

/// `undo --forget ID`.
fn remove(records: &Records, id: &str, mut approval: Approval, output: &mut Output) -> Result<ExitCode, Trouble> {
    let Some(past) = past_restore(&records.state_dir, Some(id))? else { return Ok(left("done")) };
    output.remark(describe(&past))?;
    if let Some(code) = approval.refused("FORGET", "remove what is kept of it, for good", "done", output)? {
        return Ok(code);
    }
    forget(&records.system, past, &records.lock)?;
    if output.is_json() {
        output.object(&json!({ "forgotten": id }))?;
    }
    output.remark(format!("The restore {} is forgotten.", printable(id)))?;
    Ok(ExitCode::Done)
}
