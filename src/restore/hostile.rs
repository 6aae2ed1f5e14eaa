//! Entries that are never written, whoever packed them, and what they say of their archive.
//!
//! | entry | who writes such | what becomes of it |
//! |---|---|---|
//! | absolute name, `..`, hard link to what the archive does not hold | nobody who backs up a host | all of the archive is refused |
//! | device, FIFO, name twice, name not plain or too long | GNU tar, of a directory that holds such, as the Bash tool staged it | it stays out; with an index all is refused, because this program never writes it |
//! | below a link or a file, hard link to no file | this program, of a path that leads through a link; GNU tar, of a link with two names | it stays out |
//!
//! Archives without an index lose the leading slashes of their names before they come here, as
//! when GNU tar unpacks them.

use std::collections::BTreeSet;

use super::plan::Refusal;
use super::source::{Archived, ArchivedKind, Source};
use crate::archive::printable;

/// The longest name of one segment that Linux takes.
const LONGEST_SEGMENT: usize = 255;
/// Entries that are named in a message; the others are counted.
const MOST_NAMED: usize = 5;

/// Why an entry can never be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hostile {
    /// Its name begins with a slash.
    Absolute,
    /// Its name goes upwards.
    Upwards,
    /// It is a hard link to what the archive does not hold: a file of the machine.
    LinkOut,
    /// Its name has empty segments or dots.
    NotPlain,
    /// Linux takes no such name.
    TooLong,
    /// Device, FIFO, what nobody knows.
    Special,
    /// Readers disagree which of two equal names counts.
    Twice,
    /// The archive holds a link or a file where its directory would be.
    BelowNoDirectory,
    /// It is a hard link to something else than a file.
    LinkToNoFile,
}

impl Hostile {
    /// In words.
    pub fn why(self) -> &'static str {
        match self {
            Self::Absolute => "its name in the archive is absolute",
            Self::Upwards => "its name leads out of the directory",
            Self::LinkOut => "it is another name of a file that is not in the archive",
            Self::NotPlain => "its name is not plain",
            Self::TooLong => "its name is too long",
            Self::Special => "devices, FIFOs and the like are never made",
            Self::Twice => "the archive holds this name more than once",
            Self::BelowNoDirectory => "it lies below what is no directory in the archive",
            Self::LinkToNoFile => "it is another name of what is no file in the archive",
        }
    }

    /// Whether no tool that backs up a host writes an archive with such an entry.
    fn spoils_all(self, has_index: bool) -> bool {
        match self {
            Self::Absolute | Self::Upwards | Self::LinkOut => true,
            Self::NotPlain | Self::TooLong | Self::Special | Self::Twice => has_index,
            Self::BelowNoDirectory | Self::LinkToNoFile => false,
        }
    }
}

/// Why a member of this name can never be a file of the host; the name is that in the archive.
pub(super) fn of_name(name: &[u8]) -> Option<Hostile> {
    let segments = || name.split(|byte| *byte == b'/');
    match () {
        () if name.starts_with(b"/") => Some(Hostile::Absolute),
        () if segments().any(|segment| segment == b"..") => Some(Hostile::Upwards),
        () if segments().any(|segment| segment.is_empty() || segment == b".") => Some(Hostile::NotPlain),
        () if segments().any(|segment| segment.len() > LONGEST_SEGMENT) => Some(Hostile::TooLong),
        () => None,
    }
}

/// What only the whole archive tells: names that occur twice, names below what is no directory,
/// links to nothing. Entries are sorted by path.
pub(super) fn mark(entries: &mut Vec<Archived>) {
    mark_twice(entries);
    let paths = |is: fn(&Archived) -> bool| -> BTreeSet<Vec<u8>> {
        entries.iter().filter(|entry| is(entry)).map(|entry| entry.path.clone()).collect()
    };
    let no_directory = paths(|entry| entry.kind != ArchivedKind::Directory);
    let directories = paths(|entry| entry.kind == ArchivedKind::Directory);
    let files = paths(Archived::is_plain_file);
    for entry in entries.iter_mut().filter(|entry| entry.hostile.is_none()) {
        entry.hostile = match &entry.kind {
            _ if above(&entry.path).any(|path| no_directory.contains(path)) => Some(Hostile::BelowNoDirectory),
            ArchivedKind::HardLink(first) if files.contains(first) => None,
            ArchivedKind::HardLink(first) if no_directory.contains(first) || directories.contains(first) => {
                Some(Hostile::LinkToNoFile)
            }
            ArchivedKind::HardLink(_) => Some(Hostile::LinkOut),
            _ => None,
        };
    }
}

fn mark_twice(entries: &mut Vec<Archived>) {
    entries.dedup_by(|later, first| {
        let is_same = later.path == first.path;
        if is_same {
            first.hostile = first.hostile.or(later.hostile).or(Some(Hostile::Twice));
        }
        is_same
    });
}

/// The directories above a path, nearest last.
pub fn above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/').map(|(at, _)| &path[..at])
}

/// Why nothing of this archive is restored; `None` for those of every backup tool.
pub(super) fn refusal(source: &Source) -> Option<Refusal> {
    let entries = marked(source).filter(|(_, why)| why.spoils_all(source.has_index));
    let why = named(entries)?;
    Some(Refusal {
        what: "all of this backup".to_owned(),
        why: format!("it holds what no backup tool writes: {why}"),
        instead: "trust none of it; `proxmox-backup ls` shows what it holds, and `proxmox-backup extract` unpacks \
            files into a directory of their own, where nothing leads out of it"
            .to_owned(),
    })
}

/// Which entries stay out, where the rest goes back.
pub(super) fn remark(source: &Source) -> Option<String> {
    let entries = marked(source).filter(|(_, why)| !why.spoils_all(source.has_index));
    Some(format!("never written: {}", named(entries)?))
}

fn marked(source: &Source) -> impl Iterator<Item = (&Archived, Hostile)> {
    source.entries.iter().filter_map(|entry| Some((entry, entry.hostile?)))
}

fn named<'a>(entries: impl Iterator<Item = (&'a Archived, Hostile)>) -> Option<String> {
    let all: Vec<(&Archived, Hostile)> = entries.collect();
    let first = all.iter().take(MOST_NAMED).map(|(entry, why)| format!("{} ({})", printable(&entry.path), why.why()));
    let text = first.collect::<Vec<_>>().join(", ");
    match all.len() {
        0 => None,
        count if count > MOST_NAMED => Some(format!("{text}, and {} more", count - MOST_NAMED)),
        _ => Some(text),
    }
}
