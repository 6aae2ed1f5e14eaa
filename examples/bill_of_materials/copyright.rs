//! debian/copyright: the template, with a paragraph for what nobody wrote one for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use crate::Outcome;
use crate::crates::{Crate, Id};
use crate::holders;
use crate::licence::Licence;
use crate::notice::Years;

/// Where the derived paragraphs go.
const PLACE: &str = "@crates@";
/// A program under the MIT licence takes nothing that asks for more than naming its authors.
const REFUSED: [&str; 4] = ["GPL", "SSPL", "MPL", "EUPL"];
const WIDTH: usize = 80;

/// What crates share a paragraph.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Terms {
    licence: Licence,
    /// Offered as well, and not chosen.
    left_out: BTreeSet<String>,
    holders: BTreeSet<String>,
}

#[derive(Default)]
struct Paragraph {
    crates: BTreeSet<String>,
    years: BTreeMap<String, Years>,
}

/// The whole file.
pub(crate) fn file(top: &Path, linked: &BTreeMap<Id, Crate>) -> Outcome<String> {
    let template = std::fs::read_to_string(top.join("debian/copyright.in"))?;
    let paragraphs: Vec<&str> = template.trim_end().split("\n\n").collect();
    let (texts, others): (Vec<_>, Vec<_>) = paragraphs.into_iter().partition(|text| text.starts_with("License: "));
    let texts: BTreeMap<String, &str> = texts.into_iter().map(|text| (field(text, "License"), text)).collect();
    if let Some(name) = texts.keys().find(|name| REFUSED.iter().any(|refused| name.contains(refused))) {
        return Err(format!("debian/copyright.in: nothing under {name} is linked into this program").into());
    }
    let by_hand = written_by_hand(&others, linked)?;
    let derived = derived(linked, &by_hand, &texts.keys().cloned().collect())?;

    let mut used: BTreeSet<String> = derived.keys().flat_map(|terms| terms.licence.names()).collect();
    for text in others.iter().filter(|text| **text != PLACE) {
        used.extend(names_in(&field(text, "License")));
    }
    let mut parts: Vec<String> = Vec::new();
    for text in others {
        if text == PLACE {
            parts.extend(derived.iter().map(|(terms, paragraph)| written(terms, paragraph)));
        } else {
            parts.push(text.to_owned());
        }
    }
    for name in used {
        let text = texts.get(&name).ok_or_else(|| format!("debian/copyright.in has no text of {name}"))?;
        parts.push((*text).to_owned());
    }
    Ok(parts.join("\n\n") + "\n")
}

/// The crates that the template has a paragraph for. One that is linked no more is a mistake there.
fn written_by_hand(paragraphs: &[&str], linked: &BTreeMap<Id, Crate>) -> Outcome<BTreeSet<String>> {
    let known: BTreeSet<&str> = linked.keys().map(|(name, _)| name.as_str()).collect();
    let mut found = BTreeSet::new();
    for paragraph in paragraphs {
        for pattern in field(paragraph, "Files").split_whitespace() {
            let Some((name, path)) = pattern.strip_prefix("crates/").and_then(|rest| rest.split_once('/')) else {
                continue;
            };
            if !known.contains(name) {
                return Err(format!("debian/copyright.in: {name} is not linked, remove {pattern}").into());
            }
            if path == "*" {
                found.insert(name.to_owned());
            }
        }
    }
    Ok(found)
}

fn derived(
    linked: &BTreeMap<Id, Crate>,
    by_hand: &BTreeSet<String>,
    accepted: &BTreeSet<String>,
) -> Outcome<BTreeMap<Terms, Paragraph>> {
    let mut all: BTreeMap<Terms, Paragraph> = BTreeMap::new();
    for (name, versions) in by_name(linked) {
        // Ours is the first paragraph of the template.
        if by_hand.contains(name) || name == env!("CARGO_PKG_NAME") {
            continue;
        }
        let mut licences: Vec<Licence> = Vec::new();
        let mut left_out = BTreeSet::new();
        let mut years = BTreeMap::new();
        for found in versions {
            let (licence, others) =
                Licence::parse(&found.licence).and_then(|licence| licence.reduced(accepted)).map_err(|refused| {
                    format!(
                        "{name} is under {}: {refused} is not among the texts of debian/copyright.in",
                        found.licence
                    )
                })?;
            if !licences.contains(&licence) {
                licences.push(licence);
            }
            left_out.extend(others);
            for (holder, span) in holders::of(name, found)? {
                holders::add(&mut years, holder, span);
            }
        }
        let licence = if licences.len() == 1 { licences.remove(0) } else { Licence::All(licences) };
        let terms = Terms { licence, left_out, holders: years.keys().cloned().collect() };
        let paragraph = all.entry(terms).or_default();
        paragraph.crates.insert(name.to_owned());
        for (holder, span) in years {
            holders::add(&mut paragraph.years, holder, span);
        }
    }
    Ok(all)
}

/// A crate that is linked in two versions has one paragraph.
fn by_name(linked: &BTreeMap<Id, Crate>) -> BTreeMap<&str, Vec<&Crate>> {
    let mut names: BTreeMap<&str, Vec<&Crate>> = BTreeMap::new();
    for ((name, _), found) in linked {
        names.entry(name).or_default().push(found);
    }
    names
}

fn written(terms: &Terms, paragraph: &Paragraph) -> String {
    let mut text = String::from("Files:");
    let mut column = text.len();
    for name in &paragraph.crates {
        let pattern = format!("crates/{name}/*");
        if column + 1 + pattern.len() > WIDTH {
            text.push_str("\n      ");
            column = 6;
        }
        column += 1 + pattern.len();
        let _ = write!(text, " {pattern}");
    }
    for (place, (holder, years)) in paragraph.years.iter().enumerate() {
        text.push_str(if place == 0 { "\nCopyright: " } else { "\n           " });
        match years {
            Some((first, last)) if first == last => _ = write!(text, "{first} "),
            Some((first, last)) => _ = write!(text, "{first}-{last} "),
            None => {}
        }
        text.push_str(holder);
    }
    let _ = write!(text, "\nLicense: {}", terms.licence.field());
    if !terms.left_out.is_empty() {
        let others: Vec<&str> = terms.left_out.iter().map(String::as_str).collect();
        let _ = write!(text, "\nComment: offered under {} as well, which is not made use of.", others.join(", "));
    }
    text
}

/// The value of a field, its further lines included; empty where there is none. Of a licence with its
/// text in place, the name alone.
fn field(paragraph: &str, name: &str) -> String {
    let mut lines = paragraph.lines().skip_while(|line| !line.starts_with(&format!("{name}:")));
    let Some(first) = lines.next() else { return String::new() };
    let mut value = first[name.len() + 1..].trim().to_owned();
    if name != "License" {
        for line in lines.take_while(|line| line.starts_with(' ')) {
            value.push(' ');
            value.push_str(line.trim());
        }
    }
    value
}

/// The licences that a field of the template names.
fn names_in(field: &str) -> impl Iterator<Item = String> {
    field
        .replace(", and ", " or ")
        .replace(" and ", " or ")
        .split(" or ")
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect::<Vec<_>>()
        .into_iter()
}
