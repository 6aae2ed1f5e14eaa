//! What is saved comes back: by GNU tar, with the command lines that the backup itself names,
//! without a difference to the host it was taken of.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use proxmox_backup::bundle::{Backup, Index, IndexEntry};
use proxmox_backup::report::{RunReport, Verdict};
use proxmox_backup::system::{Clock, Recorded, Runner};

use crate::sample::{Sample, files_in, hosts_dir};

const DATABASE: &str = "var/lib/pve-cluster/config.db";
/// Made by the run itself, so the host has nothing to compare it with.
const GENERATED: &str = "var/lib/proxmox-config-backup";

/// Unpacks the newest backup into `scratch/tree` as its manifest says.
fn restore_by_hand(sample: &Sample, scratch: &Path) -> PathBuf {
    let tree = scratch.join("tree");
    std::fs::create_dir(&tree).unwrap();
    for file in sample.backups() {
        std::fs::copy(&file, scratch.join(file.file_name().unwrap())).unwrap();
    }
    let backup = Backup::open(&sample.newest()).unwrap();
    let lines = &backup.facts().unwrap().restore;
    assert!(!lines.is_empty());
    for line in lines {
        let line = line.replace("TARGET", "tree");
        let output = Command::new("sh").arg("-ec").arg(&line).current_dir(scratch).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // A file from before 1970 is restored as it is, and remarked on.
        let complaints: Vec<&str> = said.lines().filter(|said| !said.contains("implausibly old")).collect();
        assert!(complaints.is_empty(), "{line}: {complaints:#?}");
    }
    tree
}

fn index_of(tree: &Path) -> Index {
    serde_json::from_slice(&std::fs::read(tree.join(GENERATED).join("info/index.json")).unwrap()).unwrap()
}

/// Everything that can be seen of a path, as lines that a failing comparison prints.
fn look(path: &Path) -> Vec<String> {
    let Ok(meta) = std::fs::symlink_metadata(path) else { return vec!["not there".to_owned()] };
    let mut seen = vec![
        format!("mode {:o}", meta.mode()),
        format!("owner {}:{}", meta.uid(), meta.gid()),
        format!("time {}.{:09}", meta.mtime(), meta.mtime_nsec()),
    ];
    if meta.is_symlink() {
        seen.push(format!("to {}", std::fs::read_link(path).unwrap().display()));
        return seen;
    }
    if meta.is_file() {
        seen.push(format!("{} bytes, {} names", meta.len(), meta.nlink()));
    }
    let mut names: Vec<OsString> = xattr::list(path).unwrap().collect();
    names.sort();
    for name in names {
        seen.push(format!("attribute {name:?} {:?}", xattr::get(path, &name).unwrap()));
    }
    seen
}

fn differences(entry: &IndexEntry, root: &Path, tree: &Path) -> Vec<String> {
    let name = PathBuf::from(OsString::from_vec(entry.name()));
    let (source, restored) = (root.join(&name), tree.join(&name));
    if name.starts_with(GENERATED) {
        let there = std::fs::symlink_metadata(&restored).is_ok_and(|meta| meta.is_dir() || meta.len() == entry.size);
        return if there { Vec::new() } else { vec![format!("{}: not as in the index", name.display())] };
    }
    if name == Path::new(DATABASE) {
        return rows_of(&source).into_iter().zip(rows_of(&restored)).filter(|(a, b)| a != b).map(|(a, _)| a).collect();
    }
    let (before, after) = (look(&source), look(&restored));
    let mut found: Vec<String> = Vec::new();
    if before != after {
        found.push(format!("{}: {before:?} became {after:?}", name.display()));
    }
    if source.is_file() && !source.is_symlink() && std::fs::read(&source).unwrap() != std::fs::read(&restored).unwrap()
    {
        found.push(format!("{}: content", name.display()));
    }
    found
}

/// The database by what it says; its bytes are SQLite's business.
fn rows_of(path: &Path) -> Vec<String> {
    // From a copy: opening a database of a host would write beside it.
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("db");
    for end in ["", "-wal"] {
        let beside = PathBuf::from(format!("{}{end}", path.display()));
        if beside.exists() {
            std::fs::copy(&beside, format!("{}{end}", copy.display())).unwrap();
        }
    }
    let connection = rusqlite::Connection::open(&copy).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let mut query = connection.prepare("SELECT * FROM tree ORDER BY inode").unwrap();
    let columns = query.column_count();
    let rows = query.query_map([], |row| {
        (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column)).collect::<Result<Vec<_>, _>>()
    });
    rows.unwrap().map(|row| format!("{:?}", row.unwrap())).collect()
}

