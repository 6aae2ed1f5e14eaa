//! Network cards on other hardware: which name of the backup is which name here, and what a file
//! says with the new names.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One physical card, by what tells it apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Nic {
    /// `enp1s0`.
    pub name: String,
    /// Address in use.
    pub mac: Option<String>,
    /// Address burnt in.
    pub permanent_mac: Option<String>,
    /// Kernel module.
    pub driver: Option<String>,
    /// `0000:01:00.0`.
    #[serde(alias = "pci_path")]
    pub bus_address: Option<String>,
    /// Tells ports of one card apart.
    pub port: Option<String>,
    /// Older lists hold bridges and the like as well.
    #[serde(skip_serializing)]
    pub is_virtual: bool,
}

/// One name of the backup and what it is called here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NicPair {
    /// Name in the backup.
    pub old: String,
    /// Name here.
    pub new: String,
    /// By what it was recognised.
    pub why: String,
}

/// The list of a backup or of a host, ours and that of ProxSave: an array, or one in an object. What
/// is no list gives no cards.
pub fn parse_nics(json: &[u8]) -> Vec<Nic> {
    let value: Value = serde_json::from_slice(json).unwrap_or_default();
    let list = match &value {
        Value::Object(object) => object.values().find_map(Value::as_array),
        other => other.as_array(),
    };
    let cards = list.into_iter().flatten().filter_map(|card| Nic::deserialize(card).ok());
    cards.filter(|nic| !nic.is_virtual && !nic.name.is_empty()).collect()
}

/// By what cards are recognised, the surest first.
type Key = (&'static str, fn(&Nic) -> Option<String>);
const KEYS: &[Key] = &[
    ("the address burnt in", |nic| nic.permanent_mac.clone()),
    ("the address in use", |nic| nic.mac.clone()),
    ("the place on the bus", |nic| {
        Some(format!("{} {}", nic.bus_address.as_ref()?, nic.port.as_deref().unwrap_or_default()))
    }),
];

/// A mapping of names; a card is used once, and what two cards share recognises neither.
pub fn propose(old: &[Nic], new: &[Nic]) -> Vec<NicPair> {
    let mut pairs: Vec<NicPair> = Vec::new();
    for (why, key) in KEYS {
        let (olds, news) = (unused(old, &pairs, |pair| &pair.old), unused(new, &pairs, |pair| &pair.new));
        let news = unique(&news, *key);
        for (value, card) in unique(&olds, *key) {
            if let Some(found) = news.get(&value) {
                pairs.push(pair(card, found, why));
            }
        }
    }
    let (olds, news) = (unused(old, &pairs, |pair| &pair.old), unused(new, &pairs, |pair| &pair.new));
    if let ([card], [found]) = (olds.as_slice(), news.as_slice()) {
        pairs.push(pair(card, found, "the only one left on both sides"));
    }
    pairs.sort_by(|a, b| a.old.cmp(&b.old));
    pairs
}

fn pair(old: &Nic, new: &Nic, why: &str) -> NicPair {
    NicPair { old: old.name.clone(), new: new.name.clone(), why: why.to_owned() }
}

fn unused<'a>(nics: &'a [Nic], pairs: &[NicPair], name: fn(&NicPair) -> &String) -> Vec<&'a Nic> {
    let used: BTreeSet<&String> = pairs.iter().map(name).collect();
    nics.iter().filter(|nic| !used.contains(&nic.name)).collect()
}

fn unique<'a>(nics: &[&'a Nic], key: fn(&Nic) -> Option<String>) -> BTreeMap<String, &'a Nic> {
    let mut found: BTreeMap<String, Option<&Nic>> = BTreeMap::new();
    for nic in nics {
        if let Some(value) = key(nic) {
            found.entry(value.to_ascii_lowercase()).and_modify(|it| *it = None).or_insert(Some(nic));
        }
    }
    found.into_iter().filter_map(|(value, nic)| Some((value, nic?))).collect()
}

/// The text with new names: whole words, with their VLANs and aliases, in one pass, so that two
/// cards can change names. Comments stay.
pub fn rewrite(text: &str, pairs: &[NicPair]) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with('#') {
            out.push_str(line);
            continue;
        }
        for piece in line.split_inclusive(char::is_whitespace) {
            let word = piece.trim_end_matches(char::is_whitespace);
            out.push_str(&renamed(word, pairs));
            out.push_str(&piece[word.len()..]);
        }
    }
    out
}

