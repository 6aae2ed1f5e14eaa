//! `restore`: its plan.

use std::path::{Path, PathBuf};

use ::log::{error, info};
use clap::{Args, ValueEnum};

use super::Trouble;
use super::keys::{KeyArgs, open_unlocked};
use super::output::Output;
use super::session::{Session, absolute};
use crate::recipe::Mode;
use crate::restore::{Detail, GuestPolicy, NicMap, Pick, PveAsked, RestorePlan, Selection, SelectionError, explain};
use crate::system::{FileError, write_atomically};
use crate::workflow::{ExitCode, Failure, restore_plan};

/// Options of `restore`.
#[derive(Args, Clone, Debug)]
pub(super) struct RestoreArgs {
    /// `latest`, an ID from `list` (its end is enough), or a file
    #[arg(value_name = "ID", default_value = "latest")]
    id: String,
    /// Print what would be done with each file, and why; write nothing
    #[arg(long)]
    plan: bool,
    /// Keep the plan as JSON in FILE
    #[arg(long, value_name = "FILE", requires = "plan")]
    save: Option<PathBuf>,
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
    keys: KeyArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ModeArg {
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PveArg {
    Auto,
    Whole,
    Files,
}

impl RestoreArgs {
    fn selection(&self) -> Result<Selection, SelectionError> {
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

/// `proxmox-backup restore [ID] --plan`.
pub(super) fn run(session: &Session, arguments: &RestoreArgs, output: &mut Output) -> Result<ExitCode, Trouble> {
    let selection = match arguments.selection() {
        Ok(selection) => selection,
        Err(mistake) => {
            error!("{mistake}");
            return Ok(ExitCode::Usage);
        }
    };
    if !arguments.plan {
        error!(
            "this version plans a restore and does not carry it out: `restore --plan` shows what would be done; \
             `proxmox-backup extract ID PATH… --to DIR` unpacks files, and `show ID` prints command lines that \
             restore the archive by hand"
        );
        return Ok(ExitCode::Usage);
    }
    let Some(backup) = open_unlocked(session, &arguments.id, &arguments.keys)? else { return Ok(ExitCode::Done) };
    let site = session.site(&[])?;
    let plan = restore_plan(&backup, &site.system, &selection)?;
    if let Some(file) = &arguments.save {
        save(&plan, file)?;
    }
    if output.is_json() {
        output.object(&plan)?;
    } else {
        let detail = if session.global.verbose > 0 { Detail::Paths } else { Detail::Groups };
        output.bytes(explain(&plan, detail).as_bytes())?;
    }
    // Something that was asked for by name is not done.
    let is_asked = plan.is_hostile || arguments.pve == PveArg::Whole || !arguments.nic_map.is_empty();
    Ok(if is_asked && !plan.refusals.is_empty() { ExitCode::Preflight } else { ExitCode::Done })
}

/// Private: a plan names what is secret, though it never holds it.
fn save(plan: &RestorePlan, file: &Path) -> Result<(), Trouble> {
    let path = absolute(file)?;
    let fail = |cause: serde_json::Error| FileError::of("write", &path)(std::io::Error::from(cause));
    let mut bytes = serde_json::to_vec_pretty(plan).map_err(fail).map_err(Failure::from)?;
    bytes.push(b'\n');
    write_atomically(&path, &bytes).map_err(Failure::from)?;
    info!("✓ plan saved: {}", path.display());
    Ok(())
}
