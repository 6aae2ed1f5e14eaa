//! What is done, one after another. A step that holds files names them by their place in the plan.

use serde::Serialize;

use super::afterwards::{Afterwards, Doer};
use super::planned::{PlannedFile, Stage, Verdict};
use super::source::{Archived, Source};
use super::{pbs, services};
use crate::archive::printable;

/// How long a changed network lasts without a word of confirmation.
const NETWORK_S: u32 = 180;
/// pmxcfs makes its folder within seconds; a slow disk takes longer.
const CLUSTER_S: u32 = 60;
const COMMAND_S: u32 = 120;
/// A start-up image per kernel, on a slow machine.
const AFTERWARDS_S: u32 = 900;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What.
    #[serde(flatten)]
    pub deed: Deed,
    /// Why, and why here.
    pub why: String,
    /// Places in the list of files, in the order in which they are done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<usize>,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Deed {
    /// Packs everything that will change, and proves that it can be read.
    SaveUndo,
    /// Puts files aside for reading.
    Export,
    /// Stops a unit, if it is there.
    Stop {
        /// Its name.
        unit: String,
    },
    /// Unmounts a place; it must be gone before the next step.
    Unmount {
        /// Where.
        path: String,
    },
    /// Files and directories: temporary name, owner, mode, attributes, rename.
    PutFiles,
    /// The cluster database; what belonged to the old one goes.
    PutDatabase {
        /// Where.
        path: String,
        /// Its mode, octal.
        mode: String,
        /// Removed before it is used.
        remove: Vec<String>,
    },
    /// Starts a unit, if it ran.
    Start {
        /// Its name.
        unit: String,
    },
    /// Waits until a path is there.
    WaitFor {
        /// Which.
        path: String,
        /// At most so long.
        seconds: u32,
    },
    /// Runs a program.
    Run {
        /// Program and arguments.
        command: Vec<String>,
        /// At most so long.
        seconds: u32,
    },
    /// Files below the mounted `/etc/pve`: create and rename, no owner, no mode.
    PutClusterFiles,
    /// Network files, with a timer that puts the old ones back.
    PutNetwork {
        /// When, unless confirmed.
        seconds: u32,
    },
    /// Looks whether it worked.
    Check {
        /// What is demanded.
        demand: Demand,
    },
}

/// What must be true in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Demand {
    /// The mounted cluster file system holds the files of the database that was put in place.
    Cluster {
        /// How many.
        files: usize,
    },
    /// Files are as planned, services that were stopped run again.
    Everything,
}

impl Demand {
    /// For people.
    pub fn describe(self) -> String {
        match self {
            Self::Cluster { files } => format!("/etc/pve holds the {files} files of the database"),
            Self::Everything => {
                "every written file has content, owner and mode of the plan; stopped services run again".to_owned()
            }
        }
    }
}

impl Deed {
    /// For people.
    pub fn describe(&self) -> String {
        match self {
            Self::SaveUndo => "save what will change, and verify that archive".to_owned(),
            Self::Export => "put files aside for reading".to_owned(),
            Self::Stop { unit } => format!("stop {unit}"),
            Self::Unmount { path } => format!("unmount {path}"),
            Self::PutFiles => "write files".to_owned(),
            Self::PutDatabase { path, remove, .. } => format!("replace {path}, remove {}", remove.join(" and ")),
            Self::Start { unit } => format!("start {unit}"),
            Self::WaitFor { path, seconds } => format!("wait for {path} (at most {seconds} s)"),
            Self::Run { command, .. } => format!("run {}", command.join(" ")),
            Self::PutClusterFiles => "create files below /etc/pve".to_owned(),
            Self::PutNetwork { seconds } => format!("write network files; the old ones come back after {seconds} s"),
            Self::Check { demand } => format!("check: {}", demand.describe()),
        }
    }
}

struct Steps(Vec<Step>);

impl Steps {
    fn add(&mut self, deed: Deed, why: impl Into<String>, files: Vec<usize>) {
        self.0.push(Step { deed, why: why.into(), files });
    }

    fn all(&mut self, deeds: impl Iterator<Item = (Deed, String)>) {
        deeds.for_each(|(deed, why)| self.add(deed, why, Vec::new()));
    }

    fn run(&mut self, words: &[&str], why: &str) {
        let command = words.iter().map(|word| (*word).to_owned()).collect();
        self.add(Deed::Run { command, seconds: COMMAND_S }, why, Vec::new());
    }
}

