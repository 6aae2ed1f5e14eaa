//! The stand-in for pmxcfs keeps pmxcfs's rules: whoever restores into it learns what the real
//! `/etc/pve` would say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, FileTimes, OpenOptions, Permissions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::sample::{Random, setting};

const MIB: usize = 1024 * 1024;
const CLUSTER: &str = "totem {\n  cluster_name: lab\n  config_version: 4\n}\nnodelist {\n  node {\n    name: pve1\n    \
                       nodeid: 1\n    ring0_addr: 192.0.2.1\n  }\n  node {\n    name: pve2\n    nodeid: 2\n    \
                       ring0_addr: 192.0.2.2\n  }\n}\n";

/// The program, as `cargo test` builds it beside the tests.
pub(crate) fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let built = tests.ancestors().nth(2).unwrap().join("examples/pmxcfs");
    assert!(built.exists(), "{} is missing: cargo build --example pmxcfs", built.display());
    built
}

/// Can this machine mount at all? A container may not, which is no mistake of whoever set CI up; it
/// is said all the same.
pub(crate) fn can_mount() -> bool {
    static WHY_NOT: OnceLock<Option<String>> = OnceLock::new();
    let why_not = WHY_NOT.get_or_init(|| {
        if !nix::unistd::geteuid().is_root() {
            return Some("needs root".to_owned());
        }
        if let Err(cause) = OpenOptions::new().read(true).write(true).open("/dev/fuse") {
            return Some(format!("/dev/fuse: {cause}"));
        }
        let tried = Command::new("unshare").args(["--mount", "true"]).output().unwrap();
        (!tried.status.success()).then(|| String::from_utf8_lossy(&tried.stderr).into_owned())
    });
    if let Some(why) = why_not {
        eprintln!("SKIPPED: cannot mount: {why}");
    }
    why_not.is_none()
}

/// A served database: `config.db` and `mnt` in a directory of its own.
struct Served {
    dir: tempfile::TempDir,
    options: Vec<String>,
    server: Option<Child>,
}

impl Served {
    fn empty() -> Option<Self> {
        Self::with(&[])
    }

    /// `{}` in an option stands for the directory.
    fn with(options: &[&str]) -> Option<Self> {
        if !can_mount() {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().display().to_string();
        let options = options.iter().map(|option| option.replace("{}", &place)).collect();
        let mut served = Self { dir, options, server: None };
        served.start();
        Some(served)
    }

    fn start(&mut self) {
        self.try_start().unwrap();
    }

    fn try_start(&mut self) -> Result<(), String> {
        let mut command = self.command();
        let mut server = command.arg("--foreground").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut said).unwrap();
        if said == "ready\n" {
            self.server = Some(server);
            return Ok(());
        }
        let mut why = String::new();
        server.stderr.take().unwrap().read_to_string(&mut why).unwrap();
        assert_eq!(server.wait().unwrap().code(), Some(1), "{why}");
        Err(why)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(program());
        command.arg("--db").arg(self.database()).arg("--mount").arg(self.at("")).args(["--node", "pve1"]);
        command.args(&self.options);
        command
    }

    /// Ends it like `systemctl stop`.
    fn stop(&mut self) {
        let mut server = self.server.take().unwrap();
        signal(&server, "-TERM");
        assert!(server.wait().unwrap().success());
    }

    fn restart(&mut self) {
        self.stop();
        self.start();
    }

    /// Ends it without warning; its mount stays, with nobody behind it.
    fn crash(&mut self) {
        let mut server = self.server.take().unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
    }

    fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join("mnt").join(path)
    }

    fn database(&self) -> PathBuf {
        self.dir.path().join("config.db")
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.at(path), content).unwrap();
    }

    fn make(&self, directories: &[&str]) {
        for directory in directories {
            std::fs::create_dir_all(self.at(directory)).unwrap();
        }
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.at(path)).unwrap()
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path)).unwrap()
    }

    fn mode(&self, path: &str) -> u32 {
        std::fs::symlink_metadata(self.at(path)).unwrap().mode() & 0o7777
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.at(from), self.at(to))
    }

    /// The version of the whole tree, as the database has it.
    fn version(&self) -> i64 {
        let sql = "SELECT version FROM tree WHERE inode = 0 AND name = '__version__'";
        read_only(&self.database()).query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            signal(&server, "-TERM");
            let _ = server.wait();
        }
        let _ = Command::new("umount").arg("-lq").arg(self.at("")).stderr(Stdio::null()).status();
    }
}

