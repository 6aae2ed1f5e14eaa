//! The hook script of vzdump: entered, chained, taken out, and called as vzdump calls it.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use proxmox_backup::hook::{HOOK, Place, Standing};
use proxmox_backup::host::Host;
use proxmox_backup::system::{FIXED_PATH, Live, Root, Runner, System};
use proxmox_backup::workflow::{Entered, HookError, Hooks};

use crate::restore_facts::{Hung, in_time};
use crate::sample::Sample;
use crate::scene::Scene;

/// As the package of vzdump ships it.
const SHIPPED: &str = "# vzdump default settings\n\n#tmpdir: DIR\n#script: FILENAME\n#zstd: N\n";

/// A stand-in for the part of `pvesh` that keeps backup jobs: each is a directory of values.
const PVESH: &str = r#"#!/bin/sh
jobs=@JOBS@
case "$1 $2" in
'get /cluster/backup')
    sep=
    printf '['
    for job in "$jobs"/*/; do
        printf '%s{"id":"%s"' "$sep" "$(basename "$job")"
        for key in script node; do
            [ ! -e "$job/$key" ] || printf ',"%s":"%s"' "$key" "$(cat "$job/$key")"
        done
        printf '}'
        sep=,
    done
    printf ']\n' ;;
'set /cluster/backup/'*)
    job=$jobs/${2##*/}
    [ -d "$job" ] || { echo 'No such job' >&2; exit 2; }
    case $3 in
        --script) printf %s "$4" >"$job/script" ;;
        --delete) rm -f "$job/$4" ;;
        *) exit 2 ;;
    esac ;;
*) exit 2 ;;
esac
"#;

/// A node with vzdump, our script, and backup jobs.
struct Node {
    dir: tempfile::TempDir,
    state: PathBuf,
    system: System,
    host: Host,
}

impl Node {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["root/etc/proxmox-config-backup", "bin", "jobs", "state"] {
            std::fs::create_dir_all(dir.path().join(name)).unwrap();
        }
        let bin = dir.path().join("bin/pvesh");
        write(&bin, &PVESH.replace("@JOBS@", dir.path().join("jobs").to_str().unwrap()), 0o755);
        let ours = dir.path().join("root").join(&HOOK[1..]);
        std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks/vzdump-hook"), ours).unwrap();
        let path = format!("{}:{FIXED_PATH}", dir.path().join("bin").display());
        let root = Root::at(&dir.path().join("root")).unwrap();
        let system = System::new(root, Runner::Live(Live::with_path(&path)));
        let host = Host { name: "pve1".into(), pve: Some("8.4.1".into()), ..Host::default() };
        let node = Self { state: dir.path().join("state"), dir, system, host };
        node.write_conf(SHIPPED, 0o644);
        node
    }

    fn clustered(self) -> Self {
        Self { host: Host { is_clustered: true, ..self.host }, ..self }
    }

    fn hooks(&self) -> Hooks<'_> {
        Hooks { system: &self.system, host: &self.host, state_dir: &self.state }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("root").join(name.trim_start_matches('/'))
    }

    fn write_conf(&self, text: &str, mode: u32) {
        write(&self.path("/etc/vzdump.conf"), text, mode);
    }

    fn conf(&self) -> String {
        std::fs::read_to_string(self.path("/etc/vzdump.conf")).unwrap()
    }

    fn job(&self, id: &str, values: &[(&str, &str)]) {
        let job = self.dir.path().join("jobs").join(id);
        std::fs::create_dir(&job).unwrap();
        for (key, value) in values {
            std::fs::write(job.join(key), value).unwrap();
        }
    }

    fn script_of(&self, job: &str) -> Option<String> {
        std::fs::read_to_string(self.dir.path().join("jobs").join(job).join("script")).ok()
    }
}

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_file_of_vzdump_is_given_back_as_it_was() {
    for (text, mode) in [
        (SHIPPED, 0o644),
        ("mode: stop", 0o640),
        ("script: /opt/theirs\n# \u{fc}mlaut\n", 0o600),
        ("script: /opt/a\nscript: /opt/b\n\n\n", 0o644),
        ("", 0o644),
    ] {
        let node = Node::new();
        node.write_conf(text, mode);
        let hooks = node.hooks();
        let before = hooks.enable(&Place::Node).unwrap();
        assert!(node.conf().lines().any(|line| line == format!("script: {HOOK}")), "{text:?}");
        assert!(matches!(hooks.enable(&Place::Node).unwrap(), Standing::On(_)), "a second time changes nothing");

        hooks.disable(&Place::Node).unwrap();

        let mode_now = std::fs::metadata(node.path("/etc/vzdump.conf")).unwrap().mode() & 0o777;
        assert_eq!((node.conf().as_str(), mode_now), (text, mode), "{before:?}");
        let left: Vec<_> = std::fs::read_dir(&node.state)
            .unwrap()
            .chain(std::fs::read_dir(node.path("/etc/proxmox-config-backup")).unwrap())
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["vzdump-hook"], "{text:?}");
    }
}

