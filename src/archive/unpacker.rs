//! Puts members where they belong, one at a time; the rules stand in `unpack`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::unpack::safe_path;
use super::{
    Existing, Member, MemberKind, MemberSource, Piece, Rights, UnpackError, UnpackOptions, Unpacked, printable,
};
use crate::issue::{Issue, Stage};
use crate::system::{Attributes, Beneath, Directory, FileError, dress};

/// Issues that are told one by one; the others are counted.
const MOST_ISSUES: usize = 1000;
/// Bytes of names and attributes kept for the end.
pub(super) const MOST_REMEMBERED: usize = 64 << 20;

/// Metadata kept until the end.
#[derive(Debug)]
struct Kept {
    owner: (u32, u32),
    mode: u32,
    mtime: (i64, u32),
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// The work of [`unpack`](super::unpack).
pub(super) struct Unpacker {
    beneath: Beneath,
    options: UnpackOptions,
    /// Device and inode of what was made here.
    made: HashSet<(u64, u64)>,
    /// Directories made here, with what they get in the end.
    directories: BTreeMap<PathBuf, Option<Kept>>,
    /// Directories of the archive that are not selected: a selected file may lie below.
    others: HashMap<PathBuf, Kept>,
    /// Hard links that wait for their content, by its name in the archive.
    pub(super) pending: BTreeMap<Vec<u8>, Vec<Member>>,
    remembered: usize,
    parent: Option<(PathBuf, Rc<Directory>)>,
    temporaries: u64,
    done: Unpacked,
}

impl Unpacker {
    pub(super) fn new(beneath: Beneath, options: UnpackOptions) -> Self {
        Self {
            beneath,
            options,
            made: HashSet::new(),
            directories: BTreeMap::new(),
            others: HashMap::new(),
            pending: BTreeMap::new(),
            remembered: 0,
            parent: None,
            temporaries: 0,
            done: Unpacked::default(),
        }
    }

    pub(super) fn selected(
        &mut self,
        mut reader: impl MemberSource,
        select: &dyn Fn(&[u8]) -> bool,
    ) -> Result<(), UnpackError> {
        while let Some(member) = reader.next_member()? {
            if select(&member.path) {
                self.member(&mut reader, member)?;
            } else if member.kind == MemberKind::Directory {
                self.other_directory(&member)?;
            }
        }
        reader.finish()?;
        // Names that came before what they are names of.
        for link in std::mem::take(&mut self.pending).into_values().flatten() {
            if let Some(path) = safe_path(&link.path) {
                self.hard_link(link, &path)?;
            }
        }
        Ok(())
    }

    /// The second reading: contents whose first names are not selected.
    pub(super) fn content_of_links(&mut self, mut reader: impl MemberSource) -> Result<(), UnpackError> {
        while let Some(member) = reader.next_member()? {
            if !matches!(member.kind, MemberKind::File | MemberKind::Symlink) {
                continue;
            }
            let Some(links) = self.pending.remove(&member.path) else { continue };
            let mut content = Some(member);
            let mut first = None;
            for link in links {
                let first = first.get_or_insert_with(|| link.path.clone());
                match content.take() {
                    Some(member) => self.member(&mut reader, Member { path: link.path, ..member })?,
                    None => self.member(&mut reader, Member { link: first.clone(), ..link })?,
                }
            }
        }
        // Links to links that could not be made wait again, in vain.
        for link in std::mem::take(&mut self.pending).into_values().flatten() {
            self.issue(&link.path, format!("its first name {} is not in the archive", printable(&link.link)));
        }
        Ok(reader.finish()?)
    }

    /// One member; what concerns it alone becomes an issue.
    fn member(&mut self, reader: &mut impl MemberSource, member: Member) -> Result<(), UnpackError> {
        for lost in &member.lost {
            self.issue(&member.path, lost.clone());
        }
        let Some(path) = safe_path(&member.path) else {
            self.issue(&member.path, "refused: the name leads out of the directory");
            return Ok(());
        };
        if path.as_os_str().is_empty() {
            // The directory packed as `.` is the destination, which is the user's.
            return Ok(());
        }
        let result = match member.kind {
            MemberKind::File => self.file(reader, &member, &path),
            MemberKind::Directory => self.directory(&member, &path),
            MemberKind::Symlink => self.symlink(&member, &path),
            MemberKind::HardLink => return self.hard_link(member, &path),
            kind => {
                self.issue(&member.path, format!("refused: a {}", kind.as_str()));
                Ok(())
            }
        };
        self.settle(&member.path, result)
    }

    /// A problem of one file is an issue; what would be every file's ends the run.
    fn settle(&mut self, name: &[u8], result: Result<(), UnpackError>) -> Result<(), UnpackError> {
        match result {
            Err(UnpackError::File(error)) if !error.is_full() => {
                self.issue(name, error.to_string());
                Ok(())
            }
            result => result,
        }
    }

