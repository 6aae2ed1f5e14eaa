//! The plan's decisions against a small catalog.

use std::collections::BTreeMap;

use super::*;
use crate::recipe::{Category, Names, Product, Switch, WayBack};

const WHOLE: Recipe = Recipe {
    id: "pve-base",
    title: "Cluster file system",
    product: Product::Pve,
    category: Category::PveGuests,
    switch: None,
    when: When::Always,
    items: &[
        Item::Tree("/etc/pve", Need::Required),
        Item::Database("/var/lib/pve-cluster/config.db", Need::Required),
        Item::Command(Command {
            argv: &["pveversion", "-v"],
            save_as: "pveversion.txt",
            limit_s: 10,
            need: CommandNeed::Expected,
        }),
    ],
    secrets: &[],
    way_back: WayBack::Pmxcfs,
};

const GUESTS: Recipe = Recipe {
    id: "pve-guests",
    title: "Guests",
    switch: Some(Switch { key: "BACKUP_VM_CONFIGS", default: Default::On, help: "", aliases: &[] }),
    items: &[
        Item::Glob("/etc/pve/nodes/*/qemu-server"),
        Item::Each(
            Names::PveStorages,
            Command {
                argv: &["pvesm", "list", "{}"],
                save_as: "list-{}.txt",
                limit_s: 10,
                need: CommandNeed::Expected,
            },
        ),
    ],
    ..WHOLE
};

const CLUSTER: Recipe =
    Recipe { id: "pve-cluster", when: When::Clustered, items: &[Item::Tree("/etc/corosync", Need::Required)], ..WHOLE };

fn settings() -> config::Collect {
    config::Collect {
        switches: BTreeMap::new(),
        custom_paths: Vec::new(),
        excludes: Vec::new(),
        moved: BTreeMap::new(),
        command_workers: 8,
        command_limits: BTreeMap::new(),
        own_places: Vec::new(),
        samples: config::Samples::default(),
    }
}

fn host() -> Host {
    let mut host = Host { name: "pve1".into(), pve: Some("8.4".into()), ..Host::default() };
    host.names.insert(Names::PveStorages as u8, vec!["local".into(), "tank/x".into()]);
    host
}

fn plan(settings: &config::Collect, host: &Host) -> BackupPlan {
    BackupPlan::new(settings, host, &[&WHOLE, &GUESTS, &CLUSTER], &|_| true)
}

#[test]
fn a_tree_leaves_the_claims_of_others_to_them_even_when_those_are_off() {
    let mut off = settings();
    off.switches.insert("BACKUP_VM_CONFIGS".into(), false);

    let plan = plan(&off, &host());

    assert!(plan.sources[0].claimed.iter().any(|claim| claim.covers(b"/etc/pve/nodes/a/qemu-server/100.conf")));
    assert!(
        plan.left_out.contains(&LeftOut { recipe: "pve-guests", reason: Reason::SwitchedOff("BACKUP_VM_CONFIGS") })
    );
}

#[test]
fn each_name_gives_a_command_and_no_name_makes_a_directory() {
    let plan = plan(&settings(), &host());
    let saved: Vec<_> = plan.commands.iter().map(|c| c.save_as.display().to_string()).collect();
    assert_eq!(
        saved,
        [
            "/var/lib/proxmox-config-backup/info/pve/pveversion.txt",
            "/var/lib/proxmox-config-backup/info/pve/list-local.txt",
            "/var/lib/proxmox-config-backup/info/pve/list-tank_x.txt",
        ]
    );
    assert_eq!(plan.commands[2].argv, ["pvesm", "list", "tank/x"]);
}

#[test]
fn a_disk_that_does_not_run_gives_no_commands() {
    let offline = Host { is_offline: true, ..host() };
    let plan = plan(&settings(), &offline);
    assert!(plan.commands.is_empty());
    assert!(plan.left_out.contains(&LeftOut { recipe: "pve-base", reason: Reason::NotRunning(1) }));
}

#[test]
fn what_is_not_installed_or_not_clustered_is_left_out_with_its_reason() {
    let alone = plan(&settings(), &host());
    assert!(alone.left_out.contains(&LeftOut { recipe: "pve-cluster", reason: Reason::NotClustered }));
    let debian = plan(&settings(), &Host::default());
    assert!(debian.left_out.contains(&LeftOut { recipe: "pve-base", reason: Reason::ProductAbsent("pve") }));
    assert!(debian.sources.is_empty());
}

#[test]
fn database_logs_and_made_up_files_are_never_collected() {
    let plan = plan(&settings(), &host());
    for path in [
        "/var/lib/pve-cluster/config.db-wal",
        "/etc/pve/.rrd",
        "/etc/pve/priv/lock/file",
        "/etc/proxmox-backup/.user.lck",
    ] {
        assert!(plan.excludes.iter().any(|pattern| pattern.covers(path.as_bytes())), "{path}");
    }
}

#[test]
fn a_moved_place_moves_sources_and_claims() {
    let mut elsewhere = settings();
    elsewhere.moved.insert("/etc/pve".into(), PathBuf::from("/srv/pve"));
    let plan = plan(&elsewhere, &host());
    assert_eq!(plan.sources[0].kind, SourceKind::Path(PathBuf::from("/srv/pve")));
    assert!(plan.sources[0].claimed.iter().any(|claim| claim.covers(b"/srv/pve/nodes/a/qemu-server/1.conf")));
}

#[test]
fn custom_paths_come_last_and_ignore_switches() {
    let mut custom = settings();
    custom.custom_paths = vec!["/srv/x".into(), "/opt/*.cfg".into()];
    let plan = plan(&custom, &host());
    assert_eq!(plan.recipes.last(), Some(&CUSTOM));
    assert_eq!(plan.sources.last().unwrap().kind, SourceKind::Glob("/opt/*.cfg".into()));
}
