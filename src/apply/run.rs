//! The steps of a plan, one after another. What ends the restore is an error; a service that does
//! not come up again, or a program that fails, is an issue: taking everything back would not help.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Local};

use super::{
    ApplyError, Change, Entry, Journal, Machine, Reach, Record, UnitState, check, cluster, compare, database, network,
    put, saved, units,
};
use crate::issue::{Issue, Stage};
use crate::restore::{Deed, Demand, RestorePlan, Step};

/// Programs of Proxmox write into these while they make keys known (`pvecm updatecerts`): an undo
/// must know what was there, although no step names them.
const TOUCHED_BY_UPDATECERTS: &[&str] = &[
    "/root/.ssh/authorized_keys",
    "/root/.ssh/known_hosts",
    "/root/.ssh/config",
    "/root/.ssh/id_rsa",
    "/root/.ssh/id_rsa.pub",
    "/etc/ssh/ssh_known_hosts",
];

/// Everything a restore works with.
pub struct Work<'a> {
    /// Where.
    pub machine: &'a Machine<'a>,
    /// What is written down, and where contents wait.
    pub record: &'a Record,
    /// What is to be done.
    pub plan: &'a RestorePlan,
    /// What each path of the plan shall be, by its place in the plan.
    pub changes: BTreeMap<usize, Change>,
    /// This program, for the timer that takes the network back.
    pub program: &'a Path,
}

/// What happened.
#[derive(Debug, Default)]
pub struct Applied {
    /// What did not work and did not end it.
    pub issues: Vec<Issue>,
    /// Until when somebody has to say that the network works.
    pub network_until: Option<DateTime<Local>>,
}

/// Does all steps. `say` hears of each one: its number, how many there are, what it is.
pub fn apply(work: &Work<'_>, journal: &mut Journal, say: &dyn Fn(usize, usize, &str)) -> Result<Applied, ApplyError> {
    let mut hands = Hands { work, journal, units: Vec::new(), applied: Applied::default() };
    let steps = &work.plan.steps;
    for (number, step) in (1..).zip(steps) {
        work.machine.system.cancel.check()?;
        let what = step.deed.describe();
        say(number, steps.len(), &what);
        hands.step(number, step, what)?;
    }
    let at = work.machine.system.clock.now().to_rfc3339();
    hands.journal.add(&Entry::Finished { at })?;
    Ok(hands.applied)
}

struct Hands<'a, 'w> {
    work: &'a Work<'w>,
    journal: &'a mut Journal,
    /// Services before the restore.
    units: Vec<UnitState>,
    applied: Applied,
}

impl Hands<'_, '_> {
    fn step(&mut self, number: usize, step: &Step, what: String) -> Result<(), ApplyError> {
        let command = match &step.deed {
            Deed::Run { command, .. } => command.clone(),
            _ => Vec::new(),
        };
        self.journal.add(&Entry::Step { number, reach: Reach::of(&step.deed), what, command })?;
        match self.deed(step) {
            Ok(()) => self.journal.add(&Entry::Done { number }),
            Err(error) => {
                self.journal.add(&Entry::Failed { number, why: error.to_string() })?;
                if is_vital(&step.deed) || matches!(error, ApplyError::Cancelled(_)) {
                    return Err(error);
                }
                self.issue(step.deed.describe(), error.to_string());
                Ok(())
            }
        }
    }

    fn deed(&mut self, step: &Step) -> Result<(), ApplyError> {
        let machine = self.work.machine;
        match &step.deed {
            // Done while the contents came out of the archive.
            Deed::Export => Ok(()),
            Deed::SaveUndo => self.save(),
            Deed::Stop { unit } => units::stop(machine, unit),
            Deed::Unmount { path } => units::unmount(machine, path),
            Deed::PutFiles => self.files(step),
            Deed::PutDatabase { remove, .. } => self.database(step, remove),
            Deed::Start { unit } => self.start(unit),
            Deed::WaitFor { path, seconds } => units::wait_for(machine, path, *seconds),
            Deed::Run { command, seconds } => units::run(machine, command, *seconds),
            Deed::PutClusterFiles => self.cluster(step),
            Deed::PutNetwork { seconds } => self.network(step, *seconds),
            Deed::Check { demand: Demand::Cluster { .. } } => check::cluster(machine, self.new_database()?),
            Deed::Check { demand: Demand::Everything } => self.check(),
        }
    }

    /// What is there now, and which services run.
    fn save(&mut self) -> Result<(), ApplyError> {
        let work = self.work;
        let all: Vec<(Reach, Change)> = self.written().chain(self.beside()).collect();
        saved::save(work.machine, work.record, &all)?;
        let names: Vec<&str> = unit_names(work.plan);
        self.units = units::look(work.machine, &names)?;
        self.journal.add(&Entry::Units { units: self.units.clone() })
    }