#[test]
fn a_file_that_was_not_there_goes_again() {
    let node = Node::new();
    std::fs::remove_file(node.path("/etc/vzdump.conf")).unwrap();
    node.hooks().enable(&Place::Node).unwrap();
    assert_eq!(node.conf(), format!("script: {HOOK}\n"));
    node.hooks().disable(&Place::Node).unwrap();
    assert!(!node.path("/etc/vzdump.conf").exists());
}

#[test]
fn what_somebody_changed_meanwhile_stays() {
    let node = Node::new();
    node.write_conf("script: /opt/theirs\nmode: stop\n", 0o644);
    node.hooks().enable(&Place::Node).unwrap();
    node.write_conf(&node.conf().replace("stop", "snapshot"), 0o644);
    node.hooks().disable(&Place::Node).unwrap();
    assert_eq!(node.conf(), "script: /opt/theirs\nmode: snapshot\n");

    node.hooks().enable(&Place::Node).unwrap();
    node.write_conf("script: /opt/new\n", 0o644);
    assert_eq!(node.hooks().disable(&Place::Node).unwrap(), Standing::Other("/opt/new".into()));
    assert_eq!(node.conf(), "script: /opt/new\n");
}

#[test]
fn a_job_keeps_its_own_script_and_gets_it_back() {
    let node = Node::new();
    node.job("plain", &[]);
    node.job("theirs", &[("script", "/opt/theirs")]);
    let hooks = node.hooks();
    for id in ["plain", "theirs"] {
        hooks.enable(&Place::job(id).unwrap()).unwrap();
    }
    assert_eq!(node.script_of("plain").as_deref(), Some(HOOK));
    assert_eq!(node.script_of("theirs"), Some(format!("{HOOK}-theirs")));
    assert_eq!(std::fs::read_to_string(node.path(&format!("{HOOK}-theirs.next"))).unwrap(), "/opt/theirs\n");
    assert_eq!(std::fs::read_link(node.path(&format!("{HOOK}-theirs"))).unwrap(), Path::new("vzdump-hook"));

    let (status, unknown) = hooks.status().unwrap();
    assert!(unknown.is_none());
    let standing: Vec<&Standing> = status.iter().map(|Entered { standing, .. }| standing).collect();
    assert_eq!(standing, [&Standing::Off, &Standing::On(None), &Standing::On(Some("/opt/theirs".into()))]);

    assert_eq!(hooks.disable_own().unwrap().len(), 3);
    assert_eq!((node.script_of("plain"), node.script_of("theirs").as_deref()), (None, Some("/opt/theirs")));
    assert!(!node.path(&format!("{HOOK}-theirs")).exists());
}

#[test]
fn jobs_of_other_nodes_are_left_alone() {
    let node = Node::new().clustered();
    node.job("everywhere", &[("script", "/opt/theirs")]);
    node.job("here", &[("script", "/opt/theirs"), ("node", "pve1")]);
    node.job("there", &[("node", "pve2")]);
    let hooks = node.hooks();
    let refused = hooks.enable(&Place::job("everywhere").unwrap()).unwrap_err();
    assert!(matches!(refused, HookError::Shared { .. }), "{refused}");
    for id in ["here", "there"] {
        hooks.enable(&Place::job(id).unwrap()).unwrap();
    }
    assert_eq!(hooks.disable_own().unwrap().len(), 2);
    assert_eq!(node.script_of("there").as_deref(), Some(HOOK), "that node may have the package");
    assert_eq!(node.script_of("here").as_deref(), Some("/opt/theirs"));
}

