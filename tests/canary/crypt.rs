//! Secrets of the host, of keys and of rclone, through backups on three tiers and all that reads them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Aviary, home_of_secrets, private_file, program_with, sha256};
use crate::sample::{Sample, files_in, names_in, skip};

const PUBLIC: &str = "age1dyplrm9myjlha9f8ndx3t5v8yj28ullcw5le0nw6w35jak92jp9q4n2r7q";
const PRIVATE: &str = "AGE-SECRET-KEY-1SZWR755Q29L2PMLPV4Q2JCQ82780DT7ZLYPK5YYDYA6USYNZSDLS5U9C9U";
const OTHER_PRIVATE: &str = "AGE-SECRET-KEY-1NQ9G325TX63D5WLGPHPFK9PTXHC0MYFTU6W9Z5M6684FSFQQYDDQDR4CJ2";
const PASSPHRASE: &str = "Quartz-Lantern-58-Meadow";

/// Files of the host that hold a secret, as their owners write them.
const ON_THE_HOST: [(&str, &str); 8] = [
    ("/etc/pve/priv/token.cfg", "root@pam!canary CANARY\n"),
    ("/etc/pve/priv/storage/nas.pw", "password=CANARY\n"),
    ("/etc/pve/priv/shadow.cfg", "CANARY"),
    ("/etc/shadow", "root:$y$j9T$CANARY:20000:0:99999:7:::\n"),
    ("/etc/cron.d/job", "@daily root curl -u me:CANARY https://h\n"),
    ("/etc/network/interfaces", "auto lo\niface lo inet loopback\n\twpa-psk CANARY\n"),
    ("/etc/pve/storage.cfg", "dir: local\n\tpath CANARY\n\tbroken line CANARY\nCANARY\n"),
    ("/root/.bashrc", "export TOKEN=CANARY\n"),
];

/// A host with secrets, three tiers, and everything that a run may be given in secret.
struct Farm {
    sample: Sample,
    aviary: Aviary,
    /// In variables of rclone, which its process gets.
    of_rclone: Aviary,
    variables: Vec<(String, String)>,
    lines: String,
}

