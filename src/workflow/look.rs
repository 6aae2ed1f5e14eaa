//! Looks into a backup without restoring it: list, print.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, Read, Write};

use chrono::{Local, TimeZone};

use super::Failure;
use super::contents::Contents;
use crate::archive::{Member, MemberKind, MemberSource, Piece, ReadError, printable};
use crate::bundle::Backup;
use crate::issue::{Issue, Severity};
use crate::pattern::Pattern;
use crate::system::{Cancel, Cancelled};

/// As many links as the kernel follows.
const MAX_LINKS: usize = 40;

/// Which members of a backup are meant: paths on the host, each with what lies below it.
#[derive(Debug)]
pub struct Members {
    wanted: Vec<(String, Pattern)>,
    /// Numbers of `wanted` that have matched.
    seen: RefCell<BTreeSet<usize>>,
}

impl Members {
    /// Paths as a user writes them, with or without the leading slash; none means everything.
    pub fn new(paths: &[String]) -> Self {
        let pattern = |path: &String| (path.clone(), Pattern::new(&format!("/{}", path.trim_matches('/'))));
        let wanted = paths.iter().filter(|path| !path.trim_matches('/').is_empty()).map(pattern).collect();
        Self { wanted, seen: RefCell::default() }
    }

    /// Whether a member is meant.
    pub fn matches(&self, name: &[u8]) -> bool {
        let path = [b"/", name].concat();
        let mut is_meant = self.wanted.is_empty();
        for (number, (_, pattern)) in self.wanted.iter().enumerate() {
            if pattern.covers(&path) || pattern.matches(&path) {
                self.seen.borrow_mut().insert(number);
                is_meant = true;
            }
        }
        is_meant
    }

    /// The first path that matched nothing.
    pub fn missing(&self) -> Option<String> {
        let seen = self.seen.borrow();
        let unseen = self.wanted.iter().enumerate().find(|(number, _)| !seen.contains(number));
        unseen.map(|(_, (path, _))| path.clone())
    }
}

/// A member as `ls` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Path on the host.
    pub path: String,
    /// `file`, `directory`, `symlink`, `hardlink`, `other`.
    pub kind: &'static str,
    /// Permission bits with setuid, setgid, sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Owner's name, its number when it has none.
    pub user: String,
    /// Group's name, its number when it has none.
    pub group: String,
    /// Logical bytes.
    pub size: u64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Target of a symlink, first name of a hard link.
    pub link: Option<String>,
}

impl Listed {
    fn of(member: &Member) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let named = |name: &str, id: u32| if name.is_empty() { id.to_string() } else { name.to_owned() };
        let (kind, link) = match member.kind {
            MemberKind::File => ("file", None),
            MemberKind::Directory => ("directory", None),
            MemberKind::Symlink => ("symlink", Some(text(&member.link))),
            MemberKind::HardLink => ("hardlink", Some(format!("/{}", text(&member.link)))),
            _ => ("other", None),
        };
        Self {
            path: format!("/{}", text(&member.path)),
            kind,
            mode: member.mode,
            uid: member.uid,
            gid: member.gid,
            user: named(&member.user, member.uid),
            group: named(&member.group, member.gid),
            size: member.size,
            mtime: member.mtime,
            link,
        }
    }

    /// As the first letter of `ls -l`.
    pub fn kind_letter(&self) -> char {
        match self.kind {
            "directory" => 'd',
            "symlink" => 'l',
            "hardlink" => 'h',
            "other" => '?',
            _ => '-',
        }
    }

    /// In the time zone of this machine.
    pub fn modified(&self) -> String {
        let moment = Local.timestamp_opt(self.mtime, 0).single();
        moment.map_or_else(|| self.mtime.to_string(), |moment| moment.format("%Y-%m-%d %H:%M").to_string())
    }
}

