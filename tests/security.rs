//! Owners, modes and private keys before a run, on this machine: the built program looks at places
//! of a temporary directory. Needs root, because without it the program protects nobody.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::sample::names_in;

/// Ends a run after the security checks and before anything is made.
pub(crate) const NO_ROOM: &str = "MIN_DISK_SPACE_PRIMARY_GB=99999999\n";
const KEY: &str = "AGE-SECRET-KEY-1SZWR755Q29L2PMLPV4Q2JCQ82780DT7ZLYPK5YYDYA6USYNZSDLS5U9C9U\n";

/// `backup.env`, `age/recipients.txt`, `run`, `state`, all as they should be.
pub(crate) struct Places(tempfile::TempDir);

impl Places {
    /// `None` where this cannot be tested.
    pub(crate) fn new(lines: &str) -> Option<Self> {
        let places = Self(tempfile::tempdir().unwrap());
        if std::fs::metadata(places.0.path()).unwrap().uid() != 0 {
            eprintln!("SKIPPED: needs root");
            return None;
        }
        for dir in ["age", "run", "state"] {
            std::fs::create_dir(places.at(dir)).unwrap();
            places.set(dir, 0o700);
        }
        places.write("age/recipients.txt", "");
        places.configure(lines);
        Some(places)
    }

    pub(crate) fn configure(&self, lines: &str) {
        let at = |name: &str| self.at(name).display().to_string();
        let text = format!(
            "BACKUP_PATH={}\nLOG_PATH={}\nLOCK_PATH={}\nAGE_RECIPIENT_FILE={}\n{lines}",
            at("backups"),
            at("logs"),
            at("run"),
            at("age/recipients.txt")
        );
        self.write("backup.env", &text);
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.at(name), text).unwrap();
        self.set(name, 0o600);
    }

    fn set(&self, name: &str, mode: u32) {
        std::fs::set_permissions(self.at(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.at(name)).unwrap().mode() & 0o7777
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_program(Path::new(env!("CARGO_BIN_EXE_proxmox-backup")), arguments)
    }

    pub(crate) fn run_program(&self, program: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.arg("--config").arg(self.at("backup.env")).args(arguments).env_clear();
        command.env("RUNTIME_DIRECTORY", self.at("run")).env("STATE_DIRECTORY", self.at("state"));
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").output().unwrap()
    }

    /// Demands this exit code and these words; gives all that was said.
    pub(crate) fn expect(&self, code: i32, arguments: &[&str], words: &[&str]) -> String {
        let output = self.run(arguments);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{arguments:?}: `{word}` is not in: {said}");
        }
        said
    }
}

pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

const LOOSE: [(&str, u32); 5] =
    [("backup.env", 0o644), ("age", 0o755), ("age/recipients.txt", 0o644), ("state", 0o755), ("run", 0o750)];

fn loosen(places: &Places) {
    for (name, mode) in LOOSE {
        places.set(name, mode);
    }
}

#[test]
fn what_is_ours_and_too_open_is_repaired_and_said() {
    let Some(places) = Places::new(NO_ROOM) else { return };
    loosen(&places);

    let said = places.expect(4, &["backup"], &["Repaired owner or mode of 5 place(s)", "Insufficient disk space"]);

    for (name, _) in LOOSE {
        let wanted = if places.at(name).is_dir() { 0o700 } else { 0o600 };
        assert_eq!(places.mode(name), wanted, "{name}");
        assert!(said.contains(&format!("{}: others can read it", places.at(name).display())), "{name}: {said}");
    }
    places.expect(4, &["backup"], &["places are as they should be"]);
}

#[test]
fn a_check_and_a_dry_run_say_what_would_be_repaired_and_change_nothing() {
    let Some(places) = Places::new("MIN_DISK_SPACE_PRIMARY_GB=0\n") else { return };
    loosen(&places);
    for arguments in [&["check"][..], &["backup", "--dry-run"]] {
        places.expect(0, arguments, &["Would repair owner or mode of 5 place(s)", "would be repaired: owner root"]);
        for (name, mode) in LOOSE {
            assert_eq!(places.mode(name), mode, "{name}");
        }
    }
    assert_eq!(names_in(&places.at("state")), Vec::<String>::new());
}

