//! Names and levels of the compression formats: what a configuration may say about them.

use std::ops::RangeInclusive;
use std::str::FromStr;

use super::Codec;

/// The codec of a configuration that names none; the table behind it is decision 0002.
pub const DEFAULT_CODEC: Codec = Codec::Zstd;

/// The levels a codec knows; outside is a configuration error.
pub fn level_range(codec: Codec) -> RangeInclusive<u8> {
    match codec {
        Codec::None => 0..=0,
        Codec::Gzip | Codec::Pigz | Codec::Bzip2 => 1..=9,
        Codec::Xz | Codec::Lzma => 0..=9,
        Codec::Zstd => 1..=22,
    }
}

/// The level of a codec for which none is configured.
pub fn default_level(codec: Codec) -> u8 {
    match codec {
        Codec::None => 0,
        Codec::Gzip | Codec::Pigz | Codec::Xz | Codec::Lzma => 6,
        Codec::Zstd => 8,
        Codec::Bzip2 => 9,
    }
}

impl Codec {
    /// The name in configuration and manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Pigz => "pigz",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Lzma => "lzma",
            Self::Zstd => "zstd",
        }
    }
}

impl FromStr for Codec {
    type Err = UnknownCodec;

    /// Reads a name or an alias, any case.
    fn from_str(name: &str) -> Result<Self, UnknownCodec> {
        Ok(match name.trim().to_ascii_lowercase().as_str() {
            "none" => Self::None,
            "gzip" | "gz" => Self::Gzip,
            "pigz" => Self::Pigz,
            "bzip2" | "bz2" => Self::Bzip2,
            "xz" => Self::Xz,
            "lzma" => Self::Lzma,
            "zstd" | "zst" => Self::Zstd,
            _ => return Err(UnknownCodec(name.to_owned())),
        })
    }
}

/// No codec has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("compression type {0:?} is none of none, gzip, pigz, bzip2, xz, lzma, zstd")]
pub struct UnknownCodec(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    const CODECS: [Codec; 7] =
        [Codec::None, Codec::Gzip, Codec::Pigz, Codec::Bzip2, Codec::Xz, Codec::Lzma, Codec::Zstd];

    #[test]
    fn names_and_aliases_parse() {
        for codec in CODECS {
            assert_eq!(codec.as_str().parse(), Ok(codec));
        }
        for (name, codec) in [("gz", Codec::Gzip), ("BZ2", Codec::Bzip2), (" zst ", Codec::Zstd)] {
            assert_eq!(name.parse(), Ok(codec));
        }
        assert!("rar".parse::<Codec>().is_err());
    }
}
