//! Backups of the two older tools: the Bash tool and its Go successor, ProxSave.
//!
//! | what they did | here |
//! |---|---|
//! | `KEY=VALUE` side files, and descriptions inside archives | `metadata` |
//! | checksum lines with absolute paths | `checksum` |
//! | files over 50 MiB cut into pieces of 10 MiB | `chunks` |
//! | equal files replaced by links | `dedup` |
//! | comments removed, lines sorted, JSON minified ("prefilter") | said, cannot be undone |
//!
//! [`Surveyor`] looks over an archive once; what it finds, a reader follows
//! ([`LogicalReader`](crate::archive::LogicalReader)).

mod checksum;
mod chunks;
mod dedup;
mod metadata;
mod survey;

pub(super) use checksum::{digits, sha256_in};
pub(super) use metadata::manifest;
pub use survey::{Lost, Survey, Surveyor, description, survey};

/// Whose backup it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This program's.
    Own,
    /// The Go tool's.
    ProxSave,
    /// The Bash tool's.
    Bash,
}

impl Origin {
    /// The tool's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Own => "proxmox-config-backup",
            Self::ProxSave => "proxsave",
            Self::Bash => "bash",
        }
    }

    /// Tool and version, as lists show it: our own goes without its name.
    pub fn with_version(self, version: &str) -> String {
        match self {
            Self::Own => version.to_owned(),
            other => format!("{} {version}", other.as_str()).trim_end().to_owned(),
        }
    }

    /// What the tool may have done to contents; nothing in its archives says whether it did.
    fn may_have_altered(self) -> Option<&'static str> {
        match self {
            Self::Own => None,
            Self::ProxSave => Some(
                "content may have been normalised by the tool that made this backup: carriage returns removed from \
                 .txt, .log, .md, .conf, .cfg and .ini files, .json files minified",
            ),
            Self::Bash => Some(
                "content may have been normalised by the tool that made this backup: comments removed from and lines \
                 sorted in .conf, .cfg and .ini files, carriage returns removed, .json files minified, logs sorted",
            ),
        }
    }
}
