//! An older tool's `backup.env` as our own: what has an effect here, with the places written out, so
//! that it means the same where our file lies. What does not go along is kept as a comment that says why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use super::convert::{Settled, settled};
use super::find::{self, ConfigFile};
use super::format::{Format, known};
use super::keys::{self, Section};
use super::load::{ConfigError, Source, load_file, meaning};
use super::parse::Piece;
use super::render::{Item, Written, render};
use super::{Config, Finding, Weight};
use crate::system::Root;

/// Keys whose place is not taken along when it lies in the older tool's directory, and why.
const OWN_PLACES: [(&str, &str); 2] =
    [("LOCK_PATH", "the lock has its own place here"), ("AGE_RECIPIENT_FILE", "the recipients lie with our keys")];

/// A channel of messages by the beginnings of its keys, and the line that settles what it lacks here.
///
/// The older tools had servers of their own built in; a message that cannot be sent must not keep
/// backups from being made.
const CHANNELS: [(&[&str], &str, &str); 6] = [
    (&["EMAIL_DELIVERY_METHOD", "CLOUDFLARE_", "WORKER_", "HMAC_"], "EMAIL_DELIVERY_METHOD", "sendmail"),
    (&["TELEGRAM_", "BOT_TELEGRAM_"], "TELEGRAM_ENABLED", "false"),
    (&["EMAIL_", "SMTP_"], "EMAIL_ENABLED", "false"),
    (&["GOTIFY_"], "GOTIFY_ENABLED", "false"),
    (&["WEBHOOK_"], "WEBHOOK_ENABLED", "false"),
    (&["HEALTHCHECK_"], "HEALTHCHECK_ENABLED", "false"),
];

/// An older tool's settings.
pub struct TakenOver {
    /// What they mean where they lie.
    pub config: Config,
    /// The text of our own file; it may hold secrets.
    pub text: String,
    /// How many settings it has.
    pub settings: usize,
    /// What is a comment in it.
    pub left_out: Vec<LeftOut>,
    /// What cannot work as it is: the line that was put in its place, and why.
    pub settled: Vec<(String, String)>,
}

/// A key that has no line of its own any more.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// Its name.
    pub key: String,
    /// In words.
    pub why: String,
}

impl fmt::Debug for TakenOver {
    /// The text may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TakenOver")
            .field("settings", &self.settings)
            .field("left_out", &self.left_out)
            .finish_non_exhaustive()
    }
}

/// Reads the file of an older tool at this place below the root, and writes it as ours.
pub fn take_over(root: &Root, path: &Path) -> Result<TakenOver, ConfigError> {
    let mut file = find::open_place(root, path)?.ok_or(ConfigError::Nothing)?;
    // What it becomes is private, whatever it was.
    file.is_private = true;
    let source = Source { root: root.clone(), explicit: None, program: None };
    let (loaded, settled_lines) = settle_channels(&mut file, &source)?;
    let base_dir = base_dir(&file);
    let mut taking = Taking { base_dir: &base_dir, left_out: without_effect(&loaded.findings) };
    let Settled { mut header, items, mut footer } = settled(&file, &source);
    let items = taking.items(items, &mut footer);
    header.insert(0, format!("# Taken over from {} by `proxmox-backup migrate`.", path.display()));
    let text = render(Format::Env, &header, &items, &footer);
    if let Some(key) = lost(&file, &own_file(text.as_bytes()), &source, &taking.left_out)? {
        return Err(ConfigError::Inexpressible { path: file.path, key });
    }
    let Taking { left_out, .. } = taking;
    Ok(TakenOver { config: loaded.config, text, settings: items.len(), left_out, settled: settled_lines })
}

/// Whether nobody has said anything in this `backup.env`: comments only, as it was shipped.
pub fn says_nothing(bytes: &[u8]) -> bool {
    let parsed = Format::Env.parse(bytes);
    parsed.lines.is_empty() && parsed.faults.is_empty()
}

/// The settings of our own `backup.env` that this text does not have, or has with another value.
pub fn said_otherwise(root: &Root, own: &[u8], text: &str) -> Vec<String> {
    let parsed = Format::Env.parse(own);
    if !parsed.faults.is_empty() {
        return parsed.faults.into_iter().map(|fault| format!("line {}: {}", fault.number, fault.reason)).collect();
    }
    let given: BTreeSet<String> = parsed.lines.iter().map(|line| canonical(&line.key)).collect();
    let source = Source { root: root.clone(), explicit: None, program: None };
    let said = |bytes: &[u8]| meaning(&own_file(bytes), &source, &BTreeMap::new()).unwrap_or_default();
    let new = said(text.as_bytes());
    let different: BTreeSet<String> =
        said(own).into_iter().filter(|said| !new.contains(said)).map(|(name, _)| name).collect();
    given.into_iter().filter(|name| different.contains(name)).collect()
}

