//! What is on the machine before a restore changes it: packed, read back and compared, so that
//! taking it back can rely on it.
//!
//! ```text
//! paths ─→ survey ─→ pack ─→ undo.tar.partial ─→ read back ─→ read the machine again ─→ undo.tar
//!            └ what is new, directories that will be made                                  │
//!                                     touched.json: what was there, what comes ←───────────┘
//! touched.json + undo.tar ─→ load: changes that put everything back
//!                         └→ changed_since ─→ keep_aside: after.tar
//! ```
//!
//! A file that changes while this happens makes it start over. Files with several names are saved
//! as files of their own; of a directory only itself is saved, not what is in it. The cluster
//! database has a copy of its own, byte for byte.

mod looks;
mod touched;
mod live;
mod pack;
mod unpack;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use self::live::{Found, find};
use self::looks::{Looks, Shape};
use self::pack::{Trouble, only_hash, pack, present, read_back};
use self::touched::{Row, Touched, is_plain, unusable};
use super::{ApplyError, Change, Machine, Reach, Record};
use crate::archive::printable;
use crate::collect::{Entry, EntryKind};
use crate::system::{Cancel, Kind, PartialFile, free_space, is_there, remove_file};

pub use unpack::load;

/// So often the machine is read before it is said to be too busy.
const TRIES: usize = 3;
/// Of each member: headers, records, padding.
const MEMBER_BYTES: u64 = 4096;
/// Stays free for the journal and what else has to be written down.
const MARGIN_BYTES: u64 = 1 << 20;
/// Archives of what came after a restore, of one restore.
const MOST_ASIDE: u32 = 1000;

/// Saves what is at these paths now. When this returns, it is on disk and was read back.
///
/// Directories that are missing above them are noted as well: a restore makes them. What only a
/// program changes ([`Reach::Services`]) stays out where a symlink leads to it elsewhere.
pub fn save(machine: &Machine<'_>, record: &Record, changes: &[(Reach, Change)]) -> Result<(), ApplyError> {
    if is_there(&record.touched()) {
        // A second one would save what the restore has made of it.
        return Err(unusable(record.dir(), &"what was there before is saved already"));
    }
    let wanted = wanted(changes)?;
    steadily(|| attempt(machine, record, &wanted))?.write(record)
}

/// The paths that are now neither as they were saved nor as the restore makes them: somebody has
/// changed them since. What cannot be read is left out, as it cannot be kept either and must not
/// stop the way back.
pub fn changed_since(machine: &Machine<'_>, record: &Record) -> Result<Vec<Vec<u8>>, ApplyError> {
    let Some(touched) = Touched::read(record)? else { return Ok(Vec::new()) };
    let has_changed = |row: &&Row| match present(&machine.beneath, &row.path) {
        Ok(Some(now)) => !row.was.is_as(&now, row.reach) && !row.becomes.is_as(&now, row.reach),
        Ok(None) | Err(Trouble::Changed(_)) => true,
        Err(Trouble::Failed(_)) => false,
    };
    let changed: BTreeSet<Vec<u8>> = touched.paths.iter().filter(has_changed).map(|row| row.path.clone()).collect();
    Ok(changed.into_iter().collect())
}

/// Packs what is at these paths now into an archive beside the undo archive; gives its path, `None`
/// when nothing is there that can be packed.
pub fn keep_aside(machine: &Machine<'_>, record: &Record, paths: &[Vec<u8>]) -> Result<Option<PathBuf>, ApplyError> {
    let target = free_name(record)?;
    steadily(|| {
        let mut there = BTreeSet::new();
        for path in paths.iter().filter(|path| is_plain(path)) {
            if let Found::There(_) = find(&machine.beneath, path)? {
                there.insert(path.clone());
            }
        }
        if there.is_empty() {
            return Ok(None);
        }
        let partial = PartialFile::create_over_stale(&target)?;
        // The run may have been asked to stop: that is why it is on its way back.
        let packed = pack(&machine.beneath, &there, &partial, &Cancel::default())?;
        read_back(partial.path(), &packed, &mut only_hash)?;
        Ok(Some(partial.publish()?))
    })
}

fn free_name(record: &Record) -> Result<PathBuf, ApplyError> {
    let names = std::iter::once("after.tar".to_owned()).chain((2..MOST_ASIDE).map(|n| format!("after-{n}.tar")));
    let mut paths = names.map(|name| record.dir().join(name));
    paths.find(|path| !is_there(path)).ok_or_else(|| unusable(record.dir(), &"too many archives lie in it"))
}

/// What each path shall be, by the kind of step that does it.
type Aims = BTreeMap<(Reach, Vec<u8>), Looks>;

