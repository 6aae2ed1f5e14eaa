//! The cloud tier with Debian's rclone and real servers on this machine: what is uploaded can be read
//! back, what fails leaves nothing that looks like a backup, and processes and waits are counted.

pub(crate) mod lab;
pub(crate) mod proxy;

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal as Sig, kill};
use proxmox_backup::bundle::BackupId;
use proxmox_backup::config::{Cloud, CloudProof};
use proxmox_backup::storage::{Outgoing, StorageError, Store, Stored, Touch, Trouble};
use proxmox_backup::system::{Live, Runner, Signal};

use self::lab::{Access, Lab, SECRET, id_of};
use self::proxy::{Proxy, Way};
use crate::sample::skip;

fn trouble(error: &StorageError) -> Trouble {
    match error {
        StorageError::Rclone { trouble, .. } => *trouble,
        other => panic!("{other:?}"),
    }
}

fn ids(all: &[Stored]) -> Vec<String> {
    all.iter().map(|stored| stored.id.to_string()).collect()
}

/// Names in a directory of this machine.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .map(|all| all.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    names.sort();
    names
}

/// Prepared, uploaded, listed, fetched, compared, removed: a bundle and an archive with side files.
fn there_and_back(lab: &Lab, settings: &Cloud, how: &str, upload_calls: usize) {
    let place = &settings.remote;
    let tier = lab.tier(settings);
    let bundle = lab.bundle("pve1", 2, 300_000);
    let archive = lab.archive("pve1", 1, 200_000);
    lab.calls();

    tier.prepare("pve1", Touch::Really).unwrap();
    assert_eq!(lab.calls().len(), 1, "{place}: prepare");
    let placed = tier.put(&bundle).unwrap();
    assert_eq!((placed.how.as_str(), placed.bytes), (how, 300_000), "{place}");
    let calls = lab.calls();
    // One of them asks once in a run what the remote can do.
    assert_eq!(calls.len(), upload_calls + 1, "{place}: {calls:#?}");
    tier.put(&archive).unwrap();
    let calls = lab.calls();
    assert!(calls.len() <= upload_calls + 4, "{place}: {calls:#?}");

    let all = tier.list().unwrap();
    assert_eq!(lab.calls().len(), 1, "{place}: list");
    assert_eq!(ids(&all), ["pve1-backup-20260102-020000", "pve1-backup-20260101-020000"], "{place}");
    assert_eq!((all[0].files.len(), all[1].files.len(), all[1].bytes), (1, 4, 200_300), "{place}");

    for (stored, sent) in all.iter().zip([&bundle, &archive]) {
        let into = tempfile::tempdir().unwrap();
        let fetched = tier.fetch(stored, into.path()).unwrap();
        assert_eq!(fetched.file_name(), sent.files[0].file_name(), "{place}");
        assert_eq!(names(into.path()).len(), sent.files.len(), "{place}");
        for file in &sent.files {
            let back = into.path().join(file.file_name().unwrap());
            assert!(std::fs::read(file).unwrap() == std::fs::read(&back).unwrap(), "{place}: {}", back.display());
        }
    }

    lab.calls();
    let removal = tier.remove(&all.iter().collect::<Vec<_>>());
    assert!(removal.failed.is_empty() && removal.removed.len() == 2, "{place}: {removal:?}");
    assert_eq!(lab.calls().len(), 2, "{place}: archives, then side files");
    assert!(lab.rclone(&["lsf", place]).is_empty(), "{place}");
}

#[test]
fn local_alias_and_crypt_give_back_what_they_got() {
    let Some(lab) = Lab::new() else { return };
    lab.configure("disk", &[("type", "local")]);
    lab.add_crypt("veiled", "here:veiled");
    let direct = format!("disk:{}", lab.path("data/direct").display());
    there_and_back(&lab, &Lab::settings(&direct), "SHA-256 told by the remote", 3);
    there_and_back(&lab, &Lab::settings("here:a/b"), "SHA-256 told by the remote", 3);
    there_and_back(&lab, &Lab::settings("veiled:pve"), "SHA-256 read back", 4);
    let mut alternative = Lab::settings("here:c");
    alternative.check.lists_directory = true;
    there_and_back(&lab, &alternative, "SHA-256 told by the remote", 3);
    alternative.check.proof = CloudProof::Size;
    there_and_back(&lab, &alternative, "size only: CLOUD_VERIFY_CHECKSUM is off", 3);
}

