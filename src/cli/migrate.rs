//! `migrate`: takes over from an older tool, or gives back.

use std::path::PathBuf;

use ::log::info;
use clap::Args;
use serde_json::json;

use super::Trouble;
use super::approval::Approval;
use super::output::{Output, printable};
use super::session::{Records, Session};
use crate::migrate::{MigrationPlan, OwnFile};
use crate::workflow::{
    ExitCode, MigrateError, MigrationJob, Moment, STEP, migrate, migration_plan, past_migrations, undo_migration,
};

/// Options of `migrate`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
#[derive(Args, Clone, Debug)]
pub(super) struct MigrateArgs {
    /// Directory of the older tool [default: the one of /opt/proxmox-backup and /opt/proxsave that is there]
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Show what would be done; change nothing
    #[arg(short = 'n', long, visible_alias = "dry-run", conflicts_with = "yes")]
    plan: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Leave our own configuration as it is
    #[arg(long)]
    keep_config: bool,
    /// Take the migration back, even one that was killed in the middle
    #[arg(long, conflicts_with_all = ["from", "plan", "keep_config"])]
    undo: bool,
}

/// `proxmox-backup migrate`.
pub(super) fn run(session: &Session, arguments: &MigrateArgs, output: &mut Output) -> Result<ExitCode, Trouble> {
    let records = session.records_without_settings()?;
    if arguments.undo {
        return take_back(&records, arguments.yes, output);
    }
    let Records { system, state_dir, lock } = &records;
    let own_file = if arguments.keep_config { OwnFile::Stays } else { OwnFile::IsReplaced };
    let job = MigrationJob { system, state_dir, lock, from: arguments.from.as_deref(), own_file };
    let plan = migration_plan(&job)?;
    let has_work = !plan.steps.is_empty() && plan.refused.is_empty();
    let approval = if arguments.plan || !has_work { None } else { Approval::seek(arguments.yes, output).ok() };
    if output.is_json() && approval.is_none() {
        output.object(&json!({ "migrated": false, "plan": &plan }))?;
    }
    show(&plan, output)?;
    if !plan.refused.is_empty() {
        return Err(MigrateError::Refused(plan.refused).into());
    }
    let Some(mut approval) = approval else {
        if has_work && !arguments.plan {
            info!("Nothing was done: there is nobody to ask; --yes carries the plan out");
        }
        return Ok(ExitCode::Done);
    };
    if let Some(code) = approval.refused("MIGRATE", "take over", "done", output)? {
        return Ok(code);
    }
    let id = migrate(&job, &plan, &mut narrate)?;
    if output.is_json() {
        output.object(&json!({ "migrated": true, "id": id, "plan": &plan }))?;
    }
    output.remark(
        "Done. `proxmox-backup migrate --undo` takes it back; `proxmox-backup check` tries out what there is now.",
    )?;
    Ok(ExitCode::Done)
}

fn narrate(moment: Moment, what: &str) {
    if moment == Moment::Written {
        info!(target: STEP, "{}", printable(what));
    }
}

fn show(plan: &MigrationPlan, output: &mut Output) -> Result<(), Trouble> {
    let MigrationPlan { tool, base, steps, stays, by_hand, left_out, .. } = plan;
    output.remark(format!("Taking over from {tool} in {}", printable(&base.display().to_string())))?;
    if steps.is_empty() {
        output.remark("There is nothing to do.")?;
    } else {
        output.remark("\nChanges:")?;
    }
    for (number, step) in (1..).zip(steps) {
        output.remark(format!("{number:>3}. {}", printable(&step.change.to_string())))?;
        output.remark(format!("     {}", printable(&step.reason)))?;
    }
    let left_out: Vec<String> = left_out.iter().map(|left| format!("{}: {}", left.key, left.why)).collect();
    // Where the configuration is not written there are no comments in it.
    let left_out = if steps.is_empty() { &[][..] } else { &left_out };
    for (title, lines) in
        [("As it is:", &stays[..]), ("Keys without a line of their own:", left_out), ("By hand:", by_hand)]
    {
        if !lines.is_empty() {
            output.remark(format!("\n{title}"))?;
        }
        lines.iter().try_for_each(|line| output.remark(format!("  - {}", printable(line))))?;
    }
    output.remark("")
}

/// `migrate --undo`.
fn take_back(records: &Records, yes: bool, output: &mut Output) -> Result<ExitCode, Trouble> {
    let Records { system, state_dir, lock } = records;
    let mut approval = Approval::seek(yes, output)?;
    let past = past_migrations(state_dir)?;
    if past.is_empty() {
        return Err(MigrateError::NoMigration(state_dir.clone()).into());
    }
    for one in &past {
        let whole = if one.is_whole { "" } else { ", stopped in the middle" };
        let from = printable(&one.from.display().to_string());
        output.remark(format!("Migration {} from {from}{whole}", printable(&one.id)))?;
    }
    if let Some(code) = approval.refused("UNDO", "take it back", "done", output)? {
        return Ok(code);
    }
    let undone = undo_migration(system, state_dir, lock, &mut narrate)?;
    if output.is_json() {
        output.object(&json!({ "undone": undone }))?;
    }
    output.remark("Everything is as it was before the migration.")?;
    Ok(ExitCode::Done)
}
