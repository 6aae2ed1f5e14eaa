//! The bytes of an entry: exactly as many as announced, whatever the source does meanwhile.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// Where the bytes come from.
pub enum Content {
    /// Nothing to read.
    Empty,
    /// A small file, read whole.
    Bytes(io::Cursor<Vec<u8>>),
    /// A large file, block by block from the reader thread.
    Stream(Stream),
    /// A spool of known length.
    Spool(Box<dyn Read + Send>),
}

impl Content {
    /// Bytes that are in memory.
    pub fn bytes(bytes: Vec<u8>) -> Self {
        Self::Bytes(io::Cursor::new(bytes))
    }

    /// After the last byte: whether zeros stand in for bytes the source did not give.
    pub fn is_incomplete(&self) -> bool {
        match self {
            Self::Stream(stream) => stream.state.is(State::SHORT) || stream.state.is(State::HUNG),
            _ => false,
        }
    }
}

impl Read for Content {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Empty => Ok(0),
            Self::Bytes(bytes) => bytes.read(into),
            Self::Stream(stream) => stream.read(into),
            Self::Spool(spool) => spool.read(into),
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Empty",
            Self::Bytes(_) => "Bytes",
            Self::Stream(_) => "Stream",
            Self::Spool(_) => "Spool",
        })
    }
}

/// A large file on its way from the reader thread.
pub struct Stream {
    blocks: Receiver<Vec<u8>>,
    block: io::Cursor<Vec<u8>>,
    /// Bytes still owed to the archive.
    left: u64,
    limit: Duration,
    state: State,
}

/// What went wrong, shared by the two ends.
#[derive(Clone, Debug, Default)]
pub(super) struct State(Arc<AtomicU8>);

impl State {
    /// The source gave fewer bytes than announced.
    pub(super) const SHORT: u8 = 1;
    /// The source did not answer in time.
    pub(super) const HUNG: u8 = 2;

    pub(super) fn set(&self, what: u8) {
        self.0.store(what, Ordering::Relaxed);
    }

    pub(super) fn is(&self, what: u8) -> bool {
        self.0.load(Ordering::Relaxed) == what
    }
}

impl Stream {
    pub(super) fn new(blocks: Receiver<Vec<u8>>, length: u64, limit: Duration, state: State) -> Self {
        Self { blocks, block: io::Cursor::new(Vec::new()), left: length, limit, state }
    }

    /// The next block; `None` when the source has ended or does not answer.
    fn next_block(&mut self) -> Option<Vec<u8>> {
        match self.blocks.recv_timeout(self.limit) {
            Ok(block) => Some(block),
            Err(RecvTimeoutError::Timeout) => {
                self.state.set(State::HUNG);
                None
            }
            Err(RecvTimeoutError::Disconnected) => {
                self.state.set(State::SHORT);
                None
            }
        }
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        if want == 0 {
            return Ok(0);
        }
        let mut got = self.block.read(&mut into[..want])?;
        while got == 0 {
            // The size is in the archive already, so the missing bytes must be something.
            if self.state.is(State::SHORT) || self.state.is(State::HUNG) {
                into[..want].fill(0);
                got = want;
            } else if let Some(block) = self.next_block() {
                self.block = io::Cursor::new(block);
                got = self.block.read(&mut into[..want])?;
            }
        }
        self.left -= got as u64;
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::sync_channel;

    fn stream(blocks: &[&[u8]], length: u64) -> (Vec<u8>, bool) {
        let (sender, receiver) = sync_channel(8);
        for block in blocks {
            sender.send(block.to_vec()).unwrap();
        }
        drop(sender);
        let mut content = Content::Stream(Stream::new(receiver, length, Duration::from_secs(5), State::default()));
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).unwrap();
        (bytes, content.is_incomplete())
    }

    #[test]
    fn a_stream_gives_exactly_what_was_announced() {
        assert_eq!(stream(&[b"abc", b"def"], 6), (b"abcdef".to_vec(), false));
        assert_eq!(stream(&[b"abc"], 6), (b"abc\0\0\0".to_vec(), true));
        assert_eq!(stream(&[b"abcdef"], 4), (b"abcd".to_vec(), false));
        assert_eq!(stream(&[], 0), (Vec::new(), false));
    }

    #[test]
    fn a_source_that_does_not_answer_ends_in_zeros() {
        let (_sender, receiver) = sync_channel(1);
        let mut content = Content::Stream(Stream::new(receiver, 3, Duration::from_millis(10), State::default()));
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, [0, 0, 0]);
        assert!(content.is_incomplete());
    }
}
