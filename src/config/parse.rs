//! The text of `backup.env` → lines of key and value. Knows no key's meaning, executes nothing.
//!
//! The language is what both older tools read alike: `KEY=value`, `'literal'`, `"with ${VARIABLE}"`,
//! and blocks of lines for two keys. Whatever a shell would do beyond that is refused with its line.

/// A file beyond this is not a configuration.
pub(super) const MOST_BYTES: usize = 1024 * 1024;

/// Keys whose quoted value may span lines.
pub(super) const BLOCKS: [&str; 2] = ["CUSTOM_BACKUP_PATHS", "BACKUP_BLACKLIST"];

/// One assignment, variables not yet filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: usize,
    /// The line its value ends on.
    pub(super) last: usize,
    /// In capitals.
    pub(super) key: String,
    /// The name as it stands in the file, in YAML with its section.
    pub(super) path: String,
    pub(super) value: Vec<Piece>,
}

/// A part of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(String),
    Variable(String),
}

/// A line that is not in the language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) number: usize,
    pub(super) key: String,
    pub(super) reason: String,
    pub(super) suggestion: Option<String>,
}

pub(super) type Reason = (&'static str, Option<&'static str>);

const NO_EXECUTION: &str = "the file is read, never executed";
const IN_QUOTES: &str = "put the whole value in single quotes";

/// All lines and all faults of a file.
pub(super) fn parse(bytes: &[u8]) -> (Vec<Line>, Vec<Fault>) {
    match text_of(bytes) {
        Ok(text) => Parser::new(text).run(),
        Err(fault) => (Vec::new(), vec![fault]),
    }
}

pub(super) fn text_of(bytes: &[u8]) -> Result<&str, Fault> {
    let fault =
        |number, reason: &str| Fault { number, key: String::new(), reason: reason.to_owned(), suggestion: None };
    if bytes.len() > MOST_BYTES {
        return Err(fault(1, "the file is larger than 1 MiB"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let number = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        fault(number, "is not UTF-8 text")
    })
}

struct Parser<'a> {
    lines: std::iter::Peekable<std::iter::Enumerate<std::str::Split<'a, char>>>,
    found: Vec<Line>,
    faults: Vec<Fault>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self { lines: text.split('\n').enumerate().peekable(), found: Vec::new(), faults: Vec::new() }
    }

    fn run(mut self) -> (Vec<Line>, Vec<Fault>) {
        while let Some((index, line)) = self.lines.next() {
            let line = line.strip_suffix('\r').unwrap_or(line);
            let trimmed = line.trim();
            if !trimmed.is_empty() && !trimmed.starts_with('#') {
                self.assignment(index + 1, trimmed);
            }
        }
        (self.found, self.faults)
    }

    fn assignment(&mut self, number: usize, line: &str) {
        let line = without_export(line);
        let Some((key, rest)) = line.split_once('=') else {
            return self.fault(number, "", ("is not KEY=value", Some(NO_EXECUTION)));
        };
        let key = key.trim();
        if !is_name(key) {
            return self.fault(number, "", ("has no plain name before its =", Some(NO_EXECUTION)));
        }
        let key = key.to_ascii_uppercase();
        if has_control(line) {
            return self.fault(number, &key, ("has a control character in it", None));
        }
        match self.value(&key, rest) {
            Ok(value) => {
                let last = self.lines.peek().map_or(usize::MAX, |(index, _)| *index);
                self.found.push(Line { number, last, path: key.clone(), key, value });
            }
            Err(reason) => self.fault(number, &key, reason),
        }
    }

    fn value(&mut self, key: &str, rest: &str) -> Result<Vec<Piece>, Reason> {
        let trimmed = rest.trim_start();
        let Some(quote) = trimmed.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return unquoted(rest);
        };
        let inside = &trimmed[1..];
        match closing(inside, quote) {
            Some(end) if is_comment(&inside[end + 1..]) => pieces(&inside[..end], quote),
            Some(_) => Err(("has text after its closing quote", Some(IN_QUOTES))),
            None if BLOCKS.contains(&key) => self.block(inside, quote),
            None => {
                self.pass_over_rest(quote);
                Err(("has no closing quote on its line", None))
            }
        }
    }

    /// Lines up to the closing quote; blank ones and comments are left out.
    fn block(&mut self, first: &str, quote: char) -> Result<Vec<Piece>, Reason> {
        const OPEN: Reason = ("has no closing quote on a line of its own", None);
        let mut value = Vec::new();
        let mut next = Some(first);
        while let Some(line) = next {
            let entry = line.trim();
            if has_control(entry) {
                return Err(("has a control character in its block", None));
            }
            if entry.starts_with('#') || entry.is_empty() {
                next = self.next_line();
                continue;
            }
            match closing(entry, quote) {
                Some(end) if is_comment(&entry[end + 1..]) => {
                    block_entry(&entry[..end], quote, &mut value)?;
                    return Ok(value);
                }
                Some(_) => return Err(OPEN),
                None => block_entry(entry, quote, &mut value)?,
            }
            // The next assignment is no entry: stop before it is swallowed.
            if self.lines.peek().is_some_and(|(_, line)| looks_like_assignment(line)) {
                return Err(OPEN);
            }
            next = self.next_line();
        }
        Err(OPEN)
    }

    /// What stands between the quotes is one value: its further lines are no settings to be named.
    fn pass_over_rest(&mut self, quote: char) {
        let is_rest = |line: &str| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#') && !looks_like_assignment(line)
        };
        while self.lines.peek().is_some_and(|(_, line)| is_rest(line)) {
            if self.next_line().is_some_and(|line| closing(line, quote).is_some()) {
                return;
            }
        }
    }

    fn next_line(&mut self) -> Option<&'a str> {
        self.lines.next().map(|(_, line)| line)
    }

    fn fault(&mut self, number: usize, key: &str, (reason, suggestion): Reason) {
        self.faults.push(Fault {
            number,
            key: key.to_owned(),
            reason: reason.to_owned(),
            suggestion: suggestion.map(str::to_owned),
        });
    }
}

