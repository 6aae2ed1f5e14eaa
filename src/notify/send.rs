//! All channels side by side: the slowest one decides how long it takes, and its limit is kept even
//! if it never answers.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::{Channel, NotifyError};
use crate::report::Message;
use crate::system::Cancel;

/// How often the end is asked for while an answer is waited for.
const POLL: Duration = Duration::from_millis(100);

/// A call that keeps its own limit is given this long to say so.
const GRACE: Duration = Duration::from_secs(1);

/// What became of one channel.
#[derive(Debug)]
pub struct Receipt {
    /// Its name.
    pub channel: String,
    /// What the other side said, or why the message did not arrive.
    pub result: Result<String, NotifyError>,
    /// How long it took.
    pub took: Duration,
}

/// A call that is under way.
pub struct Pending {
    answer: Receiver<(Result<String, NotifyError>, Duration)>,
    started: Instant,
    limit: Duration,
}

/// Calls without waiting. What is over its limit is given up: its thread ends with the process.
pub fn begin(limit: Duration, call: impl FnOnce() -> Result<String, NotifyError> + Send + 'static) -> Pending {
    let (sender, answer) = channel();
    let started = Instant::now();
    std::thread::spawn(move || {
        let result = call();
        // Nobody listens any more when the limit was passed.
        let _ = sender.send((result, started.elapsed()));
    });
    Pending { answer, started, limit }
}

impl Pending {
    /// Waits for the answer, and tells how long it took.
    pub fn wait(self, cancel: &Cancel) -> (Result<String, NotifyError>, Duration) {
        let error = loop {
            if let Err(cancelled) = cancel.check() {
                break cancelled.into();
            }
            let left = (self.limit + GRACE).saturating_sub(self.started.elapsed());
            match self.answer.recv_timeout(left.min(POLL)) {
                Ok(answered) => return answered,
                Err(RecvTimeoutError::Timeout) if left.is_zero() => break NotifyError::TimedOut(self.limit),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    break NotifyError::Setting("internal error: the call ended without an answer".to_owned());
                }
            }
        };
        (Err(error), self.started.elapsed())
    }
}

/// Sends one message through all of them; the receipts come in their order.
pub fn send_all(channels: &[Arc<dyn Channel>], message: &Arc<Message>, cancel: &Cancel) -> Vec<Receipt> {
    let calls: Vec<_> = channels.iter().map(|it| (it, call(it, message, cancel))).collect();
    calls
        .into_iter()
        .map(|(it, pending)| {
            let (result, took) = pending.wait(cancel);
            Receipt { channel: it.name().to_owned(), result, took }
        })
        .collect()
}

fn call(it: &Arc<dyn Channel>, message: &Arc<Message>, cancel: &Cancel) -> Pending {
    let limit = it.limit();
    let (it, message, cancel) = (Arc::clone(it), Arc::clone(message), cancel.clone());
    begin(limit, move || it.send(&message, &cancel))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;
    use crate::report::{RunReport, Verdict};
    use crate::system::Signal;

    struct Slow(Duration);

    impl Channel for Slow {
        fn name(&self) -> &'static str {
            "slow"
        }
        fn wants(&self, _: Verdict) -> bool {
            true
        }
        fn limit(&self) -> Duration {
            Duration::from_millis(200)
        }
        fn send(&self, _: &Message, _: &Cancel) -> Result<String, NotifyError> {
            assert!(!self.0.is_zero(), "a channel that panics ends nothing else");
            std::thread::sleep(self.0);
            Ok("ok".into())
        }
    }

    fn receipts(spans: &[u64], cancel: &Cancel) -> (Vec<Receipt>, Duration) {
        let message = Arc::new(RunReport::example(Host::default(), None, chrono::DateTime::default()));
        let channels: Vec<Arc<dyn Channel>> =
            spans.iter().map(|ms| Arc::new(Slow(Duration::from_millis(*ms))) as Arc<dyn Channel>).collect();
        let started = Instant::now();
        (send_all(&channels, &message, cancel), started.elapsed())
    }

    #[test]
    fn all_are_asked_at_once_and_what_hangs_is_given_up() {
        let (receipts, took) = receipts(&[60_000, 10, 0, 60_000], &Cancel::default());
        assert!(took < Duration::from_secs(5), "{took:?}");
        assert!(matches!(receipts[0].result, Err(NotifyError::TimedOut(_))));
        assert!(receipts[1].result.is_ok() && receipts[2].result.is_err() && receipts[3].result.is_err());
    }

    #[test]
    fn a_signal_ends_the_waiting() {
        let cancel = Cancel::default();
        cancel.request(Signal::Terminate);
        let (receipts, took) = receipts(&[60_000], &cancel);
        assert!(matches!(receipts[0].result, Err(NotifyError::Cancelled(_))) && took < Duration::from_secs(1));
    }
}
