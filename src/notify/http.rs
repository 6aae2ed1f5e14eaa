//! HTTP as messages need it: one call, its answer limited in size and time, retries where they may
//! help, and nothing of an address, a header or a token in what is said about it.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::Agent;
use ureq::http::{Request as Call, Response};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::NotifyError;
use crate::foreign::on_one_line;
use crate::secret::Secret;
use crate::system::Cancel;

/// Bytes of an answer that are read.
const MOST_BYTES: u64 = 64 * 1024;

/// Characters of an answer that are shown.
const SHOWN: usize = 200;

/// Shorter parts of an address are words, not tokens.
const SECRET_PART: usize = 8;

/// All calls of all attempts end by then, unless one call alone may take longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Words of refusals that no further attempt changes today.
const QUOTA: [&str; 5] = ["quota", "rate limit", "rate_limit", "too many requests", "daily limit"];

/// What is asked.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// `POST` and so on.
    pub(super) method: &'static str,
    /// Whole; a login before the host becomes a header.
    pub(super) url: Secret,
    /// Besides the type of the body.
    pub(super) headers: Vec<(String, Secret)>,
    /// Type and bytes.
    pub(super) body: Option<(&'static str, Vec<u8>)>,
    /// What must not be shown beside address and headers, should the other side repeat it.
    pub(super) hidden: Vec<Secret>,
}

/// What was said to it, with a status of 200 to 299.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// As it came; cut at its limit.
    pub(super) body: Vec<u8>,
    /// Counted from 1.
    pub(super) attempt: u32,
}

/// How often is tried, and how long each time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempts {
    /// One call from connecting to the last byte.
    pub(super) call: Duration,
    /// After the first one.
    pub(super) retries: u32,
    /// Before each of them.
    pub(super) delay: Duration,
}

impl Attempts {
    /// For a message nobody configured otherwise: half a minute in all.
    pub(super) const USUAL: Self = Self { call: Duration::from_secs(8), retries: 2, delay: Duration::from_secs(2) };

    /// All attempts end by then.
    pub(super) fn limit(&self) -> Duration {
        let all = self.call.saturating_mul(self.retries + 1) + self.delay.saturating_mul(self.retries);
        all.min(PATIENCE.max(self.call))
    }

    /// The pause after a failure that may pass; `None` after any other.
    pub(super) fn pause_after(&self, error: &NotifyError) -> Option<Duration> {
        error.may_pass().then_some(self.delay)
    }

    /// Calls until it works, cannot work, or the limit is reached; tells how many calls it took. Each is
    /// given the time it may take, and `pause_after` says after which failure there is another one.
    pub(super) fn run<T>(
        self,
        cancel: &Cancel,
        pause_after: impl Fn(&NotifyError) -> Option<Duration>,
        mut call: impl FnMut(Duration) -> Result<T, NotifyError>,
    ) -> Result<(T, u32), NotifyError> {
        let end = Instant::now() + self.limit();
        for attempt in 1.. {
            cancel.check()?;
            let left = end.saturating_duration_since(Instant::now());
            match call(self.call.min(left)) {
                Ok(done) => return Ok((done, attempt)),
                Err(error) => match pause_after(&error) {
                    Some(delay) if attempt <= self.retries && Instant::now() + delay < end => cancel.wait(delay)?,
                    _ => return Err(error),
                },
            }
        }
        Err(NotifyError::TimedOut(self.limit()))
    }
}

impl Answer {
    /// For the log.
    pub(super) fn receipt(&self) -> String {
        format!("accepted with status {}{}", self.status, counted(self.attempt))
    }
}

/// How many attempts it took, where it took several.
pub(super) fn counted(attempt: u32) -> String {
    if attempt > 1 { format!(", attempt {attempt}") } else { String::new() }
}

/// The client. Certificates are read at the first call.
#[derive(Default)]
pub(super) struct Http {
    agent: OnceLock<Agent>,
}

impl Http {
    /// Calls until it works, cannot work, or the limit is reached.
    pub(super) fn send(&self, request: &Request, attempts: Attempts, cancel: &Cancel) -> Result<Answer, NotifyError> {
        let call = |limit| self.call(request, limit);
        let (answer, attempt) = attempts.run(cancel, |error| attempts.pause_after(error), call)?;
        Ok(Answer { attempt, ..answer })
    }

    fn call(&self, request: &Request, limit: Duration) -> Result<Answer, NotifyError> {
        let agent = self.agent.get_or_init(agent);
        let mut response = run(agent, request, limit).map_err(|error| reason(error, limit))?;
        let status = response.status().as_u16();
        let body = read(&mut response);
        let is_done = (200..300).contains(&status);
        match body {
            // What was accepted is not sent again because the rest of the answer fails to come.
            Ok(body) | Err((body, _)) if is_done => Ok(Answer { status, body, attempt: 1 }),
            Ok(body) | Err((body, _)) => Err(refusal(status, shown(&body, request))),
        }
    }
}

