//! Contents of the backup on disk, beside the machine, before anything of it changes.
//!
//! | member | becomes |
//! |---|---|
//! | file | `new/<place in the plan>`, 0600, its size and SHA-256 those of the plan |
//! | hard link | a file of its own with the content of the first name, wherever that stands |
//! | merged or rewritten | the plan's content; the member gives the time |
//! | symlink, directory | nothing on disk; target and kind are those of the plan |
//! | not in the plan | passed over |
//!
//! The plan saw each path once, as it is: a member that is another one by now, comes twice or does
//! not come ends the restore here. Names of an archive are compared with the plan's and never
//! become names on disk; only what is put aside is unpacked, below a directory of its own.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};

use super::{ApplyError, Attributes, Change, Record, Wanted};
use crate::archive::{
    Digest, Existing, Member, MemberKind, MemberSource, Piece, Rights, UnpackError, UnpackOptions, Unpacked, printable,
    unpack_members,
};
use crate::issue::Severity;
use crate::restore::{PlannedFile, RestorePlan, Stage, Verdict};
use crate::system::{Beneath, Directory, FileError, Root, create_private_dir, free_space, hex, is_there, remove_tree};

/// A file takes whole blocks, and a name.
const BLOCK: u64 = 4096;

/// Free bytes that a restore asks for: everything that changes twice, because it is staged and
/// then written, what is put aside, and the `saved` bytes that are there now.
pub fn needed(plan: &RestorePlan, saved: u64) -> u64 {
    let room = |file: &PlannedFile| file.size.div_ceil(BLOCK).saturating_add(1).saturating_mul(BLOCK);
    let sum = |files: &mut dyn Iterator<Item = &PlannedFile>| files.map(room).fold(0, u64::saturating_add);
    let staged = sum(&mut plan.files.iter().filter(|file| is_staged(file)));
    staged.saturating_mul(2).saturating_add(sum(&mut plan.exports())).saturating_add(saved)
}

/// Demands as much on the file system of the record.
pub fn check_space(record: &Record, plan: &RestorePlan, saved: u64) -> Result<(), ApplyError> {
    let (needed, free) = (needed(plan, saved), free_space(record.dir())?.free.0);
    if needed <= free { Ok(()) } else { Err(ApplyError::Space { dir: record.dir().to_owned(), needed, free }) }
}

/// Reads the archive once; gives what each path that changes shall be, by its place in the plan.
pub fn stage(
    record: &Record,
    mut members: impl MemberSource,
    plan: &RestorePlan,
) -> Result<BTreeMap<usize, Change>, ApplyError> {
    let mut staging = Staging::new(record, plan)?;
    while let Some(member) = members.next_member()? {
        staging.take(&mut members, &member)?;
    }
    members.finish()?;
    staging.finish()
}

/// Puts aside what the plan exports, for reading: it belongs to root alone, without setuid.
pub fn export<M: MemberSource, E: From<ApplyError> + From<UnpackError>>(
    record: &Record,
    open: &dyn Fn() -> Result<M, E>,
    plan: &RestorePlan,
) -> Result<Unpacked, E> {
    let names: HashSet<&[u8]> = plan.exports().filter_map(|file| file.path.strip_prefix(b"/")).collect();
    if names.is_empty() {
        return Ok(Unpacked::default());
    }
    create_private_dir(&record.export_dir()).map_err(ApplyError::from)?;
    let options = UnpackOptions { existing: Existing::Keep, rights: Rights::User, ..UnpackOptions::default() };
    let mut unpacked = unpack_members(open, &record.export_dir(), &|name| names.contains(name), options)?;
    // That everything belongs to the present user is what an export is.
    unpacked.issues.retain(|issue| issue.severity != Severity::Notice);
    Ok(unpacked)
}

/// Removes the contents that were on their way: they hold secrets, and nobody needs them any more.
pub fn clear(record: &Record) -> Result<(), ApplyError> {
    empty(&[record.new_dir(), record.old_dir()])
}

/// The same for what the timer of the network unpacked: it may be at work beside an undo.
pub fn clear_timer(record: &Record) -> Result<(), ApplyError> {
    empty(&[record.timer_dir()])
}

