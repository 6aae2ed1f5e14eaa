//! Notification targets; their passwords have a switch of their own.

use crate::recipe::shorthand::{attempt, file, manager, tree};
use crate::recipe::{Category, Product, Recipe, Switch, WayBack, When};

/// The commands exist since PBS 3.2.
pub(super) const NOTIFICATIONS: Recipe = Recipe {
    id: "pbs-notifications",
    title: "Notifications",
    product: Product::Pbs,
    category: Category::PbsNotifications,
    switch: Some(Switch::on("BACKUP_PBS_NOTIFICATIONS", &[], "notification targets and matchers of the backup server")),
    when: When::Always,
    items: &[
        file("/etc/proxmox-backup/notifications.cfg"),
        tree("/etc/proxmox-backup/notification-templates"),
        attempt(manager!("notification", "target", "list"), "notification_targets.json"),
        attempt(manager!("notification", "matcher", "list"), "notification_matchers.json"),
        attempt(manager!("notification", "endpoint", "gotify", "list"), "notification_gotify.json"),
        attempt(manager!("notification", "endpoint", "sendmail", "list"), "notification_sendmail.json"),
        attempt(manager!("notification", "endpoint", "smtp", "list"), "notification_smtp.json"),
        // Since PBS 3.2.13.
        attempt(manager!("notification", "endpoint", "webhook", "list"), "notification_webhook.json"),
    ],
    secrets: &[],
    way_back: WayBack::PbsFiles,
};

pub(super) const PRIVATE: Recipe = Recipe {
    id: "pbs-notifications-priv",
    title: "Passwords of notification targets",
    product: Product::Pbs,
    category: Category::PbsNotifications,
    switch: Some(Switch::on("BACKUP_PBS_NOTIFICATIONS_PRIV", &[], "passwords and tokens of notification targets")),
    when: When::Always,
    items: &[file("/etc/proxmox-backup/notifications-priv.cfg")],
    secrets: &["/etc/proxmox-backup/notifications-priv.cfg"],
    way_back: WayBack::PbsFiles,
};
