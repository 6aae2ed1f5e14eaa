//! The stream that becomes a file: each adapter is a `Write` or a `Read`, and has a file.

mod level;
mod engine;
mod parallel;
mod compress;
mod decompress;

pub use compress::Compressor;
pub use decompress::{DECODER_MEMORY_LIMIT, Decompressor, decompressor, sniff};
pub use level::{DEFAULT_CODEC, Effective, UnknownCodec, default_level, extension, level_range};

#[cfg(test)]
mod codec_tests;
