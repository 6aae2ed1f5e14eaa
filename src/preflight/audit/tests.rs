//! A made-up `/proc`, looked at through a root.
#![expect(clippy::disallowed_methods, reason = "tests prepare real trees")]

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;
use crate::issue::Severity;
use crate::system::Runner;

const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

struct Host(tempfile::TempDir);

impl Host {
    fn new() -> Self {
        let host = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(host.proc().join("net")).unwrap();
        std::fs::write(host.proc().join("net/tcp"), HEAD).unwrap();
        std::fs::write(host.proc().join("version"), "Linux").unwrap();
        host
    }

    fn proc(&self) -> std::path::PathBuf {
        self.0.path().join("proc")
    }

    #[expect(clippy::too_many_arguments, reason = "the files of a process, in a row")]
    fn process(&self, pid: u32, name: &[u8], flags: u32, cmdline: &[u8], exe: Option<&[u8]>, files: &[&str]) {
        let dir = self.proc().join(pid.to_string());
        std::fs::create_dir_all(dir.join("fd")).unwrap();
        let stat = [format!("{pid} (").as_bytes(), name, format!(") S 1 0 0 0 -1 {flags} 0 0").as_bytes()].concat();
        std::fs::write(dir.join("stat"), stat).unwrap();
        std::fs::write(dir.join("cmdline"), cmdline).unwrap();
        if let Some(exe) = exe {
            symlink(std::ffi::OsStr::from_bytes(exe), dir.join("exe")).unwrap();
        }
        for (number, target) in files.iter().enumerate() {
            symlink(target, dir.join("fd").join(number.to_string())).unwrap();
        }
    }

    fn listen(&self, local: &str, inode: u64) {
        let line = format!("   0: {local} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 {inode} 1\n");
        let path = self.proc().join("net/tcp");
        std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + &line).unwrap();
    }

    fn look(&self, settings: &Audits) -> (Vec<String>, Vec<String>) {
        let looked = look(settings, &Root::at(self.0.path()).unwrap(), Clock::System);
        (looked.at, looked.issues.iter().map(ToString::to_string).collect())
    }
}

fn settings() -> Audits {
    Audits {
        checks_firewall: false,
        ports: Some(PortAudit { suspicious: vec![4444], whitelist: vec!["qemu:4444".to_owned()] }),
        processes: Some(ProcessAudit { suspicious: vec!["xmrig".to_owned()], ..ProcessAudit::default() }),
        end_runs: false,
    }
}

#[test]
fn a_quiet_host_gives_numbers_and_nothing_else() {
    let host = Host::new();
    host.process(2, b"kthreadd", 0x0020_8040, b"", None, &[]);
    host.process(77, b"qemu", 0, b"qemu\0", Some(b"/usr/bin/qemu"), &["socket:[9]", "/dev/null"]);
    host.listen("0100007F:115C", 9);
    assert_eq!(host.look(&settings()), (vec!["2 processes".into(), "1 listening sockets".into()], vec![]));
}

#[test]
fn findings_name_program_and_process() {
    let host = Host::new();
    host.process(12, b"x\n) S 2 (", 0, b"[kworker/9:9]\0", Some(b"/tmp/\xff\x1b[2J"), &[]);
    host.process(
        77,
        b"nc",
        0,
        b"nc\0-l\0",
        Some(b"/usr/bin/nc"),
        &["pipe:[9]", "socket:[9]", "socket:[", "socket:[x]"],
    );
    host.process(78, b"xmrig", 0, b"xmrig\0", Some(b"/tmp/xmrig"), &["socket:[9]"]);
    // One that vanishes between two reads, and one half written.
    std::fs::create_dir(host.proc().join("79")).unwrap();
    std::fs::create_dir(host.proc().join("80")).unwrap();
    std::fs::write(host.proc().join("80/stat"), "80 (half").unwrap();
    host.listen("0100007F:115C", 9);

    let (at, issues) = host.look(&settings());

    assert_eq!(at[0], "3 processes");
    assert_eq!(issues.len(), 3, "{issues:?}");
    assert!(issues[0].starts_with("process 12: calls itself [kworker/9:9] like a kernel thread"), "{}", issues[0]);
    assert!(issues[1].starts_with("process 78: xmrig (pid 78, /tmp/xmrig) fits xmrig"), "{}", issues[1]);
    assert!(issues[2].starts_with("port 4444/tcp: nc (pid 77, /usr/bin/nc), xmrig (pid 78"), "{}", issues[2]);
    assert!(!issues.iter().any(|issue| issue.contains(char::is_control)), "{issues:?}");
}

