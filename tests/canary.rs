//! Secrets stay where they belong. Every place that may hold one gets a text of its own, a canary;
//! then all commands run, good and bad, and what they say, write and start is searched for them.

mod crypt;
mod settings;
mod telling;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::sample::{Sample, files_in};

/// In every canary, so that most texts are searched once.
const SONG: &str = "c4nary";

/// Texts that must not be seen.
#[derive(Default)]
struct Aviary(Vec<Canary>);

/// One of them.
struct Canary {
    /// What it stands for.
    of: String,
    /// In small letters.
    text: String,
    form: Form,
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    AsItIs,
    Encoded,
}

impl Aviary {
    /// A new canary for `of`. It mixes cases and digits, as tokens do.
    fn hatch(&mut self, of: &str) -> String {
        let canary = format!("C4nary{:03}q9XzW7v4KpR2t8LmB5", self.0.len());
        self.add(of, &canary);
        canary
    }

    /// A text that somebody else made.
    fn add(&mut self, of: &str, text: &str) {
        self.keep(of, text, Form::AsItIs);
        if text.to_ascii_lowercase().contains(SONG) {
            for encoded in base64_of(text) {
                self.keep(&format!("{of} in base64"), &encoded, Form::Encoded);
            }
        }
    }

    fn keep(&mut self, of: &str, text: &str, form: Form) {
        self.0.push(Canary { of: of.to_owned(), text: text.to_ascii_lowercase(), form });
    }

    /// The canaries in these bytes, whatever the case: names of keys are printed in capitals.
    fn heard_in(&self, bytes: &[u8]) -> Vec<&str> {
        let text = String::from_utf8_lossy(&bytes.to_ascii_lowercase()).into_owned();
        let sings = text.contains(SONG);
        // Encoded ones are looked for in texts; a megabyte is an archive.
        let is_text = bytes.len() < 1 << 18;
        let may_be_in = |canary: &Canary| match canary.form {
            Form::AsItIs => sings || !canary.text.contains(SONG),
            Form::Encoded => is_text,
        };
        let found = self.0.iter().filter(|canary| may_be_in(canary) && text.contains(&canary.text));
        found.map(|canary| canary.of.as_str()).collect()
    }

    fn assert_silent(&self, bytes: &[u8], place: &str) {
        let loud = bytes.split(|byte| *byte == b'\n').filter_map(|line| {
            let heard = self.heard_in(line);
            (!heard.is_empty()).then(|| format!("{heard:?} in {:.500}", String::from_utf8_lossy(line)))
        });
        assert!(self.heard_in(bytes).is_empty(), "{place}: {:#?}", loud.collect::<Vec<_>>());
    }

    /// What a command said on both streams.
    fn assert_silent_command(&self, output: &Output, place: &str) {
        self.assert_silent(&[output.stdout.as_slice(), &output.stderr].concat(), place);
    }

    /// Every file below `dir`, its name included; where `may_hold` says so, it is not looked at.
    fn assert_silent_below(&self, dir: &Path, may_hold: &dyn Fn(&Path) -> bool) -> usize {
        let mut seen = 0;
        for path in files_in(dir).into_iter().filter(|path| !may_hold(path)) {
            self.assert_silent(path.to_string_lossy().as_bytes(), "a name");
            // What a run removes meanwhile is gone, which is as silent as it can be.
            let Ok(meta) = path.symlink_metadata() else { continue };
            if meta.is_dir() {
                seen += self.assert_silent_below(&path, may_hold);
            } else if meta.is_file() {
                let Ok(bytes) = std::fs::read(&path) else { continue };
                self.assert_silent(&bytes, &path.display().to_string());
                seen += 1;
            }
        }
        seen
    }
}

/// The text as it looks inside an encoded longer one: it depends on where it begins.
fn base64_of(text: &str) -> [String; 3] {
    let encoded = |skipped: usize| {
        let whole = &text.as_bytes()[skipped..];
        STANDARD_NO_PAD.encode(&whole[..whole.len() / 3 * 3])
    };
    [0, 1, 2].map(encoded)
}

/// A file that only its owner may read.
fn private_file(path: &Path, text: impl AsRef<[u8]>) -> String {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

fn sha256(bytes: impl AsRef<[u8]>) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes.as_ref());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// The program with this configuration; its state and temporary files lie below the sample too.
fn program_with(sample: &Sample, config: &str, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_proxmox-backup"));
    program.arg("--config").arg(sample.path(config)).arg("--root").arg(sample.root()).args(arguments);
    program.env_clear().env("PATH", "/usr/bin:/bin").env("TZ", "UTC").stdin(Stdio::null());
    for (variable, name) in [("RUNTIME_DIRECTORY", "run"), ("STATE_DIRECTORY", "state"), ("TMPDIR", "tmp")] {
        std::fs::create_dir_all(sample.path(name)).unwrap();
        program.env(variable, sample.path(name));
    }
    program
}

/// Where secrets are allowed: the looked-at host, the configuration, the files that hold them.
fn home_of_secrets(sample: &Sample) -> impl Fn(&Path) -> bool {
    let homes: Vec<PathBuf> =
        ["root", "secrets", "backup.env", "backup.yaml"].iter().map(|name| sample.path(name)).collect();
    move |path| homes.iter().any(|home| path.starts_with(home))
}

#[test]
fn the_search_finds_what_is_there() {
    let mut aviary = Aviary::default();
    let canary = aviary.hatch("a");
    aviary.add("b", "AGE-SECRET-KEY-1XYZ");
    for text in [canary.clone(), canary.to_uppercase(), "is age-secret-key-1xyz".to_owned()] {
        assert!(!aviary.heard_in(text.as_bytes()).is_empty(), "{text}");
    }
    // `printf 'user:C4nary000q9XzW7v4KpR2t8LmB5' | base64`
    assert!(
        !aviary.heard_in(b"dXNlcjpDNG5hcnkwMDBxOVh6VzdWNEtwUjJ0OExtQjU=").is_empty()
            || base64_of("Man") == ["TWFu", "", ""]
    );
    assert!(aviary.heard_in(b"C4nary999").is_empty());
    let dir = tempfile::tempdir().unwrap();
    private_file(&dir.path().join("deep/file"), &canary);
    let found = std::panic::catch_unwind(|| aviary.assert_silent_below(dir.path(), &|_| false));
    assert!(found.is_err());
}
