//! The report as lines for people.

use super::{Ending, RunReport, Verdict};
use crate::units::ByteSize;

impl RunReport {
    /// The statistics block at the end of a run.
    pub fn statistics(&self) -> Vec<String> {
        let counters = &self.counters;
        let mut lines = vec![
            "=== Backup Statistics ===".to_owned(),
            format!("Files collected: {}", counters.files),
            format!("Files failed: {}", counters.failed),
            format!("Skipped on purpose: {}, optional and absent: {}", counters.skipped, counters.absent),
            format!("Directories created: {}", counters.directories),
            format!("Data collected: {}", ByteSize(counters.bytes)),
        ];
        if let Some(archive) = &self.archive {
            lines.push(format!("Archive size: {}", ByteSize(archive.bytes)));
            if let Some(ratio) = self.ratio_percent() {
                lines.push(format!("Compression ratio: {ratio:.1}%"));
            }
            lines.push(format!(
                "Compression: {} level {} ({}), {} thread(s)",
                archive.codec, archive.level, archive.mode, archive.threads
            ));
            lines.push(format!("SHA-256: {}", archive.sha256));
            lines.push(format!("Archive path: {}", archive.path));
        }
        if let Some(drill) = &self.drill {
            lines.push(format!("Restorable: {} of {}", drill.restorable(), drill.of()));
        }
        lines.push(format!("Duration: {}", self.elapsed()));
        lines
    }

    /// The last line: the verdict in words.
    pub fn summary(&self) -> String {
        let host = &self.host.name;
        match (&self.ending, self.verdict()) {
            (Ending::Skipped { reason, .. }, _) => format!("Backup of {host} skipped: {reason}"),
            (Ending::Failed { reason, .. }, _) => format!("✗ Backup of {host} failed: {reason}"),
            (_, Verdict::Warnings(1)) => format!("⚠ Backup of {host} completed with 1 warning"),
            (_, Verdict::Warnings(count)) => format!("⚠ Backup of {host} completed with {count} warnings"),
            _ => format!("✓ Backup of {host} completed"),
        }
    }

    /// Products and system with their versions; `None` where nothing is known.
    pub(super) fn system(&self) -> Option<String> {
        let host = &self.host;
        let is_known = |version: &str| !matches!(version, "" | "unknown");
        let product = |name: &str, version: &String| {
            if is_known(version) { format!("{name} {version}") } else { name.to_owned() }
        };
        // Releases without number and name are known by their whole name.
        let debian = if host.debian.starts_with("Debian") { "" } else { "Debian " };
        let parts = [
            host.pve.as_ref().map(|version| product("Proxmox VE", version)),
            host.pbs.as_ref().map(|version| product("Proxmox Backup Server", version)),
            is_known(&host.debian).then(|| format!("{debian}{}", host.debian)),
        ];
        let known: Vec<String> = parts.into_iter().flatten().collect();
        (!known.is_empty()).then(|| known.join(", "))
    }

    /// Archive size in percent of what was collected.
    pub(super) fn ratio_percent(&self) -> Option<f64> {
        let archive = self.archive.as_ref()?;
        #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
        let ratio = archive.bytes as f64 * 100.0 / self.counters.bytes as f64;
        (self.counters.bytes > 0).then_some(ratio)
    }
}
