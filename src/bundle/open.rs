//! Opens a backup given by path: bundle, archive with side files, or an archive alone.
//!
//! Reads the front of the file and its side files only; nothing is unpacked. Bundles of other
//! tools may have their members in any order.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tar::Header;

use super::legacy::{self, Origin};
use super::manifest::{Manifest, ManifestError};
use super::name::{BackupId, Packing, parse};
use crate::archive::{AgeError, BLOCK, Identities, decompressor, decrypt, extension, padding, sniff};
use crate::config::Codec;
use crate::system::{FileError, open_file};

/// More than this is no manifest and no checksum file.
const SIDE_LIMIT: u64 = 4 * 1024 * 1024;
/// First bytes of an encrypted archive, whatever it is called.
const AGE: &[u8] = b"age-encryption.org/v1";
/// A long name in front of a member, and whatever else stands with it.
const MOST_EXTENSION_BYTES: u64 = 64 * 1024;

/// An opened backup.
#[derive(Debug)]
pub struct Backup {
    /// The file that was opened.
    pub path: PathBuf,
    /// Identity in the name, when the name has one.
    pub id: Option<BackupId>,
    /// How it is packed.
    pub packing: Packing,
    /// Name of the archive itself.
    pub archive_name: String,
    /// Where the archive's bytes start in the file.
    pub offset: u64,
    /// How many there are.
    pub length: u64,
    /// The manifest as it lies there, and what it says.
    pub manifest: Option<(Vec<u8>, Result<Manifest, ManifestError>)>,
    /// The content of the checksum file.
    pub checksum: Option<String>,
    /// The manifest under its older name, where both are there.
    pub twin: Option<Vec<u8>>,
    /// What opens it, when it is encrypted.
    pub identities: Option<Arc<Identities>>,
}

/// Why a file cannot be opened as a backup.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its name and content are those of no backup.
    #[error("{} is not a backup: {why}", path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
        /// What is missing.
        why: &'static str,
    },
    /// It is encrypted, and there is no key.
    #[error("{} is encrypted", .0.display())]
    Encrypted(PathBuf),
    /// It is encrypted, and the key does not open it, or it is damaged.
    #[error("cannot decrypt {}: {cause}", path.display())]
    Age {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: AgeError,
    },
}

impl Backup {
    /// Opens `path`, whatever it is called.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let mut file = open_file(path)?;
        let meta = file.metadata().map_err(FileError::of("look at", path))?;
        if !meta.is_file() {
            return Err(OpenError::NotABackup { path: path.to_owned(), why: "it is not a regular file" });
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let parsed = parse(&name);
        if parsed.as_ref().map_or(name.ends_with(super::BUNDLE), |(_, packing)| packing.is_bundled) {
            return open_bundle(path, &mut file, parsed.map(|(id, _)| id));
        }
        open_plain(path, &mut file, meta.len(), &name, parsed)
    }

    /// What the manifest says, when there is one that can be read.
    pub fn facts(&self) -> Option<&Manifest> {
        self.manifest.as_ref().and_then(|(_, manifest)| manifest.as_ref().ok())
    }

    /// Who made it, as far as name and manifest tell.
    pub fn origin(&self) -> Option<Origin> {
        let is_json = |bytes: &[u8]| bytes.trim_ascii_start().starts_with(b"{");
        match &self.manifest {
            Some((_, Ok(manifest))) if manifest.format > 0 => Some(Origin::Own),
            Some((bytes, Ok(_))) if is_json(bytes) => Some(Origin::ProxSave),
            Some((_, Ok(manifest))) if manifest.other.contains_key("COMPRESSION_RATIO") => Some(Origin::Bash),
            _ => self.id.as_ref().and_then(BackupId::product).map(|_| Origin::Bash),
        }
    }

    /// Whether files may have been taken apart in it: whatever is not known to be ours.
    pub fn may_be_old(&self) -> bool {
        self.origin() != Some(Origin::Own)
    }

