//! Hosts that share tiers, older tools' backups there, a preview that is the deed, a prune that is killed.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{Trio, end, host, ids_of_whole, plant_old, send, settings, start};
use crate::old::{Bash, Layout, ProxSave};
use crate::sample::{Random, Sample, files_in, names_in, setting};

/// Copies all local backups of a host to the other tiers.
fn spread(trio: &Trio, sample: &Sample) {
    let dir = sample.path("backups");
    std::fs::create_dir_all(trio.second()).unwrap();
    for file in files_in(&dir) {
        std::fs::copy(&file, trio.second().join(file.file_name().unwrap())).unwrap();
    }
    trio.lab.rclone(&["copy", dir.to_str().unwrap(), &format!("{}/pve", trio.remote)]);
}

fn of_host(ids: &[String], host: &str) -> usize {
    ids.iter().filter(|id| id.starts_with(&format!("{host}-"))).count()
}

/// IDs that a preview would remove, tier by tier.
fn doomed(preview: &Value) -> Vec<(String, Vec<String>)> {
    let tiers = preview["tiers"].as_array().unwrap().iter();
    let of_tier = |tier: &Value| {
        let backups = tier["backups"].as_array().unwrap().iter();
        let ids = backups.filter(|one| one["fate"] == "remove").map(|one| text(&one["id"])).collect();
        (text(&tier["tier"]), sorted(ids))
    };
    tiers.map(of_tier).collect()
}

