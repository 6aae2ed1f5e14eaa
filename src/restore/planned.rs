//! What becomes of one path of a backup.

use serde::Serialize;

use super::merge::LeftOut;
use crate::archive::printable;
use crate::recipe::Category;
use crate::system::hex;

/// One word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Content, owner and mode are put in place.
    Write,
    /// It is here as it was.
    Unchanged,
    /// What is missing is added.
    Merge,
    /// It goes back through the product: its database, its file system, its programs.
    ThroughApi,
    /// It is put aside for reading.
    ExportOnly,
    /// No selection writes it.
    Never,
    /// It was not asked for.
    NotSelected,
}

impl Verdict {
    /// All, in the order they are told.
    pub const ALL: [Self; 7] =
        [Self::Write, Self::Merge, Self::ThroughApi, Self::Unchanged, Self::ExportOnly, Self::Never, Self::NotSelected];

    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Unchanged => "unchanged",
            Self::Merge => "merge",
            Self::ThroughApi => "through API",
            Self::ExportOnly => "export only",
            Self::Never => "never",
            Self::NotSelected => "not selected",
        }
    }

    /// Whether it changes the machine.
    pub fn changes(self) -> bool {
        matches!(self, Self::Write | Self::Merge | Self::ThroughApi)
    }
}

/// When it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// With the services stopped, below the root.
    Files,
    /// The cluster database, with pmxcfs stopped.
    Database,
    /// Below the mounted `/etc/pve`, by create and rename.
    Cluster,
    /// Last, with a timer that takes it back.
    Network,
    /// Beside the system.
    Export,
    /// Not at all.
    Nowhere,
}

/// Owner, mode and attributes a path shall have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attributes {
    /// Owner's name, may be empty.
    pub user: String,
    /// Group's name, may be empty.
    pub group: String,
    /// The owner's number on this machine.
    pub uid: u32,
    /// The group's number on this machine.
    pub gid: u32,
    /// Permission bits with setuid, setgid, sticky.
    #[serde(serialize_with = "octal")]
    pub mode: u32,
    /// Extended attributes as the kernel takes them.
    #[serde(skip)]
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn octal<S: serde::Serializer>(mode: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{mode:04o}"))
}

/// One path of a backup with its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedFile {
    /// Path in the backup.
    #[serde(serialize_with = "readable")]
    pub path: Vec<u8>,
    /// The exact bytes in hex, only where the text is not exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
    /// Where it goes, when that is another path.
    #[serde(serialize_with = "readable_option", skip_serializing_if = "Option::is_none")]
    pub destination: Option<Vec<u8>>,
    /// `file`, `directory`, `symlink`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Target of a symlink; the first name of a file, in the backup, when this is a further one.
    #[serde(skip)]
    pub link: Option<Vec<u8>>,
    /// Bytes of the content it shall have.
    #[serde(skip)]
    pub size: u64,
    /// What it belongs to.
    #[serde(serialize_with = "category")]
    pub category: Category,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// When.
    pub stage: Stage,
    /// Place within its stage: lower ones first.
    #[serde(skip)]
    pub rank: u8,
    /// Whether it would go back if the machine took it now: a refusal says what to do.
    #[serde(skip)]
    pub is_held_back: bool,
    /// Whether nothing is there now: an undo removes it.
    pub is_new: bool,
    /// Owner and mode it shall have; none below `/etc/pve`, which makes its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Attributes>,
    /// SHA-256 of the content it shall have, hex, where it changes. That of a short secret gives the
    /// secret away.
    #[serde(skip)]
    pub sha256: Option<String>,
    /// The content it shall have, where that is not the backup's. It may hold secrets.
    #[serde(skip)]
    pub content: Option<Vec<u8>>,
    /// What a merge adds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
    /// What a merge does not, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

impl PlannedFile {
    /// Where it goes.
    pub fn destination(&self) -> &[u8] {
        self.destination.as_deref().unwrap_or(&self.path)
    }

    /// For messages.
    pub fn shown(&self) -> String {
        match &self.destination {
            Some(destination) => format!("{} -> {}", printable(&self.path), printable(destination)),
            None => printable(&self.path),
        }
    }
}

/// The exact bytes, where the text is not.
pub(super) fn exact(path: &[u8]) -> Option<String> {
    (String::from_utf8_lossy(path).as_bytes() != path).then(|| hex(path))
}

fn readable<S: serde::Serializer>(path: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(path))
}

#[expect(clippy::ref_option, reason = "the form serde asks for")]
fn readable_option<S: serde::Serializer>(path: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    readable(path.as_deref().unwrap_or_default(), serializer)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn category<S: serde::Serializer>(category: &Category, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(category.id())
}