    /// The manifest, completed with what name and file tell: older ones say little. Times come
    /// from the name where no manifest has one, never from the file system.
    pub fn described(&self) -> Manifest {
        let mut manifest = self.facts().cloned().unwrap_or_default();
        let fill = |field: &mut String, value: &str| {
            if field.is_empty() {
                value.clone_into(field);
            }
        };
        if let Some(id) = &self.id {
            fill(&mut manifest.hostname, id.host());
            fill(&mut manifest.created_at, &id.taken().format("%Y-%m-%dT%H:%M:%S").to_string());
            fill(&mut manifest.proxmox_type, id.product().unwrap_or_default());
        }
        let codec = extension(self.packing.codec).trim_start_matches('.');
        fill(&mut manifest.compression_type, if codec.is_empty() { "none" } else { codec });
        fill(&mut manifest.encryption_mode, if self.packing.is_encrypted { "age" } else { "none" });
        manifest
    }

    /// The archive's bytes as they lie there.
    pub fn raw(&self) -> Result<Take<File>, FileError> {
        let mut file = open_file(&self.path)?;
        file.seek(SeekFrom::Start(self.offset)).map_err(FileError::of("read", &self.path))?;
        Ok(file.take(self.length))
    }

    /// The tar stream inside.
    pub fn stream(&self) -> Result<Box<dyn Read + Send>, OpenError> {
        let plain = BufReader::with_capacity(128 * 1024, self.plain()?);
        Ok(decompressor(self.packing.codec, plain).map_err(FileError::of("decode", &self.path))?)
    }

    /// The archive's bytes, decrypted where they are encrypted.
    pub fn plain(&self) -> Result<Box<dyn Read + Send>, OpenError> {
        if !self.packing.is_encrypted {
            return Ok(Box::new(self.raw()?));
        }
        let identities = self.identities.as_ref().ok_or_else(|| OpenError::Encrypted(self.path.clone()))?;
        let fail = |cause| OpenError::Age { path: self.path.clone(), cause };
        Ok(Box::new(decrypt(self.raw()?, identities).map_err(fail)?))
    }
}

/// One member of a bundle.
struct Member {
    name: String,
    offset: u64,
    size: u64,
}

fn open_bundle(path: &Path, file: &mut File, id: Option<BackupId>) -> Result<Backup, OpenError> {
    let not = |why| OpenError::NotABackup { path: path.to_owned(), why };
    let members = members(file).map_err(FileError::of("read", path))?;
    let archive = members
        .iter()
        .find(|member| parse(&member.name).is_some_and(|(_, packing)| !packing.is_bundled))
        .ok_or_else(|| not("the bundle holds no archive"))?;
    let (in_name, packing) = parse(&archive.name).ok_or_else(|| not("the bundle holds no archive"))?;
    let packing = packing_of(file, archive.offset, packing).map_err(FileError::of("read", path))?;
    let side = |file: &mut File, end: &str| {
        let member = members.iter().find(|member| member.name == format!("{}{end}", archive.name))?;
        read_at(file, member.offset, member.size).ok()
    };
    let manifest = side(file, ".metadata").or_else(|| side(file, ".manifest.json"));
    let checksum = side(file, ".sha256").map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok(Backup {
        path: path.to_owned(),
        id: Some(id.unwrap_or(in_name)),
        packing: Packing { is_bundled: true, ..packing },
        archive_name: archive.name.clone(),
        offset: archive.offset,
        length: archive.size,
        manifest: manifest.map(with_meaning),
        checksum,
        twin: None,
        identities: None,
    })
}

fn open_plain(
    path: &Path,
    file: &mut File,
    length: u64,
    name: &str,
    parsed: Option<(BackupId, Packing)>,
) -> Result<Backup, OpenError> {
    let fail = FileError::of("read", path);
    let (id, packing) = if let Some((id, packing)) = parsed {
        (Some(id), packing_of(file, 0, packing).map_err(fail)?)
    } else {
        let start = read_start(file, 0).map_err(fail)?;
        if start.starts_with(AGE) {
            return Err(OpenError::Encrypted(path.to_owned()));
        }
        let packing = codec_of(&start).map(|codec| Packing { codec, is_encrypted: false, is_bundled: false });
        let why = "neither its name nor its first bytes say so";
        (None, packing.ok_or_else(|| OpenError::NotABackup { path: path.to_owned(), why })?)
    };
    let side = |end: &str| read_side(&PathBuf::from(format!("{}{end}", path.display())));
    let (manifest, twin) = (side(".manifest.json"), side(".metadata"));
    let (manifest, twin) = if manifest.is_some() { (manifest, twin) } else { (twin, None) };
    Ok(Backup {
        path: path.to_owned(),
        id,
        packing,
        archive_name: name.to_owned(),
        offset: 0,
        length,
        manifest: manifest.map(with_meaning),
        checksum: side(".sha256").map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        twin,
        identities: None,
    })
}

