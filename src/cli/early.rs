//! `backup` whose settings cannot be used. Nothing is known then of channels and places: the log lies
//! where it usually does, and root of this machine gets a mail.

use std::io::IsTerminal;

use ::log::error;

use super::Trouble;
use super::backup::{keep_statistics, mark, open_log};
use super::session::{Session, cancel, host_of};
use crate::config::{ConfigError, Notify, asks_for_dry_run};
use crate::issue::{Issue, Stage};
use crate::report::{Ending, RunReport};
use crate::storage::RunLogs;
use crate::system::{Clock, Root, is_root};
use crate::workflow::{Announcer, ExitCode};

/// Says what is wrong with the settings, and sees to it that somebody learns of it.
///
/// Another machine's disk is looked at by a person, and so is what a user may not read.
pub(super) fn turned_away(session: &Session, mistakes: ConfigError) -> Result<ExitCode, Trouble> {
    if session.global.root.is_some() || !is_root() || asks_for_dry_run(&session.environment) {
        return Err(Trouble::Config(mistakes));
    }
    let (root, cancel) = (Root::live()?, cancel()?);
    let started = Clock::System.now();
    let mut report = RunReport::new(host_of(&root, &cancel), started);
    report.ending = ending(&mistakes);
    let logs = RunLogs::new(&session.usual_logs());
    let log = logs.log_path(&report.host.name, &started);
    report.issues.extend(open_log(session, &log));
    let _at_work = mark(&log);
    for line in mistakes.to_string().lines() {
        error!("{line}");
    }
    report.issues.extend(issues(&mistakes));
    report.finished = Clock::System.now();
    // Who looks on has just read it.
    if !std::io::stderr().is_terminal() {
        Announcer::of(&Notify::root_of_failures(), &root).announce(&mut report, &log, &cancel);
    }
    let stats = logs.stats_path(&report.host.name, &started);
    keep_statistics(&mut report, None, &stats);
    session.logger.close_after_reasons(&report, &mistakes.hint());
    Ok(ExitCode::Usage)
}

fn ending(mistakes: &ConfigError) -> Ending {
    let text = mistakes.to_string();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let reason = match lines.count() {
        0 => format!("the settings cannot be used: {first}"),
        more => format!("the settings cannot be used: {first}, and {more} more"),
    };
    Ending::Failed { reason, hint: Some(mistakes.hint()), exit_code: ExitCode::Usage.number() }
}

/// All of them, where there is more than the reason says.
fn issues(mistakes: &ConfigError) -> Vec<Issue> {
    match mistakes {
        ConfigError::Mistakes(findings) if findings.len() > 1 => {
            let issue = |finding: &crate::config::Finding| {
                let text = finding.to_string();
                let (subject, reason) = text.rsplit_once(": ").unwrap_or(("settings", &text));
                Issue::warning(Stage::Config, subject, reason)
            };
            findings.iter().map(issue).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_one_line() {
        let Ending::Failed { reason, exit_code, .. } = ending(&ConfigError::Nothing) else { panic!("no failure") };
        assert_eq!((reason.as_str(), exit_code), ("the settings cannot be used: there is no configuration file", 2));
    }
}
