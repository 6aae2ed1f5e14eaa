//! One change as it is written down, done, looked at and taken back.
//!
//! What is there now is the older state, the newer one, or what somebody made of it since. Each change
//! happens in one moment (a rename), so a kill leaves one of the first two.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::MigrateError;
use super::programs::{crontab, install_crontab, standing, systemctl};
use super::record::MigrationRecord;
use crate::migrate::{Change, Standing};
use crate::system::{Attributes, Beneath, Directory, FileError, Kind, Root, Stat, System, digest_hex, dress, is_root};

/// Directories that are ours alone.
const PRIVATE_PLACES: [&str; 2] = ["/etc/proxmox-config-backup", "/var/lib/proxmox-config-backup"];
/// What our own commands change: `key new` adds recipients.
const CHANGED_BY_US: [&str; 2] = [crate::migrate::OWN_RECIPIENTS, crate::migrate::OWN_IDENTITY];

/// A change, with all that takes it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "deed", rename_all = "kebab-case")]
pub(super) enum Deed {
    /// A directory is made.
    Directory { path: PathBuf, mode: u32 },
    /// A file is made or replaced.
    Write { path: PathBuf, before: Option<Kept>, after: String },
    /// Root's crontab is installed anew.
    Crontab { before: String, after: String },
    /// A link gets another name.
    Rename { from: PathBuf, to: PathBuf, target: PathBuf },
    /// A link goes.
    Unlink { path: PathBuf, target: PathBuf },
    /// A service is stopped for good.
    Disable { unit: String, was: Standing },
    /// systemd reads its files again.
    Reload,
}

/// A file as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    saved: String,
    sha256: String,
    mode: u32,
    owner: (u32, u32),
    mtime: (i64, u32),
}

/// What is there now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Now {
    /// As before the change.
    Before,
    /// As the change left it.
    After,
    /// One of our own commands went on with it.
    Ours,
    /// Somebody changed it since.
    Changed(String),
}

/// The deeds that make a change: directories that are missing come first. What is there is saved.
pub(super) fn deeds(change: &Change, system: &System, record: &MigrationRecord) -> Result<Vec<Deed>, MigrateError> {
    let root = &system.root;
    Ok(vec![match change {
        Change::Write { path, content, .. } => {
            let mut all = missing_dirs(root, path);
            let before = kept(root, path, record)?;
            all.push(Deed::Write { path: path.clone(), before, after: digest_hex(&content.0) });
            return Ok(all);
        }
        Change::Crontab { content } => {
            let before = crontab(system)?.unwrap_or_default();
            Deed::Crontab { before: record.save(&before)?, after: digest_hex(&content.0) }
        }
        Change::Rename { from, to } => {
            Deed::Rename { from: from.clone(), to: to.clone(), target: root.read_link(from)?.into() }
        }
        Change::Unlink { path } => Deed::Unlink { path: path.clone(), target: root.read_link(path)?.into() },
        Change::Disable { unit, was } => Deed::Disable { unit: unit.clone(), was: *was },
        Change::Reload => Deed::Reload,
    }])
}

fn missing_dirs(root: &Root, path: &Path) -> Vec<Deed> {
    let missing = path.ancestors().skip(1).take_while(|dir| !root.is_dir(dir));
    let mut all: Vec<Deed> = missing
        .map(|dir| {
            let is_private = PRIVATE_PLACES.iter().any(|place| dir.starts_with(place));
            Deed::Directory { path: dir.to_owned(), mode: if is_private { 0o700 } else { 0o755 } }
        })
        .collect();
    all.reverse();
    all
}

fn kept(root: &Root, path: &Path, record: &MigrationRecord) -> Result<Option<Kept>, MigrateError> {
    let Some(stat) = root.stat(path)? else { return Ok(None) };
    if stat.kind != Kind::File {
        let cause = std::io::Error::other(format!("it is a {}, not a file", stat.kind.as_str()));
        return Err(FileError::of("replace", path)(cause).into());
    }
    let content = root.read(path)?;
    let saved = record.save(&content)?;
    let mtime = (stat.mtime, stat.mtime_ns);
    Ok(Some(Kept { saved, sha256: digest_hex(&content), mode: stat.mode, owner: (stat.uid, stat.gid), mtime }))
}

