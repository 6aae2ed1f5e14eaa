//! The cluster database: whole, every row in its place, and equal to the files of `/etc/pve` that
//! the same backup holds. Both come back only one way: a node is restored by its database.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;

use rusqlite::Connection;

use super::Outcome;
use crate::archive::{Digest, printable};
use crate::host::{CLUSTER_DIR, ClusterNode, cluster_nodes, open_cluster_database};

/// How database and files came into the backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// By this program, which began at this moment (seconds since 1970, where it is known). What
    /// changed afterwards may differ: files are not read at one instant.
    Since(Option<i64>),
    /// By an older tool: the database perhaps without its log, files perhaps altered.
    Older,
}

/// A file of `/etc/pve` as the archive holds it.
pub(super) struct Seen {
    pub(super) sha256: Digest,
    pub(super) mtime: i64,
}

/// What pmxcfs makes itself and its database does not have.
const VIRTUAL: &[&str] = &[".version", ".members", ".vmlist", ".rrd", ".clusterlog", ".debug"];
/// What the nodes write every few seconds, by clocks of their own.
const VOLATILE: &[&str] = &["ha/manager_status", "ha/crm_commands"];

/// The verdict in words; what changes none goes to `remarks`.
pub(super) fn judge(
    file: Vec<u8>,
    log: &[u8],
    files: &BTreeMap<Vec<u8>, Seen>,
    capture: Capture,
    remarks: &mut Vec<String>,
) -> (Outcome, String) {
    let nodes = match read(file, log) {
        Ok(nodes) => nodes,
        Err(why) => return (Outcome::Damaged, why),
    };
    let found = compare(&nodes, files, capture);
    if !found.moved_on.is_empty() {
        remarks.push(format!("changed during the backup: {}", few(&found.moved_on)));
    }
    if found.in_database_alone > 0 {
        let count = found.in_database_alone;
        remarks.push(format!("{count} file(s) of config.db are not in the backup one by one: left out, or gone since"));
    }
    let passes = "passes its integrity check";
    match (found.differing.as_slice(), capture) {
        ([], _) if files.is_empty() => {
            remarks.push("no files of /etc/pve to compare config.db with".to_owned());
            (Outcome::Sound, passes.to_owned())
        }
        ([], _) if found.in_database_alone == 0 => {
            (Outcome::Sound, format!("{passes} and its {} files equal /etc/pve", found.equal))
        }
        ([], _) => (Outcome::Sound, format!("{passes} and equals the {} files of /etc/pve", found.equal)),
        (differing, Capture::Since(_)) => {
            (Outcome::Damaged, format!("does not match the files of the backup: {}", few(differing)))
        }
        (differing, Capture::Older) => (
            Outcome::NotJudged,
            format!("{passes}, but the older tool copied it at another moment or altered files: {}", few(differing)),
        ),
    }
}

/// Whether pmxcfs would start with this database and its log; `Err` says in words why not.
pub fn prove_database(file: Vec<u8>, log: &[u8]) -> Result<(), String> {
    read(file, log).map(drop)
}

/// Its files and directories, when it is whole.
fn read(file: Vec<u8>, log: &[u8]) -> Result<Vec<ClusterNode>, String> {
    let fail = |cause: rusqlite::Error| format!("SQLite cannot read it: {}", short(&cause.to_string()));
    if file.is_empty() && log.is_empty() {
        return Err("it is empty".to_owned());
    }
    let database = open_cluster_database(file, log).map_err(fail)?;
    confine(&database).map_err(fail)?;
    if !has_tree(&database).map_err(fail)? {
        return Err("no database of a cluster: it has no table `tree`".to_owned());
    }
    let verdict: String = database.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(fail)?;
    if verdict != "ok" {
        return Err(format!("the integrity check says: {}", short(&verdict)));
    }
    let nodes = cluster_nodes(&database).map_err(fail)?;
    let rows: i64 =
        database.query_row("SELECT count(*) FROM tree WHERE inode <> 0", [], |row| row.get(0)).map_err(fail)?;
    let lost = i128::from(rows) - nodes.len() as i128;
    if lost != 0 {
        return Err(format!("{lost} row(s) belong to no directory: pmxcfs would not start with it"));
    }
    for (query, what) in REFUSED {
        let count: i64 = database.query_row(query, [], |row| row.get(0)).map_err(fail)?;
        if count != 0 {
            return Err(format!("{count} {what}: pmxcfs would not start with it"));
        }
    }
    Ok(nodes)
}

/// Nothing that a stranger's schema calls is run, and nothing of it is written anywhere.
fn confine(database: &Connection) -> rusqlite::Result<()> {
    database.pragma_update(None, "trusted_schema", "off")?;
    database.pragma_update(None, "temp_store", "memory")
}

/// A view of that name could compute for ever.
fn has_tree(database: &Connection) -> rusqlite::Result<bool> {
    let query = "SELECT count(*) FROM sqlite_master
                 WHERE name = 'tree' AND type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'";
    Ok(database.query_row(query, [], |row| row.get::<_, i64>(0))? == 1)
}

