//! Where another tree begins: the mount points below which files are not the tree's own.

use std::collections::HashMap;
use std::path::PathBuf;

use super::Root;
use super::space::{joined, unescape};

/// What is mounted where, by one line of `/proc/self/mountinfo` (proc(5)).
struct Mounted {
    parent: u64,
    device: String,
    /// The directory of the file system that is seen at `point`.
    shows: PathBuf,
    point: PathBuf,
}

/// Points of the running system at which something else is mounted. Not among them: a directory that
/// is mounted onto itself, as sandboxes do to give it other rights (`ReadWritePaths=`, `ProtectHome=`
/// of systemd). It shows the very files that are there without it.
pub fn foreign_mount_points() -> Vec<PathBuf> {
    let table = Root::live().and_then(|root| root.read_text("/proc/self/mountinfo")).unwrap_or_default();
    foreign_in(&table)
}

fn foreign_in(table: &str) -> Vec<PathBuf> {
    let mounts: HashMap<u64, Mounted> = table.lines().filter_map(parse).collect();
    mounts.values().filter(|mount| !is_onto_itself(mount, &mounts)).map(|mount| mount.point.clone()).collect()
}

fn is_onto_itself(mount: &Mounted, mounts: &HashMap<u64, Mounted>) -> bool {
    let Some(parent) = mounts.get(&mount.parent) else { return false };
    let Ok(way) = mount.point.strip_prefix(&parent.point) else { return false };
    mount.device == parent.device && mount.shows == joined(&parent.shows, way)
}

fn parse(line: &str) -> Option<(u64, Mounted)> {
    let mut fields = line.split(' ');
    let id = fields.next()?.parse().ok()?;
    let parent = fields.next()?.parse().ok()?;
    let device = fields.next()?.to_owned();
    let shows = PathBuf::from(unescape(fields.next()?));
    let point = PathBuf::from(unescape(fields.next()?));
    Some((id, Mounted { parent, device, shows, point }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As in a unit with `ProtectHome=read-only`, `ReadWritePaths=/root/.config/rclone`, a private /tmp
    /// and a second disk that is made read-only; its root is itself a directory of a file system.
    const TABLE: &str = "\
20 1 252:1 /machine / rw,relatime shared:1 - ext4 /dev/vda1 rw
21 20 252:1 /machine/root /root ro,relatime shared:2 - ext4 /dev/vda1 rw
22 21 252:1 /machine/root/.config/rclone /root/.config/rclone rw - ext4 /dev/vda1 rw
23 20 252:1 /machine/tmp/private/tmp /tmp rw - ext4 /dev/vda1 rw
24 20 252:17 / /mnt/usb rw - ext4 /dev/vdb1 rw
25 24 252:17 / /mnt/usb ro - ext4 /dev/vdb1 rw
26 20 0:30 / /etc/pve rw - fuse /dev/fuse rw
27 20 252:1 /machine/srv/a /srv/b rw - ext4 /dev/vda1 rw
28 20 252:1 /machine/srv/a\\040b /srv/a\\040b rw - ext4 /dev/vda1 rw
29 20 252:17 /machine/opt /opt rw - ext4 /dev/vdb1 rw
half a line";

    #[test]
    fn a_directory_mounted_onto_itself_is_not_foreign() {
        let mut foreign = foreign_in(TABLE);
        foreign.sort();
        foreign.dedup();
        let expected = ["/", "/etc/pve", "/mnt/usb", "/opt", "/srv/b", "/tmp"];
        assert_eq!(foreign, expected.map(PathBuf::from));
    }
}
