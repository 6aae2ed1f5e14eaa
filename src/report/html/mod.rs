//! The report as a page for a mail: one document without scripts, pictures or anything to be fetched.
//! Tables make the layout and colours stand inline, because that is what all mail programs keep; the
//! style sheet adds the dark variant and narrow screens where it is kept.
//!
//! ```text
//! banner, what to do, figures, tiers ─→ problems (as many as there is room for) ─→ log, details, end
//! ```

mod look;
mod escape;
mod banner;
mod tiers;
mod problems;
mod details;

use look::{CARD, FONT, PAGE};

use super::RunReport;

/// Bytes of a page: Gmail shows no more than 102 KiB of a message.
const LIMIT: usize = 96_000;

/// UTF-16 units of a name, and of a sentence.
const NAME: usize = 240;
const SENTENCE: usize = 1000;

/// Why somebody is told.
#[derive(Clone, Copy)]
pub(super) enum Occasion<'a> {
    /// A run is over.
    Run {
        /// The end of its log after a failure, else empty.
        log_end: &'a str,
    },
    /// Somebody tries out a channel.
    Test,
}

/// The whole document.
pub(super) fn page(report: &RunReport, occasion: Occasion<'_>) -> String {
    let start = format!("{}{}", head(report, occasion), banner::banner(report, occasion));
    let (before, after) = match occasion {
        Occasion::Test => (banner::test_note(), details::details(report, occasion)),
        Occasion::Run { log_end } => (
            [banner::reason(report), details::figures(report), tiers::tiers(report)].concat(),
            [details::log_end(log_end), details::details(report, occasion)].concat(),
        ),
    };
    let end = foot(report);
    let taken = start.len() + before.len() + after.len() + end.len();
    let problems = problems::problems(report, LIMIT.saturating_sub(taken));
    [start, before, problems, after, end].concat()
}

fn head(report: &RunReport, occasion: Occasion<'_>) -> String {
    let title = format!("{} – {}", banner::headline(report, occasion), escape::text(&report.host.name, NAME));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"supported-color-schemes\" content=\"light dark\">\n\
         <meta name=\"x-apple-disable-message-reformatting\">\n\
         <meta name=\"format-detection\" content=\"telephone=no, date=no, address=no, email=no, url=no\">\n\
         <title>{title}</title>\n<style>{sheet}</style>\n</head>\n\
         <body {page}>\n\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" {ground}>\n\
         <tr><td align=\"center\" class=\"out\" style=\"padding:24px 16px\">\n\
         <!--[if mso]><table role=\"presentation\" width=\"720\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"><tr><td><![endif]-->\n\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" {card}>\n",
        sheet = look::sheet(),
        page = PAGE.with(&format!("margin:0;padding:0;{FONT};font-size:15px;line-height:1.5")),
        ground = PAGE.with("width:100%"),
        card = CARD.also(
            "top",
            "width:100%;max-width:720px;table-layout:fixed;border-radius:12px;overflow:hidden;text-align:left"
        ),
    )
}

/// One part of the page under its heading.
fn section(heading: &str, content: &str) -> String {
    format!(
        "<tr><td class=\"pad\" style=\"padding:26px 28px 0\">\n\
         <h2 style=\"margin:0;font-size:17px;line-height:1.3;font-weight:600\">{heading}</h2>\n\
         {content}</td></tr>\n"
    )
}

fn foot(report: &RunReport) -> String {
    let id = report.server_id.as_ref().map(|id| format!("<br>Server {id}")).unwrap_or_default();
    format!(
        "<tr><td {cell}><p {line}>{program}{id}</p></td></tr>\n</table>\n\
         <!--[if mso]></td></tr></table><![endif]-->\n</td></tr>\n</table>\n</body>\n</html>\n",
        cell = look::FRAME.also("pad", "border-style:solid;border-width:1px 0 0;padding:16px 28px 20px"),
        line = look::MUTED.with("margin:0;font-size:13px;line-height:1.5"),
        program = super::PROGRAM,
    )
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
