//! Finds out what this machine is, from files alone: the same on a running host and on a mounted
//! disk, and no slow program at the start of each run.

use std::fmt::Write;
use std::path::Path;

use nix::unistd::gethostname;
use ring::digest;

use super::{Host, dpkg, names};
use crate::system::Root;

const PVE_PROGRAM: &str = "/usr/bin/pveversion";
const PBS_PROGRAM: &str = "/usr/sbin/proxmox-backup-manager";
const COROSYNC: &str = "/etc/pve/corosync.conf";

/// Hashed before the machine id, which systemd asks applications never to hash plainly.
const ID_DOMAIN: &[u8] = b"proxmox-config-backup machine id v1\n";

/// Reads the facts. Never fails: what cannot be read is not known.
pub fn detect(root: &Root) -> Host {
    let full = kernel_name(root);
    let name = short_name(&full);
    let [pve, pbs] = packages(root);
    Host {
        pve: version(root, pve.as_ref(), PVE_PROGRAM),
        pbs: version(root, pbs.as_ref(), PBS_PROGRAM),
        debian: debian(root),
        is_clustered: is_clustered(root),
        machine_id: machine_id(root),
        is_offline: !root.is_live(),
        names: names::gather(root, &name),
        full_names: full_names(root, full, &name),
        name,
    }
}

/// What was looked at and what was found, for the debug file of a host without a product.
pub fn detection_report(root: &Root) -> String {
    let host = detect(root);
    let [pve, pbs] = packages(root);
    let mut report = format!("host: {}\nsystem: {}\nroot: {}\n", host.name, host.debian, root.prefix().display());
    for (name, package) in [("pve-manager", pve), ("proxmox-backup-server", pbs)] {
        let found = match package {
            Some(package) => format!("{} ({})", package.status, package.version),
            None => "no such package".to_owned(),
        };
        let _ = writeln!(report, "{} {name}: {found}", dpkg::STATUS);
    }
    for path in [
        dpkg::STATUS,
        PVE_PROGRAM,
        PBS_PROGRAM,
        COROSYNC,
        "/etc/pve/local",
        // These are no marks: they stay behind when a product is removed.
        "/etc/pve",
        "/var/lib/pve-cluster/config.db",
        "/etc/proxmox-backup",
        "/etc/apt/sources.list.d",
    ] {
        let found = match root.stat(path) {
            Ok(Some(stat)) => stat.kind.as_str().to_owned(),
            Ok(None) => "absent".to_owned(),
            Err(error) => error.reason(),
        };
        let _ = writeln!(report, "{path}: {found}");
    }
    for (product, version) in [("Proxmox VE", &host.pve), ("Proxmox Backup Server", &host.pbs)] {
        let _ = writeln!(report, "{product}: {}", version.as_deref().unwrap_or("not found"));
    }
    report
}

fn packages(root: &Root) -> [Option<dpkg::Package>; 2] {
    dpkg::look_up(root, ["pve-manager", "proxmox-backup-server"])
}

/// A directory left behind by a removed product is no mark; its program is.
fn version(root: &Root, package: Option<&dpkg::Package>, program: &str) -> Option<String> {
    match package {
        Some(package) if package.is_installed() => Some(printable(&package.version)),
        _ => root.exists(program).then(|| "unknown".to_owned()),
    }
}

/// A disk has no cluster file system; there corosync's own copy tells.
fn is_clustered(root: &Root) -> bool {
    root.exists(COROSYNC) || (!root.is_live() && root.exists("/etc/corosync/corosync.conf"))
}

/// The name with its domain where that is known, as far as it can be read.
pub fn full_name(root: &Root) -> String {
    let kernel = kernel_name(root);
    let name = short_name(&kernel);
    full_names(root, kernel, &name).into_iter().next().unwrap_or(name)
}

fn kernel_name(root: &Root) -> String {
    let name = if root.is_live() {
        gethostname().ok().and_then(|name| name.into_string().ok())
    } else {
        first_line(root, "/etc/hostname")
    };
    name.unwrap_or_default()
}

/// The name goes into file names.
fn short_name(full: &str) -> String {
    let short = full.split('.').next().unwrap_or_default();
    let name: String = short.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(64).collect();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

/// What `hostname -f` says comes from `/etc/hosts` wherever Proxmox is installed.
fn full_names(root: &Root, kernel: String, name: &str) -> Vec<String> {
    let hosts = root.read_text("/etc/hosts").unwrap_or_default();
    let listed = hosts.lines().flat_map(|line| line.split('#').next().unwrap_or_default().split_whitespace().skip(1));
    let mut full: Vec<String> = listed.map(str::to_owned).chain([kernel]).collect();
    full.retain(|full| full.split_once('.').is_some_and(|(first, domain)| first == name && !domain.is_empty()));
    full.sort();
    full.dedup();
    full
}

fn debian(root: &Root) -> String {
    let text = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .find_map(|path| root.read_text(path).ok())
        .unwrap_or_default();
    let value = |key: &str| {
        text.lines()
            .filter_map(|line| line.trim().split_once('='))
            .find(|(name, _)| *name == key)
            .map(|(_, value)| printable(value.trim_matches(['"', '\''])))
            .filter(|value| !value.is_empty())
    };
    let words = [value("VERSION_ID"), value("VERSION_CODENAME")];
    let known: Vec<String> = words.into_iter().flatten().collect();
    if known.is_empty() {
        // Testing releases have neither.
        return value("PRETTY_NAME").unwrap_or_else(|| "unknown".to_owned());
    }
    known.join(" ")
}

fn machine_id(root: &Root) -> Option<String> {
    let id = first_line(root, "/etc/machine-id")?;
    // Images carry `uninitialized` until their first boot: the same on all of them.
    if id.len() != 32 || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(ID_DOMAIN);
    context.update(id.as_bytes());
    let mut hex = String::with_capacity(64);
    for byte in context.finish().as_ref() {
        let _ = write!(hex, "{byte:02x}");
    }
    Some(hex)
}

/// The first line that says something.
fn first_line(root: &Root, path: impl AsRef<Path>) -> Option<String> {
    let text = root.read_text(path).ok()?;
    text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned)
}

