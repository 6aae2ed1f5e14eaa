//! Writing without half-done results: temporary name, fsync, rename, sync of the directory.
//!
//! Every file and directory gets its final mode when it is created; umask does not matter.

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, Flock, FlockArg, OFlag, PosixFadviseAdvice, RenameFlags, posix_fadvise, renameat2};
use nix::unistd::{AccessFlags, access};

use super::FileError;

/// Mode of what is nobody else's business.
const PRIVATE: u32 = 0o600;

/// A file on its way: `<name>.partial`, 0600, removed unless [`PartialFile::publish`]ed.
#[derive(Debug)]
pub struct PartialFile {
    file: File,
    partial: PathBuf,
    target: PathBuf,
    is_published: bool,
    /// Tells a file that is being written from one that a killed run left; not every file system can.
    _lock: Option<Flock<File>>,
}

impl PartialFile {
    /// Suffix of unfinished files; readers and listings pass over it.
    pub const SUFFIX: &'static str = ".partial";

    /// The name that `target` has until it is published.
    pub fn path_for(target: &Path) -> PathBuf {
        with_suffix(target, Self::SUFFIX)
    }

    /// Creates `<target>.partial`, which must not exist.
    pub fn create(target: &Path) -> Result<Self, FileError> {
        let partial = Self::path_for(target);
        let file = create_new(&partial).map_err(FileError::of("create", &partial))?;
        let lock = file.try_clone().ok().and_then(|file| Flock::lock(file, FlockArg::LockExclusiveNonblock).ok());
        Ok(Self { file, partial, target: target.to_owned(), is_published: false, _lock: lock })
    }

    /// Creates it, and first removes the one that a killed run left; one that is still being
    /// written stays.
    pub fn create_over_stale(target: &Path) -> Result<Self, FileError> {
        let partial = Self::path_for(target);
        if let Ok(left) = open_file(&partial) {
            if let Ok(_lock) = Flock::lock(left, FlockArg::LockExclusiveNonblock) {
                remove_file(&partial)?;
            }
        }
        Self::create(target)
    }

    /// A second handle on the same file, for a writer that owns it.
    pub fn handle(&self) -> Result<File, FileError> {
        self.file.try_clone().map_err(FileError::of("open", &self.partial))
    }

    /// The name it has until it is published.
    pub fn path(&self) -> &Path {
        &self.partial
    }

    /// The name it will have.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Makes everything written so far survive a power cut.
    pub fn sync(&self) -> Result<(), FileError> {
        self.file.sync_all().map_err(FileError::of("sync", &self.partial))
    }

    /// Gives it its name; an existing file of that name is an error, never replaced.
    pub fn publish(mut self) -> Result<PathBuf, FileError> {
        self.sync()?;
        rename_new(&self.partial, &self.target).map_err(FileError::of("rename", &self.partial))?;
        self.is_published = true;
        sync_dir(parent(&self.target))?;
        Ok(self.target.clone())
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.is_published {
            let _ = remove_file(&self.partial);
        }
    }
}

/// Rename that refuses to replace; file systems without `RENAME_NOREPLACE` get a check before.
fn rename_new(from: &Path, to: &Path) -> nix::Result<()> {
    match renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE) {
        Err(Errno::EINVAL | Errno::ENOSYS | Errno::EOPNOTSUPP) => {
            #[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
            if std::fs::symlink_metadata(to).is_ok() {
                return Err(Errno::EEXIST);
            }
            renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::empty())
        }
        result => result,
    }
}

/// Writes a small file under a temporary name and renames it over the old one; 0600.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<(), FileError> {
    replace(path, content, PRIVATE)
}

/// The same for a file that everybody may read; 0644.
pub fn write_public_atomically(path: &Path, content: &[u8]) -> Result<(), FileError> {
    replace(path, content, 0o644)
}

/// The same with these permission bits: for a file that was there before.
pub fn write_with_mode(path: &Path, content: &[u8], mode: u32) -> Result<(), FileError> {
    replace(path, content, mode)
}

fn replace(path: &Path, content: &[u8], mode: u32) -> Result<(), FileError> {
    let temporary = with_suffix(path, &format!(".{}.tmp", std::process::id()));
    let written = create_new(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        if mode != PRIVATE {
            set_mode(&file, mode)?;
        }
        file.sync_all()
    });
    let renamed = written
        .and_then(|()| renameat2(AT_FDCWD, &temporary, AT_FDCWD, path, RenameFlags::empty()).map_err(io::Error::from));
    if let Err(cause) = renamed {
        let _ = remove_file(&temporary);
        return Err(FileError::of("write", path)(cause));
    }
    sync_dir(parent(path))
}

/// Starts a log file of ours, 0600; one of that name is continued.
#[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
pub fn create_log(path: &Path) -> Result<File, FileError> {
    // O_NOFOLLOW: a symlink planted in a foreign LOG_PATH must not make us write elsewhere.
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).bits();
    File::options()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(flags)
        .open(path)
        .map_err(FileError::of("create", path))
}

/// Writes a file that everybody may read: man pages, completions.
#[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
pub fn write_public(path: &Path, content: &[u8]) -> io::Result<()> {
    std::fs::write(path, content)
}

/// Creates a directory and its missing parents, 0700; one that exists is left as it is.
pub fn create_private_dir(path: &Path) -> Result<(), FileError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(FileError::of("create the directory", path))
}

/// Creates a directory that must not exist, 0700.
pub fn create_new_private_dir(path: &Path) -> Result<(), FileError> {
    DirBuilder::new().mode(0o700).create(path).map_err(FileError::of("create the directory", path))
}

