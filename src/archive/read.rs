//! Tar becomes members, one after another: ours, GNU tar's, Go's, star's, and hostile ones.
//!
//! Nothing is taken on trust: numbers are checked, names and maps bounded, memory does not depend
//! on what headers claim. Where readers of tar disagree about what follows, it is an error.

use std::io::{self, Read};

use tar::{EntryType, GnuExtSparseHeader, Header};

use super::header::is_sound;
use super::limits::{Limits, ReadError};
use super::member::{LongNames, Member, MemberKind, printable};
use super::pax::Records;
use super::sparse::{MapReader, Region, SparseForm, check_map, old_regions};
use super::write::{BLOCK, padding};

/// A header may have this many headers in front of it: long name, long link, PAX.
const MOST_EXTENSIONS: usize = 16;
/// Records for all members are copied to each of them.
const MOST_GLOBAL_BYTES: u64 = 64 << 10;
/// Content is handed on in pieces of at most this size.
const PIECE: usize = 64 * 1024;

/// A piece of a file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Bytes.
    Data(&'a [u8]),
    /// This many zeros that take no space.
    Hole(u64),
}

impl Piece<'_> {
    /// Its bytes in blocks, a hole as zeros.
    pub fn blocks(self, mut each: impl FnMut(&[u8])) {
        const ZEROS: [u8; 4096] = [0; 4096];
        match self {
            Self::Data(bytes) => each(bytes),
            Self::Hole(mut length) => {
                while length > 0 {
                    let part = usize::try_from(length).unwrap_or(usize::MAX).min(ZEROS.len());
                    each(&ZEROS[..part]);
                    length -= part as u64;
                }
            }
        }
    }
}

/// Reads an archive from front to back.
pub struct ArchiveReader<R: Read> {
    stream: R,
    limits: Limits,
    /// Position in the stream.
    offset: u64,
    /// Where we are, for messages.
    place: String,
    entries: u64,
    /// Logical bytes of the members so far.
    logical: u64,
    global: Records,
    body: Body,
    has_ended: bool,
    block: Vec<u8>,
}

/// The content of the current member as far as it is not read.
#[derive(Debug, Default)]
struct Body {
    /// Bytes in the stream, then padding.
    stored: u64,
    padding: usize,
    /// Regions still to come, the next one last.
    regions: Vec<Region>,
    /// Logical position, and where the file ends.
    at: u64,
    size: u64,
}

impl<R: Read> ArchiveReader<R> {
    /// Reads a decompressed stream.
    pub fn new(stream: R, limits: Limits) -> Self {
        Self {
            stream,
            limits,
            offset: 0,
            place: "before the first member".into(),
            entries: 0,
            logical: 0,
            global: Records::default(),
            body: Body::default(),
            has_ended: false,
            block: vec![0; PIECE],
        }
    }

    /// The next member; what is left of the present one's content is passed over. `None` is the
    /// end mark: [`finish`](Self::finish) looks at what follows it.
    pub fn next_member(&mut self) -> Result<Option<Member>, ReadError> {
        self.pass_over()?;
        let (mut long, mut records, mut extensions) = (LongNames::default(), self.global.clone(), 0);
        while let Some(header) = self.header()? {
            match header.entry_type() {
                EntryType::GNULongName => long.path = Some(self.long_name(&header)?),
                EntryType::GNULongLink => long.link = Some(self.long_name(&header)?),
                EntryType::XHeader => self.records(&header, &mut records)?,
                EntryType::XGlobalHeader => {
                    self.global_records(&header)?;
                    records = self.global.clone();
                }
                _ => return self.member(&header, long, records).map(Some),
            }
            extensions += 1;
            if extensions > MOST_EXTENSIONS {
                return Err(self.too_much("too many headers in front of one member"));
            }
        }
        if extensions > 0 {
            return Err(self.damaged("the archive ends behind an extension header"));
        }
        self.place = "after the last member".into();
        Ok(None)
    }

    /// Hands on the content of the present member, once; holes are not filled.
    pub fn read_content<E: From<ReadError>>(
        &mut self,
        each: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some((offset, length)) = self.body.regions.pop() {
            if offset > self.body.at {
                each(Piece::Hole(offset - self.body.at))?;
            }
            self.body.at = offset + length;
            let mut left = length;
            while left > 0 {
                let want = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
                self.fill(want)?;
                self.body.stored -= want as u64;
                left -= want as u64;
                each(Piece::Data(&self.block[..want]))?;
            }
        }
        let rest = self.body.size - self.body.at;
        self.body.at = self.body.size;
        if rest > 0 { each(Piece::Hole(rest)) } else { Ok(()) }
    }

