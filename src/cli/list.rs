//! `list` and `show`.

use ::log::{error, warn};
use chrono::{DateTime, NaiveDateTime};
use serde_json::{Value, json};

use super::Trouble;
use super::args::TierName;
use super::output::{Output, printable};
use super::session::{Session, cancel};
use crate::bundle::{Backup, Manifest, Origin};
use crate::storage::{Store, Stored, Tier};
use crate::units::ByteSize;
use crate::workflow::{ExitCode, Listing, Silent, describe};

/// The last one only where there are several tiers.
const HEADINGS: [&str; 7] = ["ID", "TAKEN", "PRODUCT", "SIZE", "VERIFIED", "TOOL", "WHERE"];

/// Which backups.
pub(super) struct Wanted {
    pub(super) all_hosts: bool,
    pub(super) tiers: Vec<TierName>,
}

/// One backup, on one tier or several.
struct Copies<'a> {
    /// The copy that tells most: the local one, else that of the next tier.
    first: &'a Stored,
    all: Vec<&'a Stored>,
}

/// `proxmox-backup list`.
pub(super) fn list(session: &Session, wanted: &Wanted, output: &mut Output) -> Result<ExitCode, Trouble> {
    let loaded = session.load(&[])?;
    let host = Session::host(&loaded.config)?.name;
    let tiers = session.tiers(&loaded.config)?;
    let asked = |tier| wanted.tiers.is_empty() || wanted.tiers.iter().any(|name| name.tier() == tier);
    let Listing { stored, silent } = tiers.list(asked)?;
    for Silent { place, error, .. } in &silent {
        warn!("{place}: {error}");
    }
    let code = if silent.is_empty() { ExitCode::Done } else { ExitCode::Warnings };
    let all = copies(&stored);
    let (shown, others): (Vec<&Copies<'_>>, Vec<&Copies<'_>>) =
        all.iter().partition(|backup| wanted.all_hosts || backup.first.is_of(&host));
    if output.is_json() {
        let silent = silent
            .iter()
            .map(|one| json!({"tier": one.tier.as_str(), "place": one.place, "error": one.error.to_string()}));
        output.object(&json!({
            "backups": shown.iter().map(|backup| as_json(backup)).collect::<Vec<_>>(),
            "silent": silent.collect::<Vec<_>>(),
        }))?;
        return Ok(code);
    }
    if shown.is_empty() {
        let places: Vec<String> = tiers.all().filter(|store| asked(store.tier())).map(Store::place).collect();
        output.line(format!("There is no backup of {host} in {}.", places.join(" or ")))?;
        if others.is_empty() {
            output.line("Another directory: PROXMOX_BACKUP_BACKUP_PATH=/mnt/usb/proxmox proxmox-backup list")?;
            output.line("Every command takes the path of a backup in place of its ID.")?;
        }
    } else {
        // With one tier alone there is nothing to tell apart.
        let columns = if tiers.all().count() > 1 { HEADINGS.len() } else { HEADINGS.len() - 1 };
        let rows: Vec<Vec<String>> = shown.iter().map(|backup| row(backup)[..columns].to_vec()).collect();
        output.table(&HEADINGS[..columns], &rows)?;
    }
    if !others.is_empty() {
        output.line(format!("{} backup(s) of other hosts are there too: --all-hosts shows them.", others.len()))?;
    }
    Ok(code)
}

/// The list has the copies of one backup side by side.
fn copies(stored: &[Stored]) -> Vec<Copies<'_>> {
    stored
        .chunk_by(|one, next| one.id == next.id)
        .filter_map(|all| Some(Copies { first: all.first()?, all: all.iter().collect() }))
        .collect()
}

fn row(backup: &Copies<'_>) -> Vec<String> {
    let stored = backup.first;
    let taken = stored.id.taken().format("%Y-%m-%d %H:%M:%S").to_string();
    let of_name = stored.id.product().unwrap_or("?");
    let (product, verified) = match &stored.manifest {
        Err(_) => (of_name.to_owned(), "unreadable manifest"),
        // What lies in the cloud is listed, not fetched.
        Ok(None) if stored.tier == Tier::Cloud => (of_name.to_owned(), "?"),
        Ok(None) => (of_name.to_owned(), "no manifest"),
        Ok(Some(manifest)) if manifest.proxmox_type.is_empty() => (of_name.to_owned(), verified(manifest)),
        Ok(Some(manifest)) => (product(manifest), verified(manifest)),
    };
    let tool = stored.origin.map_or_else(|| "?".to_owned(), |origin| origin.with_version(version(stored)));
    let lock = if stored.is_encrypted { " (encrypted)" } else { "" };
    let places: Vec<&str> = backup.all.iter().map(|copy| copy.tier.as_str()).collect();
    let size = format!("{}{lock}", ByteSize(stored.bytes));
    let cells = [stored.id.to_string(), taken, product, size, verified.to_owned(), tool, places.join(", ")];
    cells.iter().map(|cell| printable(cell)).collect()
}

fn version(stored: &Stored) -> &str {
    match &stored.manifest {
        Ok(Some(manifest)) => &manifest.script_version,
        _ => "",
    }
}

fn product(manifest: &Manifest) -> String {
    let (kind, version) = (&manifest.proxmox_type, &manifest.proxmox_version);
    if version.is_empty() || version.contains('=') {
        format!("{kind} {version}").trim().to_owned()
    } else {
        format!("{kind} {version}")
    }
}

