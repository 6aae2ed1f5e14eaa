//! Unpacks files of a backup into a directory, where they can be looked at and copied from.

use std::path::Path;

use super::Failure;
use super::look::{Interruptible, Members, limits};
use crate::archive::{UnpackOptions, Unpacked, unpack};
use crate::bundle::Backup;
use crate::system::{Cancel, create_private_dir};

/// Unpacks what is meant below `to`, which is made if it is not there. Nothing is replaced.
pub fn extract(backup: &Backup, wanted: &Members, to: &Path, cancel: &Cancel) -> Result<Unpacked, Failure> {
    create_private_dir(to)?;
    let open = || -> Result<Interruptible, Failure> { Interruptible::open(backup, cancel) };
    let options = UnpackOptions { limits: limits(backup), ..UnpackOptions::default() };
    let unpacked = unpack(&open, to, &|name| wanted.matches(name), options);
    // A request to stop shows as an archive that is cut off; it is told apart here.
    cancel.check()?;
    unpacked
}
