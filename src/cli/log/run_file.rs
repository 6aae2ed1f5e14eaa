//! The run's own file. Lines that come before it is known are kept and written into it first.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::system::{FileError, create_log};

/// More early lines than this are dropped: somebody logs in a loop.
const EARLY: usize = 1000;

/// The run's own file.
pub(super) enum RunFile {
    /// Not known yet.
    Awaited(Vec<String>),
    /// At work.
    Open(BufWriter<File>),
}

impl RunFile {
    /// Opens it and writes the early lines.
    pub(super) fn open(&mut self, path: &Path) -> Result<(), FileError> {
        let mut file = BufWriter::new(create_log(path)?);
        if let Self::Awaited(early) = self {
            for line in early {
                let _ = writeln!(file, "{line}");
            }
        }
        // Even if this is all that is ever written.
        let _ = file.flush();
        *self = Self::Open(file);
        Ok(())
    }

    pub(super) fn keep(&mut self, line: &str) {
        match self {
            Self::Open(file) => {
                let _ = writeln!(file, "{line}");
            }
            Self::Awaited(early) if early.len() < EARLY => early.push(line.to_owned()),
            Self::Awaited(_) => {}
        }
    }

    pub(super) fn flush(&mut self) {
        if let Self::Open(file) = self {
            let _ = file.flush();
        }
    }
}
