//! Facts of a backup's members and of what is collected on a host. Contents are hashed as they pass.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use ring::digest::{Context, SHA256};

use super::database::Rows;
use super::{Choice, Fact, Facts, Kind};
use crate::archive::{Digest, Member, MemberSource, Piece, ReadError, host_path};
use crate::bundle::INDEX_PATH;
use crate::collect::{Entry, EntryKind, Found, Skip};
use crate::issue::Issue;
use crate::system::{Cancelled, digest_hex};

/// Longer texts are not shown.
const MOST_TEXT: u64 = 1 << 20;
/// What is kept of one side for showing.
const MOST_TEXTS: u64 = 128 << 20;
/// A larger database or index is compared, or passed over, as it lies there; pmxcfs holds 128 MiB at most.
const MOST_KEPT: u64 = 256 << 20;

/// What a backup holds, and the bytes of its index where it has one.
pub fn read_members(mut reader: impl MemberSource, choice: &Choice) -> Result<(Facts, Option<Vec<u8>>), ReadError> {
    let (mut facts, mut index, mut budget) = (Facts::default(), None, MOST_TEXTS);
    while let Some(member) = reader.next_member()? {
        let path = host_path(&member.path);
        let mut intake = Intake::default();
        if path == INDEX_PATH.as_bytes() && member.size <= MOST_KEPT {
            intake.keep(member.size);
            read_all(&mut reader, &mut intake)?;
            index = intake.kept;
            continue;
        }
        // The top of an archive is no path of the host that anybody changes.
        if matches!(path.as_slice(), b"/" | b"/.") || !choice.takes(&path) {
            continue;
        }
        let mut fact = fact_of_member(path, member);
        if fact.kind == Kind::File {
            intake.prepare(&fact, choice, &mut budget);
            read_all(&mut reader, &mut intake)?;
            intake.finish(&mut fact, choice);
        }
        facts.insert(fact);
    }
    reader.finish()?;
    facts.resolve();
    Ok((facts, index))
}

fn read_all(reader: &mut impl MemberSource, intake: &mut Intake) -> Result<(), ReadError> {
    reader.read_content(&mut |piece: Piece<'_>| -> Result<(), ReadError> {
        piece.blocks(|bytes| intake.add(bytes));
        Ok(())
    })
}

/// What is collected now, and the problems of that.
pub fn read_collection(
    found: impl Iterator<Item = Result<Found, Cancelled>>,
    choice: &Choice,
) -> Result<(Facts, Vec<Issue>), Cancelled> {
    let (mut facts, mut issues, mut budget) = (Facts::default(), Vec::new(), MOST_TEXTS);
    for found in found {
        match found? {
            Found::Entry(entry) => {
                let path = entry.path.as_os_str().as_bytes().to_vec();
                if choice.takes(&path) {
                    facts.insert(fact_of_entry(path, entry, choice, &mut budget));
                }
            }
            Found::Issue(issue) => issues.push(issue),
            Found::Skipped { path, why: Skip::Special(kind) } => {
                facts.insert(Fact::new(path.as_os_str().as_bytes().to_vec(), Kind::Special(kind.as_str())));
            }
            Found::Skipped { .. } | Found::Absent(_) => {}
        }
    }
    facts.resolve();
    facts.has_attributes = true;
    Ok((facts, issues))
}

fn fact_of_member(path: Vec<u8>, member: Member) -> Fact {
    let kind = Kind::of(&member);
    Fact {
        mode: member.mode,
        uid: member.uid,
        gid: member.gid,
        user: member.user,
        group: member.group,
        size: member.size,
        has_own_owner: member.lost.is_empty(),
        xattrs: member.xattrs.into_iter().map(|(name, value)| (name, digest_hex(&value))).collect(),
        ..Fact::new(path, kind)
    }
}

fn fact_of_entry(path: Vec<u8>, mut entry: Entry, choice: &Choice, budget: &mut u64) -> Fact {
    let kind = match &entry.kind {
        EntryKind::File => Kind::File,
        EntryKind::Directory => Kind::Directory,
        EntryKind::Symlink(target) => Kind::Symlink(target.as_bytes().to_vec()),
        EntryKind::HardLink(first) => Kind::HardLink(first.as_os_str().as_bytes().to_vec()),
    };
    let meta = std::mem::take(&mut entry.meta);
    let digests = meta.xattrs.into_iter().map(|(name, value)| (OsString::into_vec(name), digest_hex(&value)));
    let mut fact = Fact {
        mode: meta.mode,
        uid: meta.uid,
        gid: meta.gid,
        user: meta.user,
        group: meta.group,
        size: entry.size,
        xattrs: digests.collect(),
        recipe: entry.recipe.to_owned(),
        ..Fact::new(path, kind)
    };
    if fact.kind == Kind::File {
        let mut intake = Intake::default();
        intake.prepare(&fact, choice, budget);
        let is_read = intake.read(&mut entry).is_ok();
        fact.is_whole = is_read && !entry.content.is_incomplete();
        intake.finish(&mut fact, choice);
    }
    fact
}

/// SHA-256 of a file's logical content, read from its source.
pub(super) fn hash_entry(entry: &mut Entry) -> io::Result<Digest> {
    let mut intake = Intake::default();
    intake.read(entry)?;
    Ok(intake.digest())
}

/// A content on its way: hashed, and kept where somebody wants it.
struct Intake {
    hash: Context,
    kept: Option<Vec<u8>>,
}

impl Default for Intake {
    fn default() -> Self {
        Self { hash: Context::new(&SHA256), kept: None }
    }
}

impl Intake {
    fn keep(&mut self, size: u64) {
        self.kept = Some(Vec::with_capacity(usize::try_from(size.min(MOST_TEXT)).unwrap_or(0)));
    }

    fn prepare(&mut self, fact: &Fact, choice: &Choice, budget: &mut u64) {
        if choice.is_database(&fact.path) {
            if fact.size <= MOST_KEPT {
                self.keep(fact.size);
            }
        } else if fact.size <= MOST_TEXT.min(*budget) && choice.shows(fact) {
            *budget -= fact.size;
            self.keep(fact.size);
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(bytes);
        }
    }

    fn add_zeros(&mut self, length: u64) {
        Piece::Hole(length).blocks(|zeros| self.add(zeros));
    }

    /// An entry gives its regions one after another; what lies between them is a hole.
    fn read(&mut self, entry: &mut Entry) -> io::Result<()> {
        let mut block = vec![0; 64 * 1024];
        let mut at = 0;
        let regions = entry.regions.take().unwrap_or_else(|| vec![(0, entry.size)]);
        for (offset, length) in regions {
            self.add_zeros(offset.saturating_sub(at));
            let mut region = (&mut entry.content).take(length);
            loop {
                match region.read(&mut block)? {
                    0 => break,
                    got => self.add(&block[..got]),
                }
            }
            at = offset + length;
        }
        self.add_zeros(entry.size.saturating_sub(at));
        Ok(())
    }

    fn finish(mut self, fact: &mut Fact, choice: &Choice) {
        let kept = self.kept.take();
        fact.digest = Some(self.digest());
        if choice.is_database(&fact.path) {
            fact.rows = kept.and_then(Rows::read);
        } else {
            fact.content = kept;
        }
    }

    fn digest(self) -> Digest {
        let mut digest: Digest = [0; 32];
        digest.copy_from_slice(self.hash.finish().as_ref());
        digest
    }
}
