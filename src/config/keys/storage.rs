//! The tiers beside the local one, and what each tier keeps.

use super::Key;
use super::Kind::{self, Bool, Gigabytes, Number, Path, Seconds, Text, Word};
use super::Section::{Retention, Storage};

const fn storage(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Key {
    Key::new(name, kind, default, Storage, help)
}

const fn cloud(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Key {
    Key::new(name, kind, default, Storage, help)
}

/// Whole numbers of backups; 0 = all of them, or none of that class.
const COUNT: Kind = Number(0, 100_000);

const fn retention(name: &'static str, default: &'static str, help: &'static str) -> Key {
    Key::new(name, COUNT, default, Retention, help)
}

pub(super) const KEYS: &[Key] = &[
    // A mounted directory.
    storage("SECONDARY_ENABLED", Bool, "false", "copy each backup to a second directory")
        .aliases(&["ENABLE_SECONDARY_BACKUP"]),
    storage("SECONDARY_PATH", Path, "", "the second directory, on a mounted disk or share")
        .aliases(&["SECONDARY_BACKUP_PATH"]),
    storage("SECONDARY_LOG_PATH", Path, "", "where logs are copied"),
    storage("MIN_DISK_SPACE_SECONDARY_GB", Gigabytes, "1", "less free space there is a warning"),
    storage("STORAGE_WARNING_THRESHOLD_PRIMARY", Number(1, 100), "90", "percent used in BACKUP_PATH that is a warning"),
    storage(
        "STORAGE_WARNING_THRESHOLD_SECONDARY",
        Number(1, 100),
        "90",
        "percent used in SECONDARY_PATH that is a warning",
    ),
    // rclone.
    cloud("CLOUD_ENABLED", Bool, "false", "upload each backup with rclone").aliases(&["ENABLE_CLOUD_BACKUP"]),
    cloud("CLOUD_REMOTE", Text, "", "rclone remote: name or name:path").aliases(&["RCLONE_REMOTE"]),
    cloud("CLOUD_REMOTE_PATH", Text, "", "path inside the remote").aliases(&["CLOUD_BACKUP_PATH"]),
    cloud("CLOUD_LOG_PATH", Text, "", "where logs are uploaded"),
    storage("MIN_DISK_SPACE_CLOUD_GB", Gigabytes, "1", "less free space there is a warning"),
    cloud("CLOUD_UPLOAD_MODE", Word(&[&["parallel"], &["sequential"]]), "parallel", "how side files are uploaded"),
    cloud("CLOUD_PARALLEL_MAX_JOBS", Number(1, 64), "2", "uploads side by side"),
    cloud("CLOUD_PARALLEL_VERIFICATION", Bool, "true", "check each side file after its upload"),
    cloud("CLOUD_WRITE_HEALTHCHECK", Bool, "false", "try to write before the upload"),
    cloud("CLOUD_VERIFY_CHECKSUM", Bool, "true", "compare the remote checksum").opposites(&["SKIP_CLOUD_VERIFICATION"]),
    cloud("CLOUD_VERIFY_DOWNLOAD", Bool, "false", "download to compare where the remote has no checksum"),
    cloud("CLOUD_BATCH_SIZE", Number(1, 1000), "20", "deletions per rclone call"),
    cloud("CLOUD_BATCH_PAUSE", Seconds(0, 3600), "1", "seconds between such calls"),
    cloud("RCLONE_TIMEOUT_CONNECTION", Seconds(1, 3600), "30", "seconds to reach the remote")
        .aliases(&["CLOUD_CONNECTIVITY_TIMEOUT"]),
    cloud("RCLONE_TIMEOUT_OPERATION", Seconds(0, 604_800), "300", "seconds one operation may take; 0 = no limit"),
    cloud("RCLONE_BANDWIDTH_LIMIT", Text, "", "rclone --bwlimit, for example 10M; empty = none"),
    cloud("RCLONE_TRANSFERS", Number(1, 256), "4", "rclone --transfers"),
    cloud("RCLONE_RETRIES", Number(0, 100), "3", "attempts after a failed upload"),
    cloud(
        "RCLONE_VERIFY_METHOD",
        Word(&[&["primary"], &["alternative"]]),
        "primary",
        "how the remote copy is looked up",
    ),
    cloud("RCLONE_FLAGS", Text, "", "more rclone options, spaces between them"),
    // What to keep.
    retention("MAX_LOCAL_BACKUPS", "7", "newest backups kept in BACKUP_PATH; 0 = all")
        .aliases(&["LOCAL_RETENTION_DAYS"]),
    retention("MAX_LOCAL_LOGS", "20", "newest logs kept in LOG_PATH; 0 = all"),
    retention("MAX_SECONDARY_BACKUPS", "14", "newest backups kept in SECONDARY_PATH; 0 = all")
        .aliases(&["SECONDARY_RETENTION_DAYS"]),
    retention("MAX_SECONDARY_LOGS", "20", "newest logs kept in SECONDARY_LOG_PATH; 0 = all"),
    retention("MAX_CLOUD_BACKUPS", "30", "newest backups kept in the cloud; 0 = all")
        .aliases(&["CLOUD_RETENTION_DAYS"]),
    retention("MAX_CLOUD_LOGS", "20", "newest logs kept in the cloud; 0 = all"),
    Key::new(
        "RETENTION_POLICY",
        Word(&[&["simple"], &["gfs"]]),
        "simple",
        Retention,
        "simple (counts) or gfs (days, weeks, months, years)",
    ),
    retention("MAX_AGE_DAYS", "0", "older backups are removed as well; 0 = no limit"),
    retention("RETENTION_LAST", "0", "gfs: newest backups kept in any case"),
    retention("RETENTION_DAILY", "0", "gfs: days of which the newest backup is kept"),
    retention("RETENTION_WEEKLY", "0", "gfs: weeks of which the newest backup is kept"),
    retention("RETENTION_MONTHLY", "0", "gfs: months of which the newest backup is kept"),
    retention("RETENTION_YEARLY", "0", "gfs: years of which the newest backup is kept"),
    retention("LOCAL_RETENTION_LAST", "", "RETENTION_LAST for the local tier"),
    retention("LOCAL_RETENTION_DAILY", "", "RETENTION_DAILY for the local tier"),
    retention("LOCAL_RETENTION_WEEKLY", "", "RETENTION_WEEKLY for the local tier"),
    retention("LOCAL_RETENTION_MONTHLY", "", "RETENTION_MONTHLY for the local tier"),
    retention("LOCAL_RETENTION_YEARLY", "", "RETENTION_YEARLY for the local tier"),
    retention("SECONDARY_RETENTION_LAST", "", "RETENTION_LAST for the secondary tier"),
    retention("SECONDARY_RETENTION_DAILY", "", "RETENTION_DAILY for the secondary tier"),
    retention("SECONDARY_RETENTION_WEEKLY", "", "RETENTION_WEEKLY for the secondary tier"),
    retention("SECONDARY_RETENTION_MONTHLY", "", "RETENTION_MONTHLY for the secondary tier"),
    retention("SECONDARY_RETENTION_YEARLY", "", "RETENTION_YEARLY for the secondary tier"),
    retention("CLOUD_RETENTION_LAST", "", "RETENTION_LAST for the cloud tier"),
    retention("CLOUD_RETENTION_DAILY", "", "RETENTION_DAILY for the cloud tier"),
    retention("CLOUD_RETENTION_WEEKLY", "", "RETENTION_WEEKLY for the cloud tier"),
    retention("CLOUD_RETENTION_MONTHLY", "", "RETENTION_MONTHLY for the cloud tier"),
    retention("CLOUD_RETENTION_YEARLY", "", "RETENTION_YEARLY for the cloud tier"),
];
