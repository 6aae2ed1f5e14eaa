//! What of a backup shall go back, and how: the flags of the command line, checked.

use serde::Serialize;

use super::source::Archived;
use crate::pattern::Pattern;
use crate::recipe::{CATEGORIES, Category, Mode, catalog};

/// What shall go back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Selection {
    /// Categories by name of a choice.
    pub mode: Mode,
    /// Only what one of these names; none = everything of the mode.
    pub only: Vec<Pick>,
    /// Never what one of these names, whatever `only` says.
    pub exclude: Vec<Pick>,
    /// Leaves the whole network category out.
    pub skip_network: bool,
    /// Guests whose number is taken.
    pub guests: GuestPolicy,
    /// The disks and cards are those of the backup.
    pub same_hardware: bool,
    /// Names of network cards.
    pub nic_map: NicMap,
    /// How the cluster's files go back.
    pub pve: PveAsked,
}

/// One name of `--only` or `--exclude`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// A category.
    Category(Category),
    /// A recipe by its id.
    Recipe(&'static str),
    /// Paths.
    Paths(Pattern),
}

/// What happens to a guest whose number is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuestPolicy {
    /// It is said, nothing else.
    #[default]
    Report,
    /// It stays as it is here.
    Skip,
    /// The backup's configuration replaces it.
    Replace,
}

/// What happens to names of network cards that this machine does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NicMap {
    /// A mapping is proposed, nothing is rewritten.
    #[default]
    Propose,
    /// The proposal is taken.
    Auto,
    /// These pairs: name in the backup, name here.
    Given(Vec<(String, String)>),
}

/// How files of the cluster file system go back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PveAsked {
    /// The whole database on a fresh installation, else file by file.
    #[default]
    Auto,
    /// The whole database or nothing.
    Whole,
    /// File by file.
    Files,
}

/// A word of the command line that means nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// Neither category, nor recipe, nor path.
    #[error("`{word}` is no category and no path: paths start with `/` or hold a `*`; categories are {known}")]
    Unknown {
        /// The word.
        word: String,
        /// What there is.
        known: String,
    },
    /// `--mode custom` without `--only`.
    #[error("--mode custom needs --only CATEGORY or --only PATH")]
    NothingNamed,
    /// A pair that is none.
    #[error("--nic-map {0}: write `auto`, or OLD=NEW, with one NEW for each OLD")]
    NicMap(String),
}

impl Serialize for Pick {
    /// As on the command line.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Category(category) => category.id(),
            Self::Recipe(id) => id,
            Self::Paths(pattern) => pattern.as_str(),
        })
    }
}

impl Pick {
    /// A category, a recipe, or a pattern of paths.
    pub fn parse(word: &str) -> Result<Self, SelectionError> {
        if let Some(category) = Category::named(word) {
            return Ok(Self::Category(category));
        }
        if let Some(recipe) = catalog().find(|recipe| recipe.id == word) {
            return Ok(Self::Recipe(recipe.id));
        }
        if word.contains('/') || Pattern::has_wildcard(word) {
            return Ok(Self::Paths(Pattern::new(word)));
        }
        let known: Vec<&str> = CATEGORIES.iter().map(|facts| facts.id).collect();
        Err(SelectionError::Unknown { word: word.to_owned(), known: known.join(", ") })
    }

    fn takes(&self, entry: &Archived) -> bool {
        match self {
            Self::Category(category) => entry.category() == *category,
            Self::Recipe(id) => entry.recipe.is_some_and(|recipe| recipe.id == *id),
            Self::Paths(pattern) => pattern.covers(&entry.path) || pattern.matches(&entry.path),
        }
    }
}

impl NicMap {
    /// `auto`, or pairs `OLD=NEW`.
    pub fn parse(words: &[String]) -> Result<Self, SelectionError> {
        if words.is_empty() {
            return Ok(Self::Propose);
        }
        let wrong = |word: &str| SelectionError::NicMap(word.to_owned());
        let all: Vec<&str> = words.iter().flat_map(|word| word.split(',')).map(str::trim).collect();
        if all == ["auto"] {
            return Ok(Self::Auto);
        }
        let mut pairs: Vec<(String, String)> = Vec::new();
        for word in all {
            let (old, new) = word.split_once('=').ok_or_else(|| wrong(word))?;
            let is_taken = pairs.iter().any(|(from, to)| from == old || to == new);
            if !is_name(old) || !is_name(new) || is_taken {
                return Err(wrong(word));
            }
            pairs.push((old.to_owned(), new.to_owned()));
        }
        Ok(Self::Given(pairs))
    }
}

/// `IFNAMSIZ` of `linux/if.h` with its NUL: 15 characters.
fn is_name(word: &str) -> bool {
    (1..=15).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
}

impl Selection {
    /// Whether the whole makes sense.
    pub fn check(&self) -> Result<(), SelectionError> {
        if self.mode == Mode::Custom && self.only.is_empty() {
            return Err(SelectionError::NothingNamed);
        }
        Ok(())
    }

    /// Whether a path takes part.
    pub fn takes(&self, entry: &Archived) -> bool {
        self.why_not(entry).is_none()
    }

    /// Why a path is left out; `None` when it takes part.
    pub(super) fn why_not(&self, entry: &Archived) -> Option<&'static str> {
        let category = entry.category();
        match () {
            () if self.exclude.iter().any(|pick| pick.takes(entry)) => Some("excluded by --exclude"),
            () if self.skip_network && category == Category::Network => Some("left out by --skip-network"),
            () if !category.is_in(self.mode) => Some("not part of the chosen mode"),
            () if !self.only.is_empty() && !self.only.iter().any(|pick| pick.takes(entry)) => {
                Some("not named by --only")
            }
            () => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_category_a_recipe_or_a_path() {
        assert_eq!(Pick::parse("pve-guests"), Ok(Pick::Category(Category::PveGuests)));
        assert_eq!(Pick::parse("pve-snippets"), Ok(Pick::Recipe("pve-snippets")));
        for path in ["/etc/hosts", "*.conf", "etc/network"] {
            assert!(matches!(Pick::parse(path), Ok(Pick::Paths(_))), "{path}");
        }
        let said = Pick::parse("netwrok").unwrap_err().to_string();
        assert!(said.contains("netwrok") && said.contains("network"), "{said}");
    }

    #[test]
    fn pairs_of_cards_are_checked() {
        let parse = |words: &[&str]| NicMap::parse(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        let pair = |old: &str, new: &str| (old.to_owned(), new.to_owned());
        assert_eq!(parse(&[]), Ok(NicMap::Propose));
        assert_eq!(parse(&["auto"]), Ok(NicMap::Auto));
        assert_eq!(parse(&["a=b,b=a"]), Ok(NicMap::Given(vec![pair("a", "b"), pair("b", "a")])));
        for wrong in [&["a"][..], &["a="], &["a=b", "a=c"], &["a=c", "b=c"], &["a=b\nup evil"], &["auto", "a=b"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
