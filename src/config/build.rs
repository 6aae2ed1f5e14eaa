//! Checked values → the sections of [`Config`]. Nothing can go wrong here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::build_notify;
use super::build_tiers;
use super::check::Checked;
use super::codec::default_level;
use super::keys;
use super::{Archive, Audits, ChangedProgram, Collect, Colors, Config, Encryption, Local, Mode, PortAudit};
use super::{ProcessAudit, Run, Samples, Security, Verification};
use crate::recipe::{Default, catalog};

/// Keys that say where a recipe's usual place is.
const PLACES: [&str; 5] =
    ["PVE_CONFIG_PATH", "PVE_CLUSTER_PATH", "VZDUMP_CONFIG_PATH", "CEPH_CONFIG_PATH", "PBS_CONFIG_PATH"];

/// The Bash tool's name, which meant more than the present one.
const ABORT: &str = "ABORT_ON_SECURITY_ISSUES";

/// Where we keep what is nobody's configuration.
const WORKSPACE: &str = "/run/proxmox-config-backup";

pub(super) fn config(checked: &Checked) -> Config {
    Config {
        run: run(checked),
        local: local(checked),
        collect: collect(checked),
        archive: archive(checked),
        encryption: Encryption {
            is_on: checked.bool("ENCRYPT_ARCHIVE"),
            recipients: checked.list("AGE_RECIPIENT"),
            recipients_file: place(checked, "AGE_RECIPIENT_FILE"),
            sign_key: checked.path("SIGN_KEY"),
        },
        verification: Verification { drills: checked.bool("VERIFY_DRILL") },
        secondary: build_tiers::secondary(checked),
        cloud: build_tiers::cloud(checked),
        owner: build_tiers::owner(checked),
        retention: build_tiers::retention(checked),
        security: security(checked),
        metrics: metrics(checked),
        notify: build_notify::notify(checked).0,
    }
}

/// What monitors this machine knows nothing of another one's disk, unless somebody gives that a place.
fn metrics(checked: &Checked) -> Option<PathBuf> {
    let is_own = checked.path("SYSTEM_ROOT_PREFIX").is_none_or(|root| root == Path::new("/"));
    let is_wanted = checked.bool("METRICS_ENABLED") && (is_own || checked.is_given("METRICS_PATH"));
    checked.path("METRICS_PATH").filter(|_| is_wanted)
}

fn security(checked: &Checked) -> Security {
    // Whoever says what the Bash tool understood decides for both kinds of findings, as there.
    let aborts = checked.is_given(ABORT).then(|| checked.bool(ABORT));
    Security {
        is_on: checked.bool("SECURITY_CHECK_ENABLED"),
        repairs: checked.bool("AUTO_FIX_PERMISSIONS"),
        continues: aborts.map_or_else(|| checked.bool("CONTINUE_ON_SECURITY_ISSUES"), |aborts| !aborts),
        changed_program: if checked.bool("AUTO_UPDATE_HASHES") {
            ChangedProgram::Accepted
        } else {
            ChangedProgram::Refused
        },
        audits: audits(checked, aborts == Some(true)),
    }
}

fn audits(checked: &Checked, end_runs: bool) -> Audits {
    let network = |key| checked.bool("CHECK_NETWORK_SECURITY") && checked.bool(key);
    Audits {
        checks_firewall: network("CHECK_FIREWALL"),
        ports: network("CHECK_OPEN_PORTS").then(|| PortAudit {
            suspicious: checked.list("SUSPICIOUS_PORTS").iter().filter_map(|port| port.parse().ok()).collect(),
            whitelist: checked.list("PORT_WHITELIST"),
        }),
        processes: checked.bool("CHECK_PROCESSES").then(|| ProcessAudit {
            suspicious: checked.list("SUSPICIOUS_PROCESSES"),
            safe: checked.list("SAFE_PROCESSES"),
            safe_brackets: checked.list("SAFE_BRACKET_PROCESSES"),
            safe_kernel: checked.list("SAFE_KERNEL_PROCESSES"),
        }),
        end_runs,
    }
}