impl Farm {
    fn new(more: &str) -> Option<Self> {
        let sample = Sample::host("pve-8-single");
        let (mut aviary, mut of_rclone) = (Aviary::default(), Aviary::default());
        let database = rusqlite::Connection::open(sample.root().join("var/lib/pve-cluster/config.db")).unwrap();
        for (path, content) in ON_THE_HOST {
            let content = content.replace("CANARY", &aviary.hatch(path));
            let name = path.rsplit('/').next().unwrap();
            database
                .execute("UPDATE tree SET data = ?1 WHERE name = ?2", rusqlite::params![content.as_bytes(), name])
                .unwrap();
            aviary.add(&format!("digest of {path}"), &sha256(&content));
            sample.plant(path, content);
        }
        drop(database);

        let mut rclone = |name: &str| {
            let canary = aviary.hatch(name);
            of_rclone.add(name, &canary);
            canary
        };
        let (pass, flag, apart, login) = (rclone("variable"), rclone("flag"), rclone("flag apart"), rclone("login"));
        let mut token = |name: &str| aviary.hatch(name);
        let cloud = sample.path("cloud").display().to_string();
        let variables = [
            ("RCLONE_CONFIG", "/dev/null".to_owned()),
            ("RCLONE_CONFIG_BOX_TYPE", "alias".to_owned()),
            ("RCLONE_CONFIG_BOX_REMOTE", cloud),
            ("RCLONE_CONFIG_BOX_PASS", pass),
            ("PROXMOX_BACKUP_TELEGRAM_BOT_TOKEN", token("variable with prefix")),
            ("TELEGRAM_BOT_TOKEN", token("bare variable")),
            ("SOME_SECRET", token("somebody's variable")),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let lines = format!(
            "COMPRESSION_TYPE=none\nSECONDARY_ENABLED=true\nSECONDARY_PATH={}\nSECONDARY_LOG_PATH={}\n\
             CLOUD_ENABLED=true\nCLOUD_REMOTE=box:pve\nCLOUD_LOG_PATH=logs\nRCLONE_RETRIES=0\nGOTIFY_TOKEN={}\n\
             RCLONE_FLAGS=\"--checkers=2 --sftp-pass={flag} --s3-secret-access-key {apart} \
             --webdav-url=https://me:{login}@h/x\"\nAGE_RECIPIENT_FILE={}\n{more}",
            sample.path("second").display(),
            sample.path("second-logs").display(),
            token("file"),
            sample.path("age/recipients.txt").display(),
        );
        sample.configure(&lines);
        if Command::new("rclone").arg("version").output().is_err() {
            skip("rclone is not installed");
            return None;
        }
        Some(Self { sample, aviary, of_rclone, variables, lines })
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut program = program_with(&self.sample, "backup.env", arguments);
        program.envs(self.variables.iter().map(|(name, value)| (name, value)));
        program
    }

    /// Runs it, demands silence, and gives what was said.
    fn hear(&self, arguments: &[&str]) -> (i32, String) {
        self.hear_fed(arguments, "")
    }

    /// The same, with something to read.
    fn hear_fed(&self, arguments: &[&str], input: &str) -> (i32, String) {
        let file = self.sample.path("secrets/stdin");
        private_file(&file, input);
        let input = std::fs::File::open(file).unwrap();
        self.heard(arguments, &self.program(arguments).stdin(input).output().unwrap())
    }

    fn heard(&self, arguments: &[&str], output: &Output) -> (i32, String) {
        self.aviary.assert_silent_command(output, &format!("{arguments:?}"));
        let said = String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned();
        (output.status.code().unwrap_or(-1), said)
    }

    /// Demands that it went well, warnings aside.
    fn hear_well(&self, arguments: &[&str]) -> String {
        let (code, said) = self.hear(arguments);
        assert!(code <= 1, "{arguments:?}: {code}: {said}");
        said
    }

    fn hear_fail(&self, arguments: &[&str], why: &str) {
        let (code, said) = self.hear(arguments);
        assert!(code > 1 && said.contains(why), "{arguments:?}: {code}: {said}");
    }

    fn secret(&self, name: &str, text: &str) -> String {
        private_file(&self.sample.path("secrets").join(name), text)
    }

    /// Nothing on the disk sings, but in the files that `is_archive` names.
    fn assert_disk_is_silent(&self, is_archive: &dyn Fn(&Path) -> bool) {
        let is_home = home_of_secrets(&self.sample);
        let seen = self.aviary.assert_silent_below(&self.sample.path(""), &|path| is_home(path) || is_archive(path));
        assert!(seen > 3, "{seen} files");
        assert_eq!(self.sample.left_in_run_dir(), Vec::<String>::new());
        assert_eq!(names_in(&self.sample.path("tmp")), Vec::<String>::new());
    }
}

/// The archive itself, or the bundle it lies in.
fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "tar")
}

