//! The members of a backup as files of the host, whichever tool made it.
//!
//! Archives of older tools are looked over first: some of their files were taken apart. Callers
//! read [`Contents::members`] and need not know.

use std::io::{self, Read};

use super::Failure;
use crate::archive::{ArchiveReader, Limits, LogicalReader, ReadError, printable};
use crate::bundle::{Backup, Manifest, Origin, Survey, description, survey};
use crate::issue::{Issue, Stage};
use crate::system::Cancel;

/// Lost files that are told one by one.
const MOST_LOST: usize = 1000;

/// A backup that is looked into.
pub struct Contents<'a> {
    backup: &'a Backup,
    cancel: &'a Cancel,
    survey: Survey,
}

impl<'a> Contents<'a> {
    /// Looks it over where that is needed.
    pub fn of(backup: &'a Backup, cancel: &'a Cancel) -> Result<Self, Failure> {
        let survey = if backup.may_be_old() {
            let stream = Interruptible::open(backup, cancel)?;
            survey(ArchiveReader::new(stream, limits(backup)), &limits(backup))?
        } else {
            Survey::default()
        };
        cancel.check()?;
        Ok(Self { backup, cancel, survey })
    }

    /// Reads it from the start.
    pub fn members(&self) -> Result<LogicalReader<'_, Interruptible>, Failure> {
        // The first opening is outside, so that its failure keeps its words and exit code.
        let first = std::cell::Cell::new(Some(Interruptible::open(self.backup, self.cancel)?));
        let reopen = move || {
            let stream = match first.take() {
                Some(stream) => stream,
                None => Interruptible::open(self.backup, self.cancel)
                    .map_err(|failure| ReadError::Stream(io::Error::other(failure.to_string())))?,
            };
            Ok(ArchiveReader::new(stream, limits(self.backup)))
        };
        Ok(LogicalReader::open(&self.survey.rewrite, Box::new(reopen))?)
    }

    /// What there is to say about it: lost files as warnings, everything else as notices.
    pub fn issues(&self) -> Vec<Issue> {
        let name = self.backup.path.display().to_string();
        let lost = self.survey.lost.iter().take(MOST_LOST).map(|lost| issue(&lost.path, &lost.why));
        let more = self.survey.lost.len().saturating_sub(MOST_LOST);
        let more = (more > 0).then(|| issue(b"", &format!("and {more} more files like these")));
        let altered = self.survey.altered.map(|what| Issue::notice(Stage::Archive, &name, what));
        let uncertain = self.survey.uncertain.iter().map(|what| Issue::notice(Stage::Archive, &name, what));
        lost.chain(more).chain(altered).chain(uncertain).collect()
    }

    /// The files that are not whole in it, by path on the host, with the reason.
    pub(super) fn lost(&self) -> impl Iterator<Item = (Vec<u8>, String)> {
        self.survey.lost.iter().map(|lost| ([b"/", lost.path.as_slice()].concat(), lost.why.clone()))
    }

    /// Why the file of this name is not whole in it.
    pub fn why_lost(&self, path: &[u8]) -> Option<&str> {
        self.survey.lost.iter().find(|lost| lost.path == path).map(|lost| lost.why.as_str())
    }
}

/// Everything name, manifest and, in backups of older tools, the archive say about a backup, and
/// who made it.
pub fn describe(backup: &Backup, cancel: &Cancel) -> (Option<Origin>, Manifest) {
    let mut manifest = backup.described();
    let is_known = !manifest.script_version.is_empty() || backup.packing.is_encrypted;
    let inside = || description(ArchiveReader::new(Interruptible::open(backup, cancel).ok()?, limits(backup)));
    let Some((origin, inside)) = (!is_known).then(inside).flatten() else { return (backup.origin(), manifest) };
    manifest.script_version = inside.script_version;
    for (field, value) in [
        (&mut manifest.hostname, inside.hostname),
        (&mut manifest.proxmox_type, inside.proxmox_type),
        (&mut manifest.cluster_mode, inside.cluster_mode),
    ] {
        if field.is_empty() {
            *field = value;
        }
    }
    (Some(backup.origin().unwrap_or(origin)), manifest)
}

fn issue(path: &[u8], why: &str) -> Issue {
    Issue::warning(Stage::Archive, format!("/{}", printable(path)), why)
}

/// What an archive of this size may unpack to: a bomb is refused, whoever made it.
pub(super) fn limits(backup: &Backup) -> Limits {
    Limits { packed_bytes: Some(backup.length), ..Limits::default() }
}

/// The tar stream of a backup, which ends when the run is asked to stop.
pub struct Interruptible {
    from: Box<dyn Read + Send>,
    cancel: Cancel,
}

impl Interruptible {
    /// The archive itself, decrypted, not decompressed.
    pub(super) fn plain(backup: &Backup, cancel: &Cancel) -> Result<Self, Failure> {
        Ok(Self { from: backup.plain()?, cancel: cancel.clone() })
    }

    fn open(backup: &Backup, cancel: &Cancel) -> Result<Self, Failure> {
        Ok(Self { from: backup.stream()?, cancel: cancel.clone() })
    }
}

impl Read for Interruptible {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.cancel.check().is_err() {
            return Ok(0);
        }
        let got = self.from.read(into)?;
        self.cancel.meter().advance(got as u64);
        Ok(got)
    }
}
