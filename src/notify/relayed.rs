//! A Telegram message that a server writes for this host, and whether it arrived.

use std::time::{Duration, Instant};

use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

use super::NotifyError;
use super::central::{ASK, Call, Central, explained};
use super::http::{Answer, Attempts, encoded};
use crate::config::Confirm;
use crate::foreign::on_one_line;
use crate::report::Message;
use crate::secret::Secret;
use crate::system::{Cancel, hex};

/// The server answers at once: Telegram is up to it.
pub(super) const SEND: Attempts = Attempts { call: Duration::from_secs(8), retries: 1, delay: Duration::from_secs(2) };

/// Nobody asks more often.
const LEAST_PAUSE: Duration = Duration::from_millis(100);

/// Characters of a reason.
const SHOWN: usize = 200;

/// What the server knows of a message.
#[derive(Debug, PartialEq)]
enum State {
    Delivered(Option<u64>),
    Failed(String),
    Waiting,
}

/// Hands the message over; where the server only takes it in, waits for what becomes of it.
pub(super) fn send(
    central: &Central,
    (number, key): (&str, &Secret),
    message: &Message,
    confirm: Option<Confirm>,
    cancel: &Cancel,
) -> Result<String, NotifyError> {
    // The same for each attempt: the server takes a message once.
    let id = random_id()?;
    let call = || Call {
        method: "POST",
        path: "/api/notify".to_owned(),
        key: Some(key),
        header: Some(("X-Notify-Id", &id)),
        body: Some(json!({ "server_id": number, "message": message.short })),
    };
    let told = |status| refused(status, number);
    let answer = central.call(call(), SEND, cancel).map_err(|error| explained(error, &told))?;
    match confirm {
        Some(confirm) if answer.status == 202 => wait(central, (number, key), &id, (&answer, confirm), cancel),
        None if answer.status == 202 => Ok(format!("{}, not asked whether it arrived", answer.receipt())),
        _ => Ok(format!("{}, delivered", answer.receipt())),
    }
}

/// What a status says that the server answers a message with.
fn refused(status: u16, number: &str) -> String {
    match status {
        401 | 403 => "the server does not accept the secret of this host; one of the settings \
                      (TELEGRAM_SERVER_SECRET) must be the newest that the server gave"
            .to_owned(),
        404 => format!("the server does not know the number {number}: start its bot in Telegram and send it"),
        409 => format!("the chat is not registered: send the number {number} to the server's bot"),
        410 => {
            "the server has parked this host because Telegram refuses its chat: write to the bot to wake it".to_owned()
        }
        413 => "the message is too long for the server".to_owned(),
        422 => format!("the server does not take the number {number}"),
        426 => "the server wants a newer version of its protocol than this program speaks".to_owned(),
        _ => String::new(),
    }
}

/// Asks until it is known, or the time is up. What nobody can tell is no failure: the server has it.
fn wait(
    central: &Central,
    (number, key): (&str, &Secret),
    id: &str,
    (accepted, confirm): (&Answer, Confirm),
    cancel: &Cancel,
) -> Result<String, NotifyError> {
    let (receipt, end) = (accepted.receipt(), Instant::now() + confirm.limit);
    let path = format!("/api/notify/status?server_id={}&notify_id={id}", encoded(number));
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let limit = confirm.limit.as_secs();
            return Ok(format!("{receipt}; not confirmed within {limit} s, the server goes on trying"));
        }
        cancel.wait(confirm.interval.max(LEAST_PAUSE).min(left))?;
        let left = end.saturating_duration_since(Instant::now()).max(LEAST_PAUSE);
        let call = Call { method: "GET", path: path.clone(), key: Some(key), header: None, body: None };
        match central.call(call, Attempts { call: ASK.call.min(left), ..ASK }, cancel) {
            Ok(answer) => match state(&answer.body) {
                State::Delivered(Some(message)) => return Ok(format!("{receipt}, delivered as message {message}")),
                State::Delivered(None) => return Ok(format!("{receipt}, delivered")),
                State::Failed(reason) => {
                    let reason = reason.replace(key.expose(), "***");
                    let answer = format!("the server took it, and Telegram did not: {reason}");
                    return Err(NotifyError::Refused { status: accepted.status, answer });
                }
                State::Waiting => {}
            },
            Err(NotifyError::Refused { status, .. }) => {
                return Ok(format!("{receipt}; not confirmed, the server tells nothing about it (status {status})"));
            }
            Err(NotifyError::Quota(_)) => {
                return Ok(format!("{receipt}; not confirmed, the server has been asked too often"));
            }
            Err(error @ NotifyError::Cancelled(_)) => return Err(error),
            // The next question may be answered.
            Err(_) => {}
        }
    }
}

fn state(body: &[u8]) -> State {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    match said["state"].as_str() {
        Some("delivered") => State::Delivered(said["telegram_message_id"].as_u64().filter(|id| *id > 0)),
        Some("failed") => {
            let reason = said["reason"].as_str().unwrap_or_default();
            let clean: String = on_one_line(reason).chars().take(SHOWN).collect();
            State::Failed(if clean.trim().is_empty() { "no reason given".to_owned() } else { clean })
        }
        _ => State::Waiting,
    }
}

fn random_id() -> Result<String, NotifyError> {
    let mut bytes = [0; 16];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| NotifyError::Setting("this machine gives no random numbers".to_owned()))?;
    Ok(hex(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_says_what_became_of_it() {
        for (body, expected) in [
            (r#"{"state":"delivered","telegram_message_id":7}"#, State::Delivered(Some(7))),
            (r#"{"state":"delivered","telegram_message_id":0}"#, State::Delivered(None)),
            (r#"{"state":"delivered"}"#, State::Delivered(None)),
            (r#"{"state":"failed","reason":"chat\nnot found"}"#, State::Failed("chat not found".into())),
            (r#"{"state":"failed"}"#, State::Failed("no reason given".into())),
            (r#"{"state":"pending"}"#, State::Waiting),
            (r#"{"state":"sending"}"#, State::Waiting),
            ("<html>", State::Waiting),
            ("", State::Waiting),
        ] {
            assert_eq!(state(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn each_refusal_says_what_to_do() {
        for (status, expected) in [
            (401, "TELEGRAM_SERVER_SECRET"),
            (403, "TELEGRAM_SERVER_SECRET"),
            (404, "start its bot"),
            (409, "send the number 42"),
            (410, "write to the bot"),
            (413, "too long"),
            (422, "the number 42"),
        ] {
            assert!(refused(status, "42").contains(expected), "{status}");
        }
        assert_eq!(refused(500, "42"), "");
    }
}