#[test]
fn a_clear_backup_holds_the_secrets_of_the_host_and_nothing_beside_it_does() {
    let Some(mut farm) = Farm::new("BUNDLE_ASSOCIATED_FILES=false\n") else { return };
    farm.hear_well(&["backup", "-vv"]);
    farm.hear_well(&["backup", "--json", "-d", "5"]);
    for dir in ["backups", "second", "cloud/pve"] {
        let names = names_in(&farm.sample.path(dir));
        assert!(
            names.iter().filter(|name| is_archive(Path::new(name))).count() == 2 && names.len() >= 8,
            "{dir}: {names:?}"
        );
    }
    for dir in ["logs", "second-logs", "cloud/logs"] {
        assert!(!names_in(&farm.sample.path(dir)).is_empty(), "{dir} is looked at too");
    }
    farm.assert_disk_is_silent(&is_archive);
    // What is hidden from all is in the archive.
    let archive = files_in(&farm.sample.path("cloud/pve")).into_iter().find(|path| is_archive(path)).unwrap();
    let kept =
        farm.aviary.heard_in(&std::fs::read(archive).unwrap()).into_iter().map(str::to_owned).collect::<Vec<_>>();
    for (path, _) in ON_THE_HOST {
        assert!(kept.iter().any(|of| of == path), "{path}: {kept:?}");
    }
    assert!(!kept.iter().any(|of| farm.of_rclone.0.iter().any(|canary| &canary.of == of)), "{kept:?}");

    let to = farm.sample.path("secrets/to").display().to_string();
    let one = ["extract", "latest", "/etc/hostname", "--to", &to];
    let commands: [&[&str]; 13] = [
        &["check", "-d", "5"],
        &["backup", "--dry-run", "-vv"],
        &["list", "--json"],
        &["show", "latest", "-vv"],
        &["show", "latest", "--json"],
        &["ls", "latest", "-d", "5"],
        &["ls", "latest", "--json"],
        &["cat", "latest", "/etc/hostname"],
        &one,
        &["verify", "--all", "-vv"],
        &["verify", "latest", "--json"],
        &["prune", "-vv"],
        &["config", "show", "--json"],
    ];
    for arguments in commands {
        farm.hear_well(arguments);
    }
    // A new secret in place of the old one: told, not shown.
    for (path, content) in ON_THE_HOST {
        let content = content.replace("CANARY", &farm.aviary.hatch(&format!("new {path}")));
        if path.contains("/priv/") || path == "/etc/shadow" {
            farm.sample.plant(path, content);
        }
    }
    for arguments in [&["diff", "--content", "-vv"][..], &["diff", "--content", "--json"], &["diff", "--live"]] {
        let (_, said) = farm.hear(arguments);
        assert!(said.contains("/etc/pve/priv/token.cfg"), "{said}");
    }
    farm.hear_well(&["backup", "-q"]);
    let (_, said) = farm.hear(&["diff", "latest", "--content", "--json"]);
    assert!(!said.is_empty());
    farm.assert_disk_is_silent(&is_archive);
}

#[test]
fn an_encrypted_backup_shows_no_secret_to_anybody() {
    let Some(mut farm) = Farm::new("ENCRYPT_ARCHIVE=true\nDEBUG_LEVEL=5\n") else { return };
    let signing = farm.secret("none", "").replace("none", "signing.pem");
    let key = farm.secret("identity", &format!("# mine\n{PRIVATE}\n"));
    let passphrase = farm.secret("passphrase", &format!("{PASSPHRASE}\n"));
    farm.aviary.add("identity", PRIVATE);
    farm.aviary.add("other identity", OTHER_PRIVATE);
    farm.aviary.add("passphrase", PASSPHRASE);
    farm.hear_well(&["key", "new", "--signing", "--output", &signing, "-vv"]);
    let body = std::fs::read_to_string(&signing).unwrap();
    farm.aviary.add("signing key", body.lines().nth(1).unwrap());
    farm.hear_well(&["key", "new", "--recipient", PUBLIC, "--passphrase-file", &passphrase, "--json"]);
    let (code, said) = farm.hear_fed(&["key", "derive", "--passphrase-file", "-", "--json"], PASSPHRASE);
    assert_eq!(code, 0, "{said}");
    let derived =
        farm.program(&["key", "derive", "--passphrase-file", &passphrase, "--yes-show-private"]).output().unwrap();
    let derived = String::from_utf8(derived.stdout).unwrap();
    let derived = derived.split_whitespace().find(|word| word.starts_with("AGE-SECRET-KEY-1")).unwrap().to_owned();
    farm.aviary.add("derived key", &derived);
    farm.sample.configure(&format!("{}SIGN_KEY={signing}\n", farm.lines));
    farm.hear_well(&["key", "derive", "--passphrase-file", &passphrase, "-vv"]);
    farm.hear_well(&["key", "show", "-vv"]);
    farm.hear_well(&["key", "show", "--json"]);

    farm.hear_well(&["backup", "-vv"]);
    farm.hear_well(&["backup", "--json"]);
    for dir in ["backups", "second", "cloud/pve"] {
        assert!(names_in(&farm.sample.path(dir)).len() >= 2, "{dir}");
    }
    farm.assert_disk_is_silent(&|_| false);

    let to = farm.sample.path("secrets/to").display().to_string();
    farm.hear_well(&["key", "verify", "-vv", "--passphrase-file", &passphrase]);
    farm.hear_well(&["verify", "latest", "--json", "-d", "5", "--identity", &key]);
    farm.hear_well(&["cat", "latest", "/etc/hostname", "--identity", &key]);
    for arguments in [
        &["ls", "latest", "--json"][..],
        &["extract", "latest", "/etc/hostname", "--to", &to, "-vv"],
        &["decrypt", "latest", "--to", &to, "-vv"],
        &["diff", "--content", "-vv"],
    ] {
        let (code, said) = farm.hear_fed(&[arguments, &["--identity", "-"]].concat(), PRIVATE);
        assert!(code <= 1 || arguments[0] == "diff", "{arguments:?}: {said}");
    }
    farm.assert_fails_silently();
    farm.assert_disk_is_silent(&|_| false);
}

