//! Settings as given → one checked value per key, or all mistakes at once. Knows no file format.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::build_mail;
use super::build_notify;
use super::build_tiers;
use super::codec::level_range;
use super::finding::{Finding, Weight, name_of, shown};
use super::keys::{self, Key, Status};
use super::mask::masked;
use super::nearest::nearest;
use super::value::{Complaint, Value, bool};
use super::{Codec, Origin, Setting};
use crate::foreign::harmless;

/// Keys whose default is another key's value: who leaves out the whole means the part as well.
const FOLLOWS: [(&str, &str); 4] = [
    ("CHECK_PROCESSES", "CHECK_NETWORK_SECURITY"),
    ("BACKUP_PBS_S3_ENDPOINTS", "BACKUP_DATASTORE_CONFIGS"),
    ("BACKUP_PBS_NOTIFICATIONS_PRIV", "BACKUP_PBS_NOTIFICATIONS"),
    ("BACKUP_PBS_NETWORK_CONFIG", "BACKUP_NETWORK_CONFIGS"),
];

/// Directories whose owner and mode Proxmox Backup Server depends on (`proxmox-facts` §1).
pub const NOT_OURS: [&str; 5] = [
    "/etc/proxmox-backup",
    "/var/lib/proxmox-backup",
    "/var/log/proxmox-backup",
    "/var/cache/proxmox-backup",
    "/run/proxmox-backup",
];

/// Who has more unknown names did not mistype them, and each search costs the whole table.
const MOST_TYPOS: usize = 100;

/// The values that count, by name; patterns appear with the name the user chose.
#[derive(Debug, Default)]
pub(super) struct Checked {
    values: BTreeMap<String, Chosen>,
}

/// One value and where it comes from.
#[derive(Clone, Debug)]
struct Chosen {
    key: &'static Key,
    value: Value,
    text: String,
    origin: Origin,
}

/// One row of `config show`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The name.
    pub key: String,
    /// The value as it would be written, secrets as `***`.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What this version does with it.
    pub status: Status,
}

/// Checks everything. With a mistake among the findings, the values must not be used.
pub(super) fn check(settings: &[Setting], base_dir: Option<&Path>) -> (Checked, Vec<Finding>) {
    let mut check = Check { given: BTreeMap::new(), findings: Vec::new(), unknown_keys: 0 };
    for setting in settings {
        check.take(setting);
    }
    let mut checked = defaults(base_dir);
    for (name, given) in std::mem::take(&mut check.given) {
        if let Some(chosen) = check.choose(given) {
            checked.values.insert(name, chosen);
        }
    }
    checked.follow();
    check.across(&checked);
    check.findings.sort_by_key(|finding| finding.origin.place());
    (checked, check.findings)
}

struct Check {
    given: BTreeMap<String, Vec<Given>>,
    findings: Vec<Finding>,
    unknown_keys: usize,
}

struct Given {
    chosen: Chosen,
    setting: Setting,
}

impl Check {
    fn take(&mut self, setting: &Setting) {
        let Some(key) = keys::find(&setting.key) else {
            return self.unknown(setting);
        };
        if let Status::NoEffect(why) = key.status {
            return self.findings.push(finding(Weight::NoEffect, setting, None, "has no effect", Some(why.to_owned())));
        }
        // The line end behind a list's single entry says that a comma in it separates nothing.
        let trimmed = if key.kind.is_list() { setting.value.trim_start() } else { setting.value.trim() };
        let text = turned(key, setting).unwrap_or_else(|| trimmed.to_owned());
        match key.kind.check(&text) {
            Ok(value) => {
                let name = if key.name.contains('*') { setting.key.as_str() } else { key.name };
                let chosen = Chosen { key, value, text, origin: setting.origin.clone() };
                self.given.entry(name.to_owned()).or_default().push(Given { chosen, setting: setting.clone() });
            }
            Err(complaint) => self.mistake(key, setting, complaint),
        }
    }

    fn unknown(&mut self, setting: &Setting) {
        let is_typo = self.unknown_keys < MOST_TYPOS;
        self.unknown_keys += 1;
        let near = if is_typo { nearest(&setting.key, keys::names()) } else { None };
        let suggestion = near.map(|name| format!("did you mean {}?", setting.origin.spelled(name)));
        let unknown = finding(Weight::UnknownKey, setting, None, "is no known key", suggestion);
        self.findings.push(Finding { key: name_of(&setting.key), ..unknown });
    }

