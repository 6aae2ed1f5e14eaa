//! The report as relays of the older tools read it. Names and shapes are theirs
//! (`proxsave-backup` §6.4); what a run does not know is empty. Pure.

use serde_json::{Value, json};

use crate::report::{Message, Verdict};
use crate::units::ByteSize;

/// `report` of the body.
pub(super) fn report(message: &Message, mac: Option<&str>) -> Value {
    let run = &message.json;
    let [local, secondary, cloud] = ["local", "secondary", "cloud"].map(|name| tier(run, name));
    let warnings = message.problems.len();
    let errors = usize::from(message.verdict == Verdict::Failed);
    json!({
        "status": run["status"],
        "status_message": message.subject,
        "status_color": color(message.verdict),
        "subject": message.subject,
        "proxmox_type": run["proxmox_type"],
        "hostname": message.host,
        "server_id": message.server_id,
        "server_mac": mac,
        "backup_date": message.moment.format("%Y-%m-%d %H:%M:%S").to_string(),
        "script_version": env!("CARGO_PKG_VERSION"),
        "exit_code": message.exit_code,
        "emojis": { "primary": emoji(local), "secondary": emoji(secondary), "cloud": emoji(cloud), "email": "✅" },
        "backup": { "primary": copies(local), "secondary": copies(secondary), "cloud": copies(cloud) },
        "storage": { "local": room(local), "secondary": room(secondary) },
        "metrics": {
            "backup_file_name": run["backup_id"],
            "files_included": run["files_collected"],
            "file_missing": run["files_failed"],
            "duration": run["duration_human"],
            "backup_duration": run["duration_human"],
            "backup_size": run["archive_size_human"],
            "compression_type": run["compression"],
            "compression_level": run["compression_level"],
            "compression_mode": run["compression_mode"],
            "compression_ratio": run["compression_ratio_percent"],
        },
        "log_summary": {
            "errors": errors,
            "warnings": warnings,
            "total": errors + warnings,
            "log_file": "",
            "color": color(message.verdict),
            "categories": message.problems.iter().map(|problem| category(problem)).collect::<Vec<_>>(),
            "has_categories": warnings > 0,
            "has_entries": errors + warnings > 0,
        },
        "paths": {
            "local": place(local),
            "secondary": place(secondary),
            "cloud": place(cloud),
            "cloud_display": place(cloud),
            "has_secondary": secondary.is_some(),
            "has_cloud": cloud.is_some(),
        },
    })
}

fn tier<'a>(run: &'a Value, name: &str) -> Option<&'a Value> {
    run["tiers"].as_array()?.iter().find(|tier| tier["tier"] == name)
}

/// Their colours for good, doubtful and bad.
fn color(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok | Verdict::Skipped => "#28a745",
        Verdict::Warnings(_) => "#ffc107",
        Verdict::Failed => "#dc3545",
    }
}

fn emoji(tier: Option<&Value>) -> &'static str {
    match tier.map(|tier| &tier["ok"]) {
        None => "➖",
        Some(Value::Bool(true)) => "✅",
        Some(_) => "❌",
    }
}

fn copies(tier: Option<&Value>) -> Value {
    let count = tier.and_then(|tier| tier["backups_present"].as_u64()).unwrap_or(0);
    json!({ "status": count.to_string(), "emoji": emoji(tier), "count": count })
}

fn room(tier: Option<&Value>) -> Value {
    let bytes = |field: &str| tier.and_then(|tier| tier[field].as_u64());
    let (Some(free), Some(total)) = (bytes("free_bytes"), bytes("total_bytes")) else {
        return json!({ "space": "N/A", "used": "N/A", "free": "N/A", "percent": "N/A", "percent_num": 0 });
    };
    let used = total.saturating_sub(free);
    let percent = (used.saturating_mul(100)).checked_div(total).unwrap_or(0);
    let text = |bytes| ByteSize(bytes).to_string();
    json!({
        "space": text(total),
        "used": text(used),
        "free": text(free),
        "percent": format!("{percent}%"),
        "percent_num": percent,
    })
}

fn category(problem: &str) -> Value {
    let (label, example) = problem.split_once(": ").unwrap_or((problem, problem));
    json!({ "label": label, "type": "WARNING", "count": 1, "example": example })
}

fn place(tier: Option<&Value>) -> &str {
    tier.and_then(|tier| tier["place"].as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;
    use crate::report::RunReport;

    #[test]
    fn tiers_and_problems_are_told_in_the_older_shape() {
        let mut message = RunReport::example(Host::default(), None, chrono::DateTime::default());
        message.json["tiers"] = json!([
            { "tier": "local", "place": "/b", "ok": true, "backups_present": 7, "free_bytes": 1 << 30, "total_bytes": 4_u64 << 30 },
            { "tier": "cloud", "place": "box:x", "ok": false },
        ]);
        message.problems = vec!["collect: /etc/x: gone".to_owned()];
        let report = report(&message, Some("bc:24:11:00:00:01"));
        assert_eq!(report["emojis"], json!({ "primary": "✅", "secondary": "➖", "cloud": "❌", "email": "✅" }));
        assert_eq!(report["backup"]["primary"], json!({ "status": "7", "emoji": "✅", "count": 7 }));
        assert_eq!(report["storage"]["local"]["percent_num"], 75);
        assert_eq!(report["log_summary"]["total"], 1);
        assert_eq!(report["log_summary"]["categories"][0]["example"], "/etc/x: gone");
        assert_eq!(report["paths"]["has_cloud"], true);
    }
}
