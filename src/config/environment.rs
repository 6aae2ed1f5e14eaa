//! Settings from the environment.

use std::collections::BTreeMap;

use super::keys;
use super::value::bool;
use super::{Origin, Setting};

/// Before a key's name, for every key.
pub(super) const PREFIX: &str = "PROXMOX_BACKUP_";

/// Names that count without the prefix, as the Go tool documented; `*` at the end stands for anything.
const BARE: &[&str] = &[
    "BACKUP_ENABLED",
    "DRY_RUN",
    "DEBUG_LEVEL",
    "USE_COLOR",
    "COLORIZE_STEP_LOGS",
    "COMPRESSION_*",
    "BACKUP_PATH",
    "LOG_PATH",
    "LOCK_PATH",
    "SECONDARY_ENABLED",
    "SECONDARY_PATH",
    "SECONDARY_LOG_PATH",
    "CLOUD_ENABLED",
    "CLOUD_REMOTE",
    "CLOUD_REMOTE_PATH",
    "CLOUD_LOG_PATH",
    "CLOUD_UPLOAD_MODE",
    "CLOUD_PARALLEL_MAX_JOBS",
    "CLOUD_PARALLEL_VERIFICATION",
    "CLOUD_WRITE_HEALTHCHECK",
    "CLOUD_BATCH_*",
    "RCLONE_TIMEOUT_CONNECTION",
    "RCLONE_TIMEOUT_OPERATION",
    "RCLONE_BANDWIDTH_LIMIT",
    "RCLONE_TRANSFERS",
    "RCLONE_RETRIES",
    "RCLONE_VERIFY_METHOD",
    "RCLONE_FLAGS",
    "MAX_LOCAL_BACKUPS",
    "MAX_SECONDARY_BACKUPS",
    "MAX_CLOUD_BACKUPS",
    "RETENTION_DAILY",
    "RETENTION_WEEKLY",
    "RETENTION_MONTHLY",
    "RETENTION_YEARLY",
    "BUNDLE_ASSOCIATED_FILES",
    "ENCRYPT_ARCHIVE",
    "AGE_RECIPIENT",
    "AGE_RECIPIENT_FILE",
    "TELEGRAM_*",
    "EMAIL_*",
    "GOTIFY_*",
    "WEBHOOK_ENABLED",
    "WEBHOOK_ENDPOINTS",
    "WEBHOOK_FORMAT",
    "WEBHOOK_TIMEOUT",
    "WEBHOOK_MAX_RETRIES",
    "WEBHOOK_RETRY_DELAY",
    "METRICS_ENABLED",
    "METRICS_PATH",
    "SECURITY_CHECK_ENABLED",
    "AUTO_UPDATE_HASHES",
    "AUTO_FIX_PERMISSIONS",
    "CONTINUE_ON_SECURITY_ISSUES",
    "CHECK_*",
    "SUSPICIOUS_*",
    "PORT_WHITELIST",
    "SAFE_*",
    "MIN_DISK_SPACE_*",
    "DISABLE_NETWORK_PREFLIGHT",
    "BACKUP_EXCLUDE_PATTERNS",
    "SKIP_PERMISSION_CHECK",
    "BACKUP_CONFIG_FILE",
    "BACKUP_USER",
    "BACKUP_GROUP",
    "SET_BACKUP_PERMISSIONS",
];

/// What the environment says about our keys. Empty variables say nothing.
pub(super) fn settings(environment: &BTreeMap<String, String>) -> Vec<Setting> {
    let said = environment.iter().filter(|(_, value)| !value.is_empty());
    said.filter_map(|(name, value)| {
        let key = match name.strip_prefix(PREFIX) {
            Some(key) => key,
            // A bare name is anybody's: only ours when the table has it, never an unknown key.
            None if is_bare(name) && keys::find(name).is_some_and(|key| key.name == name) => name,
            None => return None,
        };
        let origin = Origin::Environment(name.clone());
        Some(Setting { key: key.to_ascii_uppercase(), value: value.clone(), origin })
    })
    .collect()
}

/// Whether it asks for a dry run: all that is known of that where the settings cannot be used.
pub fn asks_for_dry_run(environment: &BTreeMap<String, String>) -> bool {
    let said = [PREFIX, ""].iter().find_map(|prefix| environment.get(&format!("{prefix}DRY_RUN")));
    said.is_some_and(|value| bool(value) == Ok(true))
}

fn is_bare(name: &str) -> bool {
    BARE.iter().any(|known| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => *known == name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_reaches_every_key_and_bare_names_only_the_documented_ones() {
        let environment = BTreeMap::from(
            [
                ("PROXMOX_BACKUP_BACKUP_VM_CONFIGS", "no"),
                ("PROXMOX_BACKUP_TYPO", "x"),
                ("LOG_PATH", "/l"),
                ("BACKUP_VM_CONFIGS", "no"),
                ("EMAIL_SIGNATURE", "me"),
                ("BACKUP_PATH", ""),
                ("RED", "x"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let keys: Vec<String> = settings(&environment).into_iter().map(|setting| setting.key).collect();
        assert_eq!(keys, ["LOG_PATH", "BACKUP_VM_CONFIGS", "TYPO"]);
    }

    #[test]
    fn every_bare_name_is_a_key() {
        for name in BARE.iter().filter(|name| !name.ends_with('*')) {
            assert!(keys::find(name).is_some_and(|key| key.name == *name), "{name}");
        }
    }
}
