//! Reads `/proc` for the audits. A process that vanishes meanwhile is normal and passed over.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;

use super::names::readable;
use super::ports::{Listener, Protocol, parse_line};
use super::processes::{Process, Program};
use crate::system::{Directory, FileError, Root};

/// The beginning of a command line says what runs; it may have megabytes.
const MOST_OF_A_FILE: u64 = 8 * 1024;
/// A table of sockets has 150 bytes for each.
const MOST_OF_A_TABLE: u64 = 64 * 1024 * 1024;
/// Open files that are looked at when an owner is searched.
const MOST_OPEN_FILES: usize = 1_000_000;
const TABLES: [(&str, Protocol); 4] = [
    ("/proc/net/tcp", Protocol::Tcp),
    ("/proc/net/tcp6", Protocol::Tcp),
    ("/proc/net/udp", Protocol::Udp),
    ("/proc/net/udp6", Protocol::Udp),
];

/// Everything that listens. A kernel without IPv6 has no table of it.
pub(super) fn listeners(root: &Root) -> Result<Vec<Listener>, FileError> {
    let mut listeners = Vec::new();
    for (path, protocol) in TABLES {
        let table = match root.open(path) {
            Ok(file) => BufReader::new(file.take(MOST_OF_A_TABLE)),
            Err(error) if error.is_absent() && path != TABLES[0].0 => continue,
            Err(error) => return Err(error),
        };
        for line in table.split(b'\n') {
            let line = line.map_err(FileError::of("read", path))?;
            listeners.extend(parse_line(&String::from_utf8_lossy(&line), protocol));
        }
    }
    Ok(listeners)
}

/// `/proc`, held open.
pub(super) struct Proc(Directory);

impl Proc {
    pub(super) fn open(root: &Root) -> Result<Self, FileError> {
        root.directory("/proc").map(Self)
    }

    /// Numbers of all processes, the smallest first.
    pub(super) fn pids(&self) -> Result<Vec<u32>, FileError> {
        let names = self.0.entries()?;
        let mut pids: Vec<u32> = names.iter().filter_map(|entry| entry.name.to_str()?.parse().ok()).collect();
        pids.sort_unstable();
        Ok(pids)
    }

    /// One process; `None` when it is gone.
    pub(super) fn process(&self, pid: u32) -> Option<Process> {
        let dir = self.0.open_dir(&OsString::from(pid.to_string())).ok()?;
        let program = match dir.read_link(OsStr::new("exe")) {
            Ok(path) => Program::File(readable(path.as_bytes())),
            Err(error) if error.is_absent() => Program::None,
            Err(_) => Program::Unseen,
        };
        Process::parse(pid, &beginning(&dir, "stat")?, &beginning(&dir, "cmdline")?, program)
    }

    /// Who has these sockets open.
    pub(super) fn owners(&self, sockets: &BTreeSet<u64>) -> Result<BTreeMap<u64, Vec<Process>>, FileError> {
        let mut owners: BTreeMap<u64, Vec<Process>> = BTreeMap::new();
        let mut left = MOST_OPEN_FILES;
        for pid in self.pids()? {
            let Some(open) = self.open_sockets(pid, &mut left) else { continue };
            let mut process = None;
            for socket in open.intersection(sockets) {
                process = process.or_else(|| self.process(pid));
                owners.entry(*socket).or_default().extend(process.clone());
            }
        }
        Ok(owners)
    }

    fn open_sockets(&self, pid: u32, left: &mut usize) -> Option<BTreeSet<u64>> {
        let files = self.0.open_dir(&OsString::from(pid.to_string())).ok()?.open_dir(OsStr::new("fd")).ok()?;
        let entries = files.entries().ok()?;
        *left = left.checked_sub(entries.len())?;
        Some(entries.iter().filter_map(|entry| socket(&files.read_link(&entry.name).ok()?)).collect())
    }
}

/// `socket:[1505]`.
fn socket(target: &OsStr) -> Option<u64> {
    target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

fn beginning(dir: &Directory, name: &str) -> Option<Vec<u8>> {
    let (file, _) = dir.open_file(OsStr::new(name)).ok()?;
    let mut bytes = Vec::new();
    file.take(MOST_OF_A_FILE).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
