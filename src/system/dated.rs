//! Directories that are called after the moment in which they began: `20261121-181500`, and
//! `20261121-181500-2` for the second one of that second.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Local};

use super::{FileError, Root, create_new_private_dir, create_private_dir, is_there, local_stamp, sync_dir};

/// Those that begin in one second.
const MOST_PER_SECOND: u32 = 100;
/// Of `YYYYMMDD-HHMMSS`.
const LEAST_LENGTH: usize = 15;

/// Creates the next one in `all`, 0700 both; it is there after a power cut.
pub fn create_dated_dir(all: &Path, now: &DateTime<Local>) -> Result<PathBuf, FileError> {
    create_private_dir(all)?;
    let stamp = local_stamp(now);
    let mut names = std::iter::once(stamp.clone()).chain((2..MOST_PER_SECOND).map(|n| format!("{stamp}-{n}")));
    let dir = all.join(names.find(|name| !is_there(&all.join(name))).unwrap_or(stamp));
    create_new_private_dir(&dir)?;
    sync_dir(all)?;
    Ok(dir)
}

/// All in `all`, oldest first; none where that is not there.
pub fn dated_dirs(all: &Path) -> Result<Vec<PathBuf>, FileError> {
    if !is_there(all) {
        return Ok(Vec::new());
    }
    let mut names = Root::at(all)?.list("/")?;
    names.retain(|name| is_dated_name(&name.to_string_lossy()));
    names.sort();
    Ok(names.into_iter().map(|name| all.join(name)).collect())
}

/// Digits and dashes: nothing that leads elsewhere.
pub fn is_dated_name(name: &str) -> bool {
    name.len() >= LEAST_LENGTH && name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests prepare real directories")]
mod tests {
    use super::*;

    #[test]
    fn two_of_one_second_have_two_names_and_what_is_no_date_is_none_of_them() {
        let dir = tempfile::tempdir().unwrap();
        let all = dir.path().join("all");
        assert_eq!(dated_dirs(&all).unwrap(), Vec::<PathBuf>::new());
        let now = Local::now();
        let made = [(), ()].map(|()| create_dated_dir(&all, &now).unwrap());
        for other in ["gone-20260101-000000", "20260101", "notes"] {
            std::fs::create_dir(all.join(other)).unwrap();
        }
        assert_eq!(dated_dirs(&all).unwrap(), made);
        for name in ["", "../20260101-000000", "20260101-00000a", "/20260101-000000"] {
            assert!(!is_dated_name(name), "{name}");
        }
    }
}