fn without_export(line: &str) -> &str {
    match line.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start(),
        _ => line,
    }
}

pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// An entry is a path or a pattern; a capital name before `=` is the next setting.
pub(super) fn looks_like_assignment(line: &str) -> bool {
    let name = without_export(line.trim()).split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| is_name(name) && name.bytes().all(|b| !b.is_ascii_lowercase()))
}

pub(super) fn has_control(line: &str) -> bool {
    line.chars().any(|c| c.is_control() && c != '\t' && c != '\r')
}

/// Whether nothing but blanks, or a comment after a blank, is left.
fn is_comment(rest: &str) -> bool {
    rest.trim().is_empty() || (rest.starts_with([' ', '\t']) && rest.trim_start().starts_with('#'))
}

/// Where the quote ends; in double quotes a backslash protects the next character.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut is_protected = false;
    for (at, c) in text.char_indices() {
        if c == quote && !is_protected {
            return Some(at);
        }
        is_protected = quote == '"' && c == '\\' && !is_protected;
    }
    None
}

fn block_entry(entry: &str, quote: char, value: &mut Vec<Piece>) -> Result<(), Reason> {
    let entry = without_comment(entry).trim();
    // The Bash tool took what stands in quotes inside a line.
    let other = if quote == '"' { '\'' } else { '"' };
    let bare = entry.strip_prefix(other).and_then(|rest| rest.strip_suffix(other)).unwrap_or(entry);
    if !bare.is_empty() {
        value.extend(pieces(bare, quote)?);
        value.push(Piece::Literal("\n".to_owned()));
    }
    Ok(())
}

fn unquoted(rest: &str) -> Result<Vec<Piece>, Reason> {
    let text = without_comment(rest).trim();
    if text.starts_with('(') {
        return Err(("is a shell array", Some("one value, entries separated by commas")));
    }
    if text.contains(['"', '\'']) {
        return Err(("has a quote inside", Some(IN_QUOTES)));
    }
    if text.contains("&&") || text.contains("||") || text.contains("<(") || has_second_assignment(text) {
        return Err(("is a shell command", Some(NO_EXECUTION)));
    }
    pieces(text, ' ')
}

