//! One look over an archive: who made it, which members stand for files, what is lost.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;

use super::{Origin, chunks, dedup, metadata};
use crate::archive::{ArchiveReader, Limits, Made, Member, MemberKind, Piece, ReadError, Rewrite};
use crate::bundle::index::INDEX_PATH;
use crate::bundle::manifest::Manifest;

/// Bytes of names and attributes kept.
const MOST_REMEMBERED: u64 = 128 << 20;
/// The Go tool's own limit for its list of duplicates.
const MOST_DOCUMENT_BYTES: u64 = 16 << 20;
/// The Go tool's folder in an archive, and the Bash tool's.
const FOLDERS: [(&str, Origin); 2] =
    [("var/lib/proxsave-info/", Origin::ProxSave), ("var/lib/proxmox-backup-info/", Origin::Bash)];
const DUPLICATES: &str = "dedup_manifest.json";
const DESCRIPTION: &str = "backup_metadata.txt";
/// At the top of an archive, of no host: in the staging directory these were notes.
const MARKERS: [(&[u8], Origin); 3] = [
    (b".proxsave-marker", Origin::ProxSave),
    (b"manifest.json", Origin::ProxSave),
    (b".proxmox-backup-marker", Origin::Bash),
];

/// What an archive of an older tool holds.
#[derive(Debug, Default)]
pub struct Survey {
    /// Who made it, as far as its content tells.
    pub origin: Option<Origin>,
    /// How its members become the files of the host.
    pub rewrite: Rewrite,
    /// Files of which the archive has not everything.
    pub lost: Vec<Lost>,
    /// What cannot be told about it.
    pub uncertain: Vec<String>,
    /// What the tool may have done to contents.
    pub altered: Option<&'static str>,
    /// The description inside.
    pub inside: Option<Manifest>,
}

/// A file that the archive does not have whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Its name, without leading slash.
    pub path: Vec<u8>,
    /// Why.
    pub why: String,
}

/// Members by name, the last of equal names, with their numbers.
pub(super) type Names = BTreeMap<Vec<u8>, (u64, Member)>;

/// What the formats find.
#[derive(Default)]
pub(super) struct Found {
    pub(super) hidden: HashSet<u64>,
    made: Vec<Made>,
    /// Where in `made` a name is.
    made_at: HashMap<Vec<u8>, usize>,
    pub(super) lost: Vec<Lost>,
    pub(super) uncertain: Vec<String>,
}

impl Found {
    pub(super) fn make(&mut self, made: Made) {
        self.made_at.insert(made.member.path.clone(), self.made.len());
        self.made.push(made);
    }

    pub(super) fn made_of(&self, path: &[u8]) -> Option<&Made> {
        self.made_at.get(path).map(|at| &self.made[*at])
    }

    pub(super) fn lose(&mut self, path: &[u8], why: impl Into<String>) {
        self.lost.push(Lost { path: path.to_vec(), why: why.into() });
    }
}

/// Takes the members of an archive as they come.
#[derive(Default)]
pub struct Surveyor {
    names: Names,
    next: u64,
    remembered: u64,
    renamed: HashMap<u64, Vec<u8>>,
    duplicates: Option<Vec<u8>>,
    inside: Option<Manifest>,
    origin: Option<Origin>,
    is_own: bool,
}

impl Surveyor {
    /// Whether the content of this member says something about the others.
    pub fn wants(&self, member: &Member) -> bool {
        let documents = [DUPLICATES, DESCRIPTION];
        member.kind == MemberKind::File
            && member.size <= MOST_DOCUMENT_BYTES
            && in_folder(&member.path).is_some_and(|(_, name)| documents.iter().any(|it| it.as_bytes() == name))
    }

    /// Notes a member; `content` where it is wanted.
    pub fn take(&mut self, mut member: Member, content: Option<Vec<u8>>) -> Result<(), ReadError> {
        let ordinal = self.next;
        self.next += 1;
        if member.path.starts_with(b"/") {
            let relative: Vec<u8> = member.path.iter().copied().skip_while(|byte| *byte == b'/').collect();
            member.path = if relative.is_empty() { b".".to_vec() } else { relative };
            self.renamed.insert(ordinal, member.path.clone());
        }
        self.note_origin(&member, content);
        self.remembered += 256 + (2 * member.path.len() + member.link.len()) as u64;
        if self.remembered > MOST_REMEMBERED {
            let what = format!("its names take more than {} MiB of memory", MOST_REMEMBERED >> 20);
            return Err(ReadError::TooMuch { offset: 0, place: "as a whole".into(), what });
        }
        member.xattrs.clear();
        self.names.insert(member.path.clone(), (ordinal, member));
        Ok(())
    }