fn signal(server: &Child, signal: &str) {
    Command::new("kill").arg(signal).arg(server.id().to_string()).status().unwrap();
}

fn read_only(database: &Path) -> Connection {
    Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

/// With which error something was refused.
fn refusal<T>(outcome: io::Result<T>) -> Errno {
    match outcome {
        Ok(_) => panic!("was not refused"),
        Err(cause) => Errno::from_raw(cause.raw_os_error().unwrap()),
    }
}

fn set_time(path: &Path, time: SystemTime) -> io::Result<()> {
    File::open(path)?.set_times(FileTimes::new().set_accessed(time).set_modified(time))
}

fn epoch(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Path, type, time and content of all that is in a mounted tree, the computed names aside.
fn mounted_tree(top: &Path) -> BTreeSet<(String, i64, i64, Vec<u8>)> {
    let mut found = BTreeSet::new();
    let mut open = vec![top.to_path_buf()];
    while let Some(directory) = open.pop() {
        for path in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            let metadata = std::fs::symlink_metadata(&path).unwrap();
            if metadata.is_symlink() || name.starts_with('.') {
                continue;
            }
            let kind = if metadata.is_dir() { 4 } else { 8 };
            let data = if metadata.is_dir() { Vec::new() } else { std::fs::read(&path).unwrap() };
            found.insert((name, kind, metadata.mtime(), data));
            if metadata.is_dir() {
                open.push(path);
            }
        }
    }
    found
}

/// The same, out of the rows of the database.
fn stored_tree(database: &Path) -> BTreeSet<(String, i64, i64, Vec<u8>)> {
    type Row = (i64, i64, i64, i64, String, Option<Vec<u8>>);
    let database = read_only(database);
    let mut query =
        database.prepare("SELECT inode, parent, type, mtime, name, data FROM tree WHERE inode != 0").unwrap();
    let row =
        |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?));
    let rows: Vec<Row> = query.query_map([], row).unwrap().map(Result::unwrap).collect();
    let names: BTreeMap<i64, (i64, String)> = rows.iter().map(|row| (row.0, (row.1, row.4.clone()))).collect();
    let path_of = |mut inode: i64| {
        let mut parts = Vec::new();
        while inode != 0 {
            parts.push(names[&inode].1.as_str());
            inode = names[&inode].0;
        }
        parts.reverse();
        parts.join("/")
    };
    rows.iter()
        .map(|(inode, _, kind, mtime, _, data)| (path_of(*inode), *kind, *mtime, data.clone().unwrap_or_default()))
        .collect()
}

#[test]
fn owners_and_modes_are_fixed() {
    let Some(served) = Served::empty() else { return };
    served.make(&["priv/acme", "nodes/pve1/priv", "nodes/pve1/lxc", "private"]);
    for file in ["user.cfg", "priv/token.cfg", "nodes/pve1/priv/key", "nodes/pve1/lxc/100.conf", "private/x"] {
        served.write(file, "x");
    }

    let modes = [
        ("", 0o755),
        ("user.cfg", 0o640),
        ("priv", 0o700),
        ("priv/acme", 0o700),
        ("priv/token.cfg", 0o600),
        ("nodes/pve1", 0o755),
        ("nodes/pve1/priv", 0o700),
        ("nodes/pve1/priv/key", 0o600),
        ("nodes/pve1/lxc/100.conf", 0o640),
        ("private/x", 0o640),
        ("local", 0o755),
        (".version", 0o440),
        (".debug", 0o640),
    ];
    for (path, mode) in modes {
        let metadata = std::fs::symlink_metadata(served.at(path)).unwrap();
        assert_eq!(format!("{:o}", metadata.mode() & 0o7777), format!("{mode:o}"), "{path}");
        assert_eq!((metadata.uid(), metadata.gid()), (0, 33), "{path}");
    }
}

