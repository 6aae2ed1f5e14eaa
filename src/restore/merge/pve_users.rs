//! Users of Proxmox VE in their real formats: `user.cfg` has colon records, `shadow.cfg`
//! `NAME:HASH:`, `token.cfg` `USER!TOKEN UUID` (`pve-access-control`). What is here stays;
//! `root@pam`, its tokens and its permissions are never taken from a backup.

use std::collections::BTreeSet;

use super::{Merged, is_plain, is_root};

/// Kinds of `user.cfg` whose first field is an id; `acl` has none.
const WITH_ID: &[&str] = &["user", "group", "pool", "role", "token"];

/// `user.cfg`.
pub fn merge_users(current: &str, archived: &str) -> Merged {
    let mut merged = Merged::from(current);
    let mut ids = ids(current);
    let archived: Vec<&str> = archived.lines().filter(|line| !line.trim().is_empty() && is_plain(line)).collect();
    // Users before the tokens and permissions that name them, whatever the order in the file.
    for kind in WITH_ID.iter().copied() {
        for line in archived.iter().filter(|line| kind_of(line) == kind) {
            let id = line.split(':').nth(1).unwrap_or_default();
            let name = format!("{kind} {id}");
            match () {
                () if id.is_empty() => merged.leave(name, "it has no name"),
                () if is_root(id) => merged.leave(name, "root's own entries stay as they are here"),
                () if ids.contains(&(kind.to_owned(), id.to_owned())) => {
                    if !current.lines().any(|here| here == *line) {
                        merged.leave(name, "it is here already, with other settings");
                    }
                }
                () if kind == "token" && !has_user(&ids, id) => merged.leave(name, "its user is not here"),
                () => {
                    ids.insert((kind.to_owned(), id.to_owned()));
                    merged.add(name, line);
                }
            }
        }
    }
    for line in archived.iter().filter(|line| kind_of(line) == "acl") {
        merge_acl(line, &ids, &mut merged);
    }
    merged
}

fn kind_of(line: &str) -> &str {
    line.split(':').next().unwrap_or_default()
}

fn ids(text: &str) -> BTreeSet<(String, String)> {
    let of = |line: &str| {
        let mut fields = line.split(':');
        let (kind, id) = (fields.next()?, fields.next()?);
        WITH_ID.contains(&kind).then(|| (kind.to_owned(), id.to_owned()))
    };
    text.lines().filter_map(of).collect()
}

fn has_user(ids: &BTreeSet<(String, String)>, token: &str) -> bool {
    token.split_once('!').is_some_and(|(user, _)| ids.contains(&("user".to_owned(), user.to_owned())))
}

/// `acl:PROPAGATE:PATH:WHO,WHO:ROLE:`; whom a line here gives something on the path keeps that.
fn merge_acl(line: &str, ids: &BTreeSet<(String, String)>, merged: &mut Merged) {
    let fields: Vec<&str> = line.split(':').collect();
    let [_, propagate, path, who, roles, ..] = fields.as_slice() else {
        merged.leave("a permission", "it is not written as one");
        return;
    };
    let mut new = Vec::new();
    for one in who.split(',').filter(|one| !one.is_empty()) {
        let what = format!("permission of {one} on {path}");
        let here = merged.text.lines().filter_map(|line| permission(line, one)).find(|(at, _)| at == path);
        match here {
            _ if is_root(one) => merged.leave(what, "root's own permissions stay as they are here"),
            Some((_, given)) if given == *roles => {}
            Some(_) => merged.leave(what, "another permission is here already"),
            None if !is_known(ids, one) => merged.leave(what, "nobody of that name is here"),
            None => new.push(one),
        }
    }
    if !new.is_empty() {
        let who = new.join(",");
        merged.add(format!("permission of {who} on {path}"), &format!("acl:{propagate}:{path}:{who}:{roles}:"));
    }
}

/// Path and roles of a line, when it gives this one something.
fn permission<'a>(line: &'a str, who: &str) -> Option<(&'a str, &'a str)> {
    let fields: Vec<&str> = line.split(':').collect();
    match fields.as_slice() {
        ["acl", _, path, all, roles, ..] if all.split(',').any(|one| one == who) => Some((path, roles)),
        _ => None,
    }
}

fn is_known(ids: &BTreeSet<(String, String)>, who: &str) -> bool {
    let (kind, id) = match who.strip_prefix('@') {
        Some(group) => ("group", group),
        None if who.contains('!') => ("token", who),
        None => ("user", who),
    };
    ids.contains(&(kind.to_owned(), id.to_owned()))
}