#[test]
fn sftp_and_webdav_give_back_what_they_got() {
    let Some(mut lab) = Lab::new() else { return };
    lab.serve("ssh", "sftp");
    lab.serve("dav", "webdav");
    there_and_back(&lab, &Lab::settings("ssh:pve"), "SHA-1 told by the remote", 3);
    there_and_back(&lab, &Lab::settings("dav:pve/deep"), "SHA-256 read back", 4);
    let mut size = Lab::settings("dav:size");
    size.check.proof = CloudProof::Digest;
    let how = "size only: the remote tells no checksum; CLOUD_VERIFY_DOWNLOAD=true reads copies back";
    there_and_back(&lab, &size, how, 3);
    for remote in ["ssh-wrong:x", "dav-wrong:x"] {
        let error = lab.tier(&Lab::settings(remote)).prepare("pve1", Touch::Really).unwrap_err();
        assert_eq!(trouble(&error), Trouble::Credentials, "{error}");
    }
}

#[test]
fn s3_gives_back_what_it_got() {
    let Some(mut lab) = Lab::new() else { return };
    if lab.add_s3(Access::Everybody).is_none() {
        return;
    }
    lab.add_crypt("veiled", "s3:veiled");
    there_and_back(&lab, &Lab::settings("s3:bucket/pve"), "MD5 told by the remote", 2);
    there_and_back(&lab, &Lab::settings("veiled:pve"), "SHA-256 read back", 3);
    let mut parts = Lab::settings("s3:parts");
    parts.flags = ["--s3-upload-cutoff=5M", "--s3-chunk-size=5M"].map(str::to_owned).to_vec();
    let big = lab.bundle("pve1", 3, 11_000_000);
    // This server answers rclone's last question about parts with an error, though all is there.
    assert_eq!(lab.tier(&parts).put(&big).unwrap().how, "MD5 told by the remote");
    assert_eq!(lab.tier(&parts).space().unwrap().map(|space| space.free), None);
}

#[test]
fn a_thousand_backups_of_two_hosts_are_listed_and_removed_in_few_calls() {
    let Some(mut lab) = Lab::new() else { return };
    if lab.add_s3(Access::Everybody).is_none() {
        return;
    }
    let many = lab.path("many");
    std::fs::create_dir(&many).unwrap();
    for number in 0..1000 {
        let host = if number % 2 == 0 { "pve1" } else { "pve2" };
        let stamp = format!("20250{:01}{:02}-{:02}0000", number / 240 + 1, number / 10 % 24 + 1, number % 10);
        std::fs::write(many.join(format!("{host}-backup-{stamp}.tar.zst.bundle.tar")), b"x").unwrap();
    }
    lab.rclone(&["copy", "--transfers", "16", "--no-traverse", many.to_str().unwrap(), "s3:bucket/pve"]);
    let mut settings = Lab::settings("s3:bucket/pve");
    settings.batch_size = 150;
    settings.flags = vec!["--checkers=16".to_owned()];
    let tier = lab.tier(&settings);
    lab.calls();

    let all = tier.list().unwrap();
    assert_eq!((all.len(), lab.calls().len()), (1000, 1));
    let own: Vec<&Stored> = all.iter().filter(|stored| stored.host() == "pve1").skip(30).collect();
    let removal = tier.remove(&own);
    assert_eq!((removal.removed.len(), removal.failed.len()), (470, 0));
    assert_eq!(lab.calls().len(), 470_usize.div_ceil(150));
    let left = tier.list().unwrap();
    assert_eq!(left.len(), 530);
    assert_eq!(left.iter().filter(|stored| stored.host() == "pve2").count(), 500);
}