#[test]
fn chmod_and_chown_take_only_what_is_there_already() {
    let Some(served) = Served::empty() else { return };
    served.make(&["priv"]);
    served.write("user.cfg", "x");
    served.write("priv/token.cfg", "x");
    let chmod = |path: &str, mode| std::fs::set_permissions(served.at(path), Permissions::from_mode(mode));

    chmod("user.cfg", 0o640).unwrap();
    chmod("priv/token.cfg", 0o600).unwrap();
    for (path, mode) in [("user.cfg", 0o600), ("user.cfg", 0o644), ("priv/token.cfg", 0o640), ("priv", 0o700)] {
        assert_eq!(refusal(chmod(path, mode)), Errno::EPERM, "{path} {mode:o}");
    }
    for (uid, gid) in [(None, None), (Some(0), None), (None, Some(33)), (Some(0), Some(33))] {
        chown(served.at("user.cfg"), uid, gid).unwrap();
    }
    for (uid, gid) in [(Some(1), None), (None, Some(0)), (Some(0), Some(0))] {
        assert_eq!(refusal(chown(served.at("user.cfg"), uid, gid)), Errno::EPERM, "{uid:?} {gid:?}");
    }
}

#[test]
fn links_devices_attributes_and_flags_are_refused() {
    let Some(served) = Served::empty() else { return };
    served.write("user.cfg", "x");
    let (file, new) = (served.at("user.cfg"), served.at("new"));

    assert_eq!(refusal(symlink("user.cfg", &new)), Errno::ENOSYS);
    // The kernel's answer to a server without hard links depends on its version.
    assert!([Errno::ENOSYS, Errno::EPERM].contains(&refusal(std::fs::hard_link(&file, &new))));
    assert_eq!(nix::unistd::mkfifo(&new, nix::sys::stat::Mode::S_IRUSR), Err(Errno::ENOSYS));
    assert_eq!(refusal(xattr::set(&file, "user.x", b"1")), Errno::EOPNOTSUPP);
    assert_eq!(refusal(xattr::list(&file).map(Iterator::count)), Errno::EOPNOTSUPP);
    assert_eq!(renameat2(AT_FDCWD, &file, AT_FDCWD, &new, RenameFlags::RENAME_NOREPLACE), Err(Errno::EINVAL));
    assert_eq!(mounted_tree(&served.at("")).len(), 1);
}

/// Why a restore must not unpack there: tar sets modes and ends with an error.
#[test]
fn unpacking_with_tar_fails() {
    let Some(served) = Served::empty() else { return };
    let source = tempfile::tempdir().unwrap();
    std::fs::create_dir(source.path().join("firewall")).unwrap();
    std::fs::write(source.path().join("firewall/cluster.fw"), "x").unwrap();
    let archive = source.path().join("a.tar");
    let tar = |arguments: &[&str]| Command::new("tar").arg("-f").arg(&archive).args(arguments).output().unwrap();
    assert!(tar(&["-c", "-C", source.path().to_str().unwrap(), "firewall"]).status.success());

    let unpacked = tar(&["-x", "-p", "-C", served.at("").to_str().unwrap()]);

    assert_eq!(unpacked.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unpacked.stderr).contains("Operation not permitted"));
}

#[test]
fn a_file_holds_one_mib_and_no_more() {
    let Some(served) = Served::empty() else { return };
    let largest = vec![7; MIB];

    served.write("full", &largest);
    let mut full = OpenOptions::new().append(true).open(served.at("full")).unwrap();
    assert_eq!(refusal(full.write_all(b"x")), Errno::EFBIG);
    assert_eq!(refusal(std::fs::write(served.at("other"), vec![7; MIB + 1])), Errno::EFBIG);
    assert_eq!(refusal(full.set_len(MIB as u64 + 1)), Errno::EFBIG);

    assert!(std::fs::read(served.at("full")).unwrap() == largest);
}

