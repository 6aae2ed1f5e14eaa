//! What a restore of a backup would do on a machine. Reads, decides, writes nothing.

use std::collections::BTreeMap;

use log::info;

use super::contents::{Contents, describe};
use super::{Failure, STEP};
use crate::archive::printable;
use crate::bundle::{Backup, Verification, verify};
use crate::recipe::Category;
use crate::restore::{BackupFacts, RestorePlan, Selection, Source, Target, plan, read_source};
use crate::system::{Cancel, System};

/// Verifies the backup, reads both sides, decides.
pub fn restore_plan(backup: &Backup, system: &System, selection: &Selection) -> Result<RestorePlan, Failure> {
    info!(target: STEP, "Verifying {}", backup.path.display());
    let checked = whole(backup, &system.cancel)?;
    let source = read(backup, &system.cancel)?;
    info!(target: STEP, "Looking at what is here");
    let target = Target::read(system, &source);
    system.cancel.check()?;
    Ok(plan(&source, &target, selection, facts(backup, &system.cancel, checked)))
}

/// The categories that a backup holds, with the number of their paths.
pub fn categories_of(backup: &Backup, cancel: &Cancel) -> Result<Vec<(Category, usize)>, Failure> {
    Ok(read(backup, cancel)?.categories())
}

/// A damaged backup is no ground to restore from. What an older tool never wrote cannot be checked.
fn whole(backup: &Backup, cancel: &Cancel) -> Result<Verification, Failure> {
    // Its content can only be checked with a key: without one there is no plan.
    drop(backup.plain()?);
    let found = verify(backup, cancel)?;
    match found.problems.first() {
        None => Ok(found),
        Some(problem) => Err(Failure::Damaged {
            backup: backup.path.clone(),
            problem: format!("{}: {}", problem.part, printable(problem.what.as_bytes())),
        }),
    }
}

/// Everything a plan needs to know of a backup.
pub(super) fn read(backup: &Backup, cancel: &Cancel) -> Result<Source, Failure> {
    let contents = Contents::of(backup, cancel)?;
    let (_, manifest) = describe(backup, cancel);
    let lost: BTreeMap<Vec<u8>, String> = contents.lost().collect();
    let source = read_source(contents.members()?, &manifest, &lost);
    // A request to stop shows as an archive that is cut off; it is told apart here.
    cancel.check()?;
    let mut source = source?;
    let notices = contents.issues().into_iter().filter(|issue| issue.severity == crate::issue::Severity::Notice);
    source.unknown.extend(notices.map(|issue| issue.reason));
    Ok(source)
}

fn facts(backup: &Backup, cancel: &Cancel, checked: Verification) -> BackupFacts {
    let (_, manifest) = describe(backup, cancel);
    BackupFacts {
        path: backup.path.display().to_string(),
        id: backup.id.as_ref().map(ToString::to_string),
        sha256: Some(manifest.sha256).filter(|digits| !digits.is_empty()),
        created_at: manifest.created_at,
        unchecked: checked.unchecked,
    }
}
