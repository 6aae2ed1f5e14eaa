//! Lines that claim a copyright.

/// First and last year, where any is given.
pub(crate) type Years = Option<(u16, u16)>;

/// Holder and years of a line such as `Copyright (c) 2014-2026, The Authors. All rights reserved.`
/// The sentences of licences that begin with the same word are none, nor are their blanks to fill in.
pub(crate) fn notice(line: &str) -> Option<(String, Years)> {
    let line = line.trim_start_matches(['/', '*', '#', ' ', '\t']);
    let rest = line.strip_prefix("Copyright")?.strip_prefix([' ', ':'])?.trim_start();
    let rest = ["(c)", "(C)", "©"].iter().find_map(|sign| rest.strip_prefix(sign)).unwrap_or(rest).trim_start();
    let (years, rest) = years(rest);
    let rest = rest.trim_start_matches("by ");
    let rest = ["All rights reserved", "All Rights Reserved"]
        .iter()
        .find_map(|end| Some(rest.split_once(end)?.0))
        .unwrap_or(rest);
    let holder = without_address(rest.trim_end_matches(" or"));
    let is_name = holder.starts_with(|first: char| first.is_uppercase() || (years.is_some() && first.is_alphabetic()));
    is_name.then_some((holder, years))
}

/// The words in front that begin with a year.
fn years(mut text: &str) -> (Years, &str) {
    let mut found: Years = None;
    while text.len() > 3 && text.bytes().take(4).all(|byte| byte.is_ascii_digit()) {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        for year in word.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()) {
            found = Some(found.map_or((year, year), |(first, last): (u16, u16)| (first.min(year), last.max(year))));
        }
        text = rest.trim_start();
    }
    (found, text)
}

/// Without what is in angle brackets, and without the end of a sentence.
pub(crate) fn without_address(text: &str) -> String {
    let name = text.split('<').next().unwrap_or_default().trim().trim_end_matches(',');
    let is_short = ["Inc.", "Ltd.", "Co."].iter().any(|short| name.ends_with(short));
    if is_short { name } else { name.trim_end_matches('.') }.trim().to_owned()
}
