//! E-mail: by a mail server, a relay, or this machine's own mail program, which also stands in for the
//! other two.
//!
//! ```text
//! Message ─→ recipient (who) ─→ compose (bytes) ─┬→ smtp ──┐ failed
//!                                  relay (JSON) ─┴→ relay ─┴→ sendmail ─→ receipt
//! ```

mod compose;
mod recipient;
mod relay;
mod relay_report;
mod sendmail;
mod smtp;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use super::http::Http;
use super::{Channel, NotifyError, wants};
use crate::config::{self, MailWay, NotifyOn};
use crate::host::full_name;
use crate::report::{Message, Verdict};
use crate::system::{Cancel, Root};

use compose::{Letter, domain_of};
use recipient::recipients;

/// How long one file system may take to say who root is: pmxcfs hangs without a quorum's answer.
const LOOK_UP: Duration = Duration::from_secs(2);

/// File systems that are asked: the root's, the cluster's, sysfs.
const LOOK_UPS: u32 = 3;

/// Messages by e-mail.
pub(super) struct Mail {
    http: Arc<Http>,
    settings: config::Mail,
    on: NotifyOn,
    root: Root,
}

impl Mail {
    pub(super) fn new(http: &Arc<Http>, settings: config::Mail, on: NotifyOn, root: &Root) -> Self {
        Self { http: Arc::clone(http), settings, on, root: root.clone() }
    }

    fn way(&self, letter: &Letter<'_>, root: &Root, cancel: &Cancel) -> Result<String, NotifyError> {
        match &self.settings.way {
            MailWay::Sendmail => sendmail::send(letter, cancel),
            MailWay::Smtp(server) => smtp::send(server, letter, cancel),
            MailWay::Relay(worker) => relay::send(&self.http, worker, letter, root, cancel),
        }
    }

    /// The way's name, where there is another one after it.
    fn first_way(&self) -> Option<&'static str> {
        match &self.settings.way {
            MailWay::Smtp(_) if self.settings.falls_back => Some("smtp"),
            MailWay::Relay(_) if self.settings.falls_back => Some("relay"),
            _ => None,
        }
    }
}

impl Channel for Mail {
    fn name(&self) -> &'static str {
        "email"
    }

    fn wants(&self, verdict: Verdict) -> bool {
        wants(self.on, verdict)
    }

    fn limit(&self) -> Duration {
        let way = match &self.settings.way {
            MailWay::Sendmail => sendmail::LIMIT,
            MailWay::Smtp(_) => smtp::ATTEMPTS.limit(),
            MailWay::Relay(worker) => relay::attempts(worker).limit(),
        };
        let stand_in = self.first_way().map_or(Duration::ZERO, |_| sendmail::LIMIT);
        way + stand_in + LOOK_UP * LOOK_UPS
    }

    fn send(&self, message: &Message, cancel: &Cancel) -> Result<String, NotifyError> {
        let root = self.root.patient(LOOK_UP, cancel);
        let found = recipients(&self.settings.to, &root);
        let letter = Letter {
            message,
            settings: &self.settings,
            domain: domain_of(&full_name(&root)),
            id: compose::fresh_id(),
            to: &found.to,
        };
        let receipt = match (self.way(&letter, &root, cancel), self.first_way()) {
            (Err(first), Some(way)) if !matches!(first, NotifyError::Cancelled(_)) => {
                stand_in(&letter, way, first, cancel)
            }
            (done, _) => done,
        }?;
        Ok(match found.doubt {
            Some(doubt) => format!("{receipt}; whose address it should be is not known: {doubt}"),
            None => receipt,
        })
    }
}

fn stand_in(
    letter: &Letter<'_>,
    way: &'static str,
    first: NotifyError,
    cancel: &Cancel,
) -> Result<String, NotifyError> {
    match sendmail::send(letter, cancel) {
        Ok(receipt) => Ok(format!("{receipt}, because {way} failed: {first}")),
        Err(second) => Err(NotifyError::Both { way, first: Box::new(first), second: Box::new(second) }),
    }
}
