//! Entries become tar: PAX records where ustar is too narrow, readable by GNU tar and bsdtar.
//!
//! Always: owner and group names, hard links, symlinks. As PAX records, only where needed: names
//! over 100 bytes, nanoseconds and times before 1970, attributes (`SCHILY.xattr.*`), ACLs in
//! text form (`SCHILY.acl.*`), files with holes (GNU sparse 1.0). The same entries give the same
//! bytes.

use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use ring::digest;
use tar::{EntryType, Header};

use super::Piece;
use super::acl::acl_to_text;
use crate::collect::{Entry, EntryKind, Metadata};

/// Tar's unit.
pub const BLOCK: usize = 512;
/// The largest number of 11 octal digits.
const OCTAL_MAX: u64 = 0o777_7777_7777;
/// The largest number of 7 octal digits.
const ID_MAX: u64 = 0o777_7777;

/// Bytes of an owner's name; the field ends in a NUL. Names from a directory service may be longer.
const OWNER_MAX: usize = 31;

/// SHA-256 of a content.
pub type Digest = [u8; 32];

/// Writes entries one after another.
pub struct TarWriter<W: Write> {
    inner: W,
    block: Vec<u8>,
}

impl<W: Write> TarWriter<W> {
    /// Starts an archive.
    pub fn new(inner: W) -> Self {
        Self { inner, block: vec![0; 64 * 1024] }
    }

    /// Adds an entry; gives the SHA-256 of a regular file's logical content (holes are zeros).
    pub fn append(&mut self, entry: &mut Entry) -> io::Result<Option<Digest>> {
        let name = stored_name(&entry.path, &entry.kind);
        let map = entry.regions.as_deref().map(|regions| sparse_map(regions, entry.size));
        let stored: u64 = match (&entry.regions, &map) {
            (Some(regions), Some(map)) => map.len() as u64 + regions.iter().map(|(_, length)| length).sum::<u64>(),
            _ => entry.size,
        };
        let records = pax_records(entry, &name, stored, map.is_some());
        if !records.is_empty() {
            self.pax_header(&name, &records)?;
        }
        let in_header = if map.is_some() { sparse_name(&name) } else { name };
        self.inner.write_all(header(entry, &in_header, stored).as_bytes())?;
        if let Some(map) = &map {
            self.inner.write_all(map)?;
        }
        if entry.kind != EntryKind::File {
            return Ok(None);
        }
        let digest = self.content(entry)?;
        self.pad(stored)?;
        Ok(Some(digest))
    }

    /// Writes the end mark and gives the stream back.
    pub fn finish(mut self) -> io::Result<W> {
        self.inner.write_all(&[0; 2 * BLOCK])?;
        Ok(self.inner)
    }

    fn content(&mut self, entry: &mut Entry) -> io::Result<Digest> {
        let mut hash = digest::Context::new(&digest::SHA256);
        let whole = [(0, entry.size)];
        let mut at = 0;
        for (offset, length) in entry.regions.as_deref().unwrap_or(&whole) {
            Piece::Hole(offset - at).blocks(|zeros| hash.update(zeros));
            copy_exactly(&mut entry.content, &mut self.inner, *length, &mut hash, &mut self.block)?;
            at = offset + length;
        }
        Piece::Hole(entry.size - at).blocks(|zeros| hash.update(zeros));
        let mut digest = [0; 32];
        digest.copy_from_slice(hash.finish().as_ref());
        Ok(digest)
    }

    fn pax_header(&mut self, name: &[u8], records: &[u8]) -> io::Result<()> {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::XHeader);
        header.set_size(records.len() as u64);
        header.set_mode(0o644);
        put_name(&mut header, &[b"PaxHeaders/", last_segment(name)].concat());
        header.set_cksum();
        self.inner.write_all(header.as_bytes())?;
        self.inner.write_all(records)?;
        self.pad(records.len() as u64)
    }

    fn pad(&mut self, length: u64) -> io::Result<()> {
        self.inner.write_all(&[0; BLOCK][..padding(length)])
    }
}

/// Zeros up to the next block.
pub fn padding(length: u64) -> usize {
    let over = usize::try_from(length % BLOCK as u64).unwrap_or(0);
    (BLOCK - over) % BLOCK
}

