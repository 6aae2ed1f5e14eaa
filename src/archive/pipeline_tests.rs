//! The whole line, and each of its parts failing.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::sync::mpsc::sync_channel;

use ring::digest::{SHA256, digest};

use super::check::{Check, CheckError, Expected};
use super::delayed::Delayed;
use super::tee::{Chunks, Tee};
use super::{ArchiveError, ArchiveSummary, ArchiveWriter, Compressor, Effective, TarWriter, decompressor};
use crate::collect::{Content, Entry, EntryKind, Metadata};
use crate::config::{Archive, Codec, Mode};

const CODECS: [Codec; 7] = [Codec::None, Codec::Gzip, Codec::Pigz, Codec::Bzip2, Codec::Xz, Codec::Lzma, Codec::Zstd];

fn settings(codec: Codec) -> Archive {
    Archive { codec, level: 1, mode: Mode::Standard, threads: 2, bundle: true }
}

fn file(name: &str, content: &[u8]) -> Entry {
    Entry::new(name, EntryKind::File, Metadata::generated(0o600, 5), "r")
        .with(content.len() as u64, Content::Bytes(Cursor::new(content.to_vec())))
}

/// Bytes no codec makes small.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn write(to: File, codec: Codec, contents: &[Vec<u8>]) -> Result<ArchiveSummary, ArchiveError> {
    let mut writer = ArchiveWriter::create(to, &settings(codec), None, 2)?;
    for (number, content) in contents.iter().enumerate() {
        (writer, _, _) = writer.append(&mut file(&format!("/etc/{number}"), content))?;
    }
    writer.finish()
}

#[test]
fn each_codec_end_to_end() {
    for codec in CODECS {
        let mut target = tempfile::tempfile().unwrap();
        let contents = [noise(300_000), Vec::new(), b"one line\n".to_vec()];
        let summary = write(target.try_clone().unwrap(), codec, &contents).unwrap();

        let mut bytes = Vec::new();
        target.seek(SeekFrom::Start(0)).unwrap();
        target.read_to_end(&mut bytes).unwrap();
        assert_eq!(summary.entries, 3);
        assert_eq!(summary.written.bytes, bytes.len() as u64);
        assert_eq!(summary.written.sha256, digest(&SHA256, &bytes).as_ref());
        assert_eq!(summary.effective.codec, codec);
        let mut tar = Vec::new();
        decompressor(codec, &bytes[..]).unwrap().read_to_end(&mut tar).unwrap();
        assert!(tar.windows(9).any(|window| window == b"one line\n"));
    }
}

#[test]
fn an_archive_starts_where_the_file_stands() {
    let mut target = tempfile::tempfile().unwrap();
    target.seek(SeekFrom::Start(1000)).unwrap();
    let summary = write(target.try_clone().unwrap(), Codec::Zstd, &[noise(10)]).unwrap();
    assert_eq!(target.metadata().unwrap().len(), 1000 + summary.written.bytes);
}

