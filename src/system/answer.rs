//! Programs whose output fits into memory: what they printed, and how they ended.

use super::{Cancel, CommandError, CommandSpec, Runner};

/// All that a program printed, and how it ended.
#[derive(Debug)]
pub struct CommandAnswer {
    /// As far as it fits. What a failing program printed may be an answer as well.
    pub stdout: Vec<u8>,
    /// Only status 0 is success.
    pub ended: Result<(), CommandError>,
}

impl CommandAnswer {
    /// What it printed, bytes that are no text replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// What it printed, if it succeeded.
    pub fn of_success(self) -> Result<Vec<u8>, CommandError> {
        self.ended.map(|()| self.stdout)
    }
}

impl Runner {
    /// Runs a program to its end, and keeps what it prints on stdout.
    pub fn ask(&self, spec: &CommandSpec, cancel: &Cancel) -> CommandAnswer {
        let mut stdout = Vec::new();
        let ended = self.run(spec, &mut stdout, cancel).map(drop);
        CommandAnswer { stdout, ended }
    }
}
