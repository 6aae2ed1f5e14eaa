//! The tree that is looked at: `/`, or another machine's disk below a directory.
//!
//! Every path is resolved *inside* the tree (`openat2` with `RESOLVE_IN_ROOT`, Linux 5.6; PVE 7
//! has 5.15): an absolute symlink on a mounted disk leads into that disk, as in a chroot, and
//! never to the machine the tool runs on.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};

use super::patience::Patience;
use super::{Cancel, Directory, FileError, Steps};

/// Configuration files are small; a bigger one is not what it claims to be.
const READ_LIMIT: u64 = 16 * 1024 * 1024;
/// Read between two looks at the time.
const BLOCK: u64 = 1024 * 1024;

/// The tree, held open: a later `chroot` or rename does not move it.
#[derive(Clone, Debug)]
pub struct Root {
    dir: Arc<OwnedFd>,
    prefix: PathBuf,
    /// How long a call may take; without it as long as it takes.
    patience: Option<Arc<Patience>>,
}

/// What `lstat` says, as far as we use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// File type.
    pub kind: Kind,
    /// Permission bits with setuid, setgid, sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes; 0 for everything but regular files and symlinks.
    pub size: u64,
    /// Allocated bytes: less than `size` means holes.
    pub allocated: u64,
    /// Modification time: seconds since 1970, may be negative.
    pub mtime: i64,
    /// Nanoseconds of it.
    pub mtime_ns: u32,
    /// Device and inode: identity for hard links.
    pub id: (u64, u64),
    /// Number of names.
    pub links: u64,
}

/// Kind of a directory entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Regular file.
    File,
    /// Directory.
    Directory,
    /// Symbolic link.
    Symlink,
    /// Named pipe.
    Fifo,
    /// Unix socket.
    Socket,
    /// Character or block device.
    Device,
}

impl Kind {
    /// The word for messages and the index.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Symlink => "symlink",
            Self::Fifo => "fifo",
            Self::Socket => "socket",
            Self::Device => "device",
        }
    }
}

impl From<&FileStat> for Stat {
    fn from(stat: &FileStat) -> Self {
        let kind = match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
            SFlag::S_IFDIR => Kind::Directory,
            SFlag::S_IFLNK => Kind::Symlink,
            SFlag::S_IFIFO => Kind::Fifo,
            SFlag::S_IFSOCK => Kind::Socket,
            SFlag::S_IFREG => Kind::File,
            _ => Kind::Device,
        };
        Self {
            kind,
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid,
            gid: stat.st_gid,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            allocated: u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512),
            mtime: stat.st_mtime,
            mtime_ns: u32::try_from(stat.st_mtime_nsec).unwrap_or(0),
            id: (stat.st_dev, stat.st_ino),
            links: stat.st_nlink,
        }
    }
}

impl Root {
    /// This machine.
    pub fn live() -> Result<Self, FileError> {
        Self::at(Path::new("/"))
    }