    /// Looks at the end: the mark must be there, and nothing but zeros behind it.
    pub fn finish(mut self) -> Result<(), ReadError> {
        while !self.has_ended {
            self.next_member()?;
        }
        loop {
            let got = match self.stream.read(&mut self.block) {
                Ok(0) => return Ok(()),
                Ok(got) => got,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                Err(cause) => return Err(cause.into()),
            };
            if self.block[..got].iter().any(|byte| *byte != 0) {
                return Err(self.damaged("something follows the end mark"));
            }
            self.offset += got as u64;
            self.check_total(0)?;
        }
    }

    /// The next header, `None` at the end mark of two blocks of zeros.
    fn header(&mut self) -> Result<Option<Header>, ReadError> {
        if self.has_ended {
            return Ok(None);
        }
        let mut block = self.read_block()?;
        if block.iter().all(|byte| *byte == 0) {
            block = self.read_block()?;
            if block.iter().any(|byte| *byte != 0) {
                return Err(self.damaged("the end mark is incomplete"));
            }
            self.has_ended = true;
            return Ok(None);
        }
        if !is_sound(&block) {
            return Err(self.damaged("a header's checksum is wrong"));
        }
        self.check_total(0)?;
        Ok(Some(Header::from_byte_slice(&block).clone()))
    }