fn renamed(word: &str, pairs: &[NicPair]) -> String {
    for pair in pairs {
        match word.strip_prefix(pair.old.as_str()) {
            Some("") => return pair.new.clone(),
            Some(rest) if is_part(rest) => return format!("{}{rest}", pair.new),
            _ => {}
        }
    }
    word.to_owned()
}

/// `.100` is a VLAN, `:0` an alias.
fn is_part(rest: &str) -> bool {
    let digits = rest.strip_prefix(['.', ':']);
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Names of physical cards that a text uses: those of the list, or what looks like one.
pub(super) fn cards_in(text: &str, known: &[Nic]) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let words = lines.flat_map(str::split_whitespace).map(|word| word.split(['.', ':']).next().unwrap_or_default());
    let is_card = |word: &&str| {
        if known.is_empty() { looks_like_a_card(word) } else { known.iter().any(|nic| nic.name == **word) }
    };
    words.filter(is_card).map(str::to_owned).collect()
}

/// Names that udev and the Proxmox installer give: a number behind the kind, or an address.
fn looks_like_a_card(word: &str) -> bool {
    let starts = ["eno", "ens", "enp", "eth", "nic", "wlp"];
    let is_numbered =
        |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit()) && rest.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_address = |rest: &str| rest.len() == 12 && rest.bytes().all(|b| b.is_ascii_hexdigit());
    starts.iter().filter_map(|start| word.strip_prefix(start)).any(is_numbered)
        || word.strip_prefix("enx").is_some_and(is_address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nic(name: &str, mac: &str, bus: &str) -> Nic {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Nic {
            name: name.to_owned(),
            permanent_mac: some(mac),
            mac: some(mac),
            bus_address: some(bus),
            ..Nic::default()
        }
    }

    fn names(pairs: &[NicPair]) -> Vec<String> {
        pairs.iter().map(|pair| format!("{}={}", pair.old, pair.new)).collect()
    }

    #[test]
    fn cards_are_recognised_by_address_then_place_then_by_being_alone() {
        let old = [nic("enp1s0", "AA", "01"), nic("enp2s0", "BB", "02"), nic("enp3s0", "CC", "03")];
        let new = [nic("eno1", "bb", "09"), nic("eno2", "DD", "01"), nic("nic9", "EE", "07")];
        assert_eq!(names(&propose(&old, &new)), ["enp1s0=eno2", "enp2s0=eno1", "enp3s0=nic9"]);
    }

    #[test]
    fn what_two_cards_share_recognises_neither() {
        let old = [nic("a", "AA", ""), nic("b", "AA", "")];
        let new = [nic("x", "AA", ""), nic("y", "CC", "")];
        assert_eq!(names(&propose(&old, &new)), [""; 0]);
        assert_eq!(names(&propose(&old, &[])), [""; 0]);
    }

    #[test]
    fn names_are_rewritten_as_whole_words_in_one_pass() {
        let pairs = [("eno1", "eno2"), ("eno2", "eno1")].map(|(old, new)| NicPair {
            old: old.into(),
            new: new.into(),
            why: String::new(),
        });
        let text =
            "auto eno1\niface eno1.100 inet manual\n\tbridge-ports eno2 eno10\n# eno1 stays\n\tup ip l s eno2:0\tup\n";
        assert_eq!(
            rewrite(text, &pairs),
            "auto eno2\niface eno2.100 inet manual\n\tbridge-ports eno1 eno10\n# eno1 stays\n\tup ip l s eno1:0\tup\n"
        );
    }

    #[test]
    fn lists_of_both_tools_are_read_and_nothing_else() {
        let own = br#"[{"name":"enp1s0","mac":"aa","driver":"igb","bus_address":"0000:01:00.0"}]"#;
        let other = br#"{"interfaces":[{"name":"vmbr0","is_virtual":true},{"name":"eno1","pci_path":"0000:01:00.0"}]}"#;
        assert_eq!(parse_nics(own)[0].bus_address.as_deref(), Some("0000:01:00.0"));
        assert_eq!(parse_nics(other).iter().map(|nic| nic.name.as_str()).collect::<Vec<_>>(), ["eno1"]);
        for wrong in ["", "7", "[1,2]", "{}", "[{\"name\":7}]"] {
            assert!(parse_nics(wrong.as_bytes()).is_empty(), "{wrong}");
        }
    }

    #[test]
    fn cards_are_found_without_a_list_too() {
        let text = "auto lo vmbr0\niface enp1s0 inet manual\n bridge-ports eno2.5\n ethernet environment\n# eth9\n";
        assert_eq!(cards_in(text, &[]).into_iter().collect::<Vec<_>>(), ["eno2", "enp1s0"]);
    }
}