fn empty(dirs: &[PathBuf]) -> Result<(), ApplyError> {
    for dir in dirs.iter().filter(|dir| is_there(dir)) {
        for name in Root::at(dir)?.list("/")? {
            remove_tree(&dir.join(name))?;
        }
    }
    Ok(())
}

/// Whether its content is needed on disk. What comes with the cluster database lies in it.
fn is_staged(file: &PlannedFile) -> bool {
    match file.stage {
        Stage::Files | Stage::Network | Stage::Cluster => file.verdict.changes(),
        Stage::Database => file.verdict == Verdict::Write,
        Stage::Export | Stage::Nowhere => false,
    }
}

struct Staging<'a> {
    files: &'a [PlannedFile],
    dir: Directory,
    path: PathBuf,
    /// Places of the paths that change.
    wanted: HashMap<&'a [u8], usize>,
    /// Places that need the content of a path.
    needed: HashMap<&'a [u8], Vec<usize>>,
    /// Paths of both that have come.
    come: HashSet<&'a [u8]>,
    times: HashMap<usize, (i64, u32)>,
    contents: HashMap<usize, Wanted>,
}

impl<'a> Staging<'a> {
    fn new(record: &Record, plan: &'a RestorePlan) -> Result<Self, ApplyError> {
        let path = record.new_dir();
        let mut staging = Self {
            files: &plan.files,
            dir: Beneath::open(&path)?.directory(Path::new(""))?,
            path,
            wanted: HashMap::new(),
            needed: HashMap::new(),
            come: HashSet::new(),
            times: HashMap::new(),
            contents: HashMap::new(),
        };
        for (place, file) in plan.files.iter().enumerate().filter(|(_, file)| is_staged(file)) {
            staging.wanted.insert(&file.path, place);
            if file.kind == "file" && file.content.is_none() {
                let first = file.link.as_deref().unwrap_or(&file.path);
                staging.needed.entry(first).or_default().push(place);
            }
        }
        Ok(staging)
    }

    fn take(&mut self, reader: &mut impl MemberSource, member: &Member) -> Result<(), ApplyError> {
        // A name with a slash in front is no path of the plan, and stays none.
        let path = [b"/", member.path.as_slice()].concat();
        let wanted = self.wanted.get_key_value(path.as_slice()).map(|(path, place)| (*path, *place));
        let needed = self.needed.get_key_value(path.as_slice()).map(|(path, places)| (*path, places.clone()));
        let Some(known) = wanted.map(|(path, _)| path).or(needed.as_ref().map(|(path, _)| *path)) else {
            return Ok(());
        };
        if !self.come.insert(known) {
            return Err(differs(known, "the archive holds it twice, and held it once when it was planned"));
        }
        let time = (member.mtime, member.mtime_ns);
        if let Some((path, place)) = wanted {
            if !is_as_planned(member, &self.files[place]) {
                return Err(differs(path, "it is something else in the archive than when it was planned"));
            }
            self.times.entry(place).or_insert(time);
        }
        match needed {
            Some((path, places)) => self.content(reader, member, path, &places),
            None => Ok(()),
        }
    }

    fn content(
        &mut self,
        reader: &mut impl MemberSource,
        member: &Member,
        path: &[u8],
        places: &[usize],
    ) -> Result<(), ApplyError> {
        let is_planned = |place: &usize| self.files[*place].size == member.size;
        if member.kind != MemberKind::File || !places.iter().all(is_planned) {
            return Err(differs(path, "its size is not the one of the plan"));
        }
        let (content, mut file) = self.create(places[0])?;
        let digest = copy(reader, &mut file, &content)?;
        for place in places {
            let planned = &self.files[*place];
            if planned.sha256.as_deref() != Some(hex(&digest).as_str()) {
                return Err(differs(&planned.path, "its content is not the one of the plan"));
            }
            self.times.insert(*place, (member.mtime, member.mtime_ns));
            self.contents.insert(*place, Wanted::File { content: content.clone(), size: member.size, digest });
        }
        Ok(())
    }

    fn create(&self, place: usize) -> Result<(PathBuf, File), FileError> {
        let name = place.to_string();
        Ok((self.path.join(&name), self.dir.create_file(OsStr::new(&name))?))
    }

