//! Encrypts a stream for its recipients: age v1, binary, in blocks of 64 KiB.
//!
//! Nothing on this host can open the result again. What is written is therefore decoded and
//! compared before it comes here.

use std::io::{self, Write};

use age::stream::StreamWriter;

use super::recipient::Recipient;
use super::recipients::Recipients;

/// Encrypts what is written to it.
pub struct Encryptor<W: Write>(StreamWriter<W>);

impl<W: Write> Encryptor<W> {
    /// Writes the header.
    pub fn new(output: W, recipients: &Recipients) -> io::Result<Self> {
        let encryptor = age::Encryptor::with_recipients(recipients.iter().map(Recipient::as_age))
            .map_err(|cause| io::Error::other(cause.to_string()))?;
        Ok(Self(encryptor.wrap_output(output)?))
    }

    /// Writes the last block; without it every reader refuses the file.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}

impl<W: Write> Write for Encryptor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Encrypts or passes on.
pub enum MaybeAge<W: Write> {
    /// As it comes.
    Plain(W),
    /// Encrypted.
    Age(Encryptor<W>),
}

impl<W: Write> MaybeAge<W> {
    /// Encrypts if there is somebody to encrypt for.
    pub fn new(output: W, recipients: Option<&Recipients>) -> io::Result<Self> {
        Ok(match recipients {
            None => Self::Plain(output),
            Some(recipients) => Self::Age(Encryptor::new(output, recipients)?),
        })
    }

    /// Ends the stream.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(output) => Ok(output),
            Self::Age(encryptor) => encryptor.finish(),
        }
    }
}

impl<W: Write> Write for MaybeAge<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(output) => output.write(bytes),
            Self::Age(encryptor) => encryptor.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(output) => output.flush(),
            Self::Age(encryptor) => encryptor.flush(),
        }
    }
}
