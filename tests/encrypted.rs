//! Encrypted backups of a whole host: opened by the program `age` with the lines of the manifest,
//! by us, by nobody else; no plain text on the way, no secret anywhere.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use proxmox_backup::bundle::parse_name;
use serde_json::Value;

use crate::sample::{Sample, age_programs, files_in, names_in, skip};

const PUBLIC: &str = "age1dyplrm9myjlha9f8ndx3t5v8yj28ullcw5le0nw6w35jak92jp9q4n2r7q";
const PRIVATE: &str = "AGE-SECRET-KEY-1SZWR755Q29L2PMLPV4Q2JCQ82780DT7ZLYPK5YYDYA6USYNZSDLS5U9C9U";
const OTHER_PRIVATE: &str = "AGE-SECRET-KEY-1NQ9G325TX63D5WLGPHPFK9PTXHC0MYFTU6W9Z5M6684FSFQQYDDQDR4CJ2";
const PASSPHRASE: &str = "Quartz-Lantern-58-Meadow";
/// Stands for a secret of the host, in a file that compresses badly.
const CANARY: &str = "CanaryThatSings4Secrets9x7Qm2Zt8Lw3Kv6Rb1Yp5Nd0Hj7Gf4Sc2AuEiOq8Wm3Xt9Bz6Ck1Dv5Fg0";
const SEEN: usize = 32;

/// A host that encrypts for these recipients, with these settings besides.
fn host(recipients: &str, lines: &str) -> Sample {
    let sample = Sample::host("debian-plain");
    sample.plant("/etc/cron.d/canary", format!("# {CANARY}\n"));
    let file = sample.path("recipients.txt");
    std::fs::write(&file, recipients).unwrap();
    sample.configure(&format!("ENCRYPT_ARCHIVE=true\nAGE_RECIPIENT_FILE={}\n{lines}", file.display()));
    sample
}

fn secret_file(sample: &Sample, name: &str, text: &str) -> String {
    let path = sample.path(name);
    std::fs::write(&path, format!("{text}\n")).unwrap();
    path.display().to_string()
}

/// Without a terminal, even where a person runs the tests.
fn alone(sample: &Sample, arguments: &[&str]) -> Option<i32> {
    let program = sample.program(arguments);
    let mut command = Command::new("setsid");
    command.arg("-w").arg(program.get_program()).args(program.get_args()).env_clear();
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.output().unwrap().status.code()
}

fn is_there(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").stdin(Stdio::null()).output().is_ok();
    if !is_there {
        skip(&format!("{program} is not installed"));
    }
    is_there
}

