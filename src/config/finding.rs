//! What the check has to say about one setting.

use std::fmt;

use super::Origin;
use crate::foreign::harmless;
use crate::issue::{Issue, Stage};

/// Longest part of a value that a message shows.
const SHOWN: usize = 60;

/// A word this long with a digit in it is none.
const LONGEST_WORD: usize = 14;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Known, and without effect here: only `config check` tells.
    NoEffect,
    /// Worth a line: a setting given twice, or for a feature this version does not have.
    Notice,
    /// A name nobody knows: an error in `config check`, a warning in a run.
    UnknownKey,
    /// No configuration can be made.
    Mistake,
}

/// One mistake or notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub weight: Weight,
    /// The place.
    pub origin: Origin,
    /// The key as written; empty where the line has none.
    pub key: String,
    /// The value, masked, harmless and short; `None` where it does not matter.
    pub value: Option<String>,
    /// What is wrong, reads after key and value.
    pub reason: String,
    /// What would be right.
    pub suggestion: Option<String>,
}

impl Finding {
    /// For the report of a run; `None` where a run has nothing to say.
    pub fn issue(&self) -> Option<Issue> {
        let subject = self.subject();
        let issue = match self.weight {
            Weight::NoEffect => return None,
            Weight::Notice => Issue::notice(Stage::Config, subject, harmless(&self.reason)),
            Weight::UnknownKey | Weight::Mistake => Issue::warning(Stage::Config, subject, harmless(&self.reason)),
        };
        Some(match &self.suggestion {
            Some(suggestion) => issue.with_hint(harmless(suggestion)),
            None => issue,
        })
    }

    fn subject(&self) -> String {
        let place = harmless(&self.origin.to_string());
        if self.key.is_empty() { place } else { format!("{place}: {}", shown(&self.key)) }
    }
}

impl fmt::Display for Finding {
    /// `FILE:LINE: KEY: "value" reason (suggestion)` on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.subject())?;
        if let Some(value) = &self.value {
            write!(f, "\"{value}\" ")?;
        }
        write!(f, "{}", harmless(&self.reason))?;
        match &self.suggestion {
            Some(suggestion) => write!(f, " ({})", harmless(suggestion)),
            None => Ok(()),
        }
    }
}

/// The beginning of a text, fit for a terminal.
pub(super) fn shown(text: &str) -> String {
    let mut start: String = text.chars().take(SHOWN).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    harmless(&start)
}

/// A name nobody knows as it may be shown: the rest of a secret that went over two lines, `c2VjcmV0MTIz==`,
/// looks like a name too.
pub(super) fn name_of(text: &str) -> String {
    let last = text.rsplit('.').next().unwrap_or(text);
    // `<<`: too short to hide anything.
    if last.len() < 4 {
        return text.to_owned();
    }
    let plain = last.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(last.len());
    let end = text.len() - last.len() + plain;
    let is_secret =
        last[..plain].split('_').any(|word| word.len() >= LONGEST_WORD && word.contains(|c: char| c.is_ascii_digit()));
    if is_secret { String::new() } else { text[..end].to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_and_what_only_looks_like_one_is_not() {
        for (text, shown) in [
            ("BACKUP_PAHT", "BACKUP_PAHT"),
            ("WEBHOOK_OPS2_URL", "WEBHOOK_OPS2_URL"),
            ("notify.smtp_password=hunter2", "notify.smtp_password"),
            ("notify.smtp_password hunter2", "notify.smtp_password"),
            ("general.<<", "general.<<"),
            ("C2VJCMV0MTIZNDU2", ""),
            ("notify.c2VjcmV0MTIzNDU2", ""),
            ("", ""),
        ] {
            assert_eq!(name_of(text), shown);
        }
    }

    #[test]
    fn a_message_is_one_harmless_line() {
        let finding = Finding {
            weight: Weight::Mistake,
            origin: Origin::File { path: "/etc/x\n.env".into(), line: 3 },
            key: "A\u{1b}[2J".into(),
            value: Some(shown(&"\u{202e}x\r".repeat(1000))),
            reason: "is\nwrong".into(),
            suggestion: Some("\u{7}".into()),
        };
        let text = finding.to_string();
        assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
        assert!(text.len() < 400);
    }
}