fn verified(manifest: &Manifest) -> &'static str {
    if manifest.verified.is_some() { "yes" } else { "not said" }
}

fn as_json(backup: &Copies<'_>) -> Value {
    let stored = backup.first;
    let copies =
        backup.all.iter().map(|copy| json!({"tier": copy.tier.as_str(), "path": copy.path, "bytes": copy.bytes}));
    let manifest = stored.manifest.as_ref().ok().and_then(Option::as_ref);
    json!({
        "id": stored.id.as_str(),
        "host": stored.host(),
        "taken": stored.id.taken().format("%Y-%m-%dT%H:%M:%S").to_string(),
        "path": stored.path,
        "bytes": stored.bytes,
        "copies": copies.collect::<Vec<_>>(),
        "encrypted": stored.is_encrypted,
        "proxmox_type": manifest.map(|manifest| &manifest.proxmox_type),
        "proxmox_version": manifest.map(|manifest| &manifest.proxmox_version),
        "verified": manifest.and_then(|manifest| manifest.verified.as_ref()),
        "tool": stored.origin.map(Origin::as_str),
        "tool_version": manifest.map(|manifest| &manifest.script_version),
        "manifest_error": stored.manifest.as_ref().err(),
    })
}

/// `proxmox-backup show ID`.
pub(super) fn show(session: &Session, id: &str, output: &mut Output) -> Result<ExitCode, Trouble> {
    let backup = session.open(id)?;
    if let Some((_, Err(error))) = &backup.manifest {
        error!("{}: {error}; `verify` and `ls` may still work", backup.path.display());
    }
    let (origin, manifest) = describe(&backup, &cancel()?);
    let code = if matches!(backup.manifest, Some((_, Err(_)))) { ExitCode::Verification } else { ExitCode::Done };
    if output.is_json() {
        output.object(&manifest)?;
        return Ok(code);
    }
    for (name, value) in facts(&backup, &manifest, origin) {
        output.line(format!("{name:<13} {}", printable(&value)))?;
    }
    if !manifest.issues.is_empty() {
        output.line(format!("\nIssues ({}):", manifest.issue_count))?;
        for issue in &manifest.issues {
            output.line(format!("  {}: {}", issue.stage, printable(&issue.to_string())))?;
        }
    }
    if !manifest.restore.is_empty() {
        output.line("\nBy hand, into the directory TARGET:")?;
        for line in &manifest.restore {
            output.line(format!("  {}", printable(line)))?;
        }
    }
    Ok(code)
}

/// Fields that the manifests of older tools do not have stay away.
fn facts(backup: &Backup, manifest: &Manifest, origin: Option<Origin>) -> Vec<(&'static str, String)> {
    let counted = |text: String| if manifest.format > 0 { text } else { String::new() };
    let verified = manifest
        .verified
        .as_ref()
        .map_or_else(|| "not said".to_owned(), |v| format!("{} at {}", v.how, moment(&v.when)));
    let mut facts = vec![
        ("ID", backup.id.as_ref().map_or_else(String::new, ToString::to_string)),
        ("Path", backup.path.display().to_string()),
        ("Host", manifest.hostname.clone()),
        ("Created", moment(&manifest.created_at)),
        ("Product", product(manifest)),
        ("Cluster", manifest.cluster_mode.clone()),
        ("Archive", format!("{} ({})", backup.archive_name, ByteSize(backup.length))),
        ("SHA-256", manifest.sha256.clone()),
        ("Entries", counted(manifest.entries.to_string())),
        ("Collected", counted(ByteSize(manifest.bytes_collected).to_string())),
        ("Compression", compression(manifest)),
        ("Encryption", manifest.encryption_mode.clone()),
        ("Verified", verified),
        ("Signed by", manifest.signed_by.clone().unwrap_or_default()),
        ("Drill", manifest.drill.clone().unwrap_or_default()),
        ("Tool", origin.map_or_else(|| "unknown".to_owned(), |origin| origin.with_version(&manifest.script_version))),
        ("Manifest", if backup.manifest.is_none() { "there is none".into() } else { String::new() }),
        ("Reason", manifest.reason.clone().unwrap_or_default()),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

/// A manifest's moment to the second, as `list` has it; what is no moment stays as it is. Where the
/// name of a file is all there is, nobody knows the zone.
fn moment(text: &str) -> String {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return moment.format("%Y-%m-%d %H:%M:%S %:z").to_string();
    }
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S");
    local.map_or_else(|_| text.to_owned(), |moment| moment.format("%Y-%m-%d %H:%M:%S").to_string())
}

fn compression(manifest: &Manifest) -> String {
    let level = if manifest.compression_level > 0 || manifest.format > 0 {
        format!(" level {}", manifest.compression_level)
    } else {
        String::new()
    };
    let mode = Some(&manifest.compression_mode).filter(|mode| !mode.is_empty());
    let mode = mode.map(|mode| format!(" ({mode})")).unwrap_or_default();
    let threads = Some(manifest.compression_threads).filter(|threads| *threads > 0);
    let threads = threads.map(|threads| format!(", threads: {threads}")).unwrap_or_default();
    format!("{}{level}{mode}{threads}", manifest.compression_type)
}
