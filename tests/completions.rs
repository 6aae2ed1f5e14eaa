//! The completions in the shells that they are for: what is offered, and that nothing else is said.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::sample::{Sample, names_in, skip};
use crate::tiers::hang::daemon;

const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];
/// As the package installs them.
const SCRIPTS: [(&str, &str); 3] =
    [("bash", "proxmox-backup"), ("zsh", "_proxmox-backup"), ("fish", "proxmox-backup.fish")];
/// Newest first.
const IDS: [&str; 3] = ["other-backup-20260103-000000", "pve1-backup-20260102-000000", "pve1-backup-20260101-000000"];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// A place to type in: scripts, the program, settings with backups, some files.
struct Desk {
    sample: Sample,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { sample: Sample::empty("tier") };
        for dir in ["bin", "scripts", "home", "desk/scans"] {
            std::fs::create_dir_all(desk.sample.path(dir)).unwrap();
        }
        for name in ["proxmox-backup", "proxmox-config-backup"] {
            let link = desk.sample.path("bin").join(name);
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_proxmox-backup"), link).unwrap();
        }
        for (shell, name) in SCRIPTS {
            let script = desk.sample.expect(0, &["completions", shell]);
            std::fs::write(desk.sample.path("scripts").join(name), script).unwrap();
        }
        let link = desk.sample.path("scripts/proxmox-config-backup.fish");
        std::os::unix::fs::symlink("proxmox-backup.fish", link).unwrap();
        for name in ["key.txt", "found-backup-20260104-000000.tar.gz"] {
            std::fs::write(desk.sample.path("desk").join(name), "x").unwrap();
        }
        desk
    }

    /// A real backup under the names of three.
    fn with_backups() -> Self {
        let desk = Self::new();
        desk.sample.plant("/etc/hosts", "127.0.0.1 localhost\n");
        desk.sample.backup_recorded().unwrap();
        let made = desk.sample.newest();
        let ending = made.file_name().unwrap().to_str().unwrap().split_once('.').unwrap().1.to_owned();
        for id in IDS {
            std::fs::copy(&made, desk.sample.path("backups").join(format!("{id}.{ending}"))).unwrap();
        }
        std::fs::remove_file(made).unwrap();
        desk
    }

    /// What each shell offers behind each line; `CONFIG` stands for the settings. A shell that is not
    /// there is left out.
    fn offers(&self, lines: &[&str]) -> Vec<(Shell, Vec<Vec<String>>)> {
        let config = self.sample.path("backup.env").display().to_string();
        let lines: Vec<String> = lines.iter().map(|line| line.replace("CONFIG", &config)).collect();
        SHELLS.into_iter().filter_map(|shell| Some((shell, self.offers_in(shell, &lines)?))).collect()
    }

    fn offers_in(&self, shell: Shell, lines: &[String]) -> Option<Vec<Vec<String>>> {
        let name = format!("{shell:?}").to_lowercase();
        if Command::new(&name).arg("--version").output().is_err() {
            skip(&format!("{name} is not installed: make deps"));
            return None;
        }
        let each = |run: &dyn Fn(&String) -> String| lines.iter().map(|line| words(&run(line))).collect();
        Some(match shell {
            Shell::Bash => each(&|line| {
                let script = self.sample.path("scripts/proxmox-backup");
                self.run(Command::new("bash").arg("--norc").arg(driver("bash.sh")).arg(script).args(line.split(' ')))
            }),
            Shell::Fish => each(&|line| {
                let scripts = self.sample.path("scripts").display().to_string();
                let command = format!("set -p fish_complete_path '{scripts}'; complete -C '{line}'");
                self.run(Command::new("fish").args(["--no-config", "-c", &command]))
            }),
            Shell::Zsh => {
                let scripts = self.sample.path("scripts");
                let said = self.run(Command::new("zsh").arg("-f").arg(driver("zsh.zsh")).arg(scripts).args(lines));
                let mut all: Vec<_> = said.split("END\n").map(words).collect();
                all.pop();
                all
            }
        })
    }

    /// Demands that it ends well and that nobody complains.
    fn run(&self, command: &mut Command) -> String {
        let home = self.sample.path("home");
        let path = format!("{}:/usr/bin:/bin", self.sample.path("bin").display());
        command.env_clear().env("HOME", home).env("PATH", path).env("TERM", "dumb").env("LC_ALL", "C.UTF-8");
        let Output { status, stdout, stderr } = command.current_dir(self.sample.path("desk")).output().unwrap();
        let said = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "{command:?}: {said}");
        // What zsh has drawn is no complaint.
        for complaint in ["not found", "nknown", "rror", "annot", "No such", "denied", "invalid"] {
            assert!(!said.contains(complaint), "{command:?}: {said}");
        }
        if command.get_program() != "zsh" {
            assert_eq!(said, "", "{command:?}");
        }
        String::from_utf8_lossy(&stdout).into_owned()
    }
}

fn driver(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/completions").join(name)
}

