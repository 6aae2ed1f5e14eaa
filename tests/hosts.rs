//! The sample hosts fit the catalog: each command of a host is recorded, and nothing else is.
//!
//! `commands/` has one file per command line (`/` as `%2F`, `%` as `%25`) with its output, beside it
//! optional `.exit` and `.stderr`; `commands/ABSENT` lists programs the host does not have.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proxmox_backup::host::{Host, detect};
use proxmox_backup::recipe::{CommandNeed, Item, Need, When, catalog};
use proxmox_backup::system::{Kind, Root};

fn hosts() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
    let mut hosts: Vec<PathBuf> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    hosts.sort();
    hosts
}

fn applies(when: When, root: &Root, host: &Host) -> bool {
    match when {
        When::Always => true,
        When::Clustered => host.is_clustered,
        When::PathExists(path) => root.exists(path),
    }
}

/// Every command line of this host, switched on or not.
fn command_lines(root: &Root) -> BTreeSet<String> {
    let host = detect(root);
    let mut lines = BTreeSet::new();
    for recipe in catalog().filter(|r| host.has(r.product) && applies(r.when, root, &host)) {
        for item in recipe.items {
            match item {
                Item::Command(command) => {
                    lines.insert(command.argv.join(" "));
                }
                Item::Each(names, command) => {
                    for name in host.names(*names) {
                        lines.insert(command.argv.join(" ").replace("{}", name));
                    }
                }
                _ => {}
            }
        }
    }
    lines
}

fn recordings(host: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let dir = host.join("commands");
    let absent = std::fs::read_to_string(dir.join("ABSENT")).unwrap_or_default();
    let recorded = std::fs::read_dir(&dir)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "ABSENT")
        .map(|name| {
            let line = name.trim_end_matches(".exit").trim_end_matches(".stderr");
            line.replace("%2F", "/").replace("%25", "%")
        })
        .collect();
    (recorded, absent.lines().map(str::to_owned).collect())
}

#[test]
fn each_command_of_a_sample_host_is_recorded_and_no_other() {
    for path in hosts() {
        let root = Root::at(&path.join("root")).unwrap();
        let wanted = command_lines(&root);
        let (recorded, absent) = recordings(&path);
        let is_absent = |line: &str| absent.contains(line.split(' ').next().unwrap_or_default());

        let missing: Vec<&String> =
            wanted.iter().filter(|line| !recorded.contains(*line) && !is_absent(line)).collect();
        let stale: Vec<&String> = recorded.difference(&wanted).collect();

        assert!(missing.is_empty(), "{}: {missing:#?}", path.display());
        assert!(stale.is_empty(), "{}: {stale:#?}", path.display());
    }
}

#[test]
fn a_healthy_host_has_no_failing_command_that_would_warn() {
    for path in hosts() {
        let root = Root::at(&path.join("root")).unwrap();
        let host = detect(&root);
        let (_, absent) = recordings(&path);
        for recipe in catalog().filter(|r| host.has(r.product) && applies(r.when, &root, &host)) {
            for item in recipe.items {
                let Item::Command(command) = item else {
                    continue;
                };
                let file = command.argv.join(" ").replace('/', "%2F") + ".exit";
                let fails = path.join("commands").join(file).exists();
                let is_absent = absent.contains(command.argv[0]);
                let warns = match command.need {
                    CommandNeed::Expected => fails || is_absent,
                    CommandNeed::IfInstalled => fails,
                    CommandNeed::BestEffort => false,
                };
                assert!(!warns, "{}: {:?}", path.display(), command.argv);
            }
        }
    }
}

#[test]
fn sample_hosts_are_what_their_names_say() {
    for path in hosts() {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let host = detect(&Root::at(&path.join("root")).unwrap());

        let parts: BTreeSet<&str> = name.split('-').collect();
        let is_leftover = parts.contains("leftover");
        assert_eq!(host.pve.is_some(), parts.contains("pve") && !is_leftover, "{name}");
        assert_eq!(host.pbs.is_some(), parts.contains("pbs"), "{name}");
        assert_eq!(host.is_clustered, parts.contains("cluster"), "{name}");
        assert_ne!(host.debian, "unknown", "{name}");
    }
}

#[test]
fn materialised_hosts_have_what_git_cannot_keep() {
    for path in hosts() {
        let name = path.file_name().unwrap();
        let dest = tempfile::tempdir().unwrap();

        let script = path.parent().unwrap().join("materialise.sh");
        let output = std::process::Command::new(script).args([name, dest.path().as_os_str()]).output().unwrap();

        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name:?}: {said}");
        let root = Root::at(dest.path()).unwrap();
        let stat = |path: &str| root.stat(path).unwrap().unwrap();
        assert_eq!(stat("/etc/localtime").kind, Kind::Symlink);
        assert_eq!(stat("/usr/local/bin/sample.fifo").kind, Kind::Fifo);
        assert_eq!(stat("/etc/shadow").mode, 0o640);
        assert_eq!(stat("/var/spool/cron/crontabs").mode, 0o1730);
        let with_git = detect(&Root::at(&path.join("root")).unwrap());
        assert_eq!(detect(&root), with_git, "{name:?}");
        for item in catalog().filter(|recipe| with_git.has(recipe.product)).flat_map(|recipe| recipe.items) {
            // The database is left out: without sqlite3 the script makes none.
            if let Item::File(path, Need::Required) | Item::Tree(path, Need::Required) = item {
                assert!(root.exists(path), "{name:?}: {path}");
            }
        }
    }
}

#[test]
fn the_database_of_a_sample_host_holds_its_cluster_file_system() {
    let has_sqlite = std::process::Command::new("sqlite3").arg("-version").output().is_ok();
    if !has_sqlite {
        return;
    }
    let hosts_dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
    let dest = tempfile::tempdir().unwrap();
    std::process::Command::new(hosts_dir.join("materialise.sh"))
        .args(["pve-8-single".as_ref(), dest.path().as_os_str()])
        .output()
        .unwrap();

    let database = dest.path().join("var/lib/pve-cluster/config.db");
    let connection = rusqlite::Connection::open(database).unwrap();
    let guest: Vec<u8> = connection
        .query_row(
            "SELECT guest.data FROM tree AS guest JOIN tree AS dir ON guest.parent = dir.inode \
             WHERE guest.name = '101.conf' AND dir.name = 'qemu-server'",
            [],
            |row| row.get(0),
        )
        .unwrap();

    let file = dest.path().join("etc/pve/nodes/pve1/qemu-server/101.conf");
    assert_eq!(guest, std::fs::read(file).unwrap());
}
