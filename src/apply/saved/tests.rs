//! What is saved is what was there, whatever happens to the record; looked at with the standard
//! library and GNU tar, not with what packed it.

use std::ffi::{OsStr, OsString};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Command;

use chrono::Local;
use proptest::prelude::*;

use super::*;
use crate::apply::{Attributes, Wanted};
use crate::system::{Root, Runner, Signal, System};

/// A machine and the record of a restore, beside each other.
struct Scene {
    dir: tempfile::TempDir,
    system: System,
    record: Record,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("root")).unwrap();
        let root = Root::at(&dir.path().join("root")).unwrap();
        let record = Record::create(&dir.path().join("state"), &Local::now()).unwrap();
        let system = System::new(root, Runner::Nobody);
        Self { dir, system, record }
    }

    fn machine(&self) -> Machine<'_> {
        Machine::of(&self.system).unwrap()
    }

    fn at(&self, path: &[u8]) -> PathBuf {
        self.dir.path().join("root").join(OsStr::from_bytes(&path[1..]))
    }

    fn file(&self, path: &str, content: &[u8]) -> PathBuf {
        let at = self.at(path.as_bytes());
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(&at, content).unwrap();
        at
    }

    /// Saved as paths that steps of this kind remove.
    fn save(&self, reach: Reach, paths: &[&[u8]]) -> Result<(), ApplyError> {
        let changes: Vec<_> = paths.iter().map(|path| (reach, gone(path))).collect();
        save(&self.machine(), &self.record, &changes)
    }

    fn load(&self) -> Result<BTreeMap<Reach, Vec<Change>>, ApplyError> {
        load(&self.record, &all(), self.record.old_dir())
    }

    fn changed(&self) -> Vec<String> {
        let changed = changed_since(&self.machine(), &self.record).unwrap();
        changed.iter().map(|path| printable(path)).collect()
    }
}

fn all() -> BTreeSet<Reach> {
    [Reach::Nothing, Reach::Services, Reach::Files, Reach::Database, Reach::Cluster, Reach::Network].into()
}

fn gone(path: &[u8]) -> Change {
    Change { path: path.to_vec(), wanted: Wanted::Absent, attributes: None }
}

/// What a change says, its content read: two loads give the same contents under other names.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Absent,
    File(Vec<u8>),
    Symlink(Vec<u8>),
    Directory,
}

fn said(change: &Change) -> (Vec<u8>, Said, Option<Attributes>) {
    let wanted = match &change.wanted {
        Wanted::Absent => Said::Absent,
        Wanted::File { content, size, digest } => {
            let bytes = std::fs::read(content).unwrap();
            assert_eq!(std::fs::metadata(content).unwrap().mode() & 0o7777, 0o600);
            assert_eq!(bytes.len() as u64, *size);
            assert_eq!(crate::system::digest_hex(&bytes), crate::system::hex(digest));
            Said::File(bytes)
        }
        Wanted::Symlink(target) => Said::Symlink(target.clone()),
        Wanted::Directory => Said::Directory,
    };
    (change.path.clone(), wanted, change.attributes.clone())
}

/// What the standard library says of a path.
fn seen(path: &[u8], at: &Path) -> (Vec<u8>, Said, Option<Attributes>) {
    let Ok(stat) = std::fs::symlink_metadata(at) else { return (path.to_vec(), Said::Absent, None) };
    let mut xattrs: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let kind = match () {
        () if stat.is_symlink() => Said::Symlink(std::fs::read_link(at).unwrap().into_os_string().into_vec()),
        () if stat.is_dir() => Said::Directory,
        () => Said::File(std::fs::read(at).unwrap()),
    };
    if !stat.is_symlink() {
        let names = xattr::list(at).unwrap();
        xattrs.extend(names.map(|name| (name.as_bytes().to_vec(), xattr::get(at, &name).unwrap().unwrap())));
        xattrs.sort();
    }
    let attributes = Attributes {
        uid: stat.uid(),
        gid: stat.gid(),
        mode: stat.mode() & 0o7777,
        mtime: (stat.mtime(), u32::try_from(stat.mtime_nsec()).unwrap()),
        xattrs,
    };
    (path.to_vec(), kind, Some(attributes))
}

