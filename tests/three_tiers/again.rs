//! `--if-changed`, and a run that is stopped in the middle of an upload.

use std::os::unix::fs::{PermissionsExt, chown};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::{Trio, end, expect, rclone_of, send, start};
use crate::sample::{Sample, names_in, skip};

const IF_CHANGED: [&str; 2] = ["backup", "--if-changed"];
const ONE: &str = "age1dyplrm9myjlha9f8ndx3t5v8yj28ullcw5le0nw6w35jak92jp9q4n2r7q";

#[test]
fn an_unchanged_host_is_backed_up_no_second_time_and_any_change_is_one() {
    let Some(trio) = Trio::new("") else { return };
    let file = trio.sample.root().join("etc/cron.d/own");
    let count = || names_in(&trio.sample.path("backups")).len();
    trio.expect(0, &IF_CHANGED);
    let unchanged = |what: &str| {
        let before = count();
        let said = trio.run(&IF_CHANGED);
        assert_eq!(said.code, Some(16), "{what}: {}", said.err);
        said.has("nothing has changed since node1-backup-");
        assert_eq!(count(), before, "{what}");
    };
    let changed = |what: &str| {
        let before = count();
        let said = trio.run(&IF_CHANGED);
        assert_eq!(said.code, Some(0), "{what}: {}", said.err);
        assert_eq!(count(), before + 1, "{what}");
        unchanged(what);
    };
    unchanged("nothing");
    assert!(std::process::Command::new("touch").arg(&file).status().unwrap().success());
    unchanged("touch");
    trio.configure("MAX_LOCAL_BACKUPS=99\n");

    std::fs::write(&file, "# something\n").unwrap();
    changed("content");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    changed("mode");
    if chown(&file, Some(1), Some(1)).is_ok() {
        changed("owner");
    }
    let set = std::process::Command::new("setfattr").args(["-n", "user.note", "-v", "x"]).arg(&file).status();
    if set.is_ok_and(|status| status.success()) {
        changed("xattr");
    } else {
        skip("no setfattr, or no extended attributes here");
    }
    trio.sample.plant("/etc/cron.d/new", "# new\n");
    changed("added");
    std::fs::remove_file(trio.sample.root().join("etc/cron.d/new")).unwrap();
    changed("removed");
    std::fs::remove_file(trio.sample.newest()).unwrap();
    let said = trio.expect(0, &IF_CHANGED);
    said.has("is gone: a new backup is made");
    unchanged("the newest deleted");

    let recipients = trio.sample.path("recipients.txt");
    std::fs::write(&recipients, format!("{ONE}\n")).unwrap();
    trio.configure(&format!(
        "MAX_LOCAL_BACKUPS=99\nENCRYPT_ARCHIVE=true\nAGE_RECIPIENT_FILE={}\n",
        recipients.display()
    ));
    changed("encrypted");
    let key = "age1s3cqcks5genc6ru8chl0hkkd04zmxvczsvdxq99ekffe4gmvjpzsedk23c";
    std::fs::write(&recipients, format!("{ONE}\n{key}\n")).unwrap();
    let said = trio.run(&IF_CHANGED);
    assert_eq!(said.code, Some(0), "recipient: {}", said.err);
}

#[test]
fn what_a_node_writes_by_itself_is_no_change() {
    let Some(trio) = Trio::new("") else { return };
    let mut sample = Sample::host("pve-8-single");
    sample.environment.clone_from(&trio.sample.environment);
    sample.configure("");
    let write = |round: &str| {
        for (path, text) in VOLATILE {
            sample.plant(path, format!("{text}{round}"));
        }
    };
    write("");
    expect(0, &mut sample.program(["backup"]));
    write(" ");
    expect(16, &mut sample.program(IF_CHANGED));
    let storage = sample.root().join("etc/pve/storage.cfg");
    let text = std::fs::read_to_string(&storage).unwrap();
    std::fs::write(&storage, format!("{text}\ndir: other\n\tpath /var/lib/vz\n\tcontent iso\n")).unwrap();
    let said = super::run(&mut sample.program(IF_CHANGED));
    assert!(matches!(said.code, Some(0 | 1)), "{}", said.err);
}

/// The cluster file system's own state, and what its services write down.
const VOLATILE: [(&str, &str); 6] = [
    ("/etc/pve/.version", "{\"starttime\": 1, \"clinfo\": 2, \"vmlist\": 3}"),
    ("/etc/pve/.rrd", "pve2-node/node1:1:2:3"),
    ("/etc/pve/.clusterlog", "{\"data\": []}"),
    ("/etc/pve/.members", "{\"nodename\": \"node1\", \"version\": 1}"),
    ("/etc/pve/nodes/node1/lrm_status", "{\"timestamp\": 1}"),
    ("/etc/pve/ha/manager_status", "{\"timestamp\": 1}"),
];

#[test]
fn a_tier_that_failed_last_time_gets_its_backup_though_nothing_has_changed() {
    let Some(trio) = Trio::new("") else { return };
    trio.back_up();
    // What should be a directory is a file.
    let away = trio.sample.path("away");
    std::fs::rename(trio.second(), &away).unwrap();
    std::fs::write(trio.second(), "").unwrap();
    trio.expect(1, &["backup"]).has("✗ Secondary storage operations completed with warnings");
    std::fs::remove_file(trio.second()).unwrap();
    std::fs::rename(&away, trio.second()).unwrap();

    trio.expect(0, &IF_CHANGED).has("✓ Secondary storage: 2 backups present");
    trio.expect(16, &IF_CHANGED);
}

#[test]
fn a_run_that_is_interrupted_during_an_upload_keeps_its_local_backup_and_nothing_else() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let slow = "RCLONE_BANDWIDTH_LIMIT=100k\nRCLONE_TIMEOUT_OPERATION=60\n";
        let Some(trio) = Trio::new(slow) else { return };
        trio.sample.enlarge(10, 100_000);
        let run = start(&trio.sample, &["backup"]);
        let rclone = rclone_of(&run, "copyto");
        std::thread::sleep(Duration::from_millis(200));
        let asked = Instant::now();
        send(signal, &run);
        let said = end(run);

        assert_eq!(said.code, Some(if signal == Signal::SIGINT { 130 } else { 143 }), "{}", said.err);
        assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
        assert!(nix::sys::signal::kill(rclone, None).is_err(), "rclone goes on alone");
        assert_eq!(super::ids_of_whole(&trio.sample.path("backups")).len(), 1);
        assert!(super::ids_of_whole(&trio.second()).len() <= 1);
        assert!(trio.cloud("pve").iter().all(|name| name.ends_with(".partial")), "{:?}", trio.cloud("pve"));
        let listed = trio.json(0, &["list", "--tier", "cloud"]);
        assert_eq!(listed["backups"].as_array().unwrap().len(), 0, "{listed}");

        trio.configure("");
        trio.expect(0, &["backup"]).has("✓ Cloud storage: 1 backup present");
        assert_eq!(trio.assert_only_whole()[2].len(), 1);
    }
}
