//! Scheduled backups and realm synchronisations.

use crate::recipe::shorthand::{attempt, expected, file, pvesh, tree};
use crate::recipe::{Category, Product, Recipe, Switch, WayBack, When};

const SWITCH: Switch = Switch::on("BACKUP_PVE_JOBS", &[], "Proxmox VE backup jobs");

pub(super) const JOBS: Recipe = Recipe {
    id: "pve-jobs",
    title: "Backup jobs",
    product: Product::Pve,
    category: Category::PveJobs,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[
        file("/etc/pve/jobs.cfg"),
        file("/etc/pve/vzdump.cron"),
        expected(pvesh!("/cluster/backup"), "backup_jobs.json"),
        expected(pvesh!("/cluster/backup-info/not-backed-up"), "guests_without_backup.json"),
        expected(pvesh!("/nodes/localhost/tasks", "--typefilter", "vzdump"), "backup_history.json"),
        // Since PVE 8.
        attempt(pvesh!("/cluster/jobs/realm-sync"), "realm_sync_jobs.json"),
    ],
    secrets: &[],
    way_back: WayBack::Pmxcfs,
};

/// When each job ran last: restored, a job does not run twice on its first day.
pub(super) const STATE: Recipe = Recipe {
    id: "pve-job-state",
    title: "State of scheduled jobs",
    product: Product::Pve,
    category: Category::PveJobs,
    switch: Some(SWITCH),
    when: When::Always,
    items: &[
        tree("/var/lib/pve-manager/jobs"),
        // Up to PVE 7.0 the jobs lay here.
        file("/etc/cron.d/vzdump"),
    ],
    secrets: &[],
    way_back: WayBack::Files,
};
