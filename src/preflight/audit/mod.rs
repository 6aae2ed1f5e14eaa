//! What goes on on this machine before a run: processes, listening sockets, the packet filter. Off
//! unless asked for; a finding is a warning, which ends the run only where the settings say so.
//!
//! `look` and `packet_filter` read (`/proc` and two programs' listings, never `ps` or `ss`),
//! `processes` and `ports` judge, `names` says how an entry of the settings fits a name. No proof of
//! anything: who is root already can hide from `/proc`.

mod look;
mod names;
mod packet_filter;
mod ports;
mod processes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc;
use std::time::Duration;

use self::look::{Proc, listeners};
use self::names::expressions;
use self::packet_filter::{Cluster, Filter};
use super::Passed;
use super::security::{Secured, SecurityError};
use crate::config::{Audits, PortAudit, ProcessAudit};
use crate::issue::{Issue, Severity, Stage};
use crate::system::{Clock, FileError, Root, System};
use crate::units::Elapsed;

/// A second look after this long: a process that was just being started has its arguments by then.
const SECOND_LOOK: Duration = Duration::from_millis(20);
/// Reading `/proc` takes milliseconds, but can wait for a process whose memory hangs on a dead disk.
const LIMIT: Duration = Duration::from_secs(5);
/// Findings of one kind that are told one by one.
const MOST_TOLD: usize = 20;

/// What was looked at, and what is to be said about it.
#[derive(Debug, Default)]
struct Looked {
    at: Vec<String>,
    issues: Vec<Issue>,
}

/// Looks, and says whether the run goes on; `None` where nothing is asked for.
pub fn audit(settings: &Audits, system: &System) -> Result<Option<Secured>, SecurityError> {
    if !settings.are_asked_for() {
        return Ok(None);
    }
    if !system.root.is_live() {
        return Ok(Some(left_out()));
    }
    let (own, root, clock) = (settings.clone(), system.root.clone(), system.clock);
    let looked = within(LIMIT, move || look(&own, &root, clock));
    let mut looked = looked.unwrap_or_else(|reason| Looked {
        at: Vec::new(),
        issues: vec![Issue::warning(Stage::Preflight, "/proc", reason)],
    });
    if settings.checks_firewall {
        looked.at.push("the packet filter".to_owned());
        looked.issues.extend(look_at_packet_filter(system));
    }
    conclude(looked, settings)
}

/// The cluster's file system is asked for the hint only: without an answer there is none of it.
fn look_at_packet_filter(system: &System) -> Option<Issue> {
    let filter = packet_filter::look(system);
    let root = system.root.clone();
    let cluster = match filter {
        Filter::Open => within(LIMIT, move || packet_filter::cluster(&root)).unwrap_or(Cluster::None),
        Filter::Filters | Filter::Unknown(_) => Cluster::None,
    };
    packet_filter::judge(&filter, cluster)
}

fn conclude(Looked { at, issues }: Looked, settings: &Audits) -> Result<Option<Secured>, SecurityError> {
    if settings.end_runs && issues.iter().any(|issue| issue.severity == Severity::Warning) {
        return Err(SecurityError::Audits(issues));
    }
    let found = if issues.is_empty() { "nothing found".to_owned() } else { format!("{} finding(s)", issues.len()) };
    let message = format!("{}: {found}", at.join(", "));
    Ok(Some(Secured { passed: Passed { name: "Audits", message }, issues }))
}

fn left_out() -> Secured {
    let message = "not done: they look at the running machine, and this is another one's disk".to_owned();
    Secured { passed: Passed { name: "Audits", message }, issues: Vec::new() }
}

/// A thread of its own, which nobody waits for when the kernel does not answer it.
fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let (sender, receiver) = mpsc::channel();
    let started = std::thread::Builder::new().name("audits".to_owned()).spawn(move || {
        // Nobody listens any more when the limit has passed.
        let _ = sender.send(work());
    });
    started.map_err(|cause| format!("cannot be looked at: {cause}"))?;
    receiver.recv_timeout(limit).map_err(|_| format!("no answer within {}", Elapsed(limit)))
}

