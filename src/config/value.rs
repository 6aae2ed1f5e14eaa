//! What a value must look like: text in, checked value or complaint out. Pure.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::finding::shown;
use super::keys::Kind;
use crate::units::ByteSize;

/// A checked value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing said, and no default.
    Nothing,
    Bool(bool),
    Number(i64),
    Size(ByteSize),
    Duration(Duration),
    Word(&'static str),
    Path(PathBuf),
    List(Vec<String>),
    Text(String),
}

/// What is wrong with a value, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) reason: String,
    pub(super) suggestion: Option<String>,
}

impl Complaint {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), suggestion: None }
    }

    fn with(reason: impl Into<String>, suggestion: impl Into<String>) -> Self {
        Self { reason: reason.into(), suggestion: Some(suggestion.into()) }
    }
}

type Checked = Result<Value, Complaint>;

impl Kind {
    /// Checks a text. An empty one is no value; whoever asks knows the default.
    pub(super) fn check(self, text: &str) -> Checked {
        let text = if self.is_list() { text.trim_start() } else { text.trim() };
        if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            return Err(Complaint::new("has a control character in it"));
        }
        if text.contains('\n') && !self.is_list() {
            return Err(Complaint::new("has more than one line"));
        }
        if text.trim().is_empty() {
            return Ok(if self.is_list() { Value::List(Vec::new()) } else { Value::Nothing });
        }
        match self {
            Self::Bool => bool(text).map(Value::Bool),
            Self::Number(least, most) => number(text, least, most).map(Value::Number),
            // The range is the codec's, and known when all values are.
            Self::Level => text
                .parse::<u32>()
                .map(|level| Value::Number(level.into()))
                .map_err(|_| Complaint::with("is not a whole number", "empty = the codec's own level")),
            Self::Gigabytes => gigabytes(text),
            Self::Size => ByteSize::parse(text)
                .map(Value::Size)
                .ok_or_else(|| Complaint::with("is not a size", "a number and K, M, G or T: 100M")),
            Self::Seconds(least, most) => seconds(text, least, most),
            Self::Word(words) => word(text, words).map(Value::Word),
            Self::Path => path(text).map(Value::Path),
            Self::Paths => paths(text),
            Self::Patterns | Self::List => Ok(Value::List(split(text))),
            Self::Recipients => recipients(text),
            Self::Ports => ports(text),
            Self::Url => url(text),
            Self::Text => Ok(Value::Text(text.to_owned())),
        }
    }

    /// Whether an empty value means "none" and not "the default".
    pub(super) fn is_list(self) -> bool {
        matches!(self, Self::Paths | Self::Patterns | Self::Recipients | Self::Ports | Self::List)
    }
}

pub(super) fn bool(text: &str) -> Result<bool, Complaint> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "enabled" => Ok(true),
        "false" | "no" | "off" | "0" | "disabled" => Ok(false),
        _ => Err(Complaint::with(
            "is neither true nor false",
            "true, yes, on, 1, enabled or false, no, off, 0, disabled",
        )),
    }
}

fn number(text: &str, least: i64, most: i64) -> Result<i64, Complaint> {
    let range = format!("{least} to {most}");
    let number: i64 = text.parse().map_err(|_| Complaint::with("is not a whole number", range.as_str()))?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(Complaint::with("is out of range", range)) }
}

fn gigabytes(text: &str) -> Checked {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let size = ByteSize::parse(&format!("{text}G")).filter(|size| is_plain && size.0 <= 1 << 60);
    size.map(Value::Size).ok_or_else(|| Complaint::with("is not a number of gigabytes", "0 or more, without a unit"))
}

/// `90`, `90s`, `5m`, `1h30m`, `2d`.
fn seconds(text: &str, least: u64, most: u64) -> Checked {
    let complaint =
        |reason| Complaint::with(reason, format!("{least} to {most} seconds, or a span such as 90s, 5m, 1h"));
    let total = span(text).ok_or_else(|| complaint("is not a span of time"))?;
    if (least..=most).contains(&total) {
        Ok(Value::Duration(Duration::from_secs(total)))
    } else {
        Err(complaint("is out of range"))
    }
}

/// Reads a span of time as the settings take it: `90s`, `1h30m`, `2d`, or a number of seconds.
pub fn span_of_time(text: &str) -> Option<Duration> {
    span(text.trim()).filter(|_| !text.trim().is_empty()).map(Duration::from_secs)
}

fn span(text: &str) -> Option<u64> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    let mut total = 0u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let amount: u64 = rest[..digits].parse().ok()?;
        let unit = match rest.as_bytes()[digits].to_ascii_lowercase() {
            b's' => 1,
            b'm' => 60,
            b'h' => 3600,
            b'd' => 86_400,
            _ => return None,
        };
        total = total.checked_add(amount.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    Some(total)
}