/// Rows that an integrity check passes and pmxcfs does not, when it reads them at its start.
const REFUSED: &[(&str, &str)] = &[
    ("SELECT count(*) FROM tree WHERE inode = 0 AND name <> '__version__'", "root row(s) of another name"),
    ("SELECT count(*) FROM tree WHERE type NOT IN (4, 8)", "row(s) are neither file nor directory"),
    ("SELECT count(*) FROM tree WHERE inode <> 0 AND type = 4 AND length(data) > 0", "directory row(s) hold data"),
    (
        "SELECT count(*) FROM tree JOIN tree AS above ON above.inode = tree.parent
         WHERE tree.inode <> 0 AND above.inode <> 0 AND above.type <> 4",
        "row(s) lie in a file",
    ),
    (
        "SELECT count(*) FROM (SELECT 1 FROM tree WHERE inode <> 0 GROUP BY parent, name HAVING count(*) > 1)",
        "name(s) are in one directory twice",
    ),
];

#[derive(Default)]
struct Comparison {
    equal: usize,
    /// In words.
    differing: Vec<String>,
    moved_on: Vec<String>,
    in_database_alone: usize,
}

fn compare(nodes: &[ClusterNode], files: &BTreeMap<Vec<u8>, Seen>, capture: Capture) -> Comparison {
    let mut found = Comparison::default();
    let mut of_database: BTreeMap<&[u8], (Digest, i64)> = BTreeMap::new();
    for node in nodes {
        let path = node.path.as_os_str().as_bytes();
        if let Some(content) = node.content.as_ref().filter(|_| !is_passing(path)) {
            of_database.insert(path, (digest(content), node.mtime));
        }
    }
    let is_newer = |mtime: i64| matches!(capture, Capture::Since(Some(since)) if mtime >= since);
    for (path, seen) in files.iter().filter(|(path, _)| !is_passing(path)) {
        let row = of_database.remove(path.as_slice());
        let newest = row.map_or(seen.mtime, |(_, mtime)| mtime.max(seen.mtime));
        match row {
            Some((sha256, _)) if sha256 == seen.sha256 => found.equal += 1,
            _ if is_newer(newest) => found.moved_on.push(printable(path)),
            Some(_) => found.differing.push(format!("{} differs from its row", printable(path))),
            None => found.differing.push(format!("{} has no row", printable(path))),
        }
    }
    found.in_database_alone = of_database.len();
    found
}

fn digest(content: &[u8]) -> Digest {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, content).as_ref());
    sha256
}

/// Whether a path says nothing about the configuration.
fn is_passing(path: &[u8]) -> bool {
    let Some(name) = path.strip_prefix(CLUSTER_DIR.as_bytes()).and_then(|rest| rest.strip_prefix(b"/")) else {
        return true;
    };
    let is_named = |names: &[&str]| names.iter().any(|other| other.as_bytes() == name);
    is_named(VIRTUAL)
        || is_named(VOLATILE)
        || name.starts_with(b"priv/lock/")
        || (name.starts_with(b"nodes/") && name.ends_with(b"/lrm_status"))
}

/// The first of them, and how many more there are.
fn few(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [first, more @ ..] => format!("{first}, and {} more", more.len()),
    }
}

