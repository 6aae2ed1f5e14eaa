//! Takes over from an older tool, and gives back: facts, plan, each change written down and then done.

mod deed;
mod error;
mod gather;
mod programs;
mod record;

use std::path::{Path, PathBuf};

use super::Failure;
use super::records::alone;
use crate::config::Format;
use crate::migrate::{MigrationPlan, OwnFile, Step, decide};
use crate::system::System;

use deed::{Deed, Now, deeds};
use record::{Event, MigrationRecord};

pub use error::MigrateError;

/// What is wanted.
#[derive(Debug)]
pub struct MigrationJob<'a> {
    /// The machine.
    pub system: &'a System,
    /// What lasts from run to run lies here.
    pub state_dir: &'a Path,
    /// What keeps two runs apart.
    pub lock: &'a Path,
    /// The older tool's directory, where somebody has named it.
    pub from: Option<&'a Path>,
    /// What becomes of our own configuration file.
    pub own_file: OwnFile,
}

/// A moment of a migration or its undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It is written down and will be done now.
    Written,
    /// It is done.
    Done,
}

/// Hears of each change, in words.
pub type Told<'a> = &'a mut dyn FnMut(Moment, &str);

/// What would be done. Writes nothing.
pub fn migration_plan(job: &MigrationJob<'_>) -> Result<MigrationPlan, Failure> {
    Ok(planned(job)?)
}

fn planned(job: &MigrationJob<'_>) -> Result<MigrationPlan, MigrateError> {
    let has_written = has_written_config(job.state_dir)?;
    let facts = gather::facts(job.system, job.from, has_written)?;
    Ok(decide(&facts, job.own_file))
}

/// Whether a migration that is not taken back has written our configuration.
fn has_written_config(state_dir: &Path) -> Result<bool, MigrateError> {
    let is_ours = |event: &Event| match event {
        Event::Step { deed: Deed::Write { path, .. } } => path == Path::new(Format::Env.place()),
        _ => false,
    };
    Ok(MigrationRecord::open_ones(state_dir)?.iter().any(|(_, events)| events.iter().any(is_ours)))
}

/// Carries out the plan that was shown; gives the migration's name, or `None` where nothing is to be done.
pub fn migrate(job: &MigrationJob<'_>, plan: &MigrationPlan, told: Told<'_>) -> Result<Option<String>, Failure> {
    let _alone = alone(job.system, job.lock)?;
    if planned(job)? != *plan {
        return Err(MigrateError::PlanChanged.into());
    }
    if !plan.refused.is_empty() {
        return Err(MigrateError::Refused(plan.refused.clone()).into());
    }
    if plan.steps.is_empty() {
        return Ok(None);
    }
    let clock = job.system.clock;
    let record = MigrationRecord::create(job.state_dir, &clock.now())?;
    let (version, at) = (env!("CARGO_PKG_VERSION").to_owned(), clock.now().to_rfc3339());
    record.add(&Event::Begun { version, at, from: plan.base.clone() })?;
    // A signal between two changes would leave as much undone as a kill; there are few, and they are short.
    let system = job.system.to_the_end();
    for step in &plan.steps {
        carry_out(&system, &record, step, told).map_err(|why| MigrateError::Stopped {
            id: record.id().to_owned(),
            step: step.change.to_string(),
            why: Box::new(why),
        })?;
    }
    record.add(&Event::Finished { at: clock.now().to_rfc3339() })?;
    Ok(Some(record.id().to_owned()))
}

fn carry_out(system: &System, record: &MigrationRecord, step: &Step, told: Told<'_>) -> Result<(), MigrateError> {
    for deed in deeds(&step.change, system, record)? {
        let what = match &deed {
            Deed::Directory { path, .. } => format!("make the directory {}", path.display()),
            _ => step.change.to_string(),
        };
        record.add(&Event::Step { deed: deed.clone() })?;
        told(Moment::Written, &what);
        deed.carry_out(&step.change, system)?;
        told(Moment::Done, &what);
    }
    Ok(())
}

/// A migration that can be taken back.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PastMigration {
    /// Its name: when it began.
    pub id: String,
    /// The older tool's directory.
    pub from: PathBuf,
    /// Whether all of it was done.
    pub is_whole: bool,
}

/// Those that can be taken back, newest first. One that was stopped, and the one that went on, are two.
pub fn past_migrations(state_dir: &Path) -> Result<Vec<PastMigration>, Failure> {
    let all = MigrationRecord::open_ones(state_dir)?;
    let past = all.iter().map(|(record, events)| PastMigration {
        id: record.id().to_owned(),
        from: events.iter().find_map(origin).cloned().unwrap_or_default(),
        is_whole: events.iter().any(|event| matches!(event, Event::Finished { .. })),
    });
    Ok(past.collect())
}

fn origin(event: &Event) -> Option<&PathBuf> {
    match event {
        Event::Begun { from, .. } => Some(from),
        _ => None,
    }
}

/// Takes back every migration that is not taken back yet; gives their names.
pub fn undo_migration(system: &System, state_dir: &Path, lock: &Path, told: Told<'_>) -> Result<Vec<String>, Failure> {
    let _alone = alone(system, lock)?;
    let system = system.to_the_end();
    let open = MigrationRecord::open_ones(state_dir)?;
    if open.is_empty() {
        return Err(MigrateError::NoMigration(state_dir.to_owned()).into());
    }
    let mut undone = Vec::new();
    for (record, events) in open {
        take_back(&system, &record, &events, told)?;
        undone.push(record.id().to_owned());
    }
    Ok(undone)
}

fn take_back(system: &System, record: &MigrationRecord, events: &[Event], told: Told<'_>) -> Result<(), MigrateError> {
    let deeds: Vec<&Deed> = events.iter().rev().filter_map(deed_of).collect();
    let states = deeds.iter().map(|deed| deed.now_of(system, record)).collect::<Result<Vec<_>, _>>()?;
    let changed: Vec<String> = states
        .iter()
        .filter_map(|state| match state {
            Now::Changed(what) => Some(what.clone()),
            _ => None,
        })
        .collect();
    if !changed.is_empty() {
        return Err(MigrateError::Changed(changed));
    }
    let at = || system.clock.now().to_rfc3339();
    record.add(&Event::UndoBegun { at: at() })?;
    for (deed, state) in deeds.iter().zip(states) {
        deed.clear(&system.root)?;
        if state == Now::Before {
            continue;
        }
        let what = deed.to_string();
        told(Moment::Written, &what);
        if state == Now::Ours {
            deed.put_aside(&system.root, record)?;
        }
        deed.take_back(system, record)?;
        told(Moment::Done, &what);
    }
    if deeds.contains(&&Deed::Reload) && programs::has_systemd(system) {
        programs::systemctl(system, &["daemon-reload"])?;
    }
    record.add(&Event::UndoFinished { at: at() })
}

fn deed_of(event: &Event) -> Option<&Deed> {
    match event {
        Event::Step { deed } => Some(deed),
        _ => None,
    }
}
