//! Writing below a directory, and nowhere else: names from an archive never lead out of it.
//!
//! Directories are opened with `openat2` (`RESOLVE_BENEATH`, no symlinks); where the kernel or a
//! seccomp filter does not have it, component by component. What is made is made in the open
//! directory, exclusively, so a symlink put there meanwhile is an error and never followed.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, open, openat, openat2, renameat};
use nix::sys::stat::{Mode, UtimensatFlags, fchmod, fstat, futimens, mkdirat, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, fchownat, fsync, geteuid, linkat, symlinkat, unlinkat};
use xattr::FileExt;

use super::{Directory, FileError, Kind, Stat};

const OPEN_DIR: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

/// The directory that is written below.
#[derive(Debug)]
pub struct Beneath {
    dir: OwnedFd,
    path: PathBuf,
    /// Cleared once `openat2` is known to be missing.
    has_openat2: AtomicBool,
}

/// What belongs to a file besides its content, as it shall be.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    /// User and group; `None` leaves the process' own.
    pub owner: Option<(u32, u32)>,
    /// Permission bits with setuid, setgid, sticky.
    pub mode: u32,
    /// Seconds since 1970 and nanoseconds.
    pub mtime: (i64, u32),
    /// Extended attributes, ACLs in their raw form.
    pub xattrs: &'a [(Vec<u8>, Vec<u8>)],
}

/// Whether this process may give files away.
pub fn is_root() -> bool {
    geteuid().is_root()
}

impl Beneath {
    /// Opens a directory that exists.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let dir = open(path, flags, Mode::empty()).map_err(FileError::of("open", path))?;
        Ok(Self { dir, path: path.to_owned(), has_openat2: AtomicBool::new(true) })
    }

    /// The path of something below, for messages.
    pub fn display(&self, below: &Path) -> PathBuf {
        self.path.join(below)
    }

    /// A directory below as a place of its own; an empty path is the same place once more. What is
    /// mounted or unmounted there later does not move it.
    pub fn below(&self, below: &Path) -> Result<Self, FileError> {
        let Directory { fd, path } = self.directory(below)?;
        Ok(Self { dir: fd, path, has_openat2: AtomicBool::new(self.has_openat2.load(Ordering::Relaxed)) })
    }

    /// Opens a directory below; an empty path is the directory itself.
    pub fn directory(&self, below: &Path) -> Result<Directory, FileError> {
        let path = self.path.join(below);
        let fd = self.resolve(below).map_err(FileError::of("open the directory", &path))?;
        Ok(Directory::new(fd, path))
    }

    fn resolve(&self, below: &Path) -> nix::Result<OwnedFd> {
        if self.has_openat2.load(Ordering::Relaxed) && !below.as_os_str().is_empty() {
            let resolve =
                ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_NO_MAGICLINKS;
            match openat2(self.dir.as_fd(), below, OpenHow::new().flags(OPEN_DIR).resolve(resolve)) {
                // Filters that do not know the call answer EPERM; a real EPERM comes again below.
                Err(Errno::ENOSYS | Errno::EPERM) => self.has_openat2.store(false, Ordering::Relaxed),
                // Longer than one call takes.
                Err(Errno::ENAMETOOLONG) => {}
                result => return result,
            }
        }
        self.step_by_step(below)
    }

    fn step_by_step(&self, below: &Path) -> nix::Result<OwnedFd> {
        let mut dir = openat(self.dir.as_fd(), ".", OPEN_DIR, Mode::empty())?;
        for component in below.components() {
            let Component::Normal(name) = component else { return Err(Errno::EXDEV) };
            dir = openat(dir.as_fd(), name, OPEN_DIR, Mode::empty())?;
        }
        Ok(dir)
    }
}

/// Names given here are single segments: anything else is refused by the system or by us.
impl Directory {
    /// Creates a file that must not exist, 0600.
    pub fn create_file(&self, name: &OsStr) -> Result<File, FileError> {
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let created =
            segment(name).and_then(|name| openat(self.fd.as_fd(), name, flags, Mode::from_bits_truncate(0o600)));
        created.map(File::from).map_err(FileError::of("create", self.path.join(name)))
    }

    /// Creates a directory that must not exist, 0700, and opens it.
    pub fn create_dir(&self, name: &OsStr) -> Result<Self, FileError> {
        segment(name)
            .and_then(|name| mkdirat(self.fd.as_fd(), name, Mode::S_IRWXU))
            .map_err(FileError::of("create the directory", self.path.join(name)))?;
        self.open_dir(name)
    }

