//! `diff`.

use std::collections::BTreeMap;

use ::log::warn;
use clap::Args;
use serde_json::{Value, json};

use super::Trouble;
use super::args::{BACKUP, OTHER_BACKUP};
use super::keys::{KeyArgs, open_unlocked};
use super::output::{Output, printable};
use super::session::{Session, cancel};
use crate::bundle::Backup;
use crate::diff::{Change, Choice, Content, Detail, Difference, NotCompared, Text, What};
use crate::workflow::{Against, ExitCode, diff};

/// Options of `diff`.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Args, Clone, Debug)]
pub(super) struct DiffArgs {
    /// The older side: `latest`, an ID from `list` (its end is enough), or a file
    #[arg(id = BACKUP, value_name = "A", default_value = "latest")]
    left: String,
    /// The newer side, named in the same way; none = this host as it is now
    #[arg(id = OTHER_BACKUP, value_name = "B")]
    right: Option<String>,
    /// Compare with this host, or the tree that --root names (what happens without B)
    #[arg(long, conflicts_with = OTHER_BACKUP)]
    live: bool,
    /// Show the lines that differ
    #[arg(long)]
    content: bool,
    /// With --content: those of files that hold secrets too
    #[arg(long, requires = "content")]
    show_secrets: bool,
    /// What commands printed and the state of the cluster too; only between two backups
    #[arg(long, requires = OTHER_BACKUP)]
    outputs: bool,
    /// What opens encrypted ones.
    #[command(flatten)]
    keys: KeyArgs,
}

/// Paths that are named one by one; of more the reasons are counted.
const MOST_UNREAD: usize = 20;

/// `proxmox-backup diff [A] [B|--live]`.
pub(super) fn run(session: &Session, arguments: &DiffArgs, output: &mut Output) -> Result<ExitCode, Trouble> {
    let Some(left) = open_unlocked(session, &arguments.left, &arguments.keys)? else { return Ok(ExitCode::Done) };
    let (found, right_name) = match &arguments.right {
        Some(right) => {
            let Some(right) = open_unlocked(session, right, &arguments.keys)? else { return Ok(ExitCode::Done) };
            let choice = Choice::new(content(arguments), arguments.outputs, &BTreeMap::new());
            (diff(&left, &Against::Backup(&right), &choice, &cancel()?)?, name(&right))
        }
        None => against_host(session, &left, arguments)?,
    };
    if output.is_json() {
        output.object(&as_json(&name(&left), &right_name, &found))?;
    } else {
        show(&name(&left), &right_name, &found, output)?;
    }
    Ok(if found.is_same() { ExitCode::Done } else { ExitCode::Warnings })
}

fn against_host(session: &Session, left: &Backup, arguments: &DiffArgs) -> Result<(Difference, String), Trouble> {
    let site = session.site(&[])?;
    let system = &site.system;
    let right = if system.root.is_live() { "this host".to_owned() } else { system.root.prefix().display().to_string() };
    let choice = Choice::new(content(arguments), false, &site.loaded.config.collect.moved);
    Ok((diff(left, &Against::Host(&site.job(None)), &choice, &system.cancel)?, right))
}

fn content(arguments: &DiffArgs) -> Content {
    match (arguments.content, arguments.show_secrets) {
        (false, _) => Content::Compared,
        (true, false) => Content::Shown,
        (true, true) => Content::ShownWithSecrets,
    }
}

fn name(backup: &Backup) -> String {
    backup.id.as_ref().map_or_else(|| backup.path.display().to_string(), ToString::to_string)
}

fn show(left: &str, right: &str, found: &Difference, output: &mut Output) -> Result<(), Trouble> {
    for change in &found.changes {
        output.line(line(change))?;
        if let Some(text) = &change.text {
            output.text(&shown(text))?;
        }
    }
    let unread = found.not_compared.iter().filter(|path| path.is_unread);
    for path in unread.clone().take(MOST_UNREAD) {
        warn!("not compared: {}: {}", printable(&path.path), printable(&path.why));
    }
    let more = unread.count().saturating_sub(MOST_UNREAD);
    if more > 0 {
        warn!("not compared: {more} more paths that could not be read");
    }
    for (why, count) in reasons(&found.not_compared) {
        output.remark(format!("not compared: {count} paths: {}", printable(why)))?;
    }
    output.remark(format!("{left} → {right}: {}", summary(&found.changes)))
}

/// Paths nobody had to look at, by reason.
fn reasons(all: &[NotCompared]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for path in all.iter().filter(|path| !path.is_unread) {
        *counts.entry(path.why.as_str()).or_insert(0) += 1;
    }
    counts
}

