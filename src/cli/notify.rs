//! `notify test`, and the hidden `notify cut-off`.

use std::sync::Arc;

use clap::Subcommand;
use serde_json::json;

use super::Trouble;
use super::output::Output;
use super::session::Session;
use crate::notify::{Channel, Channels, Receipt, send_all};
use crate::units::Elapsed;
use crate::workflow::{ExitCode, example};

/// What to do with messages.
#[derive(Debug, Subcommand)]
pub(super) enum NotifyCommand {
    /// Send an example, marked as one, and print what each channel answers
    #[command(after_help = super::help::NOTIFY_TEST)]
    Test {
        /// email, telegram, gotify, webhook, the name of a webhook, or ping; none = all that are switched on
        #[arg(value_name = "CHANNEL")]
        channel: Option<String>,
    },
    /// For systemd: tell that a unit failed which could not say so itself
    #[command(hide = true)]
    CutOff,
}

/// `proxmox-backup notify test [CHANNEL]`.
pub(super) fn run(session: &Session, command: &NotifyCommand, output: &mut Output) -> Result<ExitCode, Trouble> {
    let channel = match command {
        NotifyCommand::Test { channel } => channel,
        NotifyCommand::CutOff => return super::cut_off::run(session),
    };
    let site = session.site(&[])?;
    let job = site.job(None);
    let channels = Channels::of(&site.loaded.config.notify, &site.system.root);
    let (badge, message) = example(&job);
    channels.introduce(badge);
    let all = channels.all();
    let chosen = choose(&all, channel.as_deref()).map_err(Trouble::Usage)?;
    let receipts = send_all(&chosen, &Arc::new(message), &site.system.cancel);
    if output.is_json() {
        let row = |Receipt { channel, result, took }: &Receipt| {
            json!({
                "channel": channel,
                "ok": result.is_ok(),
                "answer": result.as_ref().ok(),
                "error": result.as_ref().err().map(ToString::to_string),
                "seconds": took.as_secs_f64(),
            })
        };
        output.object(&json!({ "channels": receipts.iter().map(row).collect::<Vec<_>>() }))?;
    } else {
        for Receipt { channel, result, took } in &receipts {
            match result {
                Ok(answer) => output.remark(format!("✓ {channel}: {answer} ({})", Elapsed(*took)))?,
                Err(error) => output.line(format!("✗ {channel}: {error}"))?,
            }
        }
    }
    site.system.cancel.check()?;
    let has_failed = receipts.iter().any(|receipt| receipt.result.is_err());
    Ok(if has_failed { ExitCode::Network } else { ExitCode::Done })
}

/// All, or those that are called so: by the kind, by the name of a webhook, or by both.
fn choose(all: &[Arc<dyn Channel>], wanted: Option<&str>) -> Result<Vec<Arc<dyn Channel>>, String> {
    let is_meant = |name: &str| {
        wanted.is_none_or(|wanted| {
            let (kind, own) = name.split_once(' ').unwrap_or((name, name));
            [name, kind, own].iter().any(|called| called.eq_ignore_ascii_case(wanted))
        })
    };
    let chosen: Vec<_> = all.iter().filter(|it| is_meant(it.name())).cloned().collect();
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    let names: Vec<&str> = all.iter().map(|it| it.name()).collect();
    Err(match wanted {
        Some(wanted) if !names.is_empty() => {
            format!("no channel {wanted} is switched on; these are: {}", names.join(", "))
        }
        _ => "no channel is switched on: set EMAIL_ENABLED, TELEGRAM_ENABLED, GOTIFY_ENABLED, \
              WEBHOOK_ENABLED or HEALTHCHECK_ENABLED"
            .to_owned(),
    })
}
