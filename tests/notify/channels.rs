//! What each channel sends after a run, checked by who gets it.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use super::{Heard, Receiver, Reply, TOKEN, host, said, tried, webhook};

/// A form, decoded by Python.
fn form(text: &str) -> Vec<(String, String)> {
    let script = "import sys,json,urllib.parse as p; print(json.dumps(p.parse_qsl(sys.argv[1], strict_parsing=True)))";
    let output = Command::new("python3").args(["-c", script, text]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The HMAC of a body as `openssl` computes it.
pub(super) fn hmac(key: &str, body: &[u8]) -> String {
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", key, "-r"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    openssl.stdin.take().unwrap().write_all(body).unwrap();
    let output = openssl.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned()
}

fn telegram() -> Receiver {
    Receiver::answering(&[Reply::Say(200, json!({"ok": true, "result": {"message_id": 77}}).to_string())])
}

#[test]
fn telegram_gets_a_form() {
    let (receiver, sample) = (telegram(), host());
    sample.configure(&format!(
        "TELEGRAM_ENABLED=true\nTELEGRAM_BOT_TOKEN={TOKEN}\nTELEGRAM_CHAT_ID=-100\nTELEGRAM_API_URL={}/\n",
        receiver.address()
    ));
    let output = sample.run(["backup"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let heard = receiver.only();
    assert_eq!((heard.method.as_str(), heard.path), ("POST", format!("/bot{TOKEN}/sendMessage")));
    let fields = form(&String::from_utf8(heard.body).unwrap());
    assert_eq!(fields[0], ("chat_id".to_owned(), "-100".to_owned()));
    assert!(
        fields[1].1.starts_with("✓ Backup of pve1 completed (") && fields[1].1.contains("\nLocal storage: ✓ "),
        "{fields:?}"
    );
    assert!(said(&output).contains("✓ telegram: accepted with status 200, message 77"), "{}", said(&output));
}

#[test]
fn a_central_server_is_asked_by_number_and_none_is_built_in() {
    let receiver = telegram();
    let settings = format!(
        "TELEGRAM_ENABLED=true\nBOT_TELEGRAM_TYPE=centralized\nTELEGRAM_SERVER_API_HOST={}\n",
        receiver.address()
    );
    // A mounted disk has no number.
    let (code, text) = tried(&settings);
    assert!(code == Some(6) && text.contains("this host has no number yet"), "{text}");
    assert_eq!(receiver.heard().len(), 0);
    let (code, text) = tried("TELEGRAM_ENABLED=true\nBOT_TELEGRAM_TYPE=centralized\n");
    assert!(code == Some(2) && text.contains("needs TELEGRAM_SERVER_API_HOST"), "{text}");
}

#[test]
fn gotify_gets_its_token_in_a_header_and_a_priority() {
    let receiver = Receiver::answering(&[Reply::Say(200, json!({"id": 5, "appid": 1}).to_string())]);
    let sample = host();
    let settings = |more: &str| {
        format!(
            "GOTIFY_ENABLED=true\nGOTIFY_SERVER_URL={}/base\nGOTIFY_TOKEN=AbCdEf\nGOTIFY_PRIORITY_SUCCESS=3\n{more}",
            receiver.address()
        )
    };
    sample.configure(&settings(""));
    sample.expect(0, &["backup"]);
    // Something asked for is not there.
    sample.configure(&settings("SECONDARY_ENABLED=true\nSECONDARY_PATH=/proc/nothing\n"));
    sample.expect(1, &["backup"]);
    sample.configure(&settings("ENCRYPT_ARCHIVE=true\nAGE_RECIPIENT_FILE=/proc/nothing\n"));
    sample.expect(15, &["backup"]);
    let heard = receiver.heard();
    let told: Vec<_> =
        heard.iter().map(|one| (one.method.as_str(), one.path.as_str(), one.json()["priority"].clone())).collect();
    assert_eq!(told, [3, 5, 8].map(|priority| ("POST", "/base/message", json!(priority))));
    assert!(heard.iter().all(|one| one.header("x-gotify-key") == Some("AbCdEf")));
    let titles: Vec<String> = heard.iter().map(|one| one.json()["title"].as_str().unwrap().to_owned()).collect();
    for (title, start) in titles.iter().zip([
        "✓ Backup of pve1 completed (",
        "⚠ Backup of pve1 completed with ",
        "✗ Backup of pve1 failed (",
    ]) {
        assert!(title.starts_with(start), "{title}");
    }
    assert!(heard[2].json()["message"].as_str().unwrap().contains("Reason: "));
}

#[test]
fn a_webhook_gets_the_report_with_headers_and_login() {
    for (more, expected) in [
        ("", None),
        ("WEBHOOK_OPS_AUTH_TYPE=bearer\nWEBHOOK_OPS_AUTH_TOKEN=t0k\n", Some("Bearer t0k")),
        (
            "WEBHOOK_OPS_AUTH_TYPE=basic\nWEBHOOK_OPS_AUTH_USER=Aladdin\nWEBHOOK_OPS_AUTH_PASS='open sesame'\n",
            Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ),
    ] {
        let receiver = Receiver::answering(&[Reply::Say(204, String::new())]);
        let sample = host();
        sample.configure(&webhook(&receiver, &format!("WEBHOOK_OPS_HEADERS=X-Room:ops,X-Team: a b\n{more}")));
        sample.expect(0, &["backup"]);
        let heard = receiver.only();
        assert_eq!((heard.method.as_str(), heard.path.as_str()), ("POST", "/hook"));
        assert_eq!((heard.header("x-room"), heard.header("x-team")), (Some("ops"), Some("a b")));
        assert_eq!(heard.header("authorization"), expected);
        assert!(heard.header("user-agent").unwrap().starts_with("proxmox-config-backup/"));
        let report = heard.json();
        assert_eq!(
            (&report["status"], &report["hostname"], &report["test"]),
            (&json!("success"), &json!("pve1"), &json!(false))
        );
        assert!(report["archive_path"].as_str().is_some_and(|path| path.contains("pve1-backup-")));
    }
}

#[test]
fn a_signature_is_what_openssl_computes() {
    let receiver = Receiver::answering(&[Reply::Say(200, "ok".into())]);
    let secret = "s3cret-key";
    let more = format!("WEBHOOK_OPS_AUTH_TYPE=hmac\nWEBHOOK_OPS_AUTH_SECRET={secret}\nWEBHOOK_OPS_METHOD=PUT\n");
    let (code, text) = tried(&webhook(&receiver, &more));
    assert_eq!(code, Some(0), "{text}");
    let heard = receiver.only();
    assert_eq!((heard.method.as_str(), heard.header("x-signature-algorithm")), ("PUT", Some("hmac-sha256")));
    assert_eq!(heard.header("x-signature"), Some(hmac(secret, &heard.body).as_str()));
}

#[test]
fn each_format_has_its_form_and_a_get_has_no_body() {
    for (format, place) in [
        ("discord", "/embeds/0/title"),
        ("slack", "/blocks/0/text/text"),
        ("teams", "/attachments/0/content/body/0/text"),
        ("generic", "/title"),
    ] {
        let receiver = Receiver::answering(&[Reply::Say(200, String::new())]);
        assert_eq!(tried(&webhook(&receiver, &format!("WEBHOOK_FORMAT={format}\n"))).0, Some(0));
        let body = receiver.only().json();
        let title = body.pointer(place).and_then(|title| title.as_str()).unwrap_or_default();
        assert!(title.starts_with("[TEST] Backup of pve1"), "{format}: {body}");
    }
    let receiver = Receiver::answering(&[Reply::Say(200, String::new())]);
    assert_eq!(tried(&webhook(&receiver, "WEBHOOK_OPS_METHOD=GET\n")).0, Some(0));
    assert_eq!((receiver.only().method.as_str(), receiver.only().body.len()), ("GET", 0));
}

fn paths(receiver: &Receiver) -> Vec<String> {
    receiver.heard().iter().map(|one: &Heard| one.path.split("rid=").next().unwrap().to_owned()).collect()
}

#[test]
fn a_ping_tells_begin_and_end_of_each_run() {
    let receiver = Receiver::answering(&[Reply::Say(200, "OK".into())]);
    let sample = host();
    let settings =
        |more: &str| format!("HEALTHCHECK_ENABLED=true\nHEALTHCHECK_BACKUP_URL={}/check\n{more}", receiver.address());
    sample.configure(&settings(""));
    sample.expect(0, &["backup"]);
    // Nothing is to be done: what has begun ends all the same.
    sample.expect(16, &["backup", "--if-changed"]);
    sample.configure(&settings("ENCRYPT_ARCHIVE=true\nAGE_RECIPIENT_FILE=/proc/nothing\n"));
    sample.expect(15, &["backup"]);
    assert_eq!(
        paths(&receiver),
        ["/check/start?", "/check?", "/check/start?", "/check?", "/check/start?", "/check/15?"]
    );
    let heard = receiver.heard();
    let rid = |one: &Heard| one.path.split("rid=").nth(1).unwrap().to_owned();
    for run in heard.chunks(2) {
        assert_eq!((rid(&run[0]), rid(&run[0]).len()), (rid(&run[1]), 36));
    }
    assert_ne!(rid(&heard[0]), rid(&heard[2]));
    let failed = heard[5].text();
    assert!(failed.contains("✗ Backup of pve1 failed") && failed.contains("Step 1/8"), "{failed}");
    assert!(!heard[1].text().contains("Step 1/8"));

    sample.configure(&settings("ENCRYPT_ARCHIVE=true\nAGE_RECIPIENT_FILE=/proc/nothing\nHEALTHCHECK_SEND_LOG=no\n"));
    sample.expect(15, &["backup"]);
    assert!(!receiver.heard()[7].text().contains("Step 1/8"));
    // Switched off: not even the begin.
    sample.configure(&settings("BACKUP_ENABLED=false\n"));
    sample.expect(16, &["backup"]);
    assert_eq!(receiver.heard().len(), 8);
    sample.configure(&settings(""));
    sample.expect(0, &["notify", "test", "ping"]);
    assert_eq!(paths(&receiver)[8], "/check/log?");
}

#[test]
fn the_checks_of_channels_are_told_what_became_of_them() {
    let pings = Receiver::answering(&[Reply::Say(200, "OK".into())]);
    for (status, expected) in [(200, "/hooks?"), (403, "/hooks/fail?")] {
        let hooks = Receiver::answering(&[Reply::Say(status, String::new())]);
        let sample = host();
        let checks = format!(
            "HEALTHCHECK_ENABLED=true\nHEALTHCHECK_BACKUP_URL={0}/check\nHEALTHCHECK_NOTIFY_WEBHOOK_URL={0}/hooks\n\
             HEALTHCHECK_NOTIFY_GOTIFY_URL={0}/gotify\n",
            pings.address()
        );
        sample.configure(&webhook(&hooks, &checks));
        sample.expect(0, &["backup"]);
        assert_eq!(paths(&pings).last().map(String::as_str), Some(expected));
    }
}

#[test]
fn who_wants_only_failures_hears_only_of_them() {
    let receiver = Receiver::answering(&[Reply::Say(200, String::new())]);
    let sample = host();
    sample.configure(&webhook(&receiver, "NOTIFY_ON=failure\n"));
    sample.expect(0, &["backup"]);
    sample.expect(0, &["backup", "--dry-run"]);
    assert_eq!(receiver.heard().len(), 0);
    sample
        .configure(&webhook(&receiver, "NOTIFY_ON=failure\nENCRYPT_ARCHIVE=true\nAGE_RECIPIENT_FILE=/proc/nothing\n"));
    sample.expect(15, &["backup"]);
    assert_eq!(receiver.only().json()["status"], "failure");
    // Nothing of a dry run, whoever wants to hear everything.
    sample.configure(&webhook(&receiver, ""));
    sample.expect(0, &["backup", "--dry-run"]);
    assert_eq!(receiver.heard().len(), 1);
}
