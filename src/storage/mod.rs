//! Where backups live: the local tier, a directory; and where the logs of runs live.

mod directory;
mod run_logs;

pub use directory::{Directory, StorageError, Stored};
pub use run_logs::RunLogs;
