//! `restore`: shows the plan, asks, and has it carried out.

use std::path::{Path, PathBuf};

use ::log::{error, info};
use serde_json::{Value, json};

use super::Trouble;
use super::approval::{Approval, left};
use super::keys::{open_unlocked, unlock_with};
use super::output::{Output, printable};
use super::pick::{brought_here, offers};
use super::restore_args::{RestoreArgs, RestoreCommand};
use super::session::{Session, Site, absolute, cancel};
use super::{look, network, restored};
use crate::bundle::Backup;
use crate::restore::{Detail, RestorePlan, Selection, differences, explain};
use crate::system::{Afterwards, FileError, Workspace, open_file, read_at_most, write_atomically};
use crate::workflow::{
    ExitCode, Failure, RestoreJob, categories_of, pick_backup, pick_selection, restore, restore_plan, tell, unpack_to,
};

/// A plan has a line or two for each path of a backup.
const MOST_PLAN: usize = 512 << 20;
/// Differences from a saved plan that are named.
const MOST_DIFFERENCES: usize = 5;

/// What a plan is made of, and what it must be.
struct Errand<'a> {
    session: &'a Session,
    site: &'a Site,
    backup: &'a Backup,
    selection: &'a Selection,
    expect: Option<&'a Path>,
}

/// `proxmox-backup restore [ID]`.
pub(super) fn run(session: &Session, arguments: &RestoreArgs, output: &mut Output) -> Result<ExitCode, Trouble> {
    match &arguments.command {
        Some(RestoreCommand::Confirm { id }) => return network::confirm(session, id.as_deref(), output),
        Some(RestoreCommand::Timeout { id }) => return network::expire(session, id),
        None => {}
    }
    if let Some(word @ ("confirm" | "timeout")) = arguments.id.as_deref() {
        return Err(Trouble::Usage(format!("options come behind it: restore {word} [OPTIONS]")));
    }
    let selection = arguments.selection().map_err(|mistake| Trouble::Usage(mistake.to_string()))?;
    if let Some(dir) = &arguments.to {
        return unpack(session, arguments, &selection, dir, output);
    }
    let approval = if arguments.plan { None } else { Some(Approval::seek(arguments.yes, output)?) };
    if let (Some(Approval::Asked(_)), true) = (&approval, arguments.is_bare(&selection)) {
        return dialogue(session, arguments, approval, output);
    }
    let Some(backup) = open_unlocked(session, arguments.id(), &arguments.keys)? else { return Ok(left("written")) };
    let site = session.site(&[])?;
    let expect = arguments.expect.as_deref();
    let errand = Errand { session, site: &site, backup: &backup, selection: &selection, expect };
    match approval {
        None => show_plan(&errand, arguments, output),
        Some(approval) => carry_out(&errand, approval, output),
    }
}

/// `restore ID --plan`.
fn show_plan(errand: &Errand<'_>, arguments: &RestoreArgs, output: &mut Output) -> Result<ExitCode, Trouble> {
    let plan = restore_plan(errand.backup, &errand.site.system, errand.selection)?;
    if let Some(file) = &arguments.save {
        save(&plan, file)?;
    }
    if output.is_json() {
        output.object(&plan)?;
    } else {
        output.text(&text_of(&plan, errand.session))?;
        if plan.changes_anything() && !plan.is_hostile {
            output.line("\nThis is a plan. Nothing was written.")?;
        }
    }
    // Something that was asked for by name is not done, or nothing ever will be.
    let is_refused = (plan.is_hostile || arguments.names_a_way()) && !plan.refusals.is_empty();
    let is_expected = is_expected(&plan, errand.expect)?;
    Ok(if is_refused || !is_expected { ExitCode::Preflight } else { ExitCode::Done })
}

/// Private: a plan names what is secret, though it never holds it.
fn save(plan: &RestorePlan, file: &Path) -> Result<(), Trouble> {
    let path = absolute(file)?;
    let fail = |cause: serde_json::Error| FileError::of("write", &path)(std::io::Error::from(cause));
    let mut bytes = serde_json::to_vec_pretty(plan).map_err(fail).map_err(Failure::from)?;
    bytes.push(b'\n');
    write_atomically(&path, &bytes).map_err(Failure::from)?;
    info!("✓ plan saved: {}", path.display());
    Ok(())
}

fn text_of(plan: &RestorePlan, session: &Session) -> String {
    explain(plan, if session.global.verbose > 0 { Detail::Paths } else { Detail::Groups })
}

