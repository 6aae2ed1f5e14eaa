//! What is looked at. Ours is what this tool or its package makes; everything else a setting may
//! name — a mounted share, `/etc`, somebody's `.ssh` — is never changed.

use std::path::{Path, PathBuf};

use super::judge::{Demand, Doubt, Finding, judge};
use super::keys;
use crate::config::NOT_OURS;
use crate::system::{FileError, Kind, Mount, Root, Stat, file_system_of, open_file, read_mounts};

/// What the package and this tool make.
const OURS: [&str; 5] = [
    "/etc/proxmox-config-backup",
    "/var/lib/proxmox-config-backup",
    "/var/backups/proxmox-config-backup",
    "/var/log/proxmox-config-backup",
    "/run/proxmox-config-backup",
];
/// The key directory of the older tools is `<BASE_DIR>/identity/age`.
const KEY_DIRECTORY: &str = "age";
/// File systems on which the server or the mount decides about owners.
const WITHOUT_OWNERS: [&str; 10] = ["nfs", "nfs4", "cifs", "smb3", "9p", "vfat", "exfat", "ntfs", "ntfs3", "glusterfs"];
/// Leads to what really runs, also when its name has been given to another file.
pub(super) const PROGRAM: &str = "/proc/self/exe";
/// Where programs are installed. One in a build directory belongs to who builds it, who could
/// change the sources as well.
const INSTALLED: [&str; 2] = ["/usr", "/opt"];

/// Where things lie.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// How much of it is looked at.
    pub scope: Scope,
    /// The configuration file that was read.
    pub config: Option<&'a Path>,
    /// `AGE_RECIPIENT_FILE`.
    pub recipients: &'a Path,
    /// `SIGN_KEY`: a private key that belongs on this machine. Whether it can be used is asked elsewhere.
    pub sign_key: Option<&'a Path>,
    /// The state directory.
    pub state: &'a Path,
    /// The run-time directory.
    pub run: &'a Path,
    /// Backups, logs, lock: looked at where they lie in our own places.
    pub others: &'a [&'a Path],
}

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Program and configuration: the backup is that of another machine's disk.
    Program,
    /// These, the keys and our directories.
    Everything,
}

/// What to do about a symlink at the end of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Symlink {
    /// It is a finding.
    Refuse,
    /// Somebody put the place elsewhere, which is then not ours to judge.
    PassOver,
}

/// How many places there are, and what is wrong with them.
pub(super) fn look(places: &Places<'_>) -> (usize, Vec<Finding>) {
    let mut look = Look { root: Root::live().ok(), mounts: read_mounts(), seen: 0, findings: Vec::new() };
    look.program();
    if let Some(config) = places.config.filter(|path| !is_foreign(path)) {
        look.place(config, Demand::Private, Symlink::PassOver);
        if let Some(dir) = config.parent().filter(|dir| is_ours(dir)) {
            look.place(dir, Demand::Private, Symlink::Refuse);
        }
    }
    if places.scope == Scope::Everything {
        look.keys(places.recipients, places.sign_key);
        if let Some(dir) = places.sign_key.and_then(Path::parent) {
            look.place(dir, if is_ours(dir) { Demand::Private } else { Demand::Trusted }, Symlink::Refuse);
        }
        let others = places.others.iter().copied().filter(|path| is_ours(path));
        let mut directories: Vec<&Path> = others.chain([places.state, places.run]).collect();
        directories.sort();
        directories.dedup();
        for path in directories {
            look.place(path, Demand::Private, Symlink::PassOver);
        }
    }
    (look.seen, look.findings)
}

/// The name of the program that runs, where it is an installed one.
pub(super) fn installed_program(root: &Root) -> Option<PathBuf> {
    let link = root.read_link(PROGRAM).ok()?;
    // What the kernel adds when the file has been replaced meanwhile: by an upgrade.
    let name = link.to_str().and_then(|name| name.strip_suffix(" (deleted)")).map(PathBuf::from);
    let name = name.unwrap_or_else(|| PathBuf::from(link));
    INSTALLED.iter().any(|top| name.starts_with(top)).then_some(name)
}

fn is_ours(path: &Path) -> bool {
    OURS.iter().any(|ours| path.starts_with(ours))
}

