//! syslog, for machines and calls without systemd: a datagram a line, and nobody there is no trouble.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Local};

/// Where syslog listens.
const SOCKET: &str = "/dev/log";

/// `daemon`, among syslog's facilities.
const FACILITY: u8 = 3;

/// Bytes of a line: RFC 3164 promises half of it, no syslog of today takes less.
const LONGEST: usize = 2048;

/// A way to syslog.
#[derive(Debug)]
pub struct Syslog {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Syslog {
    /// This machine's; `None` where a socket cannot even be made.
    pub fn open() -> Option<Self> {
        Self::at(Path::new(SOCKET))
    }

    fn at(path: &Path) -> Option<Self> {
        let socket = UnixDatagram::unbound().ok()?;
        // A syslog that is stuck must not hold a run.
        socket.set_nonblocking(true).ok()?;
        Some(Self { socket, path: path.to_owned() })
    }

    /// Sends a line of this priority (0 to 7).
    pub fn send(&self, priority: u8, now: &DateTime<Local>, text: &str) {
        let _ = self.socket.send_to(packet(priority, now, std::process::id(), text).as_bytes(), &self.path);
    }
}

/// The line as the C library writes it. Control characters would start a line of somebody else.
fn packet(priority: u8, now: &DateTime<Local>, pid: u32, text: &str) -> String {
    let stamp = now.format("%b %e %H:%M:%S");
    let head = format!("<{}>{stamp} proxmox-backup[{pid}]: ", FACILITY * 8 + priority.min(7));
    let mut line = head;
    for c in text.chars().filter(|c| !c.is_control()) {
        if line.len() + c.len_utf8() > LONGEST {
            break;
        }
        line.push(c);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn line(priority: u8, text: &str) -> String {
        packet(priority, &Local.with_ymd_and_hms(2026, 11, 2, 3, 4, 5).unwrap(), 77, text)
    }

    #[test]
    fn a_line_is_one_of_the_daemons_facility() {
        assert_eq!(line(4, "no room"), "<28>Nov  2 03:04:05 proxmox-backup[77]: no room");
        assert_eq!(line(3, "a\nb\r\x1b[31m\0c"), "<27>Nov  2 03:04:05 proxmox-backup[77]: ab[31mc");
        assert!(line(200, "").starts_with("<31>"));
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let long = line(5, &"ä".repeat(5000));
        assert!(long.len() <= LONGEST && long.len() > LONGEST - 4, "{}", long.len());
    }

    #[test]
    fn nobody_there_and_nobody_reading_are_silent() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let syslog = Syslog::at(&path).unwrap();
        let now = Local.with_ymd_and_hms(2026, 11, 2, 3, 4, 5).unwrap();
        syslog.send(3, &now, "lost");
        let listener = UnixDatagram::bind(&path).unwrap();
        for _ in 0..2000 {
            syslog.send(3, &now, "here");
        }
        let mut got = [0; 200];
        let length = listener.recv(&mut got).unwrap();
        assert!(String::from_utf8_lossy(&got[..length]).ends_with("]: here"));
    }
}
