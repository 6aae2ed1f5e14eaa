//! Mail servers that refuse, lie, hang or break off; what stands in for them; and a backup that is
//! made anyway.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::mail::{keeping, login, mail_host, relay, secure, tried_trusting, with_sendmail};
use super::mail_server::{MailServer, PASSWORD, certificate, smtp};
use super::{Receiver, Reply, said};
use crate::sample::files_in;

/// Whoever connects is served so; gives the port and the number of connections.
fn listening(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (count, serve) = (Arc::new(AtomicUsize::new(0)), Arc::new(serve));
    let counter = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(stream));
        }
    });
    (port, count)
}

/// Exit code and words of `notify test`.
fn tried(settings: &str) -> (Option<i32>, String) {
    let sample = mail_host();
    sample.configure(settings);
    let output = sample.run(["notify", "test", "email"]);
    (output.status.code(), said(&output))
}

#[test]
fn a_refusal_is_final_and_a_failure_is_tried_again() {
    for (replies, connections, code, expected) in [
        (json!({ "MAIL": ["451 4.3.0 later", null] }), 2, 0, "attempt 2: 2.0.0 queued as N1"),
        (json!({ "MAIL": ["421 4.3.2 shutting down", null] }), 2, 0, "attempt 2"),
        (json!({ "MAIL": ["451 4.3.0 never"] }), 3, 6, "failed there with status 451: 4.3.0 never"),
        (json!({ "MAIL": ["421 4.7.0 slow down"] }), 1, 6, "the limit of the other side is reached: 4.7.0 slow down"),
        (json!({ "RCPT": ["452 4.2.2 mailbox over quota"] }), 1, 6, "limit of the other side is reached"),
        (json!({ "DATA": ["450 Too many messages today"] }), 1, 6, "limit of the other side is reached"),
        (json!({ "RCPT": ["550 5.1.1 no such user"] }), 1, 6, "refused with status 550: 5.1.1 no such user"),
        (json!({ "DATA": ["554 5.7.1 spam"] }), 1, 6, "refused with status 554: 5.7.1 spam"),
        // Whether it was taken nobody knows: not again.
        (json!({ "DATA": ["RESET"] }), 1, 6, "sent, and whether it was accepted is not known: "),
    ] {
        let Some(server) = MailServer::saying(&replies) else { return };
        let (done, text) = tried(&format!("{}EMAIL_FALLBACK_SENDMAIL=false\n", server.settings()));
        assert_eq!((done, server.connections()), (Some(code), connections), "{replies}: {text}");
        assert!(text.contains(expected), "{replies}: {text}");
    }
    // One of two recipients is not known there.
    let Some(server) = MailServer::saying(&json!({ "RCPT": ["550 5.1.1 who?", null] })) else { return };
    let (done, text) = tried(&format!("{}EMAIL_RECIPIENT=a@example.com,b@example.com\n", server.settings()));
    assert!(done == Some(0) && text.contains("refused: a@example.com (550 5.1.1 who?)"), "{text}");
    assert_eq!(server.only().0["envelope_to"], json!(["b@example.com"]));
}

#[test]
fn encryption_that_is_demanded_is_had_or_nothing_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let authority = certificate(dir.path(), "IP:127.0.0.1");
    let Some(plain) = MailServer::start(&json!({ "mode": "plain", "without": ["LOGIN", "PLAIN"] })) else { return };
    let Some(good) = secure(dir.path(), "starttls", &json!({})) else { return };
    let elsewhere = tempfile::tempdir().unwrap();
    let other_authority = certificate(elsewhere.path(), "DNS:elsewhere.example");
    let Some(other) = secure(elsewhere.path(), "starttls", &json!({})) else { return };
    for (server, trusted, more, expected) in [
        (&plain, &authority, login(PASSWORD), "the server has no STARTTLS, and SMTP_USE_TLS refuses"),
        (&plain, &authority, login(PASSWORD) + "SMTP_USE_TLS=false\n", "the server takes no login here"),
        (&good, &other_authority, login(PASSWORD), "certificate is not trusted: nobody this host trusts has signed it"),
        (&good, &other_authority, login(PASSWORD) + "SMTP_USE_TLS=false\n", "certificate is not trusted"),
        (&good, &authority, login("C4naryWrongPassword"), "refused with status 535"),
        (&other, &other_authority, login(PASSWORD), "certificate is not trusted: it is another host's"),
    ] {
        let output = tried_trusting(trusted, &smtp(server.port, &more), "email");
        assert_eq!(output.status.code(), Some(6), "{}", said(&output));
        assert!(said(&output).contains(expected), "{expected}: {}", said(&output));
        assert!(server.mails().is_empty() && !said(&output).contains("C4nary"));
    }
}

