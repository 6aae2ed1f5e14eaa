//! Every channel through every kind of trouble: what it says, how often it tries, and a backup that is
//! the same each time. All kinds at once, because most of them wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use proxmox_backup::host::Host;
use proxmox_backup::notify::{Badge, Channels, send_all};
use proxmox_backup::report::RunReport;
use proxmox_backup::system::{Cancel, Root};
use serde_json::{Value, json};

use super::channels::hmac;
use super::trouble::{certificates, secure};
use super::{Heard, Receiver, Reply, TOKEN, host, said, tried};

/// What each receiver takes for its own.
const GOOD: &str = r#"{"ok":true,"result":{"message_id":1},"id":5}"#;

const FORMATS: [&str; 5] = ["generic", "discord", "slack", "teams", "pushover"];

/// How a receiver behaves, and what is said then.
struct Trouble {
    name: &'static str,
    reply: Reply,
    /// After the first call of each path everything is well.
    passes: bool,
    /// What helps no more than the first time is not tried again.
    is_final: bool,
    said: &'static str,
}

fn troubles() -> Vec<Trouble> {
    let trouble = |name, reply, is_final, said| Trouble { name, reply, passes: false, is_final, said };
    let say = |status, text: &str| Reply::Say(status, text.to_owned());
    vec![
        trouble("429", say(429, "slow down"), true, "the limit of the other side is reached: slow down"),
        trouble("quota", say(400, "Daily quota exceeded"), true, "the limit of the other side is reached"),
        trouble("500", say(500, "oops"), false, "failed there with status 500: oops"),
        Trouble { passes: true, ..trouble("500 once", say(500, "oops"), false, "accepted with status 200, attempt 2") },
        trouble("silence", Reply::Silence, false, "no answer within "),
        trouble("reset", Reply::Reset, false, "cannot be reached: "),
        trouble("endless", Reply::Endless(400, Duration::ZERO), true, "refused with status 400: xxxxx"),
        trouble("slow", Reply::Endless(400, Duration::from_millis(200)), true, "refused with status 400: xxxxx"),
        trouble("noise", Reply::Noise, false, "what answers there is no HTTP server"),
        trouble("redirect", Reply::Redirect(302, "http://127.0.0.1:1/".into()), true, "it names another address"),
        trouble("moved", Reply::Redirect(308, "/elsewhere".into()), true, "it names another address"),
    ]
}

/// Every channel that needs no number, each at a path of its own.
fn all(address: &str) -> String {
    let hooks = FORMATS.iter().map(|format| {
        let name = format.to_uppercase();
        format!(
            "WEBHOOK_{name}_URL={address}/hook/{format}\nWEBHOOK_{name}_FORMAT={format}\n\
             WEBHOOK_{name}_AUTH_TOKEN=t0ken\nWEBHOOK_{name}_AUTH_USER=user\n"
        )
    });
    format!(
        "TELEGRAM_ENABLED=true\nTELEGRAM_BOT_TOKEN={TOKEN}\nTELEGRAM_CHAT_ID=1\nTELEGRAM_API_URL={address}\n\
         GOTIFY_ENABLED=true\nGOTIFY_SERVER_URL={address}\nGOTIFY_TOKEN=t\n\
         HEALTHCHECK_ENABLED=true\nHEALTHCHECK_BACKUP_URL={address}/ping\n\
         WEBHOOK_ENABLED=true\nWEBHOOK_ENDPOINTS=generic,discord,slack,teams,pushover,template\n\
         WEBHOOK_MAX_RETRIES=1\nWEBHOOK_RETRY_DELAY=0\nWEBHOOK_TIMEOUT=2\n\
         WEBHOOK_TEMPLATE_URL={address}/hook/template\nWEBHOOK_TEMPLATE_TEMPLATE='{{{{short}}}}'\n{}",
        hooks.collect::<Vec<_>>().concat()
    )
}

/// The path, and how often it is called where that may help.
fn place(channel: &str) -> (String, usize) {
    match channel {
        "telegram" => (format!("/bot{TOKEN}/sendMessage"), 3),
        "gotify" => ("/message".to_owned(), 3),
        "ping" => ("/ping".to_owned(), 3),
        "ping at the start" => ("/ping/start".to_owned(), 2),
        hook => (format!("/hook/{}", hook.strip_prefix("webhook ").unwrap()), 2),
    }
}