fn summary(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "no difference".to_owned();
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for change in changes {
        *counts.entry(word(&change.what)).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    format!("{} differences ({})", changes.len(), counts.join(", "))
}

fn word(what: &What) -> &'static str {
    match what {
        What::Added => "added",
        What::Removed => "removed",
        What::Changed => "changed",
        What::Moved(_) => "moved",
    }
}

fn line(change: &Change) -> String {
    let path = printable(&String::from_utf8_lossy(&change.path));
    let path = match &change.what {
        What::Moved(from) => format!("{} -> {path}", printable(&String::from_utf8_lossy(from))),
        _ => path,
    };
    let details: Vec<String> = match change.what {
        What::Added | What::Removed if change.kind != "file" => vec![change.kind.to_owned()],
        _ => change.details.iter().map(explain).chain(also(change)).collect(),
    };
    let details = if details.is_empty() { String::new() } else { format!("  ({})", details.join(", ")) };
    format!("{:<8} {path}{details}", word(&change.what))
}

/// Other names of the file.
fn also(change: &Change) -> impl Iterator<Item = String> {
    change.also.iter().map(|name| format!("also {}", printable(&String::from_utf8_lossy(name))))
}

fn explain(detail: &Detail) -> String {
    match detail {
        Detail::Kind(before, after) => format!("{before} -> {after}"),
        Detail::Content => "content".to_owned(),
        Detail::Rows(files) if files.is_empty() => "rows".to_owned(),
        Detail::Rows(files) => format!("rows of {}", printable(&files.join(", "))),
        Detail::Mode(before, after) => format!("mode {before:04o} -> {after:04o}"),
        Detail::Owner(before, after) => format!("owner {} -> {}", printable(before), printable(after)),
        Detail::Target(before, after) => format!("target {} -> {}", printable(before), printable(after)),
        Detail::Attributes(names) => format!("attributes {}", printable(&names.join(", "))),
    }
}

/// Lines end where they end; every other control character is made harmless.
fn shown(text: &Text) -> String {
    let line = |line: &str| {
        let cells: Vec<String> = line.split('\t').map(printable).collect();
        format!("{}\n", cells.join("\t"))
    };
    match text {
        Text::Lines(lines) => lines.lines().map(line).collect(),
        Text::Masked => "    (may hold secrets: --show-secrets shows the lines)\n".to_owned(),
        Text::Binary => "    (not text)\n".to_owned(),
        Text::TooLarge => "    (too large to show)\n".to_owned(),
    }
}

fn as_json(left: &str, right: &str, found: &Difference) -> Value {
    let changes: Vec<Value> = found.changes.iter().map(change_as_json).collect();
    json!({
        "left": left,
        "right": right,
        "same": found.is_same(),
        "changes": changes,
        "not_compared": found.not_compared,
    })
}

fn change_as_json(change: &Change) -> Value {
    let mut value = json!({
        "path": String::from_utf8_lossy(&change.path),
        "change": word(&change.what),
        "type": change.kind,
        "secret": change.is_secret,
    });
    if let What::Moved(from) = &change.what {
        value["from"] = json!(String::from_utf8_lossy(from));
    }
    if !change.also.is_empty() {
        value["also"] = change.also.iter().map(|name| json!(String::from_utf8_lossy(name))).collect();
    }
    let details: serde_json::Map<String, Value> = change.details.iter().map(detail_as_json).collect();
    if !details.is_empty() {
        value["details"] = Value::Object(details);
    }
    match &change.text {
        Some(Text::Lines(lines)) => value["lines"] = json!(lines),
        Some(Text::Masked) => value["no_lines"] = json!("secret"),
        Some(Text::Binary) => value["no_lines"] = json!("not text"),
        Some(Text::TooLarge) => value["no_lines"] = json!("too large"),
        None => {}
    }
    value
}

fn detail_as_json(detail: &Detail) -> (String, Value) {
    let pair = |before: &str, after: &str| json!({ "before": before, "after": after });
    let (key, value) = match detail {
        Detail::Kind(before, after) => ("type", pair(before, after)),
        Detail::Content => ("content", json!(true)),
        Detail::Rows(files) => ("rows", json!(files)),
        Detail::Mode(before, after) => ("mode", pair(&format!("{before:04o}"), &format!("{after:04o}"))),
        Detail::Owner(before, after) => ("owner", pair(before, after)),
        Detail::Target(before, after) => ("target", pair(before, after)),
        Detail::Attributes(names) => ("attributes", json!(names)),
    };
    (key.to_owned(), value)
}