/// What SQLite says, on one line of bounded length.
fn short(text: &str) -> String {
    printable(text.as_bytes()).chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str =
        "CREATE TABLE tree (inode INTEGER PRIMARY KEY NOT NULL, parent INTEGER NOT NULL, version INTEGER,
                         writer INTEGER, mtime INTEGER, type INTEGER, name TEXT, data BLOB);
                         INSERT INTO tree VALUES (0, 0, 9, 1, 5, 8, '__version__', NULL);";
    const ROWS: &str = "INSERT INTO tree VALUES (2, 0, 1, 1, 5, 4, 'nodes', NULL), (3, 2, 1, 1, 5, 4, 'n1', NULL),
                        (4, 0, 1, 1, 7, 8, 'storage.cfg', 'dir: a'), (5, 3, 1, 1, 7, 8, 'lrm_status', '1'),
                        (6, 0, 1, 1, 7, 8, 'empty', NULL);";

    fn database(sql: &str) -> Vec<u8> {
        let database = Connection::open_in_memory().unwrap();
        database.execute_batch(sql).unwrap();
        database.serialize("main").unwrap().to_vec()
    }

    fn files(all: &[(&str, &str)]) -> BTreeMap<Vec<u8>, Seen> {
        let seen = |content: &str| Seen { sha256: digest(content.as_bytes()), mtime: 7 };
        all.iter().map(|(path, content)| (format!("/etc/pve/{path}").into_bytes(), seen(content))).collect()
    }

    const WHOLE: &[(&str, &str)] =
        &[("storage.cfg", "dir: a"), ("empty", ""), (".version", "{}"), ("nodes/n1/lrm_status", "2")];

    fn judged(sql: &str, all: &[(&str, &str)], capture: Capture) -> (Outcome, String, Vec<String>) {
        let mut remarks = Vec::new();
        let (outcome, why) = judge(database(sql), &[], &files(all), capture, &mut remarks);
        (outcome, why, remarks)
    }

    #[test]
    fn a_whole_database_equals_the_files() {
        let (outcome, why, remarks) = judged(&[TABLE, ROWS].concat(), WHOLE, Capture::Since(Some(100)));
        assert_eq!(outcome, Outcome::Sound);
        assert_eq!(why, "passes its integrity check and its 2 files equal /etc/pve");
        assert_eq!(remarks, [""; 0]);
    }

    #[test]
    fn what_differs_is_damage_unless_it_changed_meanwhile() {
        let all = [&WHOLE[1..], &[("storage.cfg", "dir: b"), ("new.cfg", "")]].concat();
        let sql = [TABLE, ROWS].concat();

        let (outcome, why, _) = judged(&sql, &all, Capture::Since(Some(8)));
        assert_eq!(outcome, Outcome::Damaged);
        assert!(why.contains("/etc/pve/new.cfg has no row, and 1 more"), "{why}");

        let (outcome, _, remarks) = judged(&sql, &all, Capture::Since(Some(7)));
        assert_eq!(outcome, Outcome::Sound);
        assert!(remarks[0].starts_with("changed during the backup: /etc/pve/new.cfg"), "{remarks:?}");

        assert_eq!(judged(&sql, &all, Capture::Since(None)).0, Outcome::Damaged);
        assert_eq!(judged(&sql, &all, Capture::Older).0, Outcome::NotJudged);
    }

    #[test]
    fn files_that_were_left_out_are_no_damage() {
        let (outcome, why, remarks) = judged(&[TABLE, ROWS].concat(), &WHOLE[..1], Capture::Since(None));
        assert_eq!(
            (outcome, why.as_str()),
            (Outcome::Sound, "passes its integrity check and equals the 1 files of /etc/pve")
        );
        assert!(remarks[0].starts_with("1 file(s) of config.db"), "{remarks:?}");
        let (outcome, _, remarks) = judged(&[TABLE, ROWS].concat(), &[], Capture::Since(None));
        assert_eq!((outcome, remarks.len()), (Outcome::Sound, 2));
    }

    #[test]
    fn what_is_no_database_of_a_cluster_is_told_in_words() {
        let endless = "CREATE VIEW tree AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                       SELECT i AS inode, 0 AS parent, 0 AS mtime, 8 AS type, 'x' AS name, 'x' AS data FROM n;";
        let lost = format!("{TABLE} INSERT INTO tree VALUES (8, 77, 1, 1, 5, 8, 'lost', 'x');");
        for (sql, words) in
            [("CREATE TABLE a (b);", "no table `tree`"), (endless, "no table `tree`"), (&lost, "1 row(s) belong to no")]
        {
            let (outcome, why, _) = judged(sql, WHOLE, Capture::Since(None));
            assert_eq!(outcome, Outcome::Damaged);
            assert!(why.contains(words), "{why}");
        }
    }

    #[test]
    fn what_pmxcfs_refuses_at_its_start_is_damage() {
        let whole = [TABLE, ROWS].concat();
        assert_eq!(prove_database(database(&whole), &[]), Ok(()));
        for (change, words) in [
            ("UPDATE tree SET name = 'x' WHERE inode = 0", "root row(s)"),
            ("UPDATE tree SET type = 10 WHERE inode = 6", "1 row(s) are neither file nor directory"),
            ("UPDATE tree SET data = 'x' WHERE inode = 3", "hold data"),
            ("UPDATE tree SET parent = 6 WHERE inode = 5", "lie in a file"),
            ("UPDATE tree SET name = 'empty' WHERE inode = 4", "twice"),
        ] {
            let why = prove_database(database(&format!("{whole} {change};")), &[]).unwrap_err();
            assert!(why.contains(words) && why.ends_with("pmxcfs would not start with it"), "{why}");
        }
    }

    #[test]
    fn damaged_bytes_are_damage_and_never_a_panic() {
        let whole = database(&format!(
            "PRAGMA page_size = 512; {TABLE} {ROWS}
             INSERT INTO tree WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
             SELECT i, 0, 1, 1, 5, 8, 'f' || i, hex(i) FROM n;"
        ));
        for length in (0..whole.len()).step_by(300) {
            let (outcome, why) =
                judge(whole[..length].to_vec(), &[], &files(&[]), Capture::Since(None), &mut Vec::new());
            assert_eq!(outcome, Outcome::Damaged, "{length}: {why}");
        }
        let mut unnoticed = 0;
        for page in 1..whole.len() / 512 {
            let mut broken = whole.clone();
            broken[page * 512..(page + 1) * 512].fill(0x5a);
            let (outcome, _) = judge(broken, &[], &files(&[]), Capture::Since(None), &mut Vec::new());
            unnoticed += usize::from(outcome == Outcome::Sound);
        }
        assert_eq!(unnoticed, 0);
    }
}
