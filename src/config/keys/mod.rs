//! The table of keys. A key is one row; parser, check, template and documentation follow it.
//!
//! Switches of recipes are rows of the catalog and are not repeated here.

mod general;
mod legacy;
mod notify;
mod security;
mod storage;

use std::sync::LazyLock;

use crate::recipe::{Default, catalog};

/// One key of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Canonical name. `*` stands for a name the user chose: `WEBHOOK_*_URL`.
    pub name: &'static str,
    /// Older names of the same setting.
    pub aliases: &'static [&'static str],
    /// Older names that mean the opposite; booleans only.
    pub opposites: &'static [&'static str],
    /// What its value must look like.
    pub kind: Kind,
    /// The value when nothing is said, as it would be written; empty = none.
    pub default: &'static str,
    /// The default in a file of an older tool, whose places lie below `BASE_DIR`.
    pub base_dir_default: Option<&'static str>,
    /// Where it stands in the shipped file.
    pub section: Section,
    /// One line for people.
    pub help: &'static str,
    /// Whether the value must not be shown.
    pub secrecy: Secrecy,
    /// What this version does with it.
    pub status: Status,
}

/// What a value must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true`, `yes`, `on`, `1`, `enabled` or their opposites, any case.
    Bool,
    /// A whole number in this range, both ends included.
    Number(i64, i64),
    /// A whole number; the codec says which.
    Level,
    /// Gigabytes, `0.5` allowed.
    Gigabytes,
    /// Bytes with an optional binary multiple: `100M`.
    Size,
    /// Seconds in this range, or a span such as `5m`.
    Seconds(u64, u64),
    /// One of these words; each row is a word and its other spellings.
    Word(&'static [&'static [&'static str]]),
    /// An absolute path.
    Path,
    /// Absolute paths, `*` allowed.
    Paths,
    /// Path patterns.
    Patterns,
    /// `age1…` and `ssh-…` keys.
    Recipients,
    /// Network ports.
    Ports,
    /// Words between `,`, `;` or `|`.
    List,
    /// An `http` or `https` address.
    Url,
    /// Anything on one line.
    Text,
}

/// Sections of the configuration file, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// The run itself.
    General,
    /// What to collect.
    Collect,
    /// Packing.
    Compression,
    /// age.
    Encryption,
    /// The three tiers.
    Storage,
    /// What to keep.
    Retention,
    /// Messages.
    Notify,
    /// For monitoring systems.
    Metrics,
    /// Checks before a run.
    Security,
    /// Known names without effect.
    Older,
}

/// Whether a value must not be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// Anybody may see it.
    Open,
    /// Masked everywhere; may come from `<KEY>_FILE` or the credentials directory.
    Secret,
}

/// What this version does with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It has its effect.
    Used,
    /// Known from an older tool, does nothing, for this reason. The value is not looked at.
    NoEffect(&'static str),
}

impl Section {
    /// All of them, in the order of the file.
    pub const ALL: [Self; 10] = [
        Self::General,
        Self::Collect,
        Self::Compression,
        Self::Encryption,
        Self::Storage,
        Self::Retention,
        Self::Notify,
        Self::Metrics,
        Self::Security,
        Self::Older,
    ];

    /// Its name in YAML; names without effect have no section of their own there.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::General => "general",
            Self::Collect => "collect",
            Self::Compression => "compression",
            Self::Encryption => "encryption",
            Self::Storage => "storage",
            Self::Retention => "retention",
            Self::Notify => "notify",
            Self::Metrics => "metrics",
            Self::Security => "security",
            Self::Older => return None,
        })
    }

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Collect => "What to collect",
            Self::Compression => "Compression",
            Self::Encryption => "Encryption",
            Self::Storage => "Storage",
            Self::Retention => "Retention",
            Self::Notify => "Notifications",
            Self::Metrics => "Metrics",
            Self::Security => "Security",
            Self::Older => "Known from older tools, without effect",
        }
    }
}

