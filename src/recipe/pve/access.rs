//! Users, groups, roles, permissions, realms, tokens.

use crate::recipe::shorthand::{attempt, expected, file, pvesh, pveum, tree};
use crate::recipe::{Category, Product, Recipe, Switch, WayBack, When};

pub(super) const ACCESS: Recipe = Recipe {
    id: "pve-access",
    title: "Users and permissions",
    product: Product::Pve,
    category: Category::PveAccess,
    switch: Some(Switch::on("BACKUP_PVE_ACL", &[], "Proxmox VE users, permissions, realms and tokens")),
    when: When::Always,
    items: &[
        file("/etc/pve/user.cfg"),
        file("/etc/pve/domains.cfg"),
        file("/etc/pve/priv/shadow.cfg"),
        file("/etc/pve/priv/tfa.cfg"),
        file("/etc/pve/priv/token.cfg"),
        tree("/etc/pve/priv/realm"),
        tree("/etc/pve/priv/ldap"),
        tree("/etc/pve/priv/jobs"),
        // Tokens come with `--full`; `pveum user token list` wants a user and starts Perl for each.
        expected(pveum!("user", "list", "--full"), "users.json"),
        expected(pveum!("group", "list"), "groups.json"),
        expected(pveum!("role", "list"), "roles.json"),
        expected(pveum!("acl", "list"), "acl.json"),
        expected(pveum!("realm", "list"), "realms.json"),
        expected(pveum!("pool", "list"), "pools.json"),
        // Since PVE 8, and as text only.
        attempt(&["pveum", "user", "tfa", "list"], "tfa.txt"),
        attempt(pvesh!("/access/tfa"), "tfa.json"),
    ],
    secrets: &[
        // OpenID client keys.
        "/etc/pve/domains.cfg",
        "/etc/pve/priv/shadow.cfg",
        "/etc/pve/priv/tfa.cfg",
        "/etc/pve/priv/token.cfg",
        "/etc/pve/priv/realm/**",
        "/etc/pve/priv/ldap/**",
    ],
    way_back: WayBack::Pmxcfs,
};
