//! Receivers that answer badly, slowly or not at all; certificates; and a backup that is made anyway.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Receiver, Reply, host, said, tried, webhook};

fn say(status: u16, text: &str) -> Reply {
    Reply::Say(status, text.to_owned())
}

#[test]
fn a_refusal_is_final_and_a_failure_is_tried_again() {
    for (replies, calls, code, expected) in [
        (vec![say(429, "slow down")], 1, 6, "the limit of the other side is reached: slow down"),
        (vec![say(400, "Daily quota exceeded")], 1, 6, "the limit of the other side is reached: Daily quota exceeded"),
        (vec![say(401, "who are you\u{1b}[2J")], 1, 6, "refused with status 401: who are you [2J"),
        (vec![say(500, "oops"), say(200, "")], 2, 0, "accepted with status 200, attempt 2"),
        (vec![say(503, "down")], 4, 6, "failed there with status 503: down"),
        (vec![Reply::Reset, say(200, "")], 2, 0, "attempt 2"),
        (vec![Reply::Reset], 4, 6, "cannot be reached: "),
        (vec![Reply::Noise], 4, 6, "what answers there is no HTTP server"),
        (
            vec![Reply::Redirect(302, "http://127.0.0.1:1/".into())],
            1,
            6,
            "refused with status 302: it names another address",
        ),
        (vec![Reply::Redirect(307, "/elsewhere".into())], 1, 6, "refused with status 307"),
    ] {
        let receiver = Receiver::answering(&replies);
        let (done, text) = tried(&webhook(&receiver, ""));
        assert_eq!((done, receiver.heard().len()), (Some(code), calls), "{replies:?}: {text}");
        assert!(text.contains(expected), "{replies:?}: {text}");
    }
}

#[test]
fn what_never_answers_or_never_ends_is_given_up_in_time() {
    for (reply, code, expected) in [
        (Reply::Silence, 6, "no answer within 1.0s"),
        (Reply::Endless(200, Duration::ZERO), 0, "accepted with status 200"),
        (Reply::Endless(200, Duration::from_millis(300)), 0, "accepted with status 200"),
        (Reply::Endless(403, Duration::ZERO), 6, "refused with status 403: xxxxx"),
        (Reply::Endless(403, Duration::from_millis(300)), 6, "refused with status 403: xxxxx"),
    ] {
        let receiver = Receiver::answering(std::slice::from_ref(&reply));
        let started = Instant::now();
        let (done, text) = tried(&webhook(&receiver, "WEBHOOK_TIMEOUT=1\nWEBHOOK_MAX_RETRIES=0\n"));
        assert!(done == Some(code) && text.contains(expected), "{reply:?}: {text}");
        assert!(started.elapsed() < Duration::from_secs(8), "{reply:?}: {:?}", started.elapsed());
    }
}

#[test]
fn a_channel_that_fails_changes_nothing_about_the_backup() {
    let silent = Receiver::answering(&[Reply::Silence]);
    let sample = host();
    sample.configure(&webhook(&silent, "WEBHOOK_TIMEOUT=1\nWEBHOOK_MAX_RETRIES=0\nHEALTHCHECK_ENABLED=true\nHEALTHCHECK_BACKUP_URL=http://127.0.0.1:1/x\n"));
    let output = sample.run(["backup", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["status"], &report["exit_code"]), (&"success".into(), &0.into()));
    let issues = report["issues"].as_array().unwrap();
    let subjects: Vec<&str> = issues.iter().filter_map(|issue| issue["subject"].as_str()).collect();
    assert_eq!(subjects, ["ping at the start", "webhook ops", "ping"]);
    assert!(issues.iter().all(|issue| issue["stage"] == "notify"));
    assert!(String::from_utf8_lossy(&output.stderr).contains("webhook ops: message not sent: no answer within 1.0s"));
    sample.expect(0, &["verify"]);
}

