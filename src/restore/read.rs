//! Reads a backup for a plan: every member once, contents hashed as they pass, a few kept.

use std::collections::{BTreeMap, HashMap};

use ring::digest::{Context, SHA256};
use serde::Deserialize;

use super::category::Claims;
use super::hostile::{self, Hostile};
use super::source::{Archived, ArchivedKind, DATABASE, Database, Source};
use crate::archive::{Digest, Member, MemberSource, Piece, ReadError, host_path, printable};
use crate::bundle::{INDEX_PATH, IndexEntry, Manifest};
use crate::host::Host;
use crate::pattern::Pattern;
use crate::recipe::{Recipe, catalog};

/// Larger texts are none that a plan can read.
const MOST_TEXT: u64 = 4 << 20;
/// All of them together.
const MOST_TEXTS: u64 = 128 << 20;
/// pmxcfs holds at most 128 MiB.
const MOST_DATABASE: u64 = 512 << 20;
const MOST_INDEX: u64 = 512 << 20;
/// Names, owners and attributes kept in memory: more than a million files of a host.
const MOST_REMEMBERED: usize = if cfg!(test) { 1 << 20 } else { 512 << 20 };

/// A file's capabilities.
const CAPABILITIES: &[u8] = b"security.capability";

/// Contents that rules read: what is merged, rewritten or listed.
pub(super) const READ: &[&str] = &[
    "/etc/fstab",
    "/etc/passwd",
    "/etc/group",
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/subuid",
    "/etc/subgid",
    "/etc/hosts",
    "/etc/network/interfaces",
    "/etc/network/interfaces.d/*",
    "/etc/systemd/system/*.mount",
    "/etc/pve/*.cfg",
    "/etc/pve/ha/*.cfg",
    "/etc/pve/priv/*.cfg",
    "/etc/proxmox-backup/*.cfg",
    "/etc/proxmox-backup/*.json",
    "/etc/proxmox-backup/token.shadow",
    "/var/lib/proxmox-config-backup/info/system/network-inventory.json",
    "/var/lib/proxsave-info/commands/system/network_inventory.json",
];

/// The part of an index that a plan needs.
#[derive(Default, Deserialize)]
#[serde(default)]
struct IndexFacts {
    host: Host,
    entries: Vec<IndexEntry>,
}

/// Reads all members. `lost` are the paths that are not whole in it, with the reason.
pub fn read_source(
    mut reader: impl MemberSource,
    manifest: &Manifest,
    lost: &BTreeMap<Vec<u8>, String>,
) -> Result<Source, ReadError> {
    let mut intake = Intake::new();
    while let Some(member) = reader.next_member()? {
        // The top of the archive is no path of the host that anybody restores.
        if member.path == b"." {
            continue;
        }
        intake.take(&mut reader, member)?;
    }
    reader.finish()?;
    Ok(intake.finish(manifest, lost))
}

struct Intake {
    kept: Vec<Pattern>,
    budget: u64,
    source: Source,
    index: Option<Vec<u8>>,
    database: Option<Vec<u8>>,
    remembered: usize,
}

impl Intake {
    fn new() -> Self {
        Self {
            kept: READ.iter().map(|text| Pattern::new(text)).collect(),
            budget: MOST_TEXTS,
            source: Source::default(),
            index: None,
            database: None,
            remembered: 0,
        }
    }

    fn take(&mut self, reader: &mut impl MemberSource, member: Member) -> Result<(), ReadError> {
        let mut entry = entry_of(member);
        self.remember(&entry)?;
        if entry.kind == ArchivedKind::File {
            let wanted = self.wants(&entry);
            let (digest, content) = read_content(reader, wanted)?;
            entry.digest = Some(digest);
            if let Some(content) = content {
                self.keep(&entry.path, content);
            }
        }
        // The index describes the others and is no file of a host.
        if entry.path != INDEX_PATH.as_bytes() {
            self.source.entries.push(entry);
        }
        Ok(())
    }

