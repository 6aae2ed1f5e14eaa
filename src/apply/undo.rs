//! The way back: what a restore began to change becomes what it was, from the journal and what was
//! saved, however far it came. It may be killed and run again: every step looks only at what is
//! saved and makes it so.

use std::collections::{BTreeMap, BTreeSet};

use super::journal::reached;
use super::{
    ApplyError, Change, Entry, Journal, Machine, Reach, Record, UnitState, cluster, compare, database, network, put,
    saved, units,
};
use crate::archive::printable;
use crate::host::CLUSTER_DIR;
use crate::issue::{Issue, Stage};

/// pmxcfs makes its folder within seconds; a slow disk takes longer.
const CLUSTER_S: u32 = 60;
/// A start-up image per kernel, on a slow machine.
const COMMAND_S: u32 = 900;
/// Written below the root: by programs that steps run, and by steps.
const BELOW_ROOT: &[Reach] = &[Reach::Services, Reach::Files];

/// What happened.
#[derive(Debug, Default)]
pub struct TakenBack {
    /// Paths that somebody changed after the restore: their state was packed beside.
    pub kept_aside: Vec<String>,
    /// What did not work and did not end it.
    pub issues: Vec<Issue>,
}

/// Takes a restore back. `say` hears what is done.
pub fn take_back(
    machine: &Machine<'_>,
    record: &Record,
    journal: &mut Journal,
    say: &dyn Fn(&str),
) -> Result<TakenBack, ApplyError> {
    let entries = Journal::read(record)?;
    let reached = reached(&entries);
    let at = || machine.system.clock.now().to_rfc3339();
    journal.add(&Entry::UndoBegun { at: at() })?;
    let old = saved::load(record, &reached, record.old_dir())?;
    let units = entries.iter().rev().find_map(|entry| match entry {
        Entry::Units { units } => Some(units.clone()),
        _ => None,
    });
    let mut way =
        Way { machine, record, old, units: units.unwrap_or_default(), reached, say, done: TakenBack::default() };
    way.keep_aside()?;
    way.stop()?;
    way.files()?;
    way.database()?;
    way.start();
    way.cluster()?;
    way.commands(&entries);
    way.network()?;
    way.prove()?;
    journal.add(&Entry::UndoFinished { at: at() })?;
    Ok(way.done)
}

struct Way<'a> {
    machine: &'a Machine<'a>,
    record: &'a Record,
    /// What was there, by what changed it.
    old: BTreeMap<Reach, Vec<Change>>,
    /// Services before the restore, in the order in which they stop.
    units: Vec<UnitState>,
    reached: BTreeSet<Reach>,
    say: &'a dyn Fn(&str),
    done: TakenBack,
}

impl Way<'_> {
    fn has(&self, reach: Reach) -> bool {
        self.reached.contains(&reach)
    }

    fn old(&self, reach: Reach) -> &[Change] {
        self.old.get(&reach).map_or(&[], Vec::as_slice)
    }

    /// Nobody's work gets lost, not even that of the time since.
    fn keep_aside(&mut self) -> Result<(), ApplyError> {
        let changed = saved::changed_since(self.machine, self.record)?;
        if !changed.is_empty() {
            saved::keep_aside(self.machine, self.record, &changed)?;
        }
        self.done.kept_aside = changed.iter().map(|path| printable(path)).collect();
        Ok(())
    }

    /// Files of services are put back while these do not run.
    fn stop(&self) -> Result<(), ApplyError> {
        if !self.has(Reach::Files) && !self.has(Reach::Database) {
            return Ok(());
        }
        for state in &self.units {
            (self.say)(&format!("stop {}", state.unit));
            units::stop(self.machine, &state.unit)?;
        }
        Ok(())
    }

    fn files(&mut self) -> Result<(), ApplyError> {
        for reach in BELOW_ROOT {
            let old = self.old(*reach).to_vec();
            if self.has(*reach) && !old.is_empty() {
                (self.say)("put the files back");
                let remarks = put::put_back(self.machine, &old)?;
                self.issues("files", remarks);
            }
        }
        Ok(())
    }

    fn database(&self) -> Result<(), ApplyError> {
        if self.has(Reach::Database) {
            (self.say)("put the cluster database back");
            units::unmount(self.machine, CLUSTER_DIR)?;
            database::put_old(self.machine, self.record)?;
        }
        Ok(())
    }

    /// In the other order; pmxcfs has to be there before what reads it.
    fn start(&mut self) {
        for state in self.units.clone().iter().rev().filter(|state| state.was_active) {
            (self.say)(&format!("start {}", state.unit));
            let started = units::start(self.machine, &state.unit).and_then(|()| match state.unit.as_str() {
                "pve-cluster.service" => units::wait_for(self.machine, "/etc/pve/local", CLUSTER_S),
                _ => Ok(()),
            });
            if let Err(error) = started {
                self.issue(state.unit.clone(), error.to_string());
            }
        }
    }

    fn cluster(&mut self) -> Result<(), ApplyError> {
        let old = self.old(Reach::Cluster).to_vec();
        // Without quorum it can be read and not written: then nothing may have changed at all.
        if self.has(Reach::Cluster)
            && compare::first_wrong(&old, |it| compare::differs_in_cluster(self.machine, it))?.is_some()
        {
            (self.say)("put the files below /etc/pve back");
            cluster::may_write(self.machine)?;
            let remarks = cluster::put_cluster(self.machine, &old)?;
            self.issues("/etc/pve", remarks);
        }
        Ok(())
    }

    /// What followed from the changed files follows from the old ones. Certificates and keys of
    /// the node are what was put back, and are not made again.
    fn commands(&mut self, entries: &[Entry]) {
        let begun = entries.iter().filter_map(|entry| match entry {
            Entry::Step { command, .. } if command.first().is_some_and(|name| name != "pvecm") => Some(command.clone()),
            _ => None,
        });
        for command in begun.collect::<Vec<_>>() {
            (self.say)(&command.join(" "));
            if let Err(error) = units::run(self.machine, &command, COMMAND_S) {
                self.issue(command.join(" "), error.to_string());
            }
        }
    }

    /// The timer goes last: until the old files are back, it is what brings them.
    fn network(&mut self) -> Result<(), ApplyError> {
        if !self.has(Reach::Network) {
            return Ok(());
        }
        let old = self.old(Reach::Network).to_vec();
        if compare::first_wrong(&old, |it| compare::differs(self.machine, it))?.is_some() {
            (self.say)("put the network back");
            put::put_back(self.machine, &old)?;
            if let Err(error) = network::reload_network(self.machine) {
                self.issue("network", error.to_string());
            }
        }
        network::disarm(self.machine)
    }

    /// What is not as it was is said, and never passed over.
    fn prove(&mut self) -> Result<(), ApplyError> {
        let mut wrong = Vec::new();
        for (reach, changes) in &self.old {
            for change in changes.iter().filter(|_| self.reached.contains(reach)) {
                let differs = match reach {
                    Reach::Cluster => compare::differs_in_cluster(self.machine, change)?,
                    _ => compare::differs(self.machine, change)?,
                };
                wrong.extend(differs.map(|why| (change.shown(), why)));
            }
        }
        for (path, why) in wrong {
            self.issue(path, format!("it is not as it was before the restore: {why}"));
        }
        Ok(())
    }

    fn issues(&mut self, subject: &str, reasons: Vec<String>) {
        for reason in reasons {
            self.issue(subject, reason);
        }
    }

    fn issue(&mut self, subject: impl Into<String>, reason: impl Into<String>) {
        self.done.issues.push(Issue::warning(Stage::Restore, subject, reason));
    }
}
