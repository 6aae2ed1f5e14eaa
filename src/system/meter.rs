//! How far the work has come, for whoever looks on: what is being done, to what, how much of it.
//!
//! Counting is one atomic addition for each block and a short lock for each file; where nobody looks,
//! it is nothing.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The counters. Clones share them; the default is one that nobody looks at.
#[derive(Clone, Debug, Default)]
pub struct Meter(Option<Arc<Counters>>);

#[derive(Debug, Default)]
struct Counters {
    files: AtomicU64,
    done: AtomicU64,
    task: Mutex<Option<Task>>,
}

#[derive(Debug)]
struct Task {
    what: String,
    total: Option<u64>,
    since: Instant,
    name: PathBuf,
}

/// What the counters say at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What is being done.
    pub what: String,
    /// To what at this moment; empty where nobody says.
    pub name: PathBuf,
    /// How many of them were begun.
    pub files: u64,
    /// Bytes done.
    pub done: u64,
    /// Bytes in all, where that is known.
    pub total: Option<u64>,
    /// For how long.
    pub took: Duration,
}

impl Meter {
    /// One that somebody looks at.
    pub fn watched() -> Self {
        Self(Some(Arc::default()))
    }

    /// Work of another kind begins; `total` is how many bytes it will [`advance`](Self::advance).
    pub fn begin(&self, what: impl Into<String>, total: Option<u64>) {
        let Some(counters) = &self.0 else { return };
        let mut task = counters.task();
        counters.files.store(0, Ordering::Relaxed);
        counters.done.store(0, Ordering::Relaxed);
        *task = Some(Task { what: what.into(), total, since: Instant::now(), name: PathBuf::new() });
    }

    /// The next file.
    pub fn file(&self, name: &Path) {
        let Some(counters) = &self.0 else { return };
        counters.files.fetch_add(1, Ordering::Relaxed);
        if let Some(task) = counters.task().as_mut() {
            task.name.clear();
            task.name.push(name);
        }
    }

    /// So many bytes more.
    pub fn advance(&self, bytes: u64) {
        if let Some(counters) = &self.0 {
            counters.done.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// What is being done now; `None` when that takes no time.
    pub fn read(&self) -> Option<Reading> {
        let counters = self.0.as_ref()?;
        let task = counters.task();
        let task = task.as_ref()?;
        Some(Reading {
            what: task.what.clone(),
            name: task.name.clone(),
            files: counters.files.load(Ordering::Relaxed),
            done: counters.done.load(Ordering::Relaxed),
            total: task.total,
            took: task.since.elapsed(),
        })
    }
}

impl Counters {
    fn task(&self) -> MutexGuard<'_, Option<Task>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_count_together_and_each_task_from_nothing() {
        let meter = Meter::watched();
        assert_eq!(meter.read(), None);
        meter.begin("copy", Some(10));
        meter.clone().advance(4);
        meter.file(Path::new("/a/longer/name"));
        meter.file(Path::new("/b"));
        let reading = meter.read().unwrap();
        assert_eq!((reading.what.as_str(), reading.files, reading.done, reading.total), ("copy", 2, 4, Some(10)));
        assert_eq!(reading.name, Path::new("/b"));
        meter.begin("verify", None);
        assert_eq!(meter.read().map(|it| (it.files, it.done, it.total)), Some((0, 0, None)));
    }

    #[test]
    fn where_nobody_looks_nothing_is_kept() {
        let meter = Meter::default();
        meter.begin("copy", None);
        meter.advance(1);
        assert_eq!(meter.read(), None);
    }
}
