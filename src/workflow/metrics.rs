//! The metrics file: written when a run begins to work and when it is over, however it ended.

use std::path::Path;

use super::{BackupJob, ExitCode, Failure, tell};
use crate::issue::{Issue, Stage};
use crate::metrics::{Before, FILE, Facts, Moment, text};
use crate::preflight::PreflightError;
use crate::report::RunReport;
use crate::system::{FileError, Root, read_at_most, remove_file, write_public_atomically};

/// Ours has some kilobytes.
const MOST: usize = 1 << 20;

/// Says that the run is at work, so that one that gets killed can be seen.
///
/// Only who holds the lock may: another one's half-written file is swept away here.
pub(super) fn announce(job: &BackupJob<'_>, report: &mut RunReport) {
    let Some(dir) = &job.config.metrics else { return };
    remove_half_written(dir);
    let issue = write(job, dir, report, Moment::Begun, None).err().map(|error| trouble(&error));
    tell(&issue);
    report.issues.extend(issue);
}

/// Says how the run ended, once all is known; gives what keeps it from that, unless the report has it already.
pub fn publish_metrics(job: &BackupJob<'_>, report: &RunReport, failure: Option<&Failure>) -> Option<Issue> {
    let dir = job.config.metrics.as_ref()?;
    let moment = match failure {
        Some(Failure::Preflight(PreflightError::Busy { .. })) => Moment::TurnedAway,
        _ => Moment::Ended,
    };
    let is_verified = match failure {
        Some(failure) if failure.exit_code() == ExitCode::Verification => Some(false),
        _ => report.archive.as_ref().map(|_| true),
    };
    let issue = trouble(&write(job, dir, report, moment, is_verified).err()?);
    (!report.issues.contains(&issue)).then_some(issue)
}

fn write(
    job: &BackupJob<'_>,
    dir: &Path,
    report: &RunReport,
    moment: Moment,
    is_verified: Option<bool>,
) -> Result<(), FileError> {
    let file = dir.join(FILE);
    let now = job.system.clock.now().timestamp();
    let before = Before::read(&written_before(&file), now);
    write_public_atomically(&file, text(&Facts { report, moment, is_verified, before }).as_bytes())
}

/// The directory may be another user's: no symbolic link is followed, and nothing long is read.
fn written_before(file: &Path) -> String {
    let opened = Root::live().and_then(|root| root.open_no_symlink(file));
    let read = opened.and_then(|opened| read_at_most(opened, MOST, file));
    read.map_or_else(|_| String::new(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// What a run that was killed while it wrote left.
fn remove_half_written(dir: &Path) {
    let names = Root::live().and_then(|root| root.list(dir)).unwrap_or_default();
    let names = names.iter().map(|name| name.to_string_lossy());
    for name in names.filter(|name| name.starts_with(FILE) && name.ends_with(".tmp")) {
        let _ = remove_file(&dir.join(&*name));
    }
}

fn trouble(error: &FileError) -> Issue {
    let issue = Issue::warning(Stage::Notify, "metrics", error.to_string());
    if !error.is_absent() {
        return issue;
    }
    issue.with_hint(
        "install prometheus-node-exporter, or set METRICS_PATH to the directory given to it as \
         --collector.textfile.directory",
    )
}
