//! `config.db`: one row per file or directory, and the root's with the version of the whole tree.
//! Rows that do not hang together are refused, as pmxcfs refuses to start with them.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, params};

use crate::Outcome;
use crate::tree::{Change, Content, Entry, ROOT, Tree};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS tree (
    inode INTEGER PRIMARY KEY NOT NULL,
    parent INTEGER NOT NULL CHECK(typeof(parent)='integer'),
    version INTEGER NOT NULL CHECK(typeof(version)='integer'),
    writer INTEGER NOT NULL CHECK(typeof(writer)='integer'),
    mtime INTEGER NOT NULL CHECK(typeof(mtime)='integer'),
    type INTEGER NOT NULL CHECK(typeof(type)='integer'),
    name TEXT NOT NULL,
    data BLOB)";
const ROOT_NAME: &str = "__version__";
/// `DT_DIR` and `DT_REG` of the C library.
const DIRECTORY: i64 = 4;
const FILE: i64 = 8;

pub(crate) struct Database {
    connection: Connection,
}

impl Database {
    /// Opens the database or makes an empty one.
    pub(crate) fn open(path: &Path) -> Outcome<Self> {
        let connection = Connection::open(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.execute_batch(TABLE)?;
        Ok(Self { connection })
    }

    /// All entries, the root among them.
    pub(crate) fn load(&self) -> Outcome<BTreeMap<u64, Entry>> {
        let root = Entry {
            parent: ROOT,
            version: 0,
            writer: 0,
            mtime: 0,
            name: String::new(),
            content: Content::Directory(BTreeMap::new()),
        };
        let mut entries = BTreeMap::from([(ROOT, root)]);
        let mut statement =
            self.connection.prepare("SELECT inode, parent, version, writer, mtime, type, name, data FROM tree")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let inode: u64 = row.get(0)?;
            let entry = entry_of(row).map_err(|why| format!("inode {inode}: {why}"))?;
            if inode != ROOT {
                entries.insert(inode, entry);
            } else if let Some(root) = entries.get_mut(&ROOT).filter(|_| entry.name == ROOT_NAME) {
                (root.version, root.writer, root.mtime) = (entry.version, entry.writer, entry.mtime);
            } else {
                return Err(format!("the root inode is called `{}`", entry.name).into());
            }
        }
        connect(&mut entries)?;
        Ok(entries)
    }

    /// One change is one transaction: after a crash it is there or it is not.
    pub(crate) fn commit(&mut self, tree: &Tree, change: &Change) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        if let Some(inode) = change.removed {
            transaction.execute("DELETE FROM tree WHERE inode = ?1", [inode])?;
        }
        if let Some((inode, entry)) = change.written.and_then(|inode| Some((inode, tree.entry(inode).ok()?))) {
            replace(&transaction, inode, entry, &entry.name)?;
        }
        replace(&transaction, ROOT, tree.root(), ROOT_NAME)?;
        transaction.commit()
    }
}

fn replace(connection: &Connection, inode: u64, entry: &Entry, name: &str) -> rusqlite::Result<()> {
    let (kind, data) = match &entry.content {
        Content::File(data) => (FILE, Some(data).filter(|data| !data.is_empty())),
        Content::Directory(_) => (if inode == ROOT { FILE } else { DIRECTORY }, None),
    };
    connection
        .prepare_cached("REPLACE INTO tree VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
        .execute(params![inode, entry.parent, entry.version, entry.writer, entry.mtime, kind, name, data])
        .map(|_| ())
}

fn entry_of(row: &rusqlite::Row<'_>) -> Outcome<Entry> {
    let data: Option<Vec<u8>> = row.get(7)?;
    let data = data.unwrap_or_default();
    let content = match row.get::<_, i64>(5)? {
        DIRECTORY if !data.is_empty() => return Err("a directory with data".into()),
        DIRECTORY => Content::Directory(BTreeMap::new()),
        FILE => Content::File(data),
        other => return Err(format!("unknown type {other}").into()),
    };
    let name: String = row.get(6)?;
    if name.is_empty() {
        return Err("no name".into());
    }
    Ok(Entry { parent: row.get(1)?, version: row.get(2)?, writer: row.get(3)?, mtime: row.get(4)?, name, content })
}

/// Enters each name in its directory.
fn connect(entries: &mut BTreeMap<u64, Entry>) -> Outcome<()> {
    let names: Vec<(u64, u64, String)> = entries
        .iter()
        .filter(|(inode, _)| **inode != ROOT)
        .map(|(inode, entry)| (*inode, entry.parent, entry.name.clone()))
        .collect();
    for (inode, parent, name) in names {
        match entries.get_mut(&parent).map(|entry| &mut entry.content) {
            Some(Content::Directory(names)) if names.contains_key(&name) => {
                return Err(format!("`{name}` is there twice in one directory").into());
            }
            Some(Content::Directory(names)) => names.insert(name, inode),
            Some(Content::File(_)) => return Err(format!("`{name}` lies in what is no directory").into()),
            None => return Err(format!("`{name}` lies in inode {parent}, which is missing").into()),
        };
    }
    Ok(())
}