/// All steps; none when nothing changes and nothing is put aside.
pub(super) fn steps(source: &Source, files: &[PlannedFile], after: &[Afterwards], is_running: bool) -> Vec<Step> {
    let of = |stage: Stage| {
        let mut chosen: Vec<usize> = (0..files.len()).filter(|at| files[*at].stage == stage).collect();
        chosen.sort_by_key(|at| (files[*at].rank, *at));
        chosen
    };
    let (put, database) = (of(Stage::Files), of(Stage::Database));
    let (cluster, network) = (of(Stage::Cluster), of(Stage::Network));
    let changed: Vec<usize> = (0..files.len()).filter(|at| files[*at].verdict.changes()).collect();
    let is_of_pbs = |at: &usize| pbs::is_of_pbs(&Archived::new(&files[*at].path, super::ArchivedKind::File));
    let has_pbs = put.iter().any(is_of_pbs);
    let has_database = database.iter().any(|at| files[*at].verdict == Verdict::Write);
    let mut steps = Steps(Vec::new());
    let exports = of(Stage::Export);
    if !exports.is_empty() {
        steps.add(Deed::Export, "what does not go back can be read there", exports);
    }
    if changed.is_empty() {
        return steps.0;
    }
    steps.add(Deed::SaveUndo, "before anything changes: `undo` starts from it", changed);
    if is_running {
        stop(&mut steps, has_database, has_pbs);
    }
    if !put.is_empty() {
        let why = if is_running { "while the services above are stopped" } else { "the tree does not run" };
        steps.add(Deed::PutFiles, why, put);
    }
    if has_database {
        put_database(&mut steps, database, is_running);
    }
    if !cluster.is_empty() {
        steps.add(Deed::PutClusterFiles, "storages first, guests after them, jobs last", cluster);
    }
    for it in after.iter().filter(|it| it.by == Doer::Restore) {
        let deed = Deed::Run { command: it.command.clone(), seconds: AFTERWARDS_S };
        steps.add(deed, it.why.clone(), Vec::new());
    }
    if !network.is_empty() && is_running {
        let why = "last, so that everything else is done when the connection goes";
        steps.add(Deed::PutNetwork { seconds: NETWORK_S }, why, network);
    } else if !network.is_empty() {
        steps.add(Deed::PutFiles, "network files, last; the tree does not run, so no connection can go", network);
    }
    if is_running {
        start_and_check(&mut steps, source, has_database, has_pbs);
    }
    steps.0
}

fn stop(steps: &mut Steps, has_database: bool, has_pbs: bool) {
    if has_database {
        steps.all(services::stop_pve());
        steps.add(
            Deed::Unmount { path: "/etc/pve".to_owned() },
            "pmxcfs is gone; a mount that is left would hide that",
            Vec::new(),
        );
    }
    if has_pbs {
        steps.all(services::stop_pbs());
    }
}

fn put_database(steps: &mut Steps, files: Vec<usize>, is_running: bool) {
    let path = printable(super::source::DATABASE);
    let remove = ["-wal", "-shm"].map(|end| format!("{path}{end}")).to_vec();
    let deed = Deed::PutDatabase { path, mode: "0600".to_owned(), remove };
    steps.add(deed, "the log of the old database beside the new one would destroy it", files);
    if is_running {
        steps.add(
            Deed::Start { unit: "pve-cluster.service".to_owned() },
            "it mounts /etc/pve from the new database",
            Vec::new(),
        );
        let wait = Deed::WaitFor { path: "/etc/pve/local".to_owned(), seconds: CLUSTER_S };
        steps.add(wait, "then the cluster file system is there", Vec::new());
        steps.run(&["pvecm", "updatecerts"], "certificates and SSH keys of this installation");
    }
}

fn start_and_check(steps: &mut Steps, source: &Source, has_database: bool, has_pbs: bool) {
    if has_pbs {
        steps.all(services::start_pbs());
    }
    if has_database {
        steps.all(services::start_pve());
        let files = source.database.as_ref().map_or(0, |database| database.files.len());
        let demand = Demand::Cluster { files };
        steps.add(Deed::Check { demand }, "the database is the one of the backup", Vec::new());
    }
    let demand = Demand::Everything;
    steps.add(Deed::Check { demand }, "a restore is done when it can be seen that it is", Vec::new());
}
