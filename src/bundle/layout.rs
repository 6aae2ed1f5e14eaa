//! A bundle byte by byte: an uncompressed ustar file of exactly three members.
//!
//! ```text
//! header  <archive>.metadata   512        manifest, padded with blanks to METADATA_BYTES
//! content                      METADATA_BYTES
//! header  <archive>.sha256     512        "<64 hex>  <archive>\n"
//! content                      512
//! header  <archive>            512        the archive, padded to 512
//! content                      …
//! end                          1024       zeros
//! ```
//!
//! The first two members and the size of the third are filled in when the archive is complete;
//! their places are reserved, so everything is written once.

use tar::{EntryType, Header};

use crate::archive::{BLOCK, padding};

/// Space for the manifest. A usual one has 3 KiB; the rest holds issues.
pub(super) const METADATA_BYTES: usize = 16 * 1024;
/// Where the archive's bytes start.
pub(super) const ARCHIVE_OFFSET: u64 = (3 * BLOCK + METADATA_BYTES + BLOCK) as u64;

/// Everything in front of the archive's bytes.
pub(super) fn front(archive: &str, metadata: &[u8], sha256: &str, archive_bytes: u64, mtime: u64) -> Vec<u8> {
    let checksum = checksum_line(sha256, archive);
    let mut bytes = Vec::with_capacity(BLOCK);
    for (name, content) in
        [(format!("{archive}.metadata"), metadata), (format!("{archive}.sha256"), checksum.as_bytes())]
    {
        bytes.extend_from_slice(member(&name, content.len() as u64, mtime).as_bytes());
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len() + padding(content.len() as u64), 0);
    }
    bytes.extend_from_slice(member(archive, archive_bytes, mtime).as_bytes());
    bytes
}

/// Everything behind them.
pub(super) fn back(archive_bytes: u64) -> Vec<u8> {
    vec![0; padding(archive_bytes) + 2 * BLOCK]
}

/// The line that `sha256sum -c` takes.
pub(super) fn checksum_line(sha256: &str, archive: &str) -> String {
    format!("{sha256}  {archive}\n")
}

/// The only header this format has for a member: a reader compares byte by byte.
fn member(name: &str, size: u64, mtime: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    if let Some(ustar) = header.as_ustar_mut() {
        // Names are at most 64 (host) + 50 bytes; what is longer goes to the prefix field.
        let bytes = name.as_bytes();
        let length = bytes.len().min(ustar.name.len());
        ustar.name[..length].copy_from_slice(&bytes[..length]);
    }
    header.set_size(size);
    header.set_mode(0o600);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(mtime);
    let _ = header.set_username("root");
    let _ = header.set_groupname("root");
    header.set_cksum();
    header
}

/// Whether the name fits its field; the kernel's host names have at most 64 bytes.
pub(super) fn fits(archive: &str) -> bool {
    archive.len() + ".metadata".len() <= 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_is_as_long_as_reserved() {
        let bytes = front("a-backup-20260101-000000.tar.zst", &vec![b' '; METADATA_BYTES], &"a".repeat(64), 5, 9);
        assert_eq!(bytes.len() as u64, ARCHIVE_OFFSET);
        assert_eq!(back(5).len(), 507 + 1024);
    }

    #[test]
    fn the_longest_kernel_host_name_fits() {
        assert!(fits(&format!("{}-backup-20260101-000000.tar.lzma", "h".repeat(58))));
        assert!(!fits(&format!("{}-backup-20260101-000000.tar.lzma.age", "h".repeat(64))));
    }
}
