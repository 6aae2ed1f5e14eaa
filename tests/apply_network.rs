//! The network comes back by itself unless somebody says that it works: on a scene, whose timers
//! fire when the test says so, and on a Debian whose systemd does it.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use chrono::{Local, TimeDelta};
use proxmox_backup::apply::{
    ApplyError, Change, Entry, Journal, Machine, Record, SERVICE, TIMER, Wanted, apply_network, arm, armed_for, disarm,
    expire, keep,
};
use proxmox_backup::system::{Cancel, Clock, FIXED_PATH, Live, Root, Runner, Signal, System};

use crate::scene::{FullScene, Look, Scene, differences};

const STATE: &str = "var/lib/proxmox-config-backup";
const UNIT: &str = "proxmox-config-backup-network-undo";
const INTERFACES: &str = "etc/network/interfaces";
const NEW: &str = "auto lo\niface lo inet loopback\n\nauto vmbr9\n";

/// The program of the service, and the stand-in for a restore: `restore timeout ID`, or one of our
/// own words. Below `SCENE` lie `root` and `bin`; nothing means this machine, for the full form.
#[test]
#[ignore = "started by the tests below"]
fn the_program() {
    let Ok(order) = std::env::var("NETWORK_ORDER") else { return };
    let (root, path) = match std::env::var("SCENE") {
        Ok(dir) => (PathBuf::from(&dir).join("root"), format!("{dir}/bin:{FIXED_PATH}")),
        Err(_) => (PathBuf::from("/"), FIXED_PATH.to_owned()),
    };
    let system = system(Root::at(&root).unwrap(), Runner::Live(Live::with_path(&path)), Clock::System);
    let machine = Machine::of(&system).unwrap();
    let record = |id: &str| Record::open(&root.join(STATE), id).unwrap();
    let last = || Record::list(&root.join(STATE)).unwrap().pop().unwrap();
    match order.split(' ').collect::<Vec<_>>()[..] {
        ["restore", "timeout", id] => {
            let record = record(id);
            expire(&machine, &record, &old(&root, &record), &|old| put(&root, old)).unwrap();
        }
        ["arm", seconds, until] => {
            let record = begun(&root);
            std::fs::copy(root.join(INTERFACES), record.old_dir().join("interfaces")).unwrap();
            let until = Local::now() + TimeDelta::seconds(until.parse().unwrap());
            arm(&machine, &record, Path::new(PROGRAM), until, seconds.parse().unwrap()).unwrap();
        }
        ["keep"] => keep(&machine, &last()).unwrap(),
        _ => panic!("{order}"),
    }
}

/// In the full form, with what systemd reads otherwise than a shell.
const PROGRAM: &str = "/usr/local/bin/un do 100%";

fn system(root: Root, runner: Runner, clock: Clock) -> System {
    System { clock, ..System::new(root, runner) }
}

fn begun(root: &Path) -> Record {
    let record = Record::create(&root.join(STATE), &Local::now()).unwrap();
    let begun = Entry::Begun { version: "1".into(), at: "2026".into(), backup: "b".into(), steps: 1 };
    Journal::open(&record).unwrap().add(&begun).unwrap();
    record
}

/// What a restore has saved: the old file, and that another was not there.
fn old(root: &Path, record: &Record) -> Vec<Change> {
    let content = record.old_dir().join("interfaces");
    assert!(content.exists() && root.is_absolute());
    let file = Wanted::File { content, size: 0, digest: [0; 32] };
    let change = |path: &str, wanted| Change { path: format!("/{path}").into_bytes(), wanted, attributes: None };
    vec![change(INTERFACES, file), change("etc/network/interfaces.d/added", Wanted::Absent)]
}

fn put(root: &Path, changes: &[Change]) -> Result<(), ApplyError> {
    if root.join("run/disk-is-full").exists() {
        return Err(ApplyError::Differs { path: INTERFACES.to_owned(), why: "no space left".to_owned() });
    }
    for change in changes {
        let path = root.join(change.below());
        match &change.wanted {
            Wanted::File { content, .. } => drop(std::fs::copy(content, path).unwrap()),
            _ => drop(std::fs::remove_file(path)),
        }
    }
    Ok(())
}

