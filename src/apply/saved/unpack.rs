//! The undo archive becomes changes that put everything back.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};

use super::looks::Shape;
use super::pack::{Reader, only_hash, path_of, read_back};
use super::touched::{Row, Touched};
use crate::apply::{ApplyError, Attributes, Change, Reach, Record, Wanted};
use crate::archive::{Digest, Member, MemberKind, Piece};
use crate::system::{Beneath, Directory, FileError, create_private_dir};

/// What puts back everything that these kinds of steps change. Contents are unpacked to this
/// directory of the record, each compared with its digest; the rest of the archive is read as well.
///
/// Without `touched.json` nothing was saved, and so nothing has changed.
pub fn load(
    record: &Record,
    reached: &BTreeSet<Reach>,
    into: PathBuf,
) -> Result<BTreeMap<Reach, Vec<Change>>, ApplyError> {
    let Some(touched) = Touched::read(record)? else { return Ok(BTreeMap::new()) };
    let rows = || touched.paths.iter().filter(|row| reached.contains(&row.reach));
    let wanted: BTreeSet<&[u8]> = rows().map(|row| row.path.as_slice()).collect();
    let mut old = Old::empty(into)?;
    read_back(&record.undo_archive(), &touched.packed(), &mut |reader, member| {
        let path = path_of(member);
        if wanted.contains(path.as_slice()) { old.take(reader, member, path) } else { only_hash(reader, member) }
    })?;
    let mut changes: BTreeMap<Reach, Vec<Change>> = BTreeMap::new();
    for row in rows() {
        changes.entry(row.reach).or_default().push(old.change(row, record)?);
    }
    Ok(changes)
}

/// The directory of old contents.
struct Old {
    path: PathBuf,
    dir: Directory,
    /// What each path was.
    known: BTreeMap<Vec<u8>, (Wanted, Attributes)>,
}

impl Old {
    /// Opens it, and removes what a killed run left there.
    fn empty(path: PathBuf) -> Result<Self, FileError> {
        create_private_dir(&path)?;
        let dir = Beneath::open(&path)?.directory(Path::new(""))?;
        for entry in dir.entries()? {
            dir.remove(&entry.name)?;
        }
        Ok(Self { path, dir, known: BTreeMap::new() })
    }

    fn take(&mut self, reader: &mut Reader, member: &Member, path: Vec<u8>) -> Result<Option<Digest>, ApplyError> {
        let (wanted, digest) = match member.kind {
            MemberKind::File => {
                let (content, digest) = self.content(reader)?;
                (Wanted::File { content, size: member.size, digest }, Some(digest))
            }
            MemberKind::Symlink => (Wanted::Symlink(member.link.clone()), None),
            // Any other kind is refused by the comparison that follows.
            _ => (Wanted::Directory, None),
        };
        self.known.insert(path, (wanted, attributes(member)));
        Ok(digest)
    }

    fn content(&self, reader: &mut Reader) -> Result<(PathBuf, Digest), ApplyError> {
        let name = format!("{:06}", self.known.len());
        let path = self.path.join(&name);
        let file = self.dir.create_file(OsStr::new(&name))?;
        let digest = fill(file, &path, reader)?;
        Ok((path, digest))
    }

    fn change(&self, row: &Row, record: &Record) -> Result<Change, ApplyError> {
        let path = row.path.clone();
        if row.was.kind == Shape::Absent {
            return Ok(Change { path, wanted: Wanted::Absent, attributes: None });
        }
        let Some((wanted, attributes)) = self.known.get(&row.path).cloned() else {
            return Err(super::touched::unusable(record.dir(), &"its undo archive lacks a path"));
        };
        let has_own = row.reach == Reach::Cluster;
        Ok(Change { path, wanted, attributes: (!has_own).then_some(attributes) })
    }
}

fn attributes(member: &Member) -> Attributes {
    Attributes {
        uid: member.uid,
        gid: member.gid,
        mode: member.mode,
        mtime: (member.mtime, member.mtime_ns),
        xattrs: member.xattrs.clone(),
    }
}

/// Writes the content, holes as holes; SHA-256 of what was written.
fn fill(mut file: File, path: &Path, reader: &mut Reader) -> Result<Digest, ApplyError> {
    let (mut hash, mut size) = (Context::new(&SHA256), 0_u64);
    reader.read_content(&mut |piece: Piece<'_>| -> Result<(), ApplyError> {
        piece.blocks(|bytes| hash.update(bytes));
        let (written, length) = match piece {
            Piece::Data(bytes) => (file.write_all(bytes), bytes.len() as u64),
            Piece::Hole(length) => (file.seek(SeekFrom::Start(size.saturating_add(length))).map(drop), length),
        };
        size = size.saturating_add(length);
        Ok(written.map_err(FileError::of("write", path))?)
    })?;
    // A hole at the end is there only now.
    file.set_len(size).map_err(FileError::of("write", path))?;
    let mut digest = [0; 32];
    digest.copy_from_slice(hash.finish().as_ref());
    Ok(digest)
}
