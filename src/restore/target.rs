//! The machine a backup goes to: its facts, read in one place, by files first and programs second.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::freshness::{Looked, Sign, signs};
use super::live::{Live, Looker, as_path};
use super::network::{Nic, parse_nics};
use super::never;
use super::pbs::{StoreState, store_paths};
use super::read::READ;
use super::source::{CLUSTER, DATABASE, Database, Source, is_below};
use crate::host::{Host, cluster_text, detect, is_cluster_mounted, read_cluster_database, take_inventory};
use crate::pattern::Pattern;
use crate::recipe::{Inventory, Names, Product};
use crate::system::{CommandSpec, Mount, Root, System, file_system_of, mounts_in};

/// For one answer of a file system; whoever waits for a plan waits for several of them.
const PATIENCE: Duration = Duration::from_secs(4);
/// `pvecm status` asks the local daemon only.
const QUORUM_LIMIT: Duration = Duration::from_secs(15);
const OWNER_WRITES: u32 = 0o200;

/// The machine.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// Product, versions, name.
    pub host: Host,
    /// Whether its services can be stopped and its programs run: no disk of another machine.
    pub is_running: bool,
    /// What is known of Proxmox VE on it.
    pub pve: PveFacts,
    /// What is mounted.
    pub mounts: Vec<Mount>,
    /// Its network cards; `None` when nobody can tell.
    pub nics: Option<Vec<Nic>>,
    /// What lies under the paths of the backup now.
    pub live: BTreeMap<Vec<u8>, Live>,
    /// Contents that the plan reads, by path.
    pub texts: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The directories of the backup's datastores.
    pub stores: BTreeMap<PathBuf, StoreState>,
}

/// Proxmox VE on the machine.
#[derive(Clone, Debug, Default)]
pub struct PveFacts {
    /// Whether `/etc/pve` is the cluster file system.
    pub mount: ClusterMount,
    /// Whether it takes writes.
    pub has_quorum: bool,
    /// What tells a fresh standalone installation.
    pub signs: Vec<Sign>,
    /// Guests by number.
    pub guests: BTreeMap<u32, Guest>,
    /// The database as it is.
    pub database: Option<Database>,
}

/// Whether `/etc/pve` is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClusterMount {
    /// The cluster file system.
    Mounted,
    /// Mounted, and of no use: why.
    Silent(String),
    /// An empty directory, or a disk's.
    #[default]
    Unmounted,
}

/// A guest of the machine or of another member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Where it is configured.
    pub node: String,
    /// `qemu-server` or `lxc`.
    pub kind: String,
}

impl PveFacts {
    /// Whether nothing speaks against a fresh standalone installation.
    pub fn is_fresh(&self) -> bool {
        !self.signs.is_empty() && self.signs.iter().all(|sign| sign.is_fresh)
    }
}

impl Target {
    /// Reads everything a plan for this backup needs; changes nothing. What does not answer is
    /// waited for once.
    pub fn read(system: &System, source: &Source) -> Self {
        let root = &system.root.patient(PATIENCE, &system.cancel);
        let mut host = detect(root);
        let mounts = mounts_in(root);
        let database = read_database(root);
        host.is_clustered = is_member(root, &host, database.as_ref());
        let mut target = Self {
            pve: pve(system, root, &host, &mounts, database),
            is_running: system.is_running(),
            nics: take_inventory(root, Inventory::Network, "", &|_| {}).map(|json| parse_nics(&json)),
            stores: stores(root, source, &mounts),
            texts: texts(root, source),
            mounts,
            host,
            live: BTreeMap::new(),
        };
        let mut looker = Looker::new(root);
        for entry in source.entries.iter().filter(|it| it.hostile.is_none() && never::why(it).is_none()) {
            let destination = target.destination(source, &entry.path);
            let live = looker.look(&destination, entry);
            target.live.insert(destination, live);
        }
        target
    }

