//! The tiers of the settings, and what is done on all of them at once.
//!
//! The local tier is required; a failing one beside it is a warning, never the end of the run. Each
//! keeps its own time limits, so waiting for all of them is bounded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread;

use log::{info, warn};

use super::{BackupJob, SUMMARY, tell};
use crate::bundle::{BackupId, SIDE_FILES};
use crate::config::{Cloud, Config, Kept, Retention};
use crate::issue::{Issue, Stage};
use crate::report::{RunReport, TierFacts, timed};
use crate::storage::{DirectoryStore, Outgoing, Rclone, StorageError, Store, Stored, Terms, Tier, Touch};
use crate::system::{Cancel, Cancelled, Live, Meter, Root, Runner, Space};
use crate::units::ByteSize;

/// The tiers, the local one first.
pub struct Tiers {
    local: DirectoryStore,
    others: Vec<Box<dyn Store>>,
    meter: Meter,
}

/// What lies on all tiers that answered.
pub struct Listing {
    /// Newest first; a backup on several tiers is there several times, the local one first.
    pub stored: Vec<Stored>,
    /// Tiers nobody could look at.
    pub silent: Vec<Silent>,
}

/// A tier that did not answer.
pub struct Silent {
    /// Which.
    pub tier: Tier,
    /// Where it is.
    pub place: String,
    /// Why.
    pub error: StorageError,
}

/// What became of the copy on one tier.
struct Copied {
    facts: TierFacts,
    issues: Vec<Issue>,
}

impl Tiers {
    /// The tiers these settings name. Of the caller's `environment` rclone gets its own variables and
    /// its backends' credentials.
    pub fn of(config: &Config, environment: &BTreeMap<String, String>, cancel: &Cancel) -> Self {
        let terms = Terms {
            io_limit: config.local.io_limit,
            owner: config.owner.clone(),
            keys: config.encryption.recipients_file.parent().unwrap_or(Path::new("/")).to_owned(),
            cancel: cancel.clone(),
        };
        let secondary = config.secondary.iter().map(|settings| DirectoryStore::secondary(settings, &terms));
        let secondary = secondary.map(|store| Box::new(store) as Box<dyn Store>);
        let cloud = config.cloud.iter().map(|settings| cloud(settings, &terms, environment));
        Self {
            local: DirectoryStore::local(&config.local, &terms),
            others: secondary.chain(cloud).collect(),
            meter: cancel.meter().clone(),
        }
    }

    /// What copies are counted with.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// All, the local one first.
    pub fn all(&self) -> impl Iterator<Item = &dyn Store> {
        std::iter::once(&self.local as &dyn Store).chain(self.others())
    }

    /// Those beside the local one.
    fn others(&self) -> impl Iterator<Item = &dyn Store> {
        self.others.iter().map(AsRef::as_ref)
    }

    /// One of them.
    pub fn get(&self, tier: Tier) -> Option<&dyn Store> {
        self.all().find(|store| store.tier() == tier)
    }

    /// Lists those that `wanted` names, side by side. A local tier that cannot be listed is an error.
    pub fn list(&self, wanted: impl Fn(Tier) -> bool) -> Result<Listing, StorageError> {
        let asked: Vec<&dyn Store> = self.all().filter(|store| wanted(store.tier())).collect();
        let (mut stored, mut silent) = (Vec::new(), Vec::new());
        for (store, found) in asked.iter().zip(side_by_side(&asked, |store| store.list())) {
            match found {
                Ok(found) => stored.extend(found),
                Err(error) if store.tier() == Tier::Local => return Err(error),
                Err(error) => silent.push(Silent { tier: store.tier(), place: store.place(), error }),
            }
        }
        stored.sort_by(|a, b| b.id.cmp(&a.id).then(a.tier.cmp(&b.tier)));
        Ok(Listing { stored, silent })
    }

    /// The backup was written to the local tier and read back from there; it may be for somebody else.
    fn keep(&self, host: &str) -> Copied {
        let issues = self.local.hand_over(host).unwrap_or_else(|error| match error {
            // The run ends by that, and says so.
            StorageError::Cancelled(_) => Vec::new(),
            error => {
                let reason = format!("BACKUP_USER gets nothing: {error}");
                vec![Issue::warning(Stage::Storage, self.local.place(), reason)]
            }
        });
        let copied = Copied { facts: facts(&self.local, Ok("SHA-256 read back".to_owned())), issues };
        narrate(&copied);
        copied
    }

