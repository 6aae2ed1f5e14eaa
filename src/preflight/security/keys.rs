//! Key files: the public keys that archives are encrypted for, and no private one beside them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::judge::{Demand, Doubt, Finding, judge};
use crate::archive::looks_like_private_key;
use crate::system::{Directory, FileError, Kind};

/// A key file is small: a private key begins within this, whatever follows.
const LOOKED_AT: u64 = 64 * 1024;
/// Nobody has more key files; in a foreign directory the rest is not ours to read.
const MOST_FILES: usize = 1000;

/// Everything in the key directory; `demand` is made of each file where the directory is ours. The
/// private key that signs may lie here: it opens nothing.
pub(super) fn look_into(
    dir: &Directory,
    demand: Option<Demand>,
    sign_key: Option<&Path>,
) -> Result<Vec<Finding>, FileError> {
    let mut findings = Vec::new();
    for entry in dir.entries()?.into_iter().take(MOST_FILES) {
        // Symlinks are not followed: where they lead is another place.
        if dir.stat_of(&entry.name)?.is_none_or(|stat| stat.kind != Kind::File) {
            continue;
        }
        let path = dir.path().join(&entry.name);
        let (file, stat) = match dir.open_file(&entry.name) {
            Ok(opened) => opened,
            Err(error) if error.is_absent() => continue,
            Err(error) => return Err(error),
        };
        findings.extend(demand.and_then(|demand| judge(&path, &stat, demand)));
        if sign_key == Some(path.as_path()) {
            continue;
        }
        if let Some(kind) = looks_like_private_key(beginning(file).map_err(FileError::of("read", &path))?) {
            let article = if kind.to_string().starts_with(['a', 'O']) { "an" } else { "a" };
            let what = format!("holds {article} {kind}: move it off this machine, it opens what it lies beside");
            findings.push(Finding { path, what, repair: None, doubt: Doubt::None });
        }
    }
    Ok(findings)
}

fn beginning(file: File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LOOKED_AT).read_to_end(&mut bytes)?;
    Ok(bytes)
}
