//! `--if-changed`: no backup where the newest one already says everything.

use std::path::PathBuf;
use std::sync::Arc;

use log::{debug, info};
use serde::{Deserialize, Serialize};

use super::gather::io_limit;
use super::{Addressees, BackupJob, Failure};
use crate::collect::{Found, Limits, start};
use crate::diff::{Choice, Content, Fingerprint};
use crate::plan::BackupPlan;
use crate::report::RunReport;
use crate::system::{Root, Workspace, create_private_dir, remove_file, write_atomically};

/// In the state directory, which may see several hosts' disks.
fn file(job: &BackupJob<'_>, host: &str) -> PathBuf {
    job.state_dir.join(format!("fingerprint-{host}.json"))
}

/// What the newest whole backup was made of.
#[derive(Serialize, Deserialize)]
struct Known {
    fingerprint: String,
    backup_id: String,
    path: PathBuf,
}

/// A fingerprint that takes what `diff` compares.
pub(super) fn blank(job: &BackupJob<'_>) -> Fingerprint {
    Fingerprint::new(Choice::new(Content::Compared, false, &job.config.collect.moved))
}

/// Ends a run that is only wanted where something has changed, and nothing has.
pub(super) fn ensure_changed(
    job: &BackupJob<'_>,
    (host, plan): (&str, &BackupPlan),
    to: Option<&Addressees>,
    workspace: &Arc<Workspace>,
) -> Result<(), Failure> {
    if !job.only_if_changed {
        return Ok(());
    }
    match unchanged_since(job, (host, plan), to, workspace) {
        Some(newest) => Err(Failure::Unchanged(newest)),
        None => Ok(job.system.cancel.check()?),
    }
}

/// The backup that already holds what a run would collect now; it still lies there. Whatever cannot
/// be read or told counts as changed.
fn unchanged_since(
    job: &BackupJob<'_>,
    (host, plan): (&str, &BackupPlan),
    to: Option<&Addressees>,
    workspace: &Arc<Workspace>,
) -> Option<String> {
    let text = Root::live().ok()?.read_text(file(job, host)).ok()?;
    let known: Known = serde_json::from_str(&text).ok()?;
    if !Root::live().ok()?.exists(&known.path) {
        info!("{} is gone: a new backup is made", known.backup_id);
        return None;
    }
    let mut files = plan.clone();
    files.commands.clear();
    let limits = Limits { io: io_limit(job.config.local.io_limit), workers: 1 };
    let mut print = blank(job);
    for found in start(&Arc::new(files), &job.system, workspace, limits) {
        match found.ok()? {
            Found::Entry(entry) => {
                let path = entry.path.clone();
                if let Err(cause) = print.read(entry) {
                    debug!("{}: {cause}", path.display());
                    return None;
                }
            }
            Found::Issue(issue) => print.miss(&issue),
            Found::Skipped { .. } | Found::Absent(_) => {}
        }
    }
    (finish(print, plan, to) == known.fingerprint).then_some(known.backup_id)
}

/// Keeps the fingerprint of a backup that lies on every tier; of another none is kept, so that the
/// next run makes a new one.
pub(super) fn remember(
    job: &BackupJob<'_>,
    print: Fingerprint,
    plan: &BackupPlan,
    to: Option<&Addressees>,
    report: &RunReport,
) {
    let file = file(job, &report.host.name);
    let is_everywhere = report.tiers.iter().all(|tier| tier.copy.is_ok());
    let Some(archive) = report.archive.as_ref().filter(|_| is_everywhere) else {
        let _ = remove_file(&file);
        return;
    };
    let fingerprint = finish(print, plan, to);
    let known = Known { fingerprint, backup_id: archive.id.clone(), path: PathBuf::from(&archive.path) };
    let bytes = serde_json::to_vec_pretty(&known).unwrap_or_default();
    let written = create_private_dir(job.state_dir).and_then(|()| write_atomically(&file, &bytes));
    // Without it the next run makes a backup that was not needed; nothing is lost.
    if let Err(error) = written {
        debug!("{error}");
    }
}

/// Another version, host, plan or recipient makes another backup of the same files.
fn finish(print: Fingerprint, plan: &BackupPlan, to: Option<&Addressees>) -> String {
    let recipients = to.map_or_else(Vec::new, |to| to.recipients.texts());
    let mut circumstances = vec![env!("CARGO_PKG_VERSION")];
    circumstances.extend(plan.recipes.iter().copied());
    circumstances.push("for");
    circumstances.extend(recipients.iter().map(String::as_str));
    print.finish(&circumstances)
}
