//! Where log lines go. Under systemd to the journal, else to the screen and, of commands that change
//! something, to syslog; of a run also to its own file. One file per receiver.
//!
//! ```text
//! log's macros ──┐          ┌─→ journal, with fields      (standard error where it takes none)
//! tell(issue) ───┼─→ Line ──┼─→ screen  ┐ not under systemd
//! closing line ──┘          ├─→ syslog  ┘
//!                           └─→ the run's file
//! ```

mod journal;
mod line;
mod run_file;
mod screen;
mod syslog;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};

use self::journal::Journal;
use self::line::{Kind, Line};
use self::run_file::RunFile;
use self::screen::Screen;
use self::syslog::Syslog;
use super::global::Global;
use crate::config::Run;
use crate::issue::Issue;
use crate::report::RunReport;
use crate::system::FileError;
use crate::workflow::{STEP, SUMMARY, listen};

/// The process's logger.
pub(super) struct Logger {
    state: Mutex<State>,
}

struct State {
    screen: Screen,
    journal: Option<Journal>,
    syslog: Option<Syslog>,
    file: RunFile,
}

static LOGGER: OnceLock<Logger> = OnceLock::new();

/// Starts logging; called once, first of all.
pub(super) fn start(global: &Global, environment: &BTreeMap<String, String>) -> &'static Logger {
    let logger = LOGGER.get_or_init(|| Logger {
        state: Mutex::new(State {
            screen: Screen::new(global, environment),
            journal: Journal::of(global, environment),
            syslog: None,
            file: RunFile::Awaited(Vec::new()),
        }),
    });
    // A second logger in one process happens in tests only; the first goes on.
    let _ = log::set_logger(logger);
    log::set_max_level(LevelFilter::Debug);
    listen(|issue: &Issue| {
        if let Some(logger) = LOGGER.get() {
            logger.state().say(&Line::about(issue));
        }
    });
    logger
}

impl Logger {
    /// What the configuration says; the command line has said its part at the start.
    pub(super) fn configure(&self, global: &Global, run: &Run) {
        let mut state = self.state();
        state.screen.configure(global, run.log_level, run.colors);
        if run.is_dry_run {
            state.syslog = None;
        }
    }

    /// The command changes something: syslog hears of it, unless the journal does.
    pub(super) fn tell_syslog(&self) {
        let mut state = self.state();
        if state.journal.is_none() {
            state.syslog = Syslog::open();
        }
    }

    /// Opens the run's file and writes the early lines into it.
    pub(super) fn open_file(&self, path: &Path) -> Result<(), FileError> {
        self.state().file.open(path)
    }

    /// The last line of a backup.
    pub(super) fn close(&self, report: &RunReport, level: Level, text: &str) {
        self.state().say(&Line::closing(report, level, text));
    }

    /// The last line of a backup whose failure was told before, reason by reason.
    pub(super) fn close_after_reasons(&self, report: &RunReport, hint: &str) {
        self.state().say(&Line::closing_after(report, Level::Error, hint));
    }

    /// How another command that changes something ended, for who reads its traces later; who looks on
    /// has seen it.
    pub(super) fn leave_trace(&self, text: &str) {
        self.state().send(&Line::ended(text));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        [STEP, SUMMARY].contains(&metadata.target()) || metadata.target().starts_with("proxmox_backup")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.state().say(&Line::of(record));
        }
    }

    fn flush(&self) {
        self.state().file.flush();
    }
}

impl State {
    fn say(&mut self, line: &Line) {
        let head = line.head();
        if line.level <= Level::Info || self.screen.level == LevelFilter::Debug {
            self.file.keep(&format!("{head}{}", line.text));
        }
        // Whoever reads the file of a killed run finds at least its last step.
        if line.kind != Kind::Usual || line.level <= Level::Warn {
            self.file.flush();
        }
        if self.journal.is_none() && line.level <= self.screen.level {
            self.screen.show(line, &head);
        }
        self.send(line);
    }

    /// To those who are not people.
    fn send(&self, line: &Line) {
        match (&self.journal, &self.syslog) {
            (Some(journal), _) if line.level <= self.screen.level => journal.send(line),
            (None, Some(syslog)) => syslog.send(line),
            _ => {}
        }
    }
}
