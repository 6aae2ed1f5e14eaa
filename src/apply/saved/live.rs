//! What is at a path of the machine now. Looked at as a restore writes: below the root, through no
//! symlink.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::collect::{Content, Entry, EntryKind, Metadata, data_regions, read_xattrs};
use crate::restore::above;
use crate::system::{Beneath, Directory, FileError, Kind, Stat};

/// Entries have the recipe they come from; these come from none.
const RECIPE: &str = "undo";

/// What is at a path.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing. These directories above it are missing as well, nearest last.
    Nothing(Vec<Vec<u8>>),
    /// Nothing that can be reached: this path above it is no directory.
    Behind(Vec<u8>, Kind),
    /// A device, FIFO or socket.
    Special(Kind),
    /// A file, symlink or directory; the file is open.
    There(Box<Entry>),
}

/// Looks at a path that is absolute and plain.
pub(super) fn find(beneath: &Beneath, path: &[u8]) -> Result<Found, FileError> {
    let mut dir = beneath.directory(Path::new(""))?;
    for above in above(path) {
        let name = last_segment(above);
        match dir.stat_of(name)?.map(|stat| stat.kind) {
            None => return Ok(Found::Nothing(missing_from(path, above.len()))),
            Some(Kind::Directory) => dir = dir.open_dir(name)?,
            Some(kind) => return Ok(Found::Behind(above.to_vec(), kind)),
        }
    }
    let name = last_segment(path);
    let Some(stat) = dir.stat_of(name)? else { return Ok(Found::Nothing(Vec::new())) };
    match stat.kind {
        Kind::File => file(&dir, path),
        Kind::Directory => directory(&dir.open_dir(name)?, path),
        Kind::Symlink => {
            let kind = EntryKind::Symlink(dir.read_link(name)?);
            Ok(there(path, kind, metadata(&stat)))
        }
        special => Ok(Found::Special(special)),
    }
}

fn file(dir: &Directory, path: &[u8]) -> Result<Found, FileError> {
    let (file, stat) = match dir.open_file(last_segment(path)) {
        Err(error) if error.is_absent() => return Ok(Found::Nothing(Vec::new())),
        opened => opened?,
    };
    let meta = Metadata { xattrs: read_xattrs(&file), ..metadata(&stat) };
    let regions = (stat.allocated < stat.size).then(|| data_regions(&file, stat.size)).flatten();
    let content = Data::new(file, regions.clone().unwrap_or_else(|| vec![(0, stat.size)]), path);
    let entry = Entry::new(OsStr::from_bytes(path), EntryKind::File, meta, RECIPE);
    let entry = entry.with(stat.size, Content::Spool(Box::new(content)));
    Ok(Found::There(Box::new(Entry { regions, ..entry })))
}

fn directory(dir: &Directory, path: &[u8]) -> Result<Found, FileError> {
    let meta = Metadata { xattrs: read_xattrs(&dir.as_file()?), ..metadata(&dir.stat()?) };
    Ok(there(path, EntryKind::Directory, meta))
}

fn there(path: &[u8], kind: EntryKind, meta: Metadata) -> Found {
    Found::There(Box::new(Entry::new(OsStr::from_bytes(path), kind, meta, RECIPE)))
}

/// Owners by number only: this machine puts them back.
fn metadata(stat: &Stat) -> Metadata {
    let (mode, uid, gid) = (stat.mode, stat.uid, stat.gid);
    Metadata { mode, uid, gid, mtime: stat.mtime, mtime_ns: stat.mtime_ns, ..Metadata::default() }
}

fn missing_from(path: &[u8], length: usize) -> Vec<Vec<u8>> {
    above(path).filter(|above| above.len() >= length).map(<[u8]>::to_vec).collect()
}

fn last_segment(path: &[u8]) -> &OsStr {
    OsStr::from_bytes(path.rsplit(|byte| *byte == b'/').next().unwrap_or_default())
}

/// The data of a file, its regions one after another.
struct Data {
    file: File,
    regions: std::vec::IntoIter<(u64, u64)>,
    left: u64,
    path: Vec<u8>,
}

impl Data {
    fn new(file: File, regions: Vec<(u64, u64)>, path: &[u8]) -> Self {
        Self { file, regions: regions.into_iter(), left: 0, path: path.to_vec() }
    }

    fn next_bytes(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            let Some((offset, length)) = self.regions.next() else { return Ok(0) };
            self.file.seek(SeekFrom::Start(offset))?;
            self.left = length;
        }
        let want = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        let got = self.file.read(&mut into[..want])?;
        self.left -= got as u64;
        Ok(got)
    }
}

impl Read for Data {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.next_bytes(into) {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                // The writer of the archive gets this error among its own: it says whose it is.
                result => {
                    let path = Path::new(OsStr::from_bytes(&self.path));
                    return result.map_err(|cause| io::Error::other(FileError::of("read", path)(cause)));
                }
            }
        }
    }
}
