//! Extended attributes of what is collected, POSIX ACLs and capabilities among them.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;

use xattr::FileExt;

/// Attributes that belong to the file; a file system without them gives none.
pub fn read_xattrs(file: &File) -> Vec<(OsString, Vec<u8>)> {
    let Ok(names) = file.list_xattr() else {
        return Vec::new();
    };
    let mut all: Vec<_> = names
        .filter(|name| is_kept(name))
        .filter_map(|name| file.get_xattr(&name).ok().flatten().map(|value| (name, value)))
        .collect();
    all.sort();
    all
}

/// `system.*` is made up by file systems, except the ACLs.
fn is_kept(name: &OsStr) -> bool {
    let name = name.as_bytes();
    !name.starts_with(b"system.") || name.starts_with(b"system.posix_acl_")
}
