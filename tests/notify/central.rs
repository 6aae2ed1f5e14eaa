//! A server that knows hosts by their number, as the older tools' one: pairing, messages and what became
//! of them, the address of a check. Nothing else in the world is asked.

use std::path::Path;
use std::sync::Arc;

use proxmox_backup::host::Host;
use proxmox_backup::notify::{Badge, Channel, Channels, send_all};
use proxmox_backup::report::{Message, RunReport};
use proxmox_backup::system::{Cancel, Root};
use serde_json::json;

use super::{Heard, Receiver, Reply, host};
use crate::sample::{Sample, files_in, names_in};

const NUMBER: &str = "7109226450519581";
const SECRET: &str = "abcd-EFGH-ijkl-1234";

fn say(status: u16, body: &serde_json::Value) -> Reply {
    Reply::Say(status, body.to_string())
}

/// A server that pairs with everybody, and takes messages in as `statuses` say one after the other.
fn server(statuses: &'static [(u16, &'static str)]) -> Receiver {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    Receiver::by(move |_, heard| match heard.path.split('?').next().unwrap() {
        "/api/get-chat-id" => say(200, &json!({"notify_secret": SECRET, "bot_token": "1:a", "chat_id": ""})),
        "/api/confirm-secret" => say(200, &json!({})),
        "/api/notify" => say(202, &json!({"queued": true})),
        "/api/notify/status" => {
            // The script is asked twice for each request.
            let count = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) / 2;
            let (status, state) = statuses[count.min(statuses.len() - 1)];
            Reply::Say(status, state.to_owned())
        }
        "/api/healthcheck/config" => {
            let address = format!("http://{}/ping/C4naryCheck", heard.header("host").unwrap());
            say(200, &json!({"mode": "centralized", "alive_ping_url": "x", "backup_ping_url": address}))
        }
        _ => Reply::Say(200, "OK".into()),
    })
}

fn settings(server: &Receiver, more: &str) -> String {
    format!(
        "TELEGRAM_ENABLED=true\nBOT_TELEGRAM_TYPE=centralized\nTELEGRAM_SERVER_API_HOST={}/\n\
         TELEGRAM_CONFIRM_INTERVAL_SECONDS=0\nTELEGRAM_CONFIRM_TIMEOUT_SECONDS=2\n{more}",
        server.address()
    )
}

fn channels(sample: &Sample, lines: &str) -> Channels {
    sample.configure(lines);
    let channels = Channels::of(&sample.config().notify, &Root::live().unwrap());
    channels.introduce(Badge { number: Some(NUMBER.into()), state: sample.path("state") });
    channels
}

fn message() -> Arc<Message> {
    let host = Host { name: "pve1".into(), ..Host::default() };
    Arc::new(RunReport::example(host, None, chrono::DateTime::default()))
}

/// What the only channel says.
fn sent(sample: &Sample, lines: &str) -> Result<String, String> {
    let all = channels(sample, lines).all();
    let receipts = send_all(&all, &message(), &Cancel::default());
    assert_eq!(receipts.len(), 1);
    receipts.into_iter().next().unwrap().result.map_err(|error| error.to_string())
}

fn paths(server: &Receiver) -> Vec<String> {
    server.heard().iter().map(|one: &Heard| format!("{} {}", one.method, one.path.split('?').next().unwrap())).collect()
}

fn only_file(dir: &Path) -> String {
    let files = files_in(dir);
    assert_eq!(files.len(), 1, "{files:?}");
    std::fs::read_to_string(&files[0]).unwrap()
}