#[test]
fn a_server_that_speaks_before_the_encryption_is_not_believed() {
    let (port, _) = listening(|mut stream| {
        let mut block = [0; 1000];
        let _ = stream.write_all(b"220 x\r\n");
        let _ = stream.read(&mut block);
        let _ = stream.write_all(b"250-x\r\n250 STARTTLS\r\n");
        let _ = stream.read(&mut block);
        let _ = stream.write_all(b"220 go\r\n250-x\r\n250 AUTH PLAIN\r\n");
        let _ = stream.read(&mut block);
    });
    let (code, text) = tried(&smtp(port, &login(PASSWORD)));
    assert!(code == Some(6) && text.contains("it speaks before the encryption is there"), "{text}");
}

/// In parallel with the others below: each of these lasts as long as all attempts.
fn given_up_in_time(serve: impl Fn(TcpStream) + Send + Sync + 'static, expected: &str) {
    let (port, connections) = listening(serve);
    let started = Instant::now();
    let (code, text) = tried(&smtp(port, "SMTP_USE_TLS=false\nEMAIL_FALLBACK_SENDMAIL=false\n"));
    assert!(code == Some(6) && text.contains(expected), "{text}");
    assert!(started.elapsed() < Duration::from_secs(45), "{:?}", started.elapsed());
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    given_up_in_time(
        |mut stream| {
            let _ = stream.read(&mut [0]);
        },
        "no answer within ",
    );
}

#[test]
fn a_greeting_that_drips_is_given_up() {
    given_up_in_time(
        |mut stream| {
            while stream.write_all(b"2").is_ok() {
                std::thread::sleep(Duration::from_millis(300));
            }
        },
        "no answer within ",
    );
}

#[test]
fn a_greeting_without_end_fills_no_memory() {
    for bytes in [&b"x"[..], b"220-x\r\n"] {
        let block = bytes.repeat(10_000);
        given_up_in_time(
            move |mut stream| while stream.write_all(&block).is_ok() {},
            "what answers there is no mail server",
        );
    }
}

#[test]
fn a_connection_that_breaks_or_comes_not_about_is_tried_again() {
    given_up_in_time(
        |mut stream| {
            let _ = stream.write_all(b"220 x\r\n");
        },
        "cannot be reached: ",
    );
    let (code, text) = tried(&smtp(1, "EMAIL_FALLBACK_SENDMAIL=false\n"));
    assert!(code == Some(6) && text.contains("cannot be reached: connection refused"), "{text}");
    let nobody = smtp(25, "EMAIL_FALLBACK_SENDMAIL=false\n").replace("SERVER=127.0.0.1", "SERVER=no-such-host.invalid");
    let (code, text) = tried(&nobody);
    assert!(code == Some(6) && text.contains("there is no host of that name"), "{text}");
}