/// `A=1; B=2` on one line would lose B silently.
fn has_second_assignment(text: &str) -> bool {
    text.split(';').skip(1).any(|part| part.trim_start().split_once('=').is_some_and(|(name, _)| is_name(name)))
}

/// The text before a `#` that follows white space: `TOKEN=abc#def` stays whole.
fn without_comment(text: &str) -> &str {
    let mut before = None;
    for (at, c) in text.char_indices() {
        if c == '#' && before.is_some_and(char::is_whitespace) {
            return &text[..at];
        }
        before = Some(c);
    }
    text
}

/// Literal text and variables. `quote` is what stands around: `'`, `"`, or a blank for nothing.
pub(super) fn pieces(text: &str, quote: char) -> Result<Vec<Piece>, Reason> {
    if quote == '\'' {
        let literal = (!text.is_empty()).then(|| Piece::Literal(text.to_owned()));
        return Ok(literal.into_iter().collect());
    }
    let mut found = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match (c, after.chars().next()) {
            ('`', _) | ('$', Some('(')) => return Err(("has a command substitution", Some(NO_EXECUTION))),
            ('\\', Some(escaped @ ('"' | '\\' | '$' | '`'))) => {
                literal.push(escaped);
                rest = &after[1..];
                continue;
            }
            ('\\', Some(blank)) if quote == ' ' && blank.is_whitespace() => {
                return Err(("has a backslash before a blank", Some(IN_QUOTES)));
            }
            ('$', Some(next)) if next == '{' || next == '_' || next.is_ascii_alphabetic() => {
                let (name, end) = variable(after)?;
                found.push(Piece::Literal(std::mem::take(&mut literal)));
                found.push(Piece::Variable(name.to_owned()));
                rest = &after[end..];
                continue;
            }
            ('$', Some(next)) if next.is_ascii_digit() || "?!@*#$-'\"".contains(next) => {
                return Err(("has a shell parameter such as $1 in it", Some(IN_QUOTES)));
            }
            _ => literal.push(c),
        }
        rest = after;
    }
    found.push(Piece::Literal(literal));
    found.retain(|piece| *piece != Piece::Literal(String::new()));
    Ok(found)
}