    fn member(&mut self, header: &Header, long: LongNames, mut records: Records) -> Result<Member, ReadError> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(self.too_much(&format!("more than {} members", self.limits.entries)));
        }
        let mut form = records.sparse.form().map_err(|what| self.damaged(&what))?;
        let mut member = Member::of(header, long, &mut records).map_err(|what| self.damaged(&what))?;
        self.place = format!("member {}", printable(&member.path));
        for name in [&member.path, &member.link] {
            if name.len() as u64 > self.limits.name_bytes {
                self.place = format!("member {}", self.entries);
                return Err(self.too_much("a name is too long"));
            }
        }
        let stored = member.size;
        if header.entry_type() == EntryType::GNUSparse {
            form = self.old_sparse(header)?;
        }
        if !matches!(form, SparseForm::None) && member.kind != MemberKind::File {
            return Err(self.damaged("holes in what is no file"));
        }
        member.size = self.open_body(form, stored, member.kind)?;
        Ok(member)
    }

    /// Gets ready to read a content; gives its logical size.
    fn open_body(&mut self, form: SparseForm, stored: u64, kind: MemberKind) -> Result<u64, ReadError> {
        // Counted before anything is read, so that a claim alone is enough to be refused.
        self.check_total(stored)?;
        let mut body = Body { stored, padding: padding(stored), ..Body::default() };
        (body.regions, body.size) = match form {
            _ if kind != MemberKind::File => (Vec::new(), 0),
            SparseForm::None => (vec![(0, stored)], stored),
            SparseForm::Known(map, size) => (map, size),
            SparseForm::InContent(size) => (self.map_in_content(&mut body.stored)?, size),
        };
        if kind == MemberKind::File {
            check_map(&mut body.regions, body.size, body.stored).map_err(|what| self.damaged(&what))?;
        }
        body.regions.reverse();
        self.logical = self.logical.saturating_add(body.size);
        self.check_total(0)?;
        let size = body.size;
        self.body = body;
        Ok(size)
    }

    fn old_sparse(&mut self, header: &Header) -> Result<SparseForm, ReadError> {
        let Some(gnu) = header.as_gnu() else { return Err(self.damaged("holes in a header that has no map")) };
        let size = gnu.real_size().map_err(|_| self.damaged("the size is no number"))?;
        let (mut map, mut goes_on) = (Vec::new(), gnu.is_extended());
        old_regions(&gnu.sparse, &mut map, self.limits.regions).map_err(|what| self.damaged(&what))?;
        while goes_on {
            let mut more = GnuExtSparseHeader::new();
            *more.as_mut_bytes() = self.read_block()?;
            let before = map.len();
            old_regions(&more.sparse, &mut map, self.limits.regions).map_err(|what| self.damaged(&what))?;
            goes_on = more.is_extended();
            if goes_on && map.len() == before {
                return Err(self.damaged("the sparse map is malformed"));
            }
        }
        Ok(SparseForm::Known(map, size))
    }

    fn map_in_content(&mut self, stored: &mut u64) -> Result<Vec<Region>, ReadError> {
        let mut map = MapReader::default();
        loop {
            let left = stored.checked_sub(BLOCK as u64).ok_or_else(|| self.damaged("the sparse map is cut off"))?;
            *stored = left;
            let block = self.read_block()?;
            if map.take(&block, self.limits.regions).map_err(|what| self.damaged(&what))? {
                return Ok(map.finish());
            }
        }
    }

    fn records(&mut self, header: &Header, into: &mut Records) -> Result<(), ReadError> {
        let bytes = self.extension(header, self.limits.pax_bytes)?;
        into.add(&bytes, self.limits.regions).map_err(|what| self.damaged(&what))
    }

    fn global_records(&mut self, header: &Header) -> Result<(), ReadError> {
        let bytes = self.extension(header, MOST_GLOBAL_BYTES)?;
        let mut global = std::mem::take(&mut self.global);
        global.add(&bytes, 0).map_err(|what| self.damaged(&what))?;
        global.lost.clear();
        if global.is_particular() {
            return Err(self.damaged("a name, size or map given to all members"));
        }
        let kept: usize = global.xattrs.iter().map(|(name, value)| name.len() + value.len()).sum();
        if kept as u64 > MOST_GLOBAL_BYTES {
            return Err(self.too_much("records for all members"));
        }
        self.global = global;
        Ok(())
    }

    fn long_name(&mut self, header: &Header) -> Result<Vec<u8>, ReadError> {
        let mut name = self.extension(header, self.limits.name_bytes + 1)?;
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
        name.truncate(end);
        Ok(name)
    }

    /// The content of an extension header, bounded.
    fn extension(&mut self, header: &Header, most: u64) -> Result<Vec<u8>, ReadError> {
        let size = super::header::number(&header.as_old().size).and_then(|size| u64::try_from(size).ok());
        let size = size.ok_or_else(|| self.damaged("an extension header's size is no number"))?;
        if size > most {
            return Err(self.too_much(&format!("an extension header of {size} bytes, {most} are allowed")));
        }
        self.check_total(size)?;
        let mut bytes = Vec::new();
        let got = (&mut self.stream).take(size).read_to_end(&mut bytes)?;
        self.offset += got as u64;
        if (got as u64) < size {
            return Err(self.cut_off());
        }
        self.fill(padding(size))?;
        Ok(bytes)
    }

    fn pass_over(&mut self) -> Result<(), ReadError> {
        let body = std::mem::take(&mut self.body);
        let mut left = body.stored;
        while left > 0 {
            let want = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            self.fill(want)?;
            left -= want as u64;
        }
        self.fill(body.padding)
    }

    fn read_block(&mut self) -> Result<[u8; BLOCK], ReadError> {
        self.fill(BLOCK)?;
        let mut block = [0; BLOCK];
        block.copy_from_slice(&self.block[..BLOCK]);
        Ok(block)
    }

    /// Reads exactly this much to the front of the block.
    fn fill(&mut self, length: usize) -> Result<(), ReadError> {
        let mut at = 0;
        while at < length {
            match self.stream.read(&mut self.block[at..length]) {
                Ok(0) => return Err(self.cut_off()),
                Ok(got) => {
                    at += got;
                    self.offset += got as u64;
                }
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(cause.into()),
            }
        }
        Ok(())
    }

    /// Whether `more` bytes still fit what the limits allow.
    fn check_total(&self, more: u64) -> Result<(), ReadError> {
        let most = self.limits.most_bytes();
        let total = self.logical.max(self.offset).saturating_add(more);
        if total > most { Err(self.too_much(&format!("{total} bytes, {most} are allowed"))) } else { Ok(()) }
    }

    fn damaged(&self, what: &str) -> ReadError {
        ReadError::Damaged { offset: self.offset, place: self.place.clone(), what: what.into() }
    }

    fn too_much(&self, what: &str) -> ReadError {
        ReadError::TooMuch { offset: self.offset, place: self.place.clone(), what: what.into() }
    }

    fn cut_off(&self) -> ReadError {
        ReadError::CutOff { offset: self.offset, place: self.place.clone() }
    }
}
