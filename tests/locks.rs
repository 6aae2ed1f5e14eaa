//! One run at a time, and nothing but a living run is a lock.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::sample::{Sample, problems_of, setting};

/// A start that finds the lock held says so within a second; a loaded test machine gets two more.
const REFUSED_WITHIN: Duration = Duration::from_secs(3);

fn busy_host() -> Sample {
    let sample = Sample::empty("busy");
    sample.plant("/etc/hostname", "busy\n");
    sample.plant("/etc/hosts", "127.0.0.1 busy\n");
    sample.plant("/etc/network/interfaces", "auto lo\n");
    sample.enlarge(600, 20_000);
    sample
}

fn start(sample: &Sample) -> Child {
    sample.program(["backup"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < end, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn holder(lock: &Path) -> Option<u32> {
    std::fs::read_to_string(lock).ok()?.split_once(' ')?.0.parse().ok()
}

fn ended(mut child: Child) -> (Option<i32>, String) {
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (child.wait().unwrap().code(), said)
}

/// Starts many at once and stops the one that holds the lock while it works, so that none of the
/// others can come after its end. Gives the stopped one and the others.
fn one_stopped_at_work(sample: &Sample) -> (Child, Vec<Child>) {
    let lock = sample.path("run/.backup.lock");
    for _ in 0..10 {
        let mut children: Vec<Child> = (0..setting("STARTS", 50)).map(|_| start(sample)).collect();
        let winner = until("somebody holds the lock", || holder(&lock));
        signal("-STOP", winner);
        let at = children.iter().position(|child| child.id() == winner).unwrap();
        let stopped = children.swap_remove(at);
        until("it stands still or has ended", || is_at_rest(winner).then_some(()));
        if holder(&lock) == Some(winner) {
            return (stopped, children);
        }
        // It was faster than we: then a second one may rightly have begun.
        signal("-CONT", winner);
        children.into_iter().chain([stopped]).for_each(|child| drop(ended(child)));
        sample.backups().iter().for_each(|file| std::fs::remove_file(file).unwrap());
    }
    panic!("ten runs ended before they could be stopped");
}

fn is_at_rest(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['T', 'Z']))
}

#[test]
fn of_many_simultaneous_starts_exactly_one_runs() {
    let sample = busy_host();
    let (stopped, children) = one_stopped_at_work(&sample);
    let winner = stopped.id();

    for child in children {
        let (code, said) = ended(child);
        assert_eq!(code, Some(4), "{said}");
        // The file's text comes after the lock itself: whoever looks in between learns no name.
        let names_holder = said.contains(&format!("PID {winner}, lock age: "));
        assert!(said.contains("Another backup is in progress"), "{said}");
        assert!(names_holder || said.contains("does not say whose"), "{said}");
    }
    let asked = Instant::now();
    let (code, said) = ended(start(&sample));
    let waited = asked.elapsed();
    signal("-CONT", winner);
    let (won, story) = ended(stopped);

    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains(&format!("PID {winner}, lock age: ")), "{said}");
    assert!(waited < REFUSED_WITHIN, "{waited:?}");
    assert_eq!(won, Some(0), "{story}");
    let [only] = &sample.backups()[..] else { panic!("{:?}", sample.backups()) };
    assert_eq!(problems_of(only), Vec::<String>::new());
    assert_eq!(sample.left_in_run_dir(), Vec::<String>::new());
}

#[test]
fn a_killed_holder_leaves_no_lock() {
    let sample = busy_host();
    let lock = sample.path("run/.backup.lock");
    let mut child = start(&sample);
    until("it holds the lock", || holder(&lock));
    child.kill().unwrap();
    child.wait().unwrap();

    sample.expect(0, &["backup"]);

    assert_eq!(sample.left_in_run_dir(), Vec::<String>::new());
    assert_eq!(sample.backups().len(), 1);
}

#[test]
fn what_an_older_tool_left_is_no_lock() {
    let sample = Sample::host("debian-plain");
    std::fs::create_dir(sample.path("run")).unwrap();
    // Of a process that has ended, of one that lives, and what it never had.
    let me = std::process::id();
    for text in ["4194999\n", &format!("{me}\n"), &format!("{me} 1700000000\n"), "", "pid=1\nhost=x\n"] {
        std::fs::write(sample.path("run/.backup.lock"), text).unwrap();
        sample.expect(0, &["backup"]);
        assert!(!sample.path("run/.backup.lock").exists(), "{text:?}");
    }
}

#[test]
fn a_lock_that_is_a_link_is_not_followed() {
    let sample = Sample::host("debian-plain");
    std::fs::create_dir(sample.path("run")).unwrap();
    std::fs::write(sample.path("precious"), "precious").unwrap();
    std::os::unix::fs::symlink(sample.path("precious"), sample.path("run/.backup.lock")).unwrap();

    sample.expect(4, &["backup"]);

    assert_eq!(std::fs::read_to_string(sample.path("precious")).unwrap(), "precious");
}
