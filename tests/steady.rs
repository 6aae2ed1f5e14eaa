//! The cluster file system is taken as of one version, as far as it lets itself be.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use proxmox_backup::issue::Severity;
use proxmox_backup::plan::SourceKind;
use proxmox_backup::system::Root;

use crate::captured::{Captured, capture_from, source};

fn tree() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("etc/pve/nodes/n1")).unwrap();
    // Larger than what is read in blocks otherwise.
    std::fs::write(dir.path().join("etc/pve/nodes/n1/large"), vec![b'x'; 900_000]).unwrap();
    // So many that the writer gets its turn during each reading.
    for number in 0..3000 {
        std::fs::write(dir.path().join(format!("etc/pve/nodes/n1/{number}.conf")), "cores: 1\n").unwrap();
    }
    std::fs::write(dir.path().join("etc/pve/user.cfg"), "user:root@pam:1:0:::::\n").unwrap();
    write_version(dir.path(), r#"{"starttime": 1, "vmlist": 2, "kvstore": {"n1": {"tasklist": 7}}}"#);
    dir
}

fn write_version(root: &Path, text: &str) {
    std::fs::write(root.join("etc/pve/new"), text).unwrap();
    std::fs::rename(root.join("etc/pve/new"), root.join("etc/pve/.version")).unwrap();
}

fn capture(root: &Path) -> Captured {
    let paths = ["/etc/pve/user.cfg", "/etc/hostname", "/etc/pve/nodes"];
    let sources = paths.map(|path| source(SourceKind::Path(path.into())));
    capture_from(Root::at(root).unwrap(), sources.into())
}

/// Captures while something writes `.version` all the time.
fn capture_while(text: impl Fn(u32) -> String + Sync) -> Captured {
    let dir = tree();
    std::fs::write(dir.path().join("etc/hostname"), "n1\n").unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                write_version(dir.path(), &text(number));
            }
        });
        // Let the writer begin.
        std::thread::sleep(std::time::Duration::from_millis(20));
        let captured = capture(dir.path());
        is_over.store(true, Ordering::Relaxed);
        captured
    })
}

#[test]
fn what_nodes_announce_all_the_time_is_no_change() {
    let captured = capture_while(|number| format!(r#"{{"starttime": 1, "kvstore": {{"n1": {number}}}}}"#));

    assert!(captured.issues.is_empty(), "{:?}", captured.issues);
    assert_eq!(captured.file("/etc/pve/nodes/n1/large").map(<[u8]>::len), Some(900_000));
}

#[test]
fn a_cluster_file_system_that_never_rests_is_taken_once_and_that_is_said() {
    let captured = capture_while(|number| format!(r#"{{"starttime": 1, "vmlist": {number}}}"#));

    let said: Vec<_> = captured.issues.iter().map(|issue| (issue.severity, issue.subject.as_str())).collect();
    assert_eq!(said, [(Severity::Notice, "/etc/pve")]);
    let times = |wanted: &str| captured.files.iter().filter(|(path, _)| path == Path::new(wanted)).count();
    for path in ["/etc/pve/user.cfg", "/etc/pve/nodes/n1/large", "/etc/pve", "/etc/hostname"] {
        assert_eq!(times(path), 1, "{path}");
    }
}
