//! Datastores and the S3 endpoints some of them lie on.

use crate::recipe::shorthand::{attempt, attempt_each, expected, file, manager};
use crate::recipe::{Category, Inventory, Item, Names, Product, Recipe, Sample, Switch, WayBack, When};

pub(super) const DATASTORE: Recipe = Recipe {
    id: "pbs-datastore",
    title: "Datastores",
    product: Product::Pbs,
    category: Category::PbsDatastore,
    switch: Some(Switch::on("BACKUP_DATASTORE_CONFIGS", &[], "datastore configuration")),
    when: When::Always,
    items: &[
        file("/etc/proxmox-backup/datastore.cfg"),
        expected(manager!("datastore", "list"), "datastores.json"),
        attempt_each(Names::PbsDatastores, manager!("datastore", "show", "{}"), "datastore_{}.json"),
        // Asks the running daemon.
        attempt_each(Names::PbsDatastores, manager!("garbage-collection", "status", "{}"), "gc_status_{}.json"),
        // Since PBS 3.2.
        attempt(manager!("garbage-collection", "list"), "gc_jobs.json"),
    ],
    secrets: &[],
    way_back: WayBack::PbsFiles,
};

/// The datastore itself is no part of a host's configuration; what it held tells what was lost.
pub(super) const CONTENTS: Recipe = Recipe {
    id: "pbs-datastore-contents",
    title: "Lists of what datastores hold",
    product: Product::Pbs,
    category: Category::Info,
    switch: Some(Switch::on(
        "PXAR_SCAN_ENABLE",
        &["BACKUP_PXAR_FILES"],
        "a list of the namespaces and groups of each datastore",
    )),
    when: When::Always,
    items: &[Item::Inventory(Inventory::Datastore, "datastore_contents_{}.json")],
    secrets: &[],
    way_back: WayBack::Export,
};

/// What somebody put beside the snapshots. Their own archives are lists of chunks (`*.pxar.didx`),
/// which mean nothing without the datastore.
pub(super) const SMALL_PXAR: Recipe = Recipe {
    id: "pbs-small-pxar",
    title: "Small pxar files in datastores",
    product: Product::Pbs,
    category: Category::Info,
    switch: Some(Switch::off("BACKUP_SMALL_PXAR", &[], "copy small pxar files as well")),
    when: When::Always,
    items: &[Item::Sample(Sample::SmallPxar)],
    secrets: &[],
    way_back: WayBack::Export,
};

pub(super) const S3: Recipe = Recipe {
    id: "pbs-s3",
    title: "S3 endpoints",
    product: Product::Pbs,
    category: Category::PbsDatastore,
    switch: Some(Switch::on("BACKUP_PBS_S3_ENDPOINTS", &[], "S3 endpoints with their keys")),
    when: When::Always,
    items: &[
        file("/etc/proxmox-backup/s3.cfg"),
        // Since PBS 4. Buckets are not listed: that would ask the provider.
        attempt(manager!("s3", "endpoint", "list"), "s3_endpoints.json"),
    ],
    secrets: &["/etc/proxmox-backup/s3.cfg"],
    way_back: WayBack::PbsFiles,
};
