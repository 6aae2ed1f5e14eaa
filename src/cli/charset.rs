//! What a screen can show. Where the locale is not UTF-8, our own marks become words and everything
//! else that is not ASCII is spelled out; files, JSON and messages stay as they are.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::OnceLock;

use super::global::Global;

/// What a screen can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Charset {
    /// Everything.
    #[default]
    Unicode,
    /// What has been on every terminal since 1963.
    Ascii,
}

/// Of this process; the one that was chosen first.
static CHOSEN: OnceLock<Charset> = OnceLock::new();

/// Marks at the start of a line, and the words for them.
const MARKS: &[(char, &str)] = &[('✓', "[ok]"), ('✗', "[failed]"), ('⚠', "[warning]")];

/// Signs of our own texts.
const SIGNS: &[(char, &str)] = &[
    ('…', "..."),
    ('→', "->"),
    ('←', "<-"),
    ('–', "-"),
    ('—', "-"),
    ('·', "-"),
    ('×', "x"),
    ('≤', "<="),
    ('≥', ">="),
    ('’', "'"),
    ('“', "\""),
    ('”', "\""),
    // Stands for what was not fit to be shown.
    ('\u{fffd}', "?"),
];

impl Charset {
    /// By the command line, else by the locale as every program finds it.
    pub(super) fn of(global: &Global, environment: &BTreeMap<String, String>) -> Self {
        if global.plain { Self::Ascii } else { Self::of_locale(environment) }
    }

    /// By the locale: the first of its variables that says something.
    pub(super) fn of_locale(environment: &BTreeMap<String, String>) -> Self {
        let variables = ["LC_ALL", "LC_CTYPE", "LANG"];
        let locale = variables.iter().filter_map(|name| environment.get(*name)).find(|value| !value.is_empty());
        let is_unicode = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        if is_unicode { Self::Unicode } else { Self::Ascii }
    }

    /// The process's, for what asks on the terminal.
    pub(super) fn chosen() -> Self {
        CHOSEN.get().copied().unwrap_or_default()
    }

    /// From now on the process's.
    pub(super) fn choose(self) {
        let _ = CHOSEN.set(self);
    }

    /// The text as it can be shown. Foreign letters, of file names above all, are spelled as their
    /// bytes, the way a shell's `$'…'` reads them.
    pub(super) fn shown(self, text: &str) -> Cow<'_, str> {
        if self == Self::Unicode || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let mut shown = String::with_capacity(text.len() * 2);
        for line in text.split_inclusive('\n') {
            let rest = mark(line, &mut shown);
            rest.chars().for_each(|c| spell(c, &mut shown));
        }
        Cow::Owned(shown)
    }
}

/// Writes indentation and mark of a line, and gives what comes after.
fn mark<'a>(line: &'a str, shown: &mut String) -> &'a str {
    let text = line.trim_start_matches(' ');
    let found = MARKS.iter().find_map(|(mark, word)| {
        let rest = text.strip_prefix(*mark)?;
        rest.starts_with(' ').then_some((*word, rest))
    });
    let Some((word, rest)) = found else { return line };
    shown.push_str(&line[..line.len() - text.len()]);
    shown.push_str(word);
    rest
}

fn spell(c: char, shown: &mut String) {
    if c.is_ascii() {
        shown.push(c);
    } else if let Some((_, sign)) = SIGNS.iter().find(|(sign, _)| *sign == c) {
        shown.push_str(sign);
    } else {
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_words_and_foreign_letters_bytes() {
        for (text, shown) in [
            ("plain \t text", "plain \t text"),
            ("✓ Host: pve1", "[ok] Host: pve1"),
            ("  ⚠ collect: /etc/ä: gone", "  [warning] collect: /etc/\\xc3\\xa4: gone"),
            ("a → b – c… and 4 more", "a -> b - c... and 4 more"),
            ("✗ x\n✓ y\n", "[failed] x\n[ok] y\n"),
            // In the middle of a name it is no mark of ours.
            ("/srv/✓ x", "/srv/\\xe2\\x9c\\x93 x"),
            ("✓x", "\\xe2\\x9c\\x93x"),
            ("/srv/\u{fffd}[31m", "/srv/?[31m"),
            ("日", "\\xe6\\x97\\xa5"),
            ("", ""),
        ] {
            assert_eq!(Charset::Ascii.shown(text), shown);
            assert!(Charset::Ascii.shown(text).is_ascii());
            assert_eq!(Charset::Unicode.shown(text), text);
        }
    }

    #[test]
    fn the_first_variable_that_says_something_decides() {
        for (given, charset) in [
            (&[][..], Charset::Ascii),
            (&[("LANG", "de_DE.UTF-8")], Charset::Unicode),
            (&[("LANG", "C.utf8")], Charset::Unicode),
            (&[("LANG", "de_DE.ISO-8859-1")], Charset::Ascii),
            (&[("LC_ALL", "C"), ("LANG", "C.UTF-8")], Charset::Ascii),
            (&[("LC_ALL", ""), ("LC_CTYPE", "C.UTF-8"), ("LANG", "C")], Charset::Unicode),
            (&[("LC_CTYPE", "POSIX"), ("LANG", "C.UTF-8")], Charset::Ascii),
        ] {
            let environment =
                given.iter().map(|(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(Charset::of_locale(&environment), charset, "{given:?}");
        }
    }
}