    /// Where a path of the backup goes: files of its own node go to this node, whatever it is called.
    pub fn destination(&self, source: &Source, path: &[u8]) -> Vec<u8> {
        let of_node = |name: &str| [CLUSTER, b"/nodes/", name.as_bytes()].concat();
        let old = of_node(source.own_node());
        match path.strip_prefix(old.as_slice()) {
            Some(rest) if !old.ends_with(b"/") && is_below(path, &old) => {
                [of_node(&self.host.name).as_slice(), rest].concat()
            }
            _ => path.to_vec(),
        }
    }

    /// The text of a file as it is now.
    pub fn text(&self, path: &str) -> Option<String> {
        self.texts.get(path.as_bytes()).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }
}

fn texts(root: &Root, source: &Source) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let patterns: Vec<Pattern> = READ.iter().map(|text| Pattern::new(text)).collect();
    // Beside those of the backup: files that must be read together.
    let always = ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/fstab"];
    let of_backup = source.entries.iter().map(|entry| entry.path.as_slice());
    let wanted = of_backup.filter(|path| patterns.iter().any(|it| it.matches(path))).chain(always.map(str::as_bytes));
    wanted.filter_map(|path| Some((path.to_vec(), root.read(as_path(path)).ok()?))).collect()
}

fn stores(root: &Root, source: &Source, mounts: &[Mount]) -> BTreeMap<PathBuf, StoreState> {
    let state = |path: &Path| {
        let is_mounted = file_system_of(path, mounts).is_some_and(|mount| mount.point != Path::new("/"));
        match () {
            () if root.stat(path).is_err_and(|error| error.is_silent()) => StoreState::Silent,
            () if !root.is_dir(path) => StoreState::Missing,
            () if root.is_dir(path.join(".chunks")) => StoreState::ChunkStore,
            () if is_mounted => StoreState::MountedEmpty,
            () => StoreState::NotMounted,
        }
    };
    store_paths(source).into_iter().map(|path| (path.clone(), state(&path))).collect()
}

/// What `/etc/pve` says, or its database where it is not mounted: an empty directory tells nothing.
fn pve(system: &System, root: &Root, host: &Host, mounts: &[Mount], database: Option<Database>) -> PveFacts {
    if !host.has(Product::Pve) {
        return PveFacts::default();
    }
    let mount = cluster_mount(root, mounts);
    let is_mounted = mount == ClusterMount::Mounted;
    let stored =
        |path: &str| database.as_ref()?.files.get(path).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let text = |path: &str| {
        let stored = if is_mounted { None } else { stored(path) };
        stored.unwrap_or_else(|| cluster_text(root, path))
    };
    let guests = guests(root, host, if is_mounted { None } else { database.as_ref() });
    let nodes = nodes(host, if is_mounted { None } else { database.as_ref() });
    let looked = Looked {
        node: &host.name,
        is_clustered: host.is_clustered,
        nodes: &nodes,
        guests: guests.len(),
        has_unread_database: database.is_none() && root.exists(as_path(DATABASE)),
        storage_cfg: text("/etc/pve/storage.cfg"),
        user_cfg: text("/etc/pve/user.cfg"),
        jobs_cfg: text("/etc/pve/jobs.cfg"),
        ha_cfg: text("/etc/pve/ha/resources.cfg"),
    };
    PveFacts {
        mount,
        has_quorum: is_mounted && has_quorum(system, root, host),
        signs: signs(&looked),
        guests,
        database,
    }
}

/// A daemon that has died leaves a mount that gives errors, one that hangs a mount that says nothing.
fn cluster_mount(root: &Root, mounts: &[Mount]) -> ClusterMount {
    let is_fuse = is_cluster_mounted(mounts);
    match root.stat("/etc/pve/local") {
        Ok(Some(_)) if is_fuse => ClusterMount::Mounted,
        Err(error) if is_fuse => ClusterMount::Silent(error.reason()),
        _ => ClusterMount::Unmounted,
    }
}

fn read_database(root: &Root) -> Option<Database> {
    let (database, log) = read_cluster_database(root).ok()?;
    Database::read(database, &log)
}

/// A member is one while its cluster file system does not run, too.
fn is_member(root: &Root, host: &Host, database: Option<&Database>) -> bool {
    let is_in_database = database.is_some_and(|database| database.files.contains_key("/etc/pve/corosync.conf"));
    host.is_clustered || is_in_database || (host.has(Product::Pve) && root.exists("/etc/corosync/corosync.conf"))
}

