//! The cluster database by what it holds. SQLite's copy of it, its log and the counter of versions
//! differ though no file of the cluster did.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;

use rusqlite::types::ValueRef;

use crate::host::{cluster_nodes, open_cluster_database};
use crate::system::digest_hex;

/// What a cluster database holds.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Rows {
    /// Digest of each file by path; of directories that of their name alone.
    files: BTreeMap<Vec<u8>, String>,
    /// Everything else in it.
    rest: String,
}

impl Rows {
    /// `None` when it is no cluster database.
    pub(super) fn read(bytes: Vec<u8>) -> Option<Self> {
        Self::try_read(bytes).ok()
    }

    fn try_read(bytes: Vec<u8>) -> rusqlite::Result<Self> {
        let database = open_cluster_database(bytes, &[])?;
        let nodes = cluster_nodes(&database)?;
        let rest = rest(&database, nodes.len())?;
        let digest = |content: Option<Vec<u8>>| content.map_or_else(|| "directory".to_owned(), |c| digest_hex(&c));
        let named = |path: std::path::PathBuf| path.as_os_str().as_bytes().to_vec();
        Ok(Self { files: nodes.into_iter().map(|node| (named(node.path), digest(node.content))).collect(), rest })
    }

    /// Files that differ, and whether anything else does.
    pub(super) fn differences<'a>(&'a self, other: &'a Self) -> (Vec<&'a [u8]>, bool) {
        let missing = other.files.keys().filter(|path| !self.files.contains_key(*path));
        let changed = self.files.iter().filter(|(path, digest)| other.files.get(*path) != Some(digest));
        let mut paths: Vec<&[u8]> = changed.map(|(path, _)| path).chain(missing).map(Vec::as_slice).collect();
        paths.sort_unstable();
        (paths, self.rest != other.rest)
    }
}

/// Tables beside `tree`, and rows of it that are no file.
fn rest(database: &rusqlite::Connection, files: usize) -> rusqlite::Result<String> {
    let mut text: Vec<u8> = Vec::new();
    let mut query = database.prepare("SELECT type, name, coalesce(sql, '') FROM sqlite_master ORDER BY type, name")?;
    let schema = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let schema: Vec<(String, String, String)> = schema.collect::<Result<_, _>>()?;
    for (kind, name, sql) in schema {
        text.extend(format!("{kind} {name} {sql}\n").bytes());
        if kind == "table" && name != "tree" {
            add_rows(database, &name, &mut text)?;
        }
    }
    let all: i64 = database.query_row("SELECT count(*) FROM tree", [], |row| row.get(0))?;
    text.extend(format!("{}", i128::from(all) - files as i128).bytes());
    Ok(digest_hex(&text))
}

fn add_rows(database: &rusqlite::Connection, table: &str, text: &mut Vec<u8>) -> rusqlite::Result<()> {
    let mut query = database.prepare(&format!("SELECT * FROM \"{}\"", table.replace('"', "\"\"")))?;
    let columns = query.column_count();
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            match row.get_ref(column)? {
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => text.extend(digest_hex(bytes).bytes()),
                value => text.extend(format!("{value:?}").bytes()),
            }
            text.push(b'\n');
        }
    }
    Ok(())
}
