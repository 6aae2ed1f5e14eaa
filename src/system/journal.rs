//! systemd's journal, spoken to in its own protocol: one datagram an entry, a field a line.
//!
//! `https://systemd.io/JOURNAL_NATIVE_PROTOCOL/` describes it. What the socket does not take stays
//! with the caller, who has standard error as another way into the same journal.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use nix::sys::stat::fstat;

use super::Root;

/// Where the journal listens.
const SOCKET: &str = "/run/systemd/journal/socket";

/// A way into the journal.
#[derive(Debug)]
pub struct Journal {
    /// `None` where a sandbox allows none: then nothing is ever taken.
    socket: Option<UnixDatagram>,
    path: PathBuf,
    /// The unit that this process runs in.
    unit: Option<String>,
}

impl Journal {
    /// The journal that standard error goes to, by the unit's `JOURNAL_STREAM`. The variable alone
    /// says little: children inherit it, also those whose output somebody redirected.
    pub fn of_stderr(stream: Option<&str>) -> Option<Self> {
        let (device, inode) = stream?.split_once(':')?;
        let stderr = fstat(std::io::stderr()).ok()?;
        let is_same = device.parse() == Ok(stderr.st_dev) && inode.parse() == Ok(stderr.st_ino);
        is_same.then(|| Self { unit: own_unit(), ..Self::at(Path::new(SOCKET)) })
    }

    /// The journal that listens on this socket. It need not be there yet.
    fn at(path: &Path) -> Self {
        // A journal that is stuck must not hold a run.
        let socket = UnixDatagram::unbound().and_then(|socket| socket.set_nonblocking(true).map(|()| socket));
        Self { socket: socket.ok(), path: path.to_owned(), unit: None }
    }

    /// Sends one entry, and says whether the journal took it: no socket, a full queue and an entry
    /// that is too long are all the same to the caller.
    pub fn takes(&self, fields: &[(&str, &str)]) -> bool {
        // The journal looks up whose an entry is when it reads it, and the process may have ended by then.
        // `journalctl -u` takes root's word for it (systemd.journal-fields(7)).
        let unit = self.unit.as_ref().map(|unit| ("OBJECT_SYSTEMD_UNIT", unit.as_str()));
        let entry = entry(&fields.iter().copied().chain(unit).collect::<Vec<_>>());
        self.socket.as_ref().is_some_and(|socket| socket.send_to(&entry, &self.path).is_ok())
    }
}

fn own_unit() -> Option<String> {
    let groups = Root::live().and_then(|root| root.read_text("/proc/self/cgroup")).ok()?;
    unit_in(&groups).map(str::to_owned)
}

/// The unit of a process, from its control group: `0::/system.slice/NAME.service`.
fn unit_in(groups: &str) -> Option<&str> {
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    path.rsplit('/').find(|name| name.ends_with(".service"))
}

/// One entry as its datagram. A value of several lines is preceded by its length, 64 bits with the
/// least significant byte first.
pub fn entry(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.extend_from_slice(name.as_bytes());
        if value.contains('\n') {
            bytes.push(b'\n');
            bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
        } else {
            bytes.push(b'=');
        }
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_the_service_in_the_control_group() {
        for (groups, unit) in [
            ("0::/system.slice/proxmox-config-backup.service\n", Some("proxmox-config-backup.service")),
            ("1:cpu:/x\n0::/system.slice/system-a.slice/a@b.service/sub\n", Some("a@b.service")),
            ("0::/user.slice/user-0.slice/session-1.scope\n", None),
            ("0::/\n", None),
            ("", None),
        ] {
            assert_eq!(unit_in(groups), unit, "{groups}");
        }
    }

    #[test]
    fn a_field_is_a_line() {
        let fields = [("PRIORITY", "4"), ("MESSAGE", "a=b"), ("EMPTY", "")];
        assert_eq!(entry(&fields), b"PRIORITY=4\nMESSAGE=a=b\nEMPTY=\n");
        assert_eq!(entry(&[]), b"");
    }

    #[test]
    fn a_value_of_several_lines_cannot_forge_a_field() {
        let forged = entry(&[("MESSAGE", "x\nPRIORITY=0"), ("PRIORITY", "6")]);
        assert_eq!(forged, b"MESSAGE\n\x0c\0\0\0\0\0\0\0x\nPRIORITY=0\nPRIORITY=6\n");
        assert_eq!(entry(&[("A", "\n")]), b"A\n\x01\0\0\0\0\0\0\0\n\n");
        assert_eq!(entry(&[("A", "é\n")])[..10], b"A\n\x03\0\0\0\0\0\0\0"[..]);
    }

    #[test]
    fn the_variable_alone_is_no_journal() {
        let stderr = fstat(std::io::stderr()).unwrap();
        let own = format!("{}:{}", stderr.st_dev, stderr.st_ino);
        assert!(Journal::of_stderr(Some(&own)).is_some());
        let other = format!("{}:{}", stderr.st_dev, stderr.st_ino + 1);
        for stream in
            [None, Some(""), Some("1"), Some("x:y"), Some("0:0"), Some(&*other), Some("-1:99999999999999999999")]
        {
            assert!(Journal::of_stderr(stream).is_none(), "{stream:?}");
        }
    }

    #[test]
    fn what_is_not_taken_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let journal = Journal::at(&path);
        assert!(!journal.takes(&[("MESSAGE", "nobody listens")]));
        let listener = UnixDatagram::bind(&path).unwrap();
        assert!(journal.takes(&[("MESSAGE", "x")]));
        let mut got = [0; 100];
        let length = listener.recv(&mut got).unwrap();
        assert_eq!(&got[..length], b"MESSAGE=x\n");
        assert!(!journal.takes(&[("MESSAGE", &"x".repeat(64 << 20))]), "too long for a datagram");
        let taken = (0..100_000).take_while(|_| journal.takes(&[("MESSAGE", "x")])).count();
        assert!(taken < 100_000, "a full queue is not waited for");
    }
}
