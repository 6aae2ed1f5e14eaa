//! What can be known of an encrypted archive without a key: its header and its length.
//!
//! ```text
//! age-encryption.org/v1
//! -> X25519 <43 base64>              a stanza for each recipient: kind and arguments,
//! <43 base64>                        then its part in lines of 64, the last one shorter
//! --- <43 base64>                    MAC over all of it
//! 16 bytes, then blocks of 64 KiB + 16 bytes, the last one shorter
//! ```
//!
//! The format is that of <https://c2sp.org/age>. Without a key nothing proves that the content is
//! genuine, and a file cut off exactly between two blocks looks whole: its checksum must tell.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use super::error::AgeError;

const MAGIC: &[u8] = b"age-encryption.org/";
const VERSION_LINE: &[u8] = b"age-encryption.org/v1\n";
/// About two hundred recipients with the longest keys.
const MOST_HEADER_BYTES: u64 = 256 << 10;
const COLUMNS: usize = 64;
const MAC_CHARACTERS: usize = 43;
const NONCE: u64 = 16;
/// The authentication tag of a block.
const TAG: u64 = 16;
const BLOCK: u64 = 64 * 1024 + TAG;
/// A file key and its tag.
const WRAPPED_KEY: usize = 32;

/// What an age file says of itself in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// For whom it is, in order, random filling left out.
    pub recipients: Vec<StanzaKind>,
    /// Bytes of the header.
    pub header_bytes: u64,
    /// Bytes that are encrypted: the length of the compressed archive.
    pub content_bytes: u64,
}

/// The kind of key a stanza is for. X25519 stanzas do not say whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StanzaKind {
    /// An `age1…` key.
    X25519,
    /// An SSH key.
    SshEd25519,
    /// An SSH key.
    SshRsa,
    /// age's own passphrase encryption, not ours.
    Passphrase,
    /// A kind we do not know.
    Other(String),
}

impl fmt::Display for StanzaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::X25519 => f.write_str("an age1… key"),
            Self::SshEd25519 => f.write_str("an ssh-ed25519 key"),
            Self::SshRsa => f.write_str("an ssh-rsa key"),
            Self::Passphrase => f.write_str("a passphrase of age itself"),
            Self::Other(kind) => write!(f, "a {kind} key"),
        }
    }
}

/// Checks an age file of `length` bytes as far as that goes without a key. Reads the header only.
pub fn verify_envelope(stream: impl Read, length: u64) -> Result<Envelope, AgeError> {
    let header = read_header(&mut BufReader::new(stream))?;
    let header_bytes = header.bytes.len() as u64;
    let content_bytes = content_bytes(length.saturating_sub(header_bytes))?;
    Ok(Envelope { recipients: header.recipients, header_bytes, content_bytes })
}

/// How long a file of `content` bytes becomes behind its header.
#[cfg(test)]
pub(super) fn sealed_bytes(content: u64) -> u64 {
    NONCE + content + TAG * content.div_ceil(BLOCK - TAG).max(1)
}

fn content_bytes(sealed: u64) -> Result<u64, AgeError> {
    let blocks = sealed.checked_sub(NONCE).filter(|&bytes| bytes >= TAG).ok_or(AgeError::Truncated)?;
    let last = blocks % BLOCK;
    // Only an empty file has an empty last block.
    let is_possible = last == 0 || last > TAG || blocks == TAG;
    if is_possible { Ok(blocks - TAG * blocks.div_ceil(BLOCK)) } else { Err(AgeError::DamagedEnd) }
}

/// A header and its very bytes.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) bytes: Vec<u8>,
    pub(super) recipients: Vec<StanzaKind>,
}

/// Reads a header, no more of a hostile one than its bound.
pub(super) fn read_header(stream: &mut impl BufRead) -> Result<Header, AgeError> {
    let mut lines = Lines { stream: stream.take(MOST_HEADER_BYTES), bytes: Vec::new() };
    check_version(lines.next()?)?;
    let mut recipients = Vec::new();
    let mut line = lines.next()?.to_vec();
    while let Some(arguments) = line.strip_prefix(b"-> ") {
        let words = words(whole(arguments)?)?;
        let (body, following) = lines.body()?;
        recipients.extend(kind_of(&words, body)?);
        line = following;
    }
    let mac = line.strip_prefix(b"--- ").ok_or(AgeError::Tampered("its header has a foreign line"))?;
    let mac = whole(mac)?;
    if mac.len() != MAC_CHARACTERS || !is_base64(mac) {
        return Err(AgeError::Tampered("the end of its header is damaged"));
    }
    let is_mixed = recipients.len() > 1 && recipients.contains(&StanzaKind::Passphrase);
    if recipients.is_empty() || is_mixed {
        return Err(AgeError::Tampered("its header names no possible set of recipients"));
    }
    Ok(Header { bytes: lines.bytes, recipients })
}

