//! Restores into scenes, for real: services stop and start, `/etc/pve` is a mounted file system,
//! everything is taken back again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proxmox_backup::bundle::Backup;
use proxmox_backup::restore::{NicMap, Pick, PveAsked, RestorePlan, Selection};
use proxmox_backup::system::{Root, Runner, System};
use proxmox_backup::workflow::{Failure, RestoreJob, Restored, Undone, restore, restore_plan, undo};

use crate::sample::Sample;
use crate::scene::{Look, Scene, differences};

mod command;
mod failures;
mod killed;
mod member;
mod pbs;
mod running;
mod network;
mod old_tools;
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
    System::new(root, runner)
}

/// Everything, with the names of network cards that fit.
pub(crate) fn everything() -> Selection {
    Selection { nic_map: NicMap::Auto, ..Selection::default() }
}

/// Only what one of these words names.
pub(crate) fn only(words: &[&str]) -> Selection {
    Selection { only: words.iter().map(|word| Pick::parse(word).unwrap()).collect(), ..Selection::default() }
}

/// The same, file by file.
pub(crate) fn by_files(words: &[&str]) -> Selection {
    Selection { pve: PveAsked::Files, ..only(words) }
}

pub(crate) fn planned(system: &System, backup: &Path, selection: &Selection) -> RestorePlan {
    restore_plan(&Backup::open(backup).unwrap(), system, selection).unwrap()
}

/// Plans and restores, as the program does after the word.
pub(crate) fn restored(system: &System, backup: &Path, selection: &Selection) -> Result<Restored, Failure> {
    let plan = restore_plan(&Backup::open(backup).unwrap(), system, selection)?;
    agreed(system, backup, selection, &plan)
}

/// Restores by a plan that was made before.
pub(crate) fn agreed(
    system: &System,
    backup: &Path,
    selection: &Selection,
    plan: &RestorePlan,
) -> Result<Restored, Failure> {
    let prefix = system.root.prefix();
    restore(&RestoreJob {
        system,
        backup: &Backup::open(backup).unwrap(),
        selection,
        plan,
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

/// Paths of the host that are not what they were.
pub(crate) fn changed(before: &BTreeMap<String, String>, scene: &Scene) -> Vec<String> {
    let lines = differences(before, &host(scene));
    lines.iter().map(|line| line.split_once(": ").unwrap().0.to_owned()).collect()
}

/// Takes the newest restore back, and demands the host as it was.
pub(crate) fn undone(before: &BTreeMap<String, String>, scene: &Scene) {
    let undone = taken_back(&system(scene.door())).unwrap();
    assert_eq!(undone.issues, []);
    assert_eq!(undone.kept_aside, Vec::<String>::new());
    assert_eq!(differences(before, &host(scene)), Vec::<String>::new());
}

/// Demands these calls in this order, whatever lies between them.
pub(crate) fn in_order(calls: &[String], wanted: &[&str]) {
    let mut rest = calls.iter();
    for call in wanted {
        assert!(rest.any(|it| it == call), "{call} is missing, or too early: {calls:#?}");
    }
}

/// `systemctl` and programs, without questions.
pub(crate) fn deeds(scene: &Scene) -> Vec<String> {
    let asks = ["is-active", "show", "is-enabled", "status"];
    let calls = scene.calls().into_iter();
    calls.filter(|call| !asks.iter().any(|word| call.split(' ').any(|it| it == *word))).collect()
}