/// Whether something of ours has that name, dangling symlinks included.
#[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
pub fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// Makes a rename in this directory survive a power cut; file systems that cannot are left alone.
pub fn sync_dir(path: &Path) -> Result<(), FileError> {
    match open_file(path)?.sync_all() {
        Err(cause) if matches!(cause.raw_os_error().map(Errno::from_raw), Some(Errno::EINVAL | Errno::EOPNOTSUPP)) => {
            Ok(())
        }
        result => result.map_err(FileError::of("sync the directory", path)),
    }
}

/// Copies an open file to a new one of ours, 0600.
pub fn copy_into(mut from: File, to: &Path) -> Result<(), FileError> {
    create_new(to).and_then(|mut file| io::copy(&mut from, &mut file)).map(drop).map_err(FileError::of("write", to))
}

/// Opens the terminal for questions and answers.
#[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
pub fn open_terminal(path: &Path) -> Result<File, FileError> {
    File::options().read(true).write(true).open(path).map_err(FileError::of("open", path))
}

/// Opens a file of ours for reading.
#[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
pub fn open_file(path: &Path) -> Result<File, FileError> {
    // O_NONBLOCK: a FIFO given as a path must not hang us.
    File::options()
        .read(true)
        .custom_flags((OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY).bits())
        .open(path)
        .map_err(FileError::of("open", path))
}

/// Renames a file of ours, replacing what has the new name.
pub fn rename_file(from: &Path, to: &Path) -> Result<(), FileError> {
    renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::empty()).map_err(FileError::of("rename", from))
}

/// Removes a file of ours.
#[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
pub fn remove_file(path: &Path) -> Result<(), FileError> {
    std::fs::remove_file(path).map_err(FileError::of("remove", path))
}

/// Removes whatever of ours has that name, a directory with all that is in it; follows no symlinks.
#[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
pub fn remove_tree(path: &Path) -> Result<(), FileError> {
    match std::fs::symlink_metadata(path) {
        Ok(stat) if stat.is_dir() => std::fs::remove_dir_all(path).map_err(FileError::of("remove", path)),
        _ => remove_file(path),
    }
}

/// Whether we can really create a file there: modes alone do not tell (read-only mounts, quotas).
pub fn is_writable_dir(path: &Path) -> Result<(), FileError> {
    // One name for all runs: what a killed one leaves is removed by the next.
    let probe = path.join(".permission_test");
    let created = create_log(&probe).map_err(|error| FileError::of("write in", path)(error.cause));
    let _ = remove_file(&probe);
    created.map(drop)
}

/// Whether the system would let us create something there, without trying: modes, read-only mounts.
pub fn may_write(dir: &Path) -> Result<(), FileError> {
    access(dir, AccessFlags::W_OK).map_err(FileError::of("write in", dir))
}

/// Throws the file's pages out of memory, so that the next read comes from the disk.
pub fn drop_page_cache(file: &File) {
    // Advice only: where the system declines, the read-back still happens, from memory.
    let _ = posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
}

/// SHA-256 of `length` bytes from `offset`, in hex; an early end is an error.
pub fn hash_file(file: &mut File, offset: u64, length: u64, path: &Path) -> Result<String, FileError> {
    let fail = FileError::of("read", path);
    let hashed = file.seek(SeekFrom::Start(offset)).and_then(|_| {
        let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
        let mut rest = length;
        let mut block = vec![0; 256 * 1024];
        while rest > 0 {
            let want = usize::try_from(rest).unwrap_or(usize::MAX).min(block.len());
            match file.read(&mut block[..want])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                got => {
                    digest.update(&block[..got]);
                    rest -= got as u64;
                }
            }
        }
        Ok(hex(digest.finish().as_ref()))
    });
    hashed.map_err(fail)
}

/// SHA-256 of bytes in memory, in hex.
pub fn digest_hex(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The name of a file that goes with this one: beside it, with more at the end.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
fn create_new(path: &Path) -> io::Result<File> {
    let file = File::options().read(true).write(true).create_new(true).mode(PRIVATE).open(path)?;
    // A default ACL on the directory can widen the mode; take it back before the first byte.
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        set_mode(&file, PRIVATE)?;
    }
    Ok(file)
}

fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    let Err(cause) = file.set_permissions(std::fs::Permissions::from_mode(mode)) else { return Ok(()) };
    // FAT and some shares keep no modes; who uses them is told by the tier.
    let keeps_none = [Errno::EPERM, Errno::EOPNOTSUPP, Errno::ENOSYS].map(|errno| Some(errno as i32));
    if keeps_none.contains(&cause.raw_os_error()) { Ok(()) } else { Err(cause) }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests look at real trees")]
mod tests {
    use super::*;

    #[test]
    fn a_partial_file_vanishes_unless_published() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.tar");

        drop(PartialFile::create(&target).unwrap());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);

        PartialFile::create(&target).unwrap().publish().unwrap();
        assert_eq!(std::fs::metadata(&target).unwrap().permissions().mode() & 0o7777, 0o600);
    }

    #[test]
    fn what_a_killed_run_left_goes_and_what_is_being_written_stays() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.tar");
        std::fs::write(dir.path().join("a.tar.partial"), "left").unwrap();

        let first = PartialFile::create_over_stale(&target).unwrap();

        assert_eq!(std::fs::metadata(first.path()).unwrap().len(), 0);
        assert!(PartialFile::create_over_stale(&target).is_err());
        first.publish().unwrap();
    }

    #[test]
    fn publishing_never_replaces() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.tar");
        std::fs::write(&target, "precious").unwrap();
        assert!(PartialFile::create(&target).unwrap().publish().is_err());
        assert_eq!(std::fs::read(&target).unwrap(), b"precious");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_atomic_write_replaces_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        write_public_atomically(&path, b"three").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o644);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
