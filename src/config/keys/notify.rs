//! Messages to people, and numbers for monitoring systems.

use super::Key;
use super::Kind::{self, Bool, List, Number, Path, Seconds, Text, Url, Word};
use super::Section::{Metrics, Notify};

const fn notify(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Key {
    Key::new(name, kind, default, Notify, help)
}

const WHEN: Kind = Word(&[&["always"], &["warning"], &["failure"]]);

const DELIVERY: Kind = Word(&[
    &["relay", "cloud", "cloud-relay", "tis24-relay", "ses"],
    &["sendmail", "local", "local-mta", "mta"],
    &["pmf", "pfm", "proxmox", "proxmox-notification", "proxmox-notifications", "proxmox-mail-forward"],
    &["smtp"],
]);

const FORMATS: Kind = Word(&[&["generic"], &["discord"], &["slack"], &["teams"], &["pushover"]]);
const METHODS: Kind = Word(&[&["POST"], &["PUT"], &["PATCH"], &["GET"], &["HEAD"], &["DELETE"]]);
const LOGIN: Kind = Word(&[&["none"], &["bearer"], &["basic"], &["hmac"]]);

pub(super) const KEYS: &[Key] = &[
    notify("NOTIFY_ON", WHEN, "always", "when messages are sent: always, warning or failure"),
    notify("TELEGRAM_ENABLED", Bool, "false", "send a Telegram message").aliases(&["TELEGRAM_ENABLE"]),
    notify(
        "BOT_TELEGRAM_TYPE",
        Word(&[&["personal"], &["centralized"]]),
        "personal",
        "own bot, or a server that has one",
    ),
    notify("TELEGRAM_BOT_TOKEN", Text, "", "token of the own bot").secret(),
    notify("TELEGRAM_CHAT_ID", Text, "", "chat the own bot writes to"),
    notify("TELEGRAM_SERVER_API_HOST", Url, "", "address of the centralized server"),
    notify("TELEGRAM_API_URL", Url, "https://api.telegram.org", "address of Telegram's bot interface"),
    notify("TELEGRAM_SERVER_SECRET", Text, "", "secret it gave an older tool; empty = what it gives this one").secret(),
    notify("TELEGRAM_CONFIRM_DELIVERY", Bool, "true", "centralized: ask whether the message arrived"),
    notify("TELEGRAM_CONFIRM_TIMEOUT_SECONDS", Seconds(0, 600), "10", "centralized: how long"),
    notify("TELEGRAM_CONFIRM_INTERVAL_SECONDS", Seconds(0, 600), "1", "centralized: pause between questions"),
    notify("EMAIL_ENABLED", Bool, "false", "send an e-mail").aliases(&["EMAIL_ENABLE"]),
    notify("EMAIL_DELIVERY_METHOD", DELIVERY, "sendmail", "sendmail, smtp, pmf (Proxmox notifications) or relay"),
    notify("EMAIL_FALLBACK_SENDMAIL", Bool, "true", "use sendmail when the method fails")
        .aliases(&["EMAIL_FALLBACK_PMF"]),
    notify("EMAIL_RECIPIENT", Text, "", "addresses, comma between them; empty = that of root@pam, else root"),
    notify("EMAIL_FROM", Text, "", "sender's address; empty = root at this host"),
    notify("EMAIL_SUBJECT_PREFIX", Text, "", "put before the subject"),
    notify("LIST_ID_HEADER", Text, "", "List-Id of the e-mail: <backup.example.com>"),
    notify("SMTP_SERVER", Text, "", "mail server for EMAIL_DELIVERY_METHOD=smtp"),
    notify("SMTP_PORT", Number(1, 65_535), "587", "its port; TLS from the start at 465, STARTTLS elsewhere"),
    notify("SMTP_USERNAME", Text, "", "login there"),
    notify("SMTP_PASSWORD", Text, "", "password there").secret(),
    notify("SMTP_USE_TLS", Bool, "true", "refuse an unencrypted connection"),
    // The relay of the older tools; whose it is, only the user knows.
    notify("CLOUDFLARE_WORKER_URL", Url, "", "address of your relay for EMAIL_DELIVERY_METHOD=relay").secret(),
    notify("CLOUDFLARE_WORKER_TOKEN", Text, "", "token it wants").secret(),
    notify("HMAC_SECRET", Text, "", "key its messages are signed with (HMAC-SHA256); empty = unsigned").secret(),
    notify("WORKER_TIMEOUT", Seconds(1, 600), "30", "seconds one call of the relay may take"),
    notify("WORKER_MAX_RETRIES", Number(0, 20), "2", "attempts after a failed call, none after a refusal"),
    notify("WORKER_RETRY_DELAY", Seconds(0, 600), "2", "seconds between them"),
    notify("GOTIFY_ENABLED", Bool, "false", "send a Gotify message").aliases(&["GOTIFY_ENABLE"]),
    notify("GOTIFY_SERVER_URL", Url, "", "address of the Gotify server"),
    notify("GOTIFY_TOKEN", Text, "", "token of the application").secret(),
    notify("GOTIFY_PRIORITY_SUCCESS", Number(0, 10), "2", "priority of a success"),
    notify("GOTIFY_PRIORITY_WARNING", Number(0, 10), "5", "priority of a warning"),
    notify("GOTIFY_PRIORITY_FAILURE", Number(0, 10), "8", "priority of a failure"),
    notify("WEBHOOK_ENABLED", Bool, "false", "call webhooks").aliases(&["WEBHOOK_ENABLE"]),
    notify("WEBHOOK_ENDPOINTS", List, "", "names of the webhooks; each has WEBHOOK_<NAME>_URL and so on"),
    notify("WEBHOOK_FORMAT", FORMATS, "generic", "format where a webhook names none"),
    notify("WEBHOOK_TIMEOUT", Seconds(1, 600), "30", "seconds one call may take"),
    notify("WEBHOOK_MAX_RETRIES", Number(0, 20), "3", "attempts after a failed call, none after a refusal"),
    notify("WEBHOOK_RETRY_DELAY", Seconds(0, 600), "2", "seconds between them"),
    // Discord's and Slack's addresses are the password.
    notify("WEBHOOK_*_URL", Url, "", "address of this webhook").secret(),
    notify("WEBHOOK_*_FORMAT", FORMATS, "", "its format"),
    notify("WEBHOOK_*_TEMPLATE", Text, "", "its body with {{subject}}, {{text}} … in place of a format's").secret(),
    notify("WEBHOOK_*_METHOD", METHODS, "POST", "its HTTP method"),
    notify("WEBHOOK_*_HEADERS", Text, "", "more headers: Name:value, comma between them; {{subject}} … too").secret(),
    notify("WEBHOOK_*_AUTH_TYPE", LOGIN, "none", "none, bearer, basic or hmac"),
    notify("WEBHOOK_*_AUTH_TOKEN", Text, "", "token for bearer").secret(),
    notify("WEBHOOK_*_AUTH_USER", Text, "", "login for basic"),
    notify("WEBHOOK_*_AUTH_PASS", Text, "", "password for basic").secret(),
    notify("WEBHOOK_*_AUTH_SECRET", Text, "", "key for hmac").secret(),
    notify("WEBHOOK_*_PRIORITY", Number(-2, 2), "", "priority for pushover"),
    notify("HEALTHCHECK_ENABLED", Bool, "false", "tell a dead-man service about each run"),
    notify(
        "HEALTHCHECK_MODE",
        Word(&[&["self"], &["centralized"]]),
        "self",
        "own checks, or those of TELEGRAM_SERVER_API_HOST",
    ),
    notify("HEALTHCHECK_SEND_LOG", Bool, "true", "send the end of the log with a failure"),
    notify("HEALTHCHECK_PING_ENDPOINT", Url, "https://hc-ping.com", "address of the service"),
    notify("HEALTHCHECK_PING_KEY", Text, "", "project key of the service").secret(),
    notify("HEALTHCHECK_BACKUP_URL", Url, "", "address of this host's check; wins over the id").secret(),
    notify("HEALTHCHECK_BACKUP_ID", Text, "", "id of this host's check").secret(),
    notify("HEALTHCHECK_NOTIFY_EMAIL_URL", Url, "", "check of the e-mail channel").secret(),
    notify("HEALTHCHECK_NOTIFY_EMAIL_ID", Text, "", "its id").secret(),
    notify("HEALTHCHECK_NOTIFY_TELEGRAM_URL", Url, "", "check of the Telegram channel").secret(),
    notify("HEALTHCHECK_NOTIFY_TELEGRAM_ID", Text, "", "its id").secret(),
    notify("HEALTHCHECK_NOTIFY_GOTIFY_URL", Url, "", "check of the Gotify channel").secret(),
    notify("HEALTHCHECK_NOTIFY_GOTIFY_ID", Text, "", "its id").secret(),
    notify("HEALTHCHECK_NOTIFY_WEBHOOK_URL", Url, "", "check of the webhook channel").secret(),
    notify("HEALTHCHECK_NOTIFY_WEBHOOK_ID", Text, "", "its id").secret(),
    Key::new("METRICS_ENABLED", Bool, "false", Metrics, "write a Prometheus text file, proxmox_backup.prom")
        .aliases(&["PROMETHEUS_ENABLED"]),
    Key::new(
        "METRICS_PATH",
        Path,
        "/var/lib/prometheus/node-exporter",
        Metrics,
        "directory of that file; with another machine's disk only where this is set",
    )
    .aliases(&["PROMETHEUS_TEXTFILE_DIR"]),
];
