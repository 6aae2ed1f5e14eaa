//! Whether the installed program is still the one that was installed.
//!
//! Of a package dpkg knows, and is asked. Any other program is compared with the SHA-256 that an
//! earlier run noted in the state directory. Whoever is root can change what is compared with as
//! well: this finds accidents, failing disks and careless hands.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::judge::{Doubt, Finding};
use super::{Touch, places};
use crate::config::ChangedProgram;
use crate::issue::{Issue, Stage};
use crate::system::{
    CommandSpec, FileError, Root, Stat, System, create_private_dir, hash_file, open_file, read_at_most,
    write_atomically,
};

const PACKAGE: &str = "proxmox-config-backup";
/// dpkg's list of the package's files.
const FILES_OF_PACKAGE: &str = "/var/lib/dpkg/info/proxmox-config-backup.list";
/// It hashes the files of one package.
const LIMIT: Duration = Duration::from_secs(20);
/// In the state directory; as `sha256sum` writes it, a line for each program.
const NOTED: &str = "program.sha256";
/// Nobody has more programs than fit into this.
const MOST_BYTES: usize = 64 * 1024;

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Integrity {
    /// As installed, or in nobody's care.
    Right,
    /// Not as installed.
    Wrong(Finding),
    /// There is something to remember.
    New(Note),
    /// It cannot be told.
    Unknown(Issue),
}

/// A program's digest on its way into the state directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    program: PathBuf,
    state: PathBuf,
    text: String,
    what: &'static str,
}

/// A program: its name, and where it can be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Program<'a> {
    pub(super) name: &'a Path,
    pub(super) file: &'a Path,
}

/// Looks at the program that runs, where it is an installed one.
pub(super) fn check_running(state: &Path, changed: ChangedProgram, system: &System) -> Integrity {
    let Some(name) = places::installed_program(&system.root) else { return Integrity::Right };
    let program = Program { name: &name, file: Path::new(places::PROGRAM) };
    check(program, state, changed, system)
}

fn check(program: Program<'_>, state: &Path, changed: ChangedProgram, system: &System) -> Integrity {
    if is_of_package(program.name, &system.root) {
        return check_package(program.name, system);
    }
    match compare(program, state, changed, &system.root) {
        Ok(integrity) => integrity,
        Err(error) => Integrity::Wrong(finding(&error.path, format!("cannot be compared: {}", error.reason()))),
    }
}

fn is_of_package(name: &Path, root: &Root) -> bool {
    let Ok(files) = root.read_text(FILES_OF_PACKAGE) else { return false };
    files.lines().any(|line| is_same(line, name))
}

/// Packages may name a file without the `/usr` that it has been moved to.
fn is_same(listed: &str, name: &Path) -> bool {
    Path::new(listed) == name
        || name.strip_prefix("/usr").is_ok_and(|rest| Path::new("/").join(rest) == Path::new(listed))
}

fn check_package(name: &Path, system: &System) -> Integrity {
    let spec = CommandSpec::new(&["dpkg", "--verify", PACKAGE], LIMIT, MOST_BYTES as u64);
    let answer = system.runner.ask(&spec, &system.cancel);
    // It ends with 1 when something differs.
    if is_changed(&answer.text(), name) {
        let what = format!(
            "is not what the package {PACKAGE} installed (dpkg --verify): `apt reinstall {PACKAGE}` puts it right"
        );
        return Integrity::Wrong(finding(name, what));
    }
    match answer.ended {
        Err(error) if answer.stdout.is_empty() => {
            let reason = format!("cannot be compared with its package: {}: {}", spec.line(), error.reason());
            Integrity::Unknown(Issue::notice(Stage::Preflight, name.display().to_string(), reason))
        }
        _ => Integrity::Right,
    }
}

