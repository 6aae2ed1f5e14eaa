//! Whether a path is as it shall be. Reads, and writes nothing.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;

use super::place::{Placed, Tree, split};
use super::{ApplyError, Attributes, Change, Machine, Wanted};
use crate::collect::read_xattrs;
use crate::system::{Directory, Kind, Stat, hash_file, hex, is_put_on};

/// What of a path is as it should not be, in words; `None` when its kind, content, owner, mode and
/// extended attributes are as wanted. Times do not count, nor what else a directory holds.
pub fn differs(machine: &Machine<'_>, change: &Change) -> Result<Option<String>, ApplyError> {
    compare(machine, change, |found| match &change.attributes {
        Some(wanted) => found.wrong_attributes(wanted),
        None => Ok(None),
    })
}

/// As [`differs`] for a path below `/etc/pve`, which makes its own owners and modes: kind and content.
pub fn differs_in_cluster(machine: &Machine<'_>, change: &Change) -> Result<Option<String>, ApplyError> {
    compare(machine, change, |_| Ok(None))
}

/// Whether nothing is to be done for a path: as [`differs`], and its time is the wanted one, too.
pub(super) fn is_as_wanted(machine: &Machine<'_>, change: &Change) -> Result<bool, ApplyError> {
    let wrong = compare(machine, change, |found| match &change.attributes {
        Some(wanted) if (found.stat.mtime, found.stat.mtime_ns) != wanted.mtime => {
            Ok(Some("its time is another".into()))
        }
        Some(wanted) => found.wrong_attributes(wanted),
        None => Ok(None),
    })?;
    Ok(wrong.is_none())
}

/// The first of these changes that is not as wanted, and what of it.
pub(super) fn first_wrong(
    changes: &[Change],
    differs: impl Fn(&Change) -> Result<Option<String>, ApplyError>,
) -> Result<Option<(&Change, String)>, ApplyError> {
    for change in changes {
        if let Some(why) = differs(change)? {
            return Ok(Some((change, why)));
        }
    }
    Ok(None)
}

fn compare(
    machine: &Machine<'_>,
    change: &Change,
    more: impl FnOnce(&Live<'_>) -> Result<Option<String>, ApplyError>,
) -> Result<Option<String>, ApplyError> {
    let tree = Tree::of(machine);
    let below = tree.place_of(change)?;
    let (directory, stat) = match (tree.find(below), &change.wanted) {
        // A symlink where a directory should be: what lies behind it is not what is wanted.
        (Err(ApplyError::Differs { path, why }), _) => return Ok(Some(format!("{path} {why}"))),
        (found, wanted) => match (found?, wanted) {
            (None, Wanted::Absent) => return Ok(None),
            (None, _) => return Ok(Some("it is not there".to_owned())),
            (Some((_, stat)), Wanted::Absent) => return Ok(Some(format!("a {} is there", stat.kind.as_str()))),
            (Some(found), _) => found,
        },
    };
    let live = Live { place: Placed { below, change }, directory, stat };
    match live.wrong_content()? {
        None => more(&live),
        wrong => Ok(wrong),
    }
}

/// What is there.
struct Live<'a> {
    place: Placed<'a>,
    directory: Directory,
    stat: Stat,
}

impl Live<'_> {
    fn name(&self) -> &OsStr {
        split(self.place.below).1
    }

    fn wrong_content(&self) -> Result<Option<String>, ApplyError> {
        let wrong = match (&self.place.change.wanted, self.stat.kind) {
            (Wanted::File { size, digest, .. }, Kind::File) => {
                let (mut file, stat) = self.directory.open_file(self.name())?;
                let path = self.directory.path().join(self.name());
                stat.size != *size || hash_file(&mut file, 0, stat.size, &path)? != hex(digest)
            }
            (Wanted::Symlink(target), Kind::Symlink) => self.directory.read_link(self.name())?.as_bytes() != target,
            (Wanted::Directory, Kind::Directory) => false,
            (wanted, kind) => {
                return Ok(Some(format!("it is a {}, and a {} is wanted", kind.as_str(), wanted.as_str())));
            }
        };
        Ok(wrong.then(|| "its content is another".to_owned()))
    }

    fn wrong_attributes(&self, wanted: &Attributes) -> Result<Option<String>, ApplyError> {
        let Stat { kind, uid, gid, mode, .. } = self.stat;
        if (uid, gid) != (wanted.uid, wanted.gid) {
            return Ok(Some(format!("its owner is {uid}:{gid}, not {}:{}", wanted.uid, wanted.gid)));
        }
        // Linux gives all symlinks one mode and, to users, no attributes.
        if kind == Kind::Symlink {
            return Ok(None);
        }
        if mode != wanted.mode {
            return Ok(Some(format!("its mode is {mode:04o}, not {:04o}", wanted.mode)));
        }
        let has_others = self.xattrs()?.ne(wanted);
        Ok(has_others.then(|| "its extended attributes are others".to_owned()))
    }

    fn xattrs(&self) -> Result<Xattrs, ApplyError> {
        let open: File = match self.stat.kind {
            Kind::Directory => self.directory.open_dir(self.name())?.as_file()?,
            _ => self.directory.open_file(self.name())?.0,
        };
        Ok(Xattrs(read_xattrs(&open).into_iter().map(|(name, value)| (name.as_bytes().to_vec(), value)).collect()))
    }
}

/// Extended attributes that a file has.
struct Xattrs(Vec<(Vec<u8>, Vec<u8>)>);

impl Xattrs {
    /// Whether something is missing, or is there that somebody put on and nobody wants.
    fn ne(&self, wanted: &Attributes) -> bool {
        let is_missing = wanted.xattrs.iter().any(|one| !self.0.contains(one));
        let is_wanted = |name: &[u8]| wanted.xattrs.iter().any(|(wanted, _)| wanted == name);
        is_missing || self.0.iter().any(|(name, _)| is_put_on(name) && !is_wanted(name))
    }
}
