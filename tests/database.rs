//! A database under a busy writer: each capture is a committed state, and a plain copy is not.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use proxmox_backup::plan::SourceKind;
use rusqlite::{Connection, OpenFlags};

use crate::captured::{capture, source};

const CAPTURES: usize = 200;
const ROWS: i64 = 40;

/// Each commit moves all counters by one: equal counters are a committed state, others are none.
fn create(path: &Path) -> Connection {
    let writer = Connection::open(path).unwrap();
    writer.pragma_update(None, "journal_mode", "wal").unwrap();
    writer.pragma_update(None, "synchronous", "off").unwrap();
    writer.execute_batch("CREATE TABLE tree (inode INTEGER PRIMARY KEY, counter INTEGER, data BLOB)").unwrap();
    for inode in 0..ROWS {
        writer.execute("INSERT INTO tree VALUES (?1, 0, zeroblob(600))", [inode]).unwrap();
    }
    writer
}

/// The counter of a consistent database, or what is wrong with it.
fn committed_state(path: &Path) -> Result<i64, String> {
    let read = || -> rusqlite::Result<(String, i64, i64, i64)> {
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let verdict = database.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        database.query_row("SELECT min(counter), max(counter), count(*) FROM tree", [], |row| {
            Ok((verdict, row.get(0)?, row.get(1)?, row.get(2)?))
        })
    };
    match read() {
        Ok((verdict, low, high, ROWS)) if verdict == "ok" && low == high => Ok(low),
        Ok(found) => Err(format!("{found:?}")),
        Err(error) => Err(error.to_string()),
    }
}

fn write_until(writer: &mut Connection, is_over: &AtomicBool, committed: &AtomicI64) {
    while !is_over.load(Ordering::Relaxed) {
        let change = writer.transaction().unwrap();
        for inode in 0..ROWS {
            change.execute("UPDATE tree SET counter = counter + 1 WHERE inode = ?1", [inode]).unwrap();
        }
        change.commit().unwrap();
        committed.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn each_capture_under_a_busy_writer_is_a_committed_state_and_a_plain_copy_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join("config.db");
    let copy = dir.path().join("copy.db");
    let mut writer = create(&database);
    let (is_over, committed) = (AtomicBool::new(false), AtomicI64::new(0));

    let mut failed_copies = 0;
    let mut states = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| write_until(&mut writer, &is_over, &committed));
        for _ in 0..CAPTURES {
            let before = committed.load(Ordering::SeqCst);
            std::fs::copy(&database, &copy).unwrap();
            // Older than what was committed before the copy began is lost data, too.
            failed_copies += usize::from(!committed_state(&copy).is_ok_and(|counter| counter >= before));
            std::fs::remove_file(&copy).unwrap();

            let before = committed.load(Ordering::SeqCst);
            let captured = capture(vec![source(SourceKind::Database(database.clone()))]);
            states.push((before, captured, committed.load(Ordering::SeqCst)));
            let (_, captured, _) = states.last().unwrap();
            if captured.file(&database).is_none() {
                break;
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });

    for (number, (before, captured, after)) in states.iter().enumerate() {
        assert!(captured.issues.is_empty(), "capture {number}: {:?}", captured.issues);
        std::fs::write(&copy, captured.file(&database).unwrap()).unwrap();
        let counter = committed_state(&copy).unwrap_or_else(|why| panic!("capture {number}: {why}"));
        // The commit that is being counted may be in the capture already.
        assert!((*before..=after + 1).contains(&counter), "capture {number}: {before} {counter} {after}");
    }
    assert_eq!(states.len(), CAPTURES);
    assert!(failed_copies > 0, "plain copies are good enough, so this test proves nothing");
}
