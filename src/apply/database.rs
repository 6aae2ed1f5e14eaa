//! The cluster database: the old one is kept byte for byte, the new one takes its place as a whole,
//! and the old one comes back.
//!
//! A log belongs to the database it lies beside and destroys any other one. So what lies beside a
//! database goes first, the database is replaced after that, and its own log comes last; each is on
//! disk before the next begins.
//!
//! | Killed | What lies there | Then |
//! |---|---|---|
//! | until the first side file goes | the old database with its log | nothing has happened |
//! | until the new one has its name | the old database without its log | [`put_old`] brings both back |
//! | after that | the new database alone | it is used, or [`put_old`] |
//! | in [`put_old`] | one of the three | [`put_old`] again |

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ApplyError, Change, Machine, Record, Wanted};
use crate::archive::printable;
use crate::drill::prove_database;
use crate::host::is_cluster_mounted;
use crate::system::{
    Attributes, Directory, FileError, ForeignLock, Kind, PartialFile, digest_hex, dress, hash_file, hex, is_there,
    mounts_in, open_file, remove_file, sync_dir, write_atomically,
};

const DIR: &str = "var/lib/pve-cluster";
const DATABASE: &str = "config.db";
/// What lies beside it, in the order in which it goes: database and log are whole without the index.
const SIDES: [&str; 3] = ["config.db-shm", "config.db-journal", "config.db-wal"];
/// SQLite makes the index of the log anew.
const KEPT: [&str; 3] = [DATABASE, "config.db-journal", "config.db-wal"];
/// pmxcfs holds a lock on it as long as it runs.
const LOCK_FILE: &str = "/var/lib/pve-cluster/.pmxcfs.lockfile";
/// systemd may say that pmxcfs has ended a moment before its lock is gone.
const LOCK_ATTEMPTS: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(100);
/// Says that the copy is complete, and what it is a copy of.
const MARK: &str = "kept.json";
/// pmxcfs holds at most 128 MiB of content.
const LARGEST: u64 = 512 << 20;
const MODE: u32 = 0o600;

/// What was there, by name; what is not named was not there.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    files: BTreeMap<String, KeptFile>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeptFile {
    size: u64,
    sha256: String,
    uid: u32,
    gid: u32,
    mode: u32,
    /// Seconds since 1970 and nanoseconds.
    mtime: (i64, u32),
}

/// Copies the database and its log into the record, once: afterwards there is a mark, and what is
/// live may be another one. That there is no database is kept, too.
pub fn keep_old(machine: &Machine<'_>, record: &Record) -> Result<(), ApplyError> {
    if read_mark(record)?.is_some() {
        return Ok(());
    }
    let _quiet = must_be_quiet(machine)?;
    let mut kept = Kept::default();
    if let Some(live) = live(machine)? {
        for name in KEPT {
            if let Some(file) = keep(&live, name, record)? {
                kept.files.insert(name.to_owned(), file);
            }
        }
    }
    sync_dir(&record.database_dir())?;
    let mark = serde_json::to_vec(&kept).map_err(|cause| unusable(record, &cause))?;
    Ok(write_atomically(&mark_path(record), &mark)?)
}

/// Puts the database of a backup in place, once it has been proved that pmxcfs would start with it.
/// What belonged to the old one goes; `remove` says what the plan has announced of that.
pub fn put_new(machine: &Machine<'_>, record: &Record, change: &Change, remove: &[String]) -> Result<(), ApplyError> {
    if read_mark(record)?.is_none() {
        return Err(unusable(record, &"the cluster database as it was is not kept in it yet"));
    }
    must_be_known(change, remove)?;
    let bytes = proved(change)?;
    let _quiet = must_be_quiet(machine)?;
    let live = machine.beneath.directory(Path::new(DIR))?;
    machine.system.cancel.check()?;
    let now = (machine.system.clock.now().timestamp(), 0);
    let mtime = change.attributes.as_ref().map_or(now, |attributes| attributes.mtime);
    let attributes = Attributes { owner: Some((0, 0)), mode: MODE, mtime, xattrs: &[] };
    let mut exchange = Exchange::begin(&live)?;
    exchange.prepare(DATABASE, &mut bytes.as_slice(), &attributes)?;
    Ok(exchange.finish()?)
}

