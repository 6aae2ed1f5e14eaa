//! What is known of one path, whichever side it comes from.

use std::collections::BTreeMap;

use super::database::Rows;
use crate::archive::{Digest, Member, MemberKind, host_path};

/// What is known of one path.
#[derive(Clone)]
pub struct Fact {
    /// Absolute, as bytes.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: Kind,
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
    /// Logical bytes of a file.
    pub size: u64,
    /// SHA-256 of a file's content.
    pub digest: Option<Digest>,
    /// Extended attributes: SHA-256 of the value by name.
    pub xattrs: BTreeMap<Vec<u8>, String>,
    /// Rows of a database, compared instead of its bytes.
    pub(super) rows: Option<Rows>,
    /// The content, when texts are wanted, it is small and may be shown.
    pub(super) content: Option<Vec<u8>>,
    /// Whether the digest is that of the content: a source may have given less than it should.
    pub is_whole: bool,
    /// Whether owner, mode and attributes are its own: older tools kept those of an equal file.
    pub has_own_owner: bool,
    /// The first name of the same file, when this is a further one.
    pub same_as: Option<Vec<u8>>,
    /// Id of the recipe, where the side tells.
    pub recipe: String,
}

/// What a path is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Regular file.
    File,
    /// Directory.
    Directory,
    /// Symbolic link to this target.
    Symlink(Vec<u8>),
    /// Another name of this path of the same side; among facts until [`Facts::resolve`].
    HardLink(Vec<u8>),
    /// Socket, named pipe, device, what no tool knows.
    Special(&'static str),
}

impl Kind {
    /// Of a member of an archive.
    pub fn of(member: &Member) -> Self {
        match member.kind {
            MemberKind::File => Self::File,
            MemberKind::Directory => Self::Directory,
            MemberKind::Symlink => Self::Symlink(member.link.clone()),
            MemberKind::HardLink => Self::HardLink(host_path(&member.link)),
            other => Self::Special(other.as_str()),
        }
    }

    /// The word for people and JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::File | Self::HardLink(_) => "file",
            Self::Directory => "directory",
            Self::Symlink(_) => "symlink",
            Self::Special(what) => what,
        }
    }
}

impl Fact {
    /// Of a path of this kind; everything else is filled in.
    pub fn new(path: Vec<u8>, kind: Kind) -> Self {
        Self {
            path,
            kind,
            mode: 0,
            uid: 0,
            gid: 0,
            user: String::new(),
            group: String::new(),
            size: 0,
            digest: None,
            xattrs: BTreeMap::new(),
            rows: None,
            content: None,
            is_whole: true,
            has_own_owner: true,
            same_as: None,
            recipe: String::new(),
        }
    }

    /// `root:www-data`, with numbers where there are no names.
    pub fn owner(&self) -> String {
        let named = |name: &str, id: u32| if name.is_empty() { id.to_string() } else { name.to_owned() };
        format!("{}:{}", named(&self.user, self.uid), named(&self.group, self.gid))
    }

    /// Whether the contents are the same; two databases are when their rows are.
    pub(super) fn has_content_of(&self, other: &Self) -> bool {
        match (&self.rows, &other.rows) {
            _ if self.digest == other.digest => true,
            (Some(rows), Some(others)) => rows == others,
            _ => false,
        }
    }
}

/// Everything of one side, by path.
#[derive(Default)]
pub struct Facts {
    by_path: BTreeMap<Vec<u8>, Fact>,
    /// Some older tools kept no extended attributes: then none is missing.
    pub has_attributes: bool,
}

impl Facts {
    /// Takes a fact; the last one of a path wins, as when it is unpacked.
    pub fn insert(&mut self, fact: Fact) {
        self.has_attributes |= !fact.xattrs.is_empty();
        self.by_path.insert(fact.path.clone(), fact);
    }

    /// What is known of a path.
    pub fn get(&self, path: &[u8]) -> Option<&Fact> {
        self.by_path.get(path)
    }

    /// All, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = &Fact> {
        self.by_path.values()
    }

    pub(super) fn get_mut(&mut self, path: &[u8]) -> Option<&mut Fact> {
        self.by_path.get_mut(path)
    }

    pub(super) fn remove(&mut self, path: &[u8]) {
        self.by_path.remove(path);
    }

    /// What is there of this path is not the file as it was.
    pub fn lose(&mut self, path: &[u8]) {
        if let Some(fact) = self.by_path.get_mut(path) {
            fact.is_whole = false;
        }
    }

    /// Further names of a file become files of the same content: which name comes first depends on
    /// the plan, and older tools made links of equal files.
    pub fn resolve(&mut self) {
        let links: Vec<(Vec<u8>, Vec<u8>)> = self
            .iter()
            .filter_map(|fact| match &fact.kind {
                Kind::HardLink(first) => Some((fact.path.clone(), first.clone())),
                _ => None,
            })
            .collect();
        for (path, first) in links {
            let target = self.by_path.get(&first).filter(|target| target.kind == Kind::File).cloned();
            let Some(fact) = self.by_path.get_mut(&path) else { continue };
            if let Some(target) = target {
                let recipe = std::mem::take(&mut fact.recipe);
                *fact = Fact { path, recipe, same_as: Some(first), ..target };
            } else {
                (fact.kind, fact.is_whole) = (Kind::File, false);
            }
        }
    }
}
