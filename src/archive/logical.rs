//! An archive as its files were on the host, where the tool that wrote it took some of them apart.
//!
//! The members that stay come first, in their order; then those that are put together from the
//! contents of others. What those are, a [`Rewrite`] says. Contents are gathered by reading the
//! archive again, as many as fit [`GATHERED_BYTES`] in one reading: no order of members needs more
//! memory or any disk.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::Arc;

use super::{ArchiveReader, Limits, Member, Piece, ReadError, printable};

/// Contents kept from one reading; little in tests, so that they need several.
const GATHERED_BYTES: u64 = if cfg!(test) { 64 << 10 } else { 64 << 20 };
/// Readings of one archive: 60 GiB of contents.
const MOST_READINGS: u32 = 1000;
/// Contents are handed on in pieces of at most this size.
const PIECE: usize = 64 * 1024;

/// Members one after another, whoever puts them together.
pub trait MemberSource {
    /// The next member; `None` is the end.
    fn next_member(&mut self) -> Result<Option<Member>, ReadError>;

    /// Hands on the content of the present member, once; holes are not filled.
    fn read_content<E: From<ReadError>>(&mut self, each: &mut impl FnMut(Piece<'_>) -> Result<(), E>) -> Result<(), E>;

    /// Looks at the rest up to the very end.
    fn finish(self) -> Result<(), ReadError>;
}

impl<R: Read> MemberSource for ArchiveReader<R> {
    fn next_member(&mut self) -> Result<Option<Member>, ReadError> {
        Self::next_member(self)
    }

    fn read_content<E: From<ReadError>>(&mut self, each: &mut impl FnMut(Piece<'_>) -> Result<(), E>) -> Result<(), E> {
        Self::read_content(self, each)
    }

    fn finish(self) -> Result<(), ReadError> {
        Self::finish(self)
    }
}

/// What differs between an archive's members and the files of the host. Members are named by their
/// number in the archive, from 0.
#[derive(Debug, Default)]
pub struct Rewrite {
    /// Members that are no files of the host.
    pub hidden: HashSet<u64>,
    /// Members that have another name there.
    pub renamed: HashMap<u64, Vec<u8>>,
    /// Files put together from others.
    pub made: Vec<Made>,
}

/// A file put together from the contents of members.
#[derive(Clone, Debug)]
pub struct Made {
    /// The file as it was.
    pub member: Member,
    /// Its content: whole contents of members, one behind the other.
    pub segments: Arc<[Segment]>,
}

/// The whole content of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its number.
    pub ordinal: u64,
    /// Its logical bytes.
    pub bytes: u64,
}

impl Rewrite {
    /// Refuses what unpacks to more than the limits allow: the same content may be named often.
    pub fn within(self, limits: &Limits) -> Result<Self, ReadError> {
        let total = self.made.iter().fold(0_u64, |sum, made| sum.saturating_add(made.member.size));
        let most = limits.most_bytes();
        if total <= most {
            return Ok(self);
        }
        let what = format!("files of {total} bytes are made of its pieces, {most} are allowed");
        Err(ReadError::TooMuch { offset: 0, place: "as a whole".into(), what })
    }
}

/// Opens the archive from its start.
pub type Reopen<'a, R> = Box<dyn Fn() -> Result<ArchiveReader<R>, ReadError> + 'a>;

/// Reads an archive as a [`Rewrite`] says.
pub struct LogicalReader<'a, R: Read> {
    reader: ArchiveReader<R>,
    rewrite: &'a Rewrite,
    reopen: Reopen<'a, R>,
    /// Number of the next member of the archive.
    next: u64,
    /// Files made so far; with the archive's members all read, the last of them is the present one.
    given: usize,
    kept: HashMap<u64, Vec<u8>>,
    readings: u32,
}

impl<'a, R: Read> LogicalReader<'a, R> {
    /// Opens the archive for the first time.
    pub fn open(rewrite: &'a Rewrite, reopen: Reopen<'a, R>) -> Result<Self, ReadError> {
        let reader = reopen()?;
        Ok(Self { reader, rewrite, reopen, next: 0, given: 0, kept: HashMap::new(), readings: 0 })
    }

