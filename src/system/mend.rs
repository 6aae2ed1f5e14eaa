//! Owner and mode of what is ours, put right: on what is open, with no symlink anywhere on the way.

use std::os::fd::AsFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fchmod, fstat};
use nix::unistd::{Gid, Uid, fchown};

use super::{Beneath, FileError, Kind, Stat};

/// Gives a file or directory to root, with this mode; as careful as [`give_to`].
pub fn make_private(path: &Path, kind: Kind, mode: u32) -> Result<(), FileError> {
    give_to(path, kind, (0, 0), mode)
}

/// Gives a file or directory to this user and group, with this mode.
///
/// What became something else, a symlink on the way and a file of more than one name are errors:
/// somebody else could have chosen what would be changed.
pub fn give_to(path: &Path, kind: Kind, (uid, gid): (u32, u32), mode: u32) -> Result<(), FileError> {
    let fail = |cause: Errno| FileError::of("change owner and mode of", path)(cause);
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Err(fail(Errno::EINVAL)) };
    let inside = parent.strip_prefix("/").map_err(|_| fail(Errno::EINVAL))?;
    let parent = Beneath::open(Path::new("/"))?.directory(inside)?;
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let open = openat(parent.fd.as_fd(), Path::new(name), flags, Mode::empty()).map_err(fail)?;
    let stat = Stat::from(&fstat(&open).map_err(fail)?);
    match stat {
        Stat { kind: found, .. } if found != kind => return Err(fail(Errno::ESTALE)),
        Stat { kind: Kind::File, links, .. } if links != 1 => return Err(fail(Errno::EMLINK)),
        _ => {}
    }
    // The mode last: a change of owner may clear bits of it, and nobody gains by the order.
    if (stat.uid, stat.gid) != (uid, gid) {
        fchown(&open, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid))).map_err(fail)?;
    }
    fchmod(&open, Mode::from_bits_truncate(mode)).map_err(fail)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn only_the_thing_itself_is_changed() {
        if !crate::system::is_root() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("keys")).unwrap();
        std::fs::write(at("keys/file"), "x").unwrap();
        std::fs::write(at("twice"), "x").unwrap();
        std::fs::hard_link(at("twice"), at("again")).unwrap();
        symlink(at("keys"), at("link")).unwrap();
        let set = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        set(&at("keys"), 0o755);
        set(&at("keys/file"), 0o644);
        set(&at("twice"), 0o644);

        make_private(&at("link"), Kind::Directory, 0o700).unwrap_err();
        make_private(&at("link/file"), Kind::File, 0o600).unwrap_err();
        make_private(&at("twice"), Kind::File, 0o600).unwrap_err();
        make_private(&at("keys"), Kind::File, 0o600).unwrap_err();
        assert_eq!((mode(&at("keys")), mode(&at("keys/file")), mode(&at("twice"))), (0o755, 0o644, 0o644));

        make_private(&at("keys"), Kind::Directory, 0o700).unwrap();
        make_private(&at("keys/file"), Kind::File, 0o600).unwrap();
        assert_eq!((mode(&at("keys")), mode(&at("keys/file"))), (0o700, 0o600));
    }
}
