//! Waits for the reader thread, with a limit, and replaces one that does not answer.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::Found;
use super::accounts::Accounts;
use super::files::Walker;
use crate::host::{ClusterNode, cluster_tree};
use crate::issue::{Issue, Stage};
use crate::plan::BackupPlan;
use crate::system::{Cancelled, Root, System, Workspace, read_mounts};
use crate::units::Elapsed;

/// How often a wait looks at the cancel flag.
const TICK: Duration = Duration::from_millis(50);
/// Findings on their way to the archive; a small file is at most 64 KiB, so at most 4 MiB wait here.
const DEPTH: usize = 64;

/// What all reader threads of a run share.
pub(super) struct Job {
    pub(super) plan: Arc<BackupPlan>,
    pub(super) system: Arc<System>,
    pub(super) workspace: Arc<Workspace>,
    pub(super) accounts: Accounts,
    pub(super) io_limit: Duration,
    /// Mount points as the tree names them. A bind mount has the device of its tree, and the mount of
    /// a user who lets nobody in tells root not even its device: only the table knows both.
    pub(super) mounts: HashSet<PathBuf>,
    /// Of a disk whose cluster file system is not mounted; read when the first source needs it.
    cluster_tree: OnceLock<Option<Vec<ClusterNode>>>,
    progress: Mutex<Progress>,
    /// Counts every step: a reader that walks a large excluded tree says nothing, but is not stuck.
    steps: AtomicU64,
}

/// What is done and where the reader is. Never locked during I/O.
#[derive(Default)]
pub(super) struct Progress {
    next_source: usize,
    at: PathBuf,
    /// Paths that are in the archive.
    pub(super) emitted: HashSet<PathBuf>,
    /// First name of each file with several.
    pub(super) linked: HashMap<(u64, u64), PathBuf>,
}

impl Job {
    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what the reader touches next.
    pub(super) fn step(&self, at: &Path) {
        self.steps.fetch_add(1, Ordering::Relaxed);
        at.clone_into(&mut self.progress().at);
    }

    pub(super) fn cluster_tree(&self) -> Option<&[ClusterNode]> {
        self.cluster_tree.get_or_init(|| cluster_tree(&self.system.root)).as_deref()
    }

    fn take_source(&self) -> Option<usize> {
        let mut progress = self.progress();
        let source = progress.next_source;
        progress.next_source += 1;
        (source < self.plan.sources.len()).then_some(source)
    }
}

/// The iterator over files.
pub(super) struct Reader {
    job: Arc<Job>,
    findings: Option<Receiver<Found>>,
}

impl Reader {
    pub(super) fn start(
        plan: &Arc<BackupPlan>,
        system: &Arc<System>,
        workspace: &Arc<Workspace>,
        io_limit: Duration,
    ) -> Self {
        let job = Arc::new(Job {
            plan: Arc::clone(plan),
            system: Arc::clone(system),
            workspace: Arc::clone(workspace),
            accounts: Accounts::load(&system.root),
            io_limit,
            mounts: mount_points(&system.root),
            cluster_tree: OnceLock::new(),
            progress: Mutex::default(),
            steps: AtomicU64::new(0),
        });
        let findings = spawn(&job);
        Self { job, findings: Some(findings) }
    }

    /// The next finding; `None` when all sources are done.
    pub(super) fn next(&mut self) -> Option<Result<Found, Cancelled>> {
        let findings = self.findings.as_ref()?;
        let (mut since, mut steps) = (Instant::now(), self.job.steps.load(Ordering::Relaxed));
        loop {
            if let Err(cancelled) = self.job.system.cancel.check() {
                return Some(Err(cancelled));
            }
            match findings.recv_timeout(TICK) {
                Ok(found) => return Some(Ok(found)),
                Err(RecvTimeoutError::Disconnected) => {
                    self.findings = None;
                    return None;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            let now = self.job.steps.load(Ordering::Relaxed);
            if now != steps {
                (since, steps) = (Instant::now(), now);
            } else if since.elapsed() >= self.job.io_limit {
                return Some(Ok(self.give_up()));
            }
        }
    }

    /// Whether a path is in the archive already.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.job.progress().emitted.contains(path)
    }

    /// Leaves the stuck thread behind (it cannot be ended while the kernel holds it) and goes on.
    fn give_up(&mut self) -> Found {
        let at = self.job.progress().at.display().to_string();
        self.findings = Some(spawn(&self.job));
        let reason = format!("the file system gave no answer within {}", Elapsed(self.job.io_limit));
        Found::Issue(
            Issue::warning(Stage::Collect, at, reason)
                .with_hint("what follows it in this tree was not read; check the mount"),
        )
    }
}

fn mount_points(root: &Root) -> HashSet<PathBuf> {
    let below = |point: PathBuf| point.strip_prefix(root.prefix()).ok().map(|inside| Path::new("/").join(inside));
    read_mounts().into_iter().filter_map(|mount| below(mount.point)).collect()
}

fn spawn(job: &Arc<Job>) -> Receiver<Found> {
    let (sender, findings) = sync_channel(DEPTH);
    let job = Arc::clone(job);
    std::thread::spawn(move || read_sources(&job, &sender));
    findings
}

fn read_sources(job: &Job, sender: &SyncSender<Found>) {
    while let Some(number) = job.take_source() {
        let mut walker = Walker::new(job, &job.plan.sources[number], sender);
        // The receiver is gone: the run ended, or this reader was given up.
        if walker.run().is_err() {
            return;
        }
    }
}

impl Progress {
    /// Notes an entry; false when it is in the archive already.
    pub(super) fn note(&mut self, path: &Path) -> bool {
        self.emitted.insert(path.to_owned())
    }
}

/// The other end has gone.
#[derive(Debug)]
pub(super) struct Gone;

/// Hands a finding on.
pub(super) fn send(sender: &SyncSender<Found>, found: Found) -> Result<(), Gone> {
    sender.send(found).map_err(|_| Gone)
}
