//! Settings of messages: who is told about a run, and how.

use std::time::Duration;

use super::Template;
use crate::secret::Secret;

/// Who is told about a run; what is `None` or empty is switched off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// `NOTIFY_ON`.
    pub on: NotifyOn,
    /// `EMAIL_ENABLED`.
    pub mail: Option<Mail>,
    /// `TELEGRAM_ENABLED`.
    pub telegram: Option<Telegram>,
    /// `GOTIFY_ENABLED`.
    pub gotify: Option<Gotify>,
    /// `WEBHOOK_ENABLED`, in the order of `WEBHOOK_ENDPOINTS`.
    pub webhooks: Vec<Webhook>,
    /// `HEALTHCHECK_ENABLED`.
    pub ping: Option<Ping>,
    /// The server of those of them that are centralized.
    pub central: Option<Central>,
}

impl Notify {
    /// Root, of what failed: where nothing is known of channels.
    pub fn root_of_failures() -> Self {
        Self { mail: Some(Mail::to_root()), on: NotifyOn::Failure, ..Self::default() }
    }
}

/// After which runs messages are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NotifyOn {
    /// After every run.
    #[default]
    Always,
    /// When something is not as asked for.
    Warning,
    /// When there is no backup.
    Failure,
}

/// An e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// `EMAIL_DELIVERY_METHOD`.
    pub way: MailWay,
    /// `EMAIL_FALLBACK_SENDMAIL`: this machine's own mail program when the way fails.
    pub falls_back: bool,
    /// `EMAIL_RECIPIENT`; empty = root@pam's address, else root.
    pub to: Vec<String>,
    /// `EMAIL_FROM`; `None` = root at this host.
    pub from: Option<String>,
    /// `EMAIL_SUBJECT_PREFIX`.
    pub subject_prefix: String,
    /// `LIST_ID_HEADER`; `None` = no such header.
    pub list_id: Option<String>,
}

/// How an e-mail leaves this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailWay {
    /// This machine's own mail program.
    Sendmail,
    /// A mail server.
    Smtp(Smtp),
    /// A web service that sends it.
    Relay(Relay),
}

/// `SMTP_*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// `SMTP_SERVER`.
    pub server: String,
    /// `SMTP_PORT`; TLS from the first byte at 465, STARTTLS elsewhere.
    pub port: u16,
    /// `SMTP_USERNAME` and `SMTP_PASSWORD`.
    pub login: Option<(String, Secret)>,
    /// `SMTP_USE_TLS`: whether an unencrypted connection is refused.
    pub needs_tls: bool,
}

/// `CLOUDFLARE_WORKER_*`, the names of the old tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// `CLOUDFLARE_WORKER_URL`.
    pub url: Secret,
    /// `CLOUDFLARE_WORKER_TOKEN`; empty = none.
    pub token: Secret,
    /// `HMAC_SECRET`; empty = the body is not signed.
    pub hmac: Secret,
    /// `WORKER_TIMEOUT`: how long one call may take.
    pub limit: Duration,
    /// `WORKER_MAX_RETRIES`.
    pub retries: u32,
    /// `WORKER_RETRY_DELAY`.
    pub delay: Duration,
}

impl Mail {
    /// A mail to local root without any configuration: Proxmox routes it to its own notifications.
    pub fn to_root() -> Self {
        Self {
            way: MailWay::Sendmail,
            falls_back: false,
            to: vec!["root".to_owned()],
            from: None,
            subject_prefix: String::new(),
            list_id: None,
        }
    }
}

/// A Telegram message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telegram {
    /// `TELEGRAM_API_URL`. Addresses may have a login in them, so all of them are secrets.
    pub api: Secret,
    /// Who writes it.
    pub bot: Bot,
}

/// Whose bot writes: `BOT_TELEGRAM_TYPE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bot {
    /// The user's own.
    Own {
        /// `TELEGRAM_BOT_TOKEN`.
        token: Secret,
        /// `TELEGRAM_CHAT_ID`.
        chat: String,
    },
    /// That of [`Notify::central`], which knows this host by its number; whether it is asked what
    /// became of the message.
    Server(Option<Confirm>),
}

/// How long it is asked for: `TELEGRAM_CONFIRM_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirm {
    /// In all.
    pub limit: Duration,
    /// Between two questions.
    pub interval: Duration,
}

/// A server that lends hosts its bot and its checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Central {
    /// `TELEGRAM_SERVER_API_HOST`.
    pub address: Secret,
    /// `TELEGRAM_SERVER_SECRET`; empty = the one the server gives.
    pub secret: Secret,
}

/// A Gotify message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gotify {
    /// `GOTIFY_SERVER_URL`.
    pub server: Secret,
    /// `GOTIFY_TOKEN`.
    pub token: Secret,
    /// `GOTIFY_PRIORITY_SUCCESS`, `_WARNING`, `_FAILURE`.
    pub priorities: [i64; 3],
}

/// A webhook: `WEBHOOK_<NAME>_*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// As `WEBHOOK_ENDPOINTS` has it.
    pub name: String,
    /// `_URL`.
    pub url: Secret,
    /// `_FORMAT`, else `WEBHOOK_FORMAT`.
    pub format: WebhookFormat,
    /// `_TEMPLATE`: the body, in place of the format's.
    pub template: Option<Template>,
    /// `_METHOD`.
    pub method: &'static str,
    /// `_HEADERS`.
    pub headers: Vec<(String, Template)>,
    /// `_AUTH_TYPE` and what it needs.
    pub login: Login,
    /// `WEBHOOK_TIMEOUT`: how long one call may take.
    pub limit: Duration,
    /// `WEBHOOK_MAX_RETRIES`: attempts after a failed one.
    pub retries: u32,
    /// `WEBHOOK_RETRY_DELAY`: pause before each of them.
    pub delay: Duration,
}

/// What a webhook is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookFormat {
    /// The report as JSON.
    Generic,
    /// An embed.
    Discord,
    /// Blocks.
    Slack,
    /// An adaptive card.
    Teams,
    /// Pushover's message.
    Pushover {
        /// `_AUTH_TOKEN`: of the application.
        token: Secret,
        /// `_AUTH_USER`: of the user.
        user: Secret,
        /// `_PRIORITY`; `None` = by how the run ended.
        priority: Option<i64>,
    },
}

/// How a webhook knows that it is us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// It does not.
    None,
    /// `_AUTH_TOKEN`.
    Bearer(Secret),
    /// `_AUTH_USER` and `_AUTH_PASS`.
    Basic {
        /// Login.
        user: String,
        /// Password.
        password: Secret,
    },
    /// `_AUTH_SECRET`: the body is signed with it.
    Hmac(Secret),
}

/// A dead-man service in the manner of healthchecks.io.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping {
    /// This host's check.
    pub check: Check,
    /// `HEALTHCHECK_SEND_LOG`.
    pub sends_log: bool,
    /// Checks of channels, by the first word of the channel's name: `HEALTHCHECK_NOTIFY_*`.
    pub channels: Vec<(&'static str, Secret)>,
}

/// Where a check is: `HEALTHCHECK_MODE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// `HEALTHCHECK_BACKUP_URL`, or endpoint, key and id.
    Own(Secret),
    /// [`Notify::central`] knows.
    Server,
}
