//! Nothing is wrong: the same backup on every tier, counted, logged, said.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use proxmox_backup::system::is_root;

use super::Trio;
use crate::foreign_fs::Mounted;
use crate::old::hash;
use crate::sample::{names_in, skip};
use crate::tiers::{disk, through_bindfs};

const PUBLIC: &str = "age1dyplrm9myjlha9f8ndx3t5v8yj28ullcw5le0nw6w35jak92jp9q4n2r7q";
const PRIVATE: &str = "AGE-SECRET-KEY-1SZWR755Q29L2PMLPV4Q2JCQ82780DT7ZLYPK5YYDYA6USYNZSDLS5U9C9U";

/// The newest backup is the same on every tier, and each of its files is.
fn assert_same_everywhere(trio: &Trio) {
    let local = trio.sample.path("backups");
    let names = names_in(&local);
    let mut second = names_in(&trio.second());
    second.retain(|name| name != "logs" && name != "lost+found");
    assert_eq!((&second, &trio.cloud("pve")), (&names, &names));
    for name in &names {
        let digests = [local.join(name), trio.second().join(name), trio.cloud_file(name)].map(|file| hash(&file));
        assert!(digests[0] == digests[1] && digests[0] == digests[2], "{name}: {digests:?}");
    }
    trio.assert_only_whole();
}

/// What the log says is what is there; log and statistics lie in both places, as they are here.
fn assert_told_and_logged(trio: &Trio, said: &str, count: usize) {
    let backups = if count == 1 { "backup" } else { "backups" };
    for tier in ["Local", "Secondary", "Cloud"] {
        let line = format!("✓ {tier} storage: {count} {backups} present, 0 removed");
        assert!(said.contains(&line), "{line}: {said}");
    }
    let logs = names_in(&trio.sample.path("logs"));
    assert_eq!(logs.len(), 2 * count, "{logs:?}");
    assert_eq!((&names_in(&trio.second().join("logs")), &trio.cloud("logs")), (&logs, &logs));
    for name in logs {
        let here = std::fs::read(trio.sample.path("logs").join(&name)).unwrap();
        assert!(here == std::fs::read(trio.second().join("logs").join(&name)).unwrap(), "{name}");
        let there = trio.sample.path("log-from-cloud");
        trio.lab.rclone(&["copyto", &format!("{}/logs/{name}", trio.remote), there.to_str().unwrap()]);
        assert!(here == std::fs::read(there).unwrap(), "{name}");
        let is_whole =
            name.contains("-stats-") || String::from_utf8(here).unwrap().contains("✓ Backup of node1 completed");
        assert!(is_whole, "{name}");
    }
}

fn assert_listed_with_three_copies(trio: &Trio) {
    let listed = trio.json(0, &["list"]);
    let copies = listed["backups"][0]["copies"].as_array().unwrap();
    let tiers: Vec<&str> = copies.iter().map(|copy| copy["tier"].as_str().unwrap()).collect();
    assert_eq!(
        (tiers.as_slice(), listed["backups"].as_array().unwrap().len()),
        (&["local", "secondary", "cloud"][..], 1)
    );
    assert!(copies.iter().all(|copy| copy["bytes"] == copies[0]["bytes"]), "{listed}");
    assert_eq!(listed["silent"].as_array().unwrap().len(), 0);
}

fn all_is_well(trio: &Trio) {
    let said = trio.expect(0, &["backup"]);
    assert_same_everywhere(trio);
    assert_told_and_logged(trio, &said.err, 1);
    assert_listed_with_three_copies(trio);
}

fn ext4(trio: &Trio) -> Option<Mounted> {
    disk(&trio.sample.path(""), "ext4", 16, &trio.second())
}