    /// Copies the backup to the tiers beside the local one, side by side.
    fn copy(&self, host: &str, backup: &Outgoing) -> Vec<Copied> {
        let others: Vec<&dyn Store> = self.others().collect();
        for store in &others {
            info!("{}: copying to {}", store.tier(), store.place());
        }
        let copied = side_by_side(&others, |store| copy_to(store, host, backup));
        for one in &copied {
            narrate(one);
        }
        copied
    }

    /// Copies the run's logs to the tiers that got the backup, and prunes the logs there.
    pub fn copy_logs(&self, report: &RunReport, logs: &[&Path], retention: &Retention) -> Vec<Issue> {
        let has_copy = |store: &&dyn Store| report.tier(store.tier()).is_some_and(|facts| facts.copy.is_ok());
        let others: Vec<&dyn Store> = self.others().filter(has_copy).collect();
        let results = side_by_side(&others, |store| {
            logs.iter().try_for_each(|log| store.put_log(log))?;
            let removed = report.tier(store.tier()).map_or(&[][..], |facts| &facts.removed);
            store.prune_logs(&report.host.name, removed, kept(retention, store.tier()).logs)
        });
        let failed = others.iter().zip(results).filter_map(|(store, result)| Some((store, result.err()?)));
        failed
            .map(|(store, error)| Issue::warning(Stage::Storage, format!("logs, {}", store.place()), error.to_string()))
            .collect()
    }
}

/// The backup lies on the local tier; the others get copies.
pub(super) fn store(job: &BackupJob<'_>, id: &BackupId, report: &mut RunReport) -> Result<(), Cancelled> {
    let Some(archive) = &report.archive else { return Ok(()) };
    let (outgoing, host) = (outgoing(id, Path::new(&archive.path)), &report.host.name);
    announce(job, archive.bytes_written);
    let all = timed(&mut report.phases, "storage", job.system.clock, || {
        std::iter::once(job.tiers.keep(host)).chain(job.tiers.copy(host, &outgoing)).collect::<Vec<_>>()
    });
    for copied in all {
        report.issues.extend(copied.issues);
        report.tiers.push(copied.facts);
    }
    let narrow = room(job, report);
    tell(&narrow);
    report.issues.extend(narrow);
    job.system.cancel.check()
}

/// Says to who looks on how much there is to copy. A directory's copy is read back; of rclone nobody
/// knows how far it is.
fn announce(job: &BackupJob<'_>, bytes: u64) {
    let others: Vec<Tier> = job.tiers.others().map(Store::tier).collect();
    if others.is_empty() {
        return;
    }
    let names: Vec<&str> = others.iter().map(|tier| tier.as_str()).collect();
    let is_counted = !others.contains(&Tier::Cloud);
    let meter = job.system.meter();
    let total = is_counted.then(|| bytes.saturating_mul(2 * others.len() as u64));
    meter.begin(format!("Step 6/8: copying to {}", names.join(" and ")), total);
    if !is_counted {
        meter.advance(bytes);
    }
}

/// Notes the room of the tiers with a copy of today, and gives those that are nearly full; one that
/// cannot tell its room has enough.
fn room(job: &BackupJob<'_>, report: &mut RunReport) -> Vec<Issue> {
    let mut narrow = Vec::new();
    for facts in report.tiers.iter_mut().filter(|facts| facts.copy.is_ok()) {
        let limits = Limits::of(job.config, facts.tier);
        facts.room = job.tiers.get(facts.tier).and_then(|store| limits.ask(store));
        let why = facts.room.and_then(|room| limits.broken_by(room));
        narrow.extend(why.map(|why| Issue::warning(Stage::Storage, facts.place.clone(), why)));
    }
    narrow
}

/// What a tier must not fall short of.
struct Limits {
    percent: Option<u64>,
    free: ByteSize,
}