/// Puts the database that was there back, with its log, or removes the new one where there was none;
/// `false` when it was never kept, and so never touched.
pub fn put_old(machine: &Machine<'_>, record: &Record) -> Result<bool, ApplyError> {
    let Some(kept) = read_mark(record)? else { return Ok(false) };
    let _quiet = must_be_quiet(machine)?;
    let live = match live(machine)? {
        Some(live) => live,
        None if kept.files.is_empty() => return Ok(true),
        None => machine.beneath.directory(Path::new(DIR))?,
    };
    let mut exchange = Exchange::begin(&live)?;
    if is_back(&live, &kept)? {
        // Nothing was replaced, or everything is back: even for a moment the log must not be away.
        remove_if_there(&live, SIDES[0])?;
        return Ok(true);
    }
    for (name, file) in &kept.files {
        let copy = record.database_dir().join(name);
        let attributes =
            Attributes { owner: Some((file.uid, file.gid)), mode: file.mode, mtime: file.mtime, xattrs: &[] };
        let (size, sha256) = exchange.prepare(name, &mut open_file(&copy)?, &attributes)?;
        if (size, &sha256) != (file.size, &file.sha256) {
            let why = format!("the copy of {name} in it has changed; the database in use is left as it is");
            return Err(unusable(record, &why));
        }
    }
    exchange.finish()?;
    Ok(true)
}