    fn mistake(&mut self, key: &Key, setting: &Setting, Complaint { reason, suggestion }: Complaint) {
        let value = Some(one_line(&masked(key, &setting.value)));
        self.findings.push(finding(Weight::Mistake, setting, value, reason, suggestion));
    }

    /// Of values given more than once: the strongest source; in it, an older name before the new
    /// one, because upgraded files had the new names *added* with their defaults; then the last.
    fn choose(&mut self, mut given: Vec<Given>) -> Option<Chosen> {
        given.retain(|one| one.chosen.value != Value::Nothing);
        let strongest = given.iter().map(|one| one.chosen.origin.strength()).max()?;
        given.retain(|one| one.chosen.origin.strength() == strongest);
        if given[0].chosen.key.accumulates() {
            return joined(given);
        }
        let is_older = |one: &Given| one.setting.key != one.chosen.key.name && !one.chosen.key.name.contains('*');
        let winner = given.iter().rposition(is_older).unwrap_or(given.len() - 1);
        let winner = given.swap_remove(winner);
        for one in given.iter().filter(|one| one.chosen.value != winner.chosen.value) {
            let reason = format!(
                "does not count: {} at {} replaces it",
                winner.chosen.origin.spelled(&winner.setting.key),
                winner.chosen.origin
            );
            let value = Some(shown(&masked(one.chosen.key, &one.setting.value)));
            self.findings.push(finding(Weight::Notice, &one.setting, value, reason, None));
        }
        Some(winner.chosen)
    }

    /// Rules about more than one key.
    fn across(&mut self, checked: &Checked) {
        let codec = checked.codec();
        let range = level_range(codec);
        if let Some(level) = checked.number("COMPRESSION_LEVEL").filter(|_| codec != Codec::None) {
            if !u8::try_from(level).is_ok_and(|level| range.contains(&level)) {
                let reason = format!("is out of range for {}", codec.as_str());
                let suggestion = format!("{} to {}", range.start(), range.end());
                self.complain(checked, "COMPRESSION_LEVEL", Complaint { reason, suggestion: Some(suggestion) });
            }
        }
        if checked.bool("KEEP_WORKSPACE") && checked.bool("ENCRYPT_ARCHIVE") {
            let reason = "does not count: ENCRYPT_ARCHIVE is true, and what is kept would lie there in plain";
            self.notice(checked, "KEEP_WORKSPACE", reason);
        }
        self.retention(checked);
        for (key, complaint) in build_notify::notify(checked).1 {
            self.complain(checked, &key, complaint);
        }
        for (key, reason) in build_mail::notices(checked) {
            self.notice(checked, key, &reason);
        }
        for name in ["BACKUP_PATH", "LOG_PATH", "LOCK_PATH", "SIGN_KEY"] {
            if let Some(reason) = checked.path(name).and_then(|path| reason_against(&path)) {
                self.complain(checked, name, Complaint::new(reason));
            }
        }
    }

    /// A policy that would keep nothing, and numbers of the policy that is not the tier's.
    fn retention(&mut self, checked: &Checked) {
        if let Some(chosen) = checked.values.get("RETENTION_POLICY") {
            for tier in build_tiers::keeping_nothing(checked) {
                let spelled = |key: &str| chosen.origin.spelled(key);
                let classes = ["DAILY", "WEEKLY", "MONTHLY"].map(|class| spelled(&format!("RETENTION_{class}")));
                let reason = format!("keeps nothing of the {tier} tier: every number is 0");
                let suggestion = format!(
                    "give {} or {} a number, or {} and so on for this tier alone",
                    classes.join(", "),
                    spelled("RETENTION_YEARLY"),
                    spelled(&format!("{}_RETENTION_DAILY", tier.to_uppercase()))
                );
                self.complain(checked, "RETENTION_POLICY", Complaint { reason, suggestion: Some(suggestion) });
            }
        }
        for (name, policy) in build_tiers::of_the_other_policy(checked) {
            if let Some(chosen) = checked.values.get(&name) {
                let setting = Setting { key: name, value: String::new(), origin: chosen.origin.clone() };
                let reason = format!("has no effect: the policy is {policy}");
                self.findings.push(finding(Weight::NoEffect, &setting, None, reason, None));
            }
        }
    }

    fn notice(&mut self, checked: &Checked, name: &str, reason: &str) {
        if let Some(chosen) = checked.values.get(name) {
            let setting = Setting { key: name.to_owned(), value: String::new(), origin: chosen.origin.clone() };
            self.findings.push(finding(Weight::Notice, &setting, None, reason, None));
        }
    }