fn is_foreign(path: &Path) -> bool {
    NOT_OURS.iter().any(|theirs| path.starts_with(theirs))
}

struct Look {
    root: Option<Root>,
    mounts: Vec<Mount>,
    seen: usize,
    findings: Vec<Finding>,
}

impl Look {
    /// What others could have changed is not believed any more because its mode is right: no repair.
    fn program(&mut self) {
        let Some(path) = self.root.as_ref().and_then(installed_program) else { return };
        self.seen += 1;
        match open_file(Path::new(PROGRAM)).and_then(|file| Stat::of(&file, &path)) {
            Ok(stat) => self.findings.extend(judge(&path, &stat, Demand::Trusted)),
            Err(error) => self.unseen(&path, &error),
        }
    }

    fn keys(&mut self, recipients: &Path, sign_key: Option<&Path>) {
        let Some(dir) = recipients.parent() else { return };
        let is_ours = !is_foreign(dir) && (is_ours(dir) || dir.ends_with(KEY_DIRECTORY));
        if !is_ours {
            self.place(dir, Demand::Trusted, Symlink::PassOver);
            self.place(recipients, Demand::Trusted, Symlink::PassOver);
            return self.files(dir, None, sign_key);
        }
        if self.place(dir, Demand::Keys, Symlink::Refuse) {
            self.place_is_no_symlink(recipients);
            self.files(dir, Some(Demand::Keys), sign_key);
        }
    }

    /// The file itself is among those of the directory; only a symlink is passed over there.
    fn place_is_no_symlink(&mut self, path: &Path) {
        if matches!(self.stat(path), Ok(Some(stat)) if stat.kind == Kind::Symlink) {
            self.findings.push(symlink(path));
        }
    }

    fn files(&mut self, dir: &Path, demand: Option<Demand>, sign_key: Option<&Path>) {
        let Some(root) = &self.root else { return };
        match root.directory(dir).and_then(|dir| keys::look_into(&dir, demand, sign_key)) {
            Ok(found) => self.findings.extend(found),
            Err(error) if error.is_absent() => {}
            Err(error) => self.unseen(dir, &error),
        }
    }

    /// Looks at one place; whether there is something that may be looked into.
    fn place(&mut self, path: &Path, demand: Demand, links: Symlink) -> bool {
        let has_owners = file_system_of(path, &self.mounts)
            .is_none_or(|mount| !WITHOUT_OWNERS.contains(&mount.kind.as_str()) && !mount.kind.starts_with("fuse"));
        match self.stat(path) {
            Ok(None) => return false,
            Ok(Some(stat)) if stat.kind == Kind::Symlink => {
                if links == Symlink::Refuse {
                    self.findings.push(symlink(path));
                }
                return false;
            }
            Ok(Some(stat)) if has_owners => self.findings.extend(judge(path, &stat, demand)),
            Ok(Some(_)) => {}
            Err(error) => {
                self.unseen(path, &error);
                return false;
            }
        }
        self.seen += 1;
        true
    }

    fn stat(&self, path: &Path) -> Result<Option<Stat>, FileError> {
        self.root.as_ref().map_or(Ok(None), |root| root.stat(path))
    }

    fn unseen(&mut self, path: &Path, error: &FileError) {
        let what = format!("cannot be looked at: {}", error.reason());
        self.findings.push(Finding { path: path.to_owned(), what, repair: None, doubt: Doubt::None });
    }
}

fn symlink(path: &Path) -> Finding {
    let what = "is a symlink, which is not followed: put the keys where it stands".to_owned();
    Finding { path: path.to_owned(), what, repair: None, doubt: Doubt::None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_what_we_make() {
        for (path, ours) in [
            ("/var/backups/proxmox-config-backup", true),
            ("/run/proxmox-config-backup/lock", true),
            ("/etc", false),
            ("/etc/proxmox-config-backup-old", false),
            ("/mnt/nas/proxmox-config-backup", false),
            ("/var/lib/proxmox-backup", false),
        ] {
            assert_eq!(is_ours(Path::new(path)), ours, "{path}");
        }
        assert!(is_foreign(Path::new("/etc/proxmox-backup/backup.env")));
    }
}
