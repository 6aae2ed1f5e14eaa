//! The pool that runs the plan's commands while files stream.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::content::Content;
use super::{Entry, EntryKind, Found, Metadata};
use crate::issue::{Issue, Stage};
use crate::plan::{BackupPlan, PlannedCommand};
use crate::recipe::CommandNeed;
use crate::system::{
    Cancel, Cancelled, CommandError, CommandFailure, CommandOutput, CommandSpec, Signal, Spool, System, Workspace,
};
use crate::units::ByteSize;

/// More output than this is cut, and said.
const OUTPUT_CAP: ByteSize = ByteSize::mib(8);
const TICK: Duration = Duration::from_millis(50);

/// One command's result on its way to the iterator.
struct Outcome {
    result: Result<CommandOutput, CommandError>,
    spool: Spool,
}

struct Job {
    plan: Arc<BackupPlan>,
    system: Arc<System>,
    workspace: Arc<Workspace>,
    next: AtomicUsize,
    cancel: Cancel,
}

/// The running commands, and what is still to be told of them.
pub(super) struct Pool {
    job: Arc<Job>,
    outcomes: VecDeque<Receiver<Outcome>>,
    workers: Vec<JoinHandle<()>>,
    ready: VecDeque<Found>,
    /// Directories of outputs that are in the archive.
    directories: HashSet<PathBuf>,
}

impl Pool {
    pub(super) fn start(
        plan: &Arc<BackupPlan>,
        system: &Arc<System>,
        workspace: &Arc<Workspace>,
        workers: usize,
    ) -> Self {
        let (senders, receivers): (Vec<_>, VecDeque<_>) = plan.commands.iter().map(|_| sync_channel(1)).unzip();
        let job = Arc::new(Job {
            plan: Arc::clone(plan),
            system: Arc::clone(system),
            workspace: Arc::clone(workspace),
            next: AtomicUsize::new(0),
            cancel: system.cancel.child(),
        });
        let senders = Arc::new(senders);
        let threads = workers.clamp(1, 64).min(plan.commands.len());
        Self {
            workers: (0..threads).map(|_| spawn(&job, &senders)).collect(),
            job,
            outcomes: receivers,
            ready: VecDeque::new(),
            directories: HashSet::new(),
        }
    }

    /// The next finding, in plan order. `has` says which directories are in the archive already.
    pub(super) fn next(&mut self, has: &dyn Fn(&Path) -> bool) -> Option<Result<Found, Cancelled>> {
        while self.ready.is_empty() {
            let number = self.job.plan.commands.len() - self.outcomes.len();
            let receiver = self.outcomes.pop_front()?;
            match wait(&receiver, &self.job.system.cancel) {
                Ok(Some(outcome)) => self.tell(number, outcome, has),
                // Its worker panicked; the others go on.
                Ok(None) => {}
                Err(cancelled) => return Some(Err(cancelled)),
            }
        }
        self.ready.pop_front().map(Ok)
    }

    fn tell(&mut self, number: usize, outcome: Outcome, has: &dyn Fn(&Path) -> bool) {
        let plan = Arc::clone(&self.job.plan);
        let command = &plan.commands[number];
        let said = match &outcome.result {
            Ok(CommandOutput { is_cut: false }) => None,
            Ok(CommandOutput { is_cut: true }) => {
                let reason = format!("output cut after {OUTPUT_CAP}");
                Some(Found::Issue(Issue::notice(Stage::Collect, command_line(command), reason)))
            }
            Err(error) => Some(judge(command, error)),
        };
        // What a failing program printed may be all there is to know; an empty file tells nothing.
        if outcome.result.is_ok() || !outcome.spool.is_empty() {
            self.store(command, outcome.spool, has);
        }
        self.ready.extend(said);
    }

