//! Which backup is meant: `latest`, an ID or the end of one, a file.

use std::path::Path;

use super::{Failure, Tiers};
use crate::bundle::Backup;
use crate::storage::{Directory, Stored, Tier};
use crate::system::Root;

/// The word for the newest backup.
pub const LATEST: &str = "latest";

/// Opens the backup `wanted` names: a path, `latest`, an ID, a file name, the end of an ID. The local
/// tier is asked first, the next one only when the backup is not there.
pub fn find(tiers: &Tiers, host: &str, wanted: &str) -> Result<Backup, Failure> {
    let as_path = Path::new(wanted);
    if wanted.contains('/') || is_file(as_path) {
        return open_at(as_path);
    }
    let mut why_not = Vec::new();
    for store in tiers.all() {
        let found = match store.list() {
            Ok(stored) => choose(&stored, host, wanted).cloned(),
            Err(error) if store.tier() == Tier::Local => return Err(error.into()),
            Err(error) => Err(NotChosen::Absent(error.to_string())),
        };
        match found {
            Ok(found) if found.path.is_absolute() => return Ok(Backup::open(&found.path)?),
            Ok(found) => return Err(Failure::Elsewhere { id: found.id.to_string(), place: store.place() }),
            Err(why) => why_not.push(why.in_place(&store.place())?),
        }
    }
    Err(Failure::NotFound(why_not.join("; ")))
}

/// Opens the backup at this path. Whoever has just mounted a disk names its directory first, and is
/// told which file to name.
pub fn open_at(path: &Path) -> Result<Backup, Failure> {
    let here = std::path::absolute(path).unwrap_or_default();
    if !Root::live()?.is_dir(&here) {
        return Ok(Backup::open(path)?);
    }
    let newest = Directory::new(&here).list().ok().and_then(|all| Some(all.first()?.path.clone()));
    Err(Failure::IsDirectory { directory: path.to_owned(), newest })
}

fn is_file(path: &Path) -> bool {
    let here = std::path::absolute(path).unwrap_or_default();
    Root::live()
        .is_ok_and(|root| root.stat(&here).is_ok_and(|stat| stat.is_some_and(|s| s.kind == crate::system::Kind::File)))
}

/// Why a list has no backup for a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotChosen {
    /// None is meant.
    Absent(String),
    /// More than one may be meant.
    Ambiguous(String),
}

impl NotChosen {
    /// Why to look on, with the place where none was found. An ambiguous word ends it: the next tier
    /// may hold one of them only, which is nobody's choice.
    pub(super) fn in_place(self, place: &str) -> Result<String, Failure> {
        match self {
            Self::Absent(why) => Ok(format!("{why} in {place}")),
            Self::Ambiguous(why) => Err(Failure::NotFound(format!("{why} in {place}"))),
        }
    }
}

/// The backup of this list that `wanted` names: `latest`, an ID, a file name, the end of an ID.
pub fn choose<'a>(stored: &'a [Stored], host: &str, wanted: &str) -> Result<&'a Stored, NotChosen> {
    if wanted == LATEST {
        return newest(stored, host).map_err(NotChosen::Absent);
    }
    let file_name = |backup: &&Stored| backup.path.file_name().is_some_and(|name| name.to_string_lossy() == wanted);
    if let Some(exact) = stored.iter().find(|backup| backup.id.as_str() == wanted || file_name(backup)) {
        return Ok(exact);
    }
    let mut ending = stored.iter().filter(|backup| backup.id.as_str().ends_with(wanted) && !wanted.is_empty());
    match (ending.next(), ending.next()) {
        (Some(only), None) => Ok(only),
        (Some(one), Some(other)) => Err(NotChosen::Ambiguous(format!("`{wanted}` may be {} or {}", one.id, other.id))),
        _ => Err(NotChosen::Absent(format!("there is no backup `{wanted}`"))),
    }
}

/// This host's newest; on a new machine with another name, the newest of the only host there is.
fn newest<'a>(stored: &'a [Stored], host: &str) -> Result<&'a Stored, String> {
    let exact = stored.iter().find(|backup| backup.host() == host);
    if let Some(own) = exact.or_else(|| stored.iter().find(|backup| backup.is_of(host))) {
        return Ok(own);
    }
    let mut hosts: Vec<&str> = stored.iter().map(Stored::host).collect();
    hosts.sort_unstable();
    hosts.dedup();
    match hosts.as_slice() {
        [] => Err("there is no backup".to_owned()),
        [_] => stored.first().ok_or_else(|| "there is no backup".to_owned()),
        many => Err(format!("there is no backup of {host} but of {}: name one", many.join(", "))),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;

    fn tier(names: &[&str]) -> (tempfile::TempDir, Vec<Stored>) {
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        let stored = Directory::new(dir.path()).list().unwrap();
        (dir, stored)
    }

    const TWO_HOSTS: [&str; 3] =
        ["a-backup-20260101-000000.tar", "a-backup-20260102-000000.tar", "b-backup-20260103-000000.tar"];

    #[test]
    fn latest_is_this_hosts_newest() {
        let (_dir, stored) = tier(&TWO_HOSTS);
        assert_eq!(choose(&stored, "a", "latest").unwrap().id.as_str(), "a-backup-20260102-000000");
        let Err(NotChosen::Absent(why)) = choose(&stored, "c", "latest") else { panic!("one was chosen") };
        assert!(why.contains("but of a, b"));
    }

    #[test]
    fn latest_of_an_older_tool_has_the_domain_in_its_name() {
        let (_dir, stored) = tier(&["a.lan-backup-20260101-000000.tar", "b-backup-20260102-000000.tar"]);
        assert_eq!(choose(&stored, "a", "latest").unwrap().host(), "a.lan");
    }

    #[test]
    fn latest_on_a_new_machine_is_the_newest_of_the_only_host() {
        let (_dir, stored) = tier(&TWO_HOSTS[..2]);
        assert_eq!(choose(&stored, "fresh", "latest").unwrap().id.as_str(), "a-backup-20260102-000000");
    }

    #[test]
    fn a_directory_is_no_backup_and_its_newest_is_named() {
        let (dir, _) = tier(&TWO_HOSTS[..2]);
        let said = open_at(dir.path()).unwrap_err().to_string();
        assert!(said.ends_with("a-backup-20260102-000000.tar"), "{said}");
        let empty = tempfile::tempdir().unwrap();
        assert!(open_at(empty.path()).unwrap_err().to_string().ends_with("name a backup in it"));
    }

    #[test]
    fn an_id_its_end_and_a_file_name_name_a_backup() {
        let (_dir, stored) = tier(&TWO_HOSTS);
        for wanted in ["b-backup-20260103-000000", "b-backup-20260103-000000.tar", "20260103-000000"] {
            assert_eq!(choose(&stored, "a", wanted).unwrap().host(), "b", "{wanted}");
        }
        let Err(NotChosen::Ambiguous(why)) = choose(&stored, "a", "000000") else { panic!("one was chosen") };
        assert!(why.contains("may be"));
        assert!(choose(&stored, "a", "").is_err());
    }
}
