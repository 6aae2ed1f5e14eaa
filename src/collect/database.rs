//! A live SQLite database as one consistent, self-contained file.
//!
//! The cluster database is in WAL mode: a plain copy lacks what is still in the log
//! (`proxmox-facts` §4.2). SQLite's backup interface copies a snapshot in one step; small steps
//! would start again at every foreign write (`crates` §6).

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::content::Content;
use super::files::Walker;
use super::reader::Gone;
use super::{Entry, EntryKind, Metadata};
use crate::recipe::Need;
use crate::system::{FileError, Kind, Root, copy_into, open_file, remove_file};

/// How long to wait for a writer's lock; pmxcfs itself waits 10 s.
const BUSY: std::time::Duration = std::time::Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
enum CaptureError {
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the database is busy")]
    Busy,
    #[error("the integrity check says: {0}")]
    Damaged(String),
}

/// Copies the database at `path` and hands it on under its own path.
pub(super) fn capture(walker: &mut Walker<'_>, path: &Path) -> Result<(), Gone> {
    let root = &walker.job.system.root;
    walker.job.step(path);
    let stat = match root.stat(path) {
        Ok(Some(stat)) if stat.kind == Kind::File => stat,
        Ok(None) => return walker.absent(path, walker.source.need),
        Ok(Some(_)) => return walker.warn(path, "is not a regular file"),
        Err(error) => return walker.warn(path, error.reason()),
    };
    let copy = walker.job.workspace.path().join("database");
    let captured = if root.is_live() { copy_live(path, &copy) } else { copy_offline(root, path, &copy) };
    let opened = captured.and_then(|()| Ok(open_file(&copy)?));
    walker.job.workspace.discard(&copy);
    match opened {
        Ok(file) => {
            walker.parents(path.parent().unwrap_or(Path::new("/")))?;
            if !walker.job.progress().note(path) {
                return Ok(());
            }
            let size = length(&file);
            let mut meta = walker.job.accounts.name(Metadata::of(&stat));
            // It holds every secret of the cluster, whatever mode it was found with.
            meta.mode = 0o600;
            let content = Content::Spool(Box::new(io::Read::take(file, size)));
            walker.emit(Entry::new(path, EntryKind::File, meta, walker.source.recipe).with(size, content))
        }
        Err(error) if walker.source.need == Need::Optional => walker.warn(path, error.to_string()),
        Err(error) => walker.warn(path, format!("no consistent copy: {error}")),
    }
}

fn length(file: &File) -> u64 {
    file.metadata().map_or(0, |meta| meta.len())
}

fn copy_live(path: &Path, copy: &Path) -> Result<(), CaptureError> {
    // A WAL database whose log and index are gone on a read-only mount needs `immutable`.
    match snapshot(&uri(path, "mode=ro"), copy) {
        Err(CaptureError::Sqlite(rusqlite::Error::SqliteFailure(error, _)))
            if error.code == rusqlite::ErrorCode::CannotOpen =>
        {
            snapshot(&uri(path, "mode=ro&immutable=1"), copy)
        }
        result => result,
    }
}

/// On a disk that does not run nothing may be written, not even the index of the log: file and
/// log are copied, and SQLite merges them there.
fn copy_offline(root: &Root, path: &Path, copy: &Path) -> Result<(), CaptureError> {
    let raw = copy.with_extension("raw");
    let beside = |end: &str| PathBuf::from(format!("{}{end}", raw.display()));
    copy_into(root.open(path)?, &raw)?;
    let log = PathBuf::from(format!("{}-wal", path.display()));
    if let Ok(log) = root.open(&log) {
        copy_into(log, &beside("-wal"))?;
    }
    let result = snapshot(&uri(&raw, "mode=rw"), copy);
    for end in ["", "-wal", "-shm"] {
        let _ = remove_file(&beside(end));
    }
    result
}

fn snapshot(uri: &str, copy: &Path) -> Result<(), CaptureError> {
    let _ = remove_file(copy);
    let source = Connection::open_with_flags(uri, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI)?;
    source.busy_timeout(BUSY)?;
    let mut target = Connection::open(copy)?;
    // -1: all pages in one step, under one read lock.
    match Backup::new(&source, &mut target)?.step(-1)? {
        StepResult::Done => {}
        _ => return Err(CaptureError::Busy),
    }
    // One self-contained file: no log that a plain copy of the archive's file would miss.
    target.pragma_update(None, "journal_mode", "delete")?;
    let verdict: String = target.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(CaptureError::Damaged(verdict)) }
}

/// `file:` URI; SQLite wants `?`, `#` and `%` escaped.
fn uri(path: &Path, options: &str) -> String {
    let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{escaped}?{options}")
}
