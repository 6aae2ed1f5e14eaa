//! Contents of real backups on their way to a machine: ours, and those of the older tools.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::Local;
use proxmox_backup::apply::{ApplyError, Change, Record, Wanted, check_space, export, stage};
use proxmox_backup::archive::ReadError;
use proxmox_backup::bundle::Backup;
use proxmox_backup::restore::{RestorePlan, Selection};
use proxmox_backup::system::{Cancel, Root, Runner, System};
use proxmox_backup::workflow::{Contents, restore_plan};

use crate::old::{Bash, Layout, ProxSave, STORAGE, large};
use crate::sample::Sample;

/// Everything that a restore to an empty machine would write, by path, and what it puts aside.
struct Staged {
    dir: tempfile::TempDir,
    plan: RestorePlan,
    changes: BTreeMap<Vec<u8>, Change>,
    export_dir: PathBuf,
}

impl Staged {
    fn of(path: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("root")).unwrap();
        let (backup, cancel) = (Backup::open(path).unwrap(), Cancel::default());
        let root = Root::at(&dir.path().join("root")).unwrap();
        let system = System { cancel: cancel.clone(), ..System::new(root, Runner::Nobody) };
        let plan = restore_plan(&backup, &system, &Selection::default()).unwrap();
        let record = Record::create(dir.path(), &Local::now()).unwrap();
        let contents = Contents::of(&backup, &cancel).unwrap();
        check_space(&record, &plan, 0).unwrap();
        let changes = stage(&record, contents.members().unwrap(), &plan).unwrap();
        let again =
            || contents.members().map_err(|failure| ReadError::Stream(std::io::Error::other(failure.to_string())));
        let unpacked = export::<_, ApplyError>(&record, &|| Ok(again()?), &plan).unwrap();
        assert!(unpacked.issues.is_empty(), "{:?}", unpacked.issues);
        let changes = changes.into_values().map(|change| (change.path.clone(), change)).collect();
        Self { export_dir: record.export_dir(), plan, changes, dir }
    }

    fn content(&self, path: &str) -> Vec<u8> {
        let change = self.changes.get(path.as_bytes()).unwrap_or_else(|| panic!("{path} is not staged"));
        let Wanted::File { content, .. } = &change.wanted else { panic!("{change:?}") };
        std::fs::read(content).unwrap()
    }
}

#[test]
fn each_file_of_our_backup_is_staged_as_it_was() {
    let sample = Sample::host("debian-plain");
    sample.backup_recorded().unwrap();

    let staged = Staged::of(&sample.newest());

    assert!(!staged.plan.is_hostile && staged.changes.len() > 30, "{:?}", staged.plan.refusals);
    let mut files = 0;
    for file in staged.plan.files.iter().filter(|file| file.verdict.changes() && file.content.is_none()) {
        let path = std::str::from_utf8(&file.path).unwrap();
        let source = sample.root().join(path.trim_start_matches('/'));
        match &staged.changes[&file.path].wanted {
            Wanted::File { .. } => {
                assert!(staged.content(path) == std::fs::read(source).unwrap(), "{path}");
                files += 1;
            }
            Wanted::Symlink(target) => {
                assert_eq!(std::fs::read_link(source).unwrap().as_os_str().as_encoded_bytes(), target, "{path}");
            }
            Wanted::Directory => assert!(source.is_dir(), "{path}"),
            Wanted::Absent => panic!("{path}"),
        }
    }
    assert!(files > 10);
    for file in staged.plan.exports() {
        let name = std::str::from_utf8(&file.path).unwrap().trim_start_matches('/');
        assert!(staged.export_dir.join(name).symlink_metadata().is_ok(), "{name}");
    }
    assert_eq!(std::fs::read_dir(staged.dir.path().join("root")).unwrap().count(), 0, "the machine has changed");
}

#[test]
fn files_that_older_tools_took_apart_are_staged_whole() {
    let dir = tempfile::tempdir().unwrap();
    let bash = Bash::new().optimised().pack(dir.path(), "xz", "-J");
    let proxsave = ProxSave::new().optimised().pack(dir.path(), (".gz", "gz", "-z"), Layout::ManifestFirst);
    for backup in [bash, proxsave] {
        let staged = Staged::of(&backup);
        assert!(!staged.plan.is_hostile, "{:?}", staged.plan.refusals);
        assert!(staged.content("/var/lib/db/large.db") == large());
        assert_eq!(staged.content("/root/twin"), STORAGE);
        assert_eq!(staged.changes[&b"/etc/own-link"[..]].wanted, Wanted::Symlink(b"hostname".to_vec()));
    }
}
