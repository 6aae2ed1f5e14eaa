//! The page of a message as a reader meets it: measured in a real browser, and read by a parser of
//! another language. `examples/mail_pages.rs` makes the pages, `make pictures` draws them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::sample::skip;

/// Gmail cuts a message here.
const CLIPPED: usize = 100_000;
/// WCAG 2, level AA, for text of any size.
const CONTRAST: f64 = 4.5;
const PAGES: [&str; 6] = ["failed", "hostile", "ok", "skipped", "test", "warnings"];
/// All that a page is made of.
const TAGS: [&str; 19] = [
    "b", "body", "br", "div", "h1", "h2", "head", "html", "meta", "p", "pre", "span", "style", "table", "td", "title",
    "tr", "code", "tbody",
];
const ATTRIBUTES: [&str; 15] = [
    "align",
    "border",
    "cellpadding",
    "cellspacing",
    "charset",
    "class",
    "content",
    "height",
    "lang",
    "name",
    "role",
    "style",
    "valign",
    "width",
    "dir",
];

/// The sample pages, in a directory of their own.
fn pages() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let tests = std::env::current_exe().unwrap();
    let maker = tests.ancestors().nth(2).unwrap().join("examples/mail_pages");
    assert!(maker.exists(), "{} is missing: cargo build --example mail_pages", maker.display());
    let made = Command::new(maker).arg(dir.path()).env("TZ", "UTC").output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    dir
}

/// Each line that a program of `tests/pictures` prints about `about`.
fn asked(program: &str, about: &Path) -> Vec<Value> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures").join(program);
    let output = Command::new("python3").arg(program).arg(about).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(json).collect()
}

fn json(line: &[u8]) -> Value {
    serde_json::from_slice(line).unwrap()
}

fn page(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.html"))
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|done| done.status.success())
}

#[test]
fn a_page_is_readable_on_every_screen_and_in_the_dark() {
    for program in ["chromium", "python3"] {
        if !is_there(program) {
            return skip(&format!("pages in a browser: {program} is not installed"));
        }
    }
    let pages = pages();

    let views = asked("browser.py", pages.path());

    assert_eq!(views.len(), PAGES.len() * 4, "{views:#?}");
    for view in &views {
        // As it is, and as a mail program shows it that drops the style sheet.
        for shown in [view, &view["plain"]] {
            assert!(shown["scroll"].as_u64() <= shown["inner"].as_u64(), "scrolls sideways: {view:#}");
            assert_eq!(shown["over"].as_array().map(Vec::len), Some(0), "wider than the window: {view:#}");
            assert!(shown["lowest"]["ratio"].as_f64().unwrap() >= CONTRAST, "hard to read: {view:#}");
        }
        assert!(view["texts"].as_u64().unwrap() > 8, "hardly any text: {view:#}");
        assert_eq!(view["asked"].as_array().map(Vec::len), Some(0), "asks for something: {view:#}");
        assert_eq!(view["foreign"], 0, "runs or fetches something: {view:#}");
        assert_ne!(view["title"], "broken", "a script ran: {view:#}");
    }
    let grounds = |scheme| views.iter().filter(move |view| view["scheme"] == scheme).map(|view| &view["ground"]);
    assert!(grounds("light").all(|ground| *ground == "rgb(233, 237, 242)"), "{views:#?}");
    assert!(grounds("dark").all(|ground| *ground == "rgb(14, 18, 23)"), "{views:#?}");
}

#[test]
fn a_page_is_well_formed_and_shows_hostile_text_as_text() {
    if !is_there("python3") {
        return skip("pages by another parser: python3 is not installed");
    }
    let pages = pages();
    for name in PAGES {
        let path = page(pages.path(), name);
        assert!(std::fs::metadata(&path).unwrap().len() < CLIPPED as u64, "{name}");

        let parts = asked("parts.py", &path).remove(0);

        assert_eq!(parts["wrong"], serde_json::json!([]), "{name}");
        let unknown = |field: &str, known: &[&str]| {
            let all = parts[field].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned());
            all.filter(|one| !known.contains(&one.as_str())).collect::<Vec<_>>()
        };
        assert_eq!(unknown("tags", &TAGS), [""; 0], "{name}");
        assert_eq!(unknown("attributes", &ATTRIBUTES), [""; 0], "{name}");
        let comments = parts["comments"].as_array().unwrap();
        assert!(comments.iter().all(|one| one.as_str().unwrap().starts_with("[if mso]>")), "{name}: {comments:?}");
        if name == "hostile" {
            let text = parts["text"].as_str().unwrap();
            let evil = "</td></table></style><script>document.title='broken'</script><img src=http://192.0.2.1/x";
            assert!(text.matches(evil).count() > 20 && text.contains("\u{fffd}gpj.exe"), "{text}");
            assert!(!text.contains(['\u{202e}', '\u{2066}', '\u{0}', '\u{1b}']));
        }
    }
}

#[test]
fn the_pictures_are_there_and_small() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    let mut bytes = 0;
    for name in PAGES.into_iter().filter(|name| *name != "hostile") {
        for view in ["360-light", "360-dark", "1200-light", "1200-dark"] {
            bytes += std::fs::metadata(dir.join(format!("{name}-{view}.png"))).unwrap().len();
        }
    }
    assert!(bytes < 1_500_000, "{bytes} bytes");
}