fn set_mode(at: &Path, mode: u32) {
    std::fs::set_permissions(at, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn set_mtime(at: &Path, seconds: i64, nanoseconds: i64) {
    let (keep, mtime) = (nix::sys::time::TimeSpec::UTIME_OMIT, nix::sys::time::TimeSpec::new(seconds, nanoseconds));
    let flags = nix::sys::stat::UtimensatFlags::NoFollowSymlink;
    nix::sys::stat::utimensat(nix::fcntl::AT_FDCWD, at, &keep, &mtime, flags).unwrap();
}

/// One of each kind, small; gives the paths.
fn odd_tree(scene: &Scene) -> Vec<Vec<u8>> {
    let setuid = scene.file("/etc/setuid", b"#!x\n");
    set_mode(&setuid, 0o4755);
    let tagged = scene.file("/etc/tagged", &[b'x'; 700]);
    xattr::set(&tagged, "user.a=b%", b"\n\xff").unwrap();
    xattr::set(&tagged, "user.empty", b"").unwrap();
    set_mtime(&tagged, -2, 500_000_000);
    symlink("../else\nwhere", scene.at(b"/etc/link")).unwrap();
    set_mtime(&scene.at(b"/etc/link"), 1_700_000_000, 123_456_789);
    let odd = b"/etc/not\xffutf8\nline".to_vec();
    std::fs::write(scene.at(&odd), "odd").unwrap();
    std::fs::create_dir(scene.at(b"/etc/dir")).unwrap();
    scene.file("/etc/dir/inside", b"stays out of it");
    set_mode(&scene.at(b"/etc/dir"), 0o1750);
    let mut paths: Vec<Vec<u8>> =
        ["/etc/dir", "/etc/empty", "/etc/link", "/etc/new/deep/file", "/etc/setuid", "/etc/tagged"]
            .map(|path| path.as_bytes().to_vec())
            .into();
    scene.file("/etc/empty", b"");
    paths.push(odd);
    paths
}

fn save_odd_tree(scene: &Scene) -> Vec<Vec<u8>> {
    let paths = odd_tree(scene);
    let borrowed: Vec<&[u8]> = paths.iter().map(Vec::as_slice).collect();
    scene.save(Reach::Files, &borrowed).unwrap();
    paths
}

#[test]
fn what_is_loaded_is_what_was_there_and_what_is_new_goes_with_its_directories() {
    let scene = Scene::new();
    let mut paths = save_odd_tree(&scene);
    paths.extend([b"/etc/new".to_vec(), b"/etc/new/deep".to_vec()]);
    paths.sort();
    let before: Vec<_> = paths.iter().map(|path| seen(path, &scene.at(path))).collect();

    std::fs::remove_dir_all(scene.at(b"/etc")).unwrap();
    let changes = scene.load().unwrap();

    assert_eq!(changes.keys().collect::<Vec<_>>(), [&Reach::Files]);
    assert_eq!(changes[&Reach::Files].iter().map(said).collect::<Vec<_>>(), before);
    for (name, mode) in [("undo.tar", 0o600), ("touched.json", 0o600), ("old", 0o700)] {
        assert_eq!(std::fs::metadata(scene.record.dir().join(name)).unwrap().mode() & 0o7777, mode, "{name}");
    }
    let left: Vec<OsString> =
        std::fs::read_dir(scene.record.dir()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 5, "{left:?}");
}

/// Name, content, mode, seconds and nanoseconds; the content decides what it is.
type Made = (Vec<u8>, Vec<u8>, u32, i64, i64);

fn made() -> impl Strategy<Value = Made> {
    let name = prop_oneof![
        "[a-z]{1,4}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>().prop_filter("a name", |byte| !matches!(byte, 0 | b'/')), 1..6),
        "[a-z]{90,250}".prop_map(String::into_bytes),
    ];
    let content = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..20),
        proptest::collection::vec(any::<u8>(), 505..520),
        proptest::collection::vec(any::<u8>(), 66_000..66_100),
    ];
    (name, content, 0_u32..0o10000, -3_000_000_000_i64..9_000_000_000, 0_i64..1_000_000_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_tree_comes_back(tree in proptest::collection::vec((made(), 0_u8..5), 0..8)) {
        let scene = Scene::new();
        let mut paths = BTreeSet::new();
        for ((name, content, mode, seconds, nanoseconds), kind) in tree {
            let path = [b"/", name.as_slice()].concat();
            if !is_plain(&path) || !paths.insert(path.clone()) {
                continue;
            }
            let at = scene.at(&path);
            match kind {
                0 => continue,
                1 => std::fs::create_dir(&at).unwrap(),
                2 => symlink(OsStr::from_bytes(&path.repeat(3)), &at).unwrap(),
                _ => std::fs::write(&at, &content).unwrap(),
            }
            if kind == 3 {
                xattr::set(&at, "user.note", &content[..content.len().min(600)]).unwrap();
            }
            if kind != 2 {
                // Readable by who runs the tests, who need not be root.
                set_mode(&at, mode | 0o400);
            }
            set_mtime(&at, seconds, nanoseconds);
        }
        let before: Vec<_> = paths.iter().map(|path| seen(path, &scene.at(path))).collect();

        scene.save(Reach::Network, &paths.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();

        let loaded = scene.load().unwrap().remove(&Reach::Network).unwrap_or_default();
        prop_assert_eq!(loaded.iter().map(said).collect::<Vec<_>>(), before);
    }
}

/// Runs the stock tar on an archive; `None` when there is none.
fn tar(archive: &Path, args: &[&str]) -> Option<Vec<u8>> {
    // It remarks on times before 1970, and keeps them.
    match Command::new("tar").args(args).arg("--warning=no-timestamp").arg("-f").arg(archive).output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
            Some(output.stdout)
        }
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "SKIPPED in CI: tar: {error}");
            eprintln!("SKIPPED: tar is not installed");
            None
        }
    }
}

