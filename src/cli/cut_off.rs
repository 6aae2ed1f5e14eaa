//! `notify cut-off`: called by systemd when a unit of ours failed, for those that could not say so.

use ::log::{error, info};

use super::Trouble;
use super::session::{Session, cancel, host_of};
use crate::config::Notify;
use crate::report::{Ending, RunReport};
use crate::storage::RunLogs;
use crate::system::{Clock, Root};
use crate::workflow::{Announcer, CutOff, ExitCode, cut_off};

/// The code that a shell gives to what was killed.
const KILLED: u8 = 137;

/// Tells the channels of the settings; where those cannot be read, root.
pub(super) fn run(session: &Session) -> Result<ExitCode, Trouble> {
    let Some(CutOff { unit, reason }) = cut_off(&session.environment) else {
        info!("nothing to tell: the unit came to an end of its own, or systemd does not say what happened");
        return Ok(ExitCode::Done);
    };
    let (notify, logs) = session.load(&[]).map_or_else(
        |_| (Notify::root_of_failures(), session.usual_logs()),
        |loaded| (loaded.config.notify, loaded.config.local.logs),
    );
    let (root, cancel) = (Root::live()?, cancel()?);
    let mut report = RunReport::new(host_of(&root, &cancel), Clock::System.now());
    let hint = Some(format!("`journalctl -u {unit}` shows how far it came"));
    report.ending = Ending::Failed { reason: reason.clone(), hint, exit_code: KILLED };
    // What it wrote until then, as far as there is something.
    let runs = RunLogs::new(&logs).runs(&root, &report.host.name).unwrap_or_default();
    let last = runs.into_iter().max_by_key(|run| run.began).and_then(|run| run.log).unwrap_or_default();
    Announcer::of(&notify, &root).announce(&mut report, &last, &cancel);
    error!("{reason}");
    Ok(ExitCode::Done)
}
