//! Checked values → what is set about messages, and what does not fit together there.

use super::body_template::Template;
use super::check::Checked;
use super::notify::{
    Bot, Central, Check, Confirm, Gotify, Login, Notify, NotifyOn, Ping, Telegram, Webhook, WebhookFormat,
};
use super::value::Complaint;
use crate::secret::Secret;

/// Headers that follow from the body and the address.
const OWN_HEADERS: [&str; 4] = ["host", "content-length", "content-type", "transfer-encoding"];

/// A mistake, and the key it is told at.
pub(super) type Mistake = (String, Complaint);

/// The section and all its mistakes; with one of them it must not be used.
pub(super) fn notify(checked: &Checked) -> (Notify, Vec<Mistake>) {
    let mut draft = Draft { checked, mistakes: Vec::new() };
    let notify = Notify {
        on: match checked.word("NOTIFY_ON") {
            "warning" => NotifyOn::Warning,
            "failure" => NotifyOn::Failure,
            _ => NotifyOn::Always,
        },
        mail: draft.mail(),
        telegram: draft.telegram(),
        gotify: draft.gotify(),
        webhooks: draft.webhooks(),
        ping: draft.ping(),
        central: draft.central(),
    };
    (notify, draft.mistakes)
}

pub(super) struct Draft<'a> {
    pub(super) checked: &'a Checked,
    mistakes: Vec<Mistake>,
}

