//! Options of every command.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options of every command.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of every command")]
pub(super) struct Global {
    /// Configuration file instead of the usual one
    #[arg(short, long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Work on another machine's disk mounted at DIR: files only, no commands
    #[arg(long, value_name = "DIR", global = true)]
    pub root: Option<PathBuf>,
    /// Print one JSON object on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Say only what went wrong
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more; twice for everything
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=5), global = true)]
    pub debug: Option<u8>,
    /// Log level in words: none, error, warning, info, debug
    #[arg(long, value_name = "LEVEL", hide_possible_values = true, global = true)]
    pub log_level: Option<Level>,
    /// Colours: auto, always, never
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_possible_values = true, global = true)]
    pub color: When,
    /// Draw no progress on the terminal
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \xc3\xa4 in names
    #[arg(long, global = true)]
    pub plain: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Log levels by name; the numbers are those of the older tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Level {
    /// Nothing.
    #[value(alias = "off")]
    None,
    /// What ended the run.
    #[value(alias = "critical")]
    Error,
    /// What is worth a look.
    #[value(alias = "warn")]
    Warning,
    /// The steps.
    Info,
    /// Every file.
    #[value(alias = "trace")]
    Debug,
}