impl fmt::Display for Deed {
    /// Its undo, in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory { path, .. } | Self::Write { path, before: None, .. } => {
                write!(f, "remove {}", path.display())
            }
            Self::Write { path, .. } => write!(f, "put back {}", path.display()),
            Self::Crontab { .. } => f.write_str("put back root's crontab"),
            Self::Rename { from, .. } | Self::Unlink { path: from, .. } => {
                write!(f, "put back the link {}", from.display())
            }
            Self::Disable { unit, .. } => write!(f, "put back {unit}"),
            Self::Reload => f.write_str("have systemd read its files again"),
        }
    }
}

impl Deed {
    /// Does it; `change` has the new content.
    pub(super) fn carry_out(&self, change: &Change, system: &System) -> Result<(), MigrateError> {
        match (self, change) {
            (Self::Directory { path, mode }, _) => Ok(make_dir(&system.root, path, *mode)?),
            (Self::Write { path, before, .. }, Change::Write { mode, content, .. }) => {
                let now = system.clock.now();
                let attributes = Attributes {
                    owner: before.as_ref().map(|before| before.owner).filter(|_| is_root()),
                    mode: before.as_ref().map_or(*mode, |before| before.mode),
                    mtime: (now.timestamp(), now.timestamp_subsec_nanos()),
                    xattrs: &[],
                };
                Ok(put(&system.root, path, &content.0, &attributes)?)
            }
            (Self::Crontab { .. }, Change::Crontab { content }) => install_crontab(system, &content.0),
            (Self::Rename { from, to, .. }, _) => Ok(rename(&system.root, from, to)?),
            (Self::Unlink { path, .. }, _) => {
                let (folder, name) = folder(&system.root, path)?;
                folder.remove(&name)?;
                Ok(folder.sync()?)
            }
            (Self::Disable { unit, .. }, _) => systemctl(system, &["disable", "--now", unit]),
            (Self::Reload, _) => systemctl(system, &["daemon-reload"]),
            (Self::Write { .. } | Self::Crontab { .. }, _) => Ok(()),
        }
    }

    /// What is there now.
    pub(super) fn now(&self, system: &System) -> Result<Now, MigrateError> {
        let root = &system.root;
        Ok(match self {
            Self::Directory { path, .. } => {
                if root.is_dir(path) {
                    Now::After
                } else {
                    Now::Before
                }
            }
            Self::Write { path, before, after } => {
                let content = match root.stat(path)? {
                    Some(Stat { kind: Kind::File, .. }) => Some(digest_hex(&root.read(path)?)),
                    Some(_) => return Ok(Now::Changed(path.display().to_string())),
                    None => None,
                };
                match content {
                    Some(content) if content == *after => Now::After,
                    content if content.as_ref() == before.as_ref().map(|before| &before.sha256) => Now::Before,
                    Some(_) if CHANGED_BY_US.iter().any(|ours| path == Path::new(ours)) => Now::Ours,
                    _ => Now::Changed(path.display().to_string()),
                }
            }
            Self::Crontab { after, .. } => match crontab(system)?.map(|content| digest_hex(&content)) {
                Some(content) if content == *after => Now::After,
                _ => Now::Changed("root's crontab".to_owned()),
            },
            Self::Rename { from, to, target } => match (leads(root, from)?, leads(root, to)?) {
                (None, Some(to)) if to == *target => Now::After,
                (Some(from), _) if from == *target => Now::Before,
                _ => Now::Changed(format!("{} and {}", from.display(), to.display())),
            },
            Self::Unlink { path, target } => match leads(root, path)? {
                None => Now::After,
                Some(now) if now == *target => Now::Before,
                Some(_) => Now::Changed(path.display().to_string()),
            },
            Self::Disable { .. } => Now::After,
            // systemd is told once all files are back.
            Self::Reload => Now::Before,
        })
    }

    /// The same for a crontab, whose content before is in the record.
    pub(super) fn now_of(&self, system: &System, record: &MigrationRecord) -> Result<Now, MigrateError> {
        let now = self.now(system)?;
        match self {
            Self::Crontab { before, .. } if now != Now::After => {
                let is_before = crontab(system)?.unwrap_or_default() == record.saved(before)?;
                Ok(if is_before { Now::Before } else { now })
            }
            _ => Ok(now),
        }
    }

