//! The audits before a run and the program's own integrity, on this machine: real sockets, real
//! processes, a real copy of the program. Needs root, as the checks do.

use std::net::{TcpListener, UdpSocket};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::security::{NO_ROOM, Places, said};

const PORTS: &str =
    "MIN_DISK_SPACE_PRIMARY_GB=0\nCHECK_NETWORK_SECURITY=true\nCHECK_OPEN_PORTS=true\nCHECK_PROCESSES=no\n";
const PROCESSES: &str = "MIN_DISK_SPACE_PRIMARY_GB=0\nCHECK_PROCESSES=true\n";

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `program`, which sleeps, under the name it gives itself.
fn sleeping(program: &Path, called: &str) -> Running {
    let mut command = Command::new(program);
    command.arg0(called).arg("120").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Running(command.spawn().unwrap())
}

fn sleep_program() -> PathBuf {
    ["/usr/bin/sleep", "/bin/sleep"].map(PathBuf::from).into_iter().find(|path| path.exists()).unwrap()
}

/// This test's own process as the kernel calls it.
fn own_name() -> String {
    std::fs::read_to_string("/proc/self/comm").unwrap().trim().to_owned()
}

#[test]
fn somebody_who_listens_on_a_suspicious_port_is_named() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (tcp, udp) = (&tcp.local_addr().unwrap().port(), &udp.local_addr().unwrap().port());
    let lines = format!("{PORTS}SUSPICIOUS_PORTS=\"{tcp} {udp}\"\n");
    let Some(places) = Places::new(&lines) else { return };
    let who = format!("(pid {}, {})", std::process::id(), std::env::current_exe().unwrap().display());
    let words = [format!("port {tcp}/tcp"), format!("port {udp}/udp"), who, "listens on 127.0.0.1".to_owned()];

    places.expect(1, &["check"], &words.each_ref().map(String::as_str));
    places.expect(1, &["backup", "--dry-run"], &words.each_ref().map(String::as_str));
    // A warning ends no run: this one ends because of the disk.
    places.configure(&format!("{lines}{NO_ROOM}"));
    places.expect(4, &["backup"], &[&words[0], "Insufficient disk space"]);
    places.configure(&format!("{lines}{NO_ROOM}ABORT_ON_SECURITY_ISSUES=true\n"));
    places.expect(14, &["backup"], &[&words[0], "security check failed"]);
}