    fn file(&mut self, reader: &mut impl MemberSource, member: &Member, path: &Path) -> Result<(), UnpackError> {
        let (parent, name) = self.place(path)?;
        let kept = Kept::of(member);
        self.put(&parent, name, |unpacker, slot| {
            let shown = unpacker.beneath.display(path);
            let file = parent.create_file(slot)?;
            fill(&file, &shown, reader).inspect_err(|_| drop(parent.remove(slot)))?;
            let failed = dress(&file, &shown, &kept.attributes(unpacker.options.rights));
            unpacker.failed(&member.path, failed);
            if unpacker.options.existing == Existing::Replace {
                file.sync_all().map_err(FileError::of("sync", &shown))?;
            }
            let stat = file.metadata().map_err(FileError::of("look at", &shown))?;
            unpacker.made.insert((stat.dev(), stat.ino()));
            Ok(())
        })?;
        self.done.files += 1;
        self.done.bytes += member.size;
        Ok(())
    }

    fn symlink(&mut self, member: &Member, path: &Path) -> Result<(), UnpackError> {
        let (parent, name) = self.place(path)?;
        let kept = Kept::of(member);
        self.put(&parent, name, |unpacker, slot| {
            parent.create_symlink(slot, OsStr::from_bytes(&member.link))?;
            let failed = parent.dress_symlink(slot, &kept.attributes(unpacker.options.rights));
            unpacker.failed(&member.path, failed);
            unpacker.made.extend(parent.stat_of(slot)?.map(|stat| stat.id));
            Ok(())
        })?;
        if !member.xattrs.is_empty() {
            self.issue(&member.path, "attributes of symlinks are not restored");
        }
        self.done.links += 1;
        Ok(())
    }

    fn hard_link(&mut self, member: Member, path: &Path) -> Result<(), UnpackError> {
        let Some(first) = safe_path(&member.link).filter(|first| !first.as_os_str().is_empty()) else {
            self.issue(&member.path, "refused: a hard link that leads out of the directory");
            return Ok(());
        };
        if let Some(from) = self.find_made(&first) {
            let linked = self.link(&from, &first, path);
            return self.settle(&member.path, linked);
        }
        self.remember(member.path.len() + member.link.len())?;
        self.pending.entry(member.link.clone()).or_default().push(member);
        Ok(())
    }

    fn link(&mut self, from: &Directory, first: &Path, path: &Path) -> Result<(), UnpackError> {
        let (parent, name) = self.place(path)?;
        let first = first.file_name().unwrap_or_default();
        self.put(&parent, name, |_, slot| Ok(parent.create_hard_link(slot, from, first)?))?;
        self.done.links += 1;
        Ok(())
    }

    /// The directory of a name that was made here; what was there before is nothing to link to.
    fn find_made(&self, first: &Path) -> Option<Directory> {
        let from = self.beneath.directory(first.parent()?).ok()?;
        let stat = from.stat_of(first.file_name()?).ok()??;
        self.made.contains(&stat.id).then_some(from)
    }

    /// Makes something under its name, or under a temporary one that then replaces what is there.
    fn put(
        &mut self,
        parent: &Directory,
        name: &OsStr,
        make: impl FnOnce(&mut Self, &OsStr) -> Result<(), UnpackError>,
    ) -> Result<(), UnpackError> {
        if self.options.existing == Existing::Keep {
            return make(self, name);
        }
        self.temporaries += 1;
        let temporary = format!(".proxmox-backup.{}.{}.tmp", std::process::id(), self.temporaries);
        let temporary = OsStr::new(&temporary);
        let renamed = make(self, temporary).and_then(|()| Ok(parent.rename(temporary, name)?));
        // Also after success: renaming over another name of the same file leaves both.
        let _ = parent.remove(temporary);
        renamed
    }

    fn directory(&mut self, member: &Member, path: &Path) -> Result<(), UnpackError> {
        self.remember(member.path.len() + weight(member))?;
        let (parent, name) = self.place(path)?;
        match parent.create_dir(name) {
            Ok(_) => self.done.directories += 1,
            Err(error) if is_there(&error) => {
                parent.open_dir(name)?;
                if self.options.existing == Existing::Keep && !self.directories.contains_key(path) {
                    return Ok(());
                }
            }
            Err(error) => return Err(error.into()),
        }
        self.directories.insert(path.to_owned(), Some(Kept::of(member)));
        Ok(())
    }

    fn other_directory(&mut self, member: &Member) -> Result<(), UnpackError> {
        if let Some(path) = safe_path(&member.path) {
            self.remember(member.path.len() + weight(member))?;
            self.others.insert(path, Kept::of(member));
        }
        Ok(())
    }

