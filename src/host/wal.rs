//! A database and its write-ahead log, merged in memory.
//!
//! On a disk that died in the middle of work the newest rows are in the log alone, and SQLite
//! merges them only by writing beside the database. Format: "The SQLite Database File Format", §4.

/// Bytes before the first frame, and before each page.
const HEADER: usize = 32;
const FRAME: usize = 24;
/// The lowest bit says in which byte order checksums are computed.
const MAGIC: u32 = 0x377f_0682;

/// The database as of the last commit in `log`; a log that does not fit changes nothing.
pub(super) fn merge(mut database: Vec<u8>, log: &[u8]) -> Vec<u8> {
    let pages = committed(log).unwrap_or_default();
    for (number, page) in &pages.pages {
        let at = (number - 1) * pages.page_size;
        if database.len() < at + pages.page_size {
            database.resize(at + pages.page_size, 0);
        }
        database[at..at + pages.page_size].copy_from_slice(page);
    }
    if pages.count > 0 {
        database.truncate(pages.count * pages.page_size);
    }
    // Versions of the format for writing and reading: 2 asks for a log, which there is no more.
    if let Some(versions) = database.get_mut(18..20) {
        versions.fill(1);
    }
    database
}

/// Pages of whole commits, in the order they were written.
#[derive(Default)]
struct Committed<'a> {
    page_size: usize,
    /// Size of the database after the last one, in pages.
    count: usize,
    pages: Vec<(usize, &'a [u8])>,
}

fn committed(log: &[u8]) -> Option<Committed<'_>> {
    let header = log.get(..HEADER)?;
    let is_big_endian = match word(header, 0)? ^ MAGIC {
        0 => false,
        1 => true,
        _ => return None,
    };
    let page_size = usize::try_from(word(header, 8)?).ok()?;
    if !page_size.is_power_of_two() || !(512..=65536).contains(&page_size) {
        return None;
    }
    let mut sum = checksum((0, 0), &header[..24], is_big_endian);
    if sum != (word(header, 24)?, word(header, 28)?) {
        return None;
    }
    let mut found = Committed { page_size, ..Committed::default() };
    let mut pending = Vec::new();
    for frame in log[HEADER..].chunks_exact(FRAME + page_size) {
        let (head, page) = frame.split_at(FRAME);
        sum = checksum(checksum(sum, &head[..8], is_big_endian), page, is_big_endian);
        // What an older round of the log left behind has other salts.
        if head[8..16] != header[16..24] || sum != (word(head, 16)?, word(head, 20)?) {
            break;
        }
        let (number, count) = (usize::try_from(word(head, 0)?).ok()?, usize::try_from(word(head, 4)?).ok()?);
        if number == 0 || number.checked_mul(page_size)? > super::cluster::LARGEST {
            break;
        }
        pending.push((number, page));
        if count > 0 {
            found.pages.append(&mut pending);
            found.count = count;
        }
    }
    Some(found)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn checksum((mut first, mut second): (u32, u32), bytes: &[u8], is_big_endian: bool) -> (u32, u32) {
    let read = |bytes: &[u8]| {
        let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
        if is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    };
    for pair in bytes.chunks_exact(8) {
        first = first.wrapping_add(read(&pair[..4])).wrapping_add(second);
        second = second.wrapping_add(read(&pair[4..])).wrapping_add(first);
    }
    (first, second)
}
