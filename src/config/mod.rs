//! The settings of a run: checked, in sections. Sections have data, no behaviour.
//!
//! [`load`] is the way in: `find` (which file, and may it be believed), `parse` or `yaml` (text → lines
//! of key and value), `expand` (variables filled in), `environment` and `secrets` (the other sources),
//! `check` (one value per key, or *all* mistakes at once), `build` (values → [`Config`]). All follow
//! the table in `keys`; only the parsers and `expand` know the form of the file. [`convert()`] writes
//! either form from the other (`comments`, `render`).

mod body_template;
mod build;
mod build_mail;
mod build_notify;
mod build_tiers;
mod check;
mod codec;
mod comments;
mod convert;
mod environment;
mod expand;
mod find;
mod finding;
mod format;
mod keys;
mod load;
mod mask;
mod nearest;
mod notify;
mod origin;
mod parse;
mod render;
mod secrets;
mod takeover;
mod template;
mod tiers;
mod value;
mod yaml;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::units::ByteSize;

pub use body_template::{Blank, Template};
pub use build_mail::is_address;
pub use check::{NOT_OURS, Shown};
pub use codec::{DEFAULT_CODEC, UnknownCodec, default_level, level_range};
pub use convert::{Converted, convert};
pub use environment::asks_for_dry_run;
pub use find::PLACES;
pub use finding::{Finding, Weight};
pub use format::Format;
pub use keys::{Key, Kind, Secrecy, Section, Status, all as keys};
pub use load::{ConfigError, Loaded, Source, load};
pub use notify::{
    Bot, Central, Check, Confirm, Gotify, Login, Mail, MailWay, Notify, NotifyOn, Ping, Relay, Smtp, Telegram, Webhook,
    WebhookFormat,
};
pub use origin::Origin;
use origin::Setting;
pub use takeover::{LeftOut, TakenOver, said_otherwise, says_nothing, take_over};
pub use template::{configuration_markdown, shipped_file};
pub use tiers::{Cloud, CloudCheck, CloudProof, Gfs, Kept, Owner, Policy, Retention, Secondary};
pub use value::span_of_time;

/// All settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Switches of the run itself.
    pub run: Run,
    /// Places of the local tier.
    pub local: Local,
    /// What to collect.
    pub collect: Collect,
    /// How to compress and pack.
    pub archive: Archive,
    /// Whether and for whom to encrypt.
    pub encryption: Encryption,
    /// What is tried out before a backup counts.
    pub verification: Verification,
    /// The second directory, where there is one.
    pub secondary: Option<Secondary>,
    /// The cloud, where there is one.
    pub cloud: Option<Cloud>,
    /// Who gets backups and logs; `None` = they stay root's.
    pub owner: Option<Owner>,
    /// What the tiers keep.
    pub retention: Retention,
    /// Checks of owners and modes before a run.
    pub security: Security,
    /// `METRICS_PATH`: the directory of the metrics file; `None` = there is none.
    pub metrics: Option<PathBuf>,
    /// Who is told about a run.
    pub notify: Notify,
}

/// Switches of the run itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// `BACKUP_ENABLED`: false ends the run with exit code 16.
    pub is_enabled: bool,
    /// `DRY_RUN`.
    pub is_dry_run: bool,
    /// `DEBUG_LEVEL`, 0 (nothing) to 5 (debug).
    pub log_level: u8,
    /// `USE_COLOR` and `COLORIZE_STEP_LOGS`.
    pub colors: Colors,
    /// `SYSTEM_ROOT_PREFIX`: collect from another machine's disk.
    pub root: Option<PathBuf>,
    /// `MAX_RUN_DURATION`; `None` = no limit.
    pub longest: Option<Duration>,
    /// `KEEP_WORKSPACE`; false wherever archives are encrypted.
    pub keeps_workspace: bool,
}

/// How much colour a terminal gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colors {
    /// None.
    Off,
    /// Levels only.
    Levels,
    /// Levels, and the `Step N/8` lines in blue.
    LevelsAndSteps,
}

/// Places of the local tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// `BACKUP_PATH`.
    pub backups: PathBuf,
    /// `LOG_PATH`.
    pub logs: PathBuf,
    /// `LOCK_PATH`: the directory that holds the lock file.
    pub lock_dir: PathBuf,
    /// Whether `BACKUP_PATH` was configured: then a directory that cannot be made is the user's error.
    pub is_configured: bool,
    /// `MIN_DISK_SPACE_PRIMARY_GB`.
    pub min_free: ByteSize,
    /// `STORAGE_WARNING_THRESHOLD_PRIMARY`: percent used that is a warning.
    pub full_percent: u64,
    /// `SKIP_PERMISSION_CHECK`.
    pub skip_permission_check: bool,
    /// `FS_IO_TIMEOUT`: how long one file-system call may take.
    pub io_limit: Duration,
}

