//! A card for each tier: whether the copy is there, how many backups, how full it is.

use super::escape::text;
use super::look::{BAD_BAR, BAD_WORD, BREAKS, CAUTION_BAR, FIXED, FRAME, GOOD_BAR, GOOD_WORD, Look, MUTED, TRACK};
use super::{NAME, SENTENCE, section};
use crate::bundle::BackupId;
use crate::report::{Present, RunReport, TierFacts};
use crate::system::Space;
use crate::units::ByteSize;

/// From here on a tier wants attention, in percent.
const FULL: [u64; 2] = [70, 85];
/// Backups that retention removed, by name.
const NAMED: usize = 5;

pub(super) fn tiers(report: &RunReport) -> String {
    if report.tiers.is_empty() {
        return String::new();
    }
    section("Where it lies", &report.tiers.iter().map(card).collect::<String>())
}

fn card(facts: &TierFacts) -> String {
    let (look, mark, said) = match &facts.copy {
        Ok(checked) => (&GOOD_WORD, '✓', checked),
        Err(why) => (&BAD_WORD, '✗', why),
    };
    let row = |attributes: &str, content: &str| format!("<p {attributes}>{content}</p>\n");
    let small = |layout: &str| MUTED.with(&format!("margin:4px 0 0;font-size:13px;line-height:1.45;{layout}"));
    let mut content = row("style=\"margin:0;font-size:15px;line-height:1.4;font-weight:600\"", &facts.tier.to_string());
    let place = small(&format!("{FIXED};{BREAKS}"));
    content.push_str(&row(&place, &text(&facts.place, NAME)));
    let verdict = look.with(&format!("margin:6px 0 0;font-size:15px;line-height:1.45;{BREAKS}"));
    content.push_str(&row(&verdict, &format!("<b>{mark}&#65038; {}</b>", text(said, SENTENCE))));
    content.extend(facts.present.map(|present| row(&small(""), &backups(present))));
    if !facts.removed.is_empty() {
        content.push_str(&row(&small(BREAKS), &removed(&facts.removed)));
    }
    content.extend(facts.room.and_then(bar));
    format!(
        "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
         style=\"table-layout:fixed;margin:12px 0 0;border-collapse:separate\"><tr><td {}>\n{content}</td></tr></table>\n",
        FRAME.with("border-style:solid;border-width:1px;border-radius:8px;padding:14px 16px")
    )
}

fn backups(present: Present) -> String {
    let many = if present.backups == 1 { "" } else { "s" };
    let since = present
        .oldest
        .map(|oldest| format!(", since <span style=\"white-space:nowrap\">{}</span>", oldest.format("%Y-%m-%d")))
        .unwrap_or_default();
    format!("{} backup{many} of this host, {}{since}", present.backups, ByteSize(present.bytes))
}

fn removed(removed: &[BackupId]) -> String {
    let named: Vec<String> = removed.iter().take(NAMED).map(|id| text(id.as_str(), NAME)).collect();
    let more = match removed.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("Retention removed {}: {}{more}", removed.len(), named.join(", "))
}

/// How full the tier is, as a bar and in words; nothing where its size is not known.
fn bar(room: Space) -> Option<String> {
    let total = room.total.0;
    let used = total.saturating_sub(room.free.0);
    let percent = u64::try_from(u128::from(used) * 100 / u128::from(total).max(1)).unwrap_or(100);
    if total == 0 {
        return None;
    }
    let cell = |look: &Look, width: u64| match width {
        0 => String::new(),
        _ => format!(
            "<td width=\"{width}%\" height=\"8\" {}>&nbsp;</td>",
            look.with(&format!("width:{width}%;height:8px;font-size:0;line-height:8px"))
        ),
    };
    // What is used at all is seen.
    let shown = if used > 0 { percent.clamp(1, 100) } else { 0 };
    Some(format!(
        "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
         style=\"table-layout:fixed;margin:10px 0 0;border-radius:4px;overflow:hidden\"><tr>{}{}</tr></table>\n\
         <p {}>{percent} % full, {} of {} free</p>\n",
        cell(fill(percent), shown),
        cell(&TRACK, 100 - shown),
        MUTED.with("margin:4px 0 0;font-size:13px;line-height:1.45"),
        room.free,
        room.total,
    ))
}

fn fill(percent: u64) -> &'static Look {
    match percent {
        percent if percent > FULL[1] => &BAD_BAR,
        percent if percent > FULL[0] => &CAUTION_BAR,
        _ => &GOOD_BAR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(free: u64, total: u64) -> Option<String> {
        bar(Space { free: ByteSize(free), total: ByteSize(total) })
    }

    #[test]
    fn a_bar_shows_how_full_a_tier_is() {
        for (free, class, words) in [
            (100, None, "0 % full"),
            (30, Some("rg"), "70 % full"),
            (29, Some("rc"), "71 % full"),
            (15, Some("rc"), "85 % full"),
            (14, Some("rb"), "86 % full"),
            (0, Some("rb"), "100 % full"),
        ] {
            let bar = of(free, 100).unwrap();
            let filled = ["rg", "rc", "rb"].into_iter().find(|class| bar.contains(&format!("class=\"{class}\"")));
            assert!(filled == class && bar.contains(words), "{free}: {bar}");
            assert_eq!(bar.contains("class=\"tr\""), free > 0, "{bar}");
        }
    }

    #[test]
    fn odd_sizes_make_no_odd_bar() {
        assert_eq!(of(0, 0), None);
        assert!(of(200, 100).unwrap().contains(">0 % full"));
        assert!(of(u64::MAX - 1, u64::MAX).unwrap().contains("width=\"1%\""));
        assert!(of(0, u64::MAX).unwrap().contains(">100 % full"));
    }
}
