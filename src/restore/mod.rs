//! What a backup would change on a machine: decided, with reasons, before anything is touched.
//!
//! ```text
//! members, index ──→ source ─┐
//! files, commands ─→ target ─┼─→ way ─→ decide: one verdict per path ─→ steps ─→ explain
//! flags ──────────→ selection┘   │        rules of tables: never, cluster, pbs, versions, …
//!                                └ whole database, file by file, or neither
//! ```
//!
//! Everything but `target` is a pure function of values. Nothing here writes.

mod hostile;
mod category;
mod source;
mod read;
mod selection;
mod live;
mod freshness;
mod target;
mod owners;
mod merge;
mod network;
mod versions;
mod way;
mod cluster;
mod pbs;
mod never;
mod merging;
mod networking;
mod places;
mod decide;
mod planned;
mod services;
mod afterwards;
mod steps;
mod plan;
mod explain;
mod expect;

pub use afterwards::{Afterwards, ByHand, Doer};
pub use expect::differences;
pub use explain::{Detail, explain};
pub use freshness::Sign;
pub use hostile::{Hostile, above};
pub use live::{Live, LiveKind};
pub use merge::{
    Accounts, LeftOut, Merged, MergedAccounts, merge_accounts, merge_fstab, merge_json_users, merge_pbs_acl,
    merge_pve_tokens, merge_pve_users, merge_ranges, merge_sections, merge_shadow,
};
pub use network::{Nic, NicPair, parse_nics, propose, rewrite};
pub use never::NEVER;
pub use pbs::StoreState;
pub use plan::{BackupFacts, MissingStore, Refusal, RestorePlan, plan};
pub use planned::{Attributes, PlannedFile, Stage, Verdict};
pub use read::read_source;
pub use selection::{GuestPolicy, NicMap, Pick, PveAsked, Selection, SelectionError};
pub use source::{Archived, ArchivedKind, DATABASE, Database, Source};
pub use steps::{Deed, Demand, Step};
pub use target::{ClusterMount, Guest, PveFacts, Target};
pub use way::PveWay;

#[cfg(test)]
mod tests;
