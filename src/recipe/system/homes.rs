//! Keys and settings in home directories; never a whole home unasked.

use crate::recipe::shorthand::{file, tree};
use crate::recipe::{Category, Item, Product, Recipe, Switch, WayBack, When};
use crate::units::ByteSize;

pub(super) const SSH: Recipe = Recipe {
    id: "system-ssh",
    title: "SSH keys and options",
    product: Product::System,
    category: Category::Ssh,
    switch: Some(Switch::on("BACKUP_SSH_KEYS", &[], "SSH host keys, options, and the keys of users")),
    when: When::Always,
    items: &[tree("/etc/ssh"), tree("/root/.ssh"), Item::Glob("/home/*/.ssh")],
    secrets: &["/etc/ssh/ssh_host_*_key", "/root/.ssh/**", "/home/*/.ssh/**"],
    way_back: WayBack::Files,
};

/// A list, not `/root/.*`: caches and shell histories are no configuration, and histories are
/// full of typed passwords.
pub(super) const ROOT: Recipe = Recipe {
    id: "system-root-home",
    title: "Settings of root",
    product: Product::System,
    category: Category::UserData,
    switch: Some(Switch::on(
        "BACKUP_ROOT_HOME",
        &[],
        "dot files and .config of root (rclone's and the backup client's keys lie there)",
    )),
    when: When::Always,
    items: &[
        // Client encryption keys and passwords in .config/proxmox-backup, tokens in .config/rclone.
        tree("/root/.config"),
        file("/root/.bashrc"),
        file("/root/.bash_aliases"),
        file("/root/.bash_logout"),
        file("/root/.bash_profile"),
        file("/root/.profile"),
        file("/root/.zshrc"),
        file("/root/.zprofile"),
        file("/root/.inputrc"),
        file("/root/.forward"),
        file("/root/.muttrc"),
        file("/root/.mailrc"),
        file("/root/.msmtprc"),
        file("/root/.selected_editor"),
        file("/root/.vimrc"),
        file("/root/.nanorc"),
        file("/root/.screenrc"),
        file("/root/.tmux.conf"),
        file("/root/.toprc"),
        file("/root/.gitconfig"),
        file("/root/.wgetrc"),
        file("/root/.curlrc"),
        file("/root/.netrc"),
        file("/root/.pgpass"),
        file("/root/.my.cnf"),
        file("/root/.smbcredentials"),
        tree("/root/.aws"),
        tree("/root/.gnupg"),
    ],
    secrets: &[
        "/root/.config/**",
        "/root/.msmtprc",
        "/root/.netrc",
        "/root/.pgpass",
        "/root/.my.cnf",
        "/root/.smbcredentials",
        "/root/.aws/**",
        "/root/.gnupg/**",
    ],
    way_back: WayBack::Files,
};

pub(super) const HOME: Recipe = Recipe {
    id: "system-home",
    title: "Home directories",
    product: Product::System,
    category: Category::UserData,
    switch: Some(Switch::off("BACKUP_HOME", &["BACKUP_USER_HOMES"], "files up to 8 MiB below /home")),
    when: When::Always,
    // Settings, not pictures and disk images.
    items: &[Item::SmallFiles("/home", ByteSize::mib(8))],
    secrets: &["/home/**"],
    way_back: WayBack::Files,
};
