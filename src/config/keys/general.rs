//! The run, what it collects, how it packs and encrypts.

use super::Kind::{self, Bool, Gigabytes, Level, Number, Path, Paths, Patterns, Recipients, Seconds, Size, Text, Word};
use super::Section::{Collect, Compression, Encryption, General};
use super::{Key, Section};

const fn key(name: &'static str, kind: Kind, default: &'static str, section: Section, help: &'static str) -> Key {
    Key::new(name, kind, default, section, help)
}

const LEVELS: Kind = Word(&[
    &["standard", "info", "4"],
    &["advanced", "debug", "5"],
    &["extreme"],
    &["none", "0"],
    &["critical", "1"],
    &["error", "2"],
    &["warning", "3"],
]);

const CODECS: Kind =
    Word(&[&["none"], &["gzip", "gz"], &["pigz"], &["bzip2", "bz2"], &["xz"], &["lzma"], &["zstd", "zst"]]);

const MODES: Kind = Word(&[&["fast"], &["standard"], &["maximum"], &["ultra"]]);

pub(super) const KEYS: &[Key] = &[
    key("BACKUP_ENABLED", Bool, "true", General, "false: a run does nothing and ends with exit code 16"),
    key("DRY_RUN", Bool, "false", General, "show what a run would do, write nothing"),
    key("DEBUG_LEVEL", LEVELS, "standard", General, "how much is told: standard, advanced, extreme, or 0 to 5"),
    key("USE_COLOR", Bool, "true", General, "colours on a terminal").opposites(&["DISABLE_COLORS"]),
    key("COLORIZE_STEP_LOGS", Bool, "true", General, "step lines in blue; needs USE_COLOR"),
    key("BASE_DIR", Path, "", General, "what ${BASE_DIR} stands for in this file; normally found by itself"),
    key("BACKUP_PATH", Path, "/var/backups/proxmox-config-backup", General, "where backups are kept")
        .aliases(&["LOCAL_BACKUP_PATH"])
        .below_base_dir("${BASE_DIR}/backup"),
    key("LOG_PATH", Path, "/var/log/proxmox-config-backup", General, "where the log of each run is kept")
        .aliases(&["LOCAL_LOG_PATH"])
        .below_base_dir("${BASE_DIR}/log"),
    key("LOCK_PATH", Path, "/run/proxmox-config-backup", General, "directory of the lock file")
        .below_base_dir("${BASE_DIR}/lock"),
    key("MIN_DISK_SPACE_PRIMARY_GB", Gigabytes, "10", General, "least free space in BACKUP_PATH; 0 = not checked"),
    key("SKIP_PERMISSION_CHECK", Bool, "false", General, "do not try to write before the run"),
    key("FS_IO_TIMEOUT", Seconds(0, 3600), "30", General, "seconds one call to a file system may hang; 0 = no limit"),
    key("SYSTEM_ROOT_PREFIX", Path, "", General, "collect from another machine's disk mounted here"),
    key("MAX_RUN_DURATION", Seconds(0, 604_800), "1h", General, "a run that takes longer is stopped; 0 = no limit"),
    key("KEEP_WORKSPACE", Bool, "false", General, "keep the last run's workspace; not with ENCRYPT_ARCHIVE"),
    key("VERIFY_DRILL", Bool, "true", General, "try out whether each backup would bring the host back, and say so"),
    key("BACKUP_USER", Text, "backup", General, "owner for SET_BACKUP_PERMISSIONS"),
    key("BACKUP_GROUP", Text, "", General, "group for SET_BACKUP_PERMISSIONS; empty = the owner's"),
    key(
        "SET_BACKUP_PERMISSIONS",
        Bool,
        "false",
        General,
        "give backups and logs to BACKUP_USER; the unit needs sandbox-permissions.conf for it",
    ),
    // What to collect, besides the switches.
    key("CUSTOM_BACKUP_PATHS", Paths, "", Collect, "more files and directories, one per line; wildcards allowed"),
    key("BACKUP_BLACKLIST", Patterns, "", Collect, "paths never collected, one per line"),
    key("BACKUP_EXCLUDE_PATTERNS", Patterns, "", Collect, "patterns never collected: *.bak, /srv/**/cache"),
    key("PVE_CONFIG_PATH", Path, "/etc/pve", Collect, "where the cluster file system is mounted"),
    key("PVE_CLUSTER_PATH", Path, "/var/lib/pve-cluster", Collect, "where the cluster database lies"),
    key("COROSYNC_CONFIG_PATH", Path, "/etc/corosync", Collect, "where corosync keeps its files, or its corosync.conf"),
    key("VZDUMP_CONFIG_PATH", Path, "/etc/vzdump.conf", Collect, "where vzdump keeps its defaults"),
    key("CEPH_CONFIG_PATH", Path, "/etc/ceph", Collect, "where Ceph keeps its configuration"),
    key("PBS_CONFIG_PATH", Path, "/etc/proxmox-backup", Collect, "where the backup server keeps its configuration"),
    key("COMMAND_WORKERS", Number(1, 64), "8", Collect, "how many commands run at a time"),
    key("PVESH_TIMEOUT", Seconds(1, 3600), "15", Collect, "seconds a pvesh command may take"),
    key("AUTO_DETECT_DATASTORES", Bool, "true", Collect, "false: only datastores of PBS_DATASTORE_PATH are looked at"),
    key("PBS_DATASTORE_PATH", Paths, "", Collect, "more datastore directories to look at, one per line"),
    key("MAX_PVE_BACKUP_SIZE", Size, "100M", Collect, "what BACKUP_SMALL_PVE_BACKUPS copies at most, per file"),
    key("PVE_BACKUP_INCLUDE_PATTERN", Text, "", Collect, "copy guest backups of any size whose path has this in it"),
    key(
        "PXAR_FILE_INCLUDE_PATTERN",
        Patterns,
        "",
        Collect,
        "BACKUP_SMALL_PXAR copies only what matches: vm/100, *.pxar",
    )
    .aliases(&["PXAR_INCLUDE_PATTERN"]),
    key("PXAR_FILE_EXCLUDE_PATTERN", Patterns, "", Collect, "BACKUP_SMALL_PXAR does not copy what matches"),
    key("MAX_PXAR_SIZE", Size, "50M", Collect, "what BACKUP_SMALL_PXAR copies at most, per file"),
    // Packing.
    key("COMPRESSION_TYPE", CODECS, "zstd", Compression, "none, gzip, pigz, bzip2, xz, lzma or zstd"),
    key(
        "COMPRESSION_LEVEL",
        Level,
        "",
        Compression,
        "gzip, pigz, bzip2 1-9; xz, lzma 0-9; zstd 1-22; empty = a good one",
    ),
    key("COMPRESSION_MODE", MODES, "standard", Compression, "fast, standard (the level counts), maximum or ultra"),
    key("COMPRESSION_THREADS", Number(0, 256), "0", Compression, "0 = as many as this machine has processors"),
    key("BUNDLE_ASSOCIATED_FILES", Bool, "true", Compression, "archive, checksum and manifest in one .bundle.tar"),
    key("ENCRYPT_ARCHIVE", Bool, "false", Encryption, "encrypt with age"),
    key("AGE_RECIPIENT", Recipients, "", Encryption, "who can decrypt: age1... and ssh-... keys, comma between them")
        .aliases(&["AGE_RECIPIENTS"]),
    key(
        "AGE_RECIPIENT_FILE",
        Path,
        "/etc/proxmox-config-backup/age/recipients.txt",
        Encryption,
        "more recipients, one per line",
    )
    .below_base_dir("${BASE_DIR}/identity/age/recipient.txt"),
    key("SIGN_KEY", Path, "", Encryption, "file with the private key that signs manifests, of `key new --signing`"),
];
