//! Checked values → what is set about tiers and retention. Nothing can go wrong here.

use std::time::Duration;

use super::check::Checked;
use super::tiers::{Cloud, CloudCheck, CloudProof, Gfs, Kept, Owner, Policy, Retention, Secondary};
use crate::units::ByteSize;

/// The classes of grandfather, father and son, as the names of keys have them.
const CLASSES: [&str; 5] = ["LAST", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"];

/// The second directory, where it is asked for.
pub(super) fn secondary(checked: &Checked) -> Option<Secondary> {
    let backups = checked.path("SECONDARY_PATH").filter(|_| checked.bool("SECONDARY_ENABLED"))?;
    Some(Secondary {
        backups,
        logs: checked.path("SECONDARY_LOG_PATH"),
        min_free: checked.bytes("MIN_DISK_SPACE_SECONDARY_GB"),
        full_percent: percent(checked, "STORAGE_WARNING_THRESHOLD_SECONDARY"),
    })
}

/// The cloud, where it is asked for.
pub(super) fn cloud(checked: &Checked) -> Option<Cloud> {
    let remote = checked.text("CLOUD_REMOTE");
    if remote.is_empty() || !checked.bool("CLOUD_ENABLED") {
        return None;
    }
    let is_parallel = checked.word("CLOUD_UPLOAD_MODE") == "parallel";
    Some(Cloud {
        remote,
        path: checked.text("CLOUD_REMOTE_PATH"),
        logs: checked.text("CLOUD_LOG_PATH"),
        min_free: Some("MIN_DISK_SPACE_CLOUD_GB")
            .filter(|key| checked.is_given(key))
            .map_or(ByteSize(0), |key| checked.bytes(key)),
        uploads: if is_parallel { count(checked, "CLOUD_PARALLEL_MAX_JOBS").max(1) as usize } else { 1 },
        tries_to_write: checked.bool("CLOUD_WRITE_HEALTHCHECK"),
        check: CloudCheck {
            proof: match (checked.bool("CLOUD_VERIFY_CHECKSUM"), checked.bool("CLOUD_VERIFY_DOWNLOAD")) {
                (false, _) => CloudProof::Size,
                (true, false) => CloudProof::Digest,
                (true, true) => CloudProof::DigestOrDownload,
            },
            checks_side_files: checked.bool("CLOUD_PARALLEL_VERIFICATION"),
            lists_directory: checked.word("RCLONE_VERIFY_METHOD") == "alternative",
        },
        batch_size: count(checked, "CLOUD_BATCH_SIZE").max(1) as usize,
        batch_pause: checked.duration("CLOUD_BATCH_PAUSE"),
        connection_limit: checked.duration("RCLONE_TIMEOUT_CONNECTION"),
        operation_limit: Some(checked.duration("RCLONE_TIMEOUT_OPERATION")).filter(|limit| *limit > Duration::ZERO),
        bandwidth: Some(checked.text("RCLONE_BANDWIDTH_LIMIT")).filter(|limit| !limit.is_empty()),
        transfers: count(checked, "RCLONE_TRANSFERS"),
        retries: count(checked, "RCLONE_RETRIES"),
        flags: checked.text("RCLONE_FLAGS").split_whitespace().map(str::to_owned).collect(),
    })
}

/// What each tier keeps.
pub(super) fn retention(checked: &Checked) -> Retention {
    Retention { local: kept(checked, "LOCAL"), secondary: kept(checked, "SECONDARY"), cloud: kept(checked, "CLOUD") }
}

/// Who gets backups and logs, where that is asked for.
pub(super) fn owner(checked: &Checked) -> Option<Owner> {
    let user = checked.text("BACKUP_USER");
    let group = Some(checked.text("BACKUP_GROUP")).filter(|group| !group.is_empty());
    (checked.bool("SET_BACKUP_PERMISSIONS") && !user.is_empty()).then_some(Owner { user, group })
}

/// The tiers in use whose policy is the calendar's without a single place: no backup would stay.
pub(super) fn keeping_nothing(checked: &Checked) -> Vec<String> {
    let keeps_nothing = |tier: &&str| kept(checked, tier).policy == Policy::Gfs(Gfs::default());
    tiers_in_use(checked).into_iter().filter(keeps_nothing).map(str::to_lowercase).collect()
}

/// Numbers that somebody gave and that count nowhere, with the policy that is in force instead.
pub(super) fn of_the_other_policy(checked: &Checked) -> Vec<(String, &'static str)> {
    let tiers = tiers_in_use(checked);
    let is_simple = |tier: &str| matches!(kept(checked, tier).policy, Policy::Simple { .. });
    let mut names = Vec::new();
    for tier in &tiers {
        if is_simple(tier) {
            names.extend(CLASSES.map(|class| (format!("{tier}_RETENTION_{class}"), "simple")));
        } else {
            names.push((format!("MAX_{tier}_BACKUPS"), "gfs"));
        }
    }
    if tiers.iter().all(|tier| is_simple(tier)) {
        names.extend(CLASSES.map(|class| (format!("RETENTION_{class}"), "simple")));
    }
    if !tiers.iter().any(|tier| is_simple(tier)) {
        names.push(("MAX_AGE_DAYS".to_owned(), "gfs"));
    }
    names.retain(|(name, _)| checked.is_given(name) && count(checked, name) > 0);
    names
}

/// As the names of keys have them.
fn tiers_in_use(checked: &Checked) -> Vec<&'static str> {
    let others = [("SECONDARY", secondary(checked).is_some()), ("CLOUD", cloud(checked).is_some())];
    let others = others.into_iter().filter(|(_, is_used)| *is_used).map(|(tier, _)| tier);
    std::iter::once("LOCAL").chain(others).collect()
}

fn kept(checked: &Checked, tier: &str) -> Kept {
    let gfs = gfs(checked, tier);
    // The older tools' files hold the classes of the calendar beside `RETENTION_POLICY=simple`.
    let is_simple = checked.is_given("RETENTION_POLICY") && checked.word("RETENTION_POLICY") == "simple";
    let is_gfs = checked.word("RETENTION_POLICY") == "gfs" || (gfs != Gfs::default() && !is_simple);
    let policy = if is_gfs {
        Policy::Gfs(gfs)
    } else {
        Policy::Simple {
            newest: count(checked, &format!("MAX_{tier}_BACKUPS")),
            max_age_days: count(checked, "MAX_AGE_DAYS"),
        }
    };
    Kept { policy, logs: count(checked, &format!("MAX_{tier}_LOGS")) }
}

fn gfs(checked: &Checked, tier: &str) -> Gfs {
    let class = |class: &str| {
        let own = format!("{tier}_RETENTION_{class}");
        count(checked, if checked.is_given(&own) { own } else { format!("RETENTION_{class}") }.as_str())
    };
    let [last, daily, weekly, monthly, yearly] = CLASSES.map(class);
    Gfs { last, daily, weekly, monthly, yearly }
}

/// A threshold in percent.
pub(super) fn percent(checked: &Checked, name: &str) -> u64 {
    u64::from(count(checked, name))
}

fn count(checked: &Checked, name: &str) -> u32 {
    checked.number(name).and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
}