impl Key {
    const fn new(name: &'static str, kind: Kind, default: &'static str, section: Section, help: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            opposites: &[],
            kind,
            default,
            base_dir_default: None,
            section,
            help,
            secrecy: Secrecy::Open,
            status: Status::Used,
        }
    }

    const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    const fn opposites(self, opposites: &'static [&'static str]) -> Self {
        Self { opposites, ..self }
    }

    const fn below_base_dir(self, default: &'static str) -> Self {
        Self { base_dir_default: Some(default), ..self }
    }

    const fn secret(self) -> Self {
        Self { secrecy: Secrecy::Secret, ..self }
    }

    /// A name that does nothing here.
    const fn no_effect(name: &'static str, why: &'static str) -> Self {
        Self { status: Status::NoEffect(why), ..Self::new(name, Kind::Text, "", Section::Older, why) }
    }

    /// Whether the value must be masked.
    pub fn is_secret(&self) -> bool {
        self.secrecy == Secrecy::Secret
    }

    /// Whether `name` is this key, one of its aliases, or fits its pattern.
    fn answers_to(&self, name: &str) -> bool {
        self.name == name
            || self.aliases.contains(&name)
            || self.opposites.contains(&name)
            || self.name.split_once('*').is_some_and(|(head, tail)| {
                name.len() > head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail)
            })
    }

    /// Whether values given more than once are joined instead of replaced, as the Go tool did.
    pub fn accumulates(&self) -> bool {
        matches!(self.name, "CUSTOM_BACKUP_PATHS" | "BACKUP_BLACKLIST" | "BACKUP_EXCLUDE_PATTERNS" | "AGE_RECIPIENT")
    }
}

/// Every key, switches of recipes included, by section.
pub fn all() -> &'static [Key] {
    static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
        let mut keys: Vec<Key> = [general::KEYS, storage::KEYS, notify::KEYS, security::KEYS, legacy::KEYS].concat();
        for switch in catalog().filter_map(|recipe| recipe.switch) {
            // Recipes may share a switch.
            if !keys.iter().any(|key| key.name == switch.key) {
                keys.push(from_switch(switch));
            }
        }
        keys.sort_by_key(|key| key.section);
        keys
    });
    &KEYS
}

fn from_switch(switch: crate::recipe::Switch) -> Key {
    let default = match switch.default {
        Default::On => "true",
        Default::Off => "false",
    };
    Key::new(switch.key, Kind::Bool, default, Section::Collect, switch.help).aliases(switch.aliases)
}

/// The key of this name, alias or pattern.
pub(in crate::config) fn find(name: &str) -> Option<&'static Key> {
    // Exact names first: `WEBHOOK_MAX_RETRIES` must not be taken for an endpoint called `MAX`.
    let exact = all().iter().find(|key| !key.name.contains('*') && key.answers_to(name));
    exact.or_else(|| all().iter().find(|key| key.answers_to(name)))
}

/// Every spelling a user may have meant: names, aliases and opposites.
pub(in crate::config) fn names() -> impl Iterator<Item = &'static str> {
    all().iter().filter(|key| !key.name.contains('*')).flat_map(|key| {
        std::iter::once(key.name).chain(key.aliases.iter().copied()).chain(key.opposites.iter().copied())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_name_means_one_key() {
        let mut seen = BTreeSet::new();
        for name in names() {
            assert!(seen.insert(name), "{name} is there twice");
        }
    }

    #[test]
    fn every_row_is_presentable() {
        for key in all() {
            assert!(!key.help.is_empty() && key.help.len() <= 110 && !key.help.ends_with('.'), "{}", key.name);
            assert!(!key.help.contains(['\n', '|']), "{}", key.name);
            assert!(key.opposites.is_empty() || key.kind == Kind::Bool, "{}", key.name);
        }
    }

    #[test]
    fn every_default_keeps_its_own_rule() {
        for key in all().iter().filter(|key| !key.default.is_empty()) {
            assert!(key.kind.check(key.default).is_ok(), "{}={}", key.name, key.default);
        }
    }

    #[test]
    fn a_chosen_name_is_found_by_its_pattern_and_an_exact_name_before_it() {
        assert_eq!(find("WEBHOOK_OPS_ROOM_URL").map(|key| key.name), Some("WEBHOOK_*_URL"));
        assert_eq!(find("WEBHOOK_MAX_RETRIES").map(|key| key.name), Some("WEBHOOK_MAX_RETRIES"));
        assert_eq!(find("LOCAL_BACKUP_PATH").map(|key| key.name), Some("BACKUP_PATH"));
        assert!(find("WEBHOOK_URL").is_none() && find("WEBHOOK__URL").is_none());
    }
}