fn agent() -> Agent {
    let trusted: Vec<Certificate<'static>> = rustls_native_certs::load_native_certs()
        .certs
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect();
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::new_with_certs(&trusted))
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        // A token does not follow to wherever somebody sends it.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("proxmox-config-backup/", env!("CARGO_PKG_VERSION")))
        .build();
    Agent::new_with_config(config)
}

fn run(agent: &Agent, request: &Request, limit: Duration) -> Result<Response<ureq::Body>, ureq::Error> {
    let (url, login) = without_login(request.url.expose());
    let mut call = Call::builder().method(request.method).uri(url);
    for (name, value) in &request.headers {
        call = call.header(name, value.expose());
    }
    if let Some(login) = login {
        call = call.header("Authorization", login.expose());
    }
    let Some((kind, body)) = &request.body else {
        return agent.run(agent.configure_request(call.body(())?).timeout_global(Some(limit)).build());
    };
    let call = call.header("Content-Type", *kind).body(body.as_slice())?;
    agent.run(agent.configure_request(call).timeout_global(Some(limit)).build())
}

/// What could be read, and why not more.
fn read(response: &mut Response<ureq::Body>) -> Result<Vec<u8>, (Vec<u8>, io::Error)> {
    let mut body = Vec::new();
    match response.body_mut().as_reader().take(MOST_BYTES).read_to_end(&mut body) {
        Ok(_) => Ok(body),
        Err(cause) => Err((body, cause)),
    }
}

/// Whether a refusal is one that no further attempt changes today.
pub(super) fn speaks_of_quota(answer: &str) -> bool {
    let small = answer.to_lowercase();
    QUOTA.iter().any(|word| small.contains(word))
}

fn refusal(status: u16, answer: String) -> NotifyError {
    match status {
        429 => NotifyError::Quota(answer),
        400.. if speaks_of_quota(&answer) => NotifyError::Quota(answer),
        300..400 => {
            NotifyError::Refused { status, answer: "it names another address, which is not followed".to_owned() }
        }
        408 | 500.. => NotifyError::Failed { status, answer },
        _ => NotifyError::Refused { status, answer },
    }
}

/// In our words: those of libraries quote addresses.
fn reason(error: ureq::Error, limit: Duration) -> NotifyError {
    match error {
        ureq::Error::Timeout(_) => NotifyError::TimedOut(limit),
        ureq::Error::HostNotFound => NotifyError::Unreachable("there is no host of that name".to_owned()),
        ureq::Error::Io(cause) => reason_of_io(&cause, limit),
        ureq::Error::Rustls(cause) => reason_of_tls(&cause),
        ureq::Error::Tls(_) => NotifyError::Certificate("it cannot be checked".to_owned()),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            NotifyError::Setting("address or headers cannot be sent".to_owned())
        }
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
            NotifyError::Unreachable("what answers there is no HTTP server".to_owned())
        }
        ureq::Error::InvalidProxyUrl | ureq::Error::ConnectProxyFailed(_) => {
            NotifyError::Unreachable("the proxy of the environment does not let it through".to_owned())
        }
        _ => NotifyError::Unreachable("the call failed".to_owned()),
    }
}

pub(super) fn reason_of_io(cause: &io::Error, limit: Duration) -> NotifyError {
    if let Some(tls) = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return reason_of_tls(tls);
    }
    match cause.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => NotifyError::TimedOut(limit),
        kind => NotifyError::Unreachable(kind.to_string()),
    }
}

fn reason_of_tls(cause: &rustls::Error) -> NotifyError {
    use rustls::CertificateError as Wrong;
    let rustls::Error::InvalidCertificate(wrong) = cause else {
        return NotifyError::Unreachable("no encrypted connection comes about".to_owned());
    };
    let what = match wrong {
        Wrong::UnknownIssuer => "nobody this host trusts has signed it",
        Wrong::Expired | Wrong::ExpiredContext { .. } => "it has expired",
        Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => "it is not valid yet",
        Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => "it is another host's",
        Wrong::Revoked => "it was revoked",
        _ => "it is not valid",
    };
    NotifyError::Certificate(what.to_owned())
}

/// The beginning of an answer without what the request has to hide.
pub(super) fn shown(body: &[u8], request: &Request) -> String {
    printable(body, &secrets(request))
}

/// The beginning of an answer in one line. Servers repeat what they were asked, secrets included.
pub(super) fn printable(answer: &[u8], secrets: &[Secret]) -> String {
    let mut text = String::from_utf8_lossy(answer).into_owned();
    for secret in secrets {
        text = text.replace(secret.expose(), "***");
    }
    let line = on_one_line(&text);
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None if line.is_empty() => "no reason given".to_owned(),
        None => line,
    }
}