#[test]
fn parts_of_a_file_are_written_cut_and_filled_with_zeros() {
    let Some(served) = Served::empty() else { return };
    served.write("a", "0123456789");
    let mut file = OpenOptions::new().read(true).write(true).open(served.at("a")).unwrap();

    file.seek(SeekFrom::Start(3)).unwrap();
    file.write_all(b"xy").unwrap();
    assert_eq!(served.text("a"), "012xy56789");
    file.set_len(4).unwrap();
    file.seek(SeekFrom::Start(6)).unwrap();
    file.write_all(b"z").unwrap();
    assert_eq!(served.text("a"), "012x\0\0z");
    served.write("a", "");
    assert_eq!(served.text("a"), "");
}

#[test]
fn without_quorum_everything_can_be_read_and_nothing_changed() {
    let Some(served) = Served::with(&["--quorum-lost", "{}/lost"]) else { return };
    served.make(&["priv/lock", "ha"]);
    served.write("user.cfg", "before");
    served.write("priv/token.cfg", "before");
    let (before, tree) = (served.version(), mounted_tree(&served.at("")));
    let marker = served.dir.path().join("lost");

    std::fs::write(&marker, "").unwrap();

    let modes = [("user.cfg", 0o440), ("priv/token.cfg", 0o400), ("ha", 0o555), ("priv", 0o500), ("local", 0o555)];
    for (path, mode) in modes {
        assert_eq!(format!("{:o}", served.mode(path)), format!("{mode:o}"), "{path}");
    }
    let path = served.at("user.cfg");
    let mut file = OpenOptions::new().write(true).open(&path).unwrap();
    let refusals = [
        refusal(file.write_all(b"after")),
        refusal(std::fs::write(&path, "after")),
        refusal(std::fs::write(served.at("new"), "after")),
        refusal(std::fs::create_dir(served.at("priv/lock/x"))),
        refusal(std::fs::remove_dir(served.at("ha"))),
        refusal(std::fs::remove_file(&path)),
        refusal(served.rename("user.cfg", "new")),
        refusal(set_time(&path, epoch(5))),
    ];
    assert_eq!(refusals, [Errno::EACCES; 8]);
    assert_eq!(mounted_tree(&served.at("")), tree);
    assert_eq!(served.version(), before);

    std::fs::remove_file(&marker).unwrap();
    file.write_all(b"after!").unwrap();
    assert_eq!((served.text("user.cfg").as_str(), served.mode("user.cfg")), ("after!", 0o640));
}

#[test]
fn a_server_may_start_without_quorum() {
    let Some(served) = Served::with(&["--no-quorum"]) else { return };
    assert_eq!(refusal(std::fs::create_dir(served.at("nodes"))), Errno::EACCES);
    // The top directory does not show it.
    assert_eq!(served.mode(""), 0o755);
}

fn nodes() -> Option<Served> {
    let served = Served::empty()?;
    served.make(&["nodes/pve1/qemu-server", "nodes/pve1/lxc", "nodes/pve2/qemu-server", "nodes/pve2/lxc"]);
    served.write("nodes/pve1/qemu-server/100.conf", "cores: 1\n");
    Some(served)
}

#[test]
fn a_guest_number_is_there_once_in_the_cluster() {
    let Some(served) = nodes() else { return };
    let create = |path: &str| std::fs::write(served.at(path), "x");

    for path in
        ["nodes/pve2/qemu-server/100.conf", "nodes/pve1/lxc/100.conf", "lxc/100.conf", "nodes/pve2/lxc/100.conf"]
    {
        assert_eq!(refusal(create(path)), Errno::EEXIST, "{path}");
    }
    create("nodes/pve1/qemu-server/100.conf").unwrap();
    create("nodes/pve2/qemu-server/100.conf.tmp").unwrap();
    create("nodes/pve2/qemu-server/0100.conf").unwrap();
    create("nodes/pve2/lxc/101.conf").unwrap();
    std::fs::remove_file(served.at("nodes/pve1/qemu-server/100.conf")).unwrap();
    create("nodes/pve2/lxc/100.conf").unwrap();

    let guests = served.json(".vmlist");
    assert_eq!(guests["ids"].as_object().unwrap().len(), 2, "{guests}");
    assert_eq!((&guests["ids"]["100"]["node"], &guests["ids"]["100"]["type"]), (&"pve2".into(), &"lxc".into()));
}