/// The lines of a header, all kept.
struct Lines<R: BufRead> {
    stream: io::Take<R>,
    bytes: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// The next line with its end.
    fn next(&mut self) -> Result<&[u8], AgeError> {
        let start = self.bytes.len();
        self.stream.read_until(b'\n', &mut self.bytes).map_err(AgeError::of)?;
        if self.stream.limit() == 0 && !self.bytes.ends_with(b"\n") {
            return Err(if start == 0 { AgeError::NotAge } else { AgeError::Tampered("its header is far too long") });
        }
        // What the first line is when it has no end, its reader knows.
        let is_cut = start > 0 && (self.bytes.len() == start || !self.bytes.ends_with(b"\n"));
        if is_cut { Err(AgeError::Truncated) } else { Ok(&self.bytes[start..]) }
    }

    /// Decoded length of a stanza's part, and the line behind it. Files of early versions lack the
    /// empty line behind a part of full lines.
    fn body(&mut self) -> Result<(usize, Vec<u8>), AgeError> {
        const DAMAGED: AgeError = AgeError::Tampered("a recipient's part of its header is damaged");
        let mut characters = 0;
        loop {
            let line = self.next()?;
            if characters > 0 && (line.starts_with(b"-> ") || line.starts_with(b"--- ")) {
                return Ok((characters / 4 * 3 + characters % 4 * 3 / 4, line.to_vec()));
            }
            let text = whole(line)?;
            if text.len() > COLUMNS || !is_base64(text) {
                return Err(DAMAGED);
            }
            characters += text.len();
            if text.len() < COLUMNS {
                let decoded = characters / 4 * 3 + characters % 4 * 3 / 4;
                return Ok((decoded, self.next()?.to_vec()));
            }
        }
    }
}

fn check_version(line: &[u8]) -> Result<(), AgeError> {
    if line == VERSION_LINE {
        return Ok(());
    }
    if VERSION_LINE.starts_with(line) {
        return Err(AgeError::Truncated);
    }
    match line.strip_prefix(MAGIC) {
        Some(version) => Err(AgeError::Version(crate::archive::printable(version.trim_ascii()))),
        None => Err(AgeError::NotAge),
    }
}

/// A line without its end, which must be there.
fn whole(line: &[u8]) -> Result<&[u8], AgeError> {
    line.strip_suffix(b"\n").ok_or(AgeError::Truncated)
}

fn words(line: &[u8]) -> Result<Vec<&str>, AgeError> {
    const DAMAGED: AgeError = AgeError::Tampered("a recipient's line of its header is damaged");
    let words: Vec<&str> = std::str::from_utf8(line).map_err(|_| DAMAGED)?.split(' ').collect();
    let is_sound = words.iter().all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic()));
    if is_sound { Ok(words) } else { Err(DAMAGED) }
}

/// `None` for the random stanza that programs add so that readers stay used to unknown kinds.
fn kind_of(words: &[&str], body: usize) -> Result<Option<StanzaKind>, AgeError> {
    let arguments: Vec<usize> = words[1..].iter().map(|word| word.len()).collect();
    let (kind, is_sound) = match words[0] {
        "X25519" => (StanzaKind::X25519, arguments == [43] && body == WRAPPED_KEY),
        "ssh-ed25519" => (StanzaKind::SshEd25519, arguments == [6, 43] && body == WRAPPED_KEY),
        "ssh-rsa" => (StanzaKind::SshRsa, arguments == [6] && body >= 256),
        "scrypt" => (StanzaKind::Passphrase, arguments.len() == 2 && body == WRAPPED_KEY),
        kind if kind.ends_with("-grease") => return Ok(None),
        kind => (StanzaKind::Other(kind.to_owned()), true),
    };
    if is_sound { Ok(Some(kind)) } else { Err(AgeError::Tampered("a recipient's line of its header is damaged")) }
}

