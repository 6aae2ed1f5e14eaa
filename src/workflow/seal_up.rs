//! The end of an archive: its index as the last entry, its manifest, its name.

use std::path::Path;

use chrono::{DateTime, Local};
use log::info;

use super::{Addressees, BackupJob, Failure};
use crate::archive::{ArchiveSummary, extension};
use crate::bundle::{
    AGE, Backup, BackupId, FORMAT, INDEX_PATH, IndexBuilder, IndexHead, Manifest, Seal, SealedArchive, SigningKey,
    Verified,
};
use crate::collect::{Content, Entry, EntryKind, Metadata};
use crate::config::Codec;
use crate::host::Host;
use crate::plan::BackupPlan;
use crate::report::{ArchiveFacts, RunReport};
use crate::storage::Directory;
use crate::system::digest_hex;
use crate::units::ByteSize;

/// How many issues a manifest shows; all are in the index.
const SHOWN_ISSUES: usize = 20;

/// What the index and the manifest tell besides the report.
pub(super) struct Facts<'a> {
    pub(super) id: &'a BackupId,
    pub(super) plan: &'a BackupPlan,
    pub(super) skipped: &'a [(String, &'static str)],
    pub(super) addressees: Option<&'a Addressees>,
    pub(super) sign_key: Option<&'a SigningKey>,
    pub(super) job: &'a BackupJob<'a>,
}

/// Writes the index and ends the archive, which is then decoded and compared.
pub(super) fn finish(seal: Seal, report: &RunReport, facts: &Facts<'_>) -> Result<SealedArchive, Failure> {
    let sealed = seal.finish(|builder| index_entry(builder, report, facts))?;
    info!("✓ {} entries decoded and compared with what was read", sealed.summary.entries);
    Ok(sealed)
}

fn index_entry(builder: IndexBuilder, report: &RunReport, facts: &Facts<'_>) -> Result<Entry, serde_json::Error> {
    let head = IndexHead {
        format: FORMAT,
        tool_version: env!("CARGO_PKG_VERSION"),
        created_at: report.started.to_rfc3339(),
        host: &report.host,
        recipes: &facts.plan.recipes,
        left_out: &facts.plan.left_out,
        issues: &report.issues,
        skipped: facts.skipped,
    };
    let bytes = builder.finish(&head)?;
    let meta = Metadata::generated(0o600, report.started.timestamp());
    Ok(Entry::new(INDEX_PATH, EntryKind::File, meta, "index").with(bytes.len() as u64, Content::bytes(bytes)))
}

/// Adds the manifest, reads everything back from the disk, gives the backup its name.
pub(super) fn publish(
    sealed: SealedArchive,
    report: &mut RunReport,
    facts: &Facts<'_>,
) -> Result<ArchiveFacts, Failure> {
    let now = facts.job.system.clock.now();
    let manifest = manifest(&sealed, report, facts, now);
    let summary = sealed.summary;
    let sha256 = sealed.sha256();
    let mtime = u64::try_from(report.started.timestamp()).unwrap_or(0);
    let published = sealed.publish(manifest, facts.sign_key, mtime)?;
    info!("✓ Read back from the disk: SHA-256 {sha256}");
    if let Some(key) = facts.sign_key {
        info!("✓ Manifest signed by {}", key.public());
    }
    info!("✓ Backup written: {} ({})", published.path.display(), ByteSize(published.bytes));
    Ok(ArchiveFacts {
        id: facts.id.to_string(),
        path: published.path.display().to_string(),
        bytes: summary.written.bytes,
        bytes_written: published.bytes,
        sha256,
        entries: summary.entries,
        codec: summary.effective.codec.as_str().to_owned(),
        mode: summary.effective.mode.as_str().to_owned(),
        level: summary.effective.level,
        threads: summary.effective.threads,
    })
}

