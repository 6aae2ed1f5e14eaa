//! One digest of everything that is compared: two runs with the same one collected the same.
//!
//! Times, outputs of commands and the state of the cluster take no part. Nor does the cluster
//! database: its files are those below `/etc/pve`, and its bytes change without them.

use std::io;
use std::os::unix::ffi::OsStrExt;

use ring::digest::{Context, SHA256};

use super::Choice;
use super::read::hash_entry;
use crate::archive::Digest;
use crate::collect::{Entry, EntryKind};
use crate::issue::Issue;
use crate::system::hex;

/// Digests of all entries so far.
pub struct Fingerprint {
    choice: Choice,
    entries: Vec<Digest>,
}

impl Fingerprint {
    /// Of what `choice` takes.
    pub fn new(choice: Choice) -> Self {
        Self { choice, entries: Vec::new() }
    }

    /// Takes an entry that has been written; `digest` is that of a file's content.
    pub fn note(&mut self, entry: &Entry, digest: Option<&Digest>) {
        if self.takes(entry) {
            self.entries.push(digest_of(entry, digest));
        }
    }

    /// Takes an entry that nobody has read yet: reads it.
    pub fn read(&mut self, mut entry: Entry) -> io::Result<()> {
        if !self.takes(&entry) {
            return Ok(());
        }
        let digest = if entry.kind == EntryKind::File { Some(hash_entry(&mut entry)?) } else { None };
        if entry.content.is_incomplete() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.entries.push(digest_of(&entry, digest.as_ref()));
        Ok(())
    }

    /// Takes a file that could not be read: as long as it cannot, and for the same reason, nothing has
    /// changed. What commands say does not count.
    pub fn miss(&mut self, issue: &Issue) {
        if !issue.subject.starts_with('/') {
            return;
        }
        let mut hash = Context::new(&SHA256);
        put(&mut hash, issue.subject.as_bytes());
        put(&mut hash, issue.reason.as_bytes());
        self.entries.push(finished(hash));
    }

    /// The digest in hex. `circumstances` are what else makes a backup another one.
    pub fn finish(mut self, circumstances: &[&str]) -> String {
        // A plan may collect in another order.
        self.entries.sort_unstable();
        let mut hash = Context::new(&SHA256);
        for text in circumstances {
            put(&mut hash, text.as_bytes());
        }
        self.entries.iter().for_each(|entry| hash.update(entry));
        hex(hash.finish().as_ref())
    }

    fn takes(&self, entry: &Entry) -> bool {
        let path = entry.path.as_os_str().as_bytes();
        self.choice.takes(path) && !self.choice.is_database(path)
    }
}

fn digest_of(entry: &Entry, content: Option<&Digest>) -> Digest {
    let mut hash = Context::new(&SHA256);
    put(&mut hash, entry.path.as_os_str().as_bytes());
    let (kind, link): (&[u8], &[u8]) = match &entry.kind {
        EntryKind::File => (b"file", b""),
        EntryKind::Directory => (b"directory", b""),
        EntryKind::Symlink(target) => (b"symlink", target.as_bytes()),
        EntryKind::HardLink(first) => (b"hardlink", first.as_os_str().as_bytes()),
    };
    put(&mut hash, kind);
    put(&mut hash, link);
    let meta = &entry.meta;
    put(&mut hash, format!("{:o} {} {}", meta.mode, meta.uid, meta.gid).as_bytes());
    put(&mut hash, content.map_or(&[][..], |digest| &digest[..]));
    for (name, value) in &meta.xattrs {
        put(&mut hash, name.as_bytes());
        put(&mut hash, value);
    }
    finished(hash)
}

fn finished(hash: Context) -> Digest {
    let mut digest = [0; 32];
    digest.copy_from_slice(hash.finish().as_ref());
    digest
}

/// With its length, so that no two lists of fields look alike.
fn put(hash: &mut Context, field: &[u8]) {
    hash.update(&(field.len() as u64).to_le_bytes());
    hash.update(field);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::{Content, Metadata};
    use crate::diff;
    use std::collections::BTreeMap;

    fn file(path: &str, content: &str, mtime: i64) -> Entry {
        let entry = Entry::new(path, EntryKind::File, Metadata::generated(0o640, mtime), "r");
        entry.with(content.len() as u64, Content::bytes(content.as_bytes().to_vec()))
    }

    fn of(entries: Vec<Entry>) -> String {
        let mut print = Fingerprint::new(Choice::new(diff::Content::Compared, false, &BTreeMap::new()));
        for entry in entries {
            print.read(entry).unwrap();
        }
        print.finish(&["v1"])
    }

    #[test]
    fn order_time_and_outputs_are_no_change_and_everything_else_is() {
        let usual = || vec![file("/etc/a", "a", 1), file("/etc/b", "b", 1)];
        let with = |more: Entry| usual().into_iter().chain([more]).collect::<Vec<_>>();
        let same = of(usual());
        assert_eq!(of(vec![file("/etc/b", "b", 9), file("/etc/a", "a", 2)]), same);
        assert_eq!(of(with(file("/var/lib/proxmox-config-backup/info/uptime", "x", 1))), same);
        assert_eq!(of(with(file("/var/lib/pve-cluster/config.db", "x", 1))), same);
        for other in [
            vec![file("/etc/a", "a", 1)],
            vec![file("/etc/a", "b", 1), file("/etc/b", "a", 1)],
            vec![file("/etc/a", "a", 1), file("/etc/c", "b", 1)],
        ] {
            assert_ne!(of(other), same);
        }
        let mut owned = usual();
        owned[0].meta.uid = 7;
        assert_ne!(of(owned), same);
        let mut labelled = usual();
        labelled[0].meta.xattrs.push(("user.x".into(), b"1".to_vec()));
        assert_ne!(of(labelled), same);
    }

    #[test]
    fn a_note_of_a_written_entry_counts_like_the_entry_read() {
        let mut print = Fingerprint::new(Choice::new(diff::Content::Compared, false, &BTreeMap::new()));
        let digest = hash_entry(&mut file("/etc/a", "a", 1)).unwrap();
        print.note(&file("/etc/a", "a", 1), Some(&digest));
        assert_eq!(print.finish(&["v1"]), of(vec![file("/etc/a", "a", 1)]));
    }
}
