//! The tree and its database, changed together. When the database fails once, nothing is written
//! any more: memory and disk must not part ways.

use std::path::Path;
use std::time::{Duration, SystemTime};

use nix::errno::Errno;

use crate::Outcome;
use crate::database::Database;
use crate::locks::Locks;
use crate::tree::{Change, Stamp, Tree};

pub(crate) struct Store {
    pub(crate) tree: Tree,
    database: Database,
    is_broken: bool,
}

impl Store {
    pub(crate) fn open(path: &Path, lock_lifetime: Duration) -> Outcome<Self> {
        let database = Database::open(path).map_err(|why| format!("{}: {why}", path.display()))?;
        let entries = database.load().map_err(|why| format!("{}: {why}", path.display()))?;
        let tree = Tree::new(entries, Locks::new(lock_lifetime))?;
        Ok(Self { tree, database, is_broken: false })
    }

    /// Makes a change in memory, then on disk; gives the inode that was written.
    pub(crate) fn change(
        &mut self,
        change: impl FnOnce(&mut Tree) -> Result<Change, Errno>,
    ) -> Result<Option<u64>, Errno> {
        if self.is_broken {
            return Err(Errno::EIO);
        }
        let change = change(&mut self.tree)?;
        if change != Change::default() && self.database.commit(&self.tree, &change).is_err() {
            self.is_broken = true;
            return Err(Errno::EIO);
        }
        Ok(change.written)
    }
}

/// This moment, by this writer.
pub(crate) fn stamp(writer: u32) -> Stamp {
    Stamp { writer, seconds: whole_seconds(SystemTime::now()) }
}

/// Times are kept in whole seconds.
pub(crate) fn whole_seconds(time: SystemTime) -> u32 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs()).unwrap_or(u32::MAX)
}
