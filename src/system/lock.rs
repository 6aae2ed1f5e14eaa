//! One run at a time: a kernel lock, which ends with its holder however that ends.
//!
//! The file's content is for people and messages only. A leftover file, of ours or of an older
//! tool, is never a lock.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Local};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};

use super::{Clock, FileError, remove_file};

/// The kernel's table of locks; everybody may read it.
const HELD: &str = "/proc/locks";

/// How often a wait looks again.
const TICK: Duration = Duration::from_millis(20);

/// Who holds the lock, as the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Seconds since 1970 when it took the lock.
    pub since: i64,
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run is at work.
    #[error("another run holds the lock {}", path.display())]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who, when its file could be read.
        holder: Option<Holder>,
    },
    /// The lock file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The lock; released and its file removed on drop.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _file: Flock<File>,
}

impl Lock {
    /// Takes the lock or says who has it; never waits.
    pub fn acquire(path: &Path, now: &DateTime<Local>) -> Result<Self, LockError> {
        // The holder removes the file when it is done. Between our open and our flock that may
        // happen; then we hold a lock on a file nobody can see, and try again.
        for _ in 0..8 {
            let file = open(path).map_err(FileError::of("open", path))?;
            let mut file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(file) => file,
                Err((mut file, Errno::EWOULDBLOCK)) => {
                    return Err(LockError::Held { path: path.to_owned(), holder: read_holder(&mut file) });
                }
                Err((_, cause)) => return Err(FileError::of("lock", path)(cause).into()),
            };
            if !is_still_named(&file, path) {
                continue;
            }
            write_holder(&mut file, now).map_err(FileError::of("write", path))?;
            return Ok(Self { path: path.to_owned(), _file: file });
        }
        Err(LockError::Held { path: path.to_owned(), holder: None })
    }

    /// Takes the lock as soon as it is free, for work that others do in an instant; [`LockError::Held`]
    /// when it is not free within `limit`.
    pub fn wait(path: &Path, clock: Clock, limit: Duration) -> Result<Self, LockError> {
        let mut waited = Duration::ZERO;
        loop {
            match Self::acquire(path, &clock.now()) {
                Err(LockError::Held { .. }) if waited < limit => clock.sleep(TICK),
                result => return result,
            }
            waited += TICK;
        }
    }
}

impl Lock {
    /// Whether somebody holds it. The lock is not touched: to take it, were it for an instant, would
    /// turn a run away.
    pub fn is_held(path: &Path) -> Result<bool, FileError> {
        let Some(file) = identity(path).map_err(FileError::of("look at", path))? else { return Ok(false) };
        let held = Path::new(HELD);
        let table = read(held).map_err(FileError::of("read", held))?;
        Ok(table.lines().filter_map(HeldLock::of).any(|lock| {
            // Some file systems tell each program another device than the kernel keeps.
            let is_said = file.holder.as_ref().is_some_and(|it| it.pid == lock.pid);
            lock.inode == file.inode && (lock.device == file.device || is_said)
        }))
    }
}

/// What tells a lock file from others, and who it says holds it.
struct Identity {
    device: (u64, u64),
    inode: u64,
    holder: Option<Holder>,
}

/// A line of the kernel's table of locks: `1: FLOCK  ADVISORY  WRITE 4711 00:19:1234 0 EOF`.
struct HeldLock {
    pid: u32,
    device: (u64, u64),
    inode: u64,
}

impl HeldLock {
    fn of(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().skip(1);
        // One who waits has an arrow here.
        words.next().filter(|kind| *kind == "FLOCK")?;
        let pid = words.nth(2)?.parse().ok()?;
        let mut place = words.next()?.split(':');
        let mut hexadecimal = || u64::from_str_radix(place.next()?, 16).ok();
        let device = (hexadecimal()?, hexadecimal()?);
        Some(Self { pid, device, inode: place.next()?.parse().ok()? })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While still locked: whoever opened the file meanwhile notices in `acquire`.
        let _ = remove_file(&self.path);
    }
}

/// The lock by which another program says that it runs: whoever has it keeps that program from
/// starting. And the lock by which a run says that it still writes its log, which nobody waits for.
/// The file itself is not touched.
#[derive(Debug)]
pub struct ForeignLock {
    _file: Flock<File>,
}

