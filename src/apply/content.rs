//! Copies the content of a file to its place, and believes nothing but the digest.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use ring::digest::{Context, SHA256};

use super::place::differs;
use super::{ApplyError, Change, Wanted};
use crate::archive::printable;
use crate::system::{FileError, open_file};

const BLOCK: usize = 256 * 1024;

/// Writes what a changed file shall hold into `to`, which is empty; other kinds have no content.
pub(super) fn fill(mut to: &File, shown: &Path, change: &Change) -> Result<(), ApplyError> {
    let Wanted::File { content, size, digest } = &change.wanted else { return Ok(()) };
    // One byte more than planned is enough to know.
    let mut from = open_file(content)?.take(size.saturating_add(1));
    let (mut hash, mut length) = (Context::new(&SHA256), 0);
    let mut block = vec![0; BLOCK];
    loop {
        let got = from.read(&mut block).map_err(FileError::of("read", content))?;
        if got == 0 {
            break;
        }
        hash.update(&block[..got]);
        length += got as u64;
        to.write_all(&block[..got]).map_err(FileError::of("write", shown))?;
    }
    if length != *size || hash.finish().as_ref() != digest {
        return Err(differs(printable(&change.path), "the content kept for it is not what was planned"));
    }
    Ok(())
}