#[test]
fn without_repairs_the_run_ends_with_14_and_every_place_is_named() {
    let Some(places) = Places::new("AUTO_FIX_PERMISSIONS=false\n") else { return };
    loosen(&places);
    for arguments in [&["backup"][..], &["check"], &["backup", "--dry-run"]] {
        let said = places.expect(14, arguments, &["security check failed", "AUTO_FIX_PERMISSIONS"]);
        for (name, mode) in LOOSE {
            assert!(said.contains(&format!("{}: others can read it", places.at(name).display())), "{name}: {said}");
            assert_eq!(places.mode(name), mode, "{name}");
        }
    }
    assert!(!places.at("backups").exists());
}

#[test]
fn a_finding_can_be_a_warning_and_the_check_can_be_switched_off() {
    let Some(places) = Places::new("AUTO_FIX_PERMISSIONS=false\nCONTINUE_ON_SECURITY_ISSUES=true\n") else { return };
    let go_on = "AUTO_FIX_PERMISSIONS=false\nMIN_DISK_SPACE_PRIMARY_GB=0\n";
    places.configure(&format!("{go_on}CONTINUE_ON_SECURITY_ISSUES=true\n"));
    loosen(&places);
    places.set("backup.env", 0o644);
    places.expect(1, &["check"], &["others can read it"]);

    places.configure(&format!("{go_on}SECURITY_CHECK_ENABLED=false\n"));
    let said = places.expect(0, &["check"], &[]);
    assert!(!said.contains("others can read it"), "{said}");
}

#[test]
fn a_private_key_among_the_key_files_ends_the_run_unless_told_to_go_on() {
    let Some(places) = Places::new(NO_ROOM) else { return };
    let ssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n";
    let pem = "# mine\n-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n";
    for (text, kind) in [(KEY, "an age private key"), (ssh, "an OpenSSH private key"), (pem, "a PEM private key")] {
        places.configure(NO_ROOM);
        places.write("age/old-notes", text);
        let told = places.expect(14, &["backup"], &["age/old-notes: holds", kind, "move it off this machine"]);
        assert!(!told.contains(text.lines().last().unwrap()), "a key is shown: {told}");
        places.expect(14, &["check"], &[kind]);

        places.configure(&format!("{NO_ROOM}CONTINUE_ON_SECURITY_ISSUES=true\n"));
        places.expect(4, &["backup"], &[kind, "Insufficient disk space"]);
    }
}

#[test]
fn a_private_key_in_the_recipients_file_of_a_foreign_directory_is_found_and_the_directory_left_alone() {
    let Some(places) = Places::new(NO_ROOM) else { return };
    std::fs::create_dir(places.at("ssh")).unwrap();
    places.set("ssh", 0o755);
    places.write("ssh/keys", "");
    places.set("ssh/keys", 0o644);
    let line = format!("{NO_ROOM}AGE_RECIPIENT_FILE={}\n", places.at("ssh/keys").display());
    places.configure(&line);

    places.expect(4, &["backup"], &["places are as they should be"]);
    assert_eq!((places.mode("ssh"), places.mode("ssh/keys")), (0o755, 0o644));

    places.write("ssh/id", KEY);
    places.expect(14, &["backup"], &["ssh/id: holds an age private key"]);
    std::fs::remove_file(places.at("ssh/id")).unwrap();
    places.set("ssh", 0o777);
    places.expect(14, &["backup"], &["ssh: others can change it (mode 0777)"]);
    assert_eq!(places.mode("ssh"), 0o777);
}

#[test]
fn symlinks_are_not_followed() {
    let Some(places) = Places::new(NO_ROOM) else { return };
    std::fs::rename(places.at("age"), places.at("elsewhere")).unwrap();
    places.set("elsewhere", 0o755);
    symlink(places.at("elsewhere"), places.at("age")).unwrap();
    places.expect(14, &["backup"], &["age: is a symlink"]);
    assert_eq!(places.mode("elsewhere"), 0o755);

    // A link inside the key directory, and a file of two names.
    std::fs::remove_file(places.at("age")).unwrap();
    std::fs::rename(places.at("elsewhere"), places.at("age")).unwrap();
    std::fs::write(places.at("precious"), "x").unwrap();
    places.set("precious", 0o644);
    symlink(places.at("precious"), places.at("age/link")).unwrap();
    places.expect(4, &["backup"], &["Repaired"]);
    assert_eq!(places.mode("precious"), 0o644);
    std::fs::hard_link(places.at("precious"), places.at("age/second")).unwrap();
    places.expect(14, &["backup"], &["age/second", "cannot be repaired"]);
    assert_eq!(places.mode("precious"), 0o644);
}