/// A restore on a scene that came as far as the network.
struct Restore {
    scene: Scene,
    system: System,
    record: Record,
    program: PathBuf,
    /// How the host was before the restore began to look.
    before: BTreeMap<String, String>,
}

impl Restore {
    fn new() -> Option<Self> {
        let scene = Scene::pve_standalone()?;
        let (root, runner) = scene.door();
        let program = scene.path("program");
        let tests = std::env::current_exe().unwrap();
        let exact = "--exact apply_network::the_program --ignored --nocapture";
        let text = format!(
            "#!/bin/sh\nSCENE={} NETWORK_ORDER=\"$*\" exec {} {exact}\n",
            scene.path("").display(),
            tests.display()
        );
        write_program(&program, &text);
        let record = begun(&scene.root());
        std::fs::copy(scene.on_host(INTERFACES), record.old_dir().join("interfaces")).unwrap();
        let before = host(&scene);
        // Waiting for ifupdown2 takes no time.
        let clock = Clock::Fixed(Local::now());
        Some(Self { system: system(root, runner, clock), record, program, before, scene })
    }

    fn machine(&self) -> Machine<'_> {
        Machine::of(&self.system).unwrap()
    }

    fn arm(&self) -> Result<(), ApplyError> {
        let until = Local::now() + TimeDelta::seconds(180);
        arm(&self.machine(), &self.record, &self.program, until, 180)
    }

    /// What the restore does then.
    fn write_network(&self) {
        std::fs::write(self.scene.on_host(INTERFACES), NEW).unwrap();
        std::fs::write(self.scene.on_host("etc/network/interfaces.d/added"), "auto x\n").unwrap();
        apply_network(&self.machine()).unwrap();
    }

    fn fire(&self) -> Output {
        let fired = self.scene.fire_timer(UNIT);
        assert!(fired.status.success(), "{}", String::from_utf8_lossy(&fired.stderr));
        fired
    }

    fn expire(&self) -> Result<(), ApplyError> {
        let root = self.scene.root();
        expire(&self.machine(), &self.record, &old(&root, &self.record), &|old| put(&root, old))
    }

    /// Kinds of entries after the first.
    fn journal(&self) -> Vec<&'static str> {
        let kind = |entry: &Entry| match entry {
            Entry::NetworkArmed { .. } => "armed",
            Entry::NetworkKept => "kept",
            Entry::NetworkReverted => "reverted",
            other => panic!("{other:?}"),
        };
        Journal::read(&self.record).unwrap()[1..].iter().map(kind).collect()
    }

    fn assert_nothing_is_left(&self) {
        assert_eq!(differences(&self.before, &host(&self.scene)), Vec::<String>::new());
        assert_eq!(self.scene.timers(), Vec::<String>::new());
    }
}

/// The whole host but for the record.
fn host(scene: &Scene) -> BTreeMap<String, String> {
    let tree = scene.tree(Look::Lasting).into_iter();
    tree.filter(|(path, _)| !path.starts_with(STATE)).collect()
}

