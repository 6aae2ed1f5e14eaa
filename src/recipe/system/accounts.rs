//! Accounts and who may do what.

use crate::recipe::shorthand::{file, tree};
use crate::recipe::{Category, Product, Recipe, Switch, WayBack, When};

const SWITCH: Switch = Switch::on("BACKUP_CRITICAL_FILES", &[], "accounts, groups, passwords, sudo and login rules");

/// Ids of system accounts differ from installation to installation.
pub(super) const ACCOUNTS: Recipe = Recipe {
    id: "system-accounts",
    title: "Accounts",
    product: Product::System,
    category: Category::Accounts,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[
        file("/etc/passwd"),
        file("/etc/group"),
        file("/etc/shadow"),
        file("/etc/gshadow"),
        file("/etc/subuid"),
        file("/etc/subgid"),
    ],
    secrets: &["/etc/shadow", "/etc/gshadow"],
    way_back: WayBack::Merge,
};

pub(super) const RIGHTS: Recipe = Recipe {
    id: "system-rights",
    title: "Sudo and login rules",
    product: Product::System,
    category: Category::Accounts,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[
        file("/etc/sudoers"),
        tree("/etc/sudoers.d"),
        tree("/etc/pam.d"),
        tree("/etc/security"),
        file("/etc/login.defs"),
        file("/etc/adduser.conf"),
        file("/etc/deluser.conf"),
        tree("/etc/polkit-1"),
        file("/etc/krb5.conf"),
        file("/etc/krb5.keytab"),
        tree("/etc/sssd"),
        tree("/etc/apparmor.d/local"),
    ],
    secrets: &["/etc/krb5.keytab", "/etc/sssd/**", "/etc/security/opasswd"],
    way_back: WayBack::Files,
};
