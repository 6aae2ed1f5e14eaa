//! The stream that becomes a file, and the way back: each adapter is a `Write` or a `Read`, and
//! has a file.
//!
//! ```text
//! entries ─→ write ─→ delayed ─→ compress ─→ tee ─→ [encryption] ─→ sink ─→ file, SHA-256, length
//!             tar    8 MiB wait   threads     │                 own thread
//!                                             └───→ check: decompress ─→ read ─→ compare
//!                                                   own thread             └ onlooker
//! file ─→ [encryption] ─→ decompress ─→ read ─→ members, pieces of content ─→ unpack ─→ files below a directory
//!                        │ header, pax, sparse, member, acl
//!                        └ limits              └ logical: files that old tools took apart
//! ```
//!
//! `pipeline` joins the upper line. Compression itself: `level` decides, `engine` and `parallel` work.

mod level;
mod engine;
mod parallel;
mod compress;
mod decompress;
mod delayed;
mod tee;
mod encryption;
mod sink;
mod acl;
mod write;
mod limits;
mod header;
mod pax;
mod sparse;
mod member;
mod read;
mod logical;
mod onlooker;
mod check;
mod pipeline;
mod unpacker;
mod unpack;

pub use acl::{acl_from_text, acl_to_text};
pub use check::CheckError;
pub use compress::Compressor;
pub use decompress::{DECODER_MEMORY_LIMIT, Decompressor, decompressor, sniff};
pub use encryption::{
    AgeError, BadLine, BadLineCause, DecryptReader, Encryptor, Envelope, Identities, IdentityError, MaybeAge,
    PassphraseError, PrivateKeyKind, Recipient, RecipientError, RecipientKind, Recipients, RecipientsFile, Salt,
    SaltError, StanzaKind, Weakness, decrypt, looks_like_private_key, parse_recipient_list, verify_envelope,
    weaknesses,
};
pub use level::{DEFAULT_CODEC, Effective, UnknownCodec, default_level, extension, level_range};
pub use limits::{Limits, ReadError};
pub use logical::{LogicalReader, Made, MemberSource, Reopen, Rewrite, Segment};
pub use member::{Member, MemberKind, host_path, printable};
pub use onlooker::{Onlooker, hash_member};
pub use pipeline::{ArchiveError, ArchiveSummary, ArchiveWriter, PackOptions};
pub use read::{ArchiveReader, Piece};
pub use sink::Written;
pub use unpack::{Existing, Rights, UnpackError, UnpackOptions, Unpacked, unpack, unpack_members};
pub use write::{BLOCK, Digest, TarWriter, padding};

use tee::Chunks;

#[cfg(test)]
mod codec_tests;
#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests look at real trees")]
mod unpack_tests;
#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests look at real trees")]
mod read_tests;
#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests look at real trees")]
mod pipeline_tests;