impl Farm {
    /// Keys that are wrong, broken, not there, or in the place of another.
    fn assert_fails_silently(&self) {
        let open = |option: &str, file: &str, why: &str| {
            self.hear_fail(&["cat", "latest", "/etc/shadow", option, file, "-vv"], why);
        };
        let half = &PRIVATE[..PRIVATE.len() - 8];
        for (name, text) in [
            ("other", OTHER_PRIVATE.to_owned()),
            ("half", half.to_owned()),
            ("twisted", PRIVATE.replace("Q29L", "Q28L")),
            ("commented", format!("key: {PRIVATE}")),
            ("quoted", format!("\"{PRIVATE}\"")),
            ("a passphrase", PASSPHRASE.to_owned()),
            ("pem", format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{PASSPHRASE}\n-----END OPENSSH PRIVATE KEY-----\n")),
            ("empty", String::new()),
        ] {
            open("--identity", &self.secret(name, &text), "");
        }
        let (code, said) = self.hear_fed(&["verify", "latest", "--identity", "-"], half);
        assert!(code > 1, "{said}");
        open("--identity", &self.sample.path("secrets").display().to_string(), "");
        open("--identity", "/nowhere", "");
        open("--passphrase-file", &self.secret("wrong", &format!("{PASSPHRASE}.")), "");
        self.hear_fail(&["key", "new", "--recipient", PRIVATE], "");
        self.hear_fail(&["key", "new", "--passphrase-file", &self.secret("weak", &PASSPHRASE[..9])], "");
        for recipients in [PRIVATE, PASSPHRASE, &derived_like()] {
            private_file(&self.sample.path("age/recipients.txt"), format!("{PUBLIC}\n{recipients}\n"));
            self.hear_fail(&["backup", "-vv"], "");
            self.hear(&["key", "show", "--json"]);
            std::fs::remove_file(self.sample.path("age/recipients.txt")).unwrap();
        }
    }
}

fn derived_like() -> String {
    OTHER_PRIVATE.to_ascii_lowercase()
}

/// The lines of strace that start a program: what it was given to see, and its variables.
fn started(farm: &Farm, arguments: &[&str]) -> Option<Vec<(String, String)>> {
    let program = farm.program(arguments);
    let calls = farm.sample.path("secrets/calls");
    private_file(&calls, "");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-v", "-s", "65536", "-e", "trace=execve,execveat", "-e", "signal=none", "-o"]).arg(&calls);
    strace.arg(program.get_program()).args(program.get_args()).env_clear();
    strace.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let Ok(output) = strace.output() else {
        skip("strace is not installed");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("ptrace") && said.contains("not permitted") {
        skip("tracing is not permitted");
        return None;
    }
    let text = String::from_utf8_lossy(&std::fs::read(calls).unwrap()).into_owned();
    // The first is the program itself.
    let lines = text.lines().filter(|line| line.contains("execve(\"")).skip(1);
    Some(
        lines
            .map(|line| line.split_once("], [").map(|(seen, own)| (seen.to_owned(), own.to_owned())).unwrap())
            .collect(),
    )
}

#[test]
fn no_child_sees_a_secret_but_rclone_its_own() {
    let Some(farm) = Farm::new("") else { return };
    for arguments in [&["backup"][..], &["list"], &["prune"]] {
        let Some(children) = started(&farm, arguments) else { return };
        assert!(!children.is_empty(), "{arguments:?} starts rclone");
        for (seen, own) in &children {
            farm.aviary.assert_silent(seen.as_bytes(), "arguments");
            let got: Vec<&str> = farm.aviary.heard_in(own.as_bytes());
            let allowed = if seen.contains("/rclone\"") { farm.of_rclone.heard_in(own.as_bytes()) } else { Vec::new() };
            assert_eq!(got, allowed, "{seen}");
        }
        let all = children.iter().map(|(_, own)| farm.of_rclone.heard_in(own.as_bytes()).len()).max();
        assert_eq!(all, Some(4), "the search finds what is known to be there");
    }
}

#[test]
fn a_remote_that_fails_is_not_told_with_its_password() {
    let Some(mut farm) = Farm::new("") else { return };
    let [login, bearer] = ["login of the remote", "bearer token"].map(|of| farm.aviary.hatch(of));
    for (kind, more) in [
        ("webdav", vec![("URL", format!("http://me:{login}@127.0.0.1:1/dav")), ("BEARER_TOKEN", bearer.clone())]),
        ("http", vec![("URL", format!("http://127.0.0.1:1/{login}?token={login}"))]),
        ("sftp", vec![("HOST", "127.0.0.1".to_owned()), ("PORT", "1".to_owned()), ("PASS", login.clone())]),
        ("sftp", vec![("HOST", "127.0.0.1".to_owned()), ("KEY_PEM", bearer.clone())]),
        ("nothing-known", vec![("PASS", login.clone())]),
    ] {
        farm.variables.retain(|(name, _)| !name.starts_with("RCLONE_CONFIG_BOX"));
        farm.variables.push(("RCLONE_CONFIG_BOX_TYPE".to_owned(), kind.to_owned()));
        farm.variables.extend(more.into_iter().map(|(name, value)| (format!("RCLONE_CONFIG_BOX_{name}"), value)));
        farm.hear(&["list", "-vv"]);
    }
    farm.hear(&["backup", "-vv"]);
    farm.hear(&["check", "-vv"]);
    farm.sample.configure(&farm.lines.replace("--checkers=2", "--no-such-flag"));
    farm.hear(&["list", "-vv"]);
    farm.sample.configure(&farm.lines.replace("--checkers=2", "--dry-run"));
    farm.hear(&["list", "-vv"]);
    farm.assert_disk_is_silent(&is_archive);
}

#[test]
fn a_run_in_the_middle_has_secrets_in_its_workspace_at_most() {
    let Some(mut farm) = Farm::new("ENCRYPT_ARCHIVE=true\n") else { return };
    private_file(&farm.sample.path("age/recipients.txt"), PUBLIC);
    farm.aviary.add("recipient's key", PRIVATE);
    farm.sample.enlarge(60, 10_000);
    let mut child = farm
        .program(&["backup", "-vv"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let is_home = home_of_secrets(&farm.sample);
    let is_workspace =
        |path: &Path| path.parent() == Some(&farm.sample.path("run")) && path.to_string_lossy().contains("/workspace-");
    let (mut looks, mut in_work) = (0, 0);
    let until = Instant::now() + Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "the run ends");
        if kill(pid, Signal::SIGSTOP).is_ok() {
            let workspaces: Vec<PathBuf> =
                files_in(&farm.sample.path("run")).into_iter().filter(|path| is_workspace(path)).collect();
            in_work += usize::from(!workspaces.is_empty());
            farm.aviary.assert_silent_below(&farm.sample.path(""), &|path| is_home(path) || is_workspace(path));
            if let Ok(line) = std::fs::read(format!("/proc/{pid}/cmdline")) {
                farm.aviary.assert_silent(&line, "cmdline");
            }
            looks += 1;
            let _ = kill(pid, Signal::SIGCONT);
        }
        // Looking costs more than a step of the run: few looks, spread over all of it.
        std::thread::sleep(Duration::from_millis(60));
    }
    assert!(child.wait().unwrap().code().is_some_and(|code| code <= 1));
    assert!(looks > 3 && in_work > 0, "{looks} looks, {in_work} at a workspace");
    farm.assert_disk_is_silent(&|_| false);
}
