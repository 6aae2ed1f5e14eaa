//! The door to the machine: files, programs, time. Knows nothing about backups.
//!
//! Everything that a test fakes or `--root DIR` changes comes through here, so no other module
//! needs special code for it. clippy's `disallowed-methods` refuses the ways around.

mod error;
mod root;
mod walk;

pub use error::FileError;
pub use root::{Kind, Root, Stat};
pub use walk::{Directory, DirectoryEntry};
