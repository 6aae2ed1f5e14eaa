//! A tier that is a directory: list, find, remove.
//!
//! A removal renames first and deletes when all renames are done, so that an interrupted one
//! never leaves half a backup.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::{StorageError, Stored, Tier};
use crate::bundle::{BUNDLE, Backup, DECRYPTED, SIDE_FILES, parse_name};
use crate::system::{PartialFile, Root, remove_file, rename_file, sync_dir};

const TRASH: &str = ".trash-";

/// The directory.
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// The tier at `path`.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All backups, newest first; a directory that is not there holds none.
    pub fn list(&self) -> Result<Vec<Stored>, StorageError> {
        let root = Root::live()?;
        let names = match root.list(&self.path) {
            Ok(names) => names,
            Err(error) if error.is_absent() => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let mut all: Vec<Stored> = names.iter().filter_map(|name| self.stored(&root, &names, name)).collect();
        all.sort_by(|a, b| b.id.cmp(&a.id));
        Ok(all)
    }

    /// The newest backup of a host by name alone: no file is opened. A decrypted copy is none.
    pub fn newest_of(&self, host: &str) -> Option<PathBuf> {
        let names = Root::live().and_then(|root| root.list(&self.path)).ok()?;
        let originals = names.iter().filter(|name| !name.to_string_lossy().ends_with(DECRYPTED));
        let backups = originals.filter_map(|name| Some((parse_name(&name.to_string_lossy())?.0, name)));
        let own = backups.filter(|(id, _)| id.host() == host);
        own.max_by(|(a, _), (b, _)| a.cmp(b)).map(|(_, name)| self.path.join(name))
    }

    /// One of the sorted names of the directory, when it is a backup.
    fn stored(&self, root: &Root, names: &[OsString], name: &OsStr) -> Option<Stored> {
        let name = &*name.to_string_lossy();
        let (id, packing) = parse_name(name)?;
        let path = self.path.join(name);
        let opened = Backup::open(&path);
        let origin = opened.as_ref().ok().and_then(Backup::origin);
        let manifest = match opened {
            Ok(backup) => match backup.manifest {
                Some((_, Ok(manifest))) => Ok(Some(Box::new(manifest))),
                Some((_, Err(error))) => Err(error.to_string()),
                None => Ok(None),
            },
            Err(error) => Err(error.to_string()),
        };
        let sides = SIDE_FILES.iter().map(|end| format!("{name}{end}"));
        let sides = sides.filter(|side| names.binary_search(&OsString::from(side)).is_ok());
        let files: Vec<String> = std::iter::once(name.to_owned()).chain(sides).collect();
        let bytes = files.iter().map(|file| size(root, &self.path.join(file))).sum();
        let is_encrypted = packing.is_encrypted;
        Some(Stored { tier: Tier::Local, id, path, files, bytes, is_encrypted, origin, manifest })
    }

    /// Removes a backup with all its side files.
    pub fn remove(&self, stored: &Stored) -> Result<(), StorageError> {
        let mut trashed = Vec::new();
        for file in files_of(&stored.path) {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let trash = self.path.join(format!("{TRASH}{name}"));
            rename_file(&file, &trash)?;
            trashed.push(trash);
        }
        sync_dir(&self.path)?;
        trashed.iter().try_for_each(|trash| remove_file(trash))?;
        Ok(())
    }

    /// Removes what interrupted runs of this host left; only while the lock is held. Gives the names.
    pub fn remove_unfinished(&self, host: &str) -> Result<Vec<String>, StorageError> {
        let Ok(names) = Root::live()?.list(&self.path) else { return Ok(Vec::new()) };
        let names: Vec<String> = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        let unfinished: Vec<String> = names.iter().filter(|name| is_unfinished(name, host, &names)).cloned().collect();
        for name in &unfinished {
            remove_file(&self.path.join(name))?;
        }
        Ok(unfinished)
    }
}

