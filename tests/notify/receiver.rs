//! A small HTTP server, a thread per connection, that keeps what it hears and answers by a script.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    /// Names in small letters.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Status and body.
    Say(u16, String),
    /// The address of a redirect.
    Redirect(u16, String),
    /// Nothing, as long as somebody listens.
    Silence,
    /// The connection is reset.
    Reset,
    /// A status, and a body that goes on as fast or as slow as this.
    Endless(u16, Duration),
    /// No HTTP.
    Noise,
}

/// The server; its thread ends with the test.
pub(crate) struct Receiver {
    port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Receiver {
    /// Answers with these in turn, the last one again and again.
    pub(crate) fn answering(replies: &[Reply]) -> Self {
        let replies = replies.to_vec();
        Self::by(move |count, _| replies[count.min(replies.len() - 1)].clone())
    }

    /// Answers as `script` says to the so-and-so-many-th request.
    pub(crate) fn by(script: impl Fn(usize, &Heard) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (log, script) = (Arc::clone(&heard), Arc::new(script));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, script) = (Arc::clone(&log), Arc::clone(&script));
                std::thread::spawn(move || {
                    let _ = serve(stream, &log, &*script);
                });
            }
        });
        Self { port, heard }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// The only request.
    pub(crate) fn only(&self) -> Heard {
        let heard = self.heard();
        assert_eq!(heard.len(), 1, "{heard:?}");
        heard.into_iter().next().unwrap()
    }
}

fn serve(stream: TcpStream, log: &Mutex<Vec<Heard>>, script: &dyn Fn(usize, &Heard) -> Reply) -> std::io::Result<()> {
    // One byte: what is not asked for is not read.
    let mut reader = BufReader::with_capacity(1, stream.try_clone()?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut first = lines[0].split(' ').map(str::to_owned);
    let (method, path) = (first.next().unwrap(), first.next().unwrap());
    let headers: Vec<(String, String)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, text)| text.parse().unwrap());
    let mut heard = Heard { method, path, headers, body: Vec::new() };
    let mut all = log.lock().unwrap();
    if !matches!(script(all.len(), &heard), Reply::Reset) {
        heard.body = vec![0; length];
        reader.read_exact(&mut heard.body)?;
    }
    let reply = script(all.len(), &heard);
    all.push(heard);
    drop(all);
    answer(stream, &reply)
}

fn answer(mut stream: TcpStream, reply: &Reply) -> std::io::Result<()> {
    match reply {
        Reply::Say(status, text) => {
            write!(stream, "HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}", text.len())
        }
        Reply::Redirect(status, to) => {
            write!(stream, "HTTP/1.1 {status} x\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        Reply::Silence => {
            let _ = stream.read(&mut [0]);
            Ok(())
        }
        // What is left unread when a connection is closed resets it.
        Reply::Reset => Ok(()),
        Reply::Endless(status, pause) => {
            write!(stream, "HTTP/1.1 {status} x\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[b'x'; 1000])?;
                std::thread::sleep(*pause);
            }
        }
        Reply::Noise => stream.write_all(b"220 mail.example ESMTP\r\n\r\n"),
    }
}
