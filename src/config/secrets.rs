//! Secrets kept outside the configuration: `<KEY>_FILE` and `$CREDENTIALS_DIRECTORY/<key>`.

use std::path::{Path, PathBuf};

use super::finding::{Finding, Weight, shown};
use super::keys::{self, Key};
use super::{Origin, Setting};
use crate::system::{FileError, Root, Stat, open_file, read_at_most};

/// A secret is a line, not a document; a private key of any kind fits too.
const MOST_BYTES: usize = 64 * 1024;

/// Who may read a secret's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readers {
    /// Only its owner.
    Owner,
    /// systemd answers for it, and grants access by ACL, which shows as group bits.
    AsSystemdSays,
}

/// Replaces each `<KEY>_FILE` of a secret key by what the file holds.
pub(super) fn resolve_files(settings: &[Setting]) -> (Vec<Setting>, Vec<Finding>) {
    let mut findings = Vec::new();
    let direct: Vec<(&str, u8)> = settings
        .iter()
        .filter(|setting| !setting.value.is_empty())
        .filter_map(|setting| Some((keys::find(&setting.key)?.name, setting.origin.strength())))
        .collect();
    let mut resolved = Vec::new();
    for setting in settings {
        let Some((name, key)) = secret_of(&setting.key) else {
            resolved.push(setting.clone());
            continue;
        };
        let path = setting.value.trim();
        if path.is_empty() {
            continue;
        }
        let is_given_too = !key.name.contains('*') && direct.contains(&(key.name, setting.origin.strength()));
        let secret = if is_given_too {
            Err(format!("and {name} are both given"))
        } else {
            read_secret(Path::new(path), Readers::Owner)
        };
        match secret {
            Ok(value) => resolved.push(Setting { key: name.to_owned(), value, origin: setting.origin.clone() }),
            Err(reason) => findings.push(mistake(setting, reason)),
        }
    }
    (resolved, findings)
}

/// `X_FILE` of a secret key `X`; keys that end so by themselves are none.
fn secret_of(name: &str) -> Option<(&str, &'static Key)> {
    if keys::find(name).is_some() {
        return None;
    }
    let name = name.strip_suffix("_FILE")?;
    keys::find(name).filter(|key| key.is_secret()).map(|key| (name, key))
}

/// Every file of the directory that is named like a secret key, in any case.
pub(super) fn credentials(directory: &Path) -> (Vec<Setting>, Vec<Finding>) {
    let (mut settings, mut findings) = (Vec::new(), Vec::new());
    let names = Root::live().and_then(|root| root.list(directory)).unwrap_or_default();
    for name in names {
        let key = name.to_string_lossy().to_ascii_uppercase();
        if !keys::find(&key).is_some_and(Key::is_secret) {
            continue;
        }
        let path: PathBuf = directory.join(&name);
        let mut setting = Setting { key, value: String::new(), origin: Origin::Credential(path.clone()) };
        match read_secret(&path, Readers::AsSystemdSays) {
            Ok(value) => {
                setting.value = value;
                settings.push(setting);
            }
            Err(reason) => findings.push(mistake(&setting, reason)),
        }
    }
    (settings, findings)
}

fn read_secret(path: &Path, readers: Readers) -> Result<String, String> {
    let reason = |error: FileError| format!("cannot be read: {}", error.reason());
    if !path.is_absolute() {
        return Err("is not an absolute path".to_owned());
    }
    let file = open_file(path).map_err(reason)?;
    let stat = Stat::of(&file, path).map_err(reason)?;
    if readers == Readers::Owner {
        if let Some(against) = stat.reason_against_trust() {
            return Err(format!("names a file that {against}"));
        }
        if !stat.is_private() {
            return Err(format!("names a file that others can read (mode {:04o}, should be 0600)", stat.mode));
        }
    }
    let bytes = read_at_most(file, MOST_BYTES, path).map_err(reason)?;
    let text = String::from_utf8(bytes).map_err(|_| "names a file that is not text".to_owned())?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

fn mistake(setting: &Setting, reason: String) -> Finding {
    Finding {
        weight: Weight::Mistake,
        origin: setting.origin.clone(),
        key: setting.key.clone(),
        // What is no path may be the secret itself, under the wrong key.
        value: setting.value.starts_with('/').then(|| shown(&setting.value)),
        reason,
        suggestion: None,
    }
}
