//! Paths of the machine become an archive, and the archive is read back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;

use super::live::{Found, find};
use super::looks::Looks;
use super::touched::unusable;
use crate::apply::ApplyError;
use crate::archive::{ArchiveReader, Digest, Limits, Member, TarWriter, hash_member, printable};
use crate::collect::Entry;
use crate::system::{Beneath, Cancel, Cancelled, FileError, PartialFile, drop_page_cache, open_file};

/// What is in an archive, by path.
pub(super) type Packed = BTreeMap<Vec<u8>, Looks>;

/// The archive of old contents as it is read.
pub(super) type Reader = ArchiveReader<BufReader<File>>;

/// Takes the content of a member; gives its digest.
pub(super) type Take<'a> = dyn FnMut(&mut Reader, &Member) -> Result<Option<Digest>, ApplyError> + 'a;

/// Why an attempt to read the machine came to nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Another one would not help.
    Failed(ApplyError),
    /// This path changed meanwhile.
    Changed(Vec<u8>),
}

impl From<ApplyError> for Trouble {
    fn from(error: ApplyError) -> Self {
        Self::Failed(error)
    }
}

impl From<FileError> for Trouble {
    fn from(error: FileError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Cancelled> for Trouble {
    fn from(cancelled: Cancelled) -> Self {
        Self::Failed(cancelled.into())
    }
}

/// Packs what is at these paths, and sees to it that it is on disk.
pub(super) fn pack(
    beneath: &Beneath,
    paths: &BTreeSet<Vec<u8>>,
    partial: &PartialFile,
    cancel: &Cancel,
) -> Result<Packed, Trouble> {
    let failed = |cause: io::Error| FileError::of("write", partial.path())(cause);
    let mut tar = TarWriter::new(BufWriter::new(partial.handle()?));
    let mut packed = Packed::new();
    for path in paths {
        cancel.check()?;
        let Found::There(mut entry) = find(beneath, path)? else { return Err(Trouble::Changed(path.clone())) };
        packed.insert(path.clone(), append(&mut tar, &mut entry, path, partial.path())?);
    }
    let file = tar.finish().and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error)).map_err(failed)?;
    partial.sync()?;
    drop_page_cache(&file);
    Ok(packed)
}

fn append<W: Write>(tar: &mut TarWriter<W>, entry: &mut Entry, path: &[u8], to: &Path) -> Result<Looks, Trouble> {
    match tar.append(entry) {
        Ok(digest) => Looks::of_entry(entry, digest).ok_or_else(|| Trouble::Changed(path.to_vec())),
        // It has become shorter than it said.
        Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => Err(Trouble::Changed(path.to_vec())),
        Err(cause) => Err(FileError::of("write", to)(cause).into()),
    }
}

/// What a path looks like now; `None` for a device, FIFO or socket. A file is read to its end, in
/// the way in which it would be packed.
pub(super) fn present(beneath: &Beneath, path: &[u8]) -> Result<Option<Looks>, Trouble> {
    match find(beneath, path)? {
        Found::Nothing(_) | Found::Behind(..) => Ok(Some(Looks::absent())),
        Found::Special(_) => Ok(None),
        Found::There(mut entry) => {
            append(&mut TarWriter::new(io::sink()), &mut entry, path, Path::new("nothing")).map(Some)
        }
    }
}

/// Reads an archive from its start to its end: it holds exactly these, and nothing else.
pub(super) fn read_back(archive: &Path, packed: &Packed, each: &mut Take<'_>) -> Result<(), ApplyError> {
    let dir = archive.parent().unwrap_or(archive);
    let mut reader = ArchiveReader::new(BufReader::new(open_file(archive)?), Limits::default());
    let read = compare(&mut reader, packed, each).and_then(|()| Ok(reader.finish()?));
    read.map_err(|error| match error {
        ApplyError::Read(error) => unusable(dir, &format!("its undo archive: {error}")),
        ApplyError::Differs { path, why } => unusable(dir, &format!("its undo archive: {path} {why}")),
        other => other,
    })
}

fn compare(reader: &mut Reader, packed: &Packed, each: &mut Take<'_>) -> Result<(), ApplyError> {
    let mut expected = packed.iter();
    let differs = |path: &[u8], why: &str| ApplyError::Differs { path: printable(path), why: why.to_owned() };
    while let Some(member) = reader.next_member()? {
        let path = path_of(&member);
        let Some((_, looks)) = expected.next().filter(|(known, _)| **known == path) else {
            return Err(differs(&path, "is not what comes next"));
        };
        let digest = each(reader, &member)?;
        if !member.lost.is_empty() || Looks::of_member(&member, digest).as_ref() != Some(looks) {
            return Err(differs(&path, "is not as it was saved"));
        }
    }
    expected.next().map_or(Ok(()), |(path, _)| Err(differs(path, "is missing")))
}

/// The path on the machine that a member is of.
pub(super) fn path_of(member: &Member) -> Vec<u8> {
    [b"/", member.path.as_slice()].concat()
}

/// Reads a member's content and forgets it.
pub(super) fn only_hash(reader: &mut Reader, member: &Member) -> Result<Option<Digest>, ApplyError> {
    Ok(hash_member(reader, member, &mut ())?)
}
