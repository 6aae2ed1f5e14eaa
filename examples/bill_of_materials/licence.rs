//! Licence expressions: as crates write them, reduced to what we accept, and as Debian writes them.

use std::collections::BTreeSet;

/// What we take where there is a choice: the first of these that is offered.
const PREFERRED: [&str; 9] =
    ["MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib", "0BSD", "Unicode-3.0", "Apache-2.0", "Unlicense"];

/// One licence, several that all hold, or several to choose from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Licence {
    /// Debian's short name.
    One(String),
    All(Vec<Licence>),
    Any(Vec<Licence>),
}

impl Licence {
    /// Reads an SPDX expression, or the older form with slashes.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let spaced = text.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut rest = words.as_slice();
        let found = any(&mut rest).filter(|_| rest.is_empty());
        found.ok_or_else(|| format!("`{text}` is no licence expression"))
    }

    /// What remains when nothing but `accepted` may be chosen, preferred ones first, and the names of
    /// what is left out. An error where a licence must hold that is not accepted.
    pub(crate) fn reduced(self, accepted: &BTreeSet<String>) -> Result<(Self, BTreeSet<String>), String> {
        match self {
            Self::One(name) if accepted.contains(&name) => Ok((Self::One(name), BTreeSet::new())),
            Self::One(name) => Err(name),
            Self::All(parts) => {
                let mut left_out = BTreeSet::new();
                let mut kept = Vec::new();
                for part in parts {
                    let (part, others) = part.reduced(accepted)?;
                    kept.push(part);
                    left_out.extend(others);
                }
                Ok((Self::All(kept), left_out))
            }
            Self::Any(parts) => {
                let mut left_out = BTreeSet::new();
                let mut kept = Vec::new();
                for part in parts {
                    match part.reduced(accepted) {
                        Ok((part, others)) => {
                            kept.push(part);
                            left_out.extend(others);
                        }
                        Err(name) => {
                            left_out.insert(name);
                        }
                    }
                }
                kept.sort_by_key(|part| (part.rank(), part.clone()));
                match kept.len() {
                    0 => Err(left_out.into_iter().collect::<Vec<_>>().join(" or ")),
                    1 => Ok((kept.remove(0), left_out)),
                    _ => Ok((Self::Any(kept), left_out)),
                }
            }
        }
    }

    /// As the field of debian/copyright has it, where `and` binds before `or`, and a comma last.
    pub(crate) fn field(&self) -> String {
        let joined = |parts: &[Self], by: &str| parts.iter().map(Self::field).collect::<Vec<_>>().join(by);
        match self {
            Self::One(name) => name.clone(),
            Self::Any(parts) => joined(parts, " or "),
            Self::All(parts) if parts.iter().any(|part| matches!(part, Self::Any(_))) => joined(parts, ", and "),
            Self::All(parts) => joined(parts, " and "),
        }
    }

    /// Every licence that the field names.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        match self {
            Self::One(name) => BTreeSet::from([name.clone()]),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::names).collect(),
        }
    }

    fn rank(&self) -> usize {
        let Self::One(name) = self else { return PREFERRED.len() };
        PREFERRED.iter().position(|preferred| preferred == name).unwrap_or(PREFERRED.len())
    }
}

fn any(words: &mut &[&str]) -> Option<Licence> {
    several(words, "OR", all, Licence::Any)
}

fn all(words: &mut &[&str]) -> Option<Licence> {
    several(words, "AND", one, Licence::All)
}

fn several(
    words: &mut &[&str],
    by: &str,
    part: fn(&mut &[&str]) -> Option<Licence>,
    join: fn(Vec<Licence>) -> Licence,
) -> Option<Licence> {
    let mut parts = vec![part(words)?];
    while let [word, rest @ ..] = *words {
        if *word != by {
            break;
        }
        *words = rest;
        parts.push(part(words)?);
    }
    if parts.len() == 1 { parts.pop() } else { Some(join(parts)) }
}

fn one(words: &mut &[&str]) -> Option<Licence> {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let found = any(words)?;
            let [")", rest @ ..] = *words else { return None };
            *words = rest;
            Some(found)
        }
        [name, "WITH", exception, rest @ ..] => {
            *words = rest;
            Some(Licence::One(format!("{name} with {} exception", exception.trim_end_matches("-exception"))))
        }
        [name, rest @ ..] if !["OR", "AND", "WITH", ")"].contains(name) => {
            *words = rest;
            Some(Licence::One((*name).to_owned()))
        }
        _ => None,
    }
}