fn own_file(bytes: &[u8]) -> ConfigFile {
    ConfigFile { path: Format::Env.place().into(), bytes: bytes.to_vec(), is_private: true }
}

fn canonical(name: &str) -> String {
    match keys::find(name) {
        Some(key) if !key.name.contains('*') => key.name.to_owned(),
        _ => name.to_owned(),
    }
}

/// Loads the file; where a channel lacks what it needs, a line behind all others settles that.
fn settle_channels(
    file: &mut ConfigFile,
    source: &Source,
) -> Result<(super::Loaded, Vec<(String, String)>), ConfigError> {
    let mut settled: Vec<(String, String)> = Vec::new();
    loop {
        let findings = match load_file(file, source) {
            Ok(loaded) => return Ok((loaded, settled)),
            Err(ConfigError::Mistakes(findings)) => findings,
            Err(error) => return Err(error),
        };
        let next = findings.iter().filter(|finding| finding.weight == Weight::Mistake).find_map(|finding| {
            let lines =
                CHANNELS.iter().filter(|(starts, ..)| starts.iter().any(|start| finding.key.starts_with(start)));
            let mut lines = lines.map(|(_, key, value)| format!("{key}={value}"));
            let line = lines.find(|line| settled.iter().all(|(done, _)| done != line))?;
            Some((line, format!("{} {}", finding.key, finding.reason)))
        });
        let Some((line, why)) = next else { return Err(ConfigError::Mistakes(findings)) };
        file.bytes.extend_from_slice(format!("\n# {why}: set it to what works, and this back.\n{line}\n").as_bytes());
        settled.push((line, why));
    }
}

fn without_effect(findings: &[Finding]) -> Vec<LeftOut> {
    // A used key may be without effect for what others say; its line stays.
    let is_old = |finding: &&Finding| keys::find(&finding.key).is_some_and(|key| key.section == Section::Older);
    let old = findings.iter().filter(|finding| finding.weight == Weight::NoEffect).filter(is_old);
    old.map(|finding| LeftOut {
        key: finding.key.clone(),
        why: finding.suggestion.clone().unwrap_or_else(|| finding.reason.clone()),
    })
    .collect()
}

/// What `${BASE_DIR}` means in the file: what it says itself, else its place.
fn base_dir(file: &ConfigFile) -> PathBuf {
    let of_place = find::base_dir(Some(&file.path), None);
    let lines = Format::of(&file.path).parse(&file.bytes).lines;
    let said = lines.iter().rfind(|line| line.key == "BASE_DIR").map(|line| filled_in(line.value.clone(), &of_place));
    let said = said.as_deref().and_then(|value| match value {
        [Piece::Literal(text)] if text.starts_with('/') => Some(PathBuf::from(text.trim_end_matches('/'))),
        _ => None,
    });
    said.unwrap_or(of_place)
}

/// One literal text where `BASE_DIR` is all that was variable.
fn filled_in(value: Vec<Piece>, base_dir: &Path) -> Vec<Piece> {
    let mut filled: Vec<Piece> = Vec::new();
    for piece in value {
        let piece = match piece {
            Piece::Variable(name) if name.eq_ignore_ascii_case("BASE_DIR") => {
                Piece::Literal(base_dir.to_string_lossy().into_owned())
            }
            other => other,
        };
        match (filled.last_mut(), piece) {
            (Some(Piece::Literal(before)), Piece::Literal(text)) => before.push_str(&text),
            (_, piece) => filled.push(piece),
        }
    }
    filled
}

struct Taking<'a> {
    base_dir: &'a Path,
    left_out: Vec<LeftOut>,
}

impl Taking<'_> {
    /// The items of our file; what is left out goes into the footer.
    fn items(&mut self, items: Vec<Item>, footer: &mut Vec<String>) -> Vec<Item> {
        let mut kept = Vec::new();
        for item in items.into_iter().filter(|item| item.name != "BASE_DIR") {
            let value = match item.value {
                Written::One(value) => Written::One(filled_in(value, self.base_dir)),
                Written::List(list) => {
                    Written::List(list.into_iter().map(|entry| filled_in(entry, self.base_dir)).collect())
                }
            };
            let item = Item { value, ..item };
            let Some(why) = self.reason_against(&item) else {
                kept.push(item);
                continue;
            };
            // A mistyped name may be that of a secret, and the old file still has the value.
            footer.push(format!("# {} is not taken over: {why}", item.name));
            if self.left_out.iter().all(|left| left.key != item.name) {
                self.left_out.push(LeftOut { key: item.name, why });
            }
        }
        kept
    }

    fn reason_against(&self, item: &Item) -> Option<String> {
        let Some(key) = known(&item.name) else { return Some("nobody knows this name".to_owned()) };
        if key.section == Section::Older {
            return None;
        }
        let (_, why) = OWN_PLACES.iter().find(|(name, _)| *name == item.name)?;
        match &item.value {
            Written::One(value) => match value.as_slice() {
                [Piece::Literal(text)] if Path::new(text).starts_with(self.base_dir) => Some((*why).to_owned()),
                _ => None,
            },
            Written::List(_) => None,
        }
    }
}