    fn note_origin(&mut self, member: &Member, content: Option<Vec<u8>>) {
        if member.path == INDEX_PATH.trim_start_matches('/').as_bytes() {
            self.is_own = true;
        }
        if let Some((_, origin)) = MARKERS.iter().find(|(marker, _)| *marker == member.path) {
            // The early Go tool left the Bash tool's marker too.
            if self.origin != Some(Origin::ProxSave) {
                self.origin = Some(*origin);
            }
        }
        let Some((origin, name)) = in_folder(&member.path) else { return };
        self.origin.get_or_insert(origin);
        match content {
            Some(content) if name == DUPLICATES.as_bytes() => self.duplicates = Some(content),
            Some(content) if name == DESCRIPTION.as_bytes() => self.inside = metadata::manifest(&content),
            _ => {}
        }
    }

    /// What it all means.
    pub fn finish(self, limits: &Limits) -> Result<Survey, ReadError> {
        if self.is_own {
            return Ok(Survey { origin: Some(Origin::Own), ..Survey::default() });
        }
        let mut found = Found::default();
        chunks::reassemble(&self.names, &mut found);
        self.resolve_duplicates(&mut found);
        dedup::staged(&self.names, &mut found);
        let mut renamed = self.renamed;
        for (marker, origin) in MARKERS {
            let Some((ordinal, _)) = self.names.get(marker).filter(|_| self.origin == Some(origin)) else { continue };
            if marker == b"manifest.json" {
                renamed.insert(*ordinal, [FOLDERS[0].0.as_bytes(), marker].concat());
            } else {
                found.hidden.insert(*ordinal);
            }
        }
        let rewrite = Rewrite { hidden: found.hidden, renamed, made: found.made }.within(limits)?;
        Ok(Survey {
            origin: self.origin,
            rewrite,
            lost: found.lost,
            uncertain: found.uncertain,
            altered: self.origin.and_then(Origin::may_have_altered),
            inside: self.inside,
        })
    }

    fn resolve_duplicates(&self, found: &mut Found) {
        let name = [FOLDERS[0].0, DUPLICATES].concat();
        match &self.duplicates {
            Some(bytes) => match serde_json::from_slice::<Vec<dedup::Duplicate>>(bytes) {
                Ok(duplicates) => dedup::listed(&duplicates, &self.names, found),
                Err(error) => found.lose(name.as_bytes(), format!("the list of duplicates cannot be read: {error}")),
            },
            None if self.names.contains_key(name.as_bytes()) => {
                found.lose(name.as_bytes(), "refused: the list of duplicates is larger than 16 MiB");
            }
            None => {}
        }
    }
}

fn in_folder(path: &[u8]) -> Option<(Origin, &[u8])> {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    FOLDERS.iter().find_map(|(folder, origin)| Some((*origin, path.strip_prefix(folder.as_bytes())?)))
}

/// Looks over a whole archive. Where it cannot be read, the survey ends: the reading that follows
/// meets the same place and says so.
pub fn survey<R: Read>(mut reader: ArchiveReader<R>, limits: &Limits) -> Result<Survey, ReadError> {
    let mut surveyor = Surveyor::default();
    while let Ok(Some(member)) = reader.next_member() {
        let content = if surveyor.wants(&member) { content_of(&mut reader).ok() } else { None };
        surveyor.take(member, content)?;
    }
    surveyor.finish(limits)
}

/// The description inside an archive, read up to there: tool, version, host. Damage before it hides it.
pub fn description<R: Read>(mut reader: ArchiveReader<R>) -> Option<(Origin, Manifest)> {
    while let Ok(Some(member)) = reader.next_member() {
        let found = in_folder(&member.path).filter(|(_, name)| *name == DESCRIPTION.as_bytes());
        if let Some((origin, _)) = found.filter(|_| member.size <= MOST_DOCUMENT_BYTES) {
            return Some((origin, metadata::manifest(&content_of(&mut reader).ok()?)?));
        }
    }
    None
}

fn content_of<R: Read>(reader: &mut ArchiveReader<R>) -> Result<Vec<u8>, ReadError> {
    let mut content = Vec::new();
    reader.read_content(&mut |piece: Piece<'_>| -> Result<(), ReadError> {
        if let Piece::Data(bytes) = piece {
            content.extend_from_slice(bytes);
        }
        Ok(())
    })?;
    Ok(content)
}