    fn complain(&mut self, checked: &Checked, name: &str, complaint: Complaint) {
        if let Some(chosen) = checked.values.get(name) {
            let setting = Setting { key: name.to_owned(), value: chosen.text.clone(), origin: chosen.origin.clone() };
            self.mistake(chosen.key, &setting, complaint);
        }
    }
}

fn finding(
    weight: Weight,
    setting: &Setting,
    value: Option<String>,
    reason: impl Into<String>,
    suggestion: Option<String>,
) -> Finding {
    Finding {
        weight,
        origin: setting.origin.clone(),
        key: setting.key.clone(),
        value,
        reason: reason.into(),
        suggestion,
    }
}

/// The entries of a block side by side.
fn one_line(text: &str) -> String {
    shown(&text.trim().replace('\n', ", "))
}

/// `DISABLE_COLORS=true` as `USE_COLOR=false`; what is no boolean is left for the check to refuse.
fn turned(key: &Key, setting: &Setting) -> Option<String> {
    let is_opposite = key.opposites.contains(&setting.key.as_str());
    let said = bool(setting.value.trim()).ok().filter(|_| is_opposite)?;
    Some((!said).to_string())
}

fn joined(given: Vec<Given>) -> Option<Chosen> {
    let mut all = Vec::new();
    let mut last = None;
    for one in given {
        if let Value::List(entries) = &one.chosen.value {
            all.extend(entries.iter().cloned());
        }
        last = Some(one.chosen);
    }
    last.map(|last| Chosen { text: all.join("\n"), value: Value::List(all), ..last })
}

/// Places that would endanger the host or leave most of it out of the backup.
fn reason_against(path: &Path) -> Option<String> {
    if let Some(theirs) = NOT_OURS.iter().find(|theirs| path.starts_with(theirs)) {
        return Some(format!("lies in {theirs}, which belongs to Proxmox Backup Server"));
    }
    if path.starts_with("/etc/pve") {
        return Some("lies in the cluster file system".to_owned());
    }
    let is_system =
        ["/", "/etc", "/root", "/home", "/usr", "/var", "/var/lib", "/boot"].iter().any(|dir| path == Path::new(dir));
    is_system.then(|| "is a directory of the system: what lies in it would be left out of every backup".to_owned())
}

fn defaults(base_dir: Option<&Path>) -> Checked {
    let mut checked = Checked::default();
    let used = keys::all().iter().filter(|key| !matches!(key.status, Status::NoEffect(_)) && !key.name.contains('*'));
    for key in used {
        let text = match (key.base_dir_default, base_dir) {
            (Some(below), Some(base)) => below.replace("${BASE_DIR}", &base.to_string_lossy()),
            _ => key.default.to_owned(),
        };
        let value = key.kind.check(&text).unwrap_or(Value::Nothing);
        checked.values.insert(key.name.to_owned(), Chosen { key, value, text, origin: Origin::Default });
    }
    checked
}

