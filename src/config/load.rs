//! The order of reading: find → parse → fill in → add environment and options → check → build.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::check::check;
use super::expand::{Scope, expand};
use super::find::{self, ConfigFile, PassedOver};
use super::finding::name_of;
use super::format::{Format, Parsed};
use super::keys::{self, Key};
use super::parse::{Fault, Line};
use super::{Config, Finding, Origin, Setting, Shown, Weight};
use super::{build, environment, secrets};
use crate::foreign::harmless;
use crate::system::{FileError, Root};

/// Where to look for a configuration.
#[derive(Debug)]
pub struct Source {
    /// The tree that [`super::PLACES`] are looked up in: this machine's, also with `--root`.
    pub root: Root,
    /// `--config FILE`: this file and no other.
    pub explicit: Option<PathBuf>,
    /// The running program's own path; one in `X/build` says that `BASE_DIR` is `X`.
    pub program: Option<PathBuf>,
}

/// A configuration that can be used, and what is to be said about it.
#[derive(Debug)]
pub struct Loaded {
    /// The checked settings.
    pub config: Config,
    /// The file that was read; `None` = defaults.
    pub file: Option<PathBuf>,
    /// No mistakes among them. Unknown keys are errors in `config check` and warnings in a run
    /// ([`Finding::issue`]).
    pub findings: Vec<Finding>,
    /// Every key with value and origin, for `config show`.
    pub values: Vec<Shown>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error(transparent)]
    File(FileError),
    /// A file must not be believed.
    #[error("{}: this configuration file {reason}", harmless(&path.display().to_string()))]
    Untrusted {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// A file with secrets in it that others can read.
    #[error("{}: others can read this configuration file, and {key} is a secret", harmless(&path.display().to_string()))]
    Exposed {
        /// The file.
        path: PathBuf,
        /// The first secret in it.
        key: String,
    },
    /// There is nothing to convert.
    #[error("there is no configuration file")]
    Nothing,
    /// A file whose settings the other form cannot say.
    #[error("{}: {key} would not mean the same in the other form", harmless(&path.display().to_string()))]
    Inexpressible {
        /// The file.
        path: PathBuf,
        /// The setting.
        key: String,
    },
    /// All mistakes, and unknown keys among them, by place.
    #[error("{}", one_per_line(.0))]
    Mistakes(Vec<Finding>),
}

impl ConfigError {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            Self::File(error) if error.is_absent() => "check the name given with --config".to_owned(),
            Self::File(_) => "run as root".to_owned(),
            Self::Untrusted { path, .. } | Self::Exposed { path, .. } => {
                let path = harmless(&path.display().to_string());
                format!("chown root:root {path} and chmod 0600 {path}, after reading what is in it")
            }
            Self::Nothing => "name one: proxmox-backup config convert FILE".to_owned(),
            Self::Inexpressible { .. } => {
                "in backup.env, entries of most lists cannot have a comma in them; write this setting anew".to_owned()
            }
            Self::Mistakes(_) => "correct these lines, then run: proxmox-backup config check".to_owned(),
        }
    }
}