impl Draft<'_> {
    pub(super) fn secret(&self, key: &str) -> Secret {
        Secret::new(self.checked.text(key))
    }

    pub(super) fn wrong(&mut self, key: &str, reason: impl Into<String>, suggestion: &str) {
        let suggestion = (!suggestion.is_empty()).then(|| suggestion.to_owned());
        self.mistakes.push((key.to_owned(), Complaint { reason: reason.into(), suggestion }));
    }

    /// What the setting at `asks` cannot do without.
    pub(super) fn needed(&mut self, asks: &str, key: &str) -> Secret {
        let secret = self.secret(key);
        if secret.is_empty() {
            let reason = format!("needs {}", self.checked.spelled(asks, key));
            self.wrong(asks, reason, "");
        }
        secret
    }

    fn telegram(&mut self) -> Option<Telegram> {
        if !self.checked.bool("TELEGRAM_ENABLED") {
            return None;
        }
        let bot = if self.checked.word("BOT_TELEGRAM_TYPE") == "centralized" {
            self.needed("BOT_TELEGRAM_TYPE", "TELEGRAM_SERVER_API_HOST");
            Bot::Server(self.confirm())
        } else {
            let token = self.needed("TELEGRAM_ENABLED", "TELEGRAM_BOT_TOKEN");
            if !token.is_empty() && !is_bot_token(token.expose()) {
                self.wrong(
                    "TELEGRAM_BOT_TOKEN",
                    "is no token of a bot",
                    "digits, a colon, 35 letters as BotFather gives them",
                );
            }
            let chat = self.needed("TELEGRAM_ENABLED", "TELEGRAM_CHAT_ID").expose().to_owned();
            if !chat.is_empty() && !is_chat(&chat) {
                self.wrong("TELEGRAM_CHAT_ID", "is no chat", "a number, which may be negative, or @channel");
            }
            Bot::Own { token, chat }
        };
        Some(Telegram { api: self.secret("TELEGRAM_API_URL"), bot })
    }

    /// No time for it is a way to switch it off.
    fn confirm(&self) -> Option<Confirm> {
        let seconds = |key| self.checked.duration(key);
        let limit = seconds("TELEGRAM_CONFIRM_TIMEOUT_SECONDS");
        let is_on = self.checked.bool("TELEGRAM_CONFIRM_DELIVERY") && !limit.is_zero();
        is_on.then(|| Confirm { limit, interval: seconds("TELEGRAM_CONFIRM_INTERVAL_SECONDS") })
    }

    /// The server, where something is asked of it.
    fn central(&mut self) -> Option<Central> {
        let asks = |switch: &str, mode: &str| self.checked.bool(switch) && self.checked.word(mode) == "centralized";
        if !asks("TELEGRAM_ENABLED", "BOT_TELEGRAM_TYPE") && !asks("HEALTHCHECK_ENABLED", "HEALTHCHECK_MODE") {
            return None;
        }
        let secret = self.secret("TELEGRAM_SERVER_SECRET");
        self.header_value("TELEGRAM_SERVER_SECRET", &secret);
        Some(Central { address: self.secret("TELEGRAM_SERVER_API_HOST"), secret })
    }

    fn gotify(&mut self) -> Option<Gotify> {
        if !self.checked.bool("GOTIFY_ENABLED") {
            return None;
        }
        let priority = |status| self.checked.number(&format!("GOTIFY_PRIORITY_{status}")).unwrap_or(5);
        let priorities = ["SUCCESS", "WARNING", "FAILURE"].map(priority);
        let server = self.needed("GOTIFY_ENABLED", "GOTIFY_SERVER_URL");
        let token = self.needed("GOTIFY_ENABLED", "GOTIFY_TOKEN");
        self.header_value("GOTIFY_TOKEN", &token);
        Some(Gotify { server, token, priorities })
    }

    fn webhooks(&mut self) -> Vec<Webhook> {
        if !self.checked.bool("WEBHOOK_ENABLED") {
            return Vec::new();
        }
        let mut names: Vec<String> = Vec::new();
        for name in self.checked.list("WEBHOOK_ENDPOINTS") {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.is_empty() {
            let endpoints = self.checked.spelled("WEBHOOK_ENABLED", "WEBHOOK_ENDPOINTS");
            self.wrong("WEBHOOK_ENABLED", format!("needs names in {endpoints}"), "");
        }
        names.into_iter().map(|name| self.webhook(name)).collect()
    }

    fn webhook(&mut self, name: String) -> Webhook {
        let stem: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        let key = |field: &str| format!("WEBHOOK_{stem}_{field}");
        let format = match self.checked.word(&key("FORMAT")) {
            "" => self.checked.word("WEBHOOK_FORMAT"),
            format => format,
        };
        let format = match format {
            "discord" => WebhookFormat::Discord,
            "slack" => WebhookFormat::Slack,
            "teams" => WebhookFormat::Teams,
            "pushover" => WebhookFormat::Pushover {
                token: self.needed("WEBHOOK_ENDPOINTS", &key("AUTH_TOKEN")),
                user: self.needed("WEBHOOK_ENDPOINTS", &key("AUTH_USER")),
                priority: self.checked.number(&key("PRIORITY")),
            },
            _ => WebhookFormat::Generic,
        };
        let method = self.checked.word(&key("METHOD"));
        let template = self.template(&key);
        Webhook {
            url: self.needed("WEBHOOK_ENDPOINTS", &key("URL")),
            format,
            template,
            method: if method.is_empty() { "POST" } else { method },
            headers: self.headers(&key("HEADERS")),
            login: self.login(&key),
            limit: self.checked.duration("WEBHOOK_TIMEOUT"),
            retries: self.checked.number("WEBHOOK_MAX_RETRIES").and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            delay: self.checked.duration("WEBHOOK_RETRY_DELAY"),
            name,
        }
    }

    fn template(&mut self, key: &dyn Fn(&str) -> String) -> Option<Template> {
        let (name, text) = (key("TEMPLATE"), self.secret(&key("TEMPLATE")));
        if text.is_empty() {
            return None;
        }
        if !matches!(self.checked.word(&key("FORMAT")), "" | "generic") {
            self.wrong(&name, "takes the place of the format generic, and another one is set", "");
        }
        match Template::body(text.expose()) {
            Ok(template) => Some(template),
            Err(complaint) => {
                self.mistakes.push((name, complaint));
                None
            }
        }
    }

    fn login(&mut self, key: &dyn Fn(&str) -> String) -> Login {
        let asks = key("AUTH_TYPE");
        match self.checked.word(&asks) {
            "bearer" => {
                let token = self.needed(&asks, &key("AUTH_TOKEN"));
                self.header_value(&key("AUTH_TOKEN"), &token);
                Login::Bearer(token)
            }
            "basic" => Login::Basic {
                user: self.needed(&asks, &key("AUTH_USER")).expose().to_owned(),
                password: self.needed(&asks, &key("AUTH_PASS")),
            },
            "hmac" => Login::Hmac(self.needed(&asks, &key("AUTH_SECRET"))),
            _ => Login::None,
        }
    }

    /// `Name:value, Name:value`.
    fn headers(&mut self, key: &str) -> Vec<(String, Template)> {
        let text = self.secret(key);
        let mut headers = Vec::new();
        for entry in text.expose().split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            match entry.split_once(':').map(|(name, value)| (name.trim(), value.trim())) {
                Some((name, _)) if OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name)) => {
                    self.wrong(
                        key,
                        "sets a header that follows from the address and the format",
                        &OWN_HEADERS.join(", "),
                    );
                }
                Some((name, value)) if is_header_name(name) && is_header_value(value) => match Template::line(value) {
                    Ok(value) => headers.push((name.to_owned(), value)),
                    Err(complaint) => self.mistakes.push((key.to_owned(), complaint)),
                },
                _ => self.wrong(key, "is no list of headers", "Name:value, a comma between them, no umlauts"),
            }
        }
        headers
    }

    pub(super) fn header_value(&mut self, key: &str, value: &Secret) {
        if !is_header_value(value.expose()) {
            self.wrong(key, "has characters that a header cannot hold", "");
        }
    }

    fn ping(&mut self) -> Option<Ping> {
        if !self.checked.bool("HEALTHCHECK_ENABLED") {
            return None;
        }
        let check = if self.checked.word("HEALTHCHECK_MODE") == "centralized" {
            self.needed("HEALTHCHECK_MODE", "TELEGRAM_SERVER_API_HOST");
            Check::Server
        } else {
            Check::Own(self.own_check())
        };
        let channels = [("email", "EMAIL"), ("telegram", "TELEGRAM"), ("gotify", "GOTIFY"), ("webhook", "WEBHOOK")];
        let channels = channels
            .into_iter()
            .filter_map(|(channel, key)| Some((channel, self.check(&format!("HEALTHCHECK_NOTIFY_{key}"))?)))
            .collect();
        Some(Ping { check, sends_log: self.checked.bool("HEALTHCHECK_SEND_LOG"), channels })
    }

    fn own_check(&mut self) -> Secret {
        let check = self.check("HEALTHCHECK_BACKUP");
        if check.is_none() && self.checked.text("HEALTHCHECK_BACKUP_ID").is_empty() {
            let [url, id] = ["URL", "ID"]
                .map(|end| self.checked.spelled("HEALTHCHECK_ENABLED", &format!("HEALTHCHECK_BACKUP_{end}")));
            self.wrong("HEALTHCHECK_ENABLED", format!("needs {url} or {id}"), "");
        }
        check.unwrap_or_default()
    }

    /// The address of a check: given whole, or made of endpoint, project key and id.
    fn check(&mut self, stem: &str) -> Option<Secret> {
        let (url, id) = (self.secret(&format!("{stem}_URL")), self.secret(&format!("{stem}_ID")));
        if !url.is_empty() || id.is_empty() {
            return Some(url).filter(|url| !url.is_empty());
        }
        let key = self.secret("HEALTHCHECK_PING_KEY");
        let is_word = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let path = if is_uuid(id.expose()) {
            id.expose().to_owned()
        } else if !key.is_empty() && is_word(id.expose()) && is_word(key.expose()) {
            format!("{}/{}", key.expose(), id.expose())
        } else {
            let reason = "is no UUID, so it must be a name in a project, and HEALTHCHECK_PING_KEY its key";
            self.wrong(&format!("{stem}_ID"), reason, "letters, digits, - and _");
            return None;
        };
        let endpoint = self.secret("HEALTHCHECK_PING_ENDPOINT");
        Some(Secret::new(format!("{}/{path}", endpoint.expose().trim_end_matches('/'))))
    }
}