    fn read_made<E: From<ReadError>>(
        &mut self,
        number: usize,
        each: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        for (at, segment) in self.rewrite.made[number].segments.iter().enumerate() {
            if segment.bytes > GATHERED_BYTES {
                self.pass_on(*segment, each)?;
                continue;
            }
            if !self.kept.contains_key(&segment.ordinal) {
                self.gather(number, at)?;
            }
            let content = self.kept.get(&segment.ordinal).map_or(&[][..], Vec::as_slice);
            content.chunks(PIECE).try_for_each(|piece| each(Piece::Data(piece)))?;
        }
        Ok(())
    }

    /// A content too large to be kept.
    fn pass_on<E: From<ReadError>>(
        &mut self,
        segment: Segment,
        each: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut reader = self.read_again()?;
        for ordinal in 0.. {
            let member = reader.next_member()?.ok_or_else(gone)?;
            if ordinal == segment.ordinal {
                expect(&member, segment)?;
                break;
            }
        }
        reader.read_content(each)
    }

    /// Keeps the contents that come next, in one reading.
    fn gather(&mut self, number: usize, at: usize) -> Result<(), ReadError> {
        self.kept.clear();
        let mut wanted = self.following(number, at);
        let mut reader = self.read_again()?;
        let mut ordinal = 0;
        while !wanted.is_empty() {
            let member = reader.next_member()?.ok_or_else(gone)?;
            if let Some(segment) = wanted.remove(&ordinal) {
                expect(&member, segment)?;
                self.kept.insert(ordinal, content_of(&mut reader)?);
            }
            ordinal += 1;
        }
        Ok(())
    }

    /// What is needed from here on, as much as may be kept.
    fn following(&self, number: usize, at: usize) -> HashMap<u64, Segment> {
        let (mut wanted, mut bytes) = (HashMap::new(), 0_u64);
        let segments = self.rewrite.made[number..].iter().flat_map(|made| made.segments.iter()).skip(at);
        for segment in segments.filter(|segment| segment.bytes <= GATHERED_BYTES) {
            if wanted.insert(segment.ordinal, *segment).is_none() {
                bytes += segment.bytes;
            }
            if bytes > GATHERED_BYTES {
                wanted.remove(&segment.ordinal);
                break;
            }
        }
        wanted
    }

    fn read_again(&mut self) -> Result<ArchiveReader<R>, ReadError> {
        self.readings += 1;
        if self.readings > MOST_READINGS {
            let what = format!("its pieces lie so that {MOST_READINGS} readings are not enough");
            return Err(ReadError::TooMuch { offset: 0, place: "as a whole".into(), what });
        }
        (self.reopen)()
    }
}

impl<R: Read> MemberSource for LogicalReader<'_, R> {
    fn next_member(&mut self) -> Result<Option<Member>, ReadError> {
        while let Some(mut member) = self.reader.next_member()? {
            let ordinal = self.next;
            self.next += 1;
            if self.rewrite.hidden.contains(&ordinal) {
                continue;
            }
            if let Some(name) = self.rewrite.renamed.get(&ordinal) {
                member.path.clone_from(name);
            }
            return Ok(Some(member));
        }
        let made = self.rewrite.made.get(self.given);
        self.given += usize::from(made.is_some());
        Ok(made.map(|made| made.member.clone()))
    }

    fn read_content<E: From<ReadError>>(&mut self, each: &mut impl FnMut(Piece<'_>) -> Result<(), E>) -> Result<(), E> {
        match self.given.checked_sub(1) {
            None => self.reader.read_content(each),
            Some(number) => self.read_made(number, each),
        }
    }

    fn finish(self) -> Result<(), ReadError> {
        self.reader.finish()
    }
}

fn content_of<R: Read>(reader: &mut ArchiveReader<R>) -> Result<Vec<u8>, ReadError> {
    let mut content = Vec::new();
    reader.read_content(&mut |piece: Piece<'_>| -> Result<(), ReadError> {
        match piece {
            Piece::Data(bytes) => content.extend_from_slice(bytes),
            // Of a member no larger than what may be kept.
            Piece::Hole(length) => content.resize(content.len() + usize::try_from(length).unwrap_or(0), 0),
        }
        Ok(())
    })?;
    Ok(content)
}

