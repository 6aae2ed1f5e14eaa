//! Notification targets and external metric servers.

use crate::recipe::shorthand::{attempt, expected, file, pvesh, tree};
use crate::recipe::{Category, Product, Recipe, WayBack, When};

/// The API paths exist since PVE 8.1.
pub(super) const NOTIFICATIONS: Recipe = Recipe {
    id: "pve-notifications",
    title: "Notifications",
    product: Product::Pve,
    category: Category::PveNotifications,
    switch: None,
    when: When::Always,
    items: &[
        file("/etc/pve/notifications.cfg"),
        file("/etc/pve/priv/notifications.cfg"),
        tree("/etc/pve/notification-templates"),
        attempt(pvesh!("/cluster/notifications/targets"), "notification_targets.json"),
        attempt(pvesh!("/cluster/notifications/matchers"), "notification_matchers.json"),
    ],
    secrets: &["/etc/pve/priv/notifications.cfg"],
    way_back: WayBack::Pmxcfs,
};

pub(super) const METRICS: Recipe = Recipe {
    id: "pve-metrics",
    title: "External metric servers",
    product: Product::Pve,
    category: Category::PveNotifications,
    switch: None,
    when: When::Always,
    items: &[
        file("/etc/pve/status.cfg"),
        tree("/etc/pve/priv/metricserver"),
        expected(pvesh!("/cluster/metrics/server"), "metric_servers.json"),
    ],
    // InfluxDB tokens of PVE 7.0 are in the file itself.
    secrets: &["/etc/pve/status.cfg", "/etc/pve/priv/metricserver/**"],
    way_back: WayBack::Pmxcfs,
};
