//! A text with blanks, `{{subject}}`, that each message fills in: the body or a header of a webhook.

use std::fmt::Write;

use super::nearest::nearest;
use super::value::Complaint;
use crate::secret::Secret;

/// What a blank stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blank {
    /// One line: status, host, date.
    Subject,
    /// A few lines.
    Short,
    /// Everything, several lines.
    Text,
    /// The host's name.
    Host,
    /// `success`, `warning`, `failure`.
    Status,
    /// When the run ended, as RFC 3339 has it.
    Date,
    /// This server's number; empty where it has none.
    ServerId,
    /// What went wrong, one line each.
    Problems,
    /// A word for a picture, as ntfy has it.
    Tags,
    /// The program's exit code.
    ExitCode,
    /// 1 to 5, as ntfy has it.
    Priority,
}

/// By name.
const BLANKS: [(&str, Blank); 11] = [
    ("subject", Blank::Subject),
    ("short", Blank::Short),
    ("text", Blank::Text),
    ("host", Blank::Host),
    ("status", Blank::Status),
    ("date", Blank::Date),
    ("server_id", Blank::ServerId),
    ("problems", Blank::Problems),
    ("tags", Blank::Tags),
    ("exit_code", Blank::ExitCode),
    ("priority", Blank::Priority),
];

/// A checked text: all its blanks are known. It may hold a token, so it prints as `***`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Secret);

/// A stretch of a template.
#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Text(&'a str),
    Blank(Blank),
}

impl Template {
    /// A header's value, or plain text.
    pub(super) fn line(text: &str) -> Result<Self, Complaint> {
        pieces(text)?;
        Ok(Self(Secret::new(text.to_owned())))
    }

    /// A body: JSON where it begins like that, and then it stays JSON whatever is filled in.
    pub(super) fn body(text: &str) -> Result<Self, Complaint> {
        let template = Self::line(text)?;
        // Outside of quotes this is never JSON, and inside it always is.
        let example = |blank| if is_number(blank) { "1".to_owned() } else { "a \"b\"\n\\ ü".to_owned() };
        if template.is_json() && serde_json::from_str::<serde_json::Value>(&template.filled(&example)).is_err() {
            let suggestion = "text between quotes: \"title\":\"{{subject}}\"; only priority and exit_code are numbers";
            return Err(Complaint {
                reason: "begins like JSON and is none once it is filled in".to_owned(),
                suggestion: Some(suggestion.to_owned()),
            });
        }
        Ok(template)
    }

    /// Whether values are escaped as JSON has it.
    pub fn is_json(&self) -> bool {
        let text = self.0.expose().trim_start();
        text.starts_with(['{', '[']) && !text.starts_with("{{")
    }

    /// The text with its blanks filled in.
    pub fn filled(&self, value: &dyn Fn(Blank) -> String) -> String {
        let mut text = String::new();
        for piece in pieces(self.0.expose()).unwrap_or_default() {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Blank(blank) if self.is_json() => text.push_str(&escaped(&value(blank))),
                Piece::Blank(blank) => text.push_str(&value(blank)),
            }
        }
        text
    }

    /// Words of it that may be tokens: what is long and no name of a blank.
    pub fn words(&self) -> Vec<Secret> {
        let pieces = pieces(self.0.expose()).unwrap_or_default();
        let texts = pieces.iter().filter_map(|piece| if let Piece::Text(text) = piece { Some(*text) } else { None });
        let words = texts.flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && !"-_.~".contains(c)));
        words.filter(|word| word.len() >= 8).map(|word| Secret::new(word.to_owned())).collect()
    }
}

fn is_number(blank: Blank) -> bool {
    matches!(blank, Blank::ExitCode | Blank::Priority)
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Complaint> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else {
            return Err(Complaint::new("has {{ without }} behind it"));
        };
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Blank(blank(name.trim())?));
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

/// What is no name of ours is not repeated: the text may hold a token.
fn blank(name: &str) -> Result<Blank, Complaint> {
    let names = || BLANKS.iter().map(|(name, _)| *name);
    if let Some((_, blank)) = BLANKS.iter().find(|(known, _)| *known == name) {
        return Ok(*blank);
    }
    let suggestion = match nearest(name, names()) {
        Some(near) => format!("did you mean {{{{{near}}}}}?"),
        None => names().fold("these are known:".to_owned(), |mut list, name| {
            let _ = write!(list, " {name}");
            list
        }),
    };
    Err(Complaint { reason: "has a placeholder that is not known".to_owned(), suggestion: Some(suggestion) })
}

/// As it stands between the quotes of JSON.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        Template::body(text).unwrap().filled(&|blank| match blank {
            Blank::Priority => "4".into(),
            Blank::Subject => "\"a\" \\ b\nc\u{1b}".into(),
            Blank::ExitCode => "0".into(),
            _ => "x".into(),
        })
    }

    #[test]
    fn blanks_are_filled_in_and_json_stays_json() {
        let json = filled(r#" {"t":"{{subject}}","p":{{ priority }},"tags":["{{tags}}"],"in":{"n":{{exit_code}}}}"#);
        let json = serde_json::from_str::<serde_json::Value>(&json).unwrap();
        assert_eq!((json["t"].as_str(), json["p"].as_i64()), (Some("\"a\" \\ b\nc\u{1b}"), Some(4)));
        assert_eq!(filled("{{host}}: {{subject}}}}"), "x: \"a\" \\ b\nc\u{1b}}}");
        assert_eq!(filled("no blank"), "no blank");
    }

    #[test]
    fn what_would_not_arrive_as_meant_is_a_mistake() {
        for (text, reason, suggestion) in [
            ("{{subjct}}", "has a placeholder that is not known", Some("did you mean {{subject}}?")),
            (
                "a {{hunter2hunter2}}",
                "has a placeholder that is not known",
                Some("these are known: subject short text host status date server_id problems tags exit_code priority"),
            ),
            ("{{subject", "has {{ without }} behind it", None),
            ("{}{", "begins like JSON and is none once it is filled in", Some("text between")),
            (r#"{"a":{{subject}}}"#, "begins like JSON", Some("text between quotes")),
            (r#"["{{text}}",]"#, "begins like JSON", Some("text between quotes")),
            (r#"{"a":"b}"#, "begins like JSON", Some("text between quotes")),
        ] {
            let complaint = Template::body(text).unwrap_err();
            assert!(complaint.reason.starts_with(reason), "{text}: {complaint:?}");
            assert_eq!(complaint.suggestion.is_some(), suggestion.is_some(), "{text}");
            assert!(complaint.suggestion.unwrap_or_default().starts_with(suggestion.unwrap_or_default()), "{text}");
        }
        assert!(Template::line("{\"a\": {{subject}}").is_ok(), "a header is no JSON");
    }

    #[test]
    fn what_may_be_a_token_is_known() {
        let template = Template::body(r#"{"topic":"s3cret-topic","message":"{{subject}}","p":1}"#).unwrap();
        assert_eq!(template.words().iter().map(Secret::expose).collect::<Vec<_>>(), ["s3cret-topic"]);
        assert_eq!(format!("{template:?}"), "Template(***)");
    }
}
