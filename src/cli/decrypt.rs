//! `decrypt`: unattended with an ID and keys, as a dialogue without them.

use std::path::{Path, PathBuf};

use ::log::info;
use serde_json::json;

use super::Trouble;
use super::approval::left;
use super::ask::Terminal;
use super::keys::{KeyArgs, unlock_with};
use super::output::{Output, printable};
use super::pick::{brought_here, offers};
use super::session::{Session, absolute, cancel};
use crate::bundle::Backup;
use crate::workflow::{Ask, ExitCode, Failure, decrypt, needs_decrypting, pick_backup};

/// Where the dialogue proposes to put the copy.
const USUAL_PLACE: &str = "./restore";

/// `proxmox-backup decrypt [ID] [--to DIR]`.
pub(super) fn run(
    session: &Session,
    (id, keys): (Option<&str>, &KeyArgs),
    to: Option<&Path>,
    output: &mut Output,
) -> Result<ExitCode, Trouble> {
    let chosen = match id {
        Some(id) => Some((session.open(id)?, to.unwrap_or(Path::new(USUAL_PLACE)).to_owned())),
        None => choose(session, to)?,
    };
    let Some((mut backup, to)) = chosen else { return Ok(left("written")) };
    needs_decrypting(&backup)?;
    if !unlock_with(&mut backup, keys)? {
        return Ok(left("written"));
    }
    let written = decrypt(&backup, &absolute(&to)?, &cancel()?)?;
    if output.is_json() {
        output.object(&json!({ "path": written }))?;
    } else {
        info!("✓ Decrypted: {}", written.display());
        if backup.facts().is_some_and(|manifest| manifest.signer.is_some()) {
            info!("Decrypted copy: signature of the original not carried; keep the original where it has to be proved");
        }
        output.remark(printable(&written.display().to_string()))?;
    }
    Ok(ExitCode::Done)
}

/// Lists the encrypted backups and asks for one and for a place; `None` when the person leaves.
fn choose(session: &Session, to: Option<&Path>) -> Result<Option<(Backup, PathBuf)>, Trouble> {
    let cancel = cancel()?;
    let loaded = session.load(&[])?;
    let tiers = session.tiers(&loaded.config)?;
    let encrypted = offers(&tiers, "encrypted backup", |stored| stored.is_encrypted)?;
    let Some(mut terminal) = Terminal::open(&cancel) else {
        return Err(Failure::NotFound("no backup was named, and there is no terminal to ask on".to_owned()).into());
    };
    let stored = pick_backup(&mut terminal, &encrypted);
    let place = stored.and_then(|_| to.map_or_else(|| ask_place(&mut terminal), |to| Some(to.to_owned())));
    // Nobody answers after ^C.
    cancel.check()?;
    let (Some(stored), Some(place)) = (stored, place) else { return Ok(None) };
    // What lies in the cloud is copied beside the decrypted copy.
    let backup = Backup::open(&brought_here(&tiers, stored, &place)?).map_err(Failure::from)?;
    Ok(Some((backup, place)))
}

fn ask_place(ask: &mut dyn Ask) -> Option<PathBuf> {
    let answer = ask.line(&format!("Directory for the copy [{USUAL_PLACE}] (0 leaves): "))?;
    match answer.trim() {
        "0" => None,
        "" => Some(PathBuf::from(USUAL_PLACE)),
        place => Some(PathBuf::from(place)),
    }
}
