//! Whether a Proxmox VE node is a fresh standalone installation: each sign says what it saw.

use serde::Serialize;

use crate::host::parse_sections;

/// What a new installation has; a further storage is somebody's work.
const FIRST_STORAGES: &[&str] = &["local", "local-lvm", "local-zfs", "local-btrfs"];
const FIRST_USER: &str = "root@pam";

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sign {
    /// In words.
    pub what: String,
    /// Whether a fresh standalone installation has it.
    pub is_fresh: bool,
}

/// What is looked at, read by the caller.
#[derive(Clone, Debug, Default)]
pub(super) struct Looked<'a> {
    pub(super) node: &'a str,
    pub(super) is_clustered: bool,
    pub(super) nodes: &'a [String],
    pub(super) guests: usize,
    /// There is a database that tells nothing.
    pub(super) has_unread_database: bool,
    pub(super) storage_cfg: String,
    pub(super) user_cfg: String,
    pub(super) jobs_cfg: String,
    pub(super) ha_cfg: String,
}

/// All signs.
pub(super) fn signs(looked: &Looked<'_>) -> Vec<Sign> {
    let sign = |is_fresh: bool, fresh: &str, used: String| Sign {
        what: if is_fresh { fresh.to_owned() } else { used },
        is_fresh,
    };
    let nodes = beyond(looked.nodes.iter().map(String::as_str), &[looked.node]);
    let ids = |text: &str| parse_sections(text).into_iter().map(|section| section.id).collect::<Vec<_>>();
    let (storages, jobs, ha) = (ids(&looked.storage_cfg), ids(&looked.jobs_cfg), ids(&looked.ha_cfg));
    let storages = beyond(storages.iter().map(String::as_str), FIRST_STORAGES);
    let users = looked.user_cfg.lines().filter_map(|line| line.strip_prefix("user:")?.split(':').next());
    let users = beyond(users, &[FIRST_USER]);
    vec![
        sign(!looked.is_clustered, "it is in no cluster", "it is a member of a cluster".to_owned()),
        sign(nodes.is_empty(), "it knows no other node", format!("it knows other nodes: {}", nodes.join(", "))),
        sign(looked.guests == 0, "it has no guests", format!("it has {} guests", looked.guests)),
        sign(
            !looked.has_unread_database,
            "its cluster database can be read, or there is none",
            "its cluster database cannot be read, so nobody can tell what is in it".to_owned(),
        ),
        sign(
            storages.is_empty(),
            "it has the storages of an installation only",
            format!("it has more storages than an installation: {}", storages.join(", ")),
        ),
        sign(users.is_empty(), "it has no user but root@pam", format!("it has users: {}", users.join(", "))),
        sign(jobs.is_empty(), "it has no jobs", format!("it has {} jobs", jobs.len())),
        sign(ha.is_empty(), "it has no HA resources", format!("it has {} HA resources", ha.len())),
    ]
}

fn beyond<'a>(all: impl Iterator<Item = &'a str>, usual: &[&str]) -> Vec<&'a str> {
    all.filter(|name| !usual.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn against(looked: &Looked<'_>) -> Vec<String> {
        signs(looked).into_iter().filter(|sign| !sign.is_fresh).map(|sign| sign.what).collect()
    }

    #[test]
    fn each_thing_an_installation_does_not_have_speaks_against_it() {
        let nodes = ["n1".to_owned()];
        let fresh = Looked {
            node: "n1",
            nodes: &nodes,
            storage_cfg: "dir: local\n\tpath /var/lib/vz\n\nlvmthin: local-lvm\n\tvgname pve\n".to_owned(),
            user_cfg: "user:root@pam:1:0:::a@b.test:::\n".to_owned(),
            ..Looked::default()
        };
        assert_eq!(against(&fresh), [""; 0]);

        let others = ["n1".to_owned(), "n2".to_owned()];
        for (looked, word) in [
            (Looked { is_clustered: true, ..fresh.clone() }, "member of a cluster"),
            (Looked { nodes: &others, ..fresh.clone() }, "other nodes: n2"),
            (Looked { guests: 3, ..fresh.clone() }, "3 guests"),
            (Looked { has_unread_database: true, ..fresh.clone() }, "cannot be read"),
            (
                Looked { storage_cfg: "nfs: nas\n\tserver a\n".to_owned(), ..fresh.clone() },
                "storages than an installation: nas",
            ),
            (Looked { user_cfg: "user:ann@pve:1:0::::::\n".to_owned(), ..fresh.clone() }, "users: ann@pve"),
            (Looked { jobs_cfg: "vzdump: a\n\tall 1\n".to_owned(), ..fresh.clone() }, "1 jobs"),
            (Looked { ha_cfg: "vm: 100\n\tstate started\n".to_owned(), ..fresh.clone() }, "1 HA resources"),
        ] {
            let said = against(&looked);
            assert!(said.len() == 1 && said[0].contains(word), "{word}: {said:?}");
        }
    }
}