#[test]
fn a_guest_moves_between_nodes_but_not_onto_another() {
    let Some(served) = nodes() else { return };
    served.write("nodes/pve2/lxc/101.conf", "x");
    served.write("nodes/pve1/qemu-server/new.tmp", "y");

    assert_eq!(
        refusal(served.rename("nodes/pve1/qemu-server/100.conf", "nodes/pve1/qemu-server/101.conf")),
        Errno::EEXIST
    );
    assert_eq!(
        refusal(served.rename("nodes/pve1/qemu-server/new.tmp", "nodes/pve2/qemu-server/100.conf")),
        Errno::EEXIST
    );
    served.rename("nodes/pve1/qemu-server/new.tmp", "nodes/pve1/qemu-server/100.conf").unwrap();
    served.rename("nodes/pve1/qemu-server/100.conf", "nodes/pve2/qemu-server/100.conf").unwrap();

    assert_eq!(served.text("nodes/pve2/qemu-server/100.conf"), "y");
    let guests = served.json(".vmlist");
    assert_eq!((&guests["ids"]["100"]["node"], &guests["ids"]["100"]["type"]), (&"pve2".into(), &"qemu".into()));
    assert_eq!(guests["ids"].as_object().unwrap().len(), 2);
}

#[test]
fn a_guest_that_is_renamed_frees_its_number() {
    let Some(served) = nodes() else { return };

    served.rename("nodes/pve1/qemu-server/100.conf", "nodes/pve1/qemu-server/102.conf").unwrap();
    served.write("nodes/pve2/lxc/100.conf", "x");
    assert_eq!(refusal(std::fs::write(served.at("nodes/pve2/lxc/102.conf"), "x")), Errno::EEXIST);
    served.rename("nodes/pve1/qemu-server/102.conf", "nodes/pve1/qemu-server/102.conf.old").unwrap();

    served.write("nodes/pve2/lxc/102.conf", "x");
}

#[test]
fn a_rename_replaces_a_file_and_moves_only_empty_directories() {
    let Some(served) = Served::empty() else { return };
    served.make(&["full/below", "empty", "other"]);
    served.write("storage.cfg", "old");
    served.write("storage.cfg.tmp", "new");

    served.rename("storage.cfg.tmp", "storage.cfg").unwrap();
    served.rename("empty", "other").unwrap();

    assert_eq!(served.text("storage.cfg"), "new");
    assert_eq!(refusal(served.rename("full", "moved")), Errno::ENOTEMPTY);
    assert_eq!(refusal(served.rename("other", "full")), Errno::ENOTEMPTY);
    assert_eq!(refusal(std::fs::remove_dir(served.at("full"))), Errno::ENOTEMPTY);
    let names: Vec<String> = mounted_tree(&served.at("")).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["full", "full/below", "other", "storage.cfg"]);
}