    fn store(&mut self, command: &PlannedCommand, spool: Spool, has: &dyn Fn(&Path) -> bool) {
        let now = self.job.system.clock.now().timestamp();
        let above: Vec<PathBuf> = command.save_as.ancestors().skip(1).take(3).map(PathBuf::from).collect();
        for dir in above.into_iter().rev() {
            if !has(&dir) && self.directories.insert(dir.clone()) {
                let entry = generated(command, dir, EntryKind::Directory, now);
                self.ready.push_back(Found::Entry(entry));
            }
        }
        let size = spool.len();
        match spool.into_reader() {
            Ok(reader) => {
                let entry = generated(command, command.save_as.clone(), EntryKind::File, now);
                self.ready.push_back(Found::Entry(entry.with(size, Content::Spool(reader))));
            }
            Err(cause) => {
                let reason = format!("its output is lost: {cause}");
                self.ready.push_back(Found::Issue(Issue::warning(Stage::Collect, command_line(command), reason)));
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Programs of a run that ended early end with it.
        self.job.cancel.request(Signal::Terminate);
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

fn generated(command: &PlannedCommand, path: PathBuf, kind: EntryKind, now: i64) -> Entry {
    let mode = if kind == EntryKind::Directory { 0o700 } else { 0o600 };
    Entry::new(path, kind, Metadata::generated(mode, now), command.recipe)
}

fn wait(receiver: &Receiver<Outcome>, cancel: &Cancel) -> Result<Option<Outcome>, Cancelled> {
    loop {
        cancel.check()?;
        match receiver.recv_timeout(TICK) {
            Ok(outcome) => {
                // What was stopped with the run is no problem of its own.
                cancel.check()?;
                return Ok(Some(outcome));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        }
    }
}

/// Whether a failure is a problem: that depends on what the program is for.
fn judge(command: &PlannedCommand, error: &CommandError) -> Found {
    let is_missing = matches!(error.how, CommandFailure::NotFound);
    match (command.need, is_missing) {
        _ if is_unknown_endpoint(command, error) => Found::Absent(command_line(command)),
        (CommandNeed::BestEffort, _) | (CommandNeed::IfInstalled, true) => Found::Absent(command_line(command)),
        (CommandNeed::Expected, _) | (CommandNeed::IfInstalled, false) => {
            Found::Issue(Issue::warning(Stage::Collect, error.line.clone(), error.reason()))
        }
    }
}

/// The API grows from release to release: what this one does not have cannot be collected from it.
fn is_unknown_endpoint(command: &PlannedCommand, error: &CommandError) -> bool {
    command.argv.first().is_some_and(|program| program == "pvesh")
        && error.stderr_tail.contains("No 'get' handler defined for")
}

fn command_line(command: &PlannedCommand) -> String {
    command.argv.join(" ")
}

fn spawn(job: &Arc<Job>, senders: &Arc<Vec<SyncSender<Outcome>>>) -> JoinHandle<()> {
    let (job, senders) = (Arc::clone(job), Arc::clone(senders));
    std::thread::spawn(move || {
        loop {
            let number = job.next.fetch_add(1, Ordering::Relaxed);
            let Some(command) = job.plan.commands.get(number) else {
                return;
            };
            let _ = senders[number].send(run(&job, command));
        }
    })
}

fn run(job: &Job, command: &PlannedCommand) -> Outcome {
    let spec = CommandSpec {
        argv: command.argv.clone(),
        limit: command.limit,
        output_cap: OUTPUT_CAP.0,
        ..CommandSpec::default()
    };
    let mut spool = job.workspace.spool();
    let result = job.system.runner.run(&spec, &mut spool, &job.cancel);
    Outcome { result, spool }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(argv: &[&str], stderr_tail: &str) -> Found {
        let argv: Vec<String> = argv.iter().map(|&word| word.to_owned()).collect();
        let error =
            CommandError { line: argv.join(" "), how: CommandFailure::Exit(2), stderr_tail: stderr_tail.to_owned() };
        let command = PlannedCommand {
            recipe: "pve-version",
            argv,
            save_as: PathBuf::from("/x"),
            limit: Duration::from_secs(1),
            need: CommandNeed::Expected,
        };
        judge(&command, &error)
    }

    #[test]
    fn an_endpoint_this_release_does_not_have_is_absent_and_every_other_failure_a_warning() {
        let unknown = "No 'get' handler defined for '/cluster/new'";
        assert!(matches!(verdict(&["pvesh", "get", "/cluster/new"], unknown), Found::Absent(_)));
        assert!(matches!(verdict(&["pvesh", "get", "/version"], "permission denied"), Found::Issue(_)));
        assert!(matches!(verdict(&["other"], unknown), Found::Issue(_)));
    }
}