/// Fish says behind a tab what a word means.
fn words(offered: &str) -> Vec<String> {
    let lines = offered.lines().filter(|line| !line.is_empty());
    lines.map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

/// The IDs among the words.
fn ids(offered: &[String]) -> Vec<&str> {
    offered.iter().map(String::as_str).filter(|word| *word == "latest" || IDS.contains(word)).collect()
}

#[test]
fn commands_options_values_and_files_are_completed() {
    let desk = Desk::new();
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("proxmox-backup ver", &["verify"], &["diff", "--version"]),
        ("proxmox-backup ", &["backup", "restore", "key"], &["complete", "--backup"]),
        ("proxmox-backup --n", &["--no-progress"], &["--newkey"]),
        ("proxmox-backup key ", &["new", "show", "derive", "verify"], &["restore"]),
        ("proxmox-backup key ver", &["verify"], &["new"]),
        ("proxmox-backup verify --al", &["--all", "--allow-gaps"], &["--to"]),
        ("proxmox-backup -q restore --sk", &["--skip-network"], &["--mode"]),
        ("proxmox-backup restore c", &["confirm"], &["timeout"]),
        ("proxmox-backup list --tier ", &["local", "secondary", "cloud"], &["--json"]),
        ("proxmox-backup restore --mode ", &["full", "storage", "base", "custom"], &[]),
        ("proxmox-backup hook enable ", &["vzdump"], &["--job"]),
        ("proxmox-backup completions ", &["bash", "fish", "zsh"], &["--json"]),
        ("proxmox-backup verify --identity k", &["key.txt"], &["scans"]),
        ("proxmox-backup key verify ./f", &["found-backup-20260104-000000.tar.gz"], &["key.txt"]),
        ("proxmox-backup config convert k", &["key.txt"], &["latest"]),
        ("proxmox-config-backup ver", &["verify"], &["diff"]),
    ];
    let lines: Vec<&str> = cases.iter().map(|case| case.0).collect();

    for (shell, offers) in desk.offers(&lines) {
        assert_eq!(offers.len(), cases.len(), "{shell:?}");
        for ((line, wanted, unwanted), offered) in cases.iter().zip(offers) {
            let is_there = |word: &&str| offered.iter().any(|o| o.trim_start_matches("./") == *word);
            assert!(wanted.iter().all(&is_there), "{shell:?}: {line}: {offered:?}");
            assert!(!unwanted.iter().any(is_there), "{shell:?}: {line}: {offered:?}");
        }
    }
}

#[test]
fn a_backup_is_completed_newest_first_or_as_a_file() {
    let desk = Desk::with_backups();
    let all = ["latest", IDS[0], IDS[1], IDS[2]];
    let cases: &[(&str, &[&str])] = &[
        ("proxmox-backup --config CONFIG verify ", &all),
        ("proxmox-backup verify --config CONFIG latest ", &all),
        ("proxmox-backup -c CONFIG show pve1", &all[2..]),
        ("proxmox-backup -c CONFIG diff latest ", &all),
        ("proxmox-backup -c CONFIG diff latest oth", &all[1..2]),
        ("proxmox-backup -c CONFIG diff one two ", &[]),
        ("proxmox-backup -c CONFIG cat --identity key.txt ", &all),
        ("proxmox-backup -c CONFIG cat latest ", &[]),
        ("proxmox-backup -c CONFIG cat --identity ", &[]),
        ("proxmox-backup -c CONFIG restore ", &all),
        ("proxmox-backup -c CONFIG key verify l", &all[..1]),
        ("proxmox-backup -c CONFIG undo ", &[]),
        ("proxmox-config-backup -c CONFIG verify ", &all),
    ];
    let lines: Vec<&str> = cases.iter().map(|case| case.0).collect();
    let before = names_in(&desk.sample.path(""));

    for (shell, offers) in desk.offers(&lines) {
        for ((line, wanted), offered) in cases.iter().zip(&offers) {
            assert_eq!(ids(offered), *wanted, "{shell:?}: {line}: {offered:?}");
        }
        let is_there = |word: &str| offers[0].iter().any(|o| o.trim_end_matches('/') == word);
        assert!(is_there("found-backup-20260104-000000.tar.gz") && is_there("scans"), "{shell:?}: {:?}", offers[0]);
    }
    // No log, no record, no lock.
    assert_eq!(names_in(&desk.sample.path("")), before);
}

#[test]
fn where_nothing_can_be_read_nothing_is_said() {
    let line = ["proxmox-backup -c CONFIG verify ", "proxmox-backup -c CONFIG restore lat"];
    let assert_silent = |desk: &Desk| {
        for (shell, offers) in desk.offers(&line) {
            assert!(offers.iter().all(|offered| ids(offered).is_empty()), "{shell:?}: {offers:?}");
        }
    };

    let broken = Desk::with_backups();
    broken.sample.configure("COMPRESSION_LEVEL=lots\n");
    assert_silent(&broken);

    let no_directory = Desk::new();
    std::fs::write(no_directory.sample.path("backups"), "a file in its place").unwrap();
    assert_silent(&no_directory);

    let no_program = Desk::with_backups();
    for name in ["proxmox-backup", "proxmox-config-backup"] {
        std::fs::remove_file(no_program.sample.path("bin").join(name)).unwrap();
    }
    assert_silent(&no_program);
}

#[test]
fn a_directory_that_hangs_keeps_nobody_from_typing() {
    let desk = Desk::new();
    let (below, point) = (desk.sample.path("below"), desk.sample.path("backups"));
    let Some((_mounted, daemon)) = daemon(&[], &below, &point) else { return };
    let config = desk.sample.path("backup.env");

    daemon.signal("-STOP");
    let started = Instant::now();
    let typed = ["complete", "--", "proxmox-backup", "-c", config.to_str().unwrap(), "verify"];
    let said = desk.sample.run(typed);
    let took = started.elapsed();
    daemon.signal("-CONT");

    assert_eq!((said.status.code(), said.stdout, said.stderr), (Some(0), Vec::new(), Vec::new()));
    // Less than a second on a machine that does nothing else.
    assert!(took < Duration::from_secs(5), "{took:?}");
}
