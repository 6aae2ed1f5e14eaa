//! The only place that prints: arguments in, exit code out.

mod approval;
mod args;
mod ask;
mod backup;
mod caught;
mod charset;
mod completions;
mod config;
mod cut_off;
mod decrypt;
mod diff;
mod docs;
mod early;
mod expected;
mod fetch;
mod global;
mod help;
mod hook;
mod key;
mod keys;
mod list;
mod log;
mod look;
mod migrate;
mod network;
mod notify;
mod output;
mod pick;
mod progress;
mod prune;
mod restore;
mod restore_args;
mod restored;
mod session;
mod signer;
mod status;
mod undo;
mod verify;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;

use ::log::{Log, error, info, warn};
use clap::Parser;

use args::{BackupArgs, Cli, Command, KeyCommand, NewKeyArgs};
use charset::Charset;
use keys::KeyArgs;
use output::Output;
use session::Session;

use crate::config::ConfigError;
use crate::status::State;
use crate::workflow::{ExitCode, Failure, SUMMARY};

/// Runs the program. Arguments and environment are read here and nowhere else.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: BTreeMap<String, String>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        // A typing mistake in a monitoring system's settings is no lost backup.
        Err(message) if arguments.get(1).is_some_and(|first| first == "status") => {
            return if usage(&message, &environment) == ExitCode::Done {
                ExitCode::Done
            } else {
                State::Unknown.into()
            };
        }
        Err(message) => return usage(&message, &environment),
    };
    if !environment.contains_key("RUST_BACKTRACE") {
        caught::keep_panics();
    }
    let charset = Charset::of(&cli.global, &environment);
    charset.choose();
    let logger = log::start(&cli.global, &environment);
    progress::start(&cli.global, &environment);
    let code = caught::caught(|| {
        let mut output = Output::stdout(&cli.global, charset);
        let done = dispatch(cli, environment, logger, &mut output);
        progress::stop();
        match done {
            Ok(code) => output.finish(code),
            Err(trouble) => trouble.explain(),
        }
    });
    progress::stop();
    let code = code.unwrap_or_else(|failure| Trouble::Failure(failure).explain());
    if let Some(said) = caught::kept() {
        warn!("internal error in a part of the work: {said}");
    }
    logger.flush();
    code
}

/// Why a command has no result.
pub(crate) enum Trouble {
    /// A stage failed.
    Failure(Failure),
    /// What was asked for cannot be meant.
    Usage(String),
    /// The configuration has mistakes.
    Config(ConfigError),
    /// Standard output is gone (`| head`): nobody is left to tell.
    Closed,
}

impl<E: Into<Failure>> From<E> for Trouble {
    fn from(failure: E) -> Self {
        Self::Failure(failure.into())
    }
}

impl Trouble {
    fn explain(self) -> ExitCode {
        match self {
            Self::Failure(failure @ Failure::Unchanged(_)) => {
                info!("{failure}");
                failure.exit_code()
            }
            Self::Failure(failure) => {
                match failure.hint() {
                    Some(hint) => error!("{failure} ({hint})"),
                    None => error!("{failure}"),
                }
                failure.exit_code()
            }
            Self::Usage(mistake) => {
                error!("{mistake}");
                ExitCode::Usage
            }
            Self::Config(mistakes) => {
                for line in mistakes.to_string().lines() {
                    error!("{line}");
                }
                error!(target: SUMMARY, "{}", mistakes.hint());
                match mistakes {
                    // The settings are root's: nothing is wrong with them but who reads.
                    ConfigError::File(error) if error.is_denied() => ExitCode::Environment,
                    _ => ExitCode::Usage,
                }
            }
            Self::Closed => ExitCode::Done,
        }
    }
}

fn dispatch(
    cli: Cli,
    environment: BTreeMap<String, String>,
    logger: &'static log::Logger,
    output: &mut Output,
) -> Result<ExitCode, Trouble> {
    let Cli { global, backup, check, decrypt, newkey, restore, backup_flag: _, command } = cli;
    let command = match command {
        Some(command) => command,
        None if check => Command::Check,
        None if decrypt => Command::Decrypt { id: None, to: None, keys: KeyArgs::default() },
        None if restore => Command::Restore(Box::default()),
        None if newkey => Command::Key(KeyCommand::New(NewKeyArgs::default())),
        None => Command::Backup(backup.clone()),
    };
    match command {
        Command::Man { dir } => return docs::write_man(&dir),
        Command::Completions { shell } => return completions::print(shell, output),
        Command::Complete { words } => return expected::print(&words, environment, output),
        Command::Config(args::ConfigCommand::Init { file, format }) => return config::init(file, format, output),
        _ => {}
    }
    let trace = trace(&command, &backup);
    if trace.is_some() {
        logger.tell_syslog();
    }
    let session = Session::new(global, environment, logger);
    let code = perform(&session, command, backup, output)?;
    if let (Some(name), Some(how)) = (trace.filter(|name| *name != "backup"), how(code)) {
        logger.leave_trace(&format!("{name}: {how}"));
    }
    Ok(code)
}

