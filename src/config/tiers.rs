//! Settings of the tiers beside the local one, and of what each tier keeps.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::mask;
use crate::units::ByteSize;

/// A second directory, on a mounted disk or share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secondary {
    /// `SECONDARY_PATH`.
    pub backups: PathBuf,
    /// `SECONDARY_LOG_PATH`; `None` = logs are not copied.
    pub logs: Option<PathBuf>,
    /// `MIN_DISK_SPACE_SECONDARY_GB`.
    pub min_free: ByteSize,
    /// `STORAGE_WARNING_THRESHOLD_SECONDARY`: percent used that is a warning.
    pub full_percent: u64,
}

/// A remote of rclone, or a directory where one is mounted.
#[derive(Clone, PartialEq, Eq)]
pub struct Cloud {
    /// `CLOUD_REMOTE`: `name`, `name:path`, or an absolute path.
    pub remote: String,
    /// `CLOUD_REMOTE_PATH`: appended to it.
    pub path: String,
    /// `CLOUD_LOG_PATH`: a path in the same remote, or `name:path`; empty = logs are not copied.
    pub logs: String,
    /// `MIN_DISK_SPACE_CLOUD_GB`; zero where nobody says it, because asking costs a call.
    pub min_free: ByteSize,
    /// How many side files are uploaded side by side: `CLOUD_UPLOAD_MODE` and `CLOUD_PARALLEL_MAX_JOBS`.
    pub uploads: usize,
    /// `CLOUD_WRITE_HEALTHCHECK`.
    pub tries_to_write: bool,
    /// How a copy is checked.
    pub check: CloudCheck,
    /// `CLOUD_BATCH_SIZE`: deletions per call.
    pub batch_size: usize,
    /// `CLOUD_BATCH_PAUSE`.
    pub batch_pause: Duration,
    /// `RCLONE_TIMEOUT_CONNECTION`.
    pub connection_limit: Duration,
    /// `RCLONE_TIMEOUT_OPERATION`; `None` = no limit.
    pub operation_limit: Option<Duration>,
    /// `RCLONE_BANDWIDTH_LIMIT`; `None` = none.
    pub bandwidth: Option<String>,
    /// `RCLONE_TRANSFERS`.
    pub transfers: u32,
    /// `RCLONE_RETRIES`: attempts after a failed one.
    pub retries: u32,
    /// `RCLONE_FLAGS`, one argument each.
    pub flags: Vec<String>,
}

impl fmt::Debug for Cloud {
    /// Secrets may stand among the flags.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloud")
            .field("remote", &mask::remote(&self.remote))
            .field("path", &self.path)
            .field("logs", &mask::remote(&self.logs))
            .field("flags", &mask::flags(self.flags.iter().map(String::as_str)))
            .finish_non_exhaustive()
    }
}

/// How the copy in the cloud is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloudCheck {
    /// `CLOUD_VERIFY_CHECKSUM` and `CLOUD_VERIFY_DOWNLOAD`.
    pub proof: CloudProof,
    /// `CLOUD_PARALLEL_VERIFICATION`: side files too.
    pub checks_side_files: bool,
    /// `RCLONE_VERIFY_METHOD=alternative`: looked up by listing the directory, for remotes that cannot look up one file.
    pub lists_directory: bool,
}

/// What shows that the copy in the cloud is the backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloudProof {
    /// Its size.
    Size,
    /// Its digest as the remote tells it; its size where the remote tells none that fits.
    Digest,
    /// Its digest; read back where the remote tells none.
    DigestOrDownload,
}

/// What the tiers keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Of the local tier.
    pub local: Kept,
    /// Of the secondary tier.
    pub secondary: Kept,
    /// Of the cloud tier.
    pub cloud: Kept,
}

/// What one tier keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Which backups.
    pub policy: Policy,
    /// `MAX_*_LOGS`: the newest so many; 0 = all.
    pub logs: u32,
}

/// Which backups stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// By number and age.
    Simple {
        /// `MAX_*_BACKUPS`: the newest so many; 0 = all.
        newest: u32,
        /// `MAX_AGE_DAYS`: older ones go as well; 0 = whatever their age.
        max_age_days: u32,
    },
    /// By the calendar.
    Gfs(Gfs),
}

/// Grandfather, father and son: how many periods of each class keep their newest backup; 0 = none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gfs {
    /// Newest backups kept in any case.
    pub last: u32,
    /// Days.
    pub daily: u32,
    /// ISO weeks.
    pub weekly: u32,
    /// Months.
    pub monthly: u32,
    /// Years.
    pub yearly: u32,
}

/// Who gets the backups and logs: `SET_BACKUP_PERMISSIONS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `BACKUP_USER`.
    pub user: String,
    /// `BACKUP_GROUP`; `None` = the user's own.
    pub group: Option<String>,
}