/// Canonical base64 without padding: the unused bits of the last character are zero.
fn is_base64(text: &[u8]) -> bool {
    let is_known = text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    let last_is_canonical = match (text.len() % 4, text.last()) {
        (1, _) => false,
        (2, Some(last)) => b"AQgw".contains(last),
        (3, Some(last)) => b"AEIMQUYcgkosw048".contains(last),
        _ => true,
    };
    is_known && last_is_canonical
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(stanzas: &str) -> String {
        format!("age-encryption.org/v1\n{stanzas}--- {}\n", "A".repeat(43))
    }

    fn x25519() -> String {
        format!("-> X25519 {0}\n{0}\n", "A".repeat(43))
    }

    fn verify(header: &str, behind: u64) -> Result<Envelope, AgeError> {
        verify_envelope(header.as_bytes(), header.len() as u64 + behind)
    }

    #[test]
    fn the_header_says_for_whom_it_is() {
        let rsa = format!("-> ssh-rsa AAAAAA\n{}\n", format!("{}\n", "A".repeat(64)).repeat(5) + &"A".repeat(22));
        let full = format!("-> later x y\n{}\n\n", "A".repeat(64));
        let legacy = format!("-> a-grease\n{}\n", "A".repeat(64));
        let header = header(&[x25519(), rsa, full, legacy, "-> b-grease\n\n".into()].concat());

        let envelope = verify(&header, 16 + 16 + 100).unwrap();

        let expected = [StanzaKind::X25519, StanzaKind::SshRsa, StanzaKind::Other("later".into())];
        assert_eq!(envelope.recipients, expected);
        assert_eq!((envelope.header_bytes, envelope.content_bytes), (header.len() as u64, 100));
    }

    #[test]
    fn only_possible_lengths_pass() {
        let block = 64 * 1024;
        for content in [0, 1, block - 1, block, block + 1, 3 * block, 3 * block + 7] {
            let envelope = verify(&header(&x25519()), sealed_bytes(content)).unwrap();
            assert_eq!(envelope.content_bytes, content);
        }
        for behind in [0, 15, 16, 31] {
            assert!(matches!(verify(&header(&x25519()), behind), Err(AgeError::Truncated)), "{behind}");
        }
        for over in 1..=16 {
            let behind = sealed_bytes(block) + over;
            assert!(matches!(verify(&header(&x25519()), behind), Err(AgeError::DamagedEnd)), "{over}");
        }
    }

    #[test]
    fn a_header_cut_anywhere_is_truncated() {
        let header = header(&x25519());
        for length in 0..header.len() {
            let cut = verify_envelope(&header.as_bytes()[..length], 1000);
            assert!(matches!(cut, Err(AgeError::Truncated)), "{length}: {cut:?}");
        }
    }

    #[test]
    fn damaged_headers_are_refused() {
        let good = header(&x25519());
        for (from, to) in [("-> X", "-> \u{1}X"), ("-> X25519 A", "-> X25519 "), ("A\n--", "=\n--"), ("--- A", "---")] {
            let damaged = good.replace(from, to);
            assert_ne!(damaged, good);
            assert!(matches!(verify(&damaged, 100), Err(AgeError::Tampered(_))), "{damaged}");
        }
        for stanzas in
            [String::new(), "-> x-grease\n\n".into(), format!("{0}-> scrypt a 1\n{1}\n", x25519(), "A".repeat(43))]
        {
            assert!(matches!(verify(&header(&stanzas), 100), Err(AgeError::Tampered(_))), "{stanzas}");
        }
    }

    #[test]
    fn what_is_not_age_is_said_so() {
        assert!(matches!(verify("zstd\u{fd}\0 or anything", 100), Err(AgeError::NotAge)));
        assert!(matches!(verify("age-encryption.org/v9\n", 100), Err(AgeError::Version(version)) if version == "v9"));
        let endless = io::Read::take(io::repeat(b'x'), 1 << 30);
        assert!(matches!(verify_envelope(endless, 1 << 30), Err(AgeError::NotAge)));
        let endless = io::Read::chain(VERSION_LINE, io::repeat(b'x'));
        assert!(matches!(verify_envelope(endless, 1 << 30), Err(AgeError::Tampered(_))));
    }
}
