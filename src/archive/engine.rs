//! One codec at work: input bytes in, output bytes into a buffer. Never touches the writer.
//!
//! The writer types of the codec crates finish the stream when dropped: a cancelled run would
//! compress what is left and write to a target that just failed. An engine simply ends.

use std::io;

use bzip2::{Action, Compress as BzCompress};
use flate2::{Compress as GzCompress, FlushCompress};
use liblzma::stream::{
    Action as XzAction, Check, Filters, LzmaOptions, MtStreamBuilder, PRESET_EXTREME, Status, Stream,
};
use zstd::stream::raw::{CParameter, Encoder as ZstdEncoder, InBuffer, Operation, OutBuffer};

use crate::archive::level::Effective;
use crate::archive::parallel::Blocks;
use crate::config::Codec;

/// Output room an engine may count on in each step.
pub(super) const OUTPUT_BYTES: usize = 64 * 1024;

/// Whether more input follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    More,
    End,
}

/// What one step did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Input bytes taken.
    pub(super) consumed: usize,
    /// The stream is complete; only in [`Phase::End`].
    pub(super) ended: bool,
}

/// A streaming compressor.
pub(super) trait Engine: Send {
    /// Takes input, appends output. `output` is empty and has room for [`OUTPUT_BYTES`].
    fn step(&mut self, input: &[u8], output: &mut Vec<u8>, phase: Phase) -> io::Result<Step>;
}

/// The engine for a setting.
pub(super) fn engine(setting: &Effective) -> io::Result<Box<dyn Engine>> {
    Ok(match setting.codec {
        Codec::None => Box::new(PassThrough),
        Codec::Gzip => Box::new(gzip(setting.level)),
        Codec::Bzip2 if setting.threads == 1 => Box::new(bzip2(setting.level)),
        Codec::Pigz | Codec::Bzip2 => Box::new(Blocks::start(setting)?),
        Codec::Xz => Box::new(xz(setting)?),
        Codec::Lzma => Box::new(lzma(setting)?),
        Codec::Zstd => Box::new(zstd(setting)?),
    })
}

/// Compresses one block to a complete gzip member or bzip2 stream.
pub(super) fn whole_block(codec: Codec, level: u8, block: &[u8]) -> io::Result<Vec<u8>> {
    match codec {
        Codec::Bzip2 => run_to_end(bzip2(level), block),
        _ => run_to_end(gzip(level), block),
    }
}

fn run_to_end(mut engine: impl Engine, mut input: &[u8]) -> io::Result<Vec<u8>> {
    let mut output = Vec::with_capacity(input.len() / 4 + OUTPUT_BYTES);
    loop {
        output.reserve(OUTPUT_BYTES);
        let step = engine.step(input, &mut output, Phase::End)?;
        input = &input[step.consumed..];
        if step.ended {
            return Ok(output);
        }
    }
}

struct PassThrough;

impl Engine for PassThrough {
    fn step(&mut self, input: &[u8], output: &mut Vec<u8>, phase: Phase) -> io::Result<Step> {
        let consumed = input.len().min(OUTPUT_BYTES);
        output.extend_from_slice(&input[..consumed]);
        Ok(Step { consumed, ended: phase == Phase::End && consumed == input.len() })
    }
}

fn gzip(level: u8) -> GzCompress {
    GzCompress::new_gzip(flate2::Compression::new(u32::from(level)), 15)
}

impl Engine for GzCompress {
    fn step(&mut self, input: &[u8], output: &mut Vec<u8>, phase: Phase) -> io::Result<Step> {
        let before = self.total_in();
        let flush = match phase {
            Phase::More => FlushCompress::None,
            Phase::End => FlushCompress::Finish,
        };
        let status = self.compress_vec(input, output, flush).map_err(io::Error::other)?;
        Ok(Step { consumed: taken(before, self.total_in()), ended: status == flate2::Status::StreamEnd })
    }
}

fn bzip2(level: u8) -> BzCompress {
    // Work factor 0 stands for libbz2's own 30.
    BzCompress::new(bzip2::Compression::new(u32::from(level)), 0)
}

