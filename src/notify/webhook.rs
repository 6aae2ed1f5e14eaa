//! Webhooks: each with its own address, method, headers and login.

use std::sync::Arc;
use std::time::Duration;

use ring::hmac;

use super::http::{Attempts, Http, Request, basic};
use super::webhook_body::body;
use super::webhook_template;
use super::{Channel, NotifyError, wants};
use crate::config::{self, Login, NotifyOn, Template, WebhookFormat};
use crate::report::{Message, Verdict};
use crate::secret::Secret;
use crate::system::{Cancel, hex};

/// Messages to one address.
pub(super) struct Webhook {
    http: Arc<Http>,
    settings: config::Webhook,
    on: NotifyOn,
    name: String,
}

impl Webhook {
    pub(super) fn new(http: &Arc<Http>, settings: config::Webhook, on: NotifyOn) -> Self {
        let name = format!("webhook {}", settings.name);
        Self { http: Arc::clone(http), settings, on, name }
    }

    fn attempts(&self) -> Attempts {
        let config::Webhook { limit, retries, delay, .. } = self.settings;
        Attempts { call: limit, retries, delay }
    }
}

impl Channel for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn wants(&self, verdict: Verdict) -> bool {
        wants(self.on, verdict)
    }

    fn limit(&self) -> Duration {
        self.attempts().limit()
    }

    fn send(&self, message: &Message, cancel: &Cancel) -> Result<String, NotifyError> {
        let answer = self.http.send(&request(&self.settings, message), self.attempts(), cancel)?;
        Ok(answer.receipt())
    }
}

fn request(settings: &config::Webhook, message: &Message) -> Request {
    let (kind, bytes) = match &settings.template {
        Some(template) => webhook_template::body(template, message),
        None => ("application/json", body(&settings.format, message).to_string().into_bytes()),
    };
    let sends_body = !matches!(settings.method, "GET" | "HEAD" | "DELETE");
    let bytes = if sends_body { bytes } else { Vec::new() };
    let filled = |(name, value): &(String, Template)| (name.clone(), webhook_template::header(value, message));
    let mut headers: Vec<_> = settings.headers.iter().map(filled).collect();
    headers.extend(login(&settings.login, &bytes));
    let mut hidden: Vec<Secret> = settings.template.iter().flat_map(Template::words).collect();
    if let WebhookFormat::Pushover { token, user, .. } = &settings.format {
        hidden.extend([token.clone(), user.clone()]);
    }
    match &settings.login {
        Login::Basic { password: secret, .. } | Login::Hmac(secret) => hidden.push(secret.clone()),
        Login::None | Login::Bearer(_) => {}
    }
    let body = sends_body.then_some((kind, bytes));
    Request { method: settings.method, url: settings.url.clone(), headers, body, hidden }
}

/// The headers that show who calls.
fn login(login: &Login, body: &[u8]) -> Vec<(String, Secret)> {
    let header = |name: &str, value: Secret| (name.to_owned(), value);
    match login {
        Login::None => Vec::new(),
        Login::Bearer(token) => {
            vec![header("Authorization", Secret::new(format!("Bearer {}", token.expose())))]
        }
        Login::Basic { user, password } => {
            vec![header("Authorization", basic(&format!("{user}:{}", password.expose())))]
        }
        Login::Hmac(secret) => vec![
            header("X-Signature", Secret::new(signature(secret, body))),
            header("X-Signature-Algorithm", Secret::new("hmac-sha256".to_owned())),
        ],
    }
}

/// HMAC-SHA256 in hexadecimal digits.
pub(super) fn signature(secret: &Secret, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    hex(hmac::sign(&key, body).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_rfc_4231() {
        let secret = Secret::new("Jefe".into());
        assert_eq!(
            signature(&secret, b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_login_is_a_header() {
        let told = |how: &Login| {
            login(how, b"{}").into_iter().map(|(name, value)| format!("{name}: {}", value.expose())).collect::<Vec<_>>()
        };
        assert_eq!(told(&Login::None), [""; 0]);
        assert_eq!(told(&Login::Bearer(Secret::new("t".into()))), ["Authorization: Bearer t"]);
        let basic = Login::Basic { user: "Aladdin".into(), password: Secret::new("open sesame".into()) };
        assert_eq!(told(&basic), ["Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]);
    }
}
