//! What people are told about a run, in each form that a channel needs. Pure.

use std::fmt::Write;

use chrono::{DateTime, Local};
use serde_json::{Value, json};

use super::{Ending, RunReport, TierFacts, Verdict};
use crate::host::{Host, ServerId};
use crate::issue::{Issue, Severity, Stage};
use crate::units::ByteSize;

/// UTF-16 units of a chat message: Telegram takes 4096 of them.
const SHORT: usize = 3500;

/// Problems in a chat message.
const FEW: usize = 8;

/// Problems anywhere: what a run of thousands has is in its log.
const MANY: usize = 100;

/// UTF-16 units of one line.
const LINE: usize = 240;

/// One message.
#[derive(Clone, Debug)]
pub struct Message {
    /// How the run ended.
    pub verdict: Verdict,
    /// Host it is about.
    pub host: String,
    /// This server's number, where it has one.
    pub server_id: Option<String>,
    /// When the run ended.
    pub moment: DateTime<Local>,
    /// One line: status, host, date.
    pub subject: String,
    /// Subject and a few lines more, for a chat.
    pub short: String,
    /// Everything, for a page or a mail.
    pub text: String,
    /// The same as a page; empty where no page is made.
    pub html: String,
    /// Name and value of what is worth a field of its own.
    pub facts: Vec<(String, String)>,
    /// Problems, one line each; the last one may count those that are left out.
    pub problems: Vec<String>,
    /// The report.
    pub json: Value,
    /// The process' exit code.
    pub exit_code: u8,
    /// The end of the log after a failure; else empty.
    pub log_end: String,
    /// An example that somebody asked for with `notify test`.
    pub is_test: bool,
}

impl RunReport {
    /// The message about this run.
    pub fn message(&self) -> Message {
        let facts = self.facts();
        let problems = self.problems();
        let subject = self.subject();
        let message = Message {
            verdict: self.verdict(),
            host: line(&self.host.name),
            server_id: self.server_id.as_ref().map(ServerId::to_string),
            moment: self.finished,
            short: String::new(),
            text: String::new(),
            html: String::new(),
            facts,
            problems: counted(problems, MANY),
            json: self.to_json(),
            exit_code: self.exit_code(),
            log_end: String::new(),
            is_test: false,
            subject,
        };
        message.written()
    }

    /// An example: what a good run of this host is told like.
    pub fn example(host: Host, server_id: Option<ServerId>, now: DateTime<Local>) -> Message {
        let report = Self { server_id, ..Self::new(host, now) };
        let mut message = report.message();
        message.is_test = true;
        message.subject = format!("[TEST] Backup of {}: an example, no backup was made ({})", message.host, date(&now));
        message.json["test"] = json!(true);
        message.facts.retain(|(name, _)| matches!(name.as_str(), "Host" | "Date"));
        message.written()
    }

    fn subject(&self) -> String {
        let host = line(&self.host.name);
        let date = date(&self.started);
        match self.verdict() {
            Verdict::Ok => format!("✓ Backup of {host} completed ({date})"),
            Verdict::Warnings(1) => format!("⚠ Backup of {host} completed with 1 warning ({date})"),
            Verdict::Warnings(count) => format!("⚠ Backup of {host} completed with {count} warnings ({date})"),
            Verdict::Skipped => format!("Backup of {host} skipped ({date})"),
            Verdict::Failed => format!("✗ Backup of {host} failed ({date})"),
        }
    }

    fn facts(&self) -> Vec<(String, String)> {
        let mut facts = vec![fact("Host", &self.host.name), fact("Status", self.verdict().as_str())];
        match &self.ending {
            Ending::Completed => {}
            Ending::Skipped { reason, .. } => facts.push(fact("Reason", reason)),
            Ending::Failed { reason, hint, .. } => {
                facts.push(fact("Reason", reason));
                facts.extend(hint.as_ref().map(|hint| fact("What to do", hint)));
            }
        }
        facts.push(fact("Date", &date(&self.started)));
        facts.push(fact("Duration", &self.elapsed().to_string()));
        if let Some(archive) = &self.archive {
            facts.push(fact("Backup", &archive.id));
            facts.push(fact("Size", &ByteSize(archive.bytes).to_string()));
            facts.push(fact("Files", &self.counters.files.to_string()));
        }
        facts.extend(
            self.drill.iter().map(|drill| fact("Restorable", &format!("{} of {}", drill.restorable(), drill.of()))),
        );
        facts.extend(self.tiers.iter().map(tier));
        facts.push(fact("Exit code", &self.exit_code().to_string()));
        facts
    }

    /// What makes the verdict, the first ones first.
    fn problems(&self) -> Vec<String> {
        let counts = |issue: &&Issue| issue.severity == Severity::Warning && issue.stage != Stage::Notify;
        self.issues.iter().filter(counts).map(|issue| line(&format!("{}: {issue}", issue.stage))).collect()
    }
}

