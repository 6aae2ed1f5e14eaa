//! Settings → the text of either form. What it writes, the parser of that form reads back.

use std::fmt::Write;

use super::Format;
use super::keys::Section;
use super::parse::{BLOCKS, Piece, looks_like_assignment};
use crate::foreign::harmless;

/// A setting to be written.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) section: Section,
    pub(super) comments: Vec<String>,
    pub(super) value: Written,
}

/// A value to be written.
#[derive(Clone, Debug)]
pub(super) enum Written {
    One(Vec<Piece>),
    List(Vec<Vec<Piece>>),
}

/// The whole file.
pub(super) fn render(format: Format, header: &[String], items: &[Item], footer: &[String]) -> String {
    let mut text = String::new();
    push_comments(&mut text, "", header);
    let mut sections: Vec<Section> = items.iter().map(|item| item.section).collect();
    sections.sort();
    sections.dedup();
    for section in sections {
        if !text.is_empty() {
            text.push('\n');
        }
        if let (Format::Yaml, Some(name)) = (format, section.name()) {
            let _ = writeln!(text, "{name}:");
        }
        for item in items.iter().filter(|item| item.section == section) {
            push_item(&mut text, format, item);
        }
    }
    if !footer.is_empty() && !text.is_empty() {
        text.push('\n');
    }
    push_comments(&mut text, "", footer);
    text
}

fn push_item(text: &mut String, format: Format, item: &Item) {
    let (indent, name) = match format {
        Format::Env => ("", item.name.clone()),
        Format::Yaml => ("  ", item.name.to_ascii_lowercase()),
    };
    push_comments(text, indent, &item.comments);
    let _ = match (format, &item.value) {
        (Format::Env, Written::One(value)) => writeln!(text, "{name}={}", in_env(value)),
        (Format::Env, Written::List(entries)) => writeln!(text, "{name}={}", list_in_env(&name, entries)),
        (Format::Yaml, Written::One(value)) => {
            writeln!(text, "{}", format!("{indent}{name}: {}", in_yaml(value)).trim_end())
        }
        (Format::Yaml, Written::List(entries)) if entries.is_empty() => writeln!(text, "{indent}{name}: []"),
        (Format::Yaml, Written::List(entries)) => {
            let _ = writeln!(text, "{indent}{name}:");
            entries.iter().try_for_each(|entry| writeln!(text, "{indent}  - {}", in_yaml(entry)))
        }
    };
}

fn push_comments(text: &mut String, indent: &str, comments: &[String]) {
    for comment in comments {
        // What a comment may hold differs; nobody loses a setting with a control character in one.
        let _ = writeln!(text, "{indent}{}", harmless(&comment.replace('\t', " ")));
    }
}

/// The text where no variable is in it.
fn literal(value: &[Piece]) -> Option<String> {
    value
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_str()),
            Piece::Variable(_) => None,
        })
        .collect()
}

/// Needs no quotes in either form: neither has a use for these characters inside a value.
fn is_plain(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "/_.@%+-:".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text.chars().all(is_word)
        && !text.ends_with(':')
}

/// Text and variables between double quotes, as both forms read them once the quotes are off.
fn with_variables(value: &[Piece]) -> String {
    let mut text = String::new();
    for piece in value {
        match piece {
            Piece::Variable(name) => {
                let _ = write!(text, "${{{name}}}");
            }
            Piece::Literal(literal) => {
                for c in literal.chars() {
                    if matches!(c, '\\' | '$' | '`') {
                        text.push('\\');
                    }
                    text.push(c);
                }
            }
        }
    }
    text
}

fn in_env(value: &[Piece]) -> String {
    match literal(value) {
        Some(text) if text.is_empty() || is_plain(&text) => text,
        Some(text) if !text.contains('\'') => format!("'{text}'"),
        _ => format!("\"{}\"", with_variables(value).replace('"', "\\\"")),
    }
}

fn in_yaml(value: &[Piece]) -> String {
    let is_word_of_yaml = |text: &str| matches!(text.to_ascii_lowercase().as_str(), "null" | "~");
    match literal(value) {
        Some(text) if text.is_empty() || (is_plain(&text) && !is_word_of_yaml(&text)) => text,
        Some(text) => format!("'{}'", text.replace('\'', "''")),
        None => {
            let text = with_variables(value);
            // `${BASE_DIR}/log` reads better without quotes.
            if let [Piece::Variable(_), Piece::Literal(rest)] = value {
                if rest.starts_with('/') && is_plain(rest) {
                    return text;
                }
            }
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\t', "\\t"))
        }
    }
}

/// A block where the key may have one and every entry survives there, else one line.
fn list_in_env(name: &str, entries: &[Vec<Piece>]) -> String {
    let lines: Vec<String> = entries.iter().map(|entry| with_variables(entry).replace('"', "\\\"")).collect();
    let is_fit = |line: &String| {
        let is_comment = line.starts_with('#') || line.contains(" #") || line.contains("\t#");
        !is_comment && !line.starts_with(['\'', '\\']) && !looks_like_assignment(line)
    };
    if BLOCKS.contains(&name) && !lines.is_empty() && lines.iter().all(is_fit) {
        return format!("\"\n{}\n\"", lines.join("\n"));
    }
    let mut one_line = Vec::new();
    for entry in entries {
        if !one_line.is_empty() {
            one_line.push(Piece::Literal(",".to_owned()));
        }
        one_line.extend(entry.iter().cloned());
    }
    in_env(&one_line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Vec<Piece>> {
        let text = "[^\\x00-\\x1f\\x7f-\\x9f]{1,12}".prop_map(Piece::Literal);
        let near = "[ '\"$\\\\{}#,;:&*!|>%@`~\\[\\]a-c-]{1,12}".prop_map(Piece::Literal);
        let name = "[A-Z_]{1,5}".prop_map(Piece::Variable);
        proptest::collection::vec(prop_oneof![text, near, name], 1..4)
    }

    fn joined(value: &[Piece]) -> Vec<Piece> {
        let mut joined: Vec<Piece> = Vec::new();
        for piece in value {
            match (joined.last_mut(), piece) {
                (Some(Piece::Literal(before)), Piece::Literal(text)) => before.push_str(text),
                _ => joined.push(piece.clone()),
            }
        }
        joined
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in value()) {
            for format in [Format::Env, Format::Yaml] {
                let item = Item {
                    name: "EMAIL_SUBJECT_PREFIX".into(),
                    section: Section::Notify,
                    comments: vec!["# \u{7}".into()],
                    value: Written::One(value.clone()),
                };
                let text = render(format, &[], &[item], &[]);
                let parsed = format.parse(text.as_bytes());
                prop_assert_eq!(&parsed.faults, &[], "{}", text);
                prop_assert_eq!(joined(&parsed.lines[0].value), joined(&value), "{}", text);
            }
        }
    }
}
