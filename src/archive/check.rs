//! Decodes what is being written, while it is written, and compares it with what was read.

use std::io::Read;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread::JoinHandle;

use super::tee::Chunk;
use super::{ArchiveReader, Chunks, Digest, Limits, Onlooker, ReadError, decompressor, hash_member, printable};
use crate::config::Codec;

/// Chunks that may wait for the decoder: 1 MiB.
const WAITING: usize = 8;

/// What an entry must read back as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    /// Name in the archive, without the slash of a directory.
    pub(super) name: Vec<u8>,
    /// SHA-256 of a regular file's logical content.
    pub(super) sha256: Option<Digest>,
}

/// The archive does not say what it was told.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It cannot be decoded.
    #[error("what was just written cannot be decoded again: {0}")]
    Undecodable(#[from] ReadError),
    /// An entry differs.
    #[error("{0} reads back differently from how it was written")]
    Different(String),
    /// Too many or too few.
    #[error("the archive holds {found} entries, {written} were written")]
    Count {
        /// Decoded.
        found: u64,
        /// Written.
        written: u64,
    },
    /// A bug.
    #[error("the comparing thread panicked")]
    Panicked,
}

/// The comparing thread.
pub(super) struct Check {
    expected: Sender<Expected>,
    thread: JoinHandle<Result<u64, CheckError>>,
}

impl Check {
    /// Starts it, with somebody looking on; the sender gets the compressed stream.
    pub(super) fn start(codec: Codec, mut onlooker: Box<dyn Onlooker>) -> (Self, std::sync::mpsc::SyncSender<Chunk>) {
        let (copies, received) = sync_channel(WAITING);
        let (expected, expectations) = channel();
        let thread = std::thread::spawn(move || compare(codec, Chunks::new(received), &expectations, &mut *onlooker));
        (Self { expected, thread }, copies)
    }

    /// Says what the next entry must be.
    pub(super) fn expect(&self, expected: Expected) {
        // When the thread has ended with a difference, `join` tells.
        let _ = self.expected.send(expected);
    }

    /// Waits for the end; gives the number of entries compared.
    pub(super) fn join(self) -> Result<u64, CheckError> {
        drop(self.expected);
        self.thread.join().unwrap_or(Err(CheckError::Panicked))
    }
}

fn compare(
    codec: Codec,
    stream: Chunks,
    expectations: &Receiver<Expected>,
    onlooker: &mut dyn Onlooker,
) -> Result<u64, CheckError> {
    let decoder = decompressor(codec, stream).map_err(ReadError::from)?;
    let mut found = 0;
    walk(decoder, onlooker, |member, digest| {
        found += 1;
        let Ok(expected) = expectations.recv() else {
            return Err(CheckError::Count { found, written: found - 1 });
        };
        let same = expected.name == member && expected.sha256 == digest;
        if same { Ok(()) } else { Err(CheckError::Different(printable(&expected.name))) }
    })?;
    match expectations.iter().count() as u64 {
        0 => Ok(found),
        missing => Err(CheckError::Count { found, written: found + missing }),
    }
}

/// Reads a whole archive; hands on name and content hash of each member.
pub(super) fn walk<E: From<ReadError>>(
    stream: impl Read,
    onlooker: &mut dyn Onlooker,
    mut each: impl FnMut(&[u8], Option<Digest>) -> Result<(), E>,
) -> Result<(), E> {
    let mut reader = ArchiveReader::new(stream, Limits::default());
    while let Some(member) = reader.next_member()? {
        let digest = hash_member(&mut reader, &member, onlooker)?;
        each(&member.path, digest)?;
    }
    reader.finish()?;
    Ok(())
}
