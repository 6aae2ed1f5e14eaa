//! Reads one source of the plan: files, directories, symlinks, as they are.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;

use super::attributes::read_xattrs;
use super::content::Content;
use super::reader::{Gone, Job, send};
use super::{Entry, EntryKind, Found, Metadata, Skip, cluster, database, derived, inventory, samples};
use crate::issue::{Issue, Stage};
use crate::pattern::Pattern;
use crate::plan::{Source, SourceKind};
use crate::recipe::Need;
use crate::system::{Directory, FileError, Kind, Stat};

/// Up to this size a file is read whole before its entry is handed on.
const SMALL: u64 = 64 * 1024;

/// More than any file below `/etc/pve`, which is read whole.
const HELD: u64 = 16 * 1024 * 1024;

/// Where findings go.
#[derive(Clone, Copy)]
pub(super) enum Out<'a> {
    /// To the archive.
    Channel(&'a SyncSender<Found>),
    /// Kept until it is known whether they are good, on behalf of this reader.
    Held(&'a Job, u64),
}

impl Out<'_> {
    fn send(self, found: Found) -> Result<(), Gone> {
        match self {
            Self::Channel(sender) => send(sender, found),
            Self::Held(job, reader) => job.progress().hold(reader, found),
        }
    }

    /// Nobody takes the blocks of a held file, so it cannot come in blocks.
    fn is_held(self) -> bool {
        matches!(self, Self::Held(..))
    }
}

/// The reader's way through one source.
pub(super) struct Walker<'a> {
    pub(super) job: &'a Job,
    pub(super) source: &'a Source,
    out: Out<'a>,
    /// Device of the tree's top: other file systems below are left out.
    device: Option<u64>,
}

impl<'a> Walker<'a> {
    pub(super) fn new(job: &'a Job, source: &'a Source, out: Out<'a>) -> Self {
        Self { job, source, out, device: None }
    }

    pub(super) fn run(&mut self) -> Result<(), Gone> {
        if cluster::is_inside(&self.source.kind) {
            if let Some(tree) = self.job.cluster_tree() {
                return cluster::take(self, tree);
            }
        }
        match &self.source.kind {
            SourceKind::Path(path) => self.top(path, self.source.need),
            SourceKind::Glob(pattern) => self.glob(pattern),
            SourceKind::Database(path) => database::capture(self, path),
            SourceKind::Inventory { what, name, save_as } => inventory::take(self, *what, name, save_as),
            SourceKind::Sample { choice, name } => samples::take(self, choice, name),
            SourceKind::Derived(what) => {
                derived::paths(&self.job.system.root, *what).iter().try_for_each(|path| self.top(path, Need::Optional))
            }
        }
    }

    /// A path the plan names: with its parents, absent or not.
    pub(super) fn top(&mut self, path: &Path, need: Need) -> Result<(), Gone> {
        self.job.step(path);
        if self.is_excluded(path) {
            return self.skip(path, Skip::Excluded);
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return self.warn(path, "the root itself cannot be collected");
        };
        let found = self.job.system.root.directory(parent).and_then(|dir| Ok((dir.stat_of(name)?, dir)));
        match found {
            Ok((Some(stat), dir)) => {
                self.device = Some(stat.id.0);
                self.parents(parent)?;
                self.node(&dir, name, path, &stat)
            }
            Ok((None, _)) => self.absent(path, need),
            Err(error) if error.is_absent() => self.absent(path, need),
            Err(error) => self.warn(path, error.reason()),
        }
    }

