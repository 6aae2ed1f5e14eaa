//! `restore` without a person: what it refuses to begin, what it says when it is done, the plan that
//! was agreed to elsewhere, and unpacking into a directory, compared with GNU tar.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output};

use proxmox_backup::bundle::Backup;
use proxmox_backup::restore::{RestorePlan, Selection, differences};
use proxmox_backup::system::System;
use proxmox_backup::workflow::restore_plan;
use serde_json::Value;

use crate::restore_plan::tree_hash;
use crate::sample::Sample;
use crate::scene::Scene;

/// A host that has changed since its backup: a file altered, one gone, a mode.
pub(crate) fn changed(name: &str) -> Sample {
    let sample = Sample::host(name);
    sample.backup_recorded().unwrap();
    sample.plant("/etc/cron.d/added", "later\n");
    let crontab = sample.root().join("etc/crontab");
    std::fs::write(&crontab, "# altered\n").unwrap();
    std::fs::set_permissions(sample.root().join("etc/aliases"), PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::remove_dir_all(sample.root().join("etc/ssh")).unwrap();
    sample
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn records_dir(sample: &Sample) -> std::path::PathBuf {
    sample.root().join("var/lib/proxmox-config-backup/restore")
}

/// Demands an exit code and words on standard error, and that the tree is as it was.
fn refuses(sample: &Sample, arguments: &[&str], code: i32, words: &[&str]) {
    let before = tree_hash(&sample.root());
    let output = sample.run(arguments);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?}: `{word}` is not in: {said}");
    }
    assert_eq!(tree_hash(&sample.root()), before, "{arguments:?}");
    assert!(!records_dir(sample).exists(), "{arguments:?}");
}

#[test]
fn where_nobody_can_be_asked_nothing_is_begun() {
    let sample = changed("debian-plain");
    for arguments in [
        &["restore"][..],
        &["restore", "latest"],
        &["restore", "latest", "--only", "ssh"],
        &["--restore"],
        // The backup is not even looked for.
        &["restore", "no-such-backup"],
    ] {
        refuses(&sample, arguments, 2, &["there is no terminal to ask on", "--yes"]);
    }
    refuses(&sample, &["restore", "latest", "--json"], 2, &["--json", "--yes"]);
    refuses(&sample, &["restore", "no-such-backup", "--yes"], 3, &["no-such-backup"]);
    for arguments in [
        &["restore", "--plan", "--yes"][..],
        &["restore", "--to", "x", "--plan"],
        &["restore", "--to", "x", "--yes"],
        &["restore", "--to", "x", "--expect", "y"],
        &["restore", "--to", "x", "--nic-map", "auto"],
        &["restore", "--save", "x"],
        &["restore", "--yes", "--mode", "custom"],
        &["restore", "--yes", "--only", "netwrok"],
        &["restore", "--json", "confirm"],
        &["restore", "latest", "confirm"],
    ] {
        refuses(&sample, arguments, 2, &[]);
    }
    refuses(&sample, &["restore", "confirm"], 3, &["no restore"]);
    refuses(&sample, &["restore", "timeout", "20260101-000000"], 3, &["no such restore"]);
}

#[test]
fn a_restore_says_what_it_did_and_how_it_is_taken_back() {
    let sample = changed("debian-plain");
    let crontab = sample.root().join("etc/crontab");

    let text = sample.expect(0, &["restore", "latest", "--yes"]);

    assert_ne!(std::fs::read_to_string(&crontab).unwrap(), "# altered\n");
    assert!(sample.root().join("etc/ssh/sshd_config").exists());
    assert!(sample.root().join("etc/cron.d/added").exists());
    let id = crate::sample::names_in(&records_dir(&sample)).pop().unwrap();
    let way_back = format!("Take it back: proxmox-backup --root {} undo {id}", sample.root().display());
    for words in ["Restore plan for", "Restored from plain", " write", &format!("record: {id} in /"), &way_back] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let listed = sample.expect(0, &["undo", "--list"]);
    assert!(listed.contains(&id) && listed.contains("  done"), "{listed}");

    assert!(sample.expect(0, &["undo", "--yes"]).contains(&format!("The restore {id} is undone.")));
    assert!(sample.expect(0, &["undo", "--list"]).contains("  undone"));
    assert_eq!(sample.run(["undo", "--yes"]).status.code(), Some(3), "nothing is left to undo");
}

