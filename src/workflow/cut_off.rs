//! What systemd says of a unit that failed (`MONITOR_*`, systemd.exec(5), from version 251), and whether
//! somebody has to be told: a backup that came to an end of its own has told it.

use std::collections::BTreeMap;

use super::EXIT_CODES;

/// The unit whose program tells how it ended.
const BACKUP: &str = "proxmox-config-backup.service";

/// A unit that was cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutOff {
    /// Its name.
    pub unit: String,
    /// What happened to it, in words.
    pub reason: String,
}

/// What is to be told; `None` where it is told already, or nobody said what happened.
pub fn cut_off(environment: &BTreeMap<String, String>) -> Option<CutOff> {
    let said = |name: &str| environment.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let unit = said("MONITOR_UNIT")?;
    let result = said("MONITOR_SERVICE_RESULT").unwrap_or("failed");
    let status = said("MONITOR_EXIT_STATUS").unwrap_or("unknown");
    let meaning = status.parse().ok().and_then(meaning);
    let reason = match (result, meaning) {
        ("exit-code", Some(_)) if unit == BACKUP => return None,
        ("exit-code", Some(meaning)) => format!("{unit} failed with exit code {status}: {meaning}"),
        ("exit-code", None) => format!("{unit} did not begin: systemd's status {status}"),
        ("timeout", _) => format!("{unit} was ended: it took longer than TimeoutStartSec allows"),
        ("oom-kill", _) => format!("{unit} was killed: the machine or the unit had no memory left"),
        ("signal" | "core-dump", _) => format!("{unit} was cut off by signal {status}"),
        _ => format!("{unit} was cut off: {result}"),
    };
    Some(CutOff { unit: unit.to_owned(), reason })
}

fn meaning(status: u8) -> Option<&'static str> {
    EXIT_CODES.iter().find(|(code, _)| code.number() == status).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(unit: &str, result: &str, status: &str) -> Option<String> {
        let pairs = [("MONITOR_UNIT", unit), ("MONITOR_SERVICE_RESULT", result), ("MONITOR_EXIT_STATUS", status)];
        cut_off(&pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()).map(|told| told.reason)
    }

    #[test]
    fn an_end_of_its_own_is_told_by_the_backup_and_by_nobody_else() {
        for status in ["1", "4", "12", "124", "143"] {
            assert_eq!(told(BACKUP, "exit-code", status), None);
        }
        let verify = "proxmox-config-backup-verify.service";
        let expected = format!("{verify} failed with exit code 8: verification failed");
        assert_eq!(told(verify, "exit-code", "8"), Some(expected));
    }

    #[test]
    fn what_could_say_nothing_any_more_is_told() {
        for (result, status, words) in [
            ("signal", "KILL", "was cut off by signal KILL"),
            ("oom-kill", "KILL", "no memory left"),
            ("timeout", "TERM", "TimeoutStartSec"),
            ("exit-code", "203", "did not begin: systemd's status 203"),
            ("watchdog", "ABRT", "cut off: watchdog"),
        ] {
            assert!(told(BACKUP, result, status).is_some_and(|told| told.contains(words)), "{result}");
        }
        assert_eq!(cut_off(&BTreeMap::new()), None);
    }
}
