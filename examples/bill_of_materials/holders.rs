//! Who has the copyright of a crate: what its licence files say, else its authors.

use std::collections::BTreeMap;
use std::path::Path;

use crate::Outcome;
use crate::crates::Crate;
use crate::notice::{Years, notice, without_address};

/// How the files begin that say it.
const FILES: [&str; 6] = ["COPYING", "COPYRIGHT", "LICENCE", "LICENSE", "NOTICE", "UNLICENSE"];

/// Each holder of `name`'s copyright.
pub(crate) fn of(name: &str, found: &Crate) -> Outcome<BTreeMap<String, Years>> {
    let mut holders = BTreeMap::new();
    for text in texts(&found.source)? {
        for (holder, years) in text.lines().filter_map(notice) {
            add(&mut holders, holder, years);
        }
    }
    if holders.is_empty() {
        holders = found.authors.iter().map(|author| (without_address(author), None)).collect();
    }
    if holders.is_empty() {
        holders.insert(format!("the {name} authors"), None);
    }
    Ok(holders)
}

/// The years of one holder are the range of all that are named.
pub(crate) fn add(holders: &mut BTreeMap<String, Years>, holder: String, years: Years) {
    let known = holders.entry(holder).or_default();
    *known = match (*known, years) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    };
}

/// Files beside the manifest that speak of licences. Those of the GPL name whoever wrote the licence.
fn texts(dir: &Path) -> Outcome<Vec<String>> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let is_meant = FILES.iter().any(|start| name.starts_with(start)) && !name.contains("GPL");
        if is_meant && entry.file_type()?.is_file() {
            texts.push(String::from_utf8_lossy(&std::fs::read(entry.path())?).into_owned());
        }
    }
    Ok(texts)
}