fn ssh_key(sample: &Sample) -> Option<(String, String)> {
    if !is_there("ssh-keygen") {
        return None;
    }
    let path = sample.path("ssh-key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "x", "-f"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(made.status.success());
    let public = std::fs::read_to_string(path.with_extension("pub")).unwrap();
    Some((path.display().to_string(), public.trim().to_owned()))
}

fn manifest(sample: &Sample) -> Value {
    serde_json::from_str(&sample.expect(0, &["show", "latest", "--json"])).unwrap()
}

/// Runs the lines of the manifest beside the backup, with each program that speaks the format; gives
/// the restored files.
fn open_by_hand(sample: &Sample, key: &str) -> Vec<String> {
    if !is_there("zstd") {
        return Vec::new();
    }
    let shown = manifest(sample);
    let lines = shown["restore"].as_array().or_else(|| shown["manifest"]["restore"].as_array()).unwrap();
    let mut restored = Vec::new();
    for (number, program) in age_programs().iter().enumerate() {
        let target = PathBuf::from(format!("{key}-by-hand-{number}"));
        std::fs::create_dir(&target).unwrap();
        for line in lines {
            let line = line.as_str().unwrap().replace("KEY", key).replace("TARGET", target.to_str().unwrap());
            let line = line.replace("age -d", &format!("{program} -d"));
            let done = Command::new("sh").args(["-ec", &line]).current_dir(sample.path("backups")).output().unwrap();
            assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
        }
        restored.push(std::fs::read_to_string(target.join("etc/cron.d/canary")).unwrap());
    }
    restored
}

/// Everything that looks into a backup works with this key.
fn assert_opens(sample: &Sample, keys: [&str; 2]) {
    let with = |arguments: &[&str]| sample.expect(0, &[arguments, &keys].concat());
    assert!(with(&["ls", "latest", "/etc/cron.d"]).contains("/etc/cron.d/canary"));
    assert_eq!(with(&["cat", "latest", "/etc/cron.d/canary"]), format!("# {CANARY}\n"));
    let to = tempfile::tempdir().unwrap();
    with(&["extract", "latest", "/etc/cron.d", "--to", to.path().to_str().unwrap()]);
    assert!(std::fs::read_to_string(to.path().join("etc/cron.d/canary")).unwrap().contains(CANARY));
    assert!(with(&["verify", "latest"]).contains(": whole\n"));
}

fn spoil(sample: &Sample, how: impl FnOnce(&mut Vec<u8>)) {
    let newest = sample.newest();
    let mut bytes = std::fs::read(&newest).unwrap();
    how(&mut bytes);
    std::fs::write(&newest, bytes).unwrap();
}

#[test]
fn each_recipient_opens_the_backup_with_age_and_with_us() {
    let sample = host("", "");
    let Some((ssh, public)) = ssh_key(&sample) else { return };
    std::fs::write(sample.path("recipients.txt"), format!("# both\n{PUBLIC}\n\n{public}\n")).unwrap();
    sample.expect(0, &["backup"]);
    let age = secret_file(&sample, "age-key", PRIVATE);
    for key in [&age, &ssh] {
        assert_opens(&sample, ["--identity", key]);
        for restored in open_by_hand(&sample, key) {
            assert_eq!(restored, format!("# {CANARY}\n"), "{key}");
        }
    }
}

#[test]
fn three_files_side_by_side_open_by_hand_too() {
    let sample = host(PUBLIC, "BUNDLE_ASSOCIATED_FILES=false\n");
    sample.expect(0, &["backup"]);
    let names = names_in(&sample.path("backups"));
    assert!(names.iter().any(|name| name.ends_with(".tar.zst.age.sha256")), "{names:?}");
    let key = secret_file(&sample, "key", PRIVATE);
    assert_opens(&sample, ["--identity", &key]);
    assert!(open_by_hand(&sample, &key).iter().all(|restored| *restored == format!("# {CANARY}\n")));
}

#[test]
fn a_passphrase_opens_with_the_salt_of_the_manifest() {
    let sample = host("", "");
    let passphrase = secret_file(&sample, "passphrase", PASSPHRASE);
    sample.expect(0, &["key", "new", "--passphrase-file", &passphrase]);
    sample.expect(0, &["backup"]);
    // The salt comes with the backup: the host's own file may be lost.
    std::fs::remove_file(sample.path("recipients.txt")).unwrap();

    assert_opens(&sample, ["--passphrase-file", &passphrase]);

    let text = manifest(&sample).to_string();
    assert!(text.contains("proxmox-config-backup/age-passphrase/v1:17:"), "{text}");
    let wrong = secret_file(&sample, "wrong", "Quartz-Lantern-58-Meadov");
    sample.expect(15, &["ls", "latest", "--passphrase-file", &wrong]);
}

#[test]
fn without_a_key_or_with_a_wrong_one_nothing_is_seen() {
    let sample = host(PUBLIC, "");
    sample.expect(0, &["backup"]);
    assert!(sample.expect(0, &["verify"]).contains("whole as far as can be told"));
    let to = sample.path("to").display().to_string();
    let wrong = secret_file(&sample, "wrong", OTHER_PRIVATE);
    for command in [
        &["ls", "latest"][..],
        &["cat", "latest", "/etc/cron.d/canary"],
        &["extract", "latest", "--to", &to],
        &["decrypt", "latest", "--to", &to],
    ] {
        assert_eq!(alone(&sample, command), Some(15), "{command:?}");
        sample.expect(15, &[command, &["--identity", &wrong]].concat());
    }
    sample.expect(15, &["verify", "--identity", &wrong]);
    assert!(!Path::new(&to).exists());
}

type Damage = fn(&mut Vec<u8>);

#[test]
fn damage_is_told_from_a_wrong_key() {
    let key = |sample: &Sample| secret_file(sample, "key", PRIVATE);
    let cases: [(&str, Damage); 3] = [
        ("cut", |bytes| bytes.truncate(bytes.len() * 2 / 3)),
        ("altered", |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }),
        ("header", |bytes| {
            let header = b"age-encryption.org/v1\n-> X25519 ";
            let at = bytes.windows(header.len()).position(|window| window == header).unwrap();
            bytes[at + header.len() - 2] = b'8';
        }),
    ];
    for (what, how) in cases {
        for bundle in ["true", "false"] {
            let sample = host(PUBLIC, &format!("BUNDLE_ASSOCIATED_FILES={bundle}\n"));
            sample.expect(0, &["backup"]);
            spoil(&sample, how);
            let output = sample.run(["verify", "--identity", &key(&sample)]);
            // A changed kind of recipient is one that the key is not for.
            let wanted = if what == "header" { 15 } else { 8 };
            assert_eq!(output.status.code(), Some(wanted), "{what} {bundle}");
            sample.expect(8, &["verify"]);
        }
    }
}

