//! The connection to a mail server: commands and replies, plain or in TLS, all of it before one moment.
//!
//! lettre knows the commands and what replies mean. Its own connection reads lines of any length and
//! waits anew for each byte, so a server that goes on and on would hold us and fill the memory.

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use lettre::transport::smtp::response::Response;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use zeroize::Zeroizing;

use crate::notify::NotifyError;
use crate::notify::http::{printable, reason_of_io, speaks_of_quota};
use crate::secret::Secret;

/// Bytes of one reply, all of its lines.
const MOST_BYTES: usize = 64 * 1024;

/// A conversation.
pub(super) struct Wire {
    stream: Stream,
    /// What has come and was not looked at yet.
    buffer: Vec<u8>,
    limit: Duration,
    end: Instant,
    /// What replies must not show, should they repeat it.
    hidden: Vec<Secret>,
}

enum Stream {
    Plain(Timed),
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
    /// While one becomes the other.
    Gone,
}

/// A connection whose calls all end by the same moment.
struct Timed {
    tcp: TcpStream,
    end: Instant,
}

impl Wire {
    /// Connects; all that is done with it ends after `limit`.
    pub(super) fn open(server: &str, port: u16, limit: Duration, hidden: Vec<Secret>) -> Result<Self, NotifyError> {
        let end = Instant::now() + limit;
        let addresses = look_up(server, port, limit)?;
        let mut last = NotifyError::Unreachable("there is no host of that name".to_owned());
        for (at, address) in addresses.iter().enumerate() {
            // One address that swallows everything must not take the time of the others.
            let others = u32::try_from(addresses.len() - at).unwrap_or(u32::MAX);
            let left = end.saturating_duration_since(Instant::now()) / others;
            if left.is_zero() {
                return Err(NotifyError::TimedOut(limit));
            }
            match TcpStream::connect_timeout(address, left) {
                Ok(tcp) => {
                    let stream = Stream::Plain(Timed { tcp, end });
                    return Ok(Self { stream, buffer: Vec::new(), limit, end, hidden });
                }
                Err(cause) => last = reason_of_io(&cause, limit),
            }
        }
        Err(last)
    }

