//! Which files are merged, and the results: computed once, before the verdicts.

use std::collections::BTreeMap;

use super::live::Live;
use super::merge::{
    Accounts, Merged, MergedAccounts, merge_accounts, merge_fstab, merge_json_users, merge_pbs_acl, merge_pve_tokens,
    merge_pve_users, merge_ranges, merge_sections, merge_shadow,
};
use super::selection::Selection;
use super::source::Source;
use super::target::Target;

const ACCOUNTS: [&str; 4] = ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"];

/// Results by path; `Err` says why a file is put aside instead.
pub(super) type Merges = BTreeMap<&'static str, Result<Merged, String>>;

struct Texts<'a> {
    source: &'a Source,
    target: &'a Target,
    selection: &'a Selection,
}

impl Texts<'_> {
    /// The text as it is; empty where there is no such file. What cannot be read to the letter is
    /// no ground for a new text.
    fn here(&self, path: &str) -> Result<String, String> {
        match self.target.texts.get(path.as_bytes()) {
            Some(bytes) => strict(bytes).ok_or_else(|| "the file here is not plain text".to_owned()),
            None if self.target.live.get(path.as_bytes()).is_some_and(Live::is_there) => {
                Err("the file here cannot be read".to_owned())
            }
            None => Ok(String::new()),
        }
    }

    /// The text of the backup; `None` when it takes no part.
    fn there(&self, path: &str) -> Option<Result<String, String>> {
        let entry = self.source.get(path.as_bytes()).filter(|entry| entry.is_plain_file() && entry.lost.is_none())?;
        if self.selection.why_not(entry).is_some() {
            return None;
        }
        let bytes = self.source.texts.get(path.as_bytes());
        Some(bytes.and_then(|bytes| strict(bytes)).ok_or_else(|| "it is not plain text in the backup".to_owned()))
    }

    /// Both.
    fn pair(&self, path: &str) -> Option<Result<(String, String), String>> {
        let there = self.there(path)?;
        Some(there.and_then(|there| Ok((self.here(path)?, there))))
    }
}

fn strict(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

/// All merges that this backup asks for.
pub(super) fn merges(source: &Source, target: &Target, selection: &Selection) -> Merges {
    let texts = Texts { source, target, selection };
    let mut merges = Merges::new();
    add(&mut merges, &texts, "/etc/fstab", merge_fstab);
    add(&mut merges, &texts, "/etc/subuid", merge_ranges);
    add(&mut merges, &texts, "/etc/subgid", merge_ranges);
    accounts(&mut merges, &texts);
    pve(&mut merges, &texts);
    pbs(&mut merges, &texts);
    merges
}

fn add(all: &mut Merges, texts: &Texts<'_>, path: &'static str, merge: impl FnOnce(&str, &str) -> Merged) {
    if let Some(pair) = texts.pair(path) {
        all.insert(path, pair.map(|(here, there)| merge(&here, &there)));
    }
}

/// All four or none: a half of them locks people out.
fn accounts(all: &mut Merges, texts: &Texts<'_>) {
    match four(texts) {
        Ok(merged) => {
            let four = [merged.passwd, merged.group, merged.shadow, merged.gshadow];
            all.extend(ACCOUNTS.into_iter().zip(four.into_iter().map(Ok)));
        }
        Err(why) => all.extend(ACCOUNTS.map(|path| (path, Err(why.clone())))),
    }
}

fn four(texts: &Texts<'_>) -> Result<MergedAccounts, String> {
    let (mut here, mut there) = (Accounts::default(), Accounts::default());
    for (at, path) in ACCOUNTS.into_iter().enumerate() {
        let together = "passwd, group, shadow and gshadow go back together, and not all of them are selected and whole";
        let pair = texts.pair(path).ok_or(together)?;
        (*field(&mut here, at), *field(&mut there, at)) = pair.map_err(|why| format!("{path}: {why}"))?;
    }
    let no_root = "passwd or group of this machine cannot be read or have no root";
    merge_accounts(&here, &there).ok_or_else(|| no_root.to_owned())
}

/// In the order of [`ACCOUNTS`].
fn field(accounts: &mut Accounts, at: usize) -> &mut String {
    match at {
        0 => &mut accounts.passwd,
        1 => &mut accounts.group,
        2 => &mut accounts.shadow,
        _ => &mut accounts.gshadow,
    }
}

/// The text of a file as it will be: merged, or as it is.
fn result(all: &Merges, texts: &Texts<'_>, path: &str) -> String {
    match all.get(path) {
        Some(Ok(merged)) => merged.text.clone(),
        _ => texts.here(path).unwrap_or_default(),
    }
}

fn pve(all: &mut Merges, texts: &Texts<'_>) {
    add(all, texts, "/etc/pve/user.cfg", merge_pve_users);
    let users = result(all, texts, "/etc/pve/user.cfg");
    add(all, texts, "/etc/pve/priv/shadow.cfg", |here, there| merge_shadow(here, there, &users));
    add(all, texts, "/etc/pve/priv/token.cfg", |here, there| merge_pve_tokens(here, there, &users));
    json(all, texts, "/etc/pve/priv/tfa.cfg", Some("users"));
}

fn pbs(all: &mut Merges, texts: &Texts<'_>) {
    add(all, texts, "/etc/proxmox-backup/user.cfg", merge_sections);
    let users = result(all, texts, "/etc/proxmox-backup/user.cfg");
    add(all, texts, "/etc/proxmox-backup/acl.cfg", |here, there| merge_pbs_acl(here, there, &users));
    json(all, texts, "/etc/proxmox-backup/shadow.json", None);
    json(all, texts, "/etc/proxmox-backup/token.shadow", None);
    json(all, texts, "/etc/proxmox-backup/tfa.json", Some("users"));
}

fn json(all: &mut Merges, texts: &Texts<'_>, path: &'static str, below: Option<&str>) {
    if let Some(pair) = texts.pair(path) {
        let no_object = || "it is no JSON object, here or in the backup".to_owned();
        let merged = pair.and_then(|(here, there)| merge_json_users(&here, &there, below).ok_or_else(no_object));
        all.insert(path, merged);
    }
}