    /// Creates a symlink.
    pub fn create_symlink(&self, name: &OsStr, target: &OsStr) -> Result<(), FileError> {
        segment(name)
            .and_then(|name| symlinkat(target, self.fd.as_fd(), name))
            .map_err(FileError::of("create the symlink", self.path.join(name)))
    }

    /// Gives what `first` is in `from` another name; symlinks are not followed.
    pub fn create_hard_link(&self, name: &OsStr, from: &Self, first: &OsStr) -> Result<(), FileError> {
        segment(name)
            .and_then(|name| linkat(from.fd.as_fd(), segment(first)?, self.fd.as_fd(), name, AtFlags::empty()))
            .map_err(FileError::of("create the hard link", self.path.join(name)))
    }

    /// Renames inside this directory, replacing what has the new name.
    pub fn rename(&self, from: &OsStr, to: &OsStr) -> Result<(), FileError> {
        segment(from)
            .and_then(|from| renameat(self.fd.as_fd(), from, self.fd.as_fd(), segment(to)?))
            .map_err(FileError::of("replace", self.path.join(to)))
    }

    /// Removes a name that is no directory.
    pub fn remove(&self, name: &OsStr) -> Result<(), FileError> {
        segment(name)
            .and_then(|name| unlinkat(self.fd.as_fd(), name, UnlinkatFlags::NoRemoveDir))
            .map_err(FileError::of("remove", self.path.join(name)))
    }

    /// Removes a directory, which must be empty.
    pub fn remove_dir(&self, name: &OsStr) -> Result<(), FileError> {
        segment(name)
            .and_then(|name| unlinkat(self.fd.as_fd(), name, UnlinkatFlags::RemoveDir))
            .map_err(FileError::of("remove the directory", self.path.join(name)))
    }

    /// Makes what was renamed, made and removed here survive a power cut; file systems that cannot
    /// are left alone.
    pub fn sync(&self) -> Result<(), FileError> {
        match fsync(&self.fd) {
            Err(Errno::EINVAL | Errno::EOPNOTSUPP) => Ok(()),
            result => result.map_err(FileError::of("sync the directory", &self.path)),
        }
    }

    /// Owner and time of a symlink; gives what did not work.
    pub fn dress_symlink(&self, name: &OsStr, attributes: &Attributes<'_>) -> Vec<FileError> {
        let path = self.path.join(name);
        let owned = attributes.owner.map_or(Ok(()), |owner| self.give_symlink_to(name, owner));
        let (keep, mtime) = times(attributes.mtime);
        let timed = utimensat(self.fd.as_fd(), name, &keep, &mtime, UtimensatFlags::NoFollowSymlink);
        let owned = owned.err().map(FileError::of("change the owner of", &path));
        owned.into_iter().chain(timed.err().map(FileError::of("set the time of", &path))).collect()
    }

    /// By what is open and known to be a symlink: who may rename here could have put another name of
    /// somebody else's file in its place.
    fn give_symlink_to(&self, name: &OsStr, (user, group): (u32, u32)) -> nix::Result<()> {
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let link = openat(self.fd.as_fd(), segment(name)?, flags, Mode::empty())?;
        if Stat::from(&fstat(&link)?).kind != Kind::Symlink {
            return Err(Errno::ESTALE);
        }
        fchownat(&link, "", Some(Uid::from_raw(user)), Some(Gid::from_raw(group)), AtFlags::AT_EMPTY_PATH)
    }
}

/// Puts attributes on an open file or directory; gives what did not work.
///
/// The order matters: a change of owner clears setuid and capabilities, a change of mode an ACL's
/// mask, and all of them the time.
pub fn dress(file: &File, path: &Path, attributes: &Attributes<'_>) -> Vec<FileError> {
    let mut failed = Vec::new();
    let mut mode = attributes.mode;
    if let Some((user, group)) = attributes.owner {
        if let Err(cause) = fchown(file, Some(Uid::from_raw(user)), Some(Gid::from_raw(group))) {
            failed.push(FileError::of("change the owner of", path)(cause));
            // Rights of an owner it does not have.
            mode &= 0o1777;
        }
    }
    take_off_inherited(file, attributes.xattrs);
    if let Err(cause) = fchmod(file, Mode::from_bits_truncate(mode)) {
        failed.push(FileError::of("change the mode of", path)(cause));
    }
    for (name, value) in attributes.xattrs {
        if let Err(cause) = file.set_xattr(OsStr::from_bytes(name), value) {
            let action = if name.starts_with(b"system.posix_acl_") { "set the ACL of" } else { "set an attribute of" };
            failed.push(FileError::of(action, path)(cause));
        }
    }
    let (keep, mtime) = times(attributes.mtime);
    if let Err(cause) = futimens(file, &keep, &mtime) {
        failed.push(FileError::of("set the time of", path)(cause));
    }
    failed
}

