//! The one pass: entries → tar → compressor → (copy decoded and compared) → [age] → hash and file.

use std::fs::File;
use std::io;

use super::Effective;
use super::check::{Check, CheckError, Expected};
use super::delayed::Delayed;
use super::encryption::{MaybeAge, Recipients};
use super::onlooker::Onlooker;
use super::sink::{Sink, SinkThread, Written, start_sink};
use super::tee::Tee;
use super::write::{Digest, TarWriter, stored_name};
use crate::collect::Entry;
use crate::config;

/// An archive being written.
pub struct ArchiveWriter {
    tar: TarWriter<Delayed<Tee<MaybeAge<Sink>>>>,
    sink: SinkThread,
    check: Check,
}

/// How an archive is written.
pub struct PackOptions<'a> {
    /// Compression.
    pub settings: &'a config::Archive,
    /// Whom it is encrypted for.
    pub recipients: Option<&'a Recipients>,
    /// Threads that may be used.
    pub processors: usize,
    /// Sees what is decoded again while it is written, before it is encrypted.
    pub onlooker: Box<dyn Onlooker>,
}

/// An archive that was written, decoded again and compared.
#[derive(Clone, Copy, Debug)]
pub struct ArchiveSummary {
    /// Digest and length of the archive.
    pub written: Written,
    /// Entries compared.
    pub entries: u64,
    /// Compression really used.
    pub effective: Effective,
}

/// Why there is no archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The disk did not take it.
    #[error("cannot write the archive: {}", plain(.0))]
    Write(io::Error),
    /// The compressor or the source of an entry failed.
    #[error("cannot compress: {0}")]
    Compress(io::Error),
    /// Encryption could not start.
    #[error("cannot encrypt: {0}")]
    Encrypt(io::Error),
    /// It does not read back as it was written.
    #[error(transparent)]
    Check(#[from] CheckError),
}

fn plain(cause: &io::Error) -> String {
    cause
        .raw_os_error()
        .map_or_else(|| cause.to_string(), |code| nix::errno::Errno::from_raw(code).desc().to_lowercase())
}

impl ArchiveWriter {
    /// Writes at the file's present position, encrypted if there are recipients. What is checked
    /// is the stream before it is encrypted: the key to open it is elsewhere.
    pub fn create(
        file: File,
        settings: &config::Archive,
        recipients: Option<&Recipients>,
        processors: usize,
    ) -> Result<Self, ArchiveError> {
        Self::start(file, PackOptions { settings, recipients, processors, onlooker: Box::new(()) })
    }

    /// The same with all there is to choose.
    pub fn start(file: File, options: PackOptions<'_>) -> Result<Self, ArchiveError> {
        let PackOptions { settings, recipients, processors, onlooker } = options;
        let (sink, thread) = start_sink(file);
        let sealed = MaybeAge::new(sink, recipients).map_err(ArchiveError::Encrypt)?;
        let (check, copies) = Check::start(settings.codec, onlooker);
        let compressor = Delayed::new(Tee::new(sealed, copies), settings.clone(), processors);
        Ok(Self { tar: TarWriter::new(compressor), sink: thread, check })
    }

    /// Adds an entry; gives its name in the archive and its content's hash.
    pub fn append(mut self, entry: &mut Entry) -> Result<(Self, Vec<u8>, Option<Digest>), ArchiveError> {
        match self.tar.append(entry) {
            Ok(sha256) => {
                let stored = stored_name(&entry.path, &entry.kind);
                let name = stored.strip_suffix(b"/").unwrap_or(&stored).to_vec();
                self.check.expect(Expected { name, sha256 });
                Ok((self, stored, sha256))
            }
            Err(cause) => Err(self.true_cause(cause)),
        }
    }

    /// Ends the archive and waits until it is compared.
    pub fn finish(self) -> Result<ArchiveSummary, ArchiveError> {
        let Self { tar, sink, check } = self;
        let ended = tar.finish().and_then(Delayed::finish).and_then(|(tee, effective)| {
            drop(tee.finish()?.finish()?);
            Ok(effective)
        });
        match ended {
            Ok(effective) => {
                let written = sink.join().map_err(ArchiveError::Write)?;
                Ok(ArchiveSummary { written, entries: check.join()?, effective })
            }
            Err(cause) => Err(by_cause(cause, sink, check)),
        }
    }

    fn true_cause(self, cause: io::Error) -> ArchiveError {
        drop(self.tar);
        by_cause(cause, self.sink, self.check)
    }
}

/// A broken pipe inside means that one of the threads has ended: it knows why.
fn by_cause(cause: io::Error, sink: SinkThread, check: Check) -> ArchiveError {
    if let Err(cause) = sink.join() {
        return ArchiveError::Write(cause);
    }
    if cause.kind() == io::ErrorKind::BrokenPipe {
        if let Err(difference) = check.join() {
            return ArchiveError::Check(difference);
        }
    }
    ArchiveError::Compress(cause)
}
