//! Where backups live: the local tier, a directory.

mod directory;

pub use directory::{Directory, StorageError, Stored};