/// Takes off a file or directory that is there already what is [`is_put_on`] it and not wanted; gives
/// what did not work. A new one has none of it.
pub fn take_off_others(file: &File, path: &Path, wanted: &[(Vec<u8>, Vec<u8>)]) -> Vec<FileError> {
    // File systems without attributes cannot list them.
    let Ok(names) = file.list_xattr() else { return Vec::new() };
    let is_wanted = |name: &OsStr| wanted.iter().any(|(wanted, _)| wanted == name.as_bytes());
    let others = names.filter(|name| is_put_on(name.as_bytes()) && !is_wanted(name));
    let taken = others.map(|name| file.remove_xattr(name).map_err(FileError::of("take an attribute off", path)));
    taken.filter_map(Result::err).collect()
}

/// Whether an extended attribute is there because somebody wanted it: not a label that a security
/// module gives to everything, nor a property of the file system.
pub fn is_put_on(name: &[u8]) -> bool {
    let families: [&[u8]; 4] = [b"user.", b"trusted.", b"security.capability", b"system.posix_acl_"];
    families.iter().any(|family| name.starts_with(family))
}

/// A default ACL of the directory above is on everything new in it, asked for or not.
fn take_off_inherited(file: &File, wanted: &[(Vec<u8>, Vec<u8>)]) {
    for name in ["system.posix_acl_access", "system.posix_acl_default"] {
        if wanted.iter().all(|(wanted, _)| wanted != name.as_bytes()) {
            // Mostly there is none; file systems without ACLs say so.
            let _ = file.remove_xattr(name);
        }
    }
}

/// Access time as it is, modification time as given.
fn times((seconds, nanoseconds): (i64, u32)) -> (TimeSpec, TimeSpec) {
    (TimeSpec::UTIME_OMIT, TimeSpec::new(seconds, i64::from(nanoseconds)))
}

fn segment(name: &OsStr) -> nix::Result<&OsStr> {
    let bytes = name.as_bytes();
    let is_one = !bytes.is_empty() && bytes != b"." && bytes != b".." && !bytes.contains(&b'/');
    if is_one { Ok(name) } else { Err(Errno::EINVAL) }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn beneath(dir: &Path, has_openat2: bool) -> Beneath {
        let beneath = Beneath::open(dir).unwrap();
        beneath.has_openat2.store(has_openat2, Ordering::Relaxed);
        beneath
    }

    #[test]
    fn nothing_leads_out_with_and_without_openat2() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("inside/deep")).unwrap();
        std::fs::create_dir(dir.path().join("outside")).unwrap();
        symlink("../outside", dir.path().join("inside/up")).unwrap();
        symlink("deep", dir.path().join("inside/down")).unwrap();
        symlink(dir.path().join("outside"), dir.path().join("inside/away")).unwrap();
        for has_openat2 in [true, false] {
            let beneath = beneath(&dir.path().join("inside"), has_openat2);
            assert!(beneath.directory(Path::new("deep")).is_ok());
            assert!(beneath.directory(Path::new("")).is_ok());
            for path in ["..", "deep/../..", "/", "/etc", "up", "down", "away", "deep/../../outside"] {
                assert!(beneath.directory(Path::new(path)).is_err(), "{path} {has_openat2}");
            }
        }
    }

    #[test]
    fn a_name_is_one_segment_and_never_followed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("in")).unwrap();
        symlink("../new", dir.path().join("in/dangling")).unwrap();
        let folder = beneath(&dir.path().join("in"), true).directory(Path::new("")).unwrap();
        for name in ["../x", "", ".", "..", "/tmp/x", "a/b", "dangling"] {
            assert!(folder.create_file(OsStr::new(name)).is_err(), "{name}");
        }
        assert!(!dir.path().join("new").exists());
    }

    #[test]
    fn paths_longer_than_one_call_takes_are_opened_step_by_step() {
        let dir = tempfile::tempdir().unwrap();
        let beneath = beneath(dir.path(), true);
        let (mut at, mut path) = (beneath.directory(Path::new("")).unwrap(), PathBuf::new());
        for _ in 0..20 {
            let name = "d".repeat(250);
            at = at.create_dir(OsStr::new(&name)).unwrap();
            path.push(name);
        }
        assert!(beneath.directory(&path).is_ok());
    }
}