impl Message {
    /// The forms for people, made of the others.
    fn written(mut self) -> Self {
        let few = counted(self.problems.clone(), FEW);
        self.short = cut(&page(&self.subject, &self.facts, &few, &|name, value| format!("{name}: {value}")), SHORT);
        let width = self.facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) + 1;
        self.text = page(&self.subject, &self.facts, &self.problems, &|name, value| {
            format!("{:<width$} {value}", format!("{name}:"))
        });
        self
    }
}

fn page(subject: &str, facts: &[(String, String)], problems: &[String], row: &dyn Fn(&str, &str) -> String) -> String {
    let mut text = format!("{subject}\n\n");
    for (name, value) in facts {
        let _ = writeln!(text, "{}", row(name, value));
    }
    if !problems.is_empty() {
        text.push_str("\nProblems:\n");
    }
    for problem in problems {
        let _ = writeln!(text, "- {problem}");
    }
    text
}

fn tier(facts: &TierFacts) -> (String, String) {
    let name = format!("Tier {}", facts.tier);
    let backups = facts.present.map(|present| format!(", {} backups", present.backups)).unwrap_or_default();
    match &facts.copy {
        Ok(checked) => fact(&name, &format!("✓ {checked}{backups}")),
        Err(why) => fact(&name, &format!("✗ {why}")),
    }
}

fn fact(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), line(value))
}

fn date(moment: &DateTime<Local>) -> String {
    moment.format("%Y-%m-%d %H:%M").to_string()
}

/// The first ones, and how many there are besides.
fn counted(mut lines: Vec<String>, most: usize) -> Vec<String> {
    if lines.len() > most {
        let left = lines.len() - most;
        lines.truncate(most);
        lines.push(format!("… and {left} more; the log has all of them"));
    }
    lines
}

/// One line without control characters, not too long.
fn line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    cut(&clean, LINE)
}

/// The beginning of a text that is longer than so many UTF-16 units.
fn cut(text: &str, most: usize) -> String {
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

    fn report(issues: usize) -> RunReport {
        let issue = |n| Issue::warning(Stage::Collect, format!("/etc/{n}"), "permission\ndenied");
        let host = Host { name: "pve1".into(), ..Host::default() };
        RunReport { issues: (0..issues).map(issue).collect(), ..RunReport::new(host, DateTime::<Local>::default()) }
    }

    #[test]
    fn the_subject_has_status_host_and_date() {
        let date = date(&DateTime::<Local>::default());
        for (issues, start) in [
            (0, "✓ Backup of pve1 completed"),
            (1, "⚠ Backup of pve1 completed with 1 warning"),
            (7, "⚠ Backup of pve1 completed with 7 warnings"),
        ] {
            assert_eq!(report(issues).message().subject, format!("{start} ({date})"));
        }
        let mut failed = report(0);
        failed.ending = Ending::Failed { reason: "disk\nfull".into(), hint: Some("make room".into()), exit_code: 12 };
        let message = failed.message();
        assert_eq!((message.subject, message.exit_code), (format!("✗ Backup of pve1 failed ({date})"), 12));
        assert!(message.short.contains("Reason: disk full\nWhat to do: make room\n"), "{}", message.short);
    }

    #[test]
    fn a_long_list_is_counted_and_a_chat_message_stays_short() {
        let message = report(12).message();
        assert!(message.short.contains("- collect: /etc/7: permission denied\n- … and 4 more"), "{}", message.short);
        assert!(!message.text.contains("more; the log") && message.text.contains("/etc/11"));
        assert_eq!(report(1000).message().problems.len(), MANY + 1);
        let mut endless = report(0);
        let reason = "\u{1f4be}\u{1b}x".repeat(5000);
        endless.issues = vec![Issue::warning(Stage::Collect, "/x", &*reason); 50];
        endless.ending = Ending::Failed { reason, hint: None, exit_code: 13 };
        let message = endless.message();
        assert!(message.short.encode_utf16().count() <= SHORT && message.subject.encode_utf16().count() < 300);
        assert!(!message.short.chars().any(|c| c.is_control() && c != '\n'));
    }

    #[test]
    fn failed_messages_are_no_problem_of_the_backup() {
        let mut report = report(0);
        report.issues = vec![Issue::warning(Stage::Notify, "gotify", "refused")];
        assert_eq!(report.message().problems, [""; 0]);
    }

    #[test]
    fn an_example_is_marked_everywhere() {
        let host = Host { name: "pve1".into(), ..Host::default() };
        let message = RunReport::example(host, None, DateTime::default());
        assert!(message.is_test && message.json["test"] == json!(true));
        for text in [&message.subject, &message.short, &message.text] {
            assert!(text.starts_with("[TEST] ") && text.contains("no backup was made"), "{text}");
        }
    }
}
