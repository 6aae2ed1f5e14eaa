//! Restores a backup into a scene of the tests, in a process that can be killed: `restore_scene
//! SCENE BACKUP`, or with `--undo` instead of the backup takes it back. `restore confirm` and
//! `restore timeout ID` are the program's own words; a file `SCENE/program` is what its timer runs.
#![expect(clippy::print_stderr, reason = "a program for tests, outside the product")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use proxmox_backup::bundle::Backup;
use proxmox_backup::issue::Issue;
use proxmox_backup::restore::{NicMap, Selection};
use proxmox_backup::system::{Cancel, FIXED_PATH, Live, Root, Runner, System, is_there};
use proxmox_backup::workflow::{
    ExitCode as Code, Failure, RestoreJob, expire_network, keep_network, restore, restore_plan, undo,
};

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [scene, words @ ..] = &arguments[..] else { return ExitCode::from(Code::Usage.number()) };
    match work(scene, words) {
        Ok(code) => ExitCode::from(code.number()),
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_code().number())
        }
    }
}

fn work(scene: &Path, words: &[PathBuf]) -> Result<Code, Failure> {
    let root = Root::at(&scene.join("root"))?;
    let runner = Runner::Live(Live::with_path(&format!("{}:{FIXED_PATH}", scene.join("bin").display())));
    let system = System { cancel: Cancel::on_signals().unwrap_or_default(), ..System::new(root, runner) };
    let state_dir = scene.join("root/var/lib/proxmox-config-backup");
    let lock = scene.join("root/run/proxmox-config-backup/.backup.lock");
    let texts: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    let issues = match texts[..] {
        ["--undo"] => undo(&system, &state_dir, &lock, None)?.issues,
        ["restore", "confirm"] => keep_network(&system, &state_dir, None).map(|_| Vec::new())?,
        ["restore", "timeout", id] => expire_network(&system, &state_dir, id).map(|()| Vec::new())?,
        [backup] => restored(&system, Path::new(backup), scene, &state_dir, &lock)?,
        _ => return Ok(Code::Usage),
    };
    for issue in &issues {
        eprintln!("{}: {}", issue.subject, issue.reason);
    }
    Ok(if issues.is_empty() { Code::Done } else { Code::Warnings })
}

fn restored(
    system: &System,
    backup: &Path,
    scene: &Path,
    state_dir: &Path,
    lock: &Path,
) -> Result<Vec<Issue>, Failure> {
    let backup = Backup::open(backup)?;
    let selection = Selection { nic_map: NicMap::Auto, ..Selection::default() };
    let plan = restore_plan(&backup, system, &selection)?;
    let own = scene.join("program");
    let program = if is_there(&own) { own } else { PathBuf::from("/usr/bin/proxmox-backup") };
    let job = RestoreJob { system, backup: &backup, selection: &selection, plan: &plan, state_dir, lock, program };
    Ok(restore(&job)?.issues)
}