    /// From here on everything is encrypted, and the server has shown that it is the one that was meant.
    pub(super) fn secure(&mut self, server: &str) -> Result<(), NotifyError> {
        // What came before the encryption may be anybody's, and would be taken for the server's.
        if !self.buffer.is_empty() {
            return Err(NotifyError::Unreachable("it speaks before the encryption is there".to_owned()));
        }
        let name = ServerName::try_from(server.to_owned())
            .map_err(|_| NotifyError::Setting("the server's name is none that a certificate can have".to_owned()))?;
        let Stream::Plain(plain) = std::mem::replace(&mut self.stream, Stream::Gone) else { return Ok(()) };
        let mut tls = StreamOwned::new(ClientConnection::new(trusting()?, name).map_err(no_tls)?, plain);
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock).map_err(|cause| reason_of_io(&cause, self.limit))?;
        }
        self.stream = Stream::Tls(Box::new(tls));
        Ok(())
    }

    /// Says something and waits for a reply that is no refusal.
    pub(super) fn ask(&mut self, command: &dyn Display) -> Result<Response, NotifyError> {
        // A login is a command too.
        let line = Zeroizing::new(command.to_string());
        self.write(line.as_bytes())?;
        self.reply()
    }

    /// Sends what may be long.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), NotifyError> {
        let written = match &mut self.stream {
            Stream::Plain(plain) => plain.write_all(bytes).and_then(|()| plain.flush()),
            Stream::Tls(tls) => tls.write_all(bytes).and_then(|()| tls.flush()),
            Stream::Gone => Err(io::ErrorKind::NotConnected.into()),
        };
        written.map_err(|cause| reason_of_io(&cause, self.limit))
    }

    /// Waits for a reply that is no refusal.
    pub(super) fn reply(&mut self) -> Result<Response, NotifyError> {
        let mut text = String::new();
        loop {
            let line = self.line(MOST_BYTES.saturating_sub(text.len()))?;
            text.push_str(&line);
            // A status alone is a reply too.
            text.push_str(if line.len() == 3 { " \r\n" } else { "\r\n" });
            if line.as_bytes().get(3) != Some(&b'-') {
                break;
            }
        }
        let reply: Response = text.parse().map_err(|_| no_server())?;
        if reply.is_positive() {
            return Ok(reply);
        }
        Err(refusal(u16::from(reply.code()), self.shown(&reply)))
    }

    /// What a reply says, in one line without secrets.
    pub(super) fn shown(&self, reply: &Response) -> String {
        printable(reply.message().collect::<Vec<_>>().join(" ").as_bytes(), &self.hidden)
    }

    fn line(&mut self, most: usize) -> Result<String, NotifyError> {
        let mut searched = 0;
        loop {
            if let Some(at) = self.buffer[searched..].iter().position(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(searched + at + 1);
                let line = std::mem::replace(&mut self.buffer, rest);
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            searched = self.buffer.len();
            if searched > most {
                return Err(no_server());
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> Result<(), NotifyError> {
        // TLS may have read ahead, and then does not look at the clock.
        if Instant::now() >= self.end {
            return Err(NotifyError::TimedOut(self.limit));
        }
        let mut block = [0; 4096];
        let got = match &mut self.stream {
            Stream::Plain(plain) => plain.read(&mut block),
            Stream::Tls(tls) => tls.read(&mut block),
            Stream::Gone => Ok(0),
        };
        match got.map_err(|cause| reason_of_io(&cause, self.limit))? {
            0 => Err(NotifyError::Unreachable("the server ended the connection".to_owned())),
            got => {
                self.buffer.extend_from_slice(&block[..got]);
                Ok(())
            }
        }
    }
}

impl Timed {
    fn left(&self) -> io::Result<Duration> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.tcp.set_read_timeout(Some(self.left()?))?;
        self.tcp.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(Some(self.left()?))?;
        self.tcp.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

/// The system's resolver has limits of its own, longer than ours; its thread may come late.
fn look_up(server: &str, port: u16, limit: Duration) -> Result<Vec<SocketAddr>, NotifyError> {
    let (sender, found) = channel();
    let server = server.to_owned();
    std::thread::spawn(move || {
        // Nobody listens any more when the limit was passed.
        let _ = sender.send((server.as_str(), port).to_socket_addrs());
    });
    match found.recv_timeout(limit) {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(_)) => Err(NotifyError::Unreachable("there is no host of that name".to_owned())),
        Err(_) => Err(NotifyError::TimedOut(limit)),
    }
}

/// As for HTTP: the system's authorities, or those of `SSL_CERT_FILE`.
fn trusting() -> Result<Arc<ClientConfig>, NotifyError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(Arc::new(versions.map_err(no_tls)?.with_root_certificates(roots).with_no_client_auth()))
}

fn no_tls(_: rustls::Error) -> NotifyError {
    NotifyError::Unreachable("no encrypted connection comes about".to_owned())
}

fn no_server() -> NotifyError {
    NotifyError::Unreachable("what answers there is no mail server".to_owned())
}

/// RFC 5321 and RFC 3463: 4xx may pass, 5xx does not; x.7 is a rule of the house, and behind a
/// refusal for now mostly a limit of messages.
fn refusal(status: u16, answer: String) -> NotifyError {
    let is_limit = matches!(status, 421 | 452) && answer.contains("4.7.");
    if is_limit || speaks_of_quota(&answer) || answer.to_lowercase().contains("too many") {
        return NotifyError::Quota(answer);
    }
    match status {
        400..500 => NotifyError::Failed { status, answer },
        _ => NotifyError::Refused { status, answer },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// What a server that says `bytes` and then nothing any more is understood as.
    fn heard(bytes: &'static [u8]) -> Result<String, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // The client may have had enough of it.
            let _ = stream.write_all(bytes);
        });
        let hidden = vec![Secret::new("hunter2".into())];
        let mut wire = Wire::open("127.0.0.1", port, Duration::from_secs(5), hidden).unwrap();
        let reply = wire.reply().map_err(|error| error.to_string());
        server.join().unwrap();
        reply.map(|reply| format!("{} {}", u16::from(reply.code()), wire.shown(&reply)))
    }

    #[test]
    fn replies_are_read_to_their_last_line() {
        assert_eq!(heard(b"250-one\r\n250-two hunter2\n250 three\r\n").unwrap(), "250 one two *** three");
        assert_eq!(heard(b"250\r\n").unwrap(), "250 no reason given");
        assert_eq!(heard(b"550 5.1.1 hunter2\x1b[2J\r\n").unwrap_err(), "refused with status 550: 5.1.1 *** [2J");
        for (bytes, expected) in [
            (&b""[..], "the server ended the connection"),
            (b"250-half\r\n", "the server ended the connection"),
            (b"HTTP/1.1 400 Bad Request\r\n", "no mail server"),
            (b"\xff\xfe\r\n", "no mail server"),
            (b"\r\n", "no mail server"),
            (b"x".repeat(200_000).leak(), "no mail server"),
        ] {
            let error = heard(bytes).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn what_may_pass_and_what_may_not() {
        for (status, answer, may_pass) in [
            (421, "4.3.2 shutting down", true),
            (450, "4.7.1 greylisted, come back", true),
            (421, "4.7.0 slow down", false),
            (452, "4.2.2 over quota", false),
            (451, "Too many messages", false),
            (550, "5.1.1 no such user", false),
        ] {
            assert_eq!(refusal(status, answer.to_owned()).may_pass(), may_pass, "{status} {answer}");
        }
    }
}