fn one_per_line(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Source {
    /// This machine, with the file and program given.
    pub fn live(explicit: Option<PathBuf>, program: Option<PathBuf>) -> Result<Self, ConfigError> {
        Ok(Self { root: Root::live().map_err(ConfigError::File)?, explicit, program })
    }
}

/// Reads, checks and builds. `overrides` come from the command line, by key name.
pub fn load(
    source: &Source,
    environment: &BTreeMap<String, String>,
    overrides: &[(&str, String)],
) -> Result<Loaded, ConfigError> {
    let (file, passed_over) = match &source.explicit {
        Some(path) => (Some(find::explicit(path)?), Vec::new()),
        None => find::search(&source.root)?,
    };
    let mut reading = Reading::new(file.as_ref(), source, environment);
    reading.file_settings();
    reading.add(secrets_of(environment));
    reading.settings.extend(environment::settings(environment));
    reading.settings.extend(overrides.iter().map(|(key, value)| Setting {
        key: key.to_ascii_uppercase(),
        value: value.clone(),
        origin: Origin::CommandLine,
    }));
    reading.finish(passed_over)
}

/// One file by itself: no environment, no options.
pub(super) fn load_file(file: &ConfigFile, source: &Source) -> Result<Loaded, ConfigError> {
    let environment = BTreeMap::new();
    let mut reading = Reading::new(Some(file), source, &environment);
    reading.file_settings();
    reading.finish(Vec::new())
}

fn secrets_of(environment: &BTreeMap<String, String>) -> (Vec<Setting>, Vec<Finding>) {
    match environment.get("CREDENTIALS_DIRECTORY") {
        Some(directory) if !directory.is_empty() => secrets::credentials(Path::new(directory)),
        _ => (Vec::new(), Vec::new()),
    }
}

/// What one file says by itself, for a comparison: keys with their values, bad and unknown ones too.
pub(super) fn meaning(
    file: &ConfigFile,
    source: &Source,
    environment: &BTreeMap<String, String>,
) -> Result<BTreeSet<(String, String)>, ConfigError> {
    let mut reading = Reading::new(Some(file), source, environment);
    reading.file_settings();
    if !reading.findings.is_empty() {
        return Err(ConfigError::Mistakes(reading.findings));
    }
    let older = find::has_older_defaults(Some(&file.path)).then_some(reading.base_dir.as_path());
    let (checked, findings) = check(&reading.settings, older);
    // The place of the file may say where things lie: what counts is where, not who says it.
    let is_place = |name: &str| keys::find(name).is_some_and(|key| key.base_dir_default.is_some());
    let mut said: BTreeSet<(String, String)> = checked
        .values()
        .filter(|(name, _)| *name != "BASE_DIR" && (checked.is_given(name) || is_place(name)))
        .map(|(name, value)| (name.clone(), format!("{value:?}")))
        .collect();
    let bad = findings.into_iter().filter(|finding| finding.weight == Weight::Mistake);
    said.extend(bad.map(|finding| {
        let name = keys::find(&finding.key).filter(|key| !key.name.contains('*')).map(|key| key.name.to_owned());
        (name.unwrap_or(finding.key), finding.reason)
    }));
    let unknown = reading.settings.into_iter().filter(|setting| keys::find(&setting.key).is_none());
    let unknown: BTreeMap<String, String> = unknown.map(|setting| (setting.key, setting.value)).collect();
    said.extend(unknown);
    Ok(said)
}

struct Reading<'a> {
    file: Option<&'a ConfigFile>,
    base_dir: PathBuf,
    environment: &'a BTreeMap<String, String>,
    settings: Vec<Setting>,
    findings: Vec<Finding>,
    /// Names as they stand in the file, by line and key.
    written: BTreeMap<(usize, String), String>,
}

impl<'a> Reading<'a> {
    fn new(file: Option<&'a ConfigFile>, source: &Source, environment: &'a BTreeMap<String, String>) -> Self {
        let path = file.map(|file| file.path.as_path());
        let named = [environment::PREFIX, ""].map(|prefix| environment.get(&format!("{prefix}BASE_DIR")));
        let named = named.into_iter().flatten().find(|dir| dir.starts_with('/')).map(PathBuf::from);
        let base_dir = named.unwrap_or_else(|| find::base_dir(path, source.program.as_deref()));
        Self { file, base_dir, environment, settings: Vec::new(), findings: Vec::new(), written: BTreeMap::new() }
    }

    fn file_settings(&mut self) {
        let Some(file) = self.file else { return };
        let Parsed { lines, faults } = Format::of(&file.path).parse(&file.bytes);
        self.settle_base_dir(&lines);
        let base_dir = self.base_dir.to_string_lossy().into_owned();
        let scope = Scope { base_dir: &base_dir, environment: self.environment };
        let (expanded, more_faults) = expand(&lines, &scope);
        for fault in faults.into_iter().chain(more_faults) {
            self.findings.push(finding(&file.path, fault));
        }
        self.written = lines.into_iter().map(|line| ((line.number, line.key), line.path)).collect();
        self.settings.extend(expanded.into_iter().map(|line| Setting {
            key: line.key,
            value: line.value,
            origin: Origin::File { path: file.path.clone(), line: line.number },
        }));
    }

