//! A private directory for what a run must keep for a moment: 0700, removed on every way out.
//!
//! It lies in our run-time directory (a tmpfs). A kernel lock on a marker inside says that its
//! run is alive; what a killed run left has no lock and is removed by the next one.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::{Flock, FlockArg, OFlag};

use super::{FileError, create_private_dir, is_there, remove_file, remove_tree, rename_file};

const PREFIX: &str = "workspace-";
const MARKER: &str = ".proxmox-config-backup";

/// The directory of this run.
#[derive(Debug)]
pub struct Workspace {
    path: PathBuf,
    afterwards: Afterwards,
    _alive: Flock<File>,
}

/// What becomes of a workspace when its run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// It goes.
    Remove,
    /// It stays for inspection until the next run, which takes it for one of a killed run.
    Keep,
}

impl Workspace {
    /// Makes a new one below the run-time directory.
    pub fn create(run_dir: &Path, afterwards: Afterwards) -> Result<Self, FileError> {
        create_private_dir(run_dir)?;
        let path = make_unique(run_dir)?;
        let marker = path.join(MARKER);
        let alive = open_new(&marker)
            .and_then(|file| Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, cause)| cause.into()))
            .map_err(FileError::of("create", &marker))?;
        Ok(Self { path, afterwards, _alive: alive })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes a file of it that has served; where the workspace is kept, gives it a number instead,
    /// so that its name is free again.
    pub fn discard(&self, file: &Path) {
        if self.afterwards == Afterwards::Remove {
            let _ = remove_file(file);
            return;
        }
        let numbered = |number: u32| file.with_extension(number.to_string());
        let free = (1..10_000).map(numbered).find(|name| !is_there(name));
        let _ = free.map_or_else(|| remove_file(file), |name| rename_file(file, &name));
    }

    /// An empty spool whose overflow lies here.
    pub fn spool(&self) -> Spool {
        Spool { dir: self.path.clone(), content: SpoolContent::Memory(Vec::new()), length: 0 }
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if self.afterwards == Afterwards::Remove {
            let _ = remove_tree(&self.path);
        }
    }
}

/// Removes a workspace when the run ends, though a thread of the run may still hold it: one that
/// hangs in a dead mount holds it for ever, and the process ends before one that is late.
#[derive(Debug)]
pub struct Sweep(pub Arc<Workspace>);

impl Drop for Sweep {
    fn drop(&mut self) {
        if self.0.afterwards == Afterwards::Keep {
            return;
        }
        // A late thread may create a file between the listing and the removal of the directory.
        for _ in 0..10 {
            match remove_tree(&self.0.path) {
                Err(error) if error.cause.kind() == io::ErrorKind::DirectoryNotEmpty => {}
                _ => return,
            }
        }
    }
}

fn make_unique(run_dir: &Path) -> Result<PathBuf, FileError> {
    let mut number = 0u32;
    loop {
        let path = run_dir.join(format!("{PREFIX}{}-{number}", std::process::id()));
        match std::fs::DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && number < 10_000 => {
                number += 1;
            }
            Err(cause) => return Err(FileError::of("create the directory", &path)(cause)),
        }
    }
}

/// Removes workspaces whose run is gone; returns how many.
///
/// Only real directories of our name with our marker, and only when the marker's lock is free.
#[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
pub fn remove_stale_workspaces(run_dir: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(run_dir) else {
        return 0;
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| is_abandoned(&entry.path()) && remove_tree(&entry.path()).is_ok())
        .count()
}

#[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
fn is_abandoned(path: &Path) -> bool {
    let flags = OFlag::O_NOFOLLOW.bits();
    match File::options().read(true).custom_flags(flags).open(path.join(MARKER)) {
        Ok(marker) => Flock::lock(marker, FlockArg::LockExclusiveNonblock).is_ok(),
        // Killed between making the directory and its marker: then it is empty.
        Err(_) => std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()),
    }
}