fn run(checked: &Checked) -> Run {
    Run {
        is_enabled: checked.bool("BACKUP_ENABLED"),
        is_dry_run: checked.bool("DRY_RUN"),
        log_level: match checked.word("DEBUG_LEVEL") {
            "none" => 0,
            "critical" => 1,
            "error" => 2,
            "warning" => 3,
            "advanced" | "extreme" => 5,
            _ => 4,
        },
        colors: match (checked.bool("USE_COLOR"), checked.bool("COLORIZE_STEP_LOGS")) {
            (false, _) => Colors::Off,
            (true, false) => Colors::Levels,
            (true, true) => Colors::LevelsAndSteps,
        },
        root: checked.path("SYSTEM_ROOT_PREFIX").filter(|root| root != Path::new("/")),
        longest: Some(checked.duration("MAX_RUN_DURATION")).filter(|limit| !limit.is_zero()),
        // What is kept is plain text of what the archive encrypts.
        keeps_workspace: checked.bool("KEEP_WORKSPACE") && !checked.bool("ENCRYPT_ARCHIVE"),
    }
}

fn local(checked: &Checked) -> Local {
    Local {
        backups: place(checked, "BACKUP_PATH"),
        logs: place(checked, "LOG_PATH"),
        lock_dir: place(checked, "LOCK_PATH"),
        is_configured: checked.is_given("BACKUP_PATH"),
        min_free: checked.bytes("MIN_DISK_SPACE_PRIMARY_GB"),
        full_percent: build_tiers::percent(checked, "STORAGE_WARNING_THRESHOLD_PRIMARY"),
        skip_permission_check: checked.bool("SKIP_PERMISSION_CHECK"),
        io_limit: checked.duration("FS_IO_TIMEOUT"),
    }
}

fn collect(checked: &Checked) -> Collect {
    let limit = checked.is_given("PVESH_TIMEOUT").then(|| ("pvesh".to_owned(), checked.duration("PVESH_TIMEOUT")));
    Collect {
        switches: switches(checked),
        custom_paths: checked.list("CUSTOM_BACKUP_PATHS"),
        excludes: [checked.list("BACKUP_BLACKLIST"), checked.list("BACKUP_EXCLUDE_PATTERNS")].concat(),
        moved: moved(checked),
        command_workers: whole(checked, "COMMAND_WORKERS"),
        command_limits: limit.into_iter().collect(),
        own_places: own_places(checked),
        samples: samples(checked),
    }
}

fn samples(checked: &Checked) -> Samples {
    Samples {
        largest_backup: checked.bytes("MAX_PVE_BACKUP_SIZE"),
        named_backups: checked.text("PVE_BACKUP_INCLUDE_PATTERN"),
        largest_pxar: checked.bytes("MAX_PXAR_SIZE"),
        pxar_include: checked.list("PXAR_FILE_INCLUDE_PATTERN"),
        pxar_exclude: checked.list("PXAR_FILE_EXCLUDE_PATTERN"),
        datastores: checked.list("PBS_DATASTORE_PATH").into_iter().map(PathBuf::from).collect(),
        only_named_datastores: !checked.bool("AUTO_DETECT_DATASTORES"),
    }
}

/// Those that differ from the catalog.
fn switches(checked: &Checked) -> BTreeMap<String, bool> {
    let all = catalog().filter_map(|recipe| recipe.switch);
    all.map(|switch| (switch.key.to_owned(), checked.bool(switch.key), switch.default == Default::On))
        .filter(|(_, value, default)| value != default)
        .map(|(key, value, _)| (key, value))
        .collect()
}

