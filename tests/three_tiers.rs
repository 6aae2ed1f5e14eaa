//! The three tiers through the built program: a disk, a second directory, a remote of rclone.

mod again;
mod back;
mod everywhere;
mod shared;
mod trouble;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{DateTime, Local, TimeDelta, TimeZone};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use proxmox_backup::bundle::parse_name;
use proxmox_backup::system::{Clock, FIXED_PATH, Runner};
use serde_json::Value;

use crate::cloud::lab::{Access, Lab};
use crate::sample::{Sample, names_in, problems_of};

/// A host with three tiers: `backups`, `second`, and `cloud`, a remote of rclone.
pub(super) struct Trio {
    pub(super) sample: Sample,
    pub(super) lab: Lab,
    /// `here:bucket` or `s3:bucket`; backups lie in `pve` below it.
    pub(super) remote: String,
}

/// What one call of the program said.
pub(super) struct Said {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
    pub(super) took: Duration,
}

impl Said {
    #[track_caller]
    pub(super) fn has(&self, text: &str) -> &Self {
        assert!(self.err.contains(text) || self.out.contains(text), "no `{text}`:\n{}{}", self.err, self.out);
        self
    }

    #[track_caller]
    pub(super) fn has_not(&self, text: &str) -> &Self {
        assert!(!self.err.contains(text) && !self.out.contains(text), "`{text}`:\n{}{}", self.err, self.out);
        self
    }
}

impl Trio {
    /// The cloud is a directory that the real rclone works on.
    pub(super) fn new(lines: &str) -> Option<Self> {
        Some(Self::with(Lab::new()?, "here:bucket", lines))
    }

    /// The cloud is an S3 server.
    pub(super) fn with_s3(lines: &str) -> Option<Self> {
        let mut lab = Lab::new()?;
        lab.add_s3(Access::Everybody)?;
        Some(Self::with(lab, "s3:bucket", lines))
    }

    pub(super) fn with(lab: Lab, remote: &str, lines: &str) -> Self {
        let sample = host("node1", lab.environment());
        let trio = Self { sample, lab, remote: remote.to_owned() };
        trio.configure(lines);
        trio
    }

    pub(super) fn configure(&self, lines: &str) {
        self.sample.configure(&settings(&self.second(), &self.remote, lines));
    }

    pub(super) fn second(&self) -> PathBuf {
        self.sample.path("second")
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Said {
        run(&mut self.sample.program(arguments))
    }

    #[track_caller]
    pub(super) fn expect(&self, code: i32, arguments: &[&str]) -> Said {
        expect(code, &mut self.sample.program(arguments))
    }

    pub(super) fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let said = self.expect(code, &[&["--json"], arguments].concat());
        serde_json::from_str(&said.out).unwrap()
    }

    /// A backup without a warning; gives its ID.
    pub(super) fn back_up(&self) -> String {
        self.expect(0, &["backup"]);
        self.newest_id()
    }

    pub(super) fn newest_id(&self) -> String {
        let name = self.sample.newest().file_name().unwrap().to_string_lossy().into_owned();
        parse_name(&name).unwrap().0.to_string()
    }

    /// Backups of a day long past, made by the library: on the local tier alone.
    pub(super) fn plant_old(&self, days_ago: i64) -> String {
        plant_old(&self.sample, days_ago)
    }

    /// Names in the cloud's directory of backups, or below it.
    pub(super) fn cloud(&self, below: &str) -> Vec<String> {
        let below = format!("{}/{below}", self.remote);
        self.lab.rclone(&["mkdir", &below]);
        let listed = self.lab.rclone(&["lsf", &below]);
        let mut names: Vec<String> = listed.lines().map(str::to_owned).collect();
        names.sort();
        names
    }

    /// A file of the cloud, read back with the real rclone into a file of this machine.
    pub(super) fn cloud_file(&self, name: &str) -> PathBuf {
        let to = self.sample.path("from-cloud").join(name);
        let from = format!("{}/pve/{name}", self.remote);
        self.lab.rclone(&["copyto", &from, to.to_str().unwrap()]);
        to
    }

    /// Each tier holds whole backups and nothing else; gives the IDs of local, secondary, cloud.
    #[track_caller]
    pub(super) fn assert_only_whole(&self) -> [Vec<String>; 3] {
        let [local, second] = [self.sample.path("backups"), self.second()].map(|dir| ids_of_whole(&dir));
        let copies = self.sample.path("all-of-cloud");
        let _ = std::fs::remove_dir_all(&copies);
        std::fs::create_dir(&copies).unwrap();
        self.lab.rclone(&["copy", &format!("{}/pve", self.remote), copies.to_str().unwrap()]);
        [local, second, ids_of_whole(&copies)]
    }
}

