//! Why a message did not arrive. No error holds an address or a header: tokens stand in them.

use std::time::Duration;

use crate::system::Cancelled;
use crate::units::Elapsed;

/// Why a message did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The other side said no; trying again would not help.
    #[error("refused with status {status}: {answer}")]
    Refused {
        /// Status of HTTP or SMTP.
        status: u16,
        /// The beginning of what it said, printable.
        answer: String,
    },
    /// Too many messages, or a quota: no further attempt.
    #[error("the limit of the other side is reached: {0}")]
    Quota(String),
    /// It failed there; another attempt may help.
    #[error("failed there with status {status}: {answer}")]
    Failed {
        /// Status of HTTP or SMTP.
        status: u16,
        /// The beginning of what it said, printable.
        answer: String,
    },
    /// It cannot be reached.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// Its certificate is not trusted here.
    #[error("its certificate is not trusted: {0}")]
    Certificate(String),
    /// No answer in time.
    #[error("no answer within {}", Elapsed(*.0))]
    TimedOut(Duration),
    /// The connection ended between the whole message and its receipt. Sent again, it might come twice.
    #[error("sent, and whether it was accepted is not known: {0}")]
    Unconfirmed(Box<NotifyError>),
    /// A program that was to send it did not.
    #[error("{program}: {reason}")]
    Program {
        /// The program.
        program: &'static str,
        /// What happened, the end of what it said included.
        reason: String,
    },
    /// Neither the way that is set nor the one in its stead.
    #[error("{way}: {first}; in its stead {second}")]
    Both {
        /// The way that is set.
        way: &'static str,
        /// Why it failed.
        first: Box<NotifyError>,
        /// Why the other one did.
        second: Box<NotifyError>,
    },
    /// What is set does not fit together.
    #[error("{0}")]
    Setting(String),
    /// The run was asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl NotifyError {
    /// Whether the same call may work a little later.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Unreachable(_) | Self::TimedOut(_))
    }
}