/// The members that are meant, in the order of their paths (that of the archive is the order of
/// collecting), and what there is to say about the backup.
pub fn list_members(backup: &Backup, wanted: &Members, cancel: &Cancel) -> Result<(Vec<Listed>, Vec<Issue>), Failure> {
    let contents = Contents::of(backup, cancel)?;
    let mut reader = contents.members()?;
    let mut listed = Vec::new();
    while let Some(member) = next(&mut reader, cancel)? {
        if wanted.matches(&member.path) {
            listed.push(Listed::of(&member));
        }
    }
    reader.finish()?;
    listed.sort_by(|one, other| one.path.cmp(&other.path));
    Ok((listed, contents.issues()))
}

/// Why a file of a backup could not be printed.
#[derive(Debug)]
pub enum LookError {
    /// The reader of the output went away, or its disk is full.
    Output(io::Error),
    /// Everything else.
    Failure(Failure),
}

impl From<Failure> for LookError {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<ReadError> for LookError {
    fn from(error: ReadError) -> Self {
        Self::Failure(error.into())
    }
}

/// Writes the content of one file; gives what there is to say about the backup. Links inside the
/// backup are followed, as on the host.
pub fn cat(backup: &Backup, path: &str, output: &mut dyn Write, cancel: &Cancel) -> Result<Vec<Issue>, LookError> {
    let contents = Contents::of(backup, cancel)?;
    let name = find_file(backup, &contents, path, cancel)?;
    let mut reader = contents.members()?;
    while let Some(member) = next(&mut reader, cancel)? {
        if member.path == name && member.kind == MemberKind::File {
            reader.read_content(&mut |piece: Piece<'_>| copy(piece, output))?;
            let issues = contents.issues().into_iter();
            return Ok(issues.filter(|issue| issue.severity == Severity::Notice).collect());
        }
    }
    Err(Failure::NotInside(format!("{path} is not in {}", backup.path.display())).into())
}

fn copy(piece: Piece<'_>, output: &mut dyn Write) -> Result<(), LookError> {
    let written = match piece {
        Piece::Data(bytes) => output.write_all(bytes),
        Piece::Hole(length) => io::copy(&mut io::repeat(0).take(length), output).map(drop),
    };
    written.map_err(LookError::Output)
}

/// What lies under a name: a link with its target, or something else.
enum Node {
    Symlink(Vec<u8>),
    HardLink(Vec<u8>),
    File,
    Directory,
    Other,
}

/// The name of the regular file that `path` leads to.
fn find_file(backup: &Backup, contents: &Contents<'_>, path: &str, cancel: &Cancel) -> Result<Vec<u8>, Failure> {
    let nodes = nodes(contents, cancel)?;
    let not = |why: &str| Failure::NotInside(format!("{path} {why} in {}", backup.path.display()));
    let name = resolve(&nodes, path.as_bytes()).ok_or_else(|| not("is a loop of links"))?;
    match nodes.get(&name) {
        Some(Node::File) => Ok(name),
        None if contents.why_lost(&name).is_some() => {
            let why = contents.why_lost(&name).unwrap_or_default().to_owned();
            Err(Failure::Lost { path: printable(&name), backup: backup.path.clone(), why })
        }
        Some(Node::Directory) => Err(not("is a directory, which `ls` can list,")),
        Some(_) => Err(not("is no regular file")),
        None => Err(not("is not")),
    }
}

fn nodes(contents: &Contents<'_>, cancel: &Cancel) -> Result<HashMap<Vec<u8>, Node>, Failure> {
    let mut nodes = HashMap::new();
    let mut reader = contents.members()?;
    while let Some(member) = next(&mut reader, cancel)? {
        let node = match member.kind {
            MemberKind::Symlink => Node::Symlink(member.link),
            MemberKind::HardLink => Node::HardLink(member.link),
            MemberKind::File => Node::File,
            MemberKind::Directory => Node::Directory,
            _ => Node::Other,
        };
        nodes.insert(member.path, node);
    }
    Ok(nodes)
}

/// Where the links inside the backup lead from `path`; `None` where there are none on the way, or a loop.
pub fn follow(backup: &Backup, path: &str, cancel: &Cancel) -> Result<Option<String>, Failure> {
    let nodes = nodes(&Contents::of(backup, cancel)?, cancel)?;
    let end = resolve(&nodes, path.as_bytes()).and_then(|end| String::from_utf8(end).ok());
    Ok(end.filter(|end| end != path.trim_matches('/')).map(|end| format!("/{end}")))
}

/// Follows links component by component, as the kernel would on the host; `None` for a loop.
fn resolve(nodes: &HashMap<Vec<u8>, Node>, path: &[u8]) -> Option<Vec<u8>> {
    let mut left: Vec<Vec<u8>> = components(path);
    let mut done: Vec<Vec<u8>> = Vec::new();
    let mut links = 0;
    while let Some(part) = left.pop() {
        if part == b".." {
            done.pop();
            continue;
        }
        done.push(part);
        match nodes.get(&done.join(&b'/')) {
            Some(Node::Symlink(target)) => {
                done.pop();
                if target.starts_with(b"/") {
                    done.clear();
                }
                left.extend(components(target));
            }
            Some(Node::HardLink(first)) => done = components(first).into_iter().rev().collect(),
            _ => continue,
        }
        links += 1;
        if links > MAX_LINKS {
            return None;
        }
    }
    Some(done.join(&b'/'))
}

/// Last one first, ready to be popped.
fn components(path: &[u8]) -> Vec<Vec<u8>> {
    let parts = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".");
    parts.rev().map(<[u8]>::to_vec).collect()
}

/// A request to stop shows as the end of the stream; it is told apart here.
fn next(reader: &mut impl MemberSource, cancel: &Cancel) -> Result<Option<Member>, Failure> {
    let member: Result<_, ReadError> = reader.next_member();
    cancel.check().map_err(|cancelled: Cancelled| Failure::from(cancelled))?;
    member.map_err(Failure::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> HashMap<Vec<u8>, Node> {
        let link = |target: &str| Node::Symlink(target.as_bytes().to_vec());
        [
            ("etc/pve/local", link("nodes/pve1")),
            ("etc/pve/qemu-server", link("local/qemu-server")),
            ("etc/pve/nodes/pve1/qemu-server/100.conf", Node::File),
            ("etc/absolute", link("/etc/pve/local/../pve1")),
            ("etc/loop", link("loop")),
            ("etc/second", Node::HardLink(b"etc/first".to_vec())),
            ("etc/first", Node::File),
        ]
        .into_iter()
        .map(|(name, node)| (name.as_bytes().to_vec(), node))
        .collect()
    }

    #[test]
    fn links_inside_the_backup_are_followed() {
        let guest = b"etc/pve/nodes/pve1/qemu-server/100.conf".to_vec();
        for path in [
            "/etc/pve/qemu-server/100.conf",
            "etc/pve/./local//qemu-server/100.conf",
            "/etc/absolute/qemu-server/100.conf",
        ] {
            assert_eq!(resolve(&tree(), path.as_bytes()), Some(guest.clone()), "{path}");
        }
        assert_eq!(resolve(&tree(), b"/etc/second"), Some(b"etc/first".to_vec()));
        assert_eq!(resolve(&tree(), b"../../etc/first"), Some(b"etc/first".to_vec()));
        assert_eq!(resolve(&tree(), b"/etc/loop"), None);
    }

    #[test]
    fn a_path_means_what_lies_below_it_and_says_when_it_matched_nothing() {
        let wanted = Members::new(&["/etc/pve/".to_owned(), "etc/*.conf".to_owned()]);
        assert!(wanted.matches(b"etc/pve/nodes/x") && !wanted.matches(b"etc/pvex"));
        assert_eq!(wanted.missing(), Some("etc/*.conf".to_owned()));
        assert!(wanted.matches(b"etc/a.conf") && wanted.missing().is_none());
        assert!(Members::new(&[]).matches(b"anything"));
    }
}
