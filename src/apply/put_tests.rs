//! What shall be there is there, whole, and nothing else has changed: on real trees, as root.
#![expect(clippy::disallowed_methods, reason = "tests prepare real trees and look at them with others' programs")]

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ring::digest::{SHA256, digest};

use super::{ApplyError, Attributes, Change, Machine, Wanted, differs, put_all, put_back};
use crate::collect::read_xattrs;
use crate::system::{Root, Runner, Signal, System, is_root};

/// A machine below `root`, and beside it what is not to be touched.
struct Bench {
    path: PathBuf,
    /// Where contents are kept.
    contents: PathBuf,
    system: System,
    _dir: Option<tempfile::TempDir>,
}

/// Something this test needs is not there.
fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "cannot test: {why}");
    eprintln!("SKIPPED: {why}");
}

impl Bench {
    fn new() -> Option<Self> {
        if !is_root() {
            skip("needs root");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        for name in ["root", "outside"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        let bench = Self::of(dir.path(), "contents");
        Some(Self { _dir: Some(dir), ..bench })
    }

    fn of(path: &Path, contents: &str) -> Self {
        let (path, contents) = (path.to_owned(), path.join(contents));
        std::fs::create_dir_all(&contents).unwrap();
        let root = Root::at(&path.join("root")).unwrap();
        let system = System::new(root, Runner::Nobody);
        Self { path, contents, system, _dir: None }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.path.join("root").join(path.trim_start_matches('/'))
    }

    fn plant(&self, path: &str, content: &str) {
        std::fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        std::fs::write(self.at(path), content).unwrap();
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.at(path)).unwrap()
    }

    fn mode(&self, path: &str) -> u32 {
        self.at(path).symlink_metadata().unwrap().mode() & 0o7777
    }

    fn file(&self, path: &str, content: &str) -> Change {
        let kept = self.contents.join(path.replace('/', "_") + &content.len().to_string());
        std::fs::write(&kept, content).unwrap();
        let digest = digest(&SHA256, content.as_bytes()).as_ref().try_into().unwrap();
        change(path, Wanted::File { content: kept, size: content.len() as u64, digest }, 0o640)
    }

    fn put(&self, changes: &[Change]) -> Result<Vec<String>, ApplyError> {
        put_all(&Machine::of(&self.system).unwrap(), changes)
    }

    fn differs(&self, change: &Change) -> Option<String> {
        differs(&Machine::of(&self.system).unwrap(), change).unwrap()
    }

    /// Path, and everything there is to know about it but inode and change time.
    fn tree(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        let mut open = vec![self.path.clone()];
        while let Some(path) = open.pop() {
            let stat = path.symlink_metadata().unwrap();
            let content = match stat.file_type() {
                kind if kind.is_dir() => {
                    open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                    String::new()
                }
                kind if kind.is_symlink() => std::fs::read_link(&path).unwrap().display().to_string(),
                kind if kind.is_file() => format!("{:?}", std::fs::read(&path).unwrap()),
                _ => String::new(),
            };
            let owner = (stat.mode(), stat.uid(), stat.gid(), stat.mtime(), stat.mtime_nsec());
            found.insert(path, format!("{owner:?} {content}"));
        }
        found
    }

    /// Names of ours that are not to stay.
    fn leftovers(&self) -> Vec<PathBuf> {
        self.tree().into_keys().filter(|path| path.to_string_lossy().contains(".proxmox-backup.")).collect()
    }
}

fn change(path: &str, wanted: Wanted, mode: u32) -> Change {
    let attributes = Attributes { uid: 0, gid: 0, mode, mtime: (1_600_000_000, 123_456_789), xattrs: Vec::new() };
    Change { path: path.into(), wanted, attributes: Some(attributes) }
}

fn absent(path: &str) -> Change {
    Change { path: path.into(), wanted: Wanted::Absent, attributes: None }
}

fn directory(path: &str, mode: u32) -> Change {
    change(path, Wanted::Directory, mode)
}

fn link(path: &str, target: &str) -> Change {
    change(path, Wanted::Symlink(target.into()), 0o777)
}

fn owned_by(uid: u32, gid: u32, mut change: Change) -> Change {
    change.attributes.as_mut().unwrap().uid = uid;
    change.attributes.as_mut().unwrap().gid = gid;
    change
}

fn run(argv: &[&str], path: &Path) -> Option<String> {
    let output = Command::new(argv[0]).args(&argv[1..]).arg(path).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What `from` has, as it would be taken from a backup.
fn as_is(from: &Path, to: &str, wanted: Wanted) -> Change {
    let (open, stat) = (std::fs::File::open(from).unwrap(), from.metadata().unwrap());
    let xattrs = read_xattrs(&open).into_iter().map(|(name, value)| (name.as_bytes().to_vec(), value)).collect();
    let mtime = (stat.mtime(), u32::try_from(stat.mtime_nsec()).unwrap());
    let attributes = Attributes { uid: stat.uid(), gid: stat.gid(), mode: stat.mode() & 0o7777, mtime, xattrs };
    Change { path: to.into(), wanted, attributes: Some(attributes) }
}

/// Makes `from/program` and `from/shared`; whether everything could be set.
fn dress_by_programs(bench: &Bench) -> bool {
    bench.plant("from/program", "#!/bin/sh\n");
    bench.plant("from/shared/inside", "x");
    let (program, shared) = (bench.at("from/program"), bench.at("from/shared"));
    chown(&program, Some(7), Some(8)).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o6755)).unwrap();
    let made = [
        run(&["setcap", "cap_net_raw+ep"], &program),
        run(&["setfacl", "-m", "u:33:r-x,g:34:rwx"], &program),
        run(&["setfacl", "-m", "u:33:rwx,d:u:33:rwx,d:o::---"], &shared),
        run(&["setfattr", "-n", "user.note", "-v", "kept"], &shared),
        run(&["setfattr", "-n", "trusted.note", "-v", "kept"], &program),
    ];
    made.iter().all(Option::is_some)
}

