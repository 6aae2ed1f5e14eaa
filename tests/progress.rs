//! The line that says how far the work has come, in a real pseudo-terminal whose bytes are replayed
//! on a screen: it is there while the work goes on, and nothing of it stays.

use std::time::Duration;

use crate::keys::Terminal;
use crate::restore_command::changed;
use crate::sample::{Sample, names_in};

/// Words of the line that no line of the log has.
const DRAWN: &str = "Step 3/8: collecting";

/// A host whose run takes some seconds, on a terminal with all letters.
fn slow_host() -> Sample {
    let mut sample = Sample::host("debian-plain");
    sample.environment.insert("TERM".into(), "xterm".into());
    sample.environment.insert("LANG".into(), "C.UTF-8".into());
    sample.enlarge(1200, 60_000);
    sample
}

fn start(sample: &Sample, arguments: &[&str], columns: u16) -> Option<Terminal> {
    let program = sample.program(arguments);
    let words = std::iter::once(program.get_program()).chain(program.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let variables: Vec<_> = program.get_envs().filter_map(|(name, value)| Some((name, value?))).collect();
    let sized = format!("stty cols {columns}; {}", words.join(" "));
    Terminal::with_line(&sized, &sample.path(""), &variables)
}

/// Exit code and the bytes of the program alone.
fn ended(terminal: Terminal) -> (Option<i32>, String) {
    let (code, all) = terminal.end();
    (code, all.split("speed ").next().unwrap().to_owned())
}

fn run(sample: &Sample, arguments: &[&str], columns: u16) -> Option<(Option<i32>, String)> {
    start(sample, arguments, columns).map(ended)
}

/// A terminal that never scrolls: rows of letters, and where the next one goes.
struct Screen {
    columns: usize,
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Screen {
    fn replay(bytes: &str, columns: usize) -> Self {
        let mut screen = Self { columns, rows: vec![Vec::new()], row: 0, column: 0 };
        let mut letters = bytes.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\r' => screen.column = 0,
                '\n' => screen.next_row(),
                '\u{1b}' => {
                    assert_eq!(letters.next(), Some('['), "an escape that nobody sends: {bytes:?}");
                    match letters.find(|c| !c.is_ascii_digit() && *c != ';') {
                        Some('K') => screen.rows[screen.row].truncate(screen.column),
                        Some('m') => {}
                        other => panic!("{other:?} that nobody sends: {bytes:?}"),
                    }
                }
                '\u{7}' | '\u{8}' => panic!("a control character came through: {bytes:?}"),
                letter => screen.put(letter),
            }
        }
        screen
    }

    fn next_row(&mut self) {
        self.row += 1;
        if self.rows.len() == self.row {
            self.rows.push(Vec::new());
        }
    }

    fn put(&mut self, letter: char) {
        if self.column == self.columns {
            self.next_row();
            self.column = 0;
        }
        let row = &mut self.rows[self.row];
        if row.len() <= self.column {
            row.resize(self.column + 1, ' ');
        }
        row[self.column] = letter;
        self.column += 1;
    }

    fn text(&self) -> String {
        self.rows.iter().map(|row| row.iter().collect::<String>() + "\n").collect()
    }
}

/// What was drawn over and over: between an erased line and the next one.
fn drawn(bytes: &str) -> Vec<&str> {
    let pieces = bytes.split("\r\u{1b}[K").skip(1);
    pieces.filter(|piece| !piece.contains('\n') && !piece.is_empty()).collect()
}

/// The screen in the end has whole lines of the log and no trace of the line.
#[track_caller]
fn assert_clean(bytes: &str, columns: u16) {
    // Wide enough that no line of the log is broken: those are whole.
    let screen = Screen::replay(bytes, 10_000).text();
    for line in screen.lines().filter(|line| !line.is_empty()) {
        let plain = line.trim_start_matches("^C");
        assert!(plain.starts_with("[20"), "no line of the log: {line:?}\n{screen}");
    }
    let narrow = Screen::replay(bytes, columns.into()).text();
    for trace in [DRAWN, " files, ", "% of "] {
        assert!(!narrow.contains(trace), "`{trace}` has stayed:\n{narrow}");
    }
    for line in drawn(bytes) {
        let line = line.trim_end_matches("^C");
        assert!(line.chars().count() <= usize::from(columns) - 3, "{line:?}");
    }
}

#[test]
fn a_run_on_a_terminal_is_followed_and_leaves_only_its_log() {
    let sample = slow_host();
    sample.plant("/etc/cron.d/evil\u{1b}]0;owned\u{7}\n\u{9b}31m", vec![7; 4_000_000]);
    for columns in [80, 44] {
        let Some((code, bytes)) = run(&sample, &["backup"], columns) else { return };
        assert_eq!(code, Some(0), "{bytes}");
        let lines = drawn(&bytes);
        assert!(lines.iter().any(|line| line.starts_with(DRAWN)), "{bytes}");
        assert!(
            columns < 80 || lines.iter().any(|line| line.contains(" files, ") && line.contains("  /")),
            "{lines:?}"
        );
        assert!(bytes.contains("✓ Backup of plain completed"), "{bytes}");
        assert_clean(&bytes, columns);
    }
}

