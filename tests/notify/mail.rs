//! E-mail as it arrives: real servers of mail, a real sendmail, and readers that are not ours.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proxmox_backup::config::{Mail as Settings, MailWay, Notify, Smtp};
use proxmox_backup::host::Host;
use proxmox_backup::notify::Channels;
use proxmox_backup::report::{Message, RunReport};
use proxmox_backup::system::{Cancel, Root};
use serde_json::json;

use super::mail_server::{MailServer, PASSWORD, certificate, smtp};
use super::{Receiver, Reply, host, said};
use crate::sample::{Sample, skip};
use crate::three_tiers::in_own_mounts;

/// The host's name with its domain.
pub(super) fn mail_host() -> Sample {
    let sample = host();
    sample.plant("/etc/hosts", "127.0.0.1 localhost\n192.0.2.1 pve1.example.com pve1\n");
    sample
}

/// By the library, to a server without encryption.
fn sent(server: &MailServer, host: &Sample, message: &Message, to: &[&str]) -> String {
    let login = None;
    let way = MailWay::Smtp(Smtp { server: "127.0.0.1".into(), port: server.port, login, needs_tls: false });
    let to = to.iter().map(ToString::to_string).collect();
    let mail = Settings { way, to, falls_back: false, ..Settings::to_root() };
    let notify = Notify { mail: Some(mail), ..Notify::default() };
    let channels = Channels::of(&notify, &Root::at(&host.root()).unwrap());
    assert_eq!(channels.messages[0].name(), "email");
    channels.messages[0].send(&Arc::new(message.clone()), &Cancel::default()).unwrap()
}

