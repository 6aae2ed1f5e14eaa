//! The cluster file system of a disk that does not run: `/etc/pve` is an empty directory there,
//! and everything it showed is in the `tree` table of its database (`proxmox-facts` §4.2).
//!
//! Read in memory: nothing is written to the disk, not even SQLite's index of the log.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::wal;
use crate::system::{FileError, Mount, Root};

/// Where pmxcfs is mounted.
pub const CLUSTER_DIR: &str = "/etc/pve";

/// Whether pmxcfs, or what a dead one left, is among these mounts; their table never hangs.
pub fn is_cluster_mounted(mounts: &[Mount]) -> bool {
    mounts.iter().any(|mount| mount.point.as_os_str() == CLUSTER_DIR && mount.kind.starts_with("fuse"))
}
const DATABASE: &str = "/var/lib/pve-cluster/config.db";
/// Type of a directory's row, as in `readdir(3)`.
const DIRECTORY: i64 = 4;
/// The row that is no file: it counts the versions.
const VERSION_INODE: i64 = 0;
/// Deeper than any path below `/etc/pve`; ends a circle of parents.
const DEEPEST: usize = 32;
/// pmxcfs holds at most 128 MiB of content; its database has free pages beside it.
pub(super) const LARGEST: usize = 512 * 1024 * 1024;

/// A file or directory of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterNode {
    /// Absolute, below `/etc/pve`.
    pub path: PathBuf,
    /// `None` for a directory.
    pub content: Option<Vec<u8>>,
    /// Seconds since 1970.
    pub mtime: i64,
}

#[derive(Debug, thiserror::Error)]
enum TreeError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

struct Row {
    inode: i64,
    parent: i64,
    mtime: i64,
    kind: i64,
    name: String,
    data: Option<Vec<u8>>,
}

/// What the database holds, sorted by path: only of a disk whose `/etc/pve` is empty. `None` where
/// the files themselves are there, or the database cannot be read.
pub fn cluster_tree(root: &Root) -> Option<Vec<ClusterNode>> {
    let is_mounted = root.is_live() || root.list(CLUSTER_DIR).is_ok_and(|names| !names.is_empty());
    if is_mounted || !root.exists(DATABASE) {
        return None;
    }
    read_tree(root).ok()
}

/// Configuration files of the cluster, wherever they are.
pub(super) struct ClusterFiles<'a> {
    root: &'a Root,
    tree: Vec<ClusterNode>,
}

impl<'a> ClusterFiles<'a> {
    pub(super) fn of(root: &'a Root) -> Self {
        Self { root, tree: cluster_tree(root).unwrap_or_default() }
    }

    /// A file's text; empty when there is none.
    pub(super) fn text(&self, path: &str) -> String {
        let of_tree = self.tree.iter().find(|node| node.path == Path::new(path));
        match of_tree.and_then(|node| node.content.as_ref()) {
            Some(content) => String::from_utf8_lossy(content).into_owned(),
            None => self.root.read_text(path).unwrap_or_default(),
        }
    }

    /// Names in a directory.
    pub(super) fn names(&self, dir: &str) -> Vec<String> {
        let inside = self.tree.iter().filter(|node| node.path.parent() == Some(Path::new(dir)));
        let mut names: Vec<_> = inside.filter_map(|node| node.path.file_name()).map(ToOwned::to_owned).collect();
        if names.is_empty() {
            names = self.root.list(dir).unwrap_or_default();
        }
        names.into_iter().filter_map(|name| name.into_string().ok()).collect()
    }
}

/// A configuration file's text, from `/etc/pve` or the database; empty when there is none.
pub fn cluster_text(root: &Root, path: &str) -> String {
    ClusterFiles::of(root).text(path)
}

fn read_tree(root: &Root) -> Result<Vec<ClusterNode>, TreeError> {
    let (database, log) = read_cluster_database(root)?;
    Ok(cluster_nodes(&open_cluster_database(database, &log)?)?)
}

/// The bytes of the database and of its log, however large pmxcfs may have made them.
pub fn read_cluster_database(root: &Root) -> Result<(Vec<u8>, Vec<u8>), FileError> {
    let log = root.read_within(format!("{DATABASE}-wal"), LARGEST as u64).unwrap_or_default();
    Ok((root.read_within(DATABASE, LARGEST as u64)?, log))
}

/// The database of these bytes and its log, in memory.
pub fn open_cluster_database(file: Vec<u8>, log: &[u8]) -> Result<Connection, rusqlite::Error> {
    let merged = wal::merge(file, log);
    let mut database = Connection::open_in_memory()?;
    database.deserialize_read_exact("main", merged.as_slice(), merged.len(), true)?;
    Ok(database)
}

/// The files and directories that it holds, sorted by path.
pub fn cluster_nodes(database: &Connection) -> Result<Vec<ClusterNode>, rusqlite::Error> {
    let mut query = database.prepare("SELECT inode, parent, mtime, type, name, CAST(data AS BLOB) FROM tree")?;
    let rows = query.query_map([], |row| {
        Ok(Row {
            inode: row.get(0)?,
            parent: row.get(1)?,
            mtime: row.get(2)?,
            kind: row.get(3)?,
            name: row.get(4)?,
            data: row.get(5)?,
        })
    })?;
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let by_inode: HashMap<i64, &Row> = rows.iter().map(|row| (row.inode, row)).collect();
    let paths: Vec<Option<PathBuf>> = rows.iter().map(|row| path_of(row, &by_inode)).collect();
    let named = rows.into_iter().zip(paths).filter_map(|(row, path)| Some((row, path?)));
    let mut nodes: Vec<ClusterNode> = named
        .map(|(row, path)| ClusterNode {
            content: (row.kind != DIRECTORY).then(|| row.data.unwrap_or_default()),
            mtime: row.mtime,
            path,
        })
        .collect();
    nodes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(nodes)
}