/// `??5?????? c /path` of a file with another content, `missing /path`.
fn is_changed(output: &str, name: &Path) -> bool {
    output.lines().filter_map(|line| line.split_once(' ')).any(|(what, rest)| {
        let is_other = what == "missing" || what.chars().nth(2) == Some('5');
        is_other && rest.find('/').is_some_and(|at| is_same(&rest[at..], name))
    })
}

fn compare(program: Program<'_>, state: &Path, changed: ChangedProgram, root: &Root) -> Result<Integrity, FileError> {
    let digest = digest(program)?;
    let noted = match read_noted(root, &state.join(NOTED)) {
        Ok(noted) => noted,
        Err(error) => {
            let what = format!("cannot be compared with: {}; without it the program is noted anew", error.reason());
            return Ok(Integrity::Wrong(finding(&error.path, what)));
        }
    };
    let key = program.name.to_string_lossy().escape_debug().to_string();
    let known = noted.lines().find_map(|line| line.split_once("  ").filter(|(_, name)| *name == key));
    let what = match (known, changed) {
        (Some((known, _)), _) if known == digest => return Ok(Integrity::Right),
        (Some(_), ChangedProgram::Refused) => {
            let what = "has changed since its SHA-256 was noted; one run with AUTO_UPDATE_HASHES=true accepts it";
            return Ok(Integrity::Wrong(finding(program.name, what.to_owned())));
        }
        (Some(_), ChangedProgram::Accepted) => "has changed, and AUTO_UPDATE_HASHES accepts it",
        (None, _) => "is of no package",
    };
    let others = noted.lines().filter(|line| line.split_once("  ").is_some_and(|(_, name)| name != key));
    let lines: Vec<String> = others.map(str::to_owned).chain([format!("{digest}  {key}")]).collect();
    let text = format!("{}\n", lines.join("\n"));
    Ok(Integrity::New(Note { program: program.name.to_owned(), state: state.to_owned(), text, what }))
}

fn digest(program: Program<'_>) -> Result<String, FileError> {
    let mut file = open_file(program.file)?;
    let size = Stat::of(&file, program.name)?.size;
    hash_file(&mut file, 0, size, program.name)
}

/// Nothing is noted before the first run.
fn read_noted(root: &Root, path: &Path) -> Result<String, FileError> {
    let file = match root.open_no_symlink(path) {
        Err(error) if error.is_absent() => return Ok(String::new()),
        opened => opened?,
    };
    if let Some(reason) = Stat::of(&file, path)?.reason_against_trust() {
        return Err(FileError::of("believe", path)(std::io::Error::other(reason)));
    }
    Ok(String::from_utf8_lossy(&read_at_most(file, MOST_BYTES, path)?).into_owned())
}

fn finding(path: &Path, what: String) -> Finding {
    Finding { path: path.to_owned(), what, repair: None, doubt: Doubt::None }
}

