//! SIGINT and SIGTERM as one flag that every loop asks between entries, blocks and polls.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The flag. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicUsize>);

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
            signal_hook::flag::register_usize(signal, Arc::clone(&cancel.0), value)?;
        }
        Ok(cancel)
    }

    /// Asks for the end, as the signal would.
    pub fn request(&self, signal: Signal) {
        self.0.store(
            if signal == Signal::Interrupt { 1 } else { 2 },
            Ordering::Relaxed,
        );
    }

    /// `Err` once the end was asked for.
    pub fn check(&self) -> Result<(), Cancelled> {
        match self.0.load(Ordering::Relaxed) {
            0 => Ok(()),
            1 => Err(Cancelled(Signal::Interrupt)),
            _ => Err(Cancelled(Signal::Terminate)),
        }
    }
}
