//! A tier that is a directory, on real file systems: what is put there is whole or not there, what
//! cannot be used is named, what hangs is given up.

pub(crate) mod hang;
mod killed;
mod owners;

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use proxmox_backup::bundle::parse_name;
use proxmox_backup::config::{Cloud, CloudCheck, CloudProof, Secondary};
use proxmox_backup::storage::{Directory, DirectoryStore, Outgoing, Placed, StorageError, Store, Terms, Tier, Touch};
use proxmox_backup::system::{Cancel, Clock, Root, Runner, Signal};
use proxmox_backup::units::ByteSize;

use crate::foreign_fs::{Mounted, mount};
use crate::sample::{Sample, names_in, problems_of};

const PATIENT: Duration = Duration::from_secs(20);

fn terms(io_limit: Duration) -> Terms {
    Terms { io_limit, owner: None, keys: "/etc/proxmox-config-backup/age".into(), cancel: Cancel::default() }
}

fn secondary(dir: &Path, terms: &Terms) -> DirectoryStore {
    let logs = Some(dir.join("logs"));
    DirectoryStore::secondary(
        &Secondary { backups: dir.to_owned(), logs, min_free: ByteSize(0), full_percent: 100 },
        terms,
    )
}

/// A host with a backup of at least `kib` KiB, in a bundle or as four files.
fn host_with_backup(kib: usize, bundle: bool) -> (Sample, Outgoing) {
    let sample = Sample::empty("tier");
    sample.plant("/etc/hostname", "tier\n");
    sample.plant("/etc/hosts", "127.0.0.1 tier\n");
    sample.plant("/etc/network/interfaces", "auto lo\n");
    sample.enlarge(kib.div_ceil(64), 64 * 1024);
    let mut config = sample.config();
    config.archive.bundle = bundle;
    sample.backup_as(&config, Runner::Nobody, Clock::System).unwrap();
    let outgoing = outgoing(&sample.path("backups"));
    (sample, outgoing)
}

fn outgoing(dir: &Path) -> Outgoing {
    let newest = Directory::new(dir).list().unwrap().remove(0);
    Outgoing { id: newest.id, files: newest.files.iter().map(|name| dir.join(name)).collect() }
}

/// A file system of its own in a file.
pub(crate) fn disk(dir: &Path, kind: &str, mib: u64, point: &Path) -> Option<Mounted> {
    let image = dir.join(format!("{kind}.image"));
    std::fs::File::create(&image).unwrap().set_len(mib << 20).unwrap();
    std::fs::create_dir_all(point).unwrap();
    let made = Command::new(format!("/usr/sbin/mkfs.{kind}")).arg(&image).output();
    if !made.is_ok_and(|output| output.status.success()) {
        crate::sample::skip(&format!("mkfs.{kind} is not there"));
        return None;
    }
    mount(&["mount", "-o", "loop", "-t", kind, image.to_str().unwrap()], point)
}

/// `point` shows `below` through a program that can be slow, strict or stopped.
pub(crate) fn through_bindfs(options: &[&str], below: &Path, point: &Path) -> Option<Mounted> {
    std::fs::create_dir_all(below).unwrap();
    std::fs::create_dir_all(point).unwrap();
    mount(&[&["bindfs"], options, &[below.to_str().unwrap()]].concat(), point)
}

