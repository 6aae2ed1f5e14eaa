//! What a reader puts up with, and how it says that something is too much or damaged.

use std::io;

/// Bounds on an archive from anywhere. All of them are far above what a host's configuration has.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Members.
    pub entries: u64,
    /// Logical bytes of all members, holes counted, and everything around them.
    pub total_bytes: u64,
    /// One PAX header; attributes of a file have at most 64 KiB each.
    pub pax_bytes: u64,
    /// A name or link target; longer than any the kernel takes in one call.
    pub name_bytes: u64,
    /// Data regions of a file with holes, 16 bytes of memory each.
    pub regions: usize,
    /// Bytes of the packed archive, where they are known: the measure for `ratio`.
    pub packed_bytes: Option<u64>,
    /// How many times `packed_bytes` may come out of it.
    pub ratio: u64,
}

/// Whatever the ratio says, this much may come out of a small archive: an empty disk image is
/// nearly all zeros and packs 1 : 30000.
const ANY_RATIO: u64 = 4 << 30;

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 5_000_000,
            total_bytes: 1 << 40,
            pax_bytes: 4 << 20,
            name_bytes: 64 << 10,
            regions: 1 << 20,
            packed_bytes: None,
            ratio: 2000,
        }
    }
}

impl Limits {
    /// The bound that comes first, total or ratio.
    pub(super) fn most_bytes(&self) -> u64 {
        let by_ratio = self.packed_bytes.map(|packed| packed.saturating_mul(self.ratio).max(ANY_RATIO));
        self.total_bytes.min(by_ratio.unwrap_or(u64::MAX))
    }
}

/// Why an archive cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The bytes do not come, or cannot be decompressed.
    #[error("the archive cannot be read: {0}")]
    Stream(#[from] io::Error),
    /// The stream ends before the archive.
    #[error("the archive is cut off at byte {offset}, {place}")]
    CutOff {
        /// Position in the decompressed stream.
        offset: u64,
        /// What was being read.
        place: String,
    },
    /// Bytes that mean nothing.
    #[error("the archive is damaged at byte {offset}, {place}: {what}")]
    Damaged {
        /// Position in the decompressed stream.
        offset: u64,
        /// Which member.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// More than the limits allow.
    #[error("the archive is refused at byte {offset}, {place}: {what}")]
    TooMuch {
        /// Position in the decompressed stream.
        offset: u64,
        /// Which member.
        place: String,
        /// What there is too much of.
        what: String,
    },
}
