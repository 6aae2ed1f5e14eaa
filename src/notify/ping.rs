//! A dead-man service in the manner of healthchecks.io: it is told when a run begins and ends, and
//! raises the alarm when it hears nothing.
//!
//! ```text
//! begins   CHECK/start?rid=…       ends well      CHECK?rid=…
//! fails    CHECK/EXITCODE?rid=…    example        CHECK/log?rid=…   (changes no state there)
//! ```

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ring::rand::{SecureRandom, SystemRandom};

use super::central::{ASK, Central};
use super::http::{Attempts, Http, Request, below};
use super::{Channel, NotifyError, Receipt, central_check};
use crate::config::{self, Check};
use crate::report::{Message, Verdict};
use crate::secret::Secret;
use crate::system::{Cancel, hex};

/// A run begins whether or not the service hears of it.
const START: Attempts = Attempts { call: Duration::from_secs(5), retries: 1, delay: Duration::from_secs(1) };

/// The service and this run's id there.
pub struct Ping {
    http: Arc<Http>,
    settings: config::Ping,
    central: Option<Arc<Central>>,
    /// What the server said at the start of the run.
    fetched: Mutex<Option<Secret>>,
    run: Option<String>,
    has_begun: AtomicBool,
}

impl Ping {
    pub(super) fn new(http: &Arc<Http>, settings: config::Ping, central: Option<Arc<Central>>) -> Self {
        let (run, has_begun) = (random_uuid(), AtomicBool::new(false));
        Self { http: Arc::clone(http), settings, central, fetched: Mutex::default(), run, has_begun }
    }

    /// Tells that a run begins. From now on its end is told in any case: what begins and does not end
    /// is an alarm.
    pub fn start(&self, cancel: &Cancel) -> Result<String, NotifyError> {
        self.has_begun.store(true, Ordering::Relaxed);
        self.call(&self.check(None, cancel)?, "/start", Vec::new(), (START, cancel))
    }

    /// How long [`Self::start`] takes at most.
    pub fn start_limit(&self) -> Duration {
        START.limit() + self.fetch_limit()
    }

    /// A secret, its confirmation, and the address.
    fn fetch_limit(&self) -> Duration {
        if self.settings.check == Check::Server { ASK.limit() * 3 } else { Duration::ZERO }
    }

    /// The address of this host's check; a server is asked once.
    fn check(&self, message: Option<&Message>, cancel: &Cancel) -> Result<Secret, NotifyError> {
        let central = match (&self.settings.check, &self.central) {
            (Check::Own(check), _) => return Ok(check.clone()),
            (Check::Server, Some(central)) => central,
            (Check::Server, None) => return Err(NotifyError::Setting("no server is set".to_owned())),
        };
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(check) = &*fetched {
            return Ok(check.clone());
        }
        let check = central_check::fetch(central, message, cancel)?;
        Ok(fetched.insert(check).clone())
    }

    /// Tells the checks of the channels what became of them.
    pub fn follow_up(&self, receipts: &[Receipt], cancel: &Cancel) -> Vec<Receipt> {
        let told = |(channel, check): &(&'static str, Secret)| {
            let mut own = receipts.iter().filter(|one| one.channel.split(' ').next() == Some(channel)).peekable();
            own.peek()?;
            let path = if own.all(|one| one.result.is_ok()) { "" } else { "/fail" };
            let started = Instant::now();
            let result = self.call(check, path, Vec::new(), (START, cancel));
            Some(Receipt { channel: format!("ping about {channel}"), result, took: started.elapsed() })
        };
        self.settings.channels.iter().filter_map(told).collect()
    }

    fn call(
        &self,
        check: &Secret,
        path: &str,
        body: Vec<u8>,
        (attempts, cancel): (Attempts, &Cancel),
    ) -> Result<String, NotifyError> {
        let run = self.run.as_ref().map(|id| format!("?rid={id}")).unwrap_or_default();
        let request = Request {
            method: "POST",
            url: below(check, &format!("{path}{run}")),
            headers: Vec::new(),
            body: Some(("text/plain; charset=utf-8", body)),
            hidden: Vec::new(),
        };
        self.http.send(&request, attempts, cancel).map(|answer| answer.receipt())
    }
}

impl Channel for Ping {
    fn name(&self) -> &'static str {
        "ping"
    }

    /// Every end, whatever `NOTIFY_ON` says: silence is the alarm here.
    fn wants(&self, verdict: Verdict) -> bool {
        verdict != Verdict::Skipped || self.has_begun.load(Ordering::Relaxed)
    }

    fn limit(&self) -> Duration {
        Attempts::USUAL.limit() + self.fetch_limit()
    }

    fn send(&self, message: &Message, cancel: &Cancel) -> Result<String, NotifyError> {
        let body = body(message, self.settings.sends_log).into_bytes();
        self.call(&self.check(Some(message), cancel)?, &path(message), body, (Attempts::USUAL, cancel))
    }
}

/// A number other than 0 is a failure there, and a warning is none: there is a backup.
fn path(message: &Message) -> String {
    match message.verdict {
        _ if message.is_test => "/log".to_owned(),
        Verdict::Failed => format!("/{}", message.exit_code.max(1)),
        Verdict::Ok | Verdict::Warnings(_) | Verdict::Skipped => String::new(),
    }
}

fn body(message: &Message, sends_log: bool) -> String {
    if sends_log && !message.log_end.is_empty() {
        format!("{}\n{}", message.text, message.log_end)
    } else {
        message.text.clone()
    }
}

/// A UUID of version 4; without one, two runs at a time are not told apart there.
fn random_uuid() -> Option<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hex(&bytes);
    Some([&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;
    use crate::report::RunReport;

    #[test]
    fn the_path_tells_how_it_ended() {
        let example = RunReport::example(Host::default(), None, chrono::DateTime::default());
        for (verdict, exit_code, is_test, expected) in [
            (Verdict::Ok, 0, false, ""),
            (Verdict::Warnings(3), 1, false, ""),
            (Verdict::Skipped, 16, false, ""),
            (Verdict::Failed, 12, false, "/12"),
            (Verdict::Failed, 0, false, "/1"),
            (Verdict::Ok, 0, true, "/log"),
        ] {
            assert_eq!(path(&Message { verdict, exit_code, is_test, ..example.clone() }), expected);
        }
    }

    #[test]
    fn the_log_goes_along_where_it_is_wanted() {
        let mut message = RunReport::example(Host::default(), None, chrono::DateTime::default());
        message.log_end = "last line\n".into();
        assert!(body(&message, true).ends_with("\nlast line\n") && !body(&message, false).contains("last line"));
    }

    #[test]
    fn ids_are_random_and_of_version_4() {
        let id = random_uuid().unwrap();
        assert_eq!((id.len(), &id[14..15]), (36, "4"));
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b") && random_uuid().unwrap() != id, "{id}");
    }
}