#[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
fn open_new(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// Bytes kept for a moment: up to 1 MiB in memory, more in an unnamed file of the workspace.
#[derive(Debug)]
pub struct Spool {
    dir: PathBuf,
    content: SpoolContent,
    length: u64,
}

#[derive(Debug)]
enum SpoolContent {
    Memory(Vec<u8>),
    File(File),
}

impl Spool {
    /// Above this many bytes the content moves to a file.
    pub const IN_MEMORY: usize = 1024 * 1024;

    /// How many bytes it holds.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The content from the start, for reading.
    pub fn into_reader(self) -> io::Result<Box<dyn Read + Send>> {
        match self.content {
            SpoolContent::Memory(bytes) => Ok(Box::new(io::Cursor::new(bytes))),
            SpoolContent::File(mut file) => {
                file.seek(SeekFrom::Start(0))?;
                Ok(Box::new(file))
            }
        }
    }

    fn move_to_file(&mut self) -> io::Result<()> {
        let SpoolContent::Memory(bytes) = &self.content else {
            return Ok(());
        };
        // Unnamed: nothing to clean up, nothing for others to open.
        #[expect(clippy::disallowed_methods, reason = "part of the door to the machine")]
        let mut file =
            File::options().read(true).write(true).mode(0o600).custom_flags(OFlag::O_TMPFILE.bits()).open(&self.dir)?;
        file.write_all(bytes)?;
        self.content = SpoolContent::File(file);
        Ok(())
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let SpoolContent::Memory(kept) = &self.content {
            if kept.len() + bytes.len() > Self::IN_MEMORY {
                self.move_to_file()?;
            }
        }
        match &mut self.content {
            SpoolContent::Memory(kept) => kept.extend_from_slice(bytes),
            SpoolContent::File(file) => file.write_all(bytes)?,
        }
        self.length += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests look at real trees")]
mod tests {
    use super::*;

    #[test]
    fn a_living_workspace_stays_and_an_abandoned_one_goes() {
        let run = tempfile::tempdir().unwrap();
        let alive = Workspace::create(run.path(), Afterwards::Remove).unwrap();
        let abandoned = run.path().join("workspace-1-0");
        std::fs::create_dir(&abandoned).unwrap();
        std::fs::write(abandoned.join(MARKER), "").unwrap();
        std::fs::write(abandoned.join("left"), "x").unwrap();
        std::fs::create_dir(run.path().join("workspace-of-somebody")).unwrap();
        std::fs::write(run.path().join("workspace-of-somebody/file"), "x").unwrap();

        assert_eq!(remove_stale_workspaces(run.path()), 1);

        assert!(alive.path().exists() && !abandoned.exists());
        assert!(run.path().join("workspace-of-somebody/file").exists());
    }

    #[test]
    fn a_kept_workspace_stays_until_the_next_run() {
        let run = tempfile::tempdir().unwrap();
        let workspace = Arc::new(Workspace::create(run.path(), Afterwards::Keep).unwrap());
        let path = workspace.path().to_owned();
        for content in ["one", "two"] {
            std::fs::write(path.join("database"), content).unwrap();
            workspace.discard(&path.join("database"));
        }

        drop(Sweep(workspace));

        assert_eq!(std::fs::read_to_string(path.join("database.1")).unwrap(), "one");
        assert_eq!(std::fs::read_to_string(path.join("database.2")).unwrap(), "two");
        assert_eq!(remove_stale_workspaces(run.path()), 1);
        assert!(!path.exists());
    }

    #[test]
    fn a_spool_gives_back_what_it_took_in_memory_and_on_disk() {
        let run = tempfile::tempdir().unwrap();
        let workspace = Workspace::create(run.path(), Afterwards::Remove).unwrap();
        for length in [0, 10, Spool::IN_MEMORY + 1] {
            let bytes: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let mut spool = workspace.spool();
            spool.write_all(&bytes).unwrap();
            assert_eq!(spool.len(), length as u64);
            let mut back = Vec::new();
            spool.into_reader().unwrap().read_to_end(&mut back).unwrap();
            assert!(back == bytes);
        }
    }
}
