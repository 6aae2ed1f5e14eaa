//! The compressor in front of a writer: bounded memory, and nothing is written behind one's back.

use std::io::{self, Write};

use crate::archive::engine::{Engine, OUTPUT_BYTES, Phase, engine};
use crate::archive::level::Effective;

/// Compresses what is written to it into `inner`.
///
/// Only [`finish`](Self::finish) completes the stream. Dropping it instead cancels: threads end,
/// `inner` gets not one byte more.
pub struct Compressor<W: Write> {
    inner: W,
    engine: Box<dyn Engine>,
    /// Output of the codec that `inner` has not taken yet, from `sent` on.
    output: Vec<u8>,
    sent: usize,
}

impl<W: Write> Compressor<W> {
    /// Starts a stream with this setting; threads begin here.
    pub fn new(inner: W, setting: &Effective) -> io::Result<Self> {
        Ok(Self { inner, engine: engine(setting)?, output: Vec::with_capacity(OUTPUT_BYTES), sent: 0 })
    }

    /// Ends the stream and hands the writer back, flushed.
    pub fn finish(mut self) -> io::Result<W> {
        loop {
            self.send()?;
            let step = self.engine.step(&[], &mut self.output, Phase::End)?;
            if step.ended {
                break;
            }
        }
        self.send()?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    /// Passes on what the codec has put out, and makes room again.
    fn send(&mut self) -> io::Result<()> {
        while self.sent < self.output.len() {
            match self.inner.write(&self.output[self.sent..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.sent = 0;
        self.output.clear();
        self.output.reserve(OUTPUT_BYTES);
        Ok(())
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            self.send()?;
            let step = self.engine.step(buf, &mut self.output, Phase::More)?;
            if step.consumed > 0 {
                return Ok(step.consumed);
            }
        }
    }

    /// Flushes the writer only: a flush point inside the stream would cost ratio.
    fn flush(&mut self) -> io::Result<()> {
        self.send()?;
        self.inner.flush()
    }
}
