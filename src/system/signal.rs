//! SIGINT and SIGTERM as one flag that every loop asks between entries, blocks and polls.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The flag. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    own: Arc<AtomicUsize>,
    /// The flag this one follows.
    above: Option<Arc<AtomicUsize>>,
}

/// Which signal asked us to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// `systemctl stop`, shutdown, a lost terminal.
    Terminate,
}

/// The run was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted by {}", match .0 { Signal::Interrupt => "SIGINT", Signal::Terminate => "SIGTERM" })]
pub struct Cancelled(pub Signal);

impl Cancel {
    /// A flag that this process's signals set.
    pub fn on_signals() -> io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let cancel = Self::default();
        for (signal, value) in [(SIGINT, 1), (SIGTERM, 2), (SIGHUP, 2)] {
            signal_hook::flag::register_usize(signal, Arc::clone(&cancel.own), value)?;
        }
        Ok(cancel)
    }

    /// A flag of its own that also follows this one: ends a part of the run and not the whole.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { own: Arc::default(), above: Some(Arc::clone(&self.own)) }
    }

    /// Asks for the end, as the signal would.
    pub fn request(&self, signal: Signal) {
        self.own.store(if signal == Signal::Interrupt { 1 } else { 2 }, Ordering::Relaxed);
    }

    /// `Err` once the end was asked for.
    pub fn check(&self) -> Result<(), Cancelled> {
        let above = self.above.as_ref().map_or(0, |flag| flag.load(Ordering::Relaxed));
        match self.own.load(Ordering::Relaxed).max(above) {
            0 => Ok(()),
            1 => Err(Cancelled(Signal::Interrupt)),
            _ => Err(Cancelled(Signal::Terminate)),
        }
    }
}
