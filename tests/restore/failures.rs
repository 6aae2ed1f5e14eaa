//! What goes wrong after the first change takes everything back: files, database, services, timer.
//! What only does not come up again is said, and the restore stays.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use proxmox_backup::restore::{Pick, PveAsked, Selection};
use proxmox_backup::system::{Clock, Runner};
use proxmox_backup::workflow::{ExitCode, Failure, Left, Restored};

use super::killed::program;
use super::{STATE, deeds, everything, host, restored, saved, system, taken_back};
use crate::full_disk::SmallDisk;
use crate::sample::{Sample, files_in, names_in, skip};
use crate::scene::{Scene, differences};

/// In a file below the root, and in one of the cluster file system.
const OF_BACKUP: [&str; 2] = ["canary-of-the-backup", "canary-in-its-database"];
const OF_HOST: &str = "canary-of-the-host";
const SECRET: &str = "etc/sudoers.d/ann";
const PASSWORD: &str = "etc/pve/priv/storage/nas.pw";
const DATABASE: &str = "var/lib/pve-cluster/config.db";
const TIMER: &str = "proxmox-config-backup-network-undo.timer";

/// A backup with secrets that are easily found again.
pub(super) fn secret_backup() -> (Sample, PathBuf) {
    let sample = Sample::host("pve-8-single");
    std::fs::write(sample.root().join(SECRET), OF_BACKUP[0]).unwrap();
    std::fs::write(sample.root().join(PASSWORD), OF_BACKUP[1]).unwrap();
    set_password(&sample, &format!("CAST('{}' AS BLOB)", OF_BACKUP[1]));
    sample.backup_recorded().unwrap();
    let backup = sample.newest();
    (sample, backup)
}

fn set_password(sample: &Sample, value: &str) {
    let statement = format!("UPDATE tree SET data = {value} WHERE name = 'nas.pw'");
    assert!(Command::new("sqlite3").arg(sample.root().join(DATABASE)).arg(statement).status().unwrap().success());
}

/// A scene, and how it was.
pub(super) struct Trial {
    pub(super) scene: Scene,
    before: BTreeMap<String, String>,
    units: Vec<(String, String)>,
}

impl Trial {
    pub(super) fn new() -> Option<Self> {
        Self::of(|_| {})
    }

    /// With something prepared that belongs to how it was.
    pub(super) fn of(prepare: impl FnOnce(&Scene)) -> Option<Self> {
        let scene = Scene::pve_standalone()?;
        let secret = scene.on_host(SECRET);
        std::fs::create_dir_all(secret.parent().unwrap()).unwrap();
        std::fs::write(&secret, OF_HOST).unwrap();
        std::fs::set_permissions(secret, PermissionsExt::from_mode(0o440)).unwrap();
        prepare(&scene);
        let (before, units) = (host(&scene), units(&scene));
        Some(Self { scene, before, units })
    }

    pub(super) fn restore(&self, backup: &Path, selection: &Selection) -> Result<Restored, Failure> {
        restored(&system(self.scene.door()), backup, selection)
    }

    /// The process that restores, with its own place for temporary files.
    pub(super) fn start(&self, words: &[&str]) -> Child {
        self.command(&[], words).spawn().unwrap()
    }

