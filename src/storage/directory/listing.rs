//! Which files of a directory are backups, which belong to them, which are left of killed runs.

use std::path::{Path, PathBuf};

use super::super::{StorageError, Stored, Tier};
use super::trash;
use crate::bundle::{BUNDLE, Backup, BackupId, DECRYPTED, SIDE_FILES, owner_of_side, parse_name};
use crate::system::{Kind, PartialFile, Root, Steps, remove_file};

/// A backup that is being removed has this in front of its name.
pub(super) const TRASH: &str = ".trash-";

/// A directory of backups that surely answers; [`DirectoryStore`](super::DirectoryStore) is for those that may not.
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
        list(&self.path, Tier::Local, &Steps::unwatched())
    }

    /// The newest backup of a host by name alone: no file is opened. A decrypted copy is none.
    pub fn newest_of(&self, host: &str) -> Option<PathBuf> {
        let names = names_in(&self.path).ok()?;
        let originals = names.iter().filter(|name| !name.ends_with(DECRYPTED));
        let backups = originals.filter_map(|name| Some((parse_name(name)?.0, name)));
        let own = backups.filter(|(id, _)| id.host() == host);
        own.max_by(|(a, _), (b, _)| a.cmp(b)).map(|(_, name)| self.path.join(name))
    }

    /// What backups there are by name alone, newest first: no file is opened.
    pub fn ids(&self) -> Result<Vec<BackupId>, StorageError> {
        let names = names_in(&self.path)?;
        let mut ids: Vec<BackupId> = names.iter().filter_map(|name| Some(parse_name(name)?.0)).collect();
        ids.sort_by(|a, b| b.cmp(a));
        ids.dedup();
        Ok(ids)
    }

    /// Removes a backup with all its side files.
    pub fn remove(&self, stored: &Stored) -> Result<(), StorageError> {
        let steps = Steps::unwatched();
        let trashed = trash::put_in(&self.path, &stored.files, &steps)?;
        trash::empty(&trashed, &steps)
    }

    /// Removes what interrupted runs of this host left; only while the lock is held. Gives the names.
    pub fn remove_unfinished(&self, host: &str) -> Result<Vec<String>, StorageError> {
        sweep(&self.path, host, &Steps::unwatched())
    }
}

/// All backups in `dir`, newest first; a directory that is not there holds none.
pub(super) fn list(dir: &Path, tier: Tier, steps: &Steps) -> Result<Vec<Stored>, StorageError> {
    let names = names_in(dir)?;
    let mut all = Vec::new();
    for name in &names {
        if let Some(stored) = stored(dir, tier, &names, name) {
            all.push(stored);
            steps.step()?;
        }
    }
    all.sort_by(|a, b| b.id.cmp(&a.id));
    Ok(all)
}

/// Removes what killed runs of this host left; gives the names.
pub(super) fn sweep(dir: &Path, host: &str, steps: &Steps) -> Result<Vec<String>, StorageError> {
    let names = names_in(dir)?;
    let mut removed = Vec::new();
    for name in names.iter().filter(|name| is_unfinished(name, host, &names)) {
        steps.step()?;
        remove_file(&dir.join(name))?;
        removed.push(name.clone());
    }
    Ok(removed)
}

/// Names of backups of `host` and of their side files: what is handed over to another owner.
pub(super) fn files_of_host(dir: &Path, host: &str) -> Result<Vec<String>, StorageError> {
    let mut names = names_in(dir)?;
    names.retain(|name| {
        let archive = owner_of_side(name).unwrap_or(name);
        parse_name(archive).is_some_and(|(id, _)| id.host() == host)
    });
    Ok(names)
}