/// A reader's line ends; Python gives CRLF as it came.
fn unix(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[test]
fn another_reader_finds_both_parts_and_all_headers() {
    let Some(server) = MailServer::plain() else { return };
    let host = mail_host();
    let mut text = String::new();
    for number in 0..100 {
        writeln!(text, "- collect: /etc/{number}/{}: Zugriff verweigert (ß, ✗, 漢)", "long/".repeat(60)).unwrap();
    }
    let message = Message {
        subject: "✗ Backup of höst-Ü failed: grüße ".repeat(4).trim().to_owned(),
        html: format!("<!doctype html><p>{}</p>\n.\n..two dots\n", "ä&amp;".repeat(3000)),
        text: format!("{text}.\n.. \nFrom here\n=20\n"),
        ..RunReport::example(Host::default(), None, chrono::DateTime::default())
    };
    let receipt = sent(&server, &host, &message, &["admin@example.com", "two+x@example.com"]);
    assert_eq!(receipt, "accepted by 127.0.0.1 for admin@example.com, two+x@example.com: 2.0.0 queued as N1");
    let mail = server.only();
    assert_eq!(mail.0["type"], "multipart/alternative");
    assert_eq!(unix(mail.part("text/plain").unwrap()), message.text);
    assert_eq!(unix(mail.part("text/html").unwrap()), message.html);
    assert_eq!(mail.header("Subject"), Some(message.subject.as_str()));
    assert_eq!(mail.header("Auto-Submitted"), Some("auto-generated"));
    assert!(mail.header("Message-ID").is_some_and(|id| id.ends_with("@pve1.example.com>") && id.len() > 40));
    assert_eq!(mail.0["addresses"]["From"], json!(["root@pve1.example.com"]));
    assert_eq!(mail.0["addresses"]["To"], json!(["admin@example.com", "two+x@example.com"]));
    assert_eq!((&mail.0["date"], &mail.0["helo"]), (&json!(0.0), &json!("pve1.example.com")));
    assert_eq!((&mail.0["defects"], &mail.0["is_ascii"]), (&json!([]), &json!(true)));
    assert!(mail.0["longest"].as_u64().unwrap() <= 998, "{}", mail.0["longest"]);
}

#[test]
fn any_name_of_a_host_can_write() {
    let Some(server) = MailServer::plain() else { return };
    for (at, name) in ["pve_1", "höst", "-", "日本", &"x".repeat(64), "PVE.Example.COM", "a b"].into_iter().enumerate()
    {
        let host = host();
        host.plant("/etc/hostname", format!("{name}\n"));
        let facts = Host { name: name.to_owned(), ..Host::default() };
        let mut message = RunReport::example(facts, None, chrono::DateTime::default());
        message.html = format!("<p>{name}</p>");
        sent(&server, &host, &message, &["admin@example.com"]);
        let mail = &server.mails()[at];
        assert!(mail.header("Subject").unwrap().contains(name) && mail.part("text/html").unwrap().contains(name));
        let from = mail.0["envelope_from"].as_str().unwrap();
        assert!(from.starts_with("root@") && from.is_ascii() && from.len() > 5, "{name}: {from}");
        assert_eq!(mail.0["defects"], json!([]), "{name}");
    }
}

#[test]
fn a_backup_is_told_with_prefix_list_and_the_address_of_root() {
    let Some(server) = MailServer::plain() else { return };
    let sample = mail_host();
    sample.plant("/etc/pve/user.cfg", "user:root@pam:1:0:::boss@example.com:::\n");
    let settings = server.settings().replace("EMAIL_RECIPIENT=admin@example.com\n", "");
    let more = "EMAIL_SUBJECT_PREFIX=[Über]\nLIST_ID_HEADER=<backup.example.com>\nEMAIL_FROM=pve@example.com\n";
    sample.configure(&format!("{settings}{more}"));
    sample.expect(0, &["backup"]);
    let mail = server.only();
    assert_eq!(mail.0["envelope_to"], json!(["boss@example.com"]));
    assert_eq!(mail.0["envelope_from"], "pve@example.com");
    assert!(mail.header("Subject").unwrap().starts_with("[Über] ✓ Backup of pve1 completed"), "{mail:?}");
    assert_eq!(mail.header("List-Id"), Some("<backup.example.com>"));
    assert!(mail.part("text/plain").unwrap().contains("Status:"));
    // NOTIFY_ON holds here too.
    sample.configure(&format!("{settings}{more}NOTIFY_ON=failure\n"));
    sample.expect(0, &["backup"]);
    assert_eq!(server.mails().len(), 1);
}

/// Who root is stands in a file system that hangs when the cluster does.
#[test]
fn a_cluster_file_system_that_hangs_is_waited_for_two_seconds() {
    let Some(server) = MailServer::plain() else { return };
    let host = mail_host();
    host.plant("/etc/proxmox-backup/user.cfg", "user: root@pam\n\temail backup@example.com\n");
    let Some((_mounted, daemon)) = crate::tiers::hang::daemon(&[], &host.path("below"), &host.root().join("etc/pve"))
    else {
        return;
    };
    let message = RunReport::example(Host::default(), None, chrono::DateTime::default());
    daemon.signal("-STOP");
    let started = Instant::now();
    let receipt = sent(&server, &host, &message, &[]);
    let took = started.elapsed();
    daemon.signal("-CONT");
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert!(receipt.contains("whose address it should be is not known: cannot read /etc/pve/user.cfg"), "{receipt}");
    assert_eq!(server.only().0["envelope_to"], json!(["backup@example.com"]));
}

#[test]
fn starttls_and_a_login_by_either_mechanism() {
    for without in ["LOGIN", "PLAIN"] {
        let dir = tempfile::tempdir().unwrap();
        let authority = certificate(dir.path(), "IP:127.0.0.1");
        let Some(server) = secure(dir.path(), "starttls", &json!({ "without": [without] })) else { return };
        let output = tried_trusting(&authority, &smtp(server.port, &login(PASSWORD)), "email");
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(said(&output).contains("email: accepted by 127.0.0.1 for admin@example.com: 2.0.0 queued as N1"));
        let mail = server.only();
        let mechanism = if without == "LOGIN" { "PLAIN" } else { "LOGIN" };
        assert_eq!((&mail.0["encrypted"], &mail.0["logins"]), (&json!(true), &json!([mechanism])));
        assert!(mail.header("Subject").unwrap().starts_with("[TEST] "));
    }
}

#[test]
fn tls_from_the_first_byte_at_its_port() {
    let dir = tempfile::tempdir().unwrap();
    // Of this process alone: the port is always the same one.
    let [.., high, low] = std::process::id().to_be_bytes();
    let address = format!("127.46.{high}.{low}");
    if std::net::TcpListener::bind((address.as_str(), 465)).is_err() {
        return skip("port 465 is not to be had");
    }
    let authority = certificate(dir.path(), &format!("IP:{address}"));
    let Some(server) = secure(dir.path(), "tls", &json!({ "address": address, "port": 465 })) else { return };
    // Asking for no encryption changes nothing here.
    for more in ["", "SMTP_USE_TLS=false\n"] {
        let settings = smtp(465, &login(PASSWORD)).replace("SMTP_SERVER=127.0.0.1", &format!("SMTP_SERVER={address}"));
        let output = tried_trusting(&authority, &format!("{settings}{more}"), "email");
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
    assert_eq!(server.mails().len(), 2);
    assert_eq!(server.mails()[1].0["encrypted"], true);
}

/// A server with the certificate of `dir` that wants a login.
pub(super) fn secure(dir: &Path, mode: &str, own: &serde_json::Value) -> Option<MailServer> {
    let mut settings = json!({
        "mode": mode,
        "password": PASSWORD,
        "certificate": dir.join("own.pem"),
        "key": dir.join("own.key"),
    });
    settings.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    MailServer::start(&settings)
}

pub(super) fn login(password: &str) -> String {
    format!("SMTP_USERNAME=backup\nSMTP_PASSWORD='{password}'\nEMAIL_FALLBACK_SENDMAIL=false\n")
}

/// `notify test NAME` on a host that trusts this authority alone.
pub(super) fn tried_trusting(authority: &Path, settings: &str, name: &str) -> Output {
    let mut sample = mail_host();
    sample.environment.insert("SSL_CERT_FILE".into(), authority.display().to_string());
    sample.configure(settings);
    sample.run(["notify", "test", name])
}

/// The program with a `/usr/sbin` of its own that holds nothing but this as `sendmail`; `None` where
/// mount namespaces are not to be had, which is said.
pub(super) fn with_sendmail(sample: &Sample, script: Option<&str>, arguments: &[&str]) -> Option<Command> {
    let tried = Command::new("unshare").args(["--mount", "true"]).output().unwrap();
    if !tried.status.success() {
        skip("no mount namespace is to be had");
        return None;
    }
    let place = sample.path("sbin");
    std::fs::create_dir_all(&place).unwrap();
    if let Some(script) = script {
        use std::os::unix::fs::PermissionsExt;
        let program = place.join("sendmail");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let before = format!("mount --bind '{}' /usr/sbin", place.display());
    let mut command = in_own_mounts(&sample.program(arguments), &before);
    command.stdin(Stdio::null());
    Some(command)
}

/// Keeps arguments and message in the sample.
pub(super) fn keeping(sample: &Sample) -> String {
    let dir = sample.path("").display().to_string();
    format!("printf '%s\\n' \"$@\" > '{dir}/arguments'; cat > '{dir}/mail'")
}

#[test]
fn a_real_sendmail_delivers() {
    if !Path::new("/usr/bin/msmtp").exists() {
        return skip("msmtp is not installed: make deps");
    }
    let Some(server) = MailServer::plain() else { return };
    let sample = mail_host();
    sample.configure("EMAIL_ENABLED=true\nEMAIL_RECIPIENT=admin@example.com,other@example.com\n");
    let settings = sample.path("msmtprc");
    std::fs::write(&settings, format!("account default\nhost 127.0.0.1\nport {}\ntls off\n", server.port)).unwrap();
    let script = format!("exec /usr/bin/msmtp -C '{}' \"$@\"", settings.display());
    let Some(mut command) = with_sendmail(&sample, Some(&script), &["backup"]) else { return };
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let mail = server.only();
    assert_eq!(mail.0["envelope_from"], "root@pve1.example.com");
    assert_eq!(mail.0["envelope_to"], json!(["admin@example.com", "other@example.com"]));
    assert!(mail.header("Subject").unwrap().starts_with("✓ Backup of pve1 completed"), "{mail:?}");
    assert!(mail.part("text/plain").unwrap().contains("Status:"));
    assert_eq!(mail.0["defects"], json!([]));
}

#[test]
fn proxmoxs_notifications_are_a_mail_to_local_root() {
    for (settings, expected) in [
        ("EMAIL_DELIVERY_METHOD=pmf\nEMAIL_RECIPIENT=a@example.com\n", "root"),
        ("EMAIL_DELIVERY_METHOD=relay\n", "root"),
        ("EMAIL_RECIPIENT=a@example.com; root\n", "a@example.com root"),
    ] {
        let sample = mail_host();
        sample.configure(&format!("EMAIL_ENABLED=true\n{settings}"));
        let Some(mut command) = with_sendmail(&sample, Some(&keeping(&sample)), &["notify", "test"]) else { return };
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let arguments = std::fs::read_to_string(sample.path("arguments")).unwrap().replace('\n', " ");
        assert_eq!(arguments.trim(), format!("-i -f root@pve1.example.com -- {expected}"));
        let mail = std::fs::read_to_string(sample.path("mail")).unwrap();
        assert!(mail.contains("To: ") && mail.contains("Subject: [TEST]") && !mail.contains('\r'), "{mail}");
    }
}

pub(super) fn relay(receiver: &Receiver, more: &str) -> String {
    format!(
        "EMAIL_ENABLED=true\nEMAIL_DELIVERY_METHOD=relay\nCLOUDFLARE_WORKER_URL={}/send\nWORKER_RETRY_DELAY=0\n\
         CLOUDFLARE_WORKER_TOKEN=C4naryRelayToken\nHMAC_SECRET=C4naryRelayKey\nEMAIL_RECIPIENT=admin@example.com\n\
         EMAIL_FALLBACK_SENDMAIL=false\n{more}",
        receiver.address()
    )
}

#[test]
fn a_relay_gets_data_with_token_and_signature() {
    let receiver = Receiver::answering(&[Reply::Say(200, r#"{"success":true}"#.into())]);
    let sample = mail_host();
    sample.plant("/sys/class/net/eno1/address", "bc:24:11:00:00:01\n");
    sample.plant("/sys/class/net/eno1/device/vendor", "0x8086\n");
    sample.configure(&relay(&receiver, ""));
    sample.expect(0, &["backup"]);
    let heard = receiver.only();
    assert_eq!((heard.method.as_str(), heard.path.as_str()), ("POST", "/send"));
    assert_eq!(heard.header("authorization"), Some("Bearer C4naryRelayToken"));
    assert_eq!(heard.header("x-script-version"), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(heard.header("x-server-mac"), Some("bc:24:11:00:00:01"));
    assert_eq!(heard.header("x-signature"), Some(hmac_by_openssl(&heard.body).as_str()));
    let body = heard.json();
    let mut fields: Vec<&String> = body.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["report", "server_mac", "subject", "t", "to"]);
    assert_eq!((&body["to"], &body["server_mac"]), (&json!("admin@example.com"), &json!("bc:24:11:00:00:01")));
    let report = &body["report"];
    assert_eq!((&report["status"], &report["hostname"]), (&json!("success"), &json!("pve1")));
    assert_eq!(report["backup"]["primary"], json!({ "status": "1", "emoji": "✅", "count": 1 }));
    assert!(report["storage"]["local"]["percent_num"].is_u64() && report["metrics"]["files_included"].is_u64());
    assert!(!heard.text().contains('<'), "data only");
}

fn hmac_by_openssl(body: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("body"), body).unwrap();
    let output = Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", "C4naryRelayKey", "body"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().rsplit(' ').next().unwrap().to_owned()
}

#[test]
fn a_relay_that_refuses_is_asked_again_only_where_it_helps() {
    let say = |status, text: &str| Reply::Say(status, text.to_owned());
    for (replies, calls, code, expected) in [
        (vec![say(500, "oops"), say(200, "{}")], 2, 0, "accepted by the relay with status 200, attempt 2"),
        (vec![say(429, "busy"), say(200, "")], 2, 0, "attempt 2"),
        (vec![say(429, "Daily limit per server")], 1, 6, "the limit of the other side is reached: Daily limit"),
        (vec![say(401, r#"{"code":"INVALID_TOKEN"}"#)], 1, 6, "refused with status 401"),
        (vec![say(200, r#"{"success":false,"code":"X","error":"C4naryRelayToken"}"#)], 1, 6, "status 200: X ***"),
    ] {
        let receiver = Receiver::answering(&replies);
        let sample = mail_host();
        sample.configure(&relay(&receiver, ""));
        let output = sample.run(["notify", "test"]);
        assert_eq!((output.status.code(), receiver.heard().len()), (Some(code), calls), "{}", said(&output));
        assert!(said(&output).contains(expected), "{replies:?}: {}", said(&output));
    }
    // Root of some host is nobody to it.
    let receiver = Receiver::answering(&[say(200, "")]);
    let sample = mail_host();
    sample.configure(&relay(&receiver, "EMAIL_RECIPIENT=root@example.com\nEMAIL_FALLBACK_SENDMAIL=true\n"));
    let Some(mut command) = with_sendmail(&sample, Some(&keeping(&sample)), &["notify", "test"]) else { return };
    let output = command.output().unwrap();
    assert!(output.status.success() && receiver.heard().is_empty(), "{}", said(&output));
    assert!(said(&output).contains("because relay failed: a relay sends nothing to root@example.com"));
}
