//! The texts of the two units that take the network back, and nothing that touches the machine.

use std::path::Path;

use chrono::{DateTime, Local, Utc};

/// The timer's name.
pub const TIMER: &str = "proxmox-config-backup-network-undo.timer";
/// Its service.
pub const SERVICE: &str = "proxmox-config-backup-network-undo.service";
/// What stands between the program and the ID in the service's command.
const ORDER: &str = " restore timeout ";

/// The two unit files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoUnits {
    /// [`TIMER`].
    pub timer: String,
    /// [`SERVICE`].
    pub service: String,
}

impl UndoUnits {
    /// Units that run `PROGRAM restore timeout ID` after so many seconds, and at that moment at the
    /// latest. `None` when systemd cannot be given this path as a program.
    pub fn new(program: &Path, id: &str, until: &DateTime<Local>, seconds: u32) -> Option<Self> {
        Some(Self { timer: timer(until, seconds), service: service(&quoted(program)?, id) })
    }

    /// The restore that the text of a service belongs to.
    pub fn id_in(service: &str) -> Option<&str> {
        let command = service.lines().find(|line| line.starts_with("ExecStart="))?;
        command.rsplit_once(ORDER).map(|(_, id)| id.trim())
    }
}

/// Neither moment is enough alone: `OnActiveSec` begins anew with every `daemon-reload` and every
/// start of the machine, and the date is gone for a clock that was put forward or that passed it
/// while systemd loaded its units again.
fn timer(until: &DateTime<Local>, seconds: u32) -> String {
    // Not the machine's time zone: a restore may just have changed it.
    let date = until.with_timezone(&Utc).format("%Y-%m-%d %H:%M:%S UTC");
    format!(
        "# Made by a restore that waits for `proxmox-backup restore confirm`, and removed by it.
[Unit]
Description=Put the previous network configuration back unless the new one is confirmed
Documentation=man:proxmox-backup-restore(8)
# By default a timer with a date waits for time-sync.target, which may wait for the network.
DefaultDependencies=no
Requires=sysinit.target
After=sysinit.target
Before=timers.target shutdown.target
Conflicts=shutdown.target

[Timer]
OnActiveSec={seconds}
OnCalendar={date}
# A machine that was off at that moment makes up for it when it starts.
Persistent=true
AccuracySec=1s

[Install]
WantedBy=timers.target
"
    )
}

fn service(program: &str, id: &str) -> String {
    format!(
        "# Made by a restore that waits for `proxmox-backup restore confirm`, and removed by it.
[Unit]
Description=Put the previous network configuration back
Documentation=man:proxmox-backup-restore(8)
# Nothing of the network is waited for: it may be what does not work.
# What does not work now may in some minutes; after ten of them the next start of the machine tries.
StartLimitIntervalSec=1h
StartLimitBurst=20

[Service]
Type=oneshot
ExecStart={program}{ORDER}{id}
Restart=on-failure
RestartSec=30
TimeoutStartSec=15min
# DHCP clients that come with the old configuration stay when the command has ended.
KillMode=process
"
    )
}

/// A path as the first word of `ExecStart=`.
fn quoted(program: &Path) -> Option<String> {
    let path = program.to_str().filter(|path| program.is_absolute() && !path.contains(char::is_control))?;
    Some(format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn units(program: &str) -> Option<UndoUnits> {
        let until = Utc.with_ymd_and_hms(2026, 11, 21, 18, 15, 7).unwrap().with_timezone(&Local);
        UndoUnits::new(Path::new(program), "20261121-181207", &until, 180)
    }

    fn has(text: &str, line: &str) -> bool {
        text.lines().any(|it| it == line)
    }

    #[test]
    fn the_timer_has_two_moments_and_waits_for_nothing_that_may_wait_for_the_network() {
        let timer = units("/usr/sbin/proxmox-backup").unwrap().timer;
        for line in [
            "OnActiveSec=180",
            "OnCalendar=2026-11-21 18:15:07 UTC",
            "Persistent=true",
            "AccuracySec=1s",
            "DefaultDependencies=no",
            "WantedBy=timers.target",
        ] {
            assert!(has(&timer, line), "{line}");
        }
        let waits = timer.lines().filter(|line| !line.starts_with('#'));
        assert!(waits.clone().all(|line| !line.contains("time-sync") && !line.contains("online")));
    }

    #[test]
    fn the_service_runs_the_program_by_its_path_and_says_which_restore() {
        let service = units("/usr/sbin/proxmox-backup").unwrap().service;
        assert!(has(&service, "ExecStart=\"/usr/sbin/proxmox-backup\" restore timeout 20261121-181207"));
        assert!(has(&service, "Type=oneshot") && has(&service, "KillMode=process"));
        assert_eq!(UndoUnits::id_in(&service), Some("20261121-181207"));
        for other in ["", "[Service]\nExecStart=/bin/true\n", "ExecStart=\nrestore timeout x"] {
            assert_eq!(UndoUnits::id_in(other), None);
        }
    }

    #[test]
    fn a_path_that_systemd_would_read_otherwise_is_quoted_or_refused() {
        let service = units("/opt/a b/100%\\\"x").unwrap().service;
        assert!(has(&service, "ExecStart=\"/opt/a b/100%%\\\\\\\"x\" restore timeout 20261121-181207"));
        assert_eq!(UndoUnits::id_in(&service), Some("20261121-181207"));
        for path in ["proxmox-backup", "", "./x", "/a\nExecStart=/b", "/a\tb"] {
            assert_eq!(units(path), None, "{path:?}");
        }
    }
}