fn named(report: &Value, key: &str) -> Vec<(String, Vec<String>)> {
    let tiers = report["tiers"].as_array().unwrap().iter();
    tiers.map(|tier| (text(&tier["tier"]), sorted(tier[key].as_array().unwrap().iter().map(text).collect()))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn sorted(mut all: Vec<String>) -> Vec<String> {
    all.sort();
    all
}

#[test]
fn two_hosts_on_one_directory_and_one_bucket_never_touch_each_other() {
    let Some(trio) = Trio::with_s3("") else { return };
    // One name is the beginning of the other.
    let other = host("node1-b", trio.lab.environment());
    for days in [1, 2, 3] {
        trio.plant_old(days);
        plant_old(&other, days);
    }
    spread(&trio, &trio.sample);
    spread(&trio, &other);
    let limits = "MAX_LOCAL_BACKUPS=2\nMAX_SECONDARY_BACKUPS=2\nMAX_CLOUD_BACKUPS=1\n";
    trio.configure(limits);
    other.configure(&settings(&trio.second(), &trio.remote, limits));

    let preview = trio.json(0, &["prune", "--dry-run"]);
    let done = trio.json(0, &["prune"]);
    assert_eq!(doomed(&preview), named(&done, "removed"));
    let counts = |host: &str| {
        let [_, second, cloud] = trio.assert_only_whole();
        [of_host(&second, host), of_host(&cloud, host)]
    };
    // The longer name begins like the shorter one.
    assert_eq!((counts("node1"), counts("node1-b")), ([2 + 3, 1 + 3], [3, 3]));
    super::expect(0, &mut other.program(["prune"]));
    assert_eq!((counts("node1"), counts("node1-b")), ([2 + 2, 1 + 1], [2, 1]));
    assert_eq!((ids_of_whole(&trio.sample.path("backups")).len(), ids_of_whole(&other.path("backups")).len()), (2, 2));

    let preview = trio.json(0, &["backup", "--dry-run"]);
    let report = trio.json(0, &["backup"]);
    assert_eq!(named(&preview, "would_remove"), named(&report, "backups_removed"));
    assert_eq!((counts("node1"), counts("node1-b")), ([2 + 2, 1 + 1], [2, 1]));
    let listed = trio.json(0, &["list"]);
    assert!(listed["backups"].as_array().unwrap().iter().all(|backup| backup["host"] == "node1"), "{listed}");
}

#[test]
fn logs_of_pruned_backups_go_with_them_on_every_tier() {
    let Some(trio) = Trio::new("") else { return };
    let first = trio.back_up();
    trio.back_up();
    trio.configure("MAX_LOCAL_BACKUPS=1\nMAX_SECONDARY_BACKUPS=1\nMAX_CLOUD_BACKUPS=1\n");
    assert_eq!(trio.cloud("logs").len(), 4);

    trio.expect(0, &["prune"]).has(&format!("Removed {first}"));

    let logs = names_in(&trio.sample.path("logs"));
    assert_eq!((logs.len(), names_in(&trio.second().join("logs"))), (2, logs.clone()));
    assert_eq!(trio.cloud("logs"), logs);
}

#[test]
fn a_prune_that_is_killed_leaves_whole_backups_only_and_the_next_run_sweeps() {
    let Some(trio) = Trio::new("BUNDLE_ASSOCIATED_FILES=false\nCLOUD_BATCH_SIZE=1\n") else { return };
    for days in 1..=4 {
        trio.plant_old(days);
    }
    let stock = trio.sample.path("stock");
    std::fs::rename(trio.sample.path("backups"), &stock).unwrap();
    let fill = || {
        std::fs::create_dir_all(trio.sample.path("backups")).unwrap();
        for file in files_in(&stock) {
            std::fs::copy(&file, trio.sample.path("backups").join(file.file_name().unwrap())).unwrap();
        }
        spread(&trio, &trio.sample);
    };
    let limits = "BUNDLE_ASSOCIATED_FILES=false\nCLOUD_BATCH_SIZE=1\nMAX_LOCAL_BACKUPS=1\nMAX_SECONDARY_BACKUPS=1\nMAX_CLOUD_BACKUPS=1\n";
    trio.configure(limits);
    fill();
    let started = Instant::now();
    trio.expect(0, &["prune"]);
    let length = started.elapsed();
    let seed = setting("SEED", usize::try_from(std::process::id()).unwrap()) as u64;
    let mut random = Random::new(seed);
    for _ in 0..setting("KILLS", 5) {
        fill();
        let run = start(&trio.sample, &["prune"]);
        std::thread::sleep(length.mul_f64(f64::from(u32::try_from(random.below(1000)).unwrap()) / 1000.0));
        send(Signal::SIGKILL, &run);
        end(run);
        // An rclone that it started may still be at work.
        std::thread::sleep(Duration::from_millis(150));
        let cloud = trio.sample.path("cloud-copy");
        let _ = std::fs::remove_dir_all(&cloud);
        std::fs::create_dir(&cloud).unwrap();
        trio.lab.rclone(&["copy", &format!("{}/pve", trio.remote), cloud.to_str().unwrap()]);
        for dir in [trio.sample.path("backups"), trio.second(), cloud] {
            assert_whole_archives(&dir, seed);
        }
    }
    let swept = trio.expect(0, &["backup"]);
    assert_eq!(trio.assert_only_whole().map(|ids| ids.len()), [1, 1, 1], "SEED={seed}: {}", swept.err);
    for dir in [trio.sample.path("backups"), trio.second()] {
        assert_eq!(names_in(&dir).iter().filter(|name| *name != "logs").count(), 4, "SEED={seed} {:?}", names_in(&dir));
    }
    assert_eq!(trio.cloud("pve").len(), 4, "SEED={seed}");
}

/// What has the name of an archive has its side files and is whole.
fn assert_whole_archives(dir: &Path, seed: u64) {
    let names = names_in(dir);
    for name in names.iter().filter(|name| proxmox_backup::bundle::parse_name(name).is_some()) {
        let problems = crate::sample::problems_of(&dir.join(name));
        assert_eq!(problems, Vec::<String>::new(), "SEED={seed} {name} in {}: {names:?}", dir.display());
        for end in [".sha256", ".metadata", ".manifest.json"] {
            assert!(names.contains(&format!("{name}{end}")), "SEED={seed} {name} without {end}: {names:?}");
        }
    }
}

#[test]
fn backups_of_both_older_tools_are_counted_when_they_are_this_hosts() {
    let Some(trio) = Trio::new("MAX_LOCAL_BACKUPS=2\nMAX_SECONDARY_BACKUPS=2\nMAX_CLOUD_BACKUPS=1\n") else { return };
    let dir = trio.sample.path("backups");
    std::fs::create_dir(&dir).unwrap();
    // Both of node1.example.org, which /etc/hosts calls this host: of 2025-11-20 and of 2026-01-01.
    Bash::new().pack(&dir, "gz", "-z");
    ProxSave::new().pack(&dir, (".gz", "gz", "-z"), Layout::ManifestLast);
    let foreign = host("node9", trio.lab.environment());
    spread(&trio, &trio.sample);

    let listed = trio.json(0, &["list"]);
    assert_eq!(listed["backups"].as_array().unwrap().len(), 2, "{listed}");
    let said = trio.expect(0, &["backup"]);
    said.has("Local storage initialized (present 3 backups)").has("Secondary storage initialized (present 3 backups)");
    said.has("Cloud storage initialized (present 3 backups)");
    said.has("✓ Local storage: 2 backups present, 1 removed").has("✓ Cloud storage: 1 backup present, 2 removed");
    for dir in [&dir, &trio.second()] {
        let names = names_in(dir);
        assert!(!names.iter().any(|name| name.starts_with("pve-backup-")), "side files go too: {names:?}");
        assert!(names.iter().any(|name| name.starts_with("node1.example.org-backup-")), "{names:?}");
    }
    assert_eq!(trio.cloud("pve").len(), 1, "{:?}", trio.cloud("pve"));

    // The same directory seen by another host: not one of them is its own.
    let before = names_in(&trio.second());
    foreign.configure(&settings(&trio.second(), &trio.remote, "MAX_SECONDARY_BACKUPS=1\nMAX_CLOUD_BACKUPS=1\n"));
    super::expect(0, &mut foreign.program(["backup"])).has("Secondary storage initialized (present 1 backup)");
    super::expect(0, &mut foreign.program(["prune"]));
    assert!(before.iter().all(|name| names_in(&trio.second()).contains(name)), "{before:?}");
    assert_eq!(trio.cloud("pve").len(), 2);
}
