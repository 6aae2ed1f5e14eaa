//! Equal files that became links: the Go tool lists them in a JSON manifest, with relative links;
//! the Bash tool made absolute links into its own staging directory and lists nothing.

use std::sync::Arc;

use serde::Deserialize;

use super::survey::{Found, Names};
use crate::archive::{Made, Member, MemberKind, Segment};

/// The Bash tool's staging directory, up to its type, time and process.
const STAGING: &[u8] = b"/tmp/proxmox-backup-";
/// A file may be the twin of a twin; one that leads nowhere is a loop.
const MOST_STEPS: usize = 40;

/// One element of the Go tool's manifest.
#[derive(Debug, Deserialize)]
pub(super) struct Duplicate {
    path: String,
    mode: Option<u64>,
    uid: Option<u32>,
    gid: Option<u32>,
}

impl Duplicate {
    /// Permission bits; Go keeps setuid, setgid and sticky elsewhere.
    fn mode(&self) -> Option<u32> {
        const GO_BITS: [(u64, u32); 3] = [(1 << 23, 0o4000), (1 << 22, 0o2000), (1 << 20, 0o1000)];
        let mode = self.mode?;
        let special = GO_BITS.iter().filter(|(bit, _)| mode & bit != 0).fold(0, |sum, (_, bit)| sum | bit);
        u32::try_from(mode & 0o7777).ok().map(|mode| mode | special)
    }
}

/// The Go tool's: only what its manifest names; other links are the host's own.
pub(super) fn listed(duplicates: &[Duplicate], names: &Names, found: &mut Found) {
    for duplicate in duplicates {
        let path = duplicate.path.trim_start_matches("./").trim_start_matches('/').as_bytes();
        let Some((ordinal, member)) = names.get(path) else {
            found.lose(path, "named by the list of duplicates, but not in the archive");
            continue;
        };
        if member.kind == MemberKind::File || found.hidden.contains(ordinal) {
            continue;
        }
        found.hidden.insert(*ordinal);
        match resolve(path, names, found) {
            Ok((twin, segments)) => {
                let has_owner = duplicate.uid.is_none_or(|uid| uid == member.uid)
                    && duplicate.gid.is_none_or(|gid| gid == member.gid);
                let (user, group) =
                    if has_owner { (member.user.clone(), member.group.clone()) } else { Default::default() };
                let made = Member {
                    mode: duplicate.mode().unwrap_or(twin.mode),
                    uid: duplicate.uid.unwrap_or(member.uid),
                    gid: duplicate.gid.unwrap_or(member.gid),
                    user,
                    group,
                    lost: Vec::new(),
                    ..file(path, member, &twin)
                };
                found.make(Made { member: made, segments });
            }
            Err(why) => found.lose(path, why),
        }
    }
}

/// The Bash tool's: links into the staging directory, which nothing on a host has.
pub(super) fn staged(names: &Names, found: &mut Found) {
    for (path, (ordinal, member)) in names {
        if member.kind != MemberKind::Symlink || staged_target(&member.link).is_none() || found.hidden.contains(ordinal)
        {
            continue;
        }
        found.hidden.insert(*ordinal);
        match resolve(path, names, found) {
            Ok((twin, segments)) => {
                let why = "owner and mode were not kept by the tool that replaced it by a link: they are its twin's";
                let lost = vec![why.into()];
                found.make(Made { member: Member { lost, ..file(path, member, &twin) }, segments });
            }
            Err(why) => found.lose(path, why),
        }
    }
}

/// A copy of the twin with the link's name and time.
fn file(path: &[u8], link: &Member, twin: &Member) -> Member {
    Member { path: path.to_vec(), mtime: link.mtime, mtime_ns: link.mtime_ns, xattrs: Vec::new(), ..twin.clone() }
}

/// The regular file that has the content of `path`.
fn resolve(path: &[u8], names: &Names, found: &Found) -> Result<(Member, Arc<[Segment]>), String> {
    let mut at = path.to_vec();
    for _ in 0..MOST_STEPS {
        if let Some(made) = found.made_of(&at) {
            return Ok((made.member.clone(), made.segments.clone()));
        }
        let Some((ordinal, member)) = names.get(&at) else {
            return Err(format!("its content is lost: its twin {} is not in the archive", shown(&at)));
        };
        at = match member.kind {
            MemberKind::File => {
                return Ok((member.clone(), Arc::new([Segment { ordinal: *ordinal, bytes: member.size }])));
            }
            MemberKind::Symlink => target(&at, &member.link)
                .ok_or_else(|| format!("refused: its twin {} is outside of the archive", shown(&member.link)))?,
            MemberKind::HardLink => member.link.iter().copied().skip_while(|byte| *byte == b'/').collect(),
            kind => return Err(format!("its content is lost: its twin {} is a {}", shown(&at), kind.as_str())),
        };
    }
    Err("refused: its twin is a loop of links".into())
}

fn shown(name: &[u8]) -> String {
    crate::archive::printable(name)
}

/// Where a link in the archive leads, inside of it.
fn target(from: &[u8], link: &[u8]) -> Option<Vec<u8>> {
    let mut parts: Vec<&[u8]> = Vec::new();
    let below = match staged_target(link) {
        Some(inside) => inside,
        None if link.starts_with(b"/") => return None,
        None => {
            parts = from.split(|byte| *byte == b'/').collect();
            parts.pop();
            link
        }
    };
    for part in below.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join(&b'/'))
}

/// `/tmp/proxmox-backup-<type>-<time>-<pid>/<path>` → path.
fn staged_target(link: &[u8]) -> Option<&[u8]> {
    let rest = link.strip_prefix(STAGING)?;
    let slash = rest.iter().position(|byte| *byte == b'/')?;
    Some(&rest[slash + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_inside_the_archive_or_nowhere() {
        let target = |from: &str, link: &str| {
            target(from.as_bytes(), link.as_bytes()).map(|path| String::from_utf8(path).unwrap())
        };
        assert_eq!(target("etc/a/b", "../c").as_deref(), Some("etc/c"));
        assert_eq!(target("etc/a", "./b//c").as_deref(), Some("etc/b/c"));
        assert_eq!(target("a", "/tmp/proxmox-backup-pve-1-2/etc/x").as_deref(), Some("etc/x"));
        assert_eq!(target("a", "/tmp/proxmox-backup-pve-1-2/../../etc/shadow"), None);
        assert_eq!(target("etc/a", "../../etc/shadow"), None);
        assert_eq!(target("etc/a", "/etc/shadow"), None);
    }

    #[test]
    fn modes_come_as_go_keeps_them() {
        let mode = |mode| Duplicate { path: String::new(), mode: Some(mode), uid: None, gid: None }.mode();
        assert_eq!(mode(0o640), Some(0o640));
        assert_eq!(mode((1 << 23) | 0o755), Some(0o4755));
        assert_eq!(mode(0o4755), Some(0o4755));
    }
}