#[test]
fn one_run_puts_the_same_bundle_on_a_disk_a_second_disk_and_s3() {
    let Some(trio) = Trio::with_s3("") else { return };
    let Some(_disk) = ext4(&trio) else { return };
    all_is_well(&trio);
    trio.expect(0, &["check"]).has(&format!("{} [ext4]", trio.second().display()));

    let said = trio.expect(0, &["backup"]);
    assert_told_and_logged(&trio, &said.err, 2);
}

#[test]
fn so_does_one_to_a_share_that_keeps_neither_owners_nor_modes() {
    let lines = "SET_BACKUP_PERMISSIONS=true\nBACKUP_USER=nobody\nBUNDLE_ASSOCIATED_FILES=false\n";
    let Some(trio) = Trio::new(lines) else { return };
    let below = trio.sample.path("below");
    let refuses = ["--chown-deny", "--chgrp-deny", "--chmod-deny"];
    let Some(_share) = through_bindfs(&refuses, &below, &trio.second()) else { return };

    all_is_well(&trio);

    assert_eq!(names_in(&trio.sample.path("backups")).len(), 4);
    let again = trio.expect(0, &["backup"]);
    again.has("keeps no owners here: SET_BACKUP_PERMISSIONS does nothing");
}

#[test]
fn encrypted_backups_are_the_same_everywhere_and_open_from_everywhere() {
    for bundle in ["true", "false"] {
        let Some(trio) = (if bundle == "true" { Trio::with_s3("") } else { Trio::new("") }) else { return };
        let recipients = trio.sample.path("recipients.txt");
        std::fs::write(&recipients, format!("{PUBLIC}\n")).unwrap();
        let lines = format!(
            "BUNDLE_ASSOCIATED_FILES={bundle}\nENCRYPT_ARCHIVE=true\nAGE_RECIPIENT_FILE={}",
            recipients.display()
        );
        trio.configure(&lines);
        all_is_well(&trio);

        let key = trio.sample.path("key");
        std::fs::write(&key, PRIVATE).unwrap();
        let newest = trio.sample.newest();
        let name = newest.file_name().unwrap().to_str().unwrap();
        for copy in [newest.clone(), trio.second().join(name), trio.cloud_file(name)] {
            let words = ["cat", copy.to_str().unwrap(), "/etc/hostname", "--identity", key.to_str().unwrap()];
            assert_eq!(trio.expect(0, &words).out, "node1\n", "{}", copy.display());
        }
    }
}

#[test]
fn the_log_has_the_policy_of_each_tier_word_by_word() {
    let Some(trio) = Trio::new("MAX_LOCAL_BACKUPS=2\nMAX_SECONDARY_BACKUPS=3\nMAX_CLOUD_BACKUPS=0\nMAX_AGE_DAYS=9\n")
    else {
        return;
    };
    for days in [1, 2, 3] {
        trio.plant_old(days);
    }
    // As it stands behind the level.
    let log = |said: &str| {
        let bare = |line: &str| line.split_once("] INFO    ").map_or(line, |(_, text)| text).to_owned() + "\n";
        said.lines().map(bare).collect::<String>()
    };
    let said = log(&trio.expect(0, &["backup"]).err);
    let blocks = [
        "Local storage initialized (present 4 backups)\n  Policy: simple (keep 2 newest, up to 9 days)\n  Total: 4/2\nSimple retention → keep: 2, to_delete: 2\n",
        "Secondary storage initialized (present 1 backup)\n  Policy: simple (keep 3 newest, up to 9 days)\n  Total: 1/3\nSimple retention → keep: 1, to_delete: 0\n",
        "Cloud storage initialized (present 1 backup)\n  Policy: simple (keep up to 9 days)\n  Total: 1/-\nSimple retention → keep: 1, to_delete: 0\n",
    ];
    for block in blocks {
        assert!(said.contains(block), "{block}\n{said}");
    }

    trio.configure("RETENTION_DAILY=7\nRETENTION_WEEKLY=4\nSECONDARY_RETENTION_MONTHLY=12\nCLOUD_RETENTION_DAILY=1\nCLOUD_RETENTION_YEARLY=3\n");
    let said = log(&trio.expect(0, &["backup"]).err);
    assert!(said.contains("Local storage initialized (present 3 backups)\n  Policy: GFS (daily=7, weekly=4, monthly=0, yearly=0)\n  Total: 3/-\n  Daily: 2/7\n"), "{said}");
    assert!(said.contains("  Policy: GFS (daily=7, weekly=4, monthly=12, yearly=0)\n  Total: 2/-\n  Daily: 1/7\n  Weekly: 0/4\n  Monthly: 0/12\n  Yearly: 0/0\nGFS classification → daily: 1/7, weekly: 0/4, monthly: 0/12, yearly: 0/0, to_delete: 1\n"), "{said}");
    assert!(said.contains("  Policy: GFS (daily=1, weekly=4, monthly=0, yearly=3)\n  Total: 2/-\n  Daily: 1/1\n  Weekly: 0/4\n  Monthly: 0/0\n  Yearly: 0/3\nGFS classification → daily: 1/1, weekly: 0/4, monthly: 0/0, yearly: 0/3, to_delete: 1\n"), "{said}");
}

