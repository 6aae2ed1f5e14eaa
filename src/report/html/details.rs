//! Figures at a glance, all facts in a table, and the end of the log.

use super::escape::{end_of_lines, text};
use super::look::{BAD_WORD, BREAKS, FIXED, FRAME, GOOD_WORD, LOG, Look, MUTED, TILE, WORD};
use super::{NAME, Occasion, section};
use crate::report::{ArchiveFacts, RunReport};
use crate::units::ByteSize;

/// Bytes of the log's end as it stands in the page.
const LOG_BYTES: usize = 24_000;

/// Where each character counts.
const EXACT: [&str; 3] = ["Backup", "File", "SHA-256"];

/// The few numbers that somebody looks for; nothing where there is no backup.
pub(super) fn figures(report: &RunReport) -> String {
    let Some(archive) = &report.archive else { return String::new() };
    let cells = [
        tile("Size", &ByteSize(archive.bytes).to_string(), &WORD),
        tile("Files", &report.counters.files.to_string(), &WORD),
        tile("Duration", &report.elapsed().to_string(), &WORD),
        restorable(report),
    ]
    .concat();
    // No table: without the style sheet, too, tiles for which there is no room go to the next line.
    format!("<tr><td class=\"tiles\" style=\"padding:22px 26px 0\">{cells}</td></tr>\n")
}

fn restorable(report: &RunReport) -> String {
    let tile = |value: &str, look| tile("Restorable", value, look);
    match &report.drill {
        Some(drill) if drill.of() > 0 => {
            let look = if drill.restorable() == drill.of() { &GOOD_WORD } else { &BAD_WORD };
            tile(&format!("{} of {}", drill.restorable(), drill.of()), look)
        }
        _ => tile("not tried", &WORD),
    }
}

fn tile(name: &str, value: &str, look: &Look) -> String {
    format!(
        "<div {}><span {}>{name}</span><br><b {}>{value}</b></div>",
        TILE.also(
            "tile",
            "display:inline-block;width:25%;min-width:126px;box-sizing:border-box;vertical-align:top;\
             border-style:solid;border-width:2px;border-radius:8px;padding:10px 12px"
        ),
        MUTED.with("font-size:13px;line-height:1.35"),
        look.with("font-size:18px;line-height:1.35"),
    )
}

/// The end of the log, where there is one.
pub(super) fn log_end(log: &str) -> String {
    let log = end_of_lines(log, LOG_BYTES);
    if log.is_empty() {
        return String::new();
    }
    let layout = format!(
        "margin:10px 0 0;padding:12px 14px;border-radius:8px;font-size:12px;line-height:1.5;white-space:pre-wrap;{FIXED};{BREAKS}"
    );
    section("The end of the log", &format!("<pre {}>{log}</pre>\n", LOG.with(&layout)))
}

/// Everything that has a name and a value.
pub(super) fn details(report: &RunReport, occasion: Occasion<'_>) -> String {
    let facts = match occasion {
        Occasion::Run { .. } => run_facts(report),
        Occasion::Test => vec![("Host", report.host.name.clone())],
    };
    let system = report.system().map(|system| ("System", system));
    let rows: String = facts.into_iter().chain(system).map(|(name, value)| row(name, &value)).collect();
    section(
        "Details",
        &format!(
            "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
             style=\"table-layout:fixed;margin:10px 0 22px\">\n{rows}</table>\n"
        ),
    )
}

fn run_facts(report: &RunReport) -> Vec<(&'static str, String)> {
    let moment = "%Y-%m-%d %H:%M:%S %:z";
    let mut facts = vec![
        ("Began", report.started.format(moment).to_string()),
        ("Ended", format!("{}, after {}", report.finished.format(moment), report.elapsed())),
    ];
    facts.extend(report.archive.iter().flat_map(|archive| archive_facts(archive, report)));
    facts.extend(report.drill.iter().map(|drill| ("Restore drill", drill.to_string())));
    facts.push(("Exit code", report.exit_code().to_string()));
    facts
}

fn archive_facts(archive: &ArchiveFacts, report: &RunReport) -> Vec<(&'static str, String)> {
    let ratio = report.ratio_percent().map(|ratio| format!(", to {ratio:.1} %")).unwrap_or_default();
    vec![
        ("Backup", archive.id.clone()),
        ("File", archive.path.clone()),
        ("SHA-256", archive.sha256.clone()),
        ("Collected", format!("{} in {} files", ByteSize(report.counters.bytes), report.counters.files)),
        ("Compressed", format!("{} level {}{ratio}", archive.codec, archive.level)),
    ]
}

fn row(name: &str, value: &str) -> String {
    let cell = "border-style:solid;border-width:1px 0 0;font-size:14px;line-height:1.45";
    let font = if EXACT.contains(&name) { format!(";{FIXED};font-size:13px") } else { String::new() };
    format!(
        "<tr><td width=\"130\" valign=\"top\" {}><span {}>{name}</span></td><td valign=\"top\" {}>{}</td></tr>\n",
        FRAME.also("name", &format!("{cell};width:130px;padding:7px 12px 7px 0")),
        MUTED.with("font-size:14px"),
        FRAME.also("value", &format!("{cell};padding:7px 0;{BREAKS}{font}")),
        text(value, NAME),
    )
}
