//! What the line says, within so many columns. Pure.

use std::time::Duration;

use crate::cli::charset::Charset;
use crate::foreign::steers_or_hides;
use crate::system::Reading;
use crate::units::{ByteSize, Elapsed};

/// The `^C` that a terminal shows must not begin a new line.
const LEFT_FREE: usize = 3;
/// A shorter piece of a name says nothing.
const LEAST_NAME: usize = 8;
/// Before, nobody can tell how long the rest takes.
const FIRST_ESTIMATE: Duration = Duration::from_secs(2);
/// Work that takes longer shows how long it has taken.
const WORTH_TELLING: Duration = Duration::from_secs(2);

fn ellipsis(charset: Charset) -> &'static str {
    match charset {
        Charset::Unicode => "…",
        Charset::Ascii => "...",
    }
}

/// Names of files must not steer the terminal.
fn harmless(text: &str, charset: Charset) -> String {
    let shown = |c: char| match charset {
        Charset::Unicode if steers_or_hides(c) => '\u{fffd}',
        Charset::Ascii if !(' '..='~').contains(&c) => '?',
        _ => c,
    };
    text.chars().map(shown).collect()
}

/// The line, at most so many columns wide.
pub(super) fn line(reading: &Reading, columns: usize, charset: Charset) -> String {
    let room = columns.saturating_sub(LEFT_FREE);
    let what = harmless(&reading.what, charset);
    let facts = facts(reading);
    let separator = if facts.is_empty() { "" } else { "  " };
    let head = cut(&what, room.saturating_sub(separator.len() + facts.len()), charset);
    let said = cut(&format!("{head}{separator}{facts}"), room, charset);
    let left = room.saturating_sub(width(&said) + 2);
    let name = harmless(&reading.name.to_string_lossy(), charset);
    if name.is_empty() || left < LEAST_NAME { said } else { format!("{said}  {}", cut(&name, left, charset)) }
}

/// The numbers; ASCII in every language.
fn facts(reading: &Reading) -> String {
    let mut facts = Vec::new();
    if reading.files > 0 {
        facts.push(format!("{} files", reading.files));
    }
    if let Some(total) = reading.total.filter(|total| *total > 0) {
        let done = reading.done.min(total);
        facts.push(format!("{}% of {}", percent(done, total), ByteSize(total)));
        facts.extend(rest(reading.took, done, total).map(|rest| format!("{} left", whole_seconds(rest))));
        return facts.join(", ");
    }
    if reading.done > 0 {
        facts.push(ByteSize(reading.done).to_string());
    }
    if reading.took >= WORTH_TELLING {
        facts.push(whole_seconds(reading.took));
    }
    facts.join(", ")
}

fn percent(done: u64, total: u64) -> u128 {
    u128::from(done) * 100 / u128::from(total.max(1))
}

/// How long the rest takes when it goes on like this.
fn rest(took: Duration, done: u64, total: u64) -> Option<Duration> {
    if took < FIRST_ESTIMATE || done == 0 || done >= total {
        return None;
    }
    let millis = took.as_millis() * u128::from(total - done) / u128::from(done);
    // Longer than a month is a guess that helps nobody.
    let millis = u64::try_from(millis).ok()?;
    Some(Duration::from_millis(millis)).filter(|rest| rest.as_secs() < 30 * 86_400)
}

fn whole_seconds(span: Duration) -> String {
    let seconds = span.as_secs();
    if seconds < 60 { format!("{seconds}s") } else { Elapsed(span).to_string() }
}

/// Beginning and end, where the whole does not fit: of a path both say something.
fn cut(text: &str, room: usize, charset: Charset) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let ellipsis = ellipsis(charset);
    let Some(kept) = room.checked_sub(width(ellipsis)) else { return String::new() };
    let front: String = take(text.chars(), kept / 2);
    let back: String = take(text.chars().rev(), kept - width(&front));
    format!("{front}{ellipsis}{}", back.chars().rev().collect::<String>())
}

/// As many as fit.
fn take(charset: impl Iterator<Item = char>, room: usize) -> String {
    let mut used = 0;
    let fits = |c: &char| {
        used += columns_of(*c);
        used <= room
    };
    charset.take_while(fits).collect()
}

fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// Columns that a terminal gives a letter, after Unicode's East Asian Width; rather too many than too few.
fn columns_of(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{231a}'..='\u{231b}'
        | '\u{2329}'..='\u{232a}'
        | '\u{23e9}'..='\u{23f3}'
        | '\u{25fd}'..='\u{25fe}'
        | '\u{2600}'..='\u{27bf}'
        | '\u{2b1b}'..='\u{2b55}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{a960}'..='\u{a97c}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe10}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{16fe0}'..='\u{1b2ff}'
        | '\u{1f000}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn reading(name: &str, total: Option<u64>) -> Reading {
        Reading {
            what: "Step 3/8: collecting".into(),
            name: PathBuf::from(name),
            files: 512,
            done: 3 << 20,
            total,
            took: Duration::from_secs(6),
        }
    }

    #[test]
    fn what_how_much_and_which_stand_in_one_line() {
        let path = "/etc/pve/nodes/node1/qemu-server/a-rather-long-name-of-a-guest/100.conf";
        assert_eq!(
            line(&reading(path, None), 80, Charset::Unicode),
            "Step 3/8: collecting  512 files, 3.0 MiB, 6s  /etc/pve/nodes/…-guest/100.conf"
        );
        assert_eq!(
            line(&reading(path, Some(12 << 20)), 80, Charset::Ascii),
            "Step 3/8: collecting  512 files, 25% of 12.0 MiB, 18s left  /etc/pv...00.conf"
        );
        assert_eq!(line(&reading("", None), 80, Charset::Unicode), "Step 3/8: collecting  512 files, 3.0 MiB, 6s");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_whatever_the_name() {
        let names = [
            "/etc/日本語の名前/設定ファイル.conf",
            "/é/e\u{301}\u{301}",
            "/a\u{1b}[2J\n\t\u{202e}b",
            "",
            "/x",
            "/🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉",
        ];
        for name in names {
            for columns in 0..200 {
                for charset in [Charset::Unicode, Charset::Ascii] {
                    let line = line(&reading(name, Some(7 << 40)), columns, charset);
                    assert!(width(&line) <= columns.saturating_sub(LEFT_FREE), "{columns}: {line:?}");
                    assert!(!line.chars().any(|c| c.is_control() || steers_or_hides(c)), "{line:?}");
                    assert!(charset == Charset::Unicode || line.is_ascii(), "{line:?}");
                }
            }
        }
    }

    #[test]
    fn the_rest_is_told_only_where_it_is_known() {
        let part =
            |done, took| facts(&Reading { done, took: Duration::from_secs(took), files: 0, ..reading("", Some(100)) });
        assert_eq!(part(0, 100), "0% of 100 B");
        assert_eq!(part(50, 1), "50% of 100 B");
        assert_eq!(part(50, 120), "50% of 100 B, 2m 00s left");
        assert_eq!(part(100, 120), "100% of 100 B");
        assert_eq!(part(u64::MAX, 120), "100% of 100 B");
        assert_eq!(part(1, u64::from(u32::MAX)), "1% of 100 B");
    }
}
