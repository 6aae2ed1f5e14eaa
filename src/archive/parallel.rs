//! Blocks compressed side by side, put out in their order: parallel gzip and bzip2.
//!
//! Each block becomes a complete member, and both formats define a file of members as their
//! content one after the other, so any reader opens the result.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use crate::archive::engine::{Engine, Phase, Step, whole_block};
use crate::archive::level::Effective;
use crate::config::Codec;

type Compressed = io::Result<Vec<u8>>;

struct Job {
    block: Vec<u8>,
    reply: SyncSender<Compressed>,
}

/// The pool and the blocks under way; dropping it ends the threads after their current block.
pub(super) struct Blocks {
    codec: Codec,
    level: u8,
    block_bytes: usize,
    block: Vec<u8>,
    /// Replies in the order of the input; its length bounds the memory.
    pending: VecDeque<Receiver<Compressed>>,
    most_pending: usize,
    is_started: bool,
    /// `None` with one thread: the caller's own does the work.
    pool: Option<Pool>,
}

struct Pool {
    jobs: Option<Sender<Job>>,
    is_cancelled: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
}

impl Blocks {
    /// Starts the threads of a setting.
    pub(super) fn start(setting: &Effective) -> io::Result<Self> {
        let pool = match setting.threads {
            0 | 1 => None,
            threads => Some(Pool::start(setting.codec, setting.level, threads)?),
        };
        Ok(Self {
            codec: setting.codec,
            level: setting.level,
            block_bytes: usize::try_from(setting.block_bytes).map_err(io::Error::other)?,
            block: Vec::new(),
            pending: VecDeque::new(),
            // One block per thread, and one more each so that none waits for the writer.
            most_pending: 2 * setting.threads,
            is_started: false,
            pool,
        })
    }

    fn fill(&mut self, input: &[u8]) -> usize {
        let consumed = input.len().min(self.block_bytes - self.block.len());
        if self.block.capacity() == 0 {
            self.block.reserve_exact(self.block_bytes);
        }
        self.block.extend_from_slice(&input[..consumed]);
        consumed
    }

    fn submit(&mut self) -> io::Result<()> {
        let block = std::mem::take(&mut self.block);
        let (reply, answer) = sync_channel(1);
        self.is_started = true;
        self.pending.push_back(answer);
        if let Some(pool) = &self.pool {
            return pool.submit(Job { block, reply });
        }
        let compressed = whole_block(self.codec, self.level, &block);
        reply.send(compressed).map_err(|_| worker_gone())
    }

    fn take_oldest(&mut self, output: &mut Vec<u8>) -> io::Result<()> {
        if let Some(answer) = self.pending.pop_front() {
            *output = answer.recv().map_err(|_| worker_gone())??;
        }
        Ok(())
    }
}

impl Engine for Blocks {
    fn step(&mut self, input: &[u8], output: &mut Vec<u8>, phase: Phase) -> io::Result<Step> {
        let consumed = self.fill(input);
        let is_last = phase == Phase::End && consumed == input.len();
        // Without input there is still one member: an empty file is not a gzip file.
        let has_rest = !self.block.is_empty() || !self.is_started;
        if self.block.len() == self.block_bytes || (is_last && has_rest) {
            self.submit()?;
        }
        if is_last || self.pending.len() >= self.most_pending {
            self.take_oldest(output)?;
        }
        Ok(Step { consumed, ended: is_last && self.pending.is_empty() })
    }
}

impl Pool {
    fn start(codec: Codec, level: u8, threads: usize) -> io::Result<Self> {
        let (jobs, queue) = channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        // Filled one by one, so that a thread that cannot be started ends those that run.
        let mut pool = Self { jobs: Some(jobs), is_cancelled: Arc::default(), workers: Vec::with_capacity(threads) };
        for _ in 0..threads {
            let (queue, is_cancelled) = (queue.clone(), pool.is_cancelled.clone());
            let worker =
                Builder::new().name("compress".to_owned()).spawn(move || work(codec, level, &queue, &is_cancelled))?;
            pool.workers.push(worker);
        }
        Ok(pool)
    }

    fn submit(&self, job: Job) -> io::Result<()> {
        let jobs = self.jobs.as_ref().ok_or_else(worker_gone)?;
        jobs.send(job).map_err(|_| worker_gone())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
        self.jobs = None;
        for worker in self.workers.drain(..) {
            // A panic in a worker reached the caller as a missing reply.
            let _ = worker.join();
        }
    }
}

fn work(codec: Codec, level: u8, queue: &Mutex<Receiver<Job>>, is_cancelled: &AtomicBool) {
    loop {
        // The lock ends with this statement; holding it while compressing would make it serial.
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        if is_cancelled.load(Ordering::Relaxed) {
            return;
        }
        // Nobody waits any more when the compressor was dropped.
        let _ = job.reply.send(whole_block(codec, level, &job.block));
    }
}

fn worker_gone() -> io::Error {
    io::Error::other("a compression thread ended before its block was done")
}
