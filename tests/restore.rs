//! Restores into scenes, for real: services stop and start, `/etc/pve` is a mounted file system,
//! everything is taken back again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proxmox_backup::bundle::Backup;
use proxmox_backup::restore::{NicMap, Selection};
use proxmox_backup::system::{Cancel, Clock, Root, Runner, System};
use proxmox_backup::workflow::{Failure, RestoreJob, Restored, Undone, restore, restore_plan, undo};

use crate::sample::Sample;
use crate::scene::{Look, Scene};

mod killed;
mod whole_node;

/// Where records of restores lie on the host.
pub(crate) const STATE: &str = "var/lib/proxmox-config-backup";

const LOCK: &str = "run/proxmox-config-backup/.backup.lock";

/// A backup of a sample host, made by its recorded commands.
pub(crate) fn saved(name: &str) -> (Sample, PathBuf) {
    let sample = Sample::host(name);
    sample.backup_recorded().unwrap();
    let backup = sample.newest();
    (sample, backup)
}

/// The door of a scene as the program would have it.
pub(crate) fn system((root, runner): (Root, Runner)) -> System {
    System { root, runner, clock: Clock::System, cancel: Cancel::default() }
}

/// Everything, with the names of network cards that fit.
pub(crate) fn everything() -> Selection {
    Selection { nic_map: NicMap::Auto, ..Selection::default() }
}

/// Plans and restores, as the program does after the word.
pub(crate) fn restored(system: &System, backup: &Path, selection: &Selection) -> Result<Restored, Failure> {
    let backup = Backup::open(backup).unwrap();
    let plan = restore_plan(&backup, system, selection)?;
    let prefix = system.root.prefix();
    restore(&RestoreJob {
        system,
        backup: &backup,
        selection,
        plan: &plan,
        state_dir: &prefix.join(STATE),
        lock: &prefix.join(LOCK),
        program: PathBuf::from("/usr/bin/proxmox-backup"),
    })
}

pub(crate) fn taken_back(system: &System) -> Result<Undone, Failure> {
    let prefix = system.root.prefix();
    undo(system, &prefix.join(STATE), &prefix.join(LOCK), None)
}

/// The host without our own record of what was done to it.
pub(crate) fn host(scene: &Scene) -> BTreeMap<String, String> {
    let mut tree = scene.tree(Look::Lasting);
    // The directories are ours as well, and the ones above them may have been missing.
    tree.retain(|path, _| !path.starts_with(STATE) && !path.starts_with("run/proxmox-config-backup") && path != "run");
    tree
}

/// `systemctl` and programs, without questions.
pub(crate) fn deeds(scene: &Scene) -> Vec<String> {
    let asks = ["is-active", "show", "is-enabled", "status"];
    let calls = scene.calls().into_iter();
    calls.filter(|call| !asks.iter().any(|word| call.split(' ').any(|it| it == *word))).collect()
}
