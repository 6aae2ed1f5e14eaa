//! Unpacks what a restore would take into a directory: no plan, no services, nothing replaced.

use std::collections::BTreeSet;
use std::path::Path;

use super::Failure;
use super::contents::{Contents, limits};
use super::restore_plan::read;
use crate::archive::{UnpackOptions, Unpacked, unpack_members};
use crate::bundle::Backup;
use crate::restore::Selection;
use crate::system::{Cancel, create_private_dir};

/// Unpacks what is selected below `to`, which is made if it is not there.
pub fn unpack_to(backup: &Backup, selection: &Selection, to: &Path, cancel: &Cancel) -> Result<Unpacked, Failure> {
    let source = read(backup, cancel)?;
    let out: BTreeSet<&[u8]> =
        source.entries.iter().filter(|entry| !selection.takes(entry)).map(|entry| &entry.path[1..]).collect();
    let contents = Contents::of(backup, cancel)?;
    create_private_dir(to)?;
    let options = UnpackOptions { limits: limits(backup), ..UnpackOptions::default() };
    let unpacked = unpack_members(&|| contents.members(), to, &|name| !out.contains(name), options);
    // A request to stop shows as an archive that is cut off; it is told apart here.
    cancel.check()?;
    unpacked
}
