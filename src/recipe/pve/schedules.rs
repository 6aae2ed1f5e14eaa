//! Timers and cron lines of Proxmox's own.

use crate::recipe::shorthand::{attempt, installed};
use crate::recipe::{Category, Item, Product, Recipe, Switch, WayBack, When};

pub(super) const SCHEDULES: Recipe = Recipe {
    id: "pve-schedules",
    title: "Schedules",
    product: Product::Pve,
    category: Category::PveJobs,
    switch: Some(Switch::on("BACKUP_PVE_SCHEDULES", &[], "root's crontab, timers and cron lines of Proxmox")),
    when: When::Always,
    items: &[
        Item::Glob("/etc/cron.d/*pve*"),
        Item::Glob("/etc/cron.d/*proxmox*"),
        Item::Glob("/etc/cron.d/*vzdump*"),
        // Fails when root has no crontab.
        attempt(&["crontab", "-l"], "root_crontab.txt"),
        installed(&["systemctl", "list-timers", "--all", "--no-pager"], "timers.txt"),
    ],
    secrets: &[],
    way_back: WayBack::Files,
};
