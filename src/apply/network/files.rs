//! The unit files where systemd finds them after a start of the machine as well: in `/etc`.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;

use super::units::{SERVICE, TIMER, UndoUnits};
use crate::apply::Machine;
use crate::system::{Attributes, Directory, FileError, dress};

const UNITS: &str = "etc/systemd/system";
/// What is linked there starts with the machine.
const WANTS: &str = "timers.target.wants";
/// Where systemd keeps when a persistent timer ran last.
const STAMPS: &str = "var/lib/systemd/timers";

/// In the timer's file when the directory of links was not there before; Debian has it.
const MADE: &str = "# The directory timers.target.wants was made for it.\n";

/// Writes both and has the timer start with the machine. The link is last: what is half written is
/// never started.
pub(super) fn write(machine: &Machine<'_>, units: &UndoUnits) -> Result<(), FileError> {
    let directory = machine.beneath.directory(Path::new(UNITS))?;
    let is_made = directory.stat_of(OsStr::new(WANTS))?.is_none();
    put(machine, &directory, SERVICE, &units.service)?;
    put(machine, &directory, TIMER, &format!("{}{}", units.timer, if is_made { MADE } else { "" }))?;
    if is_made {
        let made = directory.create_dir(OsStr::new(WANTS))?;
        dress(&made.as_file()?, made.path(), &root_owned(machine, 0o755)).into_iter().next().map_or(Ok(()), Err)?;
    }
    sync(&directory)?;
    let wants = directory.open_dir(OsStr::new(WANTS))?;
    wants.create_symlink(OsStr::new(TIMER), Path::new("/").join(UNITS).join(TIMER).as_os_str())?;
    sync(&wants)
}

/// Removes all of it. The link is first: what is half removed is never started.
pub(super) fn remove_all(machine: &Machine<'_>) -> Result<Removed, FileError> {
    let is_made = text(machine, TIMER)?.is_some_and(|text| text.ends_with(MADE));
    let mut removed = remove_in(machine, &Path::new(UNITS).join(WANTS), &[TIMER.to_owned()])?;
    if is_made {
        remove_wants(machine)?;
    }
    let units = [TIMER.to_owned(), SERVICE.to_owned(), temporary(TIMER), temporary(SERVICE)];
    for (place, names) in [(UNITS, &units[..]), (STAMPS, &[format!("stamp-{TIMER}")])] {
        if remove_in(machine, Path::new(place), names)? == Removed::Something {
            removed = Removed::Something;
        }
    }
    Ok(removed)
}

/// Whether there was anything to remove.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Removed {
    Something,
    Nothing,
}

/// The text of a unit that lies there.
pub(super) fn text(machine: &Machine<'_>, unit: &str) -> Result<Option<String>, FileError> {
    match machine.system.root.read_text(Path::new("/").join(UNITS).join(unit)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

fn put(machine: &Machine<'_>, directory: &Directory, name: &str, text: &str) -> Result<(), FileError> {
    let temporary = temporary(name);
    let (from, to) = (OsStr::new(&temporary), OsStr::new(name));
    let mut file = directory.create_file(from)?;
    let path = directory.path().join(name);
    file.write_all(text.as_bytes()).map_err(FileError::of("write", &path))?;
    // systemd reads it whatever its mode, people as well.
    dress(&file, &path, &root_owned(machine, 0o644)).into_iter().next().map_or(Ok(()), Err)?;
    file.sync_all().map_err(FileError::of("sync", &path))?;
    directory.rename(from, to)
}

fn remove_in(machine: &Machine<'_>, place: &Path, names: &[String]) -> Result<Removed, FileError> {
    let directory = match machine.beneath.directory(place) {
        Ok(directory) => directory,
        Err(error) if error.is_absent() => return Ok(Removed::Nothing),
        Err(error) => return Err(error),
    };
    let mut removed = Removed::Nothing;
    for name in names {
        if remove(&directory, OsStr::new(name))? == Removed::Something {
            removed = Removed::Something;
        }
    }
    if removed == Removed::Something {
        sync(&directory)?;
    }
    Ok(removed)
}

/// Somebody may have linked something else there meanwhile; then it stays.
fn remove_wants(machine: &Machine<'_>) -> Result<(), FileError> {
    let units = machine.beneath.directory(Path::new(UNITS))?;
    match units.open_dir(OsStr::new(WANTS)).and_then(|wants| wants.entries()) {
        Ok(names) if names.is_empty() => units.remove_dir(OsStr::new(WANTS)),
        Err(error) if !error.is_absent() => Err(error),
        _ => Ok(()),
    }
}

fn remove(directory: &Directory, name: &OsStr) -> Result<Removed, FileError> {
    match directory.remove(name) {
        Ok(()) => Ok(Removed::Something),
        Err(error) if error.is_absent() => Ok(Removed::Nothing),
        Err(error) => Err(error),
    }
}

/// A name that systemd does not take for a unit.
fn temporary(name: &str) -> String {
    format!(".proxmox-backup.{name}.tmp")
}

fn root_owned(machine: &Machine<'_>, mode: u32) -> Attributes<'static> {
    let now = machine.system.clock.now();
    Attributes { owner: Some((0, 0)), mode, mtime: (now.timestamp(), now.timestamp_subsec_nanos()), xattrs: &[] }
}

fn sync(directory: &Directory) -> Result<(), FileError> {
    directory.as_file()?.sync_all().map_err(FileError::of("sync the directory", directory.path()))
}
