//! Leave to change what lasts: given on the command line, or asked for on the terminal.

use ::log::{info, warn};

use super::Trouble;
use super::ask::Terminal;
use super::output::Output;
use super::session::cancel;
use crate::workflow::{Answer, ExitCode, ask_word};

/// Whether somebody agrees.
pub(super) enum Approval {
    /// With `--yes`.
    Given,
    /// Somebody is there and will be asked.
    Asked(Terminal),
}

impl Approval {
    /// Sought before any work is done: where nobody can be asked, nothing is begun.
    pub(super) fn seek(is_given: bool, output: &Output) -> Result<Self, Trouble> {
        if is_given {
            return Ok(Self::Given);
        }
        if output.is_json() {
            return Err(Trouble::Usage("nothing done: --json is for programs, which say --yes".to_owned()));
        }
        let no_one = "nothing done: there is no terminal to ask on; --yes goes on without asking";
        Terminal::attended(&cancel()?).map(Self::Asked).ok_or_else(|| Trouble::Usage(no_one.to_owned()))
    }

    /// Demands the word, once everything that leads to the decision has been shown; without it, how the
    /// command ends, of which nothing was `begun`.
    pub(super) fn refused(
        &mut self,
        word: &str,
        what: &str,
        begun: &str,
        output: &mut Output,
    ) -> Result<Option<ExitCode>, Trouble> {
        let Self::Asked(terminal) = self else { return Ok(None) };
        output.flush()?;
        let answer = ask_word(terminal, word, what);
        // Nobody answers after ^C.
        terminal.check()?;
        Ok(match answer {
            Answer::Word => None,
            Answer::Left => Some(left(begun)),
            Answer::Other => {
                warn!("nothing done: the answer was not {word}");
                Some(ExitCode::Skipped)
            }
        })
    }
}

/// Somebody went away before anything was `begun`: `done`, `written`.
pub(super) fn left(begun: &str) -> ExitCode {
    info!("Left; nothing was {begun}");
    ExitCode::Done
}
