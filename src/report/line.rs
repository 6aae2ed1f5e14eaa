//! Foreign text in messages: one line, not too long, and nothing in it that acts on what stands around it.

use crate::foreign::turns;

/// One line without control characters, of at most so many UTF-16 units.
pub(super) fn line(text: &str, most: usize) -> String {
    // A character has one unit or two: what is behind these cannot be shown.
    cut(&text.chars().take(most + 1).map(harmless).collect::<String>(), most)
}

/// What is shown for a character. A file name with a right-to-left override looks like another one, and
/// what is no character at all ends XML and some mail programs.
pub(super) fn harmless(c: char) -> char {
    match c {
        '\u{2028}' | '\u{2029}' => ' ',
        c if c.is_control() => ' ',
        c if turns(c) || is_none(c) => '\u{fffd}',
        c => c,
    }
}

/// Whether Unicode says that it is no character.
fn is_none(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

/// The beginning of a text that is longer than so many UTF-16 units.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.encode_utf16().count() <= most {
        return text.to_owned();
    }
    let mut units = 1;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= most
    };
    let mut start: String = text.chars().take_while(fits).collect();
    start.push('…');
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_and_shows_what_would_hide() {
        assert_eq!(line("a\r\n\tb\u{85}\u{2028}c\u{7f}", 99), "a   b  c ");
        assert_eq!(line("txt\u{202e}gpj.exe \u{2066}x\u{2069} \u{ffff}\u{1fffe}", 99), "txt�gpj.exe �x� ��");
        assert_eq!(line("שלום 主机 👨‍👩‍👧", 99), "שלום 主机 👨‍👩‍👧");
    }

    #[test]
    fn a_cut_text_says_so_and_fits() {
        assert_eq!(line("abcdef", 6), "abcdef");
        assert_eq!(line("abcdefg", 6), "abcde…");
        assert_eq!(line("💾💾💾", 5), "💾💾…");
    }
}
