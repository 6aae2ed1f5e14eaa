//! Chooses the compressor's blocks and threads when the amount of input is known.
//!
//! xz, zstd and their kin work in blocks, one thread a block: with their defaults a small tree is
//! one block and one thread. The first 8 MiB wait in memory; a host whose configuration ends
//! before that (nearly all do) is compressed with blocks made to measure.

use std::io::{self, Write};

use super::{Compressor, Effective};
use crate::config;

const WAIT: usize = 8 * 1024 * 1024;

/// A compressor that starts when enough is known.
pub(super) struct Delayed<W: Write> {
    settings: config::Archive,
    processors: usize,
    stage: Stage<W>,
}

enum Stage<W: Write> {
    Waiting(W, Vec<u8>),
    Running(Compressor<W>, Effective),
    /// Starting the compressor failed.
    Broken,
}

impl<W: Write> Delayed<W> {
    /// Waits for input.
    pub(super) fn new(inner: W, settings: config::Archive, processors: usize) -> Self {
        Self { settings, processors, stage: Stage::Waiting(inner, Vec::new()) }
    }

    /// Ends the stream; also says what was really used.
    pub(super) fn finish(mut self) -> io::Result<(W, Effective)> {
        self.start(None)?;
        match self.stage {
            Stage::Running(compressor, effective) => Ok((compressor.finish()?, effective)),
            _ => Err(broken()),
        }
    }

    /// `more`: input beyond what waits is still to come, of unknown amount.
    fn start(&mut self, more: Option<()>) -> io::Result<()> {
        let (inner, waiting) = match std::mem::replace(&mut self.stage, Stage::Broken) {
            Stage::Waiting(inner, waiting) => (inner, waiting),
            running => {
                self.stage = running;
                return Ok(());
            }
        };
        let expected = more.map_or(waiting.len() as u64, |()| u64::MAX);
        let effective = Effective::new(&self.settings, self.processors, expected);
        let mut compressor = Compressor::new(inner, &effective)?;
        compressor.write_all(&waiting)?;
        self.stage = Stage::Running(compressor, effective);
        Ok(())
    }
}

impl<W: Write> Write for Delayed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Stage::Waiting(_, waiting) = &mut self.stage {
            if waiting.len() + bytes.len() <= WAIT {
                waiting.extend_from_slice(bytes);
                return Ok(bytes.len());
            }
            self.start(Some(()))?;
        }
        match &mut self.stage {
            Stage::Running(compressor, _) => compressor.write(bytes),
            _ => Err(broken()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn broken() -> io::Error {
    io::Error::other("the compressor could not start")
}
