//! What a webhook is sent, in the form its receiver reads. Pure.

use serde_json::{Value, json};

use crate::config::WebhookFormat;
use crate::report::{Message, Verdict};

/// The body.
pub(super) fn body(format: &WebhookFormat, message: &Message) -> Value {
    match format {
        WebhookFormat::Generic => generic(message),
        WebhookFormat::Discord => discord(message),
        WebhookFormat::Slack => slack(message),
        WebhookFormat::Teams => teams(message),
        WebhookFormat::Pushover { token, user, priority } => json!({
            "token": token.expose(),
            "user": user.expose(),
            "title": first(&message.subject, 250),
            "message": first(&message.short, 1024),
            "priority": priority.unwrap_or(match message.verdict {
                Verdict::Failed => 1,
                Verdict::Warnings(_) => 0,
                Verdict::Ok | Verdict::Skipped => -1,
            }),
        }),
    }
}

/// The report, and the message in words.
fn generic(message: &Message) -> Value {
    let mut body = message.json.clone();
    body["title"] = json!(message.subject);
    body["message"] = json!(message.text);
    body["test"] = json!(message.is_test);
    body
}

/// Discord: 25 fields of 1024 characters, 256 in a title, 4096 in a description.
fn discord(message: &Message) -> Value {
    let color = match message.verdict {
        Verdict::Ok => 0x002E_CC71,
        Verdict::Warnings(_) => 0x00F3_9C12,
        Verdict::Failed => 0x00E7_4C3C,
        Verdict::Skipped => 0x0095_A5A6,
    };
    let fields: Vec<Value> = message
        .facts
        .iter()
        .take(25)
        .map(|(name, value)| json!({ "name": name, "value": first(value, 1024), "inline": value.len() < 30 }))
        .collect();
    json!({
        "embeds": [{
            "title": first(&message.subject, 256),
            "description": first(&list(message), 3000),
            "color": color,
            "fields": fields,
            "footer": { "text": concat!("proxmox-config-backup ", env!("CARGO_PKG_VERSION")) },
            "timestamp": message.moment.to_rfc3339(),
        }],
        // A host or a file named @everyone calls nobody.
        "allowed_mentions": { "parse": [] },
    })
}

/// Slack: 150 characters in a header, 10 fields in a section, 3000 characters in a text.
fn slack(message: &Message) -> Value {
    let plain = |text: &str, most: usize| json!({ "type": "plain_text", "text": first(text, most) });
    let mut blocks = vec![json!({ "type": "header", "text": plain(&message.subject, 150) })];
    for facts in message.facts.chunks(10) {
        let fields: Vec<Value> = facts.iter().map(|(name, value)| plain(&format!("{name}: {value}"), 2000)).collect();
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    if !message.problems.is_empty() {
        blocks.push(json!({ "type": "divider" }));
        blocks.push(json!({ "type": "section", "text": plain(&list(message), 3000) }));
    }
    json!({ "text": message.subject, "blocks": blocks })
}

/// Teams: an adaptive card in a message.
fn teams(message: &Message) -> Value {
    let color = match message.verdict {
        Verdict::Ok => "Good",
        Verdict::Warnings(_) => "Warning",
        Verdict::Failed => "Attention",
        Verdict::Skipped => "Default",
    };
    let facts: Vec<Value> =
        message.facts.iter().map(|(name, value)| json!({ "title": name, "value": value })).collect();
    let mut body = vec![
        json!({ "type": "TextBlock", "size": "Large", "weight": "Bolder", "wrap": true, "color": color, "text": message.subject }),
        json!({ "type": "FactSet", "facts": facts }),
    ];
    if !message.problems.is_empty() {
        body.push(json!({ "type": "TextBlock", "wrap": true, "text": first(&list(message), 10_000) }));
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.5",
                "body": body,
            },
        }],
    })
}

fn list(message: &Message) -> String {
    message.problems.iter().map(|problem| format!("- {problem}")).collect::<Vec<_>>().join("\n")
}

fn first(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;
    use crate::issue::{Issue, Stage};
    use crate::report::RunReport;
    use crate::secret::Secret;

    fn message(issues: usize) -> Message {
        let host = Host { name: "pve1".into(), ..Host::default() };
        let issue = |n| Issue::warning(Stage::Collect, format!("/etc/{n}"), "denied \"@everyone\" ".repeat(20));
        let issues = (0..issues).map(issue).collect();
        RunReport { issues, ..RunReport::new(host, chrono::DateTime::default()) }.message()
    }

    #[test]
    fn every_format_tells_verdict_host_and_problems() {
        let all = [WebhookFormat::Generic, WebhookFormat::Discord, WebhookFormat::Slack, WebhookFormat::Teams];
        for format in all {
            let text = body(&format, &message(2)).to_string();
            for part in ["Backup of pve1 completed with 2 warnings", "/etc/0", "/etc/1", "\\\"@everyone\\\""] {
                assert!(text.contains(part), "{format:?}: {part} not in {text}");
            }
        }
    }

    #[test]
    fn the_limits_of_the_receivers_are_kept() {
        let message = message(5000);
        let discord = body(&WebhookFormat::Discord, &message);
        let embed = &discord["embeds"][0];
        assert!(embed["description"].as_str().unwrap().chars().count() <= 3000);
        assert!(embed["fields"].as_array().unwrap().len() <= 25 && embed.to_string().chars().count() < 6000);
        let slack = body(&WebhookFormat::Slack, &message);
        assert!(
            slack["blocks"]
                .as_array()
                .unwrap()
                .iter()
                .all(|block| { block["text"]["text"].as_str().is_none_or(|text| text.chars().count() <= 3000) })
        );
        assert!(body(&WebhookFormat::Teams, &message).to_string().len() < 28_000);
    }

    #[test]
    fn generic_is_the_report_and_more() {
        let body = body(&WebhookFormat::Generic, &message(1));
        assert_eq!(
            (&body["status"], &body["hostname"], &body["exit_code"]),
            (&json!("warning"), &json!("pve1"), &json!(1))
        );
        assert_eq!((&body["test"], body["title"].as_str().is_some()), (&json!(false), true));
    }

    #[test]
    fn pushover_has_its_keys_in_the_body() {
        let format = |priority| WebhookFormat::Pushover {
            token: Secret::new("t".into()),
            user: Secret::new("u".into()),
            priority,
        };
        let body_of = |priority| body(&format(priority), &message(1));
        assert_eq!((&body_of(None)["token"], &body_of(None)["user"]), (&json!("t"), &json!("u")));
        assert_eq!((&body_of(None)["priority"], &body_of(Some(2))["priority"]), (&json!(0), &json!(2)));
    }
}
