//! Inventories on their way into the archive: generated files beside the outputs of commands.

use std::path::Path;

use super::content::Content;
use super::files::Walker;
use super::reader::Gone;
use super::{Entry, EntryKind, Metadata};
use crate::host;
use crate::recipe::{Inventory, Need};

/// Computes one and hands it on.
pub(super) fn take(walker: &Walker<'_>, what: Inventory, name: &str, save_as: &Path) -> Result<(), Gone> {
    let job = walker.job;
    let Some(bytes) = host::take_inventory(&job.system.root, what, name, &|path| job.step(path)) else {
        return walker.absent(save_as, Need::Optional);
    };
    let now = job.system.clock.now().timestamp();
    let above: Vec<&Path> = save_as.ancestors().skip(1).take(3).collect();
    for dir in above.into_iter().rev() {
        if job.progress().note(dir) {
            let meta = Metadata::generated(0o700, now);
            walker.emit(Entry::new(dir, EntryKind::Directory, meta, walker.source.recipe))?;
        }
    }
    job.progress().note(save_as);
    let entry = Entry::new(save_as, EntryKind::File, Metadata::generated(0o600, now), walker.source.recipe);
    walker.emit(entry.with(bytes.len() as u64, Content::bytes(bytes)))
}
