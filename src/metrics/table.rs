//! The table of metrics: name, meaning, and where the value comes from.

use super::Facts;
use super::samples::{seconds, span};
use crate::report::{Ending, TierFacts, Verdict};

/// One row of the table.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) source: Source,
}

/// Where the samples of a metric come from.
pub(super) enum Source {
    /// One sample whose labels say it all.
    Info,
    /// At most one sample.
    Run(fn(&Facts<'_>) -> Option<String>),
    /// One for each phase.
    Phases,
    /// One for each channel that was asked, `{channel="webhook ops"}`.
    Channels,
    /// At most one for each tier, `{tier="local"}`.
    Tiers(fn(&TierFacts) -> Option<String>),
}

pub(super) const LAST_SUCCESS: &str = "proxmox_backup_last_success_timestamp";
/// Read again by the next run.
pub(super) const NOTIFICATION: &str = "proxmox_backup_notification_status";
pub(super) const RUNNING: &str = "proxmox_backup_running";

const fn run(name: &'static str, help: &'static str, value: fn(&Facts<'_>) -> Option<String>) -> Metric {
    Metric { name, help, source: Source::Run(value) }
}

const fn tier(name: &'static str, help: &'static str, value: fn(&TierFacts) -> Option<String>) -> Metric {
    Metric { name, help, source: Source::Tiers(value) }
}

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "proxmox_backup_info",
        help: "Always 1; the labels say which program ran, and on what.",
        source: Source::Info,
    },
    run(RUNNING, "1 while a run is at work, else 0. 1 with an old start time is a run that was killed.", |facts| {
        facts.is_running().map(|is_running| u8::from(is_running).to_string())
    }),
    run("proxmox_backup_start_time_seconds", "When the newest run began, seconds since 1970.", |facts| {
        Some(seconds(&facts.report.started))
    }),
    run("proxmox_backup_end_time_seconds", "When it ended, seconds since 1970.", |facts| {
        facts.ended().map(|report| seconds(&report.finished))
    }),
    run("proxmox_backup_duration_seconds", "How long it took.", |facts| {
        facts.ended().map(|report| span(report.elapsed().0.as_secs_f64()))
    }),
    run(
        "proxmox_backup_status",
        "0 a backup was made, 1 a backup was made with warnings, 2 the run failed. None after a run that was skipped.",
        |facts| {
            facts.ended().and_then(|report| match report.verdict() {
                Verdict::Ok => Some("0".to_owned()),
                Verdict::Warnings(_) => Some("1".to_owned()),
                Verdict::Failed => Some("2".to_owned()),
                Verdict::Skipped => None,
            })
        },
    ),
    run("proxmox_backup_exit_code", "Exit code of the program; 16 is a run that was skipped on purpose.", |facts| {
        facts.ended().map(|report| report.exit_code().to_string())
    }),
    run(
        LAST_SUCCESS,
        "When a run last made a backup, with or without warnings, seconds since 1970. Failed and skipped runs leave it.",
        |facts| facts.last_success().map(|moment| moment.to_string()),
    ),
    run("proxmox_backup_errors", "1 when something ended the run before its end, else 0.", |facts| {
        facts.ended().map(|report| u8::from(matches!(report.ending, Ending::Failed { .. })).to_string())
    }),
    run("proxmox_backup_warnings", "Warnings of the run.", |facts| {
        facts.ended().map(|report| report.warnings().to_string())
    }),
    run("proxmox_backup_files_collected", "Files and command outputs that were collected.", |facts| {
        facts.collected().map(|counters| counters.files.to_string())
    }),
    run("proxmox_backup_files_failed", "Files and commands that could not be collected.", |facts| {
        facts.collected().map(|counters| counters.failed.to_string())
    }),
    run("proxmox_backup_collected_bytes", "Bytes collected, before compression.", |facts| {
        facts.collected().map(|counters| counters.bytes.to_string())
    }),
    run("proxmox_backup_size_bytes", "Bytes of the archive.", |facts| {
        facts.ended()?.archive.as_ref().map(|archive| archive.bytes.to_string())
    }),
    run("proxmox_backup_verified", "1 when the archive is what was read, 0 when it is not.", |facts| {
        facts.ended().and(facts.is_verified).map(|is_verified| u8::from(is_verified).to_string())
    }),
    run(
        "proxmox_backup_drill_status",
        "Would the backup bring the host back? 0 yes, 1 with what is wrong on the host itself, 2 the backup is damaged.",
        |facts| facts.drilled().map(|drill| drill.status.to_string()),
    ),
    run("proxmox_backup_drill_parts", "Parts that the restore drill judged.", |facts| {
        facts.drilled().map(|drill| drill.parts.to_string())
    }),
    run("proxmox_backup_drill_restorable", "Those that would come back.", |facts| {
        facts.drilled().map(|drill| drill.restorable.to_string())
    }),
    Metric {
        name: "proxmox_backup_phase_duration_seconds",
        help: "How long each phase of the run took.",
        source: Source::Phases,
    },
    tier(
        "proxmox_backup_tier_status",
        "0 when the tier has today's backup, checked where it lies, 2 when not.",
        |tier| Some(if tier.copy.is_ok() { "0" } else { "2" }.to_owned()),
    ),
    tier("proxmox_backup_tier_backups", "Backups of this host on the tier, after retention.", |tier| {
        tier.present.map(|present| present.backups.to_string())
    }),
    tier("proxmox_backup_tier_removed", "Backups that retention removed there in this run.", |tier| {
        tier.present.map(|_| tier.removed.len().to_string())
    }),
    tier("proxmox_backup_tier_size_bytes", "Bytes of all backups of this host there.", |tier| {
        tier.present.map(|present| present.bytes.to_string())
    }),
    tier(
        "proxmox_backup_tier_free_bytes",
        "Free bytes there, once the backup was stored and before retention. A cloud is asked only where \
         MIN_DISK_SPACE_CLOUD_GB is set.",
        |tier| tier.room.map(|room| room.free.0.to_string()),
    ),
    tier("proxmox_backup_tier_capacity_bytes", "Bytes the tier has in all.", |tier| {
        tier.room.map(|room| room.total.0.to_string())
    }),
    tier("proxmox_backup_tier_oldest_timestamp_seconds", "When the oldest backup there was taken.", |tier| {
        tier.present?.oldest.as_ref().map(seconds)
    }),
    tier("proxmox_backup_tier_newest_timestamp_seconds", "When the newest backup there was taken.", |tier| {
        tier.present?.newest.as_ref().map(seconds)
    }),
    Metric {
        name: NOTIFICATION,
        help: "0 when the channel took the newest message, 1 when not. None for a channel that was not asked.",
        source: Source::Channels,
    },
];
