//! Sync, verification and prune jobs.

use crate::recipe::shorthand::{expected, file, manager};
use crate::recipe::{Category, Product, Recipe, Switch, WayBack, When};

pub(super) const SYNC: Recipe = Recipe {
    id: "pbs-sync-jobs",
    title: "Sync jobs",
    product: Product::Pbs,
    category: Category::PbsJobs,
    switch: Some(Switch::on("BACKUP_SYNC_JOBS", &[], "sync jobs")),
    when: When::Always,
    items: &[file("/etc/proxmox-backup/sync.cfg"), expected(manager!("sync-job", "list"), "sync_jobs.json")],
    secrets: &[],
    way_back: WayBack::PbsFiles,
};

pub(super) const VERIFY: Recipe = Recipe {
    id: "pbs-verify-jobs",
    title: "Verification jobs",
    product: Product::Pbs,
    category: Category::PbsJobs,
    switch: Some(Switch::on("BACKUP_VERIFICATION_JOBS", &[], "verification jobs")),
    when: When::Always,
    items: &[
        file("/etc/proxmox-backup/verification.cfg"),
        expected(manager!("verify-job", "list"), "verify_jobs.json"),
    ],
    secrets: &[],
    way_back: WayBack::PbsFiles,
};

pub(super) const PRUNE: Recipe = Recipe {
    id: "pbs-prune-jobs",
    title: "Prune jobs",
    product: Product::Pbs,
    category: Category::PbsJobs,
    switch: Some(Switch::on("BACKUP_PRUNE_SCHEDULES", &[], "prune jobs")),
    when: When::Always,
    items: &[file("/etc/proxmox-backup/prune.cfg"), expected(manager!("prune-job", "list"), "prune_jobs.json")],
    secrets: &[],
    way_back: WayBack::PbsFiles,
};
