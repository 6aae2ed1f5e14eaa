//! `hook enable|disable|status vzdump`.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::Trouble;
use super::output::{Output, printable};
use super::session::{Session, host_of};
use crate::hook::{Place, Standing};
use crate::workflow::{Entered, ExitCode, Hooks};

/// Whose backups are followed by one of the host.
#[derive(Debug, Subcommand)]
pub(super) enum HookCommand {
    /// After each backup job of guests, make a backup of the host's configuration
    #[command(after_help = super::help::HOOK_ENABLE)]
    Enable(HookArgs),
    /// Take the script out; what stood there before stands there again
    #[command(after_help = super::help::HOOK_DISABLE)]
    Disable {
        /// Where.
        #[command(flatten)]
        place: HookArgs,
        /// This node and the jobs that run on it alone
        #[arg(long, conflicts_with = "job")]
        all: bool,
    },
    /// Say what script stands where
    #[command(after_help = super::help::HOOK_STATUS)]
    Status {
        /// vzdump
        #[arg(value_name = "PROGRAM", hide_possible_values = true)]
        program: Program,
    },
}

/// Where a script is entered.
#[derive(Args, Clone, Debug)]
pub(super) struct HookArgs {
    /// vzdump
    #[arg(value_name = "PROGRAM", hide_possible_values = true)]
    program: Program,
    /// One backup job instead of all jobs of this node that name no script
    #[arg(long, value_name = "ID")]
    job: Option<String>,
}

/// Programs that call a script.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Program {
    /// Backups of guests.
    Vzdump,
}

/// `proxmox-backup hook …`.
pub(super) fn run(session: &Session, command: &HookCommand, output: &mut Output) -> Result<ExitCode, Trouble> {
    // A package that goes calls this, whatever the configuration is like.
    let records = session.records_at_hand()?;
    let host = host_of(&records.system.root, &records.system.cancel);
    let hooks = Hooks { system: &records.system, host: &host, state_dir: &records.state_dir };
    match command {
        HookCommand::Enable(arguments) => {
            let place = place(arguments)?;
            let standing = hooks.enable(&place)?;
            say(&Entered { place, standing }, enabled, output)?;
        }
        HookCommand::Disable { all: true, .. } => {
            for entered in hooks.disable_own()? {
                say(&entered, disabled, output)?;
            }
        }
        HookCommand::Disable { place: arguments, .. } => {
            let place = place(arguments)?;
            let standing = hooks.disable(&place)?;
            say(&Entered { place, standing }, disabled, output)?;
        }
        HookCommand::Status { .. } => return status(&hooks, output),
    }
    Ok(ExitCode::Done)
}

fn place(arguments: &HookArgs) -> Result<Place, Trouble> {
    let Program::Vzdump = arguments.program;
    let Some(id) = &arguments.job else { return Ok(Place::Node) };
    Place::job(id).ok_or_else(|| Trouble::Usage(format!("--job: {id:?} is no id of a backup job")))
}

fn say(entered: &Entered, words: fn(&Standing) -> String, output: &mut Output) -> Result<(), Trouble> {
    if output.is_json() {
        return output.json_line(&row(entered));
    }
    output.remark(format!("{}: {}", entered.place, words(&entered.standing)))
}

fn enabled(before: &Standing) -> String {
    match before {
        Standing::On(_) => "the hook was there already".to_owned(),
        Standing::Off => "✓ the hook is entered".to_owned(),
        Standing::Other(script) => format!("✓ the hook is entered; {} is called first", shown(script)),
    }
}

fn disabled(before: &Standing) -> String {
    match before {
        Standing::Off => "no hook was there".to_owned(),
        Standing::Other(script) => format!("the script there is another one and stays: {}", shown(script)),
        Standing::On(None) => "✓ the hook is taken out".to_owned(),
        Standing::On(Some(script)) => format!("✓ the hook is taken out; {} stands there again", shown(script)),
    }
}

fn stands(standing: &Standing) -> String {
    match standing {
        Standing::Off => "off".to_owned(),
        Standing::Other(script) => format!("off; another script is there: {}", shown(script)),
        Standing::On(None) => "on".to_owned(),
        Standing::On(Some(script)) => format!("on; {} is called first", shown(script)),
    }
}

fn shown(script: &std::path::Path) -> String {
    printable(&script.display().to_string())
}

fn row(Entered { place, standing }: &Entered) -> Value {
    let job = match place {
        Place::Node => None,
        Place::Job(id) => Some(id),
    };
    let (is_on, other) = match standing {
        Standing::Off => (false, None),
        Standing::Other(script) => (false, Some(script)),
        Standing::On(script) => (true, script.as_ref()),
    };
    json!({ "place": if job.is_some() { "job" } else { "node" }, "job": job, "on": is_on, "other_script": other })
}

fn status(hooks: &Hooks<'_>, output: &mut Output) -> Result<ExitCode, Trouble> {
    let (all, unknown) = hooks.status()?;
    if output.is_json() {
        let unknown = unknown.as_ref().map(ToString::to_string);
        output.object(&json!({ "places": all.iter().map(row).collect::<Vec<_>>(), "jobs_unknown": unknown }))?;
    } else {
        for entered in &all {
            output.line(format!("{}: {}", entered.place, stands(&entered.standing)))?;
        }
    }
    let Some(error) = unknown else { return Ok(ExitCode::Done) };
    ::log::warn!("nothing is known of the backup jobs: {error}");
    Ok(ExitCode::Warnings)
}
