//! `list` and `show`.

use serde_json::{Value, json};

use super::Trouble;
use super::output::{Output, printable};
use super::session::Session;
use crate::bundle::{Backup, Manifest};
use crate::storage::{Directory, Stored};
use crate::units::ByteSize;
use crate::workflow::{ExitCode, Failure};

/// `proxmox-backup list`.
pub(super) fn list(session: &Session, all_hosts: bool, output: &mut Output) -> Result<ExitCode, Trouble> {
    let loaded = session.load(&[])?;
    let host = Session::host_name(&loaded.config)?;
    let all = Directory::new(&loaded.config.local.backups).list()?;
    let (shown, others): (Vec<&Stored>, Vec<&Stored>) =
        all.iter().partition(|backup| all_hosts || backup.host() == host);
    if output.is_json() {
        output.object(&json!({ "backups": shown.iter().map(|stored| as_json(stored)).collect::<Vec<_>>() }))?;
        return Ok(ExitCode::Done);
    }
    if shown.is_empty() {
        output.line(format!("There is no backup of {host} in {}.", loaded.config.local.backups.display()))?;
    } else {
        let rows: Vec<Vec<String>> = shown.iter().map(|stored| row(stored)).collect();
        output.table(&["ID", "TAKEN", "PRODUCT", "SIZE", "VERIFIED", "TOOL"], &rows)?;
    }
    if !others.is_empty() {
        output.line(format!("{} backup(s) of other hosts are there too: --all-hosts shows them.", others.len()))?;
    }
    Ok(ExitCode::Done)
}

fn row(stored: &Stored) -> Vec<String> {
    let taken = stored.id.taken().format("%Y-%m-%d %H:%M:%S").to_string();
    let (product, verified, tool) = match &stored.manifest {
        Err(_) => ("?".to_owned(), "unreadable manifest".to_owned(), "?".to_owned()),
        Ok(None) => ("?".to_owned(), "no manifest".to_owned(), "?".to_owned()),
        Ok(Some(manifest)) => (product(manifest), verified(manifest).to_owned(), manifest.script_version.clone()),
    };
    let lock = if stored.is_encrypted { " (encrypted)" } else { "" };
    let cells = [stored.id.to_string(), taken, product, format!("{}{lock}", ByteSize(stored.bytes)), verified, tool];
    cells.iter().map(|cell| printable(cell)).collect()
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

fn as_json(stored: &Stored) -> Value {
    let manifest = stored.manifest.as_ref().ok().and_then(Option::as_ref);
    json!({
        "id": stored.id.as_str(),
        "host": stored.host(),
        "taken": stored.id.taken().format("%Y-%m-%dT%H:%M:%S").to_string(),
        "path": stored.path,
        "bytes": stored.bytes,
        "encrypted": stored.is_encrypted,
        "proxmox_type": manifest.map(|manifest| &manifest.proxmox_type),
        "proxmox_version": manifest.map(|manifest| &manifest.proxmox_version),
        "verified": manifest.and_then(|manifest| manifest.verified.as_ref()),
        "tool_version": manifest.map(|manifest| &manifest.script_version),
        "manifest_error": stored.manifest.as_ref().err(),
    })
}

/// `proxmox-backup show ID`.
pub(super) fn show(session: &Session, id: &str, output: &mut Output) -> Result<ExitCode, Trouble> {
    let backup = session.open(id)?;
    let manifest = match &backup.manifest {
        Some((_, Ok(manifest))) => manifest,
        Some((_, Err(error))) => return Err(unreadable(&backup, &error.to_string()).into()),
        None => return Err(unreadable(&backup, "it has no manifest").into()),
    };
    if output.is_json() {
        output.object(manifest)?;
        return Ok(ExitCode::Done);
    }
    for (name, value) in facts(&backup, manifest) {
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
    Ok(ExitCode::Done)
}

fn unreadable(backup: &Backup, why: &str) -> Failure {
    Failure::NotFound(format!("{}: {why}; `verify` and `ls` may still work", backup.path.display()))
}

fn facts(backup: &Backup, manifest: &Manifest) -> Vec<(&'static str, String)> {
    let ratio = format!(
        "{} level {} ({}), {} thread(s)",
        manifest.compression_type, manifest.compression_level, manifest.compression_mode, manifest.compression_threads
    );
    let verified =
        manifest.verified.as_ref().map_or_else(|| "not said".to_owned(), |v| format!("{} at {}", v.how, v.when));
    let mut facts = vec![
        ("ID", backup.id.as_ref().map_or_else(String::new, ToString::to_string)),
        ("Path", backup.path.display().to_string()),
        ("Host", manifest.hostname.clone()),
        ("Created", manifest.created_at.clone()),
        ("Product", product(manifest)),
        ("Cluster", manifest.cluster_mode.clone()),
        ("Archive", format!("{} ({})", backup.archive_name, ByteSize(backup.length))),
        ("SHA-256", manifest.sha256.clone()),
        ("Entries", manifest.entries.to_string()),
        ("Collected", ByteSize(manifest.bytes_collected).to_string()),
        ("Compression", ratio),
        ("Encryption", manifest.encryption_mode.clone()),
        ("Verified", verified),
        ("Tool", manifest.script_version.clone()),
        ("Reason", manifest.reason.clone().unwrap_or_default()),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    facts
}
