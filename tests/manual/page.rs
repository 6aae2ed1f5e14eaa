//! The section MANUAL RESTORE as the program writes it: its commands, and whether `man` prints them
//! so that they can be copied.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::sample::skip;

const SECTION: &str = ".SH \"MANUAL RESTORE\"\n";
/// Of a terminal.
const COLUMNS: usize = 80;

/// One command: some lines of a literal block.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Its place in the section.
    pub(super) number: usize,
    /// Title of the part it stands in.
    pub(super) part: String,
    /// As printed, with its line ends.
    pub(super) text: String,
    /// The comment that ends it: for which backups it is meant.
    pub(super) only_for: Option<String>,
}

impl Step {
    pub(super) fn lines(&self) -> usize {
        self.text.lines().count()
    }
}

/// The page, fresh from the program.
pub(super) fn page(dir: &Path) -> String {
    let written = Command::new(env!("CARGO_BIN_EXE_proxmox-backup")).arg("man").arg(dir).status().unwrap();
    assert!(written.success());
    std::fs::read_to_string(dir.join("proxmox-backup-restore.8")).unwrap()
}

/// Every line of every literal block, with the title above it.
pub(super) fn literal_lines(page: &str) -> Vec<(String, String)> {
    let section = page.split(SECTION).nth(1).unwrap().split("\n.SH ").next().unwrap();
    let (mut part, mut is_literal, mut lines) = (String::new(), false, Vec::new());
    for line in section.lines() {
        match line {
            ".nf" | ".EX" => is_literal = true,
            ".fi" | ".EE" => is_literal = false,
            _ if is_literal => lines.push((part.clone(), plain(line))),
            _ => part = line.strip_prefix(".SS ").map_or(part, str::to_owned),
        }
    }
    lines
}

/// What roff makes of it.
fn plain(line: &str) -> String {
    let escapes = [("\\&", ""), ("\\-", "-"), ("\\(aq", "'"), ("\\(ga", "`"), ("\\(ha", "^"), ("\\(ti", "~")];
    let text = escapes.iter().fold(line.to_owned(), |text, (escape, sign)| text.replace(escape, sign));
    assert!(!text.replace("\\e", "").contains('\\'), "an escape this test does not know: {line}");
    text.replace("\\e", "\\")
}

/// Lines become commands where the shell finds one complete.
pub(super) fn steps(lines: &[(String, String)]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut open = String::new();
    for (part, line) in lines {
        open = format!("{open}{line}\n");
        if is_complete(&open) {
            let text = std::mem::take(&mut open);
            let only_for = comment(text.trim_end()).map(str::to_owned);
            steps.push(Step { number: steps.len(), part: part.clone(), text, only_for });
        }
    }
    assert_eq!(open, "", "a command without an end");
    steps
}

fn is_complete(text: &str) -> bool {
    let asked = Command::new("sh").args(["-nc", text]).stderr(Stdio::null()).status().unwrap();
    asked.success() && !text.ends_with("\\\n")
}

fn comment(text: &str) -> Option<&str> {
    let (_, comment) = text.rsplit_once(" # ")?;
    (!comment.contains('\n')).then_some(comment)
}

/// Each line stands in what `man` prints on a terminal, sign for sign and in one piece.
pub(super) fn is_printed_as_it_is(dir: &Path, lines: &[(String, String)]) {
    let mut man = Command::new("man");
    man.args(["-E", "UTF-8", "-l", "-Tutf8", "-P", "cat"]).arg(dir.join("proxmox-backup-restore.8"));
    man.env("MANWIDTH", COLUMNS.to_string()).env("LC_ALL", "C.UTF-8").env("MANROFFSEQ", "").env("GROFF_NO_SGR", "1");
    let Ok(printed) = man.env_remove("MAN_KEEP_FORMATTING").output() else { return skip("man is not installed") };
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let printed = String::from_utf8(printed.stdout).unwrap();
    // Overstriking is of the page's prose; a line of it is never one of ours.
    let mut rest = printed.lines();
    for (part, line) in lines {
        let found = rest.find(|shown| shown.trim_start() == line.trim_start());
        let found = found.unwrap_or_else(|| panic!("{part}: `{line}` is not printed, or not in its place"));
        assert!(found.chars().count() <= COLUMNS, "{part}: too long for a terminal: {line}");
    }
}
