//! Proxmox Backup Server 2 to 4.

mod access;
mod acme;
mod base;
mod datastore;
mod jobs;
mod node;
mod notifications;
mod tape;
mod version;

use crate::recipe::Recipe;

/// In archive order.
pub(super) const RECIPES: &[&Recipe] = &[
    &version::VERSION,
    &base::TREE,
    &base::STATE,
    &node::NODE,
    &node::NETWORK,
    &datastore::DATASTORE,
    &datastore::CONTENTS,
    &datastore::SMALL_PXAR,
    &datastore::S3,
    &access::ACCESS,
    &access::REMOTES,
    &jobs::SYNC,
    &jobs::VERIFY,
    &jobs::PRUNE,
    &tape::TAPE,
    &tape::STATE,
    &node::TRAFFIC,
    &node::METRICS,
    &notifications::NOTIFICATIONS,
    &notifications::PRIVATE,
    &acme::ACCOUNTS,
    &acme::PLUGINS,
];
