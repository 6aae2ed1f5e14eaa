//! Remotes on this machine, each with real servers that end with the test, and a `rclone` that counts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use proxmox_backup::bundle::{BackupId, parse_name};
use proxmox_backup::config::{Cloud, CloudCheck, CloudProof};
use proxmox_backup::storage::{Outgoing, Rclone};
use proxmox_backup::system::{Cancel, FIXED_PATH, Live, Runner};
use proxmox_backup::units::ByteSize;

use crate::sample::skip;

/// Of the S3 remotes; must never be seen.
pub(crate) const SECRET: &str = "s3-very-secret-key";

/// A directory with a configuration of rclone, a counting `rclone`, and servers.
pub(crate) struct Lab {
    dir: tempfile::TempDir,
    servers: Vec<Server>,
    pub(crate) cancel: Cancel,
}

/// A server that ends with the test, whatever becomes of it.
pub(crate) struct Server {
    child: Child,
}

impl Server {
    fn start(command: &mut Command, port: u16) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Self { child: child.process_group(0).spawn().unwrap() };
        let until = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "a server does not start: {command:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// Stops it without ending it, or lets it go on.
    pub(crate) fn signal(&self, signal: Signal) {
        killpg(self.group(), signal).unwrap();
    }

    fn group(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = killpg(self.group(), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Lab {
    /// `None` without rclone, which CI must not hide.
    pub(crate) fn new() -> Option<Self> {
        let has_rclone = FIXED_PATH.split(':').any(|dir| Path::new(dir).join("rclone").exists());
        if !has_rclone {
            skip("rclone is not installed");
            return None;
        }
        let lab = Self { dir: tempfile::tempdir().unwrap(), servers: Vec::new(), cancel: Cancel::default() };
        for dir in ["bin", "home", "local", "data", "served"] {
            std::fs::create_dir(lab.path(dir)).unwrap();
        }
        lab.wrap("");
        lab.configure("here", &[("type", "alias"), ("remote", lab.path("data").to_str().unwrap())]);
        Some(lab)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Makes `rclone` a script that writes down its words and its process, does `before` and becomes
    /// the real one. In `before`, `$1` is rclone's command.
    pub(crate) fn wrap(&self, before: &str) {
        let (calls, pid) = (self.path("calls"), self.path("pid"));
        let script = format!(
            "#!/bin/sh\necho \"$*\" >>{}\necho $$ >{}\n{before}\nPATH={FIXED_PATH} exec rclone \"$@\"\n",
            calls.display(),
            pid.display()
        );
        let program = self.path("bin/rclone");
        let _ = std::fs::remove_file(&program);
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// How many processes of rclone were started since it was last asked.
    pub(crate) fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("calls")).unwrap_or_default();
        let _ = std::fs::remove_file(self.path("calls"));
        text.lines().map(str::to_owned).collect()
    }

    /// Waits for a call of rclone whose words hold `part`; gives its process.
    pub(crate) fn running(&self, part: &str) -> Pid {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let calls = std::fs::read_to_string(self.path("calls")).unwrap_or_default();
            let pid = std::fs::read_to_string(self.path("pid")).unwrap_or_default();
            if let (Some(last), Ok(pid)) = (calls.lines().last(), pid.trim().parse()) {
                if last.contains(part) {
                    return Pid::from_raw(pid);
                }
            }
            assert!(Instant::now() < until, "no call with {part}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether a process still runs.
    pub(crate) fn is_running(pid: Pid) -> bool {
        kill(pid, None).is_ok()
    }

    /// Adds a remote.
    pub(crate) fn configure(&self, name: &str, settings: &[(&str, &str)]) {
        let mut text = std::fs::read_to_string(self.path("rclone.conf")).unwrap_or_default();
        writeln!(text, "[{name}]").unwrap();
        for (key, value) in settings {
            writeln!(text, "{key} = {value}").unwrap();
        }
        std::fs::write(self.path("rclone.conf"), text).unwrap();
    }

    /// The real rclone, for what a test prepares and looks at; gives stdout.
    pub(crate) fn rclone(&self, words: &[&str]) -> String {
        let output = self.command().args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn command(&self) -> Command {
        let mut command = Command::new("rclone");
        command.env_clear().env("PATH", FIXED_PATH).envs(self.environment());
        command
    }

    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let home = self.path("home").display().to_string();
        [("RCLONE_CONFIG", self.path("rclone.conf").display().to_string()), ("HOME", home)]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    /// `crypt` over another remote.
    pub(crate) fn add_crypt(&self, name: &str, over: &str) {
        let password = self.rclone(&["obscure", "hunter2"]);
        self.configure(name, &[("type", "crypt"), ("remote", over), ("password", &password)]);
    }

    /// `rclone serve KIND` of the directory `served/NAME`, as a remote.
    pub(crate) fn serve(&mut self, name: &str, kind: &str) -> usize {
        let port = free_port();
        let root = self.path("served").join(name);
        std::fs::create_dir(&root).unwrap();
        let mut command = Command::new("timeout");
        command.env_clear().env("PATH", FIXED_PATH).envs(self.environment()).args(["120", "rclone", "serve", kind]);
        command.args(["--addr", &format!("127.0.0.1:{port}"), "--user", "u", "--pass", "right"]).arg(root);
        self.servers.push(Server::start(&mut command, port));
        for (remote, password) in [(name.to_owned(), "right"), (format!("{name}-wrong"), "wrong")] {
            let password = self.rclone(&["obscure", password]);
            let (port, url) = (port.to_string(), format!("http://127.0.0.1:{port}/"));
            match kind {
                "sftp" => self.configure(
                    &remote,
                    &[("type", "sftp"), ("host", "127.0.0.1"), ("port", &port), ("user", "u"), ("pass", &password)],
                ),
                _ => self.configure(
                    &remote,
                    &[("type", kind), ("url", &url), ("vendor", "other"), ("user", "u"), ("pass", &password)],
                ),
            }
        }
        self.servers.len() - 1
    }

    /// An S3 server as remote `s3`; `None` where it is not installed, which CI must not hide.
    pub(crate) fn add_s3(&mut self, access: Access) -> Option<u16> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/s3-server/bin/moto_server");
        if !program.exists() {
            skip("no S3 server: tests/deps.sh installs it");
            return None;
        }
        let port = free_port();
        let mut command = Command::new("timeout");
        command.env_clear().env("PATH", FIXED_PATH).env("HOME", self.path("home")).arg("120").arg(program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        if access == Access::Nobody {
            command.env("INITIAL_NO_AUTH_ACTION_COUNT", "0");
        }
        self.servers.push(Server::start(&mut command, port));
        self.point_s3("s3", port);
        Some(port)
    }

    /// A remote of kind S3 behind a port.
    pub(crate) fn point_s3(&self, name: &str, port: u16) {
        let endpoint = format!("http://127.0.0.1:{port}");
        self.configure(
            name,
            &[
                ("type", "s3"),
                ("provider", "Other"),
                ("endpoint", &endpoint),
                ("access_key_id", "key"),
                ("secret_access_key", SECRET),
                ("force_path_style", "true"),
            ],
        );
    }

    pub(crate) fn server(&self, number: usize) -> &Server {
        &self.servers[number]
    }

    /// Settings with short limits and no second attempts.
    pub(crate) fn settings(remote: &str) -> Cloud {
        Cloud {
            remote: remote.to_owned(),
            path: String::new(),
            logs: String::new(),
            min_free: ByteSize(0),
            uploads: 2,
            tries_to_write: false,
            check: CloudCheck { proof: CloudProof::DigestOrDownload, checks_side_files: true, lists_directory: false },
            batch_size: 20,
            batch_pause: Duration::ZERO,
            connection_limit: Duration::from_secs(15),
            operation_limit: Some(Duration::from_secs(30)),
            bandwidth: None,
            transfers: 4,
            retries: 0,
            flags: Vec::new(),
        }
    }

    /// The tier with these settings, through the counting rclone.
    pub(crate) fn tier(&self, settings: &Cloud) -> Rclone {
        let path = format!("{}:{FIXED_PATH}", self.path("bin").display());
        let runner = Runner::Live(Live::with_path(&path));
        Rclone::new(settings, runner, &self.environment(), self.cancel.clone())
    }

    /// A bundle of a host.
    pub(crate) fn bundle(&self, host: &str, day: u32, bytes: usize) -> Outgoing {
        self.files(&[&format!("{host}-backup-202601{day:02}-020000.tar.zst.bundle.tar")], bytes)
    }

    /// An archive with its side files.
    pub(crate) fn archive(&self, host: &str, day: u32, bytes: usize) -> Outgoing {
        let archive = format!("{host}-backup-202601{day:02}-020000.tar.zst");
        let sides = ["sha256", "metadata", "manifest.json"].map(|end| format!("{archive}.{end}"));
        let names: Vec<&str> = std::iter::once(&archive).chain(&sides).map(String::as_str).collect();
        self.files(&names, bytes)
    }

    fn files(&self, names: &[&str], bytes: usize) -> Outgoing {
        let files: Vec<PathBuf> = names.iter().map(|name| self.path("local").join(name)).collect();
        for (number, file) in files.iter().enumerate() {
            // Not one block twice, and no two files the same.
            let content = (0..bytes.div_ceil(8) as u64).flat_map(|n| (n * 31 + number as u64).to_le_bytes());
            std::fs::write(file, content.take(if number == 0 { bytes } else { 100 }).collect::<Vec<u8>>()).unwrap();
        }
        Outgoing { id: id_of(names[0]), files }
    }
}

/// Who an S3 server lets in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Everybody,
    Nobody,
}

pub(crate) fn id_of(name: &str) -> BackupId {
    parse_name(name).unwrap().0
}