/// What to collect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collect {
    /// Recipe switches by canonical key; only those whose value differs from the default need be here.
    pub switches: BTreeMap<String, bool>,
    /// `CUSTOM_BACKUP_PATHS`: files, directories, globs.
    pub custom_paths: Vec<String>,
    /// `BACKUP_BLACKLIST` and `BACKUP_EXCLUDE_PATTERNS`, in this order.
    pub excludes: Vec<String>,
    /// Places that replace a recipe's usual one: `/etc/pve` → `PVE_CONFIG_PATH` and so on, where they differ.
    pub moved: BTreeMap<String, PathBuf>,
    /// How many commands run at a time.
    pub command_workers: usize,
    /// `PVESH_TIMEOUT` and the like: program → limit that replaces the recipe's.
    pub command_limits: BTreeMap<String, Duration>,
    /// Our own places, never collected: tiers, logs, workspace.
    pub own_places: Vec<PathBuf>,
    /// Which backups of guests are copied along.
    pub samples: Samples,
}

/// Which backups of guests are copied along, and where datastores are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// `MAX_PVE_BACKUP_SIZE`.
    pub largest_backup: ByteSize,
    /// `PVE_BACKUP_INCLUDE_PATTERN`: backups with this in their path, whatever their size; empty = none.
    pub named_backups: String,
    /// `MAX_PXAR_SIZE`.
    pub largest_pxar: ByteSize,
    /// `PXAR_FILE_INCLUDE_PATTERN`; empty = all.
    pub pxar_include: Vec<String>,
    /// `PXAR_FILE_EXCLUDE_PATTERN`.
    pub pxar_exclude: Vec<String>,
    /// `PBS_DATASTORE_PATH`: directories of datastores besides the configured ones.
    pub datastores: Vec<PathBuf>,
    /// `AUTO_DETECT_DATASTORES` is off: configured datastores are not looked at.
    pub only_named_datastores: bool,
}

/// How to compress and pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// `COMPRESSION_TYPE`.
    pub codec: Codec,
    /// `COMPRESSION_LEVEL` as configured; the codec's default when not.
    pub level: u8,
    /// `COMPRESSION_MODE`.
    pub mode: Mode,
    /// `COMPRESSION_THREADS`; 0 = all processors this process may use.
    pub threads: usize,
    /// `BUNDLE_ASSOCIATED_FILES`.
    pub bundle: bool,
}

/// Compression formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Plain tar.
    None,
    /// gzip, one thread.
    Gzip,
    /// gzip, parallel blocks.
    Pigz,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// The legacy `.lzma` container.
    Lzma,
    /// Zstandard.
    Zstd,
}

/// What the level means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Level 1.
    Fast,
    /// The configured level.
    Standard,
    /// 9, for zstd 19; xz and lzma with the extreme flag.
    Maximum,
    /// 9, for zstd 22; xz and lzma with the extreme flag.
    Ultra,
}

/// Whether and for whom to encrypt, and with what to sign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encryption {
    /// `ENCRYPT_ARCHIVE`.
    pub is_on: bool,
    /// `AGE_RECIPIENT`.
    pub recipients: Vec<String>,
    /// `AGE_RECIPIENT_FILE`.
    pub recipients_file: PathBuf,
    /// `SIGN_KEY`: the file with the private key; `None` = manifests are not signed.
    pub sign_key: Option<PathBuf>,
}

/// What is tried out before a backup counts, besides what always is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verification {
    /// `VERIFY_DRILL`: whether it would bring the host back.
    pub drills: bool,
}

/// Checks of owners and modes before a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    /// `SECURITY_CHECK_ENABLED`.
    pub is_on: bool,
    /// `AUTO_FIX_PERMISSIONS`: our own places are repaired.
    pub repairs: bool,
    /// `CONTINUE_ON_SECURITY_ISSUES`: what is left is a warning instead of the end of the run.
    pub continues: bool,
    /// `AUTO_UPDATE_HASHES`.
    pub changed_program: ChangedProgram,
    /// What is looked at besides.
    pub audits: Audits,
}

/// What becomes of a program that is of no package and has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangedProgram {
    /// It is the one to compare with from now on.
    Accepted,
    /// It is a finding.
    Refused,
}

/// Looks at what goes on on the machine; all of them are off where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audits {
    /// `CHECK_FIREWALL`.
    pub checks_firewall: bool,
    /// `CHECK_OPEN_PORTS`.
    pub ports: Option<PortAudit>,
    /// `CHECK_PROCESSES`.
    pub processes: Option<ProcessAudit>,
    /// `ABORT_ON_SECURITY_ISSUES=true`: a finding ends the run instead of being a warning.
    pub end_runs: bool,
}

impl Audits {
    /// Whether anything is to be looked at.
    pub fn are_asked_for(&self) -> bool {
        self.checks_firewall || self.ports.is_some() || self.processes.is_some()
    }
}

/// Which listening sockets are a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortAudit {
    /// `SUSPICIOUS_PORTS`.
    pub suspicious: Vec<u16>,
    /// `PORT_WHITELIST`: `program:port` that is none.
    pub whitelist: Vec<String>,
}

/// Which processes are a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessAudit {
    /// `SUSPICIOUS_PROCESSES`.
    pub suspicious: Vec<String>,
    /// `SAFE_PROCESSES`: not suspicious after all.
    pub safe: Vec<String>,
    /// `SAFE_BRACKET_PROCESSES`: names in brackets that are no disguise.
    pub safe_brackets: Vec<String>,
    /// `SAFE_KERNEL_PROCESSES`: the same for processes without a program.
    pub safe_kernel: Vec<String>,
}

impl Mode {
    /// The name in configuration and manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Standard => "standard",
            Self::Maximum => "maximum",
            Self::Ultra => "ultra",
        }
    }
}