#[test]
fn a_listed_pair_or_another_port_is_no_finding() {
    let socket = TcpListener::bind("[::1]:0").or_else(|_| TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = socket.local_addr().unwrap().port();
    let Some(places) = Places::new("") else { return };

    places.configure(&format!("{PORTS}SUSPICIOUS_PORTS={port}\n"));
    places.expect(1, &["check"], &[&format!("port {port}/tcp: {} (pid", own_name())]);
    places.configure(&format!("{PORTS}SUSPICIOUS_PORTS={port}\nPORT_WHITELIST=\"x:1,{}:{port}\"\n", own_name()));
    places.expect(0, &["check"], &["listening sockets: nothing found"]);
    drop(socket);
    places.configure(&format!("{PORTS}SUSPICIOUS_PORTS={port}\n"));
    places.expect(0, &["check"], &["nothing found"]);
}

#[test]
fn a_process_disguised_as_a_kernel_thread_is_found() {
    let Some(places) = Places::new(&format!("{PROCESSES}SUSPICIOUS_PROCESSES=\"\"\n")) else { return };
    let program = sleep_program();
    let running = sleeping(&program, "[kworker/9:9]");
    let found = format!("process {}: calls itself [kworker/9:9]", running.0.id());

    places.expect(1, &["check"], &[&found, "it runs /", "SAFE_BRACKET_PROCESSES=kworker/9:9"]);
    places.configure(&format!("{PROCESSES}SAFE_BRACKET_PROCESSES=kworker/*\n"));
    let told = said(&places.run(&["check"]));
    assert!(!told.contains(&found) && told.contains("processes:"), "{told}");
}

#[test]
fn a_program_on_the_list_is_found_by_its_file_whatever_it_calls_itself() {
    let Some(places) = Places::new("") else { return };
    let program = places.at("miner-of-the-test");
    std::fs::copy(sleep_program(), &program).unwrap();
    let running = sleeping(&program, "harmless");
    let found = format!("(pid {}, {}) fits miner-of-*", running.0.id(), program.display());

    places.configure(&format!("{PROCESSES}SUSPICIOUS_PROCESSES=\"xmrig;miner-of-*\"\n"));
    places.expect(1, &["check"], &[&found, "end it if it is not yours"]);
    let output = places.run(&["--json", "check"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let issues = told["issues"].as_array().unwrap();
    assert!(issues.iter().any(|issue| issue["subject"] == format!("process {}", running.0.id())), "{told}");
    assert!(told["checks"].as_array().unwrap().iter().any(|check| check["name"] == "Audits"), "{told}");

    places.configure(&format!("{PROCESSES}SUSPICIOUS_PROCESSES=miner-of-*\nSAFE_PROCESSES=miner-of-the-test\n"));
    let told = said(&places.run(&["check"]));
    assert!(!told.contains(&found), "{told}");
}

#[test]
fn nothing_is_looked_at_unless_asked_for_and_never_for_another_machines_disk() {
    let Some(places) = Places::new("MIN_DISK_SPACE_PRIMARY_GB=0\nCHECK_OPEN_PORTS=yes\nCHECK_FIREWALL=yes\n") else {
        return;
    };
    let told = places.expect(0, &["check"], &[]);
    assert!(!told.contains("Audits"), "{told}");

    places.configure("MIN_DISK_SPACE_PRIMARY_GB=0\nCHECK_NETWORK_SECURITY=yes\nCHECK_FIREWALL=yes\n");
    let told = said(&places.run(&["check"]));
    assert!(told.contains("processes, the packet filter: "), "{told}");
    std::fs::create_dir(places.at("root")).unwrap();
    let root = places.at("root").display().to_string();
    let told = said(&places.run(&["--root", &root, "check"]));
    assert!(told.contains("Audits: not done") && !told.contains("the packet filter"), "{told}");
}

#[test]
fn a_program_of_no_package_that_has_changed_is_refused_or_accepted_and_said() {
    let Some(places) = Places::new(NO_ROOM) else { return };
    // Only an installed program is judged.
    let installed = tempfile::tempdir_in("/usr/local").unwrap();
    let program = installed.path().join("program");
    let mut bytes = std::fs::read(env!("CARGO_BIN_EXE_proxmox-backup")).unwrap();
    let install = |bytes: &[u8]| {
        // A running program cannot be written over.
        let _ = std::fs::remove_file(&program);
        std::fs::write(&program, bytes).unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    };
    let expect = |code: i32, arguments: &[&str], words: &str| {
        let output = places.run_program(&program, arguments);
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        assert!(said(&output).contains(words), "`{words}` is not in: {}", said(&output));
        said(&output)
    };
    install(&bytes);
    expect(4, &["backup", "--dry-run"], "");
    assert!(!places.at("state/program.sha256").exists());
    expect(4, &["backup"], "is of no package; its SHA-256 is noted");
    let told = expect(4, &["backup"], "places are as they should be");
    assert!(!told.contains("SHA-256"), "{told}");

    // What stands behind an executable changes its digest and nothing else.
    bytes.extend_from_slice(b"changed");
    install(&bytes);
    places.configure(&format!("{NO_ROOM}AUTO_UPDATE_HASHES=false\n"));
    expect(14, &["backup"], "program: has changed since its SHA-256 was noted");
    expect(14, &["check"], "AUTO_UPDATE_HASHES=true accepts it");
    places.configure(&format!("{NO_ROOM}AUTO_UPDATE_HASHES=false\nCONTINUE_ON_SECURITY_ISSUES=true\n"));
    expect(4, &["backup"], "has changed");
    places.configure(NO_ROOM);
    expect(4, &["backup"], "has changed, and AUTO_UPDATE_HASHES accepts it");
    places.configure(&format!("{NO_ROOM}AUTO_UPDATE_HASHES=false\n"));
    expect(4, &["backup"], "places are as they should be");
}
