//! Which files are merged, and the results: computed once, before the verdicts.

use std::collections::BTreeMap;

use super::merge::{
    Accounts, Merged, merge_accounts, merge_fstab, merge_json_users, merge_pbs_acl, merge_pve_tokens, merge_pve_users,
    merge_ranges, merge_sections, merge_shadow,
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
    fn here(&self, path: &str) -> String {
        self.target.text(path).unwrap_or_default()
    }

    /// The text of the backup, when it takes part.
    fn there(&self, path: &str) -> Option<String> {
        let entry = self.source.get(path.as_bytes())?;
        self.selection.why_not(entry).is_none().then(|| self.source.text(path)).flatten()
    }
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
    if let Some(there) = texts.there(path) {
        all.insert(path, Ok(merge(&texts.here(path), &there)));
    }
}

/// All four or none: a half of them locks people out.
fn accounts(all: &mut Merges, texts: &Texts<'_>) {
    let of = |text: &dyn Fn(&str) -> String| Accounts {
        passwd: text(ACCOUNTS[0]),
        group: text(ACCOUNTS[1]),
        shadow: text(ACCOUNTS[2]),
        gshadow: text(ACCOUNTS[3]),
    };
    let fail = |all: &mut Merges, why: &str| {
        for path in ACCOUNTS {
            all.insert(path, Err(why.to_owned()));
        }
    };
    if ACCOUNTS.iter().any(|path| texts.there(path).is_none()) {
        return fail(
            all,
            "passwd, group, shadow and gshadow go back together, and not all of them are selected and whole",
        );
    }
    let archived = of(&|path| texts.there(path).unwrap_or_default());
    match merge_accounts(&of(&|path| texts.here(path)), &archived) {
        None => fail(all, "passwd or group of this machine cannot be read or have no root"),
        Some(merged) => {
            let four = [merged.passwd, merged.group, merged.shadow, merged.gshadow];
            all.extend(ACCOUNTS.into_iter().zip(four.into_iter().map(Ok)));
        }
    }
}

/// The text of a file as it will be: merged, or as it is.
fn result(all: &Merges, texts: &Texts<'_>, path: &str) -> String {
    match all.get(path) {
        Some(Ok(merged)) => merged.text.clone(),
        _ => texts.here(path),
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
    if let Some(there) = texts.there(path) {
        let merged = merge_json_users(&texts.here(path), &there, below);
        all.insert(path, merged.ok_or_else(|| "it is no JSON object, here or in the backup".to_owned()));
    }
}
