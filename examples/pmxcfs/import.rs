//! Fills a database from a directory tree: how a test gets the state it starts from.

use std::path::Path;
use std::time::Duration;

use crate::Outcome;
use crate::store::{Store, whole_seconds};
use crate::tree::{ROOT, Stamp};

pub(crate) fn import(db: &Path, dir: &Path) -> Outcome<()> {
    let mut store = Store::open(db, Duration::MAX)?;
    import_directory(&mut store, ROOT, dir)
}

/// In the order of names, so that the same tree makes the same database.
fn import_directory(store: &mut Store, parent: u64, dir: &Path) -> Outcome<()> {
    let mut paths = std::fs::read_dir(dir)?.map(|e| e.map(|e| e.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    for path in paths {
        let metadata = std::fs::symlink_metadata(&path)?;
        let stamp = Stamp { writer: 0, seconds: whole_seconds(metadata.modified()?) };
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("a name that is no text")?;
        if metadata.is_dir() {
            let inode = store.change(|tree| tree.make_directory(parent, name, stamp))?.unwrap_or(ROOT);
            import_directory(store, inode, &path)?;
        } else if metadata.is_file() {
            let data = std::fs::read(&path)?;
            let inode = store.change(|tree| tree.create(parent, name, stamp))?.unwrap_or(ROOT);
            store.change(|tree| tree.write(inode, 0, &data, stamp)).map_err(|why| format!("{name}: {why}"))?;
        }
    }
    Ok(())
}
