//! The report as JSON: `--json` and the statistics file. Field names as in the Go tool's file.

use serde_json::{Value, json};

use super::{Delivery, Ending, RunReport, TierFacts};
use crate::bundle::BackupId;
use crate::storage::Tier;
use crate::units::ByteSize;

impl RunReport {
    /// One object; fields are only ever added.
    pub fn to_json(&self) -> Value {
        let counters = &self.counters;
        let mut object = json!({
            "hostname": self.host.name,
            "proxmox_type": Self::proxmox_type(&self.host),
            "start_time": self.started.to_rfc3339(),
            "end_time": self.finished.to_rfc3339(),
            "duration_seconds": self.elapsed().0.as_secs_f64(),
            "duration_human": self.elapsed().to_string(),
            "status": self.verdict().as_str(),
            "exit_code": self.exit_code(),
            "files_collected": counters.files,
            "files_failed": counters.failed,
            "files_skipped": counters.skipped,
            "files_absent": counters.absent,
            "directories_created": counters.directories,
            "bytes_collected": counters.bytes,
            "bytes_collected_human": ByteSize(counters.bytes).to_string(),
            "issues": self.issues,
            "phases": self.phases,
            "backups_present": self.tier(Tier::Local).and_then(|facts| facts.present).map(|present| present.backups),
            "backups_removed": self.tier(Tier::Local).map(removed).unwrap_or_default(),
            "tiers": self.tiers.iter().map(tier).collect::<Vec<_>>(),
            "notifications": self.deliveries.iter().map(delivery).collect::<Vec<_>>(),
        });
        if let (Ending::Skipped { reason, .. } | Ending::Failed { reason, .. }, Some(fields)) =
            (&self.ending, object.as_object_mut())
        {
            fields.insert("error".to_owned(), json!(reason));
        }
        if let (Some(id), Some(fields)) = (&self.server_id, object.as_object_mut()) {
            fields.insert("server_id".to_owned(), json!(id));
        }
        if let (Some(drill), Some(fields)) = (&self.drill, object.as_object_mut()) {
            fields.insert("drill".to_owned(), drill.to_json());
        }
        if let (Some(archive), Some(fields)) = (&self.archive, object.as_object_mut()) {
            let facts = json!({
                "backup_id": archive.id,
                "archive_path": archive.path,
                "archive_size": archive.bytes,
                "archive_size_human": ByteSize(archive.bytes).to_string(),
                "bytes_written": archive.bytes_written,
                "checksum": archive.sha256,
                "entries": archive.entries,
                "compression": archive.codec,
                "compression_mode": archive.mode,
                "compression_level": archive.level,
                "compression_threads": archive.threads,
                "compression_ratio_percent": self.ratio_percent(),
            });
            fields.extend(facts.as_object().cloned().unwrap_or_default());
        }
        object
    }
}

fn tier(facts: &TierFacts) -> Value {
    json!({
        "tier": facts.tier.as_str(),
        "place": facts.place,
        "ok": facts.copy.is_ok(),
        "checked": facts.copy.as_ref().ok(),
        "error": facts.copy.as_ref().err(),
        "backups_present": facts.present.map(|present| present.backups),
        "backups_removed": removed(facts),
        "backups_bytes": facts.present.map(|present| present.bytes),
        "oldest_backup": facts.present.and_then(|present| present.oldest).map(|taken| taken.to_rfc3339()),
        "newest_backup": facts.present.and_then(|present| present.newest).map(|taken| taken.to_rfc3339()),
        "free_bytes": facts.room.map(|room| room.free.0),
        "total_bytes": facts.room.map(|room| room.total.0),
    })
}

/// One of `answer` and `error` is there.
fn delivery(delivery: &Delivery) -> Value {
    let (told, text) = match &delivery.result {
        Ok(answer) => ("answer", answer),
        Err(error) => ("error", error),
    };
    json!({
        "channel": delivery.channel,
        "ok": delivery.result.is_ok(),
        told: text,
        "seconds": delivery.took.as_secs_f64(),
    })
}

fn removed(facts: &TierFacts) -> Vec<&str> {
    facts.removed.iter().map(BackupId::as_str).collect()
}