    /// Another machine's tree below `prefix`.
    pub fn at(prefix: &Path) -> Result<Self, FileError> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let dir = open(prefix, flags, Mode::empty()).map_err(FileError::of("open", prefix))?;
        Ok(Self { dir: Arc::new(dir), prefix: prefix.to_owned(), patience: None })
    }

    /// The same tree, no call of which waits longer than `limit` for a file system that does not
    /// answer. What [`Self::open`] and [`Self::directory`] give is not watched any more.
    #[must_use]
    pub fn patient(&self, limit: Duration, cancel: &Cancel) -> Self {
        let plain = self.plain();
        let patience = Patience::new(&plain, limit, cancel);
        Self { patience: Some(Arc::new(patience)), ..plain }
    }

    fn plain(&self) -> Self {
        Self { dir: Arc::clone(&self.dir), prefix: self.prefix.clone(), patience: None }
    }

    /// Work at one path that may hang there: `action` names it, and it says by each step that it
    /// moves. A patient root gives up waiting for it; the work then ends at its next step.
    pub fn ask<T: Send + 'static>(
        &self,
        action: &'static str,
        path: impl AsRef<Path>,
        work: impl FnOnce(&Self, &Path, &Steps) -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, FileError> {
        let path = path.as_ref();
        let Some(patience) = &self.patience else { return work(self, path, &Steps::unwatched()) };
        let (plain, owned) = (self.plain(), path.to_owned());
        patience.ask(action, path, move |steps| work(&plain, &owned, steps))
    }

    /// Where the tree lies on this machine.
    pub fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// Where a path of the tree lies on this machine, by its name alone: no symlink is followed.
    pub fn below(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.prefix.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Whether this is the running machine's own root.
    pub fn is_live(&self) -> bool {
        self.prefix == Path::new("/")
    }

    /// Opens for reading, symlinks followed inside the tree. Never blocks on a FIFO.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<File, FileError> {
        self.ask("open", path, |root, path, _| {
            let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
            // Reading must not change access times; only the owner may ask for that.
            let fd = root.resolve(path, flags | OFlag::O_NOATIME).or_else(|cause| match cause {
                Errno::EPERM => root.resolve(path, flags),
                other => Err(other),
            });
            Ok(File::from(fd.map_err(FileError::of("open", path))?))
        })
    }

    /// Opens the file itself: a symlink at the end of the path is an error (`ELOOP`).
    pub fn open_no_symlink(&self, path: impl AsRef<Path>) -> Result<File, FileError> {
        self.ask("open", path, |root, path, _| {
            let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_NOFOLLOW;
            Ok(File::from(root.resolve(path, flags).map_err(FileError::of("open", path))?))
        })
    }

    /// The whole content; more than 16 MiB is an error.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Vec<u8>, FileError> {
        self.read_within(path, READ_LIMIT)
    }

    /// The whole content; more than `most` bytes is an error.
    pub fn read_within(&self, path: impl AsRef<Path>, most: u64) -> Result<Vec<u8>, FileError> {
        self.ask("read", path, move |root, path, steps| {
            let mut file = root.open(path)?.take(most.saturating_add(1));
            let mut bytes = Vec::new();
            loop {
                let got = file.by_ref().take(BLOCK).read_to_end(&mut bytes).map_err(FileError::of("read", path))?;
                if (got as u64) < BLOCK {
                    break;
                }
                steps.step().map_err(|cancelled| cancelled.at("read", path))?;
            }
            if bytes.len() as u64 > most {
                return Err(FileError::of("read", path)(Errno::EFBIG));
            }
            Ok(bytes)
        })
    }

    /// The whole content as text; bytes that are not UTF-8 become `U+FFFD`.
    pub fn read_text(&self, path: impl AsRef<Path>) -> Result<String, FileError> {
        Ok(String::from_utf8_lossy(&self.read(path)?).into_owned())
    }

    /// `lstat`; `None` when there is nothing of that name.
    pub fn stat(&self, path: impl AsRef<Path>) -> Result<Option<Stat>, FileError> {
        self.ask("look at", path, |root, path, _| {
            match root.resolve(path, OFlag::O_PATH | OFlag::O_NOFOLLOW).and_then(fstat) {
                Ok(stat) => Ok(Some(Stat::from(&stat))),
                Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(None),
                Err(cause) => Err(FileError::of("look at", path)(cause)),
            }
        })
    }

    /// Whether something of that name is there, dangling symlinks included.
    pub fn exists(&self, path: impl AsRef<Path>) -> bool {
        matches!(self.stat(path), Ok(Some(_)))
    }

    /// Whether it is a directory (symlinks followed).
    pub fn is_dir(&self, path: impl AsRef<Path>) -> bool {
        let opened = self.ask("look at", path, |root, path, _| {
            root.resolve(path, OFlag::O_PATH | OFlag::O_DIRECTORY).map_err(FileError::of("look at", path))
        });
        opened.is_ok()
    }

    /// Names in a directory, sorted by bytes; symlinks to the directory are followed.
    pub fn list(&self, path: impl AsRef<Path>) -> Result<Vec<OsString>, FileError> {
        self.ask("list", path, |root, path, _| {
            Ok(root.directory(path)?.entries()?.into_iter().map(|entry| entry.name).collect())
        })
    }

    /// Opens a directory for a walk.
    pub fn directory(&self, path: impl AsRef<Path>) -> Result<Directory, FileError> {
        self.ask("open", path, |root, path, _| {
            let fd = root.resolve(path, OFlag::O_RDONLY | OFlag::O_DIRECTORY).map_err(FileError::of("open", path))?;
            Ok(Directory::new(fd, path.to_owned()))
        })
    }

    /// Where a symlink points, as it is.
    pub fn read_link(&self, path: impl AsRef<Path>) -> Result<OsString, FileError> {
        self.ask("read the link", path, |root, path, _| {
            let parent = root.directory(path.parent().unwrap_or(Path::new("/")))?;
            parent.read_link(path.file_name().unwrap_or_default())
        })
    }

    fn resolve(&self, path: &Path, flags: OFlag) -> nix::Result<OwnedFd> {
        let inside = path.strip_prefix("/").unwrap_or(path);
        let inside = if inside.as_os_str().as_bytes().is_empty() { Path::new(".") } else { inside };
        // openat2 refuses O_NOCTTY beside O_PATH: the caller that reads adds it.
        let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(ResolveFlag::RESOLVE_IN_ROOT);
        openat2(self.dir.as_fd(), inside, how)
    }
}

/// `fstatat` without following, for walks.
pub(super) fn stat_at(dir: &OwnedFd, name: &std::ffi::OsStr) -> nix::Result<Stat> {
    fstatat(dir.as_fd(), Path::new(name), AtFlags::AT_SYMLINK_NOFOLLOW).map(|stat| Stat::from(&stat))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn an_absolute_symlink_leads_into_the_tree_and_not_to_this_machine() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("etc")).unwrap();
        std::fs::write(dir.path().join("etc/real"), "inside").unwrap();
        symlink("/etc/real", dir.path().join("etc/link")).unwrap();
        symlink("../../../../../etc/passwd", dir.path().join("etc/escape")).unwrap();

        let root = Root::at(dir.path()).unwrap();

        assert_eq!(root.read_text("/etc/link").unwrap(), "inside");
        assert!(root.read("/etc/escape").unwrap_err().is_absent());
        assert_eq!(root.read_link("/etc/link").unwrap(), "/etc/real");
        assert!(root.exists("/etc/escape") && !root.exists("/etc/nothing"));
        assert_eq!(root.list("/etc").unwrap(), ["escape", "link", "real"]);
        for path in ["/etc/real", "etc/real"] {
            assert_eq!(root.below(path), dir.path().join("etc/real"));
        }
    }
}