fn path(heard: &Heard) -> String {
    heard.path.split('?').next().unwrap().to_owned()
}

/// The trouble, at each path or at those that begin like this; elsewhere all is well.
fn receiver(trouble: &Trouble, at: &'static str, elsewhere: fn(&Heard) -> Reply) -> Receiver {
    let (reply, passes) = (trouble.reply.clone(), trouble.passes);
    let first: Mutex<HashMap<String, usize>> = Mutex::default();
    Receiver::by(move |count, heard| {
        let path = path(heard);
        if !path.starts_with(at) {
            return elsewhere(heard);
        }
        let is_first = *first.lock().unwrap().entry(path).or_insert(count) == count;
        if passes && !is_first { Reply::Say(200, GOOD.to_owned()) } else { reply.clone() }
    })
}

/// A run that tells everybody; gives the report.
fn backed_up(settings: &str) -> Value {
    let sample = host();
    sample.configure(settings);
    let started = Instant::now();
    let output = sample.run(["backup", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(started.elapsed() < Duration::from_secs(90), "{:?}", started.elapsed());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["status"], &report["exit_code"]), (&json!("success"), &json!(0)));
    sample.expect(0, &["verify"]);
    let stats =
        crate::sample::files_in(&sample.path("logs")).into_iter().find(|path| path.to_string_lossy().contains("stats"));
    let stats: Value = serde_json::from_slice(&std::fs::read(stats.unwrap()).unwrap()).unwrap();
    assert_eq!(stats["notifications"], report["notifications"]);
    report
}

/// What became of each message, in words.
fn told(report: &Value) -> Vec<(String, bool, String)> {
    let rows = report["notifications"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["seconds"].as_f64().is_some_and(|seconds| seconds >= 0.0)), "{rows:?}");
    let row = |row: &Value| {
        let ok = row["ok"].as_bool().unwrap();
        let text = row[if ok { "answer" } else { "error" }].as_str().unwrap().to_owned();
        assert_eq!(row.as_object().unwrap().len(), 4, "{row}");
        (row["channel"].as_str().unwrap().to_owned(), ok, text)
    };
    let told: Vec<_> = rows.iter().map(row).collect();
    let names: Vec<&str> = told.iter().map(|(channel, ..)| channel.as_str()).collect();
    let hooks = FORMATS.iter().chain(&["template"]).map(|name| format!("webhook {name}"));
    let expected: Vec<String> = ["ping at the start", "telegram", "gotify"]
        .map(str::to_owned)
        .into_iter()
        .chain(hooks)
        .chain(["ping".to_owned()])
        .collect();
    assert_eq!(names, expected);
    told
}

#[test]
fn no_trouble_of_any_channel_changes_the_backup() {
    std::thread::scope(|scope| {
        for trouble in troubles() {
            scope.spawn(move || {
                let receiver = receiver(&trouble, "", |_| Reply::Say(200, GOOD.to_owned()));
                for (channel, ok, text) in told(&backed_up(&all(&receiver.address()))) {
                    let (place, tries) = place(&channel);
                    let calls = receiver.heard().iter().filter(|one| path(one) == place).count();
                    let what = format!("{}: {channel}: {text}", trouble.name);
                    assert!(text.contains(trouble.said), "{what}");
                    assert_eq!(ok, trouble.passes, "{what}");
                    let expected = if trouble.is_final {
                        1
                    } else if trouble.passes {
                        2
                    } else {
                        tries
                    };
                    assert_eq!(calls, expected, "{what}");
                }
            });
        }
        // Accepted, but the answer does not end: who needs it to know has not got it.
        scope.spawn(|| {
            let receiver = Receiver::answering(&[Reply::Endless(200, Duration::ZERO)]);
            for (channel, ok, text) in told(&backed_up(&all(&receiver.address()))) {
                assert_eq!(ok, !matches!(channel.as_str(), "telegram" | "gotify"), "{channel}: {text}");
                assert!(ok || text.contains("the answer is not that of "), "{channel}: {text}");
            }
        });
        // Another host's certificate.
        scope.spawn(|| {
            let dir = tempfile::tempdir().unwrap();
            certificates(dir.path());
            let server = secure(dir.path(), "other");
            for (channel, ok, text) in told(&backed_up(&all(&format!("https://127.0.0.1:{}", server.port)))) {
                assert!(!ok && text.contains("its certificate is not trusted: "), "{channel}: {text}");
            }
        });
    });
}