fn is_bot_token(text: &str) -> bool {
    text.split_once(':').is_some_and(|(number, rest)| {
        !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
            && rest.len() >= 35
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    })
}

fn is_chat(text: &str) -> bool {
    let number = text.strip_prefix('-').unwrap_or(text);
    text.starts_with('@') || number.bytes().all(|b| b.is_ascii_digit()) && !number.is_empty()
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(
            |(at, b)| {
                if matches!(at, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() }
            },
        )
}

fn is_header_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn is_header_value(text: &str) -> bool {
    text.bytes().all(|b| (32..127).contains(&b))
}

#[cfg(test)]
mod tests {
    use super::super::check::check;
    use std::time::Duration;

    use super::super::{Origin, Setting};
    use super::*;

    const TOKEN: &str = "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const UUID: &str = "5d6a0d3e-8a3a-4d4b-9d3f-0123456789ab";

    fn drafted(lines: &[(&str, &str)]) -> (Notify, Vec<String>) {
        let setting = |((key, value), line): (&(&str, &str), usize)| Setting {
            key: (*key).into(),
            value: (*value).into(),
            origin: Origin::File { path: "/c".into(), line },
        };
        let settings: Vec<Setting> = lines.iter().zip(1..).map(setting).collect();
        let (checked, findings) = check(&settings, None);
        (notify(&checked).0, findings.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn nothing_said_tells_nobody() {
        assert_eq!(drafted(&[("TELEGRAM_BOT_TOKEN", "x"), ("WEBHOOK_OPS_URL", "https://h/x")]).0, Notify::default());
    }

    #[test]
    fn every_channel_comes_with_its_settings() {
        let (notify, findings) = drafted(&[
            ("NOTIFY_ON", "failure"),
            ("TELEGRAM_ENABLED", "yes"),
            ("TELEGRAM_BOT_TOKEN", TOKEN),
            ("TELEGRAM_CHAT_ID", "-100123"),
            ("GOTIFY_ENABLED", "yes"),
            ("GOTIFY_SERVER_URL", "https://g"),
            ("GOTIFY_TOKEN", "t"),
            ("GOTIFY_PRIORITY_FAILURE", "10"),
            ("WEBHOOK_ENABLED", "yes"),
            ("WEBHOOK_ENDPOINTS", "ops, chat-room"),
            ("WEBHOOK_FORMAT", "slack"),
            ("WEBHOOK_OPS_URL", "https://h/1"),
            ("WEBHOOK_OPS_AUTH_TYPE", "basic"),
            ("WEBHOOK_OPS_AUTH_USER", "u"),
            ("WEBHOOK_OPS_AUTH_PASS", "p"),
            ("WEBHOOK_OPS_HEADERS", "X-A: b c, X-D:e:f"),
            ("WEBHOOK_CHAT_ROOM_URL", "https://h/2"),
            ("WEBHOOK_CHAT_ROOM_FORMAT", "discord"),
            ("HEALTHCHECK_ENABLED", "yes"),
            ("HEALTHCHECK_PING_KEY", "k"),
            ("HEALTHCHECK_BACKUP_ID", "pve1"),
            ("HEALTHCHECK_NOTIFY_GOTIFY_ID", UUID),
        ]);
        assert_eq!(findings, [""; 0]);
        assert_eq!(notify.on, NotifyOn::Failure);
        let bot = Bot::Own { token: Secret::new(TOKEN.into()), chat: "-100123".into() };
        assert_eq!(
            notify.telegram.map(|it| (it.api.expose().to_owned(), it.bot)),
            Some(("https://api.telegram.org".into(), bot))
        );
        assert_eq!(notify.gotify.map(|it| it.priorities), Some([2, 5, 10]));
        let [ops, room] = <[Webhook; 2]>::try_from(notify.webhooks).unwrap();
        assert_eq!((ops.format, ops.method, ops.retries), (WebhookFormat::Slack, "POST", 3));
        assert_eq!(
            ops.headers
                .iter()
                .map(|(name, value)| format!("{name}={}", value.filled(&|_| String::new())))
                .collect::<Vec<_>>(),
            ["X-A=b c", "X-D=e:f"]
        );
        assert_eq!(ops.login, Login::Basic { user: "u".into(), password: Secret::new("p".into()) });
        assert_eq!(
            (room.name.as_str(), room.url.expose(), room.format),
            ("chat-room", "https://h/2", WebhookFormat::Discord)
        );
        let ping = notify.ping.unwrap();
        assert_eq!(ping.check, Check::Own(Secret::new("https://hc-ping.com/k/pve1".into())));
        assert_eq!(ping.channels, [("gotify", Secret::new(format!("https://hc-ping.com/{UUID}")))]);
    }

    #[test]
    fn all_that_is_missing_or_wrong_is_told_at_once() {
        let (_, findings) = drafted(&[
            ("TELEGRAM_ENABLED", "yes"),
            ("TELEGRAM_BOT_TOKEN", "hunter2"),
            ("GOTIFY_ENABLED", "yes"),
            ("WEBHOOK_ENABLED", "yes"),
            ("WEBHOOK_ENDPOINTS", "ops,bare"),
            ("WEBHOOK_OPS_URL", "https://h/1"),
            ("WEBHOOK_OPS_AUTH_TYPE", "hmac"),
            ("WEBHOOK_OPS_HEADERS", "Host:hunter2,broken hunter2"),
            ("HEALTHCHECK_ENABLED", "yes"),
            ("HEALTHCHECK_NOTIFY_GOTIFY_ID", "hunter2"),
        ]);
        let expected = [
            "/c:1: TELEGRAM_ENABLED: \"yes\" needs TELEGRAM_CHAT_ID",
            "/c:2: TELEGRAM_BOT_TOKEN: \"***\" is no token of a bot (digits, a colon, 35 letters as BotFather gives them)",
            "/c:3: GOTIFY_ENABLED: \"yes\" needs GOTIFY_SERVER_URL",
            "/c:3: GOTIFY_ENABLED: \"yes\" needs GOTIFY_TOKEN",
            "/c:5: WEBHOOK_ENDPOINTS: \"ops,bare\" needs WEBHOOK_BARE_URL",
            "/c:7: WEBHOOK_OPS_AUTH_TYPE: \"hmac\" needs WEBHOOK_OPS_AUTH_SECRET",
            "/c:8: WEBHOOK_OPS_HEADERS: \"***\" sets a header that follows from the address and the format (host, content-length, content-type, transfer-encoding)",
            "/c:8: WEBHOOK_OPS_HEADERS: \"***\" is no list of headers (Name:value, a comma between them, no umlauts)",
            "/c:9: HEALTHCHECK_ENABLED: \"yes\" needs HEALTHCHECK_BACKUP_URL or HEALTHCHECK_BACKUP_ID",
            "/c:10: HEALTHCHECK_NOTIFY_GOTIFY_ID: \"***\" is no UUID, so it must be a name in a project, and HEALTHCHECK_PING_KEY its key (letters, digits, - and _)",
        ];
        assert_eq!(findings, expected);
        let (_, findings) =
            drafted(&[("TELEGRAM_ENABLED", "yes"), ("BOT_TELEGRAM_TYPE", "centralized"), ("WEBHOOK_ENABLED", "1")]);
        assert_eq!(
            findings,
            [
                "/c:2: BOT_TELEGRAM_TYPE: \"centralized\" needs TELEGRAM_SERVER_API_HOST",
                "/c:3: WEBHOOK_ENABLED: \"1\" needs names in WEBHOOK_ENDPOINTS",
            ]
        );
    }

    #[test]
    fn a_central_server_is_set_once_for_both() {
        let central = [
            ("TELEGRAM_ENABLED", "yes"),
            ("BOT_TELEGRAM_TYPE", "centralized"),
            ("TELEGRAM_SERVER_API_HOST", "https://c"),
            ("TELEGRAM_CONFIRM_TIMEOUT_SECONDS", "7"),
            ("HEALTHCHECK_ENABLED", "yes"),
            ("HEALTHCHECK_MODE", "centralized"),
            ("HEALTHCHECK_NOTIFY_EMAIL_ID", UUID),
        ];
        let (notify, findings) = drafted(&central);
        assert_eq!(findings, [""; 0]);
        let address = Secret::new("https://c".into());
        assert_eq!(notify.central, Some(Central { address, secret: Secret::default() }));
        let confirm = Confirm { limit: Duration::from_secs(7), interval: Duration::from_secs(1) };
        assert_eq!(notify.telegram.map(|it| it.bot), Some(Bot::Server(Some(confirm))));
        let ping = notify.ping.unwrap();
        assert_eq!((ping.check, ping.channels[0].0), (Check::Server, "email"));
        for (key, value) in [("TELEGRAM_CONFIRM_DELIVERY", "no"), ("TELEGRAM_CONFIRM_TIMEOUT_SECONDS", "0")] {
            let mut lines = central.to_vec();
            lines.retain(|(name, _)| *name != key);
            lines.push((key, value));
            assert_eq!(drafted(&lines).0.telegram.map(|it| it.bot), Some(Bot::Server(None)), "{key}");
        }
        let (_, findings) = drafted(&[("HEALTHCHECK_ENABLED", "yes"), ("HEALTHCHECK_MODE", "centralized")]);
        assert_eq!(findings, ["/c:2: HEALTHCHECK_MODE: \"centralized\" needs TELEGRAM_SERVER_API_HOST"]);
    }

    #[test]
    fn a_template_is_checked_before_it_is_needed() {
        let with = |template: &'static str, headers: &'static str, format: &'static str| {
            drafted(&[
                ("WEBHOOK_ENABLED", "yes"),
                ("WEBHOOK_ENDPOINTS", "ops"),
                ("WEBHOOK_OPS_URL", "https://h/x"),
                ("WEBHOOK_OPS_TEMPLATE", template),
                ("WEBHOOK_OPS_HEADERS", headers),
                ("WEBHOOK_OPS_FORMAT", format),
                ("WEBHOOK_FORMAT", "discord"),
            ])
        };
        let (notify, findings) = with("{{text}}", "Title: {{subject}}", "");
        assert_eq!(findings, [""; 0]);
        assert!(notify.webhooks[0].template.is_some());
        let (_, findings) = with(r#"{"a":"{{subjet}}"}"#, "Title: {{titel}}", "slack");
        assert_eq!(
            findings,
            [
                "/c:4: WEBHOOK_OPS_TEMPLATE: \"***\" takes the place of the format generic, and another one is set",
                "/c:4: WEBHOOK_OPS_TEMPLATE: \"***\" has a placeholder that is not known (did you mean {{subject}}?)",
                "/c:5: WEBHOOK_OPS_HEADERS: \"***\" has a placeholder that is not known (these are known: subject short text host status date server_id problems tags exit_code priority)",
            ]
        );
    }
}
