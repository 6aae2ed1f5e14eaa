//! Owner and mode where the file system has them, a notice where it has not.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use proxmox_backup::config::Owner;
use proxmox_backup::issue::{Issue, Severity};
use proxmox_backup::storage::{DirectoryStore, Outgoing, Store, Terms, Touch};
use proxmox_backup::system::{Root, is_root};

use super::{PATIENT, disk, host_with_backup, mode, secondary, terms, through_bindfs};
use crate::sample::{Sample, names_in, skip};

fn owned(sample: &Sample, dir: &Path) -> DirectoryStore {
    sample.plant("/etc/passwd", "root:x:0:0::/:/x\nkeeper:x:4321:4322::/:/x\n");
    let owner = Some(Owner { user: "keeper".to_owned(), group: None });
    let keys = sample.path("age");
    secondary(dir, &Terms { owner, keys, ..terms(PATIENT) }).with_tables(&Root::at(&sample.root()).unwrap())
}

fn who(path: &Path) -> (u32, u32, u32) {
    let meta = std::fs::symlink_metadata(path).unwrap();
    (meta.uid(), meta.gid(), meta.permissions().mode() & 0o7777)
}

/// Puts the backup there; gives what was said, notices only.
fn put_noticing(store: &DirectoryStore, backup: &Outgoing) -> Vec<Issue> {
    let issues = store.prepare("tier", Touch::Really).unwrap();
    assert!(issues.iter().all(|issue| issue.severity == Severity::Notice), "{issues:?}");
    assert_eq!(store.put(backup).unwrap().issues, []);
    issues
}

#[test]
fn backups_and_logs_are_given_away_and_nothing_else_is() {
    if !is_root() {
        return skip("only root can give files away");
    }
    let (sample, backup) = host_with_backup(10, false);
    let point = sample.path("disk");
    let Some(_disk) = disk(&sample.path(""), "ext4", 16, &point) else { return };
    let dir = point.join("backups");
    std::fs::create_dir_all(dir.join("logs")).unwrap();
    let secret = point.join("secret");
    for name in [&secret, &dir.join("notes"), &dir.join("tier-backup-20260101-000000.tar"), &point.join("twice")] {
        std::fs::write(name, "x").unwrap();
        std::fs::set_permissions(name, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    symlink(&secret, dir.join("tier-backup-20260102-000000.tar")).unwrap();
    std::fs::hard_link(point.join("twice"), dir.join("tier-backup-20260103-000000.tar")).unwrap();
    let store = owned(&sample, &dir);
    let log = sample.path("backup-tier-20260101-000000.log");
    std::fs::write(&log, "x").unwrap();

    let issues = store.prepare("tier", Touch::Really).unwrap();
    assert_eq!(store.put(&backup).unwrap().issues, []);
    store.put_log(&log).unwrap();

    let (file, folder) = ((4321, 4322, 0o640), (4321, 4322, 0o750));
    for name in backup.files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()) {
        assert_eq!(who(&dir.join(name)), file, "{name}");
    }
    assert_eq!((who(&dir), who(&dir.join("logs"))), (folder, folder));
    assert_eq!(who(&dir.join("logs/backup-tier-20260101-000000.log")), file);
    assert_eq!(who(&dir.join("tier-backup-20260101-000000.tar")), file);
    // What a link shows, what has a second name, what is no backup.
    let root_only = (0, 0, 0o600);
    assert_eq!((who(&secret), who(&point.join("twice")), who(&dir.join("notes"))), (root_only, root_only, root_only));
    let subjects: Vec<&str> = issues.iter().map(|issue| &issue.subject[dir.to_str().unwrap().len() + 1..]).collect();
    assert_eq!(subjects, ["tier-backup-20260102-000000.tar", "tier-backup-20260103-000000.tar"], "{issues:?}");
}

#[test]
fn the_directory_of_the_keys_is_never_given_away() {
    if !is_root() {
        return skip("only root can give files away");
    }
    let (sample, _) = host_with_backup(1, true);
    let dir = sample.path("age");
    let issues = owned(&sample, &dir).prepare("tier", Touch::Really).unwrap();
    assert!(issues[0].reason.contains("keys for encryption"), "{issues:?}");
    assert_eq!(mode(&dir), 0o700);
}

#[test]
fn an_unknown_user_is_a_warning_and_no_more() {
    let (sample, backup) = host_with_backup(1, true);
    let dir = sample.path("second");
    let owner = Some(Owner { user: "nobody-here".to_owned(), group: None });
    let store = secondary(&dir, &Terms { owner, ..terms(PATIENT) });
    let issues = store.prepare("tier", Touch::Really).unwrap();
    assert!(issues.len() == 1 && issues[0].reason.contains("no user `nobody-here`"), "{issues:?}");
    store.put(&backup).unwrap();
    assert_eq!(mode(&dir.join(backup.files[0].file_name().unwrap())), 0o600);
}

#[test]
fn where_owners_cannot_be_changed_it_is_said_once_and_the_backup_is_made() {
    for options in [
        &["--chown-deny", "--chgrp-deny", "--chmod-deny"][..],
        // Says that it is done and does nothing.
        &["--chown-ignore", "--chgrp-ignore", "--chmod-ignore"],
    ] {
        let (sample, backup) = host_with_backup(10, false);
        let (below, point) = (sample.path("below"), sample.path("point"));
        let Some(_mounted) = through_bindfs(options, &below, &point) else { return };
        let store = owned(&sample, &point);

        let issues = put_noticing(&store, &backup);

        assert_eq!(issues.len(), 1, "{issues:?}");
        assert!(issues[0].reason.contains("keeps no owners here: SET_BACKUP_PERMISSIONS does nothing"), "{issues:?}");
        assert_eq!(who(&below.join(backup.files[0].file_name().unwrap())).2, 0o600);
        assert_eq!(names_in(&below).len(), 5);
    }
}

/// As FAT looks: every file 0755 and root's, every change of that refused.
#[test]
fn where_modes_mean_nothing_it_is_said_and_the_backup_is_made() {
    let (sample, backup) = host_with_backup(10, false);
    let (below, point) = (sample.path("below"), sample.path("point"));
    let options = ["--perms=0755", "--chown-deny", "--chgrp-deny", "--chmod-deny"];
    let Some(_mounted) = through_bindfs(&options, &below, &point) else { return };

    let issues = put_noticing(&secondary(&point, &terms(PATIENT)), &backup);

    assert!(issues.len() == 1 && issues[0].reason.contains("keeps no modes here: files have mode 755"), "{issues:?}");
}

#[test]
fn a_backup_goes_to_a_fat_disk_and_comes_back() {
    let kernel = std::fs::read_to_string("/proc/filesystems").unwrap();
    if !kernel.contains("vfat") && !std::path::Path::new("/lib/modules").exists() {
        // Nothing that an installation could change.
        eprintln!("SKIPPED: this kernel has no vfat");
        return;
    }
    let (sample, backup) = host_with_backup(10, false);
    let point = sample.path("disk");
    let Some(_disk) = disk(&sample.path(""), "vfat", 16, &point) else { return };
    let store = owned(&sample, &point.join("backups"));

    let issues = put_noticing(&store, &backup);

    assert!(issues.iter().any(|issue| issue.reason.starts_with("vfat keeps no owners here")), "{issues:?}");
    assert!(issues.iter().any(|issue| issue.reason.starts_with("vfat keeps no modes here")), "{issues:?}");
    let stored = store.list().unwrap().remove(0);
    assert_eq!(crate::sample::problems_of(&stored.path), Vec::<String>::new());
    assert_eq!(store.remove(&[&stored]).removed.len(), 1);
}