/// The first setting that would not mean the same any more.
fn lost(
    before: &ConfigFile,
    after: &ConfigFile,
    source: &Source,
    left_out: &[LeftOut],
) -> Result<Option<String>, ConfigError> {
    let said = |file: &ConfigFile| -> Result<BTreeSet<(String, String)>, ConfigError> {
        let all = meaning(file, source, &BTreeMap::new())?;
        let counts = |name: &str| keys::find(name).is_some() && left_out.iter().all(|left| left.key != name);
        Ok(all.into_iter().filter(|(name, _)| counts(name)).collect())
    };
    let (before, after) = (said(before)?, said(after)?);
    Ok(before.symmetric_difference(&after).next().map(|(name, _)| name.clone()))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;

    fn taken(place: &str, text: &str) -> Result<TakenOver, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(place.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        take_over(&Root::at(dir.path()).unwrap(), Path::new(place))
    }

    #[test]
    fn places_are_written_out_and_what_is_not_said_is_said() {
        let text = "# head\n\n# why\nLOCAL_BACKUP_PATH=\"${BASE_DIR}/backup\"\nBACKUP_BLACKLIST=\"\n${BASE_DIR}/log/\n\"\nRED='x'\nPAHT=1\n";
        let taken = taken("/opt/proxmox-backup/env/backup.env", text).unwrap();
        for line in [
            "# why\nBACKUP_PATH=/opt/proxmox-backup/backup\n",
            "LOG_PATH=/opt/proxmox-backup/log\n",
            "/opt/proxmox-backup/log/\n",
            "# RED=x has no effect: colours are not configured one by one\n",
            "# PAHT is not taken over: nobody knows this name\n",
        ] {
            assert!(taken.text.contains(line), "{line}: {}", taken.text);
        }
        assert!(!taken.text.contains("BASE_DIR") && !taken.text.contains("LOCK_PATH="), "{}", taken.text);
        let left: Vec<&str> = taken.left_out.iter().map(|left| left.key.as_str()).collect();
        assert_eq!(left, ["RED", "LOCK_PATH", "AGE_RECIPIENT_FILE", "PAHT"]);
        assert_eq!(taken.config.local.backups, Path::new("/opt/proxmox-backup/backup"));
    }

    #[test]
    fn a_channel_whose_server_was_built_in_does_not_keep_backups_from_being_made() {
        let text = "TELEGRAM_ENABLED=true\nBOT_TELEGRAM_TYPE=centralized\n";
        let taken = taken("/opt/proxsave/configs/backup.env", text).unwrap();
        assert_eq!(taken.settled[0].0, "TELEGRAM_ENABLED=false");
        assert!(taken.text.contains("\nTELEGRAM_ENABLED=false\n"), "{}", taken.text);
        assert!(taken.text.contains("TELEGRAM_SERVER_API_HOST"), "{}", taken.text);
    }

    #[test]
    fn a_mistake_is_no_configuration() {
        assert!(matches!(taken("/opt/proxsave/configs/backup.env", "BACKUP_PATH=x\n"), Err(ConfigError::Mistakes(_))));
    }

    #[test]
    fn what_was_said_in_our_file_and_is_not_in_the_new_one_is_named() {
        let root = Root::live().unwrap();
        let own = "BACKUP_PATH=/srv/a\nCOMPRESSION_TYPE=xz\nMAX_LOCAL_BACKUPS=7\n";
        let new = "BACKUP_PATH=/srv/b\nMAX_LOCAL_BACKUPS=7\n";
        assert_eq!(said_otherwise(&root, own.as_bytes(), new), ["BACKUP_PATH", "COMPRESSION_TYPE"]);
        assert!(said_otherwise(&root, b"MAX_LOCAL_BACKUPS=7", new).is_empty());
        assert!(says_nothing(super::super::shipped_file(Format::Env).as_bytes()) && !says_nothing(own.as_bytes()));
    }
}
