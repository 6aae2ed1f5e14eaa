//! What a compression setting really means on this machine: level, threads, block, memory. Pure.
//!
//! Memory is bounded before ratio is served. The bound of an [`Effective`] is
//! [`memory_limit`](Effective::memory_limit); a setting that would exceed it gets smaller blocks
//! first where the level is an everyday one, and fewer threads first where the user asked for the
//! smallest file (`maximum`, `ultra`), because small blocks cost exactly what those modes buy.

use crate::config::{Archive, Codec, Mode};
// Names and levels are settings; readers of archives find them here too.
pub use crate::config::{DEFAULT_CODEC, UnknownCodec, default_level, level_range};

const MIB: u64 = 1 << 20;
/// Blocks below this cost ratio and gain no time: thread hand-over begins to show.
const MIN_BLOCK: u64 = MIB;
/// With less input per thread zstd is no faster, and up to 14 % larger (decision 0002).
const ZSTD_BYTES_PER_THREAD: u64 = 4 * MIB;
/// The default setting: the process may use 48 MiB, of which 16 are left to everything else.
const DEFAULT_LIMIT: u64 = 32 * MIB;
/// Any other level in the modes `fast` and `standard` that can keep it.
const STANDARD_LIMIT: u64 = 256 * MIB;
/// `maximum` and `ultra`: one thread of xz -9 with its whole dictionary fits (about 770 MiB).
const HIGHEST_LIMIT: u64 = 1024 * MIB;
/// libbz2's block is the level times 100 kB, and one block makes one stream.
const BZIP2_BLOCK_PER_LEVEL: u64 = 100_000;

/// A compression setting as it is carried out; log, statistics and manifest show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The format.
    pub codec: Codec,
    /// The level handed to the codec.
    pub level: u8,
    /// xz's and lzma's extreme flag.
    pub extreme: bool,
    /// Threads that compress, at least 1.
    pub threads: usize,
    /// The mode that led to the level.
    pub mode: Mode,
    /// Input bytes that one thread takes at a time; for `gzip` and `lzma` the whole stream.
    pub block_bytes: u64,
    /// Bytes a match may reach back (xz, lzma: the dictionary; zstd: the window); 0 where fixed.
    pub window_bytes: u64,
}

impl Effective {
    /// Settles `archive` for a machine with so many processors and about so many bytes of input.
    ///
    /// `expected_bytes` is a hint: a wrong one costs ratio or time, never correctness.
    pub fn new(archive: &Archive, available_processors: usize, expected_bytes: u64) -> Self {
        let mut wanted = Self {
            codec: archive.codec,
            level: effective_level(archive),
            extreme: is_extreme(archive),
            threads: wanted_threads(archive, available_processors, expected_bytes),
            mode: archive.mode,
            block_bytes: 0,
            window_bytes: 0,
        };
        wanted.split(expected_bytes, u64::MAX);
        wanted.fit(expected_bytes);
        wanted
    }

    /// Upper bound in bytes of what the compressor allocates, its queues included.
    ///
    /// Formulas: xz `doc/` and `lzma_memusage` (12 × dictionary for the match finder, one input
    /// and two output blocks per thread); zstd `clevels.h` and `zstdmt_compress.c` (tables per
    /// thread, threads + 3 input and as many output jobs); bzip2(1) (400 k + 8 × block).
    pub fn memory_estimate(&self) -> u64 {
        let threads = self.threads as u64;
        let (block, window) = (self.block_bytes, self.window_bytes);
        match self.codec {
            Codec::None => MIB / 8,
            Codec::Gzip => MIB,
            Codec::Pigz => threads * (MIB + 5 * block),
            Codec::Bzip2 => threads * (MIB + 13 * block),
            Codec::Lzma => 12 * window + 2 * MIB,
            Codec::Xz => threads * (12 * window + 3 * block + MIB),
            Codec::Zstd if threads == 1 => self.zstd_tables() + window + MIB,
            Codec::Zstd => threads * self.zstd_tables() + (2 * threads + 6) * block,
        }
    }

    /// The stated bound in bytes that [`memory_estimate`](Self::memory_estimate) keeps.
    ///
    /// 32 MiB at the default setting, 256 MiB at other levels, 1 GiB for `maximum`, `ultra`, and
    /// the levels whose tables alone exceed 256 MiB (xz and lzma from 8, zstd from 20).
    pub fn memory_limit(&self) -> u64 {
        match self.mode {
            Mode::Maximum | Mode::Ultra => HIGHEST_LIMIT,
            _ if self.level >= first_heavy_level(self.codec) => HIGHEST_LIMIT,
            Mode::Standard if self.is_default() => DEFAULT_LIMIT,
            Mode::Fast | Mode::Standard => STANDARD_LIMIT,
        }
    }

