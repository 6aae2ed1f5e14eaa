//! Puts a backup back: looks again, writes down, fetches contents, does the steps; takes everything
//! back when one of them fails.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Local};
use log::{info, warn};

use super::contents::Contents;
use super::records::{alone, past_restores};
use super::{Failure, STEP, restore_plan, tell};
use crate::apply::{
    Applied, ApplyError, Entry, Journal, Life, Machine, Record, Work, apply, check_space, clear, export, stage,
    take_back,
};
use crate::bundle::Backup;
use crate::issue::Issue;
use crate::restore::{Refusal, RestorePlan, Selection};
use crate::system::{System, is_root, write_atomically};

/// What a restore is made of.
pub struct RestoreJob<'a> {
    /// The machine.
    pub system: &'a System,
    /// The backup.
    pub backup: &'a Backup,
    /// What was asked for.
    pub selection: &'a Selection,
    /// What was shown and agreed to.
    pub plan: &'a RestorePlan,
    /// State directory: the record lies there.
    pub state_dir: &'a Path,
    /// The lock that backups take, too.
    pub lock: &'a Path,
    /// This program, for the timer that takes the network back.
    pub program: PathBuf,
}

/// What was done.
#[derive(Debug)]
pub struct Restored {
    /// Where everything about it lies.
    pub record: Record,
    /// What did not work and did not end it.
    pub issues: Vec<Issue>,
    /// Until when somebody has to say that the network works.
    pub network_until: Option<DateTime<Local>>,
    /// Files put aside for reading.
    pub exported: u64,
}

/// How a restore that did not come to its end left the machine.
#[derive(Debug)]
pub enum Left {
    /// Nothing had changed.
    Untouched,
    /// Everything was put back.
    TakenBack {
        /// How many things are not as before all the same: services that do not start.
        issues: usize,
    },
    /// Taking it back failed as well.
    Halfway {
        /// Which restore.
        id: String,
        /// Why.
        why: Box<ApplyError>,
    },
}

/// Restores. What is refused, and what the machine has become since the plan, end it before the
/// first change.
pub fn restore(job: &RestoreJob<'_>) -> Result<Restored, Failure> {
    if !is_root() {
        return Err(Failure::NotRoot);
    }
    ensure_allowed(job.plan)?;
    let _alone = alone(job.system, job.lock)?;
    ensure_none_is_open(job.state_dir)?;
    ensure_same(job)?;
    let system = job.system.without_terminal();
    let machine = Machine::of(&system)?;
    let record = Record::create(job.state_dir, &job.system.clock.now())?;
    let done = recorded(job, &machine, &record);
    // What came out of the backup holds secrets, and is in place or not wanted any more.
    if let Err(error) = clear(&record) {
        warn!("{error}");
    }
    done
}

fn recorded(job: &RestoreJob<'_>, machine: &Machine<'_>, record: &Record) -> Result<Restored, Failure> {
    let mut journal = begin(job, record).map_err(untouched)?;
    info!(target: STEP, "Reading the backup");
    job.system.meter().begin("Reading the backup", None);
    let contents = Contents::of(job.backup, &job.system.cancel)?;
    check_space(record, job.plan, 0).map_err(untouched)?;
    let staged = stage(record, contents.members()?, job.plan);
    let exported = export(record, &|| contents.members(), job.plan);
    // A request to stop shows as an archive that is cut off; it is told apart here.
    job.system.cancel.check()?;
    let (changes, exported) = (staged.map_err(untouched)?, exported?);
    let work = Work { machine, record, plan: job.plan, changes, program: &job.program };
    let say = |number: usize, of: usize, what: &str| {
        info!(target: STEP, "Step {number}/{of}: {what}");
        job.system.meter().begin(format!("Step {number}/{of}: {what}"), None);
    };
    match apply(&work, &mut journal, &say) {
        Ok(Applied { issues, network_until }) => {
            Ok(Restored { record: record.clone(), issues, network_until, exported: exported.files })
        }
        Err(error) => {
            let left = leave(job.system, record, &mut journal, &error);
            Err(Failure::Restore { why: Box::new(error), left })
        }
    }
}

fn begin(job: &RestoreJob<'_>, record: &Record) -> Result<Journal, ApplyError> {
    let plan = serde_json::to_vec_pretty(job.plan)
        .map_err(|cause| ApplyError::Record { dir: record.dir().to_owned(), why: cause.to_string() })?;
    write_atomically(&record.plan(), &plan)?;
    let mut journal = Journal::open(record)?;
    journal.add(&Entry::Begun {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        at: job.system.clock.now().to_rfc3339(),
        backup: job.backup.path.display().to_string(),
        steps: job.plan.steps.len(),
    })?;
    Ok(journal)
}

/// A restore that failed changes nothing. No signal stops the way back.
fn leave(system: &System, record: &Record, journal: &mut Journal, error: &ApplyError) -> Left {
    if matches!(record.life(), Ok(Life::Untouched)) {
        return Left::Untouched;
    }
    warn!("{error}");
    info!(target: STEP, "Taking everything back");
    // What came out of the backup is not needed any more, and may be what fills the disk.
    if let Err(error) = clear(record) {
        warn!("{error}");
    }
    let system = system.to_the_end();
    let taken = Machine::of(&system)
        .map_err(ApplyError::from)
        .and_then(|machine| take_back(&machine, record, journal, &|what| say_undo(&system, what)));
    match taken {
        Ok(taken) => {
            tell(&taken.issues);
            Left::TakenBack { issues: taken.issues.len() }
        }
        Err(why) => Left::Halfway { id: record.id().to_owned(), why: Box::new(why) },
    }
}

/// One step of the way back.
pub(super) fn say_undo(system: &System, what: &str) {
    info!(target: STEP, "Undo: {what}");
    system.meter().begin(format!("Undo: {what}"), None);
}

fn untouched(why: ApplyError) -> Failure {
    Failure::Restore { why: Box::new(why), left: Left::Untouched }
}

/// A second restore over a half one would save the half as what was there before.
fn ensure_none_is_open(state_dir: &Path) -> Result<(), Failure> {
    for past in past_restores(state_dir)? {
        if matches!(past.life, Some(Life::Halfway | Life::Undoing | Life::Unconfirmed)) {
            return Err(Failure::RestoreOpen { id: past.record.id().to_owned(), state: past.state() });
        }
    }
    Ok(())
}

fn ensure_allowed(plan: &RestorePlan) -> Result<(), Failure> {
    let refused = |refusal: &Refusal| Err(Failure::Refused(format!("{}: {}", refusal.what, refusal.why)));
    plan.refusals.first().map_or(Ok(()), refused)
}

/// Somebody read the plan for a while; what they agreed to must still be what is done.
fn ensure_same(job: &RestoreJob<'_>) -> Result<(), Failure> {
    let now = restore_plan(job.backup, job.system, job.selection)?;
    let value = |plan: &RestorePlan| serde_json::to_value(plan).ok();
    if value(&now) == value(job.plan) {
        return Ok(());
    }
    // What is refused by now says more than that something is different.
    ensure_allowed(&now)?;
    Err(Failure::PlanChanged)
}
