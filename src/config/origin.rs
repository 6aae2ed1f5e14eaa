//! Where a value comes from.

use std::fmt;
use std::path::PathBuf;

use super::Format;

/// The source of a value, weakest first: a later one replaces an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nothing was said.
    Default,
    /// Nothing was said, and this key decides for it.
    Follows(&'static str),
    /// A line of the configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// A file of `$CREDENTIALS_DIRECTORY`.
    Credential(PathBuf),
    /// This variable.
    Environment(String),
    /// An option.
    CommandLine,
}

impl Origin {
    /// Stronger replaces weaker.
    pub(super) fn strength(&self) -> u8 {
        match self {
            Self::Default | Self::Follows(_) => 0,
            Self::File { .. } => 1,
            Self::Credential(_) => 2,
            // The variable with the prefix is meant for us; the bare name may be meant for anybody.
            Self::Environment(name) if !name.starts_with(super::environment::PREFIX) => 3,
            Self::Environment(_) => 4,
            Self::CommandLine => 5,
        }
    }

    /// A key's name as somebody would write it there.
    pub(super) fn spelled(&self, name: &str) -> String {
        match self {
            Self::File { path, .. } => Format::of(path).spelled(name),
            _ => name.to_owned(),
        }
    }

    /// Order of messages: by source, in a file by line.
    pub(super) fn place(&self) -> (u8, usize) {
        let line = if let Self::File { line, .. } = self { *line } else { 0 };
        (self.strength(), line)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Follows(key) => write!(f, "default, as {key}"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Credential(path) => write!(f, "credential {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// One value as it was given: all that `check` knows about files and variables.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Setting {
    /// The name as written, in capitals.
    pub(super) key: String,
    /// The text, variables filled in.
    pub(super) value: String,
    /// Where it stands.
    pub(super) origin: Origin,
}

impl fmt::Debug for Setting {
    /// Whether the value is a secret, only the table of keys knows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting").field("key", &self.key).field("origin", &self.origin).finish_non_exhaustive()
    }
}
