//! The number by which messages name this server: 16 digits, made once, as the older tools did
//! (`proxsave-backup` §6.7), so that whoever knows a server by its number still does.
//!
//! It is a name and no secret. Nothing is sent anywhere because of it.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Local};
use serde::Serialize;

use crate::system::{FileError, Root, Stat, create_private_dir, digest_hex, read_at_most, write_atomically};

/// In the state directory.
const FILE: &str = "server-identity";
/// Where the older tools keep theirs: the Bash tool in `config`, the Go tool in `identity`.
const OLDER: [&str; 4] = [
    "/opt/proxsave/identity/.server_identity",
    "/opt/proxmox-backup/identity/.server_identity",
    "/opt/proxmox-backup/config/.server_identity",
    "/opt/proxsave/config/.server_identity",
];
/// The name of these files.
const OLDER_FILE: &str = ".server_identity";
/// Such a file is a few lines.
const MOST_BYTES: usize = 16 * 1024;
const DIGITS: usize = 16;

/// 16 digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ServerId(String);

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum ServerIdError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Somebody changed it. Made again, it would silently be another one.
    #[error("{} does not hold 16 digits; write the number into it, or remove it to get a new one", .0.display())]
    Damaged(PathBuf),
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ServerId {
    fn parse(text: &str) -> Option<Self> {
        let is_one = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        is_one.then(|| Self(text.to_owned()))
    }

    /// The first 16 hexadecimal digits of a SHA-256 as a decimal number, cut or filled up to 16.
    fn from_digest(hex: &str) -> Self {
        let number = hex.get(..16).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(0);
        let mut digits = format!("{number:0DIGITS$}");
        digits.truncate(DIGITS);
        Self(digits)
    }

    /// From a file of an older tool: `SYSTEM_CONFIG_DATA="<base64 of id:time:key:checksum>"`. The
    /// key ties the number to host name and network card; a renamed host keeps its number here.
    fn from_older(text: &str) -> Option<Self> {
        let coded = text.lines().find_map(|line| line.trim().strip_prefix("SYSTEM_CONFIG_DATA="))?;
        let decoded = STANDARD.decode(coded.trim_matches('"')).ok()?;
        let (content, checksum) = std::str::from_utf8(&decoded).ok()?.trim().rsplit_once(':')?;
        let is_whole = checksum.len() == 8 && digest_hex(content.as_bytes()).starts_with(checksum);
        Self::parse(content.split(':').next()?).filter(|_| is_whole)
    }
}

/// The one that is there, or an older tool's; `None` before the first run. Makes nothing.
pub fn known_server_id(state: &Path, root: &Root) -> Result<Option<ServerId>, ServerIdError> {
    let path = state.join(FILE);
    match read(root, &path) {
        Ok(text) => ServerId::parse(text.trim()).map(Some).ok_or(ServerIdError::Damaged(path)),
        Err(error) if error.is_absent() => Ok(OLDER.iter().find_map(|place| older(root, Path::new(place)))),
        Err(error) => Err(error.into()),
    }
}

/// That of the older tool in this directory, where it has one that may be believed.
pub fn older_server_id(base: &Path, root: &Root) -> Option<ServerId> {
    ["identity", "config"].iter().find_map(|folder| older(root, &base.join(folder).join(OLDER_FILE)))
}

/// The same, and made where there is none. Called by the one run that holds the lock.
pub fn own_server_id(state: &Path, root: &Root, name: &str, now: &DateTime<Local>) -> Result<ServerId, ServerIdError> {
    let known = known_server_id(state, root)?;
    let path = state.join(FILE);
    if let (Some(known), true) = (&known, root.exists(&path)) {
        return Ok(known.clone());
    }
    let id = known.unwrap_or_else(|| ServerId::from_digest(&digest_hex(description(root, name, now).as_bytes())));
    create_private_dir(state)?;
    write_atomically(&path, format!("{id}\n").as_bytes())?;
    Ok(id)
}

