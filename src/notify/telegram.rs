//! Telegram: a bot of one's own, one that a server lends, or a server that writes itself.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::central::{ASK, Access, Central};
use super::http::{Attempts, Http, Request, below, encoded};
use super::{Channel, NotifyError, relayed, wants};
use crate::config::{self, Bot, Confirm, NotifyOn};
use crate::report::{Message, Verdict};
use crate::secret::Secret;
use crate::system::Cancel;

/// Messages to a chat.
pub(super) struct Telegram {
    http: Arc<Http>,
    settings: config::Telegram,
    central: Option<Arc<Central>>,
    on: NotifyOn,
}

impl Telegram {
    pub(super) fn new(
        http: &Arc<Http>,
        settings: config::Telegram,
        central: Option<Arc<Central>>,
        on: NotifyOn,
    ) -> Self {
        Self { http: Arc::clone(http), settings, central, on }
    }

    /// By the server; a secret that it does not accept any more is replaced once.
    fn through_server(
        &self,
        confirm: Option<Confirm>,
        message: &Message,
        cancel: &Cancel,
    ) -> Result<String, NotifyError> {
        let Some(central) = &self.central else {
            return Err(NotifyError::Setting("no server is set".to_owned()));
        };
        let number = central.number(Some(message))?;
        let relay = |key: &Secret| relayed::send(central, (&number, key), message, confirm, cancel);
        let sent = match central.access(&number, cancel)? {
            Access::Bot { token, chat } => return self.write(&token, &chat, message, cancel),
            Access::Key(key) => relay(&key),
        };
        match sent {
            Err(NotifyError::Refused { status: 401 | 403, .. }) if central.forget() => {
                match central.access(&number, cancel)? {
                    Access::Bot { token, chat } => self.write(&token, &chat, message, cancel),
                    Access::Key(key) => relay(&key),
                }
            }
            sent => sent,
        }
    }

    fn write(&self, token: &Secret, chat: &str, message: &Message, cancel: &Cancel) -> Result<String, NotifyError> {
        let request = Request {
            method: "POST",
            url: below(&self.settings.api, &format!("/bot{}/sendMessage", token.expose())),
            headers: Vec::new(),
            body: Some(("application/x-www-form-urlencoded", form(chat, &message.short).into_bytes())),
            hidden: vec![token.clone()],
        };
        let answer = self.http.send(&request, Attempts::USUAL, cancel)?;
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match (said["ok"].as_bool(), said["result"]["message_id"].as_u64()) {
            (Some(true), Some(id)) => Ok(format!("{}, message {id}", answer.receipt())),
            (Some(true), None) => Ok(answer.receipt()),
            _ => Err(NotifyError::Refused {
                status: answer.status,
                answer: "the answer is not that of Telegram".to_owned(),
            }),
        }
    }
}

impl Channel for Telegram {
    fn name(&self) -> &'static str {
        "telegram"
    }

    fn wants(&self, verdict: Verdict) -> bool {
        wants(self.on, verdict)
    }

    fn limit(&self) -> Duration {
        match self.settings.bot {
            Bot::Own { .. } => Attempts::USUAL.limit(),
            Bot::Server(confirm) => {
                let relayed = relayed::SEND.limit() + confirm.map_or(Duration::ZERO, |confirm| confirm.limit);
                // A secret, and its confirmation.
                ASK.limit() * 2 + relayed.max(Attempts::USUAL.limit())
            }
        }
    }

    fn send(&self, message: &Message, cancel: &Cancel) -> Result<String, NotifyError> {
        match &self.settings.bot {
            Bot::Own { token, chat } => self.write(token, chat, message, cancel),
            Bot::Server(confirm) => self.through_server(*confirm, message, cancel),
        }
    }
}

fn form(chat: &str, text: &str) -> String {
    format!("chat_id={}&text={}", encoded(chat), encoded(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_holds_any_text() {
        assert_eq!(form("-100", "✓ a&b=c\n+"), "chat_id=-100&text=%E2%9C%93%20a%26b%3Dc%0A%2B");
    }
}
