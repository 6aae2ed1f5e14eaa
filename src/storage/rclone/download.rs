//! A backup on its way from the remote into a local directory.
//!
//! rclone writes to stdout and we to the file: it has its mode from the start, it has its name only
//! when it is whole and compared, and no name that the remote gave reaches rclone's hands as a path.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::answers::Entry;
use super::digests;
use super::remote::is_plain;
use super::{Rclone, Setup};
use crate::bundle::parse_name;
use crate::storage::{StorageError, Stored};
use crate::system::PartialFile;

impl Rclone {
    /// Fetches all files of a backup; they get their names together, the archive last.
    pub(super) fn download(&self, setup: &Setup, stored: &Stored, into: &Path) -> Result<PathBuf, StorageError> {
        let names: Vec<&str> = stored.files.iter().map(String::as_str).collect();
        let is_backup = names.first().is_some_and(|name| parse_name(name).is_some());
        if !is_backup || !names.iter().all(|name| is_plain(name)) {
            let why = "is no backup of this tier".to_owned();
            return Err(StorageError::Unusable { path: stored.path.display().to_string(), why });
        }
        let kind = self.digest_kind(setup)?;
        let found = self.look_up(setup, &names, kind)?;
        let mut fetched = Vec::new();
        for name in names {
            let entry = found.get(name).ok_or_else(|| StorageError::Unusable {
                path: setup.backups.file(name),
                why: "is not there any more".to_owned(),
            })?;
            fetched.push(self.download_file(setup, entry, kind, &into.join(name))?);
        }
        let published = fetched.into_iter().rev().map(PartialFile::publish).collect::<Result<Vec<_>, _>>()?;
        Ok(published.into_iter().next_back().unwrap_or_default())
    }

    fn download_file(
        &self,
        setup: &Setup,
        entry: &Entry,
        kind: Option<&str>,
        to: &Path,
    ) -> Result<PartialFile, StorageError> {
        let differs = |why: String| StorageError::Different { file: to.display().to_string(), why };
        let partial = PartialFile::create_over_stale(to)?;
        let mut sink: File = partial.handle()?;
        let call = setup.commands.read(&setup.backups.file(&entry.name), entry.bytes);
        self.session.run(&setup.commands, &call, &mut sink)?;
        let bytes = sink.metadata().map_or(0, |meta| meta.len());
        if bytes != entry.bytes {
            return Err(differs(format!("{bytes} bytes came instead of {}", entry.bytes)));
        }
        if let Some((kind, digest)) = kind.and_then(|kind| Some((kind, entry.digests.get(kind)?))) {
            if *digest != self.local_digest(setup, kind, partial.path())? {
                return Err(differs(format!("its {} is another", digests::written(kind))));
            }
        }
        Ok(partial)
    }
}