#[test]
fn a_decrypted_copy_has_three_members_that_other_tools_accept() {
    let sample = host(PUBLIC, "");
    sample.expect(0, &["backup"]);
    let key = secret_file(&sample, "key", PRIVATE);
    let to = sample.path("to");
    sample.expect(0, &["decrypt", "latest", "--identity", &key, "--to", to.to_str().unwrap()]);

    let [copy] = &files_in(&to)[..] else { panic!("{:?}", names_in(&to)) };
    let run = |program: &str, arguments: &[&str]| {
        let done = Command::new(program).args(arguments).current_dir(&to).output().unwrap();
        assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    let copy = copy.to_str().unwrap();
    let members: Vec<String> = run("tar", &["-tf", copy]).lines().map(str::to_owned).collect();
    assert_eq!(members.len(), 3, "{members:?}");
    assert!(members.iter().all(|name| !name.contains(".age")), "{members:?}");
    run("tar", &["-xf", copy]);
    let sums = members.iter().find(|name| name.ends_with(".sha256")).unwrap();
    assert!(run("sha256sum", &["-c", sums]).contains("OK"));
    assert!(sample.expect(0, &["cat", copy, "/etc/cron.d/canary"]).contains(CANARY));
    sample.expect(0, &["verify", copy]);
    // A second copy never replaces the first.
    assert_ne!(alone(&sample, &["decrypt", "latest", "--identity", &key, "--to", to.to_str().unwrap()]), Some(0));
}

#[test]
fn without_a_usable_recipient_there_is_no_backup() {
    for (recipients, says) in [
        ("", "no recipient"),
        ("# nobody\n", "no recipient"),
        ("# one\nage1yubikey1qqqq\n\nnonsense\n", "line 2"),
        ("# one\nage1yubikey1qqqq\n\nnonsense\n", "line 4"),
        (&format!("{PUBLIC}\n{PRIVATE}\n"), "line 2: this is an age private key"),
    ] {
        let sample = host(recipients, "");
        let output = sample.run(["backup"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(15), "{said}");
        assert!(said.contains(says) && !said.contains(&PRIVATE[..30]), "{said}");
        assert!(sample.backups().is_empty());
    }
}

#[test]
fn a_private_key_as_recipient_is_refused_and_not_repeated() {
    let sample = host(PUBLIC, &format!("AGE_RECIPIENT={PRIVATE}\n"));
    for command in [&["backup"][..], &["check"], &["config", "check"], &["config", "show"], &["key", "show"]] {
        let output = sample.run(command);
        let said = [output.stdout, output.stderr].concat();
        assert_ne!(output.status.code(), Some(0), "{command:?}");
        assert!(!String::from_utf8_lossy(&said).contains(&PRIVATE[..30]), "{command:?}");
    }
    assert!(sample.backups().is_empty());
    for file in files_in(&sample.path("logs")) {
        assert!(!String::from_utf8_lossy(&std::fs::read(file).unwrap()).contains(&PRIVATE[..30]));
    }
}

/// The system calls of a command that write, name or execute; `None` where nothing can be traced.
fn trace(sample: &Sample, arguments: &[&str]) -> Option<(Vec<String>, String)> {
    let program = sample.program(arguments);
    let calls = sample.path("calls");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-s", "200000", "-e", "signal=none", "-e"]);
    strace.arg("trace=execve,write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,copy_file_range,sendfile,splice");
    strace.arg("-o").arg(&calls).arg(program.get_program()).args(program.get_args()).env_clear();
    strace.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let Ok(output) = strace.output() else {
        skip("strace is not installed");
        return None;
    };
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if said.contains("ptrace") && said.contains("not permitted") {
        skip("tracing is not permitted");
        return None;
    }
    assert_eq!(output.status.code(), Some(0), "{said}");
    let text = String::from_utf8_lossy(&std::fs::read(&calls).unwrap()).into_owned();
    std::fs::remove_file(calls).unwrap();
    Some((text.lines().map(str::to_owned).collect(), said))
}

fn holds(line: &str, secret: &str) -> bool {
    let seen = SEEN.min(secret.len());
    (0..=secret.len() - seen).any(|at| line.contains(&secret[at..at + seen]))
}

#[test]
fn plain_text_and_keys_are_in_no_write_no_argument_and_no_output() {
    let sample = host(PUBLIC, "COMPRESSION_TYPE=none\nDEBUG_LEVEL=5\n");
    let key = secret_file(&sample, "key", PRIVATE);
    let passphrase = secret_file(&sample, "passphrase", PASSPHRASE);
    sample.expect(0, &["key", "new", "--passphrase-file", &passphrase]);
    let to = sample.path("to").display().to_string();
    let decrypt = ["decrypt", "latest", "--identity", &key, "--to", &to];
    let commands: [&[&str]; 4] = [
        &["backup"],
        &["verify", "latest", "--identity", &key, "--verbose"],
        &["key", "verify", "--passphrase-file", &passphrase],
        &decrypt,
    ];
    for command in commands {
        let Some((calls, said)) = trace(&sample, command) else { return };
        let inside = format!("<{to}/");
        let is_copy = |line: &&String| command[0] == "decrypt" && line.contains(&inside);
        let plain: Vec<&String> = calls.iter().filter(|line| holds(line, CANARY) && !is_copy(line)).collect();
        assert!(plain.is_empty(), "{command:?}: {:.300}", plain[0]);
        let copied = calls.iter().any(|line| holds(line, CANARY));
        assert_eq!(copied, command[0] == "decrypt", "the search finds what is known to be there");
        for secret in [PRIVATE, PASSPHRASE] {
            assert!(!calls.iter().any(|line| holds(line, secret)) && !holds(&said, secret), "{command:?}");
        }
    }
    let manifest = manifest(&sample).to_string();
    let written = files_in(&sample.path("logs")).into_iter().chain(sample.backups());
    let texts = written.map(|file| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned());
    for text in texts.chain([manifest]) {
        assert!([PRIVATE, PASSPHRASE, CANARY].iter().all(|secret| !holds(&text, secret)));
    }
}

/// What lies around besides whole backups, logs and statistics.
fn remains(sample: &Sample) -> Vec<String> {
    let backups = names_in(&sample.path("backups")).into_iter().filter(|name| parse_name(name).is_none());
    backups.chain(sample.left_in_run_dir()).collect()
}

#[test]
fn an_interrupted_encrypted_run_leaves_nothing_and_a_killed_one_is_cleaned_up() {
    let sample = host(PUBLIC, "");
    sample.enlarge(200, 20_000);
    let started = Instant::now();
    sample.expect(0, &["backup"]);
    let length = started.elapsed();
    let start = || sample.program(["backup"]).stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    for part in [0.3, 0.6, 0.9] {
        let mut child = start();
        std::thread::sleep(length.mul_f64(part));
        let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        let status = child.wait().unwrap();
        assert!(status.code() == Some(130) || status.code() == Some(0) || status.code().is_none(), "{status}");
        assert_eq!(remains(&sample), Vec::<String>::new(), "SIGINT at {part}");
    }
    for part in [0.4, 0.8] {
        let mut child = start();
        std::thread::sleep(length.mul_f64(part));
        child.kill().unwrap();
        child.wait().unwrap();
        sample.expect(0, &["backup"]);
        assert_eq!(remains(&sample), Vec::<String>::new(), "SIGKILL at {part}");
    }
    let key = secret_file(&sample, "key", PRIVATE);
    sample.expect(0, &["verify", "--all", "--identity", &key]);
}

#[test]
fn an_interrupted_decryption_leaves_no_copy() {
    let sample = host(PUBLIC, "COMPRESSION_TYPE=none\n");
    sample.enlarge(100, 200_000);
    sample.expect(0, &["backup"]);
    let key = secret_file(&sample, "key", PRIVATE);
    let to = sample.path("to");
    let mut was_stopped = false;
    for moment in [5, 20, 60, 120, 240].map(Duration::from_millis) {
        let arguments = ["decrypt", "latest", "--identity", &key, "--to", to.to_str().unwrap()];
        let mut child = sample.program(arguments).stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(moment);
        let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        let status = child.wait().unwrap();
        let left: Vec<PathBuf> = files_in(&to);
        if status.success() {
            assert_eq!(left.len(), 1);
            std::fs::remove_file(&left[0]).unwrap();
        } else {
            was_stopped = true;
            assert_eq!(left, Vec::<PathBuf>::new(), "{moment:?}: {status}");
        }
    }
    assert!(was_stopped);
}

#[test]
fn what_a_killed_decryption_left_does_not_stop_the_next() {
    let sample = host(PUBLIC, "COMPRESSION_TYPE=none\n");
    sample.enlarge(100, 200_000);
    sample.expect(0, &["backup"]);
    let key = secret_file(&sample, "key", PRIVATE);
    let to = sample.path("to");
    let arguments = ["decrypt", "latest", "--identity", &key, "--to", to.to_str().unwrap()];
    let mut child = sample.program(arguments).stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let is_half_done = || names_in(&to).iter().any(|name| name.ends_with(".partial"));
    while !is_half_done() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_half_done(), "{:?}", names_in(&to));

    sample.expect(0, &arguments);

    assert_eq!(names_in(&to).len(), 1, "{:?}", names_in(&to));
}
