//! Locks are directories below `priv/lock`. One that nobody renews runs out, and whoever asks for
//! it by setting its time to 0 then gets it removed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub(crate) struct Locks {
    held_since: BTreeMap<u64, Instant>,
    lifetime: Duration,
}

impl Locks {
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { held_since: BTreeMap::new(), lifetime }
    }

    /// Taken or renewed just now.
    pub(crate) fn hold(&mut self, inode: u64) {
        self.held_since.insert(inode, Instant::now());
    }

    pub(crate) fn forget(&mut self, inode: u64) {
        self.held_since.remove(&inode);
    }

    pub(crate) fn is_expired(&self, inode: u64) -> bool {
        self.held_since.get(&inode).is_some_and(|since| since.elapsed() > self.lifetime)
    }
}

/// A path directly below `priv/lock`, where a directory is a lock.
pub(crate) fn is_lock_path(path: &str) -> bool {
    path.strip_prefix("priv/lock/").is_some_and(|name| !name.is_empty() && !name.contains('/'))
}
