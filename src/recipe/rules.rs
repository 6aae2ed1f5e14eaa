//! What every recipe must obey; a new one that breaks a rule fails here, not on somebody's host.

use std::collections::{BTreeMap, BTreeSet};

use super::{Command, Item, Recipe, Switch, catalog};
use crate::pattern::Pattern;

fn commands(recipe: &Recipe) -> impl Iterator<Item = &Command> {
    recipe.items.iter().filter_map(|item| match item {
        Item::Command(command) | Item::Each(_, command) => Some(command),
        _ => None,
    })
}

fn switches() -> impl Iterator<Item = Switch> {
    catalog().filter_map(|recipe| recipe.switch)
}

#[test]
fn no_path_is_claimed_twice() {
    let mut claimed = BTreeMap::new();
    for recipe in catalog() {
        for path in recipe.items.iter().filter_map(Item::claim) {
            let other = claimed.insert(path, recipe.id);
            assert_eq!(other, None, "{path} is claimed by {} too", recipe.id);
        }
    }
}

#[test]
fn claims_are_plain_absolute_paths() {
    for recipe in catalog() {
        for path in recipe.items.iter().filter_map(Item::claim) {
            let is_plain = path.starts_with('/')
                && !path.ends_with('/')
                && !path.contains("//")
                && !path.split('/').any(|part| part == "..");
            assert!(is_plain, "{}: {path}", recipe.id);
        }
        for item in recipe.items {
            if let Item::SmallFiles(path, _) | Item::File(path, _) | Item::Tree(path, _) | Item::Database(path, _) =
                item
            {
                assert!(!Pattern::has_wildcard(path), "{}: {path}", recipe.id);
            }
        }
    }
}

#[test]
fn ids_are_unique_and_start_with_the_product() {
    let mut seen = BTreeSet::new();
    for recipe in catalog() {
        assert!(seen.insert(recipe.id), "{} is used twice", recipe.id);
        let prefix = format!("{}-", recipe.product.as_str());
        assert!(recipe.id.starts_with(&prefix), "{}", recipe.id);
        let is_kebab = recipe.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        assert!(is_kebab && !recipe.title.is_empty(), "{}", recipe.id);
    }
}

#[test]
fn output_names_are_unique_within_a_product() {
    let mut seen = BTreeSet::new();
    for recipe in catalog() {
        let listed = recipe.items.iter().filter_map(|item| match item {
            Item::Inventory(what, name) => {
                assert_eq!(what.names().is_some(), name.contains("{}"), "{name}");
                Some(*name)
            }
            _ => None,
        });
        for name in commands(recipe).map(|command| command.save_as).chain(listed) {
            assert!(seen.insert((recipe.product, name)), "{name} is written twice");
            let is_known = [".txt", ".json"].iter().any(|end| name.ends_with(end));
            assert!(is_known && !name.contains('/'), "{name}");
        }
    }
}

#[test]
fn one_key_has_one_default_and_one_help() {
    let mut seen: BTreeMap<&str, Switch> = BTreeMap::new();
    for switch in switches() {
        if let Some(first) = seen.insert(switch.key, switch) {
            assert_eq!(first.default, switch.default, "{}", switch.key);
            assert_eq!(first.help, switch.help, "{}", switch.key);
            assert_eq!(first.aliases, switch.aliases, "{}", switch.key);
        }
    }
    for switch in seen.values() {
        for alias in switch.aliases {
            assert!(!seen.contains_key(alias), "{alias} is a key of its own");
        }
    }
}

#[test]
fn commands_need_no_shell_and_end_in_time() {
    for command in catalog().flat_map(commands) {
        assert!((5..=60).contains(&command.limit_s), "{:?}", command.argv);
        assert!(!command.argv.is_empty());
        for word in command.argv {
            let is_plain = word.replace("{}", "").bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=/,.:".contains(&b));
            assert!(is_plain && !word.is_empty(), "{:?}", command.argv);
        }
    }
}

#[test]
fn a_placeholder_stands_exactly_where_names_are_given() {
    for item in catalog().flat_map(|recipe| recipe.items) {
        let (command, is_each) = match item {
            Item::Command(command) => (command, false),
            Item::Each(_, command) => (command, true),
            _ => continue,
        };
        let in_argv = command.argv.iter().any(|word| word.contains("{}"));
        assert_eq!(in_argv, is_each, "{:?}", command.argv);
        assert_eq!(command.save_as.contains("{}"), is_each, "{}", command.save_as);
    }
}

/// Command lines that look right and are not; a line that goes on behind `…` is wrong as well.
const WRONG: &[&str] = &[
    // An index of children, and groups that PVE 9 replaced by rules.
    "pvesh get /cluster/ha/status --output-format json",
    "ha-manager groupconfig…",
    // Work by the prefix of a name only.
    "proxmox-backup-manager version --output-format json",
    "proxmox-backup-manager version",
    // No such option.
    "pvesm status --…",
    "qm list --output-format…",
    "pct list --output-format…",
    "pvesr list --output-format…",
    "pvenode config get --output-format…",
    "pveum user tfa list --output-format…",
    // PVE 7 only.
    "pvesh get /nodes/localhost/ceph/config…",
    "pvesh get /nodes/localhost/ceph/pools…",
    // No such sub-command.
    "proxmox-backup-manager s3 list…",
    "proxmox-backup-manager notification list…",
    "proxmox-backup-manager token list…",
    "proxmox-backup-manager realm list…",
    "proxmox-backup-manager domain list…",
    "proxmox-backup-manager tape…",
    "proxmox-backup-manager datastore namespace…",
    // Wants a user.
    "pveum user token list --output-format json",
    // Change something, or restart another product's daemon.
    "pvesh set…",
    "pvesh create…",
    "systemctl restart…",
];

#[test]
fn spellings_that_no_release_understands_stay_out() {
    for command in catalog().flat_map(commands) {
        let line = command.argv.join(" ");
        let wrong = WRONG.iter().find(|wrong| match wrong.strip_suffix('…') {
            Some(start) => line.starts_with(start),
            None => line == **wrong,
        });
        assert_eq!(wrong, None);
    }
}

#[test]
fn secrets_lie_below_what_their_recipe_takes() {
    for recipe in catalog() {
        for secret in recipe.secrets {
            let is_claimed =
                recipe.items.iter().filter_map(Item::claim).any(|claim| Pattern::new(claim).covers(secret.as_bytes()));
            assert!(is_claimed, "{}: {secret}", recipe.id);
        }
    }
}

#[test]
fn no_switch_can_drop_the_cluster_database_or_the_base_trees() {
    let base = ["/etc/pve", "/var/lib/pve-cluster/config.db", "/etc/proxmox-backup"];
    for path in base {
        let owner = catalog().find(|recipe| recipe.items.iter().any(|item| item.claim() == Some(path))).unwrap();
        assert!(owner.switch.is_none(), "{path}");
        assert_eq!(owner.when, super::When::Always, "{path}");
    }
}
