//! Plain text for 80 columns: how wide a text stands there, and where its lines break.

/// Columns of a line.
pub(super) const COLUMNS: usize = 80;

/// Zero columns: they join or change the character before them.
const NONE: [(u32, u32); 26] = [
    (0x0300, 0x036f),
    (0x0483, 0x0489),
    (0x0591, 0x05bd),
    (0x05bf, 0x05c7),
    (0x0610, 0x061a),
    (0x064b, 0x065f),
    (0x0670, 0x0670),
    (0x06d6, 0x06dc),
    (0x06df, 0x06e4),
    (0x06e7, 0x06e8),
    (0x06ea, 0x06ed),
    (0x0900, 0x0902),
    (0x093c, 0x093c),
    (0x0941, 0x0948),
    (0x094d, 0x094d),
    (0x0e31, 0x0e31),
    (0x0e34, 0x0e3a),
    (0x0e47, 0x0e4e),
    (0x1ab0, 0x1aff),
    (0x1dc0, 0x1dff),
    (0x200b, 0x200f),
    (0x2060, 0x2064),
    (0x20d0, 0x20ff),
    (0xfe00, 0xfe0f),
    (0xfe20, 0xfe2f),
    (0xe0000, 0xe0fff),
];

/// Two columns: East Asian scripts and their full-width forms, and what is shown as a picture.
const TWO: [(u32, u32); 60] = [
    (0x1100, 0x115f),
    (0x231a, 0x231b),
    (0x2329, 0x232a),
    (0x23e9, 0x23ec),
    (0x23f0, 0x23f0),
    (0x23f3, 0x23f3),
    (0x25fd, 0x25fe),
    (0x2614, 0x2615),
    (0x2648, 0x2653),
    (0x267f, 0x267f),
    (0x2693, 0x2693),
    (0x26a1, 0x26a1),
    (0x26aa, 0x26ab),
    (0x26bd, 0x26be),
    (0x26c4, 0x26c5),
    (0x26ce, 0x26ce),
    (0x26d4, 0x26d4),
    (0x26ea, 0x26ea),
    (0x26f2, 0x26f3),
    (0x26f5, 0x26f5),
    (0x26fa, 0x26fa),
    (0x26fd, 0x26fd),
    (0x2705, 0x2705),
    (0x270a, 0x270b),
    (0x2728, 0x2728),
    (0x274c, 0x274c),
    (0x274e, 0x274e),
    (0x2753, 0x2755),
    (0x2757, 0x2757),
    (0x2795, 0x2797),
    (0x27b0, 0x27b0),
    (0x27bf, 0x27bf),
    (0x2b1b, 0x2b1c),
    (0x2b50, 0x2b50),
    (0x2b55, 0x2b55),
    (0x2e80, 0x303e),
    (0x3041, 0x33ff),
    (0x3400, 0x4dbf),
    (0x4e00, 0xa4cf),
    (0xa960, 0xa97f),
    (0xac00, 0xd7a3),
    (0xf900, 0xfaff),
    (0xfe10, 0xfe19),
    (0xfe30, 0xfe6f),
    (0xff01, 0xff60),
    (0xffe0, 0xffe6),
    (0x16fe0, 0x18cff),
    (0x1aff0, 0x1b2ff),
    (0x1f004, 0x1f004),
    (0x1f0cf, 0x1f0cf),
    (0x1f18e, 0x1f18e),
    (0x1f191, 0x1f19a),
    (0x1f200, 0x1f265),
    (0x1f300, 0x1f64f),
    (0x1f680, 0x1f6ff),
    (0x1f7e0, 0x1f7eb),
    (0x1f90c, 0x1f9ff),
    (0x1fa70, 0x1faff),
    (0x20000, 0x2fffd),
    (0x30000, 0x3fffd),
];

/// Columns of a text on a terminal or in a mail with a fixed font.
pub(super) fn width(text: &str) -> usize {
    let mut columns = 0;
    let (mut before, mut is_joined) = (0, false);
    for c in text.chars() {
        let own = match c {
            // Asks for the picture of what stands before it, and a picture has two columns.
            '\u{fe0f}' if before == 1 => 1,
            // The second half of a picture made of several, and the colour of a skin.
            _ if is_joined => 0,
            '\u{1f3fb}'..='\u{1f3ff}' if before == 2 => 0,
            _ => own_width(c),
        };
        is_joined = c == '\u{200d}';
        if own > 0 {
            before = own;
        }
        columns += own;
    }
    columns
}

fn own_width(c: char) -> usize {
    match u32::from(c) {
        code if is_in(&NONE, code) => 0,
        code if is_in(&TWO, code) => 2,
        _ => 1,
    }
}

fn is_in(ranges: &[(u32, u32)], code: u32) -> bool {
    let next = ranges.partition_point(|(_, last)| *last < code);
    ranges.get(next).is_some_and(|(first, _)| *first <= code)
}

/// `start` and the text after it, in lines that begin below the text. A word that is longer than a
/// line stays whole: most are paths, and somebody copies them.
pub(super) fn hanging(start: &str, text: &str) -> String {
    let indent = width(start);
    let mut whole = start.to_owned();
    let mut column = indent;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let word_columns = width(word);
        if column == indent {
            // Nothing stands on this line yet.
        } else if column + 1 + word_columns <= COLUMNS {
            whole.push(' ');
            column += 1;
        } else {
            whole.push('\n');
            whole.push_str(&" ".repeat(indent));
            column = indent;
        }
        whole.push_str(word);
        column += word_columns;
    }
    whole.truncate(whole.trim_end().len());
    whole
}

/// `name`, filled with spaces up to so many columns.
pub(super) fn filled(name: &str, columns: usize) -> String {
    format!("{name}{}", " ".repeat(columns.saturating_sub(width(name))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_that_a_terminal_needs() {
        for (text, columns) in [
            ("", 0),
            ("pve1", 4),
            ("✓ ⚠ ✗ … – ü", 11),
            ("e\u{301}a\u{308}", 2),
            ("主机", 4),
            ("ホスト名", 8),
            ("한국", 4),
            ("Ｗ", 2),
            ("💾🚀", 4),
            ("👍🏽", 2),
            ("👨‍👩‍👧", 2),
            ("⚠\u{fe0f}", 2),
            ("a\u{200b}b", 2),
            ("שלום", 4),
        ] {
            assert_eq!(width(text), columns, "{text:?}");
        }
    }

    #[test]
    fn the_ranges_are_in_order() {
        for ranges in [&NONE[..], &TWO[..]] {
            assert!(ranges.iter().all(|(first, last)| first <= last));
            assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0));
        }
    }

    #[test]
    fn lines_hang_below_the_first() {
        let text = hanging("- ", &"word ".repeat(40));
        assert!(text.lines().count() == 3 && text.lines().all(|line| width(line) <= COLUMNS), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with("  word")), "{text}");
        assert_eq!(hanging("Host: ", ""), "Host:");
        let exact = format!("{} {}", "a".repeat(38), "b".repeat(39));
        assert_eq!(hanging("- ", &exact), format!("- {exact}"));
    }

    #[test]
    fn a_path_stays_whole_and_wide_words_break_by_columns() {
        let path = format!("/{}", "x".repeat(100));
        assert_eq!(hanging("- ", &format!("at {path} end")), format!("- at\n  {path}\n  end"));
        assert_eq!(hanging("- ", &path), format!("- {path}"));
        let wide = hanging("- ", &"主机主机 ".repeat(20));
        assert!(wide.lines().all(|line| width(line) <= COLUMNS) && wide.lines().count() == 3, "{wide}");
    }
}
