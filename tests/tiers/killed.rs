//! A process that is killed while it copies or removes leaves whole backups only, and the next
//! `prepare` sweeps up the rest. `KILLS` moments (25), `SEED` to repeat a series.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use proxmox_backup::bundle::parse_name;
use proxmox_backup::storage::{Store, Stored, Touch};

use super::{PATIENT, host_with_backup, outgoing, secondary, terms};
use crate::sample::{Random, names_in, problems_of, setting};

const PLACES: &str = "TIER_OF_THE_OTHER_PROCESS";

#[test]
#[ignore = "what the test below starts and kills"]
fn the_other_process() {
    let Some(places) = std::env::var_os(PLACES) else { return };
    let places: Vec<PathBuf> = std::env::split_paths(&places).collect();
    let store = secondary(&places[1], &terms(PATIENT));
    let backups = [outgoing(&places[0]), outgoing(&places[2])];
    store.prepare("tier", Touch::Really).unwrap();
    loop {
        for backup in &backups {
            store.put(backup).unwrap();
        }
        let stored = store.list().unwrap();
        store.remove(&stored.iter().collect::<Vec<&Stored>>());
    }
}

#[test]
fn whoever_is_killed_leaves_whole_backups_only() {
    let (sample, _) = host_with_backup(300, false);
    std::thread::sleep(Duration::from_secs(1));
    let (later, _) = host_with_backup(300, false);
    let dir = sample.path("second");
    let store = secondary(&dir, &terms(PATIENT));
    let seed = setting("SEED", usize::try_from(std::process::id()).unwrap()) as u64;
    let mut random = Random::new(seed);
    let places = [sample.path("backups"), dir.clone(), later.path("backups")];
    let mut unfinished = 0;
    for _ in 0..setting("KILLS", 25) {
        let mut child = Command::new("/proc/self/exe")
            .args(["--ignored", "--exact", "tiers::killed::the_other_process"])
            .env(PLACES, std::env::join_paths(&places).unwrap())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(20 + random.below(150)));
        child.kill().unwrap();
        child.wait().unwrap();

        let what = format!("SEED={seed} {:?}", names_in(&dir));
        for name in names_in(&dir).iter().filter(|name| parse_name(name).is_some()) {
            assert_eq!(problems_of(&dir.join(name)), Vec::<String>::new(), "{what}");
        }
        unfinished += store.prepare("tier", Touch::Really).unwrap().len();
        let mut expected: Vec<String> = store.list().unwrap().into_iter().flat_map(|stored| stored.files).collect();
        expected.push("logs".to_owned());
        expected.sort();
        assert_eq!(names_in(&dir), expected, "{what}");
    }
    assert!(unfinished > 0, "nothing was ever interrupted, SEED={seed}");
}
