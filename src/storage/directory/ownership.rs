//! Whose the files of a tier are: root's and private, or `BACKUP_USER`'s where that is asked for
//! and the file system can.

use std::fs::File;
use std::path::Path;

use super::super::StorageError;
use crate::config::Owner;
use crate::issue::{Issue, Stage};
use crate::system::{Attributes, Kind, PartialFile, Root, Stat, Steps, dress, give_to, real_path, remove_file};

/// Modes of files and directories that have an owner: he writes, his group reads.
const SHARED_FILE: u32 = 0o640;
const SHARED_DIR: u32 = 0o750;
const PRIVATE_FILE: u32 = 0o600;

/// File systems without owners. Of all others a file that is made and given away tells.
const WITHOUT_OWNERS: [&str; 5] = ["vfat", "msdos", "exfat", "ntfs", "ntfs3"];

/// Where root may give files away, unless somebody forbids it to this process.
pub(super) const WITH_OWNERS: [&str; 7] = ["btrfs", "ext2", "ext3", "ext4", "f2fs", "xfs", "zfs"];

/// Directories of the system: what lies in them may be handed over, they themselves stay root's.
const OF_THE_SYSTEM: [&str; 24] = [
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/media",
    "/mnt",
    "/mnt/pve",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/var",
    "/var/backups",
    "/var/lib",
    "/var/log",
    "/var/tmp",
];

/// What the file system of a tier can do with owner and mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Abilities {
    /// The mode of a new private file there.
    pub(super) private_mode: u32,
    /// The mode of a file can be changed.
    pub(super) has_modes: bool,
    /// Files can be given away.
    pub(super) has_owners: bool,
}

impl Abilities {
    /// Nobody else may read what is written there.
    pub(super) fn is_private(self) -> bool {
        let of_others = self.private_mode & 0o077;
        of_others == 0
    }
}

/// User and group by number.
pub(super) type Ids = (u32, u32);

/// Tries what can be done with the file `probe`; leaves nothing there.
pub(super) fn try_out(probe: &Path, kind: &str, ids: Option<Ids>, steps: &Steps) -> Result<Abilities, StorageError> {
    let _ = remove_file(&PartialFile::path_for(probe));
    let probe = PartialFile::create(probe)?;
    steps.step()?;
    let file = probe.handle()?;
    let private_mode = Stat::of(&file, probe.path())?.mode;
    let refused = dress(&file, probe.path(), &attributes(None, (0, 0)));
    let has_modes = refused.iter().all(|error| error.action == "set the time of");
    let mut has_owners = false;
    if let Some(ids) = ids.filter(|_| !WITHOUT_OWNERS.contains(&kind)) {
        // Some answer "done" and do nothing: what counts is what the file is afterwards.
        let _ = dress(&file, probe.path(), &attributes(Some(ids), (0, 0)));
        steps.step()?;
        let stat = Root::live()?.stat(probe.path())?;
        has_owners = stat.is_some_and(|it| (it.uid, it.gid) == ids && it.mode == SHARED_FILE);
    }
    steps.step()?;
    Ok(Abilities { private_mode, has_modes, has_owners })
}

/// Owner, mode and time of a copy, on the open file; gives what did not work.
pub(super) fn dress_copy(file: &File, path: &Path, ids: Option<Ids>, source: &Stat) -> Option<Issue> {
    let failed = dress(file, path, &attributes(ids, (source.mtime, source.mtime_ns)));
    let error = failed.into_iter().find(|error| error.action != "set the time of")?;
    Some(Issue::notice(Stage::Storage, path.display().to_string(), error.to_string()))
}

fn attributes(ids: Option<Ids>, mtime: (i64, u32)) -> Attributes<'static> {
    let mode = if ids.is_some() { SHARED_FILE } else { PRIVATE_FILE };
    Attributes { owner: ids, mode, mtime, xattrs: &[] }
}

/// Hands over what lies there already: the directory and these files of it. Gives what did not work.
pub(super) fn hand_over(
    dir: &Path,
    names: &[String],
    ids: Ids,
    keys: &Path,
    steps: &Steps,
) -> Result<Vec<Issue>, StorageError> {
    let refuse = |why: &str| vec![Issue::warning(Stage::Storage, dir.display().to_string(), why.to_owned())];
    if holds_keys(dir, keys) {
        return Ok(refuse("not given to BACKUP_USER: the keys for encryption lie there"));
    }
    if !OF_THE_SYSTEM.iter().any(|system| dir == Path::new(system)) {
        if let Some(issue) = give(dir, Kind::Directory, SHARED_DIR, ids)? {
            // The files would fail for the same reason.
            return Ok(vec![issue.with_hint("no part of the path may be a symlink")]);
        }
    }
    let mut issues = Vec::new();
    for name in names {
        steps.step()?;
        issues.extend(give(&dir.join(name), Kind::File, SHARED_FILE, ids)?);
    }
    Ok(issues)
}

