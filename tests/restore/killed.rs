//! `kill -9` at each line of the journal, then `undo`: the machine is what it was.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use super::{STATE, host, saved, system, taken_back};
use crate::scene::{Scene, differences};

/// The program that restores, as `cargo test` builds it beside the tests.
pub(super) fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let built = tests.ancestors().nth(2).unwrap().join("examples/restore_scene");
    assert!(built.exists(), "{} is missing: cargo build --example restore_scene", built.display());
    built
}

/// Runs it; the `number`-th call of this kind is its last.
fn killed_at(call: &str, number: usize, scene: &Scene, what: &Path) -> ExitStatus {
    // Only this process is watched, not the services that it starts.
    let mut command = Command::new("strace");
    command.args(["-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
    command.arg("-e").arg(format!("inject={call}:signal=SIGKILL:when={number}"));
    command.arg(program()).arg(scene.path("")).arg(what);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap()
}

fn whole(scene: &Scene, what: &Path) {
    let output = Command::new(program()).arg(scene.path("")).arg(what).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn journal(scene: &Scene) -> String {
    let records = crate::sample::files_in(&scene.on_host(STATE).join("restore"));
    std::fs::read_to_string(records.last().unwrap().join("journal")).unwrap_or_default()
}

#[test]
fn killed_at_each_line_of_its_journal_and_undone_a_restore_leaves_nothing() {
    let Some(first) = Scene::pve_standalone() else { return };
    let (_sample, backup) = saved("pve-8-single");
    whole(&first, &backup);
    let lines = journal(&first).lines().count();
    assert!(lines > 50, "{lines}");
    drop(first);

    let next = std::sync::atomic::AtomicUsize::new(1);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if number > lines {
                        return;
                    }
                    killed_and_undone(number, &backup);
                }
            });
        }
    });
}

fn killed_and_undone(number: usize, backup: &Path) {
    let scene = Scene::pve_standalone().unwrap();
    let before = host(&scene);

    let status = killed_at("fdatasync", number, &scene, backup);

    assert_eq!(status.signal(), Some(9), "line {number}: {status:?}");
    let last = journal(&scene).lines().last().unwrap_or_default().to_owned();
    match taken_back(&system(scene.door())) {
        Ok(undone) => assert_eq!(undone.issues, [], "line {number}, after {last}"),
        Err(failure) => assert!(failure.to_string().contains("no restore to take back"), "line {number}: {failure}"),
    }
    assert_eq!(differences(&before, &host(&scene)), Vec::<String>::new(), "line {number}, after {last}");
    assert_eq!(scene.timers(), Vec::<String>::new(), "line {number}");
}

/// Renames put files in place: between two of them a restore is half done, and an undo as well.
#[test]
fn killed_between_files_and_killed_again_while_it_is_undone() {
    if Scene::pve_standalone().is_none() {
        return;
    }
    let (_sample, backup) = saved("pve-8-single");
    for number in [3, 17, 40, 75] {
        let scene = Scene::pve_standalone().unwrap();
        let before = host(&scene);
        assert_eq!(killed_at("renameat", number, &scene, &backup).signal(), Some(9), "rename {number}");
        let again = killed_at("renameat", number / 2 + 1, &scene, Path::new("--undo"));
        assert!(again.signal() == Some(9) || again.success(), "undo after rename {number}: {again:?}");

        if again.signal() == Some(9) {
            whole(&scene, Path::new("--undo"));
        }

        assert_eq!(differences(&before, &host(&scene)), Vec::<String>::new(), "rename {number}");
    }
}
