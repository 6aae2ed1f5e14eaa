//! What this run will do: a pure function of settings, host facts and catalog.
//!
//! The plan says what is taken, in archive order, and what is left out and why. Dry run and real
//! run follow the same value.

mod explain;
mod sample;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::config;
use crate::host::Host;
use crate::pattern::Pattern;
use crate::recipe::{Command, CommandNeed, Default, Derived, Inventory, Item, Need, Recipe, When};
use crate::units::ByteSize;

pub use sample::Choice;

/// Where generated files lie in the archive.
pub const INFO_DIR: &str = "/var/lib/proxmox-config-backup/info";

/// Where outputs of commands lie in archives, ours and those of older tools: another time, another text.
pub const OUTPUT_DIRS: &[&str] = &[INFO_DIR, "/var/lib/proxsave-info", "/var/lib/proxmox-backup-info"];

/// Recipe id of `CUSTOM_BACKUP_PATHS`.
pub const CUSTOM: &str = "custom-paths";

/// Never collected: what pmxcfs makes up on reading and its locks (`proxmox-facts` §4.1). `.version`,
/// `.members` and `.vmlist` are virtual too, but tell what the cluster looked like.
const NEVER: &[&str] = &[
    "/etc/pve/.rrd",
    "/etc/pve/.clusterlog",
    "/etc/pve/.debug",
    "/etc/pve/priv/lock",
    "/var/lib/pve-cluster/.pmxcfs.lockfile",
    // PBS: locks, which only their names tell from configuration.
    "/etc/proxmox-backup/.*.lck",
    "/etc/proxmox-backup/*.lck",
    "/etc/proxmox-backup/*.lock",
    "/etc/proxmox-backup/.*.lock",
    // Our own state; command outputs take its name in the archive.
    "/var/lib/proxmox-config-backup",
    // Whoever opens a backup must not find in it what signs the next one.
    "/etc/proxmox-config-backup/sign/key.pem",
    "/etc/proxmox-config-backup/sign/*.partial",
];

/// What to do, and what not.
#[derive(Clone, Debug)]
pub struct BackupPlan {
    /// Files, in archive order.
    pub sources: Vec<Source>,
    /// Commands, in archive order.
    pub commands: Vec<PlannedCommand>,
    /// Recipes and commands that do not apply.
    pub left_out: Vec<LeftOut>,
    /// Patterns that apply to every source.
    pub excludes: Vec<Pattern>,
    /// Recipe ids that take part, in archive order.
    pub recipes: Vec<&'static str>,
}

/// One place to read files from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Id of the recipe.
    pub recipe: &'static str,
    /// What kind of place.
    pub kind: SourceKind,
    /// Whether absence is a problem.
    pub need: Need,
    /// Claims of other recipes below this place: left to them.
    pub claimed: Vec<Pattern>,
    /// Larger files are left out and named.
    pub largest: Option<ByteSize>,
}

/// Kinds of places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A file, symlink or whole directory.
    Path(PathBuf),
    /// Whatever matches.
    Glob(String),
    /// An SQLite database.
    Database(PathBuf),
    /// Paths that other files name.
    Derived(Derived),
    /// A generated list.
    Inventory {
        /// Of what.
        what: Inventory,
        /// Of which one; empty when there is only one.
        name: String,
        /// Absolute path in the archive.
        save_as: PathBuf,
    },
    /// Some files of a storage or datastore.
    Sample {
        /// Which.
        choice: Choice,
        /// Of which one; a path for a datastore without a name.
        name: String,
    },
}

/// One command to run.
#[derive(Clone, Debug)]
pub struct PlannedCommand {
    /// Id of the recipe.
    pub recipe: &'static str,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Absolute path of its output in the archive.
    pub save_as: PathBuf,
    /// Time limit.
    pub limit: Duration,
    /// What a failure means.
    pub need: CommandNeed,
}

/// Something that will not be collected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Id of the recipe.
    pub recipe: &'static str,
    /// Why.
    pub reason: Reason,
}

