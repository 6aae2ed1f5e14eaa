//! Where log lines go: standard error, and the run's own file.
//!
//! Lines that come before the file is known are kept and written into it first. Under systemd the
//! journal adds the time and takes the priority from a prefix.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};

use super::args::{Global, When};
use super::progress::above;
use crate::config::Colors;
use crate::system::{Clock, FileError, create_log};
use crate::workflow::STEP;

/// More early lines than this are dropped: somebody logs in a loop.
const EARLY: usize = 1000;

/// The process's logger.
pub(super) struct Logger {
    state: Mutex<State>,
}

struct State {
    screen: LevelFilter,
    style: Style,
    steps_in_blue: bool,
    file: Option<BufWriter<File>>,
    early: Option<Vec<String>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Colored,
    Journal,
}

static LOGGER: OnceLock<Logger> = OnceLock::new();

/// Starts logging; called once, first of all.
pub(super) fn start(global: &Global, environment: &BTreeMap<String, String>) -> &'static Logger {
    let logger = LOGGER.get_or_init(|| Logger {
        state: Mutex::new(State {
            screen: wanted_level(global).unwrap_or(LevelFilter::Info),
            style: style(global.color, environment),
            steps_in_blue: false,
            file: None,
            early: Some(Vec::new()),
        }),
    });
    // A second logger in one process happens in tests only; the first goes on.
    let _ = log::set_logger(logger);
    log::set_max_level(LevelFilter::Debug);
    logger
}

fn wanted_level(global: &Global) -> Option<LevelFilter> {
    use super::args::Level as Word;
    if global.quiet {
        return Some(LevelFilter::Warn);
    }
    let by_word = global.log_level.map(|level| match level {
        Word::None => LevelFilter::Off,
        Word::Error => LevelFilter::Error,
        Word::Warning => LevelFilter::Warn,
        Word::Info => LevelFilter::Info,
        Word::Debug => LevelFilter::Debug,
    });
    by_word.or(global.debug.map(by_number)).or((global.verbose > 0).then_some(LevelFilter::Debug))
}

fn by_number(level: u8) -> LevelFilter {
    match level {
        0 => LevelFilter::Off,
        1 => LevelFilter::Error,
        2 => LevelFilter::Warn,
        3 | 4 => LevelFilter::Info,
        _ => LevelFilter::Debug,
    }
}

fn style(color: When, environment: &BTreeMap<String, String>) -> Style {
    let no_color = environment.get("NO_COLOR").is_some_and(|value| !value.is_empty());
    match color {
        When::Always => Style::Colored,
        _ if environment.contains_key("JOURNAL_STREAM") && !std::io::stderr().is_terminal() => Style::Journal,
        When::Auto if std::io::stderr().is_terminal() && !no_color => Style::Colored,
        _ => Style::Plain,
    }
}

impl Logger {
    /// What the configuration says; the command line has said its part at the start.
    pub(super) fn configure(&self, global: &Global, level: u8, colors: Colors) {
        let mut state = self.state();
        if wanted_level(global).is_none() {
            state.screen = by_number(level);
        }
        state.steps_in_blue = colors == Colors::LevelsAndSteps;
        if colors == Colors::Off && state.style == Style::Colored && global.color != When::Always {
            state.style = Style::Plain;
        }
    }

    /// Opens the run's file and writes the early lines into it.
    pub(super) fn open_file(&self, path: &Path) -> Result<(), FileError> {
        let mut file = BufWriter::new(create_log(path)?);
        let mut state = self.state();
        for line in state.early.take().unwrap_or_default() {
            let _ = writeln!(file, "{line}");
        }
        state.file = Some(file);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == STEP || metadata.target().starts_with("proxmox_backup")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut state = self.state();
        let text = harmless(&record.args().to_string());
        let line = format!("{} {:<7} {text}", stamp(), word(record.level()));
        if record.level() <= Level::Info || state.screen == LevelFilter::Debug {
            state.keep(&line, record);
        }
        if record.level() <= state.screen {
            state.show(&text, &line, record);
        }
    }

    fn flush(&self) {
        if let Some(file) = &mut self.state().file {
            let _ = file.flush();
        }
    }
}

impl State {
    fn keep(&mut self, line: &str, record: &Record<'_>) {
        match (&mut self.file, &mut self.early) {
            (Some(file), _) => {
                let _ = writeln!(file, "{line}");
                // Whoever reads the file of a killed run finds at least its last step.
                if record.target() == STEP || record.level() <= Level::Warn {
                    let _ = file.flush();
                }
            }
            (None, Some(early)) if early.len() < EARLY => early.push(line.to_owned()),
            _ => {}
        }
    }

    fn show(&self, text: &str, line: &str, record: &Record<'_>) {
        let mut screen = std::io::stderr();
        // Nobody listens any more: the run goes on.
        let _ = above(|| match self.style {
            Style::Journal => writeln!(screen, "<{}>{text}", priority(record.level())),
            Style::Plain => writeln!(screen, "{line}"),
            Style::Colored => writeln!(screen, "{}{line}\x1b[0m", self.color(record)),
        });
    }

    fn color(&self, record: &Record<'_>) -> &'static str {
        match record.level() {
            Level::Error => "\x1b[31m",
            Level::Warn => "\x1b[33m",
            Level::Debug | Level::Trace => "\x1b[2m",
            Level::Info if record.target() == STEP && self.steps_in_blue => "\x1b[34m",
            Level::Info => "",
        }
    }
}

/// Names of files and outputs of programs must not steer a terminal or forge a line.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

fn stamp() -> String {
    Clock::System.now().format("[%Y-%m-%d %H:%M:%S]").to_string()
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "ERROR",
        Level::Warn => "WARNING",
        Level::Info => "INFO",
        Level::Debug | Level::Trace => "DEBUG",
    }
}

/// syslog's numbers.
fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}
