//! What an archive says about one name, whichever dialect of tar said it.

use tar::{EntryType, Header};

use super::header::{name, number, owners, text};
use super::pax::Records;
use crate::foreign::harmless;

/// One member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Name as bytes, without leading `./` and trailing slash; not yet safe to use as a path.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: MemberKind,
    /// Permission bits with setuid, setgid, sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Owner's name, may be empty.
    pub user: String,
    /// Group's name, may be empty.
    pub group: String,
    /// Seconds since 1970, may be negative.
    pub mtime: i64,
    /// Nanoseconds of it.
    pub mtime_ns: u32,
    /// Logical bytes of a file, holes counted; 0 for everything else.
    pub size: u64,
    /// Target of a symlink as it is; of a hard link the first name, in the form of `path` and without a slash in front.
    pub link: Vec<u8>,
    /// Extended attributes as the kernel takes them, ACLs too, sorted by name.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// What the archive says and nobody understands, in words.
    pub lost: Vec<String>,
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// Regular file.
    File,
    /// Directory.
    Directory,
    /// Symbolic link.
    Symlink,
    /// Another name of a file in the archive.
    HardLink,
    /// Named pipe.
    Fifo,
    /// Character or block device.
    Device,
    /// A type byte that is none of ours.
    Other(u8),
}

impl MemberKind {
    /// The word for messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Symlink => "symlink",
            Self::HardLink => "hard link",
            Self::Fifo => "fifo",
            Self::Device => "device",
            Self::Other(_) => "member of unknown type",
        }
    }

    /// By type byte; tar before 1988 marked directories with a slash only.
    fn of(header: &Header, name: &[u8]) -> Self {
        match header.entry_type() {
            EntryType::Regular if name.ends_with(b"/") => Self::Directory,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => Self::File,
            EntryType::Directory => Self::Directory,
            EntryType::Symlink => Self::Symlink,
            EntryType::Link => Self::HardLink,
            EntryType::Fifo => Self::Fifo,
            EntryType::Char | EntryType::Block => Self::Device,
            // GNU tar's incremental dumps: a directory whose content is a list of names.
            other if other.as_byte() == b'D' => Self::Directory,
            other => Self::Other(other.as_byte()),
        }
    }
}

/// Long names that stood in front of a header.
#[derive(Debug, Default)]
pub(super) struct LongNames {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
}

impl Member {
    /// Puts header, long names and records together; PAX wins, as in GNU tar. Its size is that of
    /// the stored content.
    pub(super) fn of(header: &Header, long: LongNames, records: &mut Records) -> Result<Self, String> {
        let path = records.sparse.name.take().or(records.path.take()).or(long.path).unwrap_or_else(|| name(header));
        let old = header.as_old();
        let kind = MemberKind::of(header, &path);
        let link = records.link.take().or(long.link).unwrap_or_else(|| text(&old.linkname).to_vec());
        let (user, group) = owners(header);
        let (mtime, mtime_ns) = match records.mtime {
            Some(time) => time,
            None => (number(&old.mtime).ok_or("the time is no number")?, 0),
        };
        let mut xattrs = std::mem::take(&mut records.xattrs);
        xattrs.sort();
        Ok(Self {
            path: checked(plain_name(path))?,
            kind,
            mode: mode(&old.mode)?,
            uid: owner(records.uid, &old.uid)?,
            gid: owner(records.gid, &old.gid)?,
            user: String::from_utf8_lossy(records.user.as_deref().unwrap_or(user)).into_owned(),
            group: String::from_utf8_lossy(records.group.as_deref().unwrap_or(group)).into_owned(),
            mtime,
            mtime_ns,
            size: size(header, kind, records)?,
            link: match kind {
                MemberKind::Symlink => checked(link)?,
                MemberKind::HardLink => checked(first_name(link))?,
                _ => Vec::new(),
            },
            xattrs,
            lost: std::mem::take(&mut records.lost),
        })
    }
}

/// Path on the host that a name in an archive means: `etc/hosts` is `/etc/hosts`.
pub fn host_path(name: &[u8]) -> Vec<u8> {
    [b"/", name.strip_prefix(b"/").unwrap_or(name)].concat()
}