/// `priv/shadow.cfg`: passwords of the realm `pve`, of users that have none here.
pub fn merge_shadow(current: &str, archived: &str, users: &str) -> Merged {
    let is_wanted = |name: &str| {
        let user = format!("user:{name}@pve:");
        users.lines().any(|line| line.starts_with(&user))
    };
    merge_keyed(current, archived, ':', "password of", is_wanted)
}

/// `priv/token.cfg`: secrets of tokens that are in `user.cfg`, which is merged first.
pub fn merge_tokens(current: &str, archived: &str, users: &str) -> Merged {
    let is_wanted = |token: &str| {
        let record = format!("token:{token}:");
        users.lines().any(|line| line.starts_with(&record))
    };
    merge_keyed(current, archived, ' ', "secret of", is_wanted)
}

fn merge_keyed(current: &str, archived: &str, separator: char, word: &str, is_wanted: impl Fn(&str) -> bool) -> Merged {
    let mut merged = Merged::from(current);
    let mut keys: BTreeSet<&str> = current.lines().filter_map(|line| Some(line.split_once(separator)?.0)).collect();
    for line in archived.lines().filter(|line| is_plain(line)) {
        let Some((key, _)) = line.split_once(separator) else { continue };
        match () {
            () if is_root(key) || key == "root" => {
                merged.leave(format!("{word} {key}"), "root's own stay as they are here");
            }
            () if keys.contains(key) => {
                if !current.lines().any(|here| here == line) {
                    merged.leave(format!("{word} {key}"), "there is one here already");
                }
            }
            () if !is_wanted(key) => merged.leave(format!("{word} {key}"), "nobody of that name is here"),
            () => {
                keys.insert(key);
                merged.add(format!("{word} {key}"), line);
            }
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "user:root@pam:1:0:::here@b.test:::\nuser:kim@pve:1:0::::::\ntoken:root@pam!live:0:0::\n\n\
        group:ops:kim@pve::\n\nacl:1:/:root@pam:Administrator:\nacl:1:/vms:kim@pve:PVEAuditor:\n";
    const THERE: &str = "user:root@pam:0:0:::there@b.test::x:\nuser:ann@pve:1:0:Ann::a@b.test:::\n\
        user:kim@pve:0:0::::::\ntoken:root@pam!old:0:0::\ntoken:ann@pve!ci:0:1::\ntoken:ghost@pve!x:0:1::\n\n\
        group:admins:ann@pve:Admins:\npool:web::101:tank:\nrole:Starter:VM.Audit:\n\n\
        acl:0:/:root@pam:NoAccess:\nacl:1:/:@admins,root@pam!old:Administrator:\nacl:1:/vms:kim@pve:PVEAdmin:\n\
        acl:1:/vms/100:ann@pve!ci,ghost@pve:Starter:\n";

    #[test]
    fn root_stays_as_it_is_and_the_others_come_back() {
        let merged = merge_users(HERE, THERE);

        assert!(merged.text.starts_with(HERE));
        let new = merged.text.strip_prefix(HERE).unwrap();
        assert_eq!(
            new,
            "user:ann@pve:1:0:Ann::a@b.test:::\ngroup:admins:ann@pve:Admins:\npool:web::101:tank:\n\
             role:Starter:VM.Audit:\ntoken:ann@pve!ci:0:1::\nacl:1:/:@admins:Administrator:\n\
             acl:1:/vms/100:ann@pve!ci:Starter:\n"
        );
        for (what, why) in [
            ("user root@pam", "root"),
            ("token root@pam!old", "root"),
            ("user kim@pve", "other settings"),
            ("token ghost@pve!x", "user is not here"),
            ("permission of root@pam on /", "root"),
            ("permission of kim@pve on /vms", "another permission"),
            ("permission of ghost@pve on /vms/100", "nobody"),
        ] {
            assert!(merged.left_out.iter().any(|it| it.what == what && it.why.contains(why)), "{what}: {merged:#?}");
        }
        assert_eq!(merge_users(&merged.text, THERE).text, merged.text);
    }

    #[test]
    fn secrets_follow_their_users_and_roots_are_never_touched() {
        let users = merge_users(HERE, THERE).text;
        let tokens = merge_tokens(
            "root@pam!live UUID-LIVE\n",
            "root@pam!old UUID-OLD\nann@pve!ci UUID-CI\ngone@pve!x U\n",
            &users,
        );
        assert_eq!(tokens.text, "root@pam!live UUID-LIVE\nann@pve!ci UUID-CI\n");
        let shadow = merge_shadow("kim:HASH-KIM:\n", "kim:HASH-OLD:\nann:HASH-ANN:\nghost:HASH:\n", &users);
        assert_eq!(shadow.text, "kim:HASH-KIM:\nann:HASH-ANN:\n");
        let said = serde_json::to_string(&[tokens, shadow]).unwrap();
        assert!(!said.contains("UUID") && !said.contains("HASH"), "{said}");
    }
}
