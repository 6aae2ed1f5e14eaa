//! `verify`.

use ::log::{error, info, warn};
use serde_json::{Value, json};

use super::Trouble;
use super::keys::KeyArgs;
use super::output::{Output, printable};
use super::session::{Session, cancel};
use super::signer::{self, SignerArgs};
use crate::bundle::{Backup, Verification};
use crate::drill::{Drill, Outcome};
use crate::storage::Directory;
use crate::system::Cancel;
use crate::workflow::{ExitCode, Failure, Keys, Signers, unlock, verify_and_drill};

/// Which backups, what opens them, and who must have signed them.
pub(super) struct Wanted {
    pub(super) ids: Vec<String>,
    pub(super) all: bool,
    pub(super) keys: KeyArgs,
    pub(super) signer: SignerArgs,
}

/// `proxmox-backup verify [ID…|--all]`.
pub(super) fn run(session: &Session, asked: &Wanted, output: &mut Output) -> Result<ExitCode, Trouble> {
    let cancel = cancel()?;
    let keys = asked.keys.read()?;
    let mut signers = asked.signer.read(session)?;
    let mut results = Vec::new();
    let mut is_whole = true;
    for (name, opened) in wanted(session, asked)? {
        let outcome =
            opened.and_then(|backup| Ok((shown(&backup, &name), look(backup, &keys, &mut signers, &cancel)?)));
        let value = match outcome {
            Ok((id, found)) => {
                let (found, drill) = found;
                is_whole &= found.is_whole() && !drill.is_damaged();
                tell(&id, &found, &drill, output)?
            }
            // One backup that cannot be opened hides none of the others.
            Err(Trouble::Failure(failure))
                if !matches!(failure, Failure::Cancelled(_)) && (asked.all || asked.ids.len() > 1) =>
            {
                is_whole = false;
                error!("{failure}");
                json!({ "backup": name, "ok": false, "error": failure.to_string() })
            }
            Err(trouble) => return Err(trouble),
        };
        results.push(value);
    }
    let standing = if asked.all { signers.standing(&session.load(&[])?.config.local.backups)? } else { Vec::new() };
    signer::tell(&standing, output)?;
    if output.is_json() {
        output.object(&json!({ "ok": is_whole, "backups": results, "chains": standing }))?;
    }
    Ok(if is_whole { ExitCode::Done } else { ExitCode::Verification })
}

type Opened = (String, Result<Backup, Trouble>);

fn wanted(session: &Session, Wanted { ids, all, .. }: &Wanted) -> Result<Vec<Opened>, Trouble> {
    if !all {
        let latest = ["latest".to_owned()];
        let ids = if ids.is_empty() { &latest[..] } else { ids.as_slice() };
        return Ok(ids.iter().map(|id| (id.clone(), session.open(id))).collect());
    }
    let loaded = session.load(&[])?;
    let stored = Directory::new(&loaded.config.local.backups).list()?;
    if stored.is_empty() {
        return Err(
            Failure::NotFound(format!("there is no backup in {}", loaded.config.local.backups.display())).into()
        );
    }
    let open = |path: &std::path::Path| Backup::open(path).map_err(|error| Trouble::from(Failure::from(error)));
    Ok(stored.iter().map(|backup| (backup.id.to_string(), open(&backup.path))).collect())
}

/// `latest` says little; a file outside of the storage is called as the user calls it.
fn shown(backup: &Backup, name: &str) -> String {
    match &backup.id {
        Some(id) if !name.contains('/') => id.to_string(),
        _ => name.to_owned(),
    }
}

/// Nobody is asked for a key: without one there is still the checksum and the envelope.
fn look(
    mut backup: Backup,
    keys: &Keys,
    signers: &mut Signers,
    cancel: &Cancel,
) -> Result<(Verification, Drill), Trouble> {
    unlock(&mut backup, keys, None)?;
    let (mut found, drill) = verify_and_drill(&backup, cancel)?;
    signers.judge(&backup, &mut found)?;
    Ok((found, drill))
}

fn tell(name: &str, found: &Verification, drill: &Drill, output: &mut Output) -> Result<Value, Trouble> {
    for passed in &found.passed {
        info!("✓ {name}: {passed}");
    }
    for unchecked in &found.unchecked {
        info!("? {name}: {unchecked}");
    }
    for problem in &found.problems {
        error!("✗ {name}: {}: {}", problem.part, problem.what);
    }
    for remark in &drill.remarks {
        info!("? {name}: {remark}");
    }
    for part in drill.failing() {
        match part.outcome {
            Outcome::Damaged => error!("✗ {name}: {part} ({})", part.advice()),
            _ => warn!("⚠ {name}: {part} ({})", part.advice()),
        }
    }
    let is_whole = found.is_whole() && !drill.is_damaged();
    output.remark(format!("{}: {}", printable(name), if drill.is_damaged() { "DAMAGED" } else { found.verdict() }))?;
    output.remark(format!("{}: {drill}", printable(name)))?;
    Ok(
        json!({ "backup": name, "ok": is_whole, "drill": drill.to_json(), "passed": found.passed, "problems": found.problems, "unchecked": found.unchecked, "entries": found.entries }),
    )
}
