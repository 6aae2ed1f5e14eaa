//! The decompressor behind a reader: every member, nothing but members, and a bound on memory.
//!
//! What ends early, and what follows the last member, is an error for every codec — zeros too,
//! although gzip(1) and xz(1) let some padding pass: our archives never have any, so it is damage.
//! A changed byte is noticed where the format has checksums. `.lzma` has none and `none` has no
//! structure at all: there only the digest of the archive tells.

use std::io::{self, BufRead, BufReader, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{Stream, TELL_UNSUPPORTED_CHECK};
use zstd::stream::read::Decoder as ZstdDecoder;

use crate::config::Codec;

/// Most bytes a stream may make its decoder allocate: `xz -9`, `zstd -22` and `--long=27` fit.
pub const DECODER_MEMORY_LIMIT: u64 = 160 << 20;
/// The zstd window that keeps [`DECODER_MEMORY_LIMIT`]: 2^27 = 128 MiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

const GZIP: &[u8] = &[0x1f, 0x8b];
const BZIP2: &[u8] = b"BZh";
const XZ: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Properties byte of every preset, and the low bytes of a dictionary size of 2^16 or more.
const LZMA: &[u8] = &[0x5d, 0, 0];

/// Reads the content of a compressed stream, all its members.
pub struct Decompressor<R: Read> {
    codec: Codec,
    state: State<BufReader<R>>,
}

enum State<B: BufRead> {
    /// Before the first member.
    Start(B),
    Inside(Box<Member<B>>),
    /// After the last member.
    Over,
    /// After an error: a reader that goes on must not take it for the end.
    Broken,
}

enum Member<B: BufRead> {
    Plain(B),
    Gzip(GzDecoder<B>),
    Bzip2(BzDecoder<B>),
    Xz(XzDecoder<B>),
    Zstd(ZstdDecoder<'static, B>),
}

/// The content of `reader` as a boxed reader, for callers that store it.
pub fn decompressor<'a, R: Read + Send + 'a>(codec: Codec, reader: R) -> io::Result<Box<dyn Read + Send + 'a>> {
    Ok(Box::new(Decompressor::new(codec, reader)))
}

/// The codec of a stream by its first bytes; six tell all, a plain tar gives `None`.
pub fn sniff(start: &[u8]) -> Option<Codec> {
    [Codec::Gzip, Codec::Bzip2, Codec::Xz, Codec::Zstd, Codec::Lzma]
        .into_iter()
        .find(|codec| start.starts_with(magic(*codec)))
}

impl<R: Read> Decompressor<R> {
    /// Reads `reader` as a stream of this codec.
    pub fn new(codec: Codec, reader: R) -> Self {
        Self { codec, state: State::Start(BufReader::with_capacity(64 * 1024, reader)) }
    }

    fn read_member(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(&mut self.state, State::Broken) {
                State::Broken => return Err(invalid("an earlier read failed")),
                State::Over => {
                    self.state = State::Over;
                    return Ok(0);
                }
                State::Start(source) => self.state = State::Inside(Box::new(self.first(source)?)),
                State::Inside(mut member) => {
                    let count = member.read(buf);
                    // An interrupted read is tried again by the caller.
                    if retry(&count) || matches!(count, Ok(1..)) {
                        self.state = State::Inside(member);
                        return count;
                    }
                    count?;
                    self.state = self.next(member.into_source())?;
                }
            }
        }
    }

    fn first(&self, mut source: BufReader<R>) -> io::Result<Member<BufReader<R>>> {
        if self.codec != Codec::None && peek(&mut source)?.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Member::open(self.codec, source)
    }

    /// After a member: the end, another member, or garbage.
    fn next(&self, mut source: BufReader<R>) -> io::Result<State<BufReader<R>>> {
        let rest = peek(&mut source)?;
        if rest.is_empty() {
            return Ok(State::Over);
        }
        if !may_follow(self.codec, rest) {
            return Err(invalid("bytes follow the end of the stream"));
        }
        let member = Member::open(self.codec, source)?;
        Ok(State::Inside(Box::new(member)))
    }
}

impl<R: Read> Read for Decompressor<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.read_member(buf).map_err(|error| explain(self.codec, error))
    }
}

impl<B: BufRead> Member<B> {
    fn open(codec: Codec, source: B) -> io::Result<Self> {
        Ok(match codec {
            Codec::None => Self::Plain(source),
            Codec::Gzip | Codec::Pigz => Self::Gzip(GzDecoder::new(source)),
            Codec::Bzip2 => Self::Bzip2(BzDecoder::new(source)),
            Codec::Xz => Self::Xz(XzDecoder::new_stream(
                source,
                Stream::new_stream_decoder(DECODER_MEMORY_LIMIT, TELL_UNSUPPORTED_CHECK)?,
            )),
            Codec::Lzma => Self::Xz(XzDecoder::new_stream(source, Stream::new_lzma_decoder(DECODER_MEMORY_LIMIT)?)),
            Codec::Zstd => {
                let mut decoder = ZstdDecoder::with_buffer(source)?.single_frame();
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Self::Zstd(decoder)
            }
        })
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(source) => source.read(buf),
            Self::Gzip(decoder) => decoder.read(buf),
            Self::Bzip2(decoder) => decoder.read(buf),
            Self::Xz(decoder) => decoder.read(buf),
            Self::Zstd(decoder) => decoder.read(buf),
        }
    }

    fn into_source(self) -> B {
        match self {
            Self::Plain(source) => source,
            Self::Gzip(decoder) => decoder.into_inner(),
            Self::Bzip2(decoder) => decoder.into_inner(),
            Self::Xz(decoder) => decoder.into_inner(),
            Self::Zstd(decoder) => decoder.finish(),
        }
    }
}

fn magic(codec: Codec) -> &'static [u8] {
    match codec {
        Codec::None => &[],
        Codec::Gzip | Codec::Pigz => GZIP,
        Codec::Bzip2 => BZIP2,
        Codec::Xz => XZ,
        Codec::Lzma => LZMA,
        Codec::Zstd => ZSTD,
    }
}

/// Whether another member may begin with these bytes, of which a buffer's end may hide the rest.
fn may_follow(codec: Codec, rest: &[u8]) -> bool {
    let magic = magic(codec);
    let shown = rest.len().min(magic.len());
    // `.lzma` is one stream by definition.
    codec != Codec::Lzma && rest[..shown] == magic[..shown]
}

fn peek<B: BufRead>(source: &mut B) -> io::Result<&[u8]> {
    // Twice, because a loop around `fill_buf` does not pass the borrow checker; the second call
    // finds the buffer filled.
    while retry(&source.fill_buf().map(<[u8]>::len)) {}
    source.fill_buf()
}

fn retry(count: &io::Result<usize>) -> bool {
    matches!(count, Err(error) if error.kind() == io::ErrorKind::Interrupted)
}

/// Errors of the source pass unchanged; the codecs' own get words and one kind.
fn explain(codec: Codec, error: io::Error) -> io::Error {
    if error.raw_os_error().is_some() || retry(&Err(error.kind().into())) {
        return error;
    }
    let (kind, what) = match error.kind() {
        io::ErrorKind::UnexpectedEof => (error.kind(), "ends early".to_owned()),
        _ => (io::ErrorKind::InvalidData, format!("cannot be decoded: {error}")),
    };
    io::Error::new(kind, format!("the {} stream {what}", codec.as_str()))
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