/// Values from files are shown on terminals and stored in manifests.
fn printable(value: &str) -> String {
    value.chars().filter(char::is_ascii_graphic).take(64).collect()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;

    const INSTALLED: &str = "Package: pve-manager\nStatus: install ok installed\nVersion: 8.4.1\n\n\
                             Package: proxmox-backup-server\nStatus: install ok installed\nVersion: 3.4.2-1\n";

    fn detect_in(files: &[(&str, &[u8])]) -> (Host, String) {
        let dir = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let root = Root::at(dir.path()).unwrap();
        (detect(&root), detection_report(&root))
    }

    #[test]
    fn full_names_are_those_of_this_host_alone() {
        let (host, _) = detect_in(&[
            ("etc/hostname", b"node1\n"),
            ("etc/hosts", b"127.0.0.1 localhost.localdomain localhost\n10.0.0.1 node1.lan node1 # node1.not\n10.0.0.2 node10.lan node1. x.node1.lan\n"),
        ]);
        assert_eq!(host.full_names, ["node1.lan"]);
        assert!(host.is_called("node1") && host.is_called("node1.lan"));
        assert!(!host.is_called("node1.other") && !host.is_called("node10"));
    }

    #[test]
    fn both_products_on_one_machine_are_seen() {
        let (host, _) = detect_in(&[
            ("var/lib/dpkg/status", INSTALLED.as_bytes()),
            ("etc/hostname", b"# x\nnode1.example.com\n"),
            ("etc/os-release", b"VERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n"),
            ("etc/pve/corosync.conf", b"totem {}\n"),
        ]);

        assert_eq!(host.pve.as_deref(), Some("8.4.1"));
        assert_eq!(host.pbs.as_deref(), Some("3.4.2-1"));
        assert_eq!(host.name, "node1");
        assert_eq!(host.debian, "12 bookworm");
        assert!(host.is_clustered && host.is_offline);
    }

    #[test]
    fn a_program_alone_is_a_product_of_unknown_version() {
        let (host, _) = detect_in(&[("usr/bin/pveversion", b"")]);

        assert_eq!(host.pve.as_deref(), Some("unknown"));
        assert_eq!(host.pbs, None);
    }

    #[test]
    fn leftovers_are_no_product_and_the_report_names_them() {
        let (host, report) = detect_in(&[
            ("var/lib/dpkg/status", b"Package: pve-manager\nStatus: deinstall ok config-files\nVersion: 7.4-3\n"),
            ("etc/pve/storage.cfg", b"dir: local\n"),
            ("etc/proxmox-backup/datastore.cfg", b""),
        ]);

        assert_eq!((host.pve, host.pbs), (None, None));
        assert!(report.contains("pve-manager: deinstall ok config-files (7.4-3)"));
        assert!(report.contains("/etc/proxmox-backup: directory"));
        assert!(report.contains("Proxmox VE: not found"));
    }

    #[test]
    fn the_machine_id_is_not_given_away() {
        let id = "0123456789abcdef0123456789abcdef";
        let (host, _) = detect_in(&[("etc/machine-id", format!("{id}\n").as_bytes())]);
        let (fresh, _) = detect_in(&[("etc/machine-id", b"uninitialized\n")]);

        let hash = host.machine_id.unwrap();
        assert_eq!(hash.len(), 64);
        assert!(!hash.contains(id));
        assert_eq!(fresh.machine_id, None);
    }

    #[test]
    fn hostile_files_are_survived() {
        let noise: Vec<u8> = (0..=255).cycle().take(70_000).collect();
        let paths = [
            "var/lib/dpkg/status",
            "etc/hostname",
            "etc/os-release",
            "etc/machine-id",
            "etc/pve/storage.cfg",
            "etc/pve/user.cfg",
        ];
        let files: Vec<(&str, &[u8])> = paths.map(|path| (path, noise.as_slice())).to_vec();

        let (host, _) = detect_in(&files);

        assert_eq!(host.pve, None);
        assert!(host.name.is_ascii());
        assert_eq!(detect_in(&[]).0.name, "localhost");
    }
}