#[test]
fn gnu_tar_lists_and_unpacks_the_undo_archive() {
    let scene = Scene::new();
    let paths = save_odd_tree(&scene);
    let to = scene.dir.path().join("unpacked");
    std::fs::create_dir(&to).unwrap();
    let archive = scene.record.undo_archive();

    let Some(listed) = tar(&archive, &["-t"]) else { return };
    assert_eq!(String::from_utf8_lossy(&listed).lines().count(), 6);
    tar(&archive, &["-xp", "--xattrs", "--xattrs-include=*", "-C", to.to_str().unwrap()]);

    for path in paths {
        let unpacked = seen(&path, &to.join(OsStr::from_bytes(&path[1..])));
        assert_eq!(unpacked, seen(&path, &scene.at(&path)));
    }
}

#[test]
fn holes_stay_holes() {
    let scene = Scene::new();
    let at = scene.file("/var/sparse", b"begin");
    let mut file = std::fs::File::options().write(true).open(&at).unwrap();
    file.seek(SeekFrom::Start(20 << 20)).unwrap();
    file.write_all(b"middle").unwrap();
    file.set_len(40 << 20).unwrap();
    let has_holes = std::fs::metadata(&at).unwrap().blocks() * 512 < 1 << 20;

    scene.save(Reach::Files, &[b"/var/sparse"]).unwrap();
    let changes = scene.load().unwrap();

    let change = &changes[&Reach::Files][0];
    assert_eq!(said(change), seen(b"/var/sparse", &at));
    if has_holes {
        let Wanted::File { content, .. } = &change.wanted else { panic!("{change:?}") };
        assert!(std::fs::metadata(content).unwrap().blocks() * 512 < 1 << 20);
        assert!(std::fs::metadata(scene.record.undo_archive()).unwrap().len() < 1 << 20);
    }
}

