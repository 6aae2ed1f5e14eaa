//! The two forms of the file: `backup.env` in lines, `backup.yaml` in sections.
//!
//! A key's name in YAML follows from its row: its section, then its name in small letters.

use std::fmt;
use std::path::Path;

use super::keys::{self, Key};
use super::parse::{self, Fault, Line};
use super::yaml;

/// A form of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `KEY=value`.
    Env,
    /// `section:` and below it `key: value`.
    Yaml,
}

/// What a file says, variables not yet filled in.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) lines: Vec<Line>,
    pub(super) faults: Vec<Fault>,
}

impl Format {
    /// The form of a file of this name.
    pub fn of(path: &Path) -> Self {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some(ending) if ending.eq_ignore_ascii_case("yaml") || ending.eq_ignore_ascii_case("yml") => Self::Yaml,
            _ => Self::Env,
        }
    }

    /// The one that this is not.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Env => Self::Yaml,
            Self::Yaml => Self::Env,
        }
    }

    pub(super) fn parse(self, bytes: &[u8]) -> Parsed {
        match self {
            Self::Env => parse::parse(bytes).into(),
            Self::Yaml => yaml::parse(bytes),
        }
    }

    /// A key's name as this form writes it; an unknown name stays as it is.
    pub(super) fn spelled(self, name: &str) -> String {
        let section = known(name).filter(|_| self == Self::Yaml).and_then(|key| key.section.name());
        match section {
            Some(section) => format!("{section}.{}", name.to_ascii_lowercase()),
            None => name.to_owned(),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Env => "env",
            Self::Yaml => "yaml",
        })
    }
}

impl From<(Vec<Line>, Vec<Fault>)> for Parsed {
    fn from((lines, faults): (Vec<Line>, Vec<Fault>)) -> Self {
        Self { lines, faults }
    }
}

/// The key of a name, also of `<KEY>_FILE` for a secret.
pub(super) fn known(name: &str) -> Option<&'static Key> {
    let of_secret = || keys::find(name.strip_suffix("_FILE")?).filter(|key| key.is_secret());
    keys::find(name).or_else(of_secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_the_form() {
        for (name, format) in [
            ("/etc/x/backup.yaml", Format::Yaml),
            ("a.YML", Format::Yaml),
            ("backup.env", Format::Env),
            ("yaml", Format::Env),
        ] {
            assert_eq!(Format::of(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn a_name_in_yaml_leads_back_to_its_row() {
        for key in keys::all().iter().filter(|key| key.section.name().is_some()) {
            let path = Format::Yaml.spelled(&key.name.replace('*', "OPS"));
            let (section, name) = path.split_once('.').unwrap();
            assert_eq!(known(&name.to_ascii_uppercase()).unwrap().name, key.name);
            assert_eq!(Some(section), key.section.name());
        }
        assert_eq!(Format::Yaml.spelled("GOTIFY_TOKEN_FILE"), "notify.gotify_token_file");
        assert_eq!(Format::Yaml.spelled("NOBODY"), "NOBODY");
    }
}
