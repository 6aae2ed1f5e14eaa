//! Exit codes: one enum, one table; `--help`, man page and docs print it.

use crate::status::State;

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// Done, everything asked for is true.
    Done = 0,
    /// Done, with warnings.
    Warnings = 1,
    /// Usage or configuration.
    Usage = 2,
    /// Environment.
    Environment = 3,
    /// A pre-check failed.
    Preflight = 4,
    /// Primary storage failed.
    Storage = 5,
    /// Network.
    Network = 6,
    /// Permission denied.
    Permission = 7,
    /// Verification failed.
    Verification = 8,
    /// Collection failed.
    Collection = 9,
    /// The archive could not be written.
    Archive = 10,
    /// Compression failed.
    Compression = 11,
    /// Disk full during the run.
    DiskFull = 12,
    /// Internal error.
    Internal = 13,
    /// Security check.
    Security = 14,
    /// Encryption or key.
    Encryption = 15,
    /// Skipped on purpose.
    Skipped = 16,
    /// It took longer than `MAX_RUN_DURATION`; the number is that of timeout(1).
    Late = 124,
    /// SIGINT.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

/// Number and meaning of every code.
pub const EXIT_CODES: &[(ExitCode, &str)] = &[
    (ExitCode::Done, "done, everything asked for is true"),
    (
        ExitCode::Warnings,
        "done, with warnings: a backup was made, a restore is in place; `diff`: there are differences; `status`: WARNING",
    ),
    (ExitCode::Usage, "usage or configuration; `status`: CRITICAL"),
    (ExitCode::Environment, "environment (no such backup or host, not root); `status`: UNKNOWN"),
    (ExitCode::Preflight, "a pre-check failed: directory, space, permission, lock held"),
    (ExitCode::Storage, "primary storage failed"),
    (ExitCode::Network, "network"),
    (ExitCode::Permission, "permission denied"),
    (ExitCode::Verification, "verification failed"),
    (ExitCode::Collection, "collection failed"),
    (ExitCode::Archive, "archive could not be written or read"),
    (ExitCode::Compression, "compression failed"),
    (ExitCode::DiskFull, "disk full during the run"),
    (ExitCode::Internal, "internal error (panic)"),
    (ExitCode::Security, "security check"),
    (ExitCode::Encryption, "encryption or key"),
    (
        ExitCode::Skipped,
        "skipped on purpose (BACKUP_ENABLED=false, --if-changed, a question not answered with its word)",
    ),
    (ExitCode::Late, "stopped: the run took longer than MAX_RUN_DURATION"),
    (ExitCode::Interrupted, "SIGINT"),
    (ExitCode::Terminated, "SIGTERM"),
];

/// `status` speaks the language of monitoring systems: the numbers are the same, their meaning is
/// [`State`]'s. The table above says so.
impl From<State> for ExitCode {
    fn from(state: State) -> Self {
        match state {
            State::Ok => Self::Done,
            State::Warning => Self::Warnings,
            State::Critical => Self::Usage,
            State::Unknown => Self::Environment,
        }
    }
}

impl ExitCode {
    /// The number.
    pub fn number(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_every_number_once_and_in_order() {
        let numbers: Vec<u8> = EXIT_CODES.iter().map(|(code, _)| code.number()).collect();
        let expected: Vec<u8> = (0..=16).chain([124, 130, 143]).collect();
        assert_eq!(numbers, expected);
    }

    #[test]
    fn a_state_ends_the_process_with_its_own_number() {
        for state in [State::Ok, State::Warning, State::Critical, State::Unknown] {
            assert_eq!(ExitCode::from(state).number(), state.number());
        }
    }
}
