//! How much room a file system has, and which one a path lies on.

use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

use super::{FileError, Root};
use crate::units::ByteSize;

/// Room on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What we may still write.
    pub free: ByteSize,
    /// The whole.
    pub total: ByteSize,
}

/// Asks the file system below `path`.
pub fn free_space(path: &Path) -> Result<Space, FileError> {
    let stat = statvfs(path).map_err(FileError::of("measure the free space of", path))?;
    let block = stat.fragment_size();
    Ok(Space {
        free: ByteSize(stat.blocks_available().saturating_mul(block)),
        total: ByteSize(stat.blocks().saturating_mul(block)),
    })
}

/// The directory that is there, of this path and those above it: its file system is the one on which
/// what is still missing would lie.
pub fn nearest_existing(path: &Path) -> &Path {
    let root = Root::live();
    path.ancestors().find(|dir| root.as_ref().is_ok_and(|root| root.is_dir(dir))).unwrap_or(Path::new("/"))
}

/// One line of the mount table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where it is mounted.
    pub point: PathBuf,
    /// `ext4`, `fuse`, `nfs4`…
    pub kind: String,
}

/// The running system's mounts; empty when they cannot be read.
pub fn read_mounts() -> Vec<Mount> {
    Root::live().map_or_else(|_| Vec::new(), |root| mounts_in(&root))
}

/// The mounts of a tree as the tree names them: those of its own table, and below a directory those
/// that this machine has in it.
pub fn mounts_in(root: &Root) -> Vec<Mount> {
    let text = root.read_text("/proc/self/mounts").unwrap_or_default();
    let own = text.lines().filter_map(parse_mount);
    if root.is_live() {
        return own.collect();
    }
    let prefix = real_path(root.prefix());
    let inside = |mount: Mount| {
        let below = mount.point.strip_prefix(&prefix).ok()?;
        Some(Mount { point: Path::new("/").join(below), kind: mount.kind })
    };
    own.chain(read_mounts().into_iter().filter_map(inside)).collect()
}

/// Type of the file system a path lies on: the longest mount point of whole *components* wins
/// (`/mnt/a` is not a parent of `/mnt/ab`).
pub fn file_system_of<'a>(path: &Path, mounts: &'a [Mount]) -> Option<&'a Mount> {
    // Of several mounts on one point the last one is on top.
    mounts.iter().filter(|mount| path.starts_with(&mount.point)).max_by_key(|mount| mount.point.components().count())
}

fn parse_mount(line: &str) -> Option<Mount> {
    let mut fields = line.split(' ').skip(1);
    let point = unescape(fields.next()?);
    Some(Mount { point: PathBuf::from(point), kind: fields.next()?.to_owned() })
}

/// Where a path leads when every symlink is followed; what is not there yet stays as it is written.
pub fn real_path(path: &Path) -> PathBuf {
    for there in path.ancestors() {
        if let Ok(real) = there.canonicalize() {
            return path.strip_prefix(there).map_or_else(|_| real.clone(), |rest| joined(&real, rest));
        }
    }
    path.to_owned()
}

/// Both as one path: joining nothing would add a slash.
pub(super) fn joined(top: &Path, rest: &Path) -> PathBuf {
    if rest.as_os_str().is_empty() { top.to_owned() } else { top.join(rest) }
}

/// Blank, tab, newline and backslash stand in mount tables as `\040` and so on.
pub fn unescape(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    let mut rest = field;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 4).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        if let Some(byte) = code {
            out.push(char::from(byte));
            rest = &rest[at + 4..];
        } else {
            out.push('\\');
            rest = &rest[at + 1..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_mount_point_of_whole_components_wins() {
        let mounts: Vec<Mount> = ["d / ext4 rw", "d /mnt/a nfs4 rw", "d /mnt/a\\040b xfs rw", "d /mnt/a cifs rw"]
            .iter()
            .filter_map(|line| parse_mount(line))
            .collect();
        for (path, kind) in [("/mnt/ab/x", "ext4"), ("/mnt/a/x", "cifs"), ("/mnt/a b/x", "xfs"), ("/mnt", "ext4")] {
            assert_eq!(file_system_of(Path::new(path), &mounts).map(|m| m.kind.as_str()), Some(kind), "{path}");
        }
    }
}