fn wanted(changes: &[(Reach, Change)]) -> Result<Aims, ApplyError> {
    let mut wanted = Aims::new();
    for (reach, change) in changes.iter().filter(|(reach, _)| *reach != Reach::Database) {
        if !is_plain(&change.path) {
            return Err(differs(&change.path, "it is not the name of a file"));
        }
        wanted.insert((*reach, change.path.clone()), Looks::of_change(change));
    }
    Ok(wanted)
}

/// Until nothing changes meanwhile.
fn steadily<T>(mut attempt: impl FnMut() -> Result<T, Trouble>) -> Result<T, ApplyError> {
    let mut last = Vec::new();
    for _ in 0..TRIES {
        match attempt() {
            Ok(done) => return Ok(done),
            Err(Trouble::Failed(error)) => return Err(error),
            Err(Trouble::Changed(path)) => last = path,
        }
    }
    Err(differs(&last, &format!("it changed during each of {TRIES} readings; stop what writes it")))
}

fn attempt(machine: &Machine<'_>, record: &Record, wanted: &Aims) -> Result<Touched, Trouble> {
    let survey = Survey::of(machine, wanted)?;
    check_space(record.dir(), survey.bytes)?;
    let archive = record.undo_archive();
    let partial = PartialFile::create_over_stale(&archive)?;
    let packed = pack(&machine.beneath, &survey.there, &partial, &machine.system.cancel)?;
    read_back(partial.path(), &packed, &mut only_hash)?;
    let looked = |path: &Vec<u8>| packed.get(path).cloned().unwrap_or_else(Looks::absent);
    let rows = survey.aims.into_iter().map(|((reach, path), becomes)| Row { was: looked(&path), path, reach, becomes });
    let touched = Touched::new(rows.collect());
    confirm(machine, &touched)?;
    if is_there(&archive) {
        // Of a run that was killed before it was of any use.
        remove_file(&archive)?;
    }
    partial.publish()?;
    Ok(touched)
}

/// Reads the machine once more: everything is still as it was packed.
fn confirm(machine: &Machine<'_>, touched: &Touched) -> Result<(), Trouble> {
    for row in &touched.paths {
        machine.system.cancel.check()?;
        let is_same = present(&machine.beneath, &row.path)?.is_some_and(|now| row.was.is_as(&now, row.reach));
        if !is_same {
            return Err(Trouble::Changed(row.path.clone()));
        }
    }
    Ok(())
}

/// What there is, before anything is packed.
#[derive(Default)]
struct Survey {
    /// With the directories that will be made.
    aims: Aims,
    /// What is to be packed.
    there: BTreeSet<Vec<u8>>,
    /// Room that takes.
    bytes: u64,
}

impl Survey {
    fn of(machine: &Machine<'_>, wanted: &Aims) -> Result<Self, ApplyError> {
        let mut survey = Self { aims: wanted.clone(), ..Self::default() };
        for ((reach, path), becomes) in wanted {
            machine.system.cancel.check()?;
            match find(&machine.beneath, path)? {
                Found::There(entry) => survey.add(path, &entry, becomes)?,
                Found::Nothing(missing) => survey.will_be_made(*reach, missing),
                Found::Behind(..) if *reach == Reach::Services => drop(survey.aims.remove(&(*reach, path.clone()))),
                Found::Behind(above, kind) => return Err(differs(&above, &in_the_way(kind))),
                Found::Special(kind) => return Err(differs(path, &in_the_way(kind))),
            }
        }
        Ok(survey)
    }

    fn add(&mut self, path: &[u8], entry: &Entry, becomes: &Looks) -> Result<(), ApplyError> {
        let is_file_wanted = matches!(becomes.kind, Shape::File | Shape::Symlink);
        if entry.kind == EntryKind::Directory && is_file_wanted {
            return Err(differs(path, &in_the_way(Kind::Directory)));
        }
        if self.there.insert(path.to_vec()) {
            let data = entry.regions.as_ref().map(|regions| regions.iter().map(|(_, length)| length).sum());
            self.bytes = self.bytes.saturating_add(data.unwrap_or(entry.size)).saturating_add(MEMBER_BYTES);
        }
        Ok(())
    }

    fn will_be_made(&mut self, reach: Reach, missing: Vec<Vec<u8>>) {
        for dir in missing {
            self.aims.entry((reach, dir)).or_insert_with(Looks::any_directory);
        }
    }
}

fn check_space(dir: &Path, bytes: u64) -> Result<(), ApplyError> {
    let (needed, free) = (bytes.saturating_add(MARGIN_BYTES), free_space(dir)?.free.0);
    if free < needed { Err(ApplyError::Space { dir: dir.to_owned(), needed, free }) } else { Ok(()) }
}

fn in_the_way(kind: Kind) -> String {
    format!("a {} is here in its place", kind.as_str())
}

fn differs(path: &[u8], why: &str) -> ApplyError {
    ApplyError::Differs { path: printable(path), why: why.to_owned() }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests;
