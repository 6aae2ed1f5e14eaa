//! The catalog: what can be collected, and how it goes back. Data only, no I/O.
//!
//! One recipe per subject, one file per subject. Switches of the configuration, the dry-run plan,
//! manifest entries, restore categories and `docs/collected.md` all follow from these constants.
//!
//! Paths: the most specific claim wins. `Tree("/etc/pve")` of one recipe and
//! `Tree("/etc/pve/firewall")` of another share nothing: the tree leaves out what lies below the
//! other claim, whether that recipe is switched on or not. So a switch that is off really leaves
//! its files out, and no file is collected twice.

use crate::units::ByteSize;

pub mod docs;

mod category;
mod shorthand;
mod pve;
mod pbs;
mod system;

pub use category::{CATEGORIES, Category, CategoryFacts, Mode};

/// Everything about one subject.
#[derive(Debug)]
pub struct Recipe {
    /// Unique, kebab-case, starts with the product: `pve-firewall`.
    pub id: &'static str,
    /// What it is, for people: `Firewall rules`.
    pub title: &'static str,
    /// Where it applies.
    pub product: Product,
    /// What it belongs to for somebody who restores.
    pub category: Category,
    /// The configuration key that turns it off (or on); `None` = always collected.
    pub switch: Option<Switch>,
    /// Further condition on the host.
    pub when: When,
    /// What to take.
    pub items: &'static [Item],
    /// Path patterns of files that hold secrets: masked by `diff`, named in the docs.
    pub secrets: &'static [&'static str],
    /// How it goes back (spec page 08).
    pub way_back: WayBack,
}

/// Which machines a recipe is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Product {
    /// Proxmox Virtual Environment.
    Pve,
    /// Proxmox Backup Server.
    Pbs,
    /// Every Debian machine.
    System,
}

impl Product {
    /// The name used in paths and ids.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pve => "pve",
            Self::Pbs => "pbs",
            Self::System => "system",
        }
    }
}

/// A recipe's configuration key. Several recipes may share one key when an old file knew only one.
#[derive(Clone, Copy, Debug)]
pub struct Switch {
    /// Canonical name, for example `BACKUP_PVE_FIREWALL`.
    pub key: &'static str,
    /// Value when the configuration says nothing.
    pub default: Default,
    /// One line for the configuration file.
    pub help: &'static str,
    /// Older names of the same key.
    pub aliases: &'static [&'static str],
}

/// A switch's value when nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// Collected.
    On,
    /// Left out.
    Off,
}

/// Condition on the host's facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Always, on the recipe's product.
    Always,
    /// Only on a member of a PVE cluster (`/etc/pve/corosync.conf` exists).
    Clustered,
    /// Only where this path exists (for example `/etc/ceph`, `/dev/zfs`).
    PathExists(&'static str),
}

/// One thing to take.
#[derive(Debug)]
pub enum Item {
    /// One file (or symlink, as it is).
    File(&'static str, Need),
    /// A directory with everything below it on the same file system.
    Tree(&'static str, Need),
    /// A directory that may be missing, with files up to this size.
    SmallFiles(&'static str, ByteSize),
    /// Files and trees by pattern: `/etc/cron.d/*pve*`.
    Glob(&'static str),
    /// The output of a program.
    Command(Command),
    /// A program once per name; `{}` in arguments and file name stands for it.
    Each(Names, Command),
    /// An SQLite database, copied through its backup interface.
    Database(&'static str, Need),
    /// Paths computed from files of the host.
    Derived(Derived),
    /// A generated list, saved under this name; once per name where it is of named things.
    Inventory(Inventory, &'static str),
    /// Some of the files of each storage or datastore.
    Sample(Sample),
}

/// Whether a path must be there on a host of this product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Absence is a warning.
    Required,
    /// Absence is only counted.
    Optional,
}

/// A program whose output is kept.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Program and arguments; never a shell line.
    pub argv: &'static [&'static str],
    /// File name below `info/<product>/`, with extension: `pveversion.txt`.
    pub save_as: &'static str,
    /// Time limit in seconds.
    pub limit_s: u16,
    /// What a missing program or a failure means.
    pub need: CommandNeed,
}

/// What a missing program or a failing command means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandNeed {
    /// The program belongs to the product: missing or failing is a warning.
    Expected,
    /// Missing is silent (counted); failing is a warning.
    IfInstalled,
    /// Missing and failing are silent (counted): the command says "not configured" by failing.
    BestEffort,
}

/// What an [`Item::Each`] loops over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Names {
    /// The local PVE node's name.
    LocalNode,
    /// Every node below `/etc/pve/nodes`.
    PveNodes,
    /// Storage ids of `/etc/pve/storage.cfg`.
    PveStorages,
    /// Those of them that hold guest backups and are not disabled.
    PveBackupStorages,
    /// Users of `/etc/pve/user.cfg`.
    PveUsers,
    /// Datastores of `/etc/proxmox-backup/datastore.cfg`.
    PbsDatastores,
    /// Users of `/etc/proxmox-backup/user.cfg`.
    PbsUsers,
    /// Block devices that are whole disks (`/sys/block`, virtual ones left out).
    Disks,
    /// Physical network interfaces (`/sys/class/net`, virtual ones left out).
    NetworkInterfaces,
}

/// Paths that have to be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derived {
    /// Credentials and key files that `/etc/fstab` options name.
    FstabSecrets,
    /// Key files that `/etc/crypttab` names.
    CrypttabKeys,
    /// Keyrings named by `Signed-By` in apt sources of both formats.
    AptKeyrings,
    /// Key files of encrypted datasets, as far as the list of the ZFS event daemon names them.
    ZfsKeys,
    /// `snippets` directories of storages that hold some.
    StorageSnippets,
}