    /// The open directory a name goes to, made where it is missing.
    fn place<'p>(&mut self, path: &'p Path) -> Result<(Rc<Directory>, &'p OsStr), UnpackError> {
        let (above, name) = (path.parent().unwrap_or(Path::new("")), path.file_name().unwrap_or_default());
        if let Some((_, parent)) = self.parent.as_ref().filter(|(known, _)| known == above) {
            return Ok((Rc::clone(parent), name));
        }
        let parent = match self.beneath.directory(above) {
            Err(error) if error.is_absent() => self.make_directories(above)?,
            result => result?,
        };
        let parent = Rc::new(parent);
        self.parent = Some((above.to_owned(), Rc::clone(&parent)));
        Ok((parent, name))
    }

    fn make_directories(&mut self, path: &Path) -> Result<Directory, UnpackError> {
        let (mut at, mut so_far) = (self.beneath.directory(Path::new(""))?, PathBuf::new());
        for name in path {
            so_far.push(name);
            at = match at.open_dir(name) {
                Err(error) if error.is_absent() => {
                    let made = at.create_dir(name)?;
                    self.remember(so_far.as_os_str().len())?;
                    self.directories.insert(so_far.clone(), None);
                    self.done.directories += 1;
                    made
                }
                result => result?,
            };
        }
        Ok(at)
    }

    /// Directories last: a mode could keep us out, and each new name changes a time.
    pub(super) fn finish(mut self) -> Unpacked {
        for (path, kept) in std::mem::take(&mut self.directories).into_iter().rev() {
            let kept = kept.or_else(|| self.others.remove(&path));
            let dressed = self.beneath.directory(&path).and_then(|directory| {
                let file = directory.as_file()?;
                let kept = kept.map_or_else(|| Kept::made_up(&file, directory.path()), Ok)?;
                Ok(dress(&file, directory.path(), &kept.attributes(self.options.rights)))
            });
            let name = path.as_os_str().as_bytes();
            self.failed(name, dressed.unwrap_or_else(|error| vec![error]));
        }
        if self.options.rights == Rights::User && self.done.files + self.done.directories + self.done.links > 0 {
            let what = "not root: everything belongs to the present user, setuid and setgid are left out";
            self.done.issues.push(Issue::notice(Stage::Archive, "owners", what));
        }
        self.done
    }

    fn remember(&mut self, bytes: usize) -> Result<(), UnpackError> {
        self.remembered += bytes + size_of::<Member>();
        if self.remembered > MOST_REMEMBERED { Err(UnpackError::TooMuch) } else { Ok(()) }
    }

    fn failed(&mut self, name: &[u8], errors: Vec<FileError>) {
        for error in errors {
            self.issue(name, error.to_string());
        }
    }

    fn issue(&mut self, name: &[u8], why: impl Into<String>) {
        if self.done.issues.len() < MOST_ISSUES {
            self.done.issues.push(Issue::warning(Stage::Archive, printable(name), why));
        } else {
            self.done.more_issues += 1;
        }
    }
}

impl Kept {
    fn of(member: &Member) -> Self {
        Self {
            owner: (member.uid, member.gid),
            mode: member.mode,
            mtime: (member.mtime, member.mtime_ns),
            xattrs: member.xattrs.clone(),
        }
    }

    /// For a directory the archive knows only as part of names.
    fn made_up(file: &File, path: &Path) -> Result<Self, FileError> {
        let stat = file.metadata().map_err(FileError::of("look at", path))?;
        let nanoseconds = u32::try_from(stat.mtime_nsec()).unwrap_or(0);
        Ok(Self { owner: (0, 0), mode: 0o755, mtime: (stat.mtime(), nanoseconds), xattrs: Vec::new() })
    }

    fn attributes(&self, rights: Rights) -> Attributes<'_> {
        let (owner, allowed) = match rights {
            Rights::Root => (Some(self.owner), 0o7777),
            Rights::User => (None, 0o1777),
        };
        Attributes { owner, mode: self.mode & allowed, mtime: self.mtime, xattrs: &self.xattrs }
    }
}

fn weight(member: &Member) -> usize {
    member.xattrs.iter().map(|(name, value)| name.len() + value.len()).sum()
}

fn is_there(error: &FileError) -> bool {
    error.cause.raw_os_error() == Some(nix::libc::EEXIST)
}

/// Writes the content, holes as holes.
fn fill(mut file: &File, path: &Path, reader: &mut impl MemberSource) -> Result<(), UnpackError> {
    let mut size = 0_u64;
    let mut ends_in_hole = false;
    reader.read_content(&mut |piece: Piece<'_>| -> Result<(), UnpackError> {
        let written = match piece {
            Piece::Data(bytes) => file.write_all(bytes),
            Piece::Hole(length) => file.seek(SeekFrom::Start(size.saturating_add(length))).map(drop),
        };
        (size, ends_in_hole) = match piece {
            Piece::Data(bytes) => (size + bytes.len() as u64, false),
            Piece::Hole(length) => (size.saturating_add(length), true),
        };
        Ok(written.map_err(FileError::of("write", path))?)
    })?;
    if ends_in_hole {
        file.set_len(size).map_err(FileError::of("write", path))?;
    }
    Ok(())
}
