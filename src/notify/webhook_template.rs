//! What fills the blanks of a webhook's template and of its headers. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::config::{Blank, Template};
use crate::foreign::on_one_line;
use crate::report::{Message, Verdict};
use crate::secret::Secret;

/// Bytes of a header's value: receivers refuse long ones.
const LONGEST: usize = 500;

/// Bytes of text in one encoded word: RFC 2047 allows 75 characters with everything around them.
const WORD: usize = 45;

/// Type and bytes of the body.
pub(super) fn body(template: &Template, message: &Message) -> (&'static str, Vec<u8>) {
    let kind = if template.is_json() { "application/json" } else { "text/plain; charset=utf-8" };
    (kind, template.filled(&|blank| value(blank, message)).into_bytes())
}

/// The value of a header: one line, as ASCII.
pub(super) fn header(template: &Template, message: &Message) -> Secret {
    Secret::new(in_ascii(&template.filled(&|blank| value(blank, message))))
}

fn value(blank: Blank, message: &Message) -> String {
    match blank {
        Blank::Subject => message.subject.clone(),
        Blank::Short => message.short.clone(),
        Blank::Text => message.text.clone(),
        Blank::Host => message.host.clone(),
        Blank::Status => message.verdict.as_str().to_owned(),
        Blank::Date => message.moment.to_rfc3339(),
        Blank::ServerId => message.server_id.clone().unwrap_or_default(),
        Blank::Problems => message.problems.join("\n"),
        Blank::Tags => look(message.verdict).0.to_owned(),
        Blank::ExitCode => message.exit_code.to_string(),
        Blank::Priority => look(message.verdict).1.to_string(),
    }
}

/// ntfy's picture and priority: 2 makes no sound at night, 5 does.
fn look(verdict: Verdict) -> (&'static str, u8) {
    match verdict {
        Verdict::Ok => ("white_check_mark", 2),
        Verdict::Warnings(_) => ("warning", 4),
        Verdict::Failed => ("rotating_light", 5),
        Verdict::Skipped => ("fast_forward", 1),
    }
}

/// What is no ASCII becomes encoded words (RFC 2047), which ntfy and mail programs read.
fn in_ascii(text: &str) -> String {
    let mut line = on_one_line(text);
    if line.len() > LONGEST {
        let end = (0..LONGEST).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        line.truncate(end);
        line.push('…');
    }
    // What only looks like an encoded word must not be read as one.
    if line.is_ascii() && !line.contains("=?") {
        return line;
    }
    let mut words = vec![String::new()];
    for c in line.chars() {
        if words.last().is_some_and(|word| word.len() + c.len_utf8() > WORD) {
            words.push(String::new());
        }
        words.iter_mut().last().into_iter().for_each(|word| word.push(c));
    }
    words.iter().map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word))).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_one_line_of_ascii() {
        assert_eq!(in_ascii("plain: text, 5"), "plain: text, 5");
        assert_eq!(in_ascii("a\r\nX-Evil: b"), "a  X-Evil: b");
        assert_eq!(in_ascii("✓ ok"), "=?UTF-8?B?4pyTIG9r?=");
        assert_eq!(in_ascii("=?x?="), "=?UTF-8?B?PT94Pz0=?=");
        let long = in_ascii(&"ü".repeat(2000));
        assert!(long.is_ascii() && long.len() < 1000);
        assert!(long.split(' ').all(|word| word.len() <= 75 && word.starts_with("=?UTF-8?B?")), "{long}");
    }
}