#[test]
fn a_full_disk_is_told_as_such() {
    for codec in CODECS {
        // Small: fails at the end. Large: in the middle, with threads on both sides waiting.
        for length in [10, 20 << 20] {
            if length > 10 && matches!(codec, Codec::Bzip2 | Codec::Lzma | Codec::Xz) {
                continue;
            }
            let full = File::options().write(true).open("/dev/full").unwrap();
            match write(full, codec, &[noise(length)]) {
                Err(ArchiveError::Write(cause)) => {
                    assert_eq!(cause.raw_os_error(), Some(nix::libc::ENOSPC), "{codec:?}");
                }
                other => panic!("{codec:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_source_that_ends_early_is_no_archive() {
    let mut writer = ArchiveWriter::create(tempfile::tempfile().unwrap(), &settings(Codec::Zstd), None, 2).unwrap();
    (writer, _, _) = writer.append(&mut file("/a", b"a")).unwrap();
    let mut short = file("/b", b"short");
    short.size = 100;
    match writer.append(&mut short) {
        Err(ArchiveError::Compress(cause)) => assert_eq!(cause.kind(), io::ErrorKind::UnexpectedEof),
        other => panic!("{:?}", other.map(|_| ())),
    }
}

/// A small compressed archive, and what its entries must read back as.
fn archive(codec: Codec) -> (Vec<u8>, Vec<Expected>) {
    let setting = Effective::new(&settings(codec), 2, 10_000);
    let mut tar = TarWriter::new(Compressor::new(Vec::new(), &setting).unwrap());
    let mut expected = Vec::new();
    for name in ["etc/a", "etc/b"] {
        let sha256 = tar.append(&mut file(&format!("/{name}"), &noise(3000))).unwrap();
        expected.push(Expected { name: name.into(), sha256 });
    }
    (tar.finish().unwrap().finish().unwrap(), expected)
}

fn check(codec: Codec, bytes: &[u8], expected: &[Expected]) -> Result<u64, CheckError> {
    let (check, copies) = Check::start(codec, Box::new(()));
    for one in expected {
        check.expect(one.clone());
    }
    for chunk in bytes.chunks(777) {
        if copies.send(chunk.into()).is_err() {
            break;
        }
    }
    drop(copies);
    check.join()
}

#[test]
fn what_differs_between_writer_and_checker_is_found() {
    for codec in CODECS {
        let (bytes, expected) = archive(codec);
        assert_eq!(check(codec, &bytes, &expected).unwrap(), 2);
        for at in (0..bytes.len()).step_by(97) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            // Spare bytes: padding of the tar, time and system in gzip's header.
            let is_spare = match codec {
                Codec::None => (512 + 3000..4096).contains(&(at % 4608)),
                Codec::Gzip | Codec::Pigz => at < 10,
                _ => false,
            };
            assert!(check(codec, &damaged, &expected).is_err() || is_spare, "{codec:?} byte {at}");
        }
        for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            assert!(check(codec, &bytes[..length], &expected).is_err(), "{codec:?} cut to {length}");
        }
    }
}

#[test]
fn the_checker_names_the_entry_that_differs_and_counts() {
    let (bytes, expected) = archive(Codec::Zstd);
    let mut other = expected.clone();
    other[1].sha256 = Some([0; 32]);
    let error = check(Codec::Zstd, &bytes, &other).unwrap_err();
    assert!(error.to_string().starts_with("etc/b reads back differently"), "{error}");
    assert!(matches!(check(Codec::Zstd, &bytes, &expected[..1]), Err(CheckError::Count { found: 2, written: 1 })));
    let three = [&expected[..], &expected[..1]].concat();
    assert!(matches!(check(Codec::Zstd, &bytes, &three), Err(CheckError::Count { found: 2, written: 3 })));
}

#[test]
fn a_tee_gives_both_sides_the_same() {
    let (copies, received) = sync_channel(100);
    let mut tee = Tee::new(Vec::new(), copies);
    let data = noise(400_001);
    for piece in data.chunks(1003) {
        tee.write_all(piece).unwrap();
    }
    assert!(tee.finish().unwrap() == data);
    let mut copy = Vec::new();
    Chunks::new(received).read_to_end(&mut copy).unwrap();
    assert!(copy == data);
}

#[test]
fn a_tee_whose_reader_is_gone_says_so() {
    let (copies, received) = sync_channel(1);
    drop(received);
    let mut tee = Tee::new(Vec::new(), copies);
    tee.write_all(b"x").unwrap();
    assert_eq!(tee.finish().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn the_compressor_knows_the_size_of_a_small_input_only() {
    let effective = |length| {
        let mut delayed = Delayed::new(io::sink(), settings(Codec::Zstd), 8);
        delayed.write_all(&noise(length)).unwrap();
        delayed.finish().unwrap().1
    };
    let archive = settings(Codec::Zstd);
    assert_eq!(effective(100).threads, Effective::new(&archive, 8, 100).threads);
    assert_eq!(effective(9 << 20).threads, Effective::new(&archive, 8, u64::MAX).threads);
    assert_eq!(effective(0).codec, Codec::Zstd);
}
