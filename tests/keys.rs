//! Keys as a person meets them: the dialogue of `key new`, `key show`, `key derive`, `key verify`,
//! and `decrypt` on a real pseudo-terminal, which `script` of util-linux provides.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use proxmox_backup::archive::{Identities, RecipientsFile, Salt};
use proxmox_backup::secret::Secret;
use proxmox_backup::workflow::{Ask, key_wizard};

use crate::sample::{Sample, names_in, skip};

const PUBLIC: &str = "age1dyplrm9myjlha9f8ndx3t5v8yj28ullcw5le0nw6w35jak92jp9q4n2r7q";
const PRIVATE: &str = "AGE-SECRET-KEY-1SZWR755Q29L2PMLPV4Q2JCQ82780DT7ZLYPK5YYDYA6USYNZSDLS5U9C9U";
const OTHER: &str = "age1fdxrrgtmw8vl3zk7knvr8c6sz5z8tyuajnlkdjd8gdehdudgleqsqk8gh3";
const OTHER_PRIVATE: &str = "AGE-SECRET-KEY-1NQ9G325TX63D5WLGPHPFK9PTXHC0MYFTU6W9Z5M6684FSFQQYDDQDR4CJ2";
const PASSPHRASE: &str = "Quartz-Lantern-58-Meadow";

/// A person who answers from a list.
pub(crate) struct Scripted {
    pub(crate) answers: VecDeque<&'static str>,
    pub(crate) told: Vec<String>,
}

impl Scripted {
    pub(crate) fn new(answers: &[&'static str]) -> Self {
        Self { answers: answers.iter().copied().collect(), told: Vec::new() }
    }

    pub(crate) fn was_told(&self, what: &str) -> bool {
        self.told.iter().any(|line| line.contains(what))
    }
}

impl Ask for Scripted {
    fn tell(&mut self, text: &str) {
        self.told.push(text.to_owned());
    }

    fn line(&mut self, question: &str) -> Option<String> {
        self.told.push(question.to_owned());
        self.answers.pop_front().map(str::to_owned)
    }