/// What no other server has, and the moment, so that a clone gets another one.
fn description(root: &Root, name: &str, now: &DateTime<Local>) -> String {
    let text = |path: &str| root.read_text(path).unwrap_or_default().trim().to_owned();
    let interfaces = root.list("/sys/class/net").unwrap_or_default();
    let mut addresses: Vec<String> =
        interfaces.iter().map(|name| text(&format!("/sys/class/net/{}/address", name.to_string_lossy()))).collect();
    addresses.retain(|address| !address.is_empty() && address != "00:00:00:00:00:00");
    addresses.sort();
    let kernel: String = text("/proc/version").chars().take(100).collect();
    [
        now.to_utc().format("%Y%m%d%H%M%S%f").to_string(),
        text("/etc/machine-id"),
        addresses.join(":"),
        name.to_owned(),
        text("/sys/class/dmi/id/product_uuid"),
        kernel,
    ]
    .join(":")
}

/// A file that root must not believe is none.
fn older(root: &Root, path: &Path) -> Option<ServerId> {
    ServerId::from_older(&read(root, path).ok()?)
}

fn read(root: &Root, path: &Path) -> Result<String, FileError> {
    let file = root.open_no_symlink(path)?;
    if let Some(reason) = Stat::of(&file, path)?.reason_against_trust() {
        return Err(FileError::of("believe", path)(std::io::Error::other(reason)));
    }
    let bytes = read_at_most(file, MOST_BYTES, path)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// As the Bash tool writes it.
    fn older_file(payload: &str) -> String {
        let coded = STANDARD.encode(payload);
        format!("# System\n# DO NOT MODIFY THIS FILE MANUALLY\nSYSTEM_CONFIG_DATA=\"{coded}\"\n# End\n")
    }

    fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
        }
        let root = Root::at(dir.path()).unwrap();
        (dir, root)
    }

    #[test]
    fn a_digest_gives_sixteen_digits() {
        for (hex, digits) in [
            ("ffffffffffffffff00", "1844674407370955"),
            ("0000000000000001ff", "0000000000000001"),
            ("002386f26fc0ffff", "9999999999999999"),
        ] {
            assert_eq!(ServerId::from_digest(hex).to_string(), digits);
        }
    }

    #[test]
    fn an_older_tools_number_is_taken_over_when_its_checksum_is_right() {
        let id = |payload: &str| ServerId::from_older(&older_file(payload)).map(|id| id.to_string());
        let content = "7109226450519581:1795216515:a10e6812";
        let checksum = &digest_hex(content.as_bytes())[..8];
        assert_eq!(id(&format!("{content}:{checksum}\n")).as_deref(), Some("7109226450519581"));
        assert_eq!(id("7109226450519581:1795216515:a10e6812:de8d73db").as_deref(), Some("7109226450519581"));
        assert_eq!(id("7109226450519582:1795216515:a10e6812:de8d73db"), None);
        assert_eq!(id("7109226450519581:1795216515:a10e6812:"), None);
        assert_eq!(ServerId::from_older("SYSTEM_CONFIG_DATA=\"?\""), None);
    }

    #[test]
    fn it_is_made_once_and_private() {
        let (dir, _) = tree(&[]);
        let root = Root::live().unwrap();
        let state = dir.path().join("state");
        let first = own_server_id(&state, &root, "a", &Local::now()).unwrap();
        let again = own_server_id(&state, &root, "renamed", &Local::now()).unwrap();
        assert_eq!((first.to_string().len(), &first), (16, &again));
        assert_eq!(std::fs::metadata(state.join(FILE)).unwrap().permissions().mode() & 0o7777, 0o600);
    }

    #[test]
    fn an_older_number_is_known_before_the_first_run() {
        let older = older_file("7109226450519581:1795216515:a10e6812:de8d73db");
        let (_dir, root) = tree(&[(OLDER[2], &older)]);
        let known = known_server_id(Path::new("/state"), &root).unwrap().unwrap();
        assert_eq!(known.to_string(), "7109226450519581");
    }

    #[test]
    fn a_damaged_file_is_said_and_left_alone() {
        let (dir, root) = tree(&[("/state/server-identity", "12345\n")]);
        let error = known_server_id(Path::new("/state"), &root).unwrap_err();
        assert!(error.to_string().contains("does not hold 16 digits"), "{error}");
        assert_eq!(std::fs::read_to_string(dir.path().join("state/server-identity")).unwrap(), "12345\n");
    }
}
