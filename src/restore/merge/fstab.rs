//! `/etc/fstab`: network and data mounts that are missing come back with `nofail`. Root, boot and
//! swap of another disk never do: the machine would not start.

use std::collections::BTreeSet;

use super::{Merged, is_plain};

/// What a machine starts from and keeps its own files in.
const OWN_PLACES: &[&str] = &[
    "/", "/bin", "/boot", "/dev", "/efi", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/root", "/run",
    "/sbin", "/sys", "/tmp", "/usr", "/var",
];
/// Parts of them where data may be mounted all the same.
const DATA_PLACES: &[&str] = &["/var/lib/vz", "/var/lib/docker", "/var/backups", "/run/media"];

/// As systemd counts them (`fstype_is_network`), by a program of their own (`fuse.sshfs`) as well.
const NETWORK: &[&str] = &[
    "9p",
    "afs",
    "ceph",
    "cifs",
    "davfs",
    "gfs",
    "gfs2",
    "glusterfs",
    "lustre",
    "ncp",
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "pvfs2",
    "smb3",
    "smbfs",
    "sshfs",
];

/// Names that mean the same disk on every machine, and no other.
const STABLE: &[&str] = &["UUID=", "PARTUUID=", "/dev/disk/by-id/", "/dev/disk/by-uuid/", "/dev/disk/by-partuuid/"];

struct Line<'a> {
    source: &'a str,
    point: &'a str,
    kind: &'a str,
    options: &'a str,
    rest: Vec<&'a str>,
}

/// The text as it is, with the missing mounts of the archived one.
pub fn merge(current: &str, archived: &str) -> Merged {
    let mut merged = Merged::from(current);
    let mut taken: BTreeSet<&str> = current.lines().filter_map(parse).map(|line| line.point).collect();
    for text in archived.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')) {
        let Some(line) = parse(text).filter(|_| is_plain(text)) else {
            merged.leave("a line of fstab", "it is no mount");
            continue;
        };
        let name = format!("{} on {}", line.source, line.point);
        if let Some(why) = why_not(&line, &taken) {
            merged.leave(name, why);
        } else {
            taken.insert(line.point);
            merged.add(name, &line.with_nofail());
        }
    }
    merged
}

fn parse(text: &str) -> Option<Line<'_>> {
    let mut fields = text.split_whitespace();
    let (source, point, kind) = (fields.next()?, fields.next()?, fields.next()?);
    let is_comment = source.starts_with('#');
    let options = fields.next().unwrap_or("defaults");
    (!is_comment).then(|| Line { source, point: trimmed(point), kind, options, rest: fields.take(2).collect() })
}

fn trimmed(point: &str) -> &str {
    let short = point.trim_end_matches('/');
    if short.is_empty() && !point.is_empty() { "/" } else { short }
}