/// JSON, or the Bash tool's lines.
fn with_meaning(bytes: Vec<u8>) -> (Vec<u8>, Result<Manifest, ManifestError>) {
    let old = if bytes.trim_ascii_start().starts_with(b"{") { None } else { legacy::manifest(&bytes) };
    let manifest = old.map_or_else(|| Manifest::parse(&bytes), Ok);
    (bytes, manifest)
}

/// The Bash tool fell back to gzip without another name: the first bytes go before the name.
fn packing_of(file: &mut File, offset: u64, named: Packing) -> io::Result<Packing> {
    if named.is_encrypted {
        return Ok(named);
    }
    let start = read_start(file, offset)?;
    if start.starts_with(AGE) {
        return Ok(Packing { is_encrypted: true, ..named });
    }
    let is_named = named.codec == Codec::None && is_tar(&start);
    let codec = if is_named { None } else { codec_of(&start) };
    Ok(Packing { codec: codec.unwrap_or(named.codec), ..named })
}

fn codec_of(start: &[u8]) -> Option<Codec> {
    sniff(start).or_else(|| is_tar(start).then_some(Codec::None))
}

fn is_tar(start: &[u8]) -> bool {
    start.get(257..262).is_some_and(|magic| magic == b"ustar")
}

/// The block at `offset`, or what there is of it.
fn read_start(file: &mut File, offset: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut start = Vec::with_capacity(BLOCK);
    file.take(BLOCK as u64).read_to_end(&mut start)?;
    Ok(start)
}

/// The members by their headers; the walk ends where no header is, and says nothing of it:
/// `verify` looks at every byte.
fn members(file: &mut File) -> io::Result<Vec<Member>> {
    let mut members = Vec::new();
    let (mut at, mut long) = (0, None);
    // Three members are usual; a file full of headers is no bundle.
    for _ in 0..16 {
        let block = read_start(file, at)?;
        if block.len() < BLOCK {
            break;
        }
        let header = Header::from_byte_slice(&block);
        let Some(size) = checked_size(header) else { break };
        at += BLOCK as u64;
        let kind = header.entry_type();
        if kind.is_pax_local_extensions() || kind.is_gnu_longname() {
            long = long_name(&read_at(file, at, size.min(MOST_EXTENSION_BYTES))?, kind.is_gnu_longname());
        } else if kind.is_file() {
            let name = long.take().unwrap_or_else(|| String::from_utf8_lossy(&header.path_bytes()).into_owned());
            members.push(Member { name: base_name(&name).to_owned(), offset: at, size });
        }
        at = at.saturating_add(size).saturating_add(padding(size) as u64);
    }
    Ok(members)
}

/// The old tools' names have no folders; whatever stands in front of one is dropped.
fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// The name in a header in front of a header: Go's tar writes one for more than 100 bytes.
fn long_name(bytes: &[u8], is_gnu: bool) -> Option<String> {
    if is_gnu {
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        return Some(String::from_utf8_lossy(&bytes[..end]).into_owned());
    }
    let records = bytes.split(|byte| *byte == b'\n');
    let mut names =
        records.filter_map(|record| String::from_utf8_lossy(record).split_once(" path=").map(|it| it.1.to_owned()));
    names.next_back()
}

/// The size in a header whose checksum is right.
fn checked_size(header: &Header) -> Option<u64> {
    let mut again = header.clone();
    again.set_cksum();
    let same = again.cksum().ok()? == header.cksum().ok()?;
    same.then(|| header.entry_size().ok()).flatten()
}

fn read_at(file: &mut File, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(length.min(SIDE_LIMIT)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn read_side(path: &Path) -> Option<Vec<u8>> {
    let file = open_file(path).ok()?;
    let mut bytes = Vec::new();
    file.take(SIDE_LIMIT).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