fn moved(checked: &Checked) -> BTreeMap<String, PathBuf> {
    let mut moved = BTreeMap::new();
    for name in PLACES {
        let usual = keys::find(name).map_or("", |key| key.default);
        if let Some(place) = checked.path(name).filter(|place| place != Path::new(usual)) {
            moved.insert(usual.to_owned(), place);
        }
    }
    // The Bash tool meant corosync's directory, the Go tool the file in the cluster file system.
    if let Some(place) = checked.path("COROSYNC_CONFIG_PATH") {
        let usual = if place.ends_with("corosync.conf") { "/etc/pve/corosync.conf" } else { "/etc/corosync" };
        let follows = moved.get("/etc/pve").is_some_and(|pve| place == pve.join("corosync.conf"));
        if place != Path::new(usual) && !follows {
            moved.insert(usual.to_owned(), place);
        }
    }
    moved
}

fn own_places(checked: &Checked) -> Vec<PathBuf> {
    let given = ["BACKUP_PATH", "LOG_PATH", "LOCK_PATH", "SECONDARY_PATH", "SECONDARY_LOG_PATH", "SIGN_KEY"];
    // A mounted remote is a directory like any other.
    let mounted = ["CLOUD_REMOTE", "CLOUD_LOG_PATH"].map(|name| PathBuf::from(checked.text(name)));
    let mut places: Vec<PathBuf> = given.iter().filter_map(|name| checked.path(name)).collect();
    places.extend(mounted.into_iter().filter(|place| place.is_absolute() && place != Path::new("/")));
    places.push(PathBuf::from(WORKSPACE));
    places.sort();
    places.dedup();
    places
}

fn archive(checked: &Checked) -> Archive {
    let codec = checked.codec();
    let level = checked.number("COMPRESSION_LEVEL").and_then(|level| u8::try_from(level).ok());
    Archive {
        codec,
        level: level.filter(|_| codec != super::Codec::None).unwrap_or_else(|| default_level(codec)),
        mode: match checked.word("COMPRESSION_MODE") {
            "fast" => Mode::Fast,
            "maximum" => Mode::Maximum,
            "ultra" => Mode::Ultra,
            _ => Mode::Standard,
        },
        threads: whole(checked, "COMPRESSION_THREADS"),
        bundle: checked.bool("BUNDLE_ASSOCIATED_FILES"),
    }
}

fn whole(checked: &Checked, name: &str) -> usize {
    checked.number(name).and_then(|number| usize::try_from(number).ok()).unwrap_or(0)
}

