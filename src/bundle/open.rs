//! Opens a backup given by path: bundle, archive with side files, or an archive alone.
//!
//! Reads the front of the file and its side files only; nothing is unpacked. Bundles of other
//! tools may have their members in any order.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};

use tar::Header;

use super::manifest::{Manifest, ManifestError};
use super::name::{BackupId, Packing, parse};
use crate::archive::{BLOCK, decompressor, padding, sniff};
use crate::config::Codec;
use crate::system::{FileError, open_file};

/// More than this is no manifest and no checksum file.
const SIDE_LIMIT: u64 = 4 * 1024 * 1024;

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
    /// It is encrypted.
    #[error("{} is encrypted; this version cannot decrypt yet: use `age -d` first", .0.display())]
    Encrypted(PathBuf),
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

    /// The archive's bytes as they lie there.
    pub fn raw(&self) -> Result<Take<File>, FileError> {
        let mut file = open_file(&self.path)?;
        file.seek(SeekFrom::Start(self.offset)).map_err(FileError::of("read", &self.path))?;
        Ok(file.take(self.length))
    }

    /// The tar stream inside.
    pub fn stream(&self) -> Result<Box<dyn Read + Send>, OpenError> {
        if self.packing.is_encrypted {
            return Err(OpenError::Encrypted(self.path.clone()));
        }
        let raw = BufReader::with_capacity(128 * 1024, self.raw()?);
        Ok(decompressor(self.packing.codec, raw).map_err(FileError::of("decode", &self.path))?)
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
    let side = |file: &mut File, end: &str| {
        let member = members.iter().find(|member| member.name == format!("{}{end}", archive.name))?;
        read_at(file, member).ok()
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
    })
}

fn open_plain(
    path: &Path,
    file: &mut File,
    length: u64,
    name: &str,
    parsed: Option<(BackupId, Packing)>,
) -> Result<Backup, OpenError> {
    let (id, packing) = if let Some((id, packing)) = parsed {
        (Some(id), packing)
    } else {
        let mut start = [0; BLOCK];
        let got = read_start(file, &mut start).map_err(FileError::of("read", path))?;
        let codec = codec_of(&start[..got]);
        let packing = codec.map(|codec| Packing { codec, is_encrypted: false, is_bundled: false });
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
    })
}

fn with_meaning(bytes: Vec<u8>) -> (Vec<u8>, Result<Manifest, ManifestError>) {
    let manifest = Manifest::parse(&bytes);
    (bytes, manifest)
}

fn codec_of(start: &[u8]) -> Option<Codec> {
    sniff(start).or_else(|| start.get(257..262).filter(|magic| *magic == b"ustar").map(|_| Codec::None))
}

fn read_start(file: &mut File, into: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < into.len() {
        match file.read(&mut into[got..])? {
            0 => break,
            more => got += more,
        }
    }
    Ok(got)
}

/// The members by their headers; the walk ends where no header is, and says nothing of it:
/// `verify` looks at every byte.
fn members(file: &mut File) -> io::Result<Vec<Member>> {
    let mut members = Vec::new();
    let mut at = 0;
    // Three members are usual; a file full of headers is no bundle.
    while members.len() < 16 {
        file.seek(SeekFrom::Start(at))?;
        let mut block = [0; BLOCK];
        if read_start(file, &mut block)? < BLOCK {
            break;
        }
        let header = Header::from_byte_slice(&block);
        let Some(size) = checked_size(header) else { break };
        at += BLOCK as u64;
        if header.entry_type().is_file() {
            let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
            let name = name.strip_prefix("./").unwrap_or(&name).to_owned();
            members.push(Member { name, offset: at, size });
        }
        at = at.saturating_add(size).saturating_add(padding(size) as u64);
    }
    Ok(members)
}

/// The size in a header whose checksum is right.
fn checked_size(header: &Header) -> Option<u64> {
    let mut again = header.clone();
    again.set_cksum();
    let same = again.cksum().ok()? == header.cksum().ok()?;
    same.then(|| header.entry_size().ok()).flatten()
}

fn read_at(file: &mut File, member: &Member) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(member.offset))?;
    let mut bytes = Vec::new();
    file.take(member.size.min(SIDE_LIMIT)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn read_side(path: &Path) -> Option<Vec<u8>> {
    let file = open_file(path).ok()?;
    let mut bytes = Vec::new();
    file.take(SIDE_LIMIT).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
