//! Mounts below and above what is collected: each is read, left out or named, none stops a run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use proxmox_backup::plan::{Source, SourceKind};
use proxmox_backup::system::Root;
use proxmox_backup::units::ByteSize;

use crate::captured::{capture, capture_within, source};

/// Unmounts at the end, whatever the test said.
pub(crate) struct Mounted(pub(crate) PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Runs a mounting program; `None` where this machine cannot, which CI must not hide.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
pub(crate) fn mount(argv: &[&str], point: &Path) -> Option<Mounted> {
    let output = Command::new(argv[0]).args(&argv[1..]).arg(point).output();
    let why = match output {
        Ok(output) if output.status.success() => return Some(Mounted(point.to_owned())),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(cause) => cause.to_string(),
    };
    // A container may not mount at all; a missing program is a mistake of whoever set CI up.
    let is_missing = Command::new("bindfs").arg("--version").output().is_err();
    assert!(!is_missing || std::env::var_os("CI").is_none(), "bindfs is not installed");
    eprintln!("SKIPPED: {argv:?}: {why}");
    None
}

/// A tree with a file, and beside it another one to be mounted from.
fn trees() -> (tempfile::TempDir, PathBuf, PathBuf) {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let (tree, other) = (dir.path().join("tree"), dir.path().join("other"));
    std::fs::create_dir_all(tree.join("mnt")).unwrap();
    std::fs::create_dir(&other).unwrap();
    std::fs::write(tree.join("near"), "near").unwrap();
    std::fs::write(other.join("far"), "far").unwrap();
    for path in [dir.path(), &tree, &other] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    (dir, tree, other)
}

/// A FUSE mount that lets in only its maker's group, so not this process although it is root's.
fn mount_that_shuts_out(other: &Path, point: &Path) -> Option<Mounted> {
    let other = other.to_str().unwrap();
    let foreign_group = ["setpriv", "--regid", "65534", "--clear-groups", "--"];
    mount(&[&foreign_group[..], &["bindfs", "--no-allow-other", other]].concat(), point)
}

#[test]
fn a_mount_that_shuts_root_out_is_left_out_of_a_tree() {
    let (_dir, tree, other) = trees();
    let point = tree.join("mnt");
    let Some(_mounted) = mount_that_shuts_out(&other, &point) else { return };

    let captured = capture(vec![source(SourceKind::Path(tree.clone()))]);

    assert_eq!(captured.file(tree.join("near")), Some(&b"near"[..]));
    assert!(captured.issues.is_empty(), "{:?}", captured.issues);
    assert_eq!(captured.skipped, [(point, "other file system")]);
}

#[test]
fn a_file_in_a_mount_that_shuts_root_out_is_named_when_it_was_asked_for() {
    let (_dir, tree, other) = trees();
    let point = tree.join("mnt");
    let Some(_mounted) = mount_that_shuts_out(&other, &point) else { return };

    let wanted = point.join("far");
    let captured = capture([&wanted, &tree.join("near")].map(|path| source(SourceKind::Path(path.clone()))).into());

    assert_eq!(captured.file(tree.join("near")), Some(&b"near"[..]));
    let subjects: Vec<&str> = captured.issues.iter().map(|issue| issue.subject.as_str()).collect();
    assert_eq!(subjects, [wanted.to_str().unwrap()], "{:?}", captured.issues);
}

#[test]
fn a_named_mount_that_refuses_every_change_is_read_like_any_tree() {
    let (_dir, tree, other) = trees();
    let point = tree.join("mnt");
    std::os::unix::fs::symlink("far", other.join("link")).unwrap();
    let options = ["--chown-deny", "--chgrp-deny", "--chmod-deny", "--xattr-none", "-r", other.to_str().unwrap()];
    let Some(_mounted) = mount(&[&["bindfs"][..], &options[..]].concat(), &point) else { return };

    let captured = capture(vec![source(SourceKind::Path(point.clone()))]);

    assert!(captured.issues.is_empty(), "{:?}", captured.issues);
    assert_eq!(captured.file(point.join("far")), Some(&b"far"[..]));
    assert!(captured.files.iter().any(|(path, _)| *path == point.join("link")));
}

#[test]
fn other_file_systems_below_a_tree_are_named_and_left_out_unless_asked_for() {
    let (_dir, tree, _other) = trees();
    let point = tree.join("mnt");
    let Some(_mounted) = mount(&["mount", "-t", "tmpfs", "tmpfs"], &point) else { return };
    std::fs::write(point.join("there"), "there").unwrap();

    let below = capture(vec![source(SourceKind::Path(tree))]);
    let named = capture(vec![source(SourceKind::Path(point.clone()))]);

    assert_eq!(below.skipped, [(point.clone(), "other file system")]);
    assert_eq!(named.file(point.join("there")), Some(&b"there"[..]));
}

/// The same file system under a second name: without care a home could hold the whole disk.
#[test]
fn a_bind_mount_below_a_tree_is_left_out_like_any_mount() {
    let (_dir, tree, other) = trees();
    let point = tree.join("mnt");
    let Some(_mounted) = mount(&["mount", "--bind", other.to_str().unwrap()], &point) else { return };

    let captured = capture(vec![source(SourceKind::Path(tree.clone()))]);

    assert_eq!(captured.skipped, [(point, "other file system")]);
    assert!(captured.file(tree.join("mnt/far")).is_none());
}

/// As the unit's own sandbox does it: other rights, the same files.
#[test]
fn a_directory_mounted_onto_itself_is_taken() {
    let (_dir, tree, _other) = trees();
    let inner = tree.join("inner/deep");
    std::fs::create_dir_all(&inner).unwrap();
    std::fs::write(inner.join("kept"), "kept").unwrap();
    let itself = |dir: &Path| mount(&["mount", "--bind", dir.to_str().unwrap()], dir);
    let (Some(_outer), Some(_inner)) = (itself(&tree.join("inner")), itself(&inner)) else { return };

    let captured = capture(vec![source(SourceKind::Path(tree))]);

    assert_eq!(captured.skipped, []);
    assert_eq!(captured.file(inner.join("kept")), Some(&b"kept"[..]));
}

#[test]
fn a_mounted_file_below_a_tree_is_taken() {
    let (_dir, tree, other) = trees();
    let point = tree.join("near");
    let Some(_mounted) = mount(&["mount", "--bind", other.join("far").to_str().unwrap()], &point) else { return };

    let captured = capture(vec![source(SourceKind::Path(tree))]);

    assert_eq!(captured.file(point), Some(&b"far"[..]));
}

#[test]
fn files_larger_than_a_source_takes_are_named() {
    let (_dir, tree, _other) = trees();
    let large = tree.join("large");
    std::fs::write(&large, "12345").unwrap();

    let small_only = Source { largest: Some(ByteSize(4)), ..source(SourceKind::Path(tree.clone())) };
    let captured = capture(vec![small_only]);

    assert_eq!(captured.skipped, [(large, "too large")]);
    assert_eq!(captured.file(tree.join("near")), Some(&b"near"[..]));
}

/// A daemon that is there and does not answer, like a pmxcfs that waits for its cluster.
pub(crate) struct Stopped(pub(crate) std::process::Child);

impl Stopped {
    pub(crate) fn signal(&self, signal: &str) {
        let _ = Command::new("kill").arg(signal).arg(self.0.id().to_string()).status();
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        self.signal("-CONT");
        self.signal("-TERM");
        let _ = self.0.wait();
    }
}

#[test]
fn a_cluster_file_system_that_does_not_answer_costs_nothing_but_itself() {
    let dir = tempfile::tempdir().unwrap();
    let (other, point) = (dir.path().join("other"), dir.path().join("root/etc/pve"));
    std::fs::create_dir_all(&point).unwrap();
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join(".version"), "{}").unwrap();
    std::fs::write(other.join("user.cfg"), "user:root@pam:1:0:::::\n").unwrap();
    std::fs::write(dir.path().join("root/etc/hostname"), "n1\n").unwrap();
    let Some(probe) = mount(&["bindfs", other.to_str().unwrap()], &point) else { return };
    drop(probe);
    let daemon = Stopped(Command::new("bindfs").arg("-f").args([&other, &point]).spawn().unwrap());
    let _mounted = Mounted(point.clone());
    for _ in 0..1000 {
        if point.join("user.cfg").exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    daemon.signal("-STOP");

    let sources = ["/etc/pve", "/etc/pve/user.cfg", "/etc/hostname"];
    let sources = sources.map(|path| source(SourceKind::Path(path.into()))).into();
    let root = Root::at(&dir.path().join("root")).unwrap();
    let captured = capture_within(Duration::from_secs(2), root, sources);
    drop(daemon);

    assert_eq!(captured.issues.len(), 1, "{:?}", captured.issues);
    assert!(captured.issues[0].subject.starts_with("/etc/pve"), "{:?}", captured.issues);
    assert_eq!(captured.file("/etc/hostname"), Some(&b"n1\n"[..]));
}
