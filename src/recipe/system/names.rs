//! Who this host is: names, machine id, time, locale.

use crate::recipe::shorthand::{attempt, file, installed, tree};
use crate::recipe::{Category, Item, Need, Product, Recipe, WayBack, When};

pub(super) const NAMES: Recipe = Recipe {
    id: "system-names",
    title: "Host name and hosts file",
    product: Product::System,
    category: Category::Network,
    switch: None,
    when: When::Always,
    items: &[
        Item::File("/etc/hostname", Need::Required),
        Item::File("/etc/hosts", Need::Required),
        file("/etc/nsswitch.conf"),
        file("/etc/issue"),
        file("/etc/motd"),
        installed(&["uname", "-a"], "uname.txt"),
        // Fails where the name does not resolve.
        attempt(&["hostname", "-f"], "hostname.txt"),
        installed(&["cat", "/etc/os-release"], "os_release.txt"),
        attempt(&["hostnamectl", "status"], "hostnamectl.txt"),
    ],
    secrets: &[],
    way_back: WayBack::Files,
};

pub(super) const RESOLVER: Recipe = Recipe {
    id: "system-resolver",
    title: "Name resolution",
    product: Product::System,
    category: Category::Network,
    switch: None,
    when: When::Always,
    items: &[file("/etc/resolv.conf")],
    secrets: &[],
    way_back: WayBack::SameHardware,
};

/// Two hosts of one id confuse DHCP servers and the journal.
pub(super) const MACHINE_ID: Recipe = Recipe {
    id: "system-machine-id",
    title: "Machine id",
    product: Product::System,
    category: Category::Info,
    switch: None,
    when: When::Always,
    items: &[file("/etc/machine-id")],
    secrets: &[],
    way_back: WayBack::Export,
};

pub(super) const TIME: Recipe = Recipe {
    id: "system-time",
    title: "Time and locale",
    product: Product::System,
    category: Category::Services,
    switch: None,
    when: When::Always,
    items: &[
        file("/etc/timezone"),
        file("/etc/localtime"),
        file("/etc/adjtime"),
        tree("/etc/chrony"),
        file("/etc/ntp.conf"),
        file("/etc/locale.gen"),
        file("/etc/locale.conf"),
        file("/etc/default/locale"),
        file("/etc/default/keyboard"),
        file("/etc/default/console-setup"),
        attempt(&["timedatectl", "status"], "timedatectl.txt"),
    ],
    secrets: &["/etc/chrony/chrony.keys"],
    way_back: WayBack::Files,
};