/// `None` for the version's row and for names that lead elsewhere: the disk may be anybody's.
fn path_of(row: &Row, by_inode: &HashMap<i64, &Row>) -> Option<PathBuf> {
    let (mut at, mut names) = (row, Vec::new());
    loop {
        let is_plain = !at.name.is_empty() && !matches!(at.name.as_str(), "." | "..") && !at.name.contains(['/', '\0']);
        if at.inode == VERSION_INODE || !is_plain || names.len() > DEEPEST {
            return None;
        }
        names.push(at.name.as_str());
        if at.parent == VERSION_INODE {
            break;
        }
        at = by_inode.get(&at.parent)?;
    }
    let mut path = PathBuf::from(CLUSTER_DIR);
    path.extend(names.iter().rev());
    Some(path)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;

    /// A disk that died: most rows are in the log alone.
    fn dead_disk(rows: &str) -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        let cluster = dir.path().join("var/lib/pve-cluster");
        std::fs::create_dir_all(&cluster).unwrap();
        std::fs::create_dir_all(dir.path().join("etc/pve")).unwrap();
        let alive = tempfile::tempdir().unwrap();
        let database = Connection::open(alive.path().join("config.db")).unwrap();
        database.pragma_update(None, "journal_mode", "wal").unwrap();
        database
            .execute_batch(
                "PRAGMA wal_autocheckpoint = 0;
                 CREATE TABLE tree (inode INTEGER PRIMARY KEY, parent INTEGER, version INTEGER, writer INTEGER,
                                    mtime INTEGER, type INTEGER, name TEXT, data BLOB);
                 INSERT INTO tree VALUES (0, 0, 9, 1, 5, 8, '__version__', NULL);",
            )
            .unwrap();
        database.execute_batch(rows).unwrap();
        for name in ["config.db", "config.db-wal"] {
            std::fs::copy(alive.path().join(name), cluster.join(name)).unwrap();
        }
        let root = Root::at(dir.path()).unwrap();
        (dir, root)
    }

    const ROWS: &str = "INSERT INTO tree VALUES (2, 0, 1, 1, 5, 4, 'nodes', NULL), (3, 2, 1, 1, 5, 4, 'n1', NULL),
                        (4, 0, 1, 1, 7, 8, 'storage.cfg', 'dir: local');";

    #[test]
    fn files_come_from_the_database_and_its_log() {
        let (dir, root) = dead_disk(ROWS);

        let files = ClusterFiles::of(&root);

        assert_eq!(files.text("/etc/pve/storage.cfg"), "dir: local");
        assert_eq!(files.names("/etc/pve/nodes"), ["n1"]);
        assert_eq!(files.tree.len(), 3);
        let left = std::fs::read_dir(dir.path().join("var/lib/pve-cluster")).unwrap().count();
        assert_eq!(left, 2, "something was written beside the database");
    }

    #[test]
    fn a_torn_log_gives_the_last_whole_commit() {
        let many = "CREATE TABLE fill (data BLOB);
                    INSERT INTO fill WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
                    SELECT randomblob(900) FROM n; UPDATE tree SET data = 'dir: new' WHERE inode = 4;";
        let (dir, root) = dead_disk(&format!("{ROWS}{many}"));
        assert_eq!(cluster_text(&root, "/etc/pve/storage.cfg"), "dir: new");
        let log = dir.path().join("var/lib/pve-cluster/config.db-wal");
        let whole = std::fs::read(&log).unwrap();

        for cut in [whole.len() - 1, whole.len() / 2, 32, 5] {
            let mut torn = whole.clone();
            torn.truncate(cut);
            std::fs::write(&log, &torn).unwrap();
            let text = cluster_text(&root, "/etc/pve/storage.cfg");
            assert!(["dir: local", ""].contains(&text.as_str()), "{cut}: {text}");
        }
        let mut flipped = whole;
        let last = flipped.len() - 10;
        flipped[last] ^= 1;
        std::fs::write(&log, &flipped).unwrap();
        assert_eq!(cluster_text(&root, "/etc/pve/storage.cfg"), "dir: local");
    }

    #[test]
    fn names_that_lead_elsewhere_and_circles_are_left_out() {
        let rows = "INSERT INTO tree VALUES (2, 0, 1, 1, 5, 4, '..', NULL), (3, 2, 1, 1, 5, 8, 'passwd', 'x'),
                    (4, 5, 1, 1, 5, 4, 'a', NULL), (5, 4, 1, 1, 5, 4, 'b', NULL), (6, 77, 1, 1, 5, 8, 'orphan', 'x'),
                    (7, 0, 1, 1, 5, 8, 'a/b', 'x');";
        let (_dir, root) = dead_disk(rows);
        assert_eq!(cluster_tree(&root), Some(Vec::new()));
    }

    #[test]
    fn a_damaged_database_and_a_filled_directory_give_no_tree() {
        let (dir, root) = dead_disk(ROWS);
        std::fs::write(dir.path().join("var/lib/pve-cluster/config.db-wal"), "").unwrap();
        std::fs::write(dir.path().join("var/lib/pve-cluster/config.db"), vec![7; 9000]).unwrap();
        assert_eq!(cluster_tree(&root), None);

        std::fs::write(dir.path().join("etc/pve/storage.cfg"), "dir: file\n").unwrap();
        assert_eq!(cluster_text(&root, "/etc/pve/storage.cfg"), "dir: file\n");
    }
}