fn perform(session: &Session, command: Command, backup: BackupArgs, output: &mut Output) -> Result<ExitCode, Trouble> {
    match command {
        Command::Backup(own) => backup::run(session, &merged(own, backup), output),
        Command::Check => backup::check(session, output),
        Command::List { all_hosts, tier } => list::list(session, &list::Wanted { all_hosts, tiers: tier }, output),
        Command::Fetch { id, from, to } => fetch::run(session, &id, (from, to.as_deref()), output),
        Command::Show { id } => list::show(session, &id, output),
        Command::Ls { id, path, keys } => look::ls(session, (&id, &keys), path.as_deref(), output),
        Command::Cat { id, path, keys } => look::cat(session, (&id, &keys), &path, output),
        Command::Extract { id, paths, to, keys } => look::extract(session, (&id, &keys), &paths, &to, output),
        Command::Decrypt { id, to, keys } => decrypt::run(session, (id.as_deref(), &keys), to.as_deref(), output),
        Command::Verify { ids, all, keys, signer } => {
            verify::run(session, &verify::Wanted { ids, all, keys, signer }, output)
        }
        Command::Status(arguments) => status::run(session, &arguments, output),
        Command::Diff(arguments) => diff::run(session, &arguments, output),
        Command::Restore(arguments) => restore::run(session, &arguments, output),
        Command::Undo(arguments) => undo::run(session, &arguments, output),
        Command::Key(command) => key::run(session, &command, output),
        Command::Prune { dry_run } => prune::run(session, dry_run, output),
        Command::Notify(command) => notify::run(session, &command, output),
        Command::Config(command) => config::run(session, &command, output),
        Command::Migrate(arguments) => migrate::run(session, &arguments, output),
        Command::Hook(command) => hook::run(session, &command, output),
        Command::Man { .. } | Command::Completions { .. } | Command::Complete { .. } => Ok(ExitCode::Done),
    }
}

/// `proxmox-backup -n backup` and `proxmox-backup backup -n` mean the same.
fn merged(own: BackupArgs, before: BackupArgs) -> BackupArgs {
    BackupArgs {
        dry_run: own.dry_run || before.dry_run,
        if_changed: own.if_changed || before.if_changed,
        reason: own.reason.or(before.reason),
    }
}

/// What a command that changes something is called where its traces are kept; a backup has a closing
/// line of its own.
fn trace(command: &Command, backup: &BackupArgs) -> Option<&'static str> {
    match command {
        Command::Backup(own) if !own.dry_run && !backup.dry_run => Some("backup"),
        Command::Restore(arguments) if arguments.changes_something() => Some("restore"),
        Command::Undo(arguments) if arguments.changes_something() => Some("undo"),
        Command::Prune { dry_run: false } if !backup.dry_run => Some("prune"),
        _ => None,
    }
}

/// How it ended; why something failed has been said.
fn how(code: ExitCode) -> Option<&'static str> {
    match code {
        ExitCode::Done => Some("done"),
        ExitCode::Warnings => Some("done, with warnings"),
        ExitCode::Skipped => Some("nothing done"),
        _ => None,
    }
}

fn usage(message: &clap::Error, environment: &BTreeMap<String, String>) -> ExitCode {
    // `--help` and `--version` come as errors that go to standard output.
    if Charset::of_locale(environment) == Charset::Unicode {
        let _ = message.print();
    } else {
        let text = message.render().to_string();
        let text = Charset::Ascii.shown(&text);
        let _ = if message.use_stderr() {
            std::io::stderr().write_all(text.as_bytes())
        } else {
            std::io::stdout().write_all(text.as_bytes())
        };
    }
    if message.use_stderr() { ExitCode::Usage } else { ExitCode::Done }
}
