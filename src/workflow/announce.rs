//! Telling how a run ended, and that it begins. Nothing that fails here changes the run.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use log::info;

use super::guard::known_identity;
use super::{BackupJob, tell};
use crate::config::Notify;
use crate::host::{ServerId, detect};
use crate::issue::{Issue, Stage};
use crate::notify::{Badge, Channels, NotifyError, Pending, Receipt, begin, send_all};
use crate::report::{Delivery, Message, RunReport, Verdict};
use crate::system::{Cancel, FileError, Root, open_file};

/// Bytes of the log that go along with a failure.
const LOG_END: u64 = 8 * 1024;

/// The channels of a run.
pub struct Announcer {
    channels: Channels,
    start: Option<Pending>,
}

impl Announcer {
    /// The channels of these settings.
    pub fn of(settings: &Notify, root: &Root) -> Self {
        Self { channels: Channels::of(settings, root), start: None }
    }

    /// Tells those who know hosts by their number who this one is.
    #[must_use]
    pub fn introduced(self, job: &BackupJob<'_>) -> Self {
        self.channels.introduce(badge(job, known_identity(job, &mut Vec::new()).as_ref()));
        self
    }

    /// Tells that a run begins, which does not wait for that.
    pub fn begin(&mut self, cancel: &Cancel) {
        if let Some(ping) = &self.channels.ping {
            let (ping, cancel) = (Arc::clone(ping), cancel.clone());
            self.start = Some(begin(ping.start_limit(), move || ping.start(&cancel)));
        }
    }

    /// Tells how it ended. The report keeps what became of each message; what did not arrive is an issue
    /// of it as well.
    pub fn announce(&mut self, report: &mut RunReport, log: &Path, cancel: &Cancel) {
        if let Some(start) = self.start.take() {
            let (result, took) = start.wait(cancel);
            note(report, "ping at the start", &result, took);
        }
        let verdict = report.verdict();
        let channels: Vec<_> = self.channels.all().into_iter().filter(|it| it.wants(verdict)).collect();
        if channels.is_empty() {
            return;
        }
        // Without a log there is still the reason.
        let log_end = if verdict == Verdict::Failed { end_of(log).unwrap_or_default() } else { String::new() };
        let message = report.message_with_log_end(log_end);
        let receipts = send_all(&channels, &Arc::new(message), cancel);
        let about = self.channels.ping.iter().flat_map(|ping| ping.follow_up(&receipts, cancel)).collect::<Vec<_>>();
        for Receipt { channel, result, took } in receipts.iter().chain(&about) {
            note(report, channel, result, *took);
        }
    }
}

/// Says it, and keeps it: neither a receipt nor a [`NotifyError`] holds a secret.
fn note(report: &mut RunReport, channel: &str, result: &Result<String, NotifyError>, took: Duration) {
    let told = result.as_ref().map_or_else(|error| Err(error.to_string()), |answer| Ok(answer.clone()));
    report.deliveries.push(Delivery { channel: channel.to_owned(), result: told, took });
    match result {
        Ok(receipt) => info!("✓ {channel}: {receipt}"),
        Err(error) => {
            let issue = Issue::warning(Stage::Notify, channel, format!("message not sent: {error}"));
            tell([&issue]);
            report.issues.push(issue);
        }
    }
}

/// Why there is no number, the channel that needs it says.
fn badge(job: &BackupJob<'_>, number: Option<&ServerId>) -> Badge {
    Badge { number: number.map(ToString::to_string), state: job.state_dir.to_owned() }
}

/// What channels are tried out with: who this host is, and a message.
pub fn example(job: &BackupJob<'_>) -> (Badge, Message) {
    let host = detect(&job.system.root);
    let server_id = known_identity(job, &mut Vec::new());
    (badge(job, server_id.as_ref()), RunReport::example(host, server_id, job.system.clock.now()))
}

/// Whole lines only.
fn end_of(log: &Path) -> Result<String, FileError> {
    let mut file = open_file(log)?;
    let read = |file: &mut std::fs::File| {
        let size = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(size.saturating_sub(LOG_END)))?;
        let mut bytes = Vec::new();
        file.take(LOG_END).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>((size, bytes))
    };
    let (size, bytes) = read(&mut file).map_err(FileError::of("read", log))?;
    let text = String::from_utf8_lossy(&bytes);
    let is_cut = size > LOG_END;
    let whole = if is_cut { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
    Ok(whole.to_owned())
}
