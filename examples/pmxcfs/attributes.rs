//! Owner and mode of each path: computed, never stored. Without quorum the write bits go.

use fuser::FileType;

pub(crate) const UID: u32 = 0;
/// www-data, which Debian numbers in its base-passwd.
pub(crate) const GID: u32 = 33;

/// Is there a majority of the cluster, so that changes are allowed?
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quorum {
    Here,
    Lost,
}

/// Below `priv` and `nodes/NAME/priv` only root may look.
pub(crate) fn is_private(path: &str) -> bool {
    let mut parts = path.split('/');
    match parts.next() {
        Some("priv") => true,
        Some("nodes") => parts.nth(1) == Some("priv"),
        _ => false,
    }
}

pub(crate) fn permissions(path: &str, kind: FileType, quorum: Quorum) -> u16 {
    let all = match (kind, is_private(path)) {
        (FileType::RegularFile, false) => 0o640,
        (FileType::RegularFile, true) => 0o600,
        (_, false) => 0o755,
        (_, true) => 0o700,
    };
    // The top directory is not part of what the quorum decides on.
    if quorum == Quorum::Here || path.is_empty() { all } else { all & 0o555 }
}

/// The one mode `chmod` takes: that of a file, even for a directory.
pub(crate) fn settable_mode(path: &str) -> u32 {
    if is_private(path) { 0o600 } else { 0o640 }
}
