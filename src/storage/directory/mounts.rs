//! Is something mounted where something should be? Without it the disk below would be filled.
//!
//! | who says so | how |
//! |---|---|
//! | `/etc/fstab` | second field, `noauto` too |
//! | systemd | `Where=` of the `.mount` and `.automount` units in `/etc/systemd/system` |
//! | Proxmox VE | `nfs`, `cifs`, `cephfs`, `glusterfs` in `/etc/pve/storage.cfg`; `dir` with `is_mountpoint` |

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::host::storage_mounts;
use crate::system::{Cancel, Mount, Root, file_system_of, real_path, unescape};

/// Where whatever is mounted by hand is mounted.
const PLACES: [&str; 2] = ["/mnt", "/media"];
const FSTAB: &str = "/etc/fstab";
const UNITS: &str = "/etc/systemd/system";
const STORAGES: &str = "/etc/pve/storage.cfg";
/// Less than the shortest limit of a whole call.
const CLUSTER_LIMIT: Duration = Duration::from_millis(900);

/// A place where something is to be mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) point: PathBuf,
    /// The file that says so.
    pub(super) said_by: String,
}

/// The innermost of the expected mounts that hold `path`. Looks at nothing below a mount point
/// but at the path itself, so it may hang where that may.
pub(super) fn expected_above(path: &Path, tables: &Root) -> Option<Expected> {
    let real = real_path(path);
    let holds = |expected: &Expected| path.starts_with(&expected.point) || real.starts_with(&expected.point);
    all_expected(tables).into_iter().filter(holds).max_by_key(|expected| expected.point.components().count())
}

/// Whether something is mounted at `point`. An automount alone is a promise, not a mount.
pub(super) fn is_mounted(point: &Path, mounts: &[Mount]) -> bool {
    let real = real_path(point);
    mounts.iter().any(|mount| (mount.point == point || mount.point == real) && mount.kind != "autofs")
}

/// Whether `path` lies where disks and sticks are mounted, and none is: what is written there fills the
/// disk of the system.
pub(super) fn is_bare_mount_point(path: &Path, mounts: &[Mount]) -> bool {
    let is_for_mounts = PLACES.iter().any(|place| path != Path::new(place) && path.starts_with(place));
    is_for_mounts && file_system_of(path, mounts).is_some_and(|mount| mount.point == Path::new("/"))
}

fn all_expected(tables: &Root) -> Vec<Expected> {
    let read = |path: &str| tables.read_text(path).unwrap_or_default();
    let mut all = in_fstab(&read(FSTAB));
    let units = tables.list(UNITS).unwrap_or_default();
    let is_mount = |name: &OsString| Path::new(name).extension().is_some_and(|it| it == "mount" || it == "automount");
    for name in units.iter().filter(|name| is_mount(name)) {
        let path = format!("{UNITS}/{}", name.to_string_lossy());
        all.extend(in_unit(&read(&path), &path));
    }
    all.extend(in_storages(&read_storages(tables)));
    all.retain(|expected| expected.point.is_absolute() && expected.point != Path::new("/"));
    all
}

/// A cluster file system that does not answer costs nothing but what it knows.
fn read_storages(tables: &Root) -> String {
    tables.patient(CLUSTER_LIMIT, &Cancel::default()).read_text(STORAGES).unwrap_or_default()
}

fn in_fstab(text: &str) -> Vec<Expected> {
    let lines = text.lines().map(str::trim_start).filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_ascii_whitespace().nth(1))
        .map(|point| Expected { point: PathBuf::from(unescape(point)), said_by: FSTAB.to_owned() })
        .collect()
}

fn in_unit(text: &str, unit: &str) -> Option<Expected> {
    let places = text.lines().filter_map(|line| line.trim().strip_prefix("Where"));
    let place = places.filter_map(|rest| rest.trim_start().strip_prefix('=')).next_back()?.trim();
    Some(Expected { point: PathBuf::from(place), said_by: unit.to_owned() })
}

