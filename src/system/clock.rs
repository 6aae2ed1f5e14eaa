//! Time, so that a test can say what time it is.

use std::time::Duration;

use chrono::{DateTime, Local};

/// Where the time comes from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A moment that never passes, for tests.
    Fixed(DateTime<Local>),
}

impl Clock {
    /// Now, in the machine's time zone: names and logs are for people.
    pub fn now(&self) -> DateTime<Local> {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the clock")]
            Self::System => Local::now(),
            Self::Fixed(moment) => *moment,
        }
    }

    /// Waits; a fixed clock does not.
    pub fn sleep(&self, span: Duration) {
        if let Self::System = self {
            std::thread::sleep(span);
        }
    }
}

/// `YYYYMMDD-HHMMSS`, the stamp of backup and log names.
pub fn local_stamp(moment: &DateTime<Local>) -> String {
    moment.format("%Y%m%d-%H%M%S").to_string()
}
