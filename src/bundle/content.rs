//! What an archive holds, member by member, compared with its own index; of older tools, whether
//! their files are complete.

use std::collections::HashMap;
use std::io::Read;

use ring::digest;

use super::index::{INDEX_PATH, Index};
use super::legacy::{Survey, Surveyor};
use super::open::Backup;
use super::verify::{Inside, Verification};
use crate::archive::{ArchiveReader, Digest, Limits, Onlooker, Piece, ReadError, hash_member, printable};
use crate::system::hex;

/// Lost files of an old backup that are told one by one.
const MOST_LOST: usize = 1000;

/// What was decoded.
#[derive(Default)]
pub(super) struct Content {
    members: Vec<(Vec<u8>, Option<Digest>)>,
    index: Option<Result<Index, serde_json::Error>>,
    survey: Survey,
    pub(super) count: u64,
}

impl Content {
    pub(super) fn inside(&self) -> Inside {
        match &self.index {
            Some(_) => Inside::Indexed,
            None if self.survey.rewrite.made.is_empty() => Inside::NotIndexed,
            None => Inside::TakenApart,
        }
    }
}

/// Reads all members; the onlooker sees the files.
pub(super) fn read_members(
    stream: impl Read,
    backup: &Backup,
    onlooker: &mut dyn Onlooker,
) -> Result<Content, ReadError> {
    let limits = Limits { packed_bytes: Some(backup.length), ..Limits::default() };
    let index_name = INDEX_PATH.trim_start_matches('/').as_bytes();
    let mut content = Content::default();
    let mut surveyor = backup.may_be_old().then(Surveyor::default);
    let mut reader = ArchiveReader::new(stream, limits);
    while let Some(member) = reader.next_member()? {
        content.count += 1;
        let document = match &surveyor {
            _ if member.path == index_name => Some(bytes_of(&mut reader)?),
            Some(surveyor) if surveyor.wants(&member) => Some(bytes_of(&mut reader)?),
            _ => None,
        };
        if member.path == index_name {
            content.index = document.as_ref().map(|bytes| serde_json::from_slice(bytes));
        } else {
            let digest = match &document {
                Some(bytes) => digest::digest(&digest::SHA256, bytes).as_ref().try_into().ok(),
                None => hash_member(&mut reader, &member, onlooker)?,
            };
            content.members.push((member.path.clone(), digest));
        }
        if let Some(surveyor) = &mut surveyor {
            surveyor.take(member, document)?;
        }
    }
    reader.finish()?;
    content.survey = surveyor.map_or_else(|| Ok(Survey::default()), |surveyor| surveyor.finish(&limits))?;
    Ok(content)
}

fn bytes_of(reader: &mut ArchiveReader<impl Read>) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    reader.read_content(&mut |piece: Piece<'_>| -> Result<(), ReadError> {
        if let Piece::Data(data) = piece {
            bytes.extend_from_slice(data);
        }
        Ok(())
    })?;
    Ok(bytes)
}

/// Compares them with the index, where there is one.
pub(super) fn compare(content: Content, found: &mut Verification) {
    let index = match content.index {
        Some(Ok(index)) => index,
        Some(Err(error)) => return found.fail("index", format!("cannot be read: {error}")),
        None => return without_index(content, found),
    };
    let mut expected: HashMap<Vec<u8>, Option<String>> =
        index.entries.iter().map(|entry| (entry.name(), entry.sha256.clone())).collect();
    for (name, digest) in &content.members {
        match expected.remove(name) {
            Some(sha256) if sha256 == digest.map(|digest| hex(&digest)) => {}
            Some(_) => found.fail("content", format!("{} differs from the index", printable(name))),
            None => found.fail("content", format!("{} is not in the index", printable(name))),
        }
    }
    for name in expected.keys() {
        found.fail("content", format!("{} is in the index but not in the archive", printable(name)));
    }
    if found.problems.iter().all(|problem| problem.part != "content") {
        found.note(format!("content: {} entries decode and match the index", content.count));
    }
}

/// Archives of the older tools have no index: what can be told is whether files are complete.
fn without_index(content: Content, found: &mut Verification) {
    found.note(format!("content: {} entries decode (no index to compare)", content.count));
    found.leave("content: nothing says what it was on the host");
    let survey = content.survey;
    for lost in survey.lost.iter().take(MOST_LOST) {
        found.fail("content", format!("/{}: {}", printable(&lost.path), lost.why));
    }
    if survey.lost.len() > MOST_LOST {
        found.fail("content", format!("and {} more files like these", survey.lost.len() - MOST_LOST));
    }
    if !survey.rewrite.made.is_empty() && survey.lost.is_empty() {
        found.note(format!("content: {} files are put together from their pieces", survey.rewrite.made.len()));
    }
    found.unchecked.extend(survey.uncertain);
    found.unchecked.extend(survey.altered.map(|what| format!("content: {what}")));
}