    fn secret(&mut self, question: &str) -> Option<Secret> {
        self.line(question).map(Secret::new)
    }
}

/// A dialogue; gives the number of keys added, the person and the file.
fn dialogue(before: Option<&str>, answers: &[&'static str]) -> (usize, Scripted, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("age/recipients.txt");
    if let Some(text) = before {
        std::fs::create_dir(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
    }
    let mut ask = Scripted::new(answers);
    let added = key_wizard(&file, &mut ask).unwrap();
    (added.len(), ask, std::fs::read_to_string(&file).unwrap_or_default())
}

fn keys_in(text: &str) -> Vec<String> {
    RecipientsFile::parse(text).unwrap().recipients.iter().map(ToString::to_string).collect()
}

#[test]
fn leaving_at_once_writes_nothing() {
    for answers in [&["0"][..], &[], &["1", "", "0"], &["2", "", "0"], &["3", ""]] {
        assert_eq!((dialogue(None, answers).0, dialogue(None, answers).2.as_str()), (0, ""), "{answers:?}");
    }
}

#[test]
fn pasted_keys_are_added_behind_what_is_there() {
    let before = format!("# of the office\n{OTHER}");
    let (added, ask, text) = dialogue(Some(&before), &["1", PUBLIC, "0"]);
    assert_eq!((added, text), (1, format!("{before}\n{PUBLIC}\n")));
    assert!(ask.was_told("Another one?"));
}

#[test]
fn a_key_that_is_there_is_refused_and_the_dialogue_goes_on() {
    let (added, ask, text) = dialogue(Some(&format!("{PUBLIC}\n")), &["1", PUBLIC, "1", "nonsense", "9", "1", OTHER]);
    assert_eq!((added, text), (1, format!("{PUBLIC}\n{OTHER}\n")));
    assert!(ask.was_told("already in") && ask.was_told("no public key") && ask.was_told("1, 2, 3 or 0"));
}

#[test]
fn of_a_private_key_only_the_public_half_is_kept() {
    let (added, ask, text) = dialogue(None, &["1", PRIVATE, "3", "hunter2", "3", "-----BEGIN X", "3", PRIVATE, "0"]);
    assert_eq!((added, keys_in(&text)), (1, vec![PUBLIC.to_owned()]));
    assert!(!text.contains("SECRET") && !ask.told.iter().any(|line| line.contains(&PRIVATE[..30])));
    assert!(ask.was_told("ssh-keygen -y"));
    assert_eq!(ask.told.iter().filter(|line| line.contains("scroll-back")).count(), 1);
}

#[test]
fn of_a_passphrase_only_public_key_and_salt_are_kept() {
    let answers = ["2", "short", "2", "password1234A", "Quartz-Lantern-58-Meadow", "Quartz-Lantern-58-Meadov"];
    let (added, ask, text) = dialogue(None, &[&answers[..], &[PASSPHRASE, PASSPHRASE, "0"]].concat());

    assert_eq!(added, 1);
    assert!(ask.was_told("at least 12") && ask.was_told("common") && ask.was_told("two different"));
    assert!(!text.contains(PASSPHRASE));
    let file = RecipientsFile::parse(&text).unwrap();
    assert_eq!(file.of_passphrases, file.recipients);
    let derived = Identities::from_passphrase(&Secret::new(PASSPHRASE.to_owned()), &file.salts).unwrap();
    assert_eq!(derived.recipients(), file.recipients);
}

#[test]
fn a_file_with_mistakes_is_told_before_anybody_types() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("recipients.txt");
    std::fs::write(&file, format!("{PUBLIC}\nnonsense\n")).unwrap();
    let mut ask = Scripted::new(&["1", OTHER, "0"]);
    let failure = key_wizard(&file, &mut ask).unwrap_err();
    assert!(failure.to_string().contains("line 2"), "{failure}");
    assert_eq!((failure.exit_code().number(), ask.answers.len()), (15, 3));
}

/// A host that encrypts for the recipients file `age/recipients.txt`.
fn encrypting() -> Sample {
    let sample = Sample::host("debian-plain");
    sample.configure(&format!("ENCRYPT_ARCHIVE=true\nAGE_RECIPIENT_FILE={}\n", recipients_file(&sample).display()));
    sample
}

fn recipients_file(sample: &Sample) -> PathBuf {
    sample.path("age/recipients.txt")
}

fn secret_file(sample: &Sample, name: &str, text: &str) -> String {
    let path = sample.path(name);
    std::fs::write(&path, format!("{text}\n")).unwrap();
    path.display().to_string()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn keys_are_added_unattended_with_private_modes() {
    let sample = encrypting();
    let file = recipients_file(&sample);

    assert!(sample.expect(0, &["key", "new", "--recipient", PUBLIC, "--recipient", OTHER]).contains(OTHER));

    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let before = std::fs::read_to_string(&file).unwrap();
    sample.expect(15, &["key", "new", "--recipient", PUBLIC]);
    sample.expect(15, &["key", "new", "--recipient", PRIVATE]);
    sample.expect(15, &["key", "new"]);
    sample.expect(15, &["--newkey"]);
    let weak = secret_file(&sample, "weak", "password");
    sample.expect(15, &["key", "new", "--passphrase-file", &weak]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    assert_eq!(names_in(file.parent().unwrap()), ["recipients.txt"]);
    let passphrase = secret_file(&sample, "passphrase", PASSPHRASE);
    let said = sample.expect(0, &["--json", "key", "new", "--passphrase-file", &passphrase]);
    assert!(said.contains("proxmox-config-backup/age-passphrase/v1:17:"), "{said}");
    assert!(std::fs::read_to_string(&file).unwrap().starts_with(&before));
}

#[test]
fn of_many_keys_added_at_once_none_is_lost() {
    let sample = encrypting();
    let keys: Vec<String> = (0..20).map(|_| new_public_key()).collect();

    let running: Vec<Child> = keys
        .iter()
        .map(|key| {
            let mut program = sample.program(["key", "new", "--recipient", key]);
            program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    let codes: Vec<Option<i32>> = running.into_iter().map(|mut child| child.wait().unwrap().code()).collect();

    assert_eq!(codes, [Some(0); 20]);
    let mut there = keys_in(&std::fs::read_to_string(recipients_file(&sample)).unwrap());
    there.sort();
    let mut wanted = keys;
    wanted.sort();
    assert_eq!(there, wanted);
    assert_eq!(names_in(&sample.path("age")), ["recipients.txt"]);
}

/// A key pair whose private half nobody needs.
fn new_public_key() -> String {
    age::x25519::Identity::generate().to_public().to_string()
}

#[test]
fn what_is_shown_derived_and_proved_fits_together() {
    let sample = encrypting();
    let passphrase = secret_file(&sample, "passphrase", PASSPHRASE);
    let wrong = secret_file(&sample, "wrong", "Another-Lantern-59-Meadow");
    sample.expect(0, &["key", "new", "--recipient", PUBLIC]);
    let shown = sample.expect(0, &["key", "show"]);
    assert!(shown.contains("X25519") && shown.contains("recipients.txt"), "{shown}");
    sample.expect(15, &["key", "derive", "--passphrase-file", &passphrase]);
    sample.expect(0, &["key", "new", "--passphrase-file", &passphrase]);
    assert!(sample.expect(0, &["key", "show", "--json"]).contains("\"passphrase\""));

    let derived = sample.expect(0, &["key", "derive", "--passphrase-file", &passphrase]);
    assert!(std::fs::read_to_string(recipients_file(&sample)).unwrap().contains(derived.trim()) && derived.len() > 60);
    let identity = sample.expect(0, &["key", "derive", "--passphrase-file", &passphrase, "--yes-show-private"]);
    let key = secret_file(&sample, "key", &identity);
    let other = secret_file(&sample, "other", OTHER_PRIVATE);
    let own = secret_file(&sample, "own", PRIVATE);

    sample.expect(3, &["key", "verify", "--identity", &own]);
    sample.expect(0, &["backup"]);
    for keys in [["--identity", &key], ["--identity", &own], ["--passphrase-file", &passphrase]] {
        let said = sample.expect(0, &[&["key", "verify"][..], &keys].concat());
        assert!(said.contains("The key opens"), "{said}");
    }
    sample.expect(15, &["key", "verify", "--identity", &other]);
    sample.expect(15, &["key", "verify", "latest", "--passphrase-file", &wrong]);

    let newest = sample.newest();
    let mut bytes = std::fs::read(&newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&newest, bytes).unwrap();
    sample.expect(8, &["key", "verify", "--identity", &own]);
}

#[test]
fn the_salt_of_an_older_tool_may_be_named() {
    let sample = encrypting();
    let passphrase = secret_file(&sample, "passphrase", PASSPHRASE);
    let salt = "proxsave/age-passphrase/v2:000102030405060708090a0b0c0d0e0f";
    let said = sample.expect(0, &["key", "derive", "--passphrase-file", &passphrase, "--salt", salt]);
    let keys = Identities::from_passphrase(&Secret::new(PASSPHRASE.into()), &[Salt::parse(salt).unwrap()]).unwrap();
    assert_eq!(said.trim(), keys.recipients()[0].to_string());
}

/// A program on a terminal of its own.
pub(crate) struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<Vec<u8>>>,
    read: usize,
}

impl Terminal {
    /// The built program. `None` without util-linux' `script`. What the terminal is like in the end
    /// is shown last.
    pub(crate) fn start(sample: &Sample, arguments: &[&str]) -> Option<Self> {
        let program = sample.program(arguments);
        let words = std::iter::once(program.get_program()).chain(program.get_args());
        let words: Vec<String> = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
        let variables: Vec<_> = program.get_envs().filter_map(|(name, value)| Some((name, value?))).collect();
        Self::with_line(&words.join(" "), &sample.path(""), &variables)
    }

    /// A command line of the shell.
    pub(crate) fn with_line(line: &str, dir: &Path, variables: &[(&OsStr, &OsStr)]) -> Option<Self> {
        if Command::new("script").arg("--version").output().is_err() {
            skip("script is not installed");
            return None;
        }
        // The shell belongs to the same group and must survive ^C to look at the terminal.
        let line = format!("trap : INT; {line}; code=$?; stty -a; exit $code");
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).current_dir(dir).env_clear().env("SHELL", "/bin/sh");
        script.envs(variables.iter().copied());
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = script.spawn().unwrap();
        let keyboard = child.stdin.take().unwrap();
        let mut output = child.stdout.take().unwrap();
        let screen = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut block = [0; 4096];
            while let Ok(got @ 1..) = output.read(&mut block) {
                seen.lock().unwrap().extend_from_slice(&block[..got]);
            }
        });
        Some(Self { child, keyboard, screen, read: 0 })
    }

    pub(crate) fn transcript(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    /// Waits for a question that was not there before, then types.
    pub(crate) fn answer(&mut self, question: &str, keys: &str) {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let transcript = self.transcript();
            if let Some(at) = transcript.get(self.read..).and_then(|new| new.find(question)) {
                self.read += at + question.len();
                break;
            }
            assert!(Instant::now() < end, "no `{question}`: {transcript}");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Exit code and everything that was on the screen.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        self.answer("speed ", "");
        let status = self.child.wait().unwrap();
        std::thread::sleep(Duration::from_millis(100));
        (status.code(), self.transcript())
    }
}

/// A host with a backup for a passphrase, whose copies go to `copies`.
fn with_passphrase_backup() -> (Sample, String) {
    let sample = encrypting();
    let passphrase = secret_file(&sample, "passphrase", PASSPHRASE);
    sample.expect(0, &["key", "new", "--passphrase-file", &passphrase]);
    sample.expect(0, &["backup"]);
    let copies = sample.path("copies").display().to_string();
    (sample, copies)
}

const WHICH: &str = "Which one (0 leaves): ";
const WHERE: &str = "(0 leaves): ";
const SECRET: &str = "Private key or passphrase (0 leaves): ";

pub(crate) fn is_sane(screen: &str) -> bool {
    screen.contains(" echo ") && screen.contains(" icanon") && screen.contains("isig")
}

#[test]
fn on_a_terminal_0_leaves_everywhere() {
    let (sample, copies) = with_passphrase_backup();
    for answers in [&["0\n"][..], &["1\n", "0\n"], &["1\n", "copies\n", "0\n"]] {
        let Some(mut terminal) = Terminal::start(&sample, &["decrypt"]) else { return };
        for (question, keys) in [WHICH, WHERE, SECRET].into_iter().zip(answers) {
            terminal.answer(question, keys);
        }
        let (code, screen) = terminal.end();
        assert_eq!(code, Some(0), "{screen}");
        assert!(!Path::new(&copies).exists() && is_sane(&screen), "{screen}");
    }
}

#[test]
fn on_a_terminal_a_wrong_passphrase_is_asked_again_and_none_is_shown() {
    let (sample, copies) = with_passphrase_backup();
    let Some(mut terminal) = Terminal::start(&sample, &["decrypt"]) else { return };
    for (question, keys) in [(WHICH, "7\n"), (WHICH, "1\n"), (WHERE, &format!("{copies}\n"))] {
        terminal.answer(question, keys);
    }
    terminal.answer(SECRET, "Wrong-Lantern-58-Meadow\n");
    terminal.answer(SECRET, &format!("{OTHER_PRIVATE}\n"));
    terminal.answer(SECRET, &format!("{PASSPHRASE}\n"));

    let (code, screen) = terminal.end();

    assert_eq!(code, Some(0), "{screen}");
    assert_eq!(names_in(Path::new(&copies)).len(), 1, "{screen}");
    assert!(["Lantern", "SECRET-KEY"].iter().all(|part| !screen.contains(part)), "{screen}");
    assert!(is_sane(&screen), "{screen}");
}

#[test]
fn on_a_terminal_an_interrupt_leaves_it_sane_and_writes_nothing() {
    let (sample, copies) = with_passphrase_backup();
    for count in 1..=3 {
        let Some(mut terminal) = Terminal::start(&sample, &["decrypt"]) else { return };
        let answers = [(WHICH, "1\n"), (WHERE, "copies\n"), (SECRET, "typed")];
        for (question, keys) in &answers[..count - 1] {
            terminal.answer(question, keys);
        }
        terminal.answer(answers[count - 1].0, "typed\x03");
        let (code, screen) = terminal.end();
        assert_eq!(code, Some(130), "{screen}");
        assert!(!Path::new(&copies).exists() && is_sane(&screen), "{screen}");
    }
}

#[test]
fn on_a_terminal_a_backup_without_recipient_asks_for_one_and_goes_on() {
    let sample = encrypting();
    sample.expect(15, &["backup"]);
    let Some(mut terminal) = Terminal::start(&sample, &["backup"]) else { return };
    terminal.answer("Choice: ", "2\n");
    terminal.answer("Passphrase: ", &format!("{PASSPHRASE}\n"));
    terminal.answer("The same again: ", &format!("{PASSPHRASE}\n"));
    terminal.answer("Another one?", "0\n");
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(0), "{screen}");
    assert!(!screen.contains("Lantern") && sample.newest().display().to_string().contains(".age"), "{screen}");

    std::fs::remove_file(recipients_file(&sample)).unwrap();
    let Some(mut terminal) = Terminal::start(&sample, &["backup"]) else { return };
    terminal.answer("Choice: ", "0\n");
    assert_eq!(terminal.end().0, Some(15));
    let Some(mut terminal) = Terminal::start(&sample, &["--newkey"]) else { return };
    terminal.answer("Choice: ", "2\n");
    terminal.answer("Passphrase: ", "Lantern\x03");
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(130), "{screen}");
    assert!(is_sane(&screen) && !screen.contains("Lantern") && !recipients_file(&sample).exists(), "{screen}");
}