/// A small host of this name.
pub(super) fn host(name: &str, environment: BTreeMap<String, String>) -> Sample {
    let mut sample = Sample::empty(name);
    sample.plant("/etc/hostname", format!("{name}\n"));
    sample.plant("/etc/hosts", format!("127.0.0.1 localhost\n192.0.2.1 {name}.example.org {name}\n"));
    sample.plant("/etc/network/interfaces", "auto lo\niface lo inet loopback\n");
    sample.plant("/etc/cron.d/own", "# nothing\n");
    sample.environment = environment;
    sample.environment.insert("STATE_DIRECTORY".to_owned(), sample.path("state").display().to_string());
    sample
}

/// Three tiers and no second attempts.
pub(super) fn settings(second: &Path, remote: &str, lines: &str) -> String {
    let second = second.display();
    format!(
        "SECONDARY_ENABLED=true\nSECONDARY_PATH={second}\nSECONDARY_LOG_PATH={second}/logs\n\
         MIN_DISK_SPACE_SECONDARY_GB=0\nSTORAGE_WARNING_THRESHOLD_PRIMARY=100\n\
         STORAGE_WARNING_THRESHOLD_SECONDARY=100\nCLOUD_ENABLED=true\nCLOUD_REMOTE={remote}\n\
         CLOUD_REMOTE_PATH=pve\nCLOUD_LOG_PATH=bucket/logs\nRCLONE_RETRIES=0\n{lines}\n"
    )
}

pub(super) fn run(command: &mut Command) -> Said {
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr), took: started.elapsed() }
}

#[track_caller]
pub(super) fn expect(code: i32, command: &mut Command) -> Said {
    let said = run(command);
    assert_eq!(said.code, Some(code), "{command:?}\n{}{}", said.err, said.out);
    said
}

/// The program behind a shell line in a mount namespace of its own: `"$@"` is the program.
pub(super) fn in_own_mounts(program: &Command, before: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "/bin/sh", "-c", &format!("{before} && exec \"$@\""), "sh"]);
    command.arg(program.get_program()).args(program.get_args()).env_clear();
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("PATH", FIXED_PATH);
    command
}

pub(super) fn plant_old(sample: &Sample, days_ago: i64) -> String {
    let taken = DateTime::from_timestamp(Clock::System.now().timestamp(), 0).unwrap() - TimeDelta::days(days_ago);
    let clock = Clock::Fixed(Local.from_utc_datetime(&taken.naive_utc()));
    let mut config = sample.config();
    (config.secondary, config.cloud) = (None, None);
    // All of them have a place.
    config.retention.local.policy = proxmox_backup::config::Policy::Simple { newest: 0, max_age_days: 0 };
    sample.backup_as(&config, Runner::Nobody, clock).unwrap().archive.unwrap().id
}

/// IDs of the backups of a directory, newest first: each is whole and nothing else is there but `logs`.
#[track_caller]
pub(super) fn ids_of_whole(dir: &Path) -> Vec<String> {
    let mut ids = Vec::new();
    for name in names_in(dir).into_iter().filter(|name| name != "logs" && name != "lost+found") {
        let parsed = parse_name(&name);
        let is_side = [".sha256", ".metadata", ".manifest.json"].iter().any(|end| name.ends_with(end));
        assert!(parsed.is_some() || is_side, "{name} in {}", dir.display());
        let Some((id, _)) = parsed.filter(|_| !is_side) else { continue };
        assert_eq!(problems_of(&dir.join(&name)), Vec::<String>::new(), "{name} in {}", dir.display());
        ids.push(id.to_string());
    }
    ids.sort_by(|one, other| other.cmp(one));
    ids
}

/// Waits for an rclone below `parent` whose words hold `part`.
pub(super) fn rclone_of(parent: &Child, part: &str) -> Pid {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
            let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let words = std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
            let is_child = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1))
                == Some(parent.id().to_string().as_str());
            if is_child && words.starts_with("rclone") && words.contains(part) {
                return Pid::from_raw(pid);
            }
        }
        assert!(Instant::now() < until, "no rclone {part} began");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(super) fn start(sample: &Sample, arguments: &[&str]) -> Child {
    sample.program(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub(super) fn end(child: Child) -> Said {
    let started = Instant::now();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr), took: started.elapsed() }
}

pub(super) fn send(signal: Signal, child: &Child) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}
