//! Templates, with a receiver that reads messages as ntfy does: JSON that is posted to its root, or
//! text posted to a topic, with title, priority and tags in headers that may be encoded words.

use std::process::Command;

use serde_json::{Value, json};

use super::{Heard, Receiver, Reply, TOKEN, host, said, tried};

/// What ntfy would show, read by Python's JSON and mail libraries.
fn published(heard: &Heard) -> Value {
    let header = |name| heard.header(name).unwrap_or_default().to_owned();
    let fields = json!({
        "path": heard.path, "body": heard.text(),
        "title": header("title"), "priority": header("priority"), "tags": header("tags"),
    });
    let script = "
import sys, json
from email.header import decode_header, make_header
it = json.loads(sys.argv[1])
if it['path'] == '/':
    it = json.loads(it['body'])
    assert isinstance(it.get('topic'), str) and isinstance(it.get('priority', 3), int), it
    assert all(isinstance(tag, str) for tag in it.get('tags', [])), it
else:
    text = lambda name: str(make_header(decode_header(it[name])))
    it = {'topic': it['path'][1:], 'message': it['body'], 'title': text('title'),
          'priority': int(it['priority']), 'tags': text('tags').split(',')}
assert 1 <= it['priority'] <= 5, it
print(json.dumps(it))
";
    let output = Command::new("python3").args(["-c", script, &fields.to_string()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Answers as ntfy does, 400 for what is no message included.
fn ntfy() -> Receiver {
    Receiver::by(|_, heard| {
        let is_json = serde_json::from_slice::<Value>(&heard.body).is_ok_and(|body| body["topic"].is_string());
        if heard.path == "/" && !heard.body.is_empty() && !is_json {
            return Reply::Say(400, json!({"code": 40017, "http": 400, "error": "invalid request"}).to_string());
        }
        Reply::Say(200, json!({"id": "hwQ2YpKdmg", "event": "message"}).to_string())
    })
}

fn settings(receiver: &Receiver, path: &str, lines: &str) -> String {
    format!(
        "WEBHOOK_ENABLED=true\nWEBHOOK_ENDPOINTS=ntfy\nWEBHOOK_RETRY_DELAY=0\nWEBHOOK_NTFY_URL={}{path}\n\
         WEBHOOK_NTFY_AUTH_TYPE=bearer\nWEBHOOK_NTFY_AUTH_TOKEN={TOKEN}\n{lines}",
        receiver.address()
    )
}

/// The settings that the page shows, with the address of our receiver.
fn of_the_page(receiver: &Receiver, number: usize) -> String {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/messages.md")).unwrap();
    let block = page.split("```\n").filter(|block| block.contains("WEBHOOK_NTFY_URL")).nth(number).unwrap();
    assert!(block.contains("https://ntfy.example"), "{block}");
    block.replace("https://ntfy.example", &receiver.address())
}

#[test]
fn what_the_page_says_about_ntfy_is_what_ntfy_shows() {
    for number in [0, 1] {
        let receiver = ntfy();
        let sample = host();
        let lines = of_the_page(&receiver, number);
        sample.configure(&lines);
        sample.expect(0, &["backup"]);
        sample.configure(&format!("{lines}ENCRYPT_ARCHIVE=true\nAGE_RECIPIENT_FILE=/proc/nothing\n"));
        sample.expect(15, &["backup"]);
        let heard = receiver.heard();
        assert_eq!(heard.len(), 2);
        for (one, (title, priority, tag)) in heard.iter().zip([
            ("✓ Backup of pve1 completed (", 2, "white_check_mark"),
            ("✗ Backup of pve1 failed (", 5, "rotating_light"),
        ]) {
            let shown = published(one);
            assert_eq!(
                (&shown["topic"], &shown["priority"], &shown["tags"]),
                (&json!("backups"), &json!(priority), &json!([tag]))
            );
            assert!(shown["title"].as_str().unwrap().starts_with(title), "{shown}");
            assert!(shown["message"].as_str().unwrap().contains("\nDate: "), "{shown}");
            assert!(one.header("authorization").unwrap().starts_with("Bearer "));
        }
    }
}

#[test]
fn nothing_that_is_filled_in_breaks_the_form() {
    let receiver = ntfy();
    let sample = host();
    // What a run says of a path goes into the text.
    let strange = sample.path("a \"quoted\" \\ {{subject}} ✗");
    std::fs::write(&strange, "").unwrap();
    let template = r#"WEBHOOK_NTFY_TEMPLATE='{"topic":"t","title":"{{ host }} {{status}} {{exit_code}}","message":"{{problems}}","priority":{{priority}},"tags":["{{tags}}"]}'"#;
    let more = format!("{template}\nSECONDARY_ENABLED=true\nSECONDARY_PATH='{}'\n", strange.display());
    sample.configure(&settings(&receiver, "/", &more));
    let output = sample.run(["backup"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let heard = receiver.only();
    assert_eq!(heard.header("content-type"), Some("application/json"));
    let shown = published(&heard);
    assert_eq!((&shown["title"], &shown["priority"]), (&json!("pve1 warning 1"), &json!(4)));
    assert!(shown["message"].as_str().unwrap().contains("a \"quoted\" \\ {{subject}} ✗"), "{shown}");
}

#[test]
fn a_template_with_a_mistake_ends_before_anything_is_sent() {
    let receiver = ntfy();
    for (line, expected) in [
        (r#"WEBHOOK_NTFY_TEMPLATE='{"topic":"t","title":"{{subjct}}"}'"#, "did you mean {{subject}}?"),
        (r#"WEBHOOK_NTFY_TEMPLATE='{"topic":"t","title":{{subject}}}'"#, "begins like JSON and is none"),
        ("WEBHOOK_NTFY_TEMPLATE='{{text'", "has {{ without }}"),
        ("WEBHOOK_NTFY_HEADERS='Title:{{titel}}'", "these are known: subject"),
    ] {
        let (code, text) = tried(&settings(&receiver, "/t", line));
        assert!(code == Some(2) && text.contains(expected), "{line}: {text}");
    }
    assert_eq!(receiver.heard().len(), 0);
}

#[test]
fn a_token_in_a_template_is_not_shown_when_the_other_side_repeats_it() {
    let echo = Receiver::by(|_, heard| Reply::Say(400, String::from_utf8_lossy(&heard.body).into_owned()));
    let line = "WEBHOOK_NTFY_TEMPLATE='{\"topic\":\"C4naryTopic9\",\"message\":\"{{host}}\"}'\n";
    let (code, text) = tried(&settings(&echo, "/", line));
    assert!(code == Some(6) && text.contains("refused with status 400") && !text.contains("C4nary"), "{text}");
}