    fn command(&self, before: &[&str], words: &[&str]) -> Command {
        let temporary = self.scene.path("tmp");
        std::fs::create_dir_all(&temporary).unwrap();
        let mut line: Vec<PathBuf> = before.iter().map(PathBuf::from).collect();
        line.extend([program(), self.scene.path("")]);
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]).args(words).env("TMPDIR", temporary);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// Everything is as it was, and nothing of the backup lies anywhere.
    pub(super) fn assert_back(&self, what: &str) {
        assert_eq!(differences(&self.before, &host(&self.scene)), Vec::<String>::new(), "{what}");
        assert_eq!(units(&self.scene), self.units, "{what}");
        assert_eq!(self.scene.timers(), Vec::<String>::new(), "{what}");
        for canary in OF_BACKUP {
            assert_eq!(holders(&self.scene, canary), Vec::<PathBuf>::new(), "{what}");
        }
        self.assert_guarded(what);
    }

    /// What was there before lies in its place and in records; nobody else can read these.
    fn assert_guarded(&self, what: &str) {
        let records = self.scene.on_host(STATE).join("restore");
        for holder in holders(&self.scene, OF_HOST) {
            let holder = self.scene.path("").join(holder);
            let is_undo = holder.starts_with(&records) && holder.ends_with("undo.tar");
            assert!(holder == self.scene.on_host(SECRET) || is_undo, "{what}: {}", holder.display());
        }
        let mut open = files_in(&records);
        while let Some(path) = open.pop() {
            let (meta, shown) = (path.symlink_metadata().unwrap(), path.display());
            let is_export = path.components().any(|part| part.as_os_str() == "export");
            if meta.is_dir() {
                assert!(is_export || meta.mode() & 0o777 == 0o700, "{what}: {shown} {:o}", meta.mode());
                let is_passage = path.ends_with("new") || path.ends_with("old");
                assert!(is_export || !is_passage || files_in(&path).is_empty(), "{what}: {:?}", files_in(&path));
                open.extend(files_in(&path));
            } else {
                assert!(is_export || meta.mode() & 0o777 == 0o600, "{what}: {shown} {:o}", meta.mode());
            }
        }
    }
}

fn units(scene: &Scene) -> Vec<(String, String)> {
    let names = names_in(&scene.path("state/units")).into_iter();
    names.map(|name| (name.clone(), scene.unit(&name))).collect()
}

/// Files of the scene that hold these words, whoever made them.
fn holders(scene: &Scene, words: &str) -> Vec<PathBuf> {
    let search =
        Command::new("grep").args(["-rlsF", "--devices=skip", words, "."]).current_dir(scene.path("")).output();
    let found = String::from_utf8(search.unwrap().stdout).unwrap();
    found.lines().map(|line| PathBuf::from(line.trim_start_matches("./"))).collect()
}

/// From now on this line of shell comes before the stand-in of a program.
pub(super) fn before_program(scene: &Scene, name: &str, line: &str) {
    let (shown, behind) = (scene.path("bin").join(name), scene.path("behind"));
    std::fs::create_dir_all(&behind).unwrap();
    std::fs::copy(&shown, behind.join(name)).unwrap();
    std::fs::remove_file(&shown).unwrap();
    let text = format!("#!/bin/sh\n{line}\nexec '{}' \"$@\"\n", behind.join(name).display());
    std::fs::write(&shown, text).unwrap();
    std::fs::set_permissions(shown, PermissionsExt::from_mode(0o755)).unwrap();
}

/// A line for [`before_program`]: does this once, when the program is called so.
pub(super) fn once(scene: &Scene, call: &str, deed: &str) -> String {
    let mark = scene.path("once").display().to_string();
    format!("if [ \"$*\" = '{call}' ] && [ ! -e '{mark}' ]; then : >'{mark}'; {deed}; fi")
}