#[test]
fn in_json_the_plan_comes_first_and_the_result_after_it() {
    let sample = changed("debian-plain");
    let text = sample.expect(0, &["restore", "--yes", "--json", "--only", "crontabs"]);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [plan, result] = &lines[..] else { panic!("{text}") };

    assert_eq!(plan["selection"]["only"], serde_json::json!(["crontabs"]));
    assert!(plan["files"].as_array().unwrap().iter().any(|file| file["path"] == "/etc/crontab"));
    assert_eq!((&result["restored"], &result["counts"]), (&true.into(), &plan["counts"]));
    let id = result["record"].as_str().unwrap();
    assert!(result["undo"].as_array().unwrap().ends_with(&["undo".into(), id.into()]), "{result}");
    assert_eq!(result["directory"], records_dir(&sample).join(id).to_str().unwrap());
    let listed: Value = serde_json::from_str(&sample.expect(0, &["undo", "--list", "--json"])).unwrap();
    assert_eq!((&listed["restores"][0]["id"], &listed["restores"][0]["state"]), (&id.into(), &"done".into()));
    assert!(!sample.root().join("etc/ssh").exists(), "it was not selected");
}

#[test]
fn where_nothing_would_change_nothing_is_written_down() {
    let sample = Sample::host("debian-plain");
    sample.backup_recorded().unwrap();
    let before = tree_hash(&sample.root());
    assert!(sample.expect(0, &["restore", "latest", "--yes"]).contains("Nothing to change"));
    let text = sample.expect(0, &["restore", "latest", "--yes", "--json"]);
    let result: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(result["restored"], false);
    assert_eq!(tree_hash(&sample.root()), before);
}

#[test]
fn one_refusal_stops_everything() {
    let sample = changed("debian-plain");
    let refused = ["restore", "latest", "--yes", "--nic-map", "a=no-such-card"];
    refuses(&sample, &refused, 4, &["refused: ", "no-such-card", "instead: ", "nothing done"]);
    refuses(&sample, &[&refused[..], &["--quiet"]].concat(), 4, &["refused: ", "no-such-card"]);
    let output = sample.run([&refused[..], &["--json"]].concat());
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(plan["refusals"][0]["why"].is_string(), "{plan}");
}

#[test]
fn a_damaged_backup_is_not_restored() {
    let sample = changed("debian-plain");
    let backup = sample.newest();
    let mut bytes = std::fs::read(&backup).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&backup, &bytes).unwrap();
    refuses(&sample, &["restore", "latest", "--yes"], 8, &["damaged"]);
}

#[test]
fn only_the_plan_that_was_agreed_to_is_carried_out() {
    let sample = changed("debian-plain");
    let saved = sample.path("plan.json").display().to_string();
    let plan = ["restore", "latest", "--plan", "--quiet"];
    sample.expect(0, &[&plan[..], &["--save", &saved]].concat());
    sample.expect(0, &[&plan[..], &["--expect", &saved]].concat());

    let expected = ["restore", "latest", "--yes", "--expect", &saved];
    std::fs::remove_file(sample.root().join("etc/aliases")).unwrap();
    refuses(&sample, &expected, 4, &["/etc/aliases: ", "the plan is not the one in", &saved]);
    refuses(&sample, &[&plan[..], &["--expect", &saved]].concat(), 4, &["/etc/aliases: "]);
    // Another selection is another plan, and of many differences a few are named.
    let output = sample.run([&expected[..], &["--only", "ssh"]].concat());
    let named = said(&output).lines().filter(|line| line.contains(": /")).count();
    assert!(output.status.code() == Some(4) && named <= 5, "{}", said(&output));

    for text in ["", "{", "[]", "{\"files\": 7}", "null", "\u{1}"] {
        std::fs::write(&saved, text).unwrap();
        refuses(&sample, &expected, 2, &["is no saved plan"]);
    }
    std::fs::write(&saved, "{\"files\": [{\"path\": \"/a\u{202e}x\"}]}").unwrap();
    refuses(&sample, &expected, 4, &["/a\u{fffd}x: ", "is gone"]);
    std::fs::remove_file(&saved).unwrap();
    refuses(&sample, &expected, 3, &["plan.json"]);

    sample.expect(0, &[&plan[..], &["--save", &saved]].concat());
    sample.expect(0, &expected);
}

#[test]
fn a_running_cluster_file_system_counts_on_and_the_plan_stays_the_same() {
    let Some(scene) = Scene::pve_standalone() else { return };
    let from = Sample::host("pve-8-single");
    from.backup_recorded().unwrap();
    let backup = Backup::open(&from.newest()).unwrap();
    let plan = || -> RestorePlan {
        let (root, runner) = scene.door();
        let system = System::new(root, runner);
        restore_plan(&backup, &system, &Selection::default()).unwrap()
    };
    let saved = serde_json::to_value(plan()).unwrap();
    assert_eq!(differences(&plan(), &saved, 5).unwrap(), [""; 0]);

    // The resource manager of a node does this every few seconds.
    for count in 0..3 {
        std::fs::write(scene.on_host("etc/pve/nodes/pve1/lrm_status"), format!("{{\"timestamp\":{count}}}")).unwrap();
    }
    assert_eq!(differences(&plan(), &saved, 5).unwrap(), [""; 0]);

    std::fs::write(scene.on_host("etc/pve/storage.cfg"), "dir: other\n\tpath /srv\n").unwrap();
    let found = differences(&plan(), &saved, 5).unwrap();
    assert!(!found.is_empty() && found.len() <= 5, "{found:?}");
}