#[test]
fn whom_backups_are_for_gets_them_on_every_directory() {
    if !is_root() {
        return skip("only root can give files away");
    }
    let lines = "SET_BACKUP_PERMISSIONS=true\nBACKUP_USER=nobody\nBACKUP_GROUP=nogroup\n";
    let Some(trio) = Trio::new(lines) else { return };
    trio.back_up();
    let who = |path: &Path| {
        let meta = path.symlink_metadata().unwrap();
        (meta.uid(), meta.gid(), meta.permissions().mode() & 0o7777)
    };
    for dir in [trio.sample.path("backups"), trio.second(), trio.second().join("logs")] {
        for name in names_in(&dir).into_iter().filter(|name| name != "logs") {
            assert_eq!(who(&dir.join(&name)), (65534, 65534, 0o640), "{name} in {}", dir.display());
        }
        assert_eq!(who(&dir), (65534, 65534, 0o750), "{}", dir.display());
    }
    trio.configure("SET_BACKUP_PERMISSIONS=true\nBACKUP_USER=nobodyknows\n");
    let said = trio.expect(1, &["backup"]);
    said.has("nobodyknows").has("files stay root's");
}

#[test]
fn tiers_that_are_nearly_full_are_warnings_and_get_their_backup() {
    let Some(trio) = Trio::new("") else { return };
    let Some(_disk) = ext4(&trio) else { return };
    std::fs::write(trio.second().join("filler"), vec![1; 9 << 20]).unwrap();
    trio.configure("STORAGE_WARNING_THRESHOLD_PRIMARY=1\nSTORAGE_WARNING_THRESHOLD_SECONDARY=50\n");
    let said = trio.expect(1, &["backup"]);
    said.has("% are used, 1 % is the limit").has("% are used, 50 % is the limit").has("✓ Secondary storage");

    std::fs::remove_file(trio.second().join("filler")).unwrap();
    trio.configure("MIN_DISK_SPACE_SECONDARY_GB=1\nMIN_DISK_SPACE_CLOUD_GB=900000\n");
    let said = trio.expect(1, &["backup"]);
    said.has("MIN_DISK_SPACE_SECONDARY_GB asks for 1.0 GiB").has("✓ Secondary storage: 2 backups");
    said.has("are free, ").has("✓ Cloud storage: 2 backups");
    trio.expect(1, &["check"]).has("MIN_DISK_SPACE_SECONDARY_GB");

    trio.configure("MIN_DISK_SPACE_PRIMARY_GB=900000\n");
    trio.expect(4, &["backup"]).has("Insufficient disk space").has("900000.00 GB required");
    assert_eq!(trio.assert_only_whole().map(|ids| ids.len()), [2, 2, 2]);
}
