//! The one shape of a file error: what was tried, on what, and the system's answer.

use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

/// No bare `io::Error` leaves `system`.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {}", path.display(), plain(cause))]
pub struct FileError {
    /// The verb: `open`, `read`, `create`, `rename`…
    pub action: &'static str,
    /// What it was tried on.
    pub path: PathBuf,
    /// The system's answer.
    pub cause: io::Error,
}

impl FileError {
    /// For `map_err`: `.map_err(FileError::of("open", path))`.
    pub fn of<E: Into<io::Error>>(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(E) -> Self {
        let path = path.as_ref().to_owned();
        move |cause| Self { action, path, cause: cause.into() }
    }

    /// Whether the thing is simply not there.
    pub fn is_absent(&self) -> bool {
        matches!(self.errno(), Some(Errno::ENOENT | Errno::ENOTDIR))
    }

    /// Whether the name is in use.
    pub fn is_taken(&self) -> bool {
        self.errno() == Some(Errno::EEXIST)
    }

    /// Whether the disk or a quota is full.
    pub fn is_full(&self) -> bool {
        matches!(self.errno(), Some(Errno::ENOSPC | Errno::EDQUOT))
    }

    /// Whether permission was refused.
    pub fn is_denied(&self) -> bool {
        matches!(self.errno(), Some(Errno::EACCES | Errno::EPERM))
    }

    /// Whether a file system as a whole refuses changes: mounted read-only, or without quorum.
    pub fn takes_no_writes(&self) -> bool {
        matches!(self.errno(), Some(Errno::EACCES | Errno::EROFS))
    }

    /// Whether a directory holds something.
    pub fn is_not_empty(&self) -> bool {
        self.errno() == Some(Errno::ENOTEMPTY)
    }

    /// Whether something is mounted there.
    pub fn is_busy(&self) -> bool {
        self.errno() == Some(Errno::EBUSY)
    }

    /// Whether the file system did not answer at all.
    pub fn is_silent(&self) -> bool {
        self.cause.kind() == io::ErrorKind::TimedOut
    }

    /// The reason alone: `permission denied`.
    pub fn reason(&self) -> String {
        plain(&self.cause)
    }

    fn errno(&self) -> Option<Errno> {
        self.cause.raw_os_error().map(Errno::from_raw)
    }
}

/// The system's text without Rust's `(os error N)`, in lower case as the middle of a sentence.
fn plain(cause: &io::Error) -> String {
    let text = match cause.raw_os_error() {
        Some(code) => Errno::from_raw(code).desc().to_owned(),
        None => cause.to_string(),
    };
    let mut chars = text.chars();
    match chars.next() {
        // `I/O error` keeps its capitals.
        Some(first) if !chars.as_str().starts_with('/') => first.to_lowercase().chain(chars).collect(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_what_was_tried_on_what_and_why() {
        let error = FileError::of::<Errno>("open", "/etc/x")(Errno::ENOENT);
        assert_eq!(error.to_string(), "cannot open /etc/x: no such file or directory");
        assert!(error.is_absent());
    }
}