#[test]
fn what_is_computed_is_there_and_cannot_be_changed() {
    let Some(served) = Served::empty() else { return };
    let links = [("local", ""), ("qemu-server", "/qemu-server"), ("lxc", "/lxc"), ("openvz", "/openvz")];
    for (name, below) in links {
        assert_eq!(std::fs::read_link(served.at(name)).unwrap(), Path::new(&format!("nodes/pve1{below}")));
    }
    assert_eq!(served.json(".members"), serde_json::json!({"nodename": "pve1", "version": 1}));
    assert_eq!(served.json(".vmlist"), serde_json::json!({"version": 1}));
    assert!(served.json(".clusterlog")["data"].is_array());
    assert_eq!((served.text(".rrd").as_str(), served.text(".debug").as_str()), ("", "0\n"));

    served.write(".debug", "1\n");
    assert_eq!(served.text(".debug"), "1\n");
    assert_eq!(refusal(std::fs::write(served.at(".debug"), "yes\n")), Errno::EIO);
    assert_eq!(refusal(std::fs::write(served.at(".version"), "{}")), Errno::EIO);
    for name in [".vmlist", "local"] {
        assert_eq!(refusal(std::fs::remove_file(served.at(name))), Errno::EACCES, "{name}");
        assert_eq!(refusal(served.rename(name, "x")), Errno::EACCES, "{name}");
    }
    assert_eq!(refusal(std::fs::create_dir(served.at("lxc"))), Errno::EEXIST);
    assert!(mounted_tree(&served.at("")).is_empty());
    assert_eq!(stored_tree(&served.database()).len(), 0);
}

#[test]
fn times_are_whole_seconds_and_each_write_raises_the_version() {
    let Some(served) = Served::empty() else { return };
    served.write("user.cfg", "x");
    let path = served.at("user.cfg");
    let counted = || served.json(".version")["user.cfg"].as_u64().unwrap();
    let (stored, shown) = (served.version(), counted());

    let file = OpenOptions::new().write(true).open(&path).unwrap();
    for part in 1..=5 {
        (&file).write_all(b"x").unwrap();
        assert_eq!((served.version(), counted()), (stored + part, shown + u64::try_from(part).unwrap()));
    }
    set_time(&path, epoch(1_700_000_000) + Duration::from_millis(999)).unwrap();

    let metadata = std::fs::metadata(&path).unwrap();
    assert_eq!((metadata.mtime(), metadata.mtime_nsec()), (1_700_000_000, 0));
    // One of the two times alone is passed over, without an error.
    File::open(&path).unwrap().set_times(FileTimes::new().set_modified(epoch(5))).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().mtime(), 1_700_000_000);
}

#[test]
fn a_lock_is_held_until_it_is_removed_or_runs_out() {
    let Some(served) = Served::with(&["--lock-seconds", "3"]) else { return };
    served.make(&["priv/lock"]);
    let lock = served.at("priv/lock/storage");
    std::fs::create_dir(&lock).unwrap();

    assert_eq!(refusal(std::fs::create_dir(&lock)), Errno::EEXIST);
    assert_eq!(refusal(set_time(&lock, epoch(0))), Errno::EACCES);
    assert_eq!(refusal(std::fs::rename(&lock, served.at("priv/lock/other"))), Errno::EACCES);
    std::thread::sleep(Duration::from_millis(1600));
    set_time(&lock, SystemTime::now()).unwrap();
    std::thread::sleep(Duration::from_millis(1600));
    assert_eq!(refusal(set_time(&lock, epoch(0))), Errno::EACCES, "was renewed");
    std::thread::sleep(Duration::from_millis(1600));
    // The request ends with whatever the removed directory answers; what counts is that it went.
    let _ = set_time(&lock, epoch(0));
    assert!(!lock.exists());
    std::fs::create_dir(&lock).unwrap();
    std::fs::remove_dir(&lock).unwrap();
}

