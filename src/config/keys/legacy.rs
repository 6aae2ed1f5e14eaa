//! Names of older files that have no effect here, with the reason.
//!
//! An old file loads without an edit, and `config check` says which lines do nothing.

use super::Key;

const STREAM: &str = "content is archived unchanged, in one pass";
const COLORS: &str = "colours are not configured one by one";
const PACKAGES: &str = "packages are dpkg's business";
const SCHEDULE: &str = "a systemd timer starts the runs";
const LISTED: &str = "limits of listings are built in";
const UNREAD: &str = "no version of the older tools read it";
const VERIFIED: &str = "every archive is decoded again and compared as a whole";
const PBS_LOGIN: &str = "commands of the backup server run as root, without a login";
const INTERNAL: &str = "was an inner variable of the older tool";

const fn old(name: &'static str, why: &'static str) -> Key {
    Key::no_effect(name, why)
}

pub(super) const KEYS: &[Key] = &[
    old("TEMPLATE_VERSION", "the file has no version"),
    old("DISABLE_NETWORK_PREFLIGHT", "each channel and tier says itself what it cannot reach"),
    old("MIN_BASH_VERSION", "no shell is used"),
    old("REQUIRED_BASH_VERSION", "no shell is used"),
    old("PROFILING_ENABLED", "nothing is profiled"),
    old("DEBUG_MODE", "use DEBUG_LEVEL"),
    old("CURRENT_LOG_LEVEL", "use DEBUG_LEVEL"),
    old("SECURE_ACCOUNT", "secrets have their own keys, <KEY>_FILE and the credentials directory"),
    old("HOST_BACKUP_MODE", "SYSTEM_ROOT_PREFIX alone says it"),
    old("PBS_REPOSITORY", PBS_LOGIN),
    old("PBS_PASSWORD", PBS_LOGIN).secret(),
    old("PBS_FINGERPRINT", PBS_LOGIN),
    // Changes to content before packing.
    old("ENABLE_DEDUPLICATION", STREAM),
    old("ENABLE_PREFILTER", STREAM),
    old("ENABLE_PREFILTERING", STREAM),
    old("PREFILTER_MAX_FILE_SIZE_MB", STREAM),
    old("ENABLE_SMART_CHUNKING", STREAM),
    old("CHUNK_SIZE_MB", STREAM),
    old("CHUNK_THRESHOLD_MB", STREAM),
    // Colours.
    old("RED", COLORS),
    old("GREEN", COLORS),
    old("YELLOW", COLORS),
    old("BLUE", COLORS),
    old("PURPLE", COLORS),
    old("CYAN", COLORS),
    old("GRAY", COLORS),
    old("PINK", COLORS),
    old("BOLD", COLORS),
    old("RESET", COLORS),
    old("FORCE_COLORS", "use --color"),
    // Packages.
    old("AUTO_INSTALL_DEPENDENCIES", PACKAGES),
    old("INSTALL_PACKAGES", PACKAGES),
    old("ADDITIONAL_PACKAGES", PACKAGES),
    old("REQUIRED_PACKAGES", PACKAGES),
    old("OPTIONAL_PACKAGES", PACKAGES),
    // Scheduling.
    old("CRON_SCHEDULE", SCHEDULE),
    old("CRON_HOUR", SCHEDULE),
    old("CRON_MINUTE", SCHEDULE),
    old("SCHEDULER_MODE", SCHEDULE),
    old("SCHEDULER_TIME", SCHEDULE),
    old("DAEMON_OPT_OUT", SCHEDULE),
    old("HEALTHCHECK_HEARTBEAT_INTERVAL", SCHEDULE),
    old("HEALTHCHECK_UPDATE_INTERVAL", "apt updates this tool"),
    old("HEALTHCHECK_ALIVE_URL", SCHEDULE).secret(),
    old("HEALTHCHECK_ALIVE_ID", SCHEDULE).secret(),
    old("HEALTHCHECK_UPDATES_URL", "apt updates this tool").secret(),
    old("HEALTHCHECK_UPDATES_ID", "apt updates this tool").secret(),
    // Storage.
    old("SECONDARY_BACKUP_REQUIRED", "a failed second tier is always a warning"),
    old("CLOUD_BACKUP_REQUIRED", "a failed cloud tier is always a warning"),
    old("MULTI_STORAGE_PARALLEL", "the second and the cloud tier always run side by side"),
    old("CLOUD_PARALLEL_UPLOAD_TIMEOUT", "use RCLONE_TIMEOUT_OPERATION"),
    old("CLOUD_BACKUP_ENABLED", "use CLOUD_ENABLED"),
    old("CLOUD_LIST_TIMEOUT", LISTED),
    old("LOCAL_FIND_TIMEOUT", LISTED),
    old("PXAR_SCAN_DS_CONCURRENCY", "datastores are looked at one after another"),
    old("RCLONE_TIMEOUT_SHORT", "use RCLONE_TIMEOUT_CONNECTION"),
    old("RCLONE_TIMEOUT_MEDIUM", "use RCLONE_TIMEOUT_OPERATION"),
    old("RCLONE_TIMEOUT_LONG", "use RCLONE_TIMEOUT_OPERATION"),
    old("MAX_RETRY_ATTEMPTS", "use RCLONE_RETRIES"),
    old("RETRY_BASE_DELAY", "pauses between attempts are built in"),
    old("RETRY_MAX_DELAY", "pauses between attempts are built in"),
    // Verification.
    old("VERIFICATION_TIMEOUT", VERIFIED),
    old("EXTRACTION_TIMEOUT", VERIFIED),
    old("CONSISTENCY_TIMEOUT", VERIFIED),
    old("SAMPLE_SIZE", VERIFIED),
    old("EXPECTED_BACKUP_SIZE", INTERNAL),
    // Logs and metrics.
    old("ENABLE_LOG_MANAGEMENT", "logs are always kept, MAX_LOCAL_LOGS says how many"),
    old("ENABLE_EMOJI_LOG", "marks follow the terminal's character set"),
    old("LOG_BUFFER_SIZE", INTERNAL),
    old("METRICS_CLOUD_TIMEOUT", LISTED),
    old("METRICS_TAR_TIMEOUT", LISTED),
    old("METRICS_LOCK_TIMEOUT", LISTED),
    old("CHECK_ONLY_MODE", "use the command check"),
    old("DRY_RUN_MODE", "use DRY_RUN"),
    // Security.
    old("REMOVE_UNAUTHORIZED_FILES", "nothing that is not ours is ever removed"),
    old("SUSPICIOUS_DESTINATIONS", "only listening ports are looked at"),
    // Only in old documentation.
    old("BACKUP_SYSTEM_FILES", UNREAD),
    old("BACKUP_PACKAGE_LIST", "use BACKUP_INSTALLED_PACKAGES"),
    old("BACKUP_ZFS_INFO", "use BACKUP_ZFS_CONFIG"),
    old("BACKUP_CUSTOM_PATHS", "use CUSTOM_BACKUP_PATHS"),
    old("BACKUP_PVE_CLUSTER", "use BACKUP_CLUSTER_CONFIG"),
    old("BACKUP_PVE_NODES", UNREAD),
    old("BACKUP_PVE_STORAGE", UNREAD),
    old("BACKUP_PVE_USERS", "use BACKUP_PVE_ACL"),
    old("BACKUP_PVE_BACKUP_JOBS", "use BACKUP_PVE_JOBS"),
    old("BACKUP_PBS_CONFIG", UNREAD),
    old("BACKUP_PBS_DATASTORE", "use BACKUP_DATASTORE_CONFIGS"),
    old("BACKUP_PBS_JOBS", "use BACKUP_SYNC_JOBS, BACKUP_VERIFICATION_JOBS and BACKUP_PRUNE_SCHEDULES"),
    old("ENABLE_SECONDARY_STORAGE", "use SECONDARY_ENABLED"),
    old("ENABLE_CLOUD_STORAGE", "use CLOUD_ENABLED"),
    old("CLOUD_ONLY_ON_SUCCESS", "only verified backups are ever uploaded"),
    old("CLOUD_BANDWIDTH_LIMIT", "use RCLONE_BANDWIDTH_LIMIT"),
    old("RCLONE_CONFIG_PATH", "rclone finds its own configuration, or RCLONE_CONFIG in the environment"),
    old("ENABLE_SECURITY_CHECKS", "use SECURITY_CHECK_ENABLED"),
    old("CHECK_SCRIPT_INTEGRITY", "dpkg --verify tells"),
    old("VERIFY_BACKUP_INTEGRITY", VERIFIED),
    old("ENABLE_PROMETHEUS", "use METRICS_ENABLED"),
    old("ENABLE_PERFORMANCE_TRACKING", UNREAD),
    old("ENABLE_DETAILED_LOGGING", "use DEBUG_LEVEL"),
    old("BACKUP_BASE_PATH", "use BACKUP_PATH"),
    old("LOG_BASE_PATH", "use LOG_PATH"),
    old("ROOT_HOME_PATH", "root's home is /root"),
    old("TELEGRAM_ON_SUCCESS", "use NOTIFY_ON"),
    old("TELEGRAM_ON_ERROR", "use NOTIFY_ON"),
    old("EMAIL_TO", "use EMAIL_RECIPIENT"),
];
