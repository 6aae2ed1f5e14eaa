//! Problems by stage. As many as there is room for: a stage with thousands does not hide the one
//! problem of another.

use std::collections::BTreeMap;

use super::escape::text;
use super::look::{BREAKS, FIXED, FRAME, MUTED};
use super::{NAME, section};
use crate::issue::{Issue, Stage};
use crate::report::{MANY, RunReport};

/// Bytes of a heading, and of a row that says how many are left out.
const FRAMING: usize = 900;

/// As much of the problems as so many bytes hold.
pub(super) fn problems(report: &RunReport, most_bytes: usize) -> String {
    let mut stages: BTreeMap<Stage, Vec<&Issue>> = BTreeMap::new();
    for issue in report.counting() {
        stages.entry(issue.stage).or_default().push(issue);
    }
    if stages.is_empty() {
        return String::new();
    }
    section("Problems", &groups(stages, most_bytes.saturating_sub(FRAMING)).concat())
}

/// A group for each stage, in the order of the run. Stages with few problems take their share first:
/// what they leave goes to those with many.
fn groups(stages: BTreeMap<Stage, Vec<&Issue>>, mut bytes: usize) -> Vec<String> {
    let mut rising: Vec<(Stage, Vec<&Issue>)> = stages.into_iter().collect();
    rising.sort_by_key(|(_, issues)| issues.len());
    let mut waiting = rising.len();
    let mut rows = MANY;
    let mut groups = BTreeMap::new();
    for (stage, issues) in rising {
        let (shown, group) = group(stage, &issues, rows / waiting, bytes / waiting);
        rows -= shown;
        bytes = bytes.saturating_sub(group.len());
        waiting -= 1;
        groups.insert(stage, group);
    }
    groups.into_values().collect()
}

/// How many problems are shown, and the group.
fn group(stage: Stage, issues: &[&Issue], most_rows: usize, most_bytes: usize) -> (usize, String) {
    let mut left = most_bytes.saturating_sub(FRAMING);
    let fits = |row: &String| {
        let fits = row.len() <= left;
        left = left.saturating_sub(row.len());
        fits
    };
    let rows: Vec<String> = issues.iter().take(most_rows).map(|issue| row(issue)).take_while(fits).collect();
    let left_out = match issues.len() - rows.len() {
        0 => String::new(),
        count => cell(&format!("… and {count} more; the log has all of them")),
    };
    let group = format!(
        "<p {heading}><b>{name}</b> &middot; {count}</p>\n\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
         style=\"table-layout:fixed;margin:0\">\n{all}{left_out}</table>\n",
        heading = MUTED.with("margin:12px 0 5px;font-size:13px;line-height:1.4"),
        name = title(stage),
        count = issues.len(),
        all = rows.concat(),
    );
    (rows.len(), group)
}

fn row(issue: &Issue) -> String {
    let hint = issue.hint.as_ref().map(|hint| {
        format!("<p {}>&rarr; {}</p>", MUTED.with("margin:2px 0 0;font-size:14px;line-height:1.45"), text(hint, NAME))
    });
    cell(&format!(
        "<p style=\"margin:0;font-size:13px;line-height:1.45;{FIXED}\">{}</p>\
         <p style=\"margin:2px 0 0\">{}</p>{}",
        text(&issue.subject, NAME),
        text(&issue.reason, NAME),
        hint.unwrap_or_default()
    ))
}

fn cell(content: &str) -> String {
    let look = FRAME.with(&format!(
        "border-style:solid;border-width:1px 0 0;padding:8px 0;font-size:15px;line-height:1.45;{BREAKS}"
    ));
    format!("<tr><td {look}>{content}</td></tr>\n")
}

fn title(stage: Stage) -> &'static str {
    match stage {
        Stage::Config => "Configuration",
        Stage::Detect => "Looking at the host",
        Stage::Preflight => "Checks before the run",
        Stage::Collect => "Collecting",
        Stage::Archive => "Writing the archive",
        Stage::Verify => "Verifying",
        Stage::Storage => "Storing",
        Stage::Retention => "Retention",
        Stage::Restore => "Restoring",
        Stage::Notify => "Telling",
    }
}
