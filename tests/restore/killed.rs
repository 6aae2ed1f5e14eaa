//! `kill -9` at each line of the journal, then `undo`: the machine is what it was.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};

use super::{STATE, everything, host, restored, saved, system, taken_back};
use crate::scene::{Scene, differences, door_of};

const CHILD: &str = "restore::killed::child_that_restores";

/// Runs the restore in a process of its own; `kill` names the call of which sync of the journal is
/// its last.
fn child(scene: &Scene, backup: &Path, kill: Option<usize>) -> ExitStatus {
    // Only this process is watched, not the services that it starts.
    let mut command = Command::new("strace");
    command.args(["-qq", "-o", "/dev/null", "-e", "trace=fdatasync"]);
    if let Some(number) = kill {
        command.arg("-e").arg(format!("inject=fdatasync:signal=SIGKILL:when={number}"));
    }
    command.arg(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", CHILD, "--test-threads=1", "--nocapture"]);
    command.env("SCENE", scene.path("")).env("BACKUP", backup);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).status().unwrap()
}

fn journal(scene: &Scene) -> String {
    let records = crate::sample::files_in(&scene.on_host(STATE).join("restore"));
    std::fs::read_to_string(records.last().unwrap().join("journal")).unwrap_or_default()
}

#[test]
#[ignore = "the child process of the tests below"]
fn child_that_restores() {
    let Some(scene) = std::env::var_os("SCENE") else { return };
    let backup = std::env::var_os("BACKUP").unwrap();
    let system = system(door_of(Path::new(&scene)));
    restored(&system, Path::new(&backup), &everything()).unwrap();
}

#[test]
fn killed_at_each_line_of_its_journal_and_undone_a_restore_leaves_nothing() {
    let Some(whole) = Scene::pve_standalone() else { return };
    let (_sample, backup) = saved("pve-8-single");
    assert!(child(&whole, &backup, None).success());
    let lines = journal(&whole).lines().count();
    assert!(lines > 50, "{lines}");
    drop(whole);

    for number in 1..=lines {
        let scene = Scene::pve_standalone().unwrap();
        let before = host(&scene);

        let status = child(&scene, &backup, Some(number));

        assert_eq!(status.signal(), Some(9), "line {number}: {status:?}");
        let system = system(scene.door());
        let last = journal(&scene).lines().last().unwrap_or_default().to_owned();
        match taken_back(&system) {
            Ok(undone) => assert_eq!(undone.issues, [], "line {number}, after {last}"),
            Err(failure) => assert!(failure.to_string().contains("no such restore"), "line {number}: {failure}"),
        }
        assert_eq!(differences(&before, &host(&scene)), Vec::<String>::new(), "line {number}, after {last}");
        assert_eq!(scene.timers(), Vec::<String>::new(), "line {number}");
    }
}
