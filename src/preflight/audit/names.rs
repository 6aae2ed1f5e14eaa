//! Names of programs: how an entry of the settings fits one, and how a hostile one is shown.

use crate::foreign::harmless;

/// Longer names are cut: they come from whoever started the program.
const MOST_CHARS: usize = 200;
/// Entries that the Go tool took for regular expressions.
const REGEX: &str = "regex:";

/// Text of a process, safe on a terminal and in a log.
pub(super) fn readable(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes).chars().take(MOST_CHARS).collect();
    harmless(&text)
}

/// The last part of a path, without what the kernel adds to a file that is no longer there.
pub(super) fn base(path: &str) -> &str {
    let path = path.strip_suffix(" (deleted)").unwrap_or(path);
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether an entry is this name: the whole of it or its first word, `*` and `?` as in file names,
/// upper and lower case alike. A part of a word is not enough: `miner` is no `containerminer`.
pub(super) fn fits(entry: &str, name: &str) -> bool {
    let (entry, name) = (entry.to_ascii_lowercase(), name.to_ascii_lowercase());
    if entry.contains(['*', '?']) {
        return is_like(entry.as_bytes(), name.as_bytes());
    }
    name == entry || name.split_whitespace().next() == Some(entry.as_str())
}

/// The first entry that fits one of the names.
pub(super) fn find<'e>(entries: &'e [String], names: &[&str]) -> Option<&'e str> {
    entries.iter().find(|entry| names.iter().any(|name| fits(entry, name))).map(String::as_str)
}

/// Entries that are not understood here.
pub(super) fn expressions(entries: &[String]) -> Vec<&str> {
    entries.iter().map(String::as_str).filter(|entry| entry.starts_with(REGEX)).collect()
}

/// Goes back to the last `*` only, so a hostile name costs its length times the pattern's.
fn is_like(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut seen, mut star) = (0, 0, None);
    while seen < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || *wanted == name[seen] => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((last, from)) = star else { return false };
                star = Some((last, from + 1));
                at = last + 1;
                seen = from + 1;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_whole_name_or_its_first_word_or_a_pattern() {
        for (entry, name, is_fit) in [
            ("xmrig", "xmrig", true),
            ("xmrig", "XMRig", true),
            ("xmrig", "xmrig-proxy", false),
            ("xmrig*", "xmrig-proxy", true),
            ("miner", "containerminer", false),
            ("*miner", "containerminer", true),
            ("sshd:", "sshd: root@pts/0", true),
            ("mr.sh", "mrxsh", false),
            ("kvm-pit/*", "kvm-pit/4711", true),
            ("a?c*e", "abcde", true),
            ("a?c*e", "abcdef", false),
            ("*", "", true),
            ("", "x", false),
        ] {
            assert_eq!(fits(entry, name), is_fit, "{entry} {name}");
        }
    }

    #[test]
    fn many_stars_cost_little() {
        assert!(!is_like("*a".repeat(100).as_bytes(), "a".repeat(99).as_bytes()));
    }

    #[test]
    fn a_hostile_name_is_harmless_when_shown() {
        assert_eq!(readable(b"a\nb\x1b[31m\xff"), "a\u{fffd}b\u{fffd}[31m\u{fffd}");
        assert_eq!(readable("x\u{202e}cod".as_bytes()), "x\u{fffd}cod");
        assert_eq!(readable(&[b'x'; 5000]).len(), MOST_CHARS);
        assert_eq!((base("/usr/bin/nc (deleted)"), base("nc")), ("nc", "nc"));
    }
}