#[test]
fn the_first_message_pairs_and_the_next_ones_use_what_was_given() {
    let server = server(&[(200, r#"{"state":"pending"}"#), (200, r#"{"state":"delivered","telegram_message_id":77}"#)]);
    let sample = host();
    let first = sent(&sample, &settings(&server, "")).unwrap();
    assert_eq!(first, "accepted with status 202, delivered as message 77");
    let once = ["POST /api/notify", "GET /api/notify/status", "GET /api/notify/status"];
    assert_eq!(paths(&server), [&["GET /api/get-chat-id", "POST /api/confirm-secret"][..], &once[..]].concat());
    let heard = server.heard();
    assert_eq!(heard[0].path, format!("/api/get-chat-id?server_id={NUMBER}"));
    assert_eq!((heard[0].header("x-proxsave-provision"), heard[0].header("x-server-auth")), (Some("1"), None));
    assert!(heard[1..].iter().all(|one| one.header("x-server-auth") == Some(SECRET)));
    assert_eq!(heard[1].json(), json!({"server_id": NUMBER}));
    let told = heard[2].json();
    assert_eq!(told["server_id"], NUMBER);
    assert!(told["message"].as_str().unwrap().starts_with("[TEST] Backup of pve1"));
    let id = heard[2].header("x-notify-id").unwrap();
    assert_eq!(heard[3].path, format!("/api/notify/status?server_id={NUMBER}&notify_id={id}"));
    assert_eq!(only_file(&sample.path("state")), format!("{SECRET}\n"));
    let kept = files_in(&sample.path("state")).remove(0);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(kept).unwrap().permissions());
    assert_eq!(mode & 0o7777, 0o600);

    sent(&sample, &settings(&server, "TELEGRAM_CONFIRM_DELIVERY=no\n")).unwrap();
    assert_eq!(paths(&server)[5..], ["POST /api/notify"]);
    // Another server is not told the secret of this one.
    let other = Receiver::answering(&[Reply::Say(403, String::new())]);
    assert!(sent(&sample, &settings(&other, "")).unwrap_err().contains(&format!("send it the number {NUMBER}")));
    assert!(other.heard().iter().all(|one| one.header("x-server-auth").is_none()) && other.heard().len() == 1);
}

#[test]
fn what_nobody_can_confirm_is_a_receipt_that_says_so() {
    for (statuses, expected) in [
        (&[(200, r#"{"state":"pending"}"#)][..], Ok("accepted with status 202; not confirmed within 1 s")),
        (&[(200, "<html>")], Ok("not confirmed within 1 s")),
        (&[(500, "oops")], Ok("not confirmed within 1 s")),
        (&[(404, "")], Ok("not confirmed, the server tells nothing about it (status 404)")),
        (&[(401, "")], Ok("not confirmed, the server tells nothing about it (status 401)")),
        (&[(429, "slow")], Ok("not confirmed, the server has been asked too often")),
        (&[(500, ""), (200, r#"{"state":"delivered"}"#)], Ok("accepted with status 202, delivered")),
        (
            &[(200, r#"{"state":"failed","reason":"chat not found abcd-EFGH-ijkl-1234"}"#)],
            Err("the server took it, and Telegram did not: chat not found ***"),
        ),
    ] {
        let server = server(statuses);
        let sample = host();
        let told = sent(&sample, &settings(&server, "TELEGRAM_CONFIRM_TIMEOUT_SECONDS=1\n"));
        match expected {
            Ok(receipt) => assert!(told.as_ref().is_ok_and(|told| told.contains(receipt)), "{statuses:?}: {told:?}"),
            Err(error) => assert!(told.as_ref().is_err_and(|told| told.contains(error)), "{statuses:?}: {told:?}"),
        }
        assert_eq!(paths(&server).iter().filter(|path| *path == "POST /api/notify").count(), 1);
    }
}

#[test]
fn each_refusal_of_the_server_says_what_to_do() {
    for (status, expected) in [
        (404, "start its bot in Telegram"),
        (409, "send the number 7109226450519581 to the server's bot"),
        (410, "write to the bot to wake it"),
        (413, "too long"),
        (422, "does not take the number"),
        (426, "newer version"),
        (429, "the limit of the other side is reached"),
    ] {
        let server = Receiver::answering(&[Reply::Say(status, "no".into())]);
        let told = sent(&host(), &settings(&server, &format!("TELEGRAM_SERVER_SECRET={SECRET}\n"))).unwrap_err();
        assert!(told.contains(expected), "{status}: {told}");
        assert_eq!(paths(&server), ["POST /api/notify"], "{status}");
    }
}

#[test]
fn a_secret_that_does_not_count_any_more_is_replaced_once_and_a_given_one_never() {
    for (status, more, expected) in [
        (
            401,
            "",
            ["POST /api/notify", "GET /api/get-chat-id", "POST /api/confirm-secret", "POST /api/notify"].as_slice(),
        ),
        (403, "TELEGRAM_SERVER_SECRET=given-by-hand\n", &["POST /api/notify"]),
    ] {
        let server = Receiver::by(move |_, heard| match heard.path.split('?').next().unwrap() {
            "/api/get-chat-id" => say(200, &json!({"notify_secret": SECRET})),
            "/api/notify" if heard.header("x-server-auth") != Some(SECRET) => Reply::Say(status, "stale".into()),
            _ => Reply::Say(200, "{}".into()),
        });
        let sample = host();
        let lines = settings(&server, more);
        sent(&sample, &lines).ok();
        let before = server.heard().len();
        for file in names_in(&sample.path(""))
            .contains(&"state".to_owned())
            .then(|| files_in(&sample.path("state")))
            .into_iter()
            .flatten()
        {
            std::fs::write(file, "an-older-secret\n").unwrap();
        }
        let told = sent(&sample, &lines);
        assert_eq!(paths(&server)[before..], *expected, "{told:?}");
        match more {
            "" => assert_eq!(told.unwrap(), "accepted with status 200, delivered"),
            _ => assert!(told.unwrap_err().contains("TELEGRAM_SERVER_SECRET")),
        }
    }
}

#[test]
fn a_server_that_only_lends_its_bot_is_asked_for_it_each_time() {
    let server = Receiver::by(|_, heard| {
        if heard.path.starts_with("/api/get-chat-id") {
            return say(200, &json!({"bot_token": "1:lent", "chat_id": -5}));
        }
        say(200, &json!({"ok": true, "result": {"message_id": 3}}))
    });
    let sample = host();
    let lines = settings(&server, &format!("TELEGRAM_API_URL={}\n", server.address()));
    for _ in 0..2 {
        assert_eq!(sent(&sample, &lines).unwrap(), "accepted with status 200, message 3");
    }
    let both = ["GET /api/get-chat-id", "POST /bot1:lent/sendMessage"];
    assert_eq!(paths(&server), [both, both].concat());
    assert!(!sample.path("state").exists() || names_in(&sample.path("state")).is_empty());
}

#[test]
fn a_server_tells_where_the_check_is() {
    let server = server(&[]);
    let sample = host();
    let lines = format!(
        "HEALTHCHECK_ENABLED=true\nHEALTHCHECK_MODE=centralized\nTELEGRAM_SERVER_API_HOST={}\n",
        server.address()
    );
    let channels = channels(&sample, &lines);
    let ping = channels.ping.clone().unwrap();
    ping.start(&Cancel::default()).unwrap();
    ping.send(&message(), &Cancel::default()).unwrap();
    assert_eq!(
        paths(&server),
        [
            "GET /api/get-chat-id",
            "POST /api/confirm-secret",
            "GET /api/healthcheck/config",
            "POST /ping/C4naryCheck/start",
            "POST /ping/C4naryCheck/log",
        ]
    );
    let heard = server.heard();
    assert_eq!(heard[2].path, format!("/api/healthcheck/config?server_id={NUMBER}"));
    assert_eq!(heard[2].header("x-server-auth"), Some(SECRET));
    // The check is another service: it gets neither number nor secret.
    assert!(heard[3..].iter().all(|one| one.header("x-server-auth").is_none() && !one.path.contains(NUMBER)));

    for (status, body, expected) in [
        (404, "", "does not know the number"),
        (503, r#"{"error":"HC_NOT_READY"}"#, "the next run asks again"),
        (200, "{}", "names no address of a check"),
        (200, r#"{"backup_ping_url":"file:///etc/shadow"}"#, "names no address of a check"),
        (403, "", "does not accept the secret"),
    ] {
        let server = Receiver::answering(&[Reply::Say(status, body.into())]);
        let lines =
            lines.replace("HEALTHCHECK_ENABLED", &format!("TELEGRAM_SERVER_SECRET={SECRET}\nHEALTHCHECK_ENABLED"));
        let address = lines.split("API_HOST=").nth(1).unwrap().trim().to_owned();
        let told = sent(&sample, &lines.replace(&address, &server.address())).unwrap_err();
        assert!(told.contains(expected), "{status}: {told}");
    }
}

#[test]
fn without_a_number_nobody_is_asked() {
    let server = server(&[]);
    let sample = host();
    sample.configure(&settings(&server, "HEALTHCHECK_ENABLED=true\nHEALTHCHECK_MODE=centralized\n"));
    let channels = Channels::of(&sample.config().notify, &Root::live().unwrap());
    for receipt in send_all(&channels.all(), &message(), &Cancel::default()) {
        assert!(receipt.result.unwrap_err().to_string().contains("this host has no number yet"));
    }
    assert_eq!(server.heard().len(), 0);
}
