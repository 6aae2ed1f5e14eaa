//! Joins the collection to the archive: one loop, which counts and keeps what went wrong.

use std::time::Duration;

use log::debug;

use super::{Failure, tell};
use crate::bundle::Seal;
use crate::collect::{Collection, Entry, EntryKind, Found};
use crate::diff::Fingerprint;
use crate::issue::{Issue, Severity};
use crate::report::Counters;
use crate::system::Meter;

/// What the loop leaves behind.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) counters: Counters,
    pub(super) issues: Vec<Issue>,
    /// Path and why.
    pub(super) skipped: Vec<(String, &'static str)>,
}

/// `FS_IO_TIMEOUT=0` means no limit; a day is one that nobody waits for.
const NO_LIMIT: Duration = Duration::from_secs(24 * 3600);

/// How long the file system may take for one answer.
pub(super) fn io_limit(configured: Duration) -> Duration {
    if configured.is_zero() { NO_LIMIT } else { configured }
}

/// Archives everything that is found, and takes its fingerprint.
pub(super) fn gather(
    collection: Collection,
    mut seal: Seal,
    print: &mut Fingerprint,
    meter: &Meter,
) -> Result<(Gathered, Seal), Failure> {
    let mut gathered = Gathered::default();
    // Shorter than the step's own line in the log, so that a name fits behind the numbers.
    meter.begin("Step 3/8: collecting", None);
    for found in collection {
        match found? {
            Found::Entry(mut entry) => {
                gathered.count(&entry);
                meter.file(&entry.path);
                debug!("{}", entry.path.display());
                let digest;
                (seal, digest) = seal.append(&mut entry)?;
                print.note(&entry, digest.as_ref());
                meter.advance(entry.size);
            }
            Found::Issue(issue) => {
                print.miss(&issue);
                gathered.keep(issue);
            }
            Found::Skipped { path, why } => {
                debug!("skipped: {} ({})", path.display(), why.as_str());
                gathered.counters.skipped += 1;
                gathered.skipped.push((path.display().to_string(), why.as_str()));
            }
            Found::Absent(what) => {
                debug!("not there: {what}");
                gathered.counters.absent += 1;
            }
        }
    }
    Ok((gathered, seal))
}

impl Gathered {
    fn count(&mut self, entry: &Entry) {
        match entry.kind {
            EntryKind::Directory => self.counters.directories += 1,
            _ => self.counters.files += 1,
        }
        self.counters.bytes += entry.size;
    }

    fn keep(&mut self, issue: Issue) {
        tell([&issue]);
        if issue.severity == Severity::Warning {
            self.counters.failed += 1;
        }
        self.issues.push(issue);
    }
}