/// The target of a hard link is a member of this archive, never a file of the machine. Packers that
/// take the slash off a member's name do not all take it off the target, so `/etc/a` means the
/// member `etc/a`: one answer for the plan, the comparison and the unpacking.
fn first_name(target: Vec<u8>) -> Vec<u8> {
    let plain = plain_name(target);
    let slashes = plain.iter().take_while(|byte| **byte == b'/').count();
    if slashes == plain.len() { plain } else { plain[slashes..].to_vec() }
}

/// `./a/b/` and `a/b` are one name; the directory packed as `.` keeps that name.
fn plain_name(mut name: Vec<u8>) -> Vec<u8> {
    while name.len() > 1 && name.ends_with(b"/") {
        name.pop();
    }
    let mut start = 0;
    while name[start..].starts_with(b"./") {
        let slashes = name[start + 1..].iter().take_while(|byte| **byte == b'/').count();
        if start + 1 + slashes == name.len() {
            break;
        }
        start += 1 + slashes;
    }
    name.drain(..start);
    name
}

fn checked(name: Vec<u8>) -> Result<Vec<u8>, String> {
    match () {
        () if name.is_empty() => Err("a name is empty".into()),
        () if name.contains(&0) => Err("a name holds a NUL byte".into()),
        () => Ok(name),
    }
}

fn mode(field: &[u8]) -> Result<u32, String> {
    let mode = number(field).ok_or("the mode is no number")?;
    // Old tools stored the file type, too.
    Ok(u32::try_from(mode & 0o7777).unwrap_or(0))
}

fn owner(record: Option<u32>, field: &[u8]) -> Result<u32, String> {
    let in_header = || number(field).and_then(|id| u32::try_from(id).ok());
    record.or_else(in_header).ok_or_else(|| "the owner is no number of 32 bits".into())
}

fn size(header: &Header, kind: MemberKind, records: &Records) -> Result<u64, String> {
    let in_header = || number(&header.as_old().size).and_then(|size| u64::try_from(size).ok());
    let size = records.size.or_else(in_header).ok_or("the size is no number")?;
    match kind {
        MemberKind::File | MemberKind::Directory | MemberKind::Other(_) => {}
        // Some tools repeat the file's size there; no content follows.
        MemberKind::HardLink => return Ok(0),
        // Readers disagree about what follows, so one of them would be led astray.
        _ if size > 0 => return Err(format!("a {} with content", kind.as_str())),
        _ => {}
    }
    if header.entry_type() == EntryType::Directory && size > 0 {
        return Err("a directory with content".into());
    }
    Ok(size)
}

/// A name for messages: escape sequences and other control characters cannot reach a terminal.
pub fn printable(name: &[u8]) -> String {
    harmless(&String::from_utf8_lossy(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_form() {
        for (name, plain) in
            [("./a/b/", "a/b"), ("a", "a"), ("./", "."), ("././x", "x"), (".//x", "x"), ("/", "/"), ("./../x", "../x")]
        {
            assert_eq!(plain_name(name.into()), plain.as_bytes(), "{name}");
        }
    }

    #[test]
    fn the_target_of_a_hard_link_names_a_member_with_and_without_a_slash() {
        for (target, member) in
            [("etc/a", "etc/a"), ("/etc/a", "etc/a"), ("//etc/a/", "etc/a"), ("./etc/a", "etc/a"), ("/", "/")]
        {
            assert_eq!(first_name(target.into()), member.as_bytes(), "{target}");
        }
        assert_eq!((host_path(b"etc/a"), host_path(b"/etc/a")), (b"/etc/a".to_vec(), b"/etc/a".to_vec()));
    }

    #[test]
    fn messages_hold_no_control_characters() {
        assert_eq!(printable(b"a\x1b[2Jb\nc\x7f\xff"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}\u{fffd}");
        assert_eq!(printable("x\u{202e}y".as_bytes()), "x\u{fffd}y");
        assert_eq!(printable("größe 1".as_bytes()), "größe 1");
    }
}