/// Names of one file stay names of one file: groups of paths with the same inode.
fn link_groups(index: &Index, below: &Path) -> Vec<Vec<PathBuf>> {
    let mut groups: BTreeMap<(u64, u64), Vec<PathBuf>> = BTreeMap::new();
    for entry in &index.entries {
        let name = PathBuf::from(OsString::from_vec(entry.name()));
        let meta = std::fs::symlink_metadata(below.join(&name));
        if let (false, Ok(meta)) = (name.starts_with(GENERATED), meta) {
            groups.entry((meta.dev(), meta.ino())).or_default().push(name);
        }
    }
    let mut linked: Vec<Vec<PathBuf>> = groups.into_values().filter(|names| names.len() > 1).collect();
    linked.sort();
    linked
}

/// Restores the newest backup and demands no difference; gives the tree's index.
fn assert_comes_back(sample: &Sample) -> Index {
    let scratch = tempfile::tempdir().unwrap();
    let tree = restore_by_hand(sample, scratch.path());
    let index = index_of(&tree);
    let found: Vec<String> = index.entries.iter().flat_map(|entry| differences(entry, &sample.root(), &tree)).collect();
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(link_groups(&index, &tree), link_groups(&index, &sample.root()));
    index
}

#[test]
fn every_sample_host_comes_back_by_hand_without_a_difference() {
    for host in files_in(&hosts_dir()).iter().filter(|path| path.is_dir()) {
        let name = host.file_name().unwrap().to_str().unwrap();
        let sample = Sample::host(name);

        let report = sample.backup_recorded().unwrap();

        assert_eq!(report.verdict(), Verdict::Ok, "{name}: {:#?}", report.issues);
        let index = assert_comes_back(&sample);
        assert!(index.entries.len() > 50, "{name}");
        let saves_database = index.entries.iter().any(|entry| entry.path == DATABASE);
        assert_eq!(saves_database, sample.root().join(DATABASE).exists(), "{name}");
    }
}

#[test]
fn names_modes_links_holes_and_attributes_of_every_kind_come_back() {
    let sample = Sample::empty("strange");
    let strange = sample.root().join("srv/strange");
    std::fs::create_dir_all(&strange).unwrap();
    let long = "long".repeat(50);
    for name in [
        b"\xff\xfe not text".as_slice(),
        b"two\nlines",
        b" blank ",
        b"-rf",
        b"back\\slash",
        "umlaut-\u{fc}".as_bytes(),
        long.as_bytes(),
        b"empty",
    ] {
        std::fs::write(strange.join(OsString::from_vec(name.to_vec())), name).unwrap();
    }
    std::fs::write(strange.join("empty"), "").unwrap();
    // Longer than any field of ustar.
    let deep = strange.join(&long).with_extension("d").join(&long).join(&long);
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(deep.join("file"), "deep").unwrap();
    symlink(deep.join("file"), strange.join("link-with-a-long-target")).unwrap();
    symlink("nowhere", strange.join("dangling")).unwrap();
    std::fs::hard_link(strange.join("two\nlines"), strange.join("zz-second-name")).unwrap();
    for (number, mode) in [0o4755, 0o2755, 0o1777, 0o000, 0o7777].into_iter().enumerate() {
        let path = strange.join(format!("mode-{number}"));
        std::fs::write(&path, "m").unwrap();
        let _ = std::os::unix::fs::chown(&path, Some(60_000), Some(4_000_000_000));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let sparse = std::fs::File::create(strange.join("sparse")).unwrap();
    std::os::unix::fs::FileExt::write_at(&sparse, b"data", 3 << 20).unwrap();
    sparse.set_len(5 << 20).unwrap();
    xattr::set(strange.join("empty"), "user.blank value", b"\0 \xff=\n").unwrap();
    // u::rw- u:33:r-- g::r-- m::r-- o::--- as the kernel stores it.
    let acl = [2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 33, 0, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255]
        .into_iter()
        .chain([16, 0, 4, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255])
        .collect::<Vec<u8>>();
    let with_acl = strange.join("with-acl");
    std::fs::write(&with_acl, "a").unwrap();
    let has_acl = xattr::set(&with_acl, "system.posix_acl_access", &acl).is_ok();
    let before_1970 = std::time::SystemTime::UNIX_EPOCH - Duration::from_millis(1500);
    std::fs::File::open(strange.join("empty")).unwrap().set_modified(before_1970).unwrap();
    let mut config = sample.config();
    config.collect.custom_paths = vec!["/srv/strange".to_owned()];

    let report = sample.backup_as(&config, Runner::Nobody, Clock::System).unwrap();

    assert!(report.archive.is_some());
    let index = assert_comes_back(&sample);
    let kept = |name: &str| index.entries.iter().find(|entry| entry.path.ends_with(name)).unwrap().xattrs.clone();
    assert_eq!(kept("strange/empty"), ["user.blank value"]);
    assert_eq!(kept("with-acl").is_empty(), !has_acl);
    assert!(report.archive.unwrap().bytes < 100_000, "holes are not stored");
}

#[test]
fn the_same_input_gives_the_same_archive() {
    let sample = Sample::host("pve-9-cluster-ceph");
    let commands = hosts_dir().join("pve-9-cluster-ceph/commands");
    let clock = Clock::Fixed(chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap().into());
    let mut archives = Vec::new();
    for tier in ["first", "second"] {
        let mut config = sample.config();
        config.local.backups = sample.path(tier);
        sample.backup_as(&config, Runner::Recorded(Recorded::new(commands.clone())), clock).unwrap();
        let backup = Backup::open(&files_in(&sample.path(tier))[0]).unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut backup.raw().unwrap(), &mut bytes).unwrap();
        archives.push(bytes);
    }
    assert!(archives[0] == archives[1], "{} and {} bytes", archives[0].len(), archives[1].len());
}

