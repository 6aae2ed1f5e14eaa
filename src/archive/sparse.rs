//! Files with holes, in the four ways GNU tar stores them.
//!
//! | form | where the map is | since |
//! |---|---|---|
//! | old GNU | header of type `S` and blocks behind it | 1.12 |
//! | PAX 0.0 | pairs of `GNU.sparse.offset` and `numbytes` | 1.14 |
//! | PAX 0.1 | `GNU.sparse.map`, one list | 1.15 |
//! | PAX 1.0 | in front of the content; what we write | 1.16 |

use tar::GnuSparseHeader;

use super::header::number;
use super::pax::decimal;

/// Offset and length of a piece of data.
pub(super) type Region = (u64, u64);

/// What PAX records say about holes.
#[derive(Clone, Debug, Default)]
pub(super) struct SparseRecords {
    version: Option<(u64, u64)>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    offset: Option<u64>,
    map: Option<Vec<Region>>,
}

/// Which form a member has.
#[derive(Debug)]
pub(super) enum SparseForm {
    /// No holes.
    None,
    /// The map was in the records; the logical size with it.
    Known(Vec<Region>, u64),
    /// The map is in front of the content.
    InContent(u64),
}

impl SparseRecords {
    /// Whether there are any.
    pub(super) fn is_any(&self) -> bool {
        self.version.is_some() || self.name.is_some() || self.size.is_some() || self.map.is_some()
    }

    /// One record, its key without `GNU.sparse.`.
    pub(super) fn set(&mut self, key: &[u8], value: &[u8], most: usize) -> Result<(), String> {
        match key {
            b"major" => self.version = Some((decimal(value)?, self.version.map_or(0, |(_, minor)| minor))),
            b"minor" => self.version = Some((self.version.map_or(0, |(major, _)| major), decimal(value)?)),
            b"name" => self.name = Some(value.to_vec()),
            b"size" | b"realsize" => self.size = Some(decimal(value)?),
            b"numblocks" => {}
            b"offset" => self.offset = Some(decimal(value)?),
            b"numbytes" => {
                let offset = self.offset.take().ok_or("a length without an offset")?;
                let map = self.map.get_or_insert_default();
                map.push((offset, decimal(value)?));
                within(map.len(), most)?;
            }
            b"map" => self.map = Some(parse_map(value, most)?),
            _ => return Err("unknown".into()),
        }
        Ok(())
    }

    /// The form these records describe.
    pub(super) fn form(&self) -> Result<SparseForm, String> {
        if !self.is_any() {
            return Ok(SparseForm::None);
        }
        let size = self.size.ok_or("a sparse file without its size")?;
        match (self.version, &self.map) {
            (Some((1, 0)), None) => Ok(SparseForm::InContent(size)),
            (None | Some((0, _)), Some(map)) => Ok(SparseForm::Known(map.clone(), size)),
            (None | Some((0, _)), None) => Ok(SparseForm::Known(Vec::new(), size)),
            (Some((major, minor)), _) => Err(format!("sparse format {major}.{minor} is not supported")),
        }
    }
}

fn parse_map(list: &[u8], most: usize) -> Result<Vec<Region>, String> {
    let mut map = Vec::new();
    let mut numbers = list.split(|byte| *byte == b',');
    while let Some(offset) = numbers.next().filter(|text| !text.is_empty()) {
        map.push((decimal(offset)?, decimal(numbers.next().unwrap_or_default())?));
        within(map.len(), most)?;
    }
    Ok(map)
}

/// The slots of an old GNU header; an empty one ends the map.
pub(super) fn old_regions(slots: &[GnuSparseHeader], map: &mut Vec<Region>, most: usize) -> Result<(), String> {
    for slot in slots.iter().take_while(|slot| slot.offset[0] != 0 && slot.numbytes[0] != 0) {
        let field =
            |bytes| number(bytes).and_then(|number| u64::try_from(number).ok()).ok_or("a sparse map is malformed");
        map.push((field(&slot.offset)?, field(&slot.numbytes)?));
        within(map.len(), most)?;
    }
    Ok(())
}

/// The map in front of the content, taken byte by byte: a count, then offsets and lengths, one a line.
#[derive(Debug, Default)]
pub(super) struct MapReader {
    number: Option<u64>,
    count: Option<u64>,
    offset: Option<u64>,
    map: Vec<Region>,
}

impl MapReader {
    /// Takes a block; whether the map is complete with it.
    pub(super) fn take(&mut self, block: &[u8], most: usize) -> Result<bool, String> {
        for byte in block {
            match byte {
                b'0'..=b'9' => {
                    let number = self.number.unwrap_or(0).checked_mul(10);
                    let number = number.and_then(|number| number.checked_add(u64::from(byte - b'0')));
                    self.number = Some(number.ok_or("a number in the sparse map is too large")?);
                }
                b'\n' => {
                    let number = self.number.take().ok_or("a line of the sparse map is empty")?;
                    if self.line(number, most)? {
                        return Ok(true);
                    }
                }
                _ => return Err("the sparse map is malformed".into()),
            }
        }
        Ok(false)
    }

    /// The map.
    pub(super) fn finish(self) -> Vec<Region> {
        self.map
    }

    fn line(&mut self, number: u64, most: usize) -> Result<bool, String> {
        match (self.count, self.offset.take()) {
            (None, _) => {
                within(usize::try_from(number).unwrap_or(usize::MAX), most)?;
                self.count = Some(number);
            }
            (_, None) => self.offset = Some(number),
            (_, Some(offset)) => self.map.push((offset, number)),
        }
        Ok(self.count == Some(self.map.len() as u64))
    }
}

/// Whether regions are in order, inside the file, and as long as what is stored; empty ones go.
pub(super) fn check_map(map: &mut Vec<Region>, size: u64, stored: u64) -> Result<(), String> {
    let (mut at, mut sum) = (0, 0_u64);
    for (offset, length) in map.iter() {
        let end = offset.checked_add(*length).filter(|end| *end <= size).ok_or("a region lies beyond the file")?;
        if *offset < at {
            return Err("regions overlap".into());
        }
        at = end;
        sum += length;
    }
    if sum != stored {
        return Err(format!("the sparse map promises {sum} bytes, {stored} are stored"));
    }
    map.retain(|(_, length)| *length > 0);
    Ok(())
}

fn within(count: usize, most: usize) -> Result<(), String> {
    if count > most { Err(format!("more than {most} regions")) } else { Ok(()) }
}