#[test]
fn a_terminal_that_cannot_say_its_width_has_80_columns() {
    let sample = slow_host();
    let Some((code, bytes)) = run(&sample, &["backup"], 0) else { return };
    assert_eq!(code, Some(0), "{bytes}");
    assert!(!drawn(&bytes).is_empty());
    assert_clean(&bytes, 80);
}

#[test]
fn an_interrupt_leaves_a_clean_line() {
    let sample = slow_host();
    let Some(mut terminal) = start(&sample, &["backup"], 80) else { return };
    terminal.answer(DRAWN, "\x03");
    let (code, bytes) = ended(terminal);
    assert_eq!(code, Some(130), "{bytes}");
    assert!(bytes.contains("interrupted by SIGINT"), "{bytes}");
    assert_clean(&bytes, 80);
    assert!(names_in(&sample.path("backups")).is_empty());
}

#[test]
fn nothing_is_drawn_where_nobody_wants_it() {
    let mut sample = slow_host();
    for arguments in [&["backup", "--quiet"][..], &["backup", "--no-progress"], &["backup", "-v"]] {
        let Some((code, bytes)) = run(&sample, arguments, 80) else { return };
        assert_eq!(code, Some(0), "{arguments:?}: {bytes}");
        assert!(drawn(&bytes).is_empty() && !bytes.contains("\u{1b}[K"), "{arguments:?}: {bytes}");
    }
    sample.configure("DEBUG_LEVEL=5\n");
    let Some((_, bytes)) = run(&sample, &["backup"], 80) else { return };
    assert!(drawn(&bytes).is_empty(), "DEBUG_LEVEL=5");
    sample.configure("");
    // A pipe.
    let said = sample.run(["backup"]).stderr;
    assert!(!String::from_utf8_lossy(&said).contains('\u{1b}'));
    sample.environment.insert("TERM".into(), "dumb".into());
    let Some((_, bytes)) = run(&sample, &["backup"], 80) else { return };
    assert!(!bytes.contains("\u{1b}[K"), "TERM=dumb: {bytes}");
}

#[test]
fn without_utf_8_the_line_is_ascii_and_with_no_color_there_is_no_colour() {
    let mut sample = slow_host();
    sample.environment.insert("LC_ALL".into(), "C".into());
    sample.environment.insert("NO_COLOR".into(), "1".into());
    sample.plant(&format!("/etc/cron.d/{}", "ü".repeat(100)), vec![7; 4_000_000]);
    let Some((code, bytes)) = run(&sample, &["backup"], 60) else { return };
    assert_eq!(code, Some(0), "{bytes}");
    let lines = drawn(&bytes);
    assert!(!lines.is_empty() && lines.iter().all(|line| line.is_ascii()), "{lines:?}");
    let colours = bytes.split("\u{1b}[").skip(1).filter(|rest| !rest.starts_with('K')).count();
    assert_eq!(colours, 0, "{bytes:?}");
    assert_clean(&bytes, 60);
}

#[test]
fn where_the_total_is_known_it_is_told() {
    let sample = slow_host();
    sample.configure(&format!(
        "COMPRESSION_TYPE=gzip\nSECONDARY_ENABLED=true\nSECONDARY_PATH={}\n",
        sample.path("second").display()
    ));
    let Some((code, bytes)) = run(&sample, &["backup"], 80) else { return };
    assert_eq!(code, Some(0), "{bytes}");
    assert_clean(&bytes, 80);
    let Some((code, bytes)) = run(&sample, &["verify", "--json"], 80) else { return };
    assert_eq!(code, Some(0), "{bytes}");
    let lines = drawn(&bytes);
    assert!(lines.iter().any(|line| line.starts_with("Verifying plain-backup-") && line.contains("% of ")), "{bytes}");
    let object = Screen::replay(&bytes, 10_000).text();
    let object = &object[object.find("\n{").unwrap_or_default()..=object.rfind('}').unwrap()];
    assert_eq!(serde_json::from_str::<serde_json::Value>(object).unwrap()["ok"], true);
}

#[test]
fn a_question_is_not_drawn_over() {
    const WORD: &str = "Type RESTORE to write this (0 leaves): ";
    let mut sample = changed("debian-plain");
    sample.environment.insert("TERM".into(), "xterm".into());
    let Some(mut terminal) = start(&sample, &["restore", "latest", "--only", "ssh"], 80) else { return };
    terminal.answer(WORD, "");
    std::thread::sleep(Duration::from_millis(900));
    let asked = terminal.transcript();
    assert!(asked.ends_with(WORD), "{asked:?}");
    terminal.answer("", "0\n");
    let (code, screen) = ended(terminal);
    assert_eq!(code, Some(0), "{screen}");
}