/// The name in the archive: the host's path without its leading slash.
pub(super) fn stored_name(path: &Path, kind: &EntryKind) -> Vec<u8> {
    let bytes = path.as_os_str().as_bytes();
    let mut name = bytes.strip_prefix(b"/").unwrap_or(bytes).to_vec();
    if *kind == EntryKind::Directory {
        name.push(b'/');
    }
    name
}

fn header(entry: &Entry, name: &[u8], stored: u64) -> Header {
    let mut header = Header::new_ustar();
    let (kind, link) = match &entry.kind {
        EntryKind::File => (EntryType::Regular, None),
        EntryKind::Directory => (EntryType::Directory, None),
        EntryKind::Symlink(target) => (EntryType::Symlink, Some(target.as_bytes().to_vec())),
        EntryKind::HardLink(first) => (EntryType::Link, Some(stored_name(first, &EntryKind::File))),
    };
    header.set_entry_type(kind);
    put_name(&mut header, name);
    if let (Some(link), Some(ustar)) = (link, header.as_ustar_mut()) {
        put(&mut ustar.linkname, &link);
    }
    header.set_size(if kind == EntryType::Regular { stored } else { 0 });
    let meta = &entry.meta;
    header.set_mode(meta.mode);
    header.set_uid(u64::from(meta.uid).min(ID_MAX));
    header.set_gid(u64::from(meta.gid).min(ID_MAX));
    header.set_mtime(u64::try_from(meta.mtime).unwrap_or(0).min(OCTAL_MAX));
    if let Some(ustar) = header.as_ustar_mut() {
        put(&mut ustar.uname[..OWNER_MAX], meta.user.as_bytes());
        put(&mut ustar.gname[..OWNER_MAX], meta.group.as_bytes());
    }
    header.set_cksum();
    header
}

/// What does not fit is cut; the whole name then stands in a PAX record.
fn put_name(header: &mut Header, name: &[u8]) {
    if let Some(ustar) = header.as_ustar_mut() {
        put(&mut ustar.name, name);
    }
}

fn put(field: &mut [u8], value: &[u8]) {
    let length = value.len().min(field.len());
    field[..length].copy_from_slice(&value[..length]);
}

fn pax_records(entry: &Entry, name: &[u8], stored: u64, is_sparse: bool) -> Vec<u8> {
    let mut records = Vec::new();
    let meta = &entry.meta;
    if is_sparse {
        record(&mut records, b"GNU.sparse.major", b"1");
        record(&mut records, b"GNU.sparse.minor", b"0");
        record(&mut records, b"GNU.sparse.name", name);
        record(&mut records, b"GNU.sparse.realsize", entry.size.to_string().as_bytes());
    } else if name.len() > 100 {
        record(&mut records, b"path", name);
    }
    match &entry.kind {
        EntryKind::Symlink(target) if target.len() > 100 => record(&mut records, b"linkpath", target.as_bytes()),
        EntryKind::HardLink(first) if first.as_os_str().len() > 100 => {
            record(&mut records, b"linkpath", &stored_name(first, &EntryKind::File));
        }
        _ => {}
    }
    if stored > OCTAL_MAX {
        record(&mut records, b"size", stored.to_string().as_bytes());
    }
    for (key, id) in [(&b"uid"[..], meta.uid), (b"gid", meta.gid)] {
        if u64::from(id) > ID_MAX {
            record(&mut records, key, id.to_string().as_bytes());
        }
    }
    for (key, name) in [(&b"uname"[..], &meta.user), (b"gname", &meta.group)] {
        if name.len() > OWNER_MAX {
            record(&mut records, key, name.as_bytes());
        }
    }
    if meta.mtime_ns != 0 || meta.mtime < 0 || u64::try_from(meta.mtime).is_ok_and(|mtime| mtime > OCTAL_MAX) {
        record(&mut records, b"mtime", pax_time(meta.mtime, meta.mtime_ns).as_bytes());
    }
    attribute_records(&mut records, meta);
    records
}

fn attribute_records(records: &mut Vec<u8>, meta: &Metadata) {
    for (name, value) in &meta.xattrs {
        let name = name.as_bytes();
        let acl = match name {
            b"system.posix_acl_access" => Some(&b"SCHILY.acl.access"[..]),
            b"system.posix_acl_default" => Some(&b"SCHILY.acl.default"[..]),
            _ => None,
        };
        match acl.map(|key| (key, acl_to_text(value))) {
            Some((key, Some(text))) => record(records, key, text.as_bytes()),
            // An ACL nobody can read is not worth a broken archive.
            Some((_, None)) => {}
            None => record(records, &xattr_key(name), value),
        }
    }
}

