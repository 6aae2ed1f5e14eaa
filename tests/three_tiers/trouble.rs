//! A tier that fails: the backup is made, the others get it, nothing partial is seen, nothing is removed there.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};

use super::{Said, Trio, end, expect, in_own_mounts, rclone_of, start};
use crate::cloud::lab::{Access, Lab};
use crate::cloud::proxy::{Proxy, Way};
use crate::foreign_fs::mount;
use crate::sample::{names_in, skip};
use crate::tiers::hang::daemon;
use crate::tiers::{assert_left, disk, partial_in, through_bindfs};

/// With one backup kept, a retention that ran would remove the first.
const STRICT: &str = "MAX_SECONDARY_BACKUPS=1\nMAX_CLOUD_BACKUPS=1\nFS_IO_TIMEOUT=1\n\
    RCLONE_TIMEOUT_CONNECTION=4\nRCLONE_TIMEOUT_OPERATION=6\n";

/// The run after which `tier` has a failed copy.
#[track_caller]
fn assert_told(trio: &Trio, said: &Said, tier: &str, why: &str) {
    assert_eq!(said.code, Some(1), "{}", said.err);
    said.has(&format!("✗ {tier} operations completed with warnings")).has_not(&format!("✓ {tier}"));
    said.has("retention skipped: this tier did not receive today's backup").has(why);
    let summary = said.err.split("=== Backup Statistics ===").nth(1).unwrap();
    assert!(summary.contains(why) && summary.contains("completed with"), "{}", said.err);
    let local = trio.sample.path("backups");
    assert_eq!((names_in(&local).len(), super::ids_of_whole(&local).len()), (2, 2));
}

/// The other tier gets its backup and removes an old one; this one stays as it was.
fn second_fails(trio: &Trio, why: &str, trouble: impl FnOnce(&Trio) -> Said) {
    let before = names_in(&trio.second());
    let said = trouble(trio);
    assert_told(trio, &said, "Secondary storage", why);
    said.has("✓ Cloud storage: 1 backup present, 1 removed");
    assert_left(&trio.second(), &before.iter().map(String::as_str).collect::<Vec<_>>());
}

fn cloud_fails(trio: &Trio, why: &str, trouble: impl FnOnce(&Trio) -> Said) {
    let before = trio.cloud("pve");
    let said = trouble(trio);
    assert_told(trio, &said, "Cloud storage", why);
    said.has("✓ Secondary storage: 1 backup present, 1 removed");
    let after: Vec<String> = trio.cloud("pve").into_iter().filter(|name| !name.ends_with(".partial")).collect();
    assert_eq!(after, before);
}

/// The next run, when all is well again, has its copy everywhere and cleans up.
fn recovers(trio: &Trio) {
    let said = trio.expect(0, &["backup"]);
    said.has("✓ Secondary storage: 1 backup present").has("✓ Cloud storage: 1 backup present");
    assert_eq!(trio.assert_only_whole().map(|ids| ids.len()), [3, 1, 1]);
}

#[test]
fn a_second_disk_that_is_full_or_read_only_is_a_warning() {
    let Some(trio) = Trio::new(STRICT) else { return };
    trio.sample.enlarge(10, 100_000);
    let point = trio.second();
    let Some(_disk) = mount(&["mount", "-t", "tmpfs", "-o", "size=3m", "none"], &made(&point)) else { return };
    trio.back_up();
    std::fs::write(point.join("filler"), vec![1; 1_700_000]).unwrap();
    second_fails(&trio, "no space for the backup", |trio| trio.run(&["backup"]));
    std::fs::remove_file(point.join("filler")).unwrap();
    recovers(&trio);

    let Some(trio) = Trio::new(STRICT) else { return };
    let point = trio.second();
    let Some(_disk) = disk(&trio.sample.path(""), "ext4", 16, &point) else { return };
    trio.back_up();
    let remount = |how: &str| Command::new("mount").args(["-o", how]).arg(&point).status().unwrap();
    assert!(remount("remount,ro").success());
    second_fails(&trio, "read-only file system", |trio| trio.run(&["backup"]));
    assert!(remount("remount,rw").success());
    recovers(&trio);
}

fn made(dir: &Path) -> std::path::PathBuf {
    std::fs::create_dir_all(dir).unwrap();
    dir.to_owned()
}

#[test]
fn a_second_disk_that_is_not_mounted_is_a_warning_and_the_disk_below_stays_empty() {
    let Some(trio) = Trio::new(STRICT) else { return };
    trio.back_up();
    let tables = trio.sample.path("fstab");
    std::fs::write(&tables, format!("UUID=1 {} ext4 nofail 0 2\n", trio.second().display())).unwrap();
    let bind = format!("mount --bind '{}' /etc/fstab", tables.display());
    let mut program = in_own_mounts(&trio.sample.program(["list"]), &bind);
    if !Path::new("/etc/fstab").exists() || !program.output().is_ok_and(|output| output.status.code() == Some(1)) {
        return skip("no mount namespace of one's own, or no /etc/fstab");
    }
    second_fails(&trio, "is a mount, but nothing is mounted there", |trio| {
        super::run(&mut in_own_mounts(&trio.sample.program(["backup"]), &bind))
    });
    let said = expect(1, &mut in_own_mounts(&trio.sample.program(["prune"]), &bind));
    said.has("nothing is mounted there");
    expect(1, &mut in_own_mounts(&trio.sample.program(["list"]), &bind)).has("nothing is mounted there");
    recovers(&trio);
}