#[test]
fn a_signal_ends_the_waiting_for_an_answer() {
    let silent = Receiver::answering(&[Reply::Silence]);
    let sample = host();
    sample.configure(&webhook(&silent, "WEBHOOK_TIMEOUT=60\n"));
    let mut running = sample.program(["notify", "test"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    while silent.heard().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = nix::unistd::Pid::from_raw(running.id().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(143));
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn names_of_channels_choose_among_them() {
    let receiver = Receiver::answering(&[say(200, "")]);
    let sample = host();
    let second = format!("WEBHOOK_ROOM_URL={}/room\nWEBHOOK_ENDPOINTS=ops,room\n", receiver.address());
    sample.configure(&webhook(&receiver, "").replace("WEBHOOK_ENDPOINTS=ops\n", &second));
    for (name, paths) in [("room", vec!["/room"]), ("webhook ops", vec!["/hook"]), ("WEBHOOK", vec!["/hook", "/room"])]
    {
        let before = receiver.heard().len();
        sample.expect(0, &["notify", "test", name]);
        let mut heard: Vec<String> = receiver.heard()[before..].iter().map(|one| one.path.clone()).collect();
        heard.sort();
        assert_eq!(heard, paths);
    }
    let output = sample.run(["notify", "test", "gotify"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("no channel gotify is switched on; these are: webhook ops, webhook room"));
    sample.configure("");
    let output = sample.run(["notify", "test"]);
    assert!(output.status.code() == Some(2) && said(&output).contains("no channel is switched on"));
}

/// A server with TLS, by Python.
pub(super) struct Secure {
    python: Child,
    pub(super) port: u16,
}

impl Drop for Secure {
    fn drop(&mut self) {
        let _ = self.python.kill();
        let _ = self.python.wait();
    }
}

pub(super) fn openssl(dir: &Path, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// What `openssl ca` wants to be told before it takes dates.
const AUTHORITY: &str = "\
[ca]
default_ca = own
[own]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
";

/// An authority of our own, and certificates of it: a good one, one for other names, an old one.
pub(super) fn certificates(dir: &Path) {
    openssl(dir, "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=Own-CA");
    std::fs::write(dir.join("ca.cnf"), AUTHORITY).unwrap();
    std::fs::write(dir.join("index"), "").unwrap();
    let usual = "-days 30";
    let past = "-startdate 20200101000000Z -enddate 20200102000000Z";
    for (name, names, dates) in
        [("good", "IP:127.0.0.1", usual), ("other", "DNS:elsewhere.example", usual), ("old", "IP:127.0.0.1", past)]
    {
        std::fs::write(dir.join("names"), format!("subjectAltName={names}\n")).unwrap();
        openssl(dir, &format!("req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        openssl(
            dir,
            &format!(
                "ca -batch -notext -config ca.cnf -cert ca.pem -keyfile ca.key -in {name}.csr -out {name}.pem -extfile names {dates}"
            ),
        );
    }
}

pub(super) fn secure(dir: &Path, name: &str) -> Secure {
    let script = "\
import http.server, ssl, sys
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Hook)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + '.pem', sys.argv[1] + '.key')
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
";
    let mut python = Command::new("python3")
        .args(["-c", script, name])
        .current_dir(dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(python.stdout.take().unwrap()), &mut line).unwrap();
    Secure { port: line.trim().parse().unwrap(), python }
}

#[test]
fn certificates_are_checked_against_the_systems_and_a_private_authority_can_be_named() {
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path());
    for (name, trusted, code, expected) in [
        ("good", true, 0, "accepted with status 200"),
        ("good", false, 6, "certificate is not trusted: nobody this host trusts has signed it"),
        ("other", true, 6, "certificate is not trusted: it is another host's"),
        ("old", true, 6, "certificate is not trusted: it has expired"),
    ] {
        let server = secure(dir.path(), name);
        let mut sample = host();
        if trusted {
            sample.environment.insert("SSL_CERT_FILE".into(), dir.path().join("ca.pem").display().to_string());
        }
        sample.configure(&format!(
            "WEBHOOK_ENABLED=true\nWEBHOOK_ENDPOINTS=ops\nWEBHOOK_OPS_URL=https://127.0.0.1:{}/hook\nWEBHOOK_RETRY_DELAY=0\n",
            server.port
        ));
        let output = sample.run(["notify", "test"]);
        assert_eq!(output.status.code(), Some(code), "{name}: {}", said(&output));
        assert!(said(&output).contains(expected), "{name}: {}", said(&output));
    }
    // Not encrypted though it should be.
    let plain = Receiver::answering(&[say(200, "")]);
    let settings = webhook(&plain, "").replace("http://", "https://");
    let (code, text) = tried(&settings);
    assert!(code == Some(6) && text.contains("cannot be reached"), "{text}");
}
