//! Small and named backups of guests, on their way into the archive under their own paths.

use std::path::Path;

use super::files::Walker;
use super::reader::Gone;
use crate::host;
use crate::issue::{Issue, Stage};
use crate::plan::Choice;
use crate::recipe::Need;

/// Takes what is chosen of one storage or datastore; the walker leaves out what is too large.
pub(super) fn take(walker: &mut Walker<'_>, choice: &Choice, name: &str) -> Result<(), Gone> {
    let job = walker.job;
    let Some(found) = host::sample_files(&job.system.root, choice.what, name, &|path| job.step(path)) else {
        return walker.absent(Path::new(name), Need::Optional);
    };
    if let Some(limit) = found.stopped_by {
        let reason = format!("holds more than is looked at (limit: {limit}); some files may not have been found");
        walker.say(Issue::notice(Stage::Collect, found.top.display().to_string(), reason))?;
    }
    let chosen = found.files.iter().filter(|file| choice.takes(&found.top, file));
    chosen.into_iter().try_for_each(|path| walker.top(path, Need::Optional))
}