fn why_not(line: &Line<'_>, taken: &BTreeSet<&str>) -> Option<&'static str> {
    match () {
        () if line.kind == "swap" || line.point == "swap" || line.point == "none" => {
            Some("swap belongs to the disks of this machine")
        }
        () if is_own_place(line.point) => Some("this machine keeps its own system there"),
        () if taken.contains(line.point) => Some("something is mounted there already"),
        () if !line.point.starts_with('/') || line.point.split('/').any(|part| part == "..") => {
            Some("the place is no plain path")
        }
        () if line.options.split(',').any(|option| matches!(option, "bind" | "rbind")) || line.kind == "none" => {
            Some("it mounts a directory of the machine, which may not be there")
        }
        () if line.is_network() => None,
        () if STABLE.iter().any(|start| line.source.starts_with(start)) => None,
        () => Some("the name may mean another disk on this machine"),
    }
}

fn is_own_place(point: &str) -> bool {
    let is_in =
        |place: &&str| point == *place || (point.strip_prefix(*place).is_some_and(|rest| rest.starts_with('/')));
    OWN_PLACES.iter().any(|place| if *place == "/" { point == "/" } else { is_in(place) })
        && !DATA_PLACES.iter().any(is_in)
}

impl Line<'_> {
    fn is_network(&self) -> bool {
        let kind = self.kind.strip_prefix("fuse.").unwrap_or(self.kind);
        NETWORK.contains(&kind) || self.options.split(',').any(|option| option == "_netdev")
    }

    /// A mount that cannot be made must not keep the machine from starting.
    fn with_nofail(&self) -> String {
        let mut options = self.options.to_owned();
        let wanted = if self.is_network() { &["nofail", "_netdev"][..] } else { &["nofail"] };
        for option in wanted {
            if !options.split(',').any(|it| it == *option) {
                options = format!("{options},{option}");
            }
        }
        let mut fields = vec![self.source, self.point, self.kind, &options];
        fields.extend(&self.rest);
        fields.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "/dev/pve/root / ext4 errors=remount-ro 0 1\nUUID=AA /boot/efi vfat defaults 0 1\n\
        /dev/pve/swap none swap sw 0 0\nserver:/a /mnt/taken nfs defaults 0 0";

    #[test]
    fn network_and_named_disks_come_back_with_nofail_and_nothing_else_does() {
        let archived = "# comment\nUUID=11 / ext4 defaults 0 1\nUUID=22 /boot/efi vfat defaults 0 1\n\
            UUID=33 none swap sw 0 0\nUUID=44 /usr ext4 defaults 0 2\nproc /proc proc defaults 0 0\n\
            //nas/media /mnt/media cifs credentials=/etc/c,nofail 0 0\nserver:/b /mnt/b nfs4\n\
            UUID=55 /mnt/data/ xfs defaults,noatime 0 2\n/dev/disk/by-id/ata-X /mnt/x ext4 nofail 0 2\n\
            /dev/sdb1 /mnt/y ext4 defaults 0 2\nLABEL=z /mnt/z ext4 defaults 0 2\nserver:/c /mnt/taken nfs defaults 0 0\n\
            /srv/a /srv/b none bind 0 0\nUUID=66 /mnt/../etc ext4 defaults 0 0\nUUID=77 /var/lib/vz ext4 defaults 0 2\nodd\n\
            UUID=88 /efi vfat defaults 0 1\na@b:/c /mnt/far fuse.sshfs noauto 0 0\n\
            /dev/disk/by-path/ip-192.0.2.1 /mnt/i ext4 _netdev 0 0\n/dev/disk/by-path/pci-0 /mnt/p ext4 defaults 0 0\n\
            /dev/zvol/tank/swap none swap sw 0 0\n/swap.img /swap swap sw 0 0\nUUID=99 /home ext4\n";

        let merged = merge(HERE, archived);

        let new: Vec<&str> = merged.text.strip_prefix(&format!("{HERE}\n")).unwrap().lines().collect();
        assert_eq!(
            new,
            [
                "//nas/media /mnt/media cifs credentials=/etc/c,nofail,_netdev 0 0",
                "server:/b /mnt/b nfs4 defaults,nofail,_netdev",
                "UUID=55 /mnt/data xfs defaults,noatime,nofail 0 2",
                "/dev/disk/by-id/ata-X /mnt/x ext4 nofail 0 2",
                "UUID=77 /var/lib/vz ext4 defaults,nofail 0 2",
                "a@b:/c /mnt/far fuse.sshfs noauto,nofail,_netdev 0 0",
                "/dev/disk/by-path/ip-192.0.2.1 /mnt/i ext4 _netdev,nofail 0 0",
                "UUID=99 /home ext4 defaults,nofail",
            ]
        );
        assert_eq!(merged.left_out.len(), 15, "{:#?}", merged.left_out);
        for (what, why) in [
            ("UUID=11 on /", "own system"),
            ("UUID=33 on none", "swap"),
            ("/dev/sdb1 on /mnt/y", "another disk"),
            ("LABEL=z", "another disk"),
            ("on /mnt/taken", "already"),
            ("a line of fstab", "no mount"),
            ("UUID=88 on /efi", "own system"),
            ("by-path/pci-0", "another disk"),
            ("/swap.img", "swap"),
        ] {
            assert!(merged.left_out.iter().any(|l| l.what.contains(what) && l.why.contains(why)), "{what}");
        }
    }

    #[test]
    fn what_is_there_already_is_not_added_twice() {
        let once = merge(HERE, "UUID=55 /mnt/data xfs defaults 0 2\n");
        let twice = merge(&once.text, "UUID=55 /mnt/data xfs defaults 0 2\n");
        assert_eq!(twice.text, once.text);
        assert!(twice.added.is_empty());
    }
}
