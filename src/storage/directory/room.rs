//! Is there room: for this backup, and as much as is asked for.

use std::path::{Path, PathBuf};

use super::super::{StorageError, Tier};
use super::copy::unusable;
use crate::issue::{Issue, Stage};
use crate::system::{Root, free_space, nearest_existing};
use crate::units::ByteSize;

/// Fails before the first byte is written: a disk that is filled to the brim hurts others too.
pub(super) fn check_for(files: &[PathBuf], sizes: &[u64], dir: &Path) -> Result<(), StorageError> {
    let root = Root::live()?;
    let is_missing = |file: &PathBuf| file.file_name().is_some_and(|name| !root.exists(dir.join(name)));
    let needed = files.iter().zip(sizes).filter(|(file, _)| is_missing(file)).map(|(_, size)| size).sum();
    let space = free_space(dir)?;
    // Some network file systems do not know their size.
    if space.total.0 > 0 && space.free.0 < needed {
        let why = format!("no space for the backup: {} needed, {} free", ByteSize(needed), space.free);
        return Err(unusable(dir, why));
    }
    Ok(())
}

/// Less free than the settings ask for; `dir` need not be there yet.
pub(super) fn judge(dir: &Path, min_free: ByteSize, tier: Tier) -> Result<Option<Issue>, StorageError> {
    let space = free_space(nearest_existing(dir))?;
    if space.total.0 == 0 || space.free >= min_free {
        return Ok(None);
    }
    let why = format!("{} free, {} asks for {min_free}", space.free, min_free_key(tier));
    Ok(Some(Issue::warning(Stage::Storage, dir.display().to_string(), why)))
}

fn min_free_key(tier: Tier) -> &'static str {
    match tier {
        Tier::Local => "MIN_DISK_SPACE_PRIMARY_GB",
        Tier::Secondary => "MIN_DISK_SPACE_SECONDARY_GB",
        Tier::Cloud => "MIN_DISK_SPACE_CLOUD_GB",
    }
}
