//! Work on a file system that may never answer: done by a thread that counts its steps, waited for
//! only as long as the count moves.
//!
//! A thread that the kernel holds in a dead mount cannot be ended. It is left behind, and should it
//! wake, its next [`Steps::step`] ends it before it changes anything more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use super::{Cancel, Cancelled, Signal};
use crate::units::Elapsed;

/// How often a wait looks at the count and the cancel flag.
const TICK: Duration = Duration::from_millis(20);
/// What a cancelled thread has for removing what it began.
const GRACE: Duration = Duration::from_secs(5);

/// How long is waited.
#[derive(Clone, Debug)]
pub struct Bounds {
    limit: Option<Duration>,
    cancel: Cancel,
}

/// How the thread says that it moves.
#[derive(Debug)]
pub struct Steps {
    watch: Arc<Watch>,
    cancel: Cancel,
}

/// Why bounded work has no result of its own.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// No step within the limit.
    #[error("{what}: no answer within {limit}, given up")]
    TimedOut {
        /// What was tried, on what.
        what: String,
        /// How long was waited.
        limit: Elapsed,
    },
    /// The thread has gone without a word.
    #[error("{what}: ended without a result")]
    Ended {
        /// What was tried, on what.
        what: String,
    },
    /// The run was asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

#[derive(Debug, Default)]
struct Watch {
    steps: AtomicU64,
    is_given_up: AtomicBool,
}

impl Bounds {
    /// No step within `limit` ends the wait; zero = no limit.
    pub fn new(limit: Duration, cancel: &Cancel) -> Self {
        Self { limit: Some(limit).filter(|limit| !limit.is_zero()), cancel: cancel.clone() }
    }

    /// Does `work` and waits for it; `what` is said when there is no answer.
    pub fn run<T: Send + 'static, E: From<Unanswered> + Send + 'static>(
        &self,
        what: String,
        work: impl FnOnce(&Steps) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.cancel.check().map_err(Unanswered::from)?;
        let watch = Arc::new(Watch::default());
        let steps = Steps { watch: Arc::clone(&watch), cancel: self.cancel.clone() };
        let (sender, answer) = sync_channel(1);
        // Not scoped: a scope would wait for the thread that is to be left behind.
        std::thread::spawn(move || {
            let _ = sender.send(work(&steps));
        });
        self.wait(what, &watch, &answer)?
    }

    fn wait<T>(&self, what: String, watch: &Watch, answer: &Receiver<T>) -> Result<T, Unanswered> {
        let (mut seen, mut since, mut limit) = (0, Instant::now(), self.limit);
        let mut is_cancelled = false;
        loop {
            match answer.recv_timeout(TICK) {
                Ok(result) => return Ok(result),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Unanswered::Ended { what }),
            }
            if !is_cancelled && self.cancel.check().is_err() {
                is_cancelled = true;
                (limit, since) = (Some(limit.map_or(GRACE, |limit| limit.min(GRACE))), Instant::now());
            }
            let steps = watch.steps.load(Ordering::Relaxed);
            if steps != seen {
                (seen, since) = (steps, Instant::now());
            } else if let Some(limit) = limit.filter(|limit| since.elapsed() >= *limit) {
                watch.is_given_up.store(true, Ordering::SeqCst);
                self.cancel.check()?;
                return Err(Unanswered::TimedOut { what, limit: Elapsed(limit) });
            }
        }
    }
}

impl Steps {
    /// Steps that nobody watches.
    pub fn unwatched() -> Self {
        Self { watch: Arc::default(), cancel: Cancel::default() }
    }

    /// Says that so many bytes are done.
    pub fn advance(&self, bytes: u64) {
        self.cancel.meter().advance(bytes);
    }

    /// Says that the file system has answered, and asks whether to go on: to be called after each
    /// call that may hang, and so before each that changes something.
    pub fn step(&self) -> Result<(), Cancelled> {
        self.watch.steps.fetch_add(1, Ordering::Relaxed);
        self.cancel.check()?;
        if self.watch.is_given_up.load(Ordering::SeqCst) {
            // Nobody hears it.
            return Err(Cancelled(Signal::Terminate));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    fn bounds(limit: Duration) -> Bounds {
        Bounds::new(limit, &Cancel::default())
    }

    fn run<T: Send + 'static>(
        bounds: &Bounds,
        what: &str,
        work: impl FnOnce(&Steps) -> Result<T, Unanswered> + Send + 'static,
    ) -> Result<T, Unanswered> {
        bounds.run(what.to_owned(), work)
    }

    #[test]
    fn work_that_moves_may_take_longer_than_the_limit() {
        let done = run(&bounds(Duration::from_millis(300)), "count", |steps| {
            for _ in 0..10 {
                std::thread::sleep(Duration::from_millis(60));
                steps.step()?;
            }
            Ok(7)
        });
        assert_eq!(done.unwrap(), 7);
    }

    #[test]
    fn work_that_hangs_is_given_up_and_changes_nothing_when_it_wakes() {
        let (wake, sleeping) = channel::<()>();
        let (tell, told) = channel();
        let started = Instant::now();
        let done = run(&bounds(Duration::from_millis(100)), "list /mnt/dead", move |steps| {
            let _ = sleeping.recv();
            let _ = tell.send(steps.step().is_err());
            Ok(())
        });
        let text = done.unwrap_err().to_string();
        assert_eq!(text, "list /mnt/dead: no answer within 0.1s, given up");
        assert!(started.elapsed() < Duration::from_secs(2));
        wake.send(()).unwrap();
        assert!(told.recv().unwrap());
    }

    #[test]
    fn without_a_limit_only_a_signal_ends_the_wait() {
        let cancel = Cancel::default();
        let flag = cancel.clone();
        let done = run(&Bounds::new(Duration::ZERO, &cancel), "copy", move |steps| {
            flag.request(Signal::Interrupt);
            Ok(steps.step()?)
        });
        assert!(matches!(done, Err(Unanswered::Cancelled(_))), "{done:?}");
    }

    #[test]
    fn a_thread_that_panics_is_an_error() {
        let done = run(&bounds(Duration::ZERO), "list /x", |_| -> Result<(), Unanswered> { panic!() });
        assert_eq!(done.unwrap_err().to_string(), "list /x: ended without a result");
    }
}
