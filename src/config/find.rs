//! Which configuration file is read, and what `BASE_DIR` means for it.

use std::path::{Path, PathBuf};

use super::Format;
use super::load::ConfigError;
use super::parse::MOST_BYTES;
use crate::system::{FileError, Root, Stat, open_file, read_at_most};

/// Where a configuration is looked for, in this order; the first two are ours, the others older tools'.
///
/// The package installs a `backup.env` in which nothing is said, so a `backup.yaml` beside it was
/// written on purpose and comes first.
pub const PLACES: [&str; 6] = [
    OWN_YAML,
    OWN_ENV,
    PBS_PLACE,
    "/opt/proxmox-backup/env/backup.env",
    "/opt/proxsave/configs/backup.env",
    "/opt/proxsave/env/backup.env",
];

const OWN_YAML: &str = "/etc/proxmox-config-backup/backup.yaml";
const OWN_ENV: &str = "/etc/proxmox-config-backup/backup.env";

/// In a directory of the unprivileged user `backup`, who must be able neither to swap our
/// configuration nor to stop every run by placing a bad one: a file there is passed over.
const PBS_PLACE: &str = "/etc/proxmox-backup/backup.env";

/// Without any older tool.
const OWN_BASE_DIR: &str = "/var/lib/proxmox-config-backup";

impl Format {
    /// Our own file of this form.
    pub fn place(self) -> &'static str {
        match self {
            Self::Env => OWN_ENV,
            Self::Yaml => OWN_YAML,
        }
    }
}

/// A configuration file that may be believed.
#[derive(Debug)]
pub(super) struct ConfigFile {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
    /// Whether nobody but its owner can read it.
    pub(super) is_private: bool,
}

/// A file that was not read, and why.
#[derive(Debug)]
pub(super) enum PassedOver {
    /// It was not believed.
    Untrusted(ConfigError),
    /// The file beside it comes first, and it has settings too.
    Second {
        /// The file that is not read.
        path: PathBuf,
        /// The file that is.
        first: PathBuf,
    },
}

/// The file that was asked for.
pub(super) fn explicit(path: &Path) -> Result<ConfigFile, ConfigError> {
    let file = open_file(path).map_err(ConfigError::File)?;
    let stat = Stat::of(&file, path).map_err(ConfigError::File)?;
    if let Some(reason) = stat.reason_against_trust() {
        return Err(untrusted(path, reason));
    }
    // One byte more than allowed: the parser has the message.
    let bytes = read_at_most(file, 16 * MOST_BYTES, path).map_err(ConfigError::File)?;
    Ok(ConfigFile { path: path.to_owned(), bytes, is_private: stat.is_private() })
}

/// The first that exists, and those passed over on the way.
pub(super) fn search(root: &Root) -> Result<(Option<ConfigFile>, Vec<PassedOver>), ConfigError> {
    let mut passed_over = Vec::new();
    for place in PLACES {
        match open_place(root, Path::new(place)) {
            Ok(Some(file)) => {
                passed_over.extend(second(root, &file));
                return Ok((Some(file), passed_over));
            }
            Ok(None) => {}
            Err(error) if place == PBS_PLACE => passed_over.push(PassedOver::Untrusted(error)),
            Err(error) => return Err(error),
        }
    }
    Ok((None, passed_over))
}

/// Our other file, where it says something: whoever edits it has to learn that it does not count.
fn second(root: &Root, read: &ConfigFile) -> Option<PassedOver> {
    if read.path != Path::new(OWN_YAML) {
        return None;
    }
    let other = open_place(root, Path::new(OWN_ENV)).ok().flatten()?;
    let parsed = Format::Env.parse(&other.bytes);
    let says_nothing = parsed.lines.is_empty() && parsed.faults.is_empty();
    (!says_nothing).then(|| PassedOver::Second { path: other.path, first: read.path.clone() })
}

/// The file there, if it may be believed; `None` where there is none.
pub(super) fn open_place(root: &Root, path: &Path) -> Result<Option<ConfigFile>, ConfigError> {
    let file = match root.open_no_symlink(path) {
        Ok(file) => file,
        Err(error) if error.is_absent() => return Ok(None),
        Err(FileError { cause, .. }) if cause.raw_os_error() == Some(nix::libc::ELOOP) => {
            return Err(untrusted(path, "is a symlink"));
        }
        Err(error) => return Err(ConfigError::File(error)),
    };
    let stat = Stat::of(&file, path).map_err(ConfigError::File)?;
    // A second name may lie where somebody else can reach it.
    let links = (stat.links != 1).then_some("has more than one name (hard links)");
    if let Some(reason) = stat.reason_against_trust().or(links) {
        return Err(untrusted(path, reason));
    }
    let bytes = read_at_most(file, 16 * MOST_BYTES, path).map_err(ConfigError::File)?;
    Ok(Some(ConfigFile { path: path.to_owned(), bytes, is_private: stat.is_private() }))
}

