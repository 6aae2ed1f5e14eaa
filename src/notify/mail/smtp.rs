//! A mail server: STARTTLS, or TLS from the first byte at port 465, and a login that goes over nothing
//! unencrypted unless that is asked for.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::{Auth, Data, Ehlo, Mail, Quit, Rcpt, Starttls};
use lettre::transport::smtp::extension::{ClientId, Extension, ServerInfo};
use lettre::transport::smtp::response::Response;

use super::compose::Letter;
use super::wire::Wire;
use crate::config::Smtp;
use crate::notify::NotifyError;
use crate::notify::http::{Attempts, counted};
use crate::secret::Secret;
use crate::system::Cancel;

/// Where TLS begins with the first byte (RFC 8314).
const TLS_PORT: u16 = 465;

/// A server that keeps a stranger waiting before it greets does so for some seconds.
pub(super) const ATTEMPTS: Attempts =
    Attempts { call: Duration::from_secs(10), retries: 2, delay: Duration::from_secs(2) };

/// A login by LOGIN asks twice.
const CHALLENGES: u32 = 4;

/// What each attempt sends.
struct Delivery<'a> {
    server: &'a Smtp,
    hello: ClientId,
    from: Address,
    to: Vec<Address>,
    message: Vec<u8>,
}

/// Sends it; gives what the server said.
pub(super) fn send(server: &Smtp, letter: &Letter<'_>, cancel: &Cancel) -> Result<String, NotifyError> {
    let delivery = Delivery {
        server,
        hello: ClientId::Domain(letter.domain.clone()),
        from: address(&letter.from())?,
        to: letter.to.iter().map(|to| address(to)).collect::<Result<_, _>>()?,
        message: stuffed(&letter.bytes()?),
    };
    let (said, attempt) = ATTEMPTS.run(cancel, |error| ATTEMPTS.pause_after(error), |limit| delivery.deliver(limit))?;
    Ok(format!("accepted by {} for {}{}: {said}", server.server, letter.to.join(", "), counted(attempt)))
}

