//! Installed packages, and where packages come from.

use crate::recipe::shorthand::{attempt, file, installed, tree};
use crate::recipe::{Category, Derived, Item, Product, Recipe, Switch, WayBack, When};

pub(super) const PACKAGES: Recipe = Recipe {
    id: "system-packages",
    title: "Installed packages",
    product: Product::System,
    category: Category::Info,
    switch: Some(Switch::on("BACKUP_INSTALLED_PACKAGES", &[], "list of installed packages and their selections")),
    when: When::Always,
    items: &[
        installed(&["dpkg", "-l"], "dpkg_list.txt"),
        installed(&["dpkg", "--get-selections"], "dpkg_selections.txt"),
        file("/var/lib/apt/extended_states"),
        installed(&["apt-mark", "showmanual"], "apt_manual.txt"),
        installed(&["apt-mark", "showhold"], "apt_hold.txt"),
        // Of debconf-utils.
        attempt(&["debconf-get-selections"], "debconf_selections.txt"),
    ],
    secrets: &[],
    way_back: WayBack::Export,
};

pub(super) const APT: Recipe = Recipe {
    id: "system-apt",
    title: "Package sources",
    product: Product::System,
    category: Category::Services,
    switch: Some(Switch::on("BACKUP_APT_SOURCES", &[], "package sources, pins, keys and options of apt")),
    when: When::Always,
    items: &[
        tree("/etc/apt"),
        // Outside of /etc, where the deb822 sources of PVE 9 and PBS 4 point.
        Item::Derived(Derived::AptKeyrings),
        installed(&["apt-cache", "policy"], "apt_policy.txt"),
    ],
    secrets: &["/etc/apt/auth.conf", "/etc/apt/auth.conf.d/**"],
    way_back: WayBack::Files,
};