#[test]
fn everything_wanted_is_there_and_twice_is_the_same_as_once() {
    let Some(bench) = Bench::new() else { return };
    bench.plant("etc/hosts", "old");
    bench.plant("etc/gone", "x");
    bench.plant("etc/old.d/deep/file", "x");
    symlink("/nowhere", bench.at("etc/was-link")).unwrap();
    bench.plant("etc/was-file", "x");
    let changes = [
        absent("/etc/old.d"),
        absent("/etc/old.d/deep"),
        absent("/etc/old.d/deep/file"),
        bench.file("/etc/hosts", "new"),
        bench.file("/etc/was-link", "file"),
        link("/etc/was-file", "hosts"),
        owned_by(1, 2, link("/etc/dangling", "/no/such/place")),
        bench.file("/etc/new.d/sub/conf", "content"),
        directory("/etc/new.d/sub", 0o2750),
        owned_by(34, 34, directory("/etc/new.d", 0o700)),
        bench.file("/srv/made/on/the/way", ""),
        absent("/etc/gone"),
        absent("/never/was"),
    ];

    let remarks = bench.put(&changes).unwrap();
    let once = bench.tree();

    assert_eq!(remarks, Vec::<String>::new());
    for change in &changes {
        assert_eq!(bench.differs(change), None, "{change:?}");
    }
    assert_eq!((bench.text("etc/hosts"), bench.text("etc/was-link")), ("new".into(), "file".into()));
    assert_eq!(std::fs::read_link(bench.at("etc/was-file")).unwrap(), Path::new("hosts"));
    let stat = bench.at("etc/dangling").symlink_metadata().unwrap();
    assert_eq!((stat.uid(), stat.gid(), stat.mtime()), (1, 2, 1_600_000_000));
    for path in ["etc/hosts", "etc/new.d", "etc/new.d/sub", "etc/new.d/sub/conf"] {
        let stat = bench.at(path).symlink_metadata().unwrap();
        assert_eq!((stat.mtime(), stat.mtime_nsec()), (1_600_000_000, 123_456_789), "{path}");
    }
    assert_eq!(["srv", "srv/made", "srv/made/on/the"].map(|path| bench.mode(path)), [0o755; 3]);
    assert!(!bench.at("etc/old.d").exists() && !bench.at("etc/gone").exists());

    bench.put(&changes).unwrap();
    let parents_of_links = ["root/etc", "root/srv/made/on/the"].map(|path| bench.path.join(path));
    let twice = bench.tree();
    for (path, one) in &once {
        // The second round renames once more: the time of what nobody described is when that was.
        assert!(parents_of_links.contains(path) || twice[path] == *one, "{}", path.display());
    }
    assert_eq!(once.len(), twice.len());
}

