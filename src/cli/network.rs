//! The network that a restore brought: kept by a word, taken back by a timer.

use std::time::Duration;

use ::log::{info, warn};
use chrono::{DateTime, Local};
use serde_json::json;

use super::Trouble;
use super::approval::Approval;
use super::output::Output;
use super::session::{Records, Session};
use crate::workflow::{Answer, ExitCode, Restored, expire_network, keep_network};

const WORD: &str = "CONFIRM";

/// `proxmox-backup restore confirm [ID]`.
pub(super) fn confirm(session: &Session, id: Option<&str>, output: &mut Output) -> Result<ExitCode, Trouble> {
    let Records { system, state_dir, .. } = session.records_at_hand()?;
    let record = keep_network(&system, &state_dir, id)?;
    if output.is_json() {
        output.object(&json!({ "record": record.id(), "network": "kept" }))?;
    } else {
        output.remark(format!("The network of the restore {} stays.", record.id()))?;
    }
    Ok(ExitCode::Done)
}

/// `proxmox-backup restore timeout ID`, which the timer runs.
pub(super) fn expire(session: &Session, id: &str) -> Result<ExitCode, Trouble> {
    let Records { system, state_dir, .. } = session.records_at_hand()?;
    expire_network(&system, &state_dir, id)?;
    Ok(ExitCode::Done)
}

/// Says that the network waits for a word, and asks for it where somebody is there. False when the
/// person was asked and did not give it: then the old network comes back.
pub(super) fn settle(
    done: &Restored,
    records: &Records,
    approval: &mut Approval,
    output: &mut Output,
) -> Result<bool, Trouble> {
    let Some(until) = done.network_until else { return Ok(true) };
    let left = (until - records.system.clock.now()).num_seconds().max(0);
    // The report first: what has to be done in time stands last on the screen.
    output.flush()?;
    warn!(
        "network: confirm within {} min: proxmox-backup restore confirm; else the one before comes back at {}",
        (left + 59) / 60,
        until.format("%H:%M:%S")
    );
    let Approval::Asked(terminal) = approval else { return Ok(true) };
    let clock = records.system.clock;
    if !is_confirmed(until, &|| clock.now(), &mut |question, limit| terminal.line_within(question, limit)) {
        records.system.cancel.check()?;
        warn!("the network is not confirmed: the one before comes back at {}", until.format("%H:%M:%S"));
        return Ok(false);
    }
    keep_network(&records.system, &records.state_dir, Some(done.record.id()))?;
    info!("✓ the network stays");
    Ok(true)
}

/// Asks until there is an answer or the time is over; the timer goes on while the question stands.
fn is_confirmed(
    until: DateTime<Local>,
    now: &dyn Fn() -> DateTime<Local>,
    line_within: &mut dyn FnMut(&str, Duration) -> Option<String>,
) -> bool {
    let question = format!("Does the network work? Type {WORD} to keep it (0 leaves): ");
    while let Ok(left) = (until - now()).to_std() {
        match line_within(&question, left).map(|line| Answer::of(Some(&line), WORD)) {
            Some(Answer::Word) => return true,
            Some(Answer::Left) | None => return false,
            Some(Answer::Other) => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// A person who takes a minute for each of these answers; gives the outcome and the times left.
    fn dialogue(answers: &[&str]) -> (bool, Vec<u64>) {
        let begin: DateTime<Local> = "2026-11-21T18:15:00Z".parse().unwrap();
        let (minutes, mut limits) = (Cell::new(0), Vec::new());
        let mut answers = answers.iter();
        let is_kept = is_confirmed(
            begin + chrono::Duration::minutes(3),
            &|| begin + chrono::Duration::minutes(minutes.get()),
            &mut |_, limit| {
                minutes.set(minutes.get() + 1);
                limits.push(limit.as_secs());
                answers.next().map(|&answer| answer.to_owned())
            },
        );
        (is_kept, limits)
    }

    #[test]
    fn the_network_stays_by_its_word_alone_and_in_time() {
        assert_eq!(dialogue(&["CONFIRM"]), (true, vec![180]));
        assert_eq!(dialogue(&["confirm", "", "CONFIRM"]), (true, vec![180, 120, 60]));
        assert_eq!(dialogue(&["yes", "yes", "yes", "yes", "CONFIRM"]), (false, vec![180, 120, 60, 0]));
        assert_eq!(dialogue(&["0", "CONFIRM"]), (false, vec![180]));
        assert_eq!(dialogue(&[]), (false, vec![180]));
    }
}