impl Limits {
    fn of(config: &Config, tier: Tier) -> Self {
        let nothing = ByteSize(0);
        match tier {
            Tier::Local => Self { percent: Some(config.local.full_percent), free: nothing },
            Tier::Secondary => Self { percent: config.secondary.as_ref().map(|tier| tier.full_percent), free: nothing },
            Tier::Cloud => Self { percent: None, free: config.cloud.as_ref().map_or(nothing, |tier| tier.min_free) },
        }
    }

    /// Where there is no limit nobody asks: of a remote that is a call over the network.
    fn ask(&self, store: &dyn Store) -> Option<Space> {
        if self.percent.is_none() && self.free.0 == 0 {
            return None;
        }
        store.space().ok().flatten()
    }

    /// In words.
    fn broken_by(&self, Space { free, total }: Space) -> Option<String> {
        let used = (total.0.saturating_sub(free.0)).saturating_mul(100) / total.0.max(1);
        match self.percent {
            Some(limit) if used >= limit => Some(format!("{used} % are used, {limit} % is the limit; {free} are free")),
            _ if free < self.free => Some(format!("{free} are free, {} are asked for", self.free)),
            _ => None,
        }
    }
}

/// What a tier keeps.
pub(super) fn kept(retention: &Retention, tier: Tier) -> Kept {
    match tier {
        Tier::Local => retention.local,
        Tier::Secondary => retention.secondary,
        Tier::Cloud => retention.cloud,
    }
}

/// The files of a backup that has just been written.
fn outgoing(id: &BackupId, path: &Path) -> Outgoing {
    let sides = SIDE_FILES.iter().map(|end| PathBuf::from(format!("{}{end}", path.display())));
    let is_there = |file: &PathBuf| Root::live().is_ok_and(|root| root.exists(file));
    Outgoing { id: id.clone(), files: std::iter::once(path.to_owned()).chain(sides.filter(is_there)).collect() }
}

/// A mounted remote is a directory; rclone is this machine's, whatever tree is looked at.
fn cloud(settings: &Cloud, terms: &Terms, environment: &BTreeMap<String, String>) -> Box<dyn Store> {
    match DirectoryStore::mounted_remote(settings, terms) {
        Some(store) => Box::new(store),
        None => Box::new(Rclone::new(settings, Runner::Live(Live::default()), environment, terms.cancel.clone())),
    }
}

/// Does the same on several tiers at a time; results in their order.
pub(super) fn side_by_side<T: Send>(stores: &[&dyn Store], work: impl Fn(&dyn Store) -> T + Sync) -> Vec<T> {
    if let [only] = stores {
        return vec![work(*only)];
    }
    thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = stores.iter().map(|store| scope.spawn(move || work(*store))).collect();
        // A panic of a tier goes on here: it is a bug, and the program's last line says so.
        running.into_iter().map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

fn copy_to(store: &dyn Store, host: &str, backup: &Outgoing) -> Copied {
    let mut issues = Vec::new();
    let placed = store.prepare(host, Touch::Really).and_then(|found| {
        issues.extend(found);
        store.put(backup)
    });
    let copy = match placed {
        Ok(placed) => {
            issues.extend(placed.issues);
            Ok(placed.how)
        }
        Err(error) => {
            issues.push(issue(Stage::Storage, store, &error));
            Err(error.to_string())
        }
    };
    Copied { facts: facts(store, copy), issues }
}

/// What went wrong on a tier, and what the user can do about it.
pub(super) fn issue(stage: Stage, store: &dyn Store, error: &StorageError) -> Issue {
    let issue = Issue::warning(stage, store.place(), error.to_string());
    match error.hint() {
        Some(hint) => issue.with_hint(hint),
        None => issue,
    }
}

fn facts(store: &dyn Store, copy: Result<String, String>) -> TierFacts {
    TierFacts { tier: store.tier(), place: store.place(), copy, present: None, removed: Vec::new(), room: None }
}

fn narrate(copied: &Copied) {
    let facts = &copied.facts;
    tell(&copied.issues);
    match &facts.copy {
        Ok(how) => info!("✓ {}: {} ({how})", facts.tier, facts.place),
        Err(_) => warn!(target: SUMMARY, "✗ {} operations completed with warnings", facts.tier),
    }
}