#[test]
fn wrong_keys_are_told_at_once_and_are_not_shown() {
    let Some(mut lab) = Lab::new() else { return };
    if lab.add_s3(Access::Nobody).is_none() {
        return;
    }
    let mut settings = Lab::settings("s3:bucket");
    settings.retries = 3;
    let tier = lab.tier(&settings);
    let backup = lab.bundle("pve1", 1, 1000);
    for error in [tier.prepare("pve1", Touch::Really).map(drop), tier.put(&backup).map(drop)].map(Result::unwrap_err) {
        assert_eq!(trouble(&error), Trouble::Credentials, "{error}");
        assert!(!format!("{error} {error:?}").contains(SECRET));
    }
    // Looked once, asked what it can do, tried once, and took nothing back.
    assert_eq!(lab.calls().len(), 3);
}

#[test]
fn a_broken_way_is_tried_again_and_leaves_nothing() {
    let Some(mut lab) = Lab::new() else { return };
    let Some(port) = lab.add_s3(Access::Everybody) else { return };
    let proxy = Proxy::to(port);
    lab.point_s3("far", proxy.port);
    let backup = lab.bundle("pve1", 1, 400_000);
    let mut settings = Lab::settings("far:bucket");
    settings.connection_limit = Duration::from_secs(3);
    settings.operation_limit = Some(Duration::from_secs(12));
    lab.tier(&settings).prepare("pve1", Touch::Really).unwrap();

    // It never gets better.
    proxy.becomes(Way::Resetting);
    let error = lab.tier(&settings).put(&backup).unwrap_err();
    assert_eq!(trouble(&error), Trouble::Unreachable, "{error}");
    proxy.becomes(Way::Good);
    assert!(lab.tier(&settings).list().unwrap().is_empty());

    // It is too slow. What fits into the buffers on the way would arrive all the same.
    proxy.becomes(Way::Slow);
    let big = lab.bundle("pve1", 2, 20_000_000);
    settings.operation_limit = Some(Duration::from_secs(4));
    let started = Instant::now();
    let error = lab.tier(&settings).put(&big).unwrap_err();
    assert!(matches!(error, StorageError::TimedOut { .. } | StorageError::Rclone { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
    proxy.becomes(Way::Good);
    assert!(lab.tier(&settings).list().unwrap().is_empty());

    // It gets better between two attempts.
    settings.operation_limit = Some(Duration::from_secs(20));
    settings.retries = 2;
    proxy.becomes(Way::Resetting);
    lab.calls();
    std::thread::scope(|scope| {
        let upload = scope.spawn(|| lab.tier(&settings).put(&backup));
        let first = lab.running("copyto");
        while Lab::is_running(first) {
            std::thread::sleep(Duration::from_millis(20));
        }
        proxy.becomes(Way::Good);
        assert_eq!(upload.join().unwrap().unwrap().how, "MD5 told by the remote");
    });
    assert_eq!(lab.calls().iter().filter(|call| call.contains("copyto")).count(), 2);
}

#[test]
fn a_server_that_stands_still_costs_no_more_than_the_limit() {
    let Some(mut lab) = Lab::new() else { return };
    let server = lab.serve("ssh", "sftp");
    let mut settings = Lab::settings("ssh:pve");
    settings.connection_limit = Duration::from_secs(2);
    settings.operation_limit = Some(Duration::from_secs(3));
    let tier = lab.tier(&settings);
    let backup = lab.bundle("pve1", 1, 1000);
    tier.put(&lab.bundle("pve1", 2, 1000)).unwrap();

    lab.server(server).signal(Sig::SIGSTOP);
    let started = Instant::now();
    let errors = [tier.prepare("pve1", Touch::Really).map(drop), tier.list().map(drop), tier.put(&backup).map(drop)];
    lab.server(server).signal(Sig::SIGCONT);

    for error in errors.map(Result::unwrap_err) {
        let text = error.to_string();
        assert!(matches!(error, StorageError::TimedOut { .. }) || trouble(&error) == Trouble::Unreachable, "{text}");
    }
    assert!(started.elapsed() < Duration::from_secs(2 + 3 + 3 + 4), "{:?}", started.elapsed());
    assert_eq!(ids(&tier.list().unwrap()), ["pve1-backup-20260102-020000"]);
}

#[test]
fn nobody_there_is_told_apart_from_no_rclone_and_no_remote() {
    let Some(lab) = Lab::new() else { return };
    lab.point_s3("dead", lab::free_port());
    let prepare = |remote: &str| lab.tier(&Lab::settings(remote)).prepare("pve1", Touch::Really).unwrap_err();
    assert_eq!(trouble(&prepare("dead:x")), Trouble::Unreachable);
    assert_eq!(trouble(&prepare("nowhere:x")), Trouble::NotConfigured);
    assert!(matches!(prepare(":s3,secret_access_key=abc:x"), StorageError::Unusable { .. }));
    assert!(!prepare(":s3,secret_access_key=abc:x").to_string().contains("abc"));
    let mut flags = Lab::settings("here:x");
    flags.flags = vec!["--nosuchflag".to_owned()];
    assert_eq!(trouble(&lab.tier(&flags).prepare("pve1", Touch::Really).unwrap_err()), Trouble::Usage);
    flags.flags = vec!["--dry-run".to_owned()];
    assert!(lab.tier(&flags).prepare("pve1", Touch::Really).unwrap_err().to_string().contains("--dry-run"));

    let runner = Runner::Live(Live::with_path(lab.path("local").to_str().unwrap()));
    let tier = proxmox_backup::storage::Rclone::new(
        &Lab::settings("here:x"),
        runner,
        &std::collections::BTreeMap::new(),
        lab.cancel.clone(),
    );
    let error = tier.prepare("pve1", Touch::Really).unwrap_err();
    assert_eq!(trouble(&error), Trouble::NotInstalled);
    assert_eq!(trouble(&error).hint(), Some("install it: apt install rclone"));
}

/// An upload has begun when its file is there.
fn wait_for_files(dir: &Path, count: usize) {
    let until = Instant::now() + Duration::from_secs(20);
    while names(dir).len() < count {
        assert!(Instant::now() < until, "{count} files never were in {}", dir.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_upload_that_is_killed_or_stopped_is_no_backup_and_is_swept_up() {
    let Some(lab) = Lab::new() else { return };
    let mut settings = Lab::settings("here:pve");
    settings.bandwidth = Some("200k".to_owned());
    let tier = lab.tier(&settings);
    let backup = lab.bundle("pve1", 1, 3_000_000);

    std::thread::scope(|scope| {
        let upload = scope.spawn(|| tier.put(&backup));
        let pid = lab.running("copyto");
        wait_for_files(&lab.path("data/pve"), 1);
        kill(pid, Sig::SIGKILL).unwrap();
        assert!(upload.join().unwrap().is_err());
    });
    assert!(tier.list().unwrap().is_empty());
    assert!(names(&lab.path("data/pve")).is_empty(), "what was there could be removed at once");

    std::fs::write(lab.path("data/pve/pve2-backup-20260101-020000.tar.zst.bundle.tar.partial"), "x").unwrap();
    lab.calls();
    std::thread::scope(|scope| {
        let upload = scope.spawn(|| tier.put(&backup));
        let pid = lab.running("copyto");
        wait_for_files(&lab.path("data/pve"), 2);
        let asked = Instant::now();
        lab.cancel.request(Signal::Terminate);
        assert!(matches!(upload.join().unwrap().unwrap_err(), StorageError::Cancelled(_)));
        assert!(asked.elapsed() < Duration::from_secs(2) && !Lab::is_running(pid));
    });
    let mut next = lab;
    next.cancel = proxmox_backup::system::Cancel::default();
    assert_eq!(names(&next.path("data/pve")).len(), 2);
    let tier = next.tier(&Lab::settings("here:pve"));
    assert!(tier.list().unwrap().is_empty());
    assert_eq!(tier.prepare("pve1", Touch::DryRun).unwrap(), []);
    assert_eq!(names(&next.path("data/pve")).len(), 2, "a dry run changes nothing");
    assert_eq!(tier.prepare("pve1", Touch::Really).unwrap().len(), 1);
    assert_eq!(names(&next.path("data/pve")), ["pve2-backup-20260101-020000.tar.zst.bundle.tar.partial"]);
}

#[test]
fn a_copy_that_is_not_what_was_sent_never_gets_its_name() {
    let Some(mut lab) = Lab::new() else { return };
    // Whoever compares finds one byte changed.
    lab.wrap(&format!(
        "[ \"$1\" = lsjson ] && for f in {}/*.partial; do [ ! -e \"$f\" ] || printf x | dd of=\"$f\" conv=notrunc status=none; done",
        lab.path("data/pve").display()
    ));
    let tier = lab.tier(&Lab::settings("here:pve"));
    let error = tier.put(&lab.archive("pve1", 1, 5000)).unwrap_err();
    assert!(matches!(error, StorageError::Different { .. }), "{error}");
    assert!(tier.list().unwrap().is_empty());
    assert_eq!(names(&lab.path("data/pve")).len(), 3, "side files of nothing");

    // On an object store it has its name already, and loses it.
    if lab.add_s3(Access::Everybody).is_none() {
        return;
    }
    let real = "PATH=/usr/bin:/bin rclone --config \"$RCLONE_CONFIG\"";
    let file = "s3:bucket/pve1-backup-20260102-020000.tar.zst.bundle.tar";
    lab.wrap(&format!("[ \"$1\" = lsjson ] && head -c 5000 /dev/zero | {real} rcat {file}"));
    let tier = lab.tier(&Lab::settings("s3:bucket"));
    let error = tier.put(&lab.bundle("pve1", 2, 5000)).unwrap_err();
    assert!(matches!(error, StorageError::Different { .. }), "{error}");
    lab.wrap("");
    assert!(tier.list().unwrap().is_empty());
}

#[test]
fn an_interrupted_removal_leaves_whole_backups_only() {
    let Some(lab) = Lab::new() else { return };
    let tier = lab.tier(&Lab::settings("here:pve"));
    for day in 1..=3 {
        tier.put(&lab.archive("pve1", day, 1000)).unwrap();
    }
    let all = tier.list().unwrap();
    // The first call removes archives, the one for side files never comes.
    let done = lab.path("done");
    lab.wrap(&format!("[ \"$1\" = delete ] && {{ [ ! -e {0} ] || exit 7; : >{0}; }}", done.display()));
    let removal = tier.remove(&all[1..].iter().collect::<Vec<_>>());
    lab.wrap("");

    assert_eq!((removal.removed.len(), removal.failed.len()), (0, 2));
    let left = tier.list().unwrap();
    assert_eq!(ids(&left), ["pve1-backup-20260103-020000"]);
    assert_eq!(left[0].files.len(), 4);
    assert_eq!(names(&lab.path("data/pve")).len(), 4 + 2 * 3);
    tier.prepare("pve1", Touch::Really).unwrap();
    assert_eq!(names(&lab.path("data/pve")).len(), 4);
}

#[test]
fn odd_answers_are_errors_or_nothing() {
    let Some(lab) = Lab::new() else { return };
    let mut settings = Lab::settings("here:pve");
    settings.operation_limit = Some(Duration::from_secs(2));
    let tier = lab.tier(&settings);
    let answer = |text: &str| lab.wrap(&format!("cat <<'EOF'\n{text}\nEOF\nexit 0"));

    for text in ["", "[", "{}", "<html>", r#"[{"Path":"a","Size":"big"}]"#] {
        answer(text);
        assert!(matches!(tier.list().unwrap_err(), StorageError::Answer { .. }), "{text}");
    }
    let name = "pve1-backup-20260101-020000.tar.zst";
    answer(&format!(
        r#"[{{"Path":"../{name}","Size":1}},{{"Path":"{name}","Size":-1}},{{"Path":"{name}\n","Size":1}},
            {{"Path":"{name}","Size":1,"IsDir":true}},{{"Path":"a\u001b[2J","Size":1}}]"#
    ));
    assert!(tier.list().unwrap().is_empty());

    // Without end.
    lab.wrap("exec yes '[{\"Path\":\"a\"},'");
    let started = Instant::now();
    assert!(matches!(tier.list().unwrap_err(), StorageError::TimedOut { .. } | StorageError::Answer { .. }));
    assert!(started.elapsed() < Duration::from_secs(4));

    // A backup that is not what the listing said, and one whose name leads elsewhere.
    lab.wrap("");
    tier.put(&lab.bundle("pve1", 1, 1000)).unwrap();
    let stored = tier.list().unwrap().remove(0);
    let into = tempfile::tempdir().unwrap();
    lab.wrap("[ \"$1\" = cat ] && { head -c 2000 /dev/zero; exit 0; }");
    assert!(tier.fetch(&stored, into.path()).is_err());
    lab.wrap("[ \"$1\" = cat ] && { head -c 1000 /dev/zero; exit 0; }");
    assert!(matches!(tier.fetch(&stored, into.path()).unwrap_err(), StorageError::Different { .. }));
    lab.wrap("");
    let escaping = Stored { files: vec![stored.files[0].clone(), "../x".to_owned()], ..stored.clone() };
    assert!(tier.fetch(&escaping, into.path()).is_err());
    assert_eq!(tier.remove(&[&escaping]).failed.len(), 1);
    assert!(names(into.path()).is_empty());
    assert_eq!(tier.list().unwrap().len(), 1);
}

/// Makes the remote say that it can do this and no more.
fn pretend(lab: &Lab, features: &str, before: &str) {
    lab.wrap(&format!("[ \"$1\" = backend ] && {{ echo '{features}'; exit 0; }}\n{before}"));
}

#[test]
fn where_nothing_can_be_renamed_a_cut_upload_is_taken_back() {
    let Some(lab) = Lab::new() else { return };
    let mut settings = Lab::settings("here:pve");
    pretend(&lab, r#"{"Hashes":["sha256"],"Features":{"Move":false}}"#, "");
    let placed = lab.tier(&settings).put(&lab.bundle("pve1", 1, 1000)).unwrap();
    assert_eq!(placed.issues.len(), 1, "a notice says what a power failure can leave");

    settings.bandwidth = Some("200k".to_owned());
    let tier = lab.tier(&settings);
    let backup = lab.bundle("pve1", 2, 3_000_000);
    lab.calls();
    std::thread::scope(|scope| {
        let upload = scope.spawn(|| tier.put(&backup));
        lab.running("copyto");
        std::thread::sleep(Duration::from_millis(300));
        lab.cancel.request(Signal::Interrupt);
        assert!(matches!(upload.join().unwrap().unwrap_err(), StorageError::Cancelled(_)));
    });
    assert_eq!(names(&lab.path("data/pve")), ["pve1-backup-20260101-020000.tar.zst.bundle.tar"]);
}

#[test]
fn digests_that_only_rclone_knows_are_made_by_it() {
    let Some(lab) = Lab::new() else { return };
    pretend(&lab, r#"{"Hashes":["quickxor"],"Features":{"Move":true}}"#, "");
    let tier = lab.tier(&Lab::settings("here:pve"));
    assert_eq!(tier.put(&lab.bundle("pve1", 1, 10_000)).unwrap().how, "QUICKXOR told by the remote");
}

#[test]
fn a_rename_whose_answer_is_lost_is_no_failure() {
    let Some(lab) = Lab::new() else { return };
    let real = "PATH=/usr/local/bin:/usr/bin:/bin rclone";
    lab.wrap(&format!("[ \"$1\" = moveto ] && {{ {real} \"$@\"; echo 'Failed to moveto: EOF' >&2; exit 1; }}"));
    let tier = lab.tier(&Lab::settings("here:pve"));
    tier.put(&lab.bundle("pve1", 1, 1000)).unwrap();
    assert_eq!(tier.list().unwrap().len(), 1);
}

#[test]
fn a_wait_between_attempts_ends_when_the_run_is_to_stop() {
    let Some(lab) = Lab::new() else { return };
    lab.point_s3("dead", lab::free_port());
    let mut settings = Lab::settings("dead:x");
    settings.retries = 5;
    let tier = lab.tier(&settings);
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| tier.prepare("pve1", Touch::Really));
        let first = lab.running("lsjson");
        while Lab::is_running(first) {
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(200));
        let asked = Instant::now();
        lab.cancel.request(Signal::Terminate);
        assert!(matches!(looking.join().unwrap().unwrap_err(), StorageError::Cancelled(_)));
        assert!(asked.elapsed() < Duration::from_millis(500), "{:?}", asked.elapsed());
    });
    assert_eq!(lab.calls().len(), 1);
}

#[test]
fn names_that_are_there_twice_count_once_and_are_told() {
    let Some(lab) = Lab::new() else { return };
    let name = "pve1-backup-20260101-020000.tar.zst.bundle.tar";
    let entry =
        |bytes: u32, day: u32| format!(r#"{{"Path":"{name}","Size":{bytes},"ModTime":"2026-01-0{day}T00:00:00Z"}}"#);
    lab.wrap(&format!("[ \"$1\" = lsjson ] && {{ echo '[{},{}]'; exit 0; }}", entry(7, 2), entry(5, 1)));
    let tier = lab.tier(&Lab::settings("here:pve"));
    let all = tier.list().unwrap();
    assert_eq!((all.len(), all[0].bytes), (1, 7));
    let issues = tier.prepare("pve1", Touch::Really).unwrap();
    assert!(issues.len() == 1 && issues[0].reason.contains("rclone dedupe"), "{issues:?}");
}

#[test]
fn a_write_test_shows_a_remote_that_only_reads() {
    let Some(lab) = Lab::new() else { return };
    let mut settings = Lab::settings("here:pve");
    settings.tries_to_write = true;
    let tier = lab.tier(&settings);
    tier.prepare("pve1", Touch::Really).unwrap();
    assert_eq!(lab.calls().len(), 3);
    assert!(names(&lab.path("data/pve")).is_empty());
    tier.prepare("pve1", Touch::DryRun).unwrap();
    assert_eq!(lab.calls().len(), 1);
    lab.wrap("[ \"$1\" = rcat ] && { echo 'Failed to rcat: AccessDenied: Access Denied' >&2; exit 1; }");
    assert_eq!(trouble(&tier.prepare("pve1", Touch::Really).unwrap_err()), Trouble::Credentials);
    assert!(tier.space().unwrap().is_some_and(|space| space.total >= space.free));
}

#[test]
fn logs_travel_and_go_with_their_backups() {
    let Some(lab) = Lab::new() else { return };
    let mut settings = Lab::settings("here:pve");
    settings.logs = "/logs/pve".to_owned();
    let tier = lab.tier(&settings);
    assert_eq!(tier.prune_logs("pve1", &[], 1).unwrap(), 0, "no directory yet");
    let log = |host: &str, day: u32| format!("backup-{host}-202601{day:02}-020000.log");
    for (host, day) in [("pve1", 1), ("pve1", 2), ("pve1", 3), ("pve2", 1)] {
        let path = lab.path("local").join(log(host, day));
        std::fs::write(&path, "log").unwrap();
        tier.put_log(&path).unwrap();
    }
    let gone: BackupId = id_of("pve1-backup-20260102-020000.tar.zst");
    lab.calls();
    assert_eq!(tier.prune_logs("pve1", &[gone], 2).unwrap(), 2);
    assert_eq!(lab.calls().len(), 2);
    assert_eq!(names(&lab.path("data/logs/pve")), [log("pve1", 3), log("pve2", 1)]);

    let without = lab.tier(&Lab::settings("here:pve"));
    without.put_log(&lab.path("local").join(log("pve1", 1))).unwrap();
    assert!(lab.calls().is_empty());
}

#[test]
fn a_full_remote_is_told_and_keeps_nothing() {
    let Some(lab) = Lab::new() else { return };
    let small = lab.path("data/small");
    std::fs::create_dir(&small).unwrap();
    let mounted =
        std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "none"]).arg(&small).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        skip("cannot mount a small disk");
        return;
    }
    let tier = lab.tier(&Lab::settings("here:small"));
    let error = tier.put(&lab.bundle("pve1", 1, 500_000)).unwrap_err();
    let left = names(&small);
    let _ = std::process::Command::new("umount").arg("--lazy").arg(&small).output();
    assert_eq!(trouble(&error), Trouble::NoSpace, "{error}");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_cannot_be_uploaded_is_refused_before_any_call() {
    let Some(lab) = Lab::new() else { return };
    let tier = lab.tier(&Lab::settings("here:pve"));
    let id = id_of("pve1-backup-20260101-020000.tar.zst");
    let odd = lab.path("local").join("a b.tar");
    std::fs::write(&odd, "x").unwrap();
    for files in [vec![], vec![odd], vec!["relative.tar".into()], vec![lab.path("local/missing.tar")]] {
        assert!(tier.put(&Outgoing { id: id.clone(), files }).is_err());
    }
    assert!(lab.calls().is_empty());
}
