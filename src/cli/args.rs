//! The command line as data. Help, man pages and completions are made from it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::global::Global;
use super::keys::KeyArgs;
use super::signer::SignerArgs;
use crate::storage::Tier;

/// The argument that names a backup, in every command: completions offer IDs for it.
pub(super) const BACKUP: &str = "backup";
/// The second one, of `diff`.
pub(super) const OTHER_BACKUP: &str = "other_backup";

/// Whether the argument of this name does.
pub(super) fn names_backup(argument: &str) -> bool {
    [BACKUP, OTHER_BACKUP].contains(&argument)
}

/// Saves the host configuration of Proxmox VE and Proxmox Backup Server, and gets it back.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that somebody's cron line has")]
#[derive(Debug, Parser)]
#[command(
    name = "proxmox-backup",
    version,
    max_term_width = 100,
    after_help = super::help::top(),
    long_about = "Saves the host configuration of Proxmox VE and Proxmox Backup Server, and gets it back.\n\n\
        Without a command it makes a backup."
)]
pub(super) struct Cli {
    /// Options of `backup`, which is what happens without a command; before those with a heading.
    #[command(flatten)]
    pub backup: BackupArgs,
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// The older spelling of `check`.
    #[arg(long, hide = true)]
    pub check: bool,
    /// The older spelling of `decrypt`.
    #[arg(long, hide = true)]
    pub decrypt: bool,
    /// The older spelling of `restore`.
    #[arg(long, hide = true)]
    pub restore: bool,
    /// The older spelling of `key new`.
    #[arg(long, hide = true)]
    pub newkey: bool,
    /// The older spelling of `backup`.
    #[arg(long = "backup", hide = true)]
    pub backup_flag: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a backup (what happens without a command)
    #[command(after_help = super::help::BACKUP)]
    Backup(BackupArgs),
    /// Check configuration, host and pre-checks; change nothing
    #[command(after_help = super::help::CHECK)]
    Check,
    /// List the backups
    #[command(after_help = super::help::LIST)]
    List {
        /// Those of other hosts too
        #[arg(long)]
        all_hosts: bool,
        /// Look at this tier alone: local, secondary, cloud; may be given again
        #[arg(long, value_name = "TIER", hide_possible_values = true)]
        tier: Vec<TierName>,
    },
    /// Copy a backup back from the secondary or the cloud tier
    #[command(after_help = super::help::FETCH)]
    Fetch {
        /// `latest`, an ID from `list` (its end is enough)
        #[arg(id = BACKUP, value_name = "ID")]
        id: String,
        /// From this tier: secondary, cloud; without it the first that has the backup
        #[arg(long, value_name = "TIER", hide_possible_values = true)]
        from: Option<TierName>,
        /// Into this directory instead of the usual one; made if it is not there
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
    /// Show what a backup is: its manifest
    #[command(after_help = super::help::SHOW)]
    Show {
        /// `latest`, an ID from `list` (its end is enough), or a file
        #[arg(id = BACKUP, value_name = "ID")]
        id: String,
    },
    /// List what is in a backup
    #[command(after_help = super::help::LS)]
    Ls {
        /// `latest`, an ID from `list` (its end is enough), or a file
        #[arg(id = BACKUP, value_name = "ID")]
        id: String,
        /// Only this path and what lies below it; `*` and `**` as in a shell
        path: Option<String>,
        /// What opens it.
        #[command(flatten)]
        keys: KeyArgs,
    },
    /// Print a file of a backup
    #[command(after_help = super::help::CAT)]
    Cat {
        /// `latest`, an ID from `list` (its end is enough), or a file
        #[arg(id = BACKUP, value_name = "ID")]
        id: String,
        /// Path on the host; symbolic links inside the backup are followed
        path: String,
        /// What opens it.
        #[command(flatten)]
        keys: KeyArgs,
    },
    /// Unpack files of a backup into a directory
    #[command(after_help = super::help::EXTRACT)]
    Extract {
        /// `latest`, an ID from `list` (its end is enough), or a file
        #[arg(id = BACKUP, value_name = "ID")]
        id: String,
        /// Paths on the host, with everything below them; `*` and `**` as in a shell; none = everything
        paths: Vec<String>,
        /// Where to; made if it is not there
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// What opens it.
        #[command(flatten)]
        keys: KeyArgs,
    },
    /// Write a decrypted copy of a backup; without arguments as a dialogue
    #[command(after_help = super::help::DECRYPT)]
    Decrypt {
        /// `latest`, an ID from `list` (its end is enough), or a file
        #[arg(id = BACKUP, value_name = "ID")]
        id: Option<String>,
        /// Where to; made if it is not there [default: ./restore]
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
        /// What opens it.
        #[command(flatten)]
        keys: KeyArgs,
    },
    /// Show what differs between two backups, or between a backup and this host
    #[command(after_help = super::help::DIFF)]
    Diff(super::diff::DiffArgs),
    /// Bring a backup back to this machine: shows a plan, asks, and can be undone; without arguments as a dialogue
    #[command(after_help = super::help::restore())]
    Restore(Box<super::restore_args::RestoreArgs>),
    /// Take a restore back, even one that was killed in the middle
    #[command(after_help = super::help::UNDO)]
    Undo(super::undo::UndoArgs),
    /// Look at every byte of backups: checksum, full decode, comparison with the index, restore drill
    ///
    /// The drill reads what Proxmox would have to read: config.db must pass its integrity check and
    /// equal /etc/pve, and storages, users, guests, network and the like must parse. A file that the
    /// host itself has wrong is named and changes no exit code; a database that does not hold what
    /// the host had ends with 8.
    #[command(after_help = super::help::VERIFY)]
    Verify {
        /// Backups to verify; none = the newest
        #[arg(id = BACKUP, value_name = "ID")]
        ids: Vec<String>,
        /// All backups on the storage
        #[arg(long, conflicts_with = BACKUP)]
        all: bool,
        /// What opens it.
        #[command(flatten)]
        keys: KeyArgs,
        /// Who must have signed it.
        #[command(flatten)]
        signer: SignerArgs,
    },
    /// Keys that backups are encrypted for or signed with, and proof of those that open them
    #[command(subcommand, after_help = super::help::KEY)]
    Key(KeyCommand),
    /// Remove old backups now, by the policy of the configuration
    #[command(after_help = super::help::PRUNE)]
    Prune {
        /// Show every backup with keep or remove and the reason; remove nothing
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
    /// Tell how the last run went, in one line and an exit code for monitoring systems
    ///
    /// One line with performance data as Nagios' plugins write it. The exit code is 0 OK, 1 WARNING,
    /// 2 CRITICAL, 3 UNKNOWN, whatever these numbers mean elsewhere.
    #[command(after_help = super::help::STATUS)]
    Status(super::status::StatusArgs),
    /// Messages about runs: try them out
    #[command(subcommand, after_help = super::help::NOTIFY)]
    Notify(super::notify::NotifyCommand),
    /// Take over from the Bash tool or ProxSave: settings, keys, schedule; shows a plan, asks, and can be undone
    #[command(after_help = super::help::MIGRATE)]
    Migrate(super::migrate::MigrateArgs),
    /// Backups of the host after backups of guests: the hook script of vzdump
    #[command(subcommand, after_help = super::help::HOOK)]
    Hook(super::hook::HookCommand),
    /// Check, show or write the configuration
    #[command(subcommand, after_help = super::help::CONFIG)]
    Config(ConfigCommand),
    /// Write man pages into a directory
    #[command(hide = true)]
    Man {
        /// Where to.
        dir: PathBuf,
    },
    /// Print shell completions
    #[command(hide = true)]
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// For the completions: what the next word may be, where they do not know themselves
    #[command(hide = true)]
    Complete {
        /// The words up to there
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
}

/// A tier by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TierName {
    /// `BACKUP_PATH`.
    Local,
    /// `SECONDARY_PATH`.
    Secondary,
    /// `CLOUD_REMOTE`.
    Cloud,
}

impl TierName {
    pub(super) fn tier(self) -> Tier {
        match self {
            Self::Local => Tier::Local,
            Self::Secondary => Tier::Secondary,
            Self::Cloud => Tier::Cloud,
        }
    }
}

/// Options of `backup`.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct BackupArgs {
    /// Print what would be done, with reasons; write nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Only when something differs from the newest backup; else end with exit code 16
    #[arg(long)]
    pub if_changed: bool,
    /// Why this backup is made; kept in its manifest
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Add whom backups are encrypted for, without options as a dialogue; or make a key that signs them
    #[command(after_help = super::help::KEY_NEW)]
    New(NewKeyArgs),
    /// Show whom backups are encrypted for, and what signs them
    #[command(after_help = super::help::KEY_SHOW)]
    Show,
    /// Print the public key that a passphrase gives
    #[command(after_help = super::help::KEY_DERIVE)]
    Derive {
        /// File with the passphrase; `-` reads standard input; without it you are asked
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
        /// Salt of the passphrase, instead of those in the recipients file
        #[arg(long, value_name = "SALT")]
        salt: Option<String>,
        /// Print the private key too, as `age -d -i` takes it
        #[arg(long)]
        yes_show_private: bool,
    },
    /// Prove that a key opens a backup: decode all of it, write nothing
    #[command(after_help = super::help::KEY_VERIFY)]
    Verify {
        /// `latest`, an ID from `list` (its end is enough), or a file; none = the newest
        #[arg(id = BACKUP, value_name = "ID")]
        id: Option<String>,
        /// What opens it.
        #[command(flatten)]
        keys: KeyArgs,
    },
}

/// Options of `key new`.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct NewKeyArgs {
    /// Public key: age1…, ssh-ed25519 …, ssh-rsa …; may be given again
    #[arg(long, value_name = "KEY")]
    pub recipient: Vec<String>,
    /// File with a passphrase, of which only a public key is stored; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Make a key that signs the backups of this host
    #[arg(long, conflicts_with_all = ["recipient", "passphrase_file"])]
    pub signing: bool,
    /// With --signing: where to; nothing is ever overwritten
    #[arg(long, value_name = "FILE", requires = "signing")]
    pub output: Option<PathBuf>,
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Name every mistake of the configuration file
    #[command(after_help = super::help::CONFIG_CHECK)]
    Check,
    /// Show every setting with its value and where that comes from
    #[command(after_help = super::help::CONFIG_SHOW)]
    Show {
        /// Only settings that are not at their default
        #[arg(long)]
        changed: bool,
    },
    /// Write a configuration file with every setting explained
    #[command(after_help = super::help::CONFIG_INIT)]
    Init {
        /// Where to; nothing is ever overwritten
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// env or yaml; without it the file's ending says
        #[arg(long, value_name = "FORM", hide_possible_values = true)]
        format: Option<Form>,
    },
    /// Write the configuration in its other form, backup.env or backup.yaml, to standard output
    #[command(after_help = super::help::CONFIG_CONVERT)]
    Convert {
        /// The file instead of the usual one
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// env or yaml; without it what the ending of --output says, else the one that the file is not in
        #[arg(long, value_name = "FORM", hide_possible_values = true)]
        to: Option<Form>,
        /// Into this file, which must not exist
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// Forms of the configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// KEY=value
    Env,
    /// Sections
    Yaml,
}
