//! Runs that cannot even begin are told like those that fail later.

use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;

use super::{Receiver, Reply, host, said, webhook};
use crate::sample::{Sample, files_in, problems_of, skip};

/// The one message that came, and what is in the newest run log.
fn told(sample: &Sample, receiver: &Receiver, code: i32, arguments: &[&str]) -> (serde_json::Value, String) {
    let output = sample.run(arguments);
    assert_eq!(output.status.code(), Some(code), "{}", said(&output));
    let heard = receiver.heard();
    assert_eq!(heard.len(), 1, "{}", said(&output));
    let message = heard[0].json();
    assert_eq!((&message["status"], &message["exit_code"]), (&"failure".into(), &code.into()), "{message}");
    (message, log_of(sample))
}

fn log_of(sample: &Sample) -> String {
    let log = files_in(&sample.path("logs")).into_iter().rfind(|file| file.extension().is_some_and(|end| end == "log"));
    log.map(|log| std::fs::read_to_string(log).unwrap()).unwrap_or_default()
}

fn receiver() -> Receiver {
    Receiver::answering(&[Reply::Say(200, String::new())])
}

#[test]
fn whatever_keeps_a_run_from_beginning_is_told() {
    for (code, settings, reason) in [
        (4, "MIN_DISK_SPACE_PRIMARY_GB=99999999\n", "Insufficient disk space"),
        (15, "ENCRYPT_ARCHIVE=true\nAGE_RECIPIENT_FILE=/no/such/file\n", "no recipient"),
        (15, "SIGN_KEY=/no/such/key\n", "signing key"),
        (4, "BACKUP_PATH=/proc/no/such/place\n", "directory check failed"),
    ] {
        let (sample, receiver) = (host(), receiver());
        sample.configure(&webhook(
            &receiver,
            &format!("METRICS_ENABLED=true\nMETRICS_PATH={}\n{settings}", sample.path("metrics").display()),
        ));
        std::fs::create_dir(sample.path("metrics")).unwrap();
        let (message, log) = told(&sample, &receiver, code, &["backup"]);
        assert!(message["error"].as_str().unwrap().contains(reason), "{message}");
        assert!(log.contains(reason) && log.contains("ERROR"), "{log}");
        let metrics = std::fs::read_to_string(sample.path("metrics/proxmox_backup.prom")).unwrap();
        assert!(metrics.contains(&format!("proxmox_backup_exit_code {code}\n")), "{metrics}");
    }
}

#[test]
fn a_run_that_finds_another_one_at_work_is_told() {
    let (sample, receiver) = (host(), receiver());
    sample.configure(&webhook(&receiver, ""));
    std::fs::create_dir_all(sample.path("run")).unwrap();
    let lock = sample.path("run/.backup.lock");
    let mut flock = Command::new("flock");
    flock
        .arg("--no-fork")
        .arg(&lock)
        .args(["sh", "-c", "echo held; exec sleep 60"])
        .stdout(std::process::Stdio::piped());
    let mut holder = flock.spawn().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(holder.stdout.take().unwrap()), &mut String::new())
        .unwrap();
    let (message, log) = told(&sample, &receiver, 4, &["backup"]);
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(message["error"].as_str().unwrap().contains("Another backup is in progress"), "{message}");
    assert!(log.contains("Another backup is in progress"), "{log}");
}

#[test]
fn a_disk_that_is_not_there_is_told() {
    let (sample, receiver) = (host(), receiver());
    sample.configure(&webhook(&receiver, ""));
    std::fs::remove_dir_all(sample.root()).unwrap();
    let (message, log) = told(&sample, &receiver, 3, &["backup"]);
    assert!(message["error"].as_str().unwrap().contains("root"), "{message}");
    assert!(log.contains("ERROR") && log.contains("no such file"), "{log}");
}

#[test]
fn who_is_not_root_is_told() {
    if !nix::unistd::geteuid().is_root() {
        return skip("needs root");
    }
    let (sample, receiver) = (host(), receiver());
    sample.configure(&webhook(&receiver, ""));
    std::fs::set_permissions(sample.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    for place in ["", "backup.env"] {
        chown(sample.path(place), Some(65534), Some(65534)).unwrap();
    }
    let program = sample.path("program");
    std::fs::copy(env!("CARGO_BIN_EXE_proxmox-backup"), &program).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(&program);
    command.arg("--config").arg(sample.path("backup.env")).arg("backup");
    let output = command.env_clear().env("STATE_DIRECTORY", sample.path("state")).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let heard = receiver.heard();
    assert!(heard.len() == 1 && heard[0].json()["error"].as_str().unwrap().starts_with("not root"), "{heard:?}");
    assert!(log_of(&sample).contains("not root"));
}

#[test]
fn dry_runs_tell_nobody() {
    let (sample, receiver) = (host(), receiver());
    sample.configure(&webhook(&receiver, "MIN_DISK_SPACE_PRIMARY_GB=99999999\n"));
    for arguments in [&["backup", "--dry-run"][..], &["check"], &["backup", "--no-such-option"]] {
        assert_ne!(sample.run(arguments).status.code(), Some(0));
    }
    sample.configure(&webhook(&receiver, "MIN_DISK_SPACE_PRIMARY_GB=99999999\nDRY_RUN=true\n"));
    sample.run(["backup"]);
    assert!(receiver.heard().is_empty() && files_in(&sample.path("logs")).is_empty());
}

#[test]
fn a_run_that_takes_too_long_is_stopped_and_told() {
    let (sample, receiver) = (host(), receiver());
    sample.enlarge(80, 200_000);
    sample.configure(&webhook(&receiver, "MAX_RUN_DURATION=1\nCOMPRESSION_TYPE=xz\nCOMPRESSION_LEVEL=9\n"));
    let (message, log) = told(&sample, &receiver, 124, &["backup"]);
    assert!(message["error"].as_str().unwrap().contains("longer than MAX_RUN_DURATION"), "{message}");
    assert!(log.contains("raise MAX_RUN_DURATION"), "{log}");
    // As after SIGTERM: what has its name by then is whole, and nothing else is left.
    assert_eq!(sample.left_in_run_dir(), Vec::<String>::new());
    for path in sample.backups() {
        assert_eq!(problems_of(&path), Vec::<String>::new(), "{}", path.display());
    }
}
