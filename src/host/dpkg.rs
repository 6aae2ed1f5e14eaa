//! The package database, as far as detection needs it: versions of installed packages.
//!
//! Format: `deb-control(5)` paragraphs in `/var/lib/dpkg/status`. The file has some megabytes, so
//! it is read line by line and values are only looked at inside the paragraphs asked for.

use std::io::{BufRead, BufReader, Read};

use crate::system::Root;

/// Where dpkg keeps it.
pub(super) const STATUS: &str = "/var/lib/dpkg/status";

/// Far above any real database; ends a read of something endless in its place.
const LIMIT: u64 = 64 * 1024 * 1024;

/// One looked-for package, as the database has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Package {
    /// The `Status` field: `install ok installed`, `deinstall ok config-files`…
    pub status: String,
    /// The `Version` field.
    pub version: String,
}

impl Package {
    /// Whether it is there to be run, not just remembered.
    pub(super) fn is_installed(&self) -> bool {
        self.status == "install ok installed" || self.status == "hold ok installed"
    }
}

/// Looks the names up; `None` for each one that has no paragraph, or when there is no database.
pub(super) fn look_up<const N: usize>(root: &Root, names: [&str; N]) -> [Option<Package>; N] {
    match root.open(STATUS) {
        Ok(file) => scan(BufReader::with_capacity(256 * 1024, file.take(LIMIT)), names),
        Err(_) => [const { None }; N],
    }
}

fn scan<const N: usize>(mut lines: impl BufRead, names: [&str; N]) -> [Option<Package>; N] {
    let mut found = [const { None::<Package> }; N];
    let mut inside = None;
    let mut line = Vec::new();
    // A half-written file or a read error ends the search: what was found until then counts.
    while next_line(&mut lines, &mut line) {
        if line.is_empty() {
            inside = None;
            if found.iter().all(Option::is_some) {
                break;
            }
        } else if let Some(name) = line.strip_prefix(b"Package: ") {
            inside = names.iter().position(|wanted| wanted.as_bytes() == name);
            if let Some(at) = inside {
                found[at] = Some(Package::default());
            }
        } else if let Some(package) = inside.and_then(|at| found[at].as_mut()) {
            if let Some(status) = line.strip_prefix(b"Status: ") {
                package.status = String::from_utf8_lossy(status).into_owned();
            } else if let Some(version) = line.strip_prefix(b"Version: ") {
                package.version = String::from_utf8_lossy(version).into_owned();
            }
        }
    }
    found
}

fn next_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> bool {
    line.clear();
    let is_there = lines.read_until(b'\n', line).is_ok_and(|bytes| bytes > 0);
    while line.last().is_some_and(u8::is_ascii_whitespace) {
        line.pop();
    }
    is_there
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(status: &str) -> [Option<Package>; 2] {
        scan(status.as_bytes(), ["pve-manager", "proxmox-backup-server"])
    }

    #[test]
    fn an_installed_package_has_its_version() {
        let [pve, pbs] = versions(
            "Package: pve-manager-extra\nVersion: 1\n\n\
             Package: pve-manager\nStatus: install ok installed\nDescription: x\n Version: 3\nVersion: 8.4.1\n\n\
             Package: proxmox-backup-server\nStatus: deinstall ok config-files\nVersion: 3.4-1\n",
        );

        let pve = pve.unwrap();
        assert!(pve.is_installed());
        assert_eq!(pve.version, "8.4.1");
        assert!(!pbs.unwrap().is_installed());
    }

    #[test]
    fn half_a_file_is_read_as_far_as_it_goes() {
        let [pve, pbs] = versions("\0\u{fffd}\n\nPackage: pve-manager\nStatus: install ok inst");

        assert!(!pve.unwrap().is_installed());
        assert_eq!(pbs, None);
    }
}