/// All names, sorted; none where there is no directory.
fn names_in(dir: &Path) -> Result<Vec<String>, StorageError> {
    match Root::live().and_then(|root| root.list(dir)) {
        Ok(names) => Ok(names.iter().map(|name| name.to_string_lossy().into_owned()).collect()),
        // A file in its place is no empty directory.
        Err(error) if error.is_absent() && !is_file(dir) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

fn is_file(path: &Path) -> bool {
    Root::live().is_ok_and(|root| root.stat(path).is_ok_and(|stat| stat.is_some_and(|stat| stat.kind == Kind::File)))
}

/// One of the sorted names of the directory, when it is a backup.
fn stored(dir: &Path, tier: Tier, names: &[String], name: &str) -> Option<Stored> {
    let (id, packing) = parse_name(name)?;
    let path = dir.join(name);
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
    let files = files_of(name, names);
    let root = Root::live().ok()?;
    let size = |file: &String| root.stat(dir.join(file)).ok().flatten().map_or(0, |stat| stat.size);
    let bytes = files.iter().map(size).sum();
    Some(Stored { tier, id, path, files, bytes, is_encrypted: packing.is_encrypted, origin, manifest })
}

/// The backup itself and its side files. Those of the archive inside belong to a bundle where the
/// archive is not there by itself: the Go tool may have died before it removed them.
fn files_of(name: &str, names: &[String]) -> Vec<String> {
    let is_there = |name: &String| names.binary_search(name).is_ok();
    let inside = name.strip_suffix(BUNDLE).filter(|archive| !is_there(&(*archive).to_owned()));
    let sides = std::iter::once(name)
        .chain(inside)
        .flat_map(|archive| SIDE_FILES.iter().map(move |end| format!("{archive}{end}")))
        .filter(is_there);
    std::iter::once(name.to_owned()).chain(sides).collect()
}

/// Of this host: a partial file, something in the trash, or a side file without its archive.
fn is_unfinished(name: &str, host: &str, all: &[String]) -> bool {
    let is_ours = |file: &str| {
        let archive = owner_of_side(file).unwrap_or(file);
        parse_name(archive).is_some_and(|(id, _)| id.host() == host)
    };
    if let Some(file) = name.strip_suffix(PartialFile::SUFFIX).or_else(|| name.strip_prefix(TRASH)) {
        return is_ours(file);
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
    fn a_backup_has_one_id_however_many_files_bear_it() {
        let (_dir, tier) = tier(&[
            "a-backup-20260101-000000.tar.zst",
            "a-backup-20260101-000000.tar.zst.bundle.tar",
            "a-backup-20260101-000000.tar.zst.sha256",
            "b-backup-20260201-000000.tar.gz",
            "notes.txt",
        ]);
        let ids: Vec<String> = tier.ids().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(ids, ["b-backup-20260201-000000", "a-backup-20260101-000000"]);
    }

    #[test]
    fn a_missing_directory_holds_no_backups() {
        assert!(Directory::new(Path::new("/nowhere/at/all")).list().unwrap().is_empty());
    }

    #[test]
    fn a_removal_takes_the_side_files_along() {
        let archive = "a-backup-20260101-000000.tar.zst";
        let sides = SIDE_FILES.map(|end| format!("{archive}{end}"));
        let names: Vec<&str> = sides.iter().map(String::as_str).chain([archive, "other"]).collect();
        let (dir, tier) = tier(&names);
        tier.remove(&tier.list().unwrap()[0]).unwrap();
        assert_eq!(left(&dir), ["other"]);
    }

    #[test]
    fn a_bundle_owns_what_lies_beside_the_archive_inside_unless_that_is_there_too() {
        let names = ["x.tar", "x.tar.bundle.tar", "x.tar.sha256", "y.tar.bundle.tar", "y.tar.metadata"];
        let names = names.map(str::to_owned);
        assert_eq!(files_of("x.tar", &names), ["x.tar", "x.tar.sha256"]);
        assert_eq!(files_of("x.tar.bundle.tar", &names), ["x.tar.bundle.tar"]);
        assert_eq!(files_of("y.tar.bundle.tar", &names), ["y.tar.bundle.tar", "y.tar.metadata"]);
    }

    #[test]
    fn what_an_interrupted_run_of_this_host_left_is_swept_up() {
        let (dir, tier) = tier(&[
            "a-backup-20260101-000000.tar.zst.partial",
            "a-backup-20260102-000000.tar.zst.sha256",
            "a-backup-20260103-000000.tar.zst.metadata.77.tmp",
            ".trash-a-backup-20260104-000000.tar.zst",
            ".trash-a-backup-20260104-000000.tar.zst.sha256",
            "a-backup-20260104-000000.tar.zst.metadata.sha256.partial",
            ".trash-a-backup-20260104-000000.tar.zst.metadata.sha256",
            "a-backup-20260105-000000.tar.zst",
            "a-backup-20260105-000000.tar.zst.sha256",
            "b-backup-20260101-000000.tar.zst.partial",
            "notes.partial",
        ]);
        assert_eq!(tier.remove_unfinished("a").unwrap().len(), 7);
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
