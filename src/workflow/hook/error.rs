//! Why a hook was not entered or taken out.

use std::path::PathBuf;

use crate::system::{CommandError, FileError};

/// Why a hook was not entered or taken out.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// No `/etc/vzdump.conf` and no vzdump.
    #[error("vzdump is not here: this is no Proxmox VE host")]
    NoVzdump,
    /// vzdump fails every job whose script is not there.
    #[error("the hook script {} is not there or cannot be run", .0.display())]
    NoScript(PathBuf),
    /// A link leads to a file that others may share.
    #[error("{} is a symbolic link", .0.display())]
    Symlink(PathBuf),
    /// A script with a line break would be two settings.
    #[error("{0}: a script called {1:?} cannot be chained")]
    Unfit(String, String),
    /// The job has a script, and that exists on this node alone, as far as one can see.
    #[error("backup job {job} calls {} and runs on other nodes too", script.display())]
    Shared {
        /// The job.
        job: String,
        /// Its script.
        script: PathBuf,
    },
    /// `pvesh` did not do it.
    #[error("{}: {}", .0.line, .0.reason())]
    Command(CommandError),
    /// `pvesh` said what it never says.
    #[error("`{0}` gave no list of backup jobs")]
    Answer(String),
    /// No such job.
    #[error("there is no backup job {0}")]
    NoJob(String),
    /// A file of ours, or `/etc/vzdump.conf`.
    #[error(transparent)]
    File(#[from] FileError),
}

impl HookError {
    /// What the user can do, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoScript(_) => Some("install the package again: apt install --reinstall proxmox-config-backup"),
            Self::Symlink(_) => Some("enter `script: /etc/proxmox-config-backup/vzdump-hook` there by hand"),
            Self::Shared { .. } => Some(
                "bind the job to this node, or call /etc/proxmox-config-backup/vzdump-hook from that script on each node",
            ),
            Self::NoJob(_) => Some("`hook status vzdump` names the jobs"),
            Self::NoVzdump => Some("the timer makes a backup every day, with or without it"),
            _ => None,
        }
    }
}
