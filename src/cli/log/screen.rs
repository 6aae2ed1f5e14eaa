//! Standard error, for people.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

use log::{Level, LevelFilter};

use super::line::{Kind, Line};
use crate::cli::charset::Charset;
use crate::cli::global::{Global, When};
use crate::cli::progress::above;
use crate::config::Colors;

/// What a person sees of the log.
pub(super) struct Screen {
    pub(super) level: LevelFilter,
    charset: Charset,
    has_colors: bool,
    steps_in_blue: bool,
}

impl Screen {
    pub(super) fn new(global: &Global, environment: &BTreeMap<String, String>) -> Self {
        Self {
            level: wanted_level(global).unwrap_or(LevelFilter::Info),
            charset: Charset::chosen(),
            has_colors: has_colors(global, environment),
            steps_in_blue: false,
        }
    }

    /// What the configuration says; the command line has said its part at the start.
    pub(super) fn configure(&mut self, global: &Global, level: u8, colors: Colors) {
        if wanted_level(global).is_none() {
            self.level = by_number(level);
        }
        self.steps_in_blue = colors == Colors::LevelsAndSteps;
        self.has_colors &= colors != Colors::Off || global.color == When::Always;
    }

    pub(super) fn show(&self, line: &Line, head: &str) {
        let text = self.charset.shown(&line.text);
        let mut screen = std::io::stderr();
        // Nobody listens any more: the run goes on.
        let _ = above(|| {
            if self.has_colors {
                writeln!(screen, "{}{head}{text}\x1b[0m", self.color(line))
            } else {
                writeln!(screen, "{head}{text}")
            }
        });
    }

    fn color(&self, line: &Line) -> &'static str {
        match line.level {
            Level::Error => "\x1b[31m",
            Level::Warn => "\x1b[33m",
            Level::Debug | Level::Trace => "\x1b[2m",
            Level::Info if line.kind == Kind::Step && self.steps_in_blue => "\x1b[34m",
            Level::Info => "",
        }
    }
}

fn has_colors(global: &Global, environment: &BTreeMap<String, String>) -> bool {
    let is_unwanted = global.plain || environment.get("NO_COLOR").is_some_and(|value| !value.is_empty());
    match global.color {
        When::Always => true,
        When::Auto => std::io::stderr().is_terminal() && !is_unwanted,
        When::Never => false,
    }
}

fn wanted_level(global: &Global) -> Option<LevelFilter> {
    use crate::cli::global::Level as Word;
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
