//! Path patterns: `*` stays inside a path segment, `**` crosses, `?` and `[a-z]` are one character.
//!
//! A pattern without a slash is compared with the last segment at any depth; any other is
//! compared with the whole path from the root, with or without its leading slash. Paths are
//! bytes: a file name need not be UTF-8.

/// One compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    segments: Vec<Segment>,
    anchored: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// `**`: any number of segments, also none.
    Any,
    Glob(Vec<Token>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Byte(u8),
    One,
    Many,
    Class { negated: bool, ranges: Vec<(u8, u8)> },
}

impl Pattern {
    /// Compiles a pattern; a trailing slash is dropped (a directory excludes its content anyway).
    pub fn new(text: &str) -> Self {
        let trimmed = text.trim_end_matches('/');
        let anchored = trimmed.contains('/');
        let segments = trimmed
            .trim_start_matches('/')
            .split('/')
            .filter(|s| !s.is_empty() && *s != ".")
            .map(|s| if s == "**" { Segment::Any } else { Segment::Glob(compile(s.as_bytes())) })
            .collect();
        Self { text: text.to_owned(), segments, anchored }
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the path itself matches (`path` absolute, or relative to the root).
    pub fn matches(&self, path: &[u8]) -> bool {
        let parts = segments_of(path);
        if self.anchored {
            return match_segments(&self.segments, &parts);
        }
        match (self.segments.first(), parts.last()) {
            (Some(Segment::Glob(tokens)), Some(name)) => match_tokens(tokens, name),
            (Some(Segment::Any), Some(_)) => true,
            _ => false,
        }
    }

    /// Whether the path or a directory above it matches: a directory excludes its content.
    pub fn covers(&self, path: &[u8]) -> bool {
        let parts = segments_of(path);
        if self.anchored {
            return (1..=parts.len()).any(|n| match_segments(&self.segments, &parts[..n]));
        }
        match self.segments.first() {
            Some(Segment::Glob(tokens)) => parts.iter().any(|name| match_tokens(tokens, name)),
            Some(Segment::Any) => !parts.is_empty(),
            None => false,
        }
    }

    /// The leading part without wildcards: where a walk for matches has to start.
    pub fn literal_base(text: &str) -> &str {
        match text.find(['*', '?', '[']) {
            None => text,
            Some(wild) => text[..wild].rfind('/').map_or("", |slash| &text[..slash]),
        }
    }

    /// Whether the text has a wildcard at all.
    pub fn has_wildcard(text: &str) -> bool {
        text.contains(['*', '?', '['])
    }
}

fn segments_of(path: &[u8]) -> Vec<&[u8]> {
    path.split(|b| *b == b'/').filter(|s| !s.is_empty()).collect()
}

fn compile(glob: &[u8]) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(glob.len());
    let mut at = 0;
    while at < glob.len() {
        match glob[at] {
            b'*' => {
                // `a**b` inside a segment means the same as `a*b`.
                if tokens.last() != Some(&Token::Many) {
                    tokens.push(Token::Many);
                }
            }
            b'?' => tokens.push(Token::One),
            b'[' => {
                if let Some((class, next)) = compile_class(glob, at + 1) {
                    tokens.push(class);
                    at = next;
                    continue;
                }
                tokens.push(Token::Byte(b'['));
            }
            b'\\' if at + 1 < glob.len() => {
                at += 1;
                tokens.push(Token::Byte(glob[at]));
            }
            byte => tokens.push(Token::Byte(byte)),
        }
        at += 1;
    }
    tokens
}

/// Reads `[…]` from just behind the bracket; `None` when it is not closed (then `[` is a plain byte).
fn compile_class(glob: &[u8], start: usize) -> Option<(Token, usize)> {
    let negated = matches!(glob.get(start), Some(b'!' | b'^'));
    let first = start + usize::from(negated);
    // A bracket in first position is a member: `[]a]`.
    let end = first + 1 + glob.get(first + 1..)?.iter().position(|b| *b == b']')?;
    let mut ranges = Vec::new();
    let mut at = first;
    while at < end {
        if at + 2 < end && glob[at + 1] == b'-' {
            ranges.push((glob[at], glob[at + 2]));
            at += 3;
        } else {
            ranges.push((glob[at], glob[at]));
            at += 1;
        }
    }
    Some((Token::Class { negated, ranges }, end + 1))
}

