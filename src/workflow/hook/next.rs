//! The file beside our script that names the one which is called first.

use std::path::{Path, PathBuf};

use super::{HookError, Hooks};
use crate::hook::{chained_by, next_to};
use crate::system::{is_there, remove_file, write_atomically};

/// The script that the entry calls first.
pub(super) fn read(hooks: &Hooks<'_>, entry: &Path) -> Result<Option<PathBuf>, HookError> {
    let path = next_to(entry);
    if !hooks.system.root.exists(&path) {
        return Ok(None);
    }
    Ok(chained_by(&hooks.system.root.read_text(&path)?))
}

/// Names it, or takes the name away.
pub(super) fn write(hooks: &Hooks<'_>, entry: &Path, script: Option<&Path>) -> Result<(), HookError> {
    let path = hooks.system.root.below(next_to(entry));
    match script.map(|script| script.display().to_string()) {
        Some(script) if script.contains(['\n', '\0']) => Err(HookError::Unfit(entry.display().to_string(), script)),
        Some(script) => Ok(write_atomically(&path, format!("{script}\n").as_bytes())?),
        None if is_there(&path) => Ok(remove_file(&path)?),
        None => Ok(()),
    }
}
