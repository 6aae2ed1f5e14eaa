//! Text as roff, and a page as those who check pages want it.

/// Longest line of a page's source, in bytes.
const WIDTH: usize = 80;

/// What clap writes, and what man pages do: italics alone mark what is to be put in.
const PLAINER: [(&str, &str); 5] =
    [("\\*(Aq", "\\(aq"), ("\\fI<", "\\fI"), (">\\fR", "\\fR"), ("<\\fI", "\\fI"), ("\\fR>", "\\fR")];

/// Text that stands for itself.
pub(super) fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}

/// A page without what its parts repeat or leave behind: each starts with a preamble, headings are
/// followed by breaks, lines end in blanks or go on for ever. Words between backquotes are bold.
pub(super) fn tidy(page: &str) -> String {
    let (mut tidied, mut before, mut is_literal) = (Vec::new(), "", false);
    for line in page.lines() {
        let line = line.trim_end();
        if line.is_empty() && !is_literal || [".ie \\n(.g .ds Aq \\(aq", ".el .ds Aq '"].contains(&line) {
            continue;
        }
        let is_control = line.starts_with(['.', '\'']);
        is_literal = is_literal && ![".fi", ".EE"].contains(&line) || [".nf", ".EX"].contains(&line);
        if is_control && !(line == ".PP" && before.starts_with(".S")) || is_literal {
            tidied.push(line.to_owned());
        } else if !is_control {
            let line = bold(&PLAINER.iter().fold(line.to_owned(), |line, (said, meant)| line.replace(said, meant)));
            // What follows .TP is one line, however long.
            if before.starts_with(".TP") { tidied.push(line) } else { tidied.extend(wrapped(&line)) }
        }
        before = line;
    }
    tidied.push(String::new());
    tidied.join("\n")
}

fn bold(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    if parts.len() % 2 == 0 {
        return line.to_owned();
    }
    let mut line = String::new();
    for (number, part) in parts.into_iter().enumerate() {
        line += if number == 0 {
            ""
        } else if number % 2 == 1 {
            "\\fB"
        } else {
            "\\fR"
        };
        line += part;
    }
    line
}

/// Each sentence begins a line, so that roff can tell where one ends.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            // A blank behind a backslash is no place for a break.
            Some(line) if line.ends_with('\\') => *line = format!("{line} {word}"),
            Some(line)
                if length(line) + 1 + length(word) <= WIDTH && !(ends_sentence(line) && begins_sentence(word)) =>
            {
                *line = format!("{line} {word}");
            }
            _ if word.starts_with(['.', '\'']) => lines.push(format!("\\&{word}")),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Other letters than those of ASCII count as the eight of their escape.
fn length(text: &str) -> usize {
    text.chars().map(|letter| if letter.is_ascii() { 1 } else { 8 }).sum()
}

fn ends_sentence(line: &str) -> bool {
    line.trim_end_matches("\\fR").trim_end_matches([')', '"']).ends_with(['.', '!', '?'])
}

fn begins_sentence(word: &str) -> bool {
    word.trim_start_matches("\\fB").trim_start_matches(['(', '"']).starts_with(|c: char| c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_broken_between_words_and_a_sentence_begins_one() {
        let page = tidy(&format!("One. Two three.\n{} .four\n", "word ".repeat(16).trim_end()));
        assert_eq!(page, format!("One.\nTwo three.\n{}\n\\&.four\n", "word ".repeat(16).trim_end()));
        assert_eq!(tidy("of e.g. these, vs. those\n"), "of e.g. these, vs. those\n");
        assert_eq!(tidy(&"[\\fB\\-\\-to\\fR\\ \\fIDIR\\fR] ".repeat(4)).lines().count(), 2);
    }

    #[test]
    fn what_is_printed_as_it_stands_stays() {
        let literal = format!(".nf\n  {} `x`\n\nx. Y\n.fi\n", "long ".repeat(30).trim_end());
        assert_eq!(tidy(&literal), literal);
        let tag = format!(".TP\n{}\n", "tag ".repeat(30).trim_end());
        assert_eq!(tidy(&tag), tag);
    }

    #[test]
    fn what_parts_leave_behind_goes() {
        let page = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n.SH NAME\n.PP\na \n\n.PP\n\\fI<FILE>\\fR <\\fIID\\fR> `b`, it\\*(Aqs\n";
        assert_eq!(tidy(page), ".SH NAME\na\n.PP\n\\fIFILE\\fR \\fIID\\fR \\fBb\\fR, it\\(aqs\n");
    }
}