/// Each cut and each changed byte gives an error or what was saved.
fn damage(name: &str) {
    let scene = Scene::new();
    let tagged = scene.file("/etc/tagged", b"the old content");
    xattr::set(&tagged, "user.a", b"value").unwrap();
    set_mtime(&tagged, 1_700_000_000, 5);
    symlink("here", scene.at(b"/etc/link")).unwrap();
    std::fs::write(scene.at(b"/etc/\xff"), "").unwrap();
    scene.save(Reach::Files, &[b"/etc/tagged", b"/etc/link", b"/etc/new", b"/etc/\xff"]).unwrap();
    let right: Vec<_> = scene.load().unwrap()[&Reach::Files].iter().map(said).collect();
    let path = scene.record.dir().join(name);
    let whole = std::fs::read(&path).unwrap();
    let mut refused = 0;
    let mut check = |bytes: &[u8], how: &str| {
        std::fs::write(&path, bytes).unwrap();
        match scene.load() {
            Ok(changes) => {
                assert_eq!(changes[&Reach::Files].iter().map(said).collect::<Vec<_>>(), right, "{how}");
            }
            Err(error) => {
                assert!(matches!(error, ApplyError::Record { .. }), "{how}: {error:?}");
                refused += 1;
            }
        }
    };

    // Of the zeros that fill blocks one in five, which differ in nothing.
    for at in (0..whole.len()).filter(|at| whole[*at] != 0 || at % 5 == 0) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        check(&bytes, &format!("byte {at}"));
        if at % 7 == 0 || whole.len() - at < 20 {
            check(&whole[..at], &format!("cut at {at}"));
        }
    }
    check(&[whole.as_slice(), b"x"].concat(), "longer");

    assert!(refused > whole.len() / 16, "{refused}");
}

#[test]
fn a_damaged_list_is_never_believed() {
    damage("touched.json");
}

#[test]
fn a_damaged_undo_archive_gives_an_error_or_what_was_saved() {
    damage("undo.tar");
}

#[test]
fn a_killed_load_leaves_nothing_that_the_next_one_uses() {
    let scene = Scene::new();
    let at = scene.file("/etc/a", b"right");
    scene.save(Reach::Files, &[b"/etc/a"]).unwrap();
    for (name, content) in [("000000", "wrong"), ("000007", "left"), ("other", "left")] {
        std::fs::write(scene.record.old_dir().join(name), content).unwrap();
    }
    symlink(&at, scene.record.old_dir().join("000001")).unwrap();

    for _ in 0..2 {
        let changes = scene.load().unwrap();
        assert_eq!(said(&changes[&Reach::Files][0]), seen(b"/etc/a", &at));
        assert_eq!(std::fs::read_dir(scene.record.old_dir()).unwrap().count(), 1);
    }
}

#[test]
fn only_what_was_reached_is_put_back_and_the_database_has_its_own_copy() {
    let scene = Scene::new();
    scene.file("/etc/a", b"a");
    scene.file("/etc/pve/storage.cfg", b"s");
    scene.file("/var/lib/pve-cluster/config.db", b"d");
    let changes = [
        (Reach::Files, gone(b"/etc/a")),
        (Reach::Cluster, gone(b"/etc/pve/storage.cfg")),
        (Reach::Database, gone(b"/var/lib/pve-cluster/config.db")),
        (Reach::Network, gone(b"/etc/x/n")),
        (Reach::Files, gone(b"/etc/x/f")),
    ];
    save(&scene.machine(), &scene.record, &changes).unwrap();

    let loaded =
        load(&scene.record, &[Reach::Cluster, Reach::Network, Reach::Database].into(), scene.record.old_dir()).unwrap();

    let cluster: Vec<_> = loaded[&Reach::Cluster].iter().map(said).collect();
    assert_eq!(cluster, [(b"/etc/pve/storage.cfg".to_vec(), Said::File(b"s".to_vec()), None)]);
    // Whichever step makes a directory, its undo removes it.
    assert_eq!(loaded[&Reach::Network], [gone(b"/etc/x"), gone(b"/etc/x/n")]);
    assert_eq!(loaded.len(), 2);
    let files = &scene.load().unwrap()[&Reach::Files];
    assert_eq!(files[1..], [gone(b"/etc/x"), gone(b"/etc/x/f")]);
}