    /// The file's own `BASE_DIR` holds for its other lines; a bad one is found by the check.
    fn settle_base_dir(&mut self, lines: &[Line]) {
        let Some(line) = lines.iter().rfind(|line| line.key == "BASE_DIR") else { return };
        let base_dir = self.base_dir.to_string_lossy().into_owned();
        let scope = Scope { base_dir: &base_dir, environment: self.environment };
        let (expanded, _) = expand(std::slice::from_ref(line), &scope);
        if let Some(given) = expanded.first().filter(|given| given.value.starts_with('/')) {
            self.base_dir = PathBuf::from(given.value.trim_end_matches('/'));
        }
    }

    fn add(&mut self, (settings, findings): (Vec<Setting>, Vec<Finding>)) {
        self.settings.extend(settings);
        self.findings.extend(findings);
    }

    fn finish(mut self, passed_over: Vec<PassedOver>) -> Result<Loaded, ConfigError> {
        self.refuse_exposed_secrets()?;
        let path = self.file.map(|file| file.path.clone());
        let (settings, findings) = secrets::resolve_files(&self.settings);
        self.findings.extend(findings);
        let older = find::has_older_defaults(path.as_deref()).then_some(self.base_dir.as_path());
        let (checked, findings) = check(&settings, older);
        self.findings.extend(findings);
        self.name_as_written();
        self.findings.extend(passed_over.into_iter().map(told));
        self.findings.sort_by_key(|finding| finding.origin.place());
        if self.findings.iter().any(|finding| finding.weight == Weight::Mistake) {
            self.findings.retain(|finding| finding.weight >= Weight::UnknownKey);
            return Err(ConfigError::Mistakes(self.findings));
        }
        Ok(Loaded { config: build::config(&checked), file: path, findings: self.findings, values: checked.rows() })
    }

    /// Everything after the parser knows only keys; people look for what they wrote.
    fn name_as_written(&mut self) {
        for finding in &mut self.findings {
            let Origin::File { path, line } = &finding.origin else { continue };
            let written = self.written.get(&(*line, finding.key.clone())).cloned();
            finding.key = written.unwrap_or_else(|| Format::of(path).spelled(&finding.key));
        }
    }

    fn refuse_exposed_secrets(&self) -> Result<(), ConfigError> {
        let Some(file) = self.file.filter(|file| !file.is_private) else { return Ok(()) };
        let secret = self.settings.iter().find(|setting| {
            matches!(setting.origin, Origin::File { .. })
                && !setting.value.is_empty()
                && keys::find(&setting.key).is_some_and(Key::is_secret)
        });
        match secret {
            Some(setting) => {
                Err(ConfigError::Exposed { path: file.path.clone(), key: Format::of(&file.path).spelled(&setting.key) })
            }
            None => Ok(()),
        }
    }
}

fn finding(path: &Path, fault: Fault) -> Finding {
    Finding {
        weight: Weight::Mistake,
        origin: Origin::File { path: path.to_owned(), line: fault.number },
        key: name_of(&fault.key),
        value: None,
        reason: fault.reason,
        suggestion: fault.suggestion,
    }
}

/// A file that was not believed is worth a warning: it may hold settings that somebody relies on.
fn told(passed_over: PassedOver) -> Finding {
    let (weight, reason, suggestion) = match passed_over {
        PassedOver::Untrusted(why) => {
            (Weight::UnknownKey, format!("passed over: {why}"), format!("move it to {}", Format::Env.place()))
        }
        PassedOver::Second { path, first } => (
            Weight::Notice,
            format!("{} is not read, because {} comes first", path.display(), first.display()),
            "keep one of the two; proxmox-backup config convert turns one form into the other".to_owned(),
        ),
    };
    let suggestion = Some(suggestion);
    Finding { weight, origin: Origin::Default, key: String::new(), value: None, reason, suggestion }
}
