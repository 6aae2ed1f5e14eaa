//! A backup comes back from a tier, to where every command can read it.

use std::path::{Path, PathBuf};

use log::info;

use super::find::LATEST;
use super::{Failure, Tiers, choose, tell};
use crate::issue::{Issue, Stage};
use crate::storage::{StorageError, Store, Stored, Tier, take_in};
use crate::system::{Afterwards, Meter, Workspace, remove_stale_workspaces};

/// A backup and the tier it lies on.
type Offer<'a> = (&'a dyn Store, Stored);

/// Copies the backup `wanted` names into `into`, or to the local tier. `from` names the tier; without
/// it the others are asked in their order, and for the latest all of them. Gives its bundle or archive.
pub fn fetch(tiers: &Tiers, host: &str, wanted: &str, from: Option<Tier>, into: &Path) -> Result<PathBuf, Failure> {
    let asked = |tier| from.map_or(tier != Tier::Local, |from| tier == from);
    let (mut offers, mut why_not): (Vec<Offer<'_>>, _) = (Vec::new(), Vec::new());
    for store in tiers.all().filter(|store| asked(store.tier())) {
        match store.list() {
            Ok(stored) => match choose(&stored, host, wanted) {
                Ok(found) => offers.push((store, found.clone())),
                Err(why) => why_not.push(why.in_place(&store.place())?),
            },
            Err(error) => why_not.push(pass_over(store, error.into(), from)?),
        }
        if wanted != LATEST {
            if let Some(path) = first_whole(tiers.meter(), std::mem::take(&mut offers), from, into, &mut why_not)? {
                return Ok(path);
            }
        }
    }
    // A tier may lag behind: an older one is not the latest.
    if let Some(newest) = offers.iter().map(|(_, stored)| stored.id.taken()).max() {
        offers.retain(|(_, stored)| stored.id.taken() == newest);
    }
    if let Some(path) = first_whole(tiers.meter(), offers, from, into, &mut why_not)? {
        return Ok(path);
    }
    if why_not.is_empty() {
        why_not.push(match from {
            Some(tier) => format!("{tier} is not configured"),
            None => "neither a secondary nor a cloud tier is configured".to_owned(),
        });
    }
    Err(Failure::NotFound(why_not.join("; ")))
}

/// Brings the first of these that is whole.
fn first_whole(
    meter: &Meter,
    offers: Vec<Offer<'_>>,
    from: Option<Tier>,
    into: &Path,
    why_not: &mut Vec<String>,
) -> Result<Option<PathBuf>, Failure> {
    for (store, found) in offers {
        match bring(store, &found, into, meter) {
            Ok(path) => return Ok(Some(path)),
            Err(error) => why_not.push(pass_over(store, error, from)?),
        }
    }
    Ok(None)
}

/// The next tier may have it, unless this one was asked for by name.
fn pass_over(store: &dyn Store, error: Failure, from: Option<Tier>) -> Result<String, Failure> {
    if from.is_some() || matches!(error, Failure::Storage(StorageError::Cancelled(_))) {
        return Err(error);
    }
    tell(&[Issue::warning(Stage::Storage, store.place(), error.to_string())]);
    Ok(format!("{}: {error}", store.place()))
}

/// Copies a backup from its tier. What rclone brings is what lies on the remote, whole or not: it is
/// looked into before it gets its name.
pub fn bring(store: &dyn Store, found: &Stored, into: &Path, meter: &Meter) -> Result<PathBuf, Failure> {
    info!("Copying {} from {}", found.id, store.place());
    // What a directory holds is read back here; of rclone nobody knows how far it is.
    let total = found.path.is_absolute().then(|| found.bytes.saturating_mul(2));
    meter.begin(format!("Copying from {}", store.tier().as_str()), total);
    if found.path.is_absolute() {
        return Ok(store.fetch(found, into)?);
    }
    let _ = remove_stale_workspaces(into);
    let waiting = Workspace::create(into, Afterwards::Remove)?;
    store.fetch(found, waiting.path())?;
    let files: Vec<PathBuf> = found.files.iter().map(|name| waiting.path().join(name)).collect();
    let brought = take_in(&files, into).map_err(|error| match error {
        // Nobody knows the place where it waited.
        StorageError::Unusable { path, why } if Path::new(&path).starts_with(waiting.path()) => {
            StorageError::Unusable { path: found.path.display().to_string(), why }
        }
        other => other,
    });
    Ok(brought?)
}