/// Why a recipe does not apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The product is not installed.
    ProductAbsent(&'static str),
    /// Its switch is off.
    SwitchedOff(&'static str),
    /// Only members of a cluster have it.
    NotClustered,
    /// This path is not there.
    PathAbsent(&'static str),
    /// The root is a disk, not a running machine: so many commands are not run.
    NotRunning(usize),
}

impl BackupPlan {
    /// Decides. `exists` answers whether a path is there on the host.
    pub fn new(
        settings: &config::Collect,
        host: &Host,
        catalog: &[&'static Recipe],
        exists: &dyn Fn(&str) -> bool,
    ) -> Self {
        let mut plan = Self {
            sources: Vec::new(),
            commands: Vec::new(),
            left_out: Vec::new(),
            excludes: excludes(settings, catalog),
            recipes: Vec::new(),
        };
        // Claims of a product that is not installed carve nothing out: PVE's `/etc/cron.d/*pve*`
        // must not make a backup server lose files.
        let present: Vec<&'static Recipe> = catalog.iter().copied().filter(|recipe| host.has(recipe.product)).collect();
        for recipe in catalog {
            match reason_against(recipe, settings, host, exists) {
                Some(reason) => plan.left_out.push(LeftOut { recipe: recipe.id, reason }),
                None => plan.add(recipe, settings, host, &present),
            }
        }
        plan.add_custom(&settings.custom_paths);
        plan
    }

    fn add(&mut self, recipe: &'static Recipe, settings: &config::Collect, host: &Host, catalog: &[&'static Recipe]) {
        self.recipes.push(recipe.id);
        let before = self.commands.len();
        for item in recipe.items {
            match item {
                Item::Command(command) => {
                    self.commands.push(planned(recipe, command, None, settings));
                }
                Item::Each(names, command) => {
                    let each = host.names(*names).iter();
                    self.commands.extend(each.map(|name| planned(recipe, command, Some(name), settings)));
                }
                Item::Inventory(what, save_as) => {
                    self.sources.extend(inventories(recipe, (*what, save_as), settings, host));
                }
                Item::Sample(what) => self.sources.extend(sample::sources(recipe, *what, &settings.samples, host)),
                _ => self.sources.extend(source(recipe, item, settings, catalog)),
            }
        }
        if host.is_offline && self.commands.len() > before {
            let count = self.commands.len() - before;
            self.commands.truncate(before);
            self.left_out.push(LeftOut { recipe: recipe.id, reason: Reason::NotRunning(count) });
        }
    }

    fn add_custom(&mut self, paths: &[String]) {
        if paths.is_empty() {
            return;
        }
        self.recipes.push(CUSTOM);
        self.sources.extend(paths.iter().map(|path| Source {
            recipe: CUSTOM,
            kind: if Pattern::has_wildcard(path) {
                SourceKind::Glob(path.clone())
            } else {
                SourceKind::Path(PathBuf::from(path))
            },
            need: Need::Optional,
            // What the user names is taken, whatever the switches say.
            claimed: Vec::new(),
            largest: None,
        }));
    }
}

fn reason_against(
    recipe: &Recipe,
    settings: &config::Collect,
    host: &Host,
    exists: &dyn Fn(&str) -> bool,
) -> Option<Reason> {
    if !host.has(recipe.product) {
        return Some(Reason::ProductAbsent(recipe.product.as_str()));
    }
    if let Some(switch) = &recipe.switch {
        let is_on = settings.switches.get(switch.key).copied().unwrap_or(switch.default == Default::On);
        if !is_on {
            return Some(Reason::SwitchedOff(switch.key));
        }
    }
    match recipe.when {
        When::Clustered if !host.is_clustered => Some(Reason::NotClustered),
        When::PathExists(path) if !exists(path) => Some(Reason::PathAbsent(path)),
        _ => None,
    }
}

fn source(
    recipe: &'static Recipe,
    item: &'static Item,
    settings: &config::Collect,
    catalog: &[&'static Recipe],
) -> Option<Source> {
    let place = |path: &str| moved(path, settings);
    let (kind, need) = match item {
        Item::Command(_) | Item::Each(..) | Item::Inventory(..) | Item::Sample(_) => return None,
        Item::SmallFiles(path, _) => (SourceKind::Path(place(path)), Need::Optional),
        Item::File(path, need) | Item::Tree(path, need) => (SourceKind::Path(place(path)), *need),
        Item::Database(path, need) => (SourceKind::Database(place(path)), *need),
        Item::Glob(pattern) => (SourceKind::Glob(place(pattern).to_string_lossy().into_owned()), Need::Optional),
        Item::Derived(derived) => (SourceKind::Derived(*derived), Need::Optional),
    };
    let largest = match item {
        Item::SmallFiles(_, largest) => Some(*largest),
        _ => None,
    };
    Some(Source { recipe: recipe.id, kind, need, claimed: claims_below(item, settings, catalog), largest })
}

/// One source for each: a storage that hangs must not cost the lists of the others.
fn inventories(
    recipe: &'static Recipe,
    (what, save_as): (Inventory, &str),
    settings: &config::Collect,
    host: &Host,
) -> Vec<Source> {
    let each = |names| sample::places(names, &settings.samples, host);
    let names = what.names().map_or_else(|| vec![String::new()], each);
    let place = Path::new(INFO_DIR).join(recipe.product.as_str());
    let each = names.into_iter().map(|name| SourceKind::Inventory {
        what,
        // A path must not make directories.
        save_as: place.join(save_as.replace("{}", &name.replace('/', "+"))),
        name,
    });
    each.map(|kind| Source { recipe: recipe.id, kind, need: Need::Optional, claimed: Vec::new(), largest: None })
        .collect()
}

/// What other items claim below (or inside the reach of) this one.
fn claims_below(item: &'static Item, settings: &config::Collect, catalog: &[&'static Recipe]) -> Vec<Pattern> {
    let (Item::Tree(own, _) | Item::SmallFiles(own, _) | Item::Glob(own)) = item else {
        return Vec::new();
    };
    let (pattern, base) = (Pattern::new(own), Pattern::literal_base(own));
    let all = catalog.iter().flat_map(|recipe| recipe.items).filter_map(Item::claim);
    // The comparison of strings first: the catalog has some hundred claims, and compiling each
    // against each costs more than the rest of a dry run.
    all.filter(|other| other.starts_with(base) && other != own && pattern.covers(other.as_bytes()))
        .map(|other| Pattern::new(&moved(other, settings).to_string_lossy()))
        .collect()
}

fn planned(
    recipe: &'static Recipe,
    command: &Command,
    name: Option<&String>,
    settings: &config::Collect,
) -> PlannedCommand {
    let fill = |text: &str| name.map_or_else(|| text.to_owned(), |name| text.replace("{}", name));
    // A name with a slash (a ZFS dataset) must not make a directory.
    let output = fill(command.save_as).replace('/', "_");
    let argv: Vec<String> = command.argv.iter().map(|word| fill(word)).collect();
    let configured = argv.first().and_then(|program| settings.command_limits.get(program));
    PlannedCommand {
        recipe: recipe.id,
        save_as: Path::new(INFO_DIR).join(recipe.product.as_str()).join(output),
        limit: configured.copied().unwrap_or(Duration::from_secs(command.limit_s.into())),
        need: command.need,
        argv,
    }
}

fn excludes(settings: &config::Collect, catalog: &[&'static Recipe]) -> Vec<Pattern> {
    let own = settings.own_places.iter().map(|place| place.to_string_lossy().into_owned());
    // A database is copied through its own interface; its log files mean nothing without it.
    let databases = catalog.iter().flat_map(|recipe| recipe.items).filter_map(|item| match item {
        Item::Database(path, _) => Some(moved(path, settings).to_string_lossy().into_owned()),
        _ => None,
    });
    let database_logs = databases.flat_map(|path| ["-wal", "-shm", "-journal"].map(|end| format!("{path}{end}")));
    let never = NEVER.iter().map(|&path| path.to_owned());
    let all = settings.excludes.iter().cloned().chain(own).chain(never).chain(database_logs);
    all.map(|pattern| Pattern::new(&pattern)).collect()
}

/// `PVE_CONFIG_PATH` and its kin replace the usual place of a recipe.
fn moved(path: &str, settings: &config::Collect) -> PathBuf {
    for (usual, place) in &settings.moved {
        if let Ok(below) = Path::new(path).strip_prefix(usual) {
            return if below.as_os_str().is_empty() { place.clone() } else { place.join(below) };
        }
    }
    PathBuf::from(path)
}

#[cfg(test)]
mod tests;