#[test]
fn many_findings_are_shortened() {
    let host = Host::new();
    for pid in 100..150 {
        host.process(pid, b"xmrig", 0, b"xmrig\0", Some(b"/tmp/xmrig"), &[]);
    }
    let (_, issues) = host.look(&settings());
    assert_eq!(issues.len(), MOST_TOLD + 1);
    assert_eq!(issues[MOST_TOLD], "audits: 30 more findings of this kind");
}

#[test]
fn entries_without_effect_are_told() {
    let host = Host::new();
    let mut settings = settings();
    settings.ports.as_mut().unwrap().whitelist = vec!["qemu".to_owned()];
    settings.processes.as_mut().unwrap().suspicious = vec!["regex:^x".to_owned()];
    settings.processes.as_mut().unwrap().safe_kernel = vec!["regex:^kvm-pit/[0-9]+$".to_owned()];
    let looked = look(&settings, &Root::at(host.0.path()).unwrap(), Clock::System);
    let told: Vec<_> = looked.issues.iter().map(|issue| (issue.severity, issue.subject.as_str())).collect();
    assert_eq!(
        told,
        [
            (Severity::Warning, "SUSPICIOUS_PROCESSES"),
            (Severity::Notice, "SAFE_KERNEL_PROCESSES"),
            (Severity::Warning, "PORT_WHITELIST"),
        ]
    );
}

#[test]
fn without_proc_the_audits_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let looked = look(&settings(), &Root::at(dir.path()).unwrap(), Clock::System);
    assert_eq!((looked.at.len(), looked.issues.len()), (0, 2), "{looked:?}");
}

#[test]
fn another_machines_disk_is_not_looked_at() {
    let host = Host::new();
    host.process(78, b"xmrig", 0, b"xmrig\0", Some(b"/tmp/xmrig"), &[]);
    let root = Root::at(host.0.path()).unwrap();
    let system = System::new(root, Runner::Nobody);
    let secured = audit(&settings(), &system).unwrap().unwrap();
    assert!(secured.issues.is_empty() && secured.passed.message.starts_with("not done"), "{secured:?}");
    assert!(audit(&Audits::default(), &system).unwrap().is_none());
}

#[test]
fn a_kernel_that_does_not_answer_holds_nothing_up() {
    let (release, held) = mpsc::channel::<()>();
    let error = within(Duration::from_millis(50), move || held.recv()).unwrap_err();
    assert!(error.starts_with("no answer within"), "{error}");
    drop(release);
    assert_eq!(within(Duration::from_secs(60), || 1), Ok(1));
}

#[test]
fn a_finding_ends_the_run_only_when_told() {
    let finding = || Looked { at: vec![], issues: vec![Issue::warning(Stage::Preflight, "port 1/tcp", "x")] };
    assert_eq!(conclude(finding(), &settings()).unwrap().unwrap().issues.len(), 1);
    let error = conclude(finding(), &Audits { end_runs: true, ..settings() }).unwrap_err();
    assert!(error.to_string().contains("port 1/tcp: x") && error.hint().contains("ABORT_ON_SECURITY_ISSUES"));
    let notice = Looked { at: vec![], issues: vec![Issue::notice(Stage::Preflight, "X", "x")] };
    assert!(conclude(notice, &Audits { end_runs: true, ..settings() }).is_ok());
}

#[test]
fn this_machine_is_looked_at_in_no_time() {
    let started = std::time::Instant::now();
    let looked = look(&settings(), &Root::live().unwrap(), Clock::System);
    // A generous limit: the machine may be busy. Usually it is a few milliseconds.
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(looked.at.len(), 2, "{looked:?}");
    assert!(Path::new("/proc/self").is_symlink());
}
