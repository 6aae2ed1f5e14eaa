//! One collection of a few sources, for tests that look at what comes out.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use proxmox_backup::collect::{Found, Limits, start};
use proxmox_backup::config;
use proxmox_backup::host::Host;
use proxmox_backup::issue::Issue;
use proxmox_backup::plan::{BackupPlan, Source, SourceKind};
use proxmox_backup::recipe::{Need, catalog};
use proxmox_backup::system::{Afterwards, Root, Runner, System, Workspace};

/// Nothing in a healthy tree takes so long.
const PATIENT: Duration = Duration::from_secs(20);

/// What came out, by kind.
#[derive(Debug, Default)]
pub(crate) struct Captured {
    pub(crate) files: Vec<(PathBuf, Vec<u8>)>,
    pub(crate) issues: Vec<Issue>,
    /// Path and reason.
    pub(crate) skipped: Vec<(PathBuf, &'static str)>,
}

impl Captured {
    pub(crate) fn file(&self, path: impl AsRef<Path>) -> Option<&[u8]> {
        self.files.iter().find(|(name, _)| name == path.as_ref()).map(|(_, bytes)| bytes.as_slice())
    }
}

/// A place that has to be there.
pub(crate) fn source(kind: SourceKind) -> Source {
    Source { recipe: "test", kind, need: Need::Required, claimed: Vec::new(), largest: None }
}

/// Collects from this machine.
pub(crate) fn capture(sources: Vec<Source>) -> Captured {
    capture_from(Root::live().unwrap(), sources)
}

/// Collects all that the catalog has for a tree.
pub(crate) fn capture_all(root: Root, host: &Host) -> Captured {
    let settings = config::Collect {
        switches: BTreeMap::new(),
        custom_paths: Vec::new(),
        excludes: Vec::new(),
        moved: BTreeMap::new(),
        command_workers: 1,
        command_limits: BTreeMap::new(),
        own_places: Vec::new(),
        samples: config::Samples::default(),
    };
    capture_with(root, host, &settings)
}

/// The same with settings.
pub(crate) fn capture_with(root: Root, host: &Host, settings: &config::Collect) -> Captured {
    let recipes: Vec<_> = catalog().collect();
    let plan = BackupPlan::new(settings, host, &recipes, &|path| root.exists(path));
    run(root, plan, PATIENT)
}

/// Collects from a tree.
pub(crate) fn capture_from(root: Root, sources: Vec<Source>) -> Captured {
    capture_within(PATIENT, root, sources)
}

/// Collects from a tree whose file system may be stuck.
pub(crate) fn capture_within(io: Duration, root: Root, sources: Vec<Source>) -> Captured {
    let plan =
        BackupPlan { sources, commands: Vec::new(), left_out: Vec::new(), excludes: Vec::new(), recipes: Vec::new() };
    run(root, plan, io)
}

fn run(root: Root, plan: BackupPlan, io: Duration) -> Captured {
    let run_dir = tempfile::tempdir().unwrap();
    let system = System::new(root, Runner::Nobody);
    let workspace = Workspace::create(&run_dir.path().join("run"), Afterwards::Remove).unwrap();
    let limits = Limits { io, workers: 1 };
    let mut captured = Captured::default();
    for found in start(&Arc::new(plan), &Arc::new(system), &Arc::new(workspace), limits) {
        match found.unwrap() {
            Found::Entry(mut entry) => {
                let mut bytes = Vec::new();
                entry.content.read_to_end(&mut bytes).unwrap();
                captured.files.push((entry.path, bytes));
            }
            Found::Issue(issue) => captured.issues.push(issue),
            Found::Skipped { path, why } => captured.skipped.push((path, why.as_str())),
            Found::Absent(_) => {}
        }
    }
    captured
}