fn match_segments(pattern: &[Segment], path: &[&[u8]]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        // A trailing `**` means "what lies below", not the directory itself.
        Some((Segment::Any, [])) => !path.is_empty(),
        Some((Segment::Any, rest)) => (0..=path.len()).any(|n| match_segments(rest, &path[n..])),
        Some((Segment::Glob(tokens), rest)) => match path.split_first() {
            Some((name, below)) => match_tokens(tokens, name) && match_segments(rest, below),
            None => false,
        },
    }
}

/// Iterative matching with one remembered star: linear in practice, never exponential.
fn match_tokens(tokens: &[Token], name: &[u8]) -> bool {
    let (mut t, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match tokens.get(t) {
            Some(Token::Many) => {
                star = Some((t, n));
                t += 1;
            }
            Some(token) if token.accepts(name[n]) => {
                t += 1;
                n += 1;
            }
            _ => match star {
                Some((star_t, star_n)) => {
                    t = star_t + 1;
                    n = star_n + 1;
                    star = Some((star_t, n));
                }
                None => return false,
            },
        }
    }
    tokens[t..].iter().all(|token| *token == Token::Many)
}

impl Token {
    fn accepts(&self, byte: u8) -> bool {
        match self {
            Self::Byte(expected) => *expected == byte,
            Self::One => true,
            Self::Many => false,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&byte)) != *negated
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_inside_a_segment_and_two_cross() {
        for (pattern, path, expected) in [
            ("/etc/*.conf", "/etc/a.conf", true),
            ("/etc/*.conf", "/etc/x/a.conf", false),
            ("/etc/**/*.conf", "/etc/x/y/a.conf", true),
            ("/etc/**/*.conf", "/etc/a.conf", true),
            ("*/cache/**", "/var/cache/apt/x", true),
            ("*/cache/**", "/var/cache", false),
            ("*/cache/**", "/etc/a/cache/x", false),
            ("/var/tmp/**", "/var/tmp/a/b", true),
            ("*.log", "/a/b/c.log", true),
            ("*.log", "/a/b.log/c", false),
            ("/a/?[0-9]", "/a/x7", true),
            ("/a/[!0-9]", "/a/7", false),
            ("/a/[x", "/a/[x", true),
            ("/a/\\*", "/a/*", true),
            ("/a/\\*", "/a/b", false),
            ("**/node_modules", "/x/y/node_modules", true),
            ("a*b*c", "/aXbYbZc", true),
            ("a*b*c", "/aXbYbZ", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(path.as_bytes()), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_directory_covers_its_content() {
        for (pattern, path, expected) in [
            ("/root/.cache", "/root/.cache/a/b", true),
            ("/root/.cache/", "/root/.cache/a", true),
            ("/root/.cache", "/root/.cachet", false),
            ("node_modules", "/srv/x/node_modules/y/z", true),
            ("/a/**", "/a", false),
            ("/a/**", "/a/b", true),
            ("", "/a", false),
        ] {
            assert_eq!(Pattern::new(pattern).covers(path.as_bytes()), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn names_need_not_be_utf8() {
        assert!(Pattern::new("/x/a*").matches(b"/x/a\xff\xfe"));
    }

    #[test]
    fn many_stars_do_not_explode() {
        let pattern = Pattern::new(&"*a".repeat(40));
        let name = format!("/{}b", "a".repeat(5000));
        assert!(!pattern.matches(name.as_bytes()));
    }

    #[test]
    fn the_literal_base_is_where_a_walk_starts() {
        for (pattern, base) in
            [("/etc/cron.d/*pve*", "/etc/cron.d"), ("/home/*/.ssh", "/home"), ("/etc/hosts", "/etc/hosts"), ("/*", "")]
        {
            assert_eq!(Pattern::literal_base(pattern), base);
        }
    }
}
