//! A backup on its way to the remote: side files, the archive, a look at what lies there, its name.
//!
//! ```text
//! upload way   archive is uploaded as    while it is cut off         then
//! Whole        its name                  nothing is seen             looked up
//! Renamed      <name>.partial            is no backup, swept later   looked up, renamed
//! InPlace      its name                  seen until taken back       looked up
//! ```
//!
//! Side files come first, under their names: without an archive they are no backup.

use std::path::{Path, PathBuf};

use super::answers::{UploadWay, digest_line};
use super::digests::{self, Hasher};
use super::remote::{Remote, is_plain};
use super::trouble::Trouble;
use super::{Rclone, Setup};
use crate::config::CloudProof;
use crate::storage::{Outgoing, Placed, StorageError};
use crate::system::{PartialFile, Root};

/// A local file and the name it has, or will have, on the remote.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    local: PathBuf,
    name: String,
    bytes: u64,
}

/// What was compared, and how much it proves.
pub(super) enum Proof {
    Told(String),
    ReadBack,
    SizeOnly(&'static str),
}

impl Proof {
    fn in_words(&self) -> String {
        match self {
            Self::Told(kind) => format!("{} told by the remote", digests::written(kind)),
            Self::ReadBack => "SHA-256 read back".to_owned(),
            Self::SizeOnly(why) => format!("size only: {why}"),
        }
    }
}

impl Parcel {
    fn of(local: &Path) -> Result<Self, StorageError> {
        let unusable = |why: &str| StorageError::Unusable { path: local.display().to_string(), why: why.to_owned() };
        let name = local.file_name().and_then(|name| name.to_str()).filter(|name| is_plain(name));
        let name = name.ok_or_else(|| unusable("no name for a file on a remote"))?.to_owned();
        // rclone takes what does not begin with a slash for a remote or an option.
        if !local.is_absolute() || local.to_str().is_none() {
            return Err(unusable("not an absolute path"));
        }
        let bytes = Root::live()?.stat(local)?.ok_or_else(|| unusable("not there"))?.size;
        Ok(Self { local: local.to_owned(), name, bytes })
    }

    fn path(&self) -> String {
        self.local.display().to_string()
    }

    fn renamed(&self, name: String) -> Self {
        Self { name, ..self.clone() }
    }
}

impl Rclone {
    /// Uploads a backup; whatever fails leaves nothing that looks like one.
    pub(super) fn upload(&self, setup: &Setup, backup: &Outgoing) -> Result<Placed, StorageError> {
        let parcels = backup.files.iter().map(|file| Parcel::of(file)).collect::<Result<Vec<_>, _>>()?;
        let Some((archive, sides)) = parcels.split_first() else {
            let why = "a backup without files".to_owned();
            return Err(StorageError::Unusable { path: backup.id.to_string(), why });
        };
        let way = self.traits(setup)?.upload;
        let first_name = match way {
            UploadWay::Renamed => format!("{}{}", archive.name, PartialFile::SUFFIX),
            UploadWay::Whole | UploadWay::InPlace => archive.name.clone(),
        };
        let sent = archive.renamed(first_name);
        let proof = self.send(setup, &sent, sides).and_then(|proof| {
            if sent.name != archive.name {
                self.give_name(setup, &sent, archive)?;
            }
            Ok(proof)
        });
        match proof {
            Ok(proof) => {
                let bytes = parcels.iter().map(|parcel| parcel.bytes).sum();
                Ok(Placed { bytes, how: proof.in_words(), issues: Vec::new() })
            }
            Err(error) => {
                self.take_back(setup, &sent.name, way, &error);
                Err(error)
            }
        }
    }

    /// Side files, archive, comparison.
    fn send(&self, setup: &Setup, archive: &Parcel, sides: &[Parcel]) -> Result<Proof, StorageError> {
        if let Some(first) = sides.first() {
            let dir = first.local.parent().unwrap_or(Path::new("/"));
            if let Some(other) = sides.iter().find(|side| side.local.parent() != Some(dir)) {
                let why = format!("does not lie in {}", dir.display());
                return Err(StorageError::Unusable { path: other.path(), why });
            }
            let names: Vec<&str> = sides.iter().map(|side| side.name.as_str()).collect();
            let call = setup.commands.upload_all(&dir.display().to_string(), &names, &setup.backups);
            self.session.ask(&setup.commands, &call)?;
        }
        self.send_archive(setup, archive)?;
        let sides = if self.settings.check.checks_side_files { sides } else { &[] };
        let all: Vec<Parcel> = std::iter::once(archive).chain(sides).cloned().collect();
        self.compare(setup, &all)
    }

    /// Where a name appears with its complete file only, an odd failure is looked into: the file may
    /// be there, and must not count as one that failed.
    fn send_archive(&self, setup: &Setup, archive: &Parcel) -> Result<(), StorageError> {
        let call = setup.commands.upload(&archive.path(), &setup.backups.file(&archive.name));
        let Err(error) = self.session.ask(&setup.commands, &call) else { return Ok(()) };
        let is_odd = matches!(error, StorageError::Rclone { trouble: Trouble::Other, .. });
        let is_there = is_odd
            && self.traits(setup)?.upload == UploadWay::Whole
            && self.compare(setup, std::slice::from_ref(archive)).is_ok();
        if is_there { Ok(()) } else { Err(error) }
    }

