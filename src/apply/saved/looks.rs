//! What a path looks like: enough to prove an archive, and to tell whether it is still the same.

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use std::os::unix::ffi::OsStrExt;

use crate::apply::{Change, Reach, Wanted};
use crate::archive::{Digest, Member, MemberKind};
use crate::collect::{Entry, EntryKind};
use crate::system::{digest_hex, hex};

/// What a path looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Looks {
    pub(super) kind: Shape,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<Sum>,
    /// None where nobody sets them: nothing there, or a file system that makes its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rights: Option<Rights>,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Shape {
    Absent,
    File,
    Symlink,
    Directory,
}

/// Of a file's content, or of a symlink's target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sum {
    size: u64,
    sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Rights {
    uid: u32,
    gid: u32,
    /// Octal.
    mode: String,
    /// Seconds since 1970 and nanoseconds.
    mtime: (i64, u32),
    /// SHA-256 of all extended attributes, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    xattrs: Option<String>,
}

impl Looks {
    /// Of nothing.
    pub(super) fn absent() -> Self {
        Self { kind: Shape::Absent, content: None, rights: None }
    }

    /// Of a directory that is made on the way to something: whoever changed only its mode has
    /// nothing to lose.
    pub(super) fn any_directory() -> Self {
        Self { kind: Shape::Directory, ..Self::absent() }
    }

    /// Of what was packed, with the digest of what was read. `None` for a hard link, which is
    /// packed as the file it names.
    pub(super) fn of_entry(entry: &Entry, digest: Option<Digest>) -> Option<Self> {
        let meta = &entry.meta;
        let xattrs = meta.xattrs.iter().map(|(name, value)| (name.as_bytes(), value.as_slice()));
        let rights = Rights::new((meta.uid, meta.gid), meta.mode, (meta.mtime, meta.mtime_ns), xattrs.collect());
        let target = match &entry.kind {
            EntryKind::Symlink(target) => target.as_bytes(),
            _ => &[],
        };
        let kind = match &entry.kind {
            EntryKind::File => MemberKind::File,
            EntryKind::Directory => MemberKind::Directory,
            EntryKind::Symlink(_) => MemberKind::Symlink,
            EntryKind::HardLink(_) => return None,
        };
        Self::of_parts(kind, (entry.size, digest), target, rights)
    }

    /// Of a member that was read. `None` for what is never packed here.
    pub(super) fn of_member(member: &Member, digest: Option<Digest>) -> Option<Self> {
        let xattrs = member.xattrs.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
        let mtime = (member.mtime, member.mtime_ns);
        let rights = Rights::new((member.uid, member.gid), member.mode, mtime, xattrs.collect());
        Self::of_parts(member.kind, (member.size, digest), &member.link, rights)
    }

    /// Of what a path shall be.
    pub(super) fn of_change(change: &Change) -> Self {
        let (kind, content) = match &change.wanted {
            Wanted::Absent => return Self::absent(),
            Wanted::File { size, digest, .. } => (Shape::File, Some(Sum { size: *size, sha256: hex(digest) })),
            Wanted::Symlink(target) => (Shape::Symlink, Some(Sum::of(target))),
            Wanted::Directory => (Shape::Directory, None),
        };
        let rights = change.attributes.as_ref().map(|wanted| {
            let xattrs = wanted.xattrs.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
            Rights::new((wanted.uid, wanted.gid), wanted.mode, wanted.mtime, xattrs.collect())
        });
        Self { kind, content, rights }
    }

    fn of_parts(kind: MemberKind, file: (u64, Option<Digest>), target: &[u8], rights: Rights) -> Option<Self> {
        let (kind, content) = match kind {
            MemberKind::File => (Shape::File, Some(Sum { size: file.0, sha256: hex(&file.1?) })),
            MemberKind::Symlink => (Shape::Symlink, Some(Sum::of(target))),
            MemberKind::Directory => (Shape::Directory, None),
            _ => return None,
        };
        Some(Self { kind, content, rights: Some(rights) })
    }

    /// Whether a path that looked like this has nothing new. Times do not count: whoever wrote the
    /// same bytes again, or a name into a directory, has changed nothing that can be lost here.
    pub(super) fn is_as(&self, now: &Self, reach: Reach) -> bool {
        let has_same_rights = match (&self.rights, &now.rights) {
            _ if reach == Reach::Cluster => true,
            (Some(then), Some(now)) => then == &Rights { mtime: then.mtime, ..now.clone() },
            _ => true,
        };
        self.kind == now.kind && self.content == now.content && has_same_rights
    }
}

impl Sum {
    fn of(bytes: &[u8]) -> Self {
        Self { size: bytes.len() as u64, sha256: digest_hex(bytes) }
    }
}

impl Rights {
    fn new((uid, gid): (u32, u32), mode: u32, mtime: (i64, u32), mut xattrs: Vec<(&[u8], &[u8])>) -> Self {
        xattrs.sort_unstable();
        Self { uid, gid, mode: format!("{mode:04o}"), mtime, xattrs: (!xattrs.is_empty()).then(|| digest_of(&xattrs)) }
    }
}

/// Each name and value with its length in front: no two lists of them give the same bytes.
fn digest_of(xattrs: &[(&[u8], &[u8])]) -> String {
    let mut hash = Context::new(&SHA256);
    for part in xattrs.iter().flat_map(|(name, value)| [name, value]) {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex(hash.finish().as_ref())
}