/// A path whose key has a default.
fn place(checked: &Checked, name: &str) -> PathBuf {
    checked.path(name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::check::check;
    use super::super::{Codec, Gfs, Origin, Policy, Retention, Setting};
    use super::*;

    fn config_of(lines: &[(&str, &str)]) -> Config {
        let setting = |(key, value): &(&str, &str)| Setting {
            key: (*key).into(),
            value: (*value).into(),
            origin: Origin::CommandLine,
        };
        let (checked, findings) = check(&lines.iter().map(setting).collect::<Vec<_>>(), None);
        assert!(findings.iter().all(|finding| finding.weight < super::super::Weight::Mistake), "{findings:?}");
        config(&checked)
    }

    #[test]
    fn nothing_said_gives_the_defaults() {
        let config = config_of(&[]);
        assert_eq!(config.local.backups, Path::new("/var/backups/proxmox-config-backup"));
        assert_eq!(config.local.lock_dir, Path::new("/run/proxmox-config-backup"));
        assert_eq!((config.archive.codec, config.archive.level), (Codec::Zstd, 8));
        assert_eq!((config.run.log_level, config.run.colors), (4, Colors::LevelsAndSteps));
        let simple = |newest| Policy::Simple { newest, max_age_days: 0 };
        let Retention { local, secondary, cloud } = config.retention;
        assert_eq!([local, secondary, cloud].map(|kept| kept.policy), [simple(7), simple(14), simple(30)]);
        assert!(config.secondary.is_none() && config.cloud.is_none() && config.owner.is_none());
        assert_eq!(config.local.min_free.0, 10 << 30);
        assert!(config.collect.switches.is_empty() && config.collect.moved.is_empty());
        let samples = Samples {
            largest_backup: crate::units::ByteSize(100 << 20),
            largest_pxar: crate::units::ByteSize(50 << 20),
            ..Samples::default()
        };
        assert_eq!(config.collect.samples, samples);
        assert!(!config.local.is_configured && config.run.root.is_none());
    }

    #[test]
    fn settings_reach_their_sections() {
        let config = config_of(&[
            ("BACKUP_VM_CONFIGS", "off"),
            ("BACKUP_FIREWALL_RULES", "on"),
            ("PVE_CONFIG_PATH", "/srv/pve"),
            ("COROSYNC_CONFIG_PATH", "/srv/pve/corosync.conf"),
            ("PVESH_TIMEOUT", "1m"),
            ("COMPRESSION_TYPE", "bz2"),
            ("RETENTION_DAILY", "7"),
            ("DEBUG_LEVEL", "5"),
            ("SYSTEM_ROOT_PREFIX", "/mnt/host"),
            ("BACKUP_SMALL_PXAR", "on"),
            ("MAX_PXAR_SIZE", "1K"),
            ("PXAR_INCLUDE_PATTERN", "vm/100,vm/101"),
            ("PXAR_FILE_EXCLUDE_PATTERN", "*old*"),
            ("MAX_PVE_BACKUP_SIZE", "2M"),
            ("PVE_BACKUP_INCLUDE_PATTERN", "qemu-100"),
            ("PBS_DATASTORE_PATH", "/mnt/a"),
            ("AUTO_DETECT_DATASTORES", "off"),
            ("KEEP_WORKSPACE", "true"),
            ("ABORT_ON_SECURITY_ISSUES", "false"),
            ("AUTO_FIX_PERMISSIONS", "no"),
        ]);
        let samples = Samples {
            largest_backup: crate::units::ByteSize(2 << 20),
            named_backups: "qemu-100".into(),
            largest_pxar: crate::units::ByteSize(1024),
            pxar_include: vec!["vm/100".into(), "vm/101".into()],
            pxar_exclude: vec!["*old*".into()],
            datastores: vec!["/mnt/a".into()],
            only_named_datastores: true,
        };
        assert_eq!(config.collect.samples, samples);
        assert_eq!(config.collect.switches.get("BACKUP_SMALL_PXAR"), Some(&true));
        assert_eq!(config.collect.switches.get("BACKUP_VM_CONFIGS"), Some(&false));
        assert_eq!(config.collect.switches.get("BACKUP_FIREWALL_RULES"), Some(&true));
        assert_eq!(config.collect.moved, BTreeMap::from([("/etc/pve".to_owned(), PathBuf::from("/srv/pve"))]));
        assert_eq!(config.collect.command_limits["pvesh"].as_secs(), 60);
        assert_eq!((config.archive.codec, config.archive.level), (Codec::Bzip2, 9));
        assert_eq!(config.retention.local.policy, Policy::Gfs(Gfs { daily: 7, ..Gfs::default() }));
        assert_eq!(config.run.log_level, 5);
        assert_eq!(config.run.root.as_deref(), Some(Path::new("/mnt/host")));
        assert!(config.run.keeps_workspace);
        let security = &config.security;
        assert_eq!((security.is_on, security.repairs, security.continues), (true, false, true));
    }

    #[test]
    fn audits_are_off_until_asked_for_and_end_a_run_only_when_told() {
        assert_eq!(config_of(&[]).security.audits, Audits::default());
        assert_eq!(config_of(&[("CHECK_OPEN_PORTS", "true")]).security.audits, Audits::default());
        let all = [
            ("CHECK_NETWORK_SECURITY", "true"),
            ("CHECK_OPEN_PORTS", "true"),
            ("CHECK_FIREWALL", "true"),
            ("SUSPICIOUS_PORTS", "4444 5555"),
            ("CONTINUE_ON_SECURITY_ISSUES", "false"),
        ];
        let audits = config_of(&all).security.audits;
        assert_eq!(audits.ports.map(|ports| ports.suspicious), Some(vec![4444, 5555]));
        assert!(audits.checks_firewall && !audits.end_runs);
        assert!(audits.processes.is_some_and(|lists| lists.suspicious.contains(&"xmrig".to_owned())));
        let without = [&all[..], &[("CHECK_PROCESSES", "no")]].concat();
        assert_eq!(config_of(&without).security.audits.processes, None);

        let told = config_of(&[("CHECK_PROCESSES", "yes"), ("ABORT_ON_SECURITY_ISSUES", "true")]).security;
        assert!(told.audits.end_runs && !told.continues);
    }

    #[test]
    fn metrics_of_another_machine_need_a_place_of_their_own() {
        let on = ("METRICS_ENABLED", "true");
        let root = ("SYSTEM_ROOT_PREFIX", "/mnt/host");
        let place = ("PROMETHEUS_TEXTFILE_DIR", "/srv/metrics");
        assert_eq!(config_of(&[place]).metrics, None);
        assert_eq!(config_of(&[on]).metrics, Some("/var/lib/prometheus/node-exporter".into()));
        assert_eq!(config_of(&[on, ("SYSTEM_ROOT_PREFIX", "/"), place]).metrics, Some("/srv/metrics".into()));
        assert_eq!(config_of(&[on, root]).metrics, None);
        assert_eq!(config_of(&[on, root, place]).metrics, Some("/srv/metrics".into()));
    }

    #[test]
    fn no_workspace_is_kept_where_archives_are_encrypted() {
        let config = config_of(&[("KEEP_WORKSPACE", "true"), ("ENCRYPT_ARCHIVE", "true")]);
        assert!(!config.run.keeps_workspace);
    }

    #[test]
    fn tiers_are_there_when_they_are_switched_on_and_placed() {
        let config = config_of(&[
            ("SECONDARY_ENABLED", "true"),
            ("SECONDARY_PATH", "/mnt/nas"),
            ("CLOUD_ENABLED", "true"),
            ("CLOUD_REMOTE", "box"),
            ("CLOUD_REMOTE_PATH", "/pve/backup"),
            ("RCLONE_TIMEOUT_OPERATION", "0"),
            ("RCLONE_FLAGS", "--fast-list  --checkers 8"),
            ("SET_BACKUP_PERMISSIONS", "true"),
        ]);
        assert_eq!(config.secondary.map(|tier| tier.backups), Some("/mnt/nas".into()));
        let cloud = config.cloud.unwrap();
        assert_eq!((cloud.remote.as_str(), cloud.operation_limit, cloud.uploads), ("box", None, 2));
        assert_eq!(cloud.flags, ["--fast-list", "--checkers", "8"]);
        assert_eq!(config.owner.map(|owner| owner.user).as_deref(), Some("backup"));
        let config = config_of(&[("SECONDARY_PATH", "/mnt/nas"), ("CLOUD_REMOTE", "box")]);
        assert!(config.secondary.is_none() && config.cloud.is_none());
    }

    #[test]
    fn the_policy_of_a_tier_is_its_own_and_a_simple_one_said_plainly_stays_simple() {
        let config = config_of(&[("RETENTION_DAILY", "7"), ("CLOUD_RETENTION_DAILY", "3"), ("RETENTION_YEARLY", "2")]);
        let gfs = |daily| Policy::Gfs(Gfs { daily, yearly: 2, ..Gfs::default() });
        assert_eq!(config.retention.local.policy, gfs(7));
        assert_eq!(config.retention.cloud.policy, gfs(3));
        let config = config_of(&[("RETENTION_DAILY", "7"), ("RETENTION_POLICY", "simple"), ("MAX_AGE_DAYS", "90")]);
        assert_eq!(config.retention.local.policy, Policy::Simple { newest: 7, max_age_days: 90 });
    }
}
