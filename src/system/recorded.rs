//! Answers commands from a folder: sample hosts and replayed support bundles.
//!
//! One file per command line, named by its words joined with blanks, `%` written as `%25` and
//! `/` as `%2F`; the content is stdout. Beside it, where it is not the usual success: `.exit`
//! (a number), `.stderr`, `.delay` (seconds).

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::command::{failure, one_line};
use super::{Cancel, CommandError, CommandFailure, CommandOutput, CommandSpec, open_file};

/// The folder.
#[derive(Clone, Debug)]
pub struct Recorded {
    dir: PathBuf,
}

impl Recorded {
    /// Answers from `dir`.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The file name of a command line.
    pub fn file_name(argv: &[String]) -> String {
        argv.join(" ").replace('%', "%25").replace('/', "%2F")
    }

    pub(super) fn run(
        &self,
        spec: &CommandSpec,
        sink: &mut dyn Write,
        cancel: &Cancel,
    ) -> Result<CommandOutput, CommandError> {
        let name = Self::file_name(&spec.argv);
        let Ok(stdout) = open_file(&self.dir.join(&name)) else {
            return Err(failure(spec, CommandFailure::NotFound, String::new()));
        };
        self.wait(&name, spec, cancel)?;
        let mut limited = io::Read::take(&stdout, spec.output_cap);
        let copied =
            io::copy(&mut limited, sink).map_err(|cause| failure(spec, CommandFailure::Io(cause), String::new()))?;
        let stderr = one_line(&self.text(&name, "stderr").unwrap_or_default());
        match self.text(&name, "exit").and_then(|code| code.trim().parse().ok()).unwrap_or(0) {
            0 => Ok(CommandOutput { is_cut: copied == spec.output_cap }),
            code => Err(failure(spec, CommandFailure::Exit(code), stderr)),
        }
    }

    fn wait(&self, name: &str, spec: &CommandSpec, cancel: &Cancel) -> Result<(), CommandError> {
        let seconds: f64 = self.text(name, "delay").and_then(|text| text.trim().parse().ok()).unwrap_or(0.0);
        let delay = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let until = Instant::now() + delay.min(spec.limit);
        while Instant::now() < until {
            cancel.check().map_err(|_| failure(spec, CommandFailure::Cancelled, String::new()))?;
            std::thread::sleep(Duration::from_millis(5).min(until.saturating_duration_since(Instant::now())));
        }
        if delay > spec.limit {
            return Err(failure(spec, CommandFailure::TimedOut(spec.limit), String::new()));
        }
        Ok(())
    }

    fn text(&self, name: &str, extension: &str) -> Option<String> {
        io::read_to_string(open_file(&self.dir.join(format!("{name}.{extension}"))).ok()?).ok()
    }
}
