//! Network files: they go last, and never with names of cards that this machine does not have.

use std::collections::BTreeSet;

use super::decide::{Context, Decision};
use super::network::{Nic, NicPair, cards_in, parse_nics, propose, rewrite};
use super::plan::Refusal;
use super::planned::{Stage, Verdict};
use super::selection::{NicMap, Selection};
use super::source::{Archived, Source};
use super::target::Target;
use crate::pattern::Pattern;
use crate::recipe::WayBack;

/// Where the tools keep their lists of cards.
const LISTS: &[&str] = &[
    "/var/lib/proxmox-config-backup/info/system/network-inventory.json",
    "/var/lib/proxsave-info/commands/system/network_inventory.json",
];
/// Files whose names of cards are known and rewritten.
const INTERFACES: &[&str] = &["/etc/network/interfaces", "/etc/network/interfaces.d/*"];

/// Cards of both sides and the mapping between them.
#[derive(Debug, Default)]
pub(super) struct Cards {
    old: Vec<Nic>,
    /// Names here; `None` when nobody can tell.
    here: Option<BTreeSet<String>>,
    pub(super) proposal: Vec<NicPair>,
    applied: Vec<NicPair>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) remarks: Vec<String>,
}

pub(super) fn cards(source: &Source, target: &Target, selection: &Selection) -> Cards {
    let old =
        LISTS.iter().find_map(|path| source.text(path)).map(|text| parse_nics(text.as_bytes())).unwrap_or_default();
    let new = target.nics.clone().unwrap_or_default();
    let mut cards = Cards {
        proposal: propose(&old, &new).into_iter().filter(|pair| pair.old != pair.new).collect(),
        here: target
            .nics
            .as_ref()
            .filter(|nics| !nics.is_empty())
            .map(|nics| nics.iter().map(|nic| nic.name.clone()).collect()),
        old,
        ..Cards::default()
    };
    cards.applied = match &selection.nic_map {
        NicMap::Propose => Vec::new(),
        NicMap::Auto => cards.proposal.clone(),
        NicMap::Given(pairs) => given(pairs, &mut cards),
    };
    if selection.nic_map == NicMap::Propose && !selection.skip_network {
        let told = cards.proposal.iter().map(|pair| format!("{} is {} here, by {}", pair.old, pair.new, pair.why));
        cards.remarks.extend(told.map(|told| format!("network card {told}: --nic-map auto writes the new name")));
    }
    cards
}

fn given(pairs: &[(String, String)], cards: &mut Cards) -> Vec<NicPair> {
    for (_, new) in pairs {
        if cards.here.as_ref().is_some_and(|here| !here.contains(new)) {
            cards.refusals.push(Refusal {
                what: format!("--nic-map …={new}"),
                why: format!("this machine has no network card `{new}`"),
                instead: "name one of those that `ip link` shows".to_owned(),
            });
        }
    }
    let pair =
        |(old, new): &(String, String)| NicPair { old: old.clone(), new: new.clone(), why: "as told".to_owned() };
    pairs.iter().map(pair).collect()
}

/// The rule of the network's files.
pub(super) fn rule(entry: &Archived, context: &Context<'_>) -> Option<Decision> {
    if entry.recipe?.way_back != WayBack::Network {
        return None;
    }
    let cards = &context.cards;
    let is_interfaces = INTERFACES.iter().any(|it| Pattern::new(it).matches(&entry.path));
    let text =
        std::str::from_utf8(&entry.path).ok().and_then(|path| context.source.text(path)).filter(|_| is_interfaces);
    let write = |why: &str| Decision::new(Verdict::Write, why).at(Stage::Network);
    let Some(text) = text else {
        return Some(write("network file: it is written last"));
    };
    let new = rewrite(&text, &cards.applied);
    if new != text && text.contains(char::REPLACEMENT_CHARACTER) {
        return Some(Decision::export("names of cards would change, and it is not plain text"));
    }
    if let Some(missing) = missing(&new, cards) {
        return Some(Decision::export(format!(
            "it names the network card {missing}, which this machine does not have: --nic-map auto or OLD=NEW rewrites names"
        )));
    }
    let mut decision = write("interfaces: they are written last");
    if new != text {
        decision.added = cards.applied.iter().map(|pair| format!("{} becomes {}", pair.old, pair.new)).collect();
        decision.content = Some(new.into_bytes());
    }
    Some(decision)
}

fn missing(text: &str, cards: &Cards) -> Option<String> {
    let here = cards.here.as_ref()?;
    // A new name looks like a card and is in no old list.
    let known: Vec<Nic> = if cards.old.is_empty() {
        Vec::new()
    } else {
        let names = here.iter().chain(cards.applied.iter().map(|pair| &pair.new));
        let new = names.map(|name| Nic { name: name.clone(), ..Nic::default() });
        cards.old.iter().cloned().chain(new).collect()
    };
    let missing: Vec<String> = cards_in(text, &known).into_iter().filter(|name| !here.contains(name)).collect();
    (!missing.is_empty()).then(|| missing.join(", "))
}
