//! Looks whether what was written is there.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{ApplyError, Change, Machine, Wanted, compare};
use crate::pattern::Pattern;
use crate::restore::Database;
use crate::system::{open_file, read_at_most};

/// pmxcfs holds at most 128 MiB; a database has room around that.
const MOST_DATABASE: usize = 512 << 20;

/// What the services make anew when they start on this machine.
const MADE_HERE: &[&str] = &[
    "/etc/pve/nodes/*/pve-ssl.*",
    "/etc/pve/nodes/*/lrm_status",
    "/etc/pve/nodes/*/ssh_known_hosts",
    "/etc/pve/priv/authorized_keys",
    "/etc/pve/priv/known_hosts",
    "/etc/pve/priv/lock/**",
    "/etc/pve/ha/manager_status",
    "/etc/pve/authkey.pub*",
    "/etc/pve/priv/authkey.key",
];

/// Content, kind, owner, mode and attributes of files below the root.
pub(super) fn files(machine: &Machine<'_>, changes: &[Change]) -> Result<(), ApplyError> {
    each(changes, |change| compare::differs(machine, change))
}

/// Content and kind of files below `/etc/pve`.
pub(super) fn cluster_files(machine: &Machine<'_>, changes: &[Change]) -> Result<(), ApplyError> {
    each(changes, |change| compare::differs_in_cluster(machine, change))
}

fn each(changes: &[Change], differs: impl Fn(&Change) -> Result<Option<String>, ApplyError>) -> Result<(), ApplyError> {
    let Some((change, why)) = compare::first_wrong(changes, differs)? else { return Ok(()) };
    let why = format!("it was written, and is not as it should be: {why}");
    Err(ApplyError::Differs { path: change.shown(), why })
}

/// Whether the mounted cluster file system holds what this database does.
pub(super) fn cluster(machine: &Machine<'_>, database: &Change) -> Result<(), ApplyError> {
    let differs = |path: &str, why: &str| ApplyError::Differs { path: path.to_owned(), why: why.to_owned() };
    let Wanted::File { content, .. } = &database.wanted else { return Ok(()) };
    let bytes = read_at_most(open_file(content)?, MOST_DATABASE, content)?;
    let Some(database) = Database::read(bytes, &[]) else {
        return Err(differs(&database.shown(), "the database that was put in place cannot be read"));
    };
    let own: Vec<Pattern> = MADE_HERE.iter().map(|text| Pattern::new(text)).collect();
    for (path, content) in &database.files {
        if own.iter().any(|it| it.covers(Path::new(path).as_os_str().as_bytes())) {
            continue;
        }
        if machine.system.root.read(path)? != *content {
            return Err(differs(path, "the mounted cluster file system has another content than the database"));
        }
    }
    Ok(())
}
