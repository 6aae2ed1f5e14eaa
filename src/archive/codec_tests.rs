//! Compressor and decompressor against each other, the stock programs, and damage.

use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use crate::archive::{Compressor, Decompressor, Effective, extension, sniff};
use crate::config::{Archive, Codec, Mode};

const CODECS: [Codec; 7] = [Codec::None, Codec::Gzip, Codec::Pigz, Codec::Bzip2, Codec::Xz, Codec::Lzma, Codec::Zstd];
const MODES: [Mode; 4] = [Mode::Fast, Mode::Standard, Mode::Maximum, Mode::Ultra];

fn setting(codec: Codec, mode: Mode, threads: usize, bytes: usize) -> Effective {
    let archive = Archive { codec, level: 3, mode, threads, bundle: true };
    let mut setting = Effective::new(&archive, 4, bytes as u64);
    if codec == Codec::Zstd {
        // The rule for small inputs would leave zstd's threads untested.
        setting.threads = threads;
    }
    setting
}

/// Lines like a configuration's; the same bytes in each run.
fn text(bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + 64);
    for n in 0_u64.. {
        if text.len() >= bytes {
            break;
        }
        let odd = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        text.extend(format!("net{}: virtio={odd:06x},bridge=vmbr{}\n", n % 9, n % 3).bytes());
    }
    text.truncate(bytes);
    text
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut noise = Vec::with_capacity(bytes + 8);
    while noise.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend(state.to_le_bytes());
    }
    noise.truncate(bytes);
    noise
}

fn compress(setting: &Effective, data: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(Vec::new(), setting).unwrap();
    compressor.write_all(data).unwrap();
    compressor.finish().unwrap()
}

fn decompress(codec: Codec, data: &[u8]) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    Decompressor::new(codec, data).read_to_end(&mut content)?;
    Ok(content)
}

fn round_trips(codec: Codec) {
    for size in [0, 1, 100, (1 << 20) - 1, 3 << 20] {
        for data in [text(size), noise(size)] {
            for mode in MODES {
                let mut tried = None;
                for threads in [1, 4] {
                    let setting = setting(codec, mode, threads, size);
                    // Where more threads make no difference, the same again proves nothing.
                    if tried.replace(setting) == Some(setting) {
                        continue;
                    }
                    let packed = compress(&setting, &data);
                    let unpacked = decompress(codec, &packed).unwrap();
                    assert!(unpacked == data, "{setting:?} {size}");
                }
            }
        }
    }
}

macro_rules! round_trip_tests {
    ($($name:ident: $codec:expr;)*) => {
        $(#[test]
        fn $name() {
            round_trips($codec);
        })*
    };
}

round_trip_tests! {
    none_round_trips: Codec::None;
    gzip_round_trips: Codec::Gzip;
    pigz_round_trips: Codec::Pigz;
    bzip2_round_trips: Codec::Bzip2;
    xz_round_trips: Codec::Xz;
    lzma_round_trips: Codec::Lzma;
    zstd_round_trips: Codec::Zstd;
}

/// Runs a stock program as a filter; `None` when it is not installed.
fn filter(argv: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    #[expect(clippy::disallowed_methods, reason = "the programs users unpack with, run only by tests")]
    let started = Command::new(argv[0]).args(&argv[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => return skip(&format!("{}: {error}", argv[0])),
    };
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).unwrap());
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success(), "{argv:?}: {}", output.status);
    Some(output.stdout)
}

#[expect(clippy::disallowed_methods, reason = "only CI says that a skip is a failure")]
fn skip<T>(why: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "SKIPPED in CI: {why}");
    eprintln!("SKIPPED: {why}");
    None
}

