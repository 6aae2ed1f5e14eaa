//! "Smart chunking": files over 50 MiB as `chunked_files/<path>.NN.chunk` (Bash, from 01, two
//! digits) or `.NNN.chunk` (early Go), with an empty `<path>.chunked` in their place.
//!
//! Neither tool recorded owner or mode, nor how many pieces there are: all but the last have one
//! size, so only a missing end of whole pieces stays unnoticed, and that is said.

use std::collections::BTreeMap;

use super::survey::{Found, Names};
use crate::archive::{Made, Member, MemberKind, Segment};

/// The directory of all pieces.
pub(super) const FOLDER: &[u8] = b"chunked_files/";
/// In the place of the file.
const MARKER: &[u8] = b".chunked";
/// Three digits.
const MOST_PIECES: usize = 1000;
/// The modes are gone, and a large file may be a database with secrets.
const PRIVATE: u32 = 0o600;

type Pieces<'a> = Vec<(u32, u64, &'a Member)>;

/// `chunked_files/<path>.<digits>.chunk` → path and number.
fn parse(name: &[u8]) -> Option<(&[u8], u32)> {
    let (path, digits) = split_last_dot(name.strip_prefix(FOLDER)?.strip_suffix(b".chunk")?)?;
    let is_number = (2..=4).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    let number = is_number.then(|| std::str::from_utf8(digits).ok()?.parse().ok())??;
    (!path.is_empty()).then_some((path, number))
}

fn split_last_dot(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = name.iter().rposition(|byte| *byte == b'.')?;
    Some((&name[..dot], &name[dot + 1..]))
}

/// Puts files together again; what cannot be is said, and its pieces stay as they are.
pub(super) fn reassemble(names: &Names, found: &mut Found) {
    let mut files: BTreeMap<&[u8], Pieces<'_>> = BTreeMap::new();
    for (name, (ordinal, member)) in names.iter().filter(|(_, (_, member))| member.kind == MemberKind::File) {
        if let Some((path, number)) = parse(name) {
            files.entry(path).or_default().push((number, *ordinal, member));
        }
    }
    let is_kept = |path: &[u8]| names.get(path).is_some_and(|(_, member)| member.kind == MemberKind::File);
    let mut is_broken = false;
    for (path, mut pieces) in files.iter().map(|(path, pieces)| (*path, pieces.clone())) {
        pieces.sort_by_key(|(number, _, _)| *number);
        if !is_kept(path) {
            match made(path, &pieces) {
                Ok(made) => found.make(made),
                Err(why) => {
                    is_broken = true;
                    found.lose(path, why);
                    continue;
                }
            }
            if !is_end_certain(&pieces) {
                let shown = crate::archive::printable(path);
                found.uncertain.push(format!("/{shown}: whether a piece is missing at its end cannot be told"));
            }
        }
        found.hidden.extend(pieces.iter().map(|(_, ordinal, _)| *ordinal));
    }
    markers(names, &files, found);
    if !is_broken {
        let folders = names.iter().filter(|(name, (_, member))| is_folder(name) && is_directory(member));
        found.hidden.extend(folders.map(|(_, (ordinal, _))| *ordinal));
    }
}

fn made(path: &[u8], pieces: &Pieces<'_>) -> Result<Made, String> {
    if path.split(|byte| *byte == b'/').any(|part| part == b"..") || path.starts_with(b"/") {
        return Err("refused: the name of its pieces leads out of the archive".into());
    }
    if pieces.len() > MOST_PIECES {
        return Err(format!("refused: {} pieces, {MOST_PIECES} are allowed", pieces.len()));
    }
    let first = pieces.first().ok_or("no piece of it is there")?;
    // The Bash tool counts from 1; nobody has said where the early Go tool began.
    let start = u32::from(first.0 != 0);
    for (expected, (number, _, _)) in (start..).zip(pieces) {
        match number.cmp(&expected) {
            std::cmp::Ordering::Less => return Err(format!("incomplete: piece {number} is there twice")),
            std::cmp::Ordering::Greater => return Err(format!("incomplete: piece {expected} is missing")),
            std::cmp::Ordering::Equal => {}
        }
    }
    let whole = first.2.size;
    for (at, (number, _, piece)) in pieces.iter().enumerate() {
        let is_last = at + 1 == pieces.len();
        if piece.size != whole && !(is_last && piece.size < whole) {
            return Err(format!("incomplete: piece {number} has {} bytes, others have {whole}", piece.size));
        }
    }
    let segments: Vec<Segment> =
        pieces.iter().map(|(_, ordinal, piece)| Segment { ordinal: *ordinal, bytes: piece.size }).collect();
    let size = segments.iter().fold(0_u64, |sum, segment| sum.saturating_add(segment.bytes));
    let lost = "owner and mode were not kept by the tool that cut it into pieces: they are root's and 0600";
    let member = Member {
        path: path.to_vec(),
        mode: PRIVATE,
        uid: 0,
        gid: 0,
        user: "root".into(),
        group: "root".into(),
        size,
        xattrs: Vec::new(),
        lost: vec![lost.into()],
        ..first.2.clone()
    };
    Ok(Made { member, segments: segments.into() })
}

/// A shorter last piece is the end.
fn is_end_certain(pieces: &Pieces<'_>) -> bool {
    matches!((pieces.first(), pieces.last()), (Some(first), Some(last)) if last.2.size < first.2.size)
}

fn is_folder(name: &[u8]) -> bool {
    name.starts_with(FOLDER) || name == &FOLDER[..FOLDER.len() - 1]
}

fn is_directory(member: &Member) -> bool {
    member.kind == MemberKind::Directory
}

/// An empty `<path>.chunked` is no file of the host; without any piece its file is lost.
fn markers(names: &Names, files: &BTreeMap<&[u8], Pieces<'_>>, found: &mut Found) {
    // Without the folder it is the host's own file.
    if !names.keys().any(|name| is_folder(name)) {
        return;
    }
    for (name, (ordinal, member)) in names {
        let Some(path) = name.strip_suffix(MARKER) else { continue };
        if member.kind != MemberKind::File || member.size > 0 || path.is_empty() || is_folder(name) {
            continue;
        }
        found.hidden.insert(*ordinal);
        if !files.contains_key(path) && !names.contains_key(path) {
            found.lose(path, "incomplete: none of its pieces is there");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_pieces_are_those_of_both_tools() {
        for (name, expected) in [
            ("chunked_files/var/lib/x.db.01.chunk", Some(("var/lib/x.db", 1))),
            ("chunked_files/x.000.chunk", Some(("x", 0))),
            ("chunked_files/x.1.chunk", None),
            ("chunked_files/x.0a.chunk", None),
            ("chunked_files/.01.chunk", None),
            ("etc/x.01.chunk", None),
            ("chunked_files/x.99999.chunk", None),
        ] {
            let expected = expected.map(|(path, number): (&str, u32)| (path.as_bytes(), number));
            assert_eq!(parse(name.as_bytes()), expected, "{name}");
        }
    }
}