fn word(text: &str, words: &'static [&'static [&'static str]]) -> Result<&'static str, Complaint> {
    let known = words.iter().find(|spellings| spellings.iter().any(|word| word.eq_ignore_ascii_case(text)));
    known.and_then(|spellings| spellings.first().copied()).ok_or_else(|| {
        let names: Vec<&str> = words.iter().filter_map(|spellings| spellings.first().copied()).collect();
        Complaint::with("is not a known word", names.join(", "))
    })
}

pub(super) fn path(text: &str) -> Result<PathBuf, Complaint> {
    let path = Path::new(text);
    if text.starts_with("//") {
        return Err(Complaint::with("is a network share", "mount it, and give the directory it is mounted on"));
    }
    if text.starts_with('~') {
        return Err(Complaint::with("begins with ~, which only shells know", "write the directory out: /root/…"));
    }
    if !path.is_absolute() {
        return Err(Complaint::with("is not an absolute path", "a path from / on"));
    }
    if path.components().any(|part| part == Component::ParentDir) {
        return Err(Complaint::with("has .. in it", "write the path without it"));
    }
    if text.len() > 4096 {
        return Err(Complaint::new("is longer than a path can be (4096 bytes)"));
    }
    // Without the trailing and doubled slashes of old files.
    Ok(path.components().collect())
}

fn paths(text: &str) -> Checked {
    let mut list = Vec::new();
    for entry in split(text) {
        if entry.contains(" /") || entry.contains("\t/") {
            return Err(Complaint::with("looks like two paths in one", "one per line, or a comma between them"));
        }
        path(&entry).map_err(|complaint| Complaint {
            reason: format!("has an entry \"{}\" that {}", shown(&entry), complaint.reason),
            ..complaint
        })?;
        list.push(entry);
    }
    Ok(Value::List(list))
}

/// Entries of a list: lines of a block, or what stands between `,`, `;` and `|`, as in the Go tool.
///
/// A block's lines are not split further: a path may have a comma in it.
fn split(text: &str) -> Vec<String> {
    let is_block = text.contains('\n');
    text.split(|c| if is_block { c == '\n' } else { matches!(c, ',' | ';' | '|') })
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(str::to_owned)
        .collect()
}

fn recipients(text: &str) -> Checked {
    let list = split(text);
    for entry in &list {
        if entry.to_ascii_uppercase().contains("AGE-SECRET-KEY-") || entry.contains("PRIVATE KEY") {
            return Err(Complaint::with(
                "is a private key, which must never lie on this machine",
                "the public key belonging to it, age1…",
            ));
        }
        if !is_recipient(entry) {
            return Err(Complaint::with("has an entry that is no recipient", "age1…, ssh-ed25519 … or ssh-rsa …"));
        }
    }
    Ok(Value::List(list))
}

/// The shape only; whether the checksum fits is found when the key is used.
fn is_recipient(entry: &str) -> bool {
    let is_word = |text: &str, least: usize, most: usize, more: &[u8]| {
        (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
    };
    if let Some(key) = entry.strip_prefix("age1") {
        // 58 for X25519; plugins and post-quantum keys are longer.
        return is_word(key, 58, 4096, b"") && !key.bytes().any(|b| b.is_ascii_uppercase());
    }
    let mut words = entry.split_whitespace();
    matches!(words.next(), Some("ssh-ed25519" | "ssh-rsa"))
        && words.next().is_some_and(|key| key.starts_with("AAAA") && is_word(key, 40, 4096, b"+/="))
}

fn ports(text: &str) -> Checked {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|')).filter(|word| !word.is_empty());
    let mut list = Vec::new();
    for word in words {
        if !word.parse::<u16>().is_ok_and(|port| port > 0) {
            return Err(Complaint::with("has an entry that is no port", "numbers from 1 to 65535"));
        }
        list.push(word.to_owned());
    }
    Ok(Value::List(list))
}

fn url(text: &str) -> Checked {
    let host = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    match host {
        Some(host) if !host.is_empty() && !host.starts_with('/') && !text.contains(char::is_whitespace) => {
            Ok(Value::Text(text.to_owned()))
        }
        _ => Err(Complaint::with("is not an address", "https://host/…")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(kind: Kind, text: &str) -> Value {
        kind.check(text).unwrap_or_else(|complaint| panic!("{text}: {}", complaint.reason))
    }

    #[test]
    fn booleans_have_ten_spellings_in_any_case() {
        for text in ["true", "YES", "On", "1", "Enabled"] {
            assert_eq!(ok(Kind::Bool, text), Value::Bool(true));
        }
        for text in ["false", "NO", "Off", "0", "Disabled"] {
            assert_eq!(ok(Kind::Bool, text), Value::Bool(false));
        }
        for text in ["treu", "2", "y", "ja"] {
            assert!(Kind::Bool.check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn spans_are_seconds_or_have_units() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("5m", 300), ("1h30m", 5400), ("0", 0), ("1D", 86_400)] {
            assert_eq!(ok(Kind::Seconds(0, 90_000), text), Value::Duration(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["m", "5 m", "1.5h", "-1", "99999999999999999999", "9999999999999999d", "1ä", "999999"] {
            assert!(Kind::Seconds(0, 90_000).check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn paths_are_absolute_and_lose_needless_slashes() {
        assert_eq!(ok(Kind::Path, "/opt/x/log//"), Value::Path("/opt/x/log".into()));
        for text in ["log", "./log", "~/log", "//server/share", "host:/x", "/a/../b"] {
            assert!(Kind::Path.check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_block_is_split_at_lines_and_one_line_at_commas() {
        assert_eq!(ok(Kind::Paths, "/a,/b ; /c"), Value::List(vec!["/a".into(), "/b".into(), "/c".into()]));
        assert_eq!(ok(Kind::Paths, "/a,b\n/c\n"), Value::List(vec!["/a,b".into(), "/c".into()]));
        assert!(Kind::Paths.check("/a /b").is_err());
    }

    #[test]
    fn a_private_key_is_no_recipient() {
        let public = format!("age1{}", "q".repeat(58));
        assert!(Kind::Recipients.check(&public).is_ok());
        assert!(Kind::Recipients.check(&format!("{public}, AGE-SECRET-KEY-1QQ")).is_err());
        assert!(Kind::Recipients.check("age1short").is_err());
        assert!(Kind::Recipients.check(&format!("ssh-ed25519 AAAA{} root@pve", "C3Nz".repeat(16))).is_ok());
    }
}
