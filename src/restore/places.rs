//! Places where something must be mounted before anything is written: the datastores of a backup
//! server and the storages of Proxmox VE. Without the mount a restore would fill the disk below, and
//! what is mounted later would hide it.

use std::path::{Path, PathBuf};

use super::decide::{Context, Decision};
use super::live::as_path;
use super::pbs::{self, StoreState};
use super::source::{Archived, Source};
use super::target::Target;
use crate::host::storage_mounts;

const STORAGES: &str = "/etc/pve/storage.cfg";

/// A place where nothing is mounted, and what it is in words.
pub(super) type Unmounted = (PathBuf, String);

/// All of them, by the files of the backup and by those here.
pub(super) fn unmounted(source: &Source, target: &Target) -> Vec<Unmounted> {
    let is_of_use =
        |path: &Path| matches!(target.stores.get(path), Some(StoreState::ChunkStore | StoreState::MountedEmpty));
    let stores = pbs::stores(source).into_iter().filter(|store| !is_of_use(&store.path));
    let stores = stores.map(|store| (store.path, format!("the datastore {}", store.name)));
    let texts = [source.text(STORAGES), target.text(STORAGES)];
    let storages = texts.iter().flatten().flat_map(|text| storage_mounts(text));
    let is_mounted = |point: &Path| target.mounts.iter().any(|it| it.point == point && it.kind != "autofs");
    let storages = storages.filter(|storage| !is_mounted(&storage.point));
    stores.chain(storages.map(|it| (it.point, format!("the storage {}", it.storage)))).collect()
}

/// The rule of what lies in one of them.
pub(super) fn rule(entry: &Archived, context: &Context<'_>) -> Option<Decision> {
    let path = as_path(&entry.path);
    let (place, what) = context.unmounted.iter().find(|(place, _)| path.starts_with(place))?;
    let place = place.display();
    Some(Decision::export(format!("it belongs into {what}, and nothing is mounted at {place}: mount it first")))
}