    /// Directories above a named path, once each, so that an extracted tree has their owners and modes.
    pub(super) fn parents(&mut self, path: &Path) -> Result<(), Gone> {
        let above: Vec<&Path> = path.ancestors().filter(|dir| *dir != Path::new("/")).collect();
        for dir in above.into_iter().rev() {
            if self.job.progress().emitted.contains(dir) {
                continue;
            }
            // A symlink on the way (`/var/run`) is stored as it is; what lies behind it keeps the
            // path it was named by, as `tar` would store it.
            match self.job.system.root.stat(dir) {
                Ok(Some(stat)) if stat.kind == Kind::Directory => {
                    if let Ok(opened) = self.job.system.root.directory(dir) {
                        self.emit_directory(&opened, dir, &stat)?;
                    }
                }
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    fn node(&mut self, dir: &Directory, name: &OsStr, path: &Path, stat: &Stat) -> Result<(), Gone> {
        match stat.kind {
            Kind::Directory => self.directory(dir, name, path, stat),
            Kind::File => self.file(dir, name, path),
            Kind::Symlink => self.symlink(dir, name, path, stat),
            special => self.skip(path, Skip::Special(special)),
        }
    }

    fn directory(&mut self, parent: &Directory, name: &OsStr, path: &Path, stat: &Stat) -> Result<(), Gone> {
        if self.device.is_some_and(|device| device != stat.id.0) {
            return self.skip(path, Skip::OtherFileSystem);
        }
        let entries = parent.open_dir(name).and_then(|dir| Ok((dir.entries()?, dir)));
        let (entries, dir) = match entries {
            Ok(opened) => opened,
            Err(error) => return self.trouble(path, &error),
        };
        self.emit_directory(&dir, path, stat)?;
        for entry in entries {
            self.child(&dir, &entry.name, &path.join(&entry.name))?;
        }
        Ok(())
    }

    fn child(&mut self, dir: &Directory, name: &OsStr, path: &Path) -> Result<(), Gone> {
        self.job.step(path);
        if self.is_excluded(path) {
            return self.skip(path, Skip::Excluded);
        }
        if self.source.claimed.iter().any(|claim| claim.matches(path.as_os_str().as_bytes())) {
            return Ok(());
        }
        let is_mount = self.job.mounts.contains(path);
        match dir.stat_of(name) {
            // A mounted file, as containers have them, is no way into another tree.
            Ok(Some(stat)) if is_mount && stat.kind == Kind::Directory => self.skip(path, Skip::OtherFileSystem),
            Err(_) if is_mount => self.skip(path, Skip::OtherFileSystem),
            Ok(Some(stat)) => self.node(dir, name, path, &stat),
            Ok(None) => self.warn(path, "vanished while it was being read"),
            Err(error) => self.trouble(path, &error),
        }
    }

    fn emit_directory(&mut self, dir: &Directory, path: &Path, stat: &Stat) -> Result<(), Gone> {
        if !self.job.progress().note(path) {
            return Ok(());
        }
        let mut meta = self.job.accounts.name(Metadata::of(stat));
        meta.xattrs = dir.as_file().map(|file| read_xattrs(&file)).unwrap_or_default();
        self.emit(Entry::new(path, EntryKind::Directory, meta, self.source.recipe))
    }

    fn symlink(&mut self, dir: &Directory, name: &OsStr, path: &Path, stat: &Stat) -> Result<(), Gone> {
        match dir.read_link(name) {
            Ok(target) if self.job.progress().note(path) => {
                let meta = self.job.accounts.name(Metadata::of(stat));
                self.emit(Entry::new(path, EntryKind::Symlink(target), meta, self.source.recipe))
            }
            Ok(_) => Ok(()),
            Err(error) => self.trouble(path, &error),
        }
    }

    fn file(&mut self, dir: &Directory, name: &OsStr, path: &Path) -> Result<(), Gone> {
        if self.job.progress().emitted.contains(path) {
            return Ok(());
        }
        // From here on everything is said of the open file: a rename in between changes nothing.
        let (file, stat) = match dir.open_file(name) {
            Ok(opened) => opened,
            Err(error) => return self.trouble(path, &error),
        };
        if self.source.largest.is_some_and(|largest| stat.size > largest.0) {
            return self.skip(path, Skip::TooLarge);
        }
        let mut meta = self.job.accounts.name(Metadata::of(&stat));
        if let Some(first) = self.first_name(path, &stat) {
            self.job.progress().note(path);
            return self.emit(Entry::new(path, EntryKind::HardLink(first), meta, self.source.recipe));
        }
        meta.xattrs = read_xattrs(&file);
        match self.out.is_held() {
            _ if stat.size <= SMALL => self.small(file, path, &stat, meta),
            false => self.large(file, path, &stat, meta),
            true if stat.size <= HELD => self.small(file, path, &stat, meta),
            true => self.warn(path, "is larger than any file of the cluster file system can be"),
        }
    }

    /// Name under which a file with several names is in the archive already.
    fn first_name(&self, path: &Path, stat: &Stat) -> Option<PathBuf> {
        if stat.links < 2 {
            return None;
        }
        let mut progress = self.job.progress();
        let known = progress.linked.get(&stat.id).cloned();
        if known.is_none() {
            progress.linked.insert(stat.id, path.to_owned());
        }
        known
    }

    fn small(&mut self, mut file: File, path: &Path, stat: &Stat, meta: Metadata) -> Result<(), Gone> {
        // One byte more than announced tells whether the file grew. A file that says 0 bytes and
        // gives some is made up on reading (procfs, pmxcfs): then what it gives is its content.
        let is_made_up = stat.size == 0;
        let want = if is_made_up { SMALL } else { stat.size };
        let mut bytes = Vec::with_capacity(usize::try_from(stat.size + 1).unwrap_or(0));
        let read = (&mut file).take(want + 1).read_to_end(&mut bytes);
        if let Err(cause) = read {
            self.forget(stat);
            return self.trouble(path, &FileError::of("read", path)(cause));
        }
        let got = bytes.len() as u64;
        bytes.truncate(usize::try_from(want).unwrap_or(usize::MAX));
        self.job.progress().note(path);
        let size = bytes.len() as u64;
        self.emit(Entry::new(path, EntryKind::File, meta, self.source.recipe).with(size, Content::bytes(bytes)))?;
        match got {
            _ if got > want => self.warn(path, "grew while it was being read; stored as it was when opened"),
            _ if got < stat.size => self.warn(path, "shrank while it was being read; stored as far as it went"),
            _ => Ok(()),
        }
    }

    /// A pattern of the plan: matches below its literal part.
    fn glob(&mut self, pattern: &str) -> Result<(), Gone> {
        let compiled = Pattern::new(pattern);
        let base = PathBuf::from(Pattern::literal_base(pattern));
        let base = if base.as_os_str().is_empty() { PathBuf::from("/") } else { base };
        let depth = (!pattern.contains("**")).then(|| pattern.matches('/').count());
        let mut matches = Vec::new();
        self.find(&base, &compiled, depth, &mut matches)?;
        if matches.is_empty() {
            return self.absent(Path::new(pattern), Need::Optional);
        }
        matches.iter().try_for_each(|path| self.top(path, Need::Optional))
    }

    fn find(
        &self,
        dir: &Path,
        pattern: &Pattern,
        depth: Option<usize>,
        matches: &mut Vec<PathBuf>,
    ) -> Result<(), Gone> {
        self.job.step(dir);
        let Ok(opened) = self.job.system.root.directory(dir) else {
            return Ok(());
        };
        let entries = match opened.entries() {
            Ok(entries) => entries,
            Err(error) => return self.trouble(dir, &error),
        };
        for entry in entries {
            let path = dir.join(&entry.name);
            let bytes = path.as_os_str().as_bytes();
            if self.is_excluded(&path) || self.source.claimed.iter().any(|claim| claim.covers(bytes)) {
                continue;
            }
            if pattern.matches(bytes) {
                matches.push(path);
            } else if depth.is_none_or(|depth| path.components().count() <= depth)
                && matches!(opened.stat_of(&entry.name), Ok(Some(stat)) if stat.kind == Kind::Directory)
            {
                self.find(&path, pattern, depth, matches)?;
            }
        }
        Ok(())
    }

    /// A file whose content could not be read must not become the target of later hard links.
    fn forget(&self, stat: &Stat) {
        self.job.progress().linked.remove(&stat.id);
    }

    pub(super) fn is_excluded(&self, path: &Path) -> bool {
        self.job.plan.excludes.iter().any(|pattern| pattern.covers(path.as_os_str().as_bytes()))
    }

    pub(super) fn emit(&self, entry: Entry) -> Result<(), Gone> {
        self.out.send(Found::Entry(entry))
    }

    fn skip(&self, path: &Path, why: Skip) -> Result<(), Gone> {
        self.out.send(Found::Skipped { path: path.to_owned(), why })
    }

    pub(super) fn absent(&self, path: &Path, need: Need) -> Result<(), Gone> {
        match need {
            Need::Optional => self.out.send(Found::Absent(path.display().to_string())),
            Need::Required => self.warn(path, super::REQUIRED_IS_ABSENT),
        }
    }

    fn trouble(&self, path: &Path, error: &FileError) -> Result<(), Gone> {
        let reason = if error.is_absent() { "vanished while it was being read".into() } else { error.reason() };
        self.warn(path, reason)
    }

    pub(super) fn say(&self, issue: Issue) -> Result<(), Gone> {
        self.out.send(Found::Issue(issue))
    }

    pub(super) fn warn(&self, path: &Path, reason: impl Into<String>) -> Result<(), Gone> {
        self.say(Issue::warning(Stage::Collect, path.display().to_string(), reason))
    }
}
