//! Restores a backup into a scene of the tests, in a process that can be killed: `restore_scene
//! SCENE BACKUP`, or with `--undo` instead of the backup takes it back.
#![expect(clippy::print_stderr, reason = "a program for tests, outside the product")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use proxmox_backup::bundle::Backup;
use proxmox_backup::restore::{NicMap, Selection};
use proxmox_backup::system::{Cancel, Clock, FIXED_PATH, Live, Root, Runner, System};
use proxmox_backup::workflow::{Failure, RestoreJob, restore, restore_plan, undo};

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [scene, backup] = &arguments[..] else { return ExitCode::from(2) };
    match work(scene, backup) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_code().number())
        }
    }
}

fn work(scene: &Path, backup: &Path) -> Result<(), Failure> {
    let root = Root::at(&scene.join("root"))?;
    let runner = Runner::Live(Live::with_path(&format!("{}:{FIXED_PATH}", scene.join("bin").display())));
    let system = System { root, runner, clock: Clock::System, cancel: Cancel::on_signals().unwrap_or_default() };
    let state_dir = scene.join("root/var/lib/proxmox-config-backup");
    let lock = scene.join("root/run/proxmox-config-backup/.backup.lock");
    if backup == Path::new("--undo") {
        return undo(&system, &state_dir, &lock, None).map(drop);
    }
    let backup = Backup::open(backup)?;
    let selection = Selection { nic_map: NicMap::Auto, ..Selection::default() };
    let plan = restore_plan(&backup, &system, &selection)?;
    let program = PathBuf::from("/usr/bin/proxmox-backup");
    let job = RestoreJob {
        system: &system,
        backup: &backup,
        selection: &selection,
        plan: &plan,
        state_dir: &state_dir,
        lock: &lock,
        program,
    };
    restore(&job).map(drop)
}
