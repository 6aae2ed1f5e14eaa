//! `proxmox-backup` saves the host configuration of a Proxmox machine and gets it back.
//!
//! Data flows down this page; a module may use what stands above it, never what stands below
//! (`tests/architecture.rs` checks it):
//!
//! ```text
//! config ─→ plan ─→ collect ─→ archive ─→ bundle ─→ storage ─→ retention ─→ report
//!            ↑         entries    one pass: tar → compress → hash → file
//!   host, recipe                            └→ decode again and compare ─→ drill
//! ```

// What everything is made of.
pub mod units;
pub mod secret;
pub mod issue;
pub mod pattern;
pub mod foreign;
// The only door to the machine.
pub mod system;
// What could be done, and what is to be done.
pub mod recipe;
pub mod host;
pub mod config;
pub mod plan;
pub mod collect;
// One stream out, one stream in: an adapter per file.
pub mod archive;
// One backup as it lies on disk, whether it would bring the host back, where it lies, which ones stay.
pub mod bundle;
pub mod drill;
pub mod storage;
pub mod preflight;
pub mod retention;
// What differs between two backups, or a backup and this host.
pub mod diff;
// What a backup would change on a machine, decided before anything is touched.
pub mod restore;
// The deeds of a restore and of its undo, each written down before it happens.
pub mod apply;
// What becomes of an older tool, decided before anything is touched.
pub mod migrate;
// Scripts that other programs call.
pub mod hook;
// What happened.
pub mod report;
// The same for monitoring systems.
pub mod status;
pub mod metrics;
// Who is told.
pub mod notify;
// The order of stages.
pub mod workflow;
// The only place that prints.
pub mod cli;