/// What a central server answers where nothing is wrong with it.
fn central(heard: &Heard) -> Reply {
    let address = format!("http://{}/ping", heard.header("host").unwrap());
    let body = match path(heard).as_str() {
        "/api/notify/status" => json!({"state": "delivered"}),
        "/api/healthcheck/config" => json!({"backup_ping_url": address}),
        _ => json!({}),
    };
    Reply::Say(200, body.to_string())
}

#[test]
fn a_central_server_in_trouble_is_treated_like_any_other() {
    std::thread::scope(|scope| {
        for (channel, at, tries) in
            [("telegram", "/api/notify", 2), ("ping", "/api/healthcheck/config", 1), ("ping", "/ping", 3)]
        {
            // Who is asked once has no second time on which it is well.
            for trouble in troubles().into_iter().filter(|trouble| tries > 1 || !trouble.passes) {
                scope.spawn(move || {
                    let receiver = receiver(&trouble, at, central);
                    let sample = host();
                    sample.configure(&format!(
                        "TELEGRAM_SERVER_API_HOST={}\nTELEGRAM_SERVER_SECRET=abcd-efgh-ijkl\nBOT_TELEGRAM_TYPE=centralized\n\
                         HEALTHCHECK_MODE=centralized\nTELEGRAM_ENABLED={}\nHEALTHCHECK_ENABLED={}\n",
                        receiver.address(),
                        channel == "telegram",
                        channel == "ping",
                    ));
                    let channels = Channels::of(&sample.config().notify, &Root::live().unwrap());
                    channels.introduce(Badge { number: Some("1234567890123456".into()), state: sample.path("state") });
                    let message = RunReport::example(Host::default(), None, chrono::DateTime::default());
                    let receipts = send_all(&channels.all(), &Arc::new(message), &Cancel::default());
                    let result = receipts[0].result.as_ref().map(Clone::clone).map_err(ToString::to_string);
                    let what = format!("{}: {at}: {result:?}", trouble.name);
                    let text = if trouble.passes { result.as_ref().ok() } else { result.as_ref().err() };
                    assert!(text.is_some_and(|text| text.contains(trouble.said)), "{what}");
                    let calls = receiver.heard().iter().filter(|one| path(one).starts_with(at)).count();
                    let expected = if trouble.is_final { 1 } else if trouble.passes { 2 } else { tries };
                    assert_eq!(calls, expected, "{what}");
                });
            }
        }
    });
}

#[test]
fn every_format_is_signed_as_openssl_would() {
    let secret = "s3cret key & more";
    for format in FORMATS.iter().chain(&["template"]) {
        let receiver = Receiver::answering(&[Reply::Say(200, GOOD.to_owned())]);
        let template = if *format == "template" { "WEBHOOK_OPS_TEMPLATE='{{text}} ✓'\n" } else { "" };
        let format = if *format == "template" { "generic" } else { format };
        let (code, text) = tried(&format!(
            "WEBHOOK_ENABLED=true\nWEBHOOK_ENDPOINTS=ops\nWEBHOOK_OPS_URL={}/hook\nWEBHOOK_OPS_FORMAT={format}\n\
             WEBHOOK_OPS_AUTH_TYPE=hmac\nWEBHOOK_OPS_AUTH_SECRET='{secret}'\nWEBHOOK_OPS_AUTH_TOKEN=t\nWEBHOOK_OPS_AUTH_USER=u\n{template}",
            receiver.address()
        ));
        assert_eq!(code, Some(0), "{format}: {text}");
        let heard = receiver.only();
        assert!(heard.body.len() > 50, "{format}");
        assert_eq!(heard.header("x-signature"), Some(hmac(secret, &heard.body).as_str()), "{format}");
    }
}