/// Owner, setuid, capabilities, ACLs: made by the programs that people use for it, and read by them.
#[test]
fn attributes_come_back_as_other_programs_see_them() {
    let Some(bench) = Bench::new() else { return };
    if !dress_by_programs(&bench) {
        return skip("setcap, setfacl or setfattr is missing, or this file system does not take what they set");
    }
    // What gets in the way: everything new in here inherits it, and the directory has attributes of its own.
    bench.plant("to/shared/already", "x");
    run(&["setfacl", "-m", "u:99:rwx,d:u:99:rwx"], &bench.at("to")).unwrap();
    run(&["setfacl", "-m", "u:99:rwx,d:u:99:rwx"], &bench.at("to/shared")).unwrap();
    run(&["setfattr", "-n", "user.other", "-v", "not wanted"], &bench.at("to/shared")).unwrap();
    let content = bench.file("/to/program", "#!/bin/sh\n").wanted;
    let changes = [
        as_is(&bench.at("from/program"), "/to/program", content),
        as_is(&bench.at("from/shared"), "/to/shared", Wanted::Directory),
        bench.file("/to/plain", "x"),
        bench.file("/to/made/plain", "x"),
    ];
    assert_eq!(bench.differs(&changes[1]).unwrap(), "its extended attributes are others");

    bench.put(&changes).unwrap();

    for (from, to) in [("from/program", "to/program"), ("from/shared", "to/shared")] {
        for look in [
            &["getfacl", "-cnp"][..],
            &["getfattr", "-d", "-m", "-", "--only-values"],
            &["stat", "-c", "%a %u %g %.9Y"],
            &["getcap"],
        ] {
            let [from, to] = [from, to].map(|path| run(look, &bench.at(path)).unwrap().replace("/from/", "/to/"));
            assert_eq!(from, to, "{look:?}");
        }
    }
    assert_eq!(bench.mode("to/program"), 0o6775, "setuid and setgid, and the mask of the ACL");
    for path in ["to/plain", "to/made/plain", "to/made"] {
        let acl = run(&["getfacl", "-cnps"], &bench.at(path)).unwrap();
        assert_eq!(acl, "", "{path} inherited an ACL");
    }
    for change in &changes {
        assert_eq!(bench.differs(change), None);
    }
    // Each of them is seen when it is missing.
    for (name, at) in
        [("security.capability", "to/program"), ("trusted.note", "to/program"), ("user.note", "to/shared")]
    {
        xattr::remove(bench.at(at), name).unwrap();
        let change = changes.iter().find(|change| change.path == format!("/{at}").as_bytes()).unwrap();
        assert_eq!(bench.differs(change).unwrap(), "its extended attributes are others", "{name}");
        bench.put(std::slice::from_ref(change)).unwrap();
        assert_eq!(bench.differs(change), None, "{name}");
    }
}

#[test]
fn each_difference_is_told() {
    let Some(bench) = Bench::new() else { return };
    bench.plant("a", "here");
    bench.plant("d/x", "");
    symlink("a", bench.at("l")).unwrap();
    symlink("d", bench.at("way")).unwrap();
    std::fs::set_permissions(bench.at("a"), std::fs::Permissions::from_mode(0o640)).unwrap();
    let cases = [
        (bench.file("/a", "here"), None),
        (bench.file("/a", "hers"), Some("its content is another")),
        (bench.file("/a", "longer"), Some("its content is another")),
        (owned_by(5, 6, bench.file("/a", "here")), Some("its owner is 0:0, not 5:6")),
        (bench.file("/l", "here"), Some("it is a symlink, and a file is wanted")),
        (bench.file("/n", "here"), Some("it is not there")),
        (bench.file("/a/below", "here"), Some("it is not there")),
        (absent("/a"), Some("a file is there")),
        (absent("/a/below"), None),
        (link("/l", "a"), None),
        (link("/l", "b"), Some("its content is another")),
        (directory("/a", 0o755), Some("it is a file, and a directory is wanted")),
        (directory("/d", 0o700), Some("its mode is 0755, not 0700")),
        (bench.file("/way/x", ""), Some("/way is a symlink, and a directory is wanted")),
    ];
    for (change, expected) in cases {
        assert_eq!(bench.differs(&change).as_deref(), expected, "{change:?}");
    }
}

