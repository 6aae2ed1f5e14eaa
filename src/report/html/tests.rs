use chrono::{DateTime, Local};

use super::{LIMIT, Occasion, page};
use crate::host::Host;
use crate::issue::{Issue, Stage};
use crate::report::{ArchiveFacts, Ending, RunReport, TierFacts};
use crate::storage::Tier;
use crate::system::Space;
use crate::units::ByteSize;

fn report(issues: Vec<Issue>) -> RunReport {
    let host = Host { name: "pve1".into(), ..Host::default() };
    RunReport { issues, ..RunReport::new(host, DateTime::<Local>::default()) }
}

fn run(report: &RunReport) -> String {
    page(report, Occasion::Run { log_end: "" })
}

fn failed(reason: &str, hint: Option<&str>) -> RunReport {
    let ending = Ending::Failed { reason: reason.into(), hint: hint.map(str::to_owned), exit_code: 12 };
    RunReport { ending, ..report(Vec::new()) }
}

#[test]
fn the_banner_says_how_it_ended() {
    let warning = || Issue::warning(Stage::Collect, "/etc/x", "permission denied");
    for (report, words) in [
        (report(Vec::new()), "Backup completed"),
        (report(vec![warning()]), "Backup completed with 1 warning"),
        (report(vec![warning(), warning()]), "Backup completed with 2 warnings"),
        (failed("disk full", None), "Backup failed"),
        (
            RunReport { ending: Ending::Skipped { reason: "same".into(), exit_code: 16 }, ..report(Vec::new()) },
            "Backup skipped",
        ),
    ] {
        let page = run(&report);
        assert!(page.contains(&format!(">{words}</h1>")) && page.contains("<b>pve1</b>"), "{words}: {page}");
    }
}

#[test]
fn a_failure_says_why_what_to_do_and_what_the_log_said_last() {
    let report = failed("no space left", Some("make room"));
    let page = report.message_with_log_end("Step 5/8\n✗ no <space> left\n".into()).html;
    for part in
        ["What went wrong", ">no space left<", "What to do", ">make room<", "Step 5/8\n✗ no &lt;space&gt; left<"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!run(&report).contains("The end of the log"));
}

#[test]
fn an_example_is_marked_and_tells_of_no_run() {
    let host = Host { name: "pve1".into(), ..Host::default() };
    let page = RunReport::example(host, None, DateTime::default()).html;
    assert!(page.contains("[TEST]") && page.contains("No backup was made"), "{page}");
    assert!(!page.contains("Exit code") && !page.contains("Backup completed"), "{page}");
}

#[test]
fn nothing_foreign_becomes_a_part_of_the_page() {
    let evil = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\u{202e}\u{1b}[31m\"'&\u{0}";
    let mut report = failed(evil, Some(evil));
    report.issues = vec![Issue::warning(Stage::Storage, evil, evil).with_hint(evil)];
    evil.clone_into(&mut report.host.name);
    evil.clone_into(&mut report.host.debian);
    report.archive = Some(ArchiveFacts { id: evil.into(), path: evil.into(), ..ArchiveFacts::default() });
    report.tiers = vec![tier(evil)];
    let page = report.message_with_log_end(format!("{evil}\n")).html;
    let foreign = ["<script", "<img", "\u{202e}", "\u{1b}", "\u{0}", "'&\u{fffd}"];
    assert_eq!(foreign.into_iter().find(|part| page.contains(part)), None);
    assert!(page.matches("&lt;script&gt;alert(1)&lt;/script&gt;").count() >= 10, "{page}");
}

fn tier(text: &str) -> TierFacts {
    TierFacts {
        tier: Tier::Cloud,
        place: text.into(),
        copy: Err(text.into()),
        present: None,
        removed: Vec::new(),
        room: Some(Space { free: ByteSize(1), total: ByteSize(2) }),
    }
}

#[test]
fn a_page_stays_within_what_mail_programs_show() {
    for text in ["x".repeat(4096), "&\"".repeat(2048), "主".repeat(4096), "\u{1f4be}\u{1b}".repeat(2048)] {
        let mut report = failed(&text, Some(&text));
        let issue = |stage| Issue::warning(stage, &*text, &*text).with_hint(&*text);
        let stages = [Stage::Config, Stage::Preflight, Stage::Collect, Stage::Archive, Stage::Storage];
        report.issues = (0..1000).map(|n| issue(stages[n % stages.len()])).collect();
        report.host = Host { name: text.clone(), debian: text.clone(), ..Host::default() };
        report.archive = Some(ArchiveFacts { id: text.clone(), path: text.clone(), ..ArchiveFacts::default() });
        report.tiers = vec![tier(&text), tier(&text), tier(&text)];
        let page = report.message_with_log_end(format!("{text}\n").repeat(100)).html;
        assert!(page.len() <= LIMIT && page.ends_with("</html>\n"), "{}: {}", &text[..4], page.len());
        assert!(page.contains("more; the log has all of them"), "{}", &text[..4]);
    }
}

#[test]
fn a_stage_with_thousands_of_problems_hides_no_other() {
    let mut issues: Vec<Issue> =
        (0..5000).map(|n| Issue::warning(Stage::Collect, format!("/etc/{n}"), "gone")).collect();
    issues.push(Issue::warning(Stage::Storage, "s3:backups", "quota exceeded"));
    issues.push(Issue::notice(Stage::Storage, "s3:backups", "slow"));
    issues.push(Issue::warning(Stage::Notify, "gotify", "refused"));
    let page = run(&report(issues));
    assert!(page.contains("… and 4901 more") && page.contains("quota exceeded"), "{page}");
    assert!(page.contains("<b>Collecting</b> &middot; 5000") && page.contains("<b>Storing</b> &middot; 1"), "{page}");
    assert!(!page.contains("slow") && !page.contains("gotify"), "{page}");
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    let page = run(&report(vec![Issue::warning(Stage::Collect, "/etc/x", "gone")]));
    let parts = ["http", "//", "<script", "<img", "<link", "url(", "@import", "javascript", "href", "src="];
    assert_eq!(parts.into_iter().find(|part| page.contains(part)), None, "{page}");
}