/// A healthy host with one thing broken gives one issue about just that.
fn one_issue(report: &RunReport, subject: &str, reason: &str) {
    let [issue] = report.issues.as_slice() else { panic!("{subject}: {:#?}", report.issues) };
    assert_eq!(issue.subject, subject);
    assert!(issue.reason.contains(reason), "{issue}");
}

#[test]
fn a_required_path_that_is_missing_is_the_one_issue() {
    let sample = Sample::host("pve-8-single");
    std::fs::remove_file(sample.root().join("etc/hosts")).unwrap();

    let report = sample.backup_recorded().unwrap();

    one_issue(&report, "/etc/hosts", "does not exist");
    assert_eq!(report.verdict(), Verdict::Warnings(1));
}

#[test]
fn a_database_that_is_none_is_the_one_issue() {
    let sample = Sample::host("pve-8-single");
    sample.plant(DATABASE, "this is no database, and long enough to be looked at as one".repeat(50));

    let report = sample.backup_recorded().unwrap();

    one_issue(&report, &format!("/{DATABASE}"), "no consistent copy");
    assert_eq!(report.verdict(), Verdict::Warnings(1));
}

const JOBS: &str = "pvesh get /cluster/backup --output-format json";

/// Runs with the answer to [`JOBS`] changed.
fn with_answer(change: impl FnOnce(&dyn Fn(&str, &[u8])), limit: Option<Duration>) -> RunReport {
    let sample = Sample::host("pve-8-single");
    let commands = sample.own_commands();
    let name = JOBS.replace('/', "%2F");
    change(&|end, content| std::fs::write(commands.join(format!("{name}{end}")), content).unwrap());
    let mut config = sample.config();
    config.collect.command_limits.extend(limit.map(|limit| ("pvesh".to_owned(), limit)));
    let report = sample.backup_as(&config, Runner::Recorded(Recorded::new(commands)), Clock::System).unwrap();
    assert_eq!(crate::sample::problems_of(&sample.newest()), Vec::<String>::new());
    report
}

#[test]
fn a_failing_command_is_the_one_issue() {
    let report = with_answer(
        |answer| {
            answer(".exit", b"1");
            answer(".stderr", b"loading\nno quorum\n");
        },
        None,
    );
    one_issue(&report, JOBS, "exit status 1: loading; no quorum");
    assert_eq!(report.verdict(), Verdict::Warnings(1));
}

#[test]
fn a_hanging_command_is_the_one_issue() {
    let report = with_answer(|answer| answer(".delay", b"99"), Some(Duration::from_secs(1)));
    one_issue(&report, JOBS, "no end within");
    assert_eq!(report.verdict(), Verdict::Warnings(1));
}

#[test]
fn an_endless_output_is_the_one_issue_and_no_warning() {
    let report = with_answer(|answer| answer("", &vec![b'x'; 9 << 20]), None);
    one_issue(&report, JOBS, "output cut after 8.0 MiB");
    assert_eq!(report.verdict(), Verdict::Ok);
}