impl Engine for BzCompress {
    fn step(&mut self, input: &[u8], output: &mut Vec<u8>, phase: Phase) -> io::Result<Step> {
        let before = self.total_in();
        let action = match phase {
            Phase::More => Action::Run,
            Phase::End => Action::Finish,
        };
        let status = self.compress_vec(input, output, action).map_err(io::Error::other)?;
        Ok(Step { consumed: taken(before, self.total_in()), ended: status == bzip2::Status::StreamEnd })
    }
}

fn xz_options(setting: &Effective) -> io::Result<LzmaOptions> {
    let extreme = if setting.extreme { PRESET_EXTREME } else { 0 };
    let mut options = LzmaOptions::new_preset(u32::from(setting.level) | extreme)?;
    let dictionary = u32::try_from(setting.window_bytes).map_err(io::Error::other)?;
    options.dict_size(dictionary);
    Ok(options)
}

fn xz(setting: &Effective) -> io::Result<Stream> {
    let mut filters = Filters::new();
    filters.lzma2(&xz_options(setting)?);
    // The multi-thread encoder also with one thread: it alone bounds its blocks, and block sizes
    // in the headers let other tools decode in parallel.
    let stream = MtStreamBuilder::new()
        .threads(u32::try_from(setting.threads).map_err(io::Error::other)?)
        .block_size(setting.block_bytes)
        .filters(filters)
        .check(Check::Crc64)
        .encoder()?;
    Ok(stream)
}

fn lzma(setting: &Effective) -> io::Result<Stream> {
    Ok(Stream::new_lzma_encoder(&xz_options(setting)?)?)
}

impl Engine for Stream {
    fn step(&mut self, input: &[u8], output: &mut Vec<u8>, phase: Phase) -> io::Result<Step> {
        let before = self.total_in();
        let action = match phase {
            Phase::More => XzAction::Run,
            Phase::End => XzAction::Finish,
        };
        let status = self.process_vec(input, output, action)?;
        Ok(Step { consumed: taken(before, self.total_in()), ended: status == Status::StreamEnd })
    }
}

fn zstd(setting: &Effective) -> io::Result<ZstdEncoder<'static>> {
    let mut encoder = ZstdEncoder::new(i32::from(setting.level))?;
    encoder.set_parameter(CParameter::ChecksumFlag(true))?;
    encoder.set_parameter(CParameter::WindowLog(setting.window_bytes.ilog2()))?;
    let (chain, hash) = setting.zstd_smaller_tables();
    let chain = chain.map(CParameter::ChainLog);
    for smaller in chain.into_iter().chain(hash.map(CParameter::HashLog)) {
        encoder.set_parameter(smaller)?;
    }
    // One worker would only add its queues: with one thread we compress on the caller's.
    if setting.threads > 1 {
        let workers = u32::try_from(setting.threads).map_err(io::Error::other)?;
        encoder.set_parameter(CParameter::NbWorkers(workers))?;
        let job = u32::try_from(setting.block_bytes).map_err(io::Error::other)?;
        encoder.set_parameter(CParameter::JobSize(job))?;
    }
    Ok(encoder)
}

impl Engine for ZstdEncoder<'static> {
    fn step(&mut self, input: &[u8], output: &mut Vec<u8>, phase: Phase) -> io::Result<Step> {
        let mut source = InBuffer::around(input);
        let start = output.len();
        let mut target = OutBuffer::around_pos(output, start);
        if !input.is_empty() {
            self.run(&mut source, &mut target)?;
        }
        let consumed = source.pos();
        let is_drained = consumed == input.len();
        let ended = phase == Phase::End && is_drained && self.finish(&mut target, false)? == 0;
        Ok(Step { consumed, ended })
    }
}

/// Counters of the codecs are 64 bits wide, a slice is not longer than `usize`.
fn taken(before: u64, after: u64) -> usize {
    usize::try_from(after - before).unwrap_or(usize::MAX)
}
