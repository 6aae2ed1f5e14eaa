//! Why nothing was taken over, or given back.

use std::path::PathBuf;

use crate::config::ConfigError;
use crate::system::{CommandError, FileError};
use crate::workflow::ExitCode;

/// Why a migration, or its undo, ended.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// There is nothing to take over.
    #[error("there is no older tool: {0}")]
    NoTool(String),
    /// Somebody has to say which.
    #[error("there are several older tools: {}", listed(.0))]
    Several(Vec<PathBuf>),
    /// Nowhere else were they ever installed.
    #[error("{} is not below /opt, where the older tools lie", .0.display())]
    Elsewhere(PathBuf),
    /// Its settings cannot be used.
    #[error("nothing taken over: {0}")]
    Config(#[from] ConfigError),
    /// Somebody has to decide something first.
    #[error("nothing taken over: {}", .0.join("; "))]
    Refused(Vec<String>),
    /// The machine is not what the plan was made for any more.
    #[error("nothing taken over: the machine has changed since the plan was made")]
    PlanChanged,
    /// Part of it is done.
    #[error("the migration {id} stopped at \"{step}\": {why}")]
    Stopped {
        /// Which.
        id: String,
        /// At what.
        step: String,
        /// Why.
        why: Box<MigrateError>,
    },
    /// Nothing was ever taken over.
    #[error("there is no migration to undo in {}", .0.display())]
    NoMigration(PathBuf),
    /// What somebody has changed since is not thrown away.
    #[error("nothing taken back: changed since the migration: {}", .0.join("; "))]
    Changed(Vec<String>),
    /// What is written down cannot be used.
    #[error("{}: {why}", dir.display())]
    Record {
        /// Where.
        dir: PathBuf,
        /// In words.
        why: String,
    },
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A program.
    #[error("{line}: {cause}", line = .0.line, cause = .0)]
    Command(#[from] CommandError),
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" and ")
}

impl MigrateError {
    /// What the process ends with, files aside.
    pub(in crate::workflow) fn exit_code(&self, of_file: fn(&FileError) -> ExitCode) -> ExitCode {
        match self {
            Self::Several(_) | Self::Elsewhere(_) | Self::Config(_) => ExitCode::Usage,
            Self::Refused(_) | Self::PlanChanged | Self::Changed(_) => ExitCode::Preflight,
            Self::NoTool(_) | Self::NoMigration(_) | Self::Record { .. } | Self::Command(_) => ExitCode::Environment,
            Self::Stopped { why, .. } => why.exit_code(of_file),
            Self::File(error) => of_file(error),
        }
    }

    /// What to do.
    pub(in crate::workflow) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoTool(_) | Self::Several(_) => {
                Some("name its directory: --from /opt/proxmox-backup or --from /opt/proxsave")
            }
            Self::Config(_) => Some("correct these lines in the older tool's file, then try again"),
            Self::PlanChanged => Some("look at the new plan, and try again"),
            Self::Stopped { .. } => Some("`migrate` again goes on, `migrate --undo` puts everything back"),
            Self::Changed(_) => {
                Some("put these back as the migration left them, or keep them elsewhere and remove them")
            }
            _ => None,
        }
    }
}
