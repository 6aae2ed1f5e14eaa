//! Puts files, links and directories in their places below the root, or takes them away.
//!
//! Paths are opened beneath the root and never through a symlink. A kill at any moment leaves each
//! file as it was or as it shall be (`writer`). What is wanted where a directory is, or a directory
//! where something else is, is an error before anything has changed: nothing is removed with what
//! it holds. So is, later, an owner, mode or attribute that cannot be set.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::compare::is_as_wanted;
use super::content::fill;
use super::place::{Placed, Tree, differs, split};
use super::writer::{Made, Writer, one_is_too_many};
use super::{ApplyError, Attributes, Change, Machine, Wanted};
use crate::archive::printable;
use crate::host::CLUSTER_DIR;
use crate::system::{FileError, dress, take_off_others};

/// Makes every path what it shall be, and gives what stays although it should not, in words.
///
/// Directories come first, then files and links, then what goes; owners, modes and times of
/// directories last, because each change of a name changes a time. What a kill left is removed.
/// Doing it twice is the same as doing it once.
pub fn put_all(machine: &Machine<'_>, changes: &[Change]) -> Result<Vec<String>, ApplyError> {
    put(machine, changes, Way::There)
}

/// As [`put_all`], for the way back from a restore that may have failed: what goes is first, since
/// it may be what fills the disk, and what is as it shall be is left alone, since it may be what
/// cannot be written.
pub fn put_back(machine: &Machine<'_>, changes: &[Change]) -> Result<Vec<String>, ApplyError> {
    put(machine, changes, Way::Back)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

fn put(machine: &Machine<'_>, changes: &[Change], way: Way) -> Result<Vec<String>, ApplyError> {
    let tree = Tree::of(machine);
    let placed = tree.place(changes)?;
    placed.iter().try_for_each(|one| is_ours(one))?;
    let mut putter = Putter { machine, tree, writer: Writer::new(tree, Made::ByRoot), remarks: Vec::new(), way };

    let absent = sorted(&placed, |wanted| *wanted == Wanted::Absent);
    if way == Way::Back {
        putter.each(absent.iter().rev(), Putter::absent)?;
    }
    let directories = sorted(&placed, |wanted| *wanted == Wanted::Directory);
    putter.each(directories.iter(), Putter::directory)?;
    let contents = placed.iter().filter(|one| matches!(one.change.wanted, Wanted::File { .. } | Wanted::Symlink(_)));
    putter.each(contents, Putter::content)?;
    if way == Way::There {
        putter.each(absent.iter().rev(), Putter::absent)?;
    }
    putter.each(directories.iter().rev(), Putter::dress_directory)?;
    putter.writer.finish()?;
    Ok(putter.remarks)
}

/// By path: what is above comes before what is below.
pub(super) fn sorted<'a>(placed: &[Placed<'a>], is_meant: fn(&Wanted) -> bool) -> Vec<Placed<'a>> {
    let mut chosen: Vec<_> = placed.iter().filter(|one| is_meant(&one.change.wanted)).copied().collect();
    chosen.sort_by_key(|one| one.below);
    chosen
}

/// The cluster file system is written by its own rules, and never the directory below its mount.
fn is_ours(placed: &Placed<'_>) -> Result<(), ApplyError> {
    let path = Path::new(OsStr::from_bytes(&placed.change.path));
    if path != Path::new(CLUSTER_DIR) && path.starts_with(CLUSTER_DIR) {
        return Err(differs(printable(&placed.change.path), "refused: it belongs to the cluster file system"));
    }
    if placed.change.wanted != Wanted::Absent {
        attributes_of(placed.change)?;
    }
    Ok(())
}

struct Putter<'a> {
    machine: &'a Machine<'a>,
    tree: Tree<'a>,
    writer: Writer<'a>,
    remarks: Vec<String>,
    way: Way,
}

impl<'a> Putter<'a> {
    fn each<'p>(
        &mut self,
        placed: impl Iterator<Item = &'p Placed<'a>>,
        deed: impl Fn(&mut Self, &Placed<'a>) -> Result<(), ApplyError>,
    ) -> Result<(), ApplyError>
    where
        'a: 'p,
    {
        for one in placed {
            self.machine.system.cancel.check()?;
            deed(self, one)?;
        }
        Ok(())
    }

    /// What cannot be looked at is written.
    fn is_left_alone(&self, one: &Placed<'_>) -> bool {
        self.way == Way::Back && is_as_wanted(self.machine, one.change).unwrap_or(false)
    }

    fn directory(&mut self, one: &Placed<'_>) -> Result<(), ApplyError> {
        self.writer.make_directory(one.below, Some(&attributes_of(one.change)?.as_given()))
    }

    fn content(&mut self, one: &Placed<'_>) -> Result<(), ApplyError> {
        if self.is_left_alone(one) {
            return self.writer.visit(split(one.below).0);
        }
        let attributes = attributes_of(one.change)?.as_given();
        let shown = self.tree.beneath.display(one.below);
        if let Wanted::Symlink(target) = &one.change.wanted {
            if !attributes.xattrs.is_empty() {
                let what = self.tree.shown(one.below);
                self.remarks.push(format!("{what}: attributes of symlinks are not restored"));
            }
            return self.writer.replace(one.below, |directory, slot| {
                directory.create_symlink(slot, OsStr::from_bytes(target))?;
                Ok(one_is_too_many(directory.dress_symlink(slot, &attributes))?)
            });
        }
        self.writer.replace(one.below, |directory, slot| {
            let file = directory.create_file(slot)?;
            fill(&file, &shown, one.change)?;
            one_is_too_many(dress(&file, &shown, &attributes))?;
            Ok(file.sync_all().map_err(FileError::of("sync", &shown))?)
        })
    }

    fn absent(&mut self, one: &Placed<'_>) -> Result<(), ApplyError> {
        self.remarks.extend(self.writer.remove(one.below)?);
        Ok(())
    }

    fn dress_directory(&mut self, one: &Placed<'_>) -> Result<(), ApplyError> {
        if self.is_left_alone(one) {
            return Ok(());
        }
        let attributes = attributes_of(one.change)?.as_given();
        let directory = self.tree.beneath.directory(one.below)?;
        let file = directory.as_file()?;
        one_is_too_many(take_off_others(&file, directory.path(), attributes.xattrs))?;
        Ok(one_is_too_many(dress(&file, directory.path(), &attributes))?)
    }
}

fn attributes_of(change: &Change) -> Result<&Attributes, ApplyError> {
    change.attributes.as_ref().ok_or_else(|| differs(printable(&change.path), "refused: nobody said whose it is"))
}
