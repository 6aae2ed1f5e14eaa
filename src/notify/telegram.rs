//! Telegram: a bot of one's own, or one that a server lends to hosts it knows by their number.
//!
//! The server's protocol is that of the older tools: `GET /api/get-chat-id?server_id=N` gives token
//! and chat of the bot for this message. No server is built in.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::http::{Answer, Attempts, Http, Request, below, encoded};
use super::{Channel, NotifyError, wants};
use crate::config::{self, Bot, NotifyOn};
use crate::report::{Message, Verdict};
use crate::secret::Secret;
use crate::system::Cancel;

/// For both questions to a server together with [`Attempts::USUAL`].
const PAIRING: Attempts = Attempts { call: Duration::from_secs(5), retries: 0, delay: Duration::ZERO };

/// Messages to a chat.
pub(super) struct Telegram {
    http: Arc<Http>,
    settings: config::Telegram,
    on: NotifyOn,
}

impl Telegram {
    pub(super) fn new(http: &Arc<Http>, settings: config::Telegram, on: NotifyOn) -> Self {
        Self { http: Arc::clone(http), settings, on }
    }

    /// Token and chat that the server lends to this host.
    fn lent(&self, server: &Secret, message: &Message, cancel: &Cancel) -> Result<(Secret, String), NotifyError> {
        let Some(id) = &message.server_id else {
            return Err(NotifyError::Setting("this host has no number yet; its first backup makes it".to_owned()));
        };
        let request = Request {
            method: "GET",
            url: below(server, &format!("/api/get-chat-id?server_id={}", encoded(id))),
            headers: Vec::new(),
            body: None,
            hidden: Vec::new(),
        };
        let answer = self.http.send(&request, PAIRING, cancel).map_err(|error| explained(error, id))?;
        pairing(&answer)
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
            Bot::Server(_) => PAIRING.limit() + Attempts::USUAL.limit(),
        }
    }

    fn send(&self, message: &Message, cancel: &Cancel) -> Result<String, NotifyError> {
        let (token, chat) = match &self.settings.bot {
            Bot::Own { token, chat } => (token.clone(), chat.clone()),
            Bot::Server(server) => self.lent(server, message, cancel)?,
        };
        let request = Request {
            method: "POST",
            url: below(&self.settings.api, &format!("/bot{}/sendMessage", token.expose())),
            headers: Vec::new(),
            body: Some(("application/x-www-form-urlencoded", form(&chat, &message.short).into_bytes())),
            hidden: vec![token],
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

fn form(chat: &str, text: &str) -> String {
    format!("chat_id={}&text={}", encoded(chat), encoded(text))
}

fn pairing(answer: &Answer) -> Result<(Secret, String), NotifyError> {
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |field: &str| match &said[field] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let is_token = |token: &String| token.bytes().all(|b| b.is_ascii_alphanumeric() || b":_-".contains(&b));
    match (text("bot_token").filter(is_token), text("chat_id")) {
        (Some(token), Some(chat)) if !token.is_empty() => Ok((Secret::new(token), chat)),
        _ => Err(NotifyError::Refused {
            status: answer.status,
            answer: "the server names no bot and chat for this host".to_owned(),
        }),
    }
}

/// What the statuses of a pairing server mean.
fn explained(error: NotifyError, id: &str) -> NotifyError {
    let NotifyError::Refused { status, answer } = error else { return error };
    let answer = match status {
        403 | 409 => format!("this host is not known there yet: send its number {id} to the server's bot"),
        422 => format!("the server does not take the number {id}"),
        _ => answer,
    };
    NotifyError::Refused { status, answer }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(body: &str) -> Result<(Secret, String), NotifyError> {
        pairing(&Answer { status: 200, body: body.into(), attempt: 1 })
    }

    #[test]
    fn a_form_holds_any_text() {
        assert_eq!(form("-100", "✓ a&b=c\n+"), "chat_id=-100&text=%E2%9C%93%20a%26b%3Dc%0A%2B");
    }

    #[test]
    fn a_server_lends_token_and_chat_or_nothing() {
        let (token, chat) = answered(r#"{"bot_token":"1:a-B_c","chat_id":-42}"#).unwrap();
        assert_eq!((token.expose(), chat.as_str()), ("1:a-B_c", "-42"));
        for wrong in ["", "{}", "[]", r#"{"bot_token":null,"chat_id":1}"#, r#"{"bot_token":"","chat_id":"1"}"#] {
            assert!(answered(wrong).is_err(), "{wrong}");
        }
        // What is no token would lead the message elsewhere.
        assert!(answered(r#"{"bot_token":"../../x?","chat_id":"1"}"#).is_err());
    }

    #[test]
    fn a_refused_pairing_says_what_to_do() {
        for (status, expected) in
            [(403, "send its number 42"), (409, "send its number 42"), (422, "does not take"), (400, "said")]
        {
            let error = explained(NotifyError::Refused { status, answer: "said".into() }, "42");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