#[test]
fn the_database_is_what_the_next_start_serves() {
    let Some(mut served) = nodes() else { return };
    served.make(&["priv"]);
    served.write("priv/token.cfg", [0, 159, 146, 150, 255]);
    served.write("empty", "");
    let (tree, version) = (mounted_tree(&served.at("")), served.version());
    assert_eq!(stored_tree(&served.database()), tree);

    served.restart();

    assert_eq!(mounted_tree(&served.at("")), tree);
    assert_eq!(served.version(), version);
    assert_eq!(refusal(std::fs::write(served.at("nodes/pve2/lxc/100.conf"), "x")), Errno::EEXIST);
    served.stop();
    assert!(!served.dir.path().join("config.db-wal").exists());
    assert_eq!(std::fs::metadata(served.database()).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(std::fs::read_dir(served.at("")).unwrap().count(), 0, "is still mounted");
}

/// What a restore of a whole node does.
#[test]
fn another_database_in_its_place_is_served_after_a_restart() {
    let Some(mut served) = nodes() else { return };
    let copy = served.dir.path().join("copy.db");
    let tree = mounted_tree(&served.at(""));
    read_only(&served.database()).execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    std::fs::remove_file(served.at("nodes/pve1/qemu-server/100.conf")).unwrap();
    served.write("later", "x");

    served.stop();
    std::fs::rename(copy, served.database()).unwrap();
    served.start();

    assert_eq!(mounted_tree(&served.at("")), tree);
}

#[test]
fn a_crash_loses_nothing_that_was_written() {
    let Some(mut served) = Served::empty() else { return };
    for round in 0..3 {
        let count = 50;
        for number in 0..count {
            served.write(&format!("{round}-{number}"), vec![number; 3000]);
        }
        let tree = mounted_tree(&served.at(""));

        served.crash();
        let verdict: String = Connection::open(served.database())
            .unwrap()
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(verdict, "ok");
        // Over the dead mount that the last one left behind.
        served.start();

        assert_eq!(mounted_tree(&served.at("")), tree);
    }
}

#[test]
fn after_random_operations_the_database_is_the_mounted_tree() {
    let Some(mut served) = nodes() else { return };
    let mut random = Random::new(20);
    let directories = ["", "a/", "b/", "nodes/pve1/lxc/", "nodes/pve2/qemu-server/"];
    let names = ["a", "b", "100.conf", "101.conf", "x.tmp"];
    let mut done = 0;
    for _ in 0..setting("PMXCFS_OPERATIONS", 200) {
        let mut pick = |from: &[&'static str]| from[usize::try_from(random.below(from.len() as u64)).unwrap()];
        let (one, two) = ([pick(&directories), pick(&names)].concat(), [pick(&directories), pick(&names)].concat());
        let size = usize::try_from(random.below(5000)).unwrap();
        let path = served.at(&one);
        let outcome = match random.below(8) {
            0 => std::fs::create_dir(&path),
            1 => std::fs::remove_dir(&path),
            2 => std::fs::remove_file(&path),
            3 => served.rename(&one, &two),
            4 => set_time(&path, epoch(random.below(1 << 31))),
            5 => OpenOptions::new().append(true).open(&path).and_then(|mut file| file.write_all(&random.bytes(size))),
            _ => std::fs::write(&path, random.bytes(size)),
        };
        done += usize::from(outcome.is_ok());
    }

    let tree = mounted_tree(&served.at(""));
    assert!(done > 50 && tree.len() > 8, "{done} of the operations changed something: {tree:?}");
    assert_eq!(stored_tree(&served.database()), tree);
    served.restart();
    assert_eq!(mounted_tree(&served.at("")), tree);
}

#[test]
fn a_cluster_names_its_members_and_says_whether_it_has_quorum() {
    let Some(mut served) = Served::with(&["--quorum-lost", "{}/lost"]) else { return };
    served.write("corosync.conf", CLUSTER);
    served.restart();

    let members = served.json(".members");
    assert_eq!(members["cluster"], serde_json::json!({"name": "lab", "version": 4, "nodes": 2, "quorate": 1}));
    assert_eq!(members["nodelist"]["pve2"], serde_json::json!({"id": 2, "online": 1, "ip": "192.0.2.2"}));
    std::fs::write(served.dir.path().join("lost"), "").unwrap();
    let members = served.json(".members");
    assert_eq!((&members["cluster"]["quorate"], &members["nodelist"]["pve2"]["online"]), (&0.into(), &0.into()));
    std::fs::remove_file(served.dir.path().join("lost")).unwrap();
    served.write("x", "x");
    let writer: i64 = read_only(&served.database())
        .query_row("SELECT writer FROM tree WHERE name = 'x'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(writer, 1);
}

#[test]
fn a_new_database_takes_over_the_hosts_cluster() {
    if !can_mount() {
        return;
    }
    let host = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(host.path(), CLUSTER).unwrap();

    let served = Served::with(&["--host-corosync", host.path().to_str().unwrap()]).unwrap();

    assert_eq!(served.text("corosync.conf"), CLUSTER);
    assert_eq!(served.json(".members")["cluster"]["name"], "lab");
}

#[test]
fn a_node_whose_name_leads_nowhere_does_not_start() {
    let Some(mut served) = Served::with(&[]) else { return };
    let hosts = served.dir.path().join("hosts");
    served.stop();
    served.options = vec!["--hosts".to_owned(), hosts.display().to_string()];
    for text in ["", "127.0.1.1 pve1\n", "::1 pve1\n", "# 192.0.2.1 pve1\n", "192.0.2.1 pve11 pve1.lan\n"] {
        std::fs::write(&hosts, text).unwrap();
        assert!(served.try_start().unwrap_err().contains("no address"), "{text}");
    }
    std::fs::write(&hosts, "127.0.0.1 localhost\n192.0.2.1 pve1.lan pve1 # ours\n").unwrap();
    served.start();
}

#[test]
fn a_database_is_served_once() {
    let Some(mut served) = Served::empty() else { return };
    let first = served.server.take();

    let why = served.try_start().unwrap_err();

    assert!(why.contains("another pmxcfs has this database"), "{why}");
    served.server = first;
    served.write("x", "x");
}

#[test]
fn a_database_that_does_not_hang_together_is_refused() {
    let Some(mut served) = nodes() else { return };
    served.stop();
    let whole = std::fs::read(served.database()).unwrap();
    let insert = |inode, parent, kind, name: &str, data: &str| {
        format!("INSERT INTO tree VALUES ({inode}, {parent}, {inode}, 0, 1, {kind}, '{name}', {data})")
    };
    let nodes = "(SELECT inode FROM tree WHERE name = 'nodes')";
    let containers = "(SELECT max(inode) FROM tree WHERE name = 'lxc')";
    let cases = [
        (insert("900", containers, 8, "100.conf", "x'00'"), "guest 100 is there twice"),
        (insert("900", "0", 4, "nodes", "NULL"), "`nodes` is there twice"),
        (insert("900", "899", 8, "a", "NULL"), "inode 899, which is missing"),
        (insert("900", "0", 4, "a", "x'00'"), "a directory with data"),
        (insert("900", "0", 10, "a", "NULL"), "unknown type 10"),
        (insert("900", "0", 8, "", "NULL"), "no name"),
        (insert("900", nodes, 8, "a", "NULL") + ";" + &insert("901", "900", 8, "b", "NULL"), "in what is no directory"),
        ("UPDATE tree SET name = 'x' WHERE inode = 0".to_owned(), "the root inode is called `x`"),
    ];
    for (change, words) in cases {
        std::fs::write(served.database(), &whole).unwrap();
        Connection::open(served.database()).unwrap().execute_batch(&change).unwrap();
        let why = served.try_start().unwrap_err();
        assert!(why.contains(words), "{change}: {why}");
    }
    std::fs::write(served.database(), "no database at all, but long enough to be looked at".repeat(40)).unwrap();
    assert!(served.try_start().unwrap_err().contains("not a database"));
    std::fs::write(served.database(), &whole[..whole.len() / 2]).unwrap();
    assert!(served.try_start().is_err());
}

#[test]
fn started_in_the_background_it_returns_when_it_has_mounted() {
    let Some(mut served) = Served::with(&["--pid-file", "{}/pid"]) else { return };
    served.stop();
    let pid_file = served.dir.path().join("pid");
    assert!(!pid_file.exists());

    let started = served.command().output().unwrap();

    assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
    served.write("x", "x");
    let pid = std::fs::read_to_string(&pid_file).unwrap();
    Command::new("kill").arg(pid.trim()).status().unwrap();
    for _ in 0..500 {
        if !pid_file.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!pid_file.exists() && !served.at("x").exists());
    served.options.extend(["--hosts".to_owned(), "/nowhere".to_owned()]);
    let failed = served.command().output().unwrap();
    assert_eq!(failed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&failed.stderr).contains("/nowhere"));
}
