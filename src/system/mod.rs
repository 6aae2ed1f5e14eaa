//! The door to the machine: files, programs, time. Knows nothing about backups.
//!
//! Everything that a test fakes or `--root DIR` changes comes through here, so no other module
//! needs special code for it. clippy's `disallowed-methods` refuses the ways around.

mod answer;
mod beneath;
mod bounded;
mod clock;
mod command;
mod dated;
mod error;
mod event_log;
mod journal;
mod lock;
mod mend;
mod meter;
mod mount_points;
mod patience;
mod recorded;
mod root;
mod signal;
mod space;
mod syslog;
mod trusted;
mod walk;
mod workspace;
mod write;

pub use answer::CommandAnswer;
pub use beneath::{Attributes, Beneath, dress, is_put_on, is_root, take_off_others};
pub use bounded::{Bounds, Steps, Unanswered};
pub use clock::{Clock, local_stamp};
pub use command::{CommandError, CommandFailure, CommandOutput, CommandSpec, FIXED_PATH, Live, Runner};
pub use dated::{create_dated_dir, dated_dirs, is_dated_name};
pub use error::FileError;
pub use event_log::{EventLog, EventLogError};
pub use journal::{Journal, entry};
pub use lock::{ForeignLock, Holder, Lock, LockError};
pub use mend::{give_to, make_private};
pub use meter::{Meter, Reading};
pub use mount_points::foreign_mount_points;
pub use recorded::Recorded;
pub use root::{Kind, Root, Stat};
pub use signal::{Cancel, Cancelled, Deadline, Signal};
pub use space::{
    Mount, Space, file_system_of, free_space, mounts_in, nearest_existing, read_mounts, real_path, unescape,
};
pub use syslog::Syslog;
pub use trusted::read_at_most;
pub use walk::{Directory, DirectoryEntry};
pub use workspace::{Afterwards, Spool, Sweep, Workspace, remove_stale_workspaces};
pub use write::{
    PartialFile, copy_into, create_log, create_new_private_dir, create_private_dir, digest_hex, drop_page_cache,
    hash_file, hex, is_there, is_writable_dir, may_write, open_file, open_terminal, remove_file, remove_tree,
    rename_file, sync_dir, with_suffix, write_atomically, write_public, write_public_atomically, write_with_mode,
};

/// Everything that can be faked, in one value.
#[derive(Debug)]
pub struct System {
    /// The tree that is looked at.
    pub root: Root,
    /// Who answers commands.
    pub runner: Runner,
    /// What time it is.
    pub clock: Clock,
    /// Whether the run was asked to stop.
    pub cancel: Cancel,
}

impl System {
    /// This machine or a tree of it, with its own time; nobody has asked it to stop yet.
    pub fn new(root: Root, runner: Runner) -> Self {
        Self { root, runner, clock: Clock::System, cancel: Cancel::default() }
    }

    /// Whether it runs, and not only lies on a disk: then it has units, a network, programs that answer.
    pub fn is_running(&self) -> bool {
        !matches!(self.runner, Runner::Nobody)
    }

    /// What the work counts with, for whoever looks on.
    pub fn meter(&self) -> &Meter {
        self.cancel.meter()
    }

    /// The same machine for work that must come to its end: a signal does not stop it.
    #[must_use]
    pub fn to_the_end(&self) -> Self {
        self.with(Cancel::default().watched_by(self.meter()))
    }

    /// The same machine for work that goes on when the terminal is gone.
    #[must_use]
    pub fn without_terminal(&self) -> Self {
        self.with(self.cancel.outliving_the_terminal())
    }

    fn with(&self, cancel: Cancel) -> Self {
        Self { root: self.root.clone(), runner: self.runner.clone(), clock: self.clock, cancel }
    }
}