/// Of this host: a partial file, something in the trash, or a side file without its archive.
fn is_unfinished(name: &str, host: &str, all: &[String]) -> bool {
    let is_ours = |archive: &str| parse_name(archive).is_some_and(|(id, _)| id.host() == host);
    if let Some(archive) = name.strip_suffix(PartialFile::SUFFIX) {
        return is_ours(archive);
    }
    if let Some(archive) = name.strip_prefix(TRASH) {
        return is_ours(archive) || owner_of_side(archive).is_some_and(is_ours);
    }
    // `<archive>.sha256.<pid>.tmp`: a side file that was being written.
    let settled = name.strip_suffix(".tmp").and_then(|rest| rest.rsplit_once('.')).map(|(side, _)| side);
    if let Some(archive) = settled.and_then(owner_of_side) {
        return is_ours(archive);
    }
    owner_of_side(name).is_some_and(|archive| {
        let bundle = format!("{archive}{BUNDLE}");
        is_ours(archive) && !all.iter().any(|other| other == archive || *other == bundle)
    })
}

fn owner_of_side(name: &str) -> Option<&str> {
    SIDE_FILES.iter().find_map(|end| name.strip_suffix(end))
}

/// The backup itself and its side files that exist. The archive comes first: once it has left its
/// name, the backup is gone, and what is left is swept up by the next run.
fn files_of(path: &Path) -> Vec<PathBuf> {
    let sides = SIDE_FILES.iter().map(|end| PathBuf::from(format!("{}{end}", path.display())));
    std::iter::once(path.to_owned())
        .chain(sides)
        .filter(|file| Root::live().is_ok_and(|root| root.exists(file)))
        .collect()
}

fn size(root: &Root, path: &Path) -> u64 {
    root.stat(path).ok().flatten().map_or(0, |stat| stat.size)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;

    fn tier(names: &[&str]) -> (tempfile::TempDir, Directory) {
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        let tier = Directory::new(dir.path());
        (dir, tier)
    }

    fn left(dir: &tempfile::TempDir) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn backups_are_listed_newest_first_and_other_files_are_not() {
        let (_dir, tier) = tier(&[
            "a-backup-20260101-000000.tar.zst",
            "b-backup-20260201-000000.tar.gz",
            "a-backup-20260301-000000.tar.zst.bundle.tar.partial",
            "notes.txt",
        ]);
        let ids: Vec<String> = tier.list().unwrap().iter().map(|stored| stored.id.to_string()).collect();
        assert_eq!(ids, ["b-backup-20260201-000000", "a-backup-20260101-000000"]);
    }

    #[test]
    fn a_missing_directory_holds_no_backups() {
        assert!(Directory::new(Path::new("/nowhere/at/all")).list().unwrap().is_empty());
    }

    #[test]
    fn a_removal_takes_the_side_files_along() {
        let archive = "a-backup-20260101-000000.tar.zst";
        let (dir, tier) = tier(&[archive, &format!("{archive}.sha256"), &format!("{archive}.metadata"), "other"]);
        tier.remove(&tier.list().unwrap()[0]).unwrap();
        assert_eq!(left(&dir), ["other"]);
    }

    #[test]
    fn what_an_interrupted_run_of_this_host_left_is_swept_up() {
        let (dir, tier) = tier(&[
            "a-backup-20260101-000000.tar.zst.partial",
            "a-backup-20260102-000000.tar.zst.sha256",
            "a-backup-20260103-000000.tar.zst.metadata.77.tmp",
            ".trash-a-backup-20260104-000000.tar.zst",
            ".trash-a-backup-20260104-000000.tar.zst.sha256",
            "a-backup-20260105-000000.tar.zst",
            "a-backup-20260105-000000.tar.zst.sha256",
            "b-backup-20260101-000000.tar.zst.partial",
            "notes.partial",
        ]);
        assert_eq!(tier.remove_unfinished("a").unwrap().len(), 5);
        assert_eq!(
            left(&dir),
            [
                "a-backup-20260105-000000.tar.zst",
                "a-backup-20260105-000000.tar.zst.sha256",
                "b-backup-20260101-000000.tar.zst.partial",
                "notes.partial"
            ]
        );
    }
}
