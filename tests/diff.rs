//! `diff`: between a backup and its host, two backups, a backup of an older tool and a host.

use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::old::{Bash, STORAGE, write};
use crate::sample::{Random, Sample, skip};

const SECRET: &str = "/etc/pve/priv/storage/nas.pw";
const GUEST: &str = "/etc/pve/nodes/pve1/qemu-server/100.conf";
const MOVED_GUEST: &str = "/etc/pve/nodes/pve1/qemu-server/102.conf";
const DATABASE: &str = "/var/lib/pve-cluster/config.db";
/// Its first name in the archive is another one.
const WITH_ATTRIBUTE: &str = "/usr/local/sbin/trim-guests";

/// A sample host with a backup of it.
fn saved(name: &str) -> Sample {
    let sample = Sample::host(name);
    sample.backup_recorded().unwrap();
    sample
}

/// The lines about changes, without the one that sums up.
fn lines(sample: &Sample, code: i32, arguments: &[&str]) -> Vec<String> {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--quiet"]).collect();
    sample.expect(code, &arguments).lines().map(str::to_owned).collect()
}

fn json(sample: &Sample, code: i32, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&sample.expect(code, &arguments)).unwrap()
}

/// The database alone: as after a write that the mounted tree does not show.
fn change_database(sample: &Sample, sql: &str) {
    let path = sample.root().join(DATABASE.trim_start_matches('/'));
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// Ten changes, each of another kind; gives what `diff` has to say, sorted by path.
fn change_ten_things(sample: &Sample) -> Vec<String> {
    let at = |path: &str| sample.root().join(path.trim_start_matches('/'));
    sample.plant("/etc/hosts", "127.0.0.1 localhost\n192.0.2.77 moved\n");
    std::fs::set_permissions(at("/etc/crontab"), PermissionsExt::from_mode(0o600)).unwrap();
    chown(at("/etc/aliases"), Some(4242), Some(4243)).unwrap();
    sample.plant("/etc/cron.d/new", "# new\n");
    std::fs::remove_file(at("/etc/sysctl.d/90-sample.conf")).unwrap();
    std::fs::rename(at(GUEST), at(MOVED_GUEST)).unwrap();
    std::fs::remove_file(at("/usr/local/bin/trim")).unwrap();
    symlink("/bin/true", at("/usr/local/bin/trim")).unwrap();
    xattr::set(at(WITH_ATTRIBUTE), "user.sample", b"changed").unwrap();
    change_database(sample, "UPDATE tree SET data = 'x' WHERE name = 'storage.cfg'");
    sample.plant(SECRET, "canary-of-the-secret\n");
    let mut expected = vec![
        "changed  /etc/hosts  (content)".to_owned(),
        "changed  /etc/crontab  (mode 0644 -> 0600)".to_owned(),
        "changed  /etc/aliases  (owner root:root -> 4242:4243)".to_owned(),
        "added    /etc/cron.d/new".to_owned(),
        "removed  /etc/sysctl.d/90-sample.conf".to_owned(),
        format!("moved    {GUEST} -> {MOVED_GUEST}"),
        "changed  /usr/local/bin/trim  (target ../sbin/trim-guests -> /bin/true)".to_owned(),
        format!("changed  /usr/local/bin/trim-hard  (attributes user.sample, also {WITH_ATTRIBUTE})"),
        format!("changed  {DATABASE}  (rows of /etc/pve/storage.cfg)"),
        format!("changed  {SECRET}  (content)"),
    ];
    expected.sort();
    expected
}

fn can_change_all() -> bool {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let can = chown(&file, Some(4242), None).is_ok() && xattr::set(&file, "user.x", b"1").is_ok();
    if !can {
        skip("owners and attributes need root and a file system that has them");
    }
    can
}

#[test]
fn ten_changes_are_ten_differences_and_secrets_stay_masked() {
    if !can_change_all() {
        return;
    }
    let sample = saved("pve-8-single");
    let expected = change_ten_things(&sample);

    let mut found = lines(&sample, 1, &["diff", "latest", "--live"]);
    found.sort();
    assert_eq!(found, expected);

    let shown = sample.expect(1, &["diff", "--content"]);
    assert!(shown.contains("+192.0.2.77 moved") && shown.contains("--- a/etc/hosts"), "{shown}");
    assert!(!shown.contains("canary-of-the-secret"), "{shown}");
    assert!(shown.contains("10 differences (1 added, 7 changed, 1 moved, 1 removed)"), "{shown}");
    let shown = sample.expect(1, &["diff", "latest", "--live", "--content", "--show-secrets"]);
    assert!(shown.contains("+canary-of-the-secret"), "{shown}");
}

#[test]
fn two_backups_differ_in_the_same_ten_things() {
    if !can_change_all() {
        return;
    }
    let sample = saved("pve-8-single");
    let before = sample.newest();
    let expected = change_ten_things(&sample);
    // Names of backups have seconds.
    std::thread::sleep(Duration::from_millis(1100));
    sample.backup_recorded().unwrap();
    let (before, after) = (before.to_str().unwrap().to_owned(), sample.newest());

    let mut found = lines(&sample, 1, &["diff", &before, after.to_str().unwrap()]);
    found.sort();

    assert_eq!(found, expected);
    assert_eq!(lines(&sample, 0, &["diff", &before, &before]), [""; 0]);
}

#[test]
fn an_unchanged_host_of_every_kind_is_the_same() {
    for name in ["pve-8-single", "pbs-4-s3", "pve-9-cluster-ceph", "pve-pbs-dual", "debian-plain", "pve-7-leftover"] {
        let sample = saved(name);
        // A time is no change.
        let hosts = sample.root().join("etc/hosts");
        if let Ok(text) = std::fs::read(&hosts) {
            std::fs::write(&hosts, text).unwrap();
        }

        let said = sample.expect(0, &["diff"]);

        assert!(said.contains("no difference") && !said.contains("not compared"), "{name}: {said}");
    }
}

#[test]
fn json_is_one_object_without_digests() {
    let sample = saved("pve-8-single");
    sample.plant(SECRET, "canary-of-the-secret\n");
    sample.plant("/etc/hosts", "new\n");

    let found = json(&sample, 1, &["diff", "--content"]);

    assert_eq!(found["same"], false);
    let changes = found["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2, "{found:#}");
    assert_eq!(changes[0]["path"], "/etc/hosts");
    assert!(changes[0]["lines"].as_str().unwrap().contains("+new"));
    assert_eq!((&changes[1]["secret"], &changes[1]["no_lines"]), (&true.into(), &"secret".into()));
    assert_eq!(changes[1].get("lines"), None);
    let text = found.to_string();
    assert!(!text.contains("canary") && !text.contains("sha256") && !text.contains("digest"), "{text}");

    assert_eq!(json(&sample, 1, &["diff"])["changes"][0].get("lines"), None);
}

#[test]
fn a_recipe_that_is_off_now_removes_nothing() {
    let sample = saved("pve-8-single");
    sample.configure("BACKUP_SSH_KEYS=false\nBACKUP_CRON_JOBS=false\n");
    std::fs::remove_file(sample.root().join("etc/crontab")).unwrap();

    let found = json(&sample, 1, &["diff"]);

    let changes = found["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{found:#}");
    assert_eq!((&changes[0]["path"], &changes[0]["change"]), (&"/etc/crontab".into(), &"removed".into()));
    let aside = found["not_compared"].as_array().unwrap();
    assert!(aside.iter().any(|path| path["why"].as_str().unwrap().contains("BACKUP_CRON_JOBS is off")), "{found:#}");
    assert!(aside.iter().all(|path| path["is_unread"] == false), "{found:#}");
}

#[test]
fn a_recipe_that_was_off_then_adds_nothing() {
    let sample = Sample::host("pve-8-single");
    sample.configure("BACKUP_CRON_JOBS=false\n");
    sample.backup_recorded().unwrap();
    sample.configure("");

    let found = json(&sample, 0, &["diff"]);

    assert_eq!(found["changes"].as_array().unwrap().len(), 0, "{found:#}");
    assert!(found["not_compared"].to_string().contains("/etc/crontab"), "{found:#}");
}

#[test]
fn the_database_is_not_named_when_the_files_tell_the_same() {
    let sample = saved("pve-8-single");
    change_database(&sample, "UPDATE tree SET version = version + 1, mtime = 5 WHERE inode = 0; VACUUM");
    assert_eq!(lines(&sample, 0, &["diff"]), [""; 0]);

    sample.plant("/etc/pve/storage.cfg", "dir: other\n");
    change_database(&sample, "UPDATE tree SET data = 'dir: other' WHERE name = 'storage.cfg'");
    assert_eq!(lines(&sample, 1, &["diff"]), ["changed  /etc/pve/storage.cfg  (content)"]);

    change_database(&sample, "CREATE TABLE foreign_rows (x); INSERT INTO foreign_rows VALUES (1)");
    assert_eq!(lines(&sample, 1, &["diff"]).last().unwrap(), &format!("changed  {DATABASE}  (rows)"));
}

#[test]
fn outputs_of_commands_are_compared_on_request_and_between_backups_only() {
    let sample = saved("debian-plain");
    let before = sample.newest();
    std::thread::sleep(Duration::from_millis(1100));
    sample.expect(0, &["backup"]);
    let after = sample.newest();
    let pair = [before.to_str().unwrap(), after.to_str().unwrap()];

    assert_eq!(lines(&sample, 0, &["diff", pair[0], pair[1]]), [""; 0]);
    let with = lines(&sample, 1, &["diff", pair[0], pair[1], "--outputs"]);
    assert!(with.iter().all(|line| line.contains("/var/lib/proxmox-config-backup/info/")), "{with:#?}");
    assert!(!with.is_empty());
    sample.expect(2, &["diff", "--outputs"]);
    sample.expect(2, &["diff", pair[0], pair[1], "--live"]);
    sample.expect(2, &["diff", "--show-secrets"]);
    sample.expect(3, &["diff", "no-such-backup"]);
}

#[test]
fn a_backup_of_an_older_tool_is_compared_where_it_has_files() {
    let sample = Sample::empty("old");
    let dir = sample.path("backups");
    std::fs::create_dir(&dir).unwrap();
    let bash = Bash::new().optimised();
    let backup = bash.pack(&dir, "xz", "-J");
    sample.configure("CUSTOM_BACKUP_PATHS=\"/root/twin,/etc/own-link,/var/lib/db,/srv\"\n");
    let root = sample.root();
    write(&root, "etc/hostname", b"node1\n", 0o644);
    write(&root, "etc/network/interfaces", b"auto lo\nauto eth0\n", 0o644);
    write(&root, "etc/network/interfaces.d/new", b"x\n", 0o644);
    write(&root, "root/twin", STORAGE, 0o600);
    write(&root, "var/lib/db/large.db", &crate::old::large(), 0o600);
    write(&root, "srv/never-in-the-old-one", b"x", 0o644);
    symlink("hostname", root.join("etc/own-link")).unwrap();

    let found = sample.expect(1, &["diff", backup.to_str().unwrap(), "--content"]);

    for line in [
        "changed  /etc/network/interfaces  (content",
        "+auto eth0",
        "added    /etc/network/interfaces.d/new",
        "removed  /etc/pve/storage.cfg",
    ] {
        assert!(found.contains(line), "{line}: {found}");
    }
    for name in
        ["root/twin", "large.db", "own-link", "info", "marker", "/srv/never", "changed  /etc/hostname  (content"]
    {
        assert!(!found.contains(name), "{name}: {found}");
    }
    for why in ["does not say whether it looked there", "no owner and mode of its own"] {
        assert!(found.contains(why), "{why}: {found}");
    }
}

#[test]
fn what_cannot_be_read_is_not_called_the_same() {
    let sample = Sample::host("debian-plain");
    sample.configure("CUSTOM_BACKUP_PATHS=/srv/tree\n");
    sample.plant("/srv/tree/a", "a\n");
    sample.expect(0, &["backup"]);
    // A loop where a directory was: it is there, and nobody can say what is in it.
    std::fs::remove_dir_all(sample.root().join("srv")).unwrap();
    symlink("srv", sample.root().join("srv")).unwrap();

    let output = sample.run(["diff"]);

    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_backup_that_is_cut_off_is_an_error_and_not_a_difference() {
    let sample = saved("debian-plain");
    let path = sample.newest();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() * 2 / 3]).unwrap();

    let code = sample.run(["diff", path.to_str().unwrap()]).status.code();

    assert_eq!(code, Some(10));
}

#[test]
fn texts_are_safe_on_a_terminal_and_bytes_are_not_text() {
    let sample = saved("debian-plain");
    sample.plant("/etc/hosts", "\x1b[2J\ttab\u{202e}\n");
    sample.plant("/etc/cron.d/binary", b"a\0b");
    sample.plant("/etc/cron.d/large", "x\n".repeat(1 << 20));

    let found = sample.expect(1, &["diff", "--content"]);

    assert!(found.contains("+\u{fffd}[2J\ttab") && !found.contains('\x1b'), "{found}");
    assert!(found.contains("(not text)") && found.contains("(too large to show)"), "{found}");
}

/// The bar is for the program users have; this build has its own.
#[test]
fn five_megabytes_are_compared_at_once() {
    let sample = Sample::host("debian-plain");
    let mut noise = Random::new(5);
    for number in 0..500 {
        sample.plant(&format!("etc/cron.d/{}/{number}", number % 20), noise.bytes(10 << 10));
    }
    sample.expect(0, &["backup"]);
    let start = Instant::now();

    sample.expect(0, &["diff"]);

    assert!(
        start.elapsed() < Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 }),
        "{:?}",
        start.elapsed()
    );
}