#[test]
fn what_is_in_the_way_is_named_and_nothing_has_changed() {
    let Some(bench) = Bench::new() else { return };
    bench.plant("etc/file", "x");
    bench.plant("etc/dir/inside", "x");
    symlink(bench.path.join("outside"), bench.at("etc/away")).unwrap();
    symlink("dir", bench.at("etc/near")).unwrap();
    nix::unistd::mkfifo(&bench.at("etc/fifo"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    let first = bench.file("/etc/a-first-one", "x");
    let cases = [
        (bench.file("/etc/away/new", "x"), "/etc/away: is a symlink, and a directory is wanted"),
        (bench.file("/etc/near/inside", "y"), "/etc/near: is a symlink, and a directory is wanted"),
        (bench.file("/etc/near/deep/new", "y"), "/etc/near: is a symlink, and a directory is wanted"),
        (absent("/etc/near/inside"), "/etc/near: is a symlink, and a directory is wanted"),
        (directory("/etc/near", 0o755), "/etc/near: is a symlink, and a directory is wanted"),
        (directory("/etc/file", 0o755), "/etc/file: is a file, and a directory is wanted"),
        (bench.file("/etc/file/below", "x"), "/etc/file: is a file, and a directory is wanted"),
        (bench.file("/etc/dir", "x"), "/etc/dir: is a directory, and a file is wanted"),
        (link("/etc/dir", "x"), "/etc/dir: is a directory, and a symlink is wanted"),
        (bench.file("/etc/fifo", "x"), "/etc/fifo: is a fifo, and a file is wanted"),
        (bench.file("/../outside/x", "x"), "/../outside/x: refused: this is no absolute path of plain names"),
        (bench.file("/etc/../../outside/x", "x"), "/etc/../../outside/x: refused: this is no absolute"),
        (absent("/etc/./file"), "/etc/./file: refused: this is no absolute path of plain names"),
        (bench.file("etc/relative", "x"), "etc/relative: refused: this is no absolute path of plain names"),
        (bench.file("//etc/file", "x"), "//etc/file: refused: this is no absolute path of plain names"),
        (directory("/etc/", 0o755), "/etc/: refused: this is no absolute path of plain names"),
        (absent("/"), "/: refused: this is no absolute path of plain names"),
        (absent(""), ": refused: this is no absolute path of plain names"),
        (absent("/etc/\0"), "refused: this is no absolute path of plain names"),
        (bench.file("/etc/pve/user.cfg", "x"), "/etc/pve/user.cfg: refused: it belongs to the cluster file system"),
        (Change { attributes: None, ..bench.file("/etc/x", "x") }, "/etc/x: refused: nobody said whose it is"),
        (first.clone(), "/etc/a-first-one: is to become two things"),
    ];
    let before = bench.tree();
    for (change, expected) in cases {
        let error = bench.put(&[first.clone(), change]).unwrap_err();

        assert!(matches!(error, ApplyError::Differs { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}, not {expected}");
        assert_eq!(bench.tree(), before, "{expected}");
    }
}

#[test]
fn content_that_is_not_what_was_planned_is_never_seen() {
    let Some(bench) = Bench::new() else { return };
    bench.plant("etc/hosts", "old");
    let planned = bench.file("/etc/hosts", "planned");
    let Wanted::File { content, .. } = &planned.wanted else { unreachable!() };
    for kept in ["Planned", "planned and more", "plan", ""] {
        std::fs::write(content, kept).unwrap();

        let error = bench.put(std::slice::from_ref(&planned)).unwrap_err();

        assert_eq!(error.to_string(), "/etc/hosts: the content kept for it is not what was planned", "{kept}");
        assert_eq!(bench.text("etc/hosts"), "old");
        assert_eq!(bench.leftovers(), Vec::<PathBuf>::new());
    }
    std::fs::remove_file(content).unwrap();
    assert!(matches!(bench.put(&[planned]), Err(ApplyError::File(error)) if error.is_absent()));
    assert_eq!((bench.text("etc/hosts").as_str(), bench.leftovers().len()), ("old", 0));
}

#[test]
fn directories_that_hold_more_stay_and_are_reported() {
    let Some(bench) = Bench::new() else { return };
    bench.plant("srv/ours/file", "x");
    bench.plant("srv/ours/somebody's", "precious");
    let socket = std::os::unix::net::UnixListener::bind(bench.at("srv/socket")).unwrap();

    let remarks =
        bench.put(&[absent("/srv/ours"), absent("/srv/ours/file"), absent("/srv"), absent("/srv/socket")]).unwrap();

    let expected =
        ["/srv/socket is a socket and stays", "/srv/ours is not empty and stays", "/srv is not empty and stays"];
    assert_eq!(remarks, expected);
    assert_eq!(bench.text("srv/ours/somebody's"), "precious");
    assert!(!bench.at("srv/ours/file").exists());
    drop(socket);
}

#[test]
fn what_a_killed_run_left_is_removed_and_nothing_else() {
    let Some(bench) = Bench::new() else { return };
    for path in ["etc/hosts", "etc/.proxmox-backup.4711.1.tmp", "new.d/.proxmox-backup.4711.2.tmp", "srv/x"] {
        bench.plant(path, "half a file");
    }
    symlink("/etc/passwd", bench.at("etc/.proxmox-backup.4711.3.tmp")).unwrap();
    std::fs::create_dir(bench.at("etc/.proxmox-backup.4711.4.tmp")).unwrap();
    bench.plant("etc/.proxmox-backup.d.tmp/precious", "x");
    bench.plant("etc/.proxmox-backup.conf", "theirs");
    bench.plant("srv/.proxmox-backup.4711.5.tmp", "in a directory that nobody writes into");

    // The way back of a run that was killed before the first rename in `new.d`.
    let remarks = bench.put(&[bench.file("/etc/hosts", "new"), absent("/new.d"), absent("/new.d/file")]).unwrap();

    assert_eq!(remarks, Vec::<String>::new());
    assert!(!bench.at("new.d").exists());
    let names = |path: &str| {
        let entries = std::fs::read_dir(bench.at(path)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names("etc"), [".proxmox-backup.conf", ".proxmox-backup.d.tmp", "hosts"]);
    assert_eq!(names("srv"), [".proxmox-backup.4711.5.tmp", "x"]);
    bench.put(&[absent("/srv/not-there")]).unwrap();
    assert_eq!(names("srv"), ["x"]);
}

/// The victim of the next test: puts two states in turn until it is killed.
#[test]
#[ignore = "runs until it is killed, by the test that starts it"]
fn victim() {
    let Some(dir) = std::env::var_os("VICTIM_OF") else { return };
    let bench = Bench::of(Path::new(&dir), "victims");
    let states = states(&bench);
    loop {
        for state in &states {
            bench.put(state).unwrap();
        }
    }
}

/// Two states of the same paths, as of before and after.
fn states(bench: &Bench) -> [Vec<Change>; 2] {
    let [old, new] = ["old ", "new "].map(|word| word.repeat(40_000));
    [
        vec![bench.file("/etc/big", &old), absent("/etc/d/made"), absent("/etc/d"), link("/etc/link", "old")],
        vec![
            owned_by(34, 34, directory("/etc/d", 0o2710)),
            bench.file("/etc/d/made", &new),
            owned_by(34, 34, bench.file("/etc/big", &(new + "!"))),
            link("/etc/link", "new"),
        ],
    ]
}

#[test]
fn a_kill_at_any_moment_leaves_old_or_new_and_the_next_run_tidies_up() {
    let Some(bench) = Bench::new() else { return };
    let [old, new] = states(&bench);
    bench.put(&old).unwrap();
    let mut in_the_middle = 0;
    for round in 0..25 {
        let mut victim = Command::new(std::env::current_exe().unwrap());
        victim.args(["--exact", "apply::put_tests::victim", "--ignored", "--quiet"]);
        let victim = victim.env("VICTIM_OF", &bench.path).stdout(std::process::Stdio::null()).spawn();
        let mut victim = victim.unwrap();
        std::thread::sleep(Duration::from_millis(30 + 7 * round));
        victim.kill().unwrap();
        victim.wait().unwrap();

        // The two that are there in both states, and the two that come and go.
        for at in [2, 3] {
            let path = &new[at].path;
            let [one, other] = [&old, &new].map(|state| {
                let change = state.iter().find(|change| change.path == *path).unwrap();
                bench.differs(change)
            });
            assert!(one.is_none() || other.is_none(), "{one:?} {other:?} round {round}");
        }
        let made = bench.differs(&new[1]);
        assert!(made.is_none() || made.as_deref() == Some("it is not there"), "{made:?} round {round}");
        let directory = bench.differs(&new[0]);
        assert!(directory.is_none() || directory.as_deref() == Some("it is not there"), "{directory:?}");
        assert!(bench.leftovers().len() <= 1, "{:?} round {round}", bench.leftovers());
        in_the_middle += bench.leftovers().len();

        let way = [&old, &new][usize::try_from(round % 2).unwrap()];
        assert_eq!(bench.put(way).unwrap(), Vec::<String>::new());
        assert!(way.iter().all(|change| bench.differs(change).is_none()));
        assert_eq!(bench.leftovers(), Vec::<PathBuf>::new(), "round {round}");
    }
    assert!(in_the_middle > 0, "no kill came while something was written");
}

#[test]
fn a_full_disk_leaves_the_old_file_whole() {
    let Some(bench) = Bench::new() else { return };
    bench.plant("small/x", "");
    let small = bench.at("small");
    let Some(_) = run(&["mount", "-t", "tmpfs", "-o", "size=256k", "none"], &small) else {
        return skip("mounting a tmpfs is not permitted");
    };
    let old = "o".repeat(100_000);
    let changes =
        [directory("/small/d", 0o755), bench.file("/small/a", "fits"), bench.file("/small/big", &"n".repeat(200_000))];
    bench.plant("small/big", &old);
    let outcome = bench.put(&changes);
    let (kept, tidy) = (bench.text("small/big") == old, bench.leftovers().is_empty());
    run(&["umount", "--lazy"], &small).unwrap();

    let error = outcome.unwrap_err();
    assert!(error.is_full() && error.to_string().contains("small/big: no space left"), "{error}");
    assert!(kept && tidy);
}

#[test]
fn a_mount_point_stays_and_a_request_to_end_is_heard() {
    let Some(bench) = Bench::new() else { return };
    bench.plant("mnt/x", "");
    let mount = bench.at("mnt");
    if run(&["mount", "-t", "tmpfs", "-o", "size=256k", "none"], &mount).is_some() {
        let remarks = bench.put(&[absent("/mnt")]);
        run(&["umount", "--lazy"], &mount).unwrap();
        assert_eq!(remarks.unwrap(), ["/mnt has something mounted on it and stays"]);
    } else {
        skip("mounting a tmpfs is not permitted");
    }

    let before = bench.tree();
    bench.system.cancel.request(Signal::Terminate);
    assert!(matches!(bench.put(&[bench.file("/a", "x"), absent("/mnt/x")]), Err(ApplyError::Cancelled(_))));
    assert_eq!(bench.tree().len(), before.len() + 1, "only the kept content is new");
}

/// An immutable file, as `chattr +i` makes it, is an error that names it; so is what cannot be owned.
#[test]
fn what_cannot_be_set_is_an_error() {
    let Some(bench) = Bench::new() else { return };
    bench.plant("etc/hosts", "old");
    let mut odd = bench.file("/etc/hosts", "new");
    odd.attributes.as_mut().unwrap().xattrs = vec![(b"no-such-family.x".to_vec(), b"1".to_vec())];
    let error = bench.put(&[odd]).unwrap_err();
    assert!(error.to_string().contains("cannot set an attribute of"), "{error}");

    if run(&["chattr", "+i"], &bench.at("etc/hosts")).is_some() {
        let error = bench.put(&[bench.file("/etc/hosts", "new")]);
        run(&["chattr", "-i"], &bench.at("etc/hosts")).unwrap();
        let error = error.unwrap_err();
        assert!(error.to_string().contains("etc/hosts: operation not permitted"), "{error}");
    } else {
        skip("this file system has no immutable files");
    }
    assert_eq!((bench.text("etc/hosts").as_str(), bench.leftovers().len()), ("old", 0));
}

#[test]
fn the_way_back_leaves_alone_what_is_as_it_was_and_cleans_up_all_the_same() {
    let Some(bench) = Bench::new() else { return };
    let changes = ["/etc/same", "/etc/touched", "/etc/other"].map(|path| bench.file(path, "was"));
    bench.put(&changes).unwrap();
    bench.plant("/etc/other", "became");
    bench.plant("/etc/.proxmox-backup.7.1.tmp", "");
    bench.plant("/etc/new/file", "");
    let touched = std::fs::File::options().write(true).open(bench.at("/etc/touched")).unwrap();
    touched.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let inode = |path: &str| bench.at(path).metadata().unwrap().ino();
    let before = ["/etc/same", "/etc/touched"].map(inode);
    let gone = ["/etc/new", "/etc/new/file"].map(|path| Change::absent(path.as_bytes()));

    put_back(&Machine::of(&bench.system).unwrap(), &[&changes[..], &gone].concat()).unwrap();

    let after = ["/etc/same", "/etc/touched"].map(inode);
    assert_eq!((before[0] == after[0], before[1] == after[1]), (true, false));
    assert_eq!(bench.text("/etc/other"), "was");
    assert_eq!(bench.at("/etc").read_dir().unwrap().count(), 3);
}