#[test]
fn a_second_disk_that_hangs_costs_no_more_than_its_limit() {
    let Some(trio) = Trio::new(STRICT) else { return };
    let below = trio.sample.path("below");
    let Some((_mounted, daemon)) = daemon(&[], &below, &trio.second()) else { return };
    trio.back_up();
    second_fails(&trio, "no answer within 1.0s, given up", |trio| {
        daemon.signal("-STOP");
        let said = trio.run(&["backup"]);
        let listed = trio.expect(1, &["list"]);
        let looked = trio.expect(1, &["check"]);
        let pruned = trio.expect(1, &["prune"]);
        daemon.signal("-CONT");
        for call in [&said, &listed, &looked, &pruned] {
            call.has("no answer within 1.0s");
            assert!(call.took < Duration::from_secs(15), "{:?}: {}", call.took, call.err);
        }
        said
    });
    recovers(&trio);
}

#[test]
fn a_second_directory_that_vanishes_in_the_middle_is_a_warning() {
    let Some(trio) = Trio::new(STRICT) else { return };
    trio.sample.enlarge(10, 100_000);
    let below = trio.sample.path("below");
    let Some(_mounted) = through_bindfs(&["--write-rate=600k"], &below, &trio.second()) else { return };
    let dir = trio.second().join("deep");
    trio.sample.configure(&super::settings(&dir, &trio.remote, STRICT));
    let run = start(&trio.sample, &["backup"]);
    partial_in(&below.join("deep"), 100_000);
    std::fs::remove_dir_all(below.join("deep")).unwrap();

    let said = end(run);
    assert_eq!(said.code, Some(1), "{}", said.err);
    said.has("✗ Secondary storage operations completed with warnings").has("✓ Cloud storage: 1 backup present");
    assert_left(&below, &[]);
    let said = trio.expect(0, &["backup"]);
    said.has("✓ Secondary storage: 1 backup present").has("✓ Local storage: 2 backups present");
}

#[test]
fn s3_that_refuses_is_a_warning_that_shows_no_key() {
    let Some(mut lab) = Lab::new() else { return };
    if lab.add_s3(Access::Nobody).is_none() {
        return;
    }
    let trio = Trio::with(lab, "here:bucket", STRICT);
    trio.back_up();
    let before = trio.cloud("pve");
    trio.sample.configure(&super::settings(&trio.second(), "s3:bucket", &format!("{STRICT}RCLONE_RETRIES=3\n")));
    let said = trio.run(&["backup"]);
    assert_told(&trio, &said, "Cloud storage", "rclone cannot");
    said.has("✓ Secondary storage: 1 backup present, 1 removed").has_not(crate::cloud::lab::SECRET);
    assert!(said.took < Duration::from_secs(12), "wrong keys are not tried again: {:?}", said.took);
    assert_eq!(trio.cloud("pve"), before);
}

#[test]
fn s3_that_resets_or_crawls_costs_no_more_than_its_limit() {
    let Some(mut lab) = Lab::new() else { return };
    let Some(port) = lab.add_s3(Access::Everybody) else { return };
    let proxy = Proxy::to(port);
    lab.point_s3("far", proxy.port);
    let mut trio = Trio::with(lab, "far:bucket", STRICT);
    trio.sample.enlarge(16, 1 << 20);
    trio.back_up();
    // From here on the test looks past the proxy.
    trio.remote = "s3:bucket".to_owned();
    for (way, why) in [(Way::Resetting, "rclone cannot"), (Way::Slow, "far:bucket")] {
        cloud_fails(&trio, why, |trio| {
            proxy.becomes(way);
            let said = trio.run(&["backup"]);
            proxy.becomes(Way::Good);
            assert!(said.took < Duration::from_secs(20), "{:?}", said.took);
            said
        });
        std::fs::remove_file(trio.sample.newest()).unwrap();
    }
    trio.back_up();
    assert_eq!(trio.assert_only_whole().map(|ids| ids.len()), [2, 1, 1]);
}

#[test]
fn no_rclone_is_one_warning_with_the_way_out() {
    let Some(trio) = Trio::new(STRICT) else { return };
    trio.back_up();
    let hide = "for dir in /usr/local/bin /usr/bin; do mount -t tmpfs none $dir || exit 99; done";
    let probe = in_own_mounts(&trio.sample.program(["list"]), hide).output();
    if !probe.is_ok_and(|output| output.status.code() == Some(1)) {
        return skip("no mount namespace of one's own");
    }
    cloud_fails(&trio, "install it: apt install rclone", |trio| {
        let said = super::run(&mut in_own_mounts(&trio.sample.program(["backup"]), hide));
        let summary = said.err.split("=== Backup Statistics ===").nth(1).unwrap_or_default();
        assert_eq!(summary.matches("apt install rclone").count(), 1, "{summary}");
        said
    });
    recovers(&trio);
}

#[test]
fn rclone_killed_in_the_middle_is_a_warning() {
    let Some(trio) = Trio::new(STRICT) else { return };
    trio.sample.enlarge(10, 100_000);
    trio.back_up();
    trio.configure(&format!("{STRICT}RCLONE_BANDWIDTH_LIMIT=200k\nRCLONE_TIMEOUT_OPERATION=30\n"));
    cloud_fails(&trio, "rclone cannot", |trio| {
        let run = start(&trio.sample, &["backup"]);
        let rclone = rclone_of(&run, "copyto");
        std::thread::sleep(Duration::from_millis(300));
        kill(rclone, Signal::SIGKILL).unwrap();
        end(run)
    });
    trio.configure(STRICT);
    recovers(&trio);
}