    fn finish(mut self) -> Result<BTreeMap<usize, Change>, ApplyError> {
        let mut places: Vec<usize> = self.wanted.values().copied().collect();
        places.sort_unstable();
        let (mut changes, mut destinations) = (BTreeMap::new(), HashSet::new());
        for place in places {
            let file = &self.files[place];
            if !destinations.insert(file.destination()) {
                return Err(differs(file.destination(), "two paths of the backup go there"));
            }
            let wanted = self.wanted_of(place)?;
            let attributes = file.attributes.as_ref().map(|attributes| Attributes {
                uid: attributes.uid,
                gid: attributes.gid,
                mode: attributes.mode,
                mtime: self.times.get(&place).copied().unwrap_or_default(),
                xattrs: attributes.xattrs.clone(),
            });
            changes.insert(place, Change { path: file.destination().to_vec(), wanted, attributes });
        }
        Ok(changes)
    }

    fn wanted_of(&mut self, place: usize) -> Result<Wanted, ApplyError> {
        let file = &self.files[place];
        let gone = || differs(&file.path, "the archive does not hold it any more");
        if !self.come.contains(file.path.as_slice()) {
            return Err(gone());
        }
        match (file.kind, &file.link, &file.content) {
            ("directory", _, _) => Ok(Wanted::Directory),
            ("symlink", Some(target), _) => Ok(Wanted::Symlink(target.clone())),
            (_, _, Some(text)) => self.text(place, text),
            _ => self.contents.remove(&place).ok_or_else(gone),
        }
    }

    /// A content that the plan made.
    fn text(&self, place: usize, text: &[u8]) -> Result<Wanted, ApplyError> {
        let (content, mut file) = self.create(place)?;
        file.write_all(text).map_err(FileError::of("write", &content))?;
        let digest = finished(digest_of(text));
        Ok(Wanted::File { content, size: text.len() as u64, digest })
    }
}

/// What can be told of a member before its content.
fn is_as_planned(member: &Member, file: &PlannedFile) -> bool {
    match (member.kind, file.kind, &file.link) {
        (MemberKind::File, "file", None) | (MemberKind::Directory, "directory", _) => true,
        (MemberKind::Symlink, "symlink", Some(target)) => *target == member.link,
        (MemberKind::HardLink, "file", Some(first)) => {
            first.strip_prefix(b"/") == Some(member.link.strip_prefix(b"/").unwrap_or(&member.link))
        }
        _ => false,
    }
}

/// Writes the content, holes as holes, and gives its digest.
fn copy(reader: &mut impl MemberSource, file: &mut File, path: &Path) -> Result<Digest, ApplyError> {
    let (mut hash, mut size) = (Context::new(&SHA256), 0_u64);
    reader.read_content(&mut |piece: Piece<'_>| -> Result<(), ApplyError> {
        piece.blocks(|bytes| hash.update(bytes));
        let written = match piece {
            Piece::Data(bytes) => {
                size += bytes.len() as u64;
                file.write_all(bytes)
            }
            Piece::Hole(length) => {
                size = size.saturating_add(length);
                file.seek(SeekFrom::Start(size)).map(drop)
            }
        };
        Ok(written.map_err(FileError::of("write", path))?)
    })?;
    file.set_len(size).map_err(FileError::of("write", path))?;
    Ok(finished(hash))
}

fn digest_of(bytes: &[u8]) -> Context {
    let mut hash = Context::new(&SHA256);
    hash.update(bytes);
    hash
}

fn finished(hash: Context) -> Digest {
    let mut digest: Digest = [0; 32];
    digest.copy_from_slice(hash.finish().as_ref());
    digest
}