pub(super) fn wait_for(path: &Path) {
    let began = Instant::now();
    while !path.exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "{} does not come", path.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(super) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn send(signal: &str, to: &Child) {
    assert!(Command::new("kill").args([signal, &to.id().to_string()]).status().unwrap().success());
}

/// Demands that a restore ended with this code and everything was taken back.
fn is_taken_back<T: std::fmt::Debug>(result: Result<T, Failure>, code: ExitCode, words: &str) {
    let failure = result.unwrap_err();
    let Failure::Restore { left, .. } = &failure else { panic!("{failure}") };
    assert!(matches!(left, Left::TakenBack { .. }), "{failure}");
    assert_eq!(failure.exit_code(), code, "{failure}");
    let text = failure.to_string();
    assert!(text.contains(words) && text.contains("everything is as it was before"), "{text}");
}

#[test]
fn a_signal_while_a_program_works_takes_everything_back_at_once() {
    let (_sample, backup) = secret_backup();
    for (signal, code, name, call) in [
        ("-INT", 130, "systemctl", "stop pvedaemon.service"),
        ("-TERM", 143, "systemctl", "start pve-cluster.service"),
        ("-INT", 130, "pvecm", "updatecerts"),
        ("-TERM", 143, "ifreload", "--syntax-check -a"),
        ("-INT", 130, "ifreload", "-a"),
        ("-TERM", 143, "systemctl", "start pveproxy.service"),
    ] {
        let Some(trial) = Trial::new() else { return };
        before_program(&trial.scene, name, &once(&trial.scene, call, "sleep 300"));
        let child = trial.start(&[backup.to_str().unwrap()]);
        wait_for(&trial.scene.path("once"));
        send(signal, &child);
        let asked = Instant::now();

        let output = child.wait_with_output().unwrap();

        let (what, said) = (format!("{signal} in {name} {call}"), said(&output));
        assert_eq!(output.status.code(), Some(code), "{what}: {said}");
        assert!(asked.elapsed() < Duration::from_secs(60), "{what}: {:?}", asked.elapsed());
        assert!(said.contains("everything is as it was before"), "{what}: {said}");
        trial.assert_back(&what);
    }
}

/// At lines of the journal from its first to its last.
#[test]
fn a_signal_at_any_line_of_the_journal_leaves_nothing() {
    let (_sample, backup) = secret_backup();
    let mut taken_back = 0;
    for (number, (signal, code)) in (1..90).step_by(13).zip([("SIGTERM", 143), ("SIGINT", 130)].iter().cycle()) {
        let Some(trial) = Trial::new() else { return };
        let inject = format!("inject=fdatasync:signal={signal}:when={number}");
        let watched = ["strace", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", &inject];

        let output = trial.command(&watched, &[backup.to_str().unwrap()]).output().unwrap();

        let (what, said) = (format!("{signal} at line {number}"), said(&output));
        if output.status.code() == Some(0) {
            // It came after the last question whether to stop.
            assert!(number > 60, "{what}: {said}");
            continue;
        }
        assert_eq!(output.status.code(), Some(*code), "{what}: {said}");
        taken_back += usize::from(said.contains("everything is as it was before"));
        trial.assert_back(&what);
    }
    assert!(taken_back > 2, "{taken_back}");
}

#[test]
fn a_database_that_pmxcfs_does_not_start_with_goes_again() {
    // SQLite finds nothing wrong with it, nor do its rows; a content is no content.
    let sample = Sample::host("pve-8-single");
    set_password(&sample, "'a text'");
    sample.backup_recorded().unwrap();
    let Some(trial) = Trial::new() else { return };

    let result = trial.restore(&sample.newest(), &everything());

    is_taken_back(result, ExitCode::Environment, "Invalid column type");

    trial.assert_back("refused by pmxcfs");
    assert!(trial.scene.is_mounted());
}

/// What does not start for another reason starts with the old database neither: that is said.
#[test]
fn a_cluster_file_system_that_never_starts_is_said() {
    let (_sample, backup) = secret_backup();
    let Some(trial) = Trial::new() else { return };
    trial.scene.break_unit("pve-cluster");

    let failure = trial.restore(&backup, &everything()).unwrap_err();

    let text = failure.to_string();
    assert!(text.contains("systemctl start pve-cluster.service"), "{text}");
    assert!(text.contains("was put back, but not everything works again"), "{text}");
    assert!(failure.hint().unwrap().contains("journalctl"), "{:?}", failure.hint());
    std::fs::remove_file(trial.scene.path("state/fails/pve-cluster")).unwrap();
    let stopped = trial.units.iter().filter(|(_, state)| state == "active").map(|(unit, _)| unit.as_str());
    let (first, others): (Vec<&str>, Vec<&str>) = stopped.partition(|unit| *unit == "pve-cluster");
    trial.scene.done(&[&["systemctl", "start"][..], &first, &others].concat());
    trial.assert_back("pve-cluster broken");
}

#[test]
fn a_database_that_is_damaged_is_never_put_in_place() {
    let sample = Sample::host("pve-8-single");
    let database = sample.root().join(DATABASE);
    let mut bytes = std::fs::read(&database).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0x5a);
    std::fs::write(&database, bytes).unwrap();
    let mut config = sample.config();
    config.collect.moved.insert("/var/lib/pve-cluster".to_owned(), "/nowhere".into());
    config.collect.custom_paths.push(format!("/{DATABASE}"));
    sample.backup_as(&config, Runner::Nobody, Clock::System).unwrap();
    let Some(trial) = Trial::new() else { return };

    // Asked for by name it is refused; otherwise the files of the backup go back one by one.
    let whole = Selection { pve: PveAsked::Whole, ..everything() };
    let failure = trial.restore(&sample.newest(), &whole).unwrap_err();
    assert!(matches!(failure, Failure::Refused(_)), "{failure}");
    trial.assert_back("refused");
    trial.restore(&sample.newest(), &everything()).unwrap();
    assert!(!deeds(&trial.scene).iter().any(|call| call == "systemctl stop pve-cluster.service"));
    taken_back(&system(trial.scene.door())).unwrap();
    trial.assert_back("damaged database");
}

#[test]
fn a_record_on_a_full_disk_ends_it() {
    let (_sample, backup) = secret_backup();
    let mut full = 0;
    for pages in [4, 40, 150, 400, 500, 600, 700, 4000] {
        let Some(trial) = Trial::new() else { return };
        let Some(_disk) = SmallDisk::mount(&trial.scene.on_host(STATE), pages * 4096) else {
            return skip("mounting a tmpfs is not permitted");
        };
        match trial.restore(&backup, &everything()) {
            Ok(_) => drop(taken_back(&system(trial.scene.door())).unwrap()),
            Err(failure) => {
                full += 1;
                assert_eq!(failure.exit_code(), ExitCode::DiskFull, "{pages} pages: {failure}");
                assert!(!failure.to_string().contains("could not be taken back"), "{pages} pages: {failure}");
            }
        }
        trial.assert_back(&format!("{pages} pages"));
    }
    assert!(full > 2, "{full}");
}

/// Somebody else fills the disk of the record while services stop.
#[test]
fn a_record_whose_disk_fills_up_meanwhile_still_leads_back() {
    let (_sample, backup) = secret_backup();
    let Some(trial) = Trial::new() else { return };
    let Some(_disk) = SmallDisk::mount(&trial.scene.on_host(STATE), 8 << 20) else {
        return skip("mounting a tmpfs is not permitted");
    };
    let filler = trial.scene.on_host(STATE).join("filler");
    let fill = format!("cat /dev/zero >'{}' 2>/dev/null", filler.display());
    before_program(&trial.scene, "systemctl", &once(&trial.scene, "start pve-cluster.service", &fill));

    is_taken_back(trial.restore(&backup, &everything()), ExitCode::DiskFull, "no space left");

    std::fs::remove_file(filler).unwrap();
    trial.assert_back("filled up");
}

#[test]
fn files_on_a_full_disk_go_again() {
    let sample = Sample::host("pve-8-single");
    for number in 0..40 {
        sample.plant(&format!("etc/cron.d/{number:02}"), vec![b'#'; 4096]);
    }
    sample.backup_recorded().unwrap();
    let mut full = 0;
    for pages in [4, 11, 30, 2000] {
        let (mut disk, mut may_mount) = (None, true);
        let Some(trial) = Trial::of(|scene| {
            let dir = scene.on_host("etc/cron.d");
            let held = files_in(&dir);
            assert!(held.iter().all(|path| path.is_file()), "{held:?}");
            let held: Vec<_> = held.iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
            disk = SmallDisk::mount(&dir, pages * 4096);
            may_mount = disk.is_some();
            for (path, content) in held {
                std::fs::write(path, content).unwrap();
            }
            // Some are replaced, a page by a page: nothing is free when they come back.
            for number in 0..2 {
                std::fs::write(dir.join(format!("{number:02}")), "old").unwrap();
            }
        }) else {
            return;
        };
        if !may_mount {
            return skip("mounting a tmpfs is not permitted");
        }
        match trial.restore(&sample.newest(), &everything()) {
            Ok(_) => drop(taken_back(&system(trial.scene.door())).unwrap()),
            result => {
                full += 1;
                is_taken_back(result, ExitCode::DiskFull, "no space left on device");
            }
        }
        trial.assert_back(&format!("{pages} pages"));
    }
    assert_eq!(full, 3);
}

/// A file that nobody may change, as some people protect theirs.
struct Immutable(PathBuf);

impl Immutable {
    fn new(path: PathBuf) -> Option<Self> {
        let done = Command::new("chattr").arg("+i").arg(&path).output();
        done.is_ok_and(|output| output.status.success()).then_some(Self(path))
    }
}

impl Drop for Immutable {
    fn drop(&mut self) {
        let _ = Command::new("chattr").arg("-i").arg(&self.0).output();
    }
}

#[test]
fn a_file_that_cannot_be_replaced_ends_it_and_does_not_block_the_way_back() {
    let (_sample, backup) = secret_backup();
    let Some(trial) = Trial::new() else { return };
    let Some(_immutable) = Immutable::new(trial.scene.on_host(SECRET)) else {
        return skip("chattr +i is not permitted here");
    };

    is_taken_back(trial.restore(&backup, &everything()), ExitCode::Permission, SECRET);

    trial.assert_back("immutable");
}

#[test]
fn a_network_that_ifupdown_cannot_read_and_a_timer_that_does_not_start_end_it() {
    let (_sample, backup) = secret_backup();
    let Some(trial) = Trial::new() else { return };
    let applied = || trial.scene.applied_interfaces();
    trial.scene.answer("ifreload --syntax-check -a", "", 1);
    is_taken_back(trial.restore(&backup, &everything()), ExitCode::Environment, "ifreload --syntax-check -a");
    assert_eq!(applied(), Some(trial.scene.text("etc/network/interfaces")));
    trial.assert_back("syntax check");

    let Some(trial) = Trial::new() else { return };
    trial.scene.break_unit(TIMER);
    is_taken_back(trial.restore(&backup, &everything()), ExitCode::Environment, "systemctl start");
    assert_eq!(trial.scene.applied_interfaces(), None, "no file of the network was written");
    trial.assert_back("timer");
}

#[test]
fn a_service_that_does_not_come_up_and_a_program_that_fails_are_said_and_the_restore_stays() {
    let (_sample, backup) = secret_backup();
    let Some(trial) = Trial::new() else { return };
    trial.scene.break_unit("pveproxy");
    trial.scene.answer("pvecm updatecerts", "", 1);

    let output = trial.start(&[backup.to_str().unwrap()]).wait_with_output().unwrap();

    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for words in ["start pveproxy.service: ", "pvecm updatecerts: ", "pveproxy.service: it ran before the restore"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(trial.scene.text(SECRET), OF_BACKUP[0]);
    assert_eq!(trial.scene.text(PASSWORD), OF_BACKUP[1]);
    trial.assert_guarded("stays");
    let places = holders(&trial.scene, OF_BACKUP[0]);
    assert_eq!(places, [Path::new("root").join(SECRET)]);
    for place in holders(&trial.scene, OF_BACKUP[1]) {
        let is_its_place = place.ends_with(PASSWORD) || place.to_str().unwrap().contains(DATABASE);
        assert!(is_its_place, "{}", place.display());
    }

    std::fs::remove_file(trial.scene.path("state/fails/pveproxy")).unwrap();
    let undone = taken_back(&system(trial.scene.door())).unwrap();
    assert_eq!(undone.issues, []);
    trial.assert_back("undone");
}

#[test]
fn over_one_that_is_half_done_or_not_confirmed_there_is_no_other() {
    let (_sample, backup) = secret_backup();
    let Some(trial) = Trial::new() else { return };
    before_program(&trial.scene, "systemctl", &once(&trial.scene, "start pveproxy.service", "kill -9 $PPID; sleep 1"));
    let killed = trial.start(&[backup.to_str().unwrap()]).wait_with_output().unwrap();
    assert_eq!(killed.status.signal(), Some(9), "{}", said(&killed));
    let refused = |state: &str, hint: &str| {
        let tree = host(&trial.scene);
        let failure = trial.restore(&backup, &everything()).unwrap_err();
        assert_eq!(failure.exit_code(), ExitCode::Preflight);
        assert!(failure.to_string().contains(state), "{failure}");
        assert!(failure.hint().unwrap().contains(hint), "{:?}", failure.hint());
        assert_eq!(differences(&tree, &host(&trial.scene)), Vec::<String>::new());
    };
    refused("stopped in the middle", "proxmox-backup undo");
    taken_back(&system(trial.scene.door())).unwrap();
    trial.assert_back("killed");

    assert!(trial.restore(&backup, &everything()).unwrap().network_until.is_some());
    refused("the network is not confirmed", "restore confirm");
    taken_back(&system(trial.scene.door())).unwrap();
    trial.assert_back("not confirmed");
}

#[test]
fn of_two_at_once_one_waits_for_its_turn() {
    let (_sample, backup) = secret_backup();
    let Some(trial) = Trial::new() else { return };
    before_program(&trial.scene, "systemctl", &once(&trial.scene, "stop pvedaemon.service", "sleep 300"));
    let first = trial.start(&[backup.to_str().unwrap()]);
    wait_for(&trial.scene.path("once"));
    let records = || names_in(&trial.scene.on_host(STATE).join("restore"));
    let known = records();

    let (second, undo) = (trial.restore(&backup, &everything()), taken_back(&system(trial.scene.door())));

    for failure in [second.unwrap_err(), undo.unwrap_err()] {
        assert!(matches!(failure, Failure::Busy(Some(pid)) if pid == first.id()), "{failure}");
        assert_eq!(failure.exit_code(), ExitCode::Preflight);
    }
    assert_eq!(records(), known);
    send("-TERM", &first);
    assert_eq!(first.wait_with_output().unwrap().status.code(), Some(143));
    trial.assert_back("two at once");
}

#[test]
fn what_somebody_changed_since_is_kept_beside_and_named() {
    let (_sample, backup) = secret_backup();
    let Some(trial) = Trial::new() else { return };
    let system = system(trial.scene.door());
    let done = trial.restore(&backup, &everything()).unwrap();
    std::fs::write(trial.scene.on_host("etc/crontab"), "# mine\n").unwrap();
    std::fs::remove_file(trial.scene.on_host("etc/vzdump.conf")).unwrap();
    std::fs::write(trial.scene.on_host("etc/unrelated"), "mine\n").unwrap();

    let undone = taken_back(&system).unwrap();

    assert_eq!(undone.issues, []);
    for path in ["/etc/crontab", "/etc/vzdump.conf"] {
        assert!(undone.kept_aside.iter().any(|it| it == path), "{path}: {:?}", undone.kept_aside);
    }
    let after = done.record.dir().join("after.tar");
    assert_eq!(std::fs::metadata(&after).unwrap().mode() & 0o777, 0o600);
    let by_tar = |option: &str, name: &[&str]| {
        let output = Command::new("tar").arg(option).arg(&after).args(name).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(by_tar("-tf", &[]).lines().any(|name| name == "etc/crontab"), "{}", by_tar("-tf", &[]));
    assert_eq!(by_tar("-xOf", &["etc/crontab"]), "# mine\n");
    assert_eq!(trial.scene.text("etc/unrelated"), "mine\n");
    std::fs::remove_file(trial.scene.on_host("etc/unrelated")).unwrap();
    trial.assert_back("changed since");
}

#[test]
fn nothing_is_undone_where_nothing_is_to_undo_or_twice() {
    let (_sample, backup) = saved("pve-8-single");
    let Some(trial) = Trial::new() else { return };
    let system = system(trial.scene.door());
    let prefix = system.root.prefix();
    let again = |id: Option<&str>| {
        let failure = proxmox_backup::workflow::undo(&system, &prefix.join(STATE), &prefix.join(super::LOCK), id);
        let failure = failure.unwrap_err();
        assert!(matches!(failure, Failure::NoRestore(_)), "{failure}");
        assert_eq!(failure.exit_code(), ExitCode::Environment);
        failure.to_string()
    };
    again(None);
    trial.assert_back("nothing to undo");

    let only = Selection { only: vec![Pick::parse("crontabs").unwrap()], ..Selection::default() };
    let done = trial.restore(&backup, &only).unwrap();
    taken_back(&system).unwrap();
    trial.assert_back("undone");

    // Nobody's work of the time since is put back to how it once was.
    std::fs::write(trial.scene.on_host("etc/crontab"), "# of the time since\n").unwrap();
    again(None);
    assert!(again(Some(done.record.id())).contains("undone"));
    assert_eq!(trial.scene.text("etc/crontab"), "# of the time since\n");
}
