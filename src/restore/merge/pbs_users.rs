//! Users of Proxmox Backup Server: section files, `acl:PROPAGATE:PATH:WHO:ROLE` lines, JSON by user
//! (`proxmox-access-control`). What is here stays; `root@pam` is never taken from a backup.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Merged, is_plain, is_root};

/// `user.cfg`, `domains.cfg`: whole sections by `TYPE: ID`.
pub fn merge_sections(current: &str, archived: &str) -> Merged {
    let mut merged = Merged::from(current);
    let here = sections(current);
    let mut ids: BTreeSet<String> = here.iter().map(|(head, _)| (*head).to_owned()).collect();
    for (head, body) in sections(archived) {
        let id = head.split_once(':').map_or("", |(_, id)| id.trim());
        match () {
            () if id.is_empty() || !is_plain(head) || !body.iter().all(|line| is_plain(line)) => {
                merged.leave("a section", "it is not written as one");
            }
            () if is_root(id) => merged.leave(head, "root's own entries stay as they are here"),
            () if ids.contains(head) => {
                if !here.iter().any(|(other, lines)| *other == head && *lines == body) {
                    merged.leave(head, "it is here already, with other settings");
                }
            }
            () => {
                ids.insert(head.to_owned());
                let separator = if merged.text.is_empty() || merged.text.ends_with("\n\n") { "" } else { "\n" };
                merged.text.push_str(separator);
                let lines: Vec<&str> = std::iter::once(head).chain(body).collect();
                merged.add(head, &lines.join("\n"));
            }
        }
    }
    merged
}

/// Head lines with the lines indented below them.
fn sections(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        match all.last_mut() {
            Some((_, body)) if line.starts_with([' ', '\t']) => body.push(line),
            _ => all.push((line.trim_end(), Vec::new())),
        }
    }
    all
}

/// `acl.cfg`; permissions of those who are in `users`, which is merged first.
pub fn merge_acl(current: &str, archived: &str, users: &str) -> Merged {
    let mut merged = Merged::from(current);
    for line in archived.lines().filter(|line| !line.trim().is_empty() && is_plain(line)) {
        let fields: Vec<&str> = line.split(':').collect();
        let ["acl", propagate, path, who, roles] = fields.as_slice() else {
            merged.leave("a permission", "it is not written as one");
            continue;
        };
        let mut new = Vec::new();
        for one in who.split(',').filter(|one| !one.is_empty()) {
            let what = format!("permission of {one} on {path}");
            let here = roles_of(&merged.text, path, one);
            match here {
                _ if is_root(one) => merged.leave(what, "root's own permissions stay as they are here"),
                Some(given) if given == *roles => {}
                Some(_) => merged.leave(what, "another permission is here already"),
                None if !has_user(users, one) => merged.leave(what, "nobody of that name is here"),
                None => new.push(one),
            }
        }
        if !new.is_empty() {
            let who = new.join(",");
            merged.add(format!("permission of {who} on {path}"), &format!("acl:{propagate}:{path}:{who}:{roles}"));
        }
    }
    merged
}

fn roles_of(text: &str, path: &str, who: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        match fields.as_slice() {
            ["acl", _, at, all, roles] if *at == path && all.split(',').any(|one| one == who) => {
                Some((*roles).to_owned())
            }
            _ => None,
        }
    })
}

fn has_user(users: &str, who: &str) -> bool {
    let is = |head: &str, kind: &str| head.split_once(':').is_some_and(|(it, id)| it == kind && id.trim() == who);
    let kind = if who.contains('!') { "token" } else { "user" };
    // Groups are made by realms and stand in no file.
    who.starts_with('@') || sections(users).iter().any(|(head, _)| is(head, kind))
}

/// `shadow.json`, `token.shadow`: an object by name; `tfa.json` of both products: one below `users`.
/// `None` when one of the texts is no such object.
pub fn merge_json_users(current: &str, archived: &str, below: Option<&str>) -> Option<Merged> {
    let mut here = object(current)?;
    let there = object(archived)?;
    let mut merged = Merged::default();
    let empty = || Value::Object(serde_json::Map::new());
    let from = match below {
        Some(key) => there.get(key).cloned().unwrap_or_else(empty),
        None => there.clone(),
    };
    if let Some(key) = below {
        // Settings beside the users (of WebAuthn) hold for all of them: taken where none are here.
        for (name, value) in there.as_object()?.iter().filter(|(name, _)| *name != key) {
            here.as_object_mut()?.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    let into = match below {
        Some(key) => here.as_object_mut()?.entry(key).or_insert_with(empty).as_object_mut()?,
        None => here.as_object_mut()?,
    };
    for (name, value) in from.as_object()? {
        match into.get(name) {
            _ if is_root(name) => merged.leave(name, "root's own stay as they are here"),
            Some(known) if known == value => {}
            Some(_) => merged.leave(name, "there is one here already"),
            None => {
                into.insert(name.clone(), value.clone());
                merged.added.push(name.clone());
            }
        }
    }
    // Another order of the same is no change.
    let is_same = object(current).is_some_and(|before| before == here);
    merged.text = if is_same { current.to_owned() } else { serde_json::to_string_pretty(&here).ok()? + "\n" };
    Some(merged)
}

fn object(text: &str) -> Option<Value> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    serde_json::from_str(text).ok().filter(Value::is_object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_that_are_missing_come_back_and_roots_stays() {
        let here = "user: root@pam\n\temail here@b.test\n\nuser: kim@pbs\n\tenable true\n";
        let there = "user: root@pam\n\temail there@b.test\n\tenable false\n\nuser: kim@pbs\n\tenable false\n\n\
            user: ann@pbs\n\tenable true\n\ntoken: root@pam!old\n\tenable true\n\ntoken: ann@pbs!ci\n\tenable true\n";

        let merged = merge_sections(here, there);

        assert_eq!(merged.text, format!("{here}\nuser: ann@pbs\n\tenable true\n\ntoken: ann@pbs!ci\n\tenable true\n"));
        assert_eq!(merged.left_out.len(), 3, "{merged:?}");
        let acl = merge_acl(
            "acl:1:/:root@pam:Admin\n",
            "acl:1:/:root@pam:NoAccess\nacl:1:/datastore/a:ann@pbs,ann@pbs!ci,gone@pbs:DatastoreBackup\n",
            &merged.text,
        );
        assert_eq!(acl.text, "acl:1:/:root@pam:Admin\nacl:1:/datastore/a:ann@pbs,ann@pbs!ci:DatastoreBackup\n");
    }

    #[test]
    fn objects_keep_what_is_here_and_never_take_roots() {
        let merged =
            merge_json_users(r#"{"kim@pbs":"A"}"#, r#"{"kim@pbs":"B","ann@pbs":"C","root@pam!t":"D"}"#, None).unwrap();
        assert_eq!(object(&merged.text), object(r#"{"kim@pbs":"A","ann@pbs":"C"}"#));
        let tfa = r#"{"users":{"root@pam":{"totp":[1]},"ann@pve":{"totp":[2]}},"webauthn":{"id":"x"}}"#;
        let merged = merge_json_users(r#"{"users":{"root@pam":{"totp":[9]}}}"#, tfa, Some("users")).unwrap();
        assert_eq!(
            object(&merged.text),
            object(r#"{"users":{"root@pam":{"totp":[9]},"ann@pve":{"totp":[2]}},"webauthn":{"id":"x"}}"#)
        );
        assert_eq!(merge_json_users("", "[]", None), None);
        assert_eq!(merge_json_users("{}\n", "{}", Some("users")).map(|m| m.added.len()), Some(0));
    }
}
