//! What people are told about a run, in each form that a channel needs. Pure.

use chrono::{DateTime, Local};
use serde_json::{Value, json};

use super::columns::{filled, hanging, width};
use super::html::{Occasion, page};
use super::line::{cut, line};
use super::{Ending, MANY, PROGRAM, RunReport, TierFacts, Verdict};
use crate::host::{Host, ServerId};
use crate::units::ByteSize;

/// UTF-16 units of a chat message: Telegram takes 4096 of them.
const SHORT: usize = 3500;

/// Problems in a chat message.
const FEW: usize = 8;

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
    /// Everything but the end of the log, for a mail: lines of 80 columns.
    pub text: String,
    /// The same as a page, with the end of the log after a failure.
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
        self.message_with_log_end(String::new())
    }

    /// The message about this run, with the end of its log.
    pub fn message_with_log_end(&self, log_end: String) -> Message {
        let message = Message {
            verdict: self.verdict(),
            host: line(&self.host.name, LINE),
            server_id: self.server_id.as_ref().map(ServerId::to_string),
            moment: self.finished,
            subject: self.subject(),
            short: String::new(),
            text: String::new(),
            html: page(self, Occasion::Run { log_end: &log_end }),
            facts: self.facts(),
            problems: listed(self.problems(), MANY, self.warnings()),
            json: self.to_json(),
            exit_code: self.exit_code(),
            log_end,
            is_test: false,
        };
        message.written(self.warnings())
    }

    /// An example: what a good run of this host is told like.
    pub fn example(host: Host, server_id: Option<ServerId>, now: DateTime<Local>) -> Message {
        let report = Self { server_id, ..Self::new(host, now) };
        let mut message = report.message();
        message.is_test = true;
        message.subject = format!("[TEST] Backup of {}: an example, no backup was made ({})", message.host, date(&now));
        message.json["test"] = json!(true);
        message.facts.retain(|(name, _)| matches!(name.as_str(), "Host" | "Date" | "System"));
        message.html = page(&report, Occasion::Test);
        message.written(0)
    }

    fn subject(&self) -> String {
        let host = line(&self.host.name, LINE);
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
        facts.extend(self.system().map(|system| fact("System", &system)));
        facts.push(fact("Exit code", &self.exit_code().to_string()));
        facts
    }

    /// What makes the verdict, the first ones first; as lines only while somebody asks for them.
    fn problems(&self) -> impl Iterator<Item = String> {
        self.counting().map(|issue| line(&format!("{}: {issue}", issue.stage), LINE))
    }
}

impl Message {
    /// The forms in plain text, made of the others and of how many problems there are in all.
    fn written(mut self, problems: usize) -> Self {
        let few = listed(self.problems.iter().cloned(), FEW, problems);
        let pair = |(name, value): &(String, String)| format!("{name}: {value}");
        let item = |problem: &String| format!("- {problem}");
        self.short = cut(&whole(&self.subject, &self.facts, &few, pair, item), SHORT);
        let start = self.facts.iter().map(|(name, _)| width(name)).max().unwrap_or(0) + 2;
        let pair = |(name, value): &(String, String)| hanging(&filled(&format!("{name}:"), start), value);
        let item = |problem: &String| hanging("- ", problem);
        self.text = whole(&hanging("", &self.subject), &self.facts, &self.problems, pair, item);
        let server = self.server_id.as_ref().map(|id| format!(", server {id}")).unwrap_or_default();
        self.text.extend(["\n", PROGRAM, &server, "\n"]);
        self
    }
}

fn whole(
    subject: &str,
    facts: &[(String, String)],
    problems: &[String],
    pair: impl Fn(&(String, String)) -> String,
    item: impl Fn(&String) -> String,
) -> String {
    let mut lines = vec![subject.to_owned(), String::new()];
    lines.extend(facts.iter().map(pair));
    if !problems.is_empty() {
        lines.extend([String::new(), "Problems:".to_owned()]);
    }
    lines.extend(problems.iter().map(item));
    lines.push(String::new());
    lines.join("\n")
}

fn tier(facts: &TierFacts) -> (String, String) {
    let name = facts.tier.to_string();
    let why = match &facts.copy {
        Ok(checked) => format!("✓ {checked}"),
        Err(why) => return fact(&name, &format!("✗ {why}")),
    };
    let backups = facts.present.map(|present| match present.backups {
        1 => ", 1 backup".to_owned(),
        count => format!(", {count} backups"),
    });
    let removed = (!facts.removed.is_empty()).then(|| format!(", {} removed", facts.removed.len()));
    let room = facts.room.map(|room| format!(", {} of {} free", room.free, room.total));
    fact(&name, &[Some(why), backups, removed, room].into_iter().flatten().collect::<String>())
}

fn fact(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), line(value, LINE))
}

fn date(moment: &DateTime<Local>) -> String {
    moment.format("%Y-%m-%d %H:%M").to_string()
}

/// The first ones of so many in all, and how many there are besides.
fn listed(lines: impl Iterator<Item = String>, most: usize, all: usize) -> Vec<String> {
    let mut first: Vec<String> = lines.take(most).collect();
    if all > most {
        first.push(format!("… and {} more; the log has all of them", all - most));
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issue::{Issue, Stage};
    use crate::report::columns::COLUMNS;

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
        let thousand = report(1000).message();
        assert_eq!(thousand.problems.len(), MANY + 1);
        assert!(thousand.short.contains("… and 992 more") && thousand.text.contains("… and 900 more"));
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
    fn text_fits_a_mail_of_80_columns() {
        let mut report = report(3);
        let words = "word ".repeat(60);
        report.issues.push(Issue::warning(Stage::Storage, "/mnt/nas", &*words).with_hint("主机 ".repeat(40)));
        report.ending = Ending::Failed { reason: words, hint: Some("make room".into()), exit_code: 12 };
        let text = report.message().text;
        assert!(text.lines().all(|line| width(line) <= COLUMNS && line == line.trim_end()), "{text}");
        assert!(text.contains("\nHost:       pve1\n") && text.contains("\nWhat to do: make room\n"), "{text}");
        assert!(text.contains("\nReason:     word word") && text.contains("\n            word word"), "{text}");
        assert!(text.contains("\n- storage: /mnt/nas: word") && text.contains("\n  word word"), "{text}");
        assert!(text.ends_with(&format!("\n\n{PROGRAM}\n")), "{text}");
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
