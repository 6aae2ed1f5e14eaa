//! The end of the stream: a thread of its own hashes and writes, so that compressing goes on.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use ring::digest;

use super::write::Digest;

/// Blocks that may wait: 1 MiB.
const WAITING: usize = 8;

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// SHA-256 of it.
    pub sha256: Digest,
    /// Its length.
    pub bytes: u64,
}

/// Hands blocks to the writing thread; dropping it ends the stream.
pub(super) struct Sink {
    blocks: SyncSender<Vec<u8>>,
}

/// The writing thread, which alone knows why a write failed.
pub(super) struct SinkThread(JoinHandle<io::Result<Written>>);

/// Starts to write at the file's present position.
pub(super) fn start_sink(file: File) -> (Sink, SinkThread) {
    let (blocks, received) = sync_channel(WAITING);
    (Sink { blocks }, SinkThread(std::thread::spawn(move || write_all(file, &received))))
}

impl SinkThread {
    /// Waits for the end; the [`Sink`] must be gone.
    pub(super) fn join(self) -> io::Result<Written> {
        self.0.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread panicked")))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.blocks.send(bytes.to_vec()).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_all(mut file: File, blocks: &Receiver<Vec<u8>>) -> io::Result<Written> {
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut bytes = 0;
    for block in blocks {
        hash.update(&block);
        file.write_all(&block)?;
        bytes += block.len() as u64;
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(hash.finish().as_ref());
    Ok(Written { sha256, bytes })
}
