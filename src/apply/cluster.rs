//! Puts files below the mounted `/etc/pve` by the rules of `pmxcfs`: plain create, write, rename and
//! mkdir. It makes owners and modes itself, has no symlinks but its own, takes no writes without
//! quorum, and knows each guest number once in the whole cluster.
//!
//! The mount is opened once, and everything is done below what is open: should `pmxcfs` end
//! meanwhile, nothing goes into the directory under it.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::content::fill;
use super::place::{Placed, Tree, differs};
use super::put::sorted;
use super::writer::{Made, Writer};
use super::{ApplyError, Change, Machine, Wanted};
use crate::host::CLUSTER_DIR;
use crate::system::{Beneath, Cancel, FileError, Kind};

/// Only the mounted file system has it: a symlink to this node's directory.
const LOCAL: &str = "local";
/// A `pmxcfs` that waits for its cluster does not answer writes.
const PATIENCE: Duration = Duration::from_secs(20);
const TICK: Duration = Duration::from_millis(50);

/// Makes every path below `/etc/pve` what it shall be, and gives what stays although it should not,
/// in words. Files come in the order given: the caller knows that guests need their storages.
pub fn put_cluster(machine: &Machine<'_>, changes: &[Change]) -> Result<Vec<String>, ApplyError> {
    let mount = mounted(&machine.beneath)?;
    let tree = Tree::part(&mount, CLUSTER_DIR);
    let placed = tree.place(changes)?;
    placed.iter().try_for_each(|one| suits(tree, one))?;
    let mut writer = Writer::new(tree, Made::ByItself);

    let cancel = &machine.system.cancel;
    let mut remarks = Vec::new();
    for one in sorted(&placed, |wanted| *wanted == Wanted::Directory) {
        cancel.check()?;
        writer.make_directory(one.below, None).map_err(|error| refused(tree, &one, error))?;
    }
    for one in placed.iter().filter(|one| matches!(one.change.wanted, Wanted::File { .. })) {
        cancel.check()?;
        file(&mut writer, one).map_err(|error| refused(tree, one, error))?;
    }
    for one in sorted(&placed, |wanted| *wanted == Wanted::Absent).into_iter().rev() {
        cancel.check()?;
        remarks.extend(writer.remove(one.below).map_err(|error| refused(tree, &one, error))?);
    }
    writer.finish()?;
    Ok(remarks)
}

fn file(writer: &mut Writer<'_>, one: &Placed<'_>) -> Result<(), ApplyError> {
    writer.replace(one.below, |directory, slot| {
        let file = directory.create_file(slot)?;
        let shown = directory.path().join(slot);
        fill(&file, &shown, one.change)?;
        Ok(file.sync_all().map_err(FileError::of("sync", shown))?)
    })
}

/// What this file system cannot have, said before anything has changed.
fn suits(tree: Tree<'_>, one: &Placed<'_>) -> Result<(), ApplyError> {
    if matches!(one.change.wanted, Wanted::Symlink(_)) {
        return Err(differs(tree.shown(one.below), "a symlink is wanted, and this file system has only its own"));
    }
    match tree.find(one.below)? {
        Some((_, stat)) if stat.kind == Kind::Symlink => {
            Err(differs(tree.shown(one.below), "is a symlink that the file system makes itself"))
        }
        _ => Ok(()),
    }
}

/// Gives the file system's answers their meaning.
fn refused(tree: Tree<'_>, one: &Placed<'_>, error: ApplyError) -> ApplyError {
    match error {
        ApplyError::File(error) if error.takes_no_writes() => no_quorum(&error),
        ApplyError::File(error) if error.is_taken() && one.below.extension() == Some(OsStr::new("conf")) => {
            differs(tree.shown(one.below), "refused by the cluster, which has a guest of this number elsewhere")
        }
        error => error,
    }
}

fn no_quorum(error: &FileError) -> ApplyError {
    ApplyError::NoQuorum(format!("{error}; has the cluster no quorum?"))
}

/// Proves that `/etc/pve` is mounted and takes writes: makes a file there and removes it. Does not
/// wait for a file system that does not answer.
pub fn may_write(machine: &Machine<'_>) -> Result<(), ApplyError> {
    let root = machine.beneath.below(Path::new(""))?;
    let (answer, answers) = channel();
    // Not scoped: a call that the file system never answers cannot be taken back.
    std::thread::spawn(move || answer.send(try_writing(&root)));
    let until = Instant::now() + PATIENCE;
    let cancel: &Cancel = &machine.system.cancel;
    loop {
        cancel.check()?;
        match answers.recv_timeout(TICK) {
            Ok(answer) => return answer,
            Err(RecvTimeoutError::Timeout) if Instant::now() < until => {}
            Err(_) => return Err(ApplyError::NoQuorum(format!("no answer within {} s", PATIENCE.as_secs()))),
        }
    }
}

fn try_writing(root: &Beneath) -> Result<(), ApplyError> {
    let mount = mounted(root)?;
    let mut writer = Writer::new(Tree::part(&mount, CLUSTER_DIR), Made::ByItself);
    writer.probe().map_err(|error| match error {
        ApplyError::File(error) if error.takes_no_writes() => no_quorum(&error),
        error => error,
    })
}

/// The mounted file system, held open.
fn mounted(root: &Beneath) -> Result<Beneath, ApplyError> {
    let unmounted = || ApplyError::NoQuorum("it is not mounted".to_owned());
    let mount = match root.below(Path::new(CLUSTER_DIR.trim_start_matches('/'))) {
        Err(error) if error.is_absent() => return Err(unmounted()),
        opened => opened?,
    };
    let top = mount.directory(Path::new(""))?;
    let has_local = top.is_served()? && top.stat_of(OsStr::new(LOCAL))?.is_some();
    if has_local { Ok(mount) } else { Err(unmounted()) }
}
