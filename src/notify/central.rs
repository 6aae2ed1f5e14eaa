//! A server that knows hosts by their number, and lends them a bot and checks of a dead-man service.
//! None is built in. The protocol is that of the older tools (`docs/decisions/0009`):
//!
//! ```text
//! GET  /api/get-chat-id?server_id=N          → notify_secret, or bot_token and chat_id
//! POST /api/confirm-secret                   the secret is kept here
//! POST /api/notify                           a message; 200 it arrived, 202 it waits there
//! GET  /api/notify/status?server_id=N&notify_id=I   → delivered, failed, pending
//! GET  /api/healthcheck/config?server_id=N   → backup_ping_url
//! ```

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use log::warn;
use serde_json::{Value, json};

use super::NotifyError;
use super::http::{Answer, Attempts, Http, Request, below, encoded};
use crate::config;
use crate::report::Message;
use crate::secret::Secret;
use crate::system::{
    Cancel, FileError, Root, Stat, create_private_dir, digest_hex, read_at_most, remove_file, write_atomically,
};

/// A question.
pub(super) const ASK: Attempts = Attempts { call: Duration::from_secs(5), retries: 0, delay: Duration::ZERO };

/// Bytes of a file that holds a secret.
const MOST_BYTES: usize = 1024;

/// Characters of a secret that a server may give.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=256;

/// Says that a secret is wanted and will be kept.
const PROVISION: (&str, &str) = ("X-Proxsave-Provision", "1");

/// Who this host is to such a server, and where it keeps what the server gives it.
#[derive(Clone, Debug)]
pub struct Badge {
    /// Its number; the first backup makes it.
    pub number: Option<String>,
    /// The state directory.
    pub state: PathBuf,
}

/// The server.
pub(super) struct Central {
    http: Arc<Http>,
    settings: config::Central,
    badge: OnceLock<Badge>,
    /// Held while a secret is asked for: two of them would void each other.
    key: Mutex<Option<Secret>>,
}

/// What the server lets this host do.
pub(super) enum Access {
    /// Ask it to write, and for addresses.
    Key(Secret),
    /// Write itself, with a bot that it lends.
    Bot {
        /// The bot's.
        token: Secret,
        /// Where it writes.
        chat: String,
    },
}

/// One call.
pub(super) struct Call<'a> {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) key: Option<&'a Secret>,
    pub(super) header: Option<(&'static str, &'a str)>,
    pub(super) body: Option<Value>,
}

impl Central {
    pub(super) fn new(http: &Arc<Http>, settings: config::Central) -> Self {
        Self { http: Arc::clone(http), settings, badge: OnceLock::new(), key: Mutex::new(None) }
    }

    /// Tells who this host is; the first word counts.
    pub(super) fn introduce(&self, badge: Badge) {
        let _ = self.badge.set(badge);
    }

    /// This host's number: that of the report, where there is one.
    pub(super) fn number(&self, message: Option<&Message>) -> Result<String, NotifyError> {
        let told = message.and_then(|message| message.server_id.clone());
        told.or_else(|| self.badge.get()?.number.clone())
            .ok_or_else(|| NotifyError::Setting("this host has no number yet; its first backup makes it".to_owned()))
    }

    pub(super) fn call(&self, call: Call<'_>, attempts: Attempts, cancel: &Cancel) -> Result<Answer, NotifyError> {
        let mut headers = vec![("X-Proxsave-Version".to_owned(), Secret::new(env!("CARGO_PKG_VERSION").to_owned()))];
        headers.extend(call.key.map(|key| ("X-Server-Auth".to_owned(), key.clone())));
        headers.extend(call.header.map(|(name, value)| (name.to_owned(), Secret::new(value.to_owned()))));
        let request = Request {
            method: call.method,
            url: below(&self.settings.address, &call.path),
            headers,
            body: call.body.map(|body| ("application/json", body.to_string().into_bytes())),
            hidden: Vec::new(),
        };
        self.http.send(&request, attempts, cancel)
    }

    /// The secret of the settings, the one kept here, or what the server gives now.
    pub(super) fn access(&self, number: &str, cancel: &Cancel) -> Result<Access, NotifyError> {
        if !self.settings.secret.is_empty() {
            return Ok(Access::Key(self.settings.secret.clone()));
        }
        let mut key = self.key();
        if key.is_none() {
            *key = self.place().and_then(|place| kept(&place).ok()).filter(is_secret);
        }
        if let Some(key) = &*key {
            return Ok(Access::Key(key.clone()));
        }
        let call = Call {
            method: "GET",
            path: format!("/api/get-chat-id?server_id={}", encoded(number)),
            key: None,
            header: self.place().map(|_| PROVISION),
            body: None,
        };
        let answer = self.call(call, ASK, cancel).map_err(|error| unknown(error, number))?;
        let access = pairing(&answer)?;
        if let Access::Key(new) = &access {
            self.keep(new, number, cancel);
            *key = Some(new.clone());
        }
        Ok(access)
    }

    /// Drops a secret that the server does not accept any more; whether another one may be asked for.
    pub(super) fn forget(&self) -> bool {
        *self.key() = None;
        let was_ours = self.settings.secret.is_empty();
        if let (Some(place), true) = (self.place(), was_ours) {
            let _ = remove_file(&place);
        }
        was_ours
    }

