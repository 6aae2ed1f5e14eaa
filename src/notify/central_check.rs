//! The address of this host's check, from a server that has checks for its hosts.

use serde_json::Value;

use super::NotifyError;
use super::central::{ASK, Access, Call, Central, explained};
use super::http::{Answer, encoded};
use crate::report::Message;
use crate::secret::Secret;
use crate::system::Cancel;

/// Characters of an address.
const LONGEST: usize = 2048;

/// Asks for it; a secret that the server does not accept any more is replaced once.
pub(super) fn fetch(central: &Central, message: Option<&Message>, cancel: &Cancel) -> Result<Secret, NotifyError> {
    let number = central.number(message)?;
    let told = |status| refused(status, &number);
    let path = format!("/api/healthcheck/config?server_id={}", encoded(&number));
    let ask = |key: &Secret| {
        let call = Call { method: "GET", path: path.clone(), key: Some(key), header: None, body: None };
        central.call(call, ASK, cancel)
    };
    let answer = match ask(&key(central, &number, cancel)?) {
        Err(NotifyError::Refused { status: 401 | 403, .. }) if central.forget() => ask(&key(central, &number, cancel)?),
        answer => answer,
    };
    address(&answer.map_err(|error| explained(error, &told))?, central.is_plain())
}

fn key(central: &Central, number: &str, cancel: &Cancel) -> Result<Secret, NotifyError> {
    match central.access(number, cancel)? {
        Access::Key(key) => Ok(key),
        Access::Bot { .. } => Err(NotifyError::Setting(
            "the server lends this host a bot and gives it no secret, without which it tells no address; \
             where an older tool has the secret, set TELEGRAM_SERVER_SECRET_FILE to its file"
                .to_owned(),
        )),
    }
}

fn refused(status: u16, number: &str) -> String {
    match status {
        401 | 403 => "the server does not accept the secret of this host".to_owned(),
        404 => format!("the server does not know the number {number}, or has no checks"),
        503 => "the server has no check for this host yet, or makes none at all; the next run asks again".to_owned(),
        _ => String::new(),
    }
}

/// Whoever sees it can report for this host: not in plain text, unless the server itself is asked so.
fn address(answer: &Answer, is_plain: bool) -> Result<Secret, NotifyError> {
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let url = said["backup_ping_url"].as_str().unwrap_or_default().trim();
    let is_allowed = url.starts_with("https://") || is_plain && url.starts_with("http://");
    if is_allowed && url.len() <= LONGEST && url.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(Secret::new(url.to_owned()));
    }
    Err(NotifyError::Refused {
        status: answer.status,
        answer: "the server names no address of a check that can be called".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_is_one() {
        let told = |url: &str, is_plain| {
            let body = format!(r#"{{"mode":"centralized","alive_ping_url":"https://h/a","backup_ping_url":"{url}"}}"#);
            address(&Answer { status: 200, body: body.into(), attempt: 1 }, is_plain).ok()
        };
        assert_eq!(
            told("https://h/ping/x", false).map(|url| url.expose().to_owned()).as_deref(),
            Some("https://h/ping/x")
        );
        assert!(told("http://h/ping/x", true).is_some() && told("http://h/ping/x", false).is_none());
        for wrong in ["", "file:///etc/shadow", "https://h/a b", "https://h/\\nx", "h/ping"] {
            assert!(told(wrong, true).is_none(), "{wrong}");
        }
        assert!(address(&Answer { status: 200, body: b"<html>".to_vec(), attempt: 1 }, true).is_err());
    }
}
