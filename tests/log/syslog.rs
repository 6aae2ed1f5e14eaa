//! syslog, by a real syslogd that listens on the `/dev/log` of a mount namespace.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::sample::{Sample, skip};

/// Puts a `/dev` of our own in place, starts the syslogd `$2` with the rules `$3` on it, and runs the rest.
const BESIDE_SYSLOGD: &str = r#"
dev=$1/dev syslogd=$2 rules=$3
shift 3
mkdir -p "$dev"
mount -t tmpfs tmpfs "$dev"
for device in null zero full random urandom tty; do
    : >"$dev/$device"
    mount --bind "/dev/$device" "$dev/$device"
done
mount --rbind "$dev" /dev
if [ -n "$syslogd" ]; then
    "$syslogd" -n --no-klog --no-forward -f "$rules" -P "$rules.pid" &
    for _ in $(seq 100); do [ -S /dev/log ] && break; sleep 0.05; done
fi
code=0
"$@" || code=$?
if [ -n "$syslogd" ]; then
    # A last word of somebody else: what came before it has been written.
    python3 -c 'import socket; s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.connect("/dev/log"); s.send(b"<14>end")'
    for _ in $(seq 100); do grep -q ' end$' "$rules.everything" && break; sleep 0.05; done
    kill "$(cat "$rules.pid")"
fi
exit "$code"
"#;

fn syslogd() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin/inetutils-syslogd");
    if !program.exists() {
        skip("no syslogd: make deps");
        return None;
    }
    let can_mount = Command::new("unshare").args(["--mount", "true"]).stderr(Stdio::null()).status();
    if !can_mount.is_ok_and(|status| status.success()) {
        skip("cannot make a mount namespace");
        return None;
    }
    Some(program)
}

fn beside(syslogd: Option<&Path>, sample: &Sample, arguments: &[&str]) -> (Output, Vec<String>) {
    let rules = sample.path("syslog.conf");
    let files = ["everything", "err", "warning", "notice"].map(|end| sample.path(&format!("syslog.conf.{end}")));
    for file in &files {
        std::fs::write(file, "").unwrap();
    }
    let [everything, err, warning, notice] = files.each_ref().map(|file| file.display().to_string());
    let text = format!("*.*\t{everything}\ndaemon.=err\t{err}\ndaemon.=warning\t{warning}\ndaemon.=notice\t{notice}\n");
    std::fs::write(&rules, text).unwrap();
    let program = sample.program(arguments);
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "/bin/sh", "-euc", BESIDE_SYSLOGD, "sh"]);
    command.arg(sample.path("")).arg(syslogd.map_or("".as_ref(), Path::as_os_str)).arg(&rules);
    command.arg(program.get_program()).args(program.get_args()).env_clear();
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::null()).output().unwrap();
    // `Nov 21 22:00:00 host proxmox-backup[77]: text`, as a priority and the text.
    let mut lines = Vec::new();
    for (file, name) in files.iter().zip(["", "err", "warning", "notice"]).skip(1) {
        let text = std::fs::read_to_string(file).unwrap();
        for line in text.lines() {
            let (head, text) = line.split_once("]: ").unwrap_or_else(|| panic!("{line}"));
            assert!(head.contains(" proxmox-backup["), "{line}");
            lines.push(format!("{name}: {text}"));
        }
    }
    let all = std::fs::read_to_string(&files[0]).unwrap();
    assert_eq!(all.matches("proxmox-backup[").count(), lines.len(), "{all}");
    (output, lines)
}

/// A host with one problem, whose name would forge a line of its own.
fn host() -> Sample {
    let sample = Sample::empty("pve1");
    sample.plant("/etc/hostname", "pve1\n");
    sample.plant("/etc/hosts", "127.0.0.1 pve1\n");
    sample.plant("/etc/network/interfaces", "auto lo\n");
    sample
}

#[test]
fn syslog_hears_problems_and_how_it_ended() {
    let Some(syslogd) = syslogd() else { return };
    let sample = host();
    let (output, lines) = beside(Some(&syslogd), &sample, &["backup"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(lines, ["notice: ✓ Backup of pve1 completed"]);

    std::fs::remove_file(sample.root().join("etc/network/interfaces")).unwrap();
    let (output, lines) = beside(Some(&syslogd), &sample, &["backup"]);
    assert_eq!(output.status.code(), Some(1));
    let missing = "warning: /etc/network/interfaces: does not exist, but every such host has it";
    assert_eq!(lines, [missing, "notice: ⚠ Backup of pve1 completed with 1 warning"]);

    let (_, lines) = beside(Some(&syslogd), &sample, &["prune"]);
    assert_eq!(lines, ["notice: prune: done"]);

    sample.configure("MIN_DISK_SPACE_PRIMARY_GB=99999999\n");
    let (output, lines) = beside(Some(&syslogd), &sample, &["backup"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(lines.len() == 1 && lines[0].starts_with("err: Pre-backup validation failed: disk space"), "{lines:?}");

    sample.configure("BACKUP_ENABLED=perhaps\n");
    let (output, lines) = beside(Some(&syslogd), &sample, &["backup"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(lines.len() == 1 && lines[0].starts_with("err: ") && lines[0].contains("BACKUP_ENABLED"), "{lines:?}");
}

#[test]
fn syslog_hears_nothing_of_who_only_looks() {
    let Some(syslogd) = syslogd() else { return };
    let sample = host();
    std::fs::remove_file(sample.root().join("etc/network/interfaces")).unwrap();
    sample.expect(1, &["backup"]);
    for arguments in [
        &["backup", "--dry-run"][..],
        &["list"],
        &["show", "latest"],
        &["show", "no-such-backup"],
        &["check"],
        &["prune", "--dry-run"],
        &["undo", "--list"],
        &["restore", "latest", "--plan"],
        &["backup", "--no-such-option"],
    ] {
        assert_eq!(beside(Some(&syslogd), &sample, arguments).1, Vec::<String>::new(), "{arguments:?}");
    }
    sample.configure("DRY_RUN=true\n");
    assert_eq!(beside(Some(&syslogd), &sample, &["backup"]).1, Vec::<String>::new());
}

#[test]
fn without_syslog_the_terminal_is_the_same() {
    let Some(syslogd) = syslogd() else { return };
    let sample = host();
    std::fs::remove_file(sample.root().join("etc/network/interfaces")).unwrap();
    let [with, without] = [Some(&*syslogd), None].map(|daemon| {
        sample.configure("MIN_DISK_SPACE_PRIMARY_GB=99999999\n");
        let output = beside(daemon, &sample, &["backup"]).0;
        assert_eq!(output.status.code(), Some(4));
        let said = String::from_utf8(output.stderr).unwrap();
        said.lines()
            .map(|line| line.split_once("] ").unwrap().1.to_owned())
            .filter(|line| !line.contains("available"))
            .collect::<Vec<_>>()
    });
    assert_eq!(with, without);
}
