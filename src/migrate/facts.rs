//! What a plan is made of.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::cron::Form;
use super::words::Programs;
use crate::config::TakenOver;

/// Which of the older tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// The shell scripts.
    Bash,
    /// Their successor in Go.
    ProxSave,
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bash => "the Bash tool",
            Self::ProxSave => "ProxSave",
        })
    }
}

/// What a file holds. Secrets may be among it, so it is never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Content(pub Vec<u8>);

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// All that is known before anything is decided.
#[derive(Debug)]
pub struct Facts {
    /// Which tool.
    pub tool: Tool,
    /// Where it lies.
    pub base: PathBuf,
    /// Its configuration file.
    pub config_file: PathBuf,
    /// Its settings as ours.
    pub taken: TakenOver,
    /// Our own settings.
    pub own: OwnConfig,
    /// Whom archives are encrypted for.
    pub recipients: Option<RecipientFiles>,
    /// The older tool's number of this server, and ours.
    pub server_id: (Option<String>, Option<String>),
    /// What its message server knows this host by, and what we have kept of that.
    pub secret: (Option<Content>, Option<Content>),
    /// Its programs.
    pub programs: Programs,
    /// Crontabs.
    pub tabs: Vec<Tab>,
    /// Links that lead to its programs.
    pub links: Vec<Link>,
    /// Its service.
    pub daemon: Option<Daemon>,
    /// Our timer.
    pub timer: Timer,
    /// Files that name it and are nobody's to change: the file and the line.
    pub mentions: Vec<(PathBuf, String)>,
    /// Its backups.
    pub backups: Vec<Counted>,
    /// This host.
    pub host: String,
}

/// Our own configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnConfig {
    /// The content of our `backup.env`.
    pub env: Option<Content>,
    /// Settings in it that the older tool's do not have; nobody has said anything where there are none.
    pub settings: Vec<String>,
    /// Whether there is a `backup.yaml`, which comes first.
    pub has_yaml: bool,
    /// Whether a migration has written it.
    pub is_taken_over: bool,
}

/// Lists of recipients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecipientFiles {
    /// The older tool's file.
    pub path: PathBuf,
    /// Its text, the salt from beside it included.
    pub old: String,
    /// What we have.
    pub own: Option<String>,
    /// What is wrong with both together.
    pub mistakes: Vec<String>,
}

/// A crontab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab {
    /// Where.
    pub place: TabPlace,
    /// Whether lines name a user.
    pub form: Form,
    /// All of it.
    pub content: Content,
}

/// Where a crontab is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TabPlace {
    /// By `crontab`.
    Program,
    /// In this file.
    File(PathBuf),
}

/// A link that leads to a program of the older tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where.
    pub path: PathBuf,
    /// Whether its new name is in use.
    pub is_taken: bool,
}

/// The service of the older tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// Its name.
    pub unit: String,
    /// What systemd says; `None` where none runs.
    pub standing: Option<Standing>,
    /// Links by which systemd starts it.
    pub links: Vec<PathBuf>,
}

/// How a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// It starts with the machine.
    pub is_enabled: bool,
    /// It runs.
    pub is_active: bool,
}

/// Our timer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timer {
    /// The package has put it there.
    pub is_installed: bool,
    /// It starts with the machine.
    pub is_enabled: bool,
    /// Files that change it.
    pub drop_ins: Vec<PathBuf>,
    /// Whether systemd can be told of changes.
    pub has_systemd: bool,
}

/// Backups at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Where.
    pub place: PathBuf,
    /// Those of this host; `Err` says why nobody knows.
    pub of_host: Result<usize, String>,
    /// Those of other hosts.
    pub of_others: usize,
}