impl Note {
    /// Writes it down, and says so.
    pub(super) fn keep(&self, touch: Touch) -> Issue {
        let subject = self.program.display().to_string();
        if touch == Touch::DryRun {
            return Issue::notice(Stage::Preflight, subject, format!("{}; its SHA-256 would be noted", self.what));
        }
        let written = create_private_dir(&self.state)
            .and_then(|()| write_atomically(&self.state.join(NOTED), self.text.as_bytes()));
        match written {
            Ok(()) => Issue::notice(Stage::Preflight, subject, format!("{}; its SHA-256 is noted", self.what)),
            Err(error) => Issue::warning(
                Stage::Preflight,
                subject,
                format!("{}; its SHA-256 cannot be noted: {error}", self.what),
            ),
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;
    use crate::system::{Recorded, Runner};
    use std::os::unix::fs::PermissionsExt;

    const NAME: &str = "/usr/sbin/proxmox-backup";

    /// A machine below `root`, where answers of programs lie in `commands`.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new(files: &[(&str, &str)]) -> Self {
            let machine = Self(tempfile::tempdir().unwrap());
            for (path, text) in files.iter().chain(&[("program", "one"), ("state/x", ""), ("commands/x", "")]) {
                let path = machine.at(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            machine
        }

        fn at(&self, path: &str) -> PathBuf {
            self.0.path().join(path)
        }

        fn check(&self, changed: ChangedProgram) -> Integrity {
            let runner = Runner::Recorded(Recorded::new(self.at("commands")));
            let root = if self.at("var").exists() { Root::at(self.0.path()) } else { Root::live() }.unwrap();
            let system = System::new(root, runner);
            let (name, file) = (Path::new(NAME), self.at("program"));
            check(Program { name, file: &file }, &self.at("state"), changed, &system)
        }
    }

    #[test]
    fn a_program_of_no_package_is_noted_and_a_change_is_refused_or_accepted() {
        let machine = Machine::new(&[]);
        let Integrity::New(first) = machine.check(ChangedProgram::Refused) else { panic!("not new") };
        assert!(
            first.keep(Touch::DryRun).reason.contains("would be noted") && !machine.at("state/program.sha256").exists()
        );
        first.keep(Touch::Really);
        let noted = std::fs::metadata(machine.at("state/program.sha256")).unwrap();
        assert_eq!(noted.permissions().mode() & 0o7777, 0o600);
        assert_eq!(machine.check(ChangedProgram::Refused), Integrity::Right);

        std::fs::write(machine.at("program"), "two").unwrap();
        let Integrity::Wrong(finding) = machine.check(ChangedProgram::Refused) else { panic!("not found") };
        assert!(finding.what.contains("AUTO_UPDATE_HASHES"), "{finding}");
        let Integrity::New(accepted) = machine.check(ChangedProgram::Accepted) else { panic!("not accepted") };
        assert!(accepted.keep(Touch::Really).reason.contains("AUTO_UPDATE_HASHES accepts it"));
        assert_eq!(machine.check(ChangedProgram::Refused), Integrity::Right);
        assert_eq!(std::fs::read_to_string(machine.at("state/program.sha256")).unwrap().lines().count(), 1);
    }

    #[test]
    fn what_others_could_have_noted_is_not_believed() {
        let machine = Machine::new(&[("state/program.sha256", "nonsense\n")]);
        let file = machine.at("state/program.sha256");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
        let Integrity::Wrong(finding) = machine.check(ChangedProgram::Accepted) else { panic!("believed") };
        assert_eq!(finding.path, file);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(machine.check(ChangedProgram::Refused), Integrity::New(_)));
    }

    #[test]
    fn a_program_of_a_package_is_what_dpkg_says() {
        let list = ("var/lib/dpkg/info/proxmox-config-backup.list", "/.\n/usr/sbin\n/usr/sbin/proxmox-backup\n");
        let command = "commands/dpkg --verify proxmox-config-backup";
        for (answer, exit, is_right) in [
            ("", "0", true),
            ("??5?????? c /etc/proxmox-config-backup/backup.env\n", "1", true),
            ("??5??????   /usr/sbin/proxmox-backup\n", "1", false),
            ("??5??????   /usr/sbin/proxmox-backup\n", "0", false),
            ("missing     /sbin/proxmox-backup\n", "1", false),
            ("?????????   /usr/sbin/proxmox-backup\n\n??5\n", "0", true),
        ] {
            let exit_file = format!("{command}.exit");
            let machine = Machine::new(&[list, (command, answer), (exit_file.as_str(), exit)]);
            let integrity = machine.check(ChangedProgram::Accepted);
            assert_eq!(matches!(integrity, Integrity::Right), is_right, "{answer}: {integrity:?}");
            assert_eq!(matches!(integrity, Integrity::Wrong(_)), !is_right, "{answer}: {integrity:?}");
        }
        let without_dpkg = Machine::new(&[list]).check(ChangedProgram::Accepted);
        assert!(matches!(without_dpkg, Integrity::Unknown(_)), "{without_dpkg:?}");
    }
}
