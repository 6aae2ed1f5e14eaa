//! What the dialogues of `decrypt` and `restore` offer: the backups of all tiers.

use std::path::{Path, PathBuf};

use ::log::warn;

use super::Trouble;
use super::session::absolute;
use crate::storage::{Store, Stored};
use crate::system::create_private_dir;
use crate::workflow::{Failure, Listing, Silent, Tiers, bring};

/// All that `wanted` takes, newest first, of each the copy that is nearest. `what` it would be is
/// said when there is none.
pub(super) fn offers(tiers: &Tiers, what: &str, wanted: impl Fn(&Stored) -> bool) -> Result<Vec<Stored>, Trouble> {
    let Listing { mut stored, silent } = tiers.list(|_| true)?;
    for Silent { place, error, .. } in &silent {
        warn!("{place}: {error}");
    }
    stored.retain(wanted);
    stored.dedup_by(|next, first| next.id == first.id);
    if stored.is_empty() {
        let places: Vec<String> = tiers.all().map(Store::place).collect();
        return Err(Failure::NotFound(format!("there is no {what} in {}", places.join(" or "))).into());
    }
    Ok(stored)
}

/// What lies in the cloud is copied into `place` first, which is made when it is needed.
pub(super) fn brought_here(tiers: &Tiers, stored: &Stored, place: &Path) -> Result<PathBuf, Trouble> {
    let store = tiers.get(stored.tier).filter(|_| !stored.path.is_absolute());
    let Some(store) = store else { return Ok(stored.path.clone()) };
    let place = absolute(place)?;
    create_private_dir(&place)?;
    Ok(bring(store, stored, &place, tiers.meter())?)
}
