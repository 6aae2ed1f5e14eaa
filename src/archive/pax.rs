//! PAX extended headers: records that replace or add to what a header says.
//!
//! Parsed by length, as values may hold anything, newlines included (`tar`'s own parser drops those).

use super::acl::acl_from_text;
use super::sparse::SparseRecords;

/// What the records in front of a member say.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    pub(super) user: Option<Vec<u8>>,
    pub(super) group: Option<Vec<u8>>,
    pub(super) mtime: Option<(i64, u32)>,
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) sparse: SparseRecords,
    /// Records whose meaning is lost, in words.
    pub(super) lost: Vec<String>,
}

impl Records {
    /// Adds the records of one header; later ones win.
    pub(super) fn add(&mut self, mut bytes: &[u8], most_regions: usize) -> Result<(), String> {
        while !bytes.is_empty() {
            let (key, value, rest) = split_record(bytes).ok_or("a PAX record is malformed")?;
            self.set(key, value, most_regions)
                .map_err(|what| format!("PAX record {}: {what}", String::from_utf8_lossy(key)))?;
            bytes = rest;
        }
        Ok(())
    }

    /// Whether something is said that only one member can have.
    pub(super) fn is_particular(&self) -> bool {
        self.path.is_some() || self.link.is_some() || self.size.is_some() || self.sparse.is_any()
    }

    fn set(&mut self, key: &[u8], value: &[u8], most_regions: usize) -> Result<(), String> {
        // POSIX: an empty value takes back what was said before.
        let given = (!value.is_empty()).then_some(value);
        match key {
            b"path" => self.path = given.map(<[u8]>::to_vec),
            b"linkpath" => self.link = given.map(<[u8]>::to_vec),
            b"uname" => self.user = given.map(<[u8]>::to_vec),
            b"gname" => self.group = given.map(<[u8]>::to_vec),
            b"size" => self.size = given.map(decimal).transpose()?,
            b"uid" => self.uid = given.map(id).transpose()?,
            b"gid" => self.gid = given.map(id).transpose()?,
            b"mtime" => self.mtime = given.map(|text| time(text).ok_or("no time")).transpose()?,
            b"SCHILY.acl.access" => self.acl("system.posix_acl_access", value),
            b"SCHILY.acl.default" => self.acl("system.posix_acl_default", value),
            b"SCHILY.realsize" => return Err("star's form of sparse files is not supported".into()),
            _ => {
                if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                    self.sparse.set(key, value, most_regions)?;
                } else if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                    self.xattr(decode_name(name), value.to_vec());
                }
            }
        }
        Ok(())
    }

    fn acl(&mut self, name: &str, text: &[u8]) {
        match acl_from_text(text) {
            Some(raw) => self.xattr(name.as_bytes().to_vec(), raw),
            None if text.is_empty() => {}
            None => self.lost.push(format!("the ACL cannot be understood ({name})")),
        }
    }

    fn xattr(&mut self, name: Vec<u8>, value: Vec<u8>) {
        self.xattrs.retain(|(known, _)| *known != name);
        self.xattrs.push((name, value));
    }
}

/// `LENGTH KEY=VALUE\n`; gives key, value and what follows.
fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = bytes.iter().take(20).position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&bytes[..blank]).ok()?).ok()?;
    let record = bytes.get(blank + 1..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=').filter(|at| *at > 0)?;
    Some((&record[..equals], &record[equals + 1..], &bytes[length..]))
}

/// Digits only: `parse` alone would take a sign.
pub(super) fn decimal(text: &[u8]) -> Result<u64, String> {
    let digits = Some(text).filter(|text| !text.is_empty() && text.iter().all(u8::is_ascii_digit));
    digits
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| "no number".into())
}

fn id(text: &[u8]) -> Result<u32, String> {
    u32::try_from(decimal(text)?).map_err(|_| "an id beyond 32 bits".into())
}

/// `[-]SECONDS[.FRACTION]` as seconds and nanoseconds counted upwards from them.
fn time(text: &[u8]) -> Option<(i64, u32)> {
    let (is_negative, text) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
    let mut parts = text.splitn(2, |byte| *byte == b'.');
    let seconds = i64::try_from(decimal(parts.next()?).ok()?).ok()?;
    let fraction = parts.next().unwrap_or_default();
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    let nanoseconds = digits.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    match (is_negative, nanoseconds) {
        (false, _) => Some((seconds, nanoseconds)),
        (true, 0) => Some((-seconds, 0)),
        (true, _) => Some((-seconds - 1, 1_000_000_000 - nanoseconds)),
    }
}

/// GNU tar writes `=` and `%` in the names of attributes as `%3D` and `%25`.
fn decode_name(name: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, after)) = rest.split_first() {
        let (byte, next) = match rest {
            [b'%', b'3', b'D', next @ ..] => (b'=', next),
            [b'%', b'2', b'5', next @ ..] => (b'%', next),
            _ => (*first, after),
        };
        decoded.push(byte);
        rest = next;
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(bytes: &[u8]) -> Result<Records, String> {
        let mut records = Records::default();
        records.add(bytes, 10).map(|()| records)
    }

    #[test]
    fn values_may_hold_newlines_and_equal_signs() {
        let read = records(b"14 path=a\nb=c\n30 SCHILY.xattr.user.a%3Db=\n\xff\n").unwrap();
        assert_eq!(read.path.unwrap(), b"a\nb=c");
        assert_eq!(read.xattrs, [(b"user.a=b".to_vec(), b"\n\xff".to_vec())]);
    }

    #[test]
    fn later_records_win_and_an_empty_one_takes_back() {
        let read = records(b"10 uid=12\n10 uid=34\n8 gid=5\n7 gid=\n").unwrap();
        assert_eq!((read.uid, read.gid), (Some(34), None));
    }

    #[test]
    fn what_is_no_record_is_an_error() {
        for bytes in [
            &b"x"[..],
            b"5 a=b\n",
            b"7 a=b\n",
            b"6 a-b\n",
            b"6 =ab\n",
            b"99999999999999999999 a=b\n",
            b"-6 a=b\n",
            b"3 \n",
            b"0 a=b\n",
            b"10 size=x\n",
            b"20 uid=99999999999\n",
            b"6 a=b\n\0",
        ] {
            assert!(records(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn times_count_upwards_from_their_second() {
        for (text, seconds, nanoseconds) in [
            ("5", 5, 0),
            ("5.1", 5, 100_000_000),
            ("5.0000000019", 5, 1),
            ("-1.5", -2, 500_000_000),
            ("-0.999999999", -1, 1),
            ("-2", -2, 0),
        ] {
            assert_eq!(time(text.as_bytes()), Some((seconds, nanoseconds)), "{text}");
        }
        for text in ["", "-", ".5", "1e5", "1.x", "99999999999999999999"] {
            assert_eq!(time(text.as_bytes()), None, "{text}");
        }
    }
}
