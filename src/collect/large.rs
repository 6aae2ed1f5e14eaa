//! Files too large for one block: handed on while they are read, holes left out.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};

use nix::unistd::{Whence, lseek64};

use super::content::{Content, State, Stream};
use super::files::Walker;
use super::reader::Gone;
use super::{Entry, EntryKind, Metadata};
use crate::system::{FileError, Stat};

/// Size of a block, and how many may wait: 2 MiB in all.
const BLOCK: usize = 128 * 1024;
const BLOCKS_WAITING: usize = 16;

impl Walker<'_> {
    pub(super) fn large(&mut self, mut file: File, path: &Path, stat: &Stat, meta: Metadata) -> Result<(), Gone> {
        let regions = (stat.allocated < stat.size).then(|| data_regions(&file, stat.size)).flatten();
        let stored = regions.as_ref().map_or(stat.size, |regions| regions.iter().map(|(_, length)| length).sum());
        let (blocks, receiver) = sync_channel(BLOCKS_WAITING);
        let state = State::default();
        let content = Content::Stream(Stream::new(receiver, stored, self.job.io_limit, state.clone()));
        self.job.progress().note(path);
        let whole = [(0, stat.size)];
        let wanted = regions.clone();
        let entry = Entry::new(path, EntryKind::File, meta, self.source.recipe).with(stat.size, content);
        self.emit(Entry { regions, ..entry })?;
        let outcome = self.feed(&mut file, path, wanted.as_deref().unwrap_or(&whole), &blocks);
        drop(blocks);
        match outcome {
            Ok(Fed::Whole) if is_longer(&mut file, stat.size) => {
                self.warn(path, "grew while it was being read; stored as it was when opened")
            }
            Ok(Fed::Whole) => Ok(()),
            Ok(Fed::Short) => self.warn(path, "shrank while it was being read; the missing end is stored as zeros"),
            Err(cause) => {
                self.warn(path, format!("{}; the rest is stored as zeros", FileError::of("read", path)(cause).reason()))
            }
        }
    }

    fn feed(
        &self,
        file: &mut File,
        path: &Path,
        regions: &[(u64, u64)],
        blocks: &SyncSender<Vec<u8>>,
    ) -> std::io::Result<Fed> {
        for (offset, length) in regions {
            lseek64(&*file, i64::try_from(*offset).unwrap_or(i64::MAX), Whence::SeekSet)?;
            let mut left = *length;
            while left > 0 {
                self.job.step(path);
                let mut block = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(BLOCK)];
                let got = file.read(&mut block)?;
                if got == 0 {
                    return Ok(Fed::Short);
                }
                block.truncate(got);
                left -= got as u64;
                if blocks.send(block).is_err() {
                    return Ok(Fed::Whole);
                }
            }
        }
        Ok(Fed::Whole)
    }
}

enum Fed {
    Whole,
    Short,
}

fn is_longer(file: &mut File, size: u64) -> bool {
    let at = lseek64(&*file, i64::try_from(size).unwrap_or(i64::MAX), Whence::SeekSet);
    at.is_ok() && matches!(file.read(&mut [0]), Ok(1))
}

/// Where the data of a file with holes lies; `None` where the file system does not tell, and for a
/// file without holes.
pub fn data_regions(file: &File, size: u64) -> Option<Vec<(u64, u64)>> {
    let end = i64::try_from(size).ok()?;
    let mut regions = Vec::new();
    let mut at = 0;
    while at < end {
        let data = match lseek64(file, at, Whence::SeekData) {
            Ok(data) => data,
            // Nothing but a hole up to the end.
            Err(nix::errno::Errno::ENXIO) => break,
            Err(_) => return None,
        };
        let hole = lseek64(file, data, Whence::SeekHole).ok()?.min(end);
        if hole <= data {
            break;
        }
        regions.push((u64::try_from(data).ok()?, u64::try_from(hole - data).ok()?));
        at = hole;
    }
    lseek64(file, 0, Whence::SeekSet).ok()?;
    (regions != [(0, size)]).then_some(regions)
}
