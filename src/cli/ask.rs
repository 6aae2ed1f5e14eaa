//! Asks on the terminal, whatever standard input and output are connected to.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use super::charset::Charset;
use super::output::printable;
use super::progress;
use crate::secret::Secret;
use crate::system::{Cancel, Cancelled, open_terminal};
use crate::workflow::Ask;

/// A signal between the look at the flag and the wait is noticed after this many milliseconds.
const POLL_MILLISECONDS: u8 = 200;

/// The process's terminal.
pub(super) struct Terminal {
    out: File,
    answers: BufReader<File>,
    cancel: Cancel,
}

impl Terminal {
    /// `None` where there is none: cron, systemd, pipes.
    pub(super) fn open(cancel: &Cancel) -> Option<Self> {
        let out = open_terminal(Path::new("/dev/tty")).ok()?;
        let answers = BufReader::new(out.try_clone().ok()?);
        Some(Self { out, answers, cancel: cancel.clone() })
    }

    /// `None` also where a script called us, though a person started that.
    pub(super) fn attended(cancel: &Cancel) -> Option<Self> {
        if std::io::stdin().is_terminal() { Self::open(cancel) } else { None }
    }

    /// Whether the run was asked to stop: then no answer came, whatever was typed.
    pub(super) fn check(&self) -> Result<(), Cancelled> {
        self.cancel.check()
    }

    /// One line, when it comes within this time.
    pub(super) fn line_within(&mut self, question: &str, limit: Duration) -> Option<String> {
        let answer = self.read(question, Instant::now().checked_add(limit));
        if answer.is_none() {
            let _ = writeln!(self.out);
        }
        answer
    }

    fn read(&mut self, question: &str, until: Option<Instant>) -> Option<String> {
        let _line = progress::hold();
        write!(self.out, "{}", Charset::chosen().shown(question)).ok()?;
        let mut line = String::new();
        self.wait(until)?;
        let got = self.answers.read_line(&mut line).ok()?;
        // In place: a copy of a secret would stay in memory.
        line.truncate(line.trim_end_matches(['\n', '\r']).len());
        (got > 0).then_some(line)
    }

    /// Until there is an answer; `None` at the end of the time, and once the run was asked to stop, so that everything that was
    /// changed about the terminal is put back.
    fn wait(&self, until: Option<Instant>) -> Option<()> {
        while self.answers.buffer().is_empty() {
            self.cancel.check().ok()?;
            if until.is_some_and(|until| Instant::now() >= until) {
                return None;
            }
            let mut terminal = [PollFd::new(self.answers.get_ref().as_fd(), PollFlags::POLLIN)];
            match poll(&mut terminal, PollTimeout::from(POLL_MILLISECONDS)) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => break,
                Err(_) => return None,
            }
        }
        Some(())
    }
}

impl Ask for Terminal {
    fn tell(&mut self, text: &str) {
        let _ = progress::above(|| writeln!(self.out, "{}", Charset::chosen().shown(&printable(text))));
    }

    fn line(&mut self, question: &str) -> Option<String> {
        self.read(question, None)
    }

    fn secret(&mut self, question: &str) -> Option<Secret> {
        let shown = Silence::start(&self.out)?;
        let answer = self.read(question, None).map(Secret::new);
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
