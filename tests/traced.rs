//! What a run does to the machine, as the kernel sees it, and what programs may do to a run.
//!
//! Below `--root` one plain copy exists for a moment: `config.db` in the private workspace,
//! because SQLite would otherwise write beside it on the disk that is looked at.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use proxmox_backup::recipe::CommandNeed;
use proxmox_backup::report::RunReport;
use proxmox_backup::system::{Clock, Live, Runner};
use proxmox_backup::workflow::dry_run;

use crate::sample::{Sample, files_in, problems_of, skip};

/// Stands for a secret; no file of ours may ever hold as much as [`SEEN`] bytes of it.
const CANARY: &str = "CanaryThatSings4Secrets9x7Qm2Zt8Lw3Kv6Rb1Yp5Nd0Hj7Gf4Sc2AuEiOq8Wm3Xt9Bz6Ck1Dv5Fg0";
const SEEN: usize = 32;

const CALLS: &str = "execve,execveat,socket,connect,open,openat,openat2,creat,write,pwrite64,writev,pwritev,pwritev2,\
    sendfile,copy_file_range,splice,fsync,fdatasync,rename,renameat,renameat2,link,linkat,symlink,symlinkat,\
    mkdir,mkdirat,mknod,mknodat,unlink,unlinkat,rmdir,truncate,chmod,fchmodat,chown,lchown,fchownat,utimensat,\
    setxattr,lsetxattr,removexattr";

