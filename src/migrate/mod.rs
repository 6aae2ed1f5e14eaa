//! Taking over from the older tools: what is there becomes a plan with reasons. Pure; `workflow`
//! gathers the facts and carries the plan out, each step written down before it is done.
//!
//! Nothing of the older tool's directory is changed. Its backups are counted where they are, and what
//! started it is put out of action so that it can be put back.

mod calendar;
mod cron;
mod decide;
mod facts;
mod words;

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::config::LeftOut;

pub use calendar::{Cadence, cadence};
pub use cron::{Form, MARK, Quieted, quieted};
pub use decide::decide;
pub use facts::{
    Content, Counted, Daemon, Facts, Link, OwnConfig, RecipientFiles, Standing, Tab, TabPlace, Timer, Tool,
};
pub use words::{Call, Programs, lexical};

/// Where our keys lie, in their private directory.
pub const OWN_RECIPIENTS: &str = "/etc/proxmox-config-backup/age/recipients.txt";
/// What the older tool's message server knows this host by; kept, nothing reads it.
pub const OWN_SECRET: &str = "/etc/proxmox-config-backup/telegram-server.secret";
/// Our number.
pub const OWN_IDENTITY: &str = "/var/lib/proxmox-config-backup/server-identity";
/// The directory of changes to our timer.
pub const TIMER_DROP_INS: &str = "/etc/systemd/system/proxmox-config-backup.timer.d";
/// Behind the name of our configuration as it was.
pub const BEFORE: &str = ".before-migration";
/// Behind the name of a link that is out of action.
pub const MIGRATED: &str = ".migrated";

/// What becomes of our own configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnFile {
    /// The older tool's settings take its place, if nobody has said anything in it.
    IsReplaced,
    /// It stays as it is.
    Stays,
}

/// What is to be done, and what not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MigrationPlan {
    /// Whose settings these are.
    pub tool: Tool,
    /// Where it lies.
    pub base: PathBuf,
    /// In their order.
    pub steps: Vec<Step>,
    /// Why nothing is done at all.
    pub refused: Vec<String>,
    /// What is as it should be.
    pub stays: Vec<String>,
    /// What somebody has to do.
    pub by_hand: Vec<String>,
    /// Keys that become comments.
    pub left_out: Vec<LeftOut>,
    /// Backups of the older tool.
    pub backups: Vec<Counted>,
}

/// A change and its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What changes.
    #[serde(flatten)]
    pub change: Change,
    /// Why.
    pub reason: String,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// A file is made or replaced; one that is there keeps owner and mode.
    Write {
        /// Which.
        path: PathBuf,
        /// Of a new one.
        mode: u32,
        /// Shown nowhere: it may hold secrets.
        #[serde(skip)]
        content: Content,
    },
    /// Root's crontab is installed anew.
    Crontab {
        /// All of it.
        #[serde(skip)]
        content: Content,
    },
    /// A link gets another name.
    Rename {
        /// From here.
        from: PathBuf,
        /// To here.
        to: PathBuf,
    },
    /// A link of systemd's goes.
    Unlink {
        /// Which.
        path: PathBuf,
    },
    /// A service is stopped and does not start again.
    Disable {
        /// Which.
        unit: String,
        /// How it is now.
        was: Standing,
    },
    /// systemd reads its files again.
    Reload,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { path, .. } => write!(f, "write {}", path.display()),
            Self::Crontab { .. } => f.write_str("edit root's crontab"),
            Self::Rename { from, to } => {
                let name = to.file_name().unwrap_or_default();
                write!(f, "rename {} to {}", from.display(), name.to_string_lossy())
            }
            Self::Unlink { path } => write!(f, "remove the link {}", path.display()),
            Self::Disable { unit, .. } => write!(f, "stop and disable {unit}"),
            Self::Reload => f.write_str("have systemd read its files again"),
        }
    }
}
