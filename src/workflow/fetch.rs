//! A backup comes back from a tier, to where every command can read it.

use std::path::{Path, PathBuf};

use log::info;

use super::{Failure, Tiers, choose, tell};
use crate::issue::{Issue, Stage};
use crate::storage::Tier;

/// Copies the backup `wanted` names into `into`, or to the local tier. `from` names the tier; without
/// it the others are asked in their order. Gives its bundle or archive.
pub fn fetch(tiers: &Tiers, host: &str, wanted: &str, from: Option<Tier>, into: &Path) -> Result<PathBuf, Failure> {
    let asked = |tier| from.map_or(tier != Tier::Local, |from| tier == from);
    let mut why_not = Vec::new();
    for store in tiers.all().filter(|store| asked(store.tier())) {
        let fetched = store.list().and_then(|stored| match choose(&stored, host, wanted) {
            Ok(found) => {
                info!("Copying {} from {}", found.id, store.place());
                store.fetch(found, into).map(Ok)
            }
            Err(why) => Ok(Err(why)),
        });
        match fetched {
            Ok(Ok(path)) => return Ok(path),
            Ok(Err(why)) => why_not.push(format!("{why} in {}", store.place())),
            Err(error) if from.is_some() => return Err(error.into()),
            Err(error) => {
                // The next tier may have it.
                tell(&[Issue::warning(Stage::Storage, store.place(), error.to_string())]);
                why_not.push(format!("{}: {error}", store.place()));
            }
        }
    }
    if why_not.is_empty() {
        why_not.push(match from {
            Some(tier) => format!("{tier} is not configured"),
            None => "neither a secondary nor a cloud tier is configured".to_owned(),
        });
    }
    Err(Failure::NotFound(why_not.join("; ")))
}