    /// Compares files there with files here; gives the proof for the first.
    pub(super) fn compare(&self, setup: &Setup, parcels: &[Parcel]) -> Result<Proof, StorageError> {
        let names: Vec<&str> = parcels.iter().map(|parcel| parcel.name.as_str()).collect();
        let kind = self.digest_kind(setup)?;
        let found = self.look_up(setup, &names, kind)?;
        let mut proofs = Vec::new();
        for parcel in parcels {
            let differs = |why: String| different(&setup.backups, &parcel.name, why);
            let entry = found.get(&parcel.name).ok_or_else(|| differs("it is not there".to_owned()))?;
            if entry.bytes != parcel.bytes {
                return Err(differs(format!("it has {} bytes instead of {}", entry.bytes, parcel.bytes)));
            }
            let told = kind.and_then(|kind| Some((kind, entry.digests.get(kind)?)));
            proofs.push(self.prove(setup, parcel, told)?);
        }
        Ok(proofs.into_iter().next().unwrap_or(Proof::SizeOnly("there is nothing to compare")))
    }

    fn prove(&self, setup: &Setup, parcel: &Parcel, told: Option<(&str, &String)>) -> Result<Proof, StorageError> {
        let differs = |why: &str| different(&setup.backups, &parcel.name, why.to_owned());
        match (told, self.settings.check.proof) {
            (Some((kind, digest)), _) if *digest == self.local_digest(setup, kind, &parcel.local)? => {
                Ok(Proof::Told(kind.to_owned()))
            }
            (Some((kind, _)), _) => Err(differs(&format!("its {} is another", digests::written(kind)))),
            (None, CloudProof::DigestOrDownload) => {
                let mut hasher = Hasher::sha256();
                let call = setup.commands.read(&setup.backups.file(&parcel.name), parcel.bytes);
                self.session.run(&setup.commands, &call, &mut hasher)?;
                let same = hasher.finish() == digests::of_file(&parcel.local, Hasher::sha256(), &self.session.cancel)?;
                if same { Ok(Proof::ReadBack) } else { Err(differs("its SHA-256 is another")) }
            }
            (None, CloudProof::Digest) => {
                Ok(Proof::SizeOnly("the remote tells no checksum; CLOUD_VERIFY_DOWNLOAD=true reads copies back"))
            }
            (None, CloudProof::Size) => Ok(Proof::SizeOnly("CLOUD_VERIFY_CHECKSUM is off")),
        }
    }

    /// The digest of a local file; kinds that we do not know are rclone's to make.
    pub(super) fn local_digest(&self, setup: &Setup, kind: &str, file: &Path) -> Result<String, StorageError> {
        if let Some(hasher) = Hasher::of(kind) {
            return digests::of_file(file, hasher, &self.session.cancel);
        }
        let call = setup.commands.local_digest(kind, &file.display().to_string());
        let answer = self.session.ask(&setup.commands, &call)?;
        digest_line(&answer).map_err(|why| StorageError::Answer { about: call.action, why })
    }

    /// The rename that makes it a backup. An answer that was lost on its way is no failure.
    fn give_name(&self, setup: &Setup, sent: &Parcel, archive: &Parcel) -> Result<(), StorageError> {
        let place = |parcel: &Parcel| setup.backups.file(&parcel.name);
        let call = setup.commands.rename(&place(sent), &place(archive));
        self.session.ask(&setup.commands, &call).map(drop).or_else(|error| match &error {
            StorageError::Rclone { .. } => {
                self.compare(setup, std::slice::from_ref(archive)).map(drop).map_err(|_| error)
            }
            _ => Err(error),
        })
    }

    /// Removes what a failed upload left under the archive's name of that moment. Side files without
    /// an archive are nobody's backup and wait for the next run, as does a partial file on a remote
    /// that does not answer. A copy of an earlier upload is not touched unless it was overwritten.
    fn take_back(&self, setup: &Setup, sent: &str, way: UploadWay, error: &StorageError) {
        let is_silent = match error {
            StorageError::Cancelled(_) | StorageError::TimedOut { .. } => true,
            StorageError::Rclone { trouble, .. } => matches!(trouble, Trouble::Unreachable | Trouble::NotInstalled),
            _ => false,
        };
        let is_wanted = match way {
            UploadWay::Whole => matches!(error, StorageError::Different { .. }),
            UploadWay::Renamed => !is_silent,
            UploadWay::InPlace => true,
        };
        if is_wanted {
            // It may fail like the upload did; the upload's failure is what is told.
            let _ = self.session.last_word(&setup.commands.delete(&setup.backups, &[sent]));
        }
    }
}

fn different(dir: &Remote, name: &str, why: String) -> StorageError {
    StorageError::Different { file: dir.file(name), why }
}