fn write_program(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn when_the_time_is_over_the_old_files_are_back_and_nothing_else_is_there() {
    let Some(restore) = Restore::new() else { return };
    let old_text = restore.scene.text(INTERFACES);

    restore.arm().unwrap();
    let armed = restore.scene.calls();
    restore.write_network();
    assert_eq!(restore.scene.applied_interfaces().as_deref(), Some(NEW));
    assert_eq!(armed_for(&restore.machine()).unwrap().as_deref(), Some(restore.record.id()));
    restore.scene.forget_calls();
    restore.fire();

    restore.assert_nothing_is_left();
    assert_eq!(restore.scene.applied_interfaces(), Some(old_text));
    assert_eq!(restore.journal(), ["armed", "reverted"]);
    let call = |words: &str| format!("systemctl {words}");
    assert_eq!(
        armed[1..],
        [call("daemon-reload"), call(&format!("start {TIMER}")), call(&format!("is-active {TIMER}"))]
    );
    let expected = ["ifreload -a".to_owned(), call(&format!("stop {TIMER}")), call("daemon-reload")];
    assert_eq!(restore.scene.calls(), expected);
    assert_eq!(armed_for(&restore.machine()).unwrap(), None);
}

#[test]
fn confirmed_in_time_the_new_files_stay_and_nothing_can_fire_any_more() {
    let Some(restore) = Restore::new() else { return };
    restore.arm().unwrap();
    restore.write_network();
    let with_units = restore.scene.tree(Look::Lasting);

    keep(&restore.machine(), &restore.record).unwrap();
    keep(&restore.machine(), &restore.record).unwrap();

    assert_eq!(restore.journal(), ["armed", "kept"]);
    assert_eq!((restore.scene.timers().len(), restore.scene.text(INTERFACES).as_str()), (0, NEW));
    let gone = differences(&with_units, &restore.scene.tree(Look::Lasting));
    let gone: Vec<&str> = gone.iter().map(|line| line.split(':').next().unwrap()).collect();
    let units = "etc/systemd/system";
    assert_eq!(
        gone.iter().filter(|path| !path.starts_with(STATE)).map(|path| (*path).to_owned()).collect::<Vec<_>>(),
        [
            format!("{units}/{SERVICE}"),
            format!("{units}/{TIMER}"),
            format!("{units}/timers.target.wants/{TIMER}"),
            format!("var/lib/systemd/timers/stamp-{TIMER}"),
        ]
    );
    restore.scene.reboot();
    assert_eq!(restore.scene.timers(), Vec::<String>::new());
    restore.expire().unwrap();
    assert_eq!(restore.scene.text(INTERFACES), NEW);
}

#[test]
fn a_restore_that_is_killed_between_arming_and_writing_changes_nothing() {
    let Some(restore) = Restore::new() else { return };
    restore.arm().unwrap();
    restore.fire();
    restore.assert_nothing_is_left();
    assert_eq!(restore.journal(), ["armed", "reverted"]);
}

#[test]
fn the_timer_outlives_a_reboot() {
    let Some(restore) = Restore::new() else { return };
    restore.arm().unwrap();
    restore.write_network();
    restore.scene.done(&["systemd-run", "--unit=transient", "--on-active=180", "true"]);

    restore.scene.reboot();

    assert_eq!(restore.scene.timers(), [UNIT]);
    restore.fire();
    restore.assert_nothing_is_left();
}

#[test]
fn without_its_timer_nothing_is_written() {
    let Some(restore) = Restore::new() else { return };
    restore.scene.break_unit(TIMER);
    let error = restore.arm().map(|()| restore.write_network()).unwrap_err();
    assert!(error.to_string().contains("failed to load properly"), "{error}");
    restore.assert_nothing_is_left();

    std::fs::remove_file(restore.scene.path("state/fails").join(TIMER)).unwrap();
    restore.scene.answer(&format!("systemctl is-active {TIMER}"), "inactive\n", 3);
    restore.arm().unwrap_err();
    restore.assert_nothing_is_left();

    let machine = restore.machine();
    let until = Local::now();
    let error = arm(&machine, &restore.record, Path::new("target/proxmox-backup"), until, 180).unwrap_err();
    assert!(error.to_string().contains("cannot be told to start target/proxmox-backup"), "{error}");
    assert_eq!(restore.journal(), ["armed", "reverted", "armed", "reverted"]);
}

#[test]
fn a_signal_while_arming_leaves_nothing() {
    let Some(mut restore) = Restore::new() else { return };
    restore.system.cancel.request(Signal::Terminate);
    let error = restore.arm().unwrap_err();
    assert!(matches!(error, ApplyError::Cancelled(_)), "{error}");
    restore.assert_nothing_is_left();
    restore.system.cancel = Cancel::default();
    restore.arm().unwrap();
}

#[test]
fn files_that_ifupdown_cannot_read_are_not_applied() {
    let Some(restore) = Restore::new() else { return };
    restore.arm().unwrap();
    restore.scene.answer("ifreload --syntax-check -a", "", 1);
    restore.scene.forget_calls();
    let error = apply_network(&restore.machine()).unwrap_err();
    assert!(error.to_string().starts_with("ifreload --syntax-check -a: exit status 1"), "{error}");
    assert_eq!(restore.scene.calls(), ["ifreload --syntax-check -a"]);
    // What was there before is put back whatever a check says about it.
    restore.fire();
    assert_eq!(restore.scene.applied_interfaces(), Some(restore.scene.text(INTERFACES)));
}

#[test]
fn a_host_without_ifupdown2_is_served_by_what_it_has() {
    let Some(restore) = Restore::new() else { return };
    std::fs::remove_file(restore.scene.path("bin/ifreload")).unwrap();
    std::fs::copy(restore.scene.path("bin/record"), restore.scene.path("bin/ifup")).unwrap();
    restore.scene.forget_calls();
    apply_network(&restore.machine()).unwrap();
    assert_eq!(restore.scene.calls(), ["ifup --no-act -a", "systemctl restart networking"]);

    restore.scene.answer("ifup --no-act -a", "", 1);
    restore.scene.forget_calls();
    apply_network(&restore.machine()).unwrap_err();
    assert_eq!(restore.scene.calls(), ["ifup --no-act -a"]);
}

#[test]
fn while_the_machine_starts_ifupdown2_is_asked_again() {
    let Some(restore) = Restore::new() else { return };
    let (program, busy) = (restore.scene.path("bin/ifreload"), restore.scene.path("busy"));
    std::fs::write(&busy, "xxx").unwrap();
    let text = format!("#!/bin/sh\n[ -s {0} ] || exit 0\ntruncate -s -1 {0}\nexit 89\n", busy.display());
    write_program(&program, &text);
    apply_network(&restore.machine()).unwrap();
    assert_eq!(std::fs::read(&busy).unwrap(), b"");

    write_program(&program, "#!/bin/sh\nexit 89\n");
    let error = apply_network(&restore.machine()).unwrap_err();
    assert!(error.to_string().contains("exit status 89"), "{error}");
}

#[test]
fn a_confirmation_that_comes_too_late_says_so() {
    let Some(restore) = Restore::new() else { return };
    restore.arm().unwrap();
    restore.write_network();
    let service = restore.scene.path("state/units").join(UNIT);
    std::fs::write(&service, "activating\n").unwrap();
    let error = keep(&restore.machine(), &restore.record).unwrap_err();
    assert!(error.to_string().contains("being put back"), "{error}");
    std::fs::remove_file(service).unwrap();

    restore.expire().unwrap();
    let error = keep(&restore.machine(), &restore.record).unwrap_err();

    assert!(error.to_string().contains("back already"), "{error}");
    restore.assert_nothing_is_left();
    assert_eq!(restore.journal(), ["armed", "reverted"]);
}

#[test]
fn what_could_not_be_put_back_is_tried_again() {
    let Some(restore) = Restore::new() else { return };
    restore.arm().unwrap();
    restore.write_network();
    let full = restore.scene.on_host("run/disk-is-full");
    std::fs::write(&full, "").unwrap();
    assert!(!restore.scene.fire_timer(UNIT).status.success());
    assert_eq!((restore.journal(), restore.scene.text(INTERFACES).as_str()), (vec!["armed"], NEW));
    std::fs::remove_file(full).unwrap();

    restore.fire();

    restore.assert_nothing_is_left();
}

#[test]
fn a_reload_that_fails_on_the_way_back_is_an_error_with_the_files_back() {
    let Some(restore) = Restore::new() else { return };
    restore.arm().unwrap();
    restore.write_network();
    restore.scene.answer("ifreload -a", "", 1);
    let error = restore.expire().unwrap_err();
    assert!(error.to_string().starts_with("ifreload -a: exit status 1"), "{error}");
    restore.assert_nothing_is_left();
    assert_eq!(restore.journal(), ["armed", "reverted"]);
}

#[test]
fn after_an_undo_the_timer_only_cleans_up() {
    let Some(restore) = Restore::new() else { return };
    restore.arm().unwrap();
    Journal::open(&restore.record).unwrap().add(&Entry::UndoFinished { at: "2026".into() }).unwrap();
    let root = restore.scene.root();
    let nobody_puts = |_: &[Change]| -> Result<(), ApplyError> { panic!("nothing is to be put back") };
    expire(&restore.machine(), &restore.record, &old(&root, &restore.record), &nobody_puts).unwrap();
    restore.assert_nothing_is_left();
}

#[test]
fn the_timer_of_one_restore_is_safe_from_another() {
    let Some(restore) = Restore::new() else { return };
    let other = begun(&restore.scene.root());
    restore.arm().unwrap();
    let machine = restore.machine();
    let until = Local::now();
    let errors = [
        arm(&machine, &other, &restore.program, until, 180),
        keep(&machine, &other),
        expire(&machine, &other, &[], &|_| Ok(())),
    ];
    for error in errors.map(Result::unwrap_err) {
        assert!(error.to_string().contains(&format!("the restore {} waits", restore.record.id())), "{error}");
    }
    restore.write_network();
    restore.fire();
    restore.assert_nothing_is_left();
}

#[test]
fn what_a_killed_restore_left_goes_whether_the_tree_runs_or_not() {
    let Some(mut restore) = Restore::new() else { return };
    let units = restore.scene.on_host("etc/systemd/system");
    std::fs::write(units.join(format!(".proxmox-backup.{TIMER}.tmp")), "[Unit]\nDescr").unwrap();
    disarm(&restore.machine()).unwrap();
    restore.assert_nothing_is_left();

    restore.arm().unwrap();
    std::fs::remove_dir_all(restore.scene.path("state/timers").join(UNIT)).unwrap();
    restore.scene.forget_calls();
    restore.system.runner = Runner::Nobody;
    disarm(&restore.machine()).unwrap();
    disarm(&restore.machine()).unwrap();
    apply_network(&restore.machine()).unwrap();

    restore.assert_nothing_is_left();
    assert_eq!(restore.scene.calls(), Vec::<String>::new());
}

#[test]
fn a_tree_without_the_directory_of_links_gets_it_for_as_long_as_it_is_needed() {
    let Some(mut restore) = Restore::new() else { return };
    std::fs::remove_dir(restore.scene.on_host("etc/systemd/system/timers.target.wants")).unwrap();
    restore.before = host(&restore.scene);
    restore.arm().unwrap();
    let link = restore.scene.on_host("etc/systemd/system/timers.target.wants").join(TIMER);
    assert_eq!(std::fs::read_link(link).unwrap(), Path::new("/etc/systemd/system").join(TIMER));
    restore.fire();
    restore.assert_nothing_is_left();
}

/// Words of the scripts that run inside: `arm SECONDS UNTIL`, `keep`, and what they wait for.
const WORDS: &str = r#"
name=proxmox-config-backup-network-undo
file=/etc/network/interfaces
arm() { '/usr/local/bin/un do 100%' arm "$1" "$2" >/dev/null; echo new >$file; }
keep() { '/usr/local/bin/un do 100%' keep >/dev/null; }
now() { date +%s; }
wait_for_old() {
    tries=0
    until grep -q old $file; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || { systemctl status $name.timer $name.service >&2; exit 7; }
        sleep 0.1
    done
}
nothing_is_left() {
    tries=0
    while [ -n "$(systemctl list-units --all --plain --no-legend "$name*")" ]; do
        tries=$((tries + 1))
        [ $tries -lt 50 ] || { systemctl status $name.timer $name.service >&2; exit 8; }
        sleep 0.1
    done
    [ -z "$(find /etc/systemd /var/lib/systemd/timers -name "*$name*")" ] || exit 9
}
"#;

struct Booted(FullScene);

impl Booted {
    fn of(suite: &str) -> Option<Self> {
        let scene = FullScene::of(suite)?;
        let at = |path: &str| scene.root().join(path);
        std::fs::create_dir_all(at("etc/network/interfaces.d")).unwrap();
        std::fs::create_dir_all(at(STATE)).unwrap();
        std::fs::write(at(INTERFACES), "old\n").unwrap();
        std::fs::copy(std::env::current_exe().unwrap(), at("opt/tests")).unwrap();
        let text = "#!/bin/sh\nNETWORK_ORDER=\"$*\" exec /opt/tests --exact apply_network::the_program --ignored \
                    --nocapture\n";
        write_program(&scene.root().join(PROGRAM.trim_start_matches('/')), text);
        // As a DHCP client does, it leaves somebody behind.
        let text = "#!/bin/sh\necho \"$*\" >>/var/log/ifreload\nsetsid sleep 1234 >/dev/null 2>&1 &\n";
        write_program(&at("usr/local/sbin/ifreload"), text);
        Some(Self(scene))
    }

    fn boot(&self, script: &str) -> String {
        let output = self.0.boot(&format!("{WORDS}{script}"));
        assert!(output.status.success(), "{script}: {:?} {}", output.status, String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.0.root().join(INTERFACES)).unwrap()
    }
}

fn the_network_comes_back(suite: &str) {
    let Some(scene) = Booted::of(suite) else { return };

    // By itself, when nobody is there any more; what the reload started lives on.
    scene.boot("arm 4 4; wait_for_old; nothing_is_left; pgrep -f 'sleep 1234' >/dev/null");
    // At its time, however often systemd loads its units again.
    let took = scene.boot(
        "began=$(now); arm 10 10; sleep 4; systemctl daemon-reexec; systemctl daemon-reload
        wait_for_old; echo $(($(now) - began)); nothing_is_left",
    );
    assert!((9..=13).contains(&took.trim().parse::<u32>().unwrap()), "{took}");
    // Whatever the date says, and while somebody still waits for the right time.
    scene.boot(
        "systemd-run --quiet --no-block -p Type=oneshot -p Wants=time-sync.target -p Before=time-sync.target sleep 999
        arm 4 90000; wait_for_old; nothing_is_left; arm 4 -90000; wait_for_old; nothing_is_left",
    );
    // After a failure.
    scene.boot(
        "touch /run/disk-is-full; mkdir /run/systemd/system/$name.service.d
        printf '[Service]\nRestartSec=1\n' >/run/systemd/system/$name.service.d/fast.conf
        arm 1 1; sleep 4; grep -q new $file; rm /run/disk-is-full; wait_for_old; nothing_is_left",
    );
    // After the machine went down, here without a shutdown, and the moment passed meanwhile.
    scene.boot("arm 600 12; systemctl is-active $name.timer");
    scene.boot("grep -q new $file; systemctl is-active $name.timer");
    std::thread::sleep(std::time::Duration::from_secs(13));
    assert_eq!(scene.text(), "new\n");
    scene.boot("wait_for_old; nothing_is_left");
    // Not when somebody said that it works.
    scene.boot("arm 4 4; keep; nothing_is_left; sleep 6; grep -q new $file");
    scene.boot("sleep 2; grep -q new $file; nothing_is_left");

    let reloads = std::fs::read_to_string(scene.0.root().join("var/log/ifreload")).unwrap();
    assert_eq!(reloads.lines().collect::<Vec<_>>(), ["-a"; 6]);
}

#[test]
#[ignore = "makes a Debian root, which takes minutes and needs a mirror"]
fn the_network_comes_back_in_the_full_form_of_debian_12() {
    the_network_comes_back("bookworm");
}

#[test]
#[ignore = "makes a Debian root, which takes minutes and needs a mirror"]
fn the_network_comes_back_in_the_full_form_of_debian_13() {
    the_network_comes_back("trixie");
}
