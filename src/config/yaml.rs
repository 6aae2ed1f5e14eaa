//! The text of `backup.yaml` → the same lines of key and value that `backup.env` gives.
//!
//! Of YAML only what settings need: sections, names, one-line values and lists of them. What could
//! make a small file mean something large or something else (anchors, aliases, tags, several
//! documents, a name given twice) is refused with its line. The parser reports events, so nothing
//! is built that the file merely announces.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::format::{Parsed, known};
use super::keys::{Key, Section};
use super::nearest::nearest;
use super::parse::{Fault, Line, Piece, Reason, has_control, is_name, pieces, text_of};

/// A setting lies two levels deep, a list's entry three; nobody needs more to make a mistake.
const DEEPEST: usize = 8;

/// A file with more mistakes than this is no configuration.
const MOST_FAULTS: usize = 100;

const NO_SECTIONS: &str = "is no section with settings below it";
const EXAMPLE: &str = "general: and below it, indented, backup_enabled: true";

/// All lines and all faults of a file.
pub(super) fn parse(bytes: &[u8]) -> Parsed {
    let text = match text_of(bytes) {
        Ok(text) => text,
        Err(fault) => return Parsed { lines: Vec::new(), faults: vec![fault] },
    };
    let mut reader = Reader { events: Parser::new_from_str(text), found: Parsed::default(), seen: BTreeMap::new() };
    // Where it stopped, the reason is among the faults.
    let _ = reader.document();
    reader.found
}

/// Reading cannot go on; the reason is among the faults.
struct Stop;

type Walk<T = ()> = Result<T, Stop>;

struct Reader<'a> {
    events: Parser<'a, StrInput<'a>>,
    found: Parsed,
    /// Sections and keys, with their lines.
    seen: BTreeMap<String, usize>,
}