    /// Small members are many in few bytes: what they take in memory is bounded for itself.
    fn remember(&mut self, entry: &Archived) -> Result<(), ReadError> {
        let link = match &entry.kind {
            ArchivedKind::Symlink(to) | ArchivedKind::HardLink(to) => to.len(),
            _ => 0,
        };
        let xattrs: usize = entry.xattrs.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.remembered += size_of::<Archived>() + entry.path.len() + link + xattrs;
        if self.remembered <= MOST_REMEMBERED {
            return Ok(());
        }
        let what = format!("its names and attributes take more than {} MiB of memory", MOST_REMEMBERED >> 20);
        Err(ReadError::TooMuch { offset: 0, place: "as a whole".into(), what })
    }

    fn wants(&mut self, entry: &Archived) -> bool {
        let path = entry.path.as_slice();
        if path == INDEX_PATH.as_bytes() {
            return entry.size <= MOST_INDEX;
        }
        if path == DATABASE {
            return entry.size <= MOST_DATABASE;
        }
        let is_read = entry.size <= MOST_TEXT.min(self.budget) && self.kept.iter().any(|it| it.matches(path));
        if is_read {
            self.budget -= entry.size;
        }
        is_read
    }

    fn keep(&mut self, path: &[u8], content: Vec<u8>) {
        if path == INDEX_PATH.as_bytes() {
            self.index = Some(content);
        } else if path == DATABASE {
            self.database = Some(content);
        } else {
            self.source.texts.insert(path.to_vec(), content);
        }
    }

    fn finish(self, manifest: &Manifest, lost: &BTreeMap<Vec<u8>, String>) -> Source {
        let mut source = self.source;
        let index: Option<IndexFacts> = self.index.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        source.has_index = index.is_some();
        let facts = index.unwrap_or_default();
        source.host = if source.has_index { facts.host } else { host_of(manifest) };
        source.database = self.database.and_then(|bytes| Database::read(bytes, &[]));
        source.entries.sort_by(|a, b| a.path.cmp(&b.path));
        hostile::mark(&mut source.entries);
        describe(&mut source, &facts.entries, lost);
        source.unknown = unknown(&source);
        source
    }
}

/// Recipes and troubles, by index where there is one.
fn describe(source: &mut Source, index: &[IndexEntry], lost: &BTreeMap<Vec<u8>, String>) {
    let claims = Claims::new();
    let by_id: HashMap<&str, &'static Recipe> = catalog().map(|recipe| (recipe.id, recipe)).collect();
    let by_name: HashMap<Vec<u8>, &IndexEntry> =
        index.iter().map(|entry| ([b"/", entry.name().as_slice()].concat(), entry)).collect();
    for entry in &mut source.entries {
        let said = by_name.get(&entry.path);
        let known = said.and_then(|said| by_id.get(said.recipe.as_str()).copied());
        // A recipe of another version may have another id; the paths stay.
        let claimed = claims.recipe_of(&entry.path);
        let is_directory = entry.kind == ArchivedKind::Directory;
        // Directories above belong to whatever was collected first; a claim tells.
        entry.recipe = if is_directory { claimed } else { known.or(claimed) };
        entry.is_only_above = is_directory && claimed.is_none();
        entry.lost = lost.get(&entry.path).cloned();
        if said.is_some_and(|said| said.incomplete) {
            entry.lost = Some("the file was not read to its end when the backup was made".to_owned());
        }
        if entry.kind != ArchivedKind::Directory && take_rights(entry, said.copied()) {
            source.without_rights.push(entry.path.clone());
        }
    }
}

/// Only an index vouches for what makes a program run with the rights of somebody else.
fn take_rights(entry: &mut Archived, said: Option<&IndexEntry>) -> bool {
    let vouched = said.and_then(|said| u32::from_str_radix(&said.mode, 8).ok()).unwrap_or(0);
    let has_capabilities = said.is_some_and(|said| said.xattrs.iter().any(|name| name.as_bytes() == CAPABILITIES));
    let before = (entry.mode, entry.xattrs.len());
    entry.mode &= 0o777 | vouched;
    entry.xattrs.retain(|(name, _)| has_capabilities || name != CAPABILITIES);
    before != (entry.mode, entry.xattrs.len())
}

