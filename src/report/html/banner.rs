//! The beginning of a page: how it ended, and what is to be done.

use super::escape::text;
use super::look::{ALARM, BAD, BAD_MARK, BREAKS, CAUTION, CAUTION_MARK, GOOD, GOOD_MARK, IDLE, IDLE_MARK, Look, NOTE};
use super::{NAME, Occasion, SENTENCE};
use crate::report::{Ending, RunReport, Verdict};
use crate::units::ByteSize;

/// The variant selector keeps mail programs from painting a coloured picture over ours.
const AS_TEXT: char = '\u{fe0e}';

/// How it ended, in words.
pub(super) fn headline(report: &RunReport, occasion: Occasion<'_>) -> String {
    match (occasion, report.verdict()) {
        (Occasion::Test, _) => "[TEST] An example".to_owned(),
        (_, Verdict::Ok) => "Backup completed".to_owned(),
        (_, Verdict::Warnings(1)) => "Backup completed with 1 warning".to_owned(),
        (_, Verdict::Warnings(count)) => format!("Backup completed with {count} warnings"),
        (_, Verdict::Skipped) => "Backup skipped".to_owned(),
        (_, Verdict::Failed) => "Backup failed".to_owned(),
    }
}

/// Mark, words, host and date, coloured by the verdict.
pub(super) fn banner(report: &RunReport, occasion: Occasion<'_>) -> String {
    let (ground, mark, sign) = colours(report, occasion);
    format!(
        "<tr><td {cell}>\n<div style=\"display:none;max-height:0;overflow:hidden\">{preview}</div>\n\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"><tr>\n\
         <td width=\"60\" valign=\"top\" style=\"width:60px\">\
         <table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"><tr>\
         <td width=\"44\" height=\"44\" align=\"center\" valign=\"middle\" {mark}>{sign}{AS_TEXT}</td></tr></table></td>\n\
         <td valign=\"middle\">\n<h1 style=\"margin:0;font-size:22px;line-height:1.25;font-weight:700\">{headline}</h1>\n\
         <p style=\"margin:4px 0 0;font-size:15px;line-height:1.4;{BREAKS}\"><b>{host}</b> &middot; {date}</p></td>\n\
         </tr></table></td></tr>\n",
        cell = ground.also("pad", "padding:24px 28px"),
        preview = preview(report, occasion),
        mark = mark.with("width:44px;height:44px;border-radius:22px;font-size:22px;line-height:44px;font-weight:700"),
        headline = headline(report, occasion),
        host = text(&report.host.name, NAME),
        date = report.started.format("%Y-%m-%d %H:%M"),
    )
}

fn colours(report: &RunReport, occasion: Occasion<'_>) -> (&'static Look, &'static Look, char) {
    match (occasion, report.verdict()) {
        (Occasion::Test, _) => (&IDLE, &IDLE_MARK, 'i'),
        (_, Verdict::Ok) => (&GOOD, &GOOD_MARK, '✓'),
        (_, Verdict::Warnings(_)) => (&CAUTION, &CAUTION_MARK, '!'),
        (_, Verdict::Skipped) => (&IDLE, &IDLE_MARK, '–'),
        (_, Verdict::Failed) => (&BAD, &BAD_MARK, '✗'),
    }
}

/// What lists of messages show behind the subject.
fn preview(report: &RunReport, occasion: Occasion<'_>) -> String {
    match (&report.ending, &report.archive) {
        _ if matches!(occasion, Occasion::Test) => "No backup was made.".to_owned(),
        (Ending::Failed { reason, .. } | Ending::Skipped { reason, .. }, _) => text(reason, NAME),
        (Ending::Completed, Some(archive)) => {
            format!("{}, {} files, {}", ByteSize(archive.bytes), report.counters.files, report.elapsed())
        }
        (Ending::Completed, None) => String::new(),
    }
}

/// Why there is no backup, and what to do; nothing where there is one.
pub(super) fn reason(report: &RunReport) -> String {
    match &report.ending {
        Ending::Completed => String::new(),
        Ending::Skipped { reason, .. } => note(&NOTE, "Why", reason, None),
        Ending::Failed { reason, hint, .. } => note(&ALARM, "What went wrong", reason, hint.as_deref()),
    }
}

/// What tells an example from the real thing.
pub(super) fn test_note() -> String {
    let text = "No backup was made. This message was asked for with “proxmox-backup notify test”: \
                it arrived, so messages about backups will arrive, too.";
    note(&NOTE, "This is an example", text, None)
}

fn note(look: &Look, heading: &str, reason: &str, hint: Option<&str>) -> String {
    let paragraph = |heading: &str, content: &str, above: &str| {
        format!(
            "<p style=\"margin:{above} 0 0;font-size:13px;line-height:1.4;font-weight:700\">{heading}</p>\n\
             <p style=\"margin:2px 0 0;font-size:15px;line-height:1.5;{BREAKS}\">{}</p>\n",
            text(content, SENTENCE)
        )
    };
    let hint = hint.map(|hint| paragraph("What to do", hint, "12px")).unwrap_or_default();
    format!(
        "<tr><td class=\"pad\" style=\"padding:24px 28px 0\">\n\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"table-layout:fixed\">\
         <tr><td {cell}>\n{}{hint}</td></tr></table></td></tr>\n",
        paragraph(heading, reason, "0"),
        cell = look.with("border-style:solid;border-width:0 0 0 4px;padding:14px 16px"),
    )
}