fn nodes(host: &Host, database: Option<&Database>) -> Vec<String> {
    let stored = database.into_iter().flat_map(|database| database.files.keys());
    let stored = stored.filter_map(|path| path.strip_prefix("/etc/pve/nodes/")?.split('/').next());
    let all: BTreeSet<&str> = host.names(Names::PveNodes).iter().map(String::as_str).chain(stored).collect();
    all.into_iter().map(str::to_owned).collect()
}

/// Without quorum pmxcfs takes the write bits away (`proxmox-facts` §4.1); a member is asked as well.
fn has_quorum(system: &System, root: &Root, host: &Host) -> bool {
    let is_writable = matches!(root.stat("/etc/pve/nodes"), Ok(Some(stat)) if stat.mode & OWNER_WRITES != 0);
    if !host.is_clustered {
        return is_writable;
    }
    let spec = CommandSpec::new(&["pvecm", "status"], QUORUM_LIMIT, 64 * 1024);
    let said = system.runner.ask(&spec, &system.cancel).of_success();
    is_writable && said.is_ok_and(|said| says_quorate(&said))
}

fn says_quorate(said: &[u8]) -> bool {
    let text = String::from_utf8_lossy(said);
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.any(|(key, value)| key.trim() == "Quorate" && value.trim() == "Yes")
}

/// By the files, wherever they are; a member knows the guests of all.
fn guests(root: &Root, host: &Host, database: Option<&Database>) -> BTreeMap<u32, Guest> {
    let stored = database.into_iter().flat_map(|database| database.files.keys().map(PathBuf::from));
    let mut paths: Vec<PathBuf> = stored.collect();
    for node in host.names(Names::PveNodes) {
        for kind in ["qemu-server", "lxc"] {
            let dir = Path::new("/etc/pve/nodes").join(node).join(kind);
            paths.extend(root.list(&dir).unwrap_or_default().into_iter().map(|name| dir.join(name)));
        }
    }
    paths.iter().filter_map(|path| guest_of(path.to_str()?)).collect()
}

/// `/etc/pve/nodes/NODE/qemu-server/100.conf`.
pub(super) fn guest_of(path: &str) -> Option<(u32, Guest)> {
    let mut parts = path.strip_prefix("/etc/pve/nodes/")?.split('/');
    let (node, kind, file) = (parts.next()?, parts.next()?, parts.next()?);
    let number = file.strip_suffix(".conf")?.parse().ok()?;
    let is_guest = matches!(kind, "qemu-server" | "lxc") && parts.next().is_none();
    is_guest.then(|| (number, Guest { node: node.to_owned(), kind: kind.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Runner;

    fn database(paths: &[&str]) -> Database {
        let files = paths.iter().map(|path| ((*path).to_owned(), Vec::new())).collect();
        Database { files, version: Some(1) }
    }

    /// pmxcfs has stopped: `/etc/pve` is an empty directory, and that must not look like a new node.
    #[test]
    fn a_node_whose_cluster_file_system_does_not_run_is_known_by_its_database() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::at(dir.path()).unwrap();
        let system = System::new(root, Runner::Nobody);
        let host = Host { name: "n1".into(), pve: Some("8.4.1".into()), ..Host::default() };
        let of = |database| pve(&system, &system.root, &host, &[], Some(database));

        assert!(of(database(&["/etc/pve/storage.cfg"])).is_fresh());
        let used = of(database(&["/etc/pve/nodes/n1/qemu-server/100.conf", "/etc/pve/nodes/n2/config"]));
        let against: Vec<&str> = used.signs.iter().filter(|it| !it.is_fresh).map(|it| it.what.as_str()).collect();
        assert_eq!(against, ["it knows other nodes: n2", "it has 1 guests"]);
        assert!(is_member(&system.root, &host, Some(&database(&["/etc/pve/corosync.conf"]))));
        assert!(!is_member(&system.root, &host, None));
    }
}
