//! Where backups live: the tiers, and the logs of runs.

mod directory;
mod rclone;
mod run_logs;
mod store;

pub use directory::{Directory, DirectoryStore, Terms, take_in};
pub use rclone::{Rclone, Trouble};
pub use run_logs::{RunFiles, RunLogs};
pub use store::{Outgoing, Placed, Removal, StorageError, Store, Stored, Tier, Touch};
