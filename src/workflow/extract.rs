//! Unpacks files of a backup into a directory, where they can be looked at and copied from.

use std::path::Path;

use super::Failure;
use super::contents::{Contents, limits};
use super::look::Members;
use crate::archive::{UnpackOptions, Unpacked, unpack_members};
use crate::bundle::Backup;
use crate::issue::Severity;
use crate::system::{Cancel, create_private_dir};

/// Unpacks what is meant below `to`, which is made if it is not there. Nothing is replaced.
pub fn extract(backup: &Backup, wanted: &Members, to: &Path, cancel: &Cancel) -> Result<Unpacked, Failure> {
    let contents = Contents::of(backup, cancel)?;
    // A missing or wrong key leaves nothing behind, no empty directory either.
    drop(backup.plain()?);
    create_private_dir(to)?;
    let options = UnpackOptions { limits: limits(backup), ..UnpackOptions::default() };
    let unpacked = unpack_members(&|| contents.members(), to, &|name| wanted.matches(name), options);
    // A request to stop shows as an archive that is cut off; it is told apart here.
    cancel.check()?;
    let mut unpacked: Unpacked = unpacked?;
    let concerns = |subject: &str| wanted.matches(subject.trim_start_matches('/').as_bytes());
    let issues = contents.issues().into_iter();
    let issues = issues.filter(|issue| issue.severity == Severity::Notice || concerns(&issue.subject));
    unpacked.issues.extend(issues);
    Ok(unpacked)
}
