//! The metrics file as monitoring systems meet it: what Prometheus' own checker says, what
//! `node_exporter` serves, and its values after runs that end in every way there is.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use proxmox_backup::system::{Clock, Lock};

use crate::notify::receiver::{Receiver, Reply};
use crate::sample::{Sample, names_in, skip};

const FILE: &str = "proxmox_backup.prom";

/// A host whose runs write metrics, with these lines in its settings.
fn host(lines: &str) -> Sample {
    let sample = Sample::host("pve-8-single");
    std::fs::create_dir(sample.path("metrics")).unwrap();
    configure(&sample, lines);
    sample
}

fn configure(sample: &Sample, lines: &str) {
    let dir = sample.path("metrics");
    sample.configure(&format!("METRICS_ENABLED=true\nMETRICS_PATH={}\n{lines}\n", dir.display()));
}

fn text(sample: &Sample) -> String {
    std::fs::read_to_string(sample.path("metrics").join(FILE)).unwrap()
}

/// Samples by name, the tool's prefix left out: `tier_status{tier="local"}` → `0`.
struct Values(BTreeMap<String, String>);

impl Values {
    fn of(sample: &Sample) -> Self {
        let text = text(sample);
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.map(|line| line.strip_prefix("proxmox_backup_").unwrap().rsplit_once(' ').unwrap());
        Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[track_caller]
    fn has(&self, expected: &[(&str, &str)]) {
        for (name, value) in expected {
            assert_eq!(self.0.get(*name).map(String::as_str), Some(*value), "{name}: {:#?}", self.0);
        }
    }

    #[track_caller]
    fn lacks(&self, parts: &[&str]) {
        let told = self.0.keys().find(|name| parts.iter().any(|part| name.contains(part)));
        assert_eq!(told, None, "{:#?}", self.0);
    }

    #[track_caller]
    fn number(&self, name: &str) -> i64 {
        self.0.get(name).unwrap_or_else(|| panic!("no {name}: {:#?}", self.0)).parse().unwrap()
    }
}

/// A program of Debian's that `make deps` fetches, unless it is installed.
fn program(name: &str) -> Option<PathBuf> {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin").join(name);
    let places = [fetched, Path::new("/usr/bin").join(name)];
    let found = places.into_iter().find(|place| place.exists());
    if found.is_none() {
        skip(&format!("{name} is not there: make deps"));
    }
    found
}

fn promtool(arguments: &[&str], input: &str) {
    let Some(program) = program("promtool") else { return };
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "promtool {arguments:?}: {said}\n{input}");
    // What it only advises is said as well.
    assert!(!input.is_empty() || !said.contains("FAILED"), "{said}");
    assert!(input.is_empty() || said.trim().is_empty(), "{said}\n{input}");
}

fn assert_well_formed(sample: &Sample) {
    promtool(&["check", "metrics"], &text(sample));
}

#[test]
fn the_alerts_do_what_they_say() {
    promtool(&["check", "rules", "etc/prometheus/proxmox-backup.rules.yml"], "");
    promtool(&["test", "rules", "tests/metrics/rules.test.yml"], "");
}

