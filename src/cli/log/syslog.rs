//! syslog, where there is no journal: problems, and how it ended, of commands that change something.

use super::line::{Kind, Line};
use crate::system::{self, Clock};

/// The machine's syslog, for as long as the command is one that changes something.
pub(super) struct Syslog(system::Syslog);

impl Syslog {
    pub(super) fn open() -> Option<Self> {
        system::Syslog::open().map(Self)
    }

    pub(super) fn send(&self, line: &Line) {
        // Warnings and above: what sums them up is a notice.
        if line.kind == Kind::Closing || line.priority < 5 {
            self.0.send(line.priority, &Clock::System.now(), &line.text);
        }
    }
}
