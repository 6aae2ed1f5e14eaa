//! SIGINT, SIGTERM and the end of a run's time as one flag that every loop asks between entries,
//! blocks and polls.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::Meter;

/// The flag, and the way back: who may stop the work is who looks on. Clones share both.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    own: Arc<AtomicUsize>,
    /// The flag this one follows.
    above: Option<Arc<AtomicUsize>>,
    /// A terminal that goes away does not ask for the end.
    outlives_terminal: bool,
    meter: Meter,
}

/// How often a wait looks at the flag.
const TICK: Duration = Duration::from_millis(25);

/// SIGHUP, told apart from SIGTERM.
const HANGUP: usize = 3;

/// The run's time is up.
const LATE: usize = 4;

/// A limit that holds as long as this value lives.
#[derive(Debug)]
pub struct Deadline {
    _met: Sender<()>,
}

/// What asked us to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// `systemctl stop`, shutdown, a lost terminal.
    Terminate,
    /// `MAX_RUN_DURATION`.
    Late,
}

/// The run was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", match .0 {
    Signal::Interrupt => "interrupted by SIGINT",
    Signal::Terminate => "interrupted by SIGTERM",
    Signal::Late => "stopped: it took longer than MAX_RUN_DURATION",
})]
pub struct Cancelled(pub Signal);

impl Cancel {
    /// A flag that this process's signals set.
    pub fn on_signals() -> io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let cancel = Self::default();
        for (signal, value) in [(SIGINT, 1), (SIGTERM, 2), (SIGHUP, HANGUP)] {
            signal_hook::flag::register_usize(signal, Arc::clone(&cancel.own), value)?;
        }
        Ok(cancel)
    }

    /// A flag of its own that also follows this one: ends a part of the run and not the whole.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { own: Arc::default(), above: Some(Arc::clone(&self.own)), ..self.clone() }
    }

    /// The same flag for work that goes on when the terminal is gone: a restore of the network ends
    /// the very session it was started in.
    #[must_use]
    pub fn outliving_the_terminal(&self) -> Self {
        Self { outlives_terminal: true, ..self.clone() }
    }

    /// The same flag, with somebody looking on.
    #[must_use]
    pub fn watched_by(self, meter: &Meter) -> Self {
        Self { meter: meter.clone(), ..self }
    }

    /// What the work counts with.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Asks for the end, as the signal would.
    pub fn request(&self, signal: Signal) {
        let value = match signal {
            Signal::Interrupt => 1,
            Signal::Terminate => 2,
            Signal::Late => LATE,
        };
        self.own.store(value, Ordering::Relaxed);
    }

    /// Asks for the end after this time, unless the value is dropped before.
    #[must_use]
    pub fn late_after(&self, limit: Duration) -> Deadline {
        let (met, is_met) = channel();
        let flag = self.clone();
        std::thread::spawn(move || {
            if is_met.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                flag.request(Signal::Late);
            }
        });
        Deadline { _met: met }
    }

    /// Waits this long; a request to stop ends it soon.
    pub fn wait(&self, span: Duration) -> Result<(), Cancelled> {
        let until = Instant::now() + span;
        loop {
            self.check()?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(TICK));
        }
    }

    /// `Err` once the end was asked for.
    pub fn check(&self) -> Result<(), Cancelled> {
        let above = self.above.as_ref().map_or(0, |flag| flag.load(Ordering::Relaxed));
        match self.own.load(Ordering::Relaxed).max(above) {
            0 => Ok(()),
            HANGUP if self.outlives_terminal => Ok(()),
            1 => Err(Cancelled(Signal::Interrupt)),
            LATE => Err(Cancelled(Signal::Late)),
            _ => Err(Cancelled(Signal::Terminate)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_is_up_ends_a_run_unless_it_is_over() {
        let late = Cancel::default();
        let deadline = late.late_after(Duration::from_millis(1));
        while late.check().is_ok() {
            std::thread::yield_now();
        }
        drop(deadline);
        assert_eq!(late.child().check(), Err(Cancelled(Signal::Late)));
        assert_eq!(Cancelled(Signal::Late).to_string(), "stopped: it took longer than MAX_RUN_DURATION");
        let lasting = Cancel::default();
        drop(lasting.late_after(Duration::from_secs(3600)));
        assert_eq!(lasting.check(), Ok(()));
    }

    #[test]
    fn a_lost_terminal_ends_what_does_not_outlive_it() {
        let cancel = Cancel::default();
        let lasting = cancel.outliving_the_terminal();
        cancel.own.store(HANGUP, Ordering::Relaxed);
        assert_eq!(cancel.check(), Err(Cancelled(Signal::Terminate)));
        assert_eq!(cancel.child().check(), Err(Cancelled(Signal::Terminate)));
        assert_eq!(lasting.check(), Ok(()));
        assert_eq!(lasting.child().check(), Ok(()));
        cancel.request(Signal::Interrupt);
        assert_eq!(lasting.check(), Err(Cancelled(Signal::Interrupt)));
    }
}
