//! A decrypted copy of a backup, for a machine or a tool without the key.

use std::io;
use std::path::{Path, PathBuf};

use super::Failure;
use super::contents::Interruptible;
use super::seal_up::by_hand;
use crate::bundle::{Backup, Manifest, OpenError, decrypted_path, plain_name, reseal};
use crate::system::{Cancel, create_private_dir};

/// Writes `<name>.decrypted.bundle.tar` into `dir`, which is made if it is not there.
pub fn decrypt(backup: &Backup, dir: &Path, cancel: &Cancel) -> Result<PathBuf, Failure> {
    // Before anything is made: a missing or wrong key leaves nothing behind.
    let mut plain = Interruptible::plain(backup, cancel)?;
    cancel.meter().begin("Decrypting", Some(backup.length));
    create_private_dir(dir)?;
    let target = decrypted_path(backup, dir);
    let written = reseal(backup, &mut plain, dir, |sha256, bytes| describe(backup, sha256, bytes, &target));
    // A request to stop shows as the end of the stream; it is told apart before the copy counts.
    if let Err(cancelled) = cancel.check() {
        if written.is_ok() {
            let _ = crate::system::remove_file(&target);
        }
        return Err(cancelled.into());
    }
    written.map_err(Failure::from)
}

/// The manifest of the copy: what the origin says, but of a plain archive, and not signed.
fn describe(backup: &Backup, sha256: String, bytes: u64, target: &Path) -> Manifest {
    let origin = backup.described();
    Manifest {
        archive_path: target.with_file_name(plain_name(backup)).display().to_string(),
        archive_size: bytes,
        sha256,
        encryption_mode: "none".to_owned(),
        recipients: Vec::new(),
        restore: by_hand(target, plain_name(backup), backup.packing.codec),
        ..origin
    }
}

/// Whether a copy would say more than the backup itself.
pub fn needs_decrypting(backup: &Backup) -> Result<(), Failure> {
    if backup.packing.is_encrypted {
        return Ok(());
    }
    let cause = io::Error::other("it is not encrypted");
    Err(OpenError::File(crate::system::FileError::of("decrypt", &backup.path)(cause)).into())
}
