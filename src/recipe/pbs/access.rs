//! Users, permissions, realms, tokens, and the remotes this server logs in to.

use crate::recipe::shorthand::{attempt, attempt_each, expected, file, manager};
use crate::recipe::{Category, Names, Product, Recipe, Switch, WayBack, When};

pub(super) const ACCESS: Recipe = Recipe {
    id: "pbs-access",
    title: "Users and permissions",
    product: Product::Pbs,
    category: Category::PbsAccess,
    switch: Some(Switch::on("BACKUP_USER_CONFIGS", &[], "users, permissions, realms and tokens of the backup server")),
    when: When::Always,
    items: &[
        file("/etc/proxmox-backup/user.cfg"),
        file("/etc/proxmox-backup/acl.cfg"),
        file("/etc/proxmox-backup/domains.cfg"),
        file("/etc/proxmox-backup/shadow.json"),
        file("/etc/proxmox-backup/token.shadow"),
        file("/etc/proxmox-backup/tfa.json"),
        file("/etc/proxmox-backup/ldap_passwords.json"),
        expected(manager!("user", "list"), "users.json"),
        expected(manager!("acl", "list"), "acl.json"),
        expected(manager!("openid", "list"), "realms_openid.json"),
        expected(manager!("ldap", "list"), "realms_ldap.json"),
        // Since PBS 3.
        attempt(manager!("ad", "list"), "realms_ad.json"),
        attempt_each(Names::PbsUsers, manager!("user", "list-tokens", "{}"), "tokens_{}.json"),
    ],
    secrets: &[
        // OpenID client keys.
        "/etc/proxmox-backup/domains.cfg",
        "/etc/proxmox-backup/shadow.json",
        "/etc/proxmox-backup/token.shadow",
        "/etc/proxmox-backup/tfa.json",
        "/etc/proxmox-backup/ldap_passwords.json",
    ],
    way_back: WayBack::PbsFiles,
};

pub(super) const REMOTES: Recipe = Recipe {
    id: "pbs-remotes",
    title: "Remotes",
    product: Product::Pbs,
    category: Category::PbsRemotes,
    switch: Some(Switch::on("BACKUP_REMOTE_CONFIGS", &["BACKUP_REMOTE_CFG"], "remote servers with their passwords")),
    when: When::Always,
    items: &[file("/etc/proxmox-backup/remote.cfg"), expected(manager!("remote", "list"), "remotes.json")],
    // Base64 is no protection.
    secrets: &["/etc/proxmox-backup/remote.cfg"],
    way_back: WayBack::PbsFiles,
};
