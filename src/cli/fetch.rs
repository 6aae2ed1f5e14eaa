//! `fetch`.

use std::path::Path;

use serde_json::json;

use super::Trouble;
use super::args::TierName;
use super::output::{Output, printable};
use super::session::{Session, absolute};
use crate::system::create_private_dir;
use crate::workflow::{ExitCode, fetch};

/// `proxmox-backup fetch ID [--from TIER] [--to DIR]`.
pub(super) fn run(
    session: &Session,
    id: &str,
    (from, to): (Option<TierName>, Option<&Path>),
    output: &mut Output,
) -> Result<ExitCode, Trouble> {
    let loaded = session.load(&[])?;
    let host = Session::host(&loaded.config)?;
    let tiers = session.tiers(&loaded.config)?;
    let into = to.map_or_else(|| Ok(loaded.config.local.backups.clone()), absolute)?;
    create_private_dir(&into)?;
    let path = fetch(&tiers, &host.name, id, from.map(TierName::tier), &into)?;
    if output.is_json() {
        output.object(&json!({ "path": path }))?;
    } else {
        output.line(printable(&path.display().to_string()))?;
    }
    Ok(ExitCode::Done)
}
