//! Waits for the reader thread, with a limit, and replaces one that does not answer.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::accounts::Accounts;
use super::files::{Out, Walker};
use super::{Found, steady};
use crate::host::{ClusterNode, cluster_tree};
use crate::issue::{Issue, Stage};
use crate::plan::{BackupPlan, Source};
use crate::system::{Cancelled, Root, System, Workspace, foreign_mount_points};
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
    /// Number of the reader at work; one that was given up may wake and must not disturb.
    pub(super) reader: u64,
    /// The cluster file system is read as a whole, and once.
    is_cluster_read: bool,
    /// What was found there, until it is known to be of one version.
    held: Vec<Found>,
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

    fn take_work(&self) -> Option<Work<'_>> {
        let mut progress = self.progress();
        loop {
            let source = self.plan.sources.get(progress.next_source)?;
            progress.next_source += 1;
            if !steady::belongs(source) {
                return Some(Work::Source(source));
            }
            if !std::mem::replace(&mut progress.is_cluster_read, true) {
                return Some(Work::Cluster);
            }
        }
    }
}

/// What a reader does next.
enum Work<'a> {
    Source(&'a Source),
    /// All of the cluster file system.
    Cluster,
}

/// The iterator over files.
pub(super) struct Reader {
    job: Arc<Job>,
    findings: Option<Receiver<Found>>,
    /// What a reader that was given up had held back.
    rescued: VecDeque<Found>,
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
        Self { job, findings: Some(findings), rescued: VecDeque::new() }
    }

    /// The next finding; `None` when all sources are done.
    pub(super) fn next(&mut self) -> Option<Result<Found, Cancelled>> {
        if let Some(found) = self.rescued.pop_front() {
            return Some(Ok(found));
        }
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
        self.rescued.extend(self.job.progress().give_up());
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
    foreign_mount_points().into_iter().filter_map(below).collect()
}

fn spawn(job: &Arc<Job>) -> Receiver<Found> {
    let (sender, findings) = sync_channel(DEPTH);
    let job = Arc::clone(job);
    std::thread::spawn(move || read_sources(&job, &sender));
    findings
}

fn read_sources(job: &Job, sender: &SyncSender<Found>) {
    while let Some(work) = job.take_work() {
        let done = match work {
            Work::Source(source) => Walker::new(job, source, Out::Channel(sender)).run(),
            Work::Cluster => steady::read(job, sender),
        };
        // The receiver is gone: the run ended, or this reader was given up.
        if done.is_err() {
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

/// Entries known before the cluster file system was read.
pub(super) struct Known {
    emitted: HashSet<PathBuf>,
    linked: HashMap<(u64, u64), PathBuf>,
}

impl Progress {
    pub(super) fn clone_known(&self) -> Known {
        Known { emitted: self.emitted.clone(), linked: self.linked.clone() }
    }

    /// Forgets what an attempt found; false when the reader was given up.
    pub(super) fn start_over(&mut self, reader: u64, known: &Known) -> bool {
        if self.reader != reader {
            return false;
        }
        self.held.clear();
        self.emitted.clone_from(&known.emitted);
        self.linked.clone_from(&known.linked);
        true
    }

    pub(super) fn hold(&mut self, reader: u64, found: Found) -> Result<(), Gone> {
        if self.reader != reader {
            return Err(Gone);
        }
        self.held.push(found);
        Ok(())
    }

    pub(super) fn take_held(&mut self, reader: u64) -> Vec<Found> {
        if self.reader == reader { std::mem::take(&mut self.held) } else { Vec::new() }
    }

    /// The next reader's turn; gives what the last one held.
    fn give_up(&mut self) -> Vec<Found> {
        self.reader += 1;
        std::mem::take(&mut self.held)
    }
}

/// The other end has gone.
#[derive(Debug)]
pub(super) struct Gone;

/// Hands a finding on.
pub(super) fn send(sender: &SyncSender<Found>, found: Found) -> Result<(), Gone> {
    sender.send(found).map_err(|_| Gone)
}
