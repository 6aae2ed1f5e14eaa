//! Tells people and other systems how a run ended. One file per channel; all are asked at once, each
//! with a time limit of its own, and none of them changes the verdict of the backup.
//!
//! ```text
//! RunReport ─→ Message (pure: subject, text, JSON) ─→ Channel::send, side by side ─→ Receipt
//! ```

mod central;
mod central_check;
mod error;
mod gotify;
mod http;
mod mail;
mod ping;
mod relayed;
mod send;
mod telegram;
mod webhook;
mod webhook_body;
mod webhook_template;

pub use central::Badge;
pub use error::NotifyError;
pub use ping::Ping;
pub use send::{Pending, Receipt, begin, send_all};

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Notify, NotifyOn};
use crate::report::{Message, Verdict};
use crate::system::{Cancel, Root};

use central::Central;
use gotify::Gotify;
use http::Http;
use mail::Mail;
use telegram::Telegram;
use webhook::Webhook;

/// Somewhere a message goes.
pub trait Channel: Send + Sync {
    /// For logs, metrics and `notify test`: `email`, `webhook ops`.
    fn name(&self) -> &str;
    /// Whether a run that ended like this is told there.
    fn wants(&self, verdict: Verdict) -> bool;
    /// After this long nobody waits any more.
    fn limit(&self) -> Duration;
    /// Sends; gives what the other side said, in one line without secrets.
    fn send(&self, message: &Message, cancel: &Cancel) -> Result<String, NotifyError>;
}

/// All that is switched on.
#[derive(Default)]
pub struct Channels {
    /// Where messages go.
    pub messages: Vec<Arc<dyn Channel>>,
    /// The dead-man service, which is also told that a run begins.
    pub ping: Option<Arc<Ping>>,
    /// What both of them may ask.
    central: Option<Arc<Central>>,
}

impl Channels {
    /// The channels of these settings. Opens no connection and reads nothing; the addresses of root
    /// are looked up below `root` once they are needed.
    pub fn of(settings: &Notify, root: &Root) -> Self {
        let (on, http) = (settings.on, Arc::new(Http::default()));
        let mut messages: Vec<Arc<dyn Channel>> = Vec::new();
        if let Some(mail) = &settings.mail {
            messages.push(Arc::new(Mail::new(&http, mail.clone(), on, root)));
        }
        let central = settings.central.as_ref().map(|central| Arc::new(Central::new(&http, central.clone())));
        if let Some(telegram) = &settings.telegram {
            messages.push(Arc::new(Telegram::new(&http, telegram.clone(), central.clone(), on)));
        }
        if let Some(gotify) = &settings.gotify {
            messages.push(Arc::new(Gotify::new(&http, gotify.clone(), on)));
        }
        for webhook in &settings.webhooks {
            messages.push(Arc::new(Webhook::new(&http, webhook.clone(), on)));
        }
        let ping = settings.ping.as_ref().map(|ping| Arc::new(Ping::new(&http, ping.clone(), central.clone())));
        Self { messages, ping, central }
    }

    /// Tells who this host is, for a server that knows hosts by their number.
    pub fn introduce(&self, badge: Badge) {
        if let Some(central) = &self.central {
            central.introduce(badge);
        }
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<dyn Channel>> {
        let ping = self.ping.iter().map(|ping| Arc::clone(ping) as Arc<dyn Channel>);
        self.messages.iter().cloned().chain(ping).collect()
    }
}

/// Whether a run that ended like this is told. What is skipped on purpose never is.
fn wants(on: NotifyOn, verdict: Verdict) -> bool {
    match verdict {
        Verdict::Skipped => false,
        Verdict::Failed => true,
        Verdict::Warnings(_) => on != NotifyOn::Failure,
        Verdict::Ok => on == NotifyOn::Always,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_to_know_less_is_told_less() {
        let verdicts = [Verdict::Ok, Verdict::Warnings(2), Verdict::Failed, Verdict::Skipped];
        for (on, told) in [
            (NotifyOn::Always, [true, true, true, false]),
            (NotifyOn::Warning, [false, true, true, false]),
            (NotifyOn::Failure, [false, false, true, false]),
        ] {
            assert_eq!(verdicts.map(|verdict| wants(on, verdict)), told, "{on:?}");
        }
    }
}