impl Delivery<'_> {
    fn deliver(&self, limit: Duration) -> Result<String, NotifyError> {
        let Smtp { server, port, login, .. } = self.server;
        let mut wire = Wire::open(server, *port, limit, hidden(login.as_ref()))?;
        let info = self.greet(&mut wire)?;
        if let Some((user, password)) = login {
            log_in(&mut wire, &info, user, password)?;
        }
        wire.ask(&Mail::new(Some(self.from.clone()), Vec::new()))?;
        let refused = self.name_recipients(&mut wire)?;
        if !wire.ask(&Data)?.has_code(354) {
            return Err(NotifyError::Unreachable("the server does not ask for the message".to_owned()));
        }
        wire.write(&self.message)?;
        let said = wire.reply().map_err(unconfirmed)?;
        let said = wire.shown(&said);
        // Good manners; the message is theirs already.
        let _ = wire.write(Quit.to_string().as_bytes());
        Ok(if refused.is_empty() { said } else { format!("{said}; refused: {}", refused.join(", ")) })
    }

    /// Until the server has said what it can do on a connection that may be used.
    fn greet(&self, wire: &mut Wire) -> Result<ServerInfo, NotifyError> {
        let Smtp { server, port, login, needs_tls } = self.server;
        if *port == TLS_PORT {
            wire.secure(server)?;
        }
        wire.reply()?;
        let info = self.hello(wire)?;
        if *port == TLS_PORT || !(*needs_tls || login.is_some()) {
            return Ok(info);
        }
        if info.supports_feature(Extension::StartTls) {
            wire.ask(&Starttls)?;
            wire.secure(server)?;
            return self.hello(wire);
        }
        if *needs_tls {
            let reason = "the server has no STARTTLS, and SMTP_USE_TLS refuses an unencrypted connection";
            return Err(NotifyError::Setting(reason.to_owned()));
        }
        Ok(info)
    }

    fn hello(&self, wire: &mut Wire) -> Result<ServerInfo, NotifyError> {
        let reply: Response = wire.ask(&Ehlo::new(self.hello.clone()))?;
        ServerInfo::from_response(&reply)
            .map_err(|_| NotifyError::Unreachable("the server does not say what it can do".to_owned()))
    }

    /// Those that are refused; an error when that is all of them.
    fn name_recipients(&self, wire: &mut Wire) -> Result<Vec<String>, NotifyError> {
        let mut refused = Vec::new();
        for to in &self.to {
            match wire.ask(&Rcpt::new(to.clone(), Vec::new())) {
                Ok(_) => {}
                Err(NotifyError::Refused { status, answer }) if refused.len() + 1 < self.to.len() => {
                    refused.push(format!("{to} ({status} {answer})"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(refused)
    }
}

fn log_in(wire: &mut Wire, info: &ServerInfo, user: &str, password: &Secret) -> Result<(), NotifyError> {
    let unfit = |reason: &str| NotifyError::Setting(reason.to_owned());
    let mechanism = info
        .get_auth_mechanism(&[Mechanism::Plain, Mechanism::Login])
        .ok_or_else(|| unfit("the server takes no login here; leave SMTP_USERNAME empty, or use another SMTP_PORT"))?;
    let credentials = Credentials::new(user.to_owned(), password.expose().to_owned());
    let no_login = |_| unfit("the server asks for a login in a way that is not known here");
    let mut said = wire.ask(&Auth::new(mechanism, credentials.clone(), None).map_err(no_login)?)?;
    for _ in 0..CHALLENGES {
        if !said.has_code(334) {
            return Ok(());
        }
        let answer = Auth::new_from_response(mechanism, credentials.clone(), &said).map_err(no_login)?;
        said = wire.ask(&answer)?;
    }
    Err(unfit("the server asks for the login again and again"))
}

/// A password in each form it goes over the wire.
fn hidden(login: Option<&(String, Secret)>) -> Vec<Secret> {
    let Some((user, password)) = login else { return Vec::new() };
    let plain = STANDARD.encode(format!("\0{user}\0{}", password.expose()));
    let word = STANDARD.encode(password.expose());
    vec![Secret::new(plain), Secret::new(word), password.clone()]
}

fn address(text: &str) -> Result<Address, NotifyError> {
    text.parse().map_err(|_| {
        NotifyError::Setting(format!("a mail server cannot send to \"{text}\": set EMAIL_RECIPIENT to an address"))
    })
}

/// A line that begins with a dot gets another one (RFC 5321, 4.5.2); a line of one dot ends it.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !message.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

/// The server may have taken it; a refusal is none all the same.
fn unconfirmed(error: NotifyError) -> NotifyError {
    match error {
        NotifyError::Unreachable(_) | NotifyError::TimedOut(_) => NotifyError::Unconfirmed(Box::new(error)),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_dot_stands_alone() {
        assert_eq!(stuffed(b"a\r\n.\r\n..b\r\n"), b"a\r\n..\r\n...b\r\n.\r\n");
        assert_eq!(stuffed(b""), b"\r\n.\r\n");
        assert_eq!(stuffed(b"x"), b"x\r\n.\r\n");
    }

    #[test]
    fn a_password_is_hidden_in_each_of_its_forms() {
        let login = ("u".to_owned(), Secret::new("hunter2".into()));
        let all: Vec<String> = hidden(Some(&login)).iter().map(|secret| secret.expose().to_owned()).collect();
        assert_eq!(all, ["AHUAaHVudGVyMg==", "aHVudGVyMg==", "hunter2"]);
    }

    #[test]
    fn a_user_of_this_machine_is_nobody_to_a_mail_server() {
        assert!(address("root").unwrap_err().to_string().contains("EMAIL_RECIPIENT"));
    }
}