    /// What the steps write, each with what its step reaches.
    fn written(&self) -> impl Iterator<Item = (Reach, Change)> {
        let steps = self.work.plan.steps.iter().filter(|step| step.deed != Deed::SaveUndo);
        steps.flat_map(|step| self.changes(step).into_iter().map(|change| (Reach::of(&step.deed), change)))
    }

    fn beside(&self) -> Vec<(Reach, Change)> {
        let runs_updatecerts =
            |step: &Step| matches!(&step.deed, Deed::Run { command, .. } if command[..] == ["pvecm", "updatecerts"]);
        if !self.work.plan.steps.iter().any(runs_updatecerts) {
            return Vec::new();
        }
        let known: BTreeSet<&[u8]> = self.work.changes.values().map(|change| change.path.as_slice()).collect();
        let beside = TOUCHED_BY_UPDATECERTS.iter().map(|path| path.as_bytes()).filter(|path| !known.contains(path));
        beside.map(|path| (Reach::Services, Change::absent(path))).collect()
    }

    fn changes(&self, step: &Step) -> Vec<Change> {
        step.files.iter().filter_map(|at| self.work.changes.get(at)).cloned().collect()
    }

    fn files(&mut self, step: &Step) -> Result<(), ApplyError> {
        let changes = self.changes(step);
        let remarks = put::put_all(self.work.machine, &changes)?;
        self.issues("files", remarks);
        check::files(self.work.machine, &changes)
    }

    fn database(&mut self, step: &Step, remove: &[String]) -> Result<(), ApplyError> {
        let Some(change) = self.changes(step).into_iter().next() else { return Ok(()) };
        database::keep_old(self.work.machine, self.work.record)?;
        database::put_new(self.work.machine, self.work.record, &change, remove)
    }

    fn cluster(&mut self, step: &Step) -> Result<(), ApplyError> {
        let changes = self.changes(step);
        cluster::may_write(self.work.machine)?;
        let remarks = cluster::put_cluster(self.work.machine, &changes)?;
        self.issues("/etc/pve", remarks);
        check::cluster_files(self.work.machine, &changes)
    }

    /// The old files come back by themselves from here on, whatever happens to this process.
    fn network(&mut self, step: &Step, seconds: u32) -> Result<(), ApplyError> {
        let work = self.work;
        let until = work.machine.system.clock.now() + Duration::from_secs(u64::from(seconds));
        network::arm(work.machine, work.record, work.program, until, seconds)?;
        let changes = self.changes(step);
        put::put_all(work.machine, &changes)?;
        check::files(work.machine, &changes)?;
        network::apply_network(work.machine)?;
        self.applied.network_until = Some(until);
        Ok(())
    }

    /// pmxcfs always, everything else if it ran.
    fn start(&self, unit: &str) -> Result<(), ApplyError> {
        let ran = self.units.iter().any(|known| known.unit == unit && known.was_active);
        if ran || is_pmxcfs(unit) { units::start(self.work.machine, unit) } else { Ok(()) }
    }

    fn new_database(&self) -> Result<&Change, ApplyError> {
        let is_database = |change: &&Change| change.path == crate::restore::DATABASE;
        self.work.changes.values().find(is_database).ok_or_else(|| ApplyError::Differs {
            path: "config.db".to_owned(),
            why: "the plan holds no database".to_owned(),
        })
    }

    /// What ran runs, and files are still as they were written.
    fn check(&mut self) -> Result<(), ApplyError> {
        let work = self.work;
        let names: Vec<&str> = self.units.iter().filter(|it| it.was_active).map(|it| it.unit.as_str()).collect();
        for state in units::look(work.machine, &names)?.into_iter().filter(|state| !state.was_active) {
            self.issue(state.unit, "it ran before the restore and does not run now: journalctl -u has the reason");
        }
        let written: Vec<(Reach, Change)> = self.written().collect();
        for (_, change) in written.iter().filter(|(reach, _)| matches!(reach, Reach::Files | Reach::Network)) {
            if let Some(why) = compare::differs(work.machine, change)? {
                self.issue(change.shown(), format!("changed since it was written: {why}"));
            }
        }
        Ok(())
    }

    fn issues(&mut self, subject: &str, reasons: Vec<String>) {
        for reason in reasons {
            self.issue(subject, reason);
        }
    }

    fn issue(&mut self, subject: impl Into<String>, reason: impl Into<String>) {
        self.applied.issues.push(Issue::warning(Stage::Restore, subject, reason));
    }
}

/// Without these a restore is none.
fn is_vital(deed: &Deed) -> bool {
    match deed {
        Deed::Start { unit } => is_pmxcfs(unit),
        Deed::Run { .. } | Deed::Check { demand: Demand::Everything } => false,
        _ => true,
    }
}

fn is_pmxcfs(unit: &str) -> bool {
    unit == "pve-cluster.service"
}

/// Units in the order in which they stop.
fn unit_names(plan: &RestorePlan) -> Vec<&str> {
    let stopped = plan.steps.iter().filter_map(|step| match &step.deed {
        Deed::Stop { unit } => Some(unit.as_str()),
        _ => None,
    });
    stopped.collect()
}