/// Lists computed from files of the host, for programs to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inventory {
    /// Physical interfaces with MAC address, driver and place on the bus.
    Network,
    /// Files in the `dump` directory of one storage.
    BackupFiles,
    /// Namespaces and groups of one datastore.
    Datastore,
}

/// Backups of guests that are copied along: content, not configuration, so only small or named files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// Of the `dump` directory of one storage, what is not larger than `MAX_PVE_BACKUP_SIZE`.
    SmallBackups,
    /// Of the same directory, what `PVE_BACKUP_INCLUDE_PATTERN` names, of any size.
    NamedBackups,
    /// Pxar files of one datastore that are not larger than `MAX_PXAR_SIZE`; never its chunks.
    SmallPxar,
}

/// How files go back: the restore plan starts from this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayBack {
    /// Written in place.
    Files,
    /// Part of the cluster database: whole node through `config.db`, single files through the mounted `/etc/pve`.
    Pmxcfs,
    /// Written in place with the PBS daemons stopped.
    PbsFiles,
    /// Missing entries are added, nothing is replaced.
    Merge,
    /// Written last, with a timer that takes it back.
    Network,
    /// Only with the same hardware, else exported.
    SameHardware,
    /// Never written: for reading and comparing.
    Export,
}

/// All recipes in the order of the archive: PVE, PBS, system.
pub fn catalog() -> impl Iterator<Item = &'static Recipe> {
    [pve::RECIPES, pbs::RECIPES, system::RECIPES].into_iter().flatten().copied()
}

impl Names {
    /// One of them, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::LocalNode => "local node",
            Self::PveNodes => "node",
            Self::PveStorages => "storage",
            Self::PveBackupStorages => "storage with backups",
            Self::PveUsers => "PVE user",
            Self::PbsDatastores => "datastore",
            Self::PbsUsers => "PBS user",
            Self::Disks => "disk",
            Self::NetworkInterfaces => "physical interface",
        }
    }
}

impl Derived {
    /// What they are, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::FstabSecrets => "credentials and keys named in `/etc/fstab`",
            Self::CrypttabKeys => "key files named in `/etc/crypttab`",
            Self::ZfsKeys => "key files named in `/etc/zfs/zfs-list.cache`",
            Self::StorageSnippets => "snippets of other directory storages",
            Self::AptKeyrings => "keyrings named in package sources",
        }
    }
}

impl Inventory {
    /// What they list, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Network => "list of physical interfaces",
            Self::BackupFiles => "list of guest backups",
            Self::Datastore => "list of namespaces and groups",
        }
    }

    /// What there is one of each for.
    pub fn names(self) -> Option<Names> {
        match self {
            Self::Network => None,
            Self::BackupFiles => Some(Names::PveBackupStorages),
            Self::Datastore => Some(Names::PbsDatastores),
        }
    }
}

impl Sample {
    /// What is taken, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::SmallBackups => "guest backups up to `MAX_PVE_BACKUP_SIZE`",
            Self::NamedBackups => "guest backups named by `PVE_BACKUP_INCLUDE_PATTERN`",
            Self::SmallPxar => "pxar files up to `MAX_PXAR_SIZE`",
        }
    }

    /// What it is looked for in.
    pub fn names(self) -> Names {
        match self {
            Self::SmallBackups | Self::NamedBackups => Names::PveBackupStorages,
            Self::SmallPxar => Names::PbsDatastores,
        }
    }
}

impl Switch {
    /// A key that is on when nothing is said.
    const fn on(key: &'static str, aliases: &'static [&'static str], help: &'static str) -> Self {
        Self { key, default: Default::On, help, aliases }
    }

    /// A key that is off when nothing is said.
    const fn off(key: &'static str, aliases: &'static [&'static str], help: &'static str) -> Self {
        Self { key, default: Default::Off, help, aliases }
    }
}

impl Item {
    /// The path or pattern this item claims; what is computed claims none.
    pub fn claim(&self) -> Option<&'static str> {
        match self {
            Self::SmallFiles(path, _)
            | Self::File(path, _)
            | Self::Tree(path, _)
            | Self::Glob(path)
            | Self::Database(path, _) => Some(path),
            Self::Command(_) | Self::Each(..) | Self::Derived(_) | Self::Inventory(..) | Self::Sample(_) => None,
        }
    }
}

#[cfg(test)]
mod rules;
#[cfg(test)]
mod coverage;