/// The archive may have been replaced since it was looked at.
fn expect(member: &Member, segment: Segment) -> Result<(), ReadError> {
    if member.size == segment.bytes {
        return Ok(());
    }
    let place = format!("member {}", printable(&member.path));
    Err(ReadError::Damaged { offset: 0, place, what: "it has changed while it was being read".into() })
}

fn gone() -> ReadError {
    ReadError::Damaged { offset: 0, place: "as a whole".into(), what: "it has changed while it was being read".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files `0`, `1`… of these sizes, each full of its number.
    fn archive(sizes: &[usize]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (number, size) in sizes.iter().enumerate() {
            let mut header = tar::Header::new_ustar();
            header.set_size(*size as u64);
            header.set_mode(0o644);
            header.set_cksum();
            let content = vec![u8::try_from(number).unwrap(); *size];
            builder.append_data(&mut header, number.to_string(), &content[..]).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn rewrite(bytes: &[u8], made: &[&[(u64, u64)]]) -> Rewrite {
        let member = ArchiveReader::new(bytes, Limits::default()).next_member().unwrap().unwrap();
        let made = made.iter().map(|segments| Made {
            member: Member { path: b"made".to_vec(), size: segments.iter().map(|it| it.1).sum(), ..member.clone() },
            segments: segments.iter().map(|(ordinal, bytes)| Segment { ordinal: *ordinal, bytes: *bytes }).collect(),
        });
        Rewrite { made: made.collect(), ..Rewrite::default() }
    }

    fn contents(bytes: &[u8], rewrite: &Rewrite) -> Result<(Vec<Vec<u8>>, u32), ReadError> {
        let reopen: Reopen<'_, &[u8]> = Box::new(|| Ok(ArchiveReader::new(bytes, Limits::default())));
        let mut reader = LogicalReader::open(rewrite, reopen)?;
        let mut all = Vec::new();
        while reader.next_member()?.is_some() {
            let mut content = Vec::new();
            reader.read_content(&mut |piece: Piece<'_>| -> Result<(), ReadError> {
                let Piece::Data(bytes) = piece else { panic!("no holes here") };
                content.extend_from_slice(bytes);
                Ok(())
            })?;
            all.push(content);
        }
        let readings = reader.readings;
        reader.finish()?;
        Ok((all, readings))
    }

    #[test]
    fn contents_are_put_together_in_as_few_readings_as_memory_allows() {
        let bytes = archive(&[40_000, 20_000, 30_000, 100_000, 5]);
        // Out of order, one larger than what is kept, and one twice.
        let made: [&[(u64, u64)]; 3] = [&[(2, 30_000), (1, 20_000), (0, 40_000)], &[(3, 100_000), (4, 5)], &[(4, 5)]];

        let (all, readings) = contents(&bytes, &rewrite(&bytes, &made)).unwrap();

        assert_eq!(all.len(), 8);
        assert!(all[5] == [vec![2; 30_000], vec![1; 20_000], vec![0; 40_000]].concat());
        assert!(all[6] == [vec![3; 100_000], vec![4; 5]].concat());
        assert_eq!(all[7], [4; 5]);
        // 2 and 1, then 0 and 4, then 3 alone.
        assert_eq!(readings, 3);
    }

    #[test]
    fn hidden_members_stay_away_and_others_have_new_names() {
        let bytes = archive(&[1, 2, 3]);
        let rewrite = Rewrite { hidden: [1].into(), renamed: [(2, b"new".to_vec())].into(), made: Vec::new() };
        let reopen: Reopen<'_, &[u8]> = Box::new(|| Ok(ArchiveReader::new(&bytes[..], Limits::default())));
        let mut reader = LogicalReader::open(&rewrite, reopen).unwrap();
        let names = std::iter::from_fn(|| reader.next_member().unwrap().map(|member| member.path));
        assert_eq!(names.collect::<Vec<_>>(), [b"0".to_vec(), b"new".to_vec()]);
    }

    #[test]
    fn an_archive_that_is_another_one_by_now_is_noticed() {
        let bytes = archive(&[5, 6]);
        for segment in [(1, 5), (7, 5), (0, 100_000)] {
            let error = contents(&bytes, &rewrite(&bytes, &[&[segment]])).unwrap_err();
            assert!(error.to_string().contains("changed while it was being read"), "{error}");
        }
    }
}
