//! The command line of `restore` as data, and the selection that it means.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::args::BACKUP;
use super::keys::KeyArgs;
use crate::recipe::Mode;
use crate::restore::{GuestPolicy, NicMap, Pick, PveAsked, Selection, SelectionError};

/// Options of `restore`.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Args, Clone, Debug, Default)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(super) struct RestoreArgs {
    /// What comes after a restore.
    #[command(subcommand)]
    pub(super) command: Option<RestoreCommand>,
    /// `latest`, an ID from `list` (its end is enough), or a file; none = the latest, without options a dialogue
    #[arg(id = BACKUP, value_name = "ID")]
    pub(super) id: Option<String>,
    /// Print what would be done with each file, and why; write nothing
    #[arg(long)]
    pub(super) plan: bool,
    /// Keep the plan as JSON in FILE
    #[arg(long, value_name = "FILE", requires = "plan")]
    pub(super) save: Option<PathBuf>,
    /// Go on only when the plan is the one that --save kept in FILE
    #[arg(long, value_name = "FILE")]
    pub(super) expect: Option<PathBuf>,
    /// Do not ask for the word RESTORE
    #[arg(long, conflicts_with = "plan")]
    pub(super) yes: bool,
    /// Only unpack what is selected below DIR; nothing of this machine changes
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = ["plan", "yes", "expect", "guests", "same_hardware", "nic_map", "pve"]
    )]
    pub(super) to: Option<PathBuf>,
    /// What goes back: full, storage, base, custom
    #[arg(long, value_name = "MODE", default_value = "full", hide_possible_values = true)]
    mode: ModeArg,
    /// Only this category, recipe or path; may be given again
    #[arg(long, value_name = "CATEGORY|PATH")]
    only: Vec<String>,
    /// Never this category, recipe or path; goes before --only; may be given again
    #[arg(long, value_name = "CATEGORY|PATH")]
    exclude: Vec<String>,
    /// Leave the network as it is
    #[arg(long)]
    skip_network: bool,
    /// Guests whose number exists here: skip or replace [default: they are reported]
    #[arg(long, value_name = "WHAT", hide_possible_values = true)]
    guests: Option<GuestsArg>,
    /// The disks and cards are those of the backup: crypttab, host id, boot disks go back too
    #[arg(long)]
    same_hardware: bool,
    /// New names of network cards: `auto`, or OLD=NEW; may be given again
    #[arg(long, value_name = "OLD=NEW|auto")]
    nic_map: Vec<String>,
    /// Proxmox VE's own files: auto, whole (the database), files (one by one)
    #[arg(long, value_name = "WAY", default_value = "auto", hide_possible_values = true)]
    pve: PveArg,
    /// What opens it.
    #[command(flatten)]
    pub(super) keys: KeyArgs,
}

/// What comes after a restore.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum RestoreCommand {
    /// Keep the network that a restore brought, before its timer takes it back
    #[command(after_help = super::help::RESTORE_CONFIRM)]
    Confirm {
        /// Which restore, from `undo --list` [default: the one that waits]
        #[arg(value_name = "ID")]
        id: Option<String>,
    },
    /// What the timer runs
    #[command(hide = true)]
    Timeout {
        /// Which restore.
        id: String,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ModeArg {
    #[default]
    Full,
    Storage,
    Base,
    Custom,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum GuestsArg {
    Skip,
    Replace,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum PveArg {
    #[default]
    Auto,
    Whole,
    Files,
}

impl RestoreArgs {
    /// Whether it is about more than looking; unpacking elsewhere changes nothing of a machine.
    pub(super) fn changes_something(&self) -> bool {
        !self.plan && self.to.is_none()
    }

    /// Which backup, where a name is not needed.
    pub(super) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or("latest")
    }

    /// Whether everything is left to a dialogue.
    pub(super) fn is_bare(&self, selection: &Selection) -> bool {
        self.id.is_none() && !self.yes && self.expect.is_none() && *selection == Selection::default()
    }

    /// Whether something that may be refused was named.
    pub(super) fn names_a_way(&self) -> bool {
        self.pve == PveArg::Whole || !self.nic_map.is_empty()
    }

    /// What shall go back.
    pub(super) fn selection(&self) -> Result<Selection, SelectionError> {
        let picks = |words: &[String]| words.iter().map(|word| Pick::parse(word)).collect::<Result<Vec<_>, _>>();
        let selection = Selection {
            mode: match self.mode {
                ModeArg::Full => Mode::Full,
                ModeArg::Storage => Mode::Storage,
                ModeArg::Base => Mode::Base,
                ModeArg::Custom => Mode::Custom,
            },
            only: picks(&self.only)?,
            exclude: picks(&self.exclude)?,
            skip_network: self.skip_network,
            guests: match self.guests {
                None => GuestPolicy::Report,
                Some(GuestsArg::Skip) => GuestPolicy::Skip,
                Some(GuestsArg::Replace) => GuestPolicy::Replace,
            },
            same_hardware: self.same_hardware,
            nic_map: NicMap::parse(&self.nic_map)?,
            pve: match self.pve {
                PveArg::Auto => PveAsked::Auto,
                PveArg::Whole => PveAsked::Whole,
                PveArg::Files => PveAsked::Files,
            },
        };
        selection.check()?;
        Ok(selection)
    }
}
