//! Prints what each codec and level makes of a directory tree: the table behind decision 0002.
//!
//! `codec_table DIR` runs itself once per row, so that each row has a peak memory of its own.
//! RSS is that of the whole process less the input held in memory; wall is the median of five.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measurement for developers, outside the product and its one door"
)]

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use proxmox_backup::archive::{Compressor, Effective};
use proxmox_backup::config::{Archive, Codec, Mode};

type Outcome<T> = Result<T, Box<dyn Error>>;

const RUNS: u32 = 5;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [tree] => table(tree),
        [tree, codec, level, threads] => row(tree, codec.parse()?, level.parse()?, threads.parse()?),
        _ => Err("usage: codec_table DIR".into()),
    }
}

fn table(tree: &str) -> Outcome<()> {
    println!("| codec | level | threads | ratio | wall ms | CPU ms | peak RSS KiB | estimate KiB |");
    println!("|---|---|---|---|---|---|---|---|");
    let rows = [("zstd", 1..=19, [4, 1]), ("xz", 0..=9, [4, 1]), ("pigz", 1..=9, [4, 1]), ("bzip2", 9..=9, [4, 1])];
    for (codec, levels, threads) in rows {
        for level in levels {
            for threads in threads {
                let (level, threads) = (level.to_string(), threads.to_string());
                let status = Command::new(std::env::current_exe()?).args([tree, codec, &level, &threads]).status()?;
                assert!(status.success(), "{codec} {level}: {status}");
            }
        }
    }
    Ok(())
}

fn row(tree: &str, codec: Codec, level: u8, threads: usize) -> Outcome<()> {
    let mut input = Vec::with_capacity(usize::try_from(tree_bytes(Path::new(tree))?)?);
    append_tree(Path::new(tree), &mut input)?;
    let archive = Archive { codec, level, mode: Mode::Standard, threads, bundle: true };
    let setting = Effective::new(&archive, threads, input.len() as u64);
    let cpu_before = cpu(&getrusage(UsageWho::RUSAGE_SELF)?);
    let mut walls = Vec::new();
    let mut output_bytes = 0;
    for _ in 0..RUNS {
        let begin = Instant::now();
        output_bytes = compressed_bytes(&setting, &input)?;
        walls.push(begin.elapsed());
    }
    walls.sort();
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    #[expect(clippy::cast_precision_loss, reason = "two decimals are shown")]
    let ratio = input.len() as f64 / output_bytes as f64;
    println!(
        "| {} | {level} | {} | {ratio:.2} | {:.0} | {:.0} | {} | {} |",
        codec.as_str(),
        setting.threads,
        walls[walls.len() / 2].as_secs_f64() * 1e3,
        (cpu(&usage).saturating_sub(cpu_before) / RUNS).as_secs_f64() * 1e3,
        usage.max_rss() - i64::try_from(input.len() / 1024)?,
        setting.memory_estimate() / 1024,
    );
    Ok(())
}

fn compressed_bytes(setting: &Effective, input: &[u8]) -> io::Result<u64> {
    let mut compressor = Compressor::new(Counter(0), setting)?;
    for piece in input.chunks(64 * 1024) {
        compressor.write_all(piece)?;
    }
    Ok(compressor.finish()?.0)
}

/// Takes everything, keeps the count.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0 += buf.len() as u64;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn cpu(usage: &Usage) -> Duration {
    let both = usage.user_time() + usage.system_time();
    let micros = both.tv_sec() * 1_000_000 + both.tv_usec();
    Duration::from_micros(micros.unsigned_abs())
}

/// An upper bound of what [`append_tree`] appends.
fn tree_bytes(dir: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            bytes += tree_bytes(&entry.path())?;
        } else if kind.is_file() {
            bytes += entry.metadata()?.len() + 1024;
        }
    }
    Ok(bytes)
}

/// Per file a block with its name and the content padded to blocks, in name order, like a tar.
fn append_tree(dir: &Path, archive: &mut Vec<u8>) -> io::Result<()> {
    let mut entries = std::fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            append_tree(&entry.path(), archive)?;
        } else if kind.is_file() {
            archive.extend(entry.path().as_os_str().as_encoded_bytes());
            archive.resize(archive.len().next_multiple_of(512), 0);
            archive.extend(std::fs::read(entry.path())?);
            archive.resize(archive.len().next_multiple_of(512), 0);
        }
    }
    Ok(())
}