#[test]
fn what_cannot_be_done_is_said_and_changes_nothing() {
    let node = Node::new();
    assert!(matches!(node.hooks().enable(&Place::job("none").unwrap()), Err(HookError::NoJob(_))));
    std::fs::rename(node.path("/etc/vzdump.conf"), node.path("/etc/elsewhere")).unwrap();
    symlink("elsewhere", node.path("/etc/vzdump.conf")).unwrap();
    assert!(matches!(node.hooks().enable(&Place::Node), Err(HookError::Symlink(_))));
    std::fs::remove_file(node.path(HOOK)).unwrap();
    assert!(matches!(node.hooks().enable(&Place::Node), Err(HookError::NoScript(_))));
    assert_eq!(std::fs::read_to_string(node.path("/etc/elsewhere")).unwrap(), SHIPPED);
    let no_vzdump = Node { host: Host::default(), ..Node::new() };
    std::fs::remove_file(no_vzdump.path("/etc/vzdump.conf")).unwrap();
    assert!(matches!(no_vzdump.hooks().enable(&Place::Node), Err(HookError::NoVzdump)));
}

/// Every call that vzdump makes.
const CALLS: [&[&str]; 11] = [
    &["job-init"],
    &["job-start"],
    &["backup-start", "snapshot", "100"],
    &["pre-stop", "stop", "100"],
    &["pre-restart", "suspend", "100"],
    &["post-restart", "suspend", "100"],
    &["backup-end", "snapshot", "100"],
    &["backup-abort", "snapshot", "101"],
    &["log-end", "snapshot", "100"],
    &["job-end"],
    &["job-abort"],
];

/// As vzdump does it: an empty environment, standard input at its end, both outputs read until they close.
fn called(script: &Path, arguments: &[&str]) -> (Output, Duration) {
    let started = Instant::now();
    let mut command = Command::new(script);
    command.args(arguments).env_clear().env("LC_ALL", "C").env("STOREID", "local").stdin(Stdio::null());
    (command.output().unwrap(), started.elapsed())
}

#[test]
fn vzdump_is_never_told_of_a_failure_and_never_kept_waiting() {
    let node = Node::new();
    for call in CALLS.iter().copied().chain([&[][..], &["a-phase-of-tomorrow"]]) {
        let (output, took) = called(&node.path(HOOK), call);
        assert_eq!(output.status.code(), Some(0), "{call:?}");
        assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{call:?}: {output:?}");
        assert!(took < Duration::from_secs(5), "{call:?}: {took:?}");
    }
}

#[test]
fn the_script_before_ours_gets_the_same_and_decides() {
    let node = Node::new();
    let theirs = node.path("/theirs");
    write(&theirs, "#!/bin/sh\necho \"$@ $STOREID\"; [ $# -ne 3 ] || exit 7\n", 0o755);
    node.write_conf(&format!("script: {}\n", theirs.display()), 0o644);
    node.hooks().enable(&Place::Node).unwrap();
    for call in CALLS {
        let (output, _) = called(&node.path(HOOK), call);
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{} local\n", call.join(" ")));
        assert_eq!(output.status.code(), Some(if call.len() == 3 { 7 } else { 0 }), "{call:?}");
    }
    std::fs::remove_file(theirs).unwrap();
    let (output, _) = called(&node.path(HOOK), &["job-start"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be run"));
}

/// As the package calls it before it goes, which must not wait for ever.
#[test]
fn the_hook_is_taken_out_beside_a_cluster_file_system_that_hangs() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let sample = Sample::empty("pve1");
    write(&scene.on_host("/etc/vzdump.conf"), &format!("mode: stop\nscript: {HOOK}\n"), 0o644);
    let _hung = Hung::new(&scene);
    let mut program = sample.program(["hook", "disable", "vzdump", "--all"]);
    program.arg("--root").arg(scene.root());

    let output = in_time("hook disable", || program.output().unwrap());

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(scene.text("/etc/vzdump.conf"), "mode: stop\n");
}
