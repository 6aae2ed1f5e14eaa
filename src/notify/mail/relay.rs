//! A web service of the user's that writes the mail itself: it gets data, no page, in the form of the
//! older tools' relay (`proxsave-backup` §6.4). None is built in.

use std::time::Duration;

use serde_json::{Value, json};

use super::compose::Letter;
use super::relay_report::report;
use crate::config::Relay;
use crate::host::mac_address;
use crate::notify::NotifyError;
use crate::notify::http::{Answer, Attempts, Http, Request, counted, shown};
use crate::notify::webhook::signature;
use crate::secret::Secret;
use crate::system::{Cancel, Root};

/// Before the next attempt when it is said to be too busy.
const BUSY: Duration = Duration::from_secs(5);

/// Words of its refusals for today.
const EXHAUSTED: [&str; 5] = ["quota", "per server", "per account", "daily", "per day"];

/// One call at a time: what a 429 means is decided here.
const ONCE: Attempts = Attempts { call: Duration::ZERO, retries: 0, delay: Duration::ZERO };

/// How often and how long is tried.
pub(super) fn attempts(settings: &Relay) -> Attempts {
    Attempts { call: settings.limit, retries: settings.retries, delay: settings.delay.max(BUSY) }
}

/// Hands the data over.
pub(super) fn send(
    http: &Http,
    settings: &Relay,
    letter: &Letter<'_>,
    root: &Root,
    cancel: &Cancel,
) -> Result<String, NotifyError> {
    if let Some(local) = letter.to.iter().find(|to| !to.contains('@') || to.starts_with("root@")) {
        let reason = format!("a relay sends nothing to {local}: set EMAIL_RECIPIENT to another address");
        return Err(NotifyError::Setting(reason));
    }
    let request = request(settings, letter, mac_address(root).as_deref());
    let call = |limit| http.send(&request, Attempts { call: limit, ..ONCE }, cancel);
    let pause = |error: &NotifyError| pause_after(settings, error);
    let (answer, attempt) = attempts(settings).run(cancel, pause, call)?;
    accepted(&answer, &request)?;
    Ok(format!("accepted by the relay with status {}{}", answer.status, counted(attempt)))
}

fn pause_after(settings: &Relay, error: &NotifyError) -> Option<Duration> {
    match error {
        NotifyError::Quota(answer) => {
            let small = answer.to_lowercase();
            (!EXHAUSTED.iter().any(|word| small.contains(word))).then_some(BUSY)
        }
        _ => error.may_pass().then_some(settings.delay),
    }
}

/// A status of 200 may come with a refusal.
fn accepted(answer: &Answer, request: &Request) -> Result<(), NotifyError> {
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if said["success"] != json!(false) {
        return Ok(());
    }
    let words: Vec<&str> = ["code", "message", "error"].iter().filter_map(|field| said[field].as_str()).collect();
    Err(NotifyError::Refused { status: answer.status, answer: shown(words.join(" ").as_bytes(), request) })
}

fn request(settings: &Relay, letter: &Letter<'_>, mac: Option<&str>) -> Request {
    let body = json!({
        "to": letter.to.join(", "),
        "subject": letter.subject(),
        "report": report(letter.message, mac),
        "t": letter.message.moment.timestamp(),
        "server_mac": mac,
    });
    let body = body.to_string().into_bytes();
    let mut headers = vec![("X-Script-Version".to_owned(), Secret::new(env!("CARGO_PKG_VERSION").to_owned()))];
    if let Some(mac) = mac {
        headers.push(("X-Server-MAC".to_owned(), Secret::new(mac.to_owned())));
    }
    if !settings.token.is_empty() {
        let bearer = format!("Bearer {}", settings.token.expose());
        headers.push(("Authorization".to_owned(), Secret::new(bearer)));
    }
    if !settings.hmac.is_empty() {
        headers.push(("X-Signature".to_owned(), Secret::new(signature(&settings.hmac, &body))));
    }
    Request {
        method: "POST",
        url: settings.url.clone(),
        headers,
        body: Some(("application/json", body)),
        hidden: vec![settings.hmac.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relay() -> Relay {
        let secret = |text: &str| Secret::new(text.to_owned());
        let [limit, delay] = [30, 2].map(Duration::from_secs);
        Relay { url: secret("https://h/send"), token: secret("t"), hmac: secret("k"), limit, retries: 2, delay }
    }

    #[test]
    fn being_busy_passes_and_a_used_up_day_does_not() {
        let pause = |error: NotifyError| pause_after(&relay(), &error).map(|pause| pause.as_secs());
        for (answer, expected) in [
            ("Too many requests", Some(5)),
            ("Daily limit of this server is reached", None),
            ("3 per server", None),
            ("QUOTA_EXCEEDED", None),
        ] {
            assert_eq!(pause(NotifyError::Quota(answer.to_owned())), expected, "{answer}");
        }
        assert_eq!(pause(NotifyError::Failed { status: 500, answer: String::new() }), Some(2));
        assert_eq!(pause(NotifyError::Refused { status: 401, answer: String::new() }), None);
    }
}
