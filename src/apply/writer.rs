//! Changes names below a tree so that a kill at any moment leaves what was there or what shall be
//! there, whole: everything is made under a temporary name and renamed.
//!
//! A killed run may leave one temporary. Whoever writes into the same directory next removes it;
//! runs exclude each other by the lock, so none of them is anybody's.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::ApplyError;
use super::place::{Tree, Way, split};
use crate::system::{Attributes, Directory, FileError, Kind, dress};

/// Never the ending of a file that a service reads: for `pmxcfs`, `.conf` makes a guest.
const ENDING: &str = ".tmp";
const BEGINNING: &str = ".proxmox-backup.";

/// What a directory is that nobody described and something needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// root's, 0755.
    ByRoot,
    /// The file system gives everything its owner and mode, and takes none.
    ByItself,
}

/// The one who writes.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    tree: Tree<'a>,
    made: Made,
    /// The last directory: most changes are neighbours.
    open: Option<(PathBuf, Rc<Directory>)>,
    /// Directories whose names change: free of leftovers, and to be synced.
    touched: BTreeSet<PathBuf>,
    temporaries: u64,
}

impl<'a> Writer<'a> {
    pub(super) fn new(tree: Tree<'a>, made: Made) -> Self {
        Self { tree, made, open: None, touched: BTreeSet::new(), temporaries: 0 }
    }

    /// A directory, made with what is missing above it.
    pub(super) fn make_directory(
        &mut self,
        below: &Path,
        attributes: Option<&Attributes<'_>>,
    ) -> Result<(), ApplyError> {
        if self.tree.find(below)?.is_none() {
            let (above, name) = split(below);
            let above = self.directory(above)?;
            self.create_directory(&above, name, attributes)?;
        }
        self.directory(below).map(drop)
    }

    /// Has something made under a temporary name, then gives it its own.
    pub(super) fn replace(
        &mut self,
        below: &Path,
        make: impl FnOnce(&Directory, &OsStr) -> Result<(), ApplyError>,
    ) -> Result<(), ApplyError> {
        let (above, name) = split(below);
        let directory = self.directory(above)?;
        let temporary = self.temporary();
        let renamed = make(&directory, &temporary).and_then(|()| Ok(directory.rename(&temporary, name)?));
        // What remains is removed by the next run; the error that is told is the first one.
        renamed.inspect_err(|_| drop(directory.remove(&temporary)))
    }

    /// Makes a file and removes it: whether the top takes writes now.
    pub(super) fn probe(&mut self) -> Result<(), ApplyError> {
        let top = self.directory(Path::new(""))?;
        let temporary = self.temporary();
        top.create_file(&temporary)?;
        Ok(top.remove(&temporary)?)
    }

    /// Removes a name; a directory only when it is empty. Gives what stays, and why.
    pub(super) fn remove(&mut self, below: &Path) -> Result<Option<String>, ApplyError> {
        let (above, name) = split(below);
        let Some(directory) = self.existing(above)? else { return Ok(None) };
        let Some(stat) = directory.stat_of(name)? else { return Ok(None) };
        let removed = match stat.kind {
            Kind::Directory => {
                // A leftover of ours must not keep it.
                self.directory(below)?;
                self.open = None;
                directory.remove_dir(name)
            }
            Kind::File | Kind::Symlink => directory.remove(name),
            kind => return Ok(Some(format!("{} is a {} and stays", self.tree.shown(below), kind.as_str()))),
        };
        let stays = |why: &str| Ok(Some(format!("{} {why} and stays", self.tree.shown(below))));
        match removed {
            Err(error) if error.is_not_empty() => stays("is not empty"),
            Err(error) if error.is_busy() => stays("has something mounted on it"),
            Err(error) if !error.is_absent() => Err(error.into()),
            _ => Ok(None),
        }
    }

    /// Nothing is written here; what a killed run left goes all the same.
    pub(super) fn visit(&mut self, below: &Path) -> Result<(), ApplyError> {
        self.existing(below).map(drop)
    }