#[test]
fn stock_programs_open_ours() {
    let data = text(2_500_000);
    for (codec, argv) in [
        (Codec::Gzip, vec!["gzip", "-dc"]),
        (Codec::Pigz, vec!["gzip", "-dc"]),
        (Codec::Pigz, vec!["pigz", "-dc"]),
        (Codec::Bzip2, vec!["bzip2", "-dc"]),
        (Codec::Xz, vec!["xz", "-dc"]),
        (Codec::Lzma, vec!["xz", "--format=lzma", "-dc"]),
        (Codec::Lzma, vec!["lzma", "-dc"]),
        (Codec::Zstd, vec!["zstd", "-dc"]),
    ] {
        for threads in [1, 4] {
            for data in [&data[..], &[]] {
                let packed = compress(&setting(codec, Mode::Standard, threads, data.len()), data);
                if let Some(unpacked) = filter(&argv, &packed) {
                    assert!(unpacked == data, "{argv:?} {threads}");
                }
            }
        }
    }
}

#[test]
fn stock_checks_accept_ours() {
    let data = text(2_500_000);
    for (codec, argv) in [
        (Codec::Pigz, vec!["gzip", "-t"]),
        (Codec::Bzip2, vec!["bzip2", "-t"]),
        (Codec::Xz, vec!["xz", "-t"]),
        (Codec::Zstd, vec!["zstd", "-t"]),
    ] {
        filter(&argv, &compress(&setting(codec, Mode::Ultra, 4, data.len()), &data));
    }
}

#[test]
fn we_open_what_stock_programs_made() {
    let data = text(2_500_000);
    for (codec, argv) in [
        (Codec::Gzip, vec!["gzip", "-c"]),
        (Codec::Pigz, vec!["pigz", "-c"]),
        (Codec::Bzip2, vec!["bzip2", "-c"]),
        (Codec::Xz, vec!["xz", "-T4", "--block-size=1MiB", "-c"]),
        (Codec::Xz, vec!["xz", "-9e", "-c"]),
        (Codec::Lzma, vec!["xz", "--format=lzma", "-9e", "-c"]),
        (Codec::Zstd, vec!["zstd", "--ultra", "-22", "-c"]),
        (Codec::Zstd, vec!["zstd", "--long=27", "-c"]),
    ] {
        let Some(packed) = filter(&argv, &data) else {
            continue;
        };
        assert_eq!(sniff(&packed).map(extension), Some(extension(codec)), "{argv:?}");
        assert!(decompress(codec, &packed).unwrap() == data, "{argv:?}");
        if codec != Codec::Lzma {
            let twice = [packed.clone(), packed].concat();
            assert_eq!(decompress(codec, &twice).unwrap().len(), 2 * data.len());
        }
    }
}

/// Takes a few bytes at a time, and fails from the n-th call on.
struct Narrow {
    calls: usize,
    fails_at: usize,
    taken: Vec<u8>,
}

