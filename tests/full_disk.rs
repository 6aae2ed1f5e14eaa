//! A disk that fills up during a run: no backup then, the old ones untouched, the space given back.
//!
//! `FILLS` sizes (20), `SEED` to repeat a series. Needs root: each disk is a small tmpfs.

use std::path::{Path, PathBuf};
use std::process::Command;

use proxmox_backup::bundle::parse_name;
use proxmox_backup::system::{Clock, Runner, free_space};

use crate::sample::{Random, Sample, files_in, names_in, problems_of, setting, skip};

/// A file system of its own, unmounted at the end.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    pub(crate) fn mount(at: &Path, bytes: u64) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={bytes},mode=700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(at).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(at.to_owned()))
    }

    fn free(&self) -> u64 {
        free_space(&self.0).unwrap().free.0
    }

    /// A process that another test starts holds this one's open files until it has become its program.
    fn gives_back(&self, free: u64) -> bool {
        (0..500).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            self.free() == free
        })
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

fn host(noise: usize) -> Sample {
    let sample = Sample::empty("full");
    sample.plant("/etc/hostname", "full\n");
    sample.plant("/etc/hosts", "127.0.0.1 full\n");
    sample.plant("/etc/network/interfaces", "auto lo\n");
    sample.enlarge(noise, 15_000);
    // How full these disks are is not what is asked here.
    sample.configure("STORAGE_WARNING_THRESHOLD_PRIMARY=100\n");
    sample
}

/// A small backup of the same host from another day.
fn older_backup() -> (tempfile::TempDir, PathBuf) {
    let sample = host(1);
    let yesterday = chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    sample.backup_as(&sample.config(), Runner::Nobody, Clock::Fixed(yesterday.into())).unwrap();
    let kept = tempfile::tempdir().unwrap();
    let path = kept.path().join(sample.newest().file_name().unwrap());
    std::fs::copy(sample.newest(), &path).unwrap();
    (kept, path)
}

#[test]
fn a_disk_that_fills_up_costs_no_backup_and_keeps_no_rubbish() {
    let sample = host(80);
    let (_kept, older) = older_backup();
    let seed = setting("SEED", usize::try_from(std::process::id()).unwrap()) as u64;
    let mut random = Random::new(seed);
    let (mut full, mut made) = (0, 0);
    // The first surely fills up, the last surely does not; what lies between is by chance.
    let by_chance = (0..setting("FILLS", 20)).map(|_| 128 * 1024 + random.below(1600) * 1024);
    for bytes in std::iter::once(128 * 1024).chain(by_chance).chain([8 * 1024 * 1024]) {
        let what = format!("{bytes} bytes, SEED={seed}");
        let tier = sample.path("backups");
        let Some(disk) = SmallDisk::mount(&tier, bytes) else {
            return skip("mounting a tmpfs is not permitted");
        };
        std::fs::copy(&older, tier.join(older.file_name().unwrap())).unwrap();
        let (before, names) = (disk.free(), names_in(&tier));

        let output = sample.run(["backup"]);

        let said = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => made += 1,
            // The backup has taken the last page, and no threshold is above that.
            Some(1) if said.contains("100 % are used") && said.contains("completed with 1 warning") => made += 1,
            Some(12) => {
                full += 1;
                assert!(said.contains("no space left on device"), "{what}: {said}");
                assert_eq!(names_in(&tier), names, "{what}");
                assert_eq!(disk.free(), before, "{what}: space is not given back");
            }
            _ => panic!("{what}: {} {said}", output.status),
        }
        for file in files_in(&tier) {
            assert!(parse_name(&file.file_name().unwrap().to_string_lossy()).is_some(), "{what}: {}", file.display());
            assert_eq!(problems_of(&file), Vec::<String>::new(), "{what}: {}", file.display());
        }
        assert_eq!(sample.left_in_run_dir(), Vec::<String>::new(), "{what}");
    }
    assert!(full > 0 && made > 0, "{full} full, {made} made, SEED={seed}");
}

/// Archive and three side files instead of one bundle: the disk may fill up between them.
#[test]
fn a_disk_that_fills_up_between_archive_and_side_files_leaves_none_of_them() {
    let sample = host(10);
    let mut config = sample.config();
    config.archive.bundle = false;
    sample.backup_as(&config, Runner::Nobody, Clock::System).unwrap();
    let needed: u64 = sample.backups().iter().map(|file| std::fs::metadata(file).unwrap().len()).sum();
    config.local.backups = sample.path("small");
    let (mut full, mut made) = (0, 0);
    for pages in 0..16 {
        // From a few pages too small to a few more than enough.
        let Some(disk) = SmallDisk::mount(&config.local.backups, (needed / 4096 + pages - 4) * 4096) else {
            return skip("mounting a tmpfs is not permitted");
        };
        let before = disk.free();
        match sample.backup_as(&config, Runner::Nobody, Clock::System) {
            Ok(_) => {
                made += 1;
                let archive = &files_in(&config.local.backups)[0];
                assert_eq!(problems_of(archive), Vec::<String>::new());
            }
            Err(failure) => {
                full += 1;
                assert_eq!(failure.exit_code().number(), 12, "{failure}");
                assert_eq!(names_in(&config.local.backups), Vec::<String>::new());
                assert!(disk.free() == before || disk.gives_back(before), "space is not given back");
            }
        }
    }
    assert!(full > 0 && made > 0, "{full} full, {made} made");
}

/// What a run tells about itself must not cost the backup.
#[test]
fn a_full_disk_below_the_logs_costs_no_backup() {
    let sample = Sample::host("debian-plain");
    let logs = sample.path("logs");
    let Some(_disk) = SmallDisk::mount(&logs, 8 * 4096) else {
        return skip("mounting a tmpfs is not permitted");
    };
    // Two pages are left: for the test of writing, and the beginning of a log.
    std::fs::write(logs.join("filler"), vec![0; 7 * 4096]).unwrap();

    let output = sample.run(["backup"]);

    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}: {said}", output.status);
    assert_eq!(problems_of(&sample.newest()), Vec::<String>::new());
    assert!(!names_in(&logs).iter().any(|name| name.contains(".tmp")), "{:?}", names_in(&logs));
}
