//! Why a workflow ended without its result, what that means for the exit code, and what to do.

use super::{ExitCode, HookError, KeyError, Left, MigrateError, RecipientsError, SigningError};
use crate::apply::{ApplyError, Life};
use crate::archive::{ArchiveError, IdentityError, ReadError, SaltError, UnpackError};
use crate::bundle::{OpenError, SealError, SigningKeyError, VerifyError};
use crate::preflight::{PreflightError, SecurityError};
use crate::report::Ending;
use crate::retention::RetentionError;
use crate::storage::StorageError;
use crate::system::{Cancelled, FileError, Signal};

/// Why a workflow ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// `BACKUP_ENABLED=false`.
    #[error("nothing done: BACKUP_ENABLED is false")]
    Disabled,
    /// A backup of a running machine needs its root user.
    #[error("not root: most of what a backup holds can be read and put back by root only")]
    NotRoot,
    /// Only one run at a time changes what lasts.
    #[error("nothing done: another run is at work{}", .0.map(|pid| format!(" (PID {pid})")).unwrap_or_default())]
    Busy(Option<u32>),
    /// What is asked for is not there.
    #[error("{0}")]
    NotFound(String),
    /// The backup is there, what is asked for is not in it.
    #[error("{0}")]
    NotInside(String),
    /// A directory of backups was given for one of them.
    #[error(
        "{} is a directory: name a backup in it{}",
        directory.display(),
        newest.as_ref().map(|newest| format!(", such as {}", newest.display())).unwrap_or_default()
    )]
    IsDirectory {
        /// What was given.
        directory: std::path::PathBuf,
        /// The newest backup in it.
        newest: Option<std::path::PathBuf>,
    },
    /// No restore was done that could be taken back.
    #[error("{0}")]
    NoRestore(String),
    /// It is in the backup, but not whole.
    #[error("/{path} is not whole in {}: {why}", backup.display())]
    Lost {
        /// Name in the backup.
        path: String,
        /// Where it is not whole.
        backup: std::path::PathBuf,
        /// What is missing.
        why: String,
    },
    /// It cannot be trusted.
    #[error("nothing planned: {} is damaged: {problem}", backup.display())]
    Damaged {
        /// The file.
        backup: std::path::PathBuf,
        /// The first thing that is wrong.
        problem: String,
    },
    /// Encryption is asked for, and there is nobody to encrypt for.
    #[error("no backup made: {0}")]
    Recipients(#[from] RecipientsError),
    /// Signing is asked for, and there is nothing to sign with.
    #[error("signing key: {0}")]
    Signing(#[from] SigningError),
    /// What `--signer` names.
    #[error("--signer {0}: {1}")]
    Signer(String, SigningKeyError),
    /// A key was not made or proved.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A key that cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A salt that cannot be used.
    #[error("--salt: {0}")]
    Salt(#[from] SaltError),
    /// A check before the run.
    #[error("Pre-backup validation failed: {0}")]
    Preflight(#[from] PreflightError),
    /// Owners, modes, private keys where none belong.
    #[error("no backup made: {0}")]
    Security(#[from] SecurityError),
    /// `--if-changed`, and nothing has.
    #[error("no backup made: nothing has changed since {0}")]
    Unchanged(String),
    /// The cluster file system is not there.
    #[error("no backup made: /etc/pve/local does not exist, so the cluster file system is not mounted")]
    PmxcfsMissing,
    /// The cluster file system hangs.
    #[error("no backup made: /etc/pve does not answer: {0}")]
    PmxcfsSilent(String),
    /// The backup lies where it cannot be read in place.
    #[error("{id} lies in {place} alone")]
    Elsewhere {
        /// Which.
        id: String,
        /// Where.
        place: String,
    },
    /// A file of ours.
    #[error(transparent)]
    File(#[from] FileError),
    /// Writing the backup.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Storing or removing.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// No rule says what stays.
    #[error("nothing removed: {0}")]
    Retention(#[from] RetentionError),
    /// Opening a backup.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Reading an archive.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Unpacking.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// Verifying.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// A restore that did not come to its end.
    #[error("the restore ended: {why}; {}", how(left))]
    Restore {
        /// Why.
        why: Box<ApplyError>,
        /// How the machine is now.
        left: Left,
    },
    /// What the plan refuses is not done in part.
    #[error("nothing restored: {0}")]
    Refused(String),
    /// Another restore waits for its end.
    #[error("nothing restored: the restore {id} is {state}")]
    RestoreOpen {
        /// Which.
        id: String,
        /// In words.
        state: &'static str,
    },
    /// The machine is not what the plan was made for any more.
    #[error("nothing restored: the machine has changed since the plan was made")]
    PlanChanged,
    /// Taking a restore back, or what is known of it.
    #[error(transparent)]
    Apply(Box<ApplyError>),
    /// Taking over from an older tool, or giving back.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// A script that another program calls.
    #[error("{0}")]
    Hook(#[from] HookError),
    /// The run was asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A panic.
    #[error("internal error: {0}")]
    Internal(String),
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        Self::Apply(Box::new(error))
    }
}

impl Failure {
    /// The process' exit code.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Disabled | Self::Unchanged(_) => ExitCode::Skipped,
            Self::Preflight(_) | Self::Busy(_) | Self::RestoreOpen { .. } | Self::Refused(_) | Self::PlanChanged => {
                ExitCode::Preflight
            }
            Self::Security(_) => ExitCode::Security,
            Self::PmxcfsMissing | Self::PmxcfsSilent(_) => ExitCode::Collection,
            Self::Damaged { .. } => ExitCode::Verification,
            Self::File(error)
            | Self::Hook(HookError::File(error))
            | Self::Key(KeyError::File(error))
            | Self::Open(OpenError::File(error))
            | Self::Unpack(UnpackError::File(error))
            | Self::Verify(VerifyError::File(error)) => of_file(error),
            Self::NotFound(_)
            | Self::NotInside(_)
            | Self::IsDirectory { .. }
            | Self::NoRestore(_)
            | Self::Elsewhere { .. }
            | Self::NotRoot
            | Self::Hook(_) => ExitCode::Environment,
            Self::Recipients(_)
            | Self::Signing(_)
            | Self::Signer(..)
            | Self::Key(_)
            | Self::Identity(_)
            | Self::Salt(_)
            | Self::Open(OpenError::Encrypted(_) | OpenError::Age { .. }) => ExitCode::Encryption,
            Self::Seal(error) => of_seal(error),
            Self::Storage(StorageError::File(error)) if error.is_full() => ExitCode::DiskFull,
            Self::Open(OpenError::NotABackup { .. }) | Self::Read(_) | Self::Unpack(_) | Self::Lost { .. } => {
                ExitCode::Archive
            }
            Self::Verify(VerifyError::Cancelled(cancelled))
            | Self::Storage(StorageError::Cancelled(cancelled))
            | Self::Cancelled(cancelled) => of_signal(*cancelled),
            Self::Storage(_) => ExitCode::Storage,
            Self::Internal(_) => ExitCode::Internal,
            Self::Retention(_) => ExitCode::Usage,
            Self::Restore { why, .. } | Self::Apply(why) => of_apply(why),
            Self::Migrate(error) => error.exit_code(of_file),
        }
    }

    /// What it means for a run: some are no failure.
    pub fn ending(&self) -> Ending {
        let (reason, exit_code) = (self.to_string(), self.exit_code().number());
        match self.exit_code() {
            ExitCode::Skipped => Ending::Skipped { reason, exit_code },
            _ => Ending::Failed { reason, hint: self.hint().map(str::to_owned), exit_code },
        }
    }

    /// What the user can do, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Disabled => Some("set BACKUP_ENABLED=true to make backups again"),
            Self::Recipients(RecipientsError::None(_)) => {
                Some("`proxmox-backup key new` makes one; nothing is ever written in plain instead")
            }
            Self::Recipients(_) => Some("nothing is ever written in plain instead"),
            Self::Open(OpenError::Encrypted(_)) => {
                Some("give what opens it: --identity FILE, or --passphrase-file FILE; `-` reads standard input")
            }
            Self::Key(error) => error.hint(),
            Self::Migrate(error) => error.hint(),
            Self::Signing(error) => Some(error.hint()),
            Self::Signer(..) => Some("give ed25519:..., or the .pub file that `key new --signing` made"),
            Self::Preflight(error) => Some(error.hint()),
            Self::Security(error) => Some(error.hint()),
            Self::Hook(error) => error.hint(),
            Self::Busy(_) => Some("wait until it has ended; a lock ends with its process"),
            Self::PmxcfsMissing => Some("start it: systemctl start pve-cluster"),
            Self::PmxcfsSilent(_) => Some("restart it: systemctl restart pve-cluster"),
            Self::Unpack(error) if error.is_full() => {
                Some("what is unpacked so far stays; free some space and try again elsewhere")
            }
            Self::Seal(error) if error.is_full() => Some("free some space; the unfinished backup is already removed"),
            Self::Seal(SealError::ReadBack(_)) => Some("check the disk (smartctl -a, dmesg); the backup was not kept"),
            Self::Storage(error) => error.hint(),
            Self::NotRoot => Some("use sudo, or `--root DIR` for a tree you can read"),
            Self::Lost { .. } => Some("`proxmox-backup extract` unpacks what there is of it"),
            Self::Elsewhere { .. } => Some("`proxmox-backup fetch ID` brings it here"),
            Self::NoRestore(_) => Some("`proxmox-backup undo --list` shows what there is"),
            Self::NotFound(_) => Some("`proxmox-backup list` shows what there is, a file is named by its path"),
            Self::NotInside(_) => Some("`proxmox-backup ls ID` lists what is in it"),
            Self::IsDirectory { .. } => {
                Some("`PROXMOX_BACKUP_BACKUP_PATH=DIRECTORY proxmox-backup list` lists such a directory")
            }
            Self::Restore { left: Left::Halfway { .. }, .. } => Some("`proxmox-backup undo` tries again"),
            Self::Restore { left: Left::TakenBack { issues: 1.. }, .. } => {
                Some("the warnings above say what does not; for services `journalctl -u NAME` says why")
            }
            Self::RestoreOpen { state, .. } if *state == Life::Unconfirmed.as_str() => {
                Some("`proxmox-backup restore confirm` keeps its network, `proxmox-backup undo` takes it back")
            }
            Self::RestoreOpen { .. } => Some("`proxmox-backup undo` puts everything back as it was before it"),
            Self::Refused(_) => Some("`restore --plan` says what to do instead"),
            Self::PlanChanged => Some("look at the new plan, and try again"),
            Self::Internal(_) => Some("this is a bug: please report it, with the log"),
            _ if self.exit_code() == ExitCode::Late => {
                Some("raise MAX_RUN_DURATION, or see which step of the log takes so long")
            }
            Self::Damaged { .. } => Some("`verify` names everything that is wrong; take another backup"),
            _ => None,
        }
    }
}

fn of_file(error: &FileError) -> ExitCode {
    match error {
        _ if error.is_full() => ExitCode::DiskFull,
        _ if error.is_denied() => ExitCode::Permission,
        _ if error.is_absent() => ExitCode::Environment,
        _ => ExitCode::Archive,
    }
}

fn of_apply(error: &ApplyError) -> ExitCode {
    match error {
        _ if error.is_full() => ExitCode::DiskFull,
        ApplyError::File(error) => of_file(error),
        ApplyError::Read(_) | ApplyError::Unpack(_) => ExitCode::Archive,
        ApplyError::Differs { .. } => ExitCode::Verification,
        ApplyError::NoQuorum(_) | ApplyError::Space { .. } => ExitCode::Preflight,
        ApplyError::Command(_) | ApplyError::Late { .. } | ApplyError::Record { .. } => ExitCode::Environment,
        ApplyError::Network { .. } => ExitCode::Network,
        ApplyError::Cancelled(cancelled) => of_signal(*cancelled),
    }
}

/// What became of the machine, in words.
fn how(left: &Left) -> String {
    match left {
        Left::Untouched => "nothing had changed".to_owned(),
        Left::TakenBack { issues: 0 } => "everything is as it was before".to_owned(),
        Left::TakenBack { .. } => "what it had changed was put back, but not everything works again".to_owned(),
        Left::Halfway { id, why } => format!("the restore {id} could not be taken back: {why}"),
    }
}

fn of_seal(error: &SealError) -> ExitCode {
    match error {
        _ if error.is_full() => ExitCode::DiskFull,
        SealError::File(_) => ExitCode::Storage,
        SealError::Archive(ArchiveError::Check(_)) | SealError::ReadBack(_) => ExitCode::Verification,
        SealError::Archive(ArchiveError::Compress(_)) => ExitCode::Compression,
        SealError::Archive(ArchiveError::Encrypt(_)) => ExitCode::Encryption,
        SealError::Archive(ArchiveError::Write(_)) | SealError::Manifest(_) | SealError::Index(_) => ExitCode::Archive,
    }
}

fn of_signal(cancelled: Cancelled) -> ExitCode {
    match cancelled.0 {
        Signal::Interrupt => ExitCode::Interrupted,
        Signal::Terminate => ExitCode::Terminated,
        Signal::Late => ExitCode::Late,
    }
}