impl Write for Narrow {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.calls > self.fails_at {
            return Err(io::Error::from_raw_os_error(nix::libc::ENOSPC));
        }
        if self.calls % 5 == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = buf.len().min(777);
        self.taken.extend_from_slice(&buf[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_narrowly(setting: &Effective, data: &[u8], fails_at: usize) -> io::Result<Vec<u8>> {
    let narrow = Narrow { calls: 0, fails_at, taken: Vec::new() };
    let mut compressor = Compressor::new(narrow, setting)?;
    compressor.write_all(data)?;
    Ok(compressor.finish()?.taken)
}

#[test]
fn short_and_interrupted_writes_lose_nothing() {
    let data = noise(2_500_000);
    for codec in CODECS {
        for threads in [1, 4] {
            let setting = setting(codec, Mode::Fast, threads, data.len());
            let packed = write_narrowly(&setting, &data, usize::MAX).unwrap();
            assert!(decompress(codec, &packed).unwrap() == data, "{setting:?}");
        }
    }
}

#[test]
fn a_full_disk_surfaces_as_itself() {
    let data = noise(2_500_000);
    for codec in CODECS {
        for threads in [1, 4] {
            for fails_at in [0, 1, 2, 100, 2000] {
                let setting = setting(codec, Mode::Fast, threads, data.len());
                let error = write_narrowly(&setting, &data, fails_at).unwrap_err();
                assert_eq!(error.raw_os_error(), Some(nix::libc::ENOSPC), "{setting:?}");
            }
        }
    }
}

/// Whether every length and byte of `packed` is covered by the format.
fn damaged_is_noticed(codec: Codec, packed: &[u8]) {
    for length in (0..packed.len()).step_by(packed.len() / 97 + 1) {
        assert!(decompress(codec, &packed[..length]).is_err(), "{codec:?} cut to {length}");
    }
    assert!(decompress(codec, &packed[..packed.len() - 1]).is_err(), "{codec:?} last byte");
    for tail in [&[0_u8][..], &[0; 512], b"x", b"garbage", &packed[..1], &packed[..9]] {
        let longer = [packed, tail].concat();
        assert!(decompress(codec, &longer).is_err(), "{codec:?} + {tail:?}");
    }
}

#[test]
fn truncation_and_trailing_bytes_are_errors() {
    for codec in CODECS {
        if codec == Codec::None {
            continue;
        }
        for data in [text(0), text(100), text(2_200_000)] {
            for threads in [1, 4] {
                let setting = setting(codec, Mode::Standard, threads, data.len());
                damaged_is_noticed(codec, &compress(&setting, &data));
            }
        }
    }
}

#[test]
fn a_changed_byte_never_gives_other_content() {
    let data = text(300_000);
    for codec in [Codec::Gzip, Codec::Pigz, Codec::Bzip2, Codec::Xz, Codec::Zstd] {
        let packed = compress(&setting(codec, Mode::Standard, 1, data.len()), &data);
        for at in (0..packed.len()).step_by(packed.len() / 301 + 1) {
            let mut damaged = packed.clone();
            damaged[at] ^= 0x41;
            // A header's time stamp or a spare bit may change without harm; content never.
            if let Ok(content) = decompress(codec, &damaged) {
                assert!(content == data, "{codec:?} byte {at}");
                assert!(at < 20, "{codec:?} byte {at} went unnoticed");
            }
        }
    }
}

#[test]
fn a_stream_that_wants_too_much_memory_is_refused() {
    // An empty .lzma whose header asks for a dictionary of 1 GiB.
    let lzma = [&[0x5d, 0, 0, 0, 0x40][..], &[0xff; 8], &[0; 5]].concat();
    // A zstd frame header with a window of 2^31 bytes.
    let zstd = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 1, 0, 0];
    for (codec, packed) in [(Codec::Lzma, &lzma[..]), (Codec::Zstd, &zstd)] {
        let error = decompress(codec, packed).unwrap_err();
        assert!(error.to_string().contains("memory"), "{codec:?}: {error}");
    }
}

/// Counts what it takes, where the test can still see it.
struct Counter(Arc<AtomicUsize>);

impl Write for Counter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.fetch_add(buf.len(), Ordering::Relaxed);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_dropped_compressor_ends_soon_and_writes_no_more() {
    let data = noise(6_000_000);
    for codec in CODECS {
        let setting = setting(codec, Mode::Ultra, 4, data.len());
        let taken = Arc::new(AtomicUsize::new(0));
        let mut compressor = Compressor::new(Counter(taken.clone()), &setting).unwrap();
        compressor.write_all(&data[..5_000_000]).unwrap();
        let before = taken.load(Ordering::Relaxed);

        let begin = std::time::Instant::now();
        drop(compressor);

        let elapsed = begin.elapsed();
        assert!(elapsed.as_secs() < 10, "{codec:?} took {elapsed:?}");
        assert_eq!(taken.load(Ordering::Relaxed), before, "{codec:?}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), prefixed in any::<bool>()) {
        for codec in CODECS {
            let start = if prefixed { compress(&setting(codec, Mode::Fast, 1, 0), b"x") } else { Vec::new() };
            let input = [&start[..start.len() / 2], &bytes].concat();
            let mut content = Vec::new();
            let _ = Decompressor::new(codec, &input[..]).take(1 << 20).read_to_end(&mut content);
            prop_assert!(content.len() <= 1 << 20);
        }
    }
}