#[test]
fn a_run_that_succeeds_tells_what_it_made() {
    let sample = host("");
    let began = Clock::System.now().timestamp();
    sample.expect(0, &["backup"]);

    assert_well_formed(&sample);
    let values = Values::of(&sample);
    values.has(&[
        ("running", "0"),
        ("status", "0"),
        ("exit_code", "0"),
        ("errors", "0"),
        ("warnings", "0"),
        ("verified", "1"),
        ("drill_status", "0"),
        ("tier_status{tier=\"local\"}", "0"),
        ("tier_backups{tier=\"local\"}", "1"),
        ("tier_removed{tier=\"local\"}", "0"),
    ]);
    let end = values.number("end_time_seconds");
    assert!((began..=Clock::System.now().timestamp()).contains(&end));
    assert_eq!(values.number("last_success_timestamp"), end);
    assert!(values.number("start_time_seconds") <= end);
    assert_eq!(values.number("drill_parts"), values.number("drill_restorable"));
    let file = std::fs::metadata(sample.newest()).unwrap().len();
    let file = i64::try_from(file).unwrap();
    assert_eq!(values.number("tier_size_bytes{tier=\"local\"}"), file);
    assert!((1..file).contains(&values.number("size_bytes")));
    assert!(values.number("files_collected") > 10);
    let [free, all] = ["free", "capacity"].map(|what| values.number(&format!("tier_{what}_bytes{{tier=\"local\"}}")));
    assert!(0 < free && free < all);
    let newest = values.number("tier_newest_timestamp_seconds{tier=\"local\"}");
    assert!((began..=end).contains(&newest));
    let [phase, run] = ["phase_duration_seconds{phase=\"collect\"}", "duration_seconds"]
        .map(|name| values.0[name].parse::<f64>().unwrap());
    assert!(0.0 < phase && phase <= run + 0.001);
    assert!(values.0.keys().any(|name| name.starts_with("info{") && name.contains("product=\"pve\"")));

    let mode = std::fs::metadata(sample.path("metrics").join(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o644);
    assert_eq!(names_in(&sample.path("metrics")), [FILE]);
}

#[test]
fn runs_that_warn_fail_or_are_skipped_say_so_and_leave_the_last_success() {
    let sample = host("");
    std::fs::write(sample.path("a file"), "").unwrap();
    let nowhere = format!("SECONDARY_ENABLED=true\nSECONDARY_PATH={}\n", sample.path("a file").display());
    configure(&sample, &nowhere);
    sample.expect(1, &["backup"]);
    assert_well_formed(&sample);
    let warned = Values::of(&sample);
    warned.has(&[
        ("status", "1"),
        ("exit_code", "1"),
        ("errors", "0"),
        ("tier_status{tier=\"local\"}", "0"),
        ("tier_status{tier=\"secondary\"}", "2"),
    ]);
    assert!(warned.number("warnings") >= 1);
    warned.lacks(&["tier_backups{tier=\"secondary\"}"]);
    let success = warned.0["last_success_timestamp"].clone();
    assert_eq!(success, warned.0["end_time_seconds"]);

    configure(&sample, "MIN_DISK_SPACE_PRIMARY_GB=99999999\n");
    sample.expect(4, &["backup"]);
    assert_well_formed(&sample);
    let failed = Values::of(&sample);
    failed.has(&[
        ("status", "2"),
        ("exit_code", "4"),
        ("errors", "1"),
        ("running", "0"),
        ("last_success_timestamp", &success),
    ]);
    failed.lacks(&["size", "files", "tier", "drill", "verified", "phase"]);

    configure(&sample, "BACKUP_ENABLED=false\n");
    sample.expect(16, &["backup"]);
    assert_well_formed(&sample);
    let skipped = Values::of(&sample);
    skipped.has(&[("exit_code", "16"), ("errors", "0"), ("running", "0"), ("last_success_timestamp", &success)]);
    skipped.lacks(&["status"]);

    configure(&sample, "");
    sample.expect(0, &["backup"]);
    sample.expect(16, &["backup", "--if-changed"]);
    Values::of(&sample).has(&[("exit_code", "16"), ("running", "0")]);
}

#[test]
fn what_became_of_each_message_is_told_until_it_is_not_asked_any_more() {
    let hooks = Receiver::by(|_, heard| Reply::Say(if heard.path == "/bad" { 403 } else { 200 }, String::new()));
    let address = hooks.address();
    let lines = format!(
        "WEBHOOK_ENABLED=true\nWEBHOOK_ENDPOINTS='good,b.d'\nWEBHOOK_GOOD_URL={address}/good\nWEBHOOK_B_D_URL={address}/bad\n\
         HEALTHCHECK_ENABLED=true\nHEALTHCHECK_BACKUP_URL={address}/ping\nHEALTHCHECK_NOTIFY_WEBHOOK_URL={address}/about\n"
    );
    let sample = host(&lines);
    sample.expect(0, &["backup"]);
    assert_well_formed(&sample);
    let told = [
        ("notification_status{channel=\"ping at the start\"}", "0"),
        ("notification_status{channel=\"webhook good\"}", "0"),
        ("notification_status{channel=\"webhook b.d\"}", "1"),
        ("notification_status{channel=\"ping\"}", "0"),
        ("notification_status{channel=\"ping about webhook\"}", "0"),
    ];
    Values::of(&sample).has(&told);
    assert!(hooks.heard().iter().any(|one| one.path.starts_with("/about/fail")));

    sample.enlarge(400, 20_000);
    killed(&sample);
    assert_well_formed(&sample);
    Values::of(&sample).has(&told);

    configure(&sample, &format!("{lines}NOTIFY_ON=failure\n"));
    sample.expect(0, &["backup"]);
    let values = Values::of(&sample);
    values.has(&[told[0], told[3]]);
    values.lacks(&["channel=\"webhook", "about"]);
    configure(&sample, "");
    sample.expect(0, &["backup"]);
    Values::of(&sample).lacks(&["notification"]);
}

/// Kills a run while it is at work; gives when it began.
fn killed(sample: &Sample) -> String {
    for _ in 0..20 {
        let mut child = sample.program(["backup"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        while !text(sample).contains("\nproxmox_backup_running 1\n") && child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < until, "it does not begin");
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let values = Values::of(sample);
        if values.0["running"] == "1" {
            return values.0["start_time_seconds"].clone();
        }
    }
    panic!("twenty runs ended before they could be killed");
}

#[test]
fn a_run_that_was_killed_can_be_seen() {
    let sample = host("");
    sample.enlarge(400, 20_000);
    sample.expect(0, &["backup"]);
    let success = Values::of(&sample).0["last_success_timestamp"].clone();

    let began = killed(&sample);
    assert_well_formed(&sample);
    let values = Values::of(&sample);
    values.has(&[("running", "1"), ("start_time_seconds", &began)]);
    // A run that ended before it could be killed has made a backup, too.
    assert!(values.number("last_success_timestamp") >= success.parse().unwrap());
    values.lacks(&["status", "exit_code", "end_time", "tier", "size", "errors"]);

    // Whoever is turned away knows no more about the one at work than what it said of itself.
    let lock = Lock::acquire(&sample.path("run/.backup.lock"), &Clock::System.now()).unwrap();
    sample.expect(4, &["backup"]);
    assert_well_formed(&sample);
    Values::of(&sample).has(&[("running", "1"), ("status", "2"), ("exit_code", "4")]);
    drop(lock);

    std::fs::write(sample.path("metrics").join(format!("{FILE}.99.tmp")), "half").unwrap();
    sample.expect(0, &["backup"]);
    Values::of(&sample).has(&[("running", "0"), ("status", "0")]);
    assert_eq!(names_in(&sample.path("metrics")), [FILE]);
}

#[test]
fn a_run_that_is_asked_to_stop_has_failed() {
    let sample = host("");
    sample.enlarge(400, 20_000);
    sample.expect(0, &["backup"]);
    for _ in 0..20 {
        let mut child = sample.program(["backup"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !text(&sample).contains("\nproxmox_backup_running 1\n") && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).stderr(Stdio::null()).status();
        asked.unwrap();
        if child.wait().unwrap().code() == Some(143) {
            return Values::of(&sample).has(&[
                ("running", "0"),
                ("status", "2"),
                ("exit_code", "143"),
                ("errors", "1"),
            ]);
        }
    }
    panic!("twenty runs ended before they could be asked");
}

#[test]
fn without_its_directory_there_is_a_backup_and_a_warning() {
    let sample = host("");
    std::fs::remove_dir(sample.path("metrics")).unwrap();
    let output = sample.run(["--json", "backup"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let hints = said.matches("set METRICS_PATH to the directory").count();
    assert_eq!(hints, 1, "{said}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let issues = report["issues"].as_array().unwrap();
    assert!(issues.iter().any(|issue| issue["subject"] == "metrics" && issue["severity"] == "warning"), "{issues:?}");
}

#[test]
fn who_owns_the_directory_cannot_make_us_write_or_read_elsewhere() {
    let sample = host("");
    let (elsewhere, file) = (sample.path("precious"), sample.path("metrics").join(FILE));
    std::fs::write(&elsewhere, "proxmox_backup_last_success_timestamp 5\n").unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    configure(&sample, "BACKUP_ENABLED=false\n");

    sample.expect(16, &["backup"]);

    assert!(std::fs::symlink_metadata(&file).unwrap().is_file());
    assert_eq!(std::fs::read_to_string(elsewhere).unwrap(), "proxmox_backup_last_success_timestamp 5\n");
    Values::of(&sample).lacks(&["last_success"]);
}

#[test]
fn nothing_is_written_where_nobody_asked() {
    let sample = host("");
    sample.expect(0, &["backup", "--dry-run"]);
    sample.expect(0, &["check"]);
    configure(&sample, "METRICS_ENABLED=false\n");
    sample.expect(0, &["backup"]);
    assert_eq!(names_in(&sample.path("metrics")), Vec::<String>::new());

    // Another machine's disk, and no place for its metrics.
    sample.configure("METRICS_ENABLED=true\n");
    let said = String::from_utf8_lossy(&sample.run(["backup"]).stderr).into_owned();
    assert!(!said.contains("metrics"), "{said}");
}

/// Ends with the test.
struct Exporter(Child);

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What `node_exporter` serves of this directory, and of nothing else.
fn served(dir: &Path) -> Option<String> {
    let program = program("prometheus-node-exporter")?;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _exporter = Exporter(
        Command::new(program)
            .args(["--collector.disable-defaults", "--collector.textfile"])
            .arg(format!("--collector.textfile.directory={}", dir.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let until = Instant::now() + Duration::from_secs(30);
    let mut connection = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(connection) => break connection,
            Err(cause) => assert!(Instant::now() < until, "node_exporter does not answer: {cause}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    connection.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    Some(answer)
}

#[test]
fn node_exporter_serves_the_file() {
    let sample = host("");
    sample.expect(0, &["backup"]);
    let Some(answer) = served(&sample.path("metrics")) else { return };
    assert!(answer.contains("\nnode_textfile_scrape_error 0\n"), "{answer}");
    for line in ["proxmox_backup_status 0", "proxmox_backup_running 0", "proxmox_backup_tier_status{tier=\"local\"} 0"]
    {
        assert!(answer.contains(&format!("\n{line}\n")), "{line}: {answer}");
    }
    let named = |line: &&str| line.starts_with("# TYPE proxmox_backup_");
    assert_eq!(answer.lines().filter(named).count(), text(&sample).lines().filter(named).count());
}