    fn is_default(&self) -> bool {
        self.codec == DEFAULT_CODEC && self.level == default_level(DEFAULT_CODEC)
    }

    /// Gives block, window and thread count their sizes, the block at most `most` bytes.
    fn split(&mut self, expected_bytes: u64, most: u64) {
        let share = expected_bytes / self.threads as u64;
        let within = |highest: u64| share.clamp(MIN_BLOCK, highest.min(most).max(MIN_BLOCK));
        match self.codec {
            Codec::None | Codec::Gzip => {}
            Codec::Pigz => self.block_bytes = MIB,
            Codec::Bzip2 => self.block_bytes = u64::from(self.level) * BZIP2_BLOCK_PER_LEVEL,
            Codec::Lzma => {
                self.window_bytes = fitting_window(xz_dictionary(self.level), expected_bytes);
            }
            Codec::Xz => {
                let dictionary = xz_dictionary(self.level);
                self.block_bytes = within(3 * dictionary);
                self.window_bytes = fitting_window(dictionary, self.block_bytes);
            }
            Codec::Zstd => {
                let window = 1 << zstd_logs(self.level).0;
                self.window_bytes = fitting_window(window, expected_bytes);
                // zstd's own job size is four windows.
                self.block_bytes = within(4 * self.window_bytes);
            }
        }
    }

    /// Shrinks blocks and threads until the estimate keeps the limit, or nothing is left to give.
    fn fit(&mut self, expected_bytes: u64) {
        let threads_first = matches!(self.mode, Mode::Maximum | Mode::Ultra);
        while self.memory_estimate() > self.memory_limit() {
            let can_shrink = self.block_bytes > MIN_BLOCK
                && matches!(self.codec, Codec::Xz | Codec::Zstd)
                && !(self.codec == Codec::Zstd && self.threads == 1);
            if self.threads > 1 && (threads_first || !can_shrink) {
                self.threads -= 1;
                let most = if threads_first { u64::MAX } else { self.block_bytes };
                self.split(expected_bytes, most);
            } else if can_shrink {
                self.split(expected_bytes, self.block_bytes / 2);
            } else {
                return;
            }
        }
    }

    /// Chain and hash table logarithms where the window makes them smaller than the level's.
    ///
    /// zstd does this itself only when the exact input size is pledged, which nobody knows yet.
    pub(super) fn zstd_smaller_tables(&self) -> (Option<u32>, Option<u32>) {
        let (_, chain, hash) = zstd_logs(self.level);
        let most = self.window_bytes.ilog2() + 1;
        ((chain > most).then_some(most), (hash > most).then_some(most))
    }

    /// Bytes of one zstd context's tables.
    fn zstd_tables(&self) -> u64 {
        let (_, chain, hash) = zstd_logs(self.level);
        let smaller = self.zstd_smaller_tables();
        // The row match finder of these levels has no chain table, only a tag per hash slot.
        let has_chain = !(5..=12).contains(&self.level);
        let chain = u64::from(has_chain) << smaller.0.unwrap_or(chain);
        4 * chain + 5 * (1 << smaller.1.unwrap_or(hash)) + 2 * MIB
    }
}

/// The first level that needs more than [`STANDARD_LIMIT`] with one thread.
fn first_heavy_level(codec: Codec) -> u8 {
    match codec {
        Codec::Xz | Codec::Lzma => 8,
        Codec::Zstd => 20,
        _ => u8::MAX,
    }
}

/// The ending of a file name, dot included.
pub fn extension(codec: Codec) -> &'static str {
    match codec {
        Codec::None => "",
        Codec::Gzip | Codec::Pigz => ".gz",
        Codec::Bzip2 => ".bz2",
        Codec::Xz => ".xz",
        Codec::Lzma => ".lzma",
        Codec::Zstd => ".zst",
    }
}

fn effective_level(archive: &Archive) -> u8 {
    let range = level_range(archive.codec);
    let level = match (archive.mode, archive.codec) {
        (Mode::Fast, _) => 1,
        (Mode::Standard, _) => archive.level,
        (Mode::Maximum, Codec::Zstd) => 19,
        (Mode::Ultra, Codec::Zstd) => 22,
        (Mode::Maximum | Mode::Ultra, _) => 9,
    };
    // The configuration is checked; a codec must not be handed nonsense even so.
    level.clamp(*range.start(), *range.end())
}

fn is_extreme(archive: &Archive) -> bool {
    matches!(archive.codec, Codec::Xz | Codec::Lzma) && matches!(archive.mode, Mode::Maximum | Mode::Ultra)
}