/// Asks for everything; nothing is left behind when the person leaves.
fn dialogue(
    session: &Session,
    arguments: &RestoreArgs,
    mut approval: Option<Approval>,
    output: &mut Output,
) -> Result<ExitCode, Trouble> {
    let Some(Approval::Asked(terminal)) = &mut approval else { return Ok(left("written")) };
    let cancel = cancel()?;
    let site = session.site(&[])?;
    let offers = offers(&site.tiers, "backup", |_| true)?;
    let picked = pick_backup(terminal, &offers);
    // Nobody answers after ^C.
    cancel.check()?;
    let Some(stored) = picked else { return Ok(left("written")) };
    // What lies in the cloud is here for as long as it is needed.
    let is_elsewhere = !stored.path.is_absolute();
    let place = is_elsewhere.then(|| Workspace::create(&site.run_dir, Afterwards::Remove)).transpose()?;
    let dir = place.as_ref().map_or(site.run_dir.as_path(), Workspace::path);
    let mut backup = Backup::open(&brought_here(&site.tiers, stored, dir)?).map_err(Failure::from)?;
    if !unlock_with(&mut backup, &arguments.keys)? {
        return Ok(left("written"));
    }
    let picked = pick_selection(terminal, &|| categories_of(&backup, &cancel))?;
    cancel.check()?;
    let (Some(selection), Some(approval)) = (picked, approval) else { return Ok(left("written")) };
    let errand = Errand { session, site: &site, backup: &backup, selection: &selection, expect: None };
    carry_out(&errand, approval, output)
}

/// Everything after the choice: plan, objections, question, deed, report.
fn carry_out(errand: &Errand<'_>, mut approval: Approval, output: &mut Output) -> Result<ExitCode, Trouble> {
    let Errand { session, site, backup, .. } = errand;
    let plan = restore_plan(backup, &site.system, errand.selection)?;
    if output.is_json() {
        output.json_line(&plan)?;
    } else if !output.is_quiet() || matches!(approval, Approval::Asked(_)) {
        output.text(&text_of(&plan, session))?;
        output.flush()?;
    }
    if is_refused(&plan) || !is_expected(&plan, errand.expect)? {
        return Ok(ExitCode::Preflight);
    }
    if !plan.changes_anything() {
        return nothing_to_change(&plan, output);
    }
    if let Some(code) = approval.refused("RESTORE", "write this", "written", output)? {
        return Ok(code);
    }
    let records = session.records(&site.system, &site.loaded.config.local.lock_dir);
    let program = std::env::current_exe().map_err(FileError::of("find", "this program"))?;
    let job = RestoreJob {
        system: &site.system,
        backup,
        selection: errand.selection,
        plan: &plan,
        state_dir: &records.state_dir,
        lock: &records.lock,
        program,
    };
    let done = restore(&job)?;
    tell(&done.issues);
    restored::report(&plan, &done, session, output)?;
    let is_kept = network::settle(&done, &records, &mut approval, output)?;
    Ok(if is_kept && restored::is_clean(&done.issues) { ExitCode::Done } else { ExitCode::Warnings })
}

/// What was asked for and is not done stops everything: half of a restore is none.
fn is_refused(plan: &RestorePlan) -> bool {
    for refusal in &plan.refusals {
        let [what, why, instead] = [&refusal.what, &refusal.why, &refusal.instead].map(|text| printable(text));
        error!("refused: {what}: {why} (instead: {instead})");
    }
    if !plan.refusals.is_empty() {
        error!("nothing done: leave out what is refused with --exclude, or do what stands there instead");
    }
    !plan.refusals.is_empty()
}

/// Whether the plan is the one that was agreed to elsewhere.
fn is_expected(plan: &RestorePlan, file: Option<&Path>) -> Result<bool, Trouble> {
    let Some(file) = file else { return Ok(true) };
    let path: PathBuf = absolute(file)?;
    let bytes = read_at_most(open_file(&path)?, MOST_PLAN, &path)?;
    let no_plan = |why: &str| Trouble::Usage(format!("--expect: {} is no saved plan: {why}", path.display()));
    let saved: Value = serde_json::from_slice(&bytes).map_err(|cause| no_plan(&cause.to_string()))?;
    if !saved["files"].is_array() {
        return Err(no_plan("it has no list of files"));
    }
    let found = differences(plan, &saved, MOST_DIFFERENCES).map_err(|cause| no_plan(&cause.to_string()))?;
    for difference in &found {
        error!("{difference}");
    }
    if !found.is_empty() {
        error!("nothing done: the plan is not the one in {}; look at it and save it again", path.display());
    }
    Ok(found.is_empty())
}

fn nothing_to_change(plan: &RestorePlan, output: &mut Output) -> Result<ExitCode, Trouble> {
    if output.is_json() {
        output.json_line(&json!({ "restored": false, "why": "nothing to change" }))?;
    }
    output.remark("Nothing to change: what would go back is here as it was.")?;
    let exports = plan.exports().count();
    if exports > 0 {
        output.remark(format!("{exports} paths do not go back; `restore --to DIR` unpacks them for reading."))?;
    }
    Ok(ExitCode::Done)
}

/// `restore ID --to DIR`.
fn unpack(
    session: &Session,
    arguments: &RestoreArgs,
    selection: &Selection,
    dir: &Path,
    output: &mut Output,
) -> Result<ExitCode, Trouble> {
    let Some(backup) = open_unlocked(session, arguments.id(), &arguments.keys)? else { return Ok(left("written")) };
    let to = absolute(dir)?;
    let unpacked = unpack_to(&backup, selection, &to, &cancel()?)?;
    look::report(&unpacked, &to, output)
}
