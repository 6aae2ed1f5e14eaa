//! Standard output: text for people or one JSON object, and the end of a pipe is no error.

use std::io::{self, BufWriter, Stdout, Write};

use serde::Serialize;

use super::Trouble;
use super::charset::Charset;
use super::global::Global;
use super::progress::above;
use crate::workflow::ExitCode;

/// Standard output.
pub(super) struct Output {
    out: BufWriter<Stdout>,
    is_json: bool,
    is_quiet: bool,
    charset: Charset,
}

impl Output {
    pub(super) fn stdout(global: &Global, charset: Charset) -> Self {
        let out = BufWriter::with_capacity(64 * 1024, io::stdout());
        Self { out, is_json: global.json, is_quiet: global.quiet, charset }
    }

    /// Whether only trouble is wanted.
    pub(super) fn is_quiet(&self) -> bool {
        self.is_quiet
    }

    /// Whether an object is wanted instead of text.
    pub(super) fn is_json(&self) -> bool {
        self.is_json
    }

    /// One line of text.
    pub(super) fn line(&mut self, text: impl AsRef<str>) -> Result<(), Trouble> {
        let written = writeln!(self.out, "{}", self.charset.shown(text.as_ref()));
        Self::check(written)
    }

    /// Lines of text, as they are to stand there.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Trouble> {
        let written = self.out.write_all(self.charset.shown(text).as_bytes());
        Self::check(written)
    }

    /// A line that `--quiet` and `--json` leave out.
    pub(super) fn remark(&mut self, text: impl AsRef<str>) -> Result<(), Trouble> {
        if self.is_json || self.is_quiet { Ok(()) } else { self.line(text) }
    }

    /// The JSON object.
    pub(super) fn object(&mut self, value: &impl Serialize) -> Result<(), Trouble> {
        let written = serde_json::to_writer_pretty(&mut self.out, value).map_err(io::Error::from);
        let written = written.and_then(|()| writeln!(self.out));
        Self::check(written)
    }

    /// One of several JSON objects, each on a line of its own.
    pub(super) fn json_line(&mut self, value: &impl Serialize) -> Result<(), Trouble> {
        let written = serde_json::to_writer(&mut self.out, value).map_err(io::Error::from);
        let written = written.and_then(|()| writeln!(self.out));
        Self::check(written)?;
        self.flush()
    }

    /// Shows what was said so far: before a question, and before work that takes its time.
    pub(super) fn flush(&mut self) -> Result<(), Trouble> {
        let flushed = above(|| self.out.flush());
        Self::check(flushed)
    }

    /// Rows as aligned columns; the last column keeps its length.
    pub(super) fn table(&mut self, head: &[&str], rows: &[Vec<String>]) -> Result<(), Trouble> {
        let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
        let shown = |row: &Vec<String>| row.iter().map(|cell| self.charset.shown(cell).into_owned()).collect();
        let rows: Vec<Vec<String>> = rows.iter().map(shown).collect();
        let width = |column: usize| {
            std::iter::once(&head).chain(&rows).map(|row| row[column].chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        for row in std::iter::once(&head).chain(&rows) {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            self.line(cells.join("  ").trim_end())?;
        }
        Ok(())
    }

    /// Bytes as they are.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let written = self.out.write_all(bytes);
        Self::check(written)
    }

    /// For bytes: `cat`.
    pub(super) fn writer(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// What is left in memory goes out; a full disk behind `> file` is an error.
    pub(super) fn finish(mut self, code: ExitCode) -> ExitCode {
        let flushed = self.out.flush();
        match Self::check(flushed) {
            Ok(()) | Err(Trouble::Closed) => code,
            Err(trouble) => trouble.explain(),
        }
    }

    fn check(written: io::Result<()>) -> Result<(), Trouble> {
        written.map_err(broken)
    }
}

/// The reader went away, or the disk behind a redirection is full.
pub(super) fn broken(cause: io::Error) -> Trouble {
    match cause.kind() {
        io::ErrorKind::BrokenPipe => Trouble::Closed,
        _ => Trouble::from(crate::system::FileError::of("write", "standard output")(cause)),
    }
}

/// Text from an archive or a file name, safe on a terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