    /// A secret that is not confirmed is given again.
    fn keep(&self, key: &Secret, number: &str, cancel: &Cancel) {
        let Some(place) = self.place() else { return };
        let dir = place.parent().map_or(Ok(()), create_private_dir);
        if let Err(error) = dir.and_then(|()| write_atomically(&place, format!("{}\n", key.expose()).as_bytes())) {
            warn!("the secret that the server gave is not kept: {error}");
            return;
        }
        let body = Some(json!({ "server_id": number }));
        let call = Call { method: "POST", path: "/api/confirm-secret".into(), key: Some(key), header: None, body };
        let _ = self.call(call, ASK, cancel);
    }

    /// A file for each server: none is told the secret of another one.
    fn place(&self) -> Option<PathBuf> {
        let address = digest_hex(self.settings.address.expose().trim_end_matches('/').as_bytes());
        Some(self.badge.get()?.state.join(format!("central-{}", address.get(..16)?)))
    }

    /// Whether the server itself is asked in plain text.
    pub(super) fn is_plain(&self) -> bool {
        self.settings.address.expose().starts_with("http://")
    }

    fn key(&self) -> MutexGuard<'_, Option<Secret>> {
        self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that root must not believe is none.
fn kept(path: &std::path::Path) -> Result<Secret, FileError> {
    let file = Root::live()?.open_no_symlink(path)?;
    if let Some(reason) = Stat::of(&file, path)?.reason_against_trust() {
        return Err(FileError::of("believe", path)(std::io::Error::other(reason)));
    }
    let bytes = read_at_most(file, MOST_BYTES, path)?;
    Ok(Secret::new(String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// It goes into a header.
fn is_secret(text: &Secret) -> bool {
    LENGTHS.contains(&text.expose().len()) && text.expose().bytes().all(|b| b.is_ascii_graphic())
}

fn pairing(answer: &Answer) -> Result<Access, NotifyError> {
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |field: &str| match &said[field] {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    if let Some(key) = text("notify_secret").map(Secret::new).filter(is_secret) {
        return Ok(Access::Key(key));
    }
    let is_token = |token: &String| token.bytes().all(|b| b.is_ascii_alphanumeric() || b":_-".contains(&b));
    match (text("bot_token").filter(is_token), text("chat_id")) {
        (Some(token), Some(chat)) if !token.is_empty() && !chat.is_empty() => {
            Ok(Access::Bot { token: Secret::new(token), chat })
        }
        _ => Err(NotifyError::Refused {
            status: answer.status,
            answer: "the server gives this host neither a secret nor a bot and chat; where an older tool has the \
                     secret, set TELEGRAM_SERVER_SECRET_FILE to its file (identity/.notify_secret)"
                .to_owned(),
        }),
    }
}

/// What the statuses of a server mean that does not know this host.
fn unknown(error: NotifyError, number: &str) -> NotifyError {
    let told = |status| match status {
        403 => format!("this host is new there: start the server's bot in Telegram and send it the number {number}"),
        409 => format!("the chat is not registered: send the number {number} to the server's bot"),
        422 => format!("the server does not take the number {number}; state/server-identity of this host holds it"),
        426 => "the server wants a newer version of its protocol than this program speaks".to_owned(),
        _ => String::new(),
    };
    explained(error, &told)
}

/// The same error in words that say what to do; no words leave the server's own.
pub(super) fn explained(error: NotifyError, told: &dyn Fn(u16) -> String) -> NotifyError {
    let or = |status, answer: String| Some(told(status)).filter(|told| !told.is_empty()).unwrap_or(answer);
    match error {
        NotifyError::Refused { status, answer } => NotifyError::Refused { status, answer: or(status, answer) },
        NotifyError::Failed { status, answer } => NotifyError::Failed { status, answer: or(status, answer) },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(body: &str) -> Result<Access, NotifyError> {
        pairing(&Answer { status: 200, body: body.into(), attempt: 1 })
    }

    #[test]
    fn a_server_gives_a_secret_lends_token_and_chat_or_nothing() {
        let Ok(Access::Bot { token, chat }) = answered(r#"{"bot_token":"1:a-B_c","chat_id":-42}"#) else { panic!() };
        assert_eq!((token.expose(), chat.as_str()), ("1:a-B_c", "-42"));
        let both = r#"{"notify_secret":" abcd-efgh-ijkl ","bot_token":"1:a","chat_id":""}"#;
        let Ok(Access::Key(key)) = answered(both) else { panic!() };
        assert_eq!(key.expose(), "abcd-efgh-ijkl");
        for wrong in [
            "",
            "{}",
            "[]",
            r#"{"bot_token":null,"chat_id":1}"#,
            r#"{"bot_token":"","chat_id":"1"}"#,
            r#"{"bot_token":"1:a","chat_id":""}"#,
            r#"{"notify_secret":"short"}"#,
            r#"{"notify_secret":"two lines\nX-Evil: 1"}"#,
            r#"{"notify_secret":"ümlaut-ümlaut"}"#,
        ] {
            assert!(answered(wrong).is_err(), "{wrong}");
        }
        // What is no token would lead the message elsewhere.
        assert!(answered(r#"{"bot_token":"../../x?","chat_id":"1"}"#).is_err());
    }

    #[test]
    fn a_refused_pairing_says_what_to_do() {
        for (status, expected) in [
            (403, "start the server's bot in Telegram and send it the number 42"),
            (409, "not registered: send the number 42"),
            (422, "does not take"),
            (426, "newer version"),
            (400, "said"),
        ] {
            let error = unknown(NotifyError::Refused { status, answer: "said".into() }, "42");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