/// The name after a `$`, and how many bytes it takes.
fn variable(after: &str) -> Result<(&str, usize), Reason> {
    if let Some(inside) = after.strip_prefix('{') {
        let name = inside.split_once('}').map(|(name, _)| name).filter(|name| is_name(name));
        let name = name.ok_or(("has a ${…} that is more than a name", Some("only ${NAME}")))?;
        return Ok((name, name.len() + 2));
    }
    let end = after.bytes().position(|b| !b.is_ascii_alphanumeric() && b != b'_').unwrap_or(after.len());
    Ok((&after[..end], end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn literal(text: &str) -> Vec<Piece> {
        if text.is_empty() { Vec::new() } else { vec![Piece::Literal(text.to_owned())] }
    }

    fn value(line: &str) -> Vec<Piece> {
        let (lines, faults) = parse(line.as_bytes());
        assert_eq!(faults, [], "{line}");
        lines.into_iter().next().unwrap().value
    }

    fn reason(text: &str) -> String {
        let (_, faults) = parse(text.as_bytes());
        faults.into_iter().map(|fault| format!("{}: {}", fault.number, fault.reason)).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn plain_lines_have_comments_only_after_a_blank() {
        for (line, text) in [
            ("A=b", "b"),
            ("export A=b", "b"),
            ("A = b c  # why", "b c"),
            ("A=abc#def", "abc#def"),
            ("A=#x", "#x"),
            ("A= # x", ""),
            ("A=", ""),
            ("A=x\r", "x"),
            ("A=100%", "100%"),
            ("A=regex:^a$,regex:b+$", "regex:^a$,regex:b+$"),
            (r"A=a\d", r"a\d"),
            ("a_b=1", "1"),
        ] {
            assert_eq!(value(line), literal(text), "{line}");
        }
    }

    #[test]
    fn quotes_end_where_they_close() {
        for (line, text) in [
            ("A='a # \"b\" $c `d`'  # why", "a # \"b\" $c `d`"),
            (r#"A="a \"b\" \$c \\ \n" # why"#, r#"a "b" $c \ \n"#),
            ("A=\"\"", ""),
            ("A='\\033[0;31m'", "\\033[0;31m"),
        ] {
            assert_eq!(value(line), literal(text), "{line}");
        }
    }

    #[test]
    fn variables_are_kept_apart() {
        let expected = |name: &str| vec![Piece::Variable(name.into()), Piece::Literal("/x".into())];
        for line in ["A=$B/x", "A=\"${B}/x\""] {
            assert_eq!(value(line), expected("B"), "{line}");
        }
    }

    #[test]
    fn what_a_shell_would_execute_is_refused() {
        for text in [
            "A=$(id)",
            "A=\"`id`\"",
            "A=${B:-x}",
            "A=(1 2)",
            "A=x && rm",
            "A=1; B=2",
            "A+=x",
            "if true; then",
            "source x",
            "A=$1",
            "A=\"x",
            "A='x",
            "A=\"x\"y",
            "A=b'c'",
            "=x",
            "A=\u{0}",
            "declare -r A=1",
        ] {
            assert!(reason(text).starts_with("1: "), "{text}: {}", reason(text));
        }
    }

    #[test]
    fn a_block_keeps_its_entries_and_drops_its_comments() {
        let text = "CUSTOM_BACKUP_PATHS=\"\r\n# it's \"old\"\r\n  /a b\r\n\r\n'/c'\n${B}/d # why\n\"\nX=1\n";
        let (lines, faults) = parse(text.as_bytes());
        assert_eq!(faults, []);
        let block: String = lines[0]
            .value
            .iter()
            .map(|piece| match piece {
                Piece::Literal(text) => text.clone(),
                Piece::Variable(name) => format!("<{name}>"),
            })
            .collect();
        assert_eq!((block.as_str(), lines[1].number), ("/a b\n/c\n<B>/d\n", 8));
    }

    #[test]
    fn a_block_without_its_end_swallows_nothing() {
        let (lines, faults) = parse(b"BACKUP_BLACKLIST=\"\n/a\nLOG_PATH=/x\n");
        assert_eq!((lines.len(), faults.len(), faults[0].number), (1, 1, 1));
    }

    #[test]
    fn hostile_files_give_a_reason_and_a_line() {
        assert_eq!(reason("A=1\nB=\u{0}\n"), "2: has a control character in it");
        assert_eq!(parse(b"A=1\n\xff\xfe").1[0].number, 2);
        assert_eq!(parse(&vec![b'A'; 10 << 20]).1[0].reason, "the file is larger than 1 MiB");
        assert_eq!(parse(&vec![b'$'; MOST_BYTES]).1.len(), 1);
        assert!(parse(format!("A={}", "${B}".repeat(200_000)).as_bytes()).1.is_empty());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            parse(&bytes);
        }

        #[test]
        fn no_near_language_makes_it_panic(text in "[A-Z=\"'$#{}()\\\\ \n\r`;,é]{0,200}") {
            parse(text.as_bytes());
            parse(format!("CUSTOM_BACKUP_PATHS=\"\n{text}").as_bytes());
        }

        #[test]
        fn a_quoted_value_survives(text in "[^\\x00-\\x1f\\x7f-\\x9f]{0,80}") {
            let single = format!("A='{}'", text.replace('\'', "’"));
            prop_assert_eq!(value(&single), literal(&text.replace('\'', "’")));
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`");
            prop_assert_eq!(value(&format!("A=\"{escaped}\"")), literal(&text));
        }
    }
}
