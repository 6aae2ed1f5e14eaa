//! Removing backups and logs in few calls.
//!
//! A batch is two calls at most: archives and bundles first, side files then. One that is cut in
//! between leaves whole backups and side files of none, which the next run sweeps up.

use super::listing::Listing;
use super::remote::{Remote, is_plain};
use super::{Rclone, Setup};
use crate::bundle::BackupId;
use crate::storage::{Removal, StorageError, Stored, Tier};

impl Rclone {
    /// Removes backups batch by batch; the first failure ends it.
    pub(super) fn remove_backups(&self, setup: &Setup, backups: &[&Stored]) -> Removal {
        let mut removal = Removal::default();
        let (ours, foreign): (Vec<&Stored>, Vec<&Stored>) = backups.iter().copied().partition(|stored| is_ours(stored));
        for stored in foreign {
            let why = "is no backup of this tier".to_owned();
            let error = StorageError::Unusable { path: stored.path.display().to_string(), why };
            removal.failed.push((stored.id.clone(), error));
        }
        let mut rest = &ours[..];
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(rest.len().min(self.settings.batch_size));
            if let Err(error) = self.remove_batch(setup, batch, rest.len() < ours.len()) {
                self.settle(setup, rest, error, &mut removal);
                return removal;
            }
            removal.removed.extend(batch.iter().map(|stored| stored.id.clone()));
            rest = later;
        }
        removal
    }

    fn remove_batch(&self, setup: &Setup, batch: &[&Stored], is_later: bool) -> Result<(), StorageError> {
        if is_later {
            self.session.pause(self.settings.batch_pause)?;
        }
        let archives: Vec<&str> = batch.iter().filter_map(|stored| stored.files.first()).map(String::as_str).collect();
        let sides: Vec<&str> =
            batch.iter().flat_map(|stored| stored.files.iter().skip(1)).map(String::as_str).collect();
        self.delete(setup, &setup.backups, &archives)?;
        if sides.is_empty() { Ok(()) } else { self.delete(setup, &setup.backups, &sides) }
    }

    /// Some may be gone although the call failed: a listing tells.
    fn settle(&self, setup: &Setup, rest: &[&Stored], error: StorageError, removal: &mut Removal) {
        let listing = match &error {
            StorageError::Cancelled(_) | StorageError::TimedOut { .. } => None,
            _ => self.listing(setup, &setup.backups).ok(),
        };
        let is_left =
            |stored: &Stored| listing.as_ref().is_none_or(|listing| stored.files.iter().any(|file| listing.has(file)));
        let words = error.to_string();
        let cancelled = if let StorageError::Cancelled(cancelled) = &error { Some(*cancelled) } else { None };
        let mut first = Some(error);
        for stored in rest {
            if !is_left(stored) {
                removal.removed.push(stored.id.clone());
                continue;
            }
            let again = cancelled.map_or_else(
                || StorageError::Unusable { path: stored.path.display().to_string(), why: words.clone() },
                StorageError::Cancelled,
            );
            removal.failed.push((stored.id.clone(), first.take().unwrap_or(again)));
        }
    }

    /// Removes files by name; a directory that is not there holds none of them.
    pub(super) fn delete(&self, setup: &Setup, dir: &Remote, names: &[&str]) -> Result<(), StorageError> {
        match self.session.ask(&setup.commands, &setup.commands.delete(dir, names)) {
            Err(error) if super::is_absent(&error) => Ok(()),
            result => result.map(drop),
        }
    }

    /// Removes logs in batches; gives how many went.
    pub(super) fn remove_logs(
        &self,
        setup: &Setup,
        host: &str,
        removed: &[BackupId],
        keep: u32,
    ) -> Result<usize, StorageError> {
        let Some(dir) = &setup.logs else { return Ok(0) };
        let listing: Listing = self.listing(setup, dir)?;
        let names = listing.logs_to_remove(host, removed, keep);
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        for (number, batch) in all.chunks(self.settings.batch_size).enumerate() {
            if number > 0 {
                self.session.pause(self.settings.batch_pause)?;
            }
            self.delete(setup, dir, batch)?;
        }
        Ok(names.len())
    }
}

/// Of this tier, with names that are no more than names.
fn is_ours(stored: &Stored) -> bool {
    stored.tier == Tier::Cloud && !stored.files.is_empty() && stored.files.iter().all(|file| is_plain(file))
}
