//! Names and paths on a remote: `name:path`. Nothing here asks the remote.

use std::fmt;

use crate::config::Cloud;

/// A directory of a remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remote {
    name: String,
    path: String,
}

impl Remote {
    /// Where backups lie: `CLOUD_REMOTE` with `CLOUD_REMOTE_PATH` behind it.
    pub(super) fn of_backups(settings: &Cloud) -> Result<Self, String> {
        let base = Self::parse(&settings.remote)?;
        let path = joined(&base.path, &settings.path);
        checked(Self { path, ..base })
    }

    /// Where logs lie: `CLOUD_LOG_PATH`, which begins at the root of the same remote unless it names another.
    pub(super) fn of_logs(settings: &Cloud) -> Result<Option<Self>, String> {
        if settings.logs.is_empty() {
            return Ok(None);
        }
        if settings.logs.contains(':') {
            return Self::parse(&settings.logs).and_then(checked).map(Some);
        }
        let base = Self::parse(&settings.remote)?;
        // On SFTP a path with a slash in front is another one than without; the remote's own path says which is meant.
        let path = if base.path.starts_with('/') { settings.logs.clone() } else { joined("", &settings.logs) };
        checked(Self { path, ..base }).map(Some)
    }

    /// A file in it.
    pub(super) fn file(&self, name: &str) -> String {
        match self.path.as_str() {
            "" => format!("{}:{name}", self.name),
            path => format!("{}:{}/{name}", self.name, path.trim_end_matches('/')),
        }
    }

    /// `name` or `name:path`.
    fn parse(text: &str) -> Result<Self, String> {
        let (name, path) = text.split_once(':').unwrap_or((text, ""));
        if name.is_empty() || name.contains(['=', ',', '"', '\'']) {
            return Err("settings of a remote do not belong here, where every user of this machine sees them; \
                        make a remote with `rclone config` and give its name"
                .to_owned());
        }
        let is_allowed = |c: char| c.is_alphanumeric() || "_-.+@ ".contains(c);
        if !name.chars().all(is_allowed) || name.starts_with(['-', ' ']) {
            return Err(format!("`{name}` is no name of an rclone remote"));
        }
        Ok(Self { name: name.to_owned(), path: path.to_owned() })
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.path)
    }
}

/// A leading slash survives in front only: behind a remote it would mean another place on SFTP and
/// nothing elsewhere.
fn joined(base: &str, path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty());
    let tail = parts.collect::<Vec<_>>().join("/");
    match (base, tail.as_str()) {
        (base, "") => base.to_owned(),
        ("", tail) => tail.to_owned(),
        (base, tail) => format!("{}/{tail}", base.trim_end_matches('/')),
    }
}

fn checked(remote: Remote) -> Result<Remote, String> {
    if remote.path.chars().any(char::is_control) {
        return Err("the path holds control characters".to_owned());
    }
    if remote.path.split('/').any(|part| part == "..") {
        return Err("the path holds `..`".to_owned());
    }
    Ok(remote)
}

/// Whether a name is one that we would give: no path, nothing that a file list or a terminal takes
/// for something else. A remote may answer anything.
pub(super) fn is_plain(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    !name.is_empty() && name.len() <= 255 && name.chars().all(is_plain) && name != "." && name != ".."
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{CloudCheck, CloudProof};
    use crate::units::ByteSize;

    pub(in super::super) fn settings(remote: &str, path: &str, logs: &str) -> Cloud {
        Cloud {
            remote: remote.to_owned(),
            path: path.to_owned(),
            logs: logs.to_owned(),
            min_free: ByteSize(0),
            uploads: 2,
            tries_to_write: false,
            check: CloudCheck { proof: CloudProof::Digest, checks_side_files: true, lists_directory: false },
            batch_size: 20,
            batch_pause: Duration::ZERO,
            connection_limit: Duration::from_secs(30),
            operation_limit: Some(Duration::from_secs(300)),
            bandwidth: None,
            transfers: 4,
            retries: 3,
            flags: Vec::new(),
        }
    }

    #[test]
    fn remote_and_path_are_joined() {
        for (remote, path, place) in [
            ("gdrive", "", "gdrive:"),
            ("gdrive", "/proxsave/backup", "gdrive:proxsave/backup"),
            ("box:pve", "backup/", "box:pve/backup"),
            ("nas:/srv/backup/", "//pve1//x", "nas:/srv/backup/pve1/x"),
            ("nas:/", "x", "nas:/x"),
            ("my drive", "a b", "my drive:a b"),
        ] {
            let found = Remote::of_backups(&settings(remote, path, "")).map(|place| place.to_string());
            assert_eq!(found, Ok(place.to_owned()));
        }
        assert_eq!(Remote::parse("a:").unwrap().file("x"), "a:x");
        assert_eq!(Remote::parse("a:/b/").unwrap().file("x"), "a:/b/x");
    }

    #[test]
    fn logs_lie_where_they_are_said_to() {
        for (remote, logs, place) in [
            ("box:pve", "", None),
            ("box:pve", "/proxsave/log", Some("box:proxsave/log")),
            ("box:pve", "other:log", Some("other:log")),
            ("nas:/srv/backup", "/srv/log", Some("nas:/srv/log")),
        ] {
            let found = Remote::of_logs(&settings(remote, "deep", logs)).unwrap();
            assert_eq!(found.map(|place| place.to_string()).as_deref(), place);
        }
    }

    #[test]
    fn what_is_no_remote_is_refused() {
        for remote in
            ["", ":s3:x", ":sftp,host=a,pass=b:x", "a,secret_access_key=x:b", "-x:", "a/b:c", "a:b\nc", "a:../x"]
        {
            assert!(Remote::of_backups(&settings(remote, "", "")).is_err(), "{remote}");
        }
        assert!(Remote::of_logs(&settings("a", "", "/x/../y")).is_err());
    }

    #[test]
    fn names_that_lead_elsewhere_are_not_plain() {
        for name in ["", ".", "..", "../x", "a/b", "a\nb", "a\u{1b}b", "a b", "ä", "a:b", "*"] {
            assert!(!is_plain(name), "{name:?}");
        }
        assert!(is_plain("pve1.lan-backup-20260101-000000.tar.zst.bundle.tar.partial"));
    }
}