#[test]
fn without_a_list_nothing_was_saved_and_with_one_nothing_is_saved_again() {
    let scene = Scene::new();
    scene.file("/etc/a", b"before");
    std::fs::write(scene.record.undo_archive(), "of a killed run").unwrap();
    assert!(scene.load().unwrap().is_empty());
    assert!(scene.changed().is_empty());

    scene.save(Reach::Files, &[b"/etc/a"]).unwrap();
    scene.file("/etc/a", b"after");
    assert!(matches!(scene.save(Reach::Files, &[b"/etc/a"]), Err(ApplyError::Record { .. })));
    assert_eq!(said(&scene.load().unwrap()[&Reach::Files][0]).1, Said::File(b"before".to_vec()));

    std::fs::remove_file(scene.record.undo_archive()).unwrap();
    assert!(scene.load().is_err());
}

#[test]
fn what_cannot_be_put_back_ends_it_before_anything_is_written() {
    let scene = Scene::new();
    scene.file("/etc/dir/x", b"x");
    nix::unistd::mkfifo(&scene.at(b"/etc/fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    symlink("dir", scene.at(b"/etc/link")).unwrap();
    let file = Wanted::File { content: PathBuf::new(), size: 0, digest: [0; 32] };
    let over_directory = Change { path: b"/etc/dir".to_vec(), wanted: file, attributes: None };
    for (change, expected) in [
        (gone(b"/etc/fifo"), "/etc/fifo: a fifo is here in its place"),
        (gone(b"/etc/link/x"), "/etc/link: a symlink is here in its place"),
        (gone(b"/etc/dir/x/y"), "/etc/dir/x: a file is here in its place"),
        (over_directory, "/etc/dir: a directory is here in its place"),
        (gone(b"/etc/../x"), "/etc/../x: it is not the name of a file"),
    ] {
        let error = save(&scene.machine(), &scene.record, &[(Reach::Files, change)]).unwrap_err();
        assert!(matches!(error, ApplyError::Differs { .. }), "{error:?}");
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(std::fs::read_dir(scene.record.dir()).unwrap().count(), 3);

    // A program may write through a link; that is its own business.
    scene.save(Reach::Services, &[b"/etc/link/x", b"/etc/dir"]).unwrap();
    let loaded = &scene.load().unwrap()[&Reach::Services];
    assert_eq!(loaded.len(), 1);
    assert_eq!(loaded[0].path, b"/etc/dir");
}

#[test]
fn a_change_between_the_readings_is_seen() {
    type Deed = (&'static str, fn(&Scene));
    let deeds: [Deed; 6] = [
        ("content", |scene| drop(scene.file("/etc/a", b"afteR"))),
        ("mode", |scene| set_mode(&scene.at(b"/etc/a"), 0o640)),
        ("gone", |scene| std::fs::remove_file(scene.at(b"/etc/a")).unwrap()),
        ("attribute", |scene| xattr::set(scene.at(b"/etc/a"), "user.x", b"y").unwrap()),
        ("new", |scene| drop(scene.file("/etc/new", b""))),
        ("directory", |scene| std::fs::create_dir(scene.at(b"/etc/sub")).unwrap()),
    ];
    for (what, deed) in deeds {
        let scene = Scene::new();
        set_mode(&scene.file("/etc/a", b"after"), 0o644);
        scene.save(Reach::Files, &[b"/etc/a", b"/etc/new", b"/etc/sub/x"]).unwrap();
        let touched = Touched::read(&scene.record).unwrap().unwrap();
        confirm(&scene.machine(), &touched).unwrap();

        deed(&scene);

        assert!(matches!(confirm(&scene.machine(), &touched), Err(Trouble::Changed(_))), "{what}");
    }
}

#[test]
fn what_does_not_hold_still_is_read_three_times_and_then_named() {
    let mut readings = 0;
    let mut until = |steady| {
        readings = 0;
        let result = steadily(|| {
            readings += 1;
            if readings < steady { Err(Trouble::Changed(b"/etc/busy".to_vec())) } else { Ok(()) }
        });
        (readings, result.map_err(|error| error.to_string()))
    };
    assert_eq!(until(3), (3, Ok(())));
    let why = "/etc/busy: it changed during each of 3 readings; stop what writes it";
    assert_eq!(until(9), (3, Err(why.to_owned())));
}

#[test]
fn a_full_disk_and_a_signal_end_it_with_nothing_left() {
    let scene = Scene::new();
    scene.file("/etc/a", b"a");
    assert!(check_space(scene.record.dir(), u64::MAX / 2).unwrap_err().is_full());
    check_space(scene.record.dir(), 0).unwrap();

    scene.system.cancel.request(Signal::Terminate);
    assert!(matches!(scene.save(Reach::Files, &[b"/etc/a"]), Err(ApplyError::Cancelled(_))));
    assert_eq!(std::fs::read_dir(scene.record.dir()).unwrap().count(), 3);
}

#[test]
fn work_of_the_time_since_is_found_and_kept() {
    let scene = Scene::new();
    let mine = Attributes { mode: 0o644, ..seen(b"", scene.dir.path()).2.unwrap() };
    let becomes = |content: &[u8]| {
        let mut digest = [0; 32];
        digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, content).as_ref());
        Wanted::File { content: PathBuf::new(), size: content.len() as u64, digest }
    };
    let change = |path: &str| {
        let attributes = Some(Attributes { xattrs: Vec::new(), ..mine.clone() });
        (Reach::Files, Change { path: path.into(), wanted: becomes(b"new"), attributes })
    };
    let names = ["/etc/as-before", "/etc/as-restored", "/etc/edited", "/etc/moded", "/etc/removed", "/etc/made/edited"];
    for path in &names[..5] {
        set_mode(&scene.file(path, b"old"), 0o644);
    }
    save(&scene.machine(), &scene.record, &names.map(change)).unwrap();
    assert!(scene.changed().is_empty());

    for path in &names[1..] {
        set_mode(&scene.file(path, b"new"), 0o644);
    }
    assert!(scene.changed().is_empty());
    assert_eq!(keep_aside(&scene.machine(), &scene.record, &[b"/etc/nothing".to_vec()]).unwrap(), None);
    scene.file("/etc/edited", b"edited");
    scene.file("/etc/made/edited", b"edited");
    set_mode(&scene.at(b"/etc/moded"), 0o600);
    std::fs::remove_file(scene.at(b"/etc/removed")).unwrap();
    assert_eq!(scene.changed(), ["/etc/edited", "/etc/made/edited", "/etc/moded", "/etc/removed"]);

    // The way back may begin with a signal.
    scene.system.cancel.request(Signal::Interrupt);
    let changed = changed_since(&scene.machine(), &scene.record).unwrap();
    for name in ["after.tar", "after-2.tar"] {
        let kept = keep_aside(&scene.machine(), &scene.record, &changed).unwrap().unwrap();
        assert_eq!(kept, scene.record.dir().join(name));
        assert_eq!(std::fs::metadata(&kept).unwrap().mode() & 0o7777, 0o600);
        if let Some(content) = tar(&kept, &["-xO"]) {
            assert_eq!(String::from_utf8_lossy(&content), "editededitednew");
        }
    }
}
