//! Which recipe a path belongs to, where the backup does not say: the most specific claim wins.

use crate::pattern::Pattern;
use crate::recipe::{Category, Item, Recipe, catalog};

/// Every claim of the catalog, compiled once.
pub(super) struct Claims {
    claims: Vec<(Pattern, (usize, bool), &'static Recipe)>,
}

impl Claims {
    pub(super) fn new() -> Self {
        let claim = |recipe: &'static Recipe, claim: &'static str| {
            let specific = (claim.matches('/').count(), !Pattern::has_wildcard(claim));
            (Pattern::new(claim), specific, recipe)
        };
        let all = catalog().flat_map(|recipe| recipe.items.iter().filter_map(Item::claim).map(move |it| (recipe, it)));
        Self { claims: all.map(|(recipe, path)| claim(recipe, path)).collect() }
    }

    /// The recipe of a path; `None` for what no recipe names.
    pub(super) fn recipe_of(&self, path: &[u8]) -> Option<&'static Recipe> {
        let covering = self.claims.iter().filter(|(pattern, ..)| pattern.covers(path));
        covering.max_by_key(|(_, specific, _)| *specific).map(|(.., recipe)| *recipe)
    }
}

/// The category of a recipe; of paths without one, that of the settings' own paths.
pub(super) fn of(recipe: Option<&'static Recipe>, is_output: bool) -> Category {
    match recipe {
        _ if is_output => Category::Info,
        Some(recipe) => recipe.category,
        None => Category::Custom,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_claim_wins() {
        let claims = Claims::new();
        for (path, recipe) in [
            ("/etc/pve/datacenter.cfg", "pve-storage"),
            ("/etc/pve/something-new", "pve-config"),
            ("/etc/pve/nodes/n1/qemu-server/100.conf", "pve-guests"),
            ("/etc/pve/nodes/n1/pve-ssl.key", "pve-certificates"),
            ("/etc/systemd/system/mnt-a.mount", "system-mounts"),
            ("/etc/systemd/system/a.service", "system-systemd"),
            ("/etc/zfs/zpool.cache", "system-zfs-identity"),
            ("/etc/kernel/proxmox-boot-uuids", "system-boot-disks"),
            ("/etc/network/interfaces.d/sdn", "pve-sdn-generated"),
            ("/usr/local/lib/systemd/network/50-pve-nic0.link", "system-nic-names"),
            ("/etc/proxmox-backup/tape.cfg", "pbs-tape"),
        ] {
            assert_eq!(claims.recipe_of(path.as_bytes()).map(|recipe| recipe.id), Some(recipe), "{path}");
        }
        assert!(claims.recipe_of(b"/srv/own").is_none());
    }
}
