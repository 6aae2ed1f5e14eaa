//! Where a path lies: the directory that holds its name, opened segment by segment below a top, and
//! never through a symlink.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{ApplyError, Change, Machine, Wanted};
use crate::archive::printable;
use crate::system::{Beneath, Directory, Kind, Stat};

/// What paths are looked up below.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tree<'a> {
    pub(super) beneath: &'a Beneath,
    /// The machine's name for it: `/`, `/etc/pve`.
    top: &'static str,
}

/// What is on the way to a path.
#[derive(Debug)]
pub(super) enum Way {
    /// All of it; the last directory.
    Open(Directory),
    /// A directory is missing, so everything in it is.
    Missing,
    /// Something else has the name of a directory.
    Blocked(PathBuf, Kind),
}

/// A change and where it goes, below the top.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'a> {
    pub(super) below: &'a Path,
    pub(super) change: &'a Change,
}

impl<'a> Tree<'a> {
    /// The whole machine.
    pub(super) fn of(machine: &'a Machine<'_>) -> Self {
        Self { beneath: &machine.beneath, top: "/" }
    }

    /// A part of it that is open by itself.
    pub(super) fn part(beneath: &'a Beneath, top: &'static str) -> Self {
        Self { beneath, top }
    }

    /// For messages: as the machine calls it.
    pub(super) fn shown(&self, below: &Path) -> String {
        printable(Path::new(self.top).join(below).as_os_str().as_bytes())
    }

    /// All changes with their places, in the order of the paths. Paths that are none, that are there
    /// twice, and things in the way are errors: nothing has changed then.
    pub(super) fn place<'c>(&self, changes: &'c [Change]) -> Result<Vec<Placed<'c>>, ApplyError> {
        let mut known = BTreeSet::new();
        for change in changes {
            let below = self.place_of(change)?;
            if !known.insert(below) {
                return Err(differs(printable(&change.path), "is to become two things"));
            }
            self.check(below, &change.wanted)?;
        }
        let placed = changes.iter().map(|change| Ok(Placed { below: self.place_of(change)?, change }));
        placed.collect()
    }

    /// The part of a path below the top: absolute, of plain names, and not the top itself.
    pub(super) fn place_of<'c>(&self, change: &'c Change) -> Result<&'c Path, ApplyError> {
        let is_plain = |name: &[u8]| !matches!(name, b"" | b"." | b"..") && !name.contains(&0);
        let names = change.path.strip_prefix(b"/").map(|rest| rest.split(|byte| *byte == b'/'));
        if !names.is_some_and(|mut names| names.all(is_plain)) {
            return Err(differs(printable(&change.path), "refused: this is no absolute path of plain names"));
        }
        let path = Path::new(OsStr::from_bytes(&change.path));
        let below = path.strip_prefix(self.top).ok().filter(|below| !below.as_os_str().is_empty());
        below.ok_or_else(|| differs(printable(&change.path), format!("refused: this is not below {}", self.top)))
    }

    /// Goes down to a directory.
    pub(super) fn way(&self, to: &Path) -> Result<Way, ApplyError> {
        let (mut at, mut so_far) = (self.beneath.directory(Path::new(""))?, PathBuf::new());
        for name in to {
            so_far.push(name);
            at = match at.stat_of(name)?.map(|stat| stat.kind) {
                Some(Kind::Directory) => at.open_dir(name)?,
                Some(kind) => return Ok(Way::Blocked(so_far, kind)),
                None => return Ok(Way::Missing),
            };
        }
        Ok(Way::Open(at))
    }

    /// What has this name now, and the directory that holds it. A symlink on the way is an error:
    /// nobody can say whether what lies behind it is meant.
    pub(super) fn find(&self, below: &Path) -> Result<Option<(Directory, Stat)>, ApplyError> {
        let (above, name) = split(below);
        match self.way(above)? {
            Way::Open(directory) => Ok(directory.stat_of(name)?.map(|stat| (directory, stat))),
            Way::Blocked(at, Kind::Symlink) => Err(self.blocked(&at, Kind::Symlink)),
            Way::Missing | Way::Blocked(..) => Ok(None),
        }
    }

    /// The message about what is on the way.
    pub(super) fn blocked(&self, at: &Path, kind: Kind) -> ApplyError {
        differs(self.shown(at), format!("is a {}, and a directory is wanted", kind.as_str()))
    }

    /// Whether what is there may make room: a directory for nothing but itself or nothing.
    fn check(&self, below: &Path, wanted: &Wanted) -> Result<(), ApplyError> {
        if *wanted != Wanted::Absent {
            if let Way::Blocked(at, kind) = self.way(split(below).0)? {
                return Err(self.blocked(&at, kind));
            }
        }
        let Some((_, stat)) = self.find(below)? else { return Ok(()) };
        match (wanted, stat.kind) {
            (Wanted::Absent, _)
            | (Wanted::Directory, Kind::Directory)
            | (Wanted::File { .. } | Wanted::Symlink(_), Kind::File | Kind::Symlink) => Ok(()),
            (wanted, kind) => {
                let why = format!("is a {}, and a {} is wanted", kind.as_str(), wanted.as_str());
                Err(differs(self.shown(below), why))
            }
        }
    }
}

/// The directory and the name in it.
pub(super) fn split(below: &Path) -> (&Path, &OsStr) {
    (below.parent().unwrap_or(Path::new("")), below.file_name().unwrap_or_default())
}

pub(super) fn differs(path: String, why: impl Into<String>) -> ApplyError {
    ApplyError::Differs { path, why: why.into() }
}