/// Whether a directory is, holds, or lies in that of the keys.
pub(super) fn holds_keys(dir: &Path, keys: &Path) -> bool {
    let (dir, keys) = (real_path(dir), real_path(keys));
    keys.starts_with(&dir) || dir.starts_with(&keys)
}

/// Gives one away that is not yet as it shall be; what did not work is an issue.
fn give(path: &Path, kind: Kind, mode: u32, ids: Ids) -> Result<Option<Issue>, StorageError> {
    let is_done = |stat: Stat| stat.kind == kind && (stat.uid, stat.gid) == ids && stat.mode == mode;
    if Root::live()?.stat(path)?.is_none_or(is_done) {
        return Ok(None);
    }
    let given = give_to(path, kind, ids, mode);
    Ok(given.err().map(|error| Issue::warning(Stage::Storage, path.display().to_string(), error.to_string())))
}

/// The numbers of `BACKUP_USER` and `BACKUP_GROUP`; `Err` says in words what is missing.
///
/// From the files, not through NSS: a directory server that does not answer must not stop a backup.
pub(super) fn ids_of(owner: &Owner, tables: &Root) -> Result<Ids, String> {
    let user = entry(&tables.read_text("/etc/passwd").unwrap_or_default(), &owner.user);
    let (uid, own_group) = match (user, owner.user.parse()) {
        (Some((uid, gid)), _) => (uid, gid),
        (None, Ok(number)) => (number, None),
        (None, Err(_)) => return Err(format!("BACKUP_USER: there is no user `{}` in /etc/passwd", owner.user)),
    };
    let Some(name) = &owner.group else {
        return own_group
            .map(|gid| (uid, gid))
            .ok_or_else(|| "BACKUP_GROUP: not set, and the user has none".to_owned());
    };
    let group = entry(&tables.read_text("/etc/group").unwrap_or_default(), name).map(|(gid, _)| gid);
    let gid = group.or_else(|| name.parse().ok());
    gid.map(|gid| (uid, gid)).ok_or_else(|| format!("BACKUP_GROUP: there is no group `{name}` in /etc/group"))
}

/// `name:password:number:…`: the number, and of a user the number of his group.
fn entry(text: &str, name: &str) -> Option<(u32, Option<u32>)> {
    let mut fields = text.lines().find(|line| line.split(':').next() == Some(name))?.split(':').skip(2);
    let number = fields.next()?.parse().ok()?;
    Some((number, fields.next().and_then(|gid| gid.parse().ok())))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;

    #[test]
    fn users_and_groups_are_those_of_the_files() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("etc")).unwrap();
        std::fs::write(dir.path().join("etc/passwd"), "root:x:0:0::/:/x\nbackup:x:34:35:b:/:/x\nbroken\n").unwrap();
        std::fs::write(dir.path().join("etc/group"), "adm:x:4:\n").unwrap();
        let root = Root::at(dir.path()).unwrap();
        let ids = |user: &str, group: Option<&str>| {
            ids_of(&Owner { user: user.to_owned(), group: group.map(str::to_owned) }, &root)
        };
        assert_eq!(ids("backup", None), Ok((34, 35)));
        assert_eq!(ids("backup", Some("adm")), Ok((34, 4)));
        assert_eq!(ids("1000", Some("1001")), Ok((1000, 1001)));
        assert!(ids("nobody-here", None).unwrap_err().contains("no user `nobody-here`"));
        assert!(ids("backup", Some("no-group")).unwrap_err().contains("no group `no-group`"));
        assert!(ids("1000", None).is_err());
    }

    #[test]
    fn what_holds_the_keys_is_never_handed_over() {
        let dir = tempfile::tempdir().unwrap();
        let keys = dir.path().join("age");
        for place in [dir.path(), &keys, &keys.join("below")] {
            let issues = hand_over(place, &[], (1, 1), &keys, &Steps::unwatched()).unwrap();
            assert!(issues[0].reason.contains("keys"), "{issues:?}");
        }
    }
}
