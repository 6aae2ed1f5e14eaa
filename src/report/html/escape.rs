//! Foreign text in HTML. It stands between tags only, never in an attribute.

use crate::report::line::{harmless, line};

/// One line of at most so many UTF-16 units.
pub(super) fn text(foreign: &str, most: usize) -> String {
    line(foreign, most).chars().map(escaped).collect()
}

/// The end of a text of several lines, of at most so many bytes as it is written here.
pub(super) fn end_of_lines(foreign: &str, most_bytes: usize) -> String {
    let mut left = most_bytes;
    let fits = |piece: &String| {
        let fits = piece.len() <= left;
        left = left.saturating_sub(piece.len());
        fits
    };
    let pieces = foreign.trim_end().chars().rev().filter(|c| *c != '\r').map(|c| match c {
        '\n' => "\n".to_owned(),
        '\t' => "    ".to_owned(),
        c => escaped(c),
    });
    let backwards: Vec<String> = pieces.take_while(fits).collect();
    backwards.into_iter().rev().collect()
}

fn escaped(c: char) -> String {
    match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        c => harmless(c).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_is_a_tag() {
        assert_eq!(
            text("<script>alert('x')</script> & \"\u{1b}[31m\u{202e}", 99),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot; [31m\u{fffd}"
        );
    }

    #[test]
    fn the_end_of_a_log_keeps_its_lines_and_its_limit() {
        assert_eq!(end_of_lines("first\r\n\tsecond <\n\n", 99), "first\n    second &lt;");
        assert_eq!(end_of_lines("abc\ndef", 5), "c\ndef");
        assert!(end_of_lines(&"\"".repeat(9000), 1000).len() <= 1000);
    }
}