    /// Makes all that was renamed and removed survive a power cut.
    pub(super) fn finish(self) -> Result<(), ApplyError> {
        for touched in &self.touched {
            match self.tree.beneath.directory(touched) {
                // It was removed after that.
                Err(error) if error.is_absent() => {}
                opened => opened?.sync()?,
            }
        }
        Ok(())
    }

    /// A directory to remove something from; where it is missing there is nothing to do.
    fn existing(&mut self, below: &Path) -> Result<Option<Rc<Directory>>, ApplyError> {
        match self.tree.way(below)? {
            Way::Open(_) => self.directory(below).map(Some),
            Way::Blocked(at, Kind::Symlink) => Err(self.tree.blocked(&at, Kind::Symlink)),
            Way::Missing | Way::Blocked(..) => Ok(None),
        }
    }

    /// A directory to write into, made where it is missing; leftovers in it are gone.
    fn directory(&mut self, below: &Path) -> Result<Rc<Directory>, ApplyError> {
        if let Some((_, open)) = self.open.as_ref().filter(|(known, _)| known == below) {
            return Ok(Rc::clone(open));
        }
        let directory = match self.tree.way(below)? {
            Way::Open(directory) => directory,
            Way::Blocked(at, kind) => return Err(self.tree.blocked(&at, kind)),
            Way::Missing => {
                let (above, name) = split(below);
                let above = self.directory(above)?;
                self.create_directory(&above, name, None)?
            }
        };
        if self.touched.insert(below.to_owned()) {
            remove_leftovers(&directory)?;
        }
        let directory = Rc::new(directory);
        self.open = Some((below.to_owned(), Rc::clone(&directory)));
        Ok(directory)
    }

    /// With its attributes from the first moment: a kill in between would leave it as it is, and
    /// nobody would know that it was meant otherwise.
    fn create_directory(
        &mut self,
        above: &Directory,
        name: &OsStr,
        attributes: Option<&Attributes<'_>>,
    ) -> Result<Directory, ApplyError> {
        if self.made == Made::ByItself {
            return Ok(above.create_dir(name)?);
        }
        let temporary = self.temporary();
        let made = above.create_dir(&temporary)?;
        let stat = made.stat()?;
        let by_root = Attributes { owner: Some((0, 0)), mode: 0o755, mtime: (stat.mtime, stat.mtime_ns), xattrs: &[] };
        let failed = dress(&made.as_file()?, &above.path().join(name), attributes.unwrap_or(&by_root));
        let renamed = one_is_too_many(failed).and_then(|()| above.rename(&temporary, name));
        renamed.inspect_err(|_| drop(above.remove_dir(&temporary)))?;
        // Opened once more for the name that messages tell.
        Ok(above.open_dir(name)?)
    }

    fn temporary(&mut self) -> OsString {
        self.temporaries += 1;
        OsString::from(format!("{BEGINNING}{}.{}{ENDING}", std::process::id(), self.temporaries))
    }
}

/// The first of several things that did not work.
pub(super) fn one_is_too_many(failed: Vec<FileError>) -> Result<(), FileError> {
    failed.into_iter().next().map_or(Ok(()), Err)
}

/// What killed runs left in a directory.
pub(super) fn remove_leftovers(directory: &Directory) -> Result<(), FileError> {
    for entry in directory.entries()? {
        let name = entry.name.as_bytes();
        if !name.starts_with(BEGINNING.as_bytes()) || !name.ends_with(ENDING.as_bytes()) {
            continue;
        }
        match directory.stat_of(&entry.name)?.map(|stat| stat.kind) {
            Some(Kind::File | Kind::Symlink) => directory.remove(&entry.name)?,
            // Ours are empty until they have their names.
            Some(Kind::Directory) => match directory.remove_dir(&entry.name) {
                Err(error) if error.is_not_empty() => {}
                result => result?,
            },
            _ => {}
        }
    }
    Ok(())
}
