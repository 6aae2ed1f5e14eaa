//! Work on a file system that may never answer: done by a thread that counts its steps, waited for
//! only as long as the count moves.
//!
//! A thread that the kernel holds in a dead mount cannot be ended. It is left behind, and should it
//! wake, its next [`Steps::step`] ends it before it changes anything more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use super::StorageError;
use crate::system::{Cancel, Cancelled, Signal};
use crate::units::Elapsed;

/// How often a wait looks at the count and the cancel flag.
const TICK: Duration = Duration::from_millis(20);
/// What a cancelled thread has for removing what it began.
const GRACE: Duration = Duration::from_secs(5);

/// How long is waited.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    limit: Option<Duration>,
    cancel: Cancel,
}

/// How the thread says that it moves.
pub(super) struct Steps {
    watch: Arc<Watch>,
    cancel: Cancel,
}

#[derive(Default)]
struct Watch {
    steps: AtomicU64,
    is_given_up: AtomicBool,
}

impl Bounds {
    /// No step within `limit` ends the wait; zero = no limit.
    pub(super) fn new(limit: Duration, cancel: &Cancel) -> Self {
        Self { limit: Some(limit).filter(|limit| !limit.is_zero()), cancel: cancel.clone() }
    }

    /// Does `work` and waits for it; `what` is said when there is no answer.
    pub(super) fn run<T: Send + 'static>(
        &self,
        what: String,
        work: impl FnOnce(&Steps) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.cancel.check()?;
        let watch = Arc::new(Watch::default());
        let steps = Steps { watch: Arc::clone(&watch), cancel: self.cancel.clone() };
        let (sender, answer) = sync_channel(1);
        // Not scoped: a scope would wait for the thread that is to be left behind.
        std::thread::spawn(move || {
            let _ = sender.send(work(&steps));
        });
        self.wait(what, &watch, &answer)
    }

    fn wait<T>(
        &self,
        what: String,
        watch: &Watch,
        answer: &Receiver<Result<T, StorageError>>,
    ) -> Result<T, StorageError> {
        let (mut seen, mut since, mut limit) = (0, Instant::now(), self.limit);
        let mut is_cancelled = false;
        loop {
            match answer.recv_timeout(TICK) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(StorageError::Unusable { path: what, why: "ended without a result".to_owned() });
                }
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
                return Err(StorageError::TimedOut { what, limit: Elapsed(limit) });
            }
        }
    }
}

impl Steps {
    /// Steps that nobody watches.
    pub(super) fn unwatched() -> Self {
        Self { watch: Arc::default(), cancel: Cancel::default() }
    }

    /// Says that the file system has answered, and asks whether to go on: to be called after each
    /// call that may hang, and so before each that changes something.
    pub(super) fn step(&self) -> Result<(), StorageError> {
        self.watch.steps.fetch_add(1, Ordering::Relaxed);
        self.cancel.check()?;
        if self.watch.is_given_up.load(Ordering::SeqCst) {
            // Nobody hears it.
            return Err(Cancelled(Signal::Terminate).into());
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

    #[test]
    fn work_that_moves_may_take_longer_than_the_limit() {
        let done = bounds(Duration::from_millis(300)).run("count".to_owned(), |steps| {
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
        let done = bounds(Duration::from_millis(100)).run("list /mnt/dead".to_owned(), move |steps| {
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
        let done = Bounds::new(Duration::ZERO, &cancel).run("copy".to_owned(), move |steps| {
            flag.request(Signal::Interrupt);
            steps.step()
        });
        assert!(matches!(done, Err(StorageError::Cancelled(_))), "{done:?}");
    }

    #[test]
    fn a_thread_that_panics_is_an_error() {
        let done = bounds(Duration::ZERO).run("list /x".to_owned(), |_| -> Result<(), StorageError> { panic!() });
        assert_eq!(done.unwrap_err().to_string(), "list /x: ended without a result");
    }
}