fn manifest(sealed: &SealedArchive, report: &RunReport, facts: &Facts<'_>, now: DateTime<Local>) -> Manifest {
    let ArchiveSummary { written, entries, effective } = sealed.summary;
    let host = &report.host;
    let (previous, previous_id) = previous(&facts.job.config.local.backups, &host.name).unzip();
    let salts: Vec<String> =
        facts.addressees.map_or_else(Vec::new, |to| to.salts.iter().map(|salt| salt.text().to_owned()).collect());
    Manifest {
        archive_path: sealed.target().with_file_name(sealed.archive_name()).display().to_string(),
        archive_size: written.bytes,
        sha256: sealed.sha256(),
        created_at: report.started.to_rfc3339(),
        compression_type: old_word(effective.codec).to_owned(),
        compression_level: effective.level,
        compression_mode: effective.mode.as_str().to_owned(),
        compression_threads: effective.threads,
        proxmox_type: RunReport::proxmox_type(host).to_owned(),
        proxmox_targets: targets(host),
        proxmox_version: versions(host),
        pve_version: host.pve.clone(),
        pbs_version: host.pbs.clone(),
        hostname: host.name.clone(),
        script_version: env!("CARGO_PKG_VERSION").to_owned(),
        encryption_mode: if facts.addressees.is_some() { "age" } else { "none" }.to_owned(),
        recipients: facts.addressees.map_or_else(Vec::new, |to| to.recipients.texts()),
        passphrase_salt: salts.first().cloned(),
        passphrase_salts: if salts.len() > 1 { salts } else { Vec::new() },
        cluster_mode: if host.is_clustered { "cluster" } else { "standalone" }.to_owned(),
        format: FORMAT,
        backup_id: facts.id.to_string(),
        machine_id: host.machine_id.clone(),
        reason: facts.job.reason.clone(),
        entries,
        bytes_collected: report.counters.bytes,
        issues: report.issues.iter().take(SHOWN_ISSUES).cloned().collect(),
        issue_count: report.issues.len(),
        phases: report.phases.clone(),
        verified: Some(Verified {
            how: "decoded while written and compared entry by entry; read back from the disk".to_owned(),
            when: now.to_rfc3339(),
        }),
        drill: report.drill.as_ref().map(ToString::to_string),
        previous,
        previous_id: previous_id.flatten(),
        restore: by_hand(sealed.target(), sealed.archive_name(), effective.codec),
        ..Manifest::default()
    }
}

/// Digest of the manifest of this host's newest backup, and which one that is: a missing link in
/// the chain shows.
fn previous(dir: &Path, host: &str) -> Option<(String, Option<String>)> {
    let newest = Directory::new(dir).newest_of(host)?;
    let backup = Backup::open(&newest).ok()?;
    let id = backup.id.map(|id| id.to_string());
    backup.manifest.map(|(bytes, _)| (digest_hex(&bytes), id))
}

/// The Go tool's word for a codec.
fn old_word(codec: Codec) -> &'static str {
    match codec {
        Codec::Gzip => "gz",
        Codec::Bzip2 => "bz2",
        Codec::Zstd => "zst",
        other => other.as_str(),
    }
}

fn targets(host: &Host) -> Vec<String> {
    let both = [("pve", host.pve.is_some()), ("pbs", host.pbs.is_some())];
    both.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| (*name).to_owned()).collect()
}

fn versions(host: &Host) -> String {
    match (&host.pve, &host.pbs) {
        (Some(pve), Some(pbs)) => format!("pve={pve},pbs={pbs}"),
        (Some(version), None) | (None, Some(version)) => version.clone(),
        (None, None) => String::new(),
    }
}

/// Command lines for somebody with nothing but a rescue system; `KEY` stands for the identity file.
pub(super) fn by_hand(target: &Path, archive: &str, codec: Codec) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(bundle) = target.file_name().filter(|name| *name != archive) {
        lines.push(format!("tar -xf {}", bundle.to_string_lossy()));
    }
    lines.push(format!("sha256sum -c {archive}.sha256"));
    let program = match extension(codec) {
        ".gz" => "gzip -dc",
        ".bz2" => "bzip2 -dc",
        ".xz" | ".lzma" => "xz -dc",
        ".zst" => "zstd -dc",
        _ => "cat",
    };
    let decoded = if archive.ends_with(AGE) {
        format!("age -d -i KEY {archive} | {program}")
    } else {
        format!("{program} {archive}")
    };
    // Several recipes come back to one directory: its time is right only when it is set last.
    lines.push(format!(
        "{decoded} | tar -xpf - -C TARGET --numeric-owner --acls --xattrs --xattrs-include='*' --delay-directory-restore"
    ));
    lines
}