/// A scalar, as far as it matters.
struct Scalar {
    text: String,
    style: ScalarStyle,
    span: Span,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Walk {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) => {}
                Event::StreamEnd => return Ok(()),
                Event::MappingStart(..) => break,
                Event::Scalar(text, style, ..) if is_null(&text, style) => break,
                _ => return Err(self.stop(span, "", NO_SECTIONS, EXAMPLE)),
            }
        }
        self.sections()?;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(()),
                Event::DocumentStart(_) => {
                    return Err(self.stop(span, "", "begins a second document", "one file has one"));
                }
                _ => {}
            }
        }
    }

    fn sections(&mut self) -> Walk {
        while let Some((name, span)) = self.name()? {
            let section = Section::ALL.into_iter().find(|section| section.name() == Some(name.as_str()));
            if section.is_none() {
                self.unknown_section(&name, span)?;
            }
            self.once(&name, &name, span)?;
            let (event, at) = self.next()?;
            match (event, section) {
                (Event::MappingStart(..), Some(section)) => self.settings(section)?,
                (Event::Scalar(text, style, ..), _) if is_null(&text, style) => {}
                (event, None) => self.skip(&event, at)?,
                (event, Some(_)) => {
                    self.fault(span, &name, (NO_SECTIONS, Some(EXAMPLE)))?;
                    self.skip(&event, at)?;
                }
            }
        }
        Ok(())
    }

    /// Its settings are not looked at: which section was meant decides what they are.
    fn unknown_section(&mut self, name: &str, span: Span) -> Walk {
        let known = || Section::ALL.into_iter().filter_map(Section::name);
        let lower = name.to_ascii_lowercase();
        let suggestion = match nearest(&lower, known()) {
            Some(near) => format!("did you mean {near}?"),
            None => known().collect::<Vec<_>>().join(", "),
        };
        self.push(span, name, "is no known section", Some(suggestion))
    }

    fn settings(&mut self, section: Section) -> Walk {
        while let Some((name, span)) = self.name()? {
            let path = format!("{}.{name}", section.name().unwrap_or_default());
            let key = name.to_ascii_uppercase();
            let row = known(&key);
            self.once(&key, &path, span)?;
            if !is_name(&name) {
                self.fault(span, &path, ("has no plain name before its colon", Some(EXAMPLE)))?;
                let (event, span) = self.next()?;
                self.skip(&event, span)?;
                continue;
            }
            if let Some(home) = row.and_then(|row| row.section.name()).filter(|home| section.name() != Some(home)) {
                self.push(span, &path, "stands in the wrong section", Some(format!("{home} is its section")))?;
            }
            if let Some((value, last)) = self.value(&path, row, span)? {
                self.found.lines.push(Line { number: span.start.line(), last, key, path, value });
            }
        }
        Ok(())
    }

    /// The value and its last line; `None` where it is at fault.
    fn value(&mut self, path: &str, row: Option<&Key>, name: Span) -> Walk<Option<(Vec<Piece>, usize)>> {
        let (event, span) = self.next()?;
        match event {
            Event::Scalar(text, style, ..) => {
                let scalar = Scalar { text: text.into_owned(), style, span };
                let last = scalar.last_line().max(name.start.line());
                match scalar.pieces() {
                    Ok(value) => Ok(Some((value, last))),
                    Err(reason) => self.fault(span, path, reason).map(|()| None),
                }
            }
            // An unknown name's list is kept as one: what it is, is not ours to say.
            Event::SequenceStart(..) if row.is_none_or(|row| row.kind.is_list()) => self.list(path, name),
            Event::SequenceStart(..) => {
                self.fault(span, path, ("is a list, and this key takes one value", None))?;
                self.skip(&event, span).map(|()| None)
            }
            event => {
                self.fault(span, path, ("has settings below it, and is no section", None))?;
                self.skip(&event, span).map(|()| None)
            }
        }
    }

    /// The entries as lines of a block.
    fn list(&mut self, path: &str, name: Span) -> Walk<Option<(Vec<Piece>, usize)>> {
        let (mut value, mut last, mut is_good) = (Vec::new(), name.start.line(), true);
        loop {
            let (event, span) = self.next()?;
            let entry = match event {
                Event::SequenceEnd => return Ok(is_good.then_some((value, last))),
                Event::Scalar(text, style, ..) => {
                    let scalar = Scalar { text: text.into_owned(), style, span };
                    last = scalar.last_line().max(last);
                    scalar.pieces().and_then(|entry| if entry.is_empty() { Err(EMPTY_ENTRY) } else { Ok(entry) })
                }
                event => {
                    self.skip(&event, span)?;
                    Err(("has an entry that is no plain value", Some("a value with : or { in it needs quotes")))
                }
            };
            match entry {
                Ok(entry) => {
                    value.extend(entry);
                    value.push(Piece::Literal("\n".to_owned()));
                }
                Err(reason) => {
                    is_good = false;
                    self.fault(span, path, reason)?;
                }
            }
        }
    }

    /// The next name of a mapping; `None` at its end.
    fn name(&mut self) -> Walk<Option<(String, Span)>> {
        let (event, span) = self.next()?;
        match event {
            Event::MappingEnd | Event::DocumentEnd => Ok(None),
            Event::Scalar(text, ..) => Ok(Some((text.into_owned(), span))),
            _ => Err(self.stop(span, "", "has a name that is no plain text", EXAMPLE)),
        }
    }

    /// A name that comes twice would make one of its values vanish.
    fn once(&mut self, name: &str, path: &str, span: Span) -> Walk {
        match self.seen.insert(name.to_owned(), span.start.line()) {
            Some(first) => self.push(span, path, "is there twice", Some(format!("the first is on line {first}"))),
            None => Ok(()),
        }
    }

    /// Passes over the rest of a node.
    fn skip(&mut self, event: &Event<'_>, span: Span) -> Walk {
        let mut depth = usize::from(matches!(event, Event::SequenceStart(..) | Event::MappingStart(..)));
        while depth > 0 {
            match self.next()?.0 {
                Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
                Event::SequenceEnd | Event::MappingEnd => depth -= 1,
                _ => {}
            }
            if depth > DEEPEST {
                return Err(self.stop(span, "", "is nested too deeply", EXAMPLE));
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Walk<(Event<'a>, Span)> {
        let (event, span) = match self.events.next_event() {
            Some(Ok(found)) => found,
            Some(Err(error)) => return Err(self.syntax(&error)),
            None => (Event::StreamEnd, Span::default()),
        };
        let (anchor, is_tagged) = match &event {
            Event::Alias(_) => (1, false),
            Event::Scalar(_, _, anchor, tag) | Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => {
                (*anchor, tag.is_some())
            }
            _ => (0, false),
        };
        if anchor > 0 {
            return Err(self.stop(span, "", "has an anchor or an alias", STAR));
        }
        if is_tagged {
            return Err(self.stop(span, "", "has a tag", "a value that begins with ! needs quotes"));
        }
        Ok((event, span))
    }

    fn syntax(&mut self, error: &ScanError) -> Stop {
        let reason = format!("is not YAML: {}", error.info());
        let suggestion = error.info().contains("anchor").then(|| STAR.to_owned());
        self.found.faults.push(Fault { number: error.marker().line(), key: String::new(), reason, suggestion });
        Stop
    }

    fn stop(&mut self, span: Span, key: &str, reason: &str, suggestion: &str) -> Stop {
        let _ = self.push(span, key, reason, Some(suggestion.to_owned()));
        Stop
    }

    fn fault(&mut self, span: Span, key: &str, (reason, suggestion): Reason) -> Walk {
        self.push(span, key, reason, suggestion.map(str::to_owned))
    }

    fn push(&mut self, span: Span, key: &str, reason: &str, suggestion: Option<String>) -> Walk {
        let number = span.start.line();
        let fault = |key: &str, reason: &str, suggestion| Fault {
            number,
            key: key.to_owned(),
            reason: reason.to_owned(),
            suggestion,
        };
        if self.found.faults.len() >= MOST_FAULTS {
            self.found.faults.push(fault("", "and what follows is not looked at: too many mistakes", None));
            return Err(Stop);
        }
        self.found.faults.push(fault(key, reason, suggestion));
        Ok(())
    }
}

const STAR: &str = "a value that begins with * or & needs quotes";
const EMPTY_ENTRY: Reason = ("has an empty entry", None);

impl Scalar {
    fn is_block(&self) -> bool {
        matches!(self.style, ScalarStyle::Literal | ScalarStyle::Folded)
    }

    /// A block ends at the beginning of the line below it.
    fn last_line(&self) -> usize {
        self.span.end.line() - usize::from(self.is_block() && self.span.end.col() == 0)
    }

    /// As in `backup.env`: as it is in single quotes, else with variables.
    fn pieces(&self) -> Result<Vec<Piece>, Reason> {
        if is_null(&self.text, self.style) {
            return Ok(Vec::new());
        }
        let text = if self.is_block() { self.text.trim_end_matches('\n') } else { &self.text };
        let is_long = !self.is_block() && self.span.start.line() != self.span.end.line();
        if is_long || text.contains('\n') {
            return Err(("goes over several lines", Some("a list has a line of its own for each entry: - value")));
        }
        if has_control(text) {
            return Err(("has a control character in it", None));
        }
        pieces(text, if self.style == ScalarStyle::SingleQuoted { '\'' } else { '"' })
    }
}

/// `key:` with nothing behind it, `~` and `null`: the default.
pub(super) fn is_null(text: &str, style: ScalarStyle) -> bool {
    style == ScalarStyle::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

#[cfg(test)]
mod tests {
    use super::super::parse::MOST_BYTES;
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, Instant};

    fn reason(text: &str) -> String {
        let faults = parse(text.as_bytes()).faults;
        faults.first().map(|fault| format!("{}: {}", fault.number, fault.reason)).unwrap_or_default()
    }

    #[test]
    fn lines_are_those_of_the_other_form() {
        let parsed =
            parse(b"general:\n  log_path: ${BASE_DIR}/l\ncollect: {custom_backup_paths: [/a,\n  '/$b']}\nmetrics:\n");
        let found: Vec<(usize, usize, &str, &str)> =
            parsed.lines.iter().map(|line| (line.number, line.last, line.key.as_str(), line.path.as_str())).collect();
        assert_eq!(parsed.faults, []);
        assert_eq!(
            found,
            [(2, 2, "LOG_PATH", "general.log_path"), (3, 4, "CUSTOM_BACKUP_PATHS", "collect.custom_backup_paths")]
        );
        assert_eq!(parsed.lines[0].value, [Piece::Variable("BASE_DIR".into()), Piece::Literal("/l".into())]);
        assert_eq!(parsed.lines[1].value, ["/a", "\n", "/$b", "\n"].map(|text| Piece::Literal(text.into())));
    }

    #[test]
    fn nothing_said_is_no_fault() {
        for text in ["", "# only a comment\n", "---\n...\n", "~", "general:\nstorage: ~\nmetrics: {}\n", "\u{feff}"] {
            assert_eq!(reason(text), "", "{text:?}");
        }
    }

    #[test]
    fn hostile_files_end_soon_with_a_reason() {
        let fill = |head: &str, part: &str| format!("{head}{}", part.repeat((MOST_BYTES - head.len()) / part.len()));
        let in_list = "collect:\n  backup_blacklist: ";
        let texts = [
            fill("", "["),
            fill("", "{"),
            fill("", "- "),
            fill("", "? "),
            fill("", "a: "),
            fill("", "!a "),
            fill("", "&a "),
            fill("", "*a "),
            fill("", "a:\n"),
            fill("general:\n\ta: b", "\t"),
            fill("", "a"),
            fill("", "'"),
            fill("", "---\n"),
            fill("", "%YAML 1.2\n"),
            fill("general:\n", " a: [{[{}]}]\n"),
            fill("general:\n", " ? a\n"),
            fill("general:\n  log_path: \"", "\\u0000"),
            fill("general:\n  log_path: |\n", "   x\n"),
            fill("general:\n  a: b", " : c"),
            fill(&format!("{in_list}["), "[],"),
            fill(in_list, "- "),
            fill(&format!("{in_list}{{"), "a: {"),
            fill(&format!("{in_list}&a [x]\n  x: [*a"), ",*a"),
            "a".repeat(MOST_BYTES + 1),
        ];
        for text in texts {
            let start = Instant::now();
            let parsed = parse(text.as_bytes());
            let head: String = text.chars().take(40).collect();
            assert!(!parsed.faults.is_empty() && parsed.faults.len() <= MOST_FAULTS + 1, "{head}");
            assert!(start.elapsed() < Duration::from_secs(10), "{head}: {:?}", start.elapsed());
        }
    }

    #[test]
    fn a_long_value_or_list_is_none_of_its_business() {
        let long = "x".repeat(64 * 1024);
        assert_eq!(reason(&format!("notify:\n  email_subject_prefix: {long}\n")), "");
        assert_eq!(reason(&format!("collect:\n  backup_blacklist:\n{}", "  - /a\n".repeat(50_000))), "");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            parse(&bytes);
        }

        #[test]
        fn no_near_language_makes_it_panic(text in "[a-c:\\-?{}\\[\\],&*!|>'\"%@`#~ \n\r\t\\\\é\u{85}\u{2028}]{0,200}") {
            parse(text.as_bytes());
            parse(format!("general:\n  log_path: {text}").as_bytes());
            parse(format!("collect:\n  backup_blacklist:\n  - {text}").as_bytes());
        }
    }
}