/// Everything about a path that tar keeps.
fn look(path: &Path) -> Option<String> {
    let meta = std::fs::symlink_metadata(path).ok()?;
    let content = match () {
        () if meta.is_symlink() => std::fs::read_link(path).unwrap().into_os_string().into_encoded_bytes(),
        () if meta.is_file() => std::fs::read(path).unwrap(),
        () => Vec::new(),
    };
    let digest = proxmox_backup::system::digest_hex(&content);
    let owner = (meta.uid(), meta.gid());
    Some(format!("{:o} {owner:?} {}.{} {digest}", meta.mode(), meta.mtime(), meta.mtime_nsec()))
}

/// What the backup holds, and GNU tar's copy of it.
fn by_tar(sample: &Sample) -> (Vec<Value>, std::path::PathBuf) {
    let shown = sample.expect(0, &["restore", "latest", "--plan", "--json"]);
    let plan: Value = serde_json::from_str(&shown).unwrap();
    let tree = sample.path("by-tar");
    std::fs::create_dir(&tree).unwrap();
    let archive = sample.newest();
    let mut tar = Command::new("tar");
    tar.args(["-xpf", archive.to_str().unwrap(), "--numeric-owner", "--delay-directory-restore", "-C"]).arg(&tree);
    assert!(tar.status().unwrap().success());
    (plan["files"].as_array().unwrap().clone(), tree)
}

/// Whether a file of the plan belongs to a selection.
type Meant = fn(&Value) -> bool;

#[test]
fn unpacking_gives_what_gnu_tar_gives_of_what_is_selected() {
    let sample = Sample::host("pve-8-single");
    sample.configure("COMPRESSION_TYPE=none\nBUNDLE_ASSOCIATED_FILES=false\n");
    sample.backup_recorded().unwrap();
    let before = tree_hash(&sample.root());
    let (files, tree) = by_tar(&sample);
    let cases: [(&str, &[&str], Meant); 4] = [
        ("all", &[], |_| true),
        ("network", &["--only", "network"], |file| file["category"] == "network"),
        ("no-pve", &["--exclude", "/etc/pve"], |file| !file["path"].as_str().unwrap().starts_with("/etc/pve")),
        ("base", &["--mode", "base"], |file| {
            let category = file["category"].as_str().unwrap();
            ["filesystem", "network", "ssl", "ssh", "services"].contains(&category)
        }),
    ];
    for (name, selection, is_meant) in cases {
        let to = sample.path(name);
        sample.expect(0, &[&["restore", "latest", "--to", to.to_str().unwrap()], selection].concat());
        let mut count = 0;
        for file in &files {
            let path = file["path"].as_str().unwrap().trim_start_matches('/');
            if is_meant(file) {
                count += 1;
                assert_eq!(look(&to.join(path)), look(&tree.join(path)), "{name}: {path}");
            } else if file["type"] != "directory" {
                assert_eq!(look(&to.join(path)), None, "{name}: {path}");
            }
        }
        assert!(count > 5, "{name}");
    }
    assert_eq!(tree_hash(&sample.root()), before);
    assert!(!records_dir(&sample).exists());
    // What is there stays, and is said.
    let hosts = sample.path("network/etc/hosts");
    std::fs::write(&hosts, "mine\n").unwrap();
    sample.expect(1, &["restore", "--only", "network", "--to", sample.path("network").to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(&hosts).unwrap(), "mine\n");
}

#[test]
fn unpacking_needs_neither_root_nor_a_configuration() {
    let sample = Sample::host("debian-plain");
    sample.backup_recorded().unwrap();
    let place = tempfile::tempdir().unwrap();
    std::fs::set_permissions(place.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let (backup, program) = (place.path().join(sample.newest().file_name().unwrap()), place.path().join("program"));
    std::fs::copy(sample.newest(), &backup).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_proxmox-backup"), &program).unwrap();
    std::fs::set_permissions(&backup, PermissionsExt::from_mode(0o644)).unwrap();
    let to = place.path().join("to");

    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]).arg(&program).env_clear();
    let output = command.args(["restore", "--to"]).args([&to, &backup]).args(["--only", "crontabs"]).output().unwrap();

    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(to.join("etc/crontab").exists() && !to.join("etc/hosts").exists());
}
