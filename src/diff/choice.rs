//! What is compared, what is a secret, what is kept for showing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Fact, Kind};
use crate::pattern::Pattern;
use crate::plan::OUTPUT_DIRS;
use crate::recipe::{Item, catalog};

/// What the cluster file system makes up on reading or rewrites every few seconds.
const STATE: &[&str] = &[
    "/etc/pve/.version",
    "/etc/pve/.members",
    "/etc/pve/.vmlist",
    "/etc/pve/ha/manager_status",
    "/etc/pve/nodes/*/lrm_status",
    "/etc/pve/priv/lock",
];

/// In every backup, never the same.
const NEVER: &[&str] = &["/var/lib/proxmox-config-backup/info/index.json"];

/// Directories that only backups have.
const ABOVE_OUTPUTS: &[&str] = &["/var/lib/proxmox-config-backup"];

/// The lowest bits of a mode are those of group and others.
const OWN_BITS: u32 = 6;

/// What becomes of contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Only whether they differ.
    Compared,
    /// Their lines are shown, those of secrets are not.
    Shown,
    /// Their lines are shown, whatever they are.
    ShownWithSecrets,
}

/// What is compared and shown.
pub struct Choice {
    content: Content,
    left_out: Vec<Pattern>,
    secrets: Vec<Pattern>,
    state: Vec<Pattern>,
    databases: Vec<PathBuf>,
}

impl Choice {
    /// `moved` are the places that the settings gave to recipes. `with_outputs` adds what commands
    /// printed and the state of the cluster file system.
    pub fn new(content: Content, with_outputs: bool, moved: &BTreeMap<String, PathBuf>) -> Self {
        let patterns = |texts: &[&str]| texts.iter().map(|text| Pattern::new(text)).collect::<Vec<_>>();
        let mut left_out = patterns(NEVER);
        if !with_outputs {
            left_out.extend([OUTPUT_DIRS, STATE, ABOVE_OUTPUTS].into_iter().flat_map(patterns));
        }
        let secrets = catalog().flat_map(|recipe| recipe.secrets).flat_map(|secret| places(secret, moved));
        let databases = catalog().flat_map(|recipe| recipe.items).filter_map(|item| match item {
            Item::Database(path, _) => Some(places(path, moved)),
            _ => None,
        });
        Self {
            content,
            left_out,
            secrets: secrets.map(|place| Pattern::new(&place)).collect(),
            state: patterns(STATE),
            databases: databases.flatten().map(PathBuf::from).collect(),
        }
    }

    /// What becomes of contents.
    pub fn content(&self) -> Content {
        self.content
    }

    /// Whether a path takes part.
    pub fn takes(&self, path: &[u8]) -> bool {
        !self.left_out.iter().any(|pattern| pattern.covers(path))
    }

    /// Whether its content may be a secret: the recipe says so, or nobody but its owner may read it.
    pub fn is_secret(&self, fact: &Fact) -> bool {
        let is_private = fact.kind == Kind::File && fact.mode.trailing_zeros() >= OWN_BITS;
        is_private || self.secrets.iter().any(|pattern| pattern.covers(&fact.path))
    }

    /// Whether its lines may be shown.
    pub(super) fn shows(&self, fact: &Fact) -> bool {
        match self.content {
            Content::Compared => false,
            Content::Shown => !self.is_secret(fact),
            Content::ShownWithSecrets => true,
        }
    }

    /// State that tells nothing about the configuration.
    pub(super) fn is_state(&self, path: &[u8]) -> bool {
        self.state.iter().any(|pattern| pattern.covers(path))
    }

    /// A database is compared by its rows.
    pub(super) fn is_database(&self, path: &[u8]) -> bool {
        self.databases.iter().any(|database| database.as_os_str().as_encoded_bytes() == path)
    }
}

/// The usual place, and where the settings moved it.
fn places(usual: &str, moved: &BTreeMap<String, PathBuf>) -> Vec<String> {
    let elsewhere = moved.iter().filter_map(|(from, to)| Some(to.join(Path::new(usual).strip_prefix(from).ok()?)));
    let elsewhere = elsewhere.map(|place| place.to_string_lossy().into_owned());
    std::iter::once(usual.to_owned()).chain(elsewhere).collect()
}
