//! One stream to two places: on to the next writer, and a copy to a thread that reads it.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

/// Bytes are handed over in chunks of this size.
const CHUNK: usize = 128 * 1024;

/// A shared chunk of the stream.
pub(super) type Chunk = Arc<[u8]>;

/// Writes on, and sends a copy.
pub(super) struct Tee<W: Write> {
    next: W,
    copies: SyncSender<Chunk>,
    waiting: Vec<u8>,
}

impl<W: Write> Tee<W> {
    /// `copies` gets what `next` gets.
    pub(super) fn new(next: W, copies: SyncSender<Chunk>) -> Self {
        Self { next, copies, waiting: Vec::with_capacity(CHUNK) }
    }

    /// Hands over the rest; the reader of the copies then sees the end.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.pass_on()?;
        Ok(self.next)
    }

    fn pass_on(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let chunk: Chunk = Arc::from(self.waiting.as_slice());
        self.waiting.clear();
        self.next.write_all(&chunk)?;
        // The reader has ended early: it has found a difference and says which when it is joined.
        self.copies.send(chunk).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl<W: Write> Write for Tee<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = CHUNK - self.waiting.len();
        let taken = room.min(bytes.len());
        self.waiting.extend_from_slice(&bytes[..taken]);
        if self.waiting.len() == CHUNK {
            self.pass_on()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The other end: the chunks as a `Read`.
pub(super) struct Chunks {
    from: Receiver<Chunk>,
    chunk: Option<Chunk>,
    at: usize,
}

impl Chunks {
    /// Reads what the sender sends, to its end.
    pub(super) fn new(from: Receiver<Chunk>) -> Self {
        Self { from, chunk: None, at: 0 }
    }
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(chunk) = &self.chunk {
                let left = &chunk[self.at..];
                if !left.is_empty() {
                    let got = left.len().min(into.len());
                    into[..got].copy_from_slice(&left[..got]);
                    self.at += got;
                    return Ok(got);
                }
            }
            match self.from.recv() {
                Ok(chunk) => (self.chunk, self.at) = (Some(chunk), 0),
                Err(_) => return Ok(0),
            }
        }
    }
}