fn look(settings: &Audits, root: &Root, clock: Clock) -> Looked {
    let mut looked = Looked::default();
    let processes = settings.processes.as_ref().map(|lists| look_at_processes(lists, root, clock));
    let ports = settings.ports.as_ref().map(|lists| look_at_ports(lists, root));
    for result in processes.into_iter().chain(ports) {
        match result {
            Ok((at, issues)) => {
                looked.at.push(at);
                looked.issues.extend(shortened(issues));
            }
            Err(error) => {
                let issue = Issue::warning(Stage::Preflight, "/proc", format!("cannot be looked at: {error}"));
                looked.issues.push(issue);
            }
        }
    }
    looked
}

fn look_at_processes(lists: &ProcessAudit, root: &Root, clock: Clock) -> Result<(String, Vec<Issue>), FileError> {
    let proc = Proc::open(root)?;
    let all: Vec<_> = proc.pids()?.into_iter().filter_map(|pid| proc.process(pid)).collect();
    let at = format!("{} processes", all.len());
    let mut issues = processes::judge(&all, lists);
    if !issues.is_empty() {
        clock.sleep(SECOND_LOOK);
        let again: Vec<_> = all.iter().filter_map(|process| proc.process(process.pid)).collect();
        issues = processes::judge(&again, lists);
    }
    issues.splice(0..0, not_understood(lists));
    Ok((at, issues))
}

/// A list that says less than its owner thinks: of suspicious names that is a hole.
fn not_understood(lists: &ProcessAudit) -> Vec<Issue> {
    let named = [
        ("SUSPICIOUS_PROCESSES", &lists.suspicious),
        ("SAFE_PROCESSES", &lists.safe),
        ("SAFE_BRACKET_PROCESSES", &lists.safe_brackets),
        ("SAFE_KERNEL_PROCESSES", &lists.safe_kernel),
    ];
    let entries =
        named.into_iter().flat_map(|(key, list)| expressions(list).into_iter().map(move |entry| (key, entry)));
    entries
        .map(|(key, entry)| {
            let reason = format!("{entry} has no effect: regular expressions are not understood");
            let issue = match key {
                "SUSPICIOUS_PROCESSES" => Issue::warning(Stage::Preflight, key, reason),
                _ => Issue::notice(Stage::Preflight, key, reason),
            };
            issue.with_hint("write a name with * and ? instead; kernel threads are known without being named")
        })
        .collect()
}

fn look_at_ports(lists: &PortAudit, root: &Root) -> Result<(String, Vec<Issue>), FileError> {
    let all = listeners(root)?;
    let in_question: BTreeSet<u64> = all
        .iter()
        .filter(|listener| lists.suspicious.contains(&listener.port))
        .map(|listener| listener.inode)
        .collect();
    // Owners are searched among all open files of all processes, so only when somebody is asked for.
    let owners = if in_question.is_empty() { BTreeMap::new() } else { Proc::open(root)?.owners(&in_question)? };
    let (allowed, wrong) = ports::whitelist(&lists.whitelist);
    let mut issues: Vec<Issue> = wrong.into_iter().map(no_pair).collect();
    issues.extend(ports::judge(&all, &owners, &lists.suspicious, &allowed));
    Ok((format!("{} listening sockets", all.len()), issues))
}

fn no_pair(entry: &str) -> Issue {
    Issue::warning(
        Stage::Preflight,
        "PORT_WHITELIST",
        format!("{entry} has no effect: it is no pair of program and port"),
    )
    .with_hint("write program:port, as in spiceproxy:3128")
}

fn shortened(mut issues: Vec<Issue>) -> Vec<Issue> {
    let more = issues.len().saturating_sub(MOST_TOLD);
    issues.truncate(MOST_TOLD);
    if more > 0 {
        issues.push(Issue::warning(Stage::Preflight, "audits", format!("{more} more findings of this kind")));
    }
    issues
}

#[cfg(test)]
mod tests;
