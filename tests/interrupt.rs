//! A run may be stopped at any moment. Asked to stop, it leaves nothing behind; killed, it leaves
//! nothing that looks like a backup, and the next run cleans up unaided.
//!
//! `INTERRUPTIONS` per signal (20), `SEED` to repeat a failing series.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use proxmox_backup::bundle::parse_name;

use crate::sample::{Random, Sample, names_in, problems_of, setting};

/// A host whose run takes some tenths of a second, and how long it takes.
fn slow_host() -> (Sample, Duration) {
    let sample = Sample::host("pve-8-single");
    sample.enlarge(400, 20_000);
    let started = Instant::now();
    sample.expect(0, &["backup"]);
    (sample, started.elapsed())
}

fn start(sample: &Sample) -> Child {
    sample.program(["backup"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Each name that a user takes for a backup is a whole one. Verified ones go, to save time.
fn assert_only_whole_backups(sample: &Sample, what: &str) {
    for path in sample.backups() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if parse_name(&name).is_some() {
            assert_eq!(problems_of(&path), Vec::<String>::new(), "{what}: {name}");
            std::fs::remove_file(&path).unwrap();
        }
    }
}

/// What a run leaves in its three places besides backups, logs and statistics.
fn remains(sample: &Sample) -> Vec<String> {
    let backups = names_in(&sample.path("backups")).into_iter().filter(|name| parse_name(name).is_none());
    let is_log = |name: &String| {
        let path = Path::new(name);
        path.extension().is_some_and(|end| end == "log" || end == "json")
    };
    let logs = names_in(&sample.path("logs")).into_iter().filter(|name| !is_log(name));
    backups.chain(logs).chain(sample.left_in_run_dir()).collect()
}

fn seed() -> u64 {
    setting("SEED", usize::try_from(std::process::id()).unwrap()) as u64
}

/// Moments spread over a run, somewhat beyond its end, in no order.
fn moments(length: Duration, seed: u64) -> Vec<Duration> {
    let count = u32::try_from(setting("INTERRUPTIONS", 20)).unwrap();
    let mut random = Random::new(seed);
    (0..count)
        .map(|number| {
            let within = f64::from(u32::try_from(random.below(1000)).unwrap()) / 1000.0;
            length.mul_f64(1.1 * (f64::from(number) + within) / f64::from(count))
        })
        .collect()
}

fn asked_to_stop(signal: &str, code: i32) {
    let (sample, length) = slow_host();
    let seed = seed();
    let mut stopped = 0;
    for moment in moments(length, seed) {
        let what = format!("{signal} after {moment:?} of {length:?}, SEED={seed}");
        let mut child = start(&sample);
        std::thread::sleep(moment);
        send(signal, &child);
        let asked = Instant::now();
        let status = child.wait().unwrap();

        // Before it has said that it wants to know of signals, the kernel ends it: the shell's code is the same.
        let ended = status.code().or_else(|| status.signal().map(|number| 128 + number));
        assert!(ended == Some(code) || ended == Some(0), "{what}: {status}");
        assert!(asked.elapsed() < length + Duration::from_secs(5), "{what}: ended after {:?}", asked.elapsed());
        assert_eq!(remains(&sample), Vec::<String>::new(), "{what}");
        assert_only_whole_backups(&sample, &what);
        stopped += usize::from(ended == Some(code));
    }
    assert!(stopped > 0, "no run was stopped: {length:?}, SEED={seed}");
}

#[test]
fn sigint_leaves_nothing_half_done() {
    asked_to_stop("-INT", 130);
}

#[test]
fn sigterm_leaves_nothing_half_done() {
    asked_to_stop("-TERM", 143);
}

#[test]
fn the_run_after_a_killed_one_succeeds_unaided_and_cleans_up() {
    let (sample, length) = slow_host();
    let seed = seed();
    for moment in moments(length, seed) {
        let what = format!("SIGKILL after {moment:?} of {length:?}, SEED={seed}");
        let mut child = start(&sample);
        std::thread::sleep(moment);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_only_whole_backups(&sample, &what);
        let left = remains(&sample);

        let next = sample.run(["backup"]);

        let said = String::from_utf8_lossy(&next.stderr);
        assert_eq!(next.status.code(), Some(0), "{what}: {said}");
        assert_eq!(remains(&sample), Vec::<String>::new(), "{what}: the killed run left {left:?}");
        assert_eq!(sample.backups().len(), 1, "{what}");
        assert_only_whole_backups(&sample, &what);
    }
}