/// What an older manifest says of the machine.
fn host_of(manifest: &Manifest) -> Host {
    let short = manifest.hostname.split('.').next().unwrap_or_default();
    let (mut pve, mut pbs) = (manifest.pve_version.clone(), manifest.pbs_version.clone());
    let is = |product: &str| {
        manifest.proxmox_targets.iter().any(|target| target == product)
            || matches!(manifest.proxmox_type.as_str(), "dual" | "both")
            || manifest.proxmox_type == product
    };
    let unknown = || Some(manifest.proxmox_version.clone()).filter(|it| !it.is_empty()).or(Some("unknown".to_owned()));
    if pve.is_none() && is("pve") {
        pve = if is("pbs") { Some("unknown".to_owned()) } else { unknown() };
    }
    if pbs.is_none() && is("pbs") {
        pbs = if is("pve") { Some("unknown".to_owned()) } else { unknown() };
    }
    Host {
        name: short.to_owned(),
        pve,
        pbs,
        debian: "unknown".to_owned(),
        is_clustered: manifest.cluster_mode == "cluster",
        ..Host::default()
    }
}

fn unknown(source: &Source) -> Vec<String> {
    let mut unknown = Vec::new();
    if !source.has_index {
        unknown.push(
            "the backup has no index: what a path belongs to follows from its name, and setuid bits are left out"
                .to_owned(),
        );
    }
    if let Some(first) = source.without_rights.first() {
        let (count, shown) = (source.without_rights.len(), printable(first));
        unknown.push(format!(
            "setuid bits and capabilities that no index vouches for are left out of {count} files, the first is {shown}"
        ));
    }
    let versions = [("Proxmox VE", &source.host.pve), ("Proxmox Backup Server", &source.host.pbs)];
    for (product, version) in versions {
        if version.as_deref() == Some("unknown") {
            unknown.push(format!("the backup does not say which version of {product} it is of"));
        }
    }
    let has_database = source.get(DATABASE).is_some();
    if has_database && source.database.is_none() {
        unknown.push("the cluster database in the backup cannot be read: it holds no files".to_owned());
    }
    let strange = source.entries.iter().filter(|entry| !entry.has_own_owner).count();
    if strange > 0 {
        unknown.push(format!("of {strange} files the backup has no owner and mode of their own"));
    }
    unknown
}

fn entry_of(member: Member) -> Archived {
    let kind = ArchivedKind::of(&member);
    let of_kind = matches!(kind, ArchivedKind::Special(_)).then_some(Hostile::Special);
    Archived {
        path: host_path(&member.path),
        hostile: hostile::of_name(&member.path).or(of_kind),
        kind,
        mode: member.mode,
        uid: member.uid,
        gid: member.gid,
        user: member.user,
        group: member.group,
        size: member.size,
        digest: None,
        xattrs: member.xattrs,
        recipe: None,
        is_only_above: false,
        lost: None,
        has_own_owner: member.lost.is_empty(),
    }
}

/// SHA-256, and the bytes where they are wanted.
fn read_content(reader: &mut impl MemberSource, is_wanted: bool) -> Result<(Digest, Option<Vec<u8>>), ReadError> {
    let (mut hash, mut kept) = (Context::new(&SHA256), is_wanted.then(Vec::new));
    reader.read_content(&mut |piece: Piece<'_>| -> Result<(), ReadError> {
        piece.blocks(|bytes| {
            hash.update(bytes);
            if let Some(kept) = &mut kept {
                kept.extend_from_slice(bytes);
            }
        });
        Ok(())
    })?;
    let mut digest: Digest = [0; 32];
    digest.copy_from_slice(hash.finish().as_ref());
    Ok((digest, kept))
}