/// Nobody has the database open, and pmxcfs cannot start as long as the result lives.
fn must_be_quiet(machine: &Machine<'_>) -> Result<Option<ForeignLock>, ApplyError> {
    let root = &machine.system.root;
    if is_cluster_mounted(&mounts_in(root)) {
        return Err(differs("/etc/pve", "the cluster file system is still mounted: stop pve-cluster first"));
    }
    for _ in 0..LOCK_ATTEMPTS {
        let file = match root.open_no_symlink(LOCK_FILE) {
            Ok(file) => file,
            Err(error) if error.is_absent() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if let Some(lock) = ForeignLock::take(file, Path::new(LOCK_FILE))? {
            return Ok(Some(lock));
        }
        machine.system.cancel.check()?;
        machine.system.clock.sleep(LOCK_PAUSE);
    }
    Err(differs(LOCK_FILE, "pmxcfs still runs: stop pve-cluster first"))
}

fn live(machine: &Machine<'_>) -> Result<Option<Directory>, FileError> {
    match machine.beneath.directory(Path::new(DIR)) {
        Ok(dir) => Ok(Some(dir)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Copies one file, and reads both again; `None` when there is none of that name.
fn keep(live: &Directory, name: &str, record: &Record) -> Result<Option<KeptFile>, ApplyError> {
    if live.stat_of(OsStr::new(name))?.is_none() {
        return Ok(None);
    }
    let (mut from, stat) = live.open_file(OsStr::new(name))?;
    let to = record.database_dir().join(name);
    if is_there(&to) {
        // Of a run that was killed before it left the mark.
        remove_file(&to)?;
    }
    let copy = PartialFile::create_over_stale(&to)?;
    let mut into = copy.handle()?;
    std::io::copy(&mut from, &mut into).map_err(FileError::of("copy", live.path().join(name)))?;
    copy.sync()?;
    let sha256 = hash_file(&mut into, 0, stat.size, copy.path())?;
    if sha256 != hash_file(&mut from, 0, stat.size, &live.path().join(name))? {
        return Err(differs(&format!("/{DIR}/{name}"), "it changed while it was copied"));
    }
    copy.publish()?;
    let mtime = (stat.mtime, stat.mtime_ns);
    Ok(Some(KeptFile { size: stat.size, sha256, uid: stat.uid, gid: stat.gid, mode: stat.mode, mtime }))
}

/// Only what is kept may be replaced or removed.
fn must_be_known(change: &Change, remove: &[String]) -> Result<(), ApplyError> {
    let path = |name: &str| format!("/{DIR}/{name}");
    if change.path != path(DATABASE).into_bytes() {
        return Err(differs(&printable(&change.path), "it is not the cluster database"));
    }
    match remove.iter().find(|other| SIDES.iter().all(|name| path(name) != **other)) {
        Some(other) => Err(differs(&printable(other.as_bytes()), "it does not belong to the cluster database")),
        None => Ok(()),
    }
}

/// The bytes that are put in place are those that were proved: none are read a second time.
fn proved(change: &Change) -> Result<Vec<u8>, ApplyError> {
    let path = printable(&change.path);
    let Wanted::File { content, size, digest } = &change.wanted else {
        return Err(differs(&path, "a database is a file"));
    };
    let mut bytes = Vec::new();
    let mut limited = open_file(content)?.take(LARGEST.min(*size) + 1);
    limited.read_to_end(&mut bytes).map_err(FileError::of("read", content))?;
    if bytes.len() as u64 != *size || digest_hex(&bytes) != hex(digest) {
        return Err(differs(&path, "what was taken out of the backup for it is not what the backup holds"));
    }
    prove_database(bytes.clone(), &[]).map_err(|why| differs(&path, &format!("the database of the backup: {why}")))?;
    Ok(bytes)
}

fn is_back(live: &Directory, kept: &Kept) -> Result<bool, FileError> {
    for name in KEPT {
        let is_same = match (kept.files.get(name), live.stat_of(OsStr::new(name))?) {
            (None, None) => true,
            (Some(file), Some(stat)) => {
                let is_alike = (stat.kind, stat.size) == (Kind::File, file.size)
                    && (stat.uid, stat.gid, stat.mode) == (file.uid, file.gid, file.mode);
                is_alike && {
                    let (mut bytes, _) = live.open_file(OsStr::new(name))?;
                    hash_file(&mut bytes, 0, file.size, &live.path().join(name))? == file.sha256
                }
            }
            _ => false,
        };
        if !is_same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Files beside the live ones under names of their own, until all take their places.
struct Exchange<'a> {
    live: &'a Directory,
    prepared: Vec<String>,
}

/// One act, whole even when the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act<'a> {
    Remove(&'a str),
    /// The prepared file of that name takes its place.
    Put(&'a str),
    /// What came before is on disk before what follows.
    Sync,
}

impl<'a> Exchange<'a> {
    /// Removes what a run that was killed has prepared.
    fn begin(live: &'a Directory) -> Result<Self, FileError> {
        KEPT.iter().try_for_each(|name| remove_if_there(live, &temporary(name)))?;
        Ok(Self { live, prepared: Vec::new() })
    }

    /// Writes a file of this name beside the live one; gives its size and SHA-256.
    fn prepare(
        &mut self,
        name: &str,
        from: &mut dyn Read,
        attributes: &Attributes<'_>,
    ) -> Result<(u64, String), FileError> {
        let temporary = temporary(name);
        let path = self.live.path().join(&temporary);
        let mut file = self.live.create_file(OsStr::new(&temporary))?;
        self.prepared.push(name.to_owned());
        let size = std::io::copy(from, &mut file).map_err(FileError::of("write", &path))?;
        if let Some(failed) = dress(&file, &path, attributes).into_iter().next() {
            return Err(failed);
        }
        file.sync_all().map_err(FileError::of("sync", &path))?;
        let (mut again, _) = self.live.open_file(OsStr::new(&temporary))?;
        Ok((size, hash_file(&mut again, 0, size, &path)?))
    }

    fn finish(self) -> Result<(), FileError> {
        acts(&self.prepared).into_iter().try_for_each(|act| do_it(self.live, act))
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        for name in &self.prepared {
            let _ = remove_if_there(self.live, &temporary(name));
        }
    }
}

/// How the prepared files take the places of the live ones; a live one without successor goes.
fn acts(prepared: &[String]) -> Vec<Act<'static>> {
    let is_prepared = |name: &&str| prepared.iter().any(|other| other == name);
    let database = if is_prepared(&DATABASE) { Act::Put(DATABASE) } else { Act::Remove(DATABASE) };
    let mut acts: Vec<Act<'static>> = SIDES.map(Act::Remove).to_vec();
    acts.extend([Act::Sync, database, Act::Sync]);
    acts.extend(SIDES.into_iter().filter(is_prepared).map(Act::Put));
    acts.push(Act::Sync);
    acts
}

fn do_it(live: &Directory, act: Act<'_>) -> Result<(), FileError> {
    match act {
        Act::Remove(name) => remove_if_there(live, name),
        Act::Put(name) => live.rename(OsStr::new(&temporary(name)), OsStr::new(name)),
        Act::Sync => live.as_file()?.sync_all().map_err(FileError::of("sync the directory", live.path())),
    }
}

fn remove_if_there(live: &Directory, name: &str) -> Result<(), FileError> {
    match live.remove(OsStr::new(name)) {
        Err(error) if !error.is_absent() => Err(error),
        _ => Ok(()),
    }
}

fn temporary(name: &str) -> String {
    format!(".proxmox-backup.{name}.tmp")
}

fn mark_path(record: &Record) -> PathBuf {
    record.database_dir().join(MARK)
}

/// `None` until everything is kept.
fn read_mark(record: &Record) -> Result<Option<Kept>, ApplyError> {
    let path = mark_path(record);
    if !is_there(&path) {
        return Ok(None);
    }
    let file: File = open_file(&path)?;
    let kept: Kept = serde_json::from_reader(file.take(1 << 16)).map_err(|cause| unusable(record, &cause))?;
    match kept.files.keys().find(|name| !KEPT.contains(&name.as_str())) {
        Some(other) => Err(unusable(record, &format!("its {MARK} names {}", printable(other.as_bytes())))),
        None => Ok(Some(kept)),
    }
}

fn unusable(record: &Record, why: &dyn std::fmt::Display) -> ApplyError {
    ApplyError::Record { dir: record.dir().to_owned(), why: why.to_string() }
}

fn differs(path: &str, why: &str) -> ApplyError {
    ApplyError::Differs { path: path.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;
    use crate::system::{Clock, Root, Runner, System, is_root};
    use chrono::Local;
    use nix::fcntl::{Flock, FlockArg};
    use rusqlite::Connection;
    use std::os::unix::fs::PermissionsExt;

    /// A host whose pmxcfs was killed: the newest rows are in the log alone.
    struct Dead {
        dir: tempfile::TempDir,
        system: System,
        record: Record,
    }

    impl Dead {
        fn host() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let cluster = dir.path().join("root").join(DIR);
            std::fs::create_dir_all(&cluster).unwrap();
            let alive = dir.path().join("alive");
            std::fs::create_dir(&alive).unwrap();
            let _open = tree(&alive.join(DATABASE), "wal", "old");
            for name in ["config.db", "config.db-wal", "config.db-shm"] {
                std::fs::copy(alive.join(name), cluster.join(name)).unwrap();
                std::fs::set_permissions(cluster.join(name), std::fs::Permissions::from_mode(0o640)).unwrap();
            }
            std::fs::write(cluster.join(".pmxcfs.lockfile"), "").unwrap();
            let system = System {
                clock: Clock::Fixed(Local::now()),
                ..System::new(Root::at(&dir.path().join("root")).unwrap(), Runner::Nobody)
            };
            let record = Record::create(&dir.path().join("state"), &Local::now()).unwrap();
            Self { dir, system, record }
        }

        fn machine(&self) -> Machine<'_> {
            Machine::of(&self.system).unwrap()
        }

        fn live(&self, name: &str) -> PathBuf {
            self.dir.path().join("root").join(DIR).join(name)
        }

        /// What lies there, with modes; SQLite's index aside.
        fn state(&self) -> BTreeMap<String, (u32, Vec<u8>)> {
            let entries = std::fs::read_dir(self.live("")).unwrap().map(Result::unwrap);
            let described = entries.map(|entry| {
                let mode = entry.metadata().unwrap().permissions().mode() & 0o7777;
                (entry.file_name().into_string().unwrap(), (mode, std::fs::read(entry.path()).unwrap()))
            });
            described.filter(|(name, _)| name != SIDES[0]).collect()
        }

        fn bytes(&self, name: &str) -> Option<Vec<u8>> {
            std::fs::read(self.live(name)).ok()
        }

        /// The database of a backup.
        fn change(&self) -> Change {
            let path = self.record.new_dir().join("1");
            if !path.exists() {
                drop(tree(&path, "delete", "new"));
            }
            let bytes = std::fs::read(&path).unwrap();
            let mut digest = [0; 32];
            digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref());
            let wanted = Wanted::File { content: path, size: bytes.len() as u64, digest };
            Change { path: format!("/{DIR}/{DATABASE}").into_bytes(), wanted, attributes: None }
        }

        fn keep_old(&self) {
            keep_old(&self.machine(), &self.record).unwrap();
        }

        fn put_new(&self) -> Result<(), ApplyError> {
            let remove = ["-wal", "-shm"].map(|end| format!("/{DIR}/{DATABASE}{end}"));
            put_new(&self.machine(), &self.record, &self.change(), &remove)
        }

        fn put_old(&self) -> Result<bool, ApplyError> {
            put_old(&self.machine(), &self.record)
        }
    }

    fn tree(path: &Path, journal: &str, content: &str) -> Connection {
        let database = Connection::open(path).unwrap();
        database.pragma_update(None, "journal_mode", journal).unwrap();
        database
            .execute_batch(
                "PRAGMA wal_autocheckpoint = 0;
                 CREATE TABLE tree (inode INTEGER PRIMARY KEY, parent INTEGER, version INTEGER, writer INTEGER,
                                    mtime INTEGER, type INTEGER, name TEXT, data BLOB);
                 INSERT INTO tree VALUES (0, 0, 9, 1, 5, 8, '__version__', NULL);",
            )
            .unwrap();
        let row = "INSERT INTO tree VALUES (2, 0, 1, 1, 7, 8, 'storage.cfg', ?1)";
        database.execute(row, [content]).unwrap();
        database
    }

    fn may_test() -> bool {
        if !is_root() {
            eprintln!("SKIPPED: needs root: the database belongs to root");
        }
        is_root()
    }

    #[test]
    fn killed_between_any_two_acts_of_putting_the_new_one_the_old_one_comes_back() {
        if !may_test() {
            return;
        }
        let count = acts(&[DATABASE.to_owned()]).len();
        for done in 0..=count {
            let host = Dead::host();
            let before = host.state();
            let log = host.bytes("config.db-wal");
            let new = std::fs::read(match host.change().wanted {
                Wanted::File { content, .. } => content,
                _ => panic!(),
            });
            host.keep_old();
            let machine = host.machine();
            let live = live(&machine).unwrap().unwrap();
            let mut exchange = Exchange::begin(&live).unwrap();
            let attributes = Attributes { owner: None, mode: MODE, mtime: (1, 0), xattrs: &[] };
            exchange.prepare(DATABASE, &mut new.as_deref().unwrap(), &attributes).unwrap();
            for act in &acts(&exchange.prepared)[..done] {
                do_it(&live, *act).unwrap();
                let is_new = host.bytes(DATABASE).as_ref() == new.as_ref().ok();
                assert!(!is_new || host.bytes("config.db-wal").is_none(), "the old log beside the new database");
            }
            assert_eq!(host.bytes("config.db-wal") == log, done < 3, "the log goes last");
            std::mem::forget(exchange);

            assert!(host.put_old().unwrap());

            assert_eq!(host.state(), before, "killed after {done} acts");
            assert!(!host.live(SIDES[0]).exists());
        }
    }

    #[test]
    fn killed_between_any_two_acts_of_the_way_back_it_is_gone_again() {
        if !may_test() {
            return;
        }
        let all = ["config.db", "config.db-wal"].map(str::to_owned);
        for done in 0..=acts(&all).len() {
            let host = Dead::host();
            let before = host.state();
            let old = host.bytes(DATABASE);
            host.keep_old();
            host.put_new().unwrap();
            // pmxcfs has worked with the new one, and was killed as well.
            std::fs::write(host.live("config.db-wal"), "log of the new one").unwrap();
            let machine = host.machine();
            let live = live(&machine).unwrap().unwrap();
            let mut exchange = Exchange::begin(&live).unwrap();
            let attributes = Attributes { owner: None, mode: MODE, mtime: (1, 0), xattrs: &[] };
            for name in &all {
                let mut copy = std::fs::File::open(host.record.database_dir().join(name)).unwrap();
                exchange.prepare(name, &mut copy, &attributes).unwrap();
            }
            for act in &acts(&exchange.prepared)[..done] {
                do_it(&live, *act).unwrap();
                let log = host.bytes("config.db-wal");
                let is_of_new = log.as_deref() == Some(b"log of the new one");
                assert!(log.is_none() || is_of_new == (host.bytes(DATABASE) != old), "a log beside another database");
            }
            std::mem::forget(exchange);

            assert!(host.put_old().unwrap());

            assert_eq!(host.state(), before, "killed after {done} acts");
        }
    }

    #[test]
    fn the_new_database_is_whole_private_and_alone() {
        if !may_test() {
            return;
        }
        let host = Dead::host();
        host.keep_old();

        host.put_new().unwrap();

        let state = host.state();
        assert_eq!(state.keys().collect::<Vec<_>>(), [".pmxcfs.lockfile", "config.db"]);
        assert_eq!(state["config.db"].0, 0o600);
        let database = Connection::open(host.live(DATABASE)).unwrap();
        let content: String =
            database.query_row("SELECT data FROM tree WHERE inode = 2", [], |row| row.get(0)).unwrap();
        assert_eq!(content, "new");
    }

    #[test]
    fn what_is_not_proved_is_not_put_in_place() {
        let host = Dead::host();
        let before = host.state();
        let refused = |change: &Change, remove: &[String], words: &str| {
            let text = put_new(&host.machine(), &host.record, change, remove).unwrap_err().to_string();
            assert!(text.contains(words), "{text}");
            assert_eq!(host.state(), before);
        };
        refused(&host.change(), &[], "is not kept in it yet");
        host.keep_old();
        let elsewhere = Change { path: b"/etc/passwd".to_vec(), ..host.change() };
        refused(&elsewhere, &[], "/etc/passwd: it is not the cluster database");
        refused(&Change { wanted: Wanted::Absent, ..host.change() }, &[], "a database is a file");
        refused(&host.change(), &["/etc/passwd".to_owned()], "/etc/passwd: it does not belong");
        let change = host.change();
        let Wanted::File { content, .. } = &change.wanted else { panic!() };
        std::fs::write(content, "x").unwrap();
        refused(&change, &[], "is not what the backup holds");
        std::fs::write(content, vec![7; 9000]).unwrap();
        refused(&host.change(), &[], "the database of the backup: SQLite cannot read it");
        std::fs::write(content, "").unwrap();
        refused(&host.change(), &[], "the database of the backup: it is empty");
        std::fs::remove_file(content).unwrap();
        let database = tree(content, "delete", "new");
        database.execute("UPDATE tree SET name = 'x' WHERE inode = 0", []).unwrap();
        refused(&host.change(), &[], "pmxcfs would not start with it");
    }

    #[test]
    fn nothing_happens_while_pmxcfs_runs() {
        let host = Dead::host();
        let before = host.state();
        let lock = std::fs::File::open(host.live(".pmxcfs.lockfile")).unwrap();
        let lock = Flock::lock(lock, FlockArg::LockExclusiveNonblock).unwrap();

        let text = keep_old(&host.machine(), &host.record).unwrap_err().to_string();
        assert_eq!(text, format!("{LOCK_FILE}: pmxcfs still runs: stop pve-cluster first"));
        drop(lock);
        host.keep_old();
        let lock = std::fs::File::open(host.live(".pmxcfs.lockfile")).unwrap();
        let _lock = Flock::lock(lock, FlockArg::LockExclusiveNonblock).unwrap();
        assert!(matches!(host.put_new(), Err(ApplyError::Differs { .. })));
        assert!(matches!(host.put_old(), Err(ApplyError::Differs { .. })));
        assert_eq!(host.state(), before);
    }

    #[test]
    fn what_was_kept_is_kept_once_and_only_when_it_is_complete() {
        let host = Dead::host();
        let kept = host.record.database_dir();
        // Killed before the mark.
        for name in ["config.db", "config.db-wal.partial"] {
            std::fs::write(kept.join(name), "half").unwrap();
        }
        assert!(!host.put_old().unwrap(), "nothing was touched yet");
        host.keep_old();
        let old = std::fs::read(host.live(DATABASE)).unwrap();
        std::fs::write(host.live(DATABASE), "another one").unwrap();

        host.keep_old();

        assert_eq!(std::fs::read(kept.join(DATABASE)).unwrap(), old);
        assert!(kept.join("config.db-wal").exists() && !kept.join("config.db-shm").exists());
        std::fs::write(kept.join("config.db-wal"), "x").unwrap();
        let before = host.state();
        let text = host.put_old().unwrap_err().to_string();
        assert!(text.contains("the copy of config.db-wal in it has changed"), "{text}");
        assert_eq!(host.state(), before);
        for mark in
            ["", "{", r#"{"files":{"../../etc/passwd":{"size":0,"sha256":"","uid":0,"gid":0,"mode":0,"mtime":[0,0]}}}"#]
        {
            std::fs::write(kept.join(MARK), mark).unwrap();
            assert!(matches!(host.put_old(), Err(ApplyError::Record { .. })), "{mark}");
        }
    }

    #[test]
    fn where_there_was_no_database_there_is_none_afterwards() {
        if !may_test() {
            return;
        }
        let host = Dead::host();
        for name in ["config.db", "config.db-wal", "config.db-shm"] {
            std::fs::remove_file(host.live(name)).unwrap();
        }
        let before = host.state();
        host.keep_old();
        host.put_new().unwrap();
        std::fs::write(host.live("config.db-wal"), "log of the new one").unwrap();

        assert!(host.put_old().unwrap());

        assert_eq!(host.state(), before);
        assert!(host.put_old().unwrap(), "and again");
    }
}
