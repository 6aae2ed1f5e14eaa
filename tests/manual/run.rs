//! Runs commands of the page as printed, in one shell, and tells which of them ran.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use proxmox_backup::system::FIXED_PATH;

use super::page::Step;
use crate::keys::Terminal;
use crate::scene::Scene;

/// Where the page lets its reader set variables.
const NAMES: &str = "Names";

/// What a reader does: the parts that concern the backup, the comments that fit it, the names.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) parts: &'a [&'a str],
    pub(super) comments: &'a [&'a str],
}

impl Reading<'_> {
    pub(super) fn takes(&self, step: &Step) -> bool {
        let is_meant = |comment: &String| self.comments.contains(&comment.as_str());
        self.parts.contains(&step.part.as_str()) && step.only_for.as_ref().is_none_or(is_meant)
    }
}

/// A directory for the shell's files, with the values of the names.
pub(super) struct Desk {
    dir: tempfile::TempDir,
    names: BTreeMap<&'static str, PathBuf>,
    /// What happens on the machine before a command, by its beginning.
    arranged: Vec<(&'static str, &'static str)>,
}

impl Desk {
    /// `BUNDLE` is this; `KEY`, `WORK` and `TARGET` lie on the desk.
    pub(super) fn of(bundle: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut names = BTreeMap::from([("BUNDLE", bundle.to_owned())]);
        for (name, file) in [("KEY", "key.txt"), ("WORK", "work"), ("TARGET", "target")] {
            names.insert(name, dir.path().join(file));
        }
        std::fs::create_dir(dir.path().join("target")).unwrap();
        Self { dir, names, arranged: Vec::new() }
    }

    /// A host that runs: its own root is the target.
    pub(super) fn on_host(bundle: &Path) -> Self {
        let mut desk = Self::of(bundle);
        desk.names.insert("TARGET", PathBuf::from("/"));
        desk.names.remove("WORK");
        desk
    }

    pub(super) fn arranged(mut self, before: &'static str, what: &'static str) -> Self {
        self.arranged.push((before, what));
        self
    }

    pub(super) fn at(&self, name: &str) -> &Path {
        &self.names[name]
    }

    /// What was unpacked.
    pub(super) fn file(&self, path: &str) -> PathBuf {
        self.at("WORK").join("files").join(path)
    }

    /// The commands as printed, each followed by a line that notes it.
    fn script(&self, steps: &[&Step]) -> PathBuf {
        let mut text = String::new();
        for step in steps {
            text.extend(
                self.arranged.iter().filter(|(before, _)| step.text.starts_with(before)).map(|(_, what)| *what),
            );
            text.push_str(&self.with_names(step));
            let _ = writeln!(text, "echo {} $? >&9", step.number);
        }
        let path = self.dir.path().join("script");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Only the lines that the page tells its reader to set.
    fn with_names(&self, step: &Step) -> String {
        let set = step.text.split_once('=').filter(|_| step.part == NAMES);
        let value = set.and_then(|(name, _)| Some((name, self.names.get(name)?)));
        value.map_or(step.text.clone(), |(name, value)| format!("{name}='{}'\n", value.display()))
    }

    fn ran_file(&self) -> PathBuf {
        self.dir.path().join("ran")
    }

    /// Each of them must have run, and succeeded: `-e` does not end a shell for `! command`.
    fn ran(&self, output: &Output, steps: &[&Step]) -> BTreeSet<usize> {
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let text = std::fs::read_to_string(self.ran_file()).unwrap_or_default();
        let noted: Vec<&str> = text.lines().collect();
        for (at, step) in steps.iter().enumerate() {
            let done = format!("{} 0", step.number);
            assert_eq!(noted.get(at).copied(), Some(done.as_str()), "{}: {}{said}", step.part, step.text);
        }
        assert_eq!(noted.len(), steps.len());
        assert!(output.status.success(), "{said}");
        steps.iter().map(|step| step.number).collect()
    }

    /// In a plain shell.
    pub(super) fn run(&self, steps: &[&Step]) -> (BTreeSet<usize>, String) {
        let output = self.try_run(steps);
        (self.ran(&output, steps), String::from_utf8(output.stdout).unwrap())
    }

    /// The same, where a command is to fail.
    pub(super) fn try_run(&self, steps: &[&Step]) -> Output {
        let mut shell = Command::new("sh");
        shell.args(["-c", "exec sh -e \"$0\" 9>\"$1\""]).arg(self.script(steps)).arg(self.ran_file());
        self.bare(&mut shell, FIXED_PATH)
    }

    /// On a terminal where somebody types the passphrase; `None` where there is none.
    pub(super) fn run_typing(&self, steps: &[&Step], passphrase: &str) -> Option<BTreeSet<usize>> {
        let programs = Path::new(env!("CARGO_BIN_EXE_proxmox-backup")).parent().unwrap();
        let (script, ran) = (self.script(steps), self.ran_file());
        let line = format!(
            "cd / && env -i PATH='{}:/usr/bin:/bin' sh -e '{}' 9>'{}'",
            programs.display(),
            script.display(),
            ran.display()
        );
        let mut terminal = Terminal::with_line(&line, self.dir.path(), &[])?;
        terminal.answer("Passphrase: ", &format!("{passphrase}\n"));
        let (code, screen) = terminal.end();
        let status = std::os::unix::process::ExitStatusExt::from_raw(code.unwrap() << 8);
        Some(self.ran(&Output { status, stdout: screen.into_bytes(), stderr: Vec::new() }, steps))
    }

    /// As root of the scene's host, whose cluster file system runs where it ran.
    pub(super) fn run_on(&self, scene: &Scene, steps: &[&Step]) -> (BTreeSet<usize>, String) {
        let view = self.dir.path().join("view");
        std::fs::create_dir_all(&view).unwrap();
        let script = self.script(steps);
        let has_cluster = scene.is_mounted();
        // A mount belongs to the namespace in which its program started.
        if has_cluster {
            scene.done(&["systemctl", "stop", "pve-cluster"]);
            let start = "systemctl start pve-cluster\n";
            std::fs::write(&script, format!("{start}{}", std::fs::read_to_string(&script).unwrap())).unwrap();
        }
        scene.forget_calls();
        let mut shell = Command::new("unshare");
        shell.args(["--mount", "--uts", "--propagation", "private", "sh"]);
        shell.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/manual/enter.sh"));
        shell.arg(scene.root()).arg(view).arg(script).arg(self.ran_file());
        let output = self.bare(&mut shell, &scene.search_path());
        let ran = self.ran(&output, steps);
        if has_cluster {
            let calls = scene.calls();
            scene.done(&["systemctl", "stop", "pve-cluster"]);
            scene.done(&["systemctl", "start", "pve-cluster"]);
            std::fs::write(scene.path("calls"), calls[1..].join("\n") + "\n").unwrap();
        }
        (ran, String::from_utf8(output.stdout).unwrap())
    }

    fn bare(&self, shell: &mut Command, path: &str) -> Output {
        shell.env_clear().env("PATH", path).env("LC_ALL", "C.UTF-8").current_dir(self.dir.path());
        shell.stdin(Stdio::null()).output().unwrap()
    }
}