/// `=` would end the key: GNU tar writes it as `%3D`, and `%` as `%25`.
fn xattr_key(name: &[u8]) -> Vec<u8> {
    let mut key = b"SCHILY.xattr.".to_vec();
    for byte in name {
        match byte {
            b'=' => key.extend_from_slice(b"%3D"),
            b'%' => key.extend_from_slice(b"%25"),
            other => key.push(*other),
        }
    }
    key
}

/// `LENGTH KEY=VALUE\n`, where LENGTH counts itself.
fn record(records: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    records.extend_from_slice(length.to_string().as_bytes());
    records.push(b' ');
    records.extend_from_slice(key);
    records.push(b'=');
    records.extend_from_slice(value);
    records.push(b'\n');
}

/// Seconds with fraction; before 1970 both count downwards: -1.5 s is second -2 plus half a second.
fn pax_time(seconds: i64, nanoseconds: u32) -> String {
    match (seconds, nanoseconds) {
        (_, 0) => seconds.to_string(),
        (0.., ns) => format!("{seconds}.{ns:09}"),
        (_, ns) => format!("-{}.{:09}", -(seconds + 1), 1_000_000_000 - ns),
    }
}

/// GNU sparse 1.0: number of regions, then offset and length of each, one per line, in whole blocks.
fn sparse_map(regions: &[(u64, u64)], size: u64) -> Vec<u8> {
    // GNU tar closes the map with an empty region at the end when the file ends in a hole.
    let ends_in_hole = regions.last().is_none_or(|(offset, length)| offset + length < size);
    let closing = ends_in_hole.then_some((size, 0));
    let all: Vec<_> = regions.iter().copied().chain(closing).collect();
    let mut map = format!("{}\n", all.len()).into_bytes();
    for (offset, length) in all {
        map.extend_from_slice(format!("{offset}\n{length}\n").as_bytes());
    }
    map.resize(map.len() + padding(map.len() as u64), 0);
    map
}

/// What a reader without sparse support shows instead of the file.
fn sparse_name(name: &[u8]) -> Vec<u8> {
    [b"GNUSparseFile.0/", last_segment(name)].concat()
}

fn last_segment(name: &[u8]) -> &[u8] {
    let name = name.strip_suffix(b"/").unwrap_or(name);
    let start = name.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    &name[start..]
}

/// Copies exactly `length` bytes: the header has promised them.
fn copy_exactly(
    from: &mut impl Read,
    to: &mut impl Write,
    length: u64,
    hash: &mut digest::Context,
    block: &mut [u8],
) -> io::Result<()> {
    let mut left = length;
    while left > 0 {
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
        let got = from.read(&mut block[..want])?;
        if got == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a content ended before its announced size"));
        }
        hash.update(&block[..got]);
        to.write_all(&block[..got])?;
        left -= got as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_its_own_length() {
        let mut records = Vec::new();
        record(&mut records, b"a", b"b");
        assert_eq!(records, b"6 a=b\n");
        for length in 80..110 {
            records.clear();
            record(&mut records, b"path", &vec![b'x'; length]);
            let said: usize = std::str::from_utf8(&records).unwrap().split(' ').next().unwrap().parse().unwrap();
            assert_eq!(said, records.len());
        }
    }

    #[test]
    fn times_before_1970_count_downwards() {
        for (seconds, nanoseconds, text) in [
            (5, 0, "5"),
            (5, 1, "5.000000001"),
            (-2, 500_000_000, "-1.500000000"),
            (-2, 0, "-2"),
            (-1, 1, "-0.999999999"),
        ] {
            assert_eq!(pax_time(seconds, nanoseconds), text);
        }
    }

    #[test]
    fn a_sparse_map_fills_whole_blocks() {
        let map = sparse_map(&[(0, 4096), (8192, 4096)], 20000);
        assert!(map.starts_with(b"3\n0\n4096\n8192\n4096\n20000\n0\n"));
        assert_eq!(map.len() % BLOCK, 0);
    }
}