/// The system calls of a backup, one per line; `None` where nothing can be traced.
fn trace(sample: &Sample) -> Option<Vec<String>> {
    let program = sample.program(["backup"]);
    let calls = sample.path("calls");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-s", "100000", "-e", &format!("trace={CALLS}"), "-e", "signal=none", "-o"]);
    strace.arg(&calls).arg(program.get_program()).args(program.get_args()).env_clear();
    strace.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let Ok(output) = strace.output() else {
        skip("strace is not installed");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("ptrace") && said.contains("not permitted") {
        skip("tracing is not permitted");
        return None;
    }
    assert_eq!(output.status.code(), Some(0), "{said}");
    let text = String::from_utf8_lossy(&std::fs::read(calls).unwrap()).into_owned();
    Some(text.lines().map(without_pid).filter(|line| !line.starts_with("+++")).collect())
}

fn without_pid(line: &str) -> String {
    line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().to_owned()
}

/// A host with the canary in files small, large and in the database.
fn host_with_secrets() -> Sample {
    let sample = Sample::host("pve-8-single");
    let prose = "An ordinary sentence that compresses well, as configurations do. ".repeat(10);
    for number in 0..5 {
        sample.plant(&format!("/etc/cron.d/secret-{number}"), format!("{prose}{CANARY}\n{prose}"));
    }
    sample.plant("/etc/cron.d/large", format!("{prose}\n{CANARY}\n").repeat(400));
    let database = rusqlite::Connection::open(sample.root().join("var/lib/pve-cluster/config.db")).unwrap();
    database.execute("UPDATE tree SET data = ?1 WHERE name = 'shadow.cfg'", [CANARY]).unwrap();
    sample.plant("/etc/pve/priv/shadow.cfg", CANARY);
    sample
}

fn holds_secret(line: &str) -> bool {
    (0..=CANARY.len() - SEEN).any(|at| line.contains(&CANARY[at..at + SEEN]))
}

/// The first path that a line has after `at`: of a descriptor, or quoted.
fn paths(line: &str) -> Vec<&str> {
    let quoted = line.split('"').skip(1).step_by(2);
    quoted.filter(|text| text.starts_with('/')).collect()
}

#[test]
fn no_plain_text_is_written_but_the_database_into_the_private_workspace() {
    let sample = host_with_secrets();
    let Some(calls) = trace(&sample) else { return };
    let workspace = format!("<{}/workspace-", sample.path("run").display());
    let is_database = |line: &str| line.contains(&workspace) && line.contains("/database");

    let written: Vec<&String> = calls.iter().filter(|line| holds_secret(line)).collect();
    let elsewhere: Vec<String> =
        written.iter().filter(|line| !is_database(line)).map(|line| line.chars().take(200).collect()).collect();

    assert!(elsewhere.is_empty(), "{elsewhere:#?}");
    assert!(!written.is_empty(), "the search finds what is known to be there");
    let made = calls.iter().find(|line| line.starts_with("mkdir") && line.contains("/workspace-")).unwrap();
    assert!(made.contains(", 0700)"), "{made}");
    assert!(sample.left_in_run_dir().is_empty());
    // The backup is not empty either: what was hidden is in it.
    assert!(sample.expect(0, &["cat", "latest", "/etc/cron.d/large"]).contains(CANARY));
}

#[test]
fn nothing_is_executed_and_nobody_is_called() {
    let sample = Sample::host("pve-pbs-dual");
    let Some(calls) = trace(&sample) else { return };
    let started: Vec<&String> = calls.iter().filter(|line| line.starts_with("execve")).collect();
    assert_eq!(started.len(), 1, "{started:#?}");
    // The system's log is told of problems, where there is one.
    let is_log = |line: &str| line.contains("AF_UNIX, SOCK_DGRAM") || line.contains("sun_path=\"/dev/log\"");
    let calls_out = |line: &str| line.starts_with("socket") || line.starts_with("connect");
    let called: Vec<&String> = calls.iter().filter(|line| calls_out(line) && !is_log(line)).collect();
    assert!(called.is_empty(), "{called:#?}");
}

#[test]
fn only_our_own_places_are_touched() {
    let sample = Sample::host("pve-8-single");
    let Some(calls) = trace(&sample) else { return };
    let places = ["backups", "logs", "run", "state"].map(|name| sample.path(name));
    let is_ours = |path: &str| places.iter().any(|place| Path::new(path).starts_with(place));
    let is_change = |line: &str| {
        let opens = line.starts_with("open") || line.starts_with("creat");
        let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TMPFILE", "O_TRUNC"].iter().any(|flag| line.contains(flag));
        let names = ["rename", "link", "symlink", "mkdir", "mknod", "unlink", "rmdir", "truncate", "chmod", "chown"];
        let attributes = ["lchown", "fchmodat", "fchownat", "utimensat", "setxattr", "lsetxattr", "removexattr"];
        (opens && writes) || names.iter().chain(&attributes).any(|name| line.starts_with(name))
    };

    let changes: Vec<&String> = calls.iter().filter(|line| is_change(line)).collect();
    let strange: Vec<&&String> = changes
        .iter()
        .filter(|line| {
            let named = paths(line);
            // Removing a tree names what lies in it relative to an open directory.
            let at_descriptor = places.iter().any(|place| line.contains(&format!("<{}", place.display())));
            !(at_descriptor && named.is_empty()) && (named.is_empty() || !named.iter().all(|path| is_ours(path)))
        })
        .collect();

    assert!(changes.len() > 5, "{changes:#?}");
    assert!(strange.is_empty(), "{strange:#?}");
}

#[test]
fn a_backup_is_on_the_disk_before_it_has_its_name() {
    let sample = Sample::host("pve-8-single");
    let Some(calls) = trace(&sample) else { return };
    let partial = format!("<{}.partial>", sample.newest().display());
    let directory = format!("<{}>", sample.path("backups").display());
    let done = |line: &str| line.trim_end().ends_with("= 0");
    let is_write = |line: &str| line.contains(&partial) && (line.starts_with("write") || line.starts_with("pwrite"));

    let last_write = calls.iter().rposition(|line| is_write(line)).unwrap();
    let synced =
        calls.iter().rposition(|line| line.starts_with("fsync") && line.contains(&partial) && done(line)).unwrap();
    let named = calls.iter().position(|line| line.starts_with("rename") && line.contains(".partial\"")).unwrap();
    let settled = calls
        .iter()
        .skip(named)
        .position(|line| line.starts_with("fsync") && line.contains(&directory) && done(line))
        .unwrap();

    assert!(last_write < synced && synced < named, "{last_write} {synced} {named}");
    assert!(calls[named].contains("RENAME_NOREPLACE"), "{}", calls[named]);
    assert!(settled > 0);
}

#[test]
fn reading_leaves_no_access_times() {
    use std::os::unix::fs::MetadataExt;
    let sample = Sample::host("pve-8-single");
    let files: Vec<PathBuf> = {
        let mut left = vec![sample.root()];
        let mut files = Vec::new();
        while let Some(dir) = left.pop() {
            for path in files_in(&dir) {
                let meta = std::fs::symlink_metadata(&path).unwrap();
                if meta.is_dir() {
                    left.push(path);
                } else if meta.is_file() {
                    files.push(path);
                }
            }
        }
        files
    };
    // Older than the last change: then even `relatime` notes the next reading.
    let long_ago = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for path in &files {
        let times = std::fs::FileTimes::new().set_accessed(long_ago);
        std::fs::File::options().read(true).open(path).unwrap().set_times(times).unwrap();
    }

    sample.expect(0, &["backup"]);

    let read: Vec<&PathBuf> =
        files.iter().filter(|path| std::fs::symlink_metadata(path).unwrap().atime() != 1_000_000_000).collect();
    assert!(read.is_empty(), "{read:#?}");
}

/// A host whose programs are small scripts: each prints its name, unless `scripts` says otherwise.
fn with_programs(sample: &Sample, usual: &str, scripts: &[(&str, &str)]) -> (Runner, usize) {
    let dir = sample.path("programs");
    std::fs::create_dir_all(&dir).unwrap();
    let live = || Runner::Live(Live::with_path(dir.to_str().unwrap()));
    let plan = sample.with_job(&sample.config(), live(), Clock::System, dry_run).unwrap().plan;
    let programs: BTreeSet<&str> = plan.commands.iter().map(|command| command.argv[0].as_str()).collect();
    for program in programs {
        let script = scripts.iter().find(|(name, _)| *name == program).map_or(usual, |(_, script)| script);
        let path = dir.join(program);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    (live(), plan.commands.len())
}

/// A program that the plan of `sample` calls once, and whose failing is a problem.
fn one_program(sample: &Sample) -> (String, String) {
    let plan = sample.with_job(&sample.config(), Runner::Live(Live::default()), Clock::System, dry_run).unwrap().plan;
    let calls = |program: &str| plan.commands.iter().filter(|command| command.argv[0] == program).count();
    let found = plan.commands.iter().find(|c| c.need != CommandNeed::BestEffort && calls(&c.argv[0]) == 1).unwrap();
    (found.argv[0].clone(), found.argv.join(" "))
}

fn run(sample: &Sample, runner: Runner, limits: &[(&str, Duration)]) -> RunReport {
    let mut config = sample.config();
    config.collect.command_limits.extend(limits.iter().map(|(program, limit)| ((*program).to_owned(), *limit)));
    let report = sample.backup_as(&config, runner, Clock::System).unwrap();
    assert_eq!(problems_of(&sample.newest()), Vec::<String>::new());
    report
}

#[test]
fn slow_programs_run_side_by_side() {
    let sample = Sample::host("debian-plain");
    let mut best = Duration::MAX;
    let mut allowed = Duration::ZERO;
    // On a busy machine one of three attempts has to be quick.
    for _ in 0..3 {
        let (runner, count) = with_programs(&sample, "/bin/sleep 0.3; echo done", &[]);
        let rounds = u32::try_from(count.div_ceil(sample.config().collect.command_workers)).unwrap();
        assert!(count >= 40, "{count}");
        allowed = Duration::from_millis(300) * rounds + Duration::from_secs(1);
        let started = Instant::now();
        let report = run(&sample, runner, &[]);
        best = best.min(started.elapsed());
        assert!(report.issues.is_empty(), "{:#?}", report.issues);
        if best < allowed {
            return;
        }
    }
    panic!("{best:?}, allowed are {allowed:?}");
}

#[test]
fn a_program_that_never_ends_is_stopped_with_all_its_children() {
    let sample = Sample::host("debian-plain");
    let (program, line) = one_program(&sample);
    let stubborn = "trap '' TERM INT HUP; echo started; /bin/sleep 98765 & while :; do /bin/sleep 98765; done";
    let (runner, _) = with_programs(&sample, "echo done", &[(&program, stubborn)]);

    let started = Instant::now();
    let report = run(&sample, runner, &[(&program, Duration::from_secs(2))]);

    let [issue] = report.issues.as_slice() else { panic!("{:#?}", report.issues) };
    assert_eq!(issue.subject, line);
    assert!(issue.reason.contains("no end within"), "{issue}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let marker = sample.path("programs").display().to_string();
    let alive: Vec<String> = files_in(Path::new("/proc"))
        .iter()
        .filter_map(|process| std::fs::read_to_string(process.join("cmdline")).ok())
        .filter(|line| line.contains(&marker) || line.contains("sleep\x0098765"))
        .collect();
    assert!(alive.is_empty(), "{alive:?}");
}

#[test]
fn a_program_that_dies_of_a_signal_or_complains_is_named_with_its_last_words() {
    let sample = Sample::host("debian-plain");
    let (program, line) = one_program(&sample);
    let dying = "echo 'perl: warning' >&2; printf 'cannot \\033[31mspeak\\n' >&2; kill -SEGV $$";
    let (runner, _) = with_programs(&sample, "echo noise >&2; echo done", &[(&program, dying)]);

    let report = run(&sample, runner, &[]);

    let [issue] = report.issues.as_slice() else { panic!("{:#?}", report.issues) };
    assert_eq!(issue.to_string(), format!("{line}: ended by signal 11: perl: warning; cannot  [31mspeak"));
}

/// In a process of its own, because memory is counted per process: `MEASURE` says where to.
#[test]
#[ignore = "started by the test below"]
fn memory_of_a_run_with_a_huge_output() {
    let Some(result) = std::env::var_os("MEASURE") else { return };
    let sample = Sample::host("debian-plain");
    let (program, line) = one_program(&sample);
    let huge = std::env::var("OUTPUT").unwrap();
    let script = format!("exec /usr/bin/head -c {huge} /dev/zero");
    let (runner, _) = with_programs(&sample, "echo done", &[(&program, &script)]);
    let report = run(&sample, runner, &[(&program, Duration::from_secs(120))]);
    let said: Vec<String> = report.issues.iter().map(ToString::to_string).collect();
    if huge == "1G" {
        assert_eq!(said, [format!("{line}: output cut after 8.0 MiB")]);
    } else {
        assert!(said.is_empty(), "{said:?}");
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    std::fs::write(result, peak.trim().trim_end_matches(" kB")).unwrap();
}

#[test]
fn a_huge_output_costs_little_memory_and_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let peak = |output: &str| -> u64 {
        let result = dir.path().join(output);
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "traced::memory_of_a_run_with_a_huge_output", "--nocapture"])
            .env("MEASURE", &result)
            .env("OUTPUT", output)
            .output()
            .unwrap();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
        std::fs::read_to_string(result).unwrap().parse().unwrap()
    };
    let (usual, huge) = (peak("10"), peak("1G"));
    assert!(huge < usual + 24 * 1024, "{huge} KiB instead of {usual} KiB");
}