fn in_storages(text: &str) -> impl Iterator<Item = Expected> {
    let said_by = |storage: &str| format!("{STORAGES} ({storage})");
    storage_mounts(text).into_iter().map(move |it| Expected { said_by: said_by(&it.storage), point: it.point })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;

    fn tables() -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in [
            (
                "etc/fstab",
                "# x /commented\nUUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n\
                 nas:/a\t/mnt/with\\040blank nfs noauto 0 0\n//s/b /mnt/outer cifs ro\n/dev/b /mnt/outer/inner ext4\nbroken\n",
            ),
            ("etc/systemd/system/mnt-unit.mount", "[Mount]\nWhat=/dev/x\nWhere = /mnt/unit\n"),
            ("etc/systemd/system/mnt-auto.automount", "[Automount]\nWhere=/mnt/auto/\n"),
            ("etc/systemd/system/other.service", "Where=/mnt/service\n"),
            (
                "etc/pve/storage.cfg",
                "nfs: nas\n\tserver x\n\ndir: plain\n\tpath /mnt/plain\n\ndir: usb\n\tpath /mnt/usb/pve\n\
                 \tis_mountpoint /mnt/usb\n\ncifs: off\n\tdisable\n",
            ),
        ] {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let root = Root::at(dir.path()).unwrap();
        (dir, root)
    }

    #[test]
    fn a_directory_for_mounts_on_the_disk_of_the_system_is_bare() {
        let at = |point: &str| Mount { point: PathBuf::from(point), kind: "ext4".to_owned() };
        let (away, here) = (vec![at("/")], vec![at("/"), at("/mnt/usb")]);

        for path in ["/mnt/usb/proxmox", "/media/stick"] {
            assert!(is_bare_mount_point(Path::new(path), &away), "{path}");
        }
        assert!(!is_bare_mount_point(Path::new("/mnt/usb/proxmox"), &here));
        for path in ["/srv/second", "/var/mnt/usb", "/mnt"] {
            assert!(!is_bare_mount_point(Path::new(path), &away), "{path}");
        }
        assert!(!is_bare_mount_point(Path::new("/mnt/usb"), &[]), "nothing is known");
    }

    #[test]
    fn the_innermost_expected_mount_is_found_whoever_says_so() {
        let (_dir, root) = tables();
        for (path, expected) in [
            ("/mnt/with blank/x", Some(("/mnt/with blank", FSTAB))),
            ("/mnt/outer/inner", Some(("/mnt/outer/inner", FSTAB))),
            ("/mnt/outer/inn", Some(("/mnt/outer", FSTAB))),
            ("/mnt/unit/a/b", Some(("/mnt/unit", "/etc/systemd/system/mnt-unit.mount"))),
            ("/mnt/auto/a", Some(("/mnt/auto/", "/etc/systemd/system/mnt-auto.automount"))),
            ("/mnt/pve/nas/dump", Some(("/mnt/pve/nas", "/etc/pve/storage.cfg (nas)"))),
            ("/mnt/usb/pve/x", Some(("/mnt/usb", "/etc/pve/storage.cfg (usb)"))),
            ("/mnt/pve/off", None),
            ("/mnt/plain/x", None),
            ("/mnt/service", None),
            ("/mnt/commented", None),
            ("/mnt/withblank", None),
            ("/var/backups", None),
        ] {
            let found = expected_above(Path::new(path), &root).map(|it| (it.point, it.said_by));
            assert_eq!(found, expected.map(|(point, by)| (PathBuf::from(point), by.to_owned())), "{path}");
        }
    }

    #[test]
    fn a_link_to_an_expected_mount_leads_there() {
        let (dir, _) = tables();
        let point = dir.path().join("point");
        std::fs::create_dir(&point).unwrap();
        std::os::unix::fs::symlink(&point, dir.path().join("link")).unwrap();
        std::fs::write(dir.path().join("etc/fstab"), format!("x {} ext4\n", point.display())).unwrap();
        let found = expected_above(&dir.path().join("link/below"), &Root::at(dir.path()).unwrap()).unwrap();
        assert_eq!(found.point, point);
    }

    #[test]
    fn an_automount_alone_is_no_mount() {
        let mount = |kind: &str| Mount { point: PathBuf::from("/mnt/auto"), kind: kind.to_owned() };
        let point = Path::new("/mnt/auto/");
        assert!(!is_mounted(point, &[mount("autofs")]));
        assert!(is_mounted(point, &[mount("autofs"), mount("nfs4")]));
        assert!(!is_mounted(Path::new("/mnt/aut"), &[mount("ext4")]));
    }
}