fn differs(path: &[u8], why: &str) -> ApplyError {
    ApplyError::Differs { path: printable(path), why: why.to_owned() }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests look at real files")]
mod tests {
    use super::*;
    use crate::archive::{ArchiveReader, Limits, padding};
    use crate::bundle::Manifest;
    use crate::restore::{BackupFacts, Selection, Target, plan, read_source};
    use chrono::Local;
    use std::os::unix::fs::PermissionsExt;
    use tar::{EntryType, Header};

    struct Case {
        _dir: tempfile::TempDir,
        record: Record,
    }

    impl Case {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let record = Record::create(dir.path(), &Local::now()).unwrap();
            Self { _dir: dir, record }
        }

        fn staged(&self, archive: &[u8], plan: &RestorePlan) -> Result<BTreeMap<Vec<u8>, Change>, ApplyError> {
            let changes = stage(&self.record, ArchiveReader::new(archive, Limits::default()), plan)?;
            Ok(changes.into_values().map(|change| (change.path.clone(), change)).collect())
        }

        fn left(&self) -> usize {
            [self.record.new_dir(), self.record.old_dir()].iter().map(|dir| dir.read_dir().unwrap().count()).sum()
        }
    }

    /// Type, name, link or content.
    type Row<'a> = (EntryType, &'a str, &'a str);
    const FILE: EntryType = EntryType::Regular;
    const LINK: EntryType = EntryType::Link;

    fn archive(rows: &[Row<'_>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (seconds, (kind, name, text)) in (1..).zip(rows) {
            let (content, link) = if *kind == FILE { (*text, "") } else { ("", *text) };
            let mut header = Header::new_ustar();
            header.set_entry_type(*kind);
            let ustar = header.as_ustar_mut().unwrap();
            ustar.name[..name.len()].copy_from_slice(name.as_bytes());
            ustar.linkname[..link.len()].copy_from_slice(link.as_bytes());
            header.set_size(content.len() as u64);
            header.set_mode(0o640);
            header.set_uid(7);
            header.set_gid(8);
            header.set_mtime(seconds);
            header.set_cksum();
            bytes.extend_from_slice(header.as_bytes());
            bytes.extend_from_slice(content.as_bytes());
            bytes.resize(bytes.len() + padding(content.len() as u64), 0);
        }
        bytes.resize(bytes.len() + 1024, 0);
        bytes
    }

    /// On a machine without any file.
    fn planned(archive: &[u8]) -> RestorePlan {
        let reader = ArchiveReader::new(archive, Limits::default());
        let source = read_source(reader, &Manifest::default(), &BTreeMap::new()).unwrap();
        plan(&source, &Target::default(), &Selection::default(), BackupFacts::default())
    }

    fn content(change: &Change) -> Vec<u8> {
        let Wanted::File { content, size, digest } = &change.wanted else { panic!("{change:?}") };
        assert_eq!(std::fs::metadata(content).unwrap().permissions().mode() & 0o7777, 0o600);
        let bytes = std::fs::read(content).unwrap();
        assert_eq!((bytes.len() as u64, finished(digest_of(&bytes))), (*size, *digest));
        bytes
    }

    #[test]
    fn each_kind_becomes_what_the_plan_says() {
        let bytes = archive(&[
            (EntryType::Directory, "srv", ""),
            (FILE, "srv/a", "content"),
            (EntryType::Symlink, "srv/link", "../etc/a"),
        ]);
        let case = Case::new();
        let staged = case.staged(&bytes, &planned(&bytes)).unwrap();

        let [dir, file, link] = ["/srv", "/srv/a", "/srv/link"].map(|path| &staged[path.as_bytes()]);
        assert_eq!(dir.wanted, Wanted::Directory);
        assert_eq!(content(file), b"content");
        assert_eq!(link.wanted, Wanted::Symlink(b"../etc/a".to_vec()));
        let attributes = file.attributes.as_ref().unwrap();
        assert_eq!((attributes.uid, attributes.gid, attributes.mode, attributes.mtime), (7, 8, 0o640, (2, 0)));
        assert_eq!(link.attributes.as_ref().unwrap().mtime, (3, 0));
        assert_eq!(staged.len(), 3);
    }

    #[test]
    fn further_names_get_the_content_of_the_first_one_wherever_it_stands() {
        let bytes = archive(&[(LINK, "srv/early", "srv/a"), (FILE, "srv/a", "one"), (LINK, "srv/late", "srv/a")]);
        let mut plan = planned(&bytes);
        for is_first_written in [true, false] {
            if !is_first_written {
                let first = plan.files.iter_mut().find(|file| file.path == b"/srv/a").unwrap();
                (first.verdict, first.stage) = (Verdict::NotSelected, Stage::Nowhere);
            }
            let case = Case::new();
            let staged = case.staged(&bytes, &plan).unwrap();
            assert_eq!(staged.contains_key(&b"/srv/a"[..]), is_first_written);
            for path in ["/srv/early", "/srv/late"] {
                assert_eq!(content(&staged[path.as_bytes()]), b"one", "{path}");
                assert_eq!(staged[path.as_bytes()].attributes.as_ref().unwrap().mtime, (2, 0), "{path}");
            }
        }
    }

    #[test]
    fn a_content_of_the_plan_goes_before_that_of_the_archive() {
        let bytes = archive(&[(FILE, "etc/fstab", "theirs")]);
        let mut plan = planned(&bytes);
        let file = &mut plan.files[0];
        (file.verdict, file.stage, file.content) = (Verdict::Merge, Stage::Files, Some(b"merged".to_vec()));
        let case = Case::new();
        assert_eq!(content(&case.staged(&bytes, &plan).unwrap()[&b"/etc/fstab"[..]]), b"merged");
    }

    #[test]
    fn an_archive_that_is_not_the_planned_one_is_refused() {
        let planned_of = archive(&[(FILE, "srv/a", "one"), (LINK, "srv/b", "srv/a")]);
        let link = |to| (LINK, "srv/b", to);
        for (rows, word) in [
            (vec![(FILE, "srv/a", "two"), link("srv/a")], "content"),
            (vec![(FILE, "srv/a", "longer"), link("srv/a")], "size"),
            (vec![(FILE, "srv/a", "one")], "/srv/b: the archive does not hold it"),
            (vec![link("srv/a")], "does not hold it"),
            (vec![(FILE, "srv/a", "one"), (FILE, "srv/a", "one"), link("srv/a")], "twice"),
            (vec![(FILE, "srv/a", "one"), link("srv/a"), link("srv/a")], "twice"),
            (vec![(FILE, "srv/a", "one"), link("srv/c")], "something else"),
            (vec![(EntryType::Symlink, "srv/a", "/etc/shadow"), link("srv/a")], "something else"),
            (vec![(FILE, "/srv/a", "one"), (FILE, "srv/../srv/a", "one"), link("srv/a")], "does not hold it"),
        ] {
            let case = Case::new();
            let error = case.staged(&archive(&rows), &planned(&planned_of)).unwrap_err();
            assert!(error.to_string().contains(word), "{rows:?}: {error}");
        }
    }

    #[test]
    fn two_paths_never_go_to_one_place() {
        let bytes = archive(&[(FILE, "srv/a", "one"), (FILE, "srv/b", "two")]);
        let mut plan = planned(&bytes);
        plan.files[1].destination = Some(b"/srv/a".to_vec());
        assert!(Case::new().staged(&bytes, &plan).unwrap_err().to_string().contains("two paths"));
    }

    #[test]
    fn room_is_asked_for_before_anything_is_written() {
        let bytes = archive(&[(FILE, "srv/a", "one")]);
        let mut plan = planned(&bytes);
        assert_eq!(needed(&plan, 5), 4 * BLOCK + 5);
        let case = Case::new();
        check_space(&case.record, &plan, 0).unwrap();
        plan.files[0].size = u64::MAX - 1;
        let error = check_space(&case.record, &plan, 1).unwrap_err();
        assert!(error.is_full(), "{error}");
        plan.files[0].stage = Stage::Export;
        assert!(check_space(&case.record, &plan, 1).is_err());
    }

    #[test]
    fn nothing_of_what_was_on_its_way_stays() {
        let bytes = archive(&[(FILE, "srv/a", "one")]);
        let case = Case::new();
        case.staged(&bytes, &planned(&bytes)).unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("precious"), "x").unwrap();
        std::fs::create_dir_all(case.record.old_dir().join("etc/deep")).unwrap();
        std::fs::write(case.record.old_dir().join("etc/deep/file"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path(), case.record.old_dir().join("link")).unwrap();
        assert_eq!(case.left(), 3);

        clear(&case.record).unwrap();
        clear(&case.record).unwrap();

        assert_eq!(case.left(), 0);
        assert!(outside.path().join("precious").exists());
    }
}