    /// Puts back what was there before.
    pub(super) fn take_back(&self, system: &System, record: &MigrationRecord) -> Result<(), MigrateError> {
        let root = &system.root;
        match self {
            Self::Directory { path, .. } => {
                let (folder, name) = folder(root, path)?;
                match folder.remove_dir(&name) {
                    // What somebody put there since is nobody's to remove.
                    Err(error) if error.is_not_empty() => Ok(()),
                    result => Ok(result.and_then(|()| folder.sync())?),
                }
            }
            Self::Write { path, before: Some(before), .. } => {
                let content = record.saved(&before.saved)?;
                let owner = Some(before.owner).filter(|_| is_root());
                let attributes = Attributes { owner, mode: before.mode, mtime: before.mtime, xattrs: &[] };
                Ok(put(root, path, &content, &attributes)?)
            }
            Self::Write { path, before: None, .. } => {
                let (folder, name) = folder(root, path)?;
                Ok(folder.remove(&name).and_then(|()| folder.sync())?)
            }
            Self::Crontab { before, .. } => install_crontab(system, &record.saved(before)?),
            Self::Rename { from, to, .. } => Ok(rename(root, to, from)?),
            Self::Unlink { path, target } => {
                let (folder, name) = folder(root, path)?;
                Ok(folder.create_symlink(&name, target.as_os_str()).and_then(|()| folder.sync())?)
            }
            Self::Disable { unit, was } => {
                let now = standing(system, unit);
                if was.is_enabled && !now.is_enabled {
                    systemctl(system, &["enable", unit])?;
                }
                if was.is_active && !now.is_active { systemctl(system, &["start", unit]) } else { Ok(()) }
            }
            Self::Reload => Ok(()),
        }
    }

    /// Removes what a kill left halfway.
    pub(super) fn clear(&self, root: &Root) -> Result<(), MigrateError> {
        let Self::Write { path, .. } = self else { return Ok(()) };
        match folder(root, path).and_then(|(folder, name)| folder.remove(&unfinished(&name))) {
            Err(error) if error.is_absent() => Ok(()),
            result => Ok(result?),
        }
    }

    /// Keeps aside what one of our commands made of a file.
    pub(super) fn put_aside(&self, root: &Root, record: &MigrationRecord) -> Result<(), MigrateError> {
        match self {
            Self::Write { path, .. } => Ok(record.put_aside(path, &root.read(path)?)?),
            _ => Ok(()),
        }
    }
}

/// Where a link leads; `None` where there is nothing. What is no link leads nowhere.
fn leads(root: &Root, path: &Path) -> Result<Option<PathBuf>, FileError> {
    match root.stat(path)? {
        None => Ok(None),
        Some(Stat { kind: Kind::Symlink, .. }) => Ok(Some(root.read_link(path)?.into())),
        Some(_) => Ok(Some(PathBuf::new())),
    }
}

/// The open directory that something lies in, and its name there.
fn folder(root: &Root, path: &Path) -> Result<(Directory, OsString), FileError> {
    let inside = path.strip_prefix("/").unwrap_or(path);
    let parent = inside.parent().unwrap_or(Path::new(""));
    let directory = Beneath::open(root.prefix())?.directory(parent)?;
    Ok((directory, inside.file_name().unwrap_or_default().to_owned()))
}

/// The name of a file that is being written: the same each time, so that it is found again.
fn unfinished(name: &OsStr) -> OsString {
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(".migrating");
    hidden
}

fn put(root: &Root, path: &Path, content: &[u8], attributes: &Attributes<'_>) -> Result<(), FileError> {
    let (folder, name) = folder(root, path)?;
    let new = unfinished(&name);
    match folder.remove(&new) {
        Err(error) if !error.is_absent() => return Err(error),
        _ => {}
    }
    let mut file = folder.create_file(&new)?;
    let written = file.write_all(content).map_err(FileError::of("write", path));
    let dressed = written.and_then(|()| dress(&file, path, attributes).into_iter().next().map_or(Ok(()), Err));
    let synced = dressed.and_then(|()| file.sync_all().map_err(FileError::of("sync", path)));
    if let Err(error) = synced.and_then(|()| folder.rename(&new, &name)) {
        let _ = folder.remove(&new);
        return Err(error);
    }
    folder.sync()
}

fn make_dir(root: &Root, path: &Path, mode: u32) -> Result<(), FileError> {
    let (folder, name) = folder(root, path)?;
    folder.create_dir(&name)?;
    let new = root.open(path)?;
    let stat = Stat::of(&new, path)?;
    let attributes = Attributes { owner: None, mode, mtime: (stat.mtime, stat.mtime_ns), xattrs: &[] };
    dress(&new, path, &attributes).into_iter().next().map_or(Ok(()), Err)?;
    folder.sync()
}

/// Both lie in one directory.
fn rename(root: &Root, from: &Path, to: &Path) -> Result<(), FileError> {
    let (folder, from) = folder(root, from)?;
    folder.rename(&from, to.file_name().unwrap_or_default())?;
    folder.sync()
}