/// Waits until a copy has begun in `dir`; gives its unfinished file.
pub(crate) fn partial_in(dir: &Path, at_least: u64) -> PathBuf {
    let end = Instant::now() + PATIENT;
    loop {
        let found = names_in(dir).into_iter().map(|name| dir.join(name)).find(|path| {
            let is_partial = path.extension().is_some_and(|end| end == "partial");
            is_partial && path.metadata().is_ok_and(|meta| meta.len() >= at_least)
        });
        if let Some(path) = found {
            return path;
        }
        assert!(Instant::now() < end, "no copy began in {}", dir.display());
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// FUSE and NFS hide a file that is removed while it is open, for a moment.
pub(crate) fn assert_left(dir: &Path, expected: &[&str]) {
    let end = Instant::now() + PATIENT;
    while names_in(dir) != expected {
        assert!(Instant::now() < end, "{:?} instead of {expected:?}", names_in(dir));
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Copies while `disturb` does something about it.
fn put_disturbed(store: &DirectoryStore, backup: &Outgoing, disturb: impl FnOnce()) -> Result<Placed, StorageError> {
    std::thread::scope(|scope| {
        let copying = scope.spawn(|| store.put(backup));
        disturb();
        copying.join().unwrap()
    })
}

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

pub(crate) fn flip_a_byte(path: &Path, at: u64) {
    use std::os::unix::fs::FileExt;
    let file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
}

#[test]
fn a_backup_goes_to_a_disk_and_comes_back_as_it_was() {
    for bundle in [true, false] {
        let (sample, backup) = host_with_backup(200, bundle);
        let point = sample.path("disk");
        let Some(_disk) = disk(&sample.path(""), "ext4", 16, &point) else { return };
        let dir = point.join("below/backups");
        let store = secondary(&dir, &terms(PATIENT));

        assert_eq!(store.prepare("tier", Touch::Really).unwrap(), [], "nothing is worth a word");
        assert_eq!(store.place(), format!("{} [ext4]", dir.display()));
        let placed = store.put(&backup).unwrap();

        let total: u64 = backup.files.iter().map(|file| file.metadata().unwrap().len()).sum();
        assert_eq!((placed.bytes, placed.how.as_str(), &placed.issues[..]), (total, "SHA-256 read back", &[][..]));
        assert_eq!((mode(&dir), mode(&point.join("below"))), (0o700, 0o700));
        let listed = store.list().unwrap();
        assert_eq!((listed.len(), listed[0].tier, listed[0].bytes), (1, Tier::Secondary, total));
        assert_eq!(listed[0].files.len(), if bundle { 1 } else { 4 });
        assert_eq!((listed[0].host(), listed[0].id.as_str()), ("tier", backup.id.as_str()));
        assert_eq!(problems_of(&listed[0].path), Vec::<String>::new());
        for (name, source) in listed[0].files.iter().zip(&backup.files) {
            let (there, here) = (dir.join(name).metadata().unwrap(), source.metadata().unwrap());
            assert_eq!(
                (mode(&dir.join(name)), there.uid(), there.mtime()),
                (0o600, here.uid(), here.mtime()),
                "{name}"
            );
        }

        let again = store.put(&backup).unwrap();
        assert_eq!((again.bytes, again.issues.len()), (0, backup.files.len()), "{:?}", again.issues);
        assert!(again.issues[0].reason.contains("lies there already"));

        let back = sample.path("back");
        std::fs::create_dir(&back).unwrap();
        let fetched = store.fetch(&listed[0], &back).unwrap();
        assert_eq!(std::fs::read(&fetched).unwrap(), std::fs::read(&backup.files[0]).unwrap());
        assert_eq!(names_in(&back).len(), backup.files.len());

        let space = store.space().unwrap().unwrap();
        assert!(space.total < ByteSize::mib(16) && space.free < space.total);
        let removal = store.remove(&[&listed[0]]);
        assert_eq!((removal.removed, removal.failed.len()), (vec![backup.id.clone()], 0));
        assert_eq!(names_in(&dir), ["logs"]);
    }
}

#[test]
fn another_backup_of_the_same_name_is_never_replaced() {
    let (sample, backup) = host_with_backup(10, true);
    let dir = sample.path("second");
    std::fs::create_dir(&dir).unwrap();
    let there = dir.join(backup.files[0].file_name().unwrap());
    std::fs::write(&there, "precious").unwrap();

    let error = secondary(&dir, &terms(PATIENT)).put(&backup).unwrap_err().to_string();

    assert!(error.contains("with another content and is not replaced"), "{error}");
    assert_eq!((std::fs::read(&there).unwrap(), names_in(&dir).len()), (b"precious".to_vec(), 1));
}

#[test]
fn a_backup_that_has_gone_bad_is_not_copied() {
    for bundle in [true, false] {
        let (sample, backup) = host_with_backup(200, bundle);
        let dir = sample.path("second");
        let store = secondary(&dir, &terms(PATIENT));
        store.prepare("tier", Touch::Really).unwrap();
        flip_a_byte(&backup.files[0], 100_000);

        let error = store.put(&backup).unwrap_err().to_string();

        assert!(error.contains("is damaged and was not copied: archive: SHA-256 is"), "{error}");
        assert_eq!(names_in(&dir), ["logs"]);

        let (half, whole) = (100_000, backup.files[0].metadata().unwrap().len());
        std::fs::File::options().write(true).open(&backup.files[0]).unwrap().set_len(half).unwrap();
        let error = store.put(&backup).unwrap_err().to_string();
        assert!(error.contains("damaged") && whole > half, "{error}");
        assert_eq!(names_in(&dir), ["logs"]);
    }
}

#[test]
fn a_byte_that_changes_on_the_target_is_found() {
    let (sample, backup) = host_with_backup(1024, true);
    let (below, point) = (sample.path("below"), sample.path("point"));
    let Some(_mounted) = through_bindfs(&["--write-rate=1M"], &below, &point) else { return };

    // The byte is changed behind the mount's back, so it is seen only when the cache is dropped.
    let store = secondary(&point, &terms(PATIENT));
    let error = put_disturbed(&store, &backup, || flip_a_byte(&partial_in(&below, 300_000), 5)).unwrap_err();

    assert!(matches!(error, StorageError::Different { .. }), "{error}");
    assert!(error.to_string().contains("the copy is not what was sent: SHA-256"), "{error}");
    assert_left(&below, &[]);
}

#[test]
fn a_full_disk_takes_nothing_and_keeps_nothing() {
    let (sample, backup) = host_with_backup(1024, true);
    let (small, point) = (sample.path("small"), sample.path("point"));
    std::fs::create_dir(&small).unwrap();
    let Some(_disk) = mount(&["mount", "-t", "tmpfs", "-o", "size=1500k", "none"], &small) else { return };
    let Some(_mounted) = through_bindfs(&["--write-rate=1M"], &small, &point) else { return };
    let store = secondary(&point, &terms(PATIENT));
    let fill = |bytes: usize| std::fs::write(small.join("filler"), vec![0; bytes]);

    // Fills up while it is written to.
    let error = put_disturbed(&store, &backup, || {
        partial_in(&small, 200_000);
        let _ = fill(2_000_000);
    });
    let error = error.unwrap_err().to_string();
    assert!(error.contains("no space left on device"), "{error}");
    assert_left(&small, &["filler"]);

    // Is known to be too small from the start.
    fill(800_000).unwrap();
    let error = store.put(&backup).unwrap_err().to_string();
    assert!(error.contains("no space for the backup: 1.") && error.ends_with(" free"), "{error}");
    assert_left(&small, &["filler"]);

    let greedy = Secondary { backups: point, logs: None, min_free: ByteSize::mib(1024), full_percent: 100 };
    let issues = DirectoryStore::secondary(&greedy, &terms(PATIENT)).prepare("tier", Touch::DryRun).unwrap();
    assert!(issues[0].reason.ends_with("free, MIN_DISK_SPACE_SECONDARY_GB asks for 1.0 GiB"), "{issues:?}");
}

#[test]
fn a_read_only_disk_is_named() {
    let (sample, backup) = host_with_backup(10, true);
    let point = sample.path("disk");
    let Some(_disk) = disk(&sample.path(""), "ext4", 16, &point) else { return };
    let store = secondary(&point, &terms(PATIENT));
    store.prepare("tier", Touch::Really).unwrap();
    assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(&point).status().unwrap().success());

    let errors = [
        store.prepare("tier", Touch::DryRun).unwrap_err(),
        store.prepare("tier", Touch::Really).unwrap_err(),
        store.put(&backup).unwrap_err(),
    ];

    for error in errors.map(|error| error.to_string()) {
        assert!(error.contains(point.to_str().unwrap()) && error.contains("read-only file system"), "{error}");
    }
}

#[test]
fn a_directory_that_vanishes_meanwhile_leaves_nothing() {
    let (sample, backup) = host_with_backup(512, false);
    let (below, point) = (sample.path("below"), sample.path("point"));
    let Some(_mounted) = through_bindfs(&["--write-rate=1M"], &below, &point) else { return };
    let dir = point.join("backups");
    let store = secondary(&dir, &terms(PATIENT));
    store.prepare("tier", Touch::Really).unwrap();

    let gone = put_disturbed(&store, &backup, || {
        partial_in(&below.join("backups"), 200_000);
        std::fs::remove_dir_all(below.join("backups")).unwrap();
    });

    let error = gone.unwrap_err().to_string();
    assert!(error.contains(dir.to_str().unwrap()), "{error}");
    assert_left(&below, &[]);
}

#[test]
fn a_cancelled_copy_ends_between_two_blocks_and_leaves_nothing() {
    let (sample, backup) = host_with_backup(1024, true);
    let (below, point) = (sample.path("below"), sample.path("point"));
    let Some(_mounted) = through_bindfs(&["--write-rate=512k"], &below, &point) else { return };
    let terms = terms(PATIENT);
    let store = secondary(&point, &terms);

    let mut asked = Instant::now();
    let error = put_disturbed(&store, &backup, || {
        partial_in(&below, 100_000);
        asked = Instant::now();
        terms.cancel.request(Signal::Interrupt);
    });

    assert!(matches!(error, Err(StorageError::Cancelled(_))), "{error:?}");
    assert!(asked.elapsed() < Duration::from_millis(1500), "{:?}", asked.elapsed());
    assert_left(&below, &[]);
}

/// The disk below a mount point is not to be filled.
#[test]
fn a_mount_that_is_missing_fails_the_tier() {
    let (sample, backup) = host_with_backup(10, true);
    let point = sample.path("usb");
    let dir = point.join("backups");
    std::fs::create_dir_all(&dir).unwrap();
    std::os::unix::fs::symlink(&dir, sample.path("link")).unwrap();
    sample.plant("/etc/fstab", format!("UUID=1 {} ext4 nofail 0 2\n", point.display()));
    let tables = Root::at(&sample.root()).unwrap();

    for path in [&dir, &sample.path("link")] {
        let store = secondary(path, &terms(PATIENT)).with_tables(&tables);
        let errors = [
            store.prepare("tier", Touch::DryRun).map(drop),
            store.prepare("tier", Touch::Really).map(drop),
            store.put(&backup).map(drop),
            store.list().map(drop),
            store.space().map(drop),
            store.put_log(&sample.path("backup.env")),
        ];
        for error in errors.map(|error| error.unwrap_err().to_string()) {
            let expected = format!("/etc/fstab says that {} is a mount, but nothing is mounted there", point.display());
            assert!(error.contains(&expected), "{error}");
        }
    }
    assert_eq!(names_in(&dir), Vec::<String>::new());

    // A backup on the wrong disk is better than none: for the local tier it is a warning.
    let mut local = sample.config().local;
    local.backups.clone_from(&dir);
    let issues = DirectoryStore::local(&local, &terms(PATIENT)).with_tables(&tables).prepare("tier", Touch::DryRun);
    assert!(issues.unwrap()[0].hint.as_ref().unwrap().contains("mount it"));

    let Some(_disk) = disk(&sample.path(""), "ext4", 16, &point) else { return };
    let store = secondary(&dir, &terms(PATIENT)).with_tables(&tables);
    store.prepare("tier", Touch::Really).unwrap();
    store.put(&backup).unwrap();
}

#[test]
fn hosts_that_share_a_directory_touch_only_what_is_theirs() {
    let (sample, backup) = host_with_backup(10, false);
    let dir = sample.path("second");
    let logs = dir.join("logs");
    let store = secondary(&dir, &terms(PATIENT));
    std::fs::create_dir_all(&logs).unwrap();
    let others = [
        "other-backup-20260101-000000.tar.zst",
        "other-backup-20260102-000000.tar.zst.partial",
        ".trash-other-backup-20260103-000000.tar.zst",
        "tier.lan-backup-20260103-000000.tar.zst.sha256",
    ];
    for name in others.iter().chain(&["tier-backup-20260101-000000.tar.zst.partial"]) {
        std::fs::write(dir.join(name), "x").unwrap();
    }
    for name in
        ["backup-other-20260101-000000.log", "backup-tier-20260101-000000.log", "backup-tier-20260102-000000.log"]
    {
        std::fs::write(logs.join(name), "x").unwrap();
    }

    let issues = store.prepare("tier", Touch::Really).unwrap();
    store.put(&backup).unwrap();
    let listed = store.list().unwrap();
    let own: Vec<_> = listed.iter().filter(|stored| stored.host() == "tier").collect();
    let removal = store.remove(&own);
    let pruned = store.prune_logs("tier", &removal.removed, 1).unwrap();

    assert_eq!((issues.len(), listed.len(), own.len(), removal.removed.len(), pruned), (1, 2, 1, 1, 1), "{issues:?}");
    let mut left: Vec<String> = others.iter().map(|name| (*name).to_owned()).chain(["logs".to_owned()]).collect();
    left.sort();
    assert_eq!(names_in(&dir), left);
    assert_eq!(names_in(&logs), ["backup-other-20260101-000000.log", "backup-tier-20260102-000000.log"]);
}

#[test]
fn a_log_may_be_copied_again_when_it_has_grown() {
    let (sample, _) = host_with_backup(1, true);
    let dir = sample.path("second");
    let store = secondary(&dir, &terms(PATIENT));
    let log = sample.path("backup-tier-20260101-000000.log");
    for text in ["begun\n", "begun\nended\n"] {
        std::fs::write(&log, text).unwrap();
        store.put_log(&log).unwrap();
        assert_eq!(std::fs::read_to_string(dir.join("logs/backup-tier-20260101-000000.log")).unwrap(), text);
    }
    assert_eq!(names_in(&dir.join("logs")).len(), 1);
    let silent = Secondary { backups: dir, logs: None, min_free: ByteSize(0), full_percent: 100 };
    DirectoryStore::secondary(&silent, &terms(PATIENT)).put_log(&log).unwrap();
}

#[test]
fn the_local_directory_is_no_second_tier() {
    let (sample, backup) = host_with_backup(1, true);
    let error = secondary(&sample.path("backups"), &terms(PATIENT)).put(&backup).unwrap_err().to_string();
    assert!(error.contains("no second place"), "{error}");
}

#[test]
fn a_mounted_remote_is_a_directory_and_a_remote_of_rclone_is_not() {
    let (sample, backup) = host_with_backup(1, true);
    let check = CloudCheck { proof: CloudProof::Digest, checks_side_files: true, lists_directory: false };
    let mut cloud = Cloud {
        remote: sample.path("cloud").display().to_string(),
        path: "/pve//backups/".to_owned(),
        logs: "logs".to_owned(),
        min_free: ByteSize(0),
        uploads: 1,
        tries_to_write: false,
        check,
        batch_size: 20,
        batch_pause: Duration::ZERO,
        connection_limit: PATIENT,
        operation_limit: None,
        bandwidth: None,
        transfers: 1,
        retries: 0,
        flags: Vec::new(),
    };

    let store = DirectoryStore::mounted_remote(&cloud, &terms(PATIENT)).unwrap();
    store.prepare("tier", Touch::Really).unwrap();
    store.put(&backup).unwrap();
    assert_eq!((store.tier(), store.list().unwrap()[0].tier), (Tier::Cloud, Tier::Cloud));
    assert_eq!(names_in(&sample.path("cloud")), ["logs", "pve"]);
    assert!(parse_name(&names_in(&sample.path("cloud/pve/backups"))[0]).is_some());

    cloud.remote = "box:pve".to_owned();
    assert!(DirectoryStore::mounted_remote(&cloud, &terms(PATIENT)).is_none());
}