/// What of a request must not be shown, the longest first.
fn secrets(request: &Request) -> Vec<Secret> {
    let (url, login) = without_login(request.url.expose());
    let path = url.splitn(4, '/').nth(3).unwrap_or_default();
    let mut texts = vec![request.url.expose(), &url, path];
    texts.extend(path.split(['/', '?', '&', '=']).filter(|part| part.len() >= SECRET_PART));
    let hidden = request.headers.iter().map(|(_, value)| value).chain(&login).chain(&request.hidden);
    // `Bearer TOKEN`: each word for itself.
    texts.extend(hidden.clone().flat_map(|secret| secret.expose().split(' ')));
    texts.extend(hidden.map(Secret::expose));
    texts.extend(logins(request.url.expose()));
    texts.retain(|text| text.len() > 3);
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    texts.into_iter().map(|text| Secret::new(text.to_owned())).collect()
}

/// User and password of an address.
fn logins(url: &str) -> impl Iterator<Item = &str> {
    let authority = url.split('/').nth(2).unwrap_or_default();
    authority.rsplit_once('@').map_or("", |(login, _)| login).split(':')
}

/// `https://user:password@host/…` → the address without it, and the header it stands for.
fn without_login(url: &str) -> (String, Option<Secret>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), None) };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((login, host)) => (format!("{scheme}://{host}{path}"), Some(basic(&decoded(login)))),
        None => (url.to_owned(), None),
    }
}

/// The header of a login.
pub(super) fn basic(login: &str) -> Secret {
    Secret::new(format!("Basic {}", STANDARD.encode(login)))
}

/// `%40` → `@`; anything else stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A value of a form or a query.
pub(super) fn encoded(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `https://host/base/` and `/message` → `https://host/base/message`; a query stays behind the path.
pub(super) fn below(base: &Secret, path: &str) -> Secret {
    let (address, query) = base.expose().split_once('?').map_or((base.expose(), None), |(a, q)| (a, Some(q)));
    let (path, more) = path.split_once('?').map_or((path, None), |(p, q)| (p, Some(q)));
    let query: Vec<&str> = query.into_iter().chain(more).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    Secret::new(format!("{}{path}{query}", address.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str) -> Request {
        Request { method: "POST", url: Secret::new(url.into()), headers: Vec::new(), body: None, hidden: Vec::new() }
    }

    #[test]
    fn a_status_says_what_to_do_next() {
        let cases = [
            (429, "slow down", "Quota", false),
            (400, "Daily QUOTA exceeded", "Quota", false),
            (503, "too many requests", "Quota", false),
            (500, "", "Failed", true),
            (408, "", "Failed", true),
            (401, "no", "Refused", false),
            (404, "no", "Refused", false),
            (302, "", "Refused", false),
        ];
        for (status, answer, kind, may_pass) in cases {
            let error = refusal(status, answer.to_owned());
            assert!(format!("{error:?}").starts_with(kind), "{status}: {error:?}");
            assert_eq!(error.may_pass(), may_pass, "{status}");
        }
    }

    #[test]
    fn an_answer_is_shown_short_harmless_and_without_what_it_repeats() {
        let mut asked = request("https://me:hunter22@host/bot12345:secret/send?token=abcdefgh");
        asked.headers.push(("Authorization".into(), Secret::new("Bearer tok3n".into())));
        asked.hidden.push(Secret::new("pushtoken".into()));
        let told = format!(
            "no {} or bot12345:secret, abcdefgh, tok3n, hunter22, {}, pushtoken\u{1b}[2J\n ok",
            asked.url.expose(),
            STANDARD.encode("me:hunter22")
        );
        assert_eq!(shown(told.as_bytes(), &asked), "no *** or ***, ***, ***, ***, ***, *** [2J ok");
        assert_eq!(shown(b" \n", &asked), "no reason given");
        assert_eq!(shown("ä".repeat(500).as_bytes(), &asked).chars().count(), SHOWN + 1);
        assert_eq!(shown(b"\xff\xfe", &asked), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn addresses_are_put_together_and_taken_apart() {
        for (base, path, whole) in [
            ("https://h", "/message", "https://h/message"),
            ("https://h/gotify//", "/message", "https://h/gotify/message"),
            ("https://h/c", "/start?rid=1", "https://h/c/start?rid=1"),
            ("https://h/c?a=b", "/fail?rid=1", "https://h/c/fail?a=b&rid=1"),
        ] {
            assert_eq!(below(&Secret::new(base.into()), path).expose(), whole);
        }
        let (url, login) = without_login("http://me:p%40ss@h:80/a@b");
        assert_eq!((url.as_str(), login), ("http://h:80/a@b", Some(basic("me:p@ss"))));
        assert_eq!(without_login("http://h/a@b"), ("http://h/a@b".into(), None));
        assert_eq!(decoded("%4"), "%4");
        assert_eq!(encoded("a b&c=ü\n"), "a%20b%26c%3D%C3%BC%0A");
    }

    #[test]
    fn all_attempts_together_have_an_end() {
        let attempts =
            |call, retries| Attempts { call: Duration::from_secs(call), retries, delay: Duration::from_secs(2) };
        assert_eq!(Attempts::USUAL.limit().as_secs(), 28);
        assert_eq!(attempts(30, 3).limit().as_secs(), 120);
        assert_eq!(attempts(600, 20).limit().as_secs(), 600);
    }
}
