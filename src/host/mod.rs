//! Facts about this machine, read once at the start of a run.

mod dpkg;
mod sections;
mod storages;
mod wal;
mod cluster;
mod names;
mod inventory;
mod detect;
mod server_id;
mod mac;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::recipe::{Names, Product};

pub use cluster::{
    CLUSTER_DIR, ClusterNode, cluster_nodes, cluster_text, cluster_tree, is_cluster_mounted, open_cluster_database,
    read_cluster_database,
};
pub use detect::{detect, detection_report, full_name};
pub use inventory::{SampleFiles, sample_files, take as take_inventory};
pub use mac::mac_address;
pub use sections::{Section, parse as parse_sections};
pub use server_id::{ServerId, ServerIdError, known_server_id, older_server_id, own_server_id};
pub use storages::{StorageMount, storage_mounts};

/// What this machine is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Kernel host name (below a root prefix: `/etc/hostname`), without domain.
    pub name: String,
    /// Its names with a domain: the older tools named backups by them.
    #[serde(skip)]
    pub full_names: Vec<String>,
    /// Version of pve-manager, when PVE is installed; `unknown` when only its program is there.
    pub pve: Option<String>,
    /// Version of proxmox-backup-server, when PBS is installed.
    pub pbs: Option<String>,
    /// `VERSION_ID` and name from os-release: `12 bookworm`.
    pub debian: String,
    /// Whether this node is a member of a PVE cluster.
    pub is_clustered: bool,
    /// SHA-256 of the machine id: tells two machines of one name apart without giving the id away.
    pub machine_id: Option<String>,
    /// The root is another machine's disk: no commands, file marks only.
    pub is_offline: bool,
    /// What an `Each` item may loop over.
    #[serde(skip)]
    pub names: BTreeMap<u8, Vec<String>>,
}

impl Host {
    /// Whether recipes of this product apply.
    pub fn has(&self, product: Product) -> bool {
        match product {
            Product::Pve => self.pve.is_some(),
            Product::Pbs => self.pbs.is_some(),
            Product::System => true,
        }
    }

    /// Whether `name`, as it stands in a backup, is this host.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.full_names.iter().any(|full| full == name)
    }

    /// The names an `Each` item loops over; empty when there are none.
    pub fn names(&self, of: Names) -> &[String] {
        self.names.get(&(of as u8)).map_or(&[], Vec::as_slice)
    }
}