fn untrusted(path: &Path, reason: &'static str) -> ConfigError {
    ConfigError::Untrusted { path: path.to_owned(), reason }
}

/// `BASE_DIR` where nobody sets it: from the file's place, else the program's, else ours.
pub(super) fn base_dir(file: Option<&Path>, program: Option<&Path>) -> PathBuf {
    let above = |path: Option<&Path>, names: &[&str]| {
        let parent = path?.parent()?;
        let is_known = parent.file_name().is_some_and(|name| names.iter().any(|known| name == *known));
        parent.parent().filter(|base| is_known && base.is_absolute()).map(Path::to_owned)
    };
    let of_file = above(file.filter(|file| file.file_stem().is_some_and(|name| name == "backup")), &["env", "configs"]);
    of_file.or_else(|| above(program, &["build"])).unwrap_or_else(|| OWN_BASE_DIR.into())
}

/// The defaults of the older tools hold where they were installed.
pub(super) fn has_older_defaults(file: Option<&Path>) -> bool {
    file.is_some_and(|file| file.starts_with("/opt"))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real trees")]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn tree() -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::at(dir.path()).unwrap();
        (dir, root)
    }

    fn put(dir: &tempfile::TempDir, place: &str, mode: u32) -> PathBuf {
        let path = dir.path().join(place.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, place).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn the_first_place_that_exists_is_read() {
        let (dir, root) = tree();
        assert!(search(&root).unwrap().0.is_none());
        for place in PLACES.iter().rev() {
            put(&dir, place, 0o600);
            assert_eq!(search(&root).unwrap().0.unwrap().path, Path::new(place));
        }
    }

    #[test]
    fn what_others_could_have_written_is_refused() {
        for (mode, reason) in [(0o620, "changed by others"), (0o602, "changed by others")] {
            let (dir, root) = tree();
            put(&dir, OWN_ENV, mode);
            assert!(search(&root).unwrap_err().to_string().contains(reason));
        }
        let (dir, root) = tree();
        let path = put(&dir, PLACES[3], 0o600);
        std::fs::hard_link(&path, dir.path().join("second")).unwrap();
        assert!(search(&root).unwrap_err().to_string().contains("more than one name"));
        std::fs::rename(dir.path().join("second"), &path).unwrap();
        std::fs::remove_file(dir.path().join("second")).unwrap();
        std::fs::rename(&path, dir.path().join("real")).unwrap();
        symlink("/real", &path).unwrap();
        assert!(search(&root).unwrap_err().to_string().contains("symlink"));
    }

    #[test]
    fn a_bad_file_in_the_backup_servers_directory_is_passed_over() {
        let (dir, root) = tree();
        put(&dir, PBS_PLACE, 0o666);
        put(&dir, PLACES[4], 0o600);
        let (file, passed_over) = search(&root).unwrap();
        assert_eq!((file.unwrap().path.as_path(), passed_over.len()), (Path::new(PLACES[4]), 1));
    }

    #[test]
    fn of_two_files_the_second_is_named_if_it_says_something() {
        let (dir, root) = tree();
        put(&dir, OWN_YAML, 0o600);
        let env = put(&dir, OWN_ENV, 0o600);
        for (text, told) in [("# nothing\n#LOG_PATH=/x\n", 0), ("LOG_PATH=/x\n", 1)] {
            std::fs::write(&env, text).unwrap();
            let (file, passed_over) = search(&root).unwrap();
            assert_eq!((file.unwrap().path.as_path(), passed_over.len()), (Path::new(OWN_YAML), told), "{text}");
        }
    }

    #[test]
    fn base_dir_follows_file_then_program() {
        let base = |file: Option<&str>, program: &str| base_dir(file.map(Path::new), Some(Path::new(program)));
        assert_eq!(base(Some("/opt/x/env/backup.env"), "/usr/sbin/p"), Path::new("/opt/x"));
        assert_eq!(base(Some("/opt/x/configs/backup.env"), "/opt/y/build/p"), Path::new("/opt/x"));
        assert_eq!(base(Some("/etc/proxmox-config-backup/backup.env"), "/opt/y/build/p"), Path::new("/opt/y"));
        assert_eq!(base(Some("/etc/x/backup.env"), "/usr/sbin/p"), Path::new(OWN_BASE_DIR));
        assert_eq!(base(Some("env/backup.env"), "/usr/sbin/p"), Path::new(OWN_BASE_DIR));
    }
}