#[test]
fn keys_of_another_user_become_roots_with_a_warning() {
    let Some(places) = Places::new(NO_ROOM) else { return };
    chown(places.at("age/recipients.txt"), Some(1234), Some(1234)).unwrap();
    places.expect(4, &["backup"], &["belongs to user 1234", "repaired: owner root", "still yours"]);
    let meta = std::fs::metadata(places.at("age/recipients.txt")).unwrap();
    assert_eq!((meta.uid(), meta.gid()), (0, 0));
}

#[test]
fn a_program_that_others_can_change_is_refused_and_not_touched() {
    let Some(places) = Places::new(NO_ROOM) else { return };
    // Only an installed program is judged.
    let installed = tempfile::tempdir_in("/usr/local").unwrap();
    let program = installed.path().join("program");
    std::fs::copy(env!("CARGO_BIN_EXE_proxmox-backup"), &program).unwrap();
    let mode = || std::fs::metadata(&program).unwrap().mode() & 0o7777;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o775)).unwrap();
    // Also for another machine's disk.
    std::fs::create_dir(places.at("root")).unwrap();
    let root = places.at("root").display().to_string();
    for arguments in [&["backup"][..], &["--root", &root, "backup"]] {
        let output = places.run_program(&program, arguments);
        assert_eq!(output.status.code(), Some(14), "{}", said(&output));
        assert!(said(&output).contains("program: others can change it (mode 0775)"), "{}", said(&output));
    }
    assert_eq!(mode(), 0o775);
}

#[test]
fn the_server_gets_one_number_which_check_and_report_show() {
    let Some(places) = Places::new("MIN_DISK_SPACE_PRIMARY_GB=0\nBACKUP_BLACKLIST=/*\n") else {
        return;
    };
    places.expect(0, &["check"], &["Server identity: "]);
    assert!(!places.at("state/server-identity").exists());

    let mut numbers = Vec::new();
    for _ in 0..2 {
        let output = places.run(&["--json", "backup"]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        numbers.push(report["server_id"].as_str().unwrap().to_owned());
    }

    let stored = std::fs::read_to_string(places.at("state/server-identity")).unwrap();
    assert_eq!(numbers, [stored.trim(), stored.trim()]);
    assert!(stored.trim().len() == 16 && stored.trim().bytes().all(|byte| byte.is_ascii_digit()), "{stored}");
    assert_eq!(places.mode("state/server-identity"), 0o600);
    places.expect(0, &["check"], &[&format!("Server identity: {}", stored.trim())]);
}

#[test]
fn a_workspace_is_kept_until_the_next_run_and_never_beside_encryption() {
    let sample = crate::sample::Sample::host("pve-8-single");
    let kept =
        || -> Vec<String> { names_in(&sample.path("run")).into_iter().filter(|n| n.starts_with("work")).collect() };
    sample.configure("KEEP_WORKSPACE=true\n");
    sample.expect(0, &["backup"]);
    let [first] = &kept()[..] else { panic!("{:?}", kept()) };
    let inside = names_in(&sample.path("run").join(first));
    assert!(inside.iter().any(|name| name.starts_with("database")), "{inside:?}");
    sample.expect(0, &["backup"]);
    assert_eq!(kept().len(), 1);
    assert_ne!(&kept()[0], first);

    let recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    sample.configure(&format!("KEEP_WORKSPACE=true\nENCRYPT_ARCHIVE=true\nAGE_RECIPIENT={recipient}\n"));
    let output = sample.run(["backup"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("KEEP_WORKSPACE"), "{}", said(&output));
    assert_eq!(kept(), Vec::<String>::new());
}