impl ForeignLock {
    /// Takes the lock on this file; `None` when its program runs. Never waits.
    pub fn take(file: File, path: &Path) -> Result<Option<Self>, FileError> {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => Ok(Some(Self { _file: file })),
            Err((_, Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, cause)) => Err(FileError::of("lock", path)(cause)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
fn read(path: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}

/// What the file is; `None` where there is none.
#[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
fn identity(path: &Path) -> std::io::Result<Option<Identity>> {
    let facts = match std::fs::symlink_metadata(path) {
        Ok(facts) => facts,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).bits();
    let opened = File::options().read(true).custom_flags(flags).open(path);
    let holder = opened.ok().and_then(|mut file| read_holder(&mut file));
    let device = (nix::sys::stat::major(facts.dev()), nix::sys::stat::minor(facts.dev()));
    Ok(Some(Identity { device, inode: facts.ino(), holder }))
}

#[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
fn open(path: &Path) -> std::io::Result<File> {
    // O_NOFOLLOW: a symlink planted under a foreign LOCK_PATH must not make us write elsewhere.
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC).bits();
    File::options().read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags).open(path)
}

#[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
fn is_still_named(file: &File, path: &Path) -> bool {
    let (Ok(held), Ok(named)) = (file.metadata(), std::fs::symlink_metadata(path)) else {
        return false;
    };
    (held.dev(), held.ino()) == (named.dev(), named.ino())
}

fn write_holder(file: &mut File, now: &DateTime<Local>) -> std::io::Result<()> {
    file.set_len(0)?;
    file.write_all(format!("{} {}\n", std::process::id(), now.timestamp()).as_bytes())
}

fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.take(64).read_to_string(&mut text).ok()?;
    let (pid, since) = text.trim().split_once(' ')?;
    Some(Holder { pid: pid.parse().ok()?, since: since.parse().ok()? })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;

    #[test]
    fn the_second_run_learns_who_holds_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let now = Local::now();

        let first = Lock::acquire(&path, &now).unwrap();
        let second = Lock::acquire(&path, &now);

        let Err(LockError::Held { holder: Some(holder), .. }) = second else { panic!("{second:?}") };
        assert_eq!(holder, Holder { pid: std::process::id(), since: now.timestamp() });
        drop(first);
        assert!(!path.exists());
    }

    #[test]
    fn a_look_at_a_lock_does_not_touch_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        assert!(!Lock::is_held(&path).unwrap());
        let held = Lock::acquire(&path, &Local::now()).unwrap();
        assert!(Lock::is_held(&path).unwrap());
        drop(held);
        std::fs::write(&path, format!("{} 1\n", std::process::id())).unwrap();
        assert!(!Lock::is_held(&path).unwrap());
    }

    #[test]
    fn of_the_table_of_locks_only_those_that_are_held_count() {
        let lock = HeldLock::of("12: FLOCK  ADVISORY  WRITE 4711 fd:1a:99 0 EOF").unwrap();
        assert_eq!((lock.pid, lock.device, lock.inode), (4711, (0xfd, 0x1a), 99));
        for other in
            ["12: -> FLOCK  ADVISORY  WRITE 4711 fd:01:99 0 EOF", "1: POSIX  ADVISORY  WRITE 1 0:1:2 0 EOF", "", "x"]
        {
            assert!(HeldLock::of(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_wait_gets_the_lock_when_it_is_free_and_ends_when_it_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = Lock::acquire(&path, &Local::now()).unwrap();
        let short = Duration::from_millis(60);

        assert!(matches!(Lock::wait(&path, Clock::System, short), Err(LockError::Held { .. })));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| Lock::wait(&path, Clock::System, Duration::from_secs(60)));
            std::thread::sleep(short);
            drop(held);
            assert!(waiting.join().unwrap().is_ok());
        });
    }

    #[test]
    fn a_leftover_file_is_not_a_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".backup.lock");
        std::fs::write(&path, "99999").unwrap();
        assert!(Lock::acquire(&path, &Local::now()).is_ok());
    }

    #[test]
    fn of_many_at_once_exactly_one_gets_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        for _ in 0..50 {
            let barrier = std::sync::Barrier::new(8);
            let got: Vec<bool> = std::thread::scope(|scope| {
                let runs: Vec<_> = (0..8)
                    .map(|_| {
                        scope.spawn(|| {
                            barrier.wait();
                            let lock = Lock::acquire(&path, &Local::now());
                            barrier.wait();
                            lock.is_ok()
                        })
                    })
                    .collect();
                runs.into_iter().map(|run| run.join().unwrap()).collect()
            });
            assert_eq!(got.iter().filter(|won| **won).count(), 1);
        }
    }
}