fn wanted_threads(archive: &Archive, available_processors: usize, expected_bytes: u64) -> usize {
    let threads = match (archive.codec, archive.threads) {
        (Codec::None | Codec::Gzip | Codec::Lzma, _) => 1,
        (_, 0) => available_processors.clamp(1, 256),
        (_, threads) => threads.min(256),
    };
    if archive.codec != Codec::Zstd {
        return threads;
    }
    let worthwhile = usize::try_from(expected_bytes / ZSTD_BYTES_PER_THREAD).unwrap_or(usize::MAX);
    threads.min(worthwhile.max(1))
}

/// Dictionary of an xz preset (xz(1), table of presets).
fn xz_dictionary(level: u8) -> u64 {
    const LOGS: [u32; 10] = [18, 20, 21, 22, 22, 23, 23, 24, 25, 26];
    1 << LOGS[usize::from(level.min(9))]
}

/// Window, chain and hash table logarithms of a zstd level (`clevels.h`, inputs over 256 KB).
fn zstd_logs(level: u8) -> (u32, u32, u32) {
    match level {
        0..=1 => (19, 13, 14),
        2 => (20, 15, 16),
        3..=6 => (21, 18, 19),
        7..=8 => (21, 19, 20),
        9 => (22, 20, 21),
        10..=11 => (22, 21, 22),
        12..=15 => (22, 23, 23),
        16 => (22, 22, 22),
        17..=18 => (23, 23, 22),
        19 => (23, 24, 22),
        20 => (25, 25, 23),
        21 => (26, 26, 24),
        _ => (27, 27, 25),
    }
}

/// The smallest power of two that covers the input, at least 1 MiB and at most the preset's.
///
/// A dictionary beyond the input is memory for nothing, and `.lzma` readers take only powers.
fn fitting_window(preset: u64, input_bytes: u64) -> u64 {
    input_bytes.clamp(1, preset).next_power_of_two().clamp(MIB.min(preset), preset)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODECS: [Codec; 7] =
        [Codec::None, Codec::Gzip, Codec::Pigz, Codec::Bzip2, Codec::Xz, Codec::Lzma, Codec::Zstd];

    fn archive(codec: Codec, level: u8, mode: Mode, threads: usize) -> Archive {
        Archive { codec, level, mode, threads, bundle: true }
    }

    #[test]
    fn modes_choose_level_and_extreme_flag() {
        use {Codec::*, Mode::*};
        for (codec, mode, level, extreme) in [
            (Gzip, Fast, 1, false),
            (Gzip, Standard, 5, false),
            (Pigz, Maximum, 9, false),
            (Bzip2, Ultra, 9, false),
            (Xz, Fast, 1, false),
            (Xz, Standard, 5, false),
            (Xz, Maximum, 9, true),
            (Lzma, Ultra, 9, true),
            (Zstd, Maximum, 19, false),
            (Zstd, Ultra, 22, false),
            (Codec::None, Ultra, 0, false),
        ] {
            let setting = Effective::new(&archive(codec, 5, mode, 1), 4, 5 << 20);
            assert_eq!((setting.level, setting.extreme), (level, extreme), "{codec:?} {mode:?}");
        }
    }

    #[test]
    fn zero_threads_mean_all_processors_where_the_codec_can() {
        for (codec, threads) in
            [(Codec::None, 1), (Codec::Gzip, 1), (Codec::Pigz, 3), (Codec::Bzip2, 3), (Codec::Lzma, 1), (Codec::Xz, 3)]
        {
            let setting = Effective::new(&archive(codec, 6, Mode::Standard, 0), 3, 3 << 20);
            assert_eq!(setting.threads, threads, "{codec:?}");
        }
    }

    #[test]
    fn every_setting_keeps_its_memory_limit() {
        for codec in CODECS {
            for mode in [Mode::Fast, Mode::Standard, Mode::Maximum, Mode::Ultra] {
                for level in level_range(codec) {
                    for threads in [1, 2, 4, 64] {
                        for bytes in [0, 1 << 20, 5 << 20, 200 << 20, 5 << 30, u64::MAX] {
                            let archive = archive(codec, level, mode, threads);
                            let setting = Effective::new(&archive, 64, bytes);
                            assert!(
                                setting.memory_estimate() <= setting.memory_limit(),
                                "{setting:?} {bytes}: {} MiB",
                                setting.memory_estimate() >> 20
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn xz_blocks_follow_the_input_and_the_dictionary_follows_the_block() {
        let small = Effective::new(&archive(Codec::Xz, 6, Mode::Standard, 4), 4, 5 << 20);
        assert_eq!((small.threads, small.block_bytes), (4, (5 << 20) / 4));
        assert_eq!(small.window_bytes, 2 << 20);
        let one = Effective::new(&archive(Codec::Xz, 6, Mode::Standard, 1), 4, 5 << 30);
        assert_eq!((one.block_bytes, one.window_bytes), (24 << 20, 8 << 20));
    }
}
