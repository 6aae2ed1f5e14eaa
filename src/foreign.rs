//! Foreign text: names of files, outputs of programs, answers of servers. What of it may be shown.

/// Whether a character would steer a terminal, end a line, or turn the direction of what follows: a
/// file name with a right-to-left override looks like another one.
pub fn steers(c: char) -> bool {
    c.is_control() || turns(c)
}

/// Whether it ends a line or turns the direction of text, and is no control character.
pub fn turns(c: char) -> bool {
    matches!(
        c,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

/// As [`steers`], and what has no width: it makes a line longer than it looks, and hides where a number
/// begins. Words of some languages need it.
pub fn steers_or_hides(c: char) -> bool {
    steers(c) || matches!(c, '\u{200b}'..='\u{200d}')
}

/// The text with a sign in the place of each character that [`steers`].
pub fn harmless(text: &str) -> String {
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// The text with spaces in the place of control characters, which makes it one line.
pub fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_all_languages_stay_and_what_steers_does_not() {
        for plain in ["a b/c", "日本語", "עברית", "می\u{200c}خواهم", "👩\u{200d}🔧"] {
            assert_eq!(harmless(plain), plain);
            assert_eq!(on_one_line(plain), plain);
        }
        for c in ['\0', '\n', '\t', '\u{1b}', '\u{7f}', '\u{9b}'] {
            assert_eq!(
                (harmless(&format!("a{c}b")), on_one_line(&format!("a{c}b"))),
                ("a\u{fffd}b".into(), "a b".into())
            );
        }
        for c in ['\u{061c}', '\u{200e}', '\u{2028}', '\u{202e}', '\u{2066}', '\u{feff}'] {
            assert_eq!(harmless(&format!("a{c}b")), "a\u{fffd}b", "{c:?}");
        }
    }
}
