//! Asks on the terminal, whatever standard input and output are connected to.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use super::output::printable;
use crate::secret::Secret;
use crate::system::open_terminal;
use crate::workflow::Ask;

/// The process's terminal.
pub(super) struct Terminal {
    out: File,
    answers: BufReader<File>,
}

impl Terminal {
    /// `None` where there is none: cron, systemd, pipes.
    pub(super) fn open() -> Option<Self> {
        let out = open_terminal(Path::new("/dev/tty")).ok()?;
        let answers = BufReader::new(out.try_clone().ok()?);
        Some(Self { out, answers })
    }

    fn read(&mut self, question: &str) -> Option<String> {
        write!(self.out, "{question}").ok()?;
        let mut line = String::new();
        let got = self.answers.read_line(&mut line).ok()?;
        (got > 0).then(|| line.trim_end_matches(['\n', '\r']).to_owned())
    }
}

impl Ask for Terminal {
    fn tell(&mut self, text: &str) {
        let _ = writeln!(self.out, "{}", printable(text));
    }

    fn line(&mut self, question: &str) -> Option<String> {
        self.read(question)
    }

    fn secret(&mut self, question: &str) -> Option<Secret> {
        let shown = Silence::start(&self.out)?;
        let answer = self.read(question).map(Secret::new);
        drop(shown);
        let _ = writeln!(self.out);
        answer
    }
}

/// No echo while it lives, however it ends.
struct Silence {
    terminal: File,
    before: Termios,
}

impl Silence {
    fn start(terminal: &File) -> Option<Self> {
        let terminal = terminal.try_clone().ok()?;
        let before = tcgetattr(&terminal).ok()?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(&terminal, SetArg::TCSAFLUSH, &silent).ok()?;
        Some(Self { terminal, before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, SetArg::TCSAFLUSH, &self.before);
    }
}
