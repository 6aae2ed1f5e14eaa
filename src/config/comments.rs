//! Which comment of a file belongs to which of its settings.

use super::parse::Line;

/// Comments of a file, each with its `#` and without blanks around it.
#[derive(Debug, Default)]
pub(super) struct Comments {
    /// Those at the top, up to the first blank line.
    pub(super) header: Vec<String>,
    /// Those of each line: above it, inside its block or list, behind its value.
    pub(super) of_lines: Vec<Vec<String>>,
    /// Those behind the last line.
    pub(super) footer: Vec<String>,
}

/// Finds them. `lines` are in the order of the file.
pub(super) fn comments(text: &str, lines: &[Line]) -> Comments {
    let mut found = Comments { of_lines: vec![Vec::new(); lines.len()], ..Comments::default() };
    let first = lines.first().map_or(usize::MAX, |line| line.number);
    let header_end = text.lines().position(|line| line.trim().is_empty()).filter(|end| *end < first).unwrap_or(0);
    let mut owner = 0;
    for (index, line) in text.lines().enumerate() {
        let (number, comment) = (index + 1, line.trim().trim_start_matches('\u{feff}'));
        while lines.get(owner).is_some_and(|line| line.last < number) {
            owner += 1;
        }
        if !comment.starts_with('#') {
            continue;
        }
        let place = match found.of_lines.get_mut(owner) {
            _ if index < header_end => &mut found.header,
            Some(own) => own,
            None => &mut found.footer,
        };
        place.push(comment.to_owned());
    }
    let texts: Vec<&str> = text.lines().collect();
    for (line, own) in lines.iter().zip(&mut found.of_lines) {
        own.extend(texts.get(line.number - 1).and_then(|text| behind(text)).map(str::to_owned));
    }
    found
}

/// The comment behind a value. Where several settings stand on a line, it belongs to none of them.
fn behind(line: &str) -> Option<&str> {
    let at = line.find([':', '='])?;
    let value = line[at + 1..].trim_start();
    let rest = match value.chars().next()? {
        '{' | '[' | '|' | '>' => return None,
        quote @ ('"' | '\'') => &value[1 + closing(&value[1..], quote)?..],
        _ => &line[at + 1..],
    };
    let comment = rest.char_indices().find(|(at, c)| *c == '#' && rest[..*at].ends_with([' ', '\t']))?;
    Some(rest[comment.0..].trim())
}

/// Behind the closing quote, in the words of both forms: `\"` and `''` close nothing.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let next = at + c.len_utf8();
        let is_doubled = c == '\'' && quote == '\'' && text[next..].starts_with('\'');
        let is_protected = c == '\\' && quote == '"';
        if is_doubled || is_protected {
            at = next + text[next..].chars().next().map_or(0, char::len_utf8);
        } else if c == quote {
            return Some(next);
        } else {
            at = next;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::*;

    fn found(format: Format, text: &str) -> Comments {
        let parsed = format.parse(text.as_bytes());
        assert_eq!(parsed.faults, []);
        comments(text, &parsed.lines)
    }

    #[test]
    fn a_comment_belongs_to_the_setting_below_it_or_around_it() {
        let text = "# top\n\n# a\n\nA=1 # why\nBACKUP_BLACKLIST=\"\n# in\n/x\n\"\nB='# no' # yes\n# end\n";
        let found = found(Format::Env, text);
        assert_eq!(found.header, ["# top"]);
        assert_eq!(found.of_lines, [vec!["# a", "# why"], vec!["# in"], vec!["# yes"]]);
        assert_eq!(found.footer, ["# end"]);
    }

    #[test]
    fn in_yaml_as_well() {
        let text = "general: # not kept\n  # a\n  log_path: '/it''s # no' # yes\ncollect:\n  # b\n  backup_blacklist:\n  # in\n  - /x # entry\n  # c\n  pvesh_timeout: 1\n";
        let found = found(Format::Yaml, text);
        assert!(found.header.is_empty() && found.footer.is_empty());
        assert_eq!(found.of_lines, [vec!["# a", "# yes"], vec!["# b", "# in"], vec!["# c"]]);
    }
}