#[test]
fn sendmail_stands_in_and_the_receipt_says_why() {
    let Some(server) = MailServer::saying(&json!({ "MAIL": ["452 4.2.2 quota"] })) else { return };
    let sample = mail_host();
    sample.configure(&server.settings());
    let Some(mut command) = with_sendmail(&sample, Some(&keeping(&sample)), &["backup"]) else { return };
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), server.connections()), (Some(0), 1), "{}", said(&output));
    assert!(std::fs::read_to_string(sample.path("mail")).unwrap().contains("To: admin@example.com"));
    let logs: String =
        files_in(&sample.path("logs")).iter().filter_map(|file| std::fs::read_to_string(file).ok()).collect();
    let expected = "email: handed to /usr/sbin/sendmail for admin@example.com, because smtp failed: the limit of the other side is reached: 4.2.2 quota";
    assert!(logs.contains(expected), "{logs}");
}

#[test]
fn a_sendmail_that_fails_or_is_not_there_changes_nothing_about_the_backup() {
    for (script, expected) in [
        (None, "/usr/sbin/sendmail: is not there; apt install postfix"),
        (Some("cat > /dev/null; echo 'queue file write error' >&2; exit 75"), "exit status 75: queue file write error"),
        (Some("kill -9 $$"), "ended by signal 9"),
    ] {
        let sample = mail_host();
        sample.configure("EMAIL_ENABLED=true\n");
        let Some(mut command) = with_sendmail(&sample, script, &["backup", "--json"]) else { return };
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["status"], "success");
        assert_eq!(report["issues"][0]["subject"], "email");
        assert!(said(&output).contains(expected), "{expected}: {}", said(&output));
        sample.expect(0, &["verify"]);
    }
}

#[test]
fn a_sendmail_that_hangs_is_ended() {
    let sample = mail_host();
    sample.configure(&smtp(1, ""));
    let Some(mut command) = with_sendmail(&sample, Some("sleep 600"), &["notify", "test"]) else { return };
    let started = Instant::now();
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", said(&output));
    let expected = "smtp: cannot be reached: connection refused; in its stead /usr/sbin/sendmail: no end within 30.0s";
    assert!(said(&output).contains(expected), "{}", said(&output));
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn no_secret_of_mail_is_said_logged_kept_or_an_argument() {
    let dir = tempfile::tempdir().unwrap();
    let authority = certificate(dir.path(), "IP:127.0.0.1");
    let echo = json!({ "replies": { "AUTH": ["535 5.7.8 no, ECHO is wrong"] } });
    let Some(server) = secure(dir.path(), "starttls", &echo) else { return };
    let mut sample = mail_host();
    sample.environment.insert("SSL_CERT_FILE".into(), authority.display().to_string());
    let by_smtp = smtp(server.port, &login(PASSWORD));
    let repeating = Reply::Say(401, "C4naryRelayToken, and C4naryRelayKey, are wrong".to_owned());
    let receiver = Receiver::answering(&[repeating]);
    let by_relay = relay(&receiver, "").replace("/send", "/C4naryRelayPath");
    // Whatever sendmail is told is kept: arguments, environment, message.
    let script = format!("{}; env > '{}'", keeping(&sample), sample.path("environment").display());
    for settings in [by_smtp, by_relay] {
        sample.configure(&settings.replace("FALLBACK_SENDMAIL=false", "FALLBACK_SENDMAIL=true"));
        let tests = [&["notify", "test", "-vv"][..], &["notify", "test", "--json"], &["config", "show"]];
        for arguments in [&["backup", "-d", "5"][..]].into_iter().chain(tests) {
            let Some(mut command) = with_sendmail(&sample, Some(&script), arguments) else { return };
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", said(&output));
            assert!(!said(&output).contains("C4nary"), "{}", said(&output));
        }
    }
    let kept = ["arguments", "environment", "mail"].map(|name| sample.path(name));
    let left = ["logs", "state", "run"].map(|name| files_in(&sample.path(name))).concat();
    let mut seen = 0;
    for file in kept.into_iter().chain(left).filter(|file| file.is_file()) {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        assert!(!text.contains("C4nary") && !text.contains("QzRuYXJ5"), "{}: {text}", file.display());
        seen += 1;
    }
    assert!(seen > 4, "{seen}");
}