impl Checked {
    fn follow(&mut self) {
        for (name, leader) in FOLLOWS {
            let Some(led) = self.values.get(leader).map(|chosen| (chosen.value.clone(), chosen.text.clone())) else {
                continue;
            };
            if let Some(chosen) = self.values.get_mut(name).filter(|chosen| chosen.origin == Origin::Default) {
                if chosen.value != led.0 {
                    (chosen.value, chosen.text) = led;
                    chosen.origin = Origin::Follows(leader);
                }
            }
        }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name).map(|chosen| &chosen.value)
    }

    pub(super) fn bool(&self, name: &str) -> bool {
        self.value(name) == Some(&Value::Bool(true))
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        if let Some(Value::Number(number)) = self.value(name) { Some(*number) } else { None }
    }

    pub(super) fn bytes(&self, name: &str) -> crate::units::ByteSize {
        if let Some(Value::Size(size)) = self.value(name) { *size } else { crate::units::ByteSize::default() }
    }

    pub(super) fn duration(&self, name: &str) -> Duration {
        if let Some(Value::Duration(duration)) = self.value(name) { *duration } else { Duration::ZERO }
    }

    pub(super) fn word(&self, name: &str) -> &'static str {
        if let Some(Value::Word(word)) = self.value(name) { word } else { "" }
    }

    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        if let Some(Value::Path(path)) = self.value(name) { Some(path.clone()) } else { None }
    }

    pub(super) fn list(&self, name: &str) -> Vec<String> {
        if let Some(Value::List(list)) = self.value(name) { list.clone() } else { Vec::new() }
    }

    pub(super) fn text(&self, name: &str) -> String {
        if let Some(Value::Text(text)) = self.value(name) { text.clone() } else { String::new() }
    }

    pub(super) fn codec(&self) -> Codec {
        self.word("COMPRESSION_TYPE").parse().unwrap_or(super::DEFAULT_CODEC)
    }

    /// The name of one key as it is written where the value of another one comes from.
    pub(super) fn spelled(&self, at: &str, name: &str) -> String {
        self.values.get(at).map_or_else(|| name.to_owned(), |chosen| chosen.origin.spelled(name))
    }

    /// Whether somebody said something.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|chosen| !matches!(chosen.origin, Origin::Default | Origin::Follows(_)))
    }

    /// All of them, by name.
    pub(super) fn values(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.values.iter().map(|(name, chosen)| (name, &chosen.value))
    }

    /// Everything for `config show`, by section and then by name.
    pub(super) fn rows(&self) -> Vec<Shown> {
        let mut chosen: Vec<(&String, &Chosen)> = self.values.iter().collect();
        chosen.sort_by_key(|(name, chosen)| (chosen.key.section, *name));
        let text = |chosen: &Chosen| match &chosen.value {
            Value::List(entries) => entries.join(", "),
            _ => chosen.text.trim().to_owned(),
        };
        let row = |(name, chosen): (&String, &Chosen)| Shown {
            key: name.clone(),
            value: harmless(&masked(chosen.key, &text(chosen))),
            origin: chosen.origin.clone(),
            status: chosen.key.status,
        };
        chosen.into_iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(line: usize, key: &str, value: &str) -> Setting {
        Setting { key: key.into(), value: value.into(), origin: Origin::File { path: "/c".into(), line } }
    }

    fn from(origin: Origin, key: &str, value: &str) -> Setting {
        Setting { key: key.into(), value: value.into(), origin }
    }

    fn mistakes(settings: &[Setting]) -> Vec<String> {
        check(settings, None).1.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn stronger_sources_win() {
        let mut settings = vec![
            from(Origin::CommandLine, "LOG_PATH", "/5"),
            from(Origin::Environment("PROXMOX_BACKUP_LOG_PATH".into()), "LOG_PATH", "/4"),
            from(Origin::Environment("LOG_PATH".into()), "LOG_PATH", "/3"),
            line(1, "LOG_PATH", "/1"),
        ];
        for expected in ["/5", "/4", "/3", "/1"] {
            assert_eq!(check(&settings, None).0.path("LOG_PATH"), Some(expected.into()));
            settings.remove(0);
        }
        assert_eq!(check(&[], None).0.path("LOG_PATH"), Some("/var/log/proxmox-config-backup".into()));
        assert_eq!(check(&[], Some(Path::new("/opt/x"))).0.path("LOG_PATH"), Some("/opt/x/log".into()));
    }

    #[test]
    fn an_older_name_wins_in_the_same_file_unless_it_is_empty() {
        let older = [line(1, "LOCAL_BACKUP_PATH", "/mnt/mine"), line(2, "BACKUP_PATH", "/opt/x/backup")];
        let (checked, findings) = check(&older, None);
        assert_eq!(checked.path("BACKUP_PATH"), Some("/mnt/mine".into()));
        assert_eq!(findings.iter().map(|finding| finding.weight).collect::<Vec<_>>(), [Weight::Notice]);
        let empty = [line(1, "LOCAL_BACKUP_PATH", ""), line(2, "BACKUP_PATH", "/b"), line(3, "BACKUP_PATH", "/c")];
        assert_eq!(check(&empty, None).0.path("BACKUP_PATH"), Some("/c".into()));
    }

    #[test]
    fn lists_given_twice_are_joined_and_opposites_turned() {
        let settings = [
            line(1, "BACKUP_EXCLUDE_PATTERNS", "*.bak"),
            line(2, "BACKUP_EXCLUDE_PATTERNS", "*.old,*.tmp"),
            line(3, "DISABLE_COLORS", "1"),
            line(4, "BACKUP_DATASTORE_CONFIGS", "no"),
        ];
        let (checked, findings) = check(&settings, None);
        assert_eq!(findings, []);
        assert_eq!(checked.list("BACKUP_EXCLUDE_PATTERNS"), ["*.bak", "*.old", "*.tmp"]);
        assert!(!checked.bool("USE_COLOR") && !checked.bool("BACKUP_PBS_S3_ENDPOINTS"));
    }

    #[test]
    fn all_mistakes_come_at_once_with_place_and_suggestion() {
        let settings = [
            line(9, "COMPRESION_TYPE", "xz"),
            line(2, "DRY_RUN", "maybe"),
            line(3, "COMPRESSION_TYPE", "xz"),
            line(4, "COMPRESSION_LEVEL", "12"),
            line(5, "GOTIFY_TOKEN", "a\u{7}b"),
            line(6, "LOG_PATH", "/var/log/proxmox-backup/x"),
        ];
        assert_eq!(
            mistakes(&settings),
            [
                "/c:2: DRY_RUN: \"maybe\" is neither true nor false (true, yes, on, 1, enabled or false, no, off, 0, disabled)",
                "/c:4: COMPRESSION_LEVEL: \"12\" is out of range for xz (0 to 9)",
                "/c:5: GOTIFY_TOKEN: \"***\" has a control character in it",
                "/c:6: LOG_PATH: \"/var/log/proxmox-backup/x\" lies in /var/log/proxmox-backup, which belongs to Proxmox Backup Server",
                "/c:9: COMPRESION_TYPE: is no known key (did you mean COMPRESSION_TYPE?)",
            ]
        );
    }

    #[test]
    fn numbers_of_the_other_policy_are_told_and_weigh_nothing() {
        type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);
        let cases: [Case<'_>; 6] = [
            (
                &[("RETENTION_DAILY", "7"), ("MAX_LOCAL_BACKUPS", "9"), ("MAX_AGE_DAYS", "30")],
                &["MAX_LOCAL_BACKUPS", "MAX_AGE_DAYS"],
            ),
            (&[("RETENTION_POLICY", "simple"), ("RETENTION_DAILY", "7"), ("MAX_AGE_DAYS", "30")], &["RETENTION_DAILY"]),
            (
                &[("RETENTION_POLICY", "simple"), ("RETENTION_DAILY", "0"), ("LOCAL_RETENTION_LAST", "7")],
                &["LOCAL_RETENTION_LAST"],
            ),
            // Of a tier that is not used nothing is said.
            (&[("RETENTION_DAILY", "7"), ("MAX_CLOUD_BACKUPS", "9"), ("CLOUD_REMOTE", "box")], &[]),
            (
                &[
                    ("RETENTION_DAILY", "7"),
                    ("MAX_CLOUD_BACKUPS", "9"),
                    ("CLOUD_REMOTE", "box"),
                    ("CLOUD_ENABLED", "true"),
                ],
                &["MAX_CLOUD_BACKUPS"],
            ),
            // One tier by the calendar, one by number: what either uses counts.
            (
                &[
                    ("RETENTION_DAILY", "7"),
                    ("CLOUD_RETENTION_DAILY", "0"),
                    ("CLOUD_REMOTE", "box"),
                    ("CLOUD_ENABLED", "true"),
                    ("MAX_CLOUD_BACKUPS", "9"),
                    ("MAX_AGE_DAYS", "30"),
                ],
                &[],
            ),
        ];
        for (given, expected) in cases {
            let settings: Vec<Setting> = given.iter().zip(1..).map(|((key, value), at)| line(at, key, value)).collect();
            let (_, findings) = check(&settings, None);
            let told = findings.iter().filter(|finding| finding.reason.starts_with("has no effect: the policy is "));
            let told: Vec<&str> = told.filter(|f| f.weight == Weight::NoEffect).map(|f| f.key.as_str()).collect();
            assert_eq!(told, expected, "{given:?}");
        }
    }

    #[test]
    fn huge_values_give_short_harmless_messages() {
        let huge = "\u{1b}x".repeat(32 * 1024);
        for key in keys::all() {
            for value in [&huge, &"/x ".repeat(22 * 1024)] {
                let (_, findings) = check(&[line(1, key.name, value)], None);
                for text in findings.iter().map(ToString::to_string) {
                    assert!(text.len() < 600 && !text.chars().any(char::is_control), "{}", key.name);
                }
            }
        }
    }

    #[test]
    fn show_has_every_key_with_origin_and_masks_secrets() {
        let settings = [line(3, "GOTIFY_TOKEN", "hunter2"), line(4, "WEBHOOK_OPS_URL", "https://x/y")];
        let rows = check(&settings, None).0.rows();
        let row = |name: &str| rows.iter().find(|row| row.key == name).unwrap();
        assert_eq!((row("GOTIFY_TOKEN").value.as_str(), row("WEBHOOK_OPS_URL").value.as_str()), ("***", "***"));
        assert_eq!(row("GOTIFY_TOKEN").origin.to_string(), "/c:3");
        assert_eq!((row("LOG_PATH").origin.clone(), row("SMTP_PASSWORD").value.as_str()), (Origin::Default, ""));
    }
}
