//! Colours of the page: light ones inline, because mail programs drop the style sheet before anything
//! else, and dark ones in the style sheet, for those that keep it. A test measures each pair of text and
//! ground in a browser.

use std::fmt::Write;

/// One thing's colours. The layout is said where the thing stands.
pub(super) struct Look {
    class: &'static str,
    light: &'static str,
    dark: &'static str,
}

impl Look {
    const fn of(class: &'static str, light: &'static str, dark: &'static str) -> Self {
        Self { class, light, dark }
    }

    /// The attributes of an element that looks so.
    pub(super) fn with(&self, layout: &str) -> String {
        format!("class=\"{}\" style=\"{};{layout}\"", self.class, self.light)
    }

    /// The same for an element that the narrow layout changes, too.
    pub(super) fn also(&self, class: &str, layout: &str) -> String {
        format!("class=\"{} {class}\" style=\"{};{layout}\"", self.class, self.light)
    }
}

pub(super) const PAGE: Look =
    Look::of("pg", "background-color:#e9edf2;color:#1b2430", "background-color:#0e1217;color:#e6ebf2");
pub(super) const CARD: Look =
    Look::of("cd", "background-color:#ffffff;color:#1b2430", "background-color:#181e26;color:#e6ebf2");
pub(super) const TILE: Look = Look::of(
    "ti",
    "background-color:#f4f6f9;border-color:#ffffff;color:#1b2430",
    "background-color:#212933;border-color:#181e26;color:#e6ebf2",
);
pub(super) const FRAME: Look = Look::of("fr", "border-color:#dbe1e8", "border-color:#303a47");
pub(super) const MUTED: Look = Look::of("mu", "color:#546072", "color:#a7b2c1");
pub(super) const LOG: Look =
    Look::of("lg", "background-color:#f4f6f9;color:#1b2430", "background-color:#10151b;color:#d3dbe6");
pub(super) const TRACK: Look = Look::of("tr", "background-color:#dde3ea", "background-color:#333e4c");

/// Banners.
pub(super) const GOOD: Look =
    Look::of("bg", "background-color:#146c3c;color:#ffffff", "background-color:#176a3e;color:#ffffff");
pub(super) const CAUTION: Look =
    Look::of("bc", "background-color:#f5b93f;color:#2b1d00", "background-color:#dda22a;color:#1c1300");
pub(super) const BAD: Look =
    Look::of("bb", "background-color:#b3261e;color:#ffffff", "background-color:#a72b25;color:#ffffff");
pub(super) const IDLE: Look =
    Look::of("bi", "background-color:#465164;color:#ffffff", "background-color:#465164;color:#ffffff");

/// The mark in a banner.
pub(super) const GOOD_MARK: Look =
    Look::of("mg", "background-color:#ffffff;color:#146c3c", "background-color:#e9f6ee;color:#14532f");
pub(super) const CAUTION_MARK: Look =
    Look::of("mc", "background-color:#2b1d00;color:#f5b93f", "background-color:#1c1300;color:#f5c04f");
pub(super) const BAD_MARK: Look =
    Look::of("mb", "background-color:#ffffff;color:#b3261e", "background-color:#fdeceb;color:#94201a");
pub(super) const IDLE_MARK: Look =
    Look::of("mi", "background-color:#ffffff;color:#465164", "background-color:#e6ebf2;color:#384252");

/// What is said first.
pub(super) const ALARM: Look = Look::of(
    "al",
    "background-color:#fdecea;border-color:#b3261e;color:#5f1712",
    "background-color:#331917;border-color:#d8564d;color:#ffd8d4",
);
pub(super) const NOTE: Look = Look::of(
    "no",
    "background-color:#eef2f6;border-color:#7b8798;color:#1b2430",
    "background-color:#212933;border-color:#74808f;color:#e6ebf2",
);

/// Words that say how it stands.
pub(super) const WORD: Look = Look::of("wd", "color:#1b2430", "color:#e6ebf2");
pub(super) const GOOD_WORD: Look = Look::of("wg", "color:#146c3c", "color:#74d49f");
pub(super) const BAD_WORD: Look = Look::of("wb", "color:#b3261e", "color:#ff9d94");

/// The filled part of a bar.
pub(super) const GOOD_BAR: Look = Look::of("rg", "background-color:#2a9a5d", "background-color:#3aa76c");
pub(super) const CAUTION_BAR: Look = Look::of("rc", "background-color:#e6a21f", "background-color:#dda22a");
pub(super) const BAD_BAR: Look = Look::of("rb", "background-color:#c9352b", "background-color:#d8564d");

const ALL: [&Look; 23] = [
    &PAGE,
    &CARD,
    &TILE,
    &FRAME,
    &MUTED,
    &LOG,
    &TRACK,
    &GOOD,
    &CAUTION,
    &BAD,
    &IDLE,
    &GOOD_MARK,
    &CAUTION_MARK,
    &BAD_MARK,
    &IDLE_MARK,
    &ALARM,
    &NOTE,
    &WORD,
    &GOOD_WORD,
    &BAD_WORD,
    &GOOD_BAR,
    &CAUTION_BAR,
    &BAD_BAR,
];

/// Fonts of the system; those with digits and letters of one width for paths and logs.
pub(super) const FONT: &str =
    "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";
pub(super) const FIXED: &str =
    "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono','DejaVu Sans Mono',monospace";
/// A path has no spaces to break at.
pub(super) const BREAKS: &str = "word-break:break-word;overflow-wrap:anywhere";

/// The style sheet: what cannot stand inline.
pub(super) fn sheet() -> String {
    let mut css = format!(
        ":root{{color-scheme:light dark;supported-color-schemes:light dark}}\
         table,td,h1,h2,p,pre{{{FONT}}}\
         @media (max-width:600px){{\
         .out{{padding:0!important}}.pad{{padding-left:16px!important;padding-right:16px!important}}\
         .tiles{{padding-left:14px!important;padding-right:14px!important}}\
         .top{{border-radius:0!important}}\
         .tile{{width:50%!important}}\
         .name{{display:block!important;width:auto!important;padding-bottom:0!important}}\
         .value{{display:block!important;width:auto!important;border-top:0!important;padding-top:2px!important}}}}\
         @media (prefers-color-scheme:dark){{"
    );
    for look in ALL {
        let important = look.dark.replace(';', "!important;");
        let _ = write!(css, ".{}{{{important}!important}}", look.class);
    }
    css.push('}');
    css
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_thing_has_a_name_of_its_own_and_the_same_properties_in_the_dark() {
        let names: BTreeSet<&str> = ALL.iter().map(|look| look.class).collect();
        assert_eq!(names.len(), ALL.len());
        let properties =
            |css: &'static str| css.split(';').map(|rule| rule.split(':').next().unwrap()).collect::<Vec<_>>();
        assert!(ALL.iter().all(|look| properties(look.light) == properties(look.dark)));
    }

    #[test]
    fn every_dark_rule_outweighs_the_inline_one() {
        let sheet = sheet();
        assert!(sheet.contains(".cd{background-color:#181e26!important;color:#e6ebf2!important}"), "{sheet}");
        assert_eq!(sheet.matches('{').count(), sheet.matches('}').count());
    }
}
