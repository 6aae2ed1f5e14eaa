//! rclone's process: started, limited, tried again where that may help, its failures explained.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::time::{Duration, Instant};

use super::commands::{Call, Commands};
use super::digests::Hasher;
use super::trouble::{Trouble, presentable};
use crate::secret::Secret;
use crate::storage::StorageError;
use crate::system::{Cancel, CommandError, CommandFailure, CommandSpec, Runner};
use crate::units::Elapsed;

/// Waits before further attempts; the last one holds for all that follow.
const BACK_OFF: [u64; 5] = [2, 4, 8, 16, 30];

/// Who runs rclone, and with what.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) runner: Runner,
    pub(super) environment: Vec<(String, Secret)>,
    pub(super) cancel: Cancel,
    pub(super) retries: u32,
}

/// Takes what a call prints; begins anew with each attempt.
pub(super) trait Sink: Write {
    /// Forgets what the attempt before gave.
    fn restart(&mut self) -> io::Result<()>;
}

impl Sink for Vec<u8> {
    fn restart(&mut self) -> io::Result<()> {
        self.clear();
        Ok(())
    }
}

impl Sink for File {
    fn restart(&mut self) -> io::Result<()> {
        self.set_len(0)?;
        self.rewind()
    }
}

impl Sink for Hasher {
    fn restart(&mut self) -> io::Result<()> {
        *self = Self::sha256();
        Ok(())
    }
}

impl Session {
    /// Makes a call and gives what it printed.
    pub(super) fn ask(&self, commands: &Commands, call: &Call) -> Result<Vec<u8>, StorageError> {
        let mut answer = Vec::new();
        self.run(commands, call, &mut answer)?;
        Ok(answer)
    }

    /// Makes a call, again where its failure may pass, all attempts within its limit. An answer longer
    /// than the call allows is an error.
    pub(super) fn run(&self, commands: &Commands, call: &Call, sink: &mut dyn Sink) -> Result<(), StorageError> {
        let limit = commands.limit(call.patience);
        let started = Instant::now();
        let mut waits = BACK_OFF.iter().copied().chain(std::iter::repeat(30)).take(self.retries as usize);
        loop {
            self.cancel.check()?;
            let left = limit.saturating_sub(started.elapsed());
            let error = match self.attempt(call, left, sink) {
                Ok(()) => return Ok(()),
                Err(Failed::Finally(error)) => return Err(error),
                Err(Failed::Command(error)) => error,
            };
            self.cancel.check()?;
            let trouble = Trouble::of(&error);
            let wait = waits.next().map(Duration::from_secs).filter(|_| trouble.may_pass(&error.how));
            match wait.filter(|wait| started.elapsed() + *wait < limit) {
                Some(wait) => self.pause(wait)?,
                None => return Err(self.explained(call, trouble, error, limit)),
            }
        }
    }

    /// Makes a call once and soon, even when the run is to stop: what would look like a backup must go.
    pub(super) fn last_word(&self, call: &Call) -> Result<(), CommandError> {
        const SOON: Duration = Duration::from_secs(10);
        let mut nothing = io::sink();
        self.runner.run(&self.spec(call, SOON), &mut nothing, &Cancel::default()).map(drop)
    }

    /// Waits; a request to stop ends it at once.
    pub(super) fn pause(&self, wait: Duration) -> Result<(), StorageError> {
        Ok(self.cancel.wait(wait)?)
    }

    fn attempt(&self, call: &Call, limit: Duration, sink: &mut dyn Sink) -> Result<(), Failed> {
        let unreadable = |why: String| Failed::Finally(StorageError::Answer { about: call.action.clone(), why });
        sink.restart().map_err(|cause| unreadable(cause.to_string()))?;
        let mut sink = Watched { sink, cause: None };
        let output = self.runner.run(&self.spec(call, limit), &mut sink, &self.cancel);
        if let Some(cause) = sink.cause {
            return Err(unreadable(format!("it cannot be written down: {cause}")));
        }
        match output {
            Ok(output) if output.is_cut => Err(unreadable(format!("it has more than {} bytes", call.output_cap))),
            Ok(_) => Ok(()),
            Err(error) => Err(Failed::Command(error)),
        }
    }

    fn spec(&self, call: &Call, limit: Duration) -> CommandSpec {
        CommandSpec {
            argv: call.argv.clone(),
            limit,
            output_cap: call.output_cap,
            environment: self.environment.clone(),
            input: call.input.clone(),
        }
    }

    fn explained(&self, call: &Call, trouble: Trouble, error: CommandError, limit: Duration) -> StorageError {
        if matches!(error.how, CommandFailure::TimedOut(_)) {
            return StorageError::TimedOut { what: format!("rclone: {}", call.action), limit: Elapsed(limit) };
        }
        let cause = presentable(error, &self.environment);
        StorageError::Rclone { action: call.action.clone(), trouble, cause }
    }
}

enum Failed {
    Command(CommandError),
    Finally(StorageError),
}

/// Remembers why a sink took no more: a full disk is not rclone's failure.
struct Watched<'a> {
    sink: &'a mut dyn Sink,
    cause: Option<io::Error>,
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.cause.is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.sink.write(bytes).map_err(|cause| {
            let kind = cause.kind();
            if kind != io::ErrorKind::Interrupted {
                self.cause = Some(cause);
            }
            kind.into()
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
