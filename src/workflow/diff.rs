//! What differs between two backups, or between a backup and this host.

use std::collections::BTreeMap;
use std::sync::Arc;

use log::warn;

use super::contents::Contents;
use super::gather::io_limit;
use super::prepare::prepare;
use super::{BackupJob, Failure, tell};
use crate::bundle::Backup;
use crate::collect::{Limits, start};
use crate::diff::{Choice, Coverage, Difference, HostCoverage, Side, difference, read_collection, read_members};
use crate::system::{Afterwards, Cancel, Sweep, Workspace};

/// What a backup is compared with.
pub enum Against<'a> {
    /// Another backup.
    Backup(&'a Backup),
    /// The machine of this job, as a backup would collect it now, without commands.
    Host(&'a BackupJob<'a>),
}

/// Compares: what `right` has and `left` has not is added.
pub fn diff(left: &Backup, right: &Against<'_>, choice: &Choice, cancel: &Cancel) -> Result<Difference, Failure> {
    let left = side_of_backup(left, choice, cancel)?;
    let right = match right {
        Against::Backup(backup) => side_of_backup(backup, choice, cancel)?,
        Against::Host(job) => side_of_host(job, choice)?,
    };
    Ok(difference(left, right, choice))
}

fn side_of_backup(backup: &Backup, choice: &Choice, cancel: &Cancel) -> Result<Side, Failure> {
    let contents = Contents::of(backup, cancel)?;
    let read = read_members(contents.members()?, choice);
    // A request to stop shows as an archive that is cut off; it is told apart here.
    cancel.check()?;
    let (mut facts, index) = read?;
    tell(&contents.issues());
    contents.lost().for_each(|(path, _)| facts.lose(&path));
    let coverage = match index.map(|bytes| Coverage::of_index(&bytes, &mut facts)) {
        Some(Ok(coverage)) => coverage,
        unknown => {
            if let Some(Err(cause)) = unknown {
                warn!("{}: its index cannot be read: {cause}", backup.path.display());
            }
            Coverage::guess(&facts, contents.lost().collect::<BTreeMap<_, _>>())
        }
    };
    Ok(Side { facts, coverage })
}

fn side_of_host(job: &BackupJob<'_>, choice: &Choice) -> Result<Side, Failure> {
    let workspace = Arc::new(Workspace::create(job.run_dir, Afterwards::Remove)?);
    let _sweep = Sweep(Arc::clone(&workspace));
    let mut plan = prepare(job)?.plan;
    plan.commands.clear();
    let plan = Arc::new(plan);
    let limits = Limits { io: io_limit(job.config.local.io_limit), workers: 1 };
    let (facts, issues) = read_collection(start(&plan, &job.system, &workspace, limits), choice)?;
    tell(&issues);
    let coverage = Coverage::Host(HostCoverage::new(&job.system, &plan.left_out, issues));
    Ok(Side { facts, coverage })
}
